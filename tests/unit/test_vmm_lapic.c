// SPDX-License-Identifier: Apache-2.0
/*
 * What becomes of the guest's timer when a visit to the domain ends, in x2APIC mode, whose
 * registers are MSRs. Included, for what is static.
 */
#include "tests/unit/vmm_host.h"

#include "vmm/x86/lapic.c"

#define VECTOR 0xecu
#define PERIOD 1000u

u64 time_ns(void)
{
	return 0;
}

void time_wait_us(u32 us)
{
	(void)us;
}

u64 time_calibrate(u64 (*measure)(void))
{
	return measure();
}

#define TSC_PER_MS 1000u

u64 time_tsc_per_ms(void)
{
	return TSC_PER_MS;
}

static u32 msr_of(u32 reg)
{
	return MSR_X2APIC_FIRST + (reg >> 4);
}

static u32 get(u32 reg)
{
	return (u32)host_msr(msr_of(reg));
}

static void set(u32 reg, u32 value)
{
	host_msr_set(msr_of(reg), value);
}

/* A visit of so many ticks to a guest whose timer stands thus; it has been stopped by its end. */
static void visit(u32 lvt, u32 initial, u32 current, u64 used)
{
	struct lapic_loan loan = {
		.lvt_timer = lvt, .initial = initial, .current = current, .deadline = 77};

	host_msr_set(MSR_APIC_BASE, APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	host_msr_set(MSR_TSC_DEADLINE, 0);
	set(APIC_LVT_TIMER, LVT_MASKED);
	set(APIC_INITIAL, 0);
	set(APIC_CURRENT, 0);
	set(APIC_ICR, 0);
	restore_timer(true, &loan, used);
	set(APIC_CURRENT, get(APIC_INITIAL));
}

static void fresh(void)
{
	*this_periodic() = (struct periodic){0};
	set(APIC_IRR + VECTOR / 32 * 0x10, 0);
	set(APIC_ISR + VECTOR / 32 * 0x10, 0);
}

static void in_bank(u32 bank)
{
	set(bank + VECTOR / 32 * 0x10, BIT(VECTOR % 32));
}

static void timer_is(u32 lvt, u32 initial, bool raised)
{
	assert_int_equal(get(APIC_LVT_TIMER), lvt);
	assert_int_equal(get(APIC_INITIAL), initial);
	assert_int_equal(get(APIC_ICR), raised ? ICR_SELF | ICR_ASSERT | VECTOR : 0);
}

static void one_shot(void **state)
{
	fresh();
	visit(VECTOR, 500, 300, 100);
	timer_is(VECTOR, 200, false);
	visit(VECTOR, 500, 300, 300);
	timer_is(VECTOR, 0, true);
	visit(VECTOR | LVT_MASKED, 500, 300, 300);
	timer_is(VECTOR | LVT_MASKED, 0, false);
	visit(VECTOR, 0, 0, 300); /* the guest has stopped it */
	timer_is(VECTOR, 0, false);
	in_bank(APIC_ISR); /* the guest is in the handler already */
	visit(VECTOR, 500, 0, 300);
	timer_is(VECTOR, 0, false);
	assert_false(lapic_periodic_pending());
}

static void deadline(void **state)
{
	fresh();
	visit(VECTOR | LVT_TSC_DEADLINE, 0, 0, 300);
	timer_is(VECTOR | LVT_TSC_DEADLINE, 0, false);
	assert_int_equal(host_msr(MSR_TSC_DEADLINE), 77);
}

/* Later ticks come when they would have come, whatever the length of the visit. */
static void period_goes_on(void **state)
{
	fresh();
	visit(VECTOR | LVT_PERIODIC, PERIOD, 300, 100);
	timer_is(VECTOR, 200, false);
	assert_true(lapic_periodic_pending());
	lapic_periodic_resume(); /* another interrupt, too early */
	timer_is(VECTOR, 200, false);
	set(APIC_CURRENT, 0);
	lapic_periodic_resume();
	timer_is(VECTOR | LVT_PERIODIC, PERIOD, false);
	assert_false(lapic_periodic_pending());
}

static void missed_ticks_are_one(void **state)
{
	fresh();
	visit(VECTOR | LVT_PERIODIC, PERIOD, 300, 300 + 7 * PERIOD + 400);
	timer_is(VECTOR, PERIOD - 400, true);
	assert_true(lapic_periodic_pending());
	/* the guest has the tick pending, and the next visit comes before it looks */
	in_bank(APIC_IRR);
	visit(VECTOR, PERIOD - 400, 500, 500 + PERIOD);
	timer_is(VECTOR, PERIOD, false);
	assert_true(lapic_periodic_pending());
}

/* The tick before is in service: this one is due all the same, or there would be no more. */
static void tick_during_its_handler(void **state)
{
	fresh();
	visit(VECTOR | LVT_PERIODIC, PERIOD, 300, 100);
	in_bank(APIC_ISR);
	visit(VECTOR, 200, 0, 50); /* it has run out, and was not raised before it was stopped */
	timer_is(VECTOR, PERIOD - 50, true);
	assert_true(lapic_periodic_pending());
}

/* What the guest writes to its timer meanwhile is not undone. */
static void guest_changes_its_timer(void **state)
{
	fresh();
	visit(VECTOR | LVT_PERIODIC, PERIOD, 300, 100);
	set(APIC_INITIAL, 5555); /* one-shot from now on */
	set(APIC_CURRENT, 0);
	lapic_periodic_resume();
	timer_is(VECTOR, 5555, false);
	assert_false(lapic_periodic_pending());

	visit(VECTOR | LVT_PERIODIC, PERIOD, 300, 100);
	visit(VECTOR, 5555, 0, 100);
	timer_is(VECTOR, 0, true);
	assert_false(lapic_periodic_pending());

	visit(VECTOR | LVT_PERIODIC, PERIOD, 300, 100);
	set(APIC_LVT_TIMER, VECTOR | LVT_MASKED);
	lapic_periodic_resume();
	timer_is(VECTOR | LVT_MASKED, 200, false);
	assert_false(lapic_periodic_pending());
}

/* What this CPU refuses is the guest's #GP, not ours: a locked x2APIC, a bit that only AMD
 * reserves. */
static bool refused_here(u32 msr, u64 value)
{
	return (msr == MSR_APIC_BASE && !(value & APIC_BASE_X2APIC)) ||
	       (msr == MSR_X2APIC_ICR && (value & BIT(12)));
}

static struct cpuid_regs with_x2apic(u32 leaf, u32 subleaf)
{
	return (struct cpuid_regs){.ecx = CPUID1_ECX_X2APIC};
}

static void values_of_the_guest(void **state)
{
	const u64 x2 = APIC_BASE_ENABLE | APIC_BASE_X2APIC;

	host_cpuid = with_x2apic;

	host_msr_set(MSR_APIC_BASE, x2);
	assert_int_equal(lapic_write_base(x2), 0);
	assert_int_equal(lapic_write_base(APIC_BASE_ENABLE), -EINVAL);
	assert_int_equal(lapic_write_base(APIC_BASE_X2APIC), -EINVAL);
	assert_int_equal(lapic_write_base(x2 | 0x1000), -EINVAL);
	assert_int_equal(lapic_write_x2apic_icr(0x40aa), 0);
	assert_int_equal(host_msr(MSR_X2APIC_ICR), 0x40aa);
	host_msr_refused = refused_here;
	assert_int_equal(lapic_write_base(0), -EINVAL);
	assert_int_equal(host_msr(MSR_APIC_BASE), x2);
	assert_int_equal(lapic_write_x2apic_icr(0x50aa), -EINVAL);
	assert_int_equal(host_msr(MSR_X2APIC_ICR), 0x40aa);
	host_msr_refused = NULL;
	/* Off and on again. */
	assert_int_equal(lapic_write_base(0), 0);
	assert_int_equal(lapic_write_base(APIC_BASE_ENABLE), 0);
	assert_int_equal(lapic_write_x2apic_icr(0x40aa), -EINVAL);
	host_cpuid = NULL;
}

/* An interrupt after so many ticks of the TSC; ours: the timer has run out. */
static void interrupt(struct lapic_loan *loan, u32 vector, u64 after)
{
	host_tsc += after;
	set(APIC_ISR + vector / 32 * 0x10, BIT(vector % 32));
	set(APIC_CURRENT, vector == PREEMPT_VECTOR ? 0 : 5);
	set(APIC_INITIAL, 0);
	lapic_interrupt(loan, vector);
	set(APIC_ISR + vector / 32 * 0x10, 0);
}

static void borrow(struct lapic_loan *loan, u32 ms)
{
	host_msr_set(MSR_APIC_BASE, APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	set(APIC_LVT_LINT0, LVT_MASKED);
	set(APIC_LVT_TIMER, VECTOR | LVT_PERIODIC);
	set(APIC_DIVIDE, 0xb);
	set(APIC_INITIAL, 77);
	pic_quiet = true;
	ticks_per_ms = 500;
	tsc_per_ms = TSC_PER_MS;
	lapic_borrow(loan, ms);
	assert_int_equal(get(APIC_INITIAL), 500 * SLICE_MS);
}

/* The CPU was the borrower's all the time: after so many slices it is over. */
static void time_of_the_cpu(void **state)
{
	struct lapic_loan loan = {0};

	borrow(&loan, 50);
	for (u32 i = 1; i <= 50; i++) {
		assert_false(loan.expired);
		interrupt(&loan, PREEMPT_VECTOR, TSC_PER_MS);
		assert_int_equal(loan.spent, i * TSC_PER_MS);
		assert_int_equal(get(APIC_INITIAL), 500);
	}
	assert_true(loan.expired);
	lapic_extend(&loan, 2);
	assert_false(loan.expired);
	interrupt(&loan, PREEMPT_VECTOR, TSC_PER_MS);
	assert_false(loan.expired);
	host_tsc += TSC_PER_MS / 2;
	assert_int_equal(lapic_spent(&loan), 51 * TSC_PER_MS + TSC_PER_MS / 2);
	interrupt(&loan, PREEMPT_VECTOR, TSC_PER_MS / 2);
	assert_true(loan.expired);
	assert_true(lapic_spent_all(&loan));
}

/* Each slice takes ten times as long, and once the host stands still for an hour. */
static void time_of_others(void **state)
{
	struct lapic_loan loan = {0};

	borrow(&loan, 50);
	interrupt(&loan, PREEMPT_VECTOR, 3600000ull * TSC_PER_MS);
	host_tsc += 3600000ull * TSC_PER_MS;
	assert_int_equal(lapic_spent(&loan), 2 * TSC_PER_MS);
	host_tsc -= 3600000ull * TSC_PER_MS;
	for (u32 i = 1; i < 50; i++) {
		assert_false(loan.expired);
		interrupt(&loan, PREEMPT_VECTOR, 10 * TSC_PER_MS);
	}
	assert_true(loan.expired);
	/* it ends even if hardly any time counts */
	borrow(&loan, 50);
	for (u32 i = 1; i <= 10; i++) {
		assert_false(loan.expired);
		interrupt(&loan, PREEMPT_VECTOR, 100000 * TSC_PER_MS);
	}
	assert_true(loan.expired);
	assert_false(lapic_spent_all(&loan)); /* and it was not the borrower */
}

/* The guest's interrupts take time that is not the borrower's, and are told when they are many. */
static void flood(void **state)
{
	struct lapic_loan loan = {0};

	borrow(&loan, 50);
	for (u32 i = 1; i <= 1000; i++) {
		interrupt(&loan, 0xfd, 1);
		assert_int_equal(loan.spent, i);
		assert_int_equal(lapic_flooded(&loan), i >= 64);
		assert_int_equal(get(APIC_INITIAL), 0); /* our timer goes on */
	}
	assert_int_equal(loan.resend, 1u << 13);
	interrupt(&loan, PREEMPT_VECTOR, 1);
	assert_false(lapic_flooded(&loan));
	assert_false(loan.expired);
}

/* The guest's timer goes on as if all of that had been one long slice. */
static void guest_timer_after_slices(void **state)
{
	struct lapic_loan loan = {0};

	*this_periodic() = (struct periodic){0};
	borrow(&loan, 50);
	loan.current = 60;
	set(APIC_CURRENT, 480);
	assert_int_equal(ticks_used(true, &loan), 20);
	interrupt(&loan, PREEMPT_VECTOR, 7 * TSC_PER_MS);
	interrupt(&loan, PREEMPT_VECTOR, 20);
	assert_int_equal(ticks_used(true, &loan), 3510);
	loan.divide = 3; /* by 16 */
	assert_int_equal(ticks_used(true, &loan), 3510 / 16);
}

/* A vector of our timer's class that the guest has left in service would keep the timer off. */
static void class_in_service(void **state)
{
	struct lapic_loan loan = {0};

	set(APIC_EOI, 1);
	set(APIC_ISR + 0x70, 0xffff); /* other classes may be */
	end_timers_class(true, &loan);
	assert_int_equal(loan.resend, 0);
	assert_int_equal(get(APIC_EOI), 1);
	set(APIC_ISR + 0x70, BIT(0xfd - 0xe0));
	end_timers_class(true, &loan);
	assert_int_equal(loan.resend, BIT(0xfd - 0xf0));
	assert_int_equal(get(APIC_EOI), 0);
	set(APIC_ISR + 0x70, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(class_in_service),
		cmocka_unit_test(one_shot),
		cmocka_unit_test(deadline),
		cmocka_unit_test(period_goes_on),
		cmocka_unit_test(missed_ticks_are_one),
		cmocka_unit_test(tick_during_its_handler),
		cmocka_unit_test(guest_changes_its_timer),
		cmocka_unit_test(values_of_the_guest),
		cmocka_unit_test(time_of_the_cpu),
		cmocka_unit_test(time_of_others),
		cmocka_unit_test(flood),
		cmocka_unit_test(guest_timer_after_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
