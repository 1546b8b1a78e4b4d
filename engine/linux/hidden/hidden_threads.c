/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel threads whose function is neither the kernel's nor a listed module's. kthread() notes it
 * in struct kthread (kernel/kthread.c), which a thread that is not of kthread_create()'s making
 * lacks, and which is empty until the thread has run.
 *
 * A module may go while a thread of its own ends: kthread_stop() waits for PF_EXITING and a bit
 * more, kthread_complete_and_exit() and module_put_and_kthread_exit() tell it earlier. Then the
 * module says that it is going (free_module() in kernel/module/main.c) until its memory is given
 * back: unmapped, or filled with INT3 (mm/execmem.c, from 6.13 on). Such a thread is not told.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/hidden/hidden_threads.h"
#include "engine/linux/internal.h"

#define PF_EXITING	0x4u /* include/linux/sched.h */
#define INT3		0xcc
#define CODE_SIZE	16 /* bytes of it that are looked at: ENDBR, the patchable entry and more */
#define TASKS_A_LOOK	64 /* at the time limit */
#define SOURCES_OF_TASK (BIT(LINUX_SOURCE_TASKS) | BIT(LINUX_SOURCE_PIDS) | BIT(LINUX_SOURCE_CPUS))

#define BIT(n) (1u << (n))

struct judge {
	struct linux_module *listed, *going;
	size_t listed_count, going_count;
	bool going_known;
};

static bool has_code(gva_t va)
{
	uint8_t bytes[CODE_SIZE];
	size_t i;

	if (linux_kread(va, bytes, sizeof(bytes)))
		return false;
	for (i = 0; i < sizeof(bytes); i++)
		if (bytes[i] != INT3)
			return true;
	return false;
}

/* The function that a kernel thread was made for; 0: none. -EFAULT: it cannot be read. */
static int function_of(gva_t task, gva_t *function)
{
	uint32_t flags;
	gva_t kthread;

	*function = 0;
	if (kread32(at(task, F_TASK_FLAGS), &flags))
		return -EFAULT;
	if (!(flags & LINUX_PF_KTHREAD) || (flags & PF_EXITING))
		return 0;
	if (kread64(at(task, F_TASK_KTHREAD), &kthread))
		return -EFAULT;
	if (!kthread)
		return 0;
	if (!kernel_pointer(kthread) || kthread % 8 ||
	    kread64(at(kthread, F_KTHREAD_FUNCTION), function))
		return -EFAULT;
	return 0;
}

/* Is it of a module that is on its way out? They are looked for once, when there is a need. */
static int is_going(struct judge *j, gva_t va, bool *going)
{
	int err;

	if (!j->going_known) {
		err = hidden_going_modules(&j->going, &j->going_count);
		if (err)
			return err;
		j->going_known = true;
	}
	*going = module_code_at(j->going, j->going_count, va);
	return 0;
}

static int tell(struct linux_hidden_list *list, gva_t task, gva_t function)
{
	struct linux_hidden row = {
		.kind = LINUX_HIDDEN_CODE,
		.address = function,
		.seen = BIT(LINUX_SOURCE_KTHREADS),
		.missing = BIT(LINUX_SOURCE_TEXT),
	};
	struct linux_task t;

	if (linux_task(task, &t))
		return -EFAULT;
	row.pid = t.tgid;
	row.tid = t.pid;
	snprintf(row.name, sizeof(row.name), "kernel thread %d (%s)", t.pid, t.comm);
	return hidden_append(list, &row);
}

static int judge(struct judge *j, gva_t task, struct linux_hidden_list *list)
{
	gva_t function;
	bool going;
	int err = function_of(task, &function);

	if (err || !function || kernel_code_at(function) ||
	    module_code_at(j->listed, j->listed_count, function) || !has_code(function))
		return err;
	if (linux_stopped())
		return -ETIME;
	err = is_going(j, function, &going);
	return err || going ? err : tell(list, task, function);
}

static int look(struct judge *j, const struct sightings *s, struct linux_hidden_list *list)
{
	int err, damaged = 0;
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (i % TASKS_A_LOOK == TASKS_A_LOOK - 1 && linux_stopped())
			return -ETIME;
		/* What a list that leads astray shows may be no task. */
		if (!(s->v[i].sources & list->sources & SOURCES_OF_TASK))
			continue;
		err = judge(j, s->v[i].address, list);
		if (err == -EFAULT)
			damaged = err;
		else if (err)
			return err;
	}
	return damaged;
}

int hidden_threads_code(const struct sightings *s, struct linux_hidden_list *list)
{
	struct judge j = {0};
	int err;

	if (!has_field(F_TASK_KTHREAD) || !has_field(F_KTHREAD_FUNCTION) ||
	    !has_field(F_TASK_FLAGS))
		err = -ENOTSUP;
	else
		err = linux_modules(&j.listed, &j.listed_count);
	if (!err)
		err = look(&j, s, list);
	if (!err)
		list->sources |= BIT(LINUX_SOURCE_KTHREADS);
	else if (err != -ENOMEM && err != -ETIME)
		hidden_incomplete(list, LINUX_SOURCE_KTHREADS, err);
	free(j.listed);
	free(j.going);
	return err == -ENOMEM || err == -ETIME ? err : 0;
}
