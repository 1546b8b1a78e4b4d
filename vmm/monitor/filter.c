/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native filter: which process does the hit belong to, and does any hook want it? Reads three
 * fields of the current task whose places the engine found; they are compared, never interpreted.
 */
#include "vmm/guest_ram.h"
#include "vmm/monitor/internal.h"
#include "vmm/string.h"

static struct lvmon_task_layout layout;

s64 task_layout_set(const struct lvmon_task_layout *request)
{
	if (request->tgid > PAGE_SIZE * 8 || request->comm > PAGE_SIZE * 8)
		return -EINVAL;
	layout = *request;
	return 0;
}

/* Most of what we read here lies in the direct map: a subtraction instead of a walk. */
static inline int read_kernel(const struct vcpu_paging *paging, gva_t va, void *to, u64 size)
{
	gpa_t gpa = va - layout.direct_map;

	if (likely(guest_ram_has(gpa, size))) {
		__builtin_memcpy(to, guest_ram_ptr(gpa), size);
		return 0;
	}
	return guest_read(paging, va, to, size);
}

gva_t current_task(const struct vcpu_paging *paging)
{
	gva_t task;

	if (!layout.direct_map)
		return 0;
	if (read_kernel(paging, paging->gs_base + layout.current_offset, &task, sizeof(task)))
		return 0;
	return task;
}

bool trap_wanted(const struct vcpu_paging *paging, const struct trap *trap)
{
	gva_t task = 0;
	s32 tgid = 0;
	u64 comm[2] = {0, 0};
	u32 have = 0;

	for (const struct hook *hook = trap->hooks; hook; hook = hook->next) {
		const struct lvmon_filter *f = &hook->filter;
		u64 want[2];

		if (!f->flags)
			return true;
		if (!task) {
			task = current_task(paging);
			if (!task)
				return true; /* cannot tell: the engine decides */
		}
		if (f->flags & LVMON_FILTER_PID) {
			if (!(have & LVMON_FILTER_PID) &&
			    read_kernel(paging, task + layout.tgid, &tgid, sizeof(tgid)))
				return true;
			have |= LVMON_FILTER_PID;
			if (tgid != f->pid)
				continue;
		}
		if (f->flags & LVMON_FILTER_COMM) {
			if (!(have & LVMON_FILTER_COMM) &&
			    read_kernel(paging, task + layout.comm, comm, sizeof(comm)))
				return true;
			have |= LVMON_FILTER_COMM;
			__builtin_memcpy(want, f->comm, sizeof(want));
			if (comm[0] != want[0] || comm[1] != want[1])
				continue;
		}
		return true;
	}
	return false;
}
