/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel VT-x behind vcpu.h: enters the guest and turns what the CPU reports into a struct vm_exit.
 * Decides nothing.
 *
 * VT-x leaves registers of the guest's in the CPU across an exit: CR2, and the MSRs of SYSCALL and
 * SWAPGS. The vmm uses none of them, only the domain does; so they are exchanged around host_open()
 * and host_close(), and the many exits that never get there do not pay for it.
 */
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/vmx/vmx.h"
#include "vmm/x86/asm.h"

#define INVEPT_SINGLE 1
#define INVVPID_ALL   2

_Static_assert(offsetof(struct cpu, attention) == 40, "known to entry.S");

void vmx_exit(struct vcpu *vcpu);
void vmx_entry_failed(struct vcpu *vcpu) __noreturn;

void vmx_flush(struct vcpu *vcpu)
{
	invept(INVEPT_SINGLE, vmx_of(vcpu)->eptp);
	invvpid(INVVPID_ALL);
}

static void vmx_set_nested_root(struct vcpu *vcpu, hpa_t root)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	vmx->eptp = root | (vmx->eptp & ~PAGE_MASK);
	vmwrite(VMCS_EPTP, vmx->eptp);
	vmx_flush(vcpu);
}

static void vmx_host_open(void)
{
	struct cpu *cpu = this_cpu();
	struct vmx_vcpu *vmx = vmx_of(&cpu->vcpu);

	vmx->star = rdmsr(MSR_STAR);
	vmx->lstar = rdmsr(MSR_LSTAR);
	vmx->sfmask = rdmsr(MSR_SFMASK);
	vmx->kernel_gs_base = rdmsr(MSR_KERNEL_GS_BASE);
	vmx->cr2 = read_cr2();
	vmx->host_open = true;
	cpu_load_syscall();
	/*
	 * VM entries and exits leave CD and NW as they are (SDM vol. 3, 28.5.1): without caches
	 * the domain's time would be up before it has done anything.
	 */
	vmx->cr0 = read_cr0();
	if (unlikely(vmx->cr0 & (CR0_CD | CR0_NW)))
		write_cr0(vmx->cr0 & ~(CR0_CD | CR0_NW));
	/* CPUID must not fault in ring 3. */
	if (unlikely(cpu->vcpu.misc_features))
		wrmsr(MSR_MISC_FEATURES, 0);
	descriptors_limit(&cpu->descriptors);
}

static void vmx_host_close(void)
{
	struct vmx_vcpu *vmx = vmx_of(&this_cpu()->vcpu);

	wrmsr(MSR_STAR, vmx->star);
	wrmsr(MSR_LSTAR, vmx->lstar);
	wrmsr(MSR_SFMASK, vmx->sfmask);
	wrmsr(MSR_KERNEL_GS_BASE, vmx->kernel_gs_base);
	write_cr2(vmx->cr2);
	/* Who works without caches relies on their being empty. */
	if (unlikely(vmx->cr0 & (CR0_CD | CR0_NW))) {
		wbinvd();
		write_cr0(vmx->cr0);
	}
	if (unlikely(this_cpu()->vcpu.misc_features))
		wrmsr(MSR_MISC_FEATURES, this_cpu()->vcpu.misc_features);
	vmx->host_open = false;
}

static void write_pin(struct vmx_vcpu *vmx, bool interrupts)
{
	vmx->pin = interrupts ? vmx->pin | PIN_INTERRUPTS : vmx->pin & ~PIN_INTERRUPTS;
	vmwrite(VMCS_PIN_CONTROLS, vmx->pin);
}

static void write_window(struct vmx_vcpu *vmx, u64 window, bool on)
{
	vmx->primary = on ? vmx->primary | window : vmx->primary & ~window;
	vmwrite(VMCS_PRIMARY_CONTROLS, vmx->primary);
}

static void block_nmi_again(void)
{
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCKED_BY_NMI);
}

static u32 guest_cpl(void)
{
	return vmread(VMCS_GUEST_SS_RIGHTS) >> 5 & 3;
}

/* The exception in whose delivery the exit came, or NO_VECTOR. */
static u32 delivered_exception(void)
{
	u64 info = vmread(VMCS_VECTORING_EVENT);

	return (info & EVENT_VALID) && (info >> 8 & 7) == INJECT_EXCEPTION ? info & 0xff
									   : NO_VECTOR;
}

static void decode_exception(struct vm_exit *exit)
{
	u64 info = vmread(VMCS_EXIT_EVENT);
	u32 vector = info & 0xff;

	/* It has been taken from the APIC, and NMIs are blocked, as if it had come to us. */
	if (vector == VEC_NMI) {
		__asm__ volatile("int %0" : : "i"(VEC_NMI) : "memory");
		return;
	}
	/* An IRET that faulted has opened NMIs too early: SDM vol. 3, 28.2.3. */
	if ((info & EVENT_NMI_UNBLOCKED) && vector != VEC_DF &&
	    !(vmread(VMCS_VECTORING_EVENT) & EVENT_VALID))
		block_nmi_again();
	if (vector == VEC_BP) {
		exit->kind = EXIT_SOFT_INT;
		exit->cpl = guest_cpl();
		return;
	}
	exit->kind = EXIT_EXCEPTION;
	exit->exception.vector = vector;
	exit->exception.has_error = info & EVENT_ERROR;
	exit->exception.error = (u32)vmread(VMCS_EXIT_ERROR);
	if (vector == VEC_PF)
		exit->exception.cr2 = vmread(VMCS_QUALIFICATION);
	exit->exception.first = delivered_exception();
	/* An exit for #DB leaves DR6 as it was: SDM vol. 3, 28.1. */
	if (vector == VEC_DB)
		exit->exception.debug =
			vcpu_debug_causes(vmread(VMCS_QUALIFICATION), vmread(VMCS_GUEST_DR7));
}

/*
 * External-interrupt exiting knows no RFLAGS.IF. Where the guest cannot take the interrupt, wait
 * for the moment when it can, and look then.
 */
static void decode_interrupt(struct vcpu *vcpu, struct vm_exit *exit)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	if ((vcpu->regs[LVMON_RFLAGS] & RFLAGS_IF) &&
	    !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & BLOCKED_SHADOW)) {
		exit->kind = EXIT_INTERRUPT;
		return;
	}
	write_pin(vmx, false);
	write_window(vmx, PRIMARY_INTERRUPT_WINDOW, true);
	exit->kind = EXIT_NONE;
}

static void decode_io(struct vcpu *vcpu, struct vm_exit *exit)
{
	u64 info = vmread(VMCS_QUALIFICATION); /* SDM vol. 3, table 28-5 */

	exit->kind = EXIT_IO;
	exit->io.port = (u16)(info >> 16);
	exit->io.size = (u8)((info & 7) + 1);
	exit->io.in = info & BIT(3);
	exit->io.string = info & BIT(4);
	exit->io.next_rip = vcpu->regs[LVMON_RIP] + vmread(VMCS_EXIT_LENGTH);
}

static void decode_violation(struct vm_exit *exit)
{
	u64 info = vmread(VMCS_QUALIFICATION);

	exit->page.first = delivered_exception();
	exit->page.delivery = vmread(VMCS_VECTORING_EVENT) & EVENT_VALID;
	exit->page.walk = (info & (VIOLATION_LINEAR | VIOLATION_ACCESS)) == VIOLATION_LINEAR;
	if ((info & VIOLATION_NMI_UNBLOCKED) && !exit->page.delivery)
		block_nmi_again();
	exit->kind = EXIT_NESTED_PAGE;
	exit->page.gpa = vmread(VMCS_GUEST_PHYSICAL);
	exit->page.access = info & VIOLATION_FETCH   ? ACCESS_EXEC
			    : info & VIOLATION_WRITE ? ACCESS_WRITE
						     : ACCESS_READ;
}

/*
 * Exits that no instruction causes (SDM vol. 3, appendix C), and those of an entry that failed:
 * they come by controls that are off, or by what we have set up wrongly.
 */
static bool is_event(u64 reason)
{
	switch (reason) {
	case 4 ... 6:	/* SIPI, SMI */
	case 33 ... 34: /* failed entries */
	case 37:	/* trap flag */
	case 41:	/* failed entry */
	case 43 ... 45: /* TPR, virtual APIC */
	case 49:	/* an EPT entry is wrong */
	case 52:	/* preemption timer */
	case 56:	/* virtual APIC */
	case 62:	/* page log */
	case 66:	/* sub-page rights */
	case 74 ... 75: /* bus lock, time-out */
		return true;
	default:
		return false;
	}
}

static void decode(struct vcpu *vcpu, u64 reason, struct vm_exit *exit)
{
	/* Those that say it all; EXIT_NONE: see below */
	static const u8 kinds[] = {
		[REASON_TRIPLE_FAULT] = EXIT_SHUTDOWN,
		[REASON_INIT] = EXIT_INIT,
		[REASON_CPUID] = EXIT_CPUID,
		[REASON_GETSEC] = EXIT_VIRT_INSN,
		[REASON_VMCALL... REASON_VMXON] = EXIT_VIRT_INSN,
		[REASON_MSR_READ] = EXIT_MSR_READ,
		[REASON_MSR_WRITE] = EXIT_MSR_WRITE,
		[REASON_INVEPT] = EXIT_VIRT_INSN,
		[REASON_INVVPID] = EXIT_VIRT_INSN,
		[REASON_XSETBV] = EXIT_XSETBV,
	};

	exit->kind = reason < ARRAY_SIZE(kinds) ? kinds[reason] : EXIT_NONE;
	if (exit->kind != EXIT_NONE) {
		exit->length = (u32)vmread(VMCS_EXIT_LENGTH);
		return;
	}
	switch (reason) {
	case REASON_EXCEPTION:
		decode_exception(exit);
		return;
	case REASON_INTERRUPT:
		decode_interrupt(vcpu, exit);
		return;
	case REASON_INTERRUPT_WINDOW:
		write_window(vmx_of(vcpu), PRIMARY_INTERRUPT_WINDOW, false);
		write_pin(vmx_of(vcpu), vmx_of(vcpu)->intercept_interrupts);
		return;
	case REASON_NMI_WINDOW:
		write_window(vmx_of(vcpu), PRIMARY_NMI_WINDOW, false);
		return;
	case REASON_IO:
		decode_io(vcpu, exit);
		return;
	case REASON_EPT_VIOLATION:
		decode_violation(exit);
		return;
	case REASON_TABLES:
	case REASON_SEGMENTS:
		(void)!vmx_decode_watched(reason, exit);
		return;
	case REASON_CR_ACCESS:
		if (vmx_decode_watched(reason, exit))
			return;
		vmx_control_access(vcpu);
		return;
	case REASON_INVD: /* what the caches hold is ours too: it must not be thrown away */
		wbinvd();
		vcpu_retire(vcpu, vcpu->regs[LVMON_RIP] + vmread(VMCS_EXIT_LENGTH));
		return;
	case REASON_TASK_SWITCH: /* exits always; no 64-bit system has hardware tasks */
		log_limited("the guest switches tasks by hardware, which is not supported: #GP");
		vcpu_inject(vcpu, VEC_GP, INJECT_EXCEPTION, true, 0);
		return;
	default:
		if (reason & REASON_ENTRY_FAILED)
			vmx_entry_failed(vcpu);
		if (is_event(reason))
			crash(NULL, "VT-x exit %lu qualification %lx rip %lx", reason,
			      vmread(VMCS_QUALIFICATION), vcpu->regs[LVMON_RIP]);
		exit->kind = EXIT_UNKNOWN;
		exit->code = reason;
	}
}

/* An instruction is behind us: so is the shadow of the one before. */
static void end_shadow(void)
{
	u64 blocked = vmread(VMCS_GUEST_INTERRUPTIBILITY);

	if (blocked & BLOCKED_SHADOW)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, blocked & ~BLOCKED_SHADOW);
}

/*
 * Called by entry.S after each exit; the guest goes on when it returns. Flattened, as svm_exit()
 * is: both vendors call the dispatcher, and this is the way that each exit takes.
 */
void __attribute__((flatten)) vmx_exit(struct vcpu *vcpu)
{
	u64 *regs = vcpu->regs, rip, rsp, rflags;
	struct vm_exit exit;

	vcpu->entered = rdtsc();
	regs[LVMON_RIP] = rip = vmread(VMCS_GUEST_RIP);
	regs[LVMON_RSP] = rsp = vmread(VMCS_GUEST_RSP);
	regs[LVMON_RFLAGS] = rflags = vmread(VMCS_GUEST_RFLAGS);
	decode(vcpu, vmread(VMCS_EXIT_REASON) & REASON_MASK, &exit);
	vcpu_handle_exit(vcpu, &exit);
	if (regs[LVMON_RSP] != rsp)
		vmwrite(VMCS_GUEST_RSP, regs[LVMON_RSP]);
	if (unlikely((regs[LVMON_RIP] ^ rip) >> 32))
		regs[LVMON_RIP] = vmx_fit_rip(vcpu, rip, regs[LVMON_RIP]);
	if (regs[LVMON_RFLAGS] != rflags)
		vmwrite(VMCS_GUEST_RFLAGS, regs[LVMON_RFLAGS]);
	if (regs[LVMON_RIP] != rip) {
		vmwrite(VMCS_GUEST_RIP, regs[LVMON_RIP]);
		end_shadow();
	}
	vcpu->spent += rdtsc() - vcpu->entered;
}

/* Also called by entry.S, where VMLAUNCH or VMRESUME fails. */
void vmx_entry_failed(struct vcpu *vcpu)
{
	u64 reason = vmread(VMCS_EXIT_REASON);

#ifdef LVISOR_DEBUG
	vmx_explain_entry();
#endif
	if (reason & BIT(31))
		crash(NULL, "VM entry failed: reason %lu qualification %lx rip %lx",
		      reason & 0xffff, vmread(VMCS_QUALIFICATION), vmread(VMCS_GUEST_RIP));
	crash(NULL, "VM entry failed: VM-instruction error %lu rip %lx", vmread(VMCS_INSN_ERROR),
	      vmread(VMCS_GUEST_RIP));
}

u64 vmx_seen(u64 real, u64 mask, u64 shadow)
{
	u64 hidden = vmread(mask);

	return (vmread(real) & ~hidden) | (vmread(shadow) & hidden);
}

static void vmx_get_paging(struct vcpu *vcpu, struct vcpu_paging *paging)
{
	paging->cr3 = vmread(VMCS_GUEST_CR3);
	paging->la57 = vmread(VMCS_GUEST_CR4) & CR4_LA57;
	paging->gs_base = vmread(VMCS_GUEST_GS_BASE);
	paging->dr7 = vmread(VMCS_GUEST_DR7);
}

static u64 vmx_get_reg(struct vcpu *vcpu, enum lvmon_reg reg)
{
	static const u16 fields[] = {
		[LVMON_CR3] = VMCS_GUEST_CR3,
		[LVMON_EFER] = VMCS_GUEST_EFER,
		[LVMON_FS_BASE] = VMCS_GUEST_FS_BASE,
		[LVMON_GS_BASE] = VMCS_GUEST_GS_BASE,
		[LVMON_IDTR_BASE] = VMCS_GUEST_IDTR_BASE,
	};
	const struct vmx_vcpu *vmx = vmx_of(vcpu);

	switch (reg) {
	case LVMON_CR0:
		return vmx_seen(VMCS_GUEST_CR0, VMCS_CR0_MASK, VMCS_CR0_SHADOW);
	case LVMON_CR2:
		return vmx->host_open ? vmx->cr2 : read_cr2();
	case LVMON_CR4:
		return vmx_seen(VMCS_GUEST_CR4, VMCS_CR4_MASK, VMCS_CR4_SHADOW);
	case LVMON_LSTAR:
		return vmx->host_open ? vmx->lstar : rdmsr(MSR_LSTAR);
	case LVMON_KERNEL_GS_BASE:
		return vmx->host_open ? vmx->kernel_gs_base : rdmsr(MSR_KERNEL_GS_BASE);
	case LVMON_CPL:
		return guest_cpl();
	default:
		return (u32)reg < ARRAY_SIZE(fields) && fields[reg] ? vmread(fields[reg]) : 0;
	}
}

static void vmx_get_event_regs(struct vcpu *vcpu, struct lvmon_event *event)
{
	event->kernel_gs_base = vmx_get_reg(vcpu, LVMON_KERNEL_GS_BASE);
	event->cpl = guest_cpl();
}

static void vmx_set_reg(struct vcpu *vcpu, enum lvmon_reg reg, u64 value)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	if (reg == LVMON_EFER) {
		vmwrite(VMCS_GUEST_EFER, value);
	} else if (reg == LVMON_LSTAR) {
		vmx->lstar = value;
		if (!vmx->host_open)
			wrmsr(MSR_LSTAR, value);
	} else if (reg == LVMON_CR2) {
		vmx->cr2 = value;
		if (!vmx->host_open)
			write_cr2(value);
	}
}

static bool vmx_ready_to_inject(struct vcpu *vcpu)
{
	bool ready = !(vmread(VMCS_ENTRY_EVENT) & EVENT_VALID) &&
		     !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCKED_BY_NMI | BLOCKED_SHADOW));

	if (!ready)
		write_window(vmx_of(vcpu), PRIMARY_NMI_WINDOW, true);
	return ready;
}

static void vmx_inject(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error,
		       u32 error)
{
	u64 event = vector | EVENT_TYPE((u64)type) | EVENT_VALID;

	/* Real mode has no error codes: SDM vol. 3, 27.2.1.3. */
	if (has_error && (vmread(VMCS_GUEST_CR0) & CR0_PE)) {
		vmwrite(VMCS_ENTRY_ERROR, error);
		event |= EVENT_ERROR;
	}
	vmwrite(VMCS_ENTRY_EVENT, event);
}

/* Only INT3 exits. It returns behind itself, and the CPU does not forget its length. */
static void vmx_soft_int(struct vcpu *vcpu)
{
	end_shadow();
	vmwrite(VMCS_ENTRY_LENGTH, vmread(VMCS_EXIT_LENGTH));
	vmwrite(VMCS_ENTRY_EVENT, VEC_BP | EVENT_TYPE(TYPE_SOFT_EXCEPTION) | EVENT_VALID);
}

static bool vmx_soft_int_is_long(struct vcpu *vcpu)
{
	return vmread(VMCS_EXIT_LENGTH) > 1;
}

/*
 * Injected, it leaves to us what it does to DR6, DR7 and DEBUGCTL (SDM vol. 3, 17.4.1, 17.4.3,
 * 27.6.1.1); its delivery ends the shadow.
 */
static void vmx_raise_debug(struct vcpu *vcpu, u64 causes)
{
	u64 dr6 = read_dr6();

	end_shadow();
	if (causes & DR6_BREAKPOINTS)
		dr6 &= ~DR6_BREAKPOINTS;
	write_dr6(dr6 | causes);
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
	vmwrite(VMCS_GUEST_DEBUGCTL, vmread(VMCS_GUEST_DEBUGCTL) & ~(DEBUGCTL_LBR | DEBUGCTL_BTF));
	vmx_inject(vcpu, VEC_DB, INJECT_EXCEPTION, false, 0);
}

static bool vmx_steps_branches(struct vcpu *vcpu)
{
	const struct vmx_vcpu *vmx = vmx_of(vcpu);

	return (vmx->stepping ? vmx->debugctl : vmread(VMCS_GUEST_DEBUGCTL)) & DEBUGCTL_BTF;
}

/*
 * For one instruction, interrupts and NMIs are blocked as they are behind a MOV to SS: the only
 * state that does so whatever RFLAGS.IF is. Such an instruction boundary takes no #DB either, but
 * the next one does; and VT-x wants the #DB of the step before to be pending then (SDM vol.
 * 3, 27.3.1.5), which the blocked boundary swallows.
 */
static void block_for_step(bool on)
{
	/* An enclave is left already, for its AEP; its bit and MOV SS exclude each other. */
	u64 blocked = vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~BLOCKED_ENCLAVE;
	u64 pending = vmread(VMCS_GUEST_PENDING_DEBUG) & ~PENDING_STEP;

	/* At its end, what is left may be the shadow of the STI that was stepped over. */
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, on ? (blocked & ~BLOCKED_SHADOW) | BLOCKED_BY_MOV_SS
						: blocked & ~BLOCKED_BY_MOV_SS);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, on ? pending | PENDING_STEP : pending);
}

static void vmx_requeue(struct vcpu *vcpu)
{
	u64 info = vmread(VMCS_VECTORING_EVENT);
	u32 type = info >> 8 & 7;

	if (!(info & EVENT_VALID) || (vmread(VMCS_ENTRY_EVENT) & EVENT_VALID))
		return;
	if (vmx_of(vcpu)->stepping)
		block_for_step(false); /* nothing can be injected there */
	if (type == INJECT_NMI)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~BLOCKED_BY_NMI);
	if (info & EVENT_ERROR)
		vmwrite(VMCS_ENTRY_ERROR, vmread(VMCS_VECTORING_ERROR));
	if (type >= TYPE_SOFT_INT && type <= TYPE_SOFT_EXCEPTION)
		vmwrite(VMCS_ENTRY_LENGTH, vmread(VMCS_EXIT_LENGTH));
	vmwrite(VMCS_ENTRY_EVENT, info & (EVENT_VALID | EVENT_ERROR | EVENT_TYPE_MASK | 0xff));
}

static void write_exceptions(struct vmx_vcpu *vmx)
{
	u32 all = vmx->stepping ? UINT32_MAX & ~(u32)BIT(VEC_BP) & ~(u32)BIT(VEC_NMI) : 0;

	vmwrite(VMCS_EXCEPTIONS, all | (vmx->intercept_breakpoints ? (u32)BIT(VEC_BP) : 0));
}

static void vmx_intercept_breakpoints(struct vcpu *vcpu, bool on)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	if (vmx->intercept_breakpoints == on)
		return;
	vmx->intercept_breakpoints = on;
	write_exceptions(vmx);
}

static void vmx_intercept_lstar(struct vcpu *vcpu, bool on)
{
	vmx_intercept_msr(vmx_of(vcpu), MSR_LSTAR, false, on);
}

static void vmx_set_tsc_offset(struct vcpu *vcpu, u64 offset)
{
	vmwrite(VMCS_TSC_OFFSET, offset);
	vmx_intercept_msr(vmx_of(vcpu), MSR_TSC_DEADLINE, offset, offset);
}

static void vmx_intercept_interrupts(struct vcpu *vcpu, bool on)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	if (vmx->intercept_interrupts == on)
		return;
	vmx->intercept_interrupts = on;
	write_pin(vmx, on);
	write_window(vmx, PRIMARY_INTERRUPT_WINDOW, false);
}

static void vmx_single_step(struct vcpu *vcpu, bool on)
{
	struct vmx_vcpu *vmx = vmx_of(vcpu);

	vmx->stepping = on;
	write_exceptions(vmx);
	block_for_step(on);
	/* With BTF set, TF would stop at branches only: SDM vol. 3, 17.4.4. */
	if (on) {
		vmx->debugctl = vmread(VMCS_GUEST_DEBUGCTL);
		vmwrite(VMCS_GUEST_DEBUGCTL, vmx->debugctl & ~DEBUGCTL_BTF);
	} else if (vmx->debugctl & DEBUGCTL_BTF) {
		vmwrite(VMCS_GUEST_DEBUGCTL, vmx->debugctl);
	}
}

const struct vcpu_ops vmx_ops = {
	.name = "Intel VT-x",
	.vendor_id = 1,
	.present = vmx_present,
	.probe = vmx_probe,
	.init = vmx_init,
	.init_cpu = vmx_init_cpu,
	.start_up = vmx_start_up,
	.run = vmx_loop,
	.host_open = vmx_host_open,
	.host_close = vmx_host_close,
	.get_paging = vmx_get_paging,
	.get_reg = vmx_get_reg,
	.get_event_regs = vmx_get_event_regs,
	.set_reg = vmx_set_reg,
	.ready_to_inject = vmx_ready_to_inject,
	.inject = vmx_inject,
	.requeue = vmx_requeue,
	.soft_int = vmx_soft_int,
	.soft_int_is_long = vmx_soft_int_is_long,
	.raise_debug = vmx_raise_debug,
	.steps_branches = vmx_steps_branches,
	.intercept_breakpoints = vmx_intercept_breakpoints,
	.intercept_lstar = vmx_intercept_lstar,
	.intercept_interrupts = vmx_intercept_interrupts,
	.watch_msr = vmx_watch_msr,
	.watch = vmx_watch,
	.watched_value = vmx_watched_value,
	.set_tsc_offset = vmx_set_tsc_offset,
	.single_step = vmx_single_step,
	.flush = vmx_flush,
	.set_nested_root = vmx_set_nested_root,
};
