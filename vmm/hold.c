/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs that are kept out of the guest for a while by another one; see hold.h. */
#include "vmm/cpu.h"
#include "vmm/hold.h"
#include "vmm/lock.h"
#include "vmm/smp.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"

#define PAUSE_NS 100000000ull
#define STOP_NS	 1000000000ull /* until all are held: some emulators' CPUs sleep at times */
/*
 * A CPU that waits looks at the clock without a break. When more than this goes by between two
 * looks, it was not running: an emulator's host ran something else.
 */
#define LOOK_NS 1000000ull
/* A held CPU ends a pause when it has waited so much longer than the CPU that holds may run. */
#define PATIENCE 20u

static struct lock hold_lock;
/*
 * The others are held by pause_others(): the how-manieth, or 0; by whom; how much time the domain
 * had had on that CPU when it began, and may have in it.
 */
static u64 pause_now, pauses;
#define PAUSE_KEPT BIT(63) /* in pause_now: no CPU may end it now */
static struct cpu *pauser;
static u64 pause_began, pause_limit;
static bool pause_in_quiet; /* hold_quiet_others() has held them before */
bool hold_quiet;

/* Time that a CPU has spent with waiting, by the looks that it took at the clock. */
struct waited {
	u64 last, ns;
};

static u64 waited_ns(struct waited *waited)
{
	u64 now = time_ns(), gap = now - waited->last;

	waited->last = now;
	waited->ns += gap < LOOK_NS ? gap : LOOK_NS;
	return waited->ns;
}

/*
 * Whoever changes pause_now to 0 lets the others go: once, be it the CPU that holds or a held one.
 */
static bool end_pause(u64 number)
{
	bool held_before = pause_in_quiet; /* true to what follows if this pause is still on */

	if (!number || (number & PAUSE_KEPT) ||
	    !__atomic_compare_exchange_n(&pause_now, &number, 0, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return false;
	if (!held_before)
		hold_release_others(pauser);
	return true;
}

static u64 pause_is_on(void)
{
	return __atomic_load_n(&pause_now, __ATOMIC_SEQ_CST);
}

static bool pause_is_over(void)
{
	return tsc_to_ns(lapic_spent(&pauser->loan)) - pause_began > pause_limit;
}

static void wait_for_release(struct cpu *cpu)
{
	struct waited waited = {0};
	u64 number = 0;

	do {
		__atomic_store_n(&cpu->held, true, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST)) {
			u64 now = pause_is_on();

			if ((now ^ number) & ~PAUSE_KEPT)
				waited = (struct waited){.last = time_ns()};
			number = now;
			if (now && waited_ns(&waited) > pause_limit * PATIENCE)
				(void)end_pause(now);
			__asm__ volatile("pause");
		}
		/* What the others were held for may be in the TLB. */
		vcpu_ops->flush(&cpu->vcpu);
		cpu->ldr = lapic_ldr();
		__atomic_store_n(&cpu->held, false, __ATOMIC_SEQ_CST);
		/* The next one that holds may have seen this CPU still held. */
	} while (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST));
}

void hold_obey(struct cpu *cpu)
{
	/*
	 * NMIs come one by one: the CPU keeps only one of a kick and the guest's. A kick that was
	 * taken behind the last look at hold, before the CPU was closed, is not to be forgotten; a
	 * later one stays pending and ends the next entry.
	 */
	do {
		vcpu_ops->host_open();
		wait_for_release(cpu);
		vcpu_ops->host_close();
	} while (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST));
}

static bool is_out(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->held, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&cpu->waiting, __ATOMIC_SEQ_CST);
}

static bool others_out(const struct cpu *cpu)
{
	for (u32 i = 0; i < smp_cpus; i++)
		if (smp_list[i] != cpu && !is_out(smp_list[i]))
			return false;
	return true;
}

static void call_others_out(const struct cpu *cpu)
{
	for (u32 i = 0; i < smp_cpus; i++) {
		if (smp_list[i] == cpu)
			continue;
		__atomic_store_n(&smp_list[i]->hold, true, __ATOMIC_SEQ_CST);
		smp_kick(smp_list[i]);
	}
}

void hold_others(struct cpu *cpu)
{
	if (smp_cpus == 1)
		return;
	while (!lock_try(&hold_lock))
		if (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST))
			hold_obey(cpu);
	call_others_out(cpu);
	while (!others_out(cpu))
		__asm__ volatile("pause");
}

void hold_release_others(struct cpu *cpu)
{
	if (smp_cpus == 1)
		return;
	for (u32 i = 0; i < smp_cpus; i++)
		if (smp_list[i] != cpu)
			__atomic_store_n(&smp_list[i]->hold, false, __ATOMIC_SEQ_CST);
	lock_release(&hold_lock);
}

/* By the CPU that runs the domain. False: one of them has not come. */
static bool stop_others(struct cpu *cpu)
{
	struct waited waited = {.last = time_ns()};

	if (smp_cpus == 1)
		return true;
	/* The domain's CPU is open to NMIs already; hold_obey() would close it. */
	while (!lock_try(&hold_lock))
		if (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST))
			wait_for_release(cpu);
	call_others_out(cpu);
	while (!others_out(cpu)) {
		if (waited_ns(&waited) > STOP_NS) {
			hold_release_others(cpu);
			return false;
		}
		__asm__ volatile("pause");
	}
	return true;
}

int pause_others(void)
{
	struct cpu *cpu = this_cpu();

	if (pause_is_on())
		return -EBUSY;
	if (!hold_quiet && !stop_others(cpu))
		return -ETIME;
	pauser = cpu;
	pause_in_quiet = hold_quiet;
	pause_began = tsc_to_ns(lapic_spent(&cpu->loan));
	__atomic_store_n(&pause_limit, PAUSE_NS, __ATOMIC_SEQ_CST);
	__atomic_store_n(&pause_now, ++pauses, __ATOMIC_SEQ_CST);
	return 0;
}

void pause_more(s64 ms)
{
	__atomic_fetch_add(&pause_limit, (u64)(ms * 1000000), __ATOMIC_SEQ_CST);
}

bool pause_keep(void)
{
	u64 number = pause_is_on();

	return number && __atomic_compare_exchange_n(&pause_now, &number, number | PAUSE_KEPT,
						     false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void pause_unkeep(void)
{
	__atomic_fetch_and(&pause_now, ~PAUSE_KEPT, __ATOMIC_SEQ_CST);
}

int pause_end(void)
{
	u64 number = pause_is_on();
	bool over = number && pause_is_over();

	return end_pause(number) && !over ? 0 : -ETIME;
}

void pause_check(struct cpu *cpu)
{
	u64 number = pause_is_on();

	if (number && pauser == cpu && pause_is_over())
		(void)end_pause(number);
}

void hold_quiet_others(struct cpu *cpu)
{
	cpu->loan.foreign = 0; /* try again after as many */
	if (!hold_quiet && !pause_is_on())
		hold_quiet = stop_others(cpu);
}

void hold_end_quiet(struct cpu *cpu)
{
	(void)pause_end();
	hold_quiet = false;
	hold_release_others(cpu);
}
