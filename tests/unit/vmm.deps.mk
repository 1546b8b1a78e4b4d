# The vmm's pure logic. Headers of tests/unit/fake come first and replace what needs ring 0.
VMM_TEST_BASE := tests/unit/vmm_host.c vmm/memory.c vmm/guest/ram.c vmm/x86/paging.c
VMM_TEST_GUEST := $(VMM_TEST_BASE) vmm/guest/walk.c vmm/monitor/access.c

VMM_TEST_NESTED := vmm/guest/nested.c vmm/mtrr.c vmm/guest/region.c vmm/x86/insn.c vmm/guest/walk.c

UNIT_SRCS_test_vmm_memory := $(VMM_TEST_BASE)
UNIT_SRCS_test_vmm_paging := $(VMM_TEST_BASE)
UNIT_SRCS_test_vmm_guest_ram := $(VMM_TEST_BASE)
UNIT_SRCS_test_vmm_walk := $(VMM_TEST_GUEST)
UNIT_SRCS_test_vmm_hooklist := $(VMM_TEST_GUEST) vmm/monitor/select.c
UNIT_SRCS_test_vmm_select := $(VMM_TEST_GUEST)
UNIT_SRCS_test_vmm_emulate := $(VMM_TEST_GUEST) vmm/monitor/emulate.c vmm/monitor/hooklist.c vmm/monitor/select.c
UNIT_SRCS_test_vmm_guest_call := $(VMM_TEST_GUEST) vmm/monitor/guest_call.c vmm/monitor/hooklist.c \
	vmm/monitor/select.c
UNIT_SRCS_test_vmm_calls := $(VMM_TEST_GUEST) vmm/monitor/calls.c vmm/monitor/hooklist.c \
	vmm/monitor/select.c vmm/monitor/register.c vmm/policy.c
UNIT_SRCS_test_vmm_space := $(VMM_TEST_BASE) vmm/domain/space.c
UNIT_SRCS_test_vmm_elf := $(VMM_TEST_BASE) vmm/domain/space.c vmm/domain/elf.c
UNIT_SRCS_test_vmm_ring := $(VMM_TEST_BASE) tools/ring.c tools/message.c
UNIT_SRCS_test_vmm_time := $(VMM_TEST_BASE)
UNIT_SRCS_test_vmm_log := $(VMM_TEST_BASE)
UNIT_SRCS_test_vmm_ept := $(VMM_TEST_BASE) vmm/vmx/ept.c $(VMM_TEST_NESTED)
UNIT_SRCS_test_vmm_cpu := $(VMM_TEST_BASE) vmm/cpu.c $(VMM_TEST_NESTED)
UNIT_SRCS_test_vmm_vcpu := $(VMM_TEST_GUEST) vmm/vcpu.c vmm/policy.c vmm/exceptions.c vmm/guest/reset.c vmm/guest/region.c vmm/x86/insn.c \
	vmm/guest/tsc.c vmm/guest/mtrr.c
UNIT_SRCS_test_vmm_vmx := $(VMM_TEST_BASE) vmm/vmx/vmx.c vmm/vmx/setup.c vmm/vmx/control.c vmm/vmx/watch.c \
	vmm/vmx/ept.c $(VMM_TEST_NESTED) vmm/policy.c
UNIT_SRCS_test_vmm_svm := $(VMM_TEST_GUEST) vmm/svm/svm.c vmm/svm/event.c vmm/svm/insn.c vmm/svm/refused.c vmm/svm/watch.c vmm/x86/insn.c \
	$(VMM_TEST_NESTED) vmm/policy.c
UNIT_SRCS_test_vmm_lapic_reset := $(VMM_TEST_BASE)
UNIT_SRCS_test_vmm_smp := $(VMM_TEST_GUEST) vmm/guest/region.c vmm/x86/insn.c
UNIT_SRCS_test_vmm_lapic := $(VMM_TEST_BASE)
UNIT_SRCS_test_vmm_syscall := $(VMM_TEST_BASE) vmm/domain/space.c vmm/domain/syscall.c
VMM_TEST_PORTS := $(VMM_TEST_BASE) vmm/guest/ports.c vmm/guest/indexed.c vmm/guest/pci.c vmm/guest/reset.c
UNIT_SRCS_test_vmm_ports := $(VMM_TEST_PORTS) vmm/guest/slot.c
UNIT_SRCS_test_vmm_pci := $(VMM_TEST_PORTS) vmm/guest/slot.c
UNIT_SRCS_test_vmm_fch := $(VMM_TEST_PORTS) vmm/guest/fch.c
UNIT_SRCS_test_vmm_ioapic := $(VMM_TEST_BASE) vmm/guest/ioapic.c
UNIT_SRCS_test_vmm_smm := $(VMM_TEST_BASE) vmm/guest/smm.c
UNIT_SRCS_test_vmm_reset := $(VMM_TEST_PORTS) vmm/guest/slot.c
UNIT_SRCS_test_vmm_acpi := $(VMM_TEST_BASE) boot/acpi.c
UNIT_SRCS_test_vmm_boot := $(VMM_TEST_BASE) boot/linux.c
UNIT_SRCS_test_vmm_multiboot := $(VMM_TEST_BASE)

VMM_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_vmm_*.c))
$(foreach t,$(VMM_TESTS),$(eval UNIT_KIND_$(t) := vmm))
