// SPDX-License-Identifier: Apache-2.0
/*
 * What vmm/svm/ makes of exits, with a VMCB that no CPU looks at: the manual's fields in, a struct
 * vm_exit out.
 */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/memory.h"
#include "vmm/policy.h"
#include "vmm/svm/svm.h"
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

static bool has_nrips;

static struct vm_exit seen;
static void (*on_exit_)(void);

void vcpu_handle_exit(struct vcpu *v, const struct vm_exit *exit)
{
	seen = *exit;
	if (on_exit_)
		on_exit_();
}

struct cpu *this_cpu(void)
{
	return &the_cpu;
}

void ports_intercept(u8 *bitmap)
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
		return (struct cpuid_regs){.edx = BIT(0) | svm_features | (has_nrips ? BIT(3) : 0)};
	default:
		return (struct cpuid_regs){0};
	}
}

static int setup(void **state)
{
	static const struct boot_info bi = {.own = HOST_OWN, .own_size = HOST_OWN_END - HOST_OWN};
	static const struct guest_entry entry = {
		.cs = 0x10, .ds = 0x18, .cr3 = 0x3000, .gdt_base = 0x4000, .gdt_limit = 0x1f};

	host_guest_with(1000);
	host_cpuid = on_cpuid;
	memset(&the_cpu, 0, sizeof(the_cpu));
	vcpu->cpu = &the_cpu;
	vcpu_ops = &svm_ops;
	host_wbinvds = 0;
	on_exit_ = NULL;
	host_msr_set(MSR_DEBUGCTL, 0);
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

/*
 * Held by the intercept until #SX tells us, where the CPU can; else not intercepted (QEMU's TCG).
 */
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
		{VMEXIT_CPUID, EXIT_CPUID},
		{VMEXIT_SHUTDOWN, EXIT_SHUTDOWN},
		{VMEXIT_MSR, EXIT_MSR_READ},
		{VMEXIT_VMRUN, EXIT_VIRT_INSN},
		{VMEXIT_SKINIT, EXIT_VIRT_INSN},
		{VMEXIT_INVLPGA, EXIT_VIRT_INSN},
		{VMEXIT_EXCEPTION + VEC_BP, EXIT_SOFT_INT},
		{VMEXIT_EXCEPTION + VEC_PF, EXIT_EXCEPTION},
		{VMEXIT_INTR, EXIT_INTERRUPT},
		{VMEXIT_NPF, EXIT_NESTED_PAGE},
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

/* Writes to registers that a hook is on. */
static void watched(void **state)
{
	static const struct {
		u32 which;
		u64 code;
	} exits[] = {{LVMON_WATCH_CR0, 0x10},
		     {LVMON_WATCH_CR4, 0x14},
		     {LVMON_WATCH_IDTR, 0x6a},
		     {LVMON_WATCH_GDTR, 0x6b}};
	const u32 intercepts = vmcb->intercepts1, bit = (0x176 * 2) % 8 + 1;
	const u8 *map = (const u8 *)phys_to_virt(vmcb->msrpm) + 0x176 * 2 / 8;
	struct lvmon_register reg = {LVMON_WATCH_MSR, 0x176};
	u32 limit = 0;

	for (size_t i = 0; i < ARRAY_SIZE(exits); i++) {
		exit_with(exits[i].code);
		assert_int_equal(seen.kind, EXIT_REGISTER);
		assert_int_equal(seen.which, exits[i].which);
	}
	assert_int_equal(svm_ops.watch(vcpu, 1u << LVMON_WATCH_CR0 | 1u << LVMON_WATCH_IDTR), 0);
	assert_int_equal(vmcb->cr_writes, 1);
	assert_int_equal(vmcb->intercepts1, intercepts | BIT(10));
	assert_int_equal(svm_ops.watch(vcpu, 1u << LVMON_WATCH_CR4 | 1u << LVMON_WATCH_GDTR), 0);
	assert_int_equal(vmcb->cr_writes, 0x10);
	assert_int_equal(vmcb->intercepts1, intercepts | BIT(11));
	assert_int_equal(svm_ops.watch(vcpu, 0), 0);
	assert_true(vmcb->cr_writes == 0 && vmcb->intercepts1 == intercepts);
	svm_ops.watch_msr(vcpu, 0x176, true);
	assert_int_equal(*map >> (bit - 1) & 3, 2);
	svm_ops.watch_msr(vcpu, 0x176, false);
	assert_int_equal(*map >> (bit - 1) & 3, 0);
	vmcb->sysenter_eip = 0x1234;
	assert_int_equal(svm_ops.watched_value(vcpu, &reg, &limit), 0x1234);
	reg.msr = MSR_EFER; /* SVME is not the guest's */
	vmcb->efer = EFER_LME | EFER_SVME;
	assert_int_equal(svm_ops.watched_value(vcpu, &reg, &limit), EFER_LME);
	vmcb->idtr.base = 0x5000;
	vmcb->idtr.limit = 0xfff;
	reg = (struct lvmon_register){LVMON_WATCH_IDTR, 0};
	assert_int_equal(svm_ops.watched_value(vcpu, &reg, &limit), 0x5000);
	assert_int_equal(limit, 0xfff);
}

/* An instruction that only a later CPU has, or exits where none is known to, is no crash. */
static void unknown_exits(void **state)
{
	static const u64 instructions[] = {0x00, 0x65, 0x66, 0x87, 0xa0, 0xa1, 0xa3, 0xa4, 0x3ff};
	static const u64 events[] = {0x64, 0x7e, 0xa5, 0x401, 0x402, 0x403, -2ull};

	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		exit_with(instructions[i]);
		assert_int_equal(seen.kind, EXIT_UNKNOWN);
		assert_int_equal(seen.code, instructions[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		expect_fatal("crash: SVM exit", exit_with(events[i]));
}

#define CODE	 0xffffffff81000000ull
#define CODE_GPA 0x400000ull

/* A CPU anew, with code that its page tables lead to, and NRIPS or not. */
static u8 *with_code(bool nrips)
{
	gpa_t root;

	has_nrips = nrips;
	setup(NULL);
	root = host_guest_root();
	host_guest_map(root, 4, CODE, CODE_GPA, PAGE_SIZE);
	vmcb->cr3 = root;
	vmcb->cs.attributes = 0xa9b;
	vmcb->efer = EFER_LMA | EFER_LME;
	return memset(host_ram(CODE_GPA), 0, PAGE_SIZE);
}

static void exit_at(u64 code, u64 rip)
{
	memset(&seen, 0xff, sizeof(seen));
	vmcb->exit_code = code;
	vmcb->rip = rip;
	svm_exit(vcpu);
}

/*
 * VMEXIT_INVALID, also as QEMU's TCG has it: at a MOV to a control register it is the #GP that
 * is due, else the state cannot be gone on with. Ours is the mistake only where no entry has been.
 */
static void refused_states(void **state)
{
	static const struct {
		const char *code;
		u32 size;
		enum exit_kind kind;
	} cases[] = {
		{"\x0f\x22\xdf", 3, EXIT_EXCEPTION},
		{"\x41\x0f\x22\xe0", 4, EXIT_EXCEPTION},
		{"\x0f\x20\xdf", 3, EXIT_REFUSED},
		{"\x90", 1, EXIT_REFUSED},
	};
	static const u64 codes[] = {-1ull, UINT32_MAX};

	with_code(false);
	expect_fatal("crash: VMRUN is refused", exit_at(-1ull, CODE));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(codes); j++) {
			memcpy(with_code(false), cases[i].code, cases[i].size);
			exit_at(VMEXIT_CPUID, CODE);
			vcpu->spent++;
			exit_at(codes[j], CODE);
			assert_int_equal(seen.kind, cases[i].kind);
			if (seen.kind != EXIT_EXCEPTION)
				continue;
			assert_int_equal(seen.exception.vector, VEC_GP);
			assert_true(seen.exception.has_error && !seen.exception.error);
			assert_int_equal(seen.exception.first, NO_VECTOR);
		}
	}
}

/* Where the instruction ends: said by the CPU, or found by its prefixes. */
static void lengths(void **state)
{
	static const struct {
		const char *bytes;
		u64 code, info1;
		u32 length;
	} cases[] = {
		{"\x0f\xa2", VMEXIT_CPUID, 0, 2},
		{"\x66\x0f\xa2", VMEXIT_CPUID, 0, 3},
		{"\x2e\x67\x48\x0f\xa2", VMEXIT_CPUID, 0, 5},
		{"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\xa2", VMEXIT_CPUID, 0,
		 15},
		{"\x66\x0f\x32", VMEXIT_MSR, 0, 3},
		{"\x3e\x0f\x30", VMEXIT_MSR, 1, 3},
		/* Not what it was a moment ago. */
		{"\x66\x0f\x31", VMEXIT_MSR, 0, 2},
		{"\x66\x0f\xa2", VMEXIT_MSR, 0, 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 *code = with_code(false);

		memcpy(code, cases[i].bytes, strlen(cases[i].bytes));
		vmcb->exit_info1 = cases[i].info1;
		exit_at(cases[i].code, CODE);
		assert_int_equal(seen.length, cases[i].length);
		/* To the end of the page, behind which there is none. */
		memcpy(code + PAGE_SIZE - cases[i].length, cases[i].bytes, cases[i].length);
		exit_at(cases[i].code, CODE + PAGE_SIZE - cases[i].length);
		assert_int_equal(seen.length, cases[i].length);
	}
	memcpy(with_code(false), "\x66\x0f\x08", 3);
	exit_at(VMEXIT_INVD, CODE);
	assert_int_equal(vmcb->rip, CODE + 3);
	exit_at(VMEXIT_CPUID, CODE + PAGE_SIZE); /* no page */
	assert_int_equal(seen.length, 2);

	/* Real mode; protected mode, where 48 is DEC EAX; page tables that are not ours to walk. */
	memcpy(with_code(false), "\x66\x0f\xa2", 3);
	vmcb->cs = (struct vmcb_segment){0x100, 0x09b, 0xffff, CODE_GPA - 0x100};
	vmcb->cr0 = CR0_ET;
	vmcb->efer = 0;
	exit_at(VMEXIT_CPUID, 0x100);
	assert_int_equal(seen.length, 3);
	vmcb->cs = (struct vmcb_segment){8, 0xc9b, UINT32_MAX, 0};
	vmcb->cr0 = CR0_PE;
	((u8 *)host_ram(CODE_GPA))[0] = 0x48;
	exit_at(VMEXIT_CPUID, CODE_GPA);
	assert_int_equal(seen.length, 2);
	((u8 *)host_ram(CODE_GPA))[0] = 0x66;
	vmcb->cr0 = CR0_PE | CR0_PG;
	exit_at(VMEXIT_CPUID, CODE_GPA);
	assert_int_equal(seen.length, 2);

	(void)with_code(true);
	vmcb->next_rip = CODE + 7;
	exit_at(VMEXIT_CPUID, CODE);
	assert_int_equal(seen.length, 7);
}

/* The page of the last time is another one by now, and then it has other bytes. */
static void lengths_on_changed_pages(void **state)
{
	u8 *code = with_code(false), *other = host_ram(CODE_GPA + PAGE_SIZE);
	u64 *entry = host_guest_entry(vmcb->cr3, 4, CODE, 1), was = *entry;
	gpa_t root = vmcb->cr3, fresh;

	memcpy(code, "\x0f\xa2", 2);
	memcpy(other, "\x66\x0f\xa2", 3);
	for (int i = 0; i < 2; i++) {
		exit_at(VMEXIT_CPUID, CODE);
		assert_int_equal(seen.length, 2);
		*entry = was + PAGE_SIZE;
		exit_at(VMEXIT_CPUID, CODE);
		assert_int_equal(seen.length, 3);
		*entry = was;
	}
	exit_at(VMEXIT_CPUID, CODE);
	assert_int_equal(seen.length, 2);
	memcpy(code, "\x66\x0f\xa2", 3);
	exit_at(VMEXIT_CPUID, CODE);
	assert_int_equal(seen.length, 3);

	/* Another address space; and 32-bit code, where the address is not RIP. */
	memcpy(code, "\x0f\xa2", 2);
	fresh = host_guest_root();
	host_guest_map(fresh, 4, CODE, CODE_GPA + PAGE_SIZE, PAGE_SIZE);
	exit_at(VMEXIT_CPUID, CODE);
	assert_int_equal(seen.length, 2);
	vmcb->cr3 = fresh;
	exit_at(VMEXIT_CPUID, CODE);
	assert_int_equal(seen.length, 3);
	vmcb->cr3 = root;
	host_guest_map(root, 4, 0x5000, CODE_GPA + PAGE_SIZE, PAGE_SIZE);
	host_guest_map(root, 4, 0x4000, CODE_GPA, PAGE_SIZE);
	exit_at(VMEXIT_CPUID, 0x4000);
	assert_int_equal(seen.length, 2);
	vmcb->cs = (struct vmcb_segment){0x23, 0xcfb, UINT32_MAX, PAGE_SIZE};
	vmcb->cr0 = CR0_PE | CR0_PG;
	exit_at(VMEXIT_CPUID, 0x4000);
	assert_int_equal(seen.length, 3);
}

static void soft_int_of_exit(void)
{
	svm_ops.soft_int(vcpu);
}

static void soft_ints(void **state)
{
	static const struct {
		const char *bytes;
		u32 length, vector, type;
	} cases[] = {
		{"\xcc", 1, VEC_BP, 3},	    {"\x66\xcc", 2, VEC_BP, 3},
		{"\xcd\x80", 2, 0x80, 4},   {"\x48\x2e\xcd\x80", 4, 0x80, 4},
		{"\xcd\x03", 2, VEC_BP, 4}, {"\xce", 1, VEC_OF, 3},
	};

	for (int nrips = 0; nrips < 2; nrips++)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			u64 event;

			memcpy(with_code(nrips), cases[i].bytes, strlen(cases[i].bytes));
			on_exit_ = NULL;
			vmcb->next_rip = nrips ? CODE + cases[i].length : 0;
			exit_at(VMEXIT_INTN, CODE);
			assert_int_equal(seen.kind, EXIT_SOFT_INT);
			assert_int_equal(svm_ops.soft_int_is_long(vcpu), cases[i].length > 1);
			on_exit_ = soft_int_of_exit;
			exit_at(VMEXIT_INTN, CODE);
			event = cases[i].vector | (nrips ? cases[i].type : 4) << 8 | EVENT_VALID;
			assert_int_equal(vmcb->event_injection, event);
			assert_int_equal(vmcb->rip, nrips ? CODE : CODE + cases[i].length);
			assert_int_equal(vmcb->next_rip, nrips ? CODE + cases[i].length : 0);
		}
	/* So it was with a prefix that may be all that is left of an INT3 that was ours. */
	*with_code(false) = 0x48;
	exit_at(VMEXIT_INTN, CODE);
	assert_false(svm_ops.soft_int_is_long(vcpu));
	/* What is no INT3 any more is executed again; code that we do not see was one. */
	*with_code(false) = 0x90;
	on_exit_ = soft_int_of_exit;
	exit_at(VMEXIT_INTN, CODE);
	assert_true(!vmcb->event_injection && vmcb->rip == CODE);
	exit_at(VMEXIT_INTN, CODE + PAGE_SIZE);
	assert_true((u8)vmcb->event_injection == VEC_BP && vmcb->rip == CODE + PAGE_SIZE + 1);
}

static void requeue_of_exit(void)
{
	svm_ops.requeue(vcpu);
}

/* A soft interrupt whose handler was not reached is executed again, or its fault is one of it. */
static void soft_ints_that_fault(void **state)
{
	for (int nrips = 0; nrips < 2; nrips++) {
		u64 rip = nrips ? CODE : CODE + 2;

		memcpy(with_code(nrips), "\xcd\x80", 2);
		on_exit_ = soft_int_of_exit;
		exit_at(VMEXIT_INTN, CODE);
		vmcb->exit_int_info = 0x80 | 4 << 8 | EVENT_VALID;
		on_exit_ = requeue_of_exit;
		exit_at(VMEXIT_NPF, rip);
		assert_true(vmcb->rip == CODE && !vmcb->event_injection);
		if (nrips)
			continue;
		/* #GP of its gate; the exceptions exit no longer then. */
		on_exit_ = soft_int_of_exit;
		exit_at(VMEXIT_INTN, CODE);
		assert_true(vmcb->exceptions & BIT(VEC_GP));
		on_exit_ = NULL;
		exit_at(VMEXIT_EXCEPTION + VEC_GP, rip);
		assert_true(seen.kind == EXIT_EXCEPTION && vmcb->rip == CODE);
		assert_int_equal(seen.exception.first, NO_VECTOR);
		assert_int_equal(vmcb->exceptions, 0);
		/* The handler was reached: a fault in it, and an interrupt at the same place. */
		vmcb->exit_int_info = 0;
		on_exit_ = soft_int_of_exit;
		exit_at(VMEXIT_INTN, CODE);
		on_exit_ = NULL;
		exit_at(VMEXIT_EXCEPTION + VEC_PF, 0x5000);
		assert_true(vmcb->rip == 0x5000 && vmcb->exceptions == 0);
		on_exit_ = soft_int_of_exit;
		exit_at(VMEXIT_INTN, CODE);
		vmcb->exit_int_info = 0x30 | EVENT_VALID;
		on_exit_ = requeue_of_exit;
		exit_at(VMEXIT_NPF, rip);
		assert_true(vmcb->rip == rip && vmcb->event_injection == (0x30 | EVENT_VALID));
		/* None exits any more: RIP was not moved for the one that faults now. */
		svm_ops.intercept_breakpoints(vcpu, false);
		vmcb->exit_int_info = 0x80 | 4 << 8 | EVENT_VALID;
		exit_at(VMEXIT_NPF, rip);
		assert_true(vmcb->rip == rip && !vmcb->event_injection);
	}
}

static void requeued(void **state)
{
	static const struct {
		u64 info, event;
	} cases[] = {
		{0, 0},
		{0x30 | EVENT_VALID, 0x30 | EVENT_VALID},
		{VEC_NMI | 2 << 8 | EVENT_VALID, VEC_NMI | 2 << 8 | EVENT_VALID},
		{VEC_GP | 3 << 8 | EVENT_VALID | EVENT_ERROR | BIT(35),
		 VEC_GP | 3 << 8 | EVENT_VALID | EVENT_ERROR | BIT(35)},
		/* QEMU's TCG */
		{0x30 | 3 << 8 | EVENT_VALID, 0x30 | EVENT_VALID},
		{VEC_NMI | 3 << 8 | EVENT_VALID, VEC_NMI | 2 << 8 | EVENT_VALID},
		/* No exception has these vectors, and VMRUN refuses them as one: interrupts. */
		{22 | 3 << 8 | EVENT_VALID, 22 | EVENT_VALID},
		{31 | 3 << 8 | EVENT_VALID, 31 | EVENT_VALID},
		{VEC_DB | 3 << 8 | EVENT_VALID, VEC_DB | 3 << 8 | EVENT_VALID},
		/* executed again */
		{VEC_BP | 3 << 8 | EVENT_VALID, 0},
		{VEC_OF | 3 << 8 | EVENT_VALID, 0},
		{0x30 | 4 << 8 | EVENT_VALID, 0},
	};

	on_exit_ = requeue_of_exit;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		vmcb->exit_int_info = cases[i].info;
		exit_with(VMEXIT_NPF);
		assert_int_equal(vmcb->event_injection, cases[i].event);
		assert_int_equal(vmcb->rip, 0x2000);
	}
	/* Not over another one. */
	svm_ops.inject(vcpu, VEC_UD, INJECT_EXCEPTION, false, 0);
	vmcb->exit_int_info = 0x30 | EVENT_VALID;
	svm_ops.requeue(vcpu);
	assert_int_equal(vmcb->event_injection, VEC_UD | 3 << 8 | EVENT_VALID);
}

static void injections(void **state)
{
	svm_ops.inject(vcpu, VEC_PF, INJECT_EXCEPTION, true, 2);
	assert_int_equal(vmcb->event_injection,
			 VEC_PF | 3 << 8 | EVENT_VALID | EVENT_ERROR | BIT(33));
	assert_false(svm_ops.ready_to_inject(vcpu));
	assert_true(vmcb->intercepts1 & I1_INTR);
	vmcb->event_injection = 0;
	assert_true(svm_ops.ready_to_inject(vcpu));
	/* No second NMI before the first one's IRET. */
	svm_ops.inject(vcpu, VEC_NMI, INJECT_NMI, false, 0);
	assert_int_equal(vmcb->event_injection, VEC_NMI | 2 << 8 | EVENT_VALID);
	vmcb->event_injection = 0;
	assert_false(svm_ops.ready_to_inject(vcpu));
	exit_with(VMEXIT_IRET);
	assert_true(svm_ops.ready_to_inject(vcpu));

	/* #DB: B0 to B3 are new, BS stays. */
	vmcb->dr6 = 0xffff0ff0 | BIT(0) | BIT(14);
	vmcb->dr7 = 0x2400;
	svm_ops.raise_debug(vcpu, BIT(3));
	assert_int_equal(vmcb->dr6, 0xffff0ff0 | BIT(3) | BIT(14));
	assert_int_equal(vmcb->dr7, 0x400);
	assert_int_equal(vmcb->event_injection, VEC_DB | 3 << 8 | EVENT_VALID);
	vmcb->dr6 = 0xffff0ff0 | BIT(0);
	svm_ops.raise_debug(vcpu, BIT(14));
	assert_int_equal(vmcb->dr6, 0xffff0ff0 | BIT(0) | BIT(14));
}

/* The guest's DR6 and DEBUGCTL are what they were, and what caused #DB is told. */
static void steps(void **state)
{
	svm_ops.intercept_breakpoints(vcpu, true);
	vmcb->dr6 = 0xffff0ff0 | BIT(1);
	vmcb->dr7 = 0xd00404;
	host_msr_set(MSR_DEBUGCTL, DEBUGCTL_BTF | 1);
	svm_ops.single_step(vcpu, true);
	assert_int_equal(vmcb->exceptions, UINT32_MAX & ~BIT(VEC_NMI));
	assert_true(vmcb->virtual_interrupt & V_INTR_MASKING);
	assert_int_equal(host_msr(MSR_DEBUGCTL), 1);
	assert_int_equal(vmcb->dr6, 0xffff0ff0);
	assert_true(svm_ops.steps_branches(vcpu));
	vmcb->dr6 = 0xffff4ff0 | 0xf;
	exit_with(VMEXIT_EXCEPTION + VEC_DB);
	assert_int_equal(seen.exception.debug, DR6_BS | BIT(1));
	host_msr_set(MSR_DEBUGCTL, 0); /* #DB has ended the recording of branches */
	svm_ops.single_step(vcpu, false);
	assert_int_equal(vmcb->exceptions, BIT(VEC_BP));
	assert_false(vmcb->virtual_interrupt & V_INTR_MASKING);
	assert_int_equal(host_msr(MSR_DEBUGCTL), DEBUGCTL_BTF | 1);
	assert_int_equal(vmcb->dr6, 0xffff0ff0 | BIT(1));
	host_msr_set(MSR_DEBUGCTL, 1);
	assert_false(svm_ops.steps_branches(vcpu));
}

/* As vcpu_inject() does it in a step. */
static void inject_ud(void)
{
	svm_ops.single_step(vcpu, false);
	vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_TF;
	svm_ops.inject(vcpu, VEC_UD, INJECT_EXCEPTION, false, 0);
}

/* An exception of ours in a step: nothing of the step goes to the guest with it. */
static void faults_in_a_step(void **state)
{
	vmcb->dr6 = 0xffff0ff0 | BIT(1);
	vmcb->rflags = RFLAGS_FIXED | RFLAGS_TF;
	svm_ops.single_step(vcpu, true);
	on_exit_ = inject_ud;
	exit_with(VMEXIT_VMRUN);
	assert_int_equal(vmcb->event_injection, VEC_UD | 3 << 8 | EVENT_VALID);
	assert_int_equal(vmcb->rflags, RFLAGS_FIXED);
	assert_int_equal(vmcb->rip, 0x2000);
	assert_int_equal(vmcb->dr6, 0xffff0ff0 | BIT(1));
	assert_int_equal(vmcb->exceptions, 0);
	assert_false(vmcb->virtual_interrupt & V_INTR_MASKING);
}

static void move_on(void)
{
	vcpu->regs[LVMON_RIP] += 2;
}

/* An emulated instruction ends as one does: the shadow of STI is over. A fault is no end. */
static void retires(void **state)
{
	vmcb->interrupt_shadow = 1;
	exit_with(VMEXIT_CPUID);
	assert_int_equal(vmcb->interrupt_shadow, 1);
	on_exit_ = move_on;
	exit_with(VMEXIT_CPUID);
	assert_int_equal(vmcb->interrupt_shadow, 0);
	assert_int_equal(vmcb->rip, 0x2002);
}

/* An offset, and the deadline exits because it is in the guest's time. */
static void time_stamp_counter(void **state)
{
	const u8 *map = phys_to_virt(vmcb->msrpm);
	const u32 bit = (MSR_TSC_DEADLINE * 2) % 8, byte = MSR_TSC_DEADLINE / 4;

	assert_int_equal(vmcb->tsc_offset, 0);
	assert_int_equal(map[byte] >> bit & 3, 0);
	assert_int_equal(map[MSR_TSC / 4] >> (MSR_TSC * 2 % 8) & 3, 3);
	assert_int_equal(map[MSR_TSC_ADJUST / 4] >> (MSR_TSC_ADJUST * 2 % 8) & 3, 3);
	svm_ops.set_tsc_offset(vcpu, -5ull);
	assert_int_equal(vmcb->tsc_offset, -5ull);
	assert_int_equal(map[byte] >> bit & 3, 3);
	svm_ops.set_tsc_offset(vcpu, 0);
	assert_int_equal(map[byte] >> bit & 3, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(probes, setup),
		cmocka_unit_test_setup(plain_exits, setup),
		cmocka_unit_test_setup(watched, setup),
		cmocka_unit_test_setup(unknown_exits, setup),
		cmocka_unit_test_setup(refused_states, setup),
		cmocka_unit_test_setup(invlpgb, setup),
		cmocka_unit_test_setup(init, setup),
		cmocka_unit_test_setup(lengths, setup),
		cmocka_unit_test_setup(lengths_on_changed_pages, setup),
		cmocka_unit_test_setup(soft_ints, setup),
		cmocka_unit_test_setup(soft_ints_that_fault, setup),
		cmocka_unit_test_setup(requeued, setup),
		cmocka_unit_test_setup(injections, setup),
		cmocka_unit_test_setup(steps, setup),
		cmocka_unit_test_setup(faults_in_a_step, setup),
		cmocka_unit_test_setup(retires, setup),
		cmocka_unit_test_setup(time_stamp_counter, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
