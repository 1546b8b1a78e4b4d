// SPDX-License-Identifier: Apache-2.0
/*
 * What becomes of an exit, for both vendors: vmm/vcpu.c with a vendor that only notes what it is
 * asked, on a CPU that is made up here. And what came while the CPU was ours (vmm/exceptions.c):
 * NMIs and machine checks, which must reach the guest when it can take them.
 */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/guest/nested.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/region.h"
#include "vmm/log.h"
#include "vmm/monitor/monitor.h"
#include "vmm/policy.h"
#include "vmm/smp.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"
#include "vmm/x86/lapic.h"

void exception_in_vmm(struct exception_frame *frame);
void exception_ist(struct exception_frame *frame);

#define CODE	 0xffffffff81000000ull
#define CODE_GPA 0x400000ull
#define APIC	 0xfee00000ull
#define GOOD_MSR 0x1234u /* the machine's only one */

/* Places in exceptions.S and entry.S whose addresses count. */
__asm__(".data\n"
	".globl guest_entry_start, guest_entry_end, guest_entry_again\n"
	".globl copy_start, copy_end, copy_faulted, msr_start, msr_end, msr_faulted\n"
	"guest_entry_start: .skip 16\nguest_entry_end: .skip 16\nguest_entry_again: .skip 16\n"
	"copy_start: .skip 16\ncopy_end: .skip 16\ncopy_faulted: .skip 16\n"
	"msr_start: .skip 16\nmsr_end: .skip 16\nmsr_faulted: .skip 16\n"
	".globl take_interrupt, take_interrupt_end\n"
	"take_interrupt: .skip 16\ntake_interrupt_end: .skip 16\n"
	".globl image_start, image_end\n"
	"image_start: .skip 16\nimage_end: .skip 16\n"
	".text\n");
extern u8 guest_entry_start[], guest_entry_again[], copy_start[], copy_end[], copy_faulted[];
extern u8 msr_start[], msr_faulted[];
extern const u8 image_start[], image_end[];

/* Of the guest's, and pending; or none. */
static u32 pending_interrupt;

u32 descriptors_take_interrupt(void)
{
	return pending_interrupt;
}

/* The vendor. */

static struct cpu the_cpu;
static struct vcpu *const vcpu = &the_cpu.vcpu;
static u64 registers[LVMON_NR_REGS];
static bool ready, stepping;
static bool interrupts_trapped;
static u32 injected, requeued, flushed;
static hpa_t view_root;
static struct {
	u32 vector, error;
	enum inject_type type;
	bool has_error;
} last;

struct cpu *this_cpu(void)
{
	return &the_cpu;
}

static bool absent(void)
{
	return false;
}

static bool present(void)
{
	return true;
}

static const char *unfit;

static const char *probe(void)
{
	return unfit;
}

static void init(const struct boot_info *bi)
{
}

static u64 get_reg(struct vcpu *v, enum lvmon_reg reg)
{
	return registers[reg];
}

static void set_reg(struct vcpu *v, enum lvmon_reg reg, u64 value)
{
	registers[reg] = value;
}

static bool ready_to_inject(struct vcpu *v)
{
	return ready;
}

static void inject(struct vcpu *v, u32 vector, enum inject_type type, bool has_error, u32 error)
{
	injected++;
	last.vector = vector;
	last.type = type;
	last.has_error = has_error;
	last.error = error;
}

static void requeue(struct vcpu *v)
{
	requeued++;
}

static u32 soft_ints, raises;
static u64 raised;
static bool branches_only;

static void soft_int(struct vcpu *v)
{
	soft_ints++;
}

static void raise_debug(struct vcpu *v, u64 causes)
{
	raises++;
	raised |= causes;
}

static bool steps_branches(struct vcpu *v)
{
	return branches_only;
}

static void single_step(struct vcpu *v, bool on)
{
	stepping = on;
}

static void flush(struct vcpu *v)
{
	flushed++;
}

static u64 tsc_offset;

static void set_tsc_offset(struct vcpu *v, u64 offset)
{
	tsc_offset = offset;
}

static void intercept_interrupts(struct vcpu *v, bool on)
{
	interrupts_trapped = on;
}

static void get_paging(struct vcpu *v, struct vcpu_paging *paging)
{
	paging->cr3 = registers[LVMON_CR3];
	paging->la57 = registers[LVMON_CR4] & CR4_LA57;
}

static void nothing(void)
{
}

static void set_nested_root(struct vcpu *v, hpa_t to)
{
	view_root = to;
}

const struct vcpu_ops svm_ops = {.name = "absent", .present = absent};
const struct vcpu_ops vmx_ops = {
	.name = "there",
	.vendor_id = 1,
	.present = present,
	.probe = probe,
	.init = init,
	.get_reg = get_reg,
	.set_reg = set_reg,
	.ready_to_inject = ready_to_inject,
	.inject = inject,
	.requeue = requeue,
	.get_paging = get_paging,
	.intercept_interrupts = intercept_interrupts,
	.host_open = nothing,
	.host_close = nothing,
	.soft_int = soft_int,
	.raise_debug = raise_debug,
	.steps_branches = steps_branches,
	.single_step = single_step,
	.flush = flush,
	.set_nested_root = set_nested_root,
	.set_tsc_offset = set_tsc_offset,
};

/* A region of a device's. */

static u32 stores;

static void store(struct vcpu *v, const struct region_store *s)
{
	stores += s->gpa == APIC + 4 && s->size == 4;
}

static struct region device = {.name = "test", .start = APIC, .size = PAGE_SIZE, .store = store};

/* The neighbours. */

hpa_t nested_root = 0x5000;
static int identity_result;
static bool trap_here;
static u32 looks, lstar_written, refreshed, ports_asked, inits, obeyed, icr_taken, settled;
static u32 init_at, hold_at; /* in which of obeyed and inits INIT and a hold arrive */
static u64 base_written, icr_written;
static bool in_x2apic, base_refused;

bool monitor_breakpoint(struct vcpu *v, gva_t rip)
{
	return trap_here;
}

void monitor_lstar_written(struct vcpu *v)
{
	lstar_written++;
}

/* Hooks on registers. */
static u32 watched_msr, begun, written, not_written, rewatched;

bool monitor_watches(u32 which, u32 msr)
{
	return which == LVMON_WATCH_MSR && msr == watched_msr;
}

void monitor_write_begins(struct vcpu *v, u32 which, u32 msr)
{
	begun++;
	v->writes = (struct lvmon_register){which, msr};
}

void monitor_write_ends(struct vcpu *v, bool done)
{
	v->writes.which = 0;
	*(done ? &written : &not_written) += 1;
}

void monitor_rewatch(struct vcpu *v)
{
	rewatched++;
	v->cpu->rewatch = false;
}

void ports_init(const struct boot_info *bi)
{
}

void ports_access(struct vcpu *v, const struct vm_exit *exit)
{
	ports_asked++;
}

int nested_map_identity(gpa_t gpa)
{
	return identity_result;
}

void nested_protect(gpa_t start, u64 size, u32 access)
{
}

hpa_t nested_overlay_open_own(struct nested_overlay *overlay)
{
	overlay->own_open = true;
	return 0x7000;
}

void nested_overlay_close(struct nested_overlay *overlay)
{
	overlay->own_open = false;
}

hpa_t nested_overlay_open(struct nested_overlay *overlay, gpa_t gpa, u8 byte)
{
	overlay->page = gpa & PAGE_MASK;
	return 0x6000;
}

void nested_overlay_refresh(struct nested_overlay *overlay)
{
	refreshed++;
}

bool traps_unsettled;
u64 monitor_look_at = UINT64_MAX;

void monitor_look_again(struct vcpu *v)
{
	looks++;
	monitor_look_at = v->entered + 100;
}

void monitor_settle(void)
{
	settled++;
	traps_unsettled = false;
}

void hold_obey(struct cpu *cpu)
{
	cpu->hold = false;
	if (++obeyed == init_at)
		cpu->init_pending = true;
}

static u32 announced;

void apic_init_announced(struct cpu *cpu)
{
	announced++;
}

void smp_init_received(struct vcpu *v)
{
	v->cpu->init_pending = false;
	if (++inits == hold_at)
		v->cpu->hold = true;
}

bool apic_icr_written(struct vcpu *v, u32 low, u32 destination)
{
	icr_taken += low == 0x4500;
	return low == 0x4500;
}

static u32 lvts_refused;

bool smm_refuses(u32 lvt)
{
	lvts_refused += lvt == 0x200;
	return lvt == 0x200;
}

bool lapic_x2apic(void)
{
	return in_x2apic;
}

int lapic_write_base(u64 value)
{
	base_written = value;
	return base_refused ? -EINVAL : 0;
}

int lapic_write_x2apic_icr(u64 value)
{
	icr_written = value;
	return 0;
}

bool lapic_periodic_pending(void)
{
	return false;
}

void lapic_periodic_resume(void)
{
}

void lapic_end_of_interrupt(void)
{
}

bool domain_interrupt(u32 vector)
{
	return false;
}

static u32 nmis_of_domain;

void domain_nmi(struct cpu *cpu)
{
	nmis_of_domain += cpu == &the_cpu;
}

static bool there(u32 msr)
{
	return msr == GOOD_MSR || msr == MSR_MCG_STATUS || msr == 0x3a || msr == 0x140 ||
	       msr == 0x1a0 || msr == 0xda0;
}

static bool has_msr(u32 msr)
{
	return there(msr) || msr == MSR_TSC || msr == MSR_TSC_ADJUST || msr == MSR_TSC_DEADLINE ||
	       msr - 0x200 < 16 || msr == 0x250 || msr == 0x26f || msr == 0x2ff;
}

int rdmsr_safe(u32 msr, u64 *value)
{
	*value = msr == MSR_TSC ? host_tsc : host_msr(msr);
	return has_msr(msr) ? 0 : -EINVAL;
}

int wrmsr_safe(u32 msr, u64 value)
{
	if (!there(msr))
		return -EINVAL;
	host_msr_set(msr, value);
	return 0;
}

int xsetbv_safe(u64 value)
{
	if (!(value & 1) || (value & ~0x1full) || (value & 6) == 4 || (value & 0x18) == 8 ||
	    (value & 0x18) == 0x10)
		return -EINVAL;
	host_xcr0 = value;
	return 0;
}

static bool tsc_adjust = true;

/* A CPU with all that is asked for, but AVX-512. */
static struct cpuid_regs on_cpuid(u32 leaf, u32 subleaf)
{
	switch (leaf) {
	case 0:
		return (struct cpuid_regs){.eax = 0xd};
	case 1:
		return (struct cpuid_regs){.ecx = UINT32_MAX & ~(u32)BIT(27)};
	case 7:
		return (struct cpuid_regs){.ebx = tsc_adjust ? BIT(1) : 0,
					   .ecx = UINT32_MAX & ~(u32)BIT(4)};
	case 0xd:
		return (struct cpuid_regs){.eax = 0x1f};
	case 0x80000000:
		return (struct cpuid_regs){.eax = 0x80000021};
	case 0x80000001:
		return (struct cpuid_regs){.edx = BIT(20) | BIT(25), .ecx = BIT(17)};
	case 0x80000008:
		return (struct cpuid_regs){.eax = 40};
	case 0x80000021:
		return (struct cpuid_regs){.eax = BIT(8)};
	default:
		return (struct cpuid_regs){0};
	}
}

static int setup(void **state)
{
	static const struct boot_info bi = {.own = HOST_OWN, .own_size = HOST_OWN_END - HOST_OWN};
	gpa_t root;

	host_guest();
	root = host_guest_root();
	host_guest_map(root, 4, CODE, CODE_GPA, PAGE_SIZE);
	memset(&the_cpu, 0, sizeof(the_cpu));
	memset(registers, 0, sizeof(registers));
	registers[LVMON_CR0] = CR0_PE | CR0_PG;
	registers[LVMON_CR3] = root;
	registers[LVMON_CR4] = CR4_PAE | CR4_MCE;
	vcpu->cpu = &the_cpu;
	vcpu->regs[LVMON_RIP] = CODE;
	vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF;
	ready = true;
	unfit = NULL;
	soft_ints = raises = 0;
	raised = 0;
	stepping = branches_only = trap_here = in_x2apic = base_refused = false;
	identity_result = 0;
	injected = requeued = flushed = refreshed = stores = 0;
	view_root = nested_root;
	the_cpu.vcpu.overlay.own_open = interrupts_trapped = false;
	lstar_written = ports_asked = inits = obeyed = icr_taken = 0;
	host_cpuid = on_cpuid;
	smp_cpus = 1;
	vcpu_ops = NULL;
	vcpu_probe();
	vcpu_init(&bi);
	host_log_clear();
	return 0;
}

static void handle(struct vm_exit exit)
{
	vcpu_handle_exit(vcpu, &exit);
}

#define EXIT(...) handle((struct vm_exit){__VA_ARGS__})

/* One exception was injected since the last look, this one. */
static void got(u32 vector, enum inject_type type)
{
	assert_int_equal(injected, 1);
	assert_int_equal(last.vector, vector);
	assert_int_equal(last.type, type);
	injected = 0;
}

static void vendors(void **state)
{
	assert_string_equal(vcpu_ops->name, "there");
	vcpu_ops = NULL;
	unfit = "it is too old";
	expect_fatal("it is too old", vcpu_probe());
}

static void cpuid_exits(void **state)
{
	u64 *regs = vcpu->regs;

	for (int on = 0; on < 2; on++) {
		registers[LVMON_CR4] = on ? CR4_OSXSAVE | CR4_PKE : 0;
		regs[LVMON_RAX] = 0xffffffff00000001;
		regs[LVMON_RIP] = CODE;
		EXIT(.kind = EXIT_CPUID, .length = 2);
		assert_int_equal(regs[LVMON_RIP], CODE + 2);
		assert_int_equal(regs[LVMON_RAX], 0);
		assert_int_equal(regs[LVMON_RCX] >> 27 & 1, on); /* OSXSAVE */
		regs[LVMON_RAX] = 7;
		regs[LVMON_RCX] = 0;
		EXIT(.kind = EXIT_CPUID, .length = 2);
		assert_int_equal(regs[LVMON_RCX] >> 4 & 1, on); /* OSPKE */
	}
}

static struct cpuid_regs all_ones(u32 leaf, u32 subleaf)
{
	if (!leaf || leaf == BIT(31))
		return (struct cpuid_regs){.eax = leaf | 0xff};
	return (struct cpuid_regs){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
}

static struct cpuid_regs ask(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r = cpuid(leaf, subleaf);
	const struct cpuid_regs *pass = policy_cpuid(leaf, subleaf);

	return (struct cpuid_regs){r.eax & pass->eax, r.ebx & pass->ebx, r.ecx & pass->ecx,
				   r.edx & pass->edx};
}

static bool none(u32 leaf, u32 subleaf)
{
	struct cpuid_regs regs = ask(leaf, subleaf);

	return !(regs.eax | regs.ebx | regs.ecx | regs.edx);
}

/* What is not known to do no harm is not there: CPUID is a list of what passes. */
static void hidden_features(void **state)
{
	static const u32 leaves[] = {0x8,	 0xc,	     0xe,	 0x11,	     0x13,
				     0x14,	 0x19,	     0x1b,	 0x1c,	     0x20,
				     0x21,	 0x22,	     0x25,	 0x80,	     0x40000001,
				     0x40000100, 0x40ffffff, 0x8000000a, 0x80000009, 0x8000001c,
				     0x8000001f, 0x80000023, 0x80000025, 0x80000027};
	struct cpuid_regs r;

	host_cpuid = all_ones;
	policy_init();
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++)
		if (!none(leaves[i], 0))
			fail_msg("leaf %x", leaves[i]);
	assert_true(none(7, 3) && none(7, UINT32_MAX) && none(0x23, 4));
	r = ask(1, 0);
	assert_int_equal(r.ecx & (BIT(2) | BIT(4) | BIT(5) | BIT(6)), 0); /* DS, VMX, SMX */
	assert_int_equal(r.edx & BIT(21), 0);
	assert_true((r.ecx & BIT(31)) && (r.ecx & BIT(20)) && (r.edx & BIT(15)));
	r = ask(6, 0);
	assert_int_equal(r.eax & (BIT(19) | BIT(23)), 0); /* HFI */
	assert_true(r.eax & BIT(7));
	r = ask(7, 0);
	assert_int_equal(r.ebx & BIT(25), 0);			    /* PT */
	assert_int_equal(r.ecx & (BIT(13) | BIT(23) | BIT(29)), 0); /* TME, KL, ENQCMD */
	assert_int_equal(r.edx & (BIT(5) | BIT(18) | BIT(19)), 0);  /* UINTR, PCONFIG, LBR */
	assert_true((r.ebx & BIT(5)) && (r.ecx & BIT(16)) && (r.edx & BIT(26)));
	r = ask(7, 1);
	/* FRED, LKGS, WRMSRNS, NMI sources, MSRLIST; user MSRs, APX */
	assert_int_equal(r.eax & (BIT(17) | BIT(18) | BIT(19) | BIT(20) | BIT(27)), 0);
	assert_int_equal(r.edx & (BIT(15) | BIT(21)), 0);
	assert_true((r.eax & BIT(4)) && (r.eax & BIT(26)));
	assert_int_equal(ask(0xd, 0).eax, 0x602ff);
	assert_int_equal(ask(0xd, 1).ecx & (BIT(8) | BIT(10) | BIT(14) | BIT(15)), 0);
	assert_int_equal(ask(0xd, 9).ebx, UINT32_MAX);
	r = ask(0x80000001, 0);
	assert_int_equal(r.ecx & (BIT(2) | BIT(12) | BIT(15)), 0); /* SVM, SKINIT, LWP */
	assert_true((r.edx & BIT(29)) && (r.ecx & BIT(22)));
	r = ask(0x80000008, 0);
	assert_int_equal(r.ebx & (BIT(8) | BIT(13) | BIT(21)), 0);
	assert_true(r.ebx & BIT(3)); /* INVLPGB */
	assert_int_equal(ask(0x80000021, 0).eax & (BIT(7) | BIT(17) | BIT(24)), 0);
	assert_int_equal(ask(0x80000002, 0).ecx, UINT32_MAX);
	/* Past its end the CPU gives its last leaf, which hides what that hides. */
	assert_true(none(0xff, 0) && none(0x12345678, 0));
	host_cpuid = on_cpuid;
	policy_init();
	assert_int_equal(ask(0x80000030, 0).eax, cpuid(0x80000030, 0).eax & 0x602ff);
}

static void write_msr(u32 msr, u64 value)
{
	vcpu->regs[LVMON_RCX] = msr;
	vcpu->regs[LVMON_RAX] =
		(u32)value | 0xabcd00000000ull; /* the upper half is not looked at */
	vcpu->regs[LVMON_RDX] = value >> 32;
	vcpu->regs[LVMON_RIP] = CODE;
	EXIT(.kind = EXIT_MSR_WRITE, .length = 2);
	assert_int_equal(vcpu->regs[LVMON_RIP], injected ? CODE : CODE + 2);
}

static u64 read_msr(u32 msr)
{
	vcpu->regs[LVMON_RCX] = msr;
	vcpu->regs[LVMON_RIP] = CODE;
	EXIT(.kind = EXIT_MSR_READ, .length = 2);
	assert_int_equal(vcpu->regs[LVMON_RIP], injected ? CODE : CODE + 2);
	return vcpu->regs[LVMON_RDX] << 32 | vcpu->regs[LVMON_RAX];
}

static void msrs(void **state)
{
	/* SDM vol. 3, 2.2.1: LME is fixed while paging is on, LMA is the CPU's. */
	registers[LVMON_EFER] = EFER_LME | EFER_LMA;
	write_msr(MSR_EFER, EFER_LME | EFER_SCE | EFER_NXE);
	assert_int_equal(registers[LVMON_EFER], EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE);
	assert_int_equal(read_msr(MSR_EFER), registers[LVMON_EFER]);
	write_msr(MSR_EFER, EFER_SCE);
	got(VEC_GP, INJECT_EXCEPTION);
	write_msr(MSR_EFER, EFER_LME | EFER_SVME);
	got(VEC_GP, INJECT_EXCEPTION);
	registers[LVMON_CR0] = CR0_PE;
	registers[LVMON_EFER] = 0;
	write_msr(MSR_EFER, EFER_LME | BIT(14) | BIT(15) | BIT(21));
	assert_int_equal(registers[LVMON_EFER], EFER_LME | BIT(14) | BIT(15) | BIT(21));

	write_msr(MSR_LSTAR, 0xffffffff81200000);
	assert_int_equal(registers[LVMON_LSTAR], 0xffffffff81200000);
	assert_int_equal(lstar_written, 1);
	write_msr(MSR_LSTAR, 0x0000800000000000);
	got(VEC_GP, INJECT_EXCEPTION);
	registers[LVMON_CR4] |= CR4_LA57;
	write_msr(MSR_LSTAR, 0x0000800000000000);
	assert_int_equal(injected, 0);

	write_msr(MSR_APIC_BASE, APIC | 0x900);
	assert_int_equal(base_written, APIC | 0x900);
	base_refused = true;
	write_msr(MSR_APIC_BASE, 0);
	got(VEC_GP, INJECT_EXCEPTION);

	/* INIT and SIPI are the hypervisor's, the rest goes on. */
	in_x2apic = true;
	write_msr(MSR_X2APIC_ICR, 0x4500);
	assert_true(icr_taken == 1 && icr_written == 0);
	write_msr(MSR_X2APIC_ICR, 0x20000000a1);
	assert_true(icr_taken == 1 && icr_written == 0x20000000a1);
	/* A local vector that would send SMIs is not written; this CPU has no others. */
	lvts_refused = 0;
	for (u32 msr = 0x833; msr <= 0x836; msr++)
		write_msr(msr, 0x200);
	write_msr(0x82f, 0x200);
	assert_int_equal(lvts_refused, 5);
	assert_int_equal(injected, 0);
	write_msr(0x834, 0x400);
	got(VEC_GP, INJECT_EXCEPTION);
	write_msr(0x838, 0x200); /* the timer's count */
	got(VEC_GP, INJECT_EXCEPTION);
	assert_int_equal(lvts_refused, 5);

	write_msr(GOOD_MSR, 0x1122334455667788);
	assert_int_equal(read_msr(GOOD_MSR), 0x1122334455667788);
	write_msr(0x9999, 1);
	got(VEC_GP, INJECT_EXCEPTION);
	(void)read_msr(0x9999);
	got(VEC_GP, INJECT_EXCEPTION);
	/* What the policy refuses is told, but not for ever. */
	host_log_clear();
	for (int i = 0; i < 300; i++) {
		(void)read_msr(0x9999);
		got(VEC_GP, INJECT_EXCEPTION);
	}
	assert_non_null(strstr(host_log, "read of MSR"));
	assert_true(host_log_size < 100 * 40);
}

/* MSRs of which some bits are the guest's (the fake vendor is Intel). */
static void some_bits(void **state)
{
	const u64 kept = BIT(11) | BIT(12) | BIT(22) | BIT(34);

	host_msr_set(0x3a, BIT(0) | BIT(2) | BIT(1) | BIT(18) | BIT(20) | 0xff00);
	assert_int_equal(read_msr(0x3a), BIT(0) | BIT(18) | BIT(20));
	host_msr_set(0x3a, BIT(2) | BIT(0));
	assert_int_equal(read_msr(0x3a), BIT(0));
	assert_int_equal(injected, 0);
	write_msr(0x3a, BIT(0));
	got(VEC_GP, INJECT_EXCEPTION);

	/* No BTS, no PEBS; CPUID and NX stay what they are to us. */
	host_msr_set(0x1a0, BIT(0) | BIT(18));
	assert_int_equal(read_msr(0x1a0), BIT(0) | BIT(11) | BIT(12) | BIT(18));
	write_msr(0x1a0, BIT(0) | BIT(16) | kept);
	assert_int_equal(host_msr(0x1a0), BIT(0) | BIT(16));
	host_msr_set(0x1a0, kept);
	write_msr(0x1a0, 0);
	assert_int_equal(host_msr(0x1a0), kept);

	/* XSS: CET's states, but not Processor Trace's, by which XRSTORS would load its MSRs. */
	write_msr(0xda0, BIT(11) | BIT(12));
	assert_int_equal(host_msr(0xda0), BIT(11) | BIT(12));
	for (int bit = 0; bit < 64; bit++) {
		if (BIT(bit) & 0x13800)
			continue;
		write_msr(0xda0, BIT(bit));
		got(VEC_GP, INJECT_EXCEPTION);
	}
	assert_int_equal(host_msr(0xda0), BIT(11) | BIT(12));

	write_msr(0x140, 1);
	assert_int_equal(vcpu->misc_features, 1);
	assert_int_equal(host_msr(0x140), 1);

	/*
	 * Where hardware, or a hypervisor below us, would write to memory by an address in an MSR.
	 */
	for (u32 i = 0; i < 10; i++) {
		static const u32 msrs[] = {0x3f1,      0x3f4,	   0x600, 0x560,      0x17d0,
					   0x4b564d01, 0x4b564d03, 0x12,  0x40000001, 0xd93};

		write_msr(msrs[i], 0x1000);
		got(VEC_GP, INJECT_EXCEPTION);
		(void)read_msr(msrs[i]);
		got(VEC_GP, INJECT_EXCEPTION);
	}
}

static u64 guest_tsc(void)
{
	return host_tsc + tsc_offset;
}

/* The guest moves its own time; the CPU's, which is ours, goes on. SDM vol. 3, 18.17.3 */
static void time_stamp_counter(void **state)
{
	tsc_offset = 0;
	host_tsc = 1000000;
	host_msr_set(MSR_TSC_ADJUST, 70); /* by the firmware */
	host_msr_set(MSR_TSC_DEADLINE, 0);
	assert_int_equal(read_msr(MSR_TSC), 1000000);
	write_msr(MSR_TSC, 5);
	assert_int_equal(guest_tsc(), 5);
	host_tsc += 10;
	assert_int_equal(read_msr(MSR_TSC), 15);
	assert_int_equal((s64)read_msr(MSR_TSC_ADJUST), 70 + 5 - 1000000);
	write_msr(MSR_TSC_ADJUST, 70);
	assert_int_equal(tsc_offset, 0);
	write_msr(MSR_TSC_ADJUST, 570);
	assert_int_equal(guest_tsc(), 1000510);
	assert_int_equal(read_msr(MSR_TSC_ADJUST), 570);
	assert_int_equal(host_msr(MSR_TSC_ADJUST), 70);
	assert_int_equal(host_msr(MSR_TSC), 0);
	/* The deadline is in the guest's time, and stays there when that is moved. */
	write_msr(MSR_TSC_DEADLINE, guest_tsc() + 1000);
	assert_int_equal(host_msr(MSR_TSC_DEADLINE), host_tsc + 1000);
	assert_int_equal(read_msr(MSR_TSC_DEADLINE), guest_tsc() + 1000);
	write_msr(MSR_TSC, guest_tsc() + 400);
	assert_int_equal(host_msr(MSR_TSC_DEADLINE), host_tsc + 600);
	write_msr(MSR_TSC, guest_tsc() + 1000);
	assert_int_equal(host_msr(MSR_TSC_DEADLINE), 1);
	write_msr(MSR_TSC_DEADLINE, 400); /* it is over */
	assert_int_equal(host_msr(MSR_TSC_DEADLINE), 1);
	write_msr(MSR_TSC_DEADLINE, 0);
	assert_int_equal(host_msr(MSR_TSC_DEADLINE), 0);
	assert_int_equal(read_msr(MSR_TSC_DEADLINE), 0);
	/* Not on this CPU */
	tsc_adjust = false;
	write_msr(MSR_TSC_ADJUST, 0);
	got(VEC_GP, INJECT_EXCEPTION);
	(void)read_msr(MSR_TSC_ADJUST);
	got(VEC_GP, INJECT_EXCEPTION);
	tsc_adjust = true;
}

/* The guest's MTRRs are as it wrote them, and the hardware's as they were. */
static void memory_types(void **state)
{
	static const struct {
		u32 msr;
		u64 value;
		bool good;
	} cases[] = {
		{0x2ff, 0, true},
		{0x2ff, 0xc06, true},
		{0x2ff, 0xc02, false},
		{0x2ff, 0x1c06, false},
		{0x2ff, 0xc07, false},
		{0x200, 0x80000000, true},
		{0x200, 0x80000106, false},
		{0x20e, BIT(40), false},
		{0x201, 0xffc0000800, true},
		{0x201, 0xffc0000c00, false},
		{0x20f, BIT(40), false},
		{0x210, 0, false},
		{0x250, 0x0605040100060606, true},
		{0x26f, 0x0605020100060606, false},
		{0x26f, 0x0606060606060606, true},
		{0x251, 0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 before;

		if (has_msr(cases[i].msr))
			host_msr_set(cases[i].msr, 0x55aa);
		write_msr(cases[i].msr, cases[i].value);
		assert_int_equal(injected == 0, cases[i].good);
		injected = 0;
		before = read_msr(cases[i].msr);
		if (cases[i].good)
			assert_int_equal(before, cases[i].value);
		injected = 0;
		if (has_msr(cases[i].msr))
			assert_int_equal(host_msr(cases[i].msr), 0x55aa);
	}
	/* what it has not written is the firmware's */
	host_msr_set(0x205, 0x1234);
	assert_int_equal(read_msr(0x205), 0x1234);
}

/* What the CPU refuses of XCR0 (SDM vol. 1, 13.3) is the guest's #GP and nobody else's. */
static void xcr0(void **state)
{
	static const struct {
		u64 value;
		u32 index;
		bool valid;
	} cases[] = {
		{1, 0, true},
		{3, 0, true},
		{7, 0, true},
		{0x1f, 0, true},
		{0, 0, false},
		{2, 0, false},
		{5, 0, false},
		{0xf, 0, false},
		{0x17, 0, false},
		{0xe7, 0, false},
		{0x207, 0, false},
		{3, 1, false},
		{BIT(63) | 7, 0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		host_xcr0 = 0;
		vcpu->regs[LVMON_RCX] = cases[i].index;
		vcpu->regs[LVMON_RAX] = (u32)cases[i].value;
		vcpu->regs[LVMON_RDX] = cases[i].value >> 32;
		vcpu->regs[LVMON_RIP] = CODE;
		EXIT(.kind = EXIT_XSETBV, .length = 3);
		assert_int_equal(host_xcr0, cases[i].valid ? cases[i].value : 0);
		assert_int_equal(vcpu->regs[LVMON_RIP], cases[i].valid ? CODE + 3 : CODE);
		if (!cases[i].valid)
			got(VEC_GP, INJECT_EXCEPTION);
	}
}

/* INT3 and its kin are the vendor's to deliver, but where the monitor says that one is ours. */
static void soft_interrupts(void **state)
{
	EXIT(.kind = EXIT_SOFT_INT);
	assert_int_equal(soft_ints, 1);
	trap_here = true;
	EXIT(.kind = EXIT_SOFT_INT);
	assert_int_equal(soft_ints, 1);
	EXIT(.kind = EXIT_SOFT_INT, .cpl = 3);
	assert_true(soft_ints == 2 && injected == 0);
}

/* RF ends with the instruction that the vmm has done, and TF traps behind it; not with a fault. */
static void retires(void **state)
{
	static const struct vm_exit exits[] = {
		{.kind = EXIT_CPUID, .length = 3},
		{.kind = EXIT_MSR_READ, .length = 3},
		{.kind = EXIT_MSR_WRITE, .length = 3},
		{.kind = EXIT_XSETBV, .length = 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(exits); i++)
		for (int tf = 0; tf < 2; tf++) {
			vcpu->regs[LVMON_RIP] = CODE;
			vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_RF | (tf ? RFLAGS_TF : 0);
			vcpu->regs[LVMON_RCX] = exits[i].kind == EXIT_XSETBV ? 0 : GOOD_MSR;
			vcpu->regs[LVMON_RAX] = 3;
			vcpu->regs[LVMON_RDX] = 0;
			raised = raises = 0;
			handle(exits[i]);
			assert_int_equal(vcpu->regs[LVMON_RIP], CODE + 3);
			assert_int_equal(vcpu->regs[LVMON_RFLAGS],
					 RFLAGS_FIXED | (tf ? RFLAGS_TF : 0));
			assert_true(raises == (u32)tf && raised == (tf ? DR6_BS : 0));
		}
	/* With BTF only a branch traps. */
	branches_only = true;
	EXIT(.kind = EXIT_CPUID, .length = 2);
	assert_int_equal(raises, 1);
	vcpu->regs[LVMON_RFLAGS] |= RFLAGS_RF;
	vcpu->regs[LVMON_RCX] = 0x9999;
	EXIT(.kind = EXIT_MSR_READ, .length = 2);
	got(VEC_GP, INJECT_EXCEPTION);
	assert_true(vcpu->regs[LVMON_RFLAGS] & RFLAGS_RF);
}

static void step_ends(u64 causes, s64 moved)
{
	vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_RF; /* the CPU does that */
	vcpu->regs[LVMON_RIP] += (u64)moved;
	EXIT(.kind = EXIT_EXCEPTION,
	     .exception = {.vector = VEC_DB, .first = NO_VECTOR, .debug = causes});
}

/* Which of DR6's bits are a trap: SDM vol. 3, 17.2.3. */
static void trap_causes(void **state)
{
	assert_int_equal(vcpu_debug_causes(0xffff4ff0, 0x400), DR6_BS);
	/* Data 1 (global), data 2 (local), off: 0, instruction: 3. */
	assert_int_equal(vcpu_debug_causes(0xf, 0x0d10005d), BIT(1) | BIT(2));
	assert_int_equal(vcpu_debug_causes(0xf, 0xffff0000), 0);
	assert_int_equal(vcpu_debug_causes(BIT(13), 0), BIT(13));
}

/* An instruction in a step, which retires or faults: SDM vol. 3, table 6-5. */
static void steps(void **state)
{
	static const struct {
		u32 first, vector, becomes;
	} cases[] = {
		{NO_VECTOR, VEC_GP, VEC_GP}, {NO_VECTOR, VEC_PF, VEC_PF}, {VEC_GP, VEC_GP, VEC_DF},
		{VEC_PF, VEC_GP, VEC_DF},    {VEC_PF, VEC_PF, VEC_DF},	  {VEC_GP, VEC_PF, VEC_PF},
		{VEC_DE, VEC_SS, VEC_DF},    {VEC_UD, VEC_GP, VEC_GP},	  {VEC_TS, VEC_DE, VEC_DF},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		vcpu_step_with(vcpu, CODE_GPA, 0x55);
		assert_true(stepping && (vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF));
		EXIT(.kind = EXIT_EXCEPTION, .exception = {.vector = cases[i].vector,
							   .first = cases[i].first,
							   .has_error = true,
							   .error = 5,
							   .cr2 = 0x1000 + i});
		got(cases[i].becomes, INJECT_EXCEPTION);
		if (cases[i].becomes != VEC_DF)
			assert_int_equal(last.error, 5);
		if (cases[i].becomes == VEC_PF)
			assert_int_equal(registers[LVMON_CR2], 0x1000 + i);
		assert_false(stepping || (vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF));
		assert_int_equal(view_root, nested_root);
	}
	/* It has retired. A breakpoint on its address came before our INT3: not again (RF). */
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	assert_true(vcpu->regs[LVMON_RFLAGS] & RFLAGS_RF);
	step_ends(DR6_BS, 2);
	assert_true(injected == 0 && raises == 0 && !stepping);
	assert_false(vcpu->regs[LVMON_RFLAGS] & (RFLAGS_RF | RFLAGS_TF));
	/* It has touched what the guest watches. */
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	step_ends(DR6_BS | BIT(2), 2);
	assert_true(raises == 1 && raised == BIT(2));
	/* The guest steps by itself: it gets its #DB, and keeps TF. */
	raised = 0;
	vcpu->regs[LVMON_RFLAGS] |= RFLAGS_TF;
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	step_ends(DR6_BS | BIT(0), 2);
	assert_true(raises == 2 && raised == (DR6_BS | BIT(0)));
	assert_true(vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF);
	/* Branch by branch: a step over another instruction is none of those. */
	branches_only = true;
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	step_ends(DR6_BS, 15);
	assert_int_equal(raises, 2);
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	step_ends(DR6_BS, -100);
	assert_int_equal(raises, 3);
	/* An instruction that exits in a step ends it, for the guest that does not step too. */
	branches_only = false;
	vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_TF;
	vcpu_step_with(vcpu, CODE_GPA, 0x0f);
	EXIT(.kind = EXIT_CPUID, .length = 2);
	assert_true(raises == 3 && !stepping);
	assert_false(vcpu->regs[LVMON_RFLAGS] & (RFLAGS_RF | RFLAGS_TF));
	/* A fault in the delivery of #DF */
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	expect_fatal("triple fault", EXIT(.kind = EXIT_EXCEPTION,
					  .exception = {.vector = VEC_GP, .first = VEC_DF}));
	expect_fatal("triple fault", EXIT(.kind = EXIT_SHUTDOWN));
	expect_fatal("the CPU refuses its state", EXIT(.kind = EXIT_REFUSED));
}

/* A write to a watched register: the CPU does it, in a step of its own or in a trap's. */
static void watched_writes(void **state)
{
	static const u32 gp = VEC_GP;

	EXIT(.kind = EXIT_REGISTER, .which = LVMON_WATCH_CR4);
	assert_true(begun == 1 && stepping && vcpu->step == STEP_WRITE);
	assert_true(vcpu->regs[LVMON_RFLAGS] & RFLAGS_RF);
	step_ends(DR6_BS, 3);
	assert_true(written == 1 && !stepping && !injected && !raises);
	assert_false(vcpu->regs[LVMON_RFLAGS] & (RFLAGS_RF | RFLAGS_TF));
	/* Its fault is the guest's, and no write. */
	EXIT(.kind = EXIT_REGISTER, .which = LVMON_WATCH_CR4);
	EXIT(.kind = EXIT_EXCEPTION,
	     .exception = {.vector = gp, .has_error = true, .first = NO_VECTOR});
	got(VEC_GP, INJECT_EXCEPTION);
	assert_true(written == 1 && not_written == 1 && !stepping);
	/* The vendor does what the CPU does not: the exit in the step ends it. */
	EXIT(.kind = EXIT_REGISTER, .which = LVMON_WATCH_CR0);
	vcpu_retire(vcpu, vcpu->regs[LVMON_RIP] + 3);
	assert_true(written == 2 && !stepping);
	/* The guest's own step goes on. */
	raises = 0;
	vcpu->regs[LVMON_RFLAGS] |= RFLAGS_TF;
	EXIT(.kind = EXIT_REGISTER, .which = LVMON_WATCH_IDTR);
	step_ends(DR6_BS, 3);
	assert_true(written == 3 && raises == 1 && (vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF));
	vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_TF;
	/* Under a trap: in its overlay. */
	vcpu_step_with(vcpu, CODE_GPA, 0x0f);
	EXIT(.kind = EXIT_REGISTER, .which = LVMON_WATCH_CR4);
	assert_true(vcpu->step == STEP_TRAP && view_root != nested_root);
	step_ends(DR6_BS, 3);
	assert_true(written == 4 && view_root == nested_root);
	/* An MSR that is passed is stepped over; one that is emulated, emulated. */
	watched_msr = 0x176;
	vcpu->regs[LVMON_RCX] = 0x176;
	EXIT(.kind = EXIT_MSR_WRITE, .length = 2);
	assert_true(vcpu->step == STEP_WRITE);
	step_ends(DR6_BS, 2);
	assert_int_equal(written, 5);
	watched_msr = MSR_MISC_FEATURES; /* as one of those would be */
	write_msr(MSR_MISC_FEATURES, 1);
	assert_true(written == 6 && !stepping);
	watched_msr = 0;
	/* Another CPU has changed what is watched. */
	the_cpu.rewatch = true;
	EXIT(.kind = EXIT_NONE);
	assert_true(rewatched == 1 && !the_cpu.attention);
}

/*
 * What an instruction in a step is given by us has the guest's RFLAGS in its frame, and no overlay.
 */
static void faults_in_a_step(void **state)
{
	static const struct {
		struct vm_exit exit;
		u32 vector;
	} cases[] = {
		{{.kind = EXIT_MSR_READ}, VEC_GP},
		{{.kind = EXIT_MSR_WRITE}, VEC_GP},
		{{.kind = EXIT_XSETBV}, VEC_GP},
		{{.kind = EXIT_VIRT_INSN}, VEC_UD},
		{{.kind = EXIT_UNKNOWN}, VEC_UD},
		{{.kind = EXIT_NESTED_PAGE, .page = {HOST_OWN, ACCESS_EXEC}}, VEC_UD},
		{{.kind = EXIT_NESTED_PAGE, .page = {1ull << 50, ACCESS_READ}}, VEC_GP},
		{{.kind = EXIT_SOFT_INT, .cpl = 3}, 0},
		{{.kind = EXIT_SOFT_INT}, 0},
	};

	vcpu->regs[LVMON_RCX] = 0x9999;
	identity_result = -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int own_store = 0; own_store < 2; own_store++)
			for (u64 tf = 0; tf <= RFLAGS_TF; tf += RFLAGS_TF) {
				vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED | tf;
				if (own_store)
					EXIT(.kind = EXIT_NESTED_PAGE,
					     .page = {HOST_OWN, ACCESS_WRITE});
				else
					vcpu_step_with(vcpu, CODE_GPA, 0x55);
				assert_true(stepping && (vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF));
				handle(cases[i].exit);
				if (cases[i].vector)
					got(cases[i].vector, INJECT_EXCEPTION);
				assert_int_equal(vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF, tf);
				assert_true(!stepping && !vcpu->overlay.own_open);
				assert_true(vcpu->step == STEP_NONE && view_root == nested_root);
			}
	assert_int_equal(soft_ints, 8);
}

/* Whose triple fault it was: our own state in the guest's place is the emulator's. */
static void shutdowns(void **state)
{
	static const struct {
		const u8 *rip;
		u64 cr3;
		bool emulator;
	} cases[] = {
		{image_start, HOST_OWN, true},
		{image_end - 1, HOST_OWN_END - PAGE_SIZE, true},
		{image_end, HOST_OWN, false},
		{image_start - 1, HOST_OWN, false},
		{image_start, HOST_OWN - PAGE_SIZE, false},
		{image_start, HOST_OWN_END, false},
	};

	for (volatile size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		vcpu->regs[LVMON_RIP] = (u64)cases[i].rip;
		registers[LVMON_CR3] = cases[i].cr3;
		expect_fatal("the guest's CPU 0 shut down", EXIT(.kind = EXIT_SHUTDOWN));
		assert_int_equal(strncmp(host_log, "emulator: CPU 0 shut down", 25) == 0,
				 cases[i].emulator);
	}
}

static void own_memory(void **state)
{
	/* Reads do not exit, so this is a fetch; there is no code. */
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {HOST_OWN, ACCESS_EXEC});
	got(VEC_UD, INJECT_EXCEPTION);
	/* A store: in a step, by a overlay in which all of our range can be written. */
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {HOST_OWN_END - 8, ACCESS_WRITE});
	assert_true(requeued == 1 && stepping && vcpu->overlay.own_open && view_root == 0x7000);
	assert_true(vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF);
	/* It has been let through, so it does not come again. */
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {HOST_OWN, ACCESS_WRITE});
	got(VEC_UD, INJECT_EXCEPTION);
	EXIT(.kind = EXIT_EXCEPTION, .exception = {.vector = VEC_DB, .first = NO_VECTOR});
	assert_true(!stepping && !vcpu->overlay.own_open && view_root == nested_root);
	assert_false(vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF);
	assert_int_equal(injected, 0);
	/* An instruction under a trap that stores there: both in one overlay. */
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {HOST_OWN, ACCESS_WRITE});
	assert_true(vcpu->step == STEP_TRAP && vcpu->overlay.own_open && view_root == 0x7000);
	EXIT(.kind = EXIT_EXCEPTION, .exception = {.vector = VEC_DB, .first = NO_VECTOR});
	assert_true(vcpu->step == STEP_NONE && view_root == nested_root);
}

/*
 * The frame of an exception goes there. TF would be cleared on the way, so that no #DB ended a
 * step; so it is none, and the overlay is left at an exit that comes later.
 */
static void delivery_to_own_memory(void **state)
{
	const struct vm_exit frame = {.kind = EXIT_NESTED_PAGE,
				      .page = {.gpa = HOST_OWN,
					       .access = ACCESS_WRITE,
					       .delivery = true,
					       .first = VEC_PF}};

	for (int i = 0; i < 3; i++) {
		vcpu_handle_exit(vcpu, &frame);
		assert_true(!stepping && vcpu->overlay.own_open && view_root == 0x7000);
		assert_false(vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF);
		assert_true(interrupts_trapped && requeued == (u32)i + 1);
		if (i == 0) {
			the_cpu.nmi_pending = PENDING_NOW; /* before the interrupt, which waits */
			EXIT(.kind = EXIT_INTERRUPT);
			got(VEC_NMI, INJECT_NMI);
		} else if (i == 1)
			EXIT(.kind = EXIT_NESTED_PAGE, .page = {0x100000000, ACCESS_READ});
		else
			vcpu_step_with(vcpu, CODE_GPA, 0x55);
		assert_false(i < 2 && vcpu->overlay.own_open);
		assert_int_equal(view_root, i == 2 ? 0x6000 : nested_root);
		requeued = (u32)i + 1;
	}
	EXIT(.kind = EXIT_EXCEPTION, .exception = {.vector = VEC_DB, .first = NO_VECTOR});
	/* NMIs are not put off until then. */
	vcpu_handle_exit(vcpu, &frame);
	the_cpu.nmi_pending = PENDING_NOW;
	EXIT(.kind = EXIT_NONE);
	got(VEC_NMI, INJECT_NMI);
}

/* Its stores are decoded, and where there is no instruction to decode, refused. */
static void region_of_a_device(void **state)
{
	static const u8 insn[] = {0x89, 0x01};
	struct vm_exit frame = {
		.kind = EXIT_NESTED_PAGE,
		.page = {.gpa = APIC, .access = ACCESS_WRITE, .delivery = true, .first = VEC_PF}};

	region_add(&device);
	memcpy(host_ram(CODE_GPA), insn, sizeof(insn));
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {APIC + 4, ACCESS_WRITE});
	assert_true(stores == 1 && !injected && vcpu->regs[LVMON_RIP] == CODE + 2);
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {APIC + 4, ACCESS_WRITE});
	got(VEC_GP, INJECT_EXCEPTION); /* there is no second one */
	vcpu_handle_exit(vcpu, &frame);
	got(VEC_DF, INJECT_EXCEPTION);
	assert_int_equal(stores, 1);
	frame.page.first = VEC_DF;
	expect_fatal("triple fault", vcpu_handle_exit(vcpu, &frame));
}

static void other_pages(void **state)
{
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {0x100000000, ACCESS_READ});
	assert_int_equal(requeued, 1);
	/* In a step the overlay must know of it, too; and its copy is not to be written to. */
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {0x100000000, ACCESS_READ});
	assert_true(refreshed == 1 && flushed == 1 && requeued == 2);
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {CODE_GPA + 8, ACCESS_WRITE});
	got(VEC_GP, INJECT_EXCEPTION);
	identity_result = -EFAULT;
	EXIT(.kind = EXIT_NESTED_PAGE, .page = {BIT(51), ACCESS_READ});
	got(VEC_GP, INJECT_EXCEPTION);
}

static u32 lines_of(const char *text)
{
	u32 lines = 0;

	for (const char *at = host_log; (at = strstr(at, text)); at++)
		lines++;
	return lines;
}

/* Each of these has a line in the log, and the guest can do them for ever. */
static void log_is_not_filled(void **state)
{
	identity_result = -EFAULT;
	region_add(&device);
	memset(host_ram(CODE_GPA), 0x90, 16);
	host_log_clear();
	for (u32 i = 0; i < 1000; i++) {
		EXIT(.kind = EXIT_NESTED_PAGE, .page = {BIT(51), ACCESS_READ});
		got(VEC_GP, INJECT_EXCEPTION);
		EXIT(.kind = EXIT_NESTED_PAGE, .page = {APIC + 0x300, ACCESS_WRITE});
		got(VEC_GP, INJECT_EXCEPTION);
	}
	assert_in_range(lines_of("no nested mapping"), 1, 110);
	assert_in_range(lines_of("not understood"), 1, 110);
}

/* At exits that come anyway, when it is time; not at hits, which the monitor looks after itself. */
static void traps_are_looked_at(void **state)
{
	looks = 0;
	monitor_look_at = 1000;
	vcpu->entered = 999;
	EXIT(.kind = EXIT_CPUID, .length = 2);
	assert_int_equal(looks, 0);
	vcpu->entered = 1000;
	trap_here = true;
	EXIT(.kind = EXIT_SOFT_INT);
	assert_int_equal(looks, 0);
	EXIT(.kind = EXIT_CPUID, .length = 2);
	EXIT(.kind = EXIT_CPUID, .length = 2);
	assert_int_equal(looks, 1);
	monitor_look_at = UINT64_MAX;
}

static void others(void **state)
{
	u64 value = 0;

	EXIT(.kind = EXIT_NONE);
	EXIT(.kind = EXIT_IO);
	assert_true(injected == 0 && ports_asked == 1);
	settled = 0;
	traps_unsettled = true;
	EXIT(.kind = EXIT_NONE);
	EXIT(.kind = EXIT_NONE);
	assert_int_equal(settled, 1);
	EXIT(.kind = EXIT_VIRT_INSN);
	got(VEC_UD, INJECT_EXCEPTION);
	/* An exit that nobody knows is no crash, and is told, but not for ever. */
	for (int i = 0; i < 1000; i++) {
		EXIT(.kind = EXIT_UNKNOWN, .code = 76);
		got(VEC_UD, INJECT_EXCEPTION);
	}
	assert_int_equal(vcpu->regs[LVMON_RIP], CODE);
	assert_non_null(strstr(host_log, "unknown exit 76"));
	assert_true(host_log_size < 110 * 80);
	registers[LVMON_CPL] = 3;
	assert_int_equal(vcpu_read_reg(vcpu, LVMON_CPL, &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(vcpu_read_reg(vcpu, LVMON_RIP, &value), 0);
	assert_int_equal(value, CODE);
	assert_int_equal(vcpu_read_reg(vcpu, LVMON_NR_REGS, &value), -EINVAL);
}

/* The page of a stack of its own, as cpu.c makes it. */
static struct exception_frame *frame_of(u64 vector)
{
	static u8 page[PAGE_SIZE] aligned(PAGE_SIZE);
	struct exception_frame *frame = (struct exception_frame *)(page + PAGE_SIZE - 16) - 1;

	memset(page, 0, sizeof(page));
	*(struct cpu **)(page + PAGE_SIZE - 16) = &the_cpu;
	frame->vector = vector;
	frame->cs = SEL_KERNEL_CS;
	frame->rip = 0x1000;
	return frame;
}

/* What arrived while the CPU was ours, one a time, when the guest can take it. */
static void arrived_meanwhile(void **state)
{
	the_cpu.nmi_pending = the_cpu.mc_pending = PENDING_NOW;
	EXIT(.kind = EXIT_NONE);
	got(VEC_MC, INJECT_EXCEPTION);
	assert_int_equal(the_cpu.mc_pending, 0);
	assert_false(last.has_error);
	ready = false; /* that one is on its way */
	EXIT(.kind = EXIT_NONE);
	assert_int_equal(injected, 0);
	assert_int_equal(the_cpu.nmi_pending, PENDING_PUT_OFF);
	ready = true;
	EXIT(.kind = EXIT_NONE);
	got(VEC_NMI, INJECT_NMI);
	assert_int_equal(the_cpu.attention, 0);

	/* Not in the middle of a step. */
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	the_cpu.mc_pending = PENDING_NOW;
	vcpu_pass_on(vcpu);
	assert_int_equal(injected, 0);
	assert_int_equal(the_cpu.mc_pending, PENDING_PUT_OFF);
	EXIT(.kind = EXIT_EXCEPTION, .exception = {.vector = VEC_DB, .first = NO_VECTOR});
	got(VEC_MC, INJECT_EXCEPTION);

	/* INIT ends a step, and comes before all. */
	the_cpu.id = 1;
	vcpu_step_with(vcpu, CODE_GPA, 0x55);
	the_cpu.init_pending = the_cpu.hold = true;
	EXIT(.kind = EXIT_NONE);
	assert_true(inits == 1 && obeyed == 1 && !stepping);
	/* Each may arrive while the other is dealt with, its kick included. */
	the_cpu.hold = true;
	init_at = hold_at = 2;
	EXIT(.kind = EXIT_NONE);
	assert_true(inits == 2 && obeyed == 3 && !the_cpu.attention);
	init_at = hold_at = 0;
	/* One that no store has announced; and one while the CPU was ours: #SX on AMD. */
	EXIT(.kind = EXIT_INIT);
	assert_true(inits == 3 && announced == 1 && !the_cpu.attention);
	exception_in_vmm(frame_of(VEC_SX));
	assert_true(the_cpu.init_pending);
	EXIT(.kind = EXIT_NONE);
	assert_int_equal(inits, 4);
	the_cpu.waiting = true; /* for SIPI already */
	exception_in_vmm(frame_of(VEC_SX));
	assert_false(the_cpu.init_pending);
	the_cpu.waiting = false;
	/* The first CPU goes to the firmware. */
	the_cpu.id = 0;
	expect_fatal("shut down (INIT)", EXIT(.kind = EXIT_INIT));
	the_cpu.init_pending = false;

	/* A guest without CR4.MCE is reset by it: SDM vol. 3, 2.5. */
	registers[LVMON_CR4] = CR4_PAE;
	the_cpu.mc_pending = PENDING_NOW;
	expect_fatal("machine check with CR4.MCE clear", EXIT(.kind = EXIT_NONE));
}

static void own_stack(void **state)
{
	struct exception_frame *frame = frame_of(VEC_NMI);

	exception_ist(frame);
	assert_int_equal(the_cpu.nmi_pending, PENDING_NOW);
	assert_int_equal(frame->rip, 0x1000);
	assert_int_equal(nmis_of_domain, 0);
	frame->cs = SEL_USER_CS;
	exception_ist(frame);
	assert_int_equal(nmis_of_domain, 1);
	/* A kick is not the guest's. */
	the_cpu.nmi_pending = 0;
	the_cpu.kicked = true;
	exception_ist(frame);
	assert_int_equal(nmis_of_domain, 2); /* it may stand for one of the guest's */
	frame->cs = SEL_KERNEL_CS;
	assert_true(!the_cpu.nmi_pending && !the_cpu.kicked);
	/* Behind the last look before the entry: once more. */
	frame->rip = (u64)guest_entry_start + 3;
	exception_ist(frame);
	assert_int_equal(frame->rip, (u64)guest_entry_again);

	/* A machine check is the guest's, wherever it met us, if that can go on. */
	host_msr_set(MSR_MCG_STATUS, MCG_STATUS_RIPV | BIT(2));
	frame = frame_of(VEC_MC);
	exception_ist(frame);
	assert_int_equal(the_cpu.mc_pending, PENDING_NOW);
	assert_int_equal(frame->rip, 0x1000);
	frame->rip = (u64)guest_entry_start;
	exception_ist(frame);
	assert_int_equal(frame->rip, (u64)guest_entry_again);
	/* The domain need not go on for that. */
	host_msr_set(MSR_MCG_STATUS, BIT(2));
	frame->cs = SEL_USER_CS;
	the_cpu.mc_pending = 0;
	exception_ist(frame);
	assert_int_equal(the_cpu.mc_pending, PENDING_NOW);
	frame->cs = SEL_KERNEL_CS;
	expect_fatal("machine check in the hypervisor", exception_ist(frame));
	expect_fatal("double fault", exception_ist(frame_of(VEC_DF)));
}

/* The guest's interrupts may have the vectors of exceptions: they are the guest's all the same. */
static void interrupts_are_taken(void **state)
{
	static const u32 vectors[] = {0, 7, 8, 13, 14, 16, 17, 18, 21, 29, 30, 31, 0x20, 0xff};
	struct exception_frame *frame = frame_of(VEC_MC);

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		pending_interrupt = vectors[i];
		EXIT(.kind = EXIT_INTERRUPT);
		got(vectors[i], INJECT_INTERRUPT);
		assert_false(last.has_error);
	}
	pending_interrupt = NO_VECTOR;
	injected = 0;
	EXIT(.kind = EXIT_INTERRUPT);
	assert_int_equal(injected, 0);

	/* That of #MC has its handler there too. */
	host_msr_set(MSR_MCG_STATUS, 0);
	frame->rip = (u64)take_interrupt + 3;
	frame->rflags = RFLAGS_FIXED | RFLAGS_IF;
	exception_ist(frame);
	assert_int_equal(frame->rax, VEC_MC);
	assert_int_equal(frame->rflags, RFLAGS_FIXED);
	assert_int_equal(the_cpu.mc_pending, 0);
	host_msr_set(MSR_MCG_STATUS, MCG_STATUS_MCIP | MCG_STATUS_RIPV);
	exception_ist(frame);
	assert_int_equal(the_cpu.mc_pending, PENDING_NOW);
	host_msr_set(MSR_MCG_STATUS, 0);
	frame->rip = 0x1000;
	expect_fatal("machine check in the hypervisor", exception_ist(frame));
}

static void in_ring_0(void **state)
{
	struct exception_frame *frame = frame_of(VEC_PF);

	frame->rip = (u64)copy_start + 2;
	exception_in_vmm(frame);
	assert_int_equal(frame->rip, (u64)copy_faulted);
	frame->vector = VEC_GP;
	frame->rip = (u64)msr_start + 2;
	exception_in_vmm(frame);
	assert_int_equal(frame->rip, (u64)msr_faulted);
	frame->rip = (u64)copy_start + 2;
	expect_fatal("exception", exception_in_vmm(frame));
	frame->vector = VEC_PF;
	frame->rip = (u64)copy_end;
	expect_fatal("exception", exception_in_vmm(frame));
	/* One interrupt is taken, and no other one over it. */
	frame->vector = 0xec;
	frame->rflags = RFLAGS_FIXED | RFLAGS_IF;
	exception_in_vmm(frame);
	assert_int_equal(the_cpu.taken, 0xec);
	assert_int_equal(frame->rflags, RFLAGS_FIXED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vendors, setup),
		cmocka_unit_test_setup(cpuid_exits, setup),
		cmocka_unit_test_setup(hidden_features, setup),
		cmocka_unit_test_setup(some_bits, setup),
		cmocka_unit_test_setup(msrs, setup),
		cmocka_unit_test_setup(time_stamp_counter, setup),
		cmocka_unit_test_setup(memory_types, setup),
		cmocka_unit_test_setup(xcr0, setup),
		cmocka_unit_test_setup(soft_interrupts, setup),
		cmocka_unit_test_setup(retires, setup),
		cmocka_unit_test_setup(trap_causes, setup),
		cmocka_unit_test_setup(steps, setup),
		cmocka_unit_test_setup(watched_writes, setup),
		cmocka_unit_test_setup(faults_in_a_step, setup),
		cmocka_unit_test_setup(shutdowns, setup),
		cmocka_unit_test_setup(interrupts_are_taken, setup),
		cmocka_unit_test_setup(own_memory, setup),
		cmocka_unit_test_setup(delivery_to_own_memory, setup),
		cmocka_unit_test_setup(region_of_a_device, setup),
		cmocka_unit_test_setup(other_pages, setup),
		cmocka_unit_test_setup(log_is_not_filled, setup),
		cmocka_unit_test_setup(traps_are_looked_at, setup),
		cmocka_unit_test_setup(others, setup),
		cmocka_unit_test_setup(arrived_meanwhile, setup),
		cmocka_unit_test_setup(own_stack, setup),
		cmocka_unit_test_setup(in_ring_0, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
