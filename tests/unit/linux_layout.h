/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout for the made-up guest in which each member of every structure has a place of its own:
 * the field's number times 8. Structures are large, but none needs a layout of its own.
 */
#ifndef TESTS_LINUX_LAYOUT_H
#define TESTS_LINUX_LAYOUT_H

#include "engine/linux/process/process.h"
#include "tests/unit/linux_guest.h"

#define STRUCT	    (8 * (size_t)NR_FIELDS) /* bytes of members */
#define STRUCT_SIZE (4 * STRUCT)	    /* and those behind it that are embedded */
#define PGD	    0x8000ull
#define USER	    0x400000ull

/* A new structure; it points to itself nowhere, all is zero. */
static inline gva_t structure(void)
{
	gva_t va = guest_alloc(STRUCT_SIZE, 256);

	memset(guest_at(va), 0, STRUCT_SIZE);
	return va;
}

static inline void set(gva_t s, enum field f, uint64_t value)
{
	put64(at(s, f), value);
}

static inline gva_t string(const char *text)
{
	gva_t va = guest_alloc(strlen(text) + 1, 1);

	memcpy(guest_at(va), text, strlen(text) + 1);
	return va;
}

/* A user page at USER + n pages. */
static inline void *user_page(unsigned int n)
{
	gpa_t gpa = 0x300000 + n * PAGE_SIZE, table = PGD;
	int level;

	for (level = 4; level > 1; level--) {
		uint64_t *e =
			(uint64_t *)(guest_ram + table) + (USER >> (12 + 9 * (level - 1)) & 511);

		*e = (table + PAGE_SIZE) | 7;
		table += PAGE_SIZE;
	}
	((uint64_t *)(guest_ram + table))[(USER >> 12 & 511) + n] = gpa | 7;
	return guest_ram + gpa;
}

static inline void layout_start(void)
{
	int i;

	guest_start();
	for (i = 0; i < NR_FIELDS; i++)
		guest_kernel.field[i] = 8 * i;
	guest_kernel.field[F_TASK_COMM] = (int32_t)STRUCT;
	guest_kernel.field[F_UPID_SIZE] = 16;
	guest_kernel.field[F_UPID_NS] = 8;
	guest_kernel.field[F_PID_NUMBERS] = (int32_t)STRUCT;
	guest_kernel.field[F_MOUNT_MNT] = (int32_t)STRUCT;
	guest_kernel.field[F_MOUNT_NODE] = (int32_t)(2 * STRUCT);
	guest_kernel.field[F_MOUNT_LIST] = 0;
	guest_kernel.field[F_TASK_THREAD_NODE] = 0;
	guest_kernel.field[F_TASK_TASKS] = 0;
}

/* A process with a thread list of its own, an mm and credentials. */
static inline struct linux_task process_new(int pid)
{
	gva_t task = structure(), signal = structure(), mm = structure(), cred = structure();
	struct linux_task out;

	set(task, F_TASK_PID, (uint64_t)pid);
	set(task, F_TASK_TGID, (uint64_t)pid);
	set(task, F_TASK_REAL_CRED, cred);
	set(task, F_TASK_REAL_PARENT, task);
	set(task, F_TASK_MM, mm);
	set(task, F_TASK_SIGNAL, signal);
	set(signal, F_SIGNAL_THREADS, task);
	put64(task, at(signal, F_SIGNAL_THREADS)); /* thread_node.next */
	set(mm, F_MM_PGD, GUEST_BASE + PGD);
	linux_guest_ran();
	assert_int_equal(linux_task(task, &out), 0);
	return out;
}

static inline gva_t follow(gva_t s, enum field f)
{
	uint64_t value;

	memcpy(&value, guest_at(at(s, f)), 8);
	return value;
}

#endif
