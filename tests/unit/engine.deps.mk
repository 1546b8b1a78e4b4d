, := ,
DUMP_READ_SRCS := engine/dump/dump.c engine/dump/elf.c engine/dump/lime.c engine/dump/notes.c

# Everything of the engine but its start, its backends and the introspection, which is faked.
ENGINE_TEST_SRCS := $(patsubst %,tests/unit/%.c,engine_fake engine_fake_process fake_views) \
	engine/engine.c engine/guest.c engine/offline/report_table.c \
	$(filter-out %/modsyms.c,$(wildcard $(patsubst %,engine/%/*.c,base signature events lua scan linux/types))) \
	$(patsubst %,engine/dump/%.c,file machine process send write)
ENGINE_TEST_LIBS := -llua5.4 -ljansson -lm

$(foreach t,test_engine_memwrite test_engine_limit test_engine_events test_engine_memory \
	test_engine_counters test_lua_search test_lua_find test_lua_api test_lua_views test_lua_pause,$(eval \
	UNIT_SRCS_$(t) := $(ENGINE_TEST_SRCS)) \
	$(eval UNIT_LIBS_$(t) := $(ENGINE_TEST_LIBS)))

# Time is up in an allocation.
UNIT_LIBS_test_engine_limit += -Wl,--wrap=realloc

UNIT_SRCS_test_ustar := engine/base/ustar.c
UNIT_SRCS_test_record := $(ENGINE_TEST_SRCS)
UNIT_LIBS_test_record := $(ENGINE_TEST_LIBS)
# The check of names is part of the command.
UNIT_LIBS_test_lua_api += -lbpf -llzma -lz
UNIT_SRCS_test_lua_api += engine/offline/check.c engine/offline/command.c engine/offline/look.c $(wildcard engine/profile/*.c) engine/offline/report.c \
	engine/backend_dump.c $(DUMP_READ_SRCS)

# Each allocation, those of the libraries too, each call and each read may fail.
UNIT_SRCS_test_engine_faults := $(ENGINE_TEST_SRCS)
UNIT_LIBS_test_engine_faults := $(patsubst %,-Wl$(,)--wrap=%,malloc calloc realloc strdup guest_ptr guest_span \
	guest_read linux_kread linux_process_read linux_memory_page) -l:liblua5.4.a -l:libjansson.a -l:libbpf.a -l:libz.a -lm

$(patsubst %,$(B)/unit/test_%,engine_faults linux_faults view_faults): $(NO_LIBELF)

UNIT_SRCS_test_lua_dump := $(ENGINE_TEST_SRCS) $(DUMP_READ_SRCS) tools/dumps.c tools/message.c
UNIT_LIBS_test_lua_dump := $(ENGINE_TEST_LIBS)
DUMP_TEST_SRCS := $(DUMP_READ_SRCS) engine/backend_dump.c engine/guest.c
UNIT_SRCS_test_dump := $(DUMP_TEST_SRCS)

# The BTF it reads is made by libbpf.
UNIT_SRCS_test_lua_pointer := $(ENGINE_TEST_SRCS)
UNIT_LIBS_test_lua_pointer := $(ENGINE_TEST_LIBS) -lbpf -lz

UNIT_SRCS_test_report := $(ENGINE_TEST_SRCS) engine/offline/report.c
UNIT_LIBS_test_report := $(ENGINE_TEST_LIBS)
