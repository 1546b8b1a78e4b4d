/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes and threads that one of the kernel's sources lacks.
 *
 * Birth and death change the list of processes, the pids' lists of tasks, parents' lists and
 * threads' lists in one go, with tasklist_lock held for writing (copy_process() in kernel/fork.c,
 * __unhash_process() in kernel/exit.c, de_thread() in fs/exec.c). So while nobody runs and nobody
 * has that lock, these four must agree. The run queues only ever add: a task that runs and is in
 * none of the others.
 */
#include <stdlib.h>
#include "engine/linux/hidden/hidden_threads.h"
#include "engine/linux/internal.h"
#include "engine/linux/types/types.h"

#define MAX_LIST 65536
#define MAX_CPUS 8192

/* include/linux/sched.h */
#define EXIT_DEAD  0x10u
#define PF_EXITING 0x4u

/* include/asm-generic/qrwlock.h; kernel/locking/rwbase_rt.c of a real-time kernel */
#define QW_LOCKED   0xffu
#define WRITER_BIAS 0x40000000u

#define BIT(n) (1u << (n))

/* Is a CPU in the middle of a change of the lists? */
static int lists_locked(bool *locked)
{
	uint32_t value;
	gva_t lock;

	*locked = false;
	if (symbol_find(kernel, "tasklist_lock", &lock))
		return -ENOENT;
	if (kread32(lock, &value))
		return -EFAULT;
	/* Both at the start of rwlock_t. */
	*locked = has_field(F_RWBASE_READERS) ? value == WRITER_BIAS
					      : (value & QW_LOCKED) == QW_LOCKED;
	return 0;
}

static gva_t leader_of(gva_t task)
{
	gva_t leader;

	if (kread64(at(task, F_TASK_LEADER), &leader) || !kernel_pointer(leader) || leader % 8)
		return task;
	return leader;
}

/* Each entry of the list at head, by the task it is in. */
static int see_list(struct sightings *s, gva_t head, enum field node, enum linux_source source)
{
	struct list_walk walk;
	gva_t pos;
	int err;

	for (err = list_first(&walk, head, MAX_LIST, &pos); !err && pos != head;
	     err = list_next(&walk, &pos)) {
		err = sightings_add(s, pos - (gva_t)kernel->field[node], source);
		if (err)
			return err;
	}
	return err;
}

struct pid_walk {
	struct sightings *s;
	bool damaged;
};

/*
 * A struct pid in the allocator: its task, if it has one (it may be a group's or session's only).
 */
static int see_pid(gva_t pid, void *arg)
{
	struct pid_walk *w = arg;
	gva_t node, task, back;

	bool damaged = w->damaged;

	w->damaged = true; /* one that makes no sense does not end the walk */
	if (!kernel_pointer(pid) || pid % 8 || kread64(at(pid, F_PID_TASKS), &node))
		return 0;
	task = node - (gva_t)kernel->field[F_TASK_PID_LINKS];
	if (node && (!kernel_pointer(node) || node % 8 ||
		     kread64(at(task, F_TASK_THREAD_PID), &back) || back != pid))
		return 0;
	w->damaged = damaged;
	return node ? sightings_add(w->s, task, LINUX_SOURCE_PIDS) : 0;
}

static int see_pids(struct sightings *s)
{
	struct pid_walk w = {.s = s};
	gva_t ns, head;
	int err;

	if (symbol_find(kernel, "init_pid_ns", &ns) || kread64(at(ns, F_PID_NS_IDR), &head))
		return -EFAULT;
	err = xarray_each(head, see_pid, &w);
	return !err && w.damaged ? -EFAULT : err;
}

/* Dead, in no list any more, and about to leave the CPU for ever (do_task_dead()). */
static bool is_gone(gva_t task)
{
	uint32_t state, flags;

	return !kread32(at(task, F_TASK_EXIT_STATE), &state) && (state & EXIT_DEAD) &&
	       !kread32(at(task, F_TASK_FLAGS), &flags) && (flags & PF_EXITING);
}

static int see_running(struct sightings *s, gva_t task, gva_t idle)
{
	if (task == idle || is_gone(task))
		return 0;
	if (!kernel_pointer(task) || task % 8)
		return -EFAULT;
	return sightings_add(s, task, LINUX_SOURCE_CPUS);
}

static int see_run_queue(struct sightings *s, gva_t rq)
{
	struct list_walk walk;
	gva_t task, idle, head = at(rq, F_RQ_CFS_TASKS), pos;
	int err;

	if (kread64(at(rq, F_RQ_CURR), &task) || kread64(at(rq, F_RQ_IDLE), &idle))
		return -EFAULT;
	if (!idle) /* of a CPU that has never been there */
		return 0;
	err = see_running(s, task, idle);
	if (err)
		return err;
	for (err = list_first(&walk, head, MAX_LIST, &pos); !err && pos != head;
	     err = list_next(&walk, &pos)) {
		err = see_running(s, pos - (gva_t)kernel->field[F_TASK_SE_NODE], idle);
		if (err)
			return err;
	}
	return err;
}

static int see_run_queues(struct sightings *s)
{
	gva_t queues, base;
	uint32_t cpu;
	int err;

	if (!has_field(F_RQ_CURR) || !has_field(F_RQ_IDLE) || !has_field(F_RQ_CFS_TASKS) ||
	    !has_field(F_TASK_SE_NODE) || !has_field(F_TASK_EXIT_STATE) ||
	    !has_field(F_TASK_FLAGS) || symbol_find(kernel, "runqueues", &queues))
		return -ENOTSUP;
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		err = linux_cpu_base(cpu, &base);
		if (err == -ERANGE)
			break;
		if (!err)
			err = see_run_queue(s, base + queues);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The threads of each process known so far, and the children of each thread; both may be new ones.
 */
static int see_relatives(struct sightings *s, struct linux_hidden_list *list)
{
	size_t i;
	int err;

	for (i = 0; i < s->count; i++) {
		gva_t task = s->v[i].address, signal;

		if (leader_of(task) == task) {
			err = -EFAULT;
			if (!kread64(at(task, F_TASK_SIGNAL), &signal) && kernel_pointer(signal))
				err = see_list(s, at(signal, F_SIGNAL_THREADS), F_TASK_THREAD_NODE,
					       LINUX_SOURCE_THREADS);
			if (err == -ENOMEM || err == -ETIME)
				return err;
			if (err)
				hidden_incomplete(list, LINUX_SOURCE_THREADS, err);
		}
		err = see_list(s, at(task, F_TASK_CHILDREN), F_TASK_SIBLING, LINUX_SOURCE_CHILDREN);
		if (err == -ENOMEM || err == -ETIME)
			return err;
		if (err)
			hidden_incomplete(list, LINUX_SOURCE_CHILDREN, err);
	}
	return 0;
}

/*
 * A list that leads astray shows things that are no tasks; those that run are, whatever they say.
 */
static bool is_task(const struct sighting *seen, gva_t leader)
{
	struct linux_task task, first;

	if (seen->sources & (BIT(LINUX_SOURCE_PIDS) | BIT(LINUX_SOURCE_CPUS)))
		return true;
	return !linux_task(seen->address, &task) && !linux_task(leader, &first) &&
	       leader_of(leader) == leader && task.pid > 0 && task.tgid == first.pid;
}

static int judge(const struct sighting *seen, struct linux_hidden_list *list)
{
	uint32_t must = BIT(LINUX_SOURCE_PIDS) | BIT(LINUX_SOURCE_THREADS);
	struct linux_hidden row = {.address = seen->address, .seen = seen->sources};
	struct linux_task task;
	gva_t leader = leader_of(seen->address);
	bool leads = leader == seen->address;

	if (leads)
		must |= BIT(LINUX_SOURCE_TASKS) | BIT(LINUX_SOURCE_CHILDREN);
	row.missing = must & list->sources & ~seen->sources;
	if (!row.missing || !is_task(seen, leader))
		return 0;
	row.kind = leads ? LINUX_HIDDEN_PROCESS : LINUX_HIDDEN_THREAD;
	if (!linux_task(seen->address, &task)) {
		row.pid = task.tgid;
		row.tid = task.pid;
		memcpy(row.name, task.comm, sizeof(task.comm));
	}
	return hidden_append(list, &row);
}

/* A source's walk has ended with err: is that the end of all? */
static int source_done(struct linux_hidden_list *list, enum linux_source source, int err)
{
	if (!err)
		list->sources |= BIT(source);
	else if (err != -ENOMEM && err != -ETIME)
		hidden_incomplete(list, source, err);
	return err == -ENOMEM || err == -ETIME ? err : 0;
}

static int look(struct sightings *s, gva_t init, struct linux_hidden_list *list)
{
	int err;

	err = source_done(list, LINUX_SOURCE_TASKS,
			  see_list(s, at(init, F_TASK_TASKS), F_TASK_TASKS, LINUX_SOURCE_TASKS));
	if (!err)
		err = source_done(list, LINUX_SOURCE_PIDS, see_pids(s));
	if (!err)
		err = source_done(list, LINUX_SOURCE_CPUS, see_run_queues(s));
	if (!err)
		err = source_done(list, LINUX_SOURCE_CHILDREN,
				  see_list(s, at(init, F_TASK_CHILDREN), F_TASK_SIBLING,
					   LINUX_SOURCE_CHILDREN));
	list->sources |= BIT(LINUX_SOURCE_THREADS);
	return err ? err : see_relatives(s, list);
}

int linux_hidden_processes(struct linux_hidden_list *list)
{
	struct sightings s = {0};
	size_t before = list->count, i;
	bool locked;
	gva_t init;
	int err = linux_need(LINUX_CROSS_VIEWS);

	if (err)
		return err;
	if (symbol_find(kernel, "init_task", &init))
		return -ENOENT;
	err = lists_locked(&locked);
	if (err)
		return err;
	if (locked)
		return -EAGAIN;
	err = look(&s, init, list);
	for (i = 0; i < s.count && !err; i++)
		/*
		 * A CPU's idle task (pid 0) is a child of none, and init_task is the list's head.
		 */
		if (s.v[i].address != init)
			err = judge(&s.v[i], list);
	if (!err)
		err = hidden_threads_code(&s, list);
	sightings_free(&s);
	if (err)
		list->count = before;
	return err;
}
