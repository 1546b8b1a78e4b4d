/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: one, the current one, all. A task_struct is read member by member; the list of all
 * processes can change while it is walked, or be a lie, so the walk has a bound and notices loops.
 */
#include <stdlib.h>
#include "engine/linux/internal.h"

#define MAX_TASKS     65536
#define PID_MAX_LIMIT (4 * 1024 * 1024) /* include/linux/threads.h */
/* arch/x86/include/asm/page_64_types.h: where there is no variable */
#define PAGE_OFFSET_L4 0xffff888000000000ull

int linux_task(gva_t task, struct linux_task *out)
{
	uint32_t flags = 0, value;
	gva_t parent, cred;
	int err = linux_need(LINUX_TASKS);

	if (err)
		return err;
	*out = (struct linux_task){.task = task, .uid = ~0u, .gid = ~0u};
	if (!kernel_pointer(task) || task % 8 || kread32(at(task, F_TASK_PID), &value) ||
	    value > PID_MAX_LIMIT)
		return -EFAULT;
	out->pid = (int32_t)value;
	if (kread32(at(task, F_TASK_TGID), &value) || value > PID_MAX_LIMIT)
		return -EFAULT;
	out->tgid = (int32_t)value;
	if ((has_field(F_TASK_FLAGS) && kread32(at(task, F_TASK_FLAGS), &flags)) ||
	    (has_field(F_TASK_START) && kread64(at(task, F_TASK_START), &out->start_time)) ||
	    kread64(at(task, F_TASK_MM), &out->mm) ||
	    linux_kread(at(task, F_TASK_COMM), out->comm, sizeof(out->comm)))
		return -EFAULT;
	out->comm[LINUX_COMM_SIZE - 1] = '\0';
	out->flags = flags;
	/* A kernel thread can borrow a process's mm for a while. */
	if ((flags & LINUX_PF_KTHREAD) || !kernel_pointer(out->mm))
		out->mm = 0;
	if (!kread64(at(task, F_TASK_REAL_PARENT), &parent) && kernel_pointer(parent) &&
	    !kread32(at(parent, F_TASK_TGID), &value) && value <= PID_MAX_LIMIT)
		out->ppid = (int32_t)value;
	if (has_field(F_TASK_REAL_CRED) && has_field(F_CRED_UID) && has_field(F_CRED_GID) &&
	    !kread64(at(task, F_TASK_REAL_CRED), &cred) && kernel_pointer(cred)) {
		if (kread32(at(cred, F_CRED_UID), &out->uid) ||
		    kread32(at(cred, F_CRED_GID), &out->gid))
			return -EFAULT;
	}
	return 0;
}

int linux_parent(const struct linux_task *task, struct linux_task *out)
{
	gva_t parent, leader;

	if (task->ppid <= 0)
		return -ESRCH;
	if (kread64(at(task->task, F_TASK_REAL_PARENT), &parent) || !kernel_pointer(parent))
		return -EFAULT;
	/* It is the thread that forked. */
	if (has_field(F_TASK_LEADER) && !kread64(at(parent, F_TASK_LEADER), &leader))
		parent = leader;
	return linux_task(parent, out);
}

bool linux_task_lives(const struct linux_task *was)
{
	uint64_t start = 0;
	uint32_t pid;

	return !linux_need(LINUX_TASKS) && !kread32(at(was->task, F_TASK_PID), &pid) &&
	       (int32_t)pid == was->pid &&
	       (!has_field(F_TASK_START) || !kread64(at(was->task, F_TASK_START), &start)) &&
	       start == was->start_time;
}

bool linux_mm_lives(const struct linux_task *was)
{
	gva_t mm;

	return linux_task_lives(was) && !kread64(at(was->task, F_TASK_MM), &mm) && mm == was->mm;
}

int linux_current(uint64_t gs_base, uint64_t kernel_gs_base, uint32_t cpl, struct linux_task *out)
{
	gva_t task;
	int err = linux_need(LINUX_CURRENT);

	if (err)
		return err;
	/* SWAPGS: the kernel's base is put aside while user code runs. */
	if (kread64((cpl ? kernel_gs_base : gs_base) + kernel->current, &task))
		return -EFAULT;
	return linux_task(task, out);
}

/*
 * Walks the list of processes. Until fn returns non-zero, which is returned then; 0 at the end;
 * -EFAULT: a part of it cannot be read; -EOVERFLOW: it has no end.
 */
static int tasks_each(int (*fn)(const struct linux_task *task, void *arg), void *arg)
{
	struct list_walk walk;
	struct linux_task task;
	gva_t init, head, pos;
	int ret = linux_need(LINUX_TASKS), damaged = 0;

	if (ret)
		return ret;
	if (symbol_find(kernel, "init_task", &init))
		return -ENOENT;
	head = at(init, F_TASK_TASKS);
	for (ret = list_first(&walk, head, MAX_TASKS, &pos); !ret && pos != head;
	     ret = list_next(&walk, &pos)) {
		/* One that cannot be read is dying or damaged; the list may go on behind it. */
		if (linux_task(pos - (gva_t)kernel->field[F_TASK_TASKS], &task)) {
			damaged = -EFAULT;
			continue;
		}
		ret = fn(&task, arg);
		if (ret)
			return ret;
	}
	return ret ? ret : damaged;
}

struct task_vector {
	struct linux_task *v;
	size_t n, room;
};

static int task_append(const struct linux_task *task, void *arg)
{
	struct task_vector *tv = arg;

	if (tv->n == tv->room) {
		size_t room = tv->room ? 2 * tv->room : 128;
		struct linux_task *v = realloc(tv->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		tv->v = v;
		tv->room = room;
	}
	tv->v[tv->n++] = *task;
	return 0;
}

int linux_tasks(struct linux_task **tasks, size_t *count)
{
	struct task_vector tv = {0};
	int err;

	err = tasks_each(task_append, &tv);
	if (err && err != -EOVERFLOW && err != -EFAULT && err != -ETIME) {
		free(tv.v);
		tv = (struct task_vector){0};
	}
	*tasks = tv.v;
	*count = tv.n;
	return err;
}

struct pid_search {
	int32_t tgid;
	struct linux_task *out;
};

static int pid_matches(const struct linux_task *task, void *arg)
{
	struct pid_search *s = arg;

	if (task->tgid != s->tgid)
		return 0;
	*s->out = *task;
	return 1;
}

/*
 * By the kernel's own way, find_pid_ns(): the pid allocator of the first namespace. 0; -ESRCH: it
 * has no such process; another error: it cannot be read here.
 */
static int find_allocated(int32_t tgid, struct linux_task *out)
{
	gva_t ns, head, pid, node;
	int err;

	if (!has_field(F_PID_NS_IDR) || !has_field(F_PID_TASKS) || !has_field(F_TASK_PID_LINKS) ||
	    !has_field(F_XA_NODE_SHIFT) || !has_field(F_XA_NODE_SLOTS))
		return -ENOTSUP;
	if (symbol_find(kernel, "init_pid_ns", &ns) || kread64(at(ns, F_PID_NS_IDR), &head))
		return -EFAULT;
	err = xarray_load(head, (uint32_t)tgid, &pid);
	if (err)
		return err;
	if (!pid)
		return -ESRCH;
	if (!kernel_pointer(pid) || pid % 8 || kread64(at(pid, F_PID_TASKS), &node))
		return -EFAULT;
	if (!node) /* a group's or session's only: its process has ended */
		return -ESRCH;
	err = linux_task(node - (gva_t)kernel->field[F_TASK_PID_LINKS], out);
	if (err)
		return err;
	if (out->pid != tgid)
		return -EFAULT;
	return out->tgid == tgid ? 0 : -ESRCH; /* a thread's id is no process's */
}

int linux_find_pid(int32_t tgid, struct linux_task *out)
{
	struct pid_search s = {tgid, out};
	int ret = linux_need(LINUX_TASKS);

	if (ret)
		return ret;
	if (tgid <= 0)
		return -ESRCH;
	/*
	 * Any user can make the list of all long; the walk is for what the short way cannot read.
	 */
	ret = find_allocated(tgid, out);
	if (!ret || ret == -ESRCH)
		return ret;
	ret = tasks_each(pid_matches, &s);
	if (ret == -ENODATA || ret == -ENOTSUP)
		return ret;
	return ret == 1 ? 0 : -ESRCH;
}

int linux_task_layout(struct linux_task_layout *layout)
{
	gva_t va;
	int err = linux_need(LINUX_CURRENT);

	if (err)
		return err;
	*layout = (struct linux_task_layout){
		.task = {.current_offset = kernel->current, .direct_map = PAGE_OFFSET_L4},
		.tgid = (uint32_t)kernel->field[F_TASK_TGID],
		.comm = (uint32_t)kernel->field[F_TASK_COMM],
	};
	if (!symbol_find(kernel, "page_offset_base", &va))
		return kread64(va, &layout->task.direct_map);
	return 0;
}
