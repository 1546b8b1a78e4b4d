/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the guest's kernel may be made to call a function that sleeps: what its own checks
 * (schedule_debug(), __might_sleep()) look at. On x86 the count of preemption is each CPU's, a
 * variable of its own or, in 6.2 to 6.14, a member of pcpu_hot.
 */
#include "engine/linux/internal.h"

/*
 * arch/x86/include/asm/preempt.h: inverted, so that zero means both: nothing held, and it is time
 */
#define PREEMPT_NEED_RESCHED 0x80000000u
#define RFLAGS_IF	     0x200u

static int preempt_count(gva_t cpu, uint32_t *count)
{
	gva_t place;

	if (has_field(F_PCPU_PREEMPT) && !symbol_find(kernel, "pcpu_hot", &place))
		place = at(place, F_PCPU_PREEMPT);
	else if (symbol_find(kernel, "__preempt_count", &place))
		return -ENOTSUP;
	if (kread32(cpu + place, count))
		return -EFAULT;
	*count &= ~PREEMPT_NEED_RESCHED;
	return 0;
}

/* CONFIG_PREEMPT_COUNT: spinlocks count too. Without it, only interrupts do. */
static bool counts_locks(void)
{
	gva_t va;

	return !symbol_find(kernel, "preempt_schedule", &va);
}

int linux_may_sleep(const struct lvmon_event *ev, bool sleeping_place)
{
	/* SWAPGS: the kernel's base is put aside while user code runs. */
	gva_t cpu = ev->cpl ? ev->kernel_gs_base : ev->gs_base, task;
	uint32_t count, state, readers = 0;
	int err = linux_need(LINUX_CURRENT);

	if (!err && !has_field(F_TASK_STATE))
		err = -ENOTSUP;
	if (!err)
		err = preempt_count(cpu, &count);
	if (err)
		return err;
	/* TASK_RUNNING is 0; the other states are in 32 bits also where it is a long. */
	if (kread64(cpu + kernel->current, &task) || !kernel_pointer(task) ||
	    kread32(at(task, F_TASK_STATE), &state) ||
	    (has_field(F_TASK_RCU_READERS) && kread32(at(task, F_TASK_RCU_READERS), &readers)))
		return -EFAULT;
	if (count || state || readers || !(ev->regs[LVMON_RFLAGS] & RFLAGS_IF))
		return -EBUSY;
	return sleeping_place || counts_locks() ? 0 : -EBUSY;
}
