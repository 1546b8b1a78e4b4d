/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kernel hides: things that one of its sources shows and another one does not. Each source
 * is a structure that the kernel itself needs for something else, so what is taken out of one is
 * found in another. The answer is exact only while nothing runs: live, the caller pauses the guest.
 */
#ifndef ENGINE_LINUX_HIDDEN_HIDDEN_H
#define ENGINE_LINUX_HIDDEN_HIDDEN_H

#include "engine/linux/linux.h"

enum linux_source {
	LINUX_SOURCE_TASKS, /* the list of processes, from which ps and /proc/PID's readers choose
			     */
	LINUX_SOURCE_PIDS,  /* the pid allocator: /proc and kill() find processes in it */
	LINUX_SOURCE_CHILDREN, /* the lists of parents' children: wait() */
	LINUX_SOURCE_THREADS,  /* the list of a process's threads: signals */
	LINUX_SOURCE_CPUS,     /* running or waiting for a CPU: the scheduler */
	LINUX_SOURCE_MODULES,  /* the list of modules: /proc/modules */
	LINUX_SOURCE_SYSFS,    /* /sys/module */
	LINUX_SOURCE_TREE,     /* the tree of modules by address: oops messages, perf */
	LINUX_SOURCE_MEMORY,   /* a struct module in the memory for modules */
	LINUX_SOURCE_SYSCALLS, /* the system-call tables lead to it */
	LINUX_SOURCE_IDT,      /* the IDT does */
	LINUX_SOURCE_KTHREADS, /* a kernel thread was made for it */
	LINUX_SOURCE_TEXT,     /* code of the kernel's or of a listed module's */
	LINUX_SOURCES
};

/* "task list", "pid allocator", ...: for people */
const char *linux_source_name(enum linux_source source);

enum linux_hidden_kind {
	LINUX_HIDDEN_PROCESS,
	LINUX_HIDDEN_THREAD,
	LINUX_HIDDEN_MODULE,
	LINUX_HIDDEN_CODE
};

struct linux_hidden {
	enum linux_hidden_kind kind;
	int32_t pid, tid;	/* of processes and threads; of the thread that code is run by */
	uint32_t seen, missing; /* a bit for each enum linux_source */
	gva_t address;		/* struct task_struct, struct module; of the code */
	char name[64];		/* comm, the module's name, "system call 59 execve", ... */
};

struct linux_hidden_list {
	struct linux_hidden *rows; /* malloc'ed */
	size_t count;
	uint32_t sources; /* that could be read; what is missing from others is not told */
	char reason[160]; /* why the list may lack something; "": it does not */
};

/*
 * Append to *list what disagrees. 0; -EAGAIN: the kernel was in the middle of a change, nothing is
 * told (a CPU that is held there must go on for a while); -ETIME: linux_stop_when() said so,
 * nothing is told; -ENOMEM, and what linux_need() says: the same.
 */
int linux_hidden_processes(struct linux_hidden_list *list) must_check;
int linux_hidden_modules(struct linux_hidden_list *list) must_check;
/* idt: IDTR's base, 0: the kernel's own table */
int linux_hidden_code(gva_t idt, struct linux_hidden_list *list) must_check;

#endif
