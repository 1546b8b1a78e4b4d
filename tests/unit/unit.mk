# Unit tests run on the host. Each test_NAME.c has its own list of project sources here:
# UNIT_SRCS_test_NAME, UNIT_LIBS_test_NAME.
UNIT_CFLAGS := $(COMMON_CFLAGS) -O1 -g -D_GNU_SOURCE -I. -Iinclude -I/usr/include/lua5.4 \
	-fsanitize=address,undefined -fno-omit-frame-pointer $(if $(COVERAGE),--coverage -O0)

-include $(wildcard tests/unit/*.deps.mk)

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

define unit_test
$(B)/unit/$(1): tests/unit/$(1).c $$(UNIT_SRCS_$(1)) $$(wildcard include/*/*.h engine/*.h engine/*/*.h vmm/*.h vmm/*/*.h)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(UNIT_CFLAGS) $$(UNIT_CFLAGS_$(1)) -o $$@ tests/unit/$(1).c $$(UNIT_SRCS_$(1)) -lcmocka $$(UNIT_LIBS_$(1))
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t))))

unit-tests: $(UNIT_TESTS:%=$(B)/unit/%)
.PHONY: unit-tests
