/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over one of the kernel's circular lists (struct list_head), which may change meanwhile or
 * be a lie: it has a bound, and a loop that does not lead back to the head is noticed.
 */
#include "engine/linux/internal.h"

#define STEPS_A_LOOK 64 /* at the time limit */

static bool (*stop)(void);

void linux_stop_when(bool (*time_is_up)(void))
{
	stop = time_is_up;
}

bool linux_stopped(void)
{
	return stop && stop();
}

/* pos is where the walk has arrived: may it be gone on from there? */
static int check(struct list_walk *w, gva_t pos)
{
	if (pos == w->head)
		return 0;
	if (!kernel_pointer(pos) || pos % 8)
		return -EFAULT;
	/* Brent: a loop without the head meets the mark again. */
	if (pos == w->mark || w->steps == w->max)
		return -EOVERFLOW;
	if (w->steps % STEPS_A_LOOK == STEPS_A_LOOK - 1 && linux_stopped())
		return -ETIME;
	if (++w->steps == w->lap) {
		w->mark = pos;
		w->lap *= 2;
	}
	return 0;
}

int list_first(struct list_walk *w, gva_t head, uint32_t max, gva_t *pos)
{
	*w = (struct list_walk){.head = head, .mark = head, .lap = 1, .max = max};
	*pos = head;
	return list_next(w, pos);
}

int list_next(struct list_walk *w, gva_t *pos)
{
	if (kread64(*pos, pos))
		return -EFAULT;
	return check(w, *pos);
}
