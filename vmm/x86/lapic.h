/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC while the CPU is in the protection domain. It belongs to the guest; we borrow its
 * timer to limit the domain's time and give everything back as it would be had we not been there.
 * xAPIC and x2APIC.
 *
 * The limit is time that the CPU had, not time that went by. The timer runs in slices of a
 * millisecond: what lies between two of its interrupts counts as one slice at most. If it took
 * longer, an emulator's host ran something else meanwhile. Nor does time count that goes into the
 * guest's own interrupts. What a slice leaves out adds up in loan.passed, which has a limit of its
 * own, PASSED_MAX times as much: whatever it is that keeps the ticks from counting, it ends.
 */
#ifndef VMM_X86_LAPIC_H
#define VMM_X86_LAPIC_H

#include "vmm/types.h"

/* Class 15, so that TPR 14 lets it through and keeps the guest's lower vectors pending. */
#define PREEMPT_VECTOR 0xf0
/* Wakes a CPU of ours that waits for SIPI; never sent to one that the guest has. */
#define WAKE_VECTOR 0xf1

/* Where firmware leaves the xAPIC's page. */
#define LAPIC_PAGE 0xfee00000ull

struct lapic_loan {
	u32 lvt_timer, lvt_lint0, svr, divide, initial, current;
	u64 deadline; /* TSC-deadline mode */
	u64 cr8;
	u32 slice; /* of our timer, in ticks; it depends on this divide configuration: */
	u32 slice_divide;
	u64 began;  /* TSC at lapic_borrow() */
	u64 seen;   /* TSC up to which time is accounted for */
	u64 spent;  /* in TSC ticks: time that the borrower had */
	u64 passed; /* the same: time that went by */
	u64 spent_max, passed_max;
	u32 foreign;	/* interrupts of the guest's since the last tick of ours */
	bool active;	/* between lapic_borrow() and lapic_return() */
	bool ticked;	/* our timer has run out since then */
	bool returning; /* it is not started any more */
	bool expired;	/* our time is up */
	u32 resend;	/* bitmap from 0xf0: the guest's vectors that arrived meanwhile */
	u16 pic_masks;
	bool pic_masked;
	bool x2apic;
};

/* Map the APIC and measure its timer; once, after time_init(). */
void lapic_init(hpa_t root);

/* False when the guest has switched the APIC off: then there is no limit to be had. */
bool lapic_usable(void);

/* The guest writes to an 8259, which may not be silent any more. */
void lapic_pic_written(void);

void lapic_borrow(struct lapic_loan *loan, u32 ms);
void lapic_return(struct lapic_loan *loan);

/* So much time for the borrower, in place of what was left. */
void lapic_extend(struct lapic_loan *loan, u32 ms);

/* Once time is up: was it the borrower's own? Else interrupts, or a machine below, took the CPU. */
bool lapic_spent_all(const struct lapic_loan *loan);
/* Time that the borrower has had up to now, in TSC ticks. */
u64 lapic_spent(const struct lapic_loan *loan);

/*
 * So many interrupts of the guest's have come within one slice that the borrower may not get
 * anything done. No honest kernel sends as many to a CPU that does not answer: each vector stays
 * pending, once.
 */
static inline bool lapic_flooded(const struct lapic_loan *loan)
{
	return loan->foreign >= 64;
}

/* An interrupt arrived while the APIC was borrowed. */
void lapic_interrupt(struct lapic_loan *loan, u32 vector);

/*
 * The guest's timer was in periodic mode and continues as one-shot until it fires; then this makes
 * it periodic again. True while the vCPU must intercept interrupts to find that moment.
 */
bool lapic_periodic_pending(void);
void lapic_periodic_resume(void);

/* Where the xAPIC's page is. */
gpa_t lapic_base(void);
bool lapic_x2apic(void);
/* This CPU's logical APIC id in xAPIC mode, else 0. */
u32 lapic_ldr(void);
/* This CPU's APIC id. */
u32 lapic_id(void);
/* The guest's write of IA32_APIC_BASE. -EINVAL: #GP is its answer. */
int lapic_write_base(u64 value) must_check;
/*
 * Is the register at this offset of the page an entry of the local vector table? AMD has extended
 * ones (APM vol. 2, 16.6.2).
 */
static inline bool lapic_is_lvt(u32 offset)
{
	return offset == 0x2f0 || (offset >= 0x320 && offset <= 0x370) ||
	       (offset >= 0x500 && offset < 0x540);
}

/* The same for the x2APIC's ICR, when it is neither INIT nor SIPI. */
int lapic_write_x2apic_icr(u64 value) must_check;
/* As INIT leaves it; enabled: but able to take WAKE_VECTOR. */
void lapic_reset(bool enabled);
void lapic_end_of_interrupt(void);

void lapic_send_init(u32 apic_id);
void lapic_send_startup(u32 apic_id, u32 page);
void lapic_send_smi(u32 apic_id);
void lapic_send_nmi(u32 apic_id);
void lapic_send_fixed(u32 apic_id, u32 vector);

/* Registers of the xAPIC's page on the guest's behalf. */
u32 lapic_read_page(u32 offset);
void lapic_write_page(u32 offset, u32 value);

#endif
