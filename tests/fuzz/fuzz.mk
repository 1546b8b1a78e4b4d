# Fuzzers: tests/fuzz/fuzz_NAME.c each, with libFuzzer, AddressSanitizer and UBSan of clang. What
# they are linked with is in FUZZ_SRCS_NAME; FUZZ_INCLUDES_NAME are sources that they include.
FUZZ_CC := clang
FUZZ_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
	-Wno-string-concatenation -Wno-unused-function -D_GNU_SOURCE -iquote tests/unit/fake \
	-I. -Iinclude -I/usr/include/lua5.4 \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_SECONDS := 600

FUZZ_VMM_BASE := tests/unit/vmm_host.c vmm/memory.c vmm/guest/ram.c vmm/x86/paging.c
FUZZ_VMM_GUEST := $(FUZZ_VMM_BASE) vmm/guest/walk.c vmm/monitor/access.c

FUZZ_SRCS_elf := $(FUZZ_VMM_BASE) vmm/domain/space.c vmm/domain/elf.c
FUZZ_SRCS_ustar := engine/base/ustar.c
FUZZ_SRCS_dump := $(DUMP_READ_SRCS)
FUZZ_SRCS_ring := tools/ring.c tools/message.c
FUZZ_SRCS_events := tools/events.c tools/dumps.c tools/screen.c tools/message.c tools/log.c engine/base/text.c
FUZZ_LIBS_events := -ljansson
FUZZ_SRCS_insn := $(FUZZ_VMM_GUEST) vmm/monitor/emulate.c vmm/monitor/hooklist.c vmm/monitor/select.c \
	engine/linux/trapsite.c
FUZZ_LIBS_insn := -lcapstone
FUZZ_SRCS_apic := $(FUZZ_VMM_GUEST) vmm/guest/region.c vmm/x86/insn.c
FUZZ_INCLUDES_apic := vmm/smp.c vmm/apic.c vmm/hold.c
FUZZ_LIBS_apic := -lcapstone
FUZZ_SRCS_walk := $(FUZZ_VMM_BASE) vmm/guest/walk.c engine/linux/pagewalk.c engine/guest.c
FUZZ_SRCS_acpi := $(FUZZ_VMM_BASE) boot/acpi.c
FUZZ_SRCS_bzimage := $(FUZZ_VMM_BASE) boot/linux.c
FUZZ_SRCS_multiboot := $(FUZZ_VMM_BASE) boot/linux.c boot/acpi.c
FUZZ_INCLUDES_multiboot := boot/multiboot.c vmm/string.c
FUZZ_SRCS_calls := $(FUZZ_VMM_GUEST) vmm/domain/space.c vmm/domain/syscall.c vmm/monitor/hooklist.c \
	vmm/monitor/select.c
FUZZ_INCLUDES_calls := vmm/monitor/calls.c vmm/ring.c
$(foreach f,btf kallsyms linux files vmcoreinfo infer,$(eval FUZZ_SRCS_$(f) := $(LINUX_SRCS) engine/guest.c engine/base/text.c)\
	$(eval FUZZ_LIBS_$(f) := -lbpf -lcapstone -lz -lcmocka))
FUZZ_SRCS_isf := engine/profile/isf.c $(LINUX_SRCS) engine/guest.c engine/base/text.c
FUZZ_LIBS_isf := -lbpf -lcapstone -ljansson -lz -lm
FUZZ_SRCS_lua := $(ENGINE_TEST_SRCS)
FUZZ_LIBS_lua := $(ENGINE_TEST_LIBS) -lcmocka -lbpf -lz

FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_HEADERS := $(wildcard include/*/*.h boot/*.h vmm/*.h vmm/*/*.h engine/*.h engine/*/*.h engine/*/*/*.h tools/*.h \
	tests/unit/*.h tests/unit/fake/*/*.h tests/unit/fake/*/*/*.h tests/fuzz/*.h)

# The CPU does unaligned accesses, and the vmm means them where it says volatile.
$(B)/fuzz/obj/%.o: FUZZ_ALIGNMENT = $(if $(filter vmm/% boot/% tests/%,$<),-fno-sanitize=alignment)
$(B)/fuzz/obj/%.o: %.c $(FUZZ_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_ALIGNMENT) -c -o $@ $<

define fuzzer
$(B)/fuzz/obj/tests/fuzz/fuzz_$(1).o: $$(FUZZ_INCLUDES_$(1))
$(B)/fuzz/fuzz_$(1): $$(patsubst %.c,$(B)/fuzz/obj/%.o,tests/fuzz/fuzz_$(1).c tests/fuzz/fuzz.c $$(FUZZ_SRCS_$(1)))
	$$(Q)$$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $$@ $$^ $$(FUZZ_LIBS_$(1))
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzzer,$(f))))

# The seeds alone, without clang: for coverage.
define replay
$(B)/fuzz/replay_$(1): tests/fuzz/fuzz_$(1).c tests/fuzz/fuzz.c $$(FUZZ_SRCS_$(1)) $$(FUZZ_INCLUDES_$(1)) $(FUZZ_HEADERS)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -DFUZZ_REPLAY -iquote tests/unit/fake $$(UNIT_CFLAGS) -w -fno-sanitize=alignment -o $$@ \
		$$(filter-out $$(FUZZ_INCLUDES_$(1)),$$(filter %.c,$$^)) $$(FUZZ_LIBS_$(1))
endef
$(foreach f,$(FUZZERS),$(eval $(call replay,$(f))))

replays: $(FUZZERS:%=$(B)/fuzz/replay_%)
fuzzers: $(FUZZERS:%=$(B)/fuzz/fuzz_%)
.PHONY: fuzzers replays
