/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up guest whose kernel has no type information: tasks, credentials and memory that fields
 * can be inferred from (infer.c), with offsets of their own.
 */
#ifndef TESTS_INFER_GUEST_H
#define TESTS_INFER_GUEST_H

#include "tests/unit/linux_guest.h"

enum {
	TASKS = 0x128,
	MM = 0x160,
	PID = 0x204,
	PARENT = 0x210,
	LEADER = 0x248,
	CRED = 0x3e8,
	COMM = 0x400,
	TASK_SIZE = 0x1000,
	PGD = 0x50,
	CODE = 0x120
};

#define INIT	  (GUEST_BASE + 0x1000)
#define INIT_MM	  (GUEST_BASE + 0x8000)
#define INIT_CRED (GUEST_BASE + 0x9000)
#define TOP	  (GUEST_BASE + 0xa000)
#define USER_PGD  (GUEST_BASE + 0xb000)
#define USER_MM	  (GUEST_BASE + 0xc000)
#define TASK(i)	  (GUEST_BASE + 0x20000 + 0x8000 * (gva_t)(i)) /* 1: process 1, and so on */
#define OFFSETS	  (GUEST_BASE + 0xe000)
#define PERCPU	  (GUEST_BASE + 0xf000) /* of CPU 1 */
#define CURRENT	  0x140
#define ETEXT	  (GUEST_BASE + 0x200000)
#define USER_CRED (GUEST_BASE + 0xd000)

static inline void list_add(gva_t head, gva_t node)
{
	uint64_t last;

	memcpy(&last, guest_at(head + TASKS + 8), 8);
	put64(node + TASKS, head + TASKS);
	put64(node + TASKS + 8, last);
	put64(last, node + TASKS);
	put64(head + TASKS + 8, node + TASKS);
}

static inline void task_make(gva_t va, uint32_t pid, const char *comm, gva_t parent)
{
	put64(va + TASKS, va + TASKS);
	put64(va + TASKS + 8, va + TASKS);
	put32(va + PID, pid);
	put32(va + PID + 4, pid);
	put64(va + PARENT, parent);
	put64(va + PARENT + 8, parent);
	put64(va + LEADER, va);
	put64(va + CRED, pid < 3 ? INIT_CRED : USER_CRED);
	put64(va + CRED + 8, pid < 3 ? INIT_CRED : USER_CRED);
	memcpy(guest_at(va + COMM), comm, strlen(comm) + 1);
	/* lists that are no lists of tasks, closed and empty */
	put64(va + 0x100, va + 0x100);
	put64(va + 0x108, va + 0x100);
}

/* uid at 4 or 8; what is permitted behind eight ids, securebits and what is inherited */
static inline void cred_make(gva_t va, uint32_t uid, uint32_t permitted)
{
	memset(guest_at(va), 0, 0x100);
	put32(va, 7);
	put64(va + permitted, (1ull << 41) - 1);
	put64(va + permitted + 8, (1ull << 41) - 1);
	assert_true(uid == 4 || uid == 8);
}

/* As it is when the first program starts: no process has memory of its own. */
static inline struct kernel_blob *infer_guest(void)
{
	static const struct guest_symbol symbols[] = {
		{"Acurrent_task", CURRENT},	{"T_text", GUEST_BASE},	   {"Dinit_task", INIT},
		{"Dinit_mm", INIT_MM},		{"Dinit_cred", INIT_CRED}, {"Dinit_top_pgt", TOP},
		{"D__per_cpu_offset", OFFSETS}, {"T_etext", ETEXT},
	};
	int i;

	guest_start();
	task_make(INIT, 0, "swapper/0", INIT);
	task_make(TASK(1), 1, "swapper/0", INIT);
	list_add(INIT, TASK(1));
	task_make(TASK(2), 2, "kthreadd", INIT);
	list_add(INIT, TASK(2));
	for (i = 3; i < 8; i++) {
		task_make(TASK(i), (uint32_t)i + 1, "kworker/0:0", TASK(2));
		list_add(INIT, TASK(i));
	}
	put64(TASK(1) + MM + 8, INIT_MM); /* it runs */
	put64(INIT_MM + PGD, TOP);
	put64(INIT_MM + CODE, GUEST_BASE);
	put64(INIT_MM + CODE + 8, ETEXT);
	put64(TOP + 511 * 8, 0x2003);
	put64(USER_PGD + 511 * 8, 0x2003);
	cred_make(INIT_CRED, 8, 56);
	return guest_symbols(symbols, 8);
}

/* Process 1 has become a program. */
static inline void exec_init(void)
{
	strcpy(guest_at(TASK(1) + COMM), "init");
	put64(TASK(1) + MM, USER_MM);
	put64(TASK(1) + MM + 8, USER_MM);
	put64(USER_MM + PGD, USER_PGD);
	put64(USER_MM + CODE + 6 * 8, 0x7ff000000000);
	put64(USER_MM + CODE + 7 * 8, 0x7ff000001000);
	put64(USER_MM + CODE + 8 * 8, 0x7ff000001010);
	put64(USER_MM + CODE + 9 * 8, 0x7ff000001010);
	/* the idle task runs on its page table meanwhile */
	put64(INIT + MM + 8, USER_MM);
}

#endif
