# Unit tests run on the host. Each test_NAME.c has its own list of project sources in a *.deps.mk:
# UNIT_SRCS_test_NAME, UNIT_LIBS_test_NAME. A source is compiled once for all tests of a kind.
UNIT_CFLAGS := $(COMMON_CFLAGS) -O1 -g -D_GNU_SOURCE -I. -Iinclude -I/usr/include/lua5.4 \
	-fsanitize=address,undefined -fno-omit-frame-pointer $(if $(COVERAGE),--coverage -O0)

# UNIT_KIND_test_NAME: vmm, or host where nothing is said.
UNIT_CFLAGS_host :=
# Headers of tests/unit/fake come first and replace what needs ring 0. The CPU does unaligned
# accesses, and the vmm means them where it says volatile.
UNIT_CFLAGS_vmm := -iquote tests/unit/fake -fno-sanitize-recover=undefined -fno-sanitize=alignment

-include $(wildcard tests/unit/*.deps.mk)

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
UNIT_OBJ := $(B)/unit/obj

# Headers of the tests define functions of which a test uses some.
$(UNIT_OBJ)/host/tests/%.o $(UNIT_OBJ)/vmm/tests/%.o: UNIT_CFLAGS += -Wno-unused-function

$(UNIT_OBJ)/host/engine/offline/command.o: UNIT_CFLAGS += $(WITH_VERSION)
$(UNIT_OBJ)/host/engine/offline/command.o: VERSION

define unit_kind
$(UNIT_OBJ)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(UNIT_CFLAGS) $$(UNIT_CFLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach k,host vmm,$(eval $(call unit_kind,$(k))))

define unit_test
$(B)/unit/$(1): $$(patsubst %.c,$(UNIT_OBJ)/$(or $(UNIT_KIND_$(1)),host)/%.o,tests/unit/$(1).c $$(UNIT_SRCS_$(1)))
	$$(Q)$$(CC) $$(UNIT_CFLAGS) -o $$@ $$^ -lcmocka $$(UNIT_LIBS_$(1))
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t))))

-include $(shell find $(UNIT_OBJ) -name '*.d' 2>/dev/null)

unit-tests: $(UNIT_TESTS:%=$(B)/unit/%)
.PHONY: unit-tests
