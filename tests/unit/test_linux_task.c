// SPDX-License-Identifier: Apache-2.0
/* Tasks: one, the current one, the list of all, and lists that do not end. */
#include "tests/unit/linux_guest.h"

enum {
	TASKS = 0,
	PID = 16,
	TGID = 20,
	COMM = 24,
	PARENT = 40,
	CRED = 48,
	MM = 56,
	START = 64,
	FLAGS = 72,
	LEADER = 80,
	PID_LINKS = 88,
	TASK_SIZE = 96
};
enum { PID_TASKS = 8, NS_IDR = 16, NODE_SHIFT = 0, NODE_SLOTS = 8 };
enum { UID = 4, GID = 8 };

#define INIT	(GUEST_BASE + 0x1000)
#define PERCPU	(GUEST_BASE + 0x2000)
#define PID_NS	(GUEST_BASE + 0x3000)
#define CURRENT 0x140

static gva_t cred;

static void list_add(gva_t head, gva_t node)
{
	uint64_t last;

	memcpy(&last, guest_at(head + TASKS + 8), 8);
	put64(node + TASKS, head + TASKS);
	put64(node + TASKS + 8, last);
	put64(last, node + TASKS);
	put64(head + TASKS + 8, node + TASKS);
}

static gva_t task_at(gva_t va, int pid, const char *comm)
{
	memset(guest_at(va), 0, TASK_SIZE);
	put64(va + TASKS, va + TASKS);
	put64(va + TASKS + 8, va + TASKS);
	put32(va + PID, (uint32_t)pid);
	put32(va + TGID, (uint32_t)pid);
	memcpy(guest_at(va + COMM), comm, strlen(comm));
	put64(va + PARENT, INIT);
	put64(va + CRED, cred);
	put64(va + START, 1000u * (uint32_t)pid);
	return va;
}

static gva_t task_new(int pid, const char *comm)
{
	gva_t va = task_at(guest_alloc(TASK_SIZE, 8), pid, comm);

	list_add(INIT, va);
	return va;
}

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {{"Dinit_task", INIT},
						      {"Dinit_pid_ns", PID_NS}};

	guest_start();
	guest_kernel.field[F_TASK_TASKS] = TASKS;
	guest_kernel.field[F_TASK_PID] = PID;
	guest_kernel.field[F_TASK_TGID] = TGID;
	guest_kernel.field[F_TASK_COMM] = COMM;
	guest_kernel.field[F_TASK_REAL_PARENT] = PARENT;
	guest_kernel.field[F_TASK_REAL_CRED] = CRED;
	guest_kernel.field[F_TASK_MM] = MM;
	guest_kernel.field[F_TASK_START] = START;
	guest_kernel.field[F_MM_PGD] = 0;
	guest_kernel.field[F_TASK_FLAGS] = FLAGS;
	guest_kernel.field[F_CRED_UID] = UID;
	guest_kernel.field[F_CRED_GID] = GID;
	guest_kernel.current = CURRENT;
	cred = guest_alloc(16, 8);
	put32(cred + UID, 33);
	put32(cred + GID, 44);
	task_at(INIT, 0, "swapper/0");
	*state = guest_symbols(symbols, 2);
	return 0;
}

static int tear_down(void **state)
{
	kernel = NULL;
	free(*state);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static void test_one(void **state)
{
	gva_t a = task_new(7, "daemon"), b = task_new(8, "sixteen-letters!");
	struct linux_task t;

	put64(a + MM, GUEST_BASE + 0x5000);
	put64(b + PARENT, a);
	put64(b + MM, GUEST_BASE + 0x5000);
	put32(b + FLAGS, 0x00200000); /* a kernel thread that has borrowed an mm */
	assert_int_equal(linux_task(a, &t), 0);
	assert_true(t.task == a && t.pid == 7 && t.tgid == 7 && t.ppid == 0 && t.uid == 33 &&
		    t.gid == 44 && t.start_time == 7000 && t.mm == GUEST_BASE + 0x5000);
	assert_string_equal(t.comm, "daemon");
	assert_int_equal(linux_task(b, &t), 0);
	assert_int_equal(t.ppid, 7);
	assert_true(t.mm == 0);
	assert_string_equal(t.comm, "sixteen-letters"); /* always ends */
	assert_int_equal(linux_task(a + 4, &t), -EFAULT);
	assert_int_equal(linux_task(0, &t), -EFAULT);
	assert_int_equal(linux_task(0xffff999900000000ull, &t), -EFAULT);
	put32(a + PID, 0x7fffffff);
	assert_int_equal(linux_task(a, &t), -EFAULT);
}

/* The same process in the same address space, or not: what is written goes to no other. */
static void test_memory_lives(void **state)
{
	gva_t a = task_new(7, "daemon"), mm = guest_alloc(8, 8), other = guest_alloc(8, 8);
	struct linux_memory mem = {0};

	put64(mm, GUEST_BASE + 0x7000);
	put64(other, GUEST_BASE + 0x7000);
	put64(a + MM, mm);
	assert_int_equal(linux_task(a, &mem.task), 0);
	assert_int_equal(linux_kva_to_gpa(GUEST_BASE + 0x7000, &mem.pgd), 0);
	assert_true(linux_memory_lives(&mem));
	put64(a + MM, 0); /* it ends */
	assert_false(linux_memory_lives(&mem));
	put64(a + MM, other); /* another program */
	assert_false(linux_memory_lives(&mem));
	put64(a + MM, mm);
	put64(mm, GUEST_BASE + 0x8000); /* the mm's place is in use again */
	assert_false(linux_memory_lives(&mem));
	put64(mm, GUEST_BASE + 0x7000);
	put64(a + START, 7001); /* so is the task's */
	assert_false(linux_memory_lives(&mem));
	put64(a + START, 7000);
	put32(a + PID, 8);
	assert_false(linux_memory_lives(&mem));
	put32(a + PID, 7);
	assert_true(linux_memory_lives(&mem));
}

static void test_current(void **state)
{
	struct linux_task t;
	struct linux_task_layout layout;

	put64(PERCPU + CURRENT, task_new(7, "daemon"));
	assert_int_equal(linux_current(PERCPU, 0x7000, 0, &t), 0);
	assert_int_equal(t.pid, 7);
	assert_int_equal(linux_current(0x7000, PERCPU, 3, &t), 0);
	assert_int_equal(t.pid, 7);
	assert_int_equal(linux_current(0x7000, PERCPU, 0, &t), -EFAULT);
	assert_int_equal(linux_task_layout(&layout), 0);
	assert_true(layout.task.current_offset == CURRENT && layout.tgid == TGID &&
		    layout.comm == COMM && layout.task.direct_map == 0xffff888000000000ull);
}

enum { STATE = 96, READERS = 104, HOT_COUNT = 8, COUNT = 0x150, HOT = 0x160 };

static int may_sleep(bool place, uint64_t flags)
{
	struct lvmon_event ev = {.gs_base = PERCPU, .regs[LVMON_RFLAGS] = flags};

	return linux_may_sleep(&ev, place);
}

/* A CPU's count of preemption and what else there is at hand, with and without locks in it. */
static void sleeps(const struct guest_symbol *symbols, uint32_t n, gva_t count, bool counts_locks)
{
	static const uint32_t held[] = {1, 0x100, 0x10000, 0x100000, 0x80000001, 0x7fffffff};
	const gva_t task = guest_alloc(TASK_SIZE + 16, 8);
	struct kernel_blob *b = guest_symbols(symbols, n);

	b->current = CURRENT;
	b->field[F_TASK_STATE] = STATE;
	task_at(task, 7, "daemon");
	put64(task + STATE, 0);
	put64(task + READERS, 0);
	put64(PERCPU + CURRENT, task);
	for (uint32_t due = 0; due < 2; due++) { /* inverted: 0 is when another task is to run */
		put32(PERCPU + count, due ? 0 : 0x80000000);
		assert_int_equal(may_sleep(true, 0x202), 0);
		assert_int_equal(may_sleep(false, 0x202), counts_locks ? 0 : -EBUSY);
		assert_int_equal(may_sleep(true, 2), -EBUSY); /* no interrupts */
		for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++) {
			put32(PERCPU + count, held[i] | (due ? 0 : 0x80000000));
			assert_int_equal(may_sleep(true, 0x202), -EBUSY);
			put32(PERCPU + count, 0);
		}
	}
	put32(task + STATE, 2); /* it is about to sleep */
	assert_int_equal(may_sleep(true, 0x202), -EBUSY);
	put64(task + STATE, 0);
	put32(task + READERS, 1);
	assert_int_equal(may_sleep(true, 0x202), 0); /* a kernel that has no such member */
	b->field[F_TASK_RCU_READERS] = READERS;
	assert_int_equal(may_sleep(true, 0x202), -EBUSY);
	put32(task + READERS, 0);
	assert_int_equal(may_sleep(true, 0x202), 0);
	put64(PERCPU + CURRENT, 8);
	assert_int_equal(may_sleep(true, 0x202), -EFAULT);
	b->field[F_TASK_STATE] = NO_FIELD;
	assert_int_equal(may_sleep(true, 0x202), -ENOTSUP);
	free(b);
}

static void test_may_sleep(void **state)
{
	/* 5.10 without CONFIG_PREEMPT_COUNT; 6.1, and from 6.15 on; 6.2 to 6.14 */
	static const struct guest_symbol plain[] = {{"D__preempt_count", COUNT},
						    {"Dinit_task", INIT}},
					 counting[] = {{"D__preempt_count", COUNT},
						       {"Dinit_task", INIT},
						       {"Tpreempt_schedule", INIT + 8}},
					 hot[] = {{"Dpcpu_hot", HOT},
						  {"Dinit_task", INIT},
						  {"Tpreempt_schedule", INIT + 8}};
	const gva_t task = guest_alloc(TASK_SIZE + 16, 8);

	sleeps(plain, 2, COUNT, false);
	sleeps(counting, 3, COUNT, true);
	guest_kernel.field[F_PCPU_PREEMPT] = HOT_COUNT;
	sleeps(hot, 3, HOT + HOT_COUNT, true);
	guest_kernel.field[F_PCPU_PREEMPT] = NO_FIELD;
	guest_kernel.field[F_TASK_STATE] = STATE;
	guest_kernel.current = CURRENT;
	put64(PERCPU + CURRENT, task);
	guest_symbols(hot + 1, 2);
	assert_int_equal(may_sleep(true, 0x202), -ENOTSUP); /* no count to be found */
	free((void *)kernel);
}

static void test_list(void **state)
{
	struct linux_task *tasks, t;
	size_t count, i;

	assert_int_equal(linux_tasks(&tasks, &count), 0);
	assert_int_equal(count, 0);
	free(tasks);
	for (i = 1; i <= 1000; i++)
		task_new((int)i, "t");
	assert_int_equal(linux_tasks(&tasks, &count), 0);
	assert_int_equal(count, 1000);
	for (i = 0; i < count; i++)
		assert_int_equal(tasks[i].pid, i + 1);
	free(tasks);
	assert_int_equal(linux_find_pid(500, &t), 0);
	assert_int_equal(t.pid, 500);
	assert_int_equal(linux_find_pid(1001, &t), -ESRCH);
	assert_int_equal(linux_find_pid(0, &t), -ESRCH); /* the idle task is not in it */
}

/* The allocator of pids up to 4095: two levels of nodes. */
static void allocate_pids(struct kernel_blob *b, gva_t *root)
{
	b->field[F_TASK_PID_LINKS] = PID_LINKS;
	b->field[F_PID_TASKS] = PID_TASKS;
	b->field[F_PID_NS_IDR] = NS_IDR;
	b->field[F_XA_NODE_SHIFT] = NODE_SHIFT;
	b->field[F_XA_NODE_SLOTS] = NODE_SLOTS;
	*root = guest_alloc(NODE_SLOTS + 64 * 8, 8);
	memset(guest_at(*root), 0, NODE_SLOTS + 64 * 8);
	*(uint8_t *)guest_at(*root + NODE_SHIFT) = 6;
	put64(PID_NS + NS_IDR, *root + 2);
}

/* The place of the pid's struct in the allocator. */
static gva_t pid_slot(gva_t root, unsigned int pid)
{
	gva_t slot = root + NODE_SLOTS + 8 * (pid >> 6), node;

	memcpy(&node, guest_at(slot), 8);
	if (!node) {
		node = guest_alloc(NODE_SLOTS + 64 * 8, 8) + 2;
		memset(guest_at(node - 2), 0, NODE_SLOTS + 64 * 8);
		put64(slot, node);
	}
	return node - 2 + NODE_SLOTS + 8 * (pid & 63);
}

static void allocate_pid(gva_t root, unsigned int pid, gva_t task)
{
	gva_t structure = guest_alloc(PID_TASKS + 8, 8);

	put64(structure + PID_TASKS, task ? task + PID_LINKS : 0);
	put64(pid_slot(root, pid), structure);
}

static uint32_t looks;

static bool count_looks(void)
{
	looks++;
	return false;
}

/* However many processes there are, one is found by its id without a walk. */
static void test_find_in_a_crowd(void **state)
{
	struct linux_task t;
	gva_t root, leader = task_new(900, "leader"),
		    thread = task_at(guest_alloc(TASK_SIZE, 8), 901, "thread");

	for (int i = 0; i < 300; i++)
		task_new(1000 + i, "crowd");
	allocate_pids(*state, &root);
	allocate_pid(root, 900, leader);
	allocate_pid(root, 901, thread);
	allocate_pid(root, 902, 0);
	put32(thread + TGID, 900);
	linux_stop_when(count_looks);
	looks = 0;
	assert_int_equal(linux_find_pid(900, &t), 0);
	assert_true(t.task == leader && t.pid == 900);
	assert_int_equal(linux_find_pid(901, &t), -ESRCH); /* a thread's id */
	assert_int_equal(linux_find_pid(902, &t), -ESRCH); /* a group whose leader has ended */
	assert_int_equal(linux_find_pid(903, &t), -ESRCH);
	assert_int_equal(linux_find_pid(4096, &t), -ESRCH); /* more than the tree covers */
	assert_int_equal(linux_find_pid(-1, &t), -ESRCH);
	assert_int_equal(looks, 0);
	/* What the allocator does not tell rightly, the list does. */
	put64(pid_slot(root, 1200), 0x1234560);
	assert_int_equal(linux_find_pid(1200, &t), 0);
	assert_int_equal(t.pid, 1200);
	allocate_pid(root, 1201, leader);
	assert_int_equal(linux_find_pid(1201, &t), 0);
	assert_int_equal(t.pid, 1201);
	put64(PID_NS + NS_IDR, 0x1234562);
	assert_int_equal(linux_find_pid(900, &t), 0);
	assert_true(looks > 0);
	linux_stop_when(NULL);
}

/* The parent is the process of the thread that forked, found without a walk. */
static void test_parents(void **state)
{
	gva_t leader = task_new(20, "leader"),
	      thread = task_at(guest_alloc(TASK_SIZE, 8), 21, "thread");
	gva_t child = task_new(30, "child");
	struct linux_task t, parent;

	put32(thread + TGID, 20);
	put64(thread + LEADER, leader);
	put64(leader + LEADER, leader);
	put64(child + PARENT, thread);
	((struct kernel_blob *)*state)->field[F_TASK_LEADER] = LEADER;
	linux_stop_when(count_looks);
	looks = 0;
	assert_int_equal(linux_task(child, &t), 0);
	assert_int_equal(linux_parent(&t, &parent), 0);
	assert_int_equal(parent.pid, 20);
	assert_string_equal(parent.comm, "leader");
	assert_int_equal(linux_parent(&parent, &t), -ESRCH); /* the idle task is no process */
	put64(child + PARENT, 0x12345678);
	assert_int_equal(linux_parent(&(struct linux_task){.task = child, .ppid = 20}, &t),
			 -EFAULT);
	assert_int_equal(looks, 0);
	linux_stop_when(NULL);
}

/* Loops of every length that do not come back to the head, at once or after a while. */
static void test_loops(void **state)
{
	gva_t task[40];
	int i, to;

	for (i = 0; i < 40; i++)
		task[i] = task_new(i + 1, "t");
	for (to = 0; to < 40; to++) {
		struct linux_task *tasks, t;
		size_t count;

		put64(task[39] + TASKS, task[to] + TASKS);
		assert_int_equal(linux_tasks(&tasks, &count), -EOVERFLOW);
		assert_in_range(count, 40, 200);
		assert_int_equal(tasks[39].pid, 40);
		free(tasks);
		assert_int_equal(linux_find_pid(40, &t), 0);
		assert_int_equal(linux_find_pid(41, &t), -ESRCH);
	}
}

static void test_broken(void **state)
{
	gva_t a = task_new(1, "a"), b = task_new(2, "b");
	struct linux_task *tasks;
	size_t count, i;

	task_new(3, "c");
	put32(b + PID, 0xffffffff); /* left out, and said so */
	assert_int_equal(linux_tasks(&tasks, &count), -EFAULT);
	assert_int_equal(count, 2);
	assert_int_equal(tasks[1].pid, 3);
	free(tasks);
	for (i = 0; i < 3; i++) {
		const gva_t nowhere[] = {0x400000, 0xffff999900000000ull, b + 1};

		put64(a + TASKS, nowhere[i]);
		assert_int_equal(linux_tasks(&tasks, &count), -EFAULT);
		assert_int_equal(count, 1);
		assert_int_equal(tasks[0].pid, 1);
		free(tasks);
	}
}

static int looks_left;

static bool time_is_up(void)
{
	return looks_left-- <= 0;
}

/* The time is up in the middle: what was found by then, and that it is not all. */
static void test_time(void **state)
{
	struct linux_task *tasks;
	size_t count;

	for (int i = 1; i <= 300; i++)
		task_new(i, "many");
	linux_stop_when(time_is_up);
	looks_left = 2;
	assert_int_equal(linux_tasks(&tasks, &count), -ETIME);
	assert_in_range(count, 1, 299);
	assert_int_equal(tasks[0].pid, 1);
	free(tasks);
	looks_left = 1000;
	assert_int_equal(linux_tasks(&tasks, &count), 0);
	assert_int_equal(count, 300);
	free(tasks);
	linux_stop_when(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memory_lives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_current, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_may_sleep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_find_in_a_crowd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_loops, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
