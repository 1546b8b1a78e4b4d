// SPDX-License-Identifier: Apache-2.0
/*
 * What vmm/vmx/ makes of a CPU's answers and of exits, with a VMCS that is a table here: the
 * manual's fields in, a struct vm_exit out, and the other way round for what is injected.
 */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/memory.h"
#include "vmm/policy.h"
#include "vmm/smp.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/vmx/vmx.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"

void vmx_exit(struct vcpu *vcpu);
void vmx_entry_failed(struct vcpu *vcpu) __noreturn;

static struct cpu the_cpu;
static struct vcpu *const vcpu = &the_cpu.vcpu;

/* The VMCS. */

static u64 vmcs[0x7000];
static u32 invepts, invvpids;
static u64 invept_pointer;
static const char *fails; /* the instruction that does */

u64 vmread(u64 field)
{
	assert_true(field < ARRAY_SIZE(vmcs) && !(field & 1));
	return vmcs[field];
}

void vmwrite(u64 field, u64 value)
{
	assert_true(field < ARRAY_SIZE(vmcs) && !(field & 1));
	vmcs[field] = value;
}

void invept(u64 type, u64 eptp)
{
	assert_int_equal(type, 1);
	invept_pointer = eptp;
	invepts++;
}

void invvpid(u64 type)
{
	assert_int_equal(type, 2);
	invvpids++;
}

bool vmx_insn(const char *name, u64 operand)
{
	if (fails && !strcmp(name, fails))
		return true;
	/* The region begins with the revision. */
	assert_int_equal(*(u32 *)phys_to_virt(operand), 0x11);
	return false;
}

/* The neighbours. */

static struct vm_exit seen;
static u32 exits, syscalls_loaded, limits_loaded;
static void (*on_exit_)(void);

void vcpu_handle_exit(struct vcpu *v, const struct vm_exit *exit)
{
	exits++;
	seen = *exit;
	if (on_exit_)
		on_exit_();
}

/* As vmm/vcpu.c does it. */
void vcpu_inject(struct vcpu *v, u32 vector, enum inject_type type, bool has_error, u32 error)
{
	if (v->step) {
		vmx_ops.single_step(v, false);
		v->regs[LVMON_RFLAGS] &= ~RFLAGS_TF;
		v->step = STEP_NONE;
	}
	vmx_ops.inject(v, vector, type, has_error, error);
}

struct cpu *this_cpu(void)
{
	return &the_cpu;
}

void ports_intercept(u8 *bitmap)
{
	bitmap[0xe9 / 8] |= 1 << (0xe9 % 8);
}

void cpu_load_syscall(void)
{
	syscalls_loaded++;
	host_msr_set(MSR_LSTAR, 0x1111);
}

void descriptors_limit(const struct descriptors *d)
{
	assert_ptr_equal(d, &the_cpu.descriptors);
	limits_loaded++;
}

void vmx_loop(struct vcpu *v)
{
	abort();
}

void vmx_host_rip(void)
{
}

gpa_t lapic_base(void)
{
	return 0xfee00000;
}

static struct cpuid_regs on_cpuid(u32 leaf, u32 subleaf)
{
	return (struct cpuid_regs){.ecx = leaf == 1 ? BIT(5) : 0,
				   .eax = leaf == 0x80000008 ? 40 : 0};
}

/* A CPU that has all; bits that must be one in the low half of its controls. */
static void cpu_has_all(void)
{
	host_msr_set(MSR_FEATURE_CONTROL, FEATURE_LOCKED | FEATURE_VMX);
	host_msr_set(MSR_VMX_BASIC, BASIC_TRUE_CONTROLS | 0x11);
	host_msr_set(MSR_VMX_CR0_FIXED0, 0x80000021);
	host_msr_set(MSR_VMX_CR0_FIXED0 + 1, UINT32_MAX);
	host_msr_set(MSR_VMX_CR4_FIXED0, CR4_VMXE);
	host_msr_set(MSR_VMX_CR4_FIXED0 + 1, UINT32_MAX);
	host_msr_set(MSR_VMX_TRUE_PIN, 0xffffffff00000016);
	host_msr_set(MSR_VMX_TRUE_PRIMARY, 0xffffffff04006172);
	host_msr_set(MSR_VMX_TRUE_EXIT, 0xffffffff00036dfb);
	host_msr_set(MSR_VMX_TRUE_ENTRY, 0xffffffff000011fb);
	host_msr_set(MSR_VMX_SECONDARY, (SECONDARY_EPT | SECONDARY_VPID | SECONDARY_UNRESTRICTED |
					 SECONDARY_RDTSCP | SECONDARY_XSAVES)
						<< 32);
	host_msr_set(MSR_VMX_EPT_VPID, EPT_CAP_WALK4 | EPT_CAP_WB | EPT_CAP_2MB | EPT_CAP_INVEPT |
					       EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVVPID |
					       EPT_CAP_INVVPID_ALL);
}

static int setup(void **state)
{
	static const struct boot_info bi = {.own = HOST_OWN, .own_size = HOST_OWN_END - HOST_OWN};
	static const struct guest_entry entry = {
		.cs = 0x10, .ds = 0x18, .cr3 = 0x3000, .gdt_base = 0x4000, .gdt_limit = 0x1f};

	host_guest();
	host_memory(600);
	host_cpuid = on_cpuid;
	memset(vmcs, 0, sizeof(vmcs));
	memset(&the_cpu, 0, sizeof(the_cpu));
	vcpu->cpu = &the_cpu;
	vcpu->regs[LVMON_RIP] = 0x100000;
	vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED;
	vcpu_ops = &vmx_ops;
	fails = NULL;
	on_exit_ = NULL;
	invepts = invvpids = exits = syscalls_loaded = limits_loaded = 0;
	cpu_has_all();
	vmx_ops.init(&bi);
	vmx_ops.init_cpu(vcpu, &entry);
	return 0;
}

static void probes(void **state)
{
	assert_true(vmx_ops.present());
	assert_null(vmx_ops.probe());
	host_msr_set(MSR_FEATURE_CONTROL, FEATURE_LOCKED);
	assert_non_null(strstr(vmx_ops.probe(), "locked off"));
	cpu_has_all();
	host_msr_set(MSR_VMX_BASIC, 0x11);
	assert_non_null(strstr(vmx_ops.probe(), "EPT"));
	cpu_has_all();
	host_msr_set(MSR_VMX_SECONDARY, SECONDARY_EPT << 32);
	assert_non_null(strstr(vmx_ops.probe(), "unrestricted"));
	cpu_has_all();
	host_msr_set(MSR_VMX_EPT_VPID, EPT_CAP_WALK4);
	assert_non_null(strstr(vmx_ops.probe(), "EPT"));
	cpu_has_all();
	host_msr_set(MSR_VMX_TRUE_ENTRY, VMENTRY_GUEST_64 << 32);
	assert_non_null(strstr(vmx_ops.probe(), "PAT"));
}

/* What the guest and the host begin with, and that each control has the bits the CPU insists on. */
static void first_state(void **state)
{
	const struct vmx_vcpu *vmx = vmx_of(vcpu);

	assert_int_equal(vmcs[VMCS_PIN_CONTROLS], PIN_NMI | PIN_VIRTUAL_NMI | 0x16);
	assert_int_equal(vmcs[VMCS_PRIMARY_CONTROLS] & 0x04006172, 0x04006172);
	assert_int_equal(vmcs[VMCS_SECONDARY_CONTROLS],
			 SECONDARY_EPT | SECONDARY_VPID | SECONDARY_UNRESTRICTED |
				 SECONDARY_RDTSCP | SECONDARY_XSAVES);
	assert_int_equal(vmcs[VMCS_EXCEPTIONS], 0);
	assert_true(vmcs[VMCS_ENTRY_CONTROLS] & VMENTRY_GUEST_64);
	assert_int_equal(vmcs[VMCS_GUEST_RIP], 0x100000);
	assert_int_equal(vmcs[VMCS_GUEST_CR3], 0x3000);
	assert_int_equal(vmcs[VMCS_GUEST_CR0], CR0_PE | CR0_PG | CR0_ET | CR0_NE);
	assert_int_equal(vmcs[VMCS_GUEST_CR4], CR4_PAE | CR4_VMXE);
	assert_int_equal(vmcs[VMCS_GUEST_EFER], EFER_LME | EFER_LMA);
	assert_int_equal(vmcs[VMCS_GUEST_LINK], UINT64_MAX);
	assert_int_equal(vmcs[VMCS_GUEST_ES_SELECTOR + 2], 0x10);
	assert_int_equal(vmcs[VMCS_GUEST_CS_RIGHTS], 0xa09b);
	assert_int_equal(vmcs[VMCS_HOST_CS_SELECTOR], SEL_KERNEL_CS);
	assert_true(vmcs[VMCS_HOST_CR4] & CR4_VMXE);
	assert_int_equal(vmcs[VMCS_HOST_RIP], (u64)vmx_host_rip);
	assert_int_equal(vmcs[VMCS_EPTP], vmx->eptp);
	assert_true(invepts == 1 && invvpids == 1 && invept_pointer == vmx->eptp);
	/* The ports and the MSRs of the policy: VT-x's own are refused, reads and writes. */
	assert_int_equal(((u8 *)phys_to_virt(vmcs[VMCS_IO_BITMAP_A]))[0xe9 / 8], 1 << (0xe9 % 8));
	assert_true(vmx->msr_bitmap[MSR_VMX_BASIC / 8] & 1 << (MSR_VMX_BASIC % 8));
	assert_true(vmx->msr_bitmap[2048 + MSR_VMX_BASIC / 8] & 1 << (MSR_VMX_BASIC % 8));
	/* XRSTORS must not load what WRMSR may not write: Processor Trace's MSRs. */
	assert_int_equal(vmcs[VMCS_XSS_EXITING], ~0x13800ull);
	/* MSRs that the maps do not cover trap nothing else: 4b564d00 is KVM's, d00 a cache's. */
	assert_false(vmx->msr_bitmap[0xd00 / 8] & 1);
	assert_false(vmx->msr_bitmap[2048] & 1);
	/* LSTAR is in the other half, and only while the kernel is waited for. */
	vmx_ops.intercept_lstar(vcpu, true);
	assert_int_equal(vmx->msr_bitmap[2048 + 1024 + 0x82 / 8] >> (0x82 % 8) & 1, 1);
	assert_int_equal(vmx->msr_bitmap[1024 + 0x82 / 8] >> (0x82 % 8) & 1, 0);
	vmx_ops.intercept_lstar(vcpu, false);
	assert_int_equal(vmx->msr_bitmap[2048 + 1024 + 0x82 / 8] >> (0x82 % 8) & 1, 0);

	/* SDM vol. 3, table 10-1, and SIPI. */
	vcpu->regs[LVMON_RIP] = 0;
	vmx_ops.start_up(vcpu, 0x9a);
	assert_int_equal(vmcs[VMCS_GUEST_ES_SELECTOR + 2], 0x9a00);
	assert_int_equal(vmcs[VMCS_GUEST_ES_BASE + 2], 0x9a000);
	assert_int_equal(vmcs[VMCS_GUEST_CR0], CR0_ET | CR0_NE);
	assert_int_equal(vmcs[VMCS_CR0_SHADOW], CR0_ET);
	assert_int_equal(vmcs[VMCS_GUEST_EFER], 0);
	assert_false(vmcs[VMCS_ENTRY_CONTROLS] & VMENTRY_GUEST_64);
	assert_int_equal(host_dr6, 0xffff0ff0);
}

static void refused(void **state)
{
	the_cpu.id = 1;
	fails = "vmxon";
	expect_fatal("VMXON failed", vmx_ops.init_cpu(vcpu, NULL));
	fails = "vmptrld";
	expect_fatal("is refused", vmx_ops.init_cpu(vcpu, NULL));
	fails = NULL;
	host_use_up(2);
	expect_fatal("too little memory", vmx_ops.init_cpu(vcpu, NULL));
	/* Locked by us when the firmware has not. */
	host_memory(600);
	host_msr_set(MSR_FEATURE_CONTROL, 0);
	vmx_ops.init_cpu(vcpu, NULL);
	assert_int_equal(host_msr(MSR_FEATURE_CONTROL), FEATURE_LOCKED | FEATURE_VMX);
}

static void exit_with(u64 reason)
{
	memset(&seen, 0xff, sizeof(seen));
	vmcs[VMCS_EXIT_REASON] = reason;
	vmcs[VMCS_EXIT_LENGTH] = 3;
	vmx_exit(vcpu);
}

static void plain_exits(void **state)
{
	static const struct {
		u32 reason, kind, length;
	} cases[] = {
		{REASON_TRIPLE_FAULT, EXIT_SHUTDOWN, 3}, {REASON_CPUID, EXIT_CPUID, 3},
		{REASON_GETSEC, EXIT_VIRT_INSN, 3},	 {REASON_VMCALL, EXIT_VIRT_INSN, 3},
		{REASON_VMXON, EXIT_VIRT_INSN, 3},	 {REASON_INVEPT, EXIT_VIRT_INSN, 3},
		{REASON_INVVPID, EXIT_VIRT_INSN, 3},	 {REASON_MSR_READ, EXIT_MSR_READ, 3},
		{REASON_MSR_WRITE, EXIT_MSR_WRITE, 3},	 {REASON_XSETBV, EXIT_XSETBV, 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		exit_with(cases[i].reason);
		assert_int_equal(seen.kind, cases[i].kind);
		assert_int_equal(seen.length, cases[i].length);
	}
	/* Out of an enclave: SDM vol. 3, 25.9.1. */
	exit_with(REASON_CPUID | BIT(27));
	assert_int_equal(seen.kind, EXIT_CPUID);
	exit_with(REASON_INIT);
	assert_int_equal(seen.kind, EXIT_INIT);
	exit_with(REASON_TASK_SWITCH);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT],
			 VEC_GP | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID | EVENT_ERROR);
	/* Instructions that only later CPUs have: SEAMCALL, TDCALL, RDMSRLIST, what is to come. */
	for (u64 reason = 60; reason < 200; reason++) {
		if (reason == 62 || reason == 66 || reason == 74 || reason == 75) {
			expect_fatal("crash: VT-x exit", exit_with(reason));
			continue;
		}
		exit_with(reason);
		assert_int_equal(seen.kind, EXIT_UNKNOWN);
		assert_int_equal(seen.code, reason);
	}
	expect_fatal("crash: VT-x exit", exit_with(49));
	expect_fatal("crash: VM entry failed", exit_with(BIT(31) | 33));
	vmcs[VMCS_EXIT_REASON] = 0;
	expect_fatal("VM-instruction error", vmx_entry_failed(vcpu));
}

static void io_and_pages(void **state)
{
	vmcs[VMCS_QUALIFICATION] = 0xe9u << 16 | BIT(4) | BIT(3) | 3;
	vmcs[VMCS_GUEST_RIP] = 0x2000;
	exit_with(REASON_IO);
	assert_int_equal(seen.kind, EXIT_IO);
	assert_true(seen.io.port == 0xe9 && seen.io.size == 4 && seen.io.in && seen.io.string);
	assert_int_equal(seen.io.next_rip, 0x2003);
	vmcs[VMCS_QUALIFICATION] = 0xcf9u << 16;
	exit_with(REASON_IO);
	assert_true(seen.io.size == 1 && !seen.io.in && !seen.io.string);

	vmcs[VMCS_GUEST_PHYSICAL] = 0x123000;
	for (u32 i = 0; i < 3; i++) {
		static const u32 bits[] = {BIT(0), VIOLATION_WRITE, VIOLATION_FETCH};
		static const u32 access[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC};

		vmcs[VMCS_QUALIFICATION] = bits[i];
		exit_with(REASON_EPT_VIOLATION);
		assert_true(seen.kind == EXIT_NESTED_PAGE && seen.page.gpa == 0x123000);
		assert_int_equal(seen.page.access, access[i]);
	}
	/* An IRET that was on its way has opened NMIs too early: SDM vol. 3, 28.2.3. */
	vmcs[VMCS_QUALIFICATION] = VIOLATION_NMI_UNBLOCKED;
	exit_with(REASON_EPT_VIOLATION);
	assert_true(vmcs[VMCS_GUEST_INTERRUPTIBILITY] & BLOCKED_BY_NMI);
}

static void exceptions(void **state)
{
	vmcs[VMCS_GUEST_SS_RIGHTS] = 0xc0f3; /* CPL 3 */
	vmcs[VMCS_EXIT_EVENT] = VEC_BP | EVENT_TYPE(TYPE_SOFT_EXCEPTION) | EVENT_VALID;
	exit_with(REASON_EXCEPTION);
	assert_true(seen.kind == EXIT_SOFT_INT && seen.cpl == 3);

	vmcs[VMCS_EXIT_EVENT] = VEC_PF | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID | EVENT_ERROR;
	vmcs[VMCS_EXIT_ERROR] = 7;
	vmcs[VMCS_QUALIFICATION] = 0xdead000;
	exit_with(REASON_EXCEPTION);
	assert_true(seen.kind == EXIT_EXCEPTION && seen.exception.vector == VEC_PF);
	assert_true(seen.exception.has_error && seen.exception.error == 7);
	assert_true(seen.exception.cr2 == 0xdead000 && seen.exception.first == NO_VECTOR);
	/*
	 * #DB: what raised it, from the qualification, as DR6 is not written; DR7 says what is on.
	 */
	vmcs[VMCS_EXIT_EVENT] = VEC_DB | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID;
	vmcs[VMCS_QUALIFICATION] = DR6_BS | 0xf;
	vmcs[VMCS_GUEST_DR7] = 0xd00404;
	exit_with(REASON_EXCEPTION);
	assert_int_equal(seen.exception.debug, DR6_BS | BIT(1));
	vmcs[VMCS_EXIT_EVENT] = VEC_PF | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID | EVENT_ERROR;
	/* In the delivery of another one; in that of an interrupt, which is none. */
	vmcs[VMCS_VECTORING_EVENT] = VEC_GP | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID;
	exit_with(REASON_EXCEPTION);
	assert_int_equal(seen.exception.first, VEC_GP);
	vmcs[VMCS_VECTORING_EVENT] = 0x30 | EVENT_VALID;
	vmcs[VMCS_EXIT_EVENT] = VEC_DB | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID;
	exit_with(REASON_EXCEPTION);
	assert_true(seen.exception.first == NO_VECTOR && !seen.exception.has_error);
	vmcs[VMCS_VECTORING_EVENT] = 0;
	vmcs[VMCS_EXIT_EVENT] |= EVENT_NMI_UNBLOCKED;
	exit_with(REASON_EXCEPTION);
	assert_true(vmcs[VMCS_GUEST_INTERRUPTIBILITY] & BLOCKED_BY_NMI);
}

static void interrupts(void **state)
{
	vmx_ops.intercept_interrupts(vcpu, true);
	assert_true(vmcs[VMCS_PIN_CONTROLS] & PIN_INTERRUPTS);
	vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF;
	exit_with(REASON_INTERRUPT);
	assert_int_equal(seen.kind, EXIT_INTERRUPT);
	/* It cannot take it: wait until it can, and look then. */
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKED_BY_STI;
	exit_with(REASON_INTERRUPT);
	assert_int_equal(seen.kind, EXIT_NONE);
	assert_false(vmcs[VMCS_PIN_CONTROLS] & PIN_INTERRUPTS);
	assert_true(vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_INTERRUPT_WINDOW);
	exit_with(REASON_INTERRUPT_WINDOW);
	assert_true(vmcs[VMCS_PIN_CONTROLS] & PIN_INTERRUPTS);
	assert_false(vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_INTERRUPT_WINDOW);
	vmx_ops.intercept_interrupts(vcpu, false);
	assert_false(vmcs[VMCS_PIN_CONTROLS] & PIN_INTERRUPTS);

	/* NMIs and machine checks wait for their window. */
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 0;
	assert_true(vmx_ops.ready_to_inject(vcpu));
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKED_BY_NMI;
	assert_false(vmx_ops.ready_to_inject(vcpu));
	assert_true(vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_NMI_WINDOW);
	exit_with(REASON_NMI_WINDOW);
	assert_false(vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_NMI_WINDOW);
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 0;
	vmcs[VMCS_ENTRY_EVENT] = EVENT_VALID;
	assert_false(vmx_ops.ready_to_inject(vcpu));
}

static void injections(void **state)
{
	vcpu->regs[LVMON_RIP] = 0x2000;
	vmx_ops.inject(vcpu, VEC_PF, INJECT_EXCEPTION, true, 2);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT],
			 VEC_PF | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID | EVENT_ERROR);
	assert_int_equal(vmcs[VMCS_ENTRY_ERROR], 2);
	vmx_ops.inject(vcpu, VEC_NMI, INJECT_NMI, false, 0);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT], VEC_NMI | EVENT_TYPE(2) | EVENT_VALID);
	vmx_ops.inject(vcpu, VEC_MC, INJECT_EXCEPTION, false, 0);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT], VEC_MC | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID);
	assert_int_equal(vcpu->regs[LVMON_RIP], 0x2000);
	/* INT3 returns behind itself, whatever prefixes it has: VT-x wants RIP before it. */
	vmcs[VMCS_EXIT_LENGTH] = 2;
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKED_BY_STI;
	assert_true(vmx_ops.soft_int_is_long(vcpu));
	vmx_ops.soft_int(vcpu);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT],
			 VEC_BP | EVENT_TYPE(TYPE_SOFT_EXCEPTION) | EVENT_VALID);
	assert_true(vcpu->regs[LVMON_RIP] == 0x2000 && vmcs[VMCS_ENTRY_LENGTH] == 2);
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
	/* Injected, #DB leaves DR6 and DR7.GD to us: B0 to B3 are new, BS stays. */
	host_dr6 = 0xffff0ff0 | BIT(0) | BIT(14);
	vmcs[VMCS_GUEST_DR7] = 0x2400;
	vmcs[VMCS_GUEST_DEBUGCTL] = 0x43;
	vmx_ops.raise_debug(vcpu, BIT(3));
	assert_int_equal(host_dr6, 0xffff0ff0 | BIT(3) | BIT(14));
	assert_int_equal(vmcs[VMCS_GUEST_DR7], 0x400);
	assert_int_equal(vmcs[VMCS_GUEST_DEBUGCTL], 0x40);
	host_dr6 = 0xffff0ff0 | BIT(0);
	vmx_ops.raise_debug(vcpu, BIT(14));
	assert_int_equal(host_dr6, 0xffff0ff0 | BIT(0) | BIT(14));
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT], VEC_DB | EVENT_TYPE(TYPE_HARDWARE) | EVENT_VALID);
	/* Real mode has no error codes. */
	vmcs[VMCS_GUEST_CR0] = 0;
	vmx_ops.inject(vcpu, VEC_GP, INJECT_EXCEPTION, true, 0);
	assert_false(vmcs[VMCS_ENTRY_EVENT] & EVENT_ERROR);
}

/* What an exit has interrupted comes again. */
static void requeued(void **state)
{
	vmx_ops.requeue(vcpu);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT], 0);
	vmcs[VMCS_VECTORING_EVENT] = VEC_GP | EVENT_TYPE(3) | EVENT_VALID | EVENT_ERROR | BIT(12);
	vmcs[VMCS_VECTORING_ERROR] = 0x18;
	vmx_ops.requeue(vcpu);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT],
			 VEC_GP | EVENT_TYPE(3) | EVENT_VALID | EVENT_ERROR);
	assert_int_equal(vmcs[VMCS_ENTRY_ERROR], 0x18);
	/* Not over another one. */
	vmcs[VMCS_VECTORING_EVENT] = 0x30 | EVENT_VALID;
	vmx_ops.requeue(vcpu);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & 0xff, VEC_GP);
	vmcs[VMCS_ENTRY_EVENT] = 0;
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKED_BY_NMI;
	vmcs[VMCS_VECTORING_EVENT] = VEC_NMI | EVENT_TYPE(2) | EVENT_VALID;
	vmx_ops.requeue(vcpu);
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
	vmcs[VMCS_ENTRY_EVENT] = 0;
	vmcs[VMCS_EXIT_LENGTH] = 2;
	vmcs[VMCS_VECTORING_EVENT] = 0x80 | EVENT_TYPE(TYPE_SOFT_INT) | EVENT_VALID;
	vmx_ops.single_step(vcpu, true);
	vmx_ops.requeue(vcpu);
	assert_int_equal(vmcs[VMCS_ENTRY_LENGTH], 2);
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
}

static void steps(void **state)
{
	vmx_ops.intercept_breakpoints(vcpu, true);
	assert_int_equal(vmcs[VMCS_EXCEPTIONS], BIT(VEC_BP));
	vmcs[VMCS_GUEST_DEBUGCTL] = DEBUGCTL_BTF | 1;
	vmx_ops.single_step(vcpu, true);
	assert_int_equal(vmcs[VMCS_EXCEPTIONS], (UINT32_MAX & ~BIT(VEC_NMI)));
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], BLOCKED_BY_MOV_SS);
	assert_int_equal(vmcs[VMCS_GUEST_PENDING_DEBUG], PENDING_STEP);
	assert_int_equal(vmcs[VMCS_GUEST_DEBUGCTL], 1);
	assert_true(vmx_ops.steps_branches(vcpu));
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKED_BY_STI; /* STI was stepped over */
	vmx_ops.single_step(vcpu, false);
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], BLOCKED_BY_STI);
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 0;
	assert_int_equal(vmcs[VMCS_EXCEPTIONS], BIT(VEC_BP));
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
	assert_int_equal(vmcs[VMCS_GUEST_PENDING_DEBUG], 0);
	assert_int_equal(vmcs[VMCS_GUEST_DEBUGCTL], DEBUGCTL_BTF | 1);
	vmx_ops.intercept_breakpoints(vcpu, false);
	assert_int_equal(vmcs[VMCS_EXCEPTIONS], 0);
	invepts = 0;
	vmx_ops.set_nested_root(vcpu, 0x7000);
	assert_true(invepts == 1 && (invept_pointer & PAGE_MASK) == 0x7000);
	assert_int_equal(vmcs[VMCS_EPTP], invept_pointer);
}

static void move_on(void)
{
	vcpu->regs[LVMON_RIP] += 2;
	vcpu->regs[LVMON_RSP] -= 8;
}

/* An emulated instruction ends as one does: the shadow of STI is over. */
static void retires(void **state)
{
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKED_BY_STI;
	vmcs[VMCS_GUEST_RSP] = 0x9000;
	vmcs[VMCS_GUEST_RIP] = 0x2000;
	on_exit_ = move_on;
	exit_with(REASON_CPUID);
	assert_int_equal(vmcs[VMCS_GUEST_RIP], 0x2002);
	assert_int_equal(vmcs[VMCS_GUEST_RSP], 0x8ff8);
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
	/* A fault is no end. */
	on_exit_ = NULL;
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BLOCKED_BY_STI;
	exit_with(REASON_CPUID);
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], BLOCKED_BY_STI);
}

static bool cr0_taken(u64 value)
{
	vmcs[VMCS_ENTRY_EVENT] = 0;
	vmcs[VMCS_QUALIFICATION] = LVMON_R9 << 8; /* MOV R9 to CR0 */
	vcpu->regs[LVMON_R9] = value;
	exit_with(REASON_CR_ACCESS);
	return !(vmcs[VMCS_ENTRY_EVENT] & EVENT_VALID);
}

static void table_exits(u64 reason, u64 insn, u32 which)
{
	vmcs[VMCS_INSN_INFO] = insn << 28;
	exit_with(reason);
	assert_int_equal(seen.kind, EXIT_REGISTER);
	assert_int_equal(seen.which, which);
}

/* Writes to registers that a hook is on. */
static void watched(void **state)
{
	const u32 control = 1u << LVMON_WATCH_CR4, tables = 1u << LVMON_WATCH_GDTR;
	const u64 secondary = vmcs[VMCS_SECONDARY_CONTROLS];
	struct lvmon_register reg = {LVMON_WATCH_CR4, 0};
	u32 limit;

	/* SGDT, SIDT, LGDT, LIDT; SLDT, STR, LLDT, LTR: SDM vol. 3, tables 28-13 and 28-14. */
	table_exits(46, 0, 0);
	table_exits(46, 1, 0);
	table_exits(46, 2, LVMON_WATCH_GDTR);
	table_exits(46, 3, LVMON_WATCH_IDTR);
	for (u64 insn = 0; insn < 4; insn++)
		table_exits(47, insn, 0);
	/* The guest reads the same with all bits in the mask. */
	vmcs[VMCS_GUEST_CR4] = CR4_PAE | CR4_VMXE;
	vmcs[VMCS_CR4_SHADOW] = 0;
	assert_int_equal(vmx_ops.watch(vcpu, control), 0);
	assert_int_equal(vmcs[VMCS_CR4_MASK], UINT64_MAX);
	assert_int_equal(vmcs[VMCS_CR4_SHADOW], CR4_PAE);
	assert_int_equal(vmcs[VMCS_CR0_MASK], CR0_NE | CR0_CD | CR0_NW);
	vmcs[VMCS_QUALIFICATION] = 4;
	exit_with(REASON_CR_ACCESS);
	assert_int_equal(seen.kind, EXIT_REGISTER);
	assert_int_equal(seen.which, LVMON_WATCH_CR4);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & EVENT_VALID, 0);
	/* The step: what is never the guest's exits as ever. */
	assert_int_equal(vmx_ops.watch(vcpu, 0), 0);
	assert_int_equal(vmcs[VMCS_CR4_MASK], CR4_VMXE | CR4_SMXE | CR4_UINTR | CR4_FRED);
	vmcs[VMCS_GUEST_CR4] |= CR4_LA57;
	assert_int_equal(vmx_ops.watched_value(vcpu, &reg, &limit), CR4_PAE | CR4_LA57);
	exit_with(REASON_CR_ACCESS);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & 0xff, VEC_GP);
	/* One control for the tables, where there is one. */
	host_msr_set(MSR_VMX_SECONDARY, host_msr(MSR_VMX_SECONDARY) & ~(4ull << 32));
	assert_int_equal(vmx_ops.watch(vcpu, tables), -ENODEV);
	host_msr_set(MSR_VMX_SECONDARY, host_msr(MSR_VMX_SECONDARY) | 4ull << 32);
	assert_int_equal(vmx_ops.watch(vcpu, tables), 0);
	assert_int_equal(vmcs[VMCS_SECONDARY_CONTROLS], secondary | 4);
	vmcs[VMCS_GUEST_GDTR_BASE] = 0x7000;
	vmcs[VMCS_GUEST_GDTR_LIMIT] = 0x7f;
	reg.which = LVMON_WATCH_GDTR;
	assert_int_equal(vmx_ops.watched_value(vcpu, &reg, &limit), 0x7000);
	assert_int_equal(limit, 0x7f);
	assert_int_equal(vmx_ops.watch(vcpu, 0), 0);
	assert_int_equal(vmcs[VMCS_SECONDARY_CONTROLS], secondary);
}

/* MOV to CR0 that exits for CR0.NE: SDM vol. 3, 4.1.2. */
static void control_registers(void **state)
{
	static const struct {
		u64 now, cr4, efer, cs, value;
		bool fine;
		u64 efer_after;
	} cases[] = {
		/* protected mode, paging, long mode, and back */
		{CR0_ET, 0, 0, 0, CR0_PE, true, 0},
		{CR0_PE, 0, 0, 0, CR0_PE | CR0_PG, true, 0},
		{CR0_PE, CR4_PAE, 0, 0, CR0_PE | CR0_PG, true, 0},
		{CR0_PE, CR4_PAE, EFER_LME, 0, CR0_PE | CR0_PG, true, EFER_LME | EFER_LMA},
		{CR0_PE | CR0_PG, CR4_PAE, EFER_LME | EFER_LMA, 0, CR0_PE, true, EFER_LME},
		/* what is #GP */
		{CR0_PE, 0, EFER_LME, 0, CR0_PE | CR0_PG, false, 0},
		{CR0_PE, CR4_PAE, EFER_LME, RIGHTS_LONG, CR0_PE | CR0_PG, false, 0},
		{CR0_PE | CR0_PG, CR4_PAE, EFER_LME | EFER_LMA, RIGHTS_LONG, CR0_PE, false, 0},
		{CR0_PE | CR0_PG, CR4_PAE | CR4_PCIDE, EFER_LME | EFER_LMA, 0, CR0_PE, false, 0},
		{CR0_PE, CR4_CET, 0, 0, CR0_PE | CR0_WP, true, 0},
		{CR0_PE | CR0_WP, CR4_CET, 0, 0, CR0_PE, false, 0},
		{CR0_PE, 0, 0, 0, CR0_PG, false, 0},
		{CR0_PE, 0, 0, 0, CR0_PE | CR0_NW, false, 0},
		{CR0_PE, 0, 0, 0, CR0_PE | BIT(32), false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		vmcs[VMCS_GUEST_CR0] = cases[i].now | CR0_NE;
		vmcs[VMCS_GUEST_CR4] = cases[i].cr4;
		vmcs[VMCS_GUEST_EFER] = cases[i].efer;
		vmcs[VMCS_GUEST_CS_RIGHTS] = cases[i].cs;
		vmcs[VMCS_GUEST_CR3] = 0x3000;
		vmcs[VMCS_ENTRY_EVENT] = 0;
		((u64 *)host_ram(0x3000))[1] = 0x4000 | 1 | BIT(39) | 0xe18;
		vmcs[VMCS_GUEST_RIP] = 0x2000;
		vmcs[VMCS_QUALIFICATION] = LVMON_R9 << 8; /* MOV R9 to CR0 */
		vcpu->regs[LVMON_R9] = cases[i].value;
		exit_with(REASON_CR_ACCESS);
		assert_int_equal(vmcs[VMCS_GUEST_RIP], cases[i].fine ? 0x2003 : 0x2000);
		assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & 0xff, cases[i].fine ? 0 : VEC_GP);
		if (!cases[i].fine)
			continue;
		assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_CR0), cases[i].value | CR0_ET);
		assert_true(vmcs[VMCS_GUEST_CR0] & CR0_NE);
		assert_int_equal(vmcs[VMCS_GUEST_EFER], cases[i].efer_after);
		assert_int_equal(!!(vmcs[VMCS_ENTRY_CONTROLS] & VMENTRY_GUEST_64),
				 !!(cases[i].efer_after & EFER_LMA));
	}
	assert_int_equal(vmcs[VMCS_GUEST_PDPTE0 + 2], 0x4001 | BIT(39) | 0xe18);
	/* The caches stay on: exits do not switch CD and NW. */
	assert_true(cr0_taken(CR0_PE | CR0_CD | CR0_NW));
	assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_CR0), CR0_PE | CR0_CD | CR0_NW | CR0_ET);
	assert_false(vmcs[VMCS_GUEST_CR0] & (CR0_CD | CR0_NW));
	/* Reserved bits of CR0 are ignored. */
	vmcs[VMCS_GUEST_CR0] = CR0_PE | CR0_NE | CR0_ET;
	vmcs[VMCS_GUEST_EFER] = vmcs[VMCS_GUEST_CR4] = 0;
	assert_true(cr0_taken(CR0_PE | 0x1ffaffc0));
	assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_CR0), CR0_PE | CR0_ET);
	/* What VT-x would not enter with: a 16-bit TSS in long mode, reserved bits of a PDPTE. */
	vmcs[VMCS_GUEST_CR4] = CR4_PAE;
	vmcs[VMCS_GUEST_EFER] = EFER_LME;
	vmcs[VMCS_GUEST_TR_RIGHTS] = 0x83;
	assert_false(cr0_taken(CR0_PE | CR0_PG));
	vmcs[VMCS_GUEST_TR_RIGHTS] = 0x8b;
	assert_true(cr0_taken(CR0_PE | CR0_PG));
	vmcs[VMCS_GUEST_EFER] = 0;
	for (int bit = 1; bit < 64; bit++) {
		bool reserved = bit < 3 || (bit > 4 && bit < 9) || bit >= 40;

		vmcs[VMCS_GUEST_CR0] = CR0_PE | CR0_NE;
		((u64 *)host_ram(0x3000))[1] = 0x4000 | 1 | BIT(bit);
		assert_int_equal(cr0_taken(CR0_PE | CR0_PG), !reserved);
	}
	/* Bits of CR4 that belong to what is hidden. */
	assert_true(!(~vmcs[VMCS_CR4_MASK] & (CR4_VMXE | CR4_SMXE | CR4_UINTR | CR4_FRED)));
	/* CR4.VMXE */
	vmcs[VMCS_QUALIFICATION] = 4 | LVMON_R9 << 8;
	exit_with(REASON_CR_ACCESS);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & 0xff, VEC_GP);
}

static u64 next_rip;

static void go_there(void)
{
	vcpu->regs[LVMON_RIP] = next_rip;
}

/* RIP crosses the end of an address space: a user's CPUID in the last page would be a failing
 * entry. */
static void rip_fits(void **state)
{
	static const struct {
		u64 from, to;
		bool long_mode, code64;
		u64 becomes; /* 0: #GP at the instruction */
	} cases[] = {
		{0x7ffffffffffe, 0x800000000000, true, true, 0},
		{0xffffffff, 0x100000001, true, true, 0x100000001},
		{0x1000, 0xffffffff81000000, true, true, 0xffffffff81000000},
		{0xffffffff81000000, 0x1000, true, true, 0x1000},
		{0xfffffffe, 0x100000000, true, false, 0},
		{0xfffffffe, 0x100000001, true, false, 1},
		{0xfffffffd, 0x100000002, false, false, 2},
	};

	on_exit_ = go_there;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool fault = !cases[i].becomes && cases[i].code64;

		vmcs[VMCS_ENTRY_CONTROLS] = cases[i].long_mode ? VMENTRY_GUEST_64 : 0;
		vmcs[VMCS_GUEST_CS_RIGHTS] = cases[i].code64 ? 0xa09b : 0xc09b;
		vmcs[VMCS_ENTRY_EVENT] = 0;
		vmcs[VMCS_GUEST_RIP] = cases[i].from;
		next_rip = cases[i].to;
		exit_with(REASON_CPUID);
		assert_int_equal(vmcs[VMCS_GUEST_RIP], fault ? cases[i].from : cases[i].becomes);
		assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & 0xff, fault ? VEC_GP : 0);
	}
	/* An NMI that is on its way is not lost for it. */
	vmcs[VMCS_ENTRY_CONTROLS] = VMENTRY_GUEST_64;
	vmcs[VMCS_GUEST_CS_RIGHTS] = 0xa09b;
	vmcs[VMCS_ENTRY_EVENT] = VEC_NMI | EVENT_TYPE(2) | EVENT_VALID;
	vmcs[VMCS_GUEST_RIP] = cases[0].from;
	next_rip = cases[0].to;
	exit_with(REASON_CPUID);
	assert_int_equal(vmcs[VMCS_GUEST_RIP], cases[0].from);
	assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & 0xff, VEC_NMI);
}

/* #GP that VT-x's own exits make ends a step first: neither TF nor the step's shadow is the
 * guest's. */
static void faults_in_a_step(void **state)
{
	static const u64 reasons[] = {REASON_TASK_SWITCH, REASON_CR_ACCESS, REASON_CPUID};

	next_rip = 0x800000000000;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		on_exit_ = reasons[i] == REASON_CPUID ? go_there : NULL;
		vmcs[VMCS_ENTRY_CONTROLS] = VMENTRY_GUEST_64;
		vmcs[VMCS_GUEST_CS_RIGHTS] = 0xa09b;
		vmcs[VMCS_QUALIFICATION] = 4; /* MOV to CR4, which exits for VMXE */
		vmcs[VMCS_GUEST_RIP] = 0x7ffffffffffe;
		vmcs[VMCS_ENTRY_EVENT] = 0;
		vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_FIXED | RFLAGS_TF;
		vcpu->step = STEP_TRAP;
		vmx_ops.single_step(vcpu, true);
		exit_with(reasons[i]);
		assert_int_equal(vmcs[VMCS_ENTRY_EVENT] & 0xff, VEC_GP);
		assert_int_equal(vmcs[VMCS_GUEST_RIP], 0x7ffffffffffe);
		assert_int_equal(vmcs[VMCS_GUEST_RFLAGS], RFLAGS_FIXED);
		assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
		assert_int_equal(vmcs[VMCS_EXCEPTIONS], 0);
	}
}

/* SDM vol. 3, 27.3.1.5: not MOV SS's shadow and the exit from an enclave at once. */
static void steps_out_of_an_enclave(void **state)
{
	vmcs[VMCS_GUEST_INTERRUPTIBILITY] = BIT(4);
	vmx_ops.single_step(vcpu, true);
	assert_int_equal(vmcs[VMCS_GUEST_INTERRUPTIBILITY], BLOCKED_BY_MOV_SS);
	vmx_ops.single_step(vcpu, false);
}

/* The guest's registers, also while its own are put aside for the domain. */
static void registers(void **state)
{
	struct vcpu_paging paging;

	vmcs[VMCS_GUEST_CR4] = CR4_PAE | CR4_VMXE | CR4_LA57;
	assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_CR4), CR4_PAE | CR4_LA57);
	vmcs[VMCS_GUEST_GS_BASE] = 0x1234;
	vmx_ops.get_paging(vcpu, &paging);
	assert_true(paging.cr3 == 0x3000 && paging.la57 && paging.gs_base == 0x1234);
	assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_GS_BASE), 0x1234);
	assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_NR_REGS), 0);
	vmcs[VMCS_GUEST_SS_RIGHTS] = 0xc0f3;
	assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_CPL), 3);
	vmx_ops.set_reg(vcpu, LVMON_EFER, EFER_SCE);
	assert_int_equal(vmcs[VMCS_GUEST_EFER], EFER_SCE);

	host_msr_set(MSR_LSTAR, 0xaaaa);
	host_msr_set(MSR_KERNEL_GS_BASE, 0xbbbb);
	host_cr2 = 0xcccc;
	for (int open = 0; open < 2; open++) {
		if (open)
			vmx_ops.host_open();
		assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_LSTAR), 0xaaaa);
		assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_KERNEL_GS_BASE), 0xbbbb);
		assert_int_equal(vmx_ops.get_reg(vcpu, LVMON_CR2), 0xcccc);
	}
	/* The guest works without caches; we do not, and leave none of ours in them. */
	vmx_ops.host_close();
	write_cr0(CR0_PE | CR0_PG | CR0_CD);
	host_wbinvds = 0;
	vmx_ops.host_open();
	assert_int_equal(read_cr0(), CR0_PE | CR0_PG);
	assert_int_equal(host_wbinvds, 0);
	vmx_ops.host_close();
	assert_int_equal(read_cr0(), CR0_PE | CR0_PG | CR0_CD);
	assert_int_equal(host_wbinvds, 1);
	write_cr0(CR0_PE | CR0_PG);
	host_msr_set(MSR_LSTAR, 0xaaaa);
	vmx_ops.host_open();
	/* Ring 3 must not see the guest's faults of CPUID. */
	vcpu->misc_features = 3;
	host_msr_set(MSR_MISC_FEATURES, 3);
	vmx_ops.host_close();
	vmx_ops.host_open();
	assert_int_equal(host_msr(MSR_MISC_FEATURES), 0);
	vmx_ops.host_close();
	assert_int_equal(host_msr(MSR_MISC_FEATURES), 3);
	vcpu->misc_features = 0;
	syscalls_loaded = limits_loaded = 0;
	host_msr_set(MSR_LSTAR, 0xaaaa);
	vmx_ops.host_open();
	assert_int_equal(syscalls_loaded, 1);
	/* The exit has left GDTR.limit at FFFFh, and vcpu.regs lie behind the GDT. */
	assert_int_equal(limits_loaded, 1);
	assert_int_equal(host_msr(MSR_LSTAR), 0x1111);
	vmx_ops.set_reg(vcpu, LVMON_LSTAR, 0xdddd);
	vmx_ops.set_reg(vcpu, LVMON_CR2, 0xeeee);
	host_cr2 = 0;
	vmx_ops.host_close();
	assert_int_equal(host_msr(MSR_LSTAR), 0xdddd);
	assert_int_equal(host_cr2, 0xeeee);
	vmx_ops.set_reg(vcpu, LVMON_LSTAR, 0xffff);
	vmx_ops.set_reg(vcpu, LVMON_CR2, 1);
	assert_true(host_msr(MSR_LSTAR) == 0xffff && host_cr2 == 1);
}

static bool exits_at(u32 msr, bool write)
{
	const u8 *map = phys_to_virt(vmcs[VMCS_IO_BITMAP_A + 4]);

	return map[(write ? 2048 : 0) + msr / 8] >> msr % 8 & 1;
}

/* An offset, and the deadline exits because it is in the guest's time. */
static void time_stamp_counter(void **state)
{
	assert_true(vmcs[VMCS_PRIMARY_CONTROLS] & PRIMARY_TSC_OFFSET);
	assert_int_equal(vmcs[VMCS_TSC_OFFSET], 0);
	assert_true(exits_at(MSR_TSC, true) && exits_at(MSR_TSC_ADJUST, true));
	assert_false(exits_at(MSR_TSC_DEADLINE, true) || exits_at(MSR_TSC_DEADLINE, false));
	vmx_ops.set_tsc_offset(vcpu, -5ull);
	assert_int_equal(vmcs[VMCS_TSC_OFFSET], -5ull);
	assert_true(exits_at(MSR_TSC_DEADLINE, true) && exits_at(MSR_TSC_DEADLINE, false));
	vmx_ops.set_tsc_offset(vcpu, 0);
	assert_false(exits_at(MSR_TSC_DEADLINE, true) || exits_at(MSR_TSC_DEADLINE, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(probes, setup),
		cmocka_unit_test_setup(first_state, setup),
		cmocka_unit_test_setup(refused, setup),
		cmocka_unit_test_setup(plain_exits, setup),
		cmocka_unit_test_setup(io_and_pages, setup),
		cmocka_unit_test_setup(exceptions, setup),
		cmocka_unit_test_setup(interrupts, setup),
		cmocka_unit_test_setup(injections, setup),
		cmocka_unit_test_setup(requeued, setup),
		cmocka_unit_test_setup(steps, setup),
		cmocka_unit_test_setup(retires, setup),
		cmocka_unit_test_setup(watched, setup),
		cmocka_unit_test_setup(control_registers, setup),
		cmocka_unit_test_setup(rip_fits, setup),
		cmocka_unit_test_setup(faults_in_a_step, setup),
		cmocka_unit_test_setup(steps_out_of_an_enclave, setup),
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(time_stamp_counter, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
