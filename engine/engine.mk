# The engine: one static program for the protection domain and for plain Linux.
ifdef COVERAGE
# As the vmm's, and where no program of the guest's is.
ENGINE_OPTIMIZE := -Og -fno-inline
ENGINE_PLACE := -Wl,-Ttext-segment=0x68000000
else
ENGINE_OPTIMIZE := -O2 $(LTO)
endif
ENGINE_CFLAGS := $(COMMON_CFLAGS) $(ENGINE_OPTIMIZE) -D_GNU_SOURCE -I. -Iinclude \
	-I/usr/include/lua5.4
LINUX_SRCS := $(wildcard engine/linux/*.c engine/linux/*/*.c)
ENGINE_SRCS := $(filter-out engine/libelf/%,$(wildcard engine/*.c engine/*/*.c engine/*/*/*.c))
# Below obj/, because $(B)/engine is the program.
ENGINE_OBJS := $(ENGINE_SRCS:%.c=$(B)/obj/%.o)
ENGINE_LIBS := -llua5.4 -lbpf -lcapstone -ljansson -llzma -lz -lm

# What a static libbpf wants of libelf: engine/libelf/stubs.c.
NO_LIBELF := $(B)/obj/engine/libelf/stubs.o
LIBBPF := $(wildcard $(shell $(CC) -print-file-name=libbpf.a))

$(B)/obj/engine/libelf/stubs.h: $(LIBBPF)
	@mkdir -p $(@D)
	$(Q)nm $(LIBBPF) | awk 'NF < 2 { next } $$(NF - 1) == "U" && $$NF ~ /^g?elf(32|64)?_/ { wanted[$$NF] } \
		$$(NF - 1) == "T" { defined[$$NF] } \
		END { for (n in wanted) if (!(n in defined)) print "STUB(" n ")" }' | sort >$@

# Without LTO, which would see that nobody calls them.
$(NO_LIBELF): engine/libelf/stubs.c $(B)/obj/engine/libelf/stubs.h
	$(Q)$(CC) $(COMMON_CFLAGS) -O2 -I$(@D) -c $< -o $@

$(B)/obj/engine/offline/command.o: ENGINE_CFLAGS += $(WITH_VERSION)
$(B)/obj/engine/offline/command.o: VERSION

$(ENGINE_OBJS): $(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ENGINE_CFLAGS) -MMD -MP -c $< -o $@

$(B)/engine: $(ENGINE_OBJS) $(NO_LIBELF)
	$(Q)$(CC) $(ENGINE_CFLAGS) -static $(ENGINE_PLACE) -o $@ $^ $(ENGINE_LIBS)

-include $(ENGINE_OBJS:.o=.d)
