/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native filter: which process does the hit belong to, and does any hook want it? Reads three
 * fields of the current task whose places the engine found; they are compared, never interpreted.
 */
#include "vmm/guest/ram.h"
#include "vmm/monitor/internal.h"
#include "vmm/string.h"

static struct lvmon_task_layout layout;
static u64 identity_span; /* bytes of a task_struct up to the end of what is compared */

s64 task_layout_set(const struct lvmon_task_layout *request)
{
	if (request->tgid > PAGE_SIZE * 8 || request->comm > PAGE_SIZE * 8)
		return -EINVAL;
	layout = *request;
	identity_span = layout.tgid > layout.comm ? layout.tgid : layout.comm;
	identity_span += LVMON_COMM_SIZE;
	return 0;
}

static gva_t slow_path walk_to_task(const struct vcpu_paging *paging, gva_t at)
{
	gva_t task;

	return guest_read_word(paging, at, &task) ? 0 : task;
}

gva_t current_task(const struct vcpu_paging *paging)
{
	gva_t at = paging->gs_base + layout.current_offset;
	gpa_t gpa = at - layout.direct_map;

	if (!layout.direct_map)
		return 0;
	/* A CPU's area lies in the direct map: a subtraction instead of a walk. */
	if (likely(guest_ram_has_quick(gpa, sizeof(u64))))
		return load64(guest_ram_ptr(gpa));
	return walk_to_task(paging, at);
}

/* What filters compare; all of it is read at once. */
struct identity {
	s32 tgid;
	u64 comm[2];
};

static int read_identity(const struct vcpu_paging *paging, gva_t task, struct identity *id)
{
	gpa_t gpa = task - layout.direct_map;

	if (likely(guest_ram_has(gpa, identity_span))) {
		const u8 *at = guest_ram_ptr(gpa);

		id->tgid = (s32)load32(at + layout.tgid);
		id->comm[0] = load64(at + layout.comm);
		id->comm[1] = load64(at + layout.comm + 8);
		return 0;
	}
	if (guest_read(paging, task + layout.tgid, &id->tgid, sizeof(id->tgid)))
		return -EFAULT;
	return guest_read(paging, task + layout.comm, id->comm, sizeof(id->comm));
}

/* Behind a name's NUL, kernels before 5.17 leave bytes of the name before (set_task_comm()). */
void filter_prepare(struct hook *hook)
{
	const char *comm = hook->filter.comm;
	u32 size = 0;

	while (size < LVMON_COMM_SIZE && (!size || comm[size - 1]))
		size++;
	memset(hook->comm_mask, 0, sizeof(hook->comm_mask));
	memset(hook->comm_mask, 0xff, size);
}

static bool wants(const struct hook *hook, const struct identity *id)
{
	const struct lvmon_filter *f = &hook->filter;

	if ((f->flags & LVMON_FILTER_PID) && id->tgid != f->pid)
		return false;
	if (!(f->flags & LVMON_FILTER_COMM))
		return true;
	return !(((id->comm[0] ^ load64(f->comm)) & hook->comm_mask[0]) |
		 ((id->comm[1] ^ load64(f->comm + 8)) & hook->comm_mask[1]));
}

bool trap_wanted(const struct vcpu_paging *paging, const struct trap *trap)
{
	const struct hook *hook;
	struct identity id;
	gva_t task;

	for (hook = trap->hooks; hook; hook = hook->next)
		if (!hook->filter.flags)
			return true;
	task = current_task(paging);
	if (!task || read_identity(paging, task, &id))
		return true; /* cannot tell: the engine decides */
	for (hook = trap->hooks; hook; hook = hook->next)
		if (wants(hook, &id))
			return true;
	return false;
}
