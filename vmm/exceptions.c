/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and interrupts in ring 0, and those with a stack of their own from any ring. */
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/log.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"

/* The way into the guest of a vendor that lets NMIs come there; see vmx/entry.S. */
extern u8 guest_entry_start[], guest_entry_end[], guest_entry_again[];
extern u8 copy_start[], copy_end[], copy_faulted[];
extern u8 take_interrupt_end[];
extern u8 msr_start[], msr_end[], msr_faulted[];

void exception_in_vmm(struct exception_frame *frame);
void exception_ist(struct exception_frame *frame);

void exception_init_seen(void)
{
	struct cpu *cpu = this_cpu();

	/* One that waits for SIPI has had it. */
	if (!cpu->waiting)
		__atomic_store_n(&cpu->init_pending, true, __ATOMIC_SEQ_CST);
}

void exception_in_vmm(struct exception_frame *frame)
{
	if (frame->vector == VEC_PF && frame->rip >= (u64)copy_start &&
	    frame->rip < (u64)copy_end) {
		/* The domain gave us a pointer that leads nowhere. */
		frame->rip = (u64)copy_faulted;
		return;
	}
	if (frame->vector == VEC_GP && frame->rip >= (u64)msr_start && frame->rip < (u64)msr_end) {
		frame->rip = (u64)msr_faulted;
		return;
	}
	if (frame->vector == VEC_SX) {
		exception_init_seen();
		return;
	}
	if (frame->vector >= 32) {
		/*
		 * Interrupts are only on where somebody waits for one: for one, since the next, if
		 * it were of a higher class, would take the place of what cpu->taken holds.
		 */
		frame->rflags &= ~RFLAGS_IF;
		if (this_cpu()->waiting)
			lapic_end_of_interrupt();
		else if (!domain_interrupt((u32)frame->vector))
			this_cpu()->taken = (u32)frame->vector;
		return;
	}
	crash(frame, "exception %lu in the hypervisor", frame->vector);
}

/*
 * Can what a machine check has interrupted go on? Ring 3 may: what comes of it is the guest's say.
 */
static bool goes_on(const struct exception_frame *frame)
{
	u64 status;

	return (frame->cs & 3) ||
	       (!rdmsr_safe(MSR_MCG_STATUS, &status) && (status & MCG_STATUS_RIPV));
}

/* An interrupt with the vector of #MC, where the guest's interrupts are taken. */
static bool is_interrupt(const struct exception_frame *frame)
{
	u64 status;

	return frame->rip - (u64)take_interrupt < (u64)take_interrupt_end - (u64)take_interrupt &&
	       !rdmsr_safe(MSR_MCG_STATUS, &status) && !(status & MCG_STATUS_MCIP);
}

void exception_ist(struct exception_frame *frame)
{
	/* vmm/cpu.c put it at the end of this stack. */
	struct cpu *cpu = *(struct cpu **)(((u64)frame & PAGE_MASK) + PAGE_SIZE - 16);

	if (frame->vector == VEC_MC && is_interrupt(frame)) {
		frame->rax = VEC_MC;
		frame->rflags &= ~RFLAGS_IF;
		return;
	}
	if (frame->vector == VEC_MC && !goes_on(frame))
		crash(frame, "machine check in the hypervisor");
	if (frame->vector != VEC_DF &&
	    frame->rip - (u64)guest_entry_start < (u64)(guest_entry_end - guest_entry_start))
		frame->rip = (u64)guest_entry_again;
	switch (frame->vector) {
	case VEC_NMI:
		if (frame->cs & 3)
			domain_nmi(cpu);
		if (__atomic_exchange_n(&cpu->kicked, false, __ATOMIC_SEQ_CST))
			break;
		cpu->nmi_pending = PENDING_NOW;
		break;
	case VEC_MC:
		cpu->mc_pending = PENDING_NOW;
		break;
	default:
		crash(frame, "double fault in the hypervisor");
	}
}
