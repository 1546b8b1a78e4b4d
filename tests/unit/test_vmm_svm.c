// SPDX-License-Identifier: Apache-2.0
/*
 * What vmm/svm/ makes of exits, with a VMCB that no CPU looks at: the manual's fields in, a struct
 * vm_exit out.
 */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/memory.h"
#include "vmm/policy.h"
#include "vmm/svm/vmcb.h"
#include "vmm/vcpu.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"

void svm_exit(struct vcpu *vcpu);

static struct cpu the_cpu;
static struct vcpu *const vcpu = &the_cpu.vcpu;
static struct vmcb *vmcb;

/* SVM's instructions. */

static bool gif;
static u32 opened;

void clgi(void)
{
	gif = false;
}

void stgi(void)
{
	opened++;
	gif = true;
}

void vmsave(hpa_t to)
{
	assert_non_null(phys_to_virt(to));
}

static bool refused_here(u32 msr, u64 value)
{
	return msr == MSR_VM_CR;
}

/* The neighbours. */

static struct vm_exit seen;

void vcpu_handle_exit(struct vcpu *v, const struct vm_exit *exit)
{
	seen = *exit;
}

struct cpu *this_cpu(void)
{
	return &the_cpu;
}

void ports_trap(u8 *bitmap)
{
}

gpa_t lapic_base(void)
{
	return 0xfee00000;
}

void svm_loop(struct vcpu *v, hpa_t guest_vmcb, hpa_t host_vmcb)
{
	abort();
}

static u32 svm_features;

static struct cpuid_regs on_cpuid(u32 leaf, u32 subleaf)
{
	switch (leaf) {
	case 0x80000000:
		return (struct cpuid_regs){.eax = 0x8000000a};
	case 0x80000001:
		return (struct cpuid_regs){.ecx = BIT(2)};
	case 0x80000008:
		return (struct cpuid_regs){.eax = 40};
	case 0x8000000a:
		return (struct cpuid_regs){.edx = BIT(0) | svm_features};
	default:
		return (struct cpuid_regs){0};
	}
}

static int setup(void **state)
{
	static const struct boot_info bi = {.own = HOST_OWN, .own_size = HOST_OWN_END - HOST_OWN};
	static const struct guest_entry entry = {
		.cs = 0x10, .ds = 0x18, .cr3 = 0x3000, .gdt_base = 0x4000, .gdt_limit = 0x1f};

	host_guest();
	host_memory(1000);
	host_cpuid = on_cpuid;
	memset(&the_cpu, 0, sizeof(the_cpu));
	vcpu->cpu = &the_cpu;
	vcpu_ops = &svm_ops;
	host_wbinvds = 0;
	svm_ops.init(&bi);
	svm_ops.init_cpu(vcpu, &entry);
	/* struct svm_vcpu begins with it. */
	vmcb = *(struct vmcb **)vcpu->vendor;
	return 0;
}

static void exit_with(u64 code)
{
	memset(&seen, 0xff, sizeof(seen));
	vmcb->exit_code = code;
	vmcb->rip = 0x2000;
	svm_exit(vcpu);
}

static void invlpgb(void **state)
{
	assert_int_equal(vmcb->nested_paging, BIT(0));
	svm_features = BIT(24);
	svm_ops.init_cpu(vcpu, NULL);
	vmcb = *(struct vmcb **)vcpu->vendor;
	svm_features = 0;
	/* #UD in a guest otherwise: APM vol. 3, INVLPGB. */
	assert_int_equal(*(u64 *)((u8 *)vmcb + 0x90), BIT(0) | BIT(7));
}

/* Held by the intercept until #SX tells us, where the CPU can; else not intercepted (QEMU's TCG). */
static void init(void **state)
{
	assert_true(vmcb->intercepts1 & I1_INIT);
	assert_true(host_msr(MSR_VM_CR) & VM_CR_R_INIT);
	opened = 0;
	exit_with(VMEXIT_INIT);
	assert_int_equal(seen.kind, EXIT_INIT);
	assert_true(opened == 1 && !gif);
	exit_with(VMEXIT_NMI);
	assert_int_equal(seen.kind, EXIT_NONE);
	assert_true(opened == 2 && !gif);
	/* SMIs too: SMM's code is to run outside of the nested page table */
	assert_true(vmcb->intercepts1 & I1_SMI);
	exit_with(VMEXIT_SMI);
	assert_int_equal(seen.kind, EXIT_NONE);
	assert_true(opened == 3 && !gif);
	host_msr_refused = refused_here;
	svm_ops.init_cpu(vcpu, NULL);
	host_msr_refused = NULL;
	vmcb = *(struct vmcb **)vcpu->vendor;
	assert_false(vmcb->intercepts1 & I1_INIT);
	/* The guest neither sees nor changes it. */
	assert_int_equal(policy_msr(POLICY_AMD, MSR_VM_CR, true), POLICY_REFUSE);
}

static void probes(void **state)
{
	assert_true(svm_ops.present());
	assert_null(svm_ops.probe());
	host_msr_set(MSR_VM_CR, VM_CR_SVMDIS);
	assert_non_null(strstr(svm_ops.probe(), "switched off"));
	host_msr_set(MSR_VM_CR, 0);
}

static void plain_exits(void **state)
{
	static const struct {
		u64 code;
		u32 kind;
	} cases[] = {
		{VMEXIT_CPUID, EXIT_CPUID},	    {VMEXIT_SHUTDOWN, EXIT_SHUTDOWN},
		{VMEXIT_MSR, EXIT_MSR_READ},	    {VMEXIT_VMRUN, EXIT_VIRT_INSN},
		{VMEXIT_SKINIT, EXIT_VIRT_INSN},    {VMEXIT_INVLPGA, EXIT_VIRT_INSN},
		{VMEXIT_EXCEPTION + VEC_BP, EXIT_BREAKPOINT},
		{VMEXIT_EXCEPTION + VEC_PF, EXIT_EXCEPTION},
		{VMEXIT_INTR, EXIT_INTERRUPT},	    {VMEXIT_NPF, EXIT_NESTED_PAGE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		exit_with(cases[i].code);
		assert_int_equal(seen.kind, cases[i].kind);
	}
	/* What the caches hold is ours too. */
	exit_with(VMEXIT_INVD);
	assert_true(seen.kind == EXIT_NONE && host_wbinvds == 1);
	assert_false(gif);
}

/* An instruction that only a later CPU has, or exits where none is known to, is no crash. */
static void unknown_exits(void **state)
{
	static const u64 instructions[] = {0x00, 0x65, 0x6a, 0x87, 0xa0, 0xa1, 0xa3, 0xa4, 0x3ff};
	static const u64 events[] = {0x64, 0x7e, 0xa5, 0x401, 0x402, 0x403, -1ull, -2ull};

	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		exit_with(instructions[i]);
		assert_int_equal(seen.kind, EXIT_UNKNOWN);
		assert_int_equal(seen.code, instructions[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		expect_fatal("crash: SVM exit", exit_with(events[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(probes, setup),
		cmocka_unit_test_setup(plain_exits, setup),
		cmocka_unit_test_setup(unknown_exits, setup),
		cmocka_unit_test_setup(invlpgb, setup),
		cmocka_unit_test_setup(init, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
