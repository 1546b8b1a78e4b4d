// SPDX-License-Identifier: Apache-2.0
/* Details of processes, and threads: what is there, what is not, and lists that do not end. */
#include "tests/unit/linux_layout.h"

static struct linux_task task;

static int set_up(void **state)
{
	layout_start();
	task = process_new(7);
	return 0;
}

static int tear_down(void **state)
{
	kernel = NULL;
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static void test_states(void **state)
{
	static const struct {
		uint32_t now, exit;
		char letter;
	} cases[] = {
		{0, 0, 'R'},	  {1, 0, 'S'},	    {2, 0, 'D'},	{0x102, 0, 'D'},
		{4, 0, 'T'},	  {8, 0, 't'},	    {0x80, 0x10, 'X'},	{0x80, 0x20, 'Z'},
		{0x40, 0, 'P'},	  {0x402, 0, 'I'},  {0x2001, 0, 'S'},	{0x1000, 0, 'D'},
		{0x8000, 0, 'D'}, {0x2402, 0, 'I'}, {0xffff00, 0, 'D'}, {0x80, 0x30, 'Z'},
	};
	size_t i;
	char letter;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set(task.task, F_TASK_STATE, cases[i].now);
		set(task.task, F_TASK_EXIT_STATE, cases[i].exit);
		assert_int_equal(linux_state(&task, &letter), 0);
		assert_int_equal(letter, cases[i].letter);
	}
	task.task = 0xffff999900000000ull;
	assert_int_equal(linux_state(&task, &letter), -EFAULT);
	guest_kernel.field[F_TASK_STATE] = NO_FIELD;
	assert_int_equal(linux_state(&task, &letter), -ENOTSUP);
	kernel = NULL;
	assert_int_equal(linux_state(&task, &letter), -ENODATA);
}

static void test_ids(void **state)
{
	gva_t signal = follow(task.task, F_TASK_SIGNAL), pid = structure(), tty = structure();
	gva_t driver = structure();
	uint32_t device;
	int32_t id;

	assert_int_equal(linux_id(&task, LINUX_PGRP, &id), 0);
	assert_int_equal(id, 0);
	put32(at(pid, F_PID_NUMBERS), 4711);
	put64(at(signal, F_SIGNAL_PIDS) + 24, pid);
	assert_int_equal(linux_id(&task, LINUX_SESSION, &id), 0);
	assert_int_equal(id, 4711);
	put64(at(signal, F_SIGNAL_PIDS) + 16, 0x1000);
	assert_int_equal(linux_id(&task, LINUX_PGRP, &id), -EFAULT);

	assert_int_equal(linux_tty(&task, &device), 0);
	assert_int_equal(device, 0);
	set(signal, F_SIGNAL_TTY, tty);
	assert_int_equal(linux_tty(&task, &device), -EFAULT);
	set(tty, F_TTY_DRIVER, driver);
	set(tty, F_TTY_INDEX, 300);
	set(driver, F_TTY_DRIVER_MAJOR, 136);
	set(driver, F_TTY_DRIVER_MINOR, 2);
	assert_int_equal(linux_tty(&task, &device), 0);
	assert_int_equal(device, 136 << 8 | (302 & 0xff) | (302 & 0xf00) << 12);
	guest_kernel.field[F_TTY_INDEX] = NO_FIELD;
	assert_int_equal(linux_tty(&task, &device), -ENOTSUP);
	set(task.task, F_TASK_SIGNAL, 0);
	assert_int_equal(linux_tty(&task, &device), -EFAULT);
	assert_int_equal(linux_id(&task, LINUX_PGRP, &id), -EFAULT);
}

static void test_rights(void **state)
{
	gva_t cred = follow(task.task, F_TASK_REAL_CRED);
	uint32_t id;
	uint64_t caps;

	set(cred, F_CRED_FSUID, 1001);
	set(cred, F_CRED_SGID, 1002);
	set(cred, F_CRED_CAP_EFFECTIVE, 0x1ffffffffff);
	assert_int_equal(linux_owner(&task, LINUX_FSUID, &id), 0);
	assert_int_equal(id, 1001);
	assert_int_equal(linux_owner(&task, LINUX_SGID, &id), 0);
	assert_int_equal(id, 1002);
	assert_int_equal(linux_capabilities(&task, LINUX_CAP_EFFECTIVE, &caps), 0);
	assert_true(caps == 0x1ffffffffff);
	assert_int_equal(linux_capabilities(&task, LINUX_CAP_AMBIENT, &caps), 0);
	assert_true(caps == 0);
	guest_kernel.field[F_CRED_CAP_AMBIENT] = NO_FIELD;
	assert_int_equal(linux_capabilities(&task, LINUX_CAP_AMBIENT, &caps), -ENOTSUP);
	set(task.task, F_TASK_REAL_CRED, 0x1234);
	assert_int_equal(linux_owner(&task, LINUX_EUID, &id), -EFAULT);
	set(task.task, F_TASK_REAL_CRED, 0);
	assert_int_equal(linux_capabilities(&task, LINUX_CAP_PERMITTED, &caps), -EFAULT);
}

static void inode_is(enum linux_namespace which, uint32_t want)
{
	uint32_t inode = 77;

	assert_int_equal(linux_namespace(&task, which, &inode), 0);
	assert_int_equal(inode, want);
}

static void test_namespaces(void **state)
{
	gva_t proxy = structure(), net = structure(), user = structure(), pid = structure();
	gva_t space = structure();
	uint32_t inode;

	inode_is(LINUX_NS_NET, 0); /* a zombie */
	inode_is(LINUX_NS_PID, 0);
	set(task.task, F_TASK_NSPROXY, proxy);
	set(proxy, F_NSPROXY_NET, net);
	put32(at(at(net, F_NET_NS_COMMON), F_NS_INUM), 4026531840u);
	inode_is(LINUX_NS_NET, 4026531840u);
	inode_is(LINUX_NS_UTS, 0);
	set(follow(task.task, F_TASK_REAL_CRED), F_CRED_USER_NS, user);
	put32(at(at(user, F_USER_NS_COMMON), F_NS_INUM), 17);
	inode_is(LINUX_NS_USER, 17);
	/* The second one of two. */
	set(task.task, F_TASK_THREAD_PID, pid);
	set(pid, F_PID_LEVEL, 1);
	put64(at(pid, F_PID_NUMBERS) + 16 + 8, space);
	put32(at(at(space, F_PID_NS_COMMON), F_NS_INUM), 18);
	inode_is(LINUX_NS_PID, 18);
	set(pid, F_PID_LEVEL, 33);
	assert_int_equal(linux_namespace(&task, LINUX_NS_PID, &inode), -EFAULT);
	set(proxy, F_NSPROXY_TIME, 0x400000);
	assert_int_equal(linux_namespace(&task, LINUX_NS_TIME, &inode), -EFAULT);
	guest_kernel.field[F_NSPROXY_TIME] = NO_FIELD;
	assert_int_equal(linux_namespace(&task, LINUX_NS_TIME, &inode), -ENOTSUP);
	guest_kernel.field[F_UPID_SIZE] = NO_FIELD;
	assert_int_equal(linux_namespace(&task, LINUX_NS_PID, &inode), -ENOTSUP);
}

static gva_t node_new(gva_t parent, const char *name)
{
	gva_t node = structure();

	set(node, F_KERNFS_PARENT, parent);
	set(node, F_KERNFS_NAME, string(name));
	return node;
}

static void test_cgroup(void **state)
{
	gva_t sets = structure(), group = structure(), root = node_new(0, "");
	gva_t first = node_new(root, "first"), second = node_new(first, "the second");
	char path[4096];
	int i;

	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), -EFAULT);
	set(task.task, F_TASK_CGROUPS, sets);
	set(sets, F_CSS_SET_GROUP, group);
	set(group, F_CGROUP_KN, root);
	set(group, F_CGROUP_FLAGS, 2);
	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), 0);
	assert_string_equal(path, "/");
	set(group, F_CGROUP_KN, second);
	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), 0);
	assert_string_equal(path, "/first/the second");
	assert_int_equal(linux_cgroup(&task, path, 7), 0);
	assert_string_equal(path, "/first");
	set(group, F_CGROUP_FLAGS, 0);
	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), 0);
	assert_string_equal(path, "/first/the second (deleted)");
	/* Round and round, with names and with few characters of them. */
	set(root, F_KERNFS_PARENT, second);
	set(root, F_KERNFS_NAME, string("a long name to fill it"));
	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), -ENAMETOOLONG);
	for (i = 0; i < 3; i++)
		set(((gva_t[]){root, first, second})[i], F_KERNFS_NAME, string("x"));
	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), -ELOOP);
	set(first, F_KERNFS_NAME, 0);
	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), -EFAULT);
	guest_kernel.field[F_KERNFS_NAME] = NO_FIELD;
	assert_int_equal(linux_cgroup(&task, path, sizeof(path)), -ENOTSUP);
}

static void arguments_at(gva_t start, gva_t end, gva_t env_start, gva_t env_end)
{
	set(task.mm, F_MM_ARG_START, start);
	set(task.mm, F_MM_ARG_END, end);
	set(task.mm, F_MM_ENV_START, env_start);
	set(task.mm, F_MM_ENV_END, env_end);
	linux_guest_ran();
}

static void arguments_are(const char *want, size_t size)
{
	char bytes[10000];
	size_t n;

	assert_int_equal(linux_arguments(&task, bytes, sizeof(bytes), &n), 0);
	assert_int_equal(n, size);
	assert_memory_equal(bytes, want, size);
}

static void test_arguments(void **state)
{
	char *page = user_page(0), bytes[100];
	struct linux_task thread = task;
	size_t n;

	memcpy(page + 16, "first\0second\0A=environment\0", 27);
	arguments_at(USER + 16, USER + 29, USER + 29, USER + 43);
	arguments_are("first\0second", 13);
	assert_int_equal(linux_arguments(&task, bytes, 4, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(linux_cmdline(&task, bytes, sizeof(bytes)), 0);
	assert_string_equal(bytes, "first second");
	/* Written over beyond their end: up to a NUL, in the environment at most. */
	memset(page + 16, 't', 20);
	arguments_are("ttttttttttttttttttttonment", 27);
	arguments_at(USER + 16, USER + 29, USER + 29, USER + 31);
	arguments_are("ttttttttttttttt", 15);
	arguments_at(USER + 16, USER + 29, USER + 40, USER + 60); /* not adjacent */
	arguments_are("ttttttttttttt", 13);
	/* None, or none that can be. */
	arguments_at(0, 0, 0, 0);
	arguments_are("", 0);
	arguments_at(USER + 16, USER + 16, 0, 0);
	arguments_are("", 0);
	arguments_at(USER + 17, USER + 16, 0, 0);
	assert_int_equal(linux_arguments(&task, bytes, sizeof(bytes), &n), -EFAULT);
	arguments_at(0x700000, 0x700100, 0, 0);
	assert_int_equal(linux_arguments(&task, bytes, sizeof(bytes), &n), -EFAULT);
	/* What is not in memory ends it. */
	memset(page + 4000, 'a', 96);
	arguments_at(USER + 4000, USER + 40960, 0, 0);
	assert_int_equal(linux_arguments(&task, bytes, sizeof(bytes), &n), 0);
	assert_int_equal(n, 96);
	thread.mm = 0;
	assert_int_equal(linux_arguments(&thread, bytes, sizeof(bytes), &n), 0);
	assert_int_equal(n, 0);
}

static gva_t thread_new(int tid, gva_t before)
{
	gva_t thread = structure();

	memcpy(guest_at(thread), guest_at(task.task), STRUCT);
	set(thread, F_TASK_PID, (uint64_t)tid);
	put64(thread, follow(before, F_TASK_THREAD_NODE));
	put64(before, thread);
	return thread;
}

static void test_threads(void **state)
{
	gva_t second = thread_new(8, task.task), third = thread_new(9, second);
	struct linux_task *threads;
	size_t n, i;

	assert_int_equal(linux_threads(&task, &threads, &n), 0);
	assert_int_equal(n, 3);
	for (i = 0; i < n; i++) {
		assert_int_equal(threads[i].pid, 7 + (int)i);
		assert_int_equal(threads[i].tgid, 7);
	}
	free(threads);
	put64(third, second); /* a loop that does not lead back */
	assert_int_equal(linux_threads(&task, &threads, &n), -EOVERFLOW);
	assert_in_range(n, 3, 10);
	free(threads);
	put64(third, 0x1000);
	assert_int_equal(linux_threads(&task, &threads, &n), -EFAULT);
	assert_int_equal(n, 3);
	free(threads);
	/* A list that leads into another process. */
	put64(third, process_new(100).task);
	assert_int_equal(linux_threads(&task, &threads, &n), -EFAULT);
	assert_int_equal(n, 3);
	free(threads);
	set(task.task, F_TASK_SIGNAL, 8);
	assert_int_equal(linux_threads(&task, &threads, &n), -EFAULT);
	assert_null(threads);
	strcpy(guest_kernel.missing[LINUX_THREADS], "struct x has no y");
	assert_int_equal(linux_threads(&task, &threads, &n), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ids, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_namespaces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cgroup, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arguments, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
