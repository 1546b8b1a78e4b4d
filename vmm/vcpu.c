/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what happens at each exit, for both vendors: one switch. Events for signatures go to the
 * hook monitor; the rest keeps up the picture of a machine without us.
 */
#include "vmm/apic.h"
#include "vmm/cpu.h"
#include "vmm/guest/msr.h"
#include "vmm/guest/nested.h"
#include "vmm/guest/region.h"
#include "vmm/guest/reset.h"
#include "vmm/guest/smm.h"
#include "vmm/guest/walk.h"
#include "vmm/hold.h"
#include "vmm/log.h"
#include "vmm/monitor/monitor.h"
#include "vmm/policy.h"
#include "vmm/smp.h"
#include "vmm/vcpu.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"
#include "vmm/x86/lapic.h"

#define EFER_FFXSR    BIT(14)
#define EFER_TCE      BIT(15)
#define EFER_AUTOIBRS BIT(21)

/* Components as in CPUID; the CPU checks which go together: SDM vol. 1, 13.3. */
#define XCR0_GUEST 0x602ffull

#define INSN_MAX 15

const struct vcpu_ops *vcpu_ops;

extern const u8 image_start[], image_end[]; /* vmm.lds */

static enum region_answer own_memory_fault(struct vcpu *vcpu, const struct vm_exit *exit);
static struct region own_memory = {.name = "hypervisor's memory",
				   .rights = ACCESS_READ,
				   .hidden = true,
				   .fault = own_memory_fault};

void vcpu_probe(void)
{
	static const struct vcpu_ops *const vendors[] = {&svm_ops, &vmx_ops};
	const char *error;

	for (size_t i = 0; i < ARRAY_SIZE(vendors) && !vcpu_ops; i++)
		if (vendors[i]->present())
			vcpu_ops = vendors[i];
	if (!vcpu_ops)
		fatal("this CPU has no AMD SVM and no Intel VT-x, or the firmware hides it; use a "
		      "CPU "
		      "with one of them (in QEMU: -cpu EPYC,+svm,+npt)");
	error = vcpu_ops->probe();
	if (error)
		fatal("%s", error);
}

void vcpu_init(const struct boot_info *bi)
{
	own_memory.start = bi->own;
	own_memory.size = bi->own_size;
	region_add(&own_memory);
	policy_init();
	ports_init(bi);
	vcpu_ops->init(bi);
}

/* A fault leaves RIP where it is; none of these instructions jumps. */
static void slow_path end_write(struct vcpu *vcpu)
{
	bool done = vcpu->regs[LVMON_RIP] != vcpu->step_rip;

	if (done)
		vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_RF;
	monitor_write_ends(vcpu, done);
}

/* As it was before the step. */
static void slow_path close_step(struct vcpu *vcpu)
{
	if (vcpu->step == STEP_NONE)
		return;
	if (vcpu->step != STEP_DELIVERY) {
		vcpu_ops->single_step(vcpu, false);
		if (!vcpu->step_guest_tf)
			vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_TF;
	}
	vcpu_ops->set_nested_root(vcpu, nested_root);
	nested_overlay_close(&vcpu->overlay);
	vcpu->step = STEP_NONE;
	if (unlikely(vcpu->writes.which))
		end_write(vcpu);
}

/* The event's frame shows RFLAGS to the guest: TF of a step that is open is ours. */
void slow_path vcpu_inject(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error,
			   u32 error)
{
	close_step(vcpu);
	vcpu_ops->inject(vcpu, vector, type, has_error, error);
}

static void inject_gp(struct vcpu *vcpu)
{
	vcpu_inject(vcpu, VEC_GP, INJECT_EXCEPTION, true, 0);
}

/* Leaves that are not simply passed: by values, so that the others need no memory for theirs. */
static struct cpuid_regs slow_path rare_cpuid(struct vcpu *vcpu, u32 leaf, u32 subleaf,
					      struct cpuid_regs r)
{
	const struct cpuid_regs *pass = policy_cpuid(leaf, subleaf);
	u64 cr4 = vcpu_ops->get_reg(vcpu, LVMON_CR4);

	/* OSXSAVE and OSPKE mirror CR4, which is ours at the moment. */
	if (leaf == 1)
		r.ecx = (r.ecx & ~(u32)BIT(27)) | (cr4 & CR4_OSXSAVE ? (u32)BIT(27) : 0);
	if (leaf == 7 && !subleaf)
		r.ecx = (r.ecx & ~(u32)BIT(4)) | (cr4 & CR4_PKE ? (u32)BIT(4) : 0);
	r.eax &= pass->eax;
	r.ebx &= pass->ebx;
	r.ecx &= pass->ecx;
	r.edx &= pass->edx;
	return r;
}

static void handle_cpuid(struct vcpu *vcpu)
{
	u64 *regs = vcpu->regs;
	u32 leaf = (u32)regs[LVMON_RAX], subleaf = (u32)regs[LVMON_RCX];
	struct cpuid_regs r = cpuid(leaf, subleaf);

	if (unlikely(leaf > cpuid_last || !cpuid_passes[leaf].eax)) {
		r = rare_cpuid(vcpu, leaf, subleaf, r);
	} else {
		r.eax &= cpuid_passes[leaf].eax;
		r.ebx &= cpuid_passes[leaf].ebx;
		r.ecx &= cpuid_passes[leaf].ecx;
		r.edx &= cpuid_passes[leaf].edx;
	}
	regs[LVMON_RAX] = r.eax;
	regs[LVMON_RBX] = r.ebx;
	regs[LVMON_RCX] = r.ecx;
	regs[LVMON_RDX] = r.edx;
}

static u64 efer_allowed(void)
{
	struct cpuid_regs r = cpuid(0x80000001, 0);
	u64 allowed = EFER_SCE | EFER_LME | EFER_LMA;

	allowed |= r.edx & BIT(20) ? EFER_NXE : 0;
	allowed |= r.edx & BIT(25) ? EFER_FFXSR : 0;
	allowed |= r.ecx & BIT(17) ? EFER_TCE : 0;
	if (cpuid(0x80000000, 0).eax >= 0x80000021 && (cpuid(0x80000021, 0).eax & BIT(8)))
		allowed |= EFER_AUTOIBRS;
	return allowed;
}

static int write_efer(struct vcpu *vcpu, u64 value)
{
	u64 now = vcpu_ops->get_reg(vcpu, LVMON_EFER);

	if (value & ~efer_allowed())
		return -EINVAL;
	/* APM vol. 2, 14.6.1: LME is fixed while paging is on. */
	if (((value ^ now) & EFER_LME) && (vcpu_ops->get_reg(vcpu, LVMON_CR0) & CR0_PG))
		return -EINVAL;
	vcpu_ops->set_reg(vcpu, LVMON_EFER, (value & ~EFER_LMA) | (now & EFER_LMA));
	return 0;
}

static int write_lstar(struct vcpu *vcpu, u64 value)
{
	if (!canonical(value, vcpu_ops->get_reg(vcpu, LVMON_CR4) & CR4_LA57))
		return -EINVAL;
	vcpu_ops->set_reg(vcpu, LVMON_LSTAR, value);
	return 0;
}

static void log_refusal(const char *what, u32 msr, enum policy_action action)
{
	log_limited("%s MSR %x: %s", what, msr, action == POLICY_IGNORE ? "ignored" : "#GP");
}

static int emulate_msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	switch (msr) {
	case MSR_EFER:
		return write_efer(vcpu, value);
	case MSR_LSTAR:
		return write_lstar(vcpu, value);
	case MSR_APIC_BASE:
		return lapic_write_base(value);
	case MSR_X2APIC_ICR:
		if (lapic_x2apic() && apic_icr_written(vcpu, (u32)value, (u32)(value >> 32)))
			return 0;
		return lapic_write_x2apic_icr(value);
	case MSR_MISC_FEATURES:
		if (wrmsr_safe(msr, value))
			return -EINVAL;
		vcpu->misc_features = value;
		return 0;
	}
	if (msr - MSR_X2APIC_FIRST < 0x100 && lapic_is_lvt((msr - MSR_X2APIC_FIRST) << 4) &&
	    lapic_x2apic() && smm_refuses((u32)value))
		return 0;
	if (guest_tsc_has(msr))
		return guest_tsc_write(vcpu, msr, value);
	if (guest_mtrr_has(msr))
		return guest_mtrr_write(vcpu, msr, value);
	/* outside of the intercept maps, or some bits */
	return policy_msr_write(vcpu_ops->vendor_id, msr, value);
}

static int emulate_msr_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
	if (guest_tsc_has(msr))
		return guest_tsc_read(vcpu, msr, value);
	if (guest_mtrr_has(msr))
		return guest_mtrr_read(vcpu, msr, value);
	return rdmsr_safe(msr, value);
}

static void start_step(struct vcpu *vcpu, enum step_reason reason);
static void end_delivery(struct vcpu *vcpu);

/* The CPU does it, with all checks and faults; the hook hears of it when it is done. */
static void slow_path step_over_write(struct vcpu *vcpu, u32 which, u32 msr)
{
	end_delivery(vcpu);
	monitor_write_begins(vcpu, which, msr);
	if (vcpu->step != STEP_NONE)
		return; /* a trap stands here: its own step ends with the instruction */
	/* A breakpoint of the guest's at this address came before the exit did. */
	vcpu->regs[LVMON_RFLAGS] |= RFLAGS_RF;
	start_step(vcpu, STEP_WRITE);
}

static void slow_path handle_msr_write(struct vcpu *vcpu, const struct vm_exit *exit)
{
	u64 *regs = vcpu->regs;
	u32 msr = (u32)regs[LVMON_RCX];
	u64 value = regs[LVMON_RDX] << 32 | (u32)regs[LVMON_RAX];
	enum policy_action action = policy_msr(vcpu_ops->vendor_id, msr, true);
	bool watched = monitor_watches(LVMON_WATCH_MSR, msr);

	if (watched && action == POLICY_PASS) {
		step_over_write(vcpu, LVMON_WATCH_MSR, msr);
		return;
	}
	if (watched)
		monitor_write_begins(vcpu, LVMON_WATCH_MSR, msr);
	if (action == POLICY_REFUSE || action == POLICY_IGNORE)
		log_refusal("write to", msr, action);
	if (action == POLICY_REFUSE ||
	    (action != POLICY_IGNORE && emulate_msr_write(vcpu, msr, value))) {
		if (watched)
			monitor_write_ends(vcpu, false);
		inject_gp(vcpu);
		return;
	}
	vcpu_retire(vcpu, regs[LVMON_RIP] + exit->length);
	if (watched && vcpu->writes.which)
		monitor_write_ends(vcpu, true);
	if (msr == MSR_LSTAR)
		monitor_lstar_written(vcpu);
}

static void slow_path handle_msr_read(struct vcpu *vcpu, const struct vm_exit *exit)
{
	u64 *regs = vcpu->regs;
	u32 msr = (u32)regs[LVMON_RCX];
	u64 value = 0;

	if (msr == MSR_EFER) {
		value = vcpu_ops->get_reg(vcpu, LVMON_EFER);
	} else if (policy_msr(vcpu_ops->vendor_id, msr, false) == POLICY_REFUSE ||
		   emulate_msr_read(vcpu, msr, &value)) {
		log_refusal("read of", msr, POLICY_REFUSE);
		inject_gp(vcpu);
		return;
	} else {
		value = policy_msr_read(vcpu_ops->vendor_id, msr, value);
	}
	regs[LVMON_RAX] = (u32)value;
	regs[LVMON_RDX] = value >> 32;
	vcpu_retire(vcpu, regs[LVMON_RIP] + exit->length);
}

/* XCR0 is the guest's all the time that the vmm runs; only the domain has its own. */
static void handle_xsetbv(struct vcpu *vcpu, const struct vm_exit *exit)
{
	u64 *regs = vcpu->regs;
	u64 value = regs[LVMON_RDX] << 32 | (u32)regs[LVMON_RAX];

	if ((u32)regs[LVMON_RCX] || (value & ~XCR0_GUEST) || xsetbv_safe(value)) {
		inject_gp(vcpu);
		return;
	}
	vcpu_retire(vcpu, regs[LVMON_RIP] + exit->length);
}

int vcpu_read_reg(struct vcpu *vcpu, enum lvmon_reg reg, u64 *value)
{
	if ((u32)reg >= LVMON_NR_REGS)
		return -EINVAL;
	*value = reg < LVMON_NR_EVENT_REGS ? vcpu->regs[reg] : vcpu_ops->get_reg(vcpu, reg);
	return 0;
}

static void handle_soft_int(struct vcpu *vcpu, const struct vm_exit *exit)
{
	if (!exit->cpl && monitor_breakpoint(vcpu, vcpu->regs[LVMON_RIP]))
		return;
	close_step(vcpu); /* as vcpu_inject() does */
	vcpu_ops->soft_int(vcpu);
}

static void start_step(struct vcpu *vcpu, enum step_reason reason)
{
	vcpu->step = reason;
	vcpu->step_guest_tf = vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF;
	vcpu->step_rip = vcpu->regs[LVMON_RIP];
	vcpu->regs[LVMON_RFLAGS] |= RFLAGS_TF;
	vcpu_ops->single_step(vcpu, true);
}

static void end_delivery(struct vcpu *vcpu)
{
	if (vcpu->step == STEP_DELIVERY)
		close_step(vcpu);
}

void vcpu_step_with(struct vcpu *vcpu, gpa_t gpa, u8 byte)
{
	close_step(vcpu);
	vcpu_ops->set_nested_root(vcpu, nested_overlay_open(&vcpu->overlay, gpa, byte));
	/* A breakpoint of the guest's at this address came before our INT3 did. */
	vcpu->regs[LVMON_RFLAGS] |= RFLAGS_RF;
	start_step(vcpu, STEP_TRAP);
}

/*
 * A store to our memory must vanish, whatever the instruction: it is executed in a overlay of this
 * CPU's own, in which our range is a scratch page. An event whose frame goes there is delivered in
 * the same overlay, but not in a step: delivery clears TF, so no exception would say that it has
 * ended.
 */
static enum region_answer slow_path own_memory_fault(struct vcpu *vcpu, const struct vm_exit *exit)
{
	if (exit->page.access != ACCESS_WRITE || vcpu->overlay.own_open)
		return REGION_UD; /* a fetch: reads do not exit */
	vcpu_ops->set_nested_root(vcpu, nested_overlay_open_own(&vcpu->overlay));
	if (vcpu->step == STEP_NONE && exit->page.delivery) {
		vcpu->step = STEP_DELIVERY;
		vcpu_ops->intercept_interrupts(vcpu, true); /* so that there is an exit soon */
	} else if (vcpu->step == STEP_NONE) {
		start_step(vcpu, STEP_OWN_MEMORY);
	}
	return REGION_AGAIN;
}

/*
 * No processor saves our own state as the guest's; QEMU's TCG does when another CPU's thread has
 * cleared GIF or nested paging in the flags of this one (docs/testing.md).
 */
static bool shut_down_in_vmm(struct vcpu *vcpu)
{
	const u64 rip = vcpu->regs[LVMON_RIP];

	return rip >= (u64)image_start && rip < (u64)image_end &&
	       vcpu_ops->get_reg(vcpu, LVMON_CR3) - own_memory.start < own_memory.size;
}

static void __noreturn shut_down(struct vcpu *vcpu, const char *why)
{
	log_line(
		"the guest's CPU %u shut down (%s): reset; rip %lx rsp %lx cr0 %lx cr2 %lx cr3 %lx "
		"idt %lx",
		vcpu->cpu->id, why, vcpu->regs[LVMON_RIP], vcpu->regs[LVMON_RSP],
		vcpu_ops->get_reg(vcpu, LVMON_CR0), vcpu_ops->get_reg(vcpu, LVMON_CR2),
		vcpu_ops->get_reg(vcpu, LVMON_CR3), vcpu_ops->get_reg(vcpu, LVMON_IDTR_BASE));
	reset_machine();
}

static bool contributory(u32 vector)
{
	return vector == VEC_DE || (vector >= VEC_TS && vector <= VEC_GP);
}

/* An intercepted exception has not been combined with the one before: SDM vol. 3, table 6-5. */
static bool is_double_fault(u32 first, u32 second)
{
	return (contributory(second) && (contributory(first) || first == VEC_PF)) ||
	       (second == VEC_PF && first == VEC_PF);
}

static bool is_branch(const struct vcpu *vcpu)
{
	return vcpu->regs[LVMON_RIP] - vcpu->step_rip - 1 >= INSN_MAX;
}

/* #DB in a step: the guest gets what of it is not the step's own. */
static void end_step_by_debug(struct vcpu *vcpu, u64 causes)
{
	close_step(vcpu);
	if (vcpu->regs[LVMON_RIP] != vcpu->step_rip)
		vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_RF;
	if (!vcpu->step_guest_tf || (vcpu_ops->steps_branches(vcpu) && !is_branch(vcpu)))
		causes &= ~DR6_BS;
	if (causes)
		vcpu_ops->raise_debug(vcpu, causes);
}

static bool in_step(const struct vcpu *vcpu)
{
	return vcpu->step != STEP_NONE && vcpu->step != STEP_DELIVERY;
}

void slow_path vcpu_end_flags(struct vcpu *vcpu)
{
	bool own = in_step(vcpu) && !vcpu->step_guest_tf;

	vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_RF;
	if (!(vcpu->regs[LVMON_RFLAGS] & RFLAGS_TF))
		return;
	close_step(vcpu);
	if (!own && !vcpu_ops->steps_branches(vcpu))
		vcpu_ops->raise_debug(vcpu, DR6_BS);
}

/* An exception that we intercept: of an instruction in a step, most of all. */
static void slow_path end_step(struct vcpu *vcpu, const struct vm_exit *exit)
{
	u32 first = exit->exception.first;

	if (exit->exception.vector == VEC_DB) {
		end_step_by_debug(vcpu, exit->exception.debug);
		return;
	}
	close_step(vcpu);
	if (first == VEC_DF)
		shut_down(vcpu, "triple fault");
	if (is_double_fault(first, exit->exception.vector)) {
		vcpu_inject(vcpu, VEC_DF, INJECT_EXCEPTION, true, 0);
		return;
	}
	if (exit->exception.vector == VEC_PF)
		vcpu_ops->set_reg(vcpu, LVMON_CR2, exit->exception.cr2);
	vcpu_inject(vcpu, exit->exception.vector, INJECT_EXCEPTION, exit->exception.has_error,
		    exit->exception.error);
}

/* What is not in the nested page table, and in no region. */
static enum region_answer map_more(struct vcpu *vcpu, gpa_t gpa)
{
	bool in_overlay = vcpu->step == STEP_TRAP && (gpa & PAGE_MASK) == vcpu->overlay.page;

	/* The overlay's copy is read-only: #GP (docs/threat-model.md). */
	if (in_overlay || nested_map_identity(gpa)) {
		log_limited("no nested mapping for guest-physical %lx: #GP", gpa);
		return REGION_GP;
	}
	if (vcpu->step != STEP_NONE) {
		nested_overlay_refresh(&vcpu->overlay);
		vcpu_ops->flush(vcpu);
	}
	return REGION_AGAIN;
}

static void fail_delivery(struct vcpu *vcpu, u32 first)
{
	if (first == VEC_DF)
		shut_down(vcpu, "triple fault");
	vcpu_inject(vcpu, VEC_DF, INJECT_EXCEPTION, true, 0);
}

static void slow_path handle_nested_page(struct vcpu *vcpu, const struct vm_exit *exit)
{
	gpa_t gpa = exit->page.gpa;
	const struct region *region = region_at(gpa, 1);
	enum region_answer answer;

	if (!exit->page.delivery)
		end_delivery(vcpu);
	answer = region ? region_fault(region, vcpu, exit) : map_more(vcpu, gpa);
	switch (answer) {
	case REGION_DONE:
		return;
	case REGION_AGAIN:
		vcpu_ops->requeue(vcpu);
		return;
	case REGION_UD:
		vcpu_inject(vcpu, VEC_UD, INJECT_EXCEPTION, false, 0);
		return;
	case REGION_GP:
		inject_gp(vcpu);
		return;
	case REGION_DF:
		fail_delivery(vcpu, exit->page.first);
	}
}

/*
 * Interrupts exit only while the guest's periodic timer runs as one-shot (lapic.h). Take this one
 * as the guest would, in service and without EOI, and pass its vector on.
 */
static void slow_path handle_interrupt(struct vcpu *vcpu)
{
	u32 vector;

	end_delivery(vcpu);
	if ((vcpu->cpu->nmi_pending | vcpu->cpu->mc_pending) && vcpu_ops->ready_to_inject(vcpu))
		return; /* these first; the interrupt stays pending */
	vcpu_ops->host_open();
	vector = descriptors_take_interrupt();
	vcpu_ops->host_close();
	lapic_periodic_resume();
	if (vector != NO_VECTOR)
		vcpu_inject(vcpu, vector, INJECT_INTERRUPT, false, 0);
	vcpu_ops->intercept_interrupts(vcpu, lapic_periodic_pending());
}

/* SEAMCALL on a CPU with TDX, or what a later CPU adds: it does not exist for this guest. */
static void slow_path handle_unknown(struct vcpu *vcpu, u64 code)
{
	log_limited("unknown exit %lu at %lx: #UD", code, vcpu->regs[LVMON_RIP]);
	vcpu_inject(vcpu, VEC_UD, INJECT_EXCEPTION, false, 0);
}

static void dispatch(struct vcpu *vcpu, const struct vm_exit *exit)
{
	switch (exit->kind) {
	case EXIT_NONE:
		break;
	case EXIT_CPUID:
		handle_cpuid(vcpu);
		vcpu_retire(vcpu, vcpu->regs[LVMON_RIP] + exit->length);
		break;
	case EXIT_SOFT_INT:
		handle_soft_int(vcpu, exit);
		return;
	case EXIT_EXCEPTION:
		end_step(vcpu, exit);
		break;
	case EXIT_INTERRUPT:
		handle_interrupt(vcpu);
		return; /* its vector may be in service, which would keep the engine's timer off */
	case EXIT_MSR_READ:
		handle_msr_read(vcpu, exit);
		break;
	case EXIT_MSR_WRITE:
		handle_msr_write(vcpu, exit);
		break;
	case EXIT_REGISTER:
		step_over_write(vcpu, exit->which, 0);
		break;
	case EXIT_IO:
		ports_access(vcpu, exit);
		break;
	case EXIT_NESTED_PAGE:
		handle_nested_page(vcpu, exit);
		break;
	case EXIT_XSETBV:
		handle_xsetbv(vcpu, exit);
		break;
	case EXIT_VIRT_INSN:
		vcpu_inject(vcpu, VEC_UD, INJECT_EXCEPTION, false, 0);
		break;
	case EXIT_INIT: /* not by a store that we see: there may be more */
		apic_init_announced(vcpu->cpu);
		vcpu->cpu->init_pending = true;
		break;
	case EXIT_UNKNOWN:
		handle_unknown(vcpu, exit->code);
		break;
	case EXIT_REFUSED:
		shut_down(vcpu, "the CPU refuses its state");
	case EXIT_SHUTDOWN:
		if (shut_down_in_vmm(vcpu))
			log_line("emulator: CPU %u shut down in the hypervisor's code, at %lx",
				 vcpu->cpu->id, vcpu->regs[LVMON_RIP]);
		shut_down(vcpu, "triple fault");
	}
	monitor_look(vcpu);
}

/* What arrived for the guest while the CPU was ours. */
void slow_path vcpu_pass_on(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->cpu;

	/* Each of the two opens the CPU to NMIs, and so may take the other's kick. */
	while (cpu->hold || cpu->init_pending || cpu->rewatch) {
		if (cpu->rewatch)
			monitor_rewatch(vcpu);
		if (cpu->hold)
			hold_obey(cpu);
		if (cpu->init_pending) {
			close_step(vcpu);
			/* The first CPU begins with the firmware again: SDM vol. 3, 9.4.2. */
			if (!cpu->id)
				shut_down(vcpu, "INIT");
			smp_init_received(vcpu);
		}
	}
	/* A step's one instruction first: its overlay is for that instruction only. */
	if (in_step(vcpu) || !vcpu_ops->ready_to_inject(vcpu)) {
		if (cpu->mc_pending)
			cpu->mc_pending = PENDING_PUT_OFF;
		if (cpu->nmi_pending)
			cpu->nmi_pending = PENDING_PUT_OFF;
	} else if (cpu->mc_pending) {
		cpu->mc_pending = 0;
		if (!(vcpu_ops->get_reg(vcpu, LVMON_CR4) & CR4_MCE))
			shut_down(vcpu, "machine check with CR4.MCE clear");
		vcpu_inject(vcpu, VEC_MC, INJECT_EXCEPTION, false, 0);
	} else if (cpu->nmi_pending) {
		cpu->nmi_pending = 0;
		vcpu_inject(vcpu, VEC_NMI, INJECT_NMI, false, 0);
	}
}

void vcpu_handle_exit(struct vcpu *vcpu, const struct vm_exit *exit)
{
	dispatch(vcpu, exit);
	if (unlikely(traps_unsettled))
		monitor_settle();
	if (unlikely(vcpu->cpu->attention))
		vcpu_pass_on(vcpu);
}
