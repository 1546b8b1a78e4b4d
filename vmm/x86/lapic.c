/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC (SDM vol. 3, chapter 11); see lapic.h. */
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/boot_info.h"
#include "vmm/x86/lapic.h"
#include "vmm/x86/paging.h"
#include "vmm/x86/exceptions.h"

/* SDM vol. 3, table 11-1 */
#define APIC_ID	       0x020
#define APIC_TPR       0x080
#define APIC_EOI       0x0b0
#define APIC_LDR       0x0d0
#define APIC_DFR       0x0e0
#define APIC_SVR       0x0f0
#define APIC_ISR       0x100
#define APIC_IRR       0x200
#define APIC_ICR       0x300
#define APIC_ICR_HIGH  0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_INITIAL   0x380
#define APIC_CURRENT   0x390
#define APIC_DIVIDE    0x3e0

#define CPUID1_ECX_X2APIC BIT(21)
#define APIC_BASE_ENABLE  BIT(11)
#define APIC_BASE_X2APIC  BIT(10)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull
#define SVR_ENABLE	  (1u << 8)
#define LVT_MASKED	  (1u << 16)
#define LVT_PENDING	  (1u << 12)
#define LVT_STATUS	  (LVT_PENDING | 1u << 14) /* read-only */
#define LVT_TIMER_MODE	  (3u << 17)
#define LVT_ONE_SHOT	  (0u << 17)
#define LVT_PERIODIC	  (1u << 17)
#define LVT_TSC_DEADLINE  (2u << 17)
#define ICR_SMI		  (2u << 8)
#define ICR_NMI		  (4u << 8)
#define ICR_INIT	  (5u << 8)
#define ICR_STARTUP	  (6u << 8)
#define ICR_BUSY	  (1u << 12)
#define ICR_READS	  1000000u
/* Interrupt masks of the two 8259s */
#define PIC_MASK_1  0x21
#define PIC_MASK_2  0xa1
#define PIC_CASCADE 4

/* Time in the domain; see lapic.h */
#define SLICE_MS   1u
#define GAP_MS	   100u /* what passes between two looks is not more: a host may stand still */
#define PASSED_MAX 20u
/* Interrupts that are taken to find ours among them. */
#define OWN_TRIES 128u

#define ICR_SELF   (1u << 18)
#define ICR_ASSERT (1u << 14)

static volatile u64 *entry; /* of the slot that maps the APIC */
static u64 mapped_base;
static bool pic_quiet;
static u64 ticks_per_ms; /* at divide-by-1 */
static u64 tsc_per_ms;

/* Periodic mode to be restored when the rest of its period has run as one-shot. */
static struct periodic {
	bool pending;
	u32 lvt, initial, rest;
} periodics[MAX_CPUS];

static struct periodic *this_periodic(void)
{
	return &periodics[current_cpu_id()];
}

bool lapic_x2apic(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

static volatile u32 *reg_ptr(u32 reg)
{
	return (volatile u32 *)(FIXED_LAPIC + reg);
}

static inline u32 read_reg(bool x2, u32 reg)
{
	return x2 ? (u32)rdmsr(MSR_X2APIC_FIRST + (reg >> 4)) : *reg_ptr(reg);
}

static inline void write_reg(bool x2, u32 reg, u32 value)
{
	if (x2)
		wrmsr(MSR_X2APIC_FIRST + (reg >> 4), value);
	else
		*reg_ptr(reg) = value;
}

static void follow_base(u64 base)
{
	base &= APIC_BASE_ADDRESS;
	if (likely(base == mapped_base))
		return;
	*entry = base | MAP_UC;
	invlpg((void *)FIXED_LAPIC);
	mapped_base = base;
}

bool lapic_usable(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_ENABLE;
}

static u64 count_timer(void)
{
	bool x2 = lapic_x2apic();

	write_reg(x2, APIC_INITIAL, UINT32_MAX);
	time_wait_us(1000);
	return UINT32_MAX - read_reg(x2, APIC_CURRENT);
}

void lapic_init(hpa_t root)
{
	u32 lvt, divide;
	bool x2 = lapic_x2apic();

	if (map(root, FIXED_LAPIC, 0, PAGE_SIZE, 0))
		fatal("too little memory for the hypervisor's page tables");
	entry = page_entry(root, FIXED_LAPIC);
	if (!lapic_usable())
		fatal("the local APIC is switched off; enable it in the firmware's setup");
	follow_base(rdmsr(MSR_APIC_BASE));

	lvt = read_reg(x2, APIC_LVT_TIMER);
	divide = read_reg(x2, APIC_DIVIDE);
	write_reg(x2, APIC_LVT_TIMER, LVT_MASKED | PREEMPT_VECTOR);
	write_reg(x2, APIC_DIVIDE, 0xb); /* by 1 */
	ticks_per_ms = time_calibrate(count_timer);
	if (!ticks_per_ms)
		ticks_per_ms = 1;
	tsc_per_ms = time_tsc_per_ms();
	write_reg(x2, APIC_INITIAL, 0);
	write_reg(x2, APIC_DIVIDE, divide);
	write_reg(x2, APIC_LVT_TIMER, lvt);
}

static u32 divide_shift(u32 divide)
{
	u32 code = (divide & 3) | (divide >> 1 & 4);

	return code == 7 ? 0 : code + 1;
}

static u64 at_most(u64 value, u64 limit)
{
	return value < limit ? value : limit;
}

static void slow_path measure_slice(struct lapic_loan *loan)
{
	u64 ticks = (ticks_per_ms * SLICE_MS) >> divide_shift(loan->divide);

	loan->slice = ticks > UINT32_MAX ? UINT32_MAX : ticks ? (u32)ticks : 1;
	loan->slice_divide = loan->divide;
}

static void start_slice(bool x2, struct lapic_loan *loan)
{
	/* No kernel changes it after its start. */
	if (unlikely(!loan->slice || loan->slice_divide != loan->divide))
		measure_slice(loan);
	write_reg(x2, APIC_INITIAL, loan->slice);
}

static void give(struct lapic_loan *loan, u32 ms)
{
	u64 tsc = tsc_per_ms * ms;

	loan->spent_max = loan->spent + tsc;
	loan->passed_max = loan->passed + tsc * PASSED_MAX;
	loan->expired = false;
}

bool lapic_spent_all(const struct lapic_loan *loan)
{
	return loan->spent >= loan->spent_max;
}

static void count_spent(struct lapic_loan *loan)
{
	u64 now = rdtsc(), gap = now - loan->seen;

	loan->seen = now;
	loan->spent += at_most(gap, SLICE_MS * tsc_per_ms);
}

static void account(struct lapic_loan *loan)
{
	u64 before = loan->seen;

	count_spent(loan);
	loan->passed += at_most(loan->seen - before, GAP_MS * tsc_per_ms);
	loan->expired = lapic_spent_all(loan) || loan->passed >= loan->passed_max;
}

u64 lapic_spent(const struct lapic_loan *loan)
{
	return loan->spent + at_most(rdtsc() - loan->seen, SLICE_MS * tsc_per_ms);
}

/*
 * The 8259s' interrupts do not know the TPR. Early in its start the guest takes them, by way of
 * LINT0; in Bochs whatever LINT0 says. So they are masked at both ends until the guest has them all
 * masked, as it does when it uses the I/O APIC instead.
 */
static void mask_pic(bool x2, struct lapic_loan *loan)
{
	bool open = !(loan->lvt_lint0 & LVT_MASKED);

	loan->pic_masked = open || !pic_quiet;
	if (!loan->pic_masked)
		return;
	loan->pic_masks = (u16)(inb(PIC_MASK_1) | inb(PIC_MASK_2) << 8);
	pic_quiet = !open && (loan->pic_masks | PIC_CASCADE) == 0xffff;
	write_reg(x2, APIC_LVT_LINT0, loan->lvt_lint0 | LVT_MASKED);
	outb(PIC_MASK_1, 0xff);
	outb(PIC_MASK_2, 0xff);
}

void lapic_pic_written(void)
{
	pic_quiet = false;
}

static void unmask_pic(bool x2, const struct lapic_loan *loan)
{
	if (!loan->pic_masked)
		return;
	outb(PIC_MASK_1, (u8)loan->pic_masks);
	outb(PIC_MASK_2, (u8)(loan->pic_masks >> 8));
	write_reg(x2, APIC_LVT_LINT0, loan->lvt_lint0);
}

/*
 * A vector that is in service keeps its whole class away, our timer's too (SDM vol. 3, 11.8.3.1),
 * and a hostile kernel can leave one there. There is one of a class at most: it is ended, and sent
 * again at the return. No honest kernel calls a hooked function from such a handler.
 */
static void end_timers_class(bool x2, struct lapic_loan *loan)
{
	u32 in_service = read_reg(x2, APIC_ISR + (PREEMPT_VECTOR / 32) * 0x10) >> 16;

	if (likely(!in_service))
		return;
	loan->resend |= in_service;
	write_reg(x2, APIC_EOI, 0);
}

void lapic_borrow(struct lapic_loan *loan, u32 ms)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	bool x2 = base & APIC_BASE_X2APIC;

	loan->active = true;
	loan->ticked = loan->returning = false;
	loan->x2apic = x2;
	loan->cr8 = read_cr8();
	loan->resend = loan->foreign = 0;
	if (!x2)
		follow_base(base);
	loan->svr = read_reg(x2, APIC_SVR);
	if (!(loan->svr & SVR_ENABLE))
		write_reg(x2, APIC_SVR, loan->svr | SVR_ENABLE);
	loan->lvt_lint0 = read_reg(x2, APIC_LVT_LINT0) & ~LVT_STATUS;
	mask_pic(x2, loan);
	loan->lvt_timer = read_reg(x2, APIC_LVT_TIMER) & ~LVT_PENDING;
	loan->divide = read_reg(x2, APIC_DIVIDE);
	loan->initial = read_reg(x2, APIC_INITIAL);
	loan->current = read_reg(x2, APIC_CURRENT);
	if ((loan->lvt_timer & LVT_TIMER_MODE) == LVT_TSC_DEADLINE)
		loan->deadline = rdmsr(MSR_TSC_DEADLINE);
	write_cr8(14);
	end_timers_class(x2, loan);
	loan->spent = loan->passed = 0;
	give(loan, ms);
	write_reg(x2, APIC_LVT_TIMER, LVT_ONE_SHOT | PREEMPT_VECTOR);
	start_slice(x2, loan);
	loan->began = loan->seen = rdtsc();
}

void lapic_extend(struct lapic_loan *loan, u32 ms)
{
	account(loan);
	give(loan, ms);
	loan->ticked = true;
	start_slice(loan->x2apic, loan);
}

static bool bit_of(bool x2, u32 bank, u32 vector)
{
	return read_reg(x2, bank + (vector / 32) * 0x10) >> (vector % 32) & 1;
}

void lapic_interrupt(struct lapic_loan *loan, u32 vector)
{
	bool x2 = loan->x2apic;
	u64 now;

	account(loan);
	if (bit_of(x2, APIC_ISR, vector)) { /* else spurious: SDM vol. 3, 11.9 */
		write_reg(x2, APIC_EOI, 0);
		if (vector == PREEMPT_VECTOR && !read_reg(x2, APIC_CURRENT)) {
			loan->ticked = true;
			loan->foreign = 0;
			if (!loan->returning)
				start_slice(x2, loan);
			return;
		}
		if (vector >= 0xf0)
			loan->resend |= 1u << (vector - 0xf0);
	}
	/* This took time that was not the borrower's. */
	loan->foreign++;
	now = rdtsc();
	loan->passed += at_most(now - loan->seen, GAP_MS * tsc_per_ms);
	loan->seen = now;
}

static void send_to_self(bool x2, u32 vector)
{
	write_reg(x2, APIC_ICR, ICR_SELF | ICR_ASSERT | vector);
}

/* False: the guest has given its timer another use. */
static bool is_rest(const struct periodic *periodic, u32 lvt, u32 initial)
{
	return periodic->pending && initial == periodic->rest &&
	       (lvt & ~LVT_PENDING) == (periodic->lvt & ~LVT_TIMER_MODE);
}

/*
 * The guest's timer has run out, in our time or just before. Raise its interrupt by hand: a count
 * of one would do the same later, perhaps after the next visit has stopped the timer. (In an
 * emulator the count reaches zero a moment before the interrupt is raised.) A one-shot interrupt
 * that is in service is the one; a tick in service is the one before.
 */
static void raise_expired(bool x2, const struct lapic_loan *loan, bool tick)
{
	u32 vector = loan->lvt_timer & 0xff;

	if (!(loan->lvt_timer & LVT_MASKED) && !bit_of(x2, APIC_IRR, vector) &&
	    (tick || !bit_of(x2, APIC_ISR, vector)))
		send_to_self(x2, vector);
}

/* Give the guest's timer the time that is left of it; used: how long we had it. */
static void restore_timer(bool x2, const struct lapic_loan *loan, u64 used)
{
	struct periodic *periodic = this_periodic();
	u32 left = loan->current > used ? (u32)(loan->current - used) : 0;
	u32 lvt = loan->lvt_timer;

	if ((lvt & LVT_TIMER_MODE) == LVT_PERIODIC && loan->initial) {
		/* The rest of this period as one-shot: a new one would move all later ticks. */
		*periodic = (struct periodic){true, lvt, loan->initial, 0};
		lvt &= ~LVT_TIMER_MODE;
	} else {
		periodic->pending = is_rest(periodic, lvt, loan->initial);
	}
	write_reg(x2, APIC_LVT_TIMER, lvt);
	if ((lvt & LVT_TIMER_MODE) == LVT_TSC_DEADLINE) {
		/* SDM vol. 3, 11.5.4.1: a store to the APIC's page may be the later one. */
		__asm__ volatile("mfence" : : : "memory");
		if (loan->deadline)
			wrmsr(MSR_TSC_DEADLINE, loan->deadline);
		return;
	}
	if (!left && loan->initial)
		raise_expired(x2, loan, periodic->pending);
	/* Ticks that were missed have become one, the next comes when it would have come. */
	if (!left && periodic->pending)
		left = periodic->initial - (u32)((used - loan->current) % periodic->initial);
	periodic->rest = left;
	if (left)
		write_reg(x2, APIC_INITIAL, left);
}

/* How long we had the guest's timer, in its ticks. */
static u64 ticks_used(bool x2, const struct lapic_loan *loan)
{
	u32 left = read_reg(x2, APIC_CURRENT);
	u64 tsc = loan->seen - loan->began;

	if (left && !loan->ticked)
		return loan->slice - left;
	return (tsc / tsc_per_ms * ticks_per_ms + tsc % tsc_per_ms * ticks_per_ms / tsc_per_ms) >>
	       divide_shift(loan->divide);
}

void lapic_return(struct lapic_loan *loan)
{
	bool x2 = loan->x2apic;
	u64 used;

	count_spent(loan); /* whether the time is up is nobody's question any more */
	used = ticks_used(x2, loan);
	loan->returning = true;
	write_reg(x2, APIC_INITIAL, 0);
	/*
	 * Ours may have become pending just now: it must not reach the guest. Others of class 15
	 * come first; if it is pending still after so many, it is one of the guest's own.
	 */
	for (u32 i = 0; i < OWN_TRIES && bit_of(x2, APIC_IRR, PREEMPT_VECTOR); i++)
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");

	restore_timer(x2, loan, used);
	unmask_pic(x2, loan);
	if (!(loan->svr & SVR_ENABLE))
		write_reg(x2, APIC_SVR, loan->svr);
	write_cr8(loan->cr8);
	loan->active = false;
	for (u32 v = 0xf0; loan->resend; v++, loan->resend >>= 1)
		if (loan->resend & 1)
			send_to_self(x2, v);
}

bool lapic_periodic_pending(void)
{
	return this_periodic()->pending;
}

void lapic_periodic_resume(void)
{
	struct periodic *periodic = this_periodic();
	bool x2 = lapic_x2apic();

	if (!periodic->pending)
		return;
	periodic->pending =
		is_rest(periodic, read_reg(x2, APIC_LVT_TIMER), read_reg(x2, APIC_INITIAL));
	if (!periodic->pending || read_reg(x2, APIC_CURRENT))
		return;
	periodic->pending = false;
	write_reg(x2, APIC_LVT_TIMER, periodic->lvt);
	write_reg(x2, APIC_INITIAL, periodic->initial);
}

gpa_t lapic_base(void)
{
	return mapped_base;
}

/*
 * The page must stay where its writes are seen; the mode may change as SDM vol. 3, 11.12.5 allows
 * it.
 */
int lapic_write_base(u64 value)
{
	u64 now = rdmsr(MSR_APIC_BASE), mode = APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	bool to_x2 = value & APIC_BASE_X2APIC, on = value & APIC_BASE_ENABLE;

	if ((value ^ now) & ~mode)
		return -EINVAL;
	if (to_x2 && (!on || !(cpuid(1, 0).ecx & CPUID1_ECX_X2APIC) || !(now & APIC_BASE_ENABLE)))
		return -EINVAL;
	if (!to_x2 && on && (now & APIC_BASE_X2APIC))
		return -EINVAL;
	/* Firmware can lock x2APIC mode (SDM vol. 4, IA32_XAPIC_DISABLE_STATUS). */
	return wrmsr_safe(MSR_APIC_BASE, value);
}

int lapic_write_x2apic_icr(u64 value)
{
	/* Reserved bits: SDM vol. 3, figure 11-28 */
	if (!lapic_x2apic() || (value & 0xfff32000ull) || (value >> 8 & 7) == 3 ||
	    (value >> 8 & 7) == 7)
		return -EINVAL;
	/* AMD has more of them: bit 12. */
	return wrmsr_safe(MSR_X2APIC_ICR, value);
}

u32 lapic_ldr(void)
{
	return lapic_x2apic() ? 0 : read_reg(false, APIC_LDR) >> 24;
}

u32 lapic_id(void)
{
	bool x2 = lapic_x2apic();
	u32 id = read_reg(x2, APIC_ID);

	return x2 ? id : id >> 24;
}

void lapic_end_of_interrupt(void)
{
	write_reg(lapic_x2apic(), APIC_EOI, 0);
}

/*
 * The handlers that INIT has interrupted never will, and what is in service holds back all of its
 * class and below: SDM vol. 3, 11.8.3.1.
 */
static void end_all(bool x2)
{
	u32 left = 256;

	for (u32 reg = APIC_ISR; reg < APIC_ISR + 0x80; reg += 0x10)
		for (; left && read_reg(x2, reg); left--)
			write_reg(x2, APIC_EOI, 0);
}

/*
 * SDM vol. 3, 11.4.7.1. INIT does not change the mode (11.12.5.1), and firmware can have locked
 * x2APIC mode.
 */
void lapic_reset(bool enabled)
{
	bool x2 = lapic_x2apic();

	if (!x2)
		wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
	end_all(x2);
	this_periodic()->pending = false;
	for (u32 reg = APIC_LVT_TIMER; reg <= APIC_LVT_TIMER + 0x50; reg += 0x10)
		write_reg(x2, reg, LVT_MASKED);
	write_reg(x2, APIC_INITIAL, 0);
	write_reg(x2, APIC_DIVIDE, 0);
	/* Of a CPU of ours that waits: below vector 32 are the exceptions. */
	write_reg(x2, APIC_TPR, enabled ? 0x10 : 0);
	/* x2APIC mode has no DFR, and its LDR is read-only. */
	if (!x2) {
		write_reg(x2, APIC_DFR, UINT32_MAX);
		write_reg(x2, APIC_LDR, 0);
	}
	write_reg(x2, APIC_SVR, 0xff | (enabled ? SVR_ENABLE : 0));
}

static void send(u32 apic_id, u32 low)
{
	u32 high;

	if (lapic_x2apic()) {
		wrmsr(MSR_X2APIC_FIRST + (APIC_ICR >> 4), (u64)apic_id << 32 | low);
		return;
	}
	/* The guest may be between its two halves of an ICR write. */
	high = read_reg(false, APIC_ICR_HIGH);
	/* An APIC that the guest has switched off reads as ones. */
	for (u32 i = 0; i < ICR_READS && (read_reg(false, APIC_ICR) & ICR_BUSY); i++)
		__asm__ volatile("pause");
	write_reg(false, APIC_ICR_HIGH, apic_id << 24);
	write_reg(false, APIC_ICR, low);
	write_reg(false, APIC_ICR_HIGH, high);
}

void lapic_send_init(u32 apic_id)
{
	send(apic_id, ICR_INIT | ICR_ASSERT);
}

void lapic_send_startup(u32 apic_id, u32 page)
{
	send(apic_id, ICR_STARTUP | ICR_ASSERT | page);
}

void lapic_send_smi(u32 apic_id)
{
	send(apic_id, ICR_SMI | ICR_ASSERT);
}

void lapic_send_nmi(u32 apic_id)
{
	send(apic_id, ICR_NMI | ICR_ASSERT);
}

void lapic_send_fixed(u32 apic_id, u32 vector)
{
	send(apic_id, ICR_ASSERT | vector);
}

u32 lapic_read_page(u32 offset)
{
	return read_reg(false, offset & ~0xfu);
}

void lapic_write_page(u32 offset, u32 value)
{
	write_reg(false, offset & ~0xfu, value);
}
