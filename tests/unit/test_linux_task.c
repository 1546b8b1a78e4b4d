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
	TASK_SIZE = 80
};
enum { UID = 4, GID = 8 };

#define INIT	(GUEST_BASE + 0x1000)
#define PERCPU	(GUEST_BASE + 0x2000)
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
	static const struct guest_symbol symbols[] = {{"Dinit_task", INIT}};

	guest_start();
	guest_kernel.field[F_TASK_TASKS] = TASKS;
	guest_kernel.field[F_TASK_PID] = PID;
	guest_kernel.field[F_TASK_TGID] = TGID;
	guest_kernel.field[F_TASK_COMM] = COMM;
	guest_kernel.field[F_TASK_REAL_PARENT] = PARENT;
	guest_kernel.field[F_TASK_REAL_CRED] = CRED;
	guest_kernel.field[F_TASK_MM] = MM;
	guest_kernel.field[F_TASK_START] = START;
	guest_kernel.field[F_TASK_FLAGS] = FLAGS;
	guest_kernel.field[F_CRED_UID] = UID;
	guest_kernel.field[F_CRED_GID] = GID;
	guest_kernel.current = CURRENT;
	cred = guest_alloc(16, 8);
	put32(cred + UID, 33);
	put32(cred + GID, 44);
	task_at(INIT, 0, "swapper/0");
	*state = guest_symbols(symbols, 1);
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

static void test_current(void **state)
{
	struct linux_task t;
	struct lvmon_task_layout layout;

	put64(PERCPU + CURRENT, task_new(7, "daemon"));
	assert_int_equal(linux_current(PERCPU, 0x7000, 0, &t), 0);
	assert_int_equal(t.pid, 7);
	assert_int_equal(linux_current(0x7000, PERCPU, 3, &t), 0);
	assert_int_equal(t.pid, 7);
	assert_int_equal(linux_current(0x7000, PERCPU, 0, &t), -EFAULT);
	assert_int_equal(linux_task_layout(&layout), 0);
	assert_true(layout.current_offset == CURRENT && layout.tgid == TGID &&
		    layout.comm == COMM && layout.direct_map == 0xffff888000000000ull);
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
		cmocka_unit_test_setup_teardown(test_current, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_loops, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
