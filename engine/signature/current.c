/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that the event at hand is about. The vmm names the task once it knows the layout;
 * before that it is found by the registers.
 */
#include <errno.h>
#include "engine/engine.h"
#include "engine/signature/current.h"

int current_task(struct linux_task *task)
{
	const struct lvmon_event *ev = engine.event;

	if (!ev || !linux_known())
		return -ENODATA;
	if (ev->task)
		return linux_task(ev->task, task) ? -ENODATA : 0;
	return linux_current(ev->gs_base, ev->kernel_gs_base, ev->cpl, task) ? -ENODATA : 0;
}
