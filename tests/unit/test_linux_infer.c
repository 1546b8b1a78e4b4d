// SPDX-License-Identifier: Apache-2.0
/*
 * Fields that are inferred from what memory holds, in a made-up guest: at the moment of the first
 * program, later, and with each thing missing or wrong that they are inferred from.
 */
#include "tests/unit/infer_guest.h"

static int set_up(void **state)
{
	*state = infer_guest();
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

static void all_right(void)
{
	struct inferred i;

	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.comm, COMM);
	assert_int_equal(i.tasks, TASKS);
	assert_int_equal(i.pid, PID);
	assert_int_equal(i.tgid, PID + 4);
	assert_int_equal(i.real_parent, PARENT);
	assert_int_equal(i.group_leader, LEADER);
	assert_int_equal(i.real_cred, CRED);
	assert_int_equal(i.mm, MM);
	assert_int_equal(i.pgd, PGD);
	assert_int_equal(i.arg_start, CODE + 7 * 8);
	assert_int_equal(i.uid, 8);
}

static void test_all(void **state)
{
	all_right();
	exec_init();
	all_right();
	strcpy(guest_at(INIT + COMM), "swapper"); /* before sched_init() */
	memset(guest_at(INIT + COMM + 8), 0, 8);
	all_right();
}

/* Before there is a process: the borrowed memory of whatever runs tells. */
static void test_first_program(void **state)
{
	struct inferred i;

	put64(TASK(1) + MM + 8, 0);
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.mm, NO_FIELD);
	put64(OFFSETS + 8, PERCPU);
	put64(PERCPU + CURRENT, TASK(7) + 0x8000); /* not among those looked at */
	put64(TASK(7) + 0x8000 + MM + 8, INIT_MM);
	all_right();
	put64(TASK(7) + 0x8000 + MM, USER_MM);
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.mm, NO_FIELD);
	put64(PERCPU + CURRENT, 5);
	put64(INIT + MM + 8, INIT_MM); /* the idle task runs */
	all_right();
	put64(TASK(3) + MM + 8, USER_MM);
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.mm, NO_FIELD);
}

/* The kernel that is known then: processes, without users it does not know. */
static void test_known(void **state)
{
	struct kernel_blob *b = *state;
	struct linux_task *tasks;
	size_t count;

	exec_init();
	b->size = sizeof(*b) + 4096 + 80 * 8; /* as guest_symbols() made it */
	fields_tell_missing(b);
	assert_int_equal(linux_need(LINUX_TASKS), -ENOTSUP);
	assert_int_equal(linux_infer(), 0);
	assert_true(kernel != *state);
	assert_int_equal(linux_inferred(), 12);
	assert_int_equal(linux_need(LINUX_TASKS), 0);
	assert_int_equal(linux_need(LINUX_SPACES), 0);
	assert_int_equal(linux_need(LINUX_CURRENT), 0);
	assert_true(kernel->current == CURRENT);
	assert_int_equal(linux_need(LINUX_DETAILS), -ENOTSUP);
	assert_int_equal(linux_need(LINUX_TYPES), -ENOTSUP);
	put32(USER_CRED + 8, 1000);
	put32(USER_CRED + 12, 100);
	assert_int_equal(linux_tasks(&tasks, &count), 0);
	assert_int_equal(count, 7);
	assert_int_equal(tasks[0].pid, 1);
	assert_string_equal(tasks[0].comm, "init");
	assert_true(tasks[0].mm == USER_MM && !tasks[1].mm);
	assert_int_equal(tasks[6].ppid, 2);
	assert_true(tasks[0].uid == 0 && tasks[6].uid == 1000 && tasks[6].gid == 100);
	free(tasks);
	/* Nothing new. */
	assert_int_equal(linux_infer(), -ENOENT);
	free((void *)kernel);
}

static int32_t uid(uint32_t at, uint32_t permitted)
{
	struct inferred i;

	cred_make(INIT_CRED, at, permitted);
	assert_int_equal(infer(&i), 0);
	return i.uid;
}

static void test_cred(void **state)
{
	struct inferred i;

	assert_int_equal(uid(4, 48), 4);
	assert_int_equal(uid(8, 52), 8);
	assert_int_equal(uid(8, 56), 8);
	assert_int_equal(uid(8, 60), NO_FIELD);
	put32(INIT_CRED + 20, 1); /* one of the ids is not zero */
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.uid, NO_FIELD);
	put64(TASK(2) + CRED, 5);
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.real_cred, NO_FIELD);
}

/* Too early: there is no process but the first. */
static void test_early(void **state)
{
	struct inferred i;

	put64(INIT + TASKS, INIT + TASKS);
	put64(INIT + TASKS + 8, INIT + TASKS);
	assert_int_equal(infer(&i), -ENOENT);
	assert_int_equal(i.tasks, NO_FIELD);
	assert_int_equal(linux_infer(), -ENOENT);
	assert_true(kernel == *state);
}

/* What it stands on is wrong: not known, rather than guessed. */
static void test_wrong(void **state)
{
	struct inferred i;

	put64(TASK(3) + TASKS + 8, TASK(1) + TASKS); /* a link back that is none */
	assert_int_equal(infer(&i), -ENOENT);
	put64(TASK(3) + TASKS + 8, TASK(2) + TASKS);
	all_right();
	put64(TASK(7) + TASKS, TASK(4) + TASKS); /* a loop */
	put64(TASK(4) + TASKS + 8, TASK(7) + TASKS);
	assert_int_equal(infer(&i), -ENOENT);
	put64(TASK(7) + TASKS, INIT + TASKS);
	put64(TASK(4) + TASKS + 8, TASK(3) + TASKS);
	all_right();
	((char *)guest_at(TASK(5) + COMM))[0] = 1; /* a name that is none */
	assert_int_equal(infer(&i), -ENOENT);
	((char *)guest_at(TASK(5) + COMM))[0] = 'k';
	memcpy(guest_at(INIT + 0x800), "swapper/0\0\0\0\0\0\0", 16); /* twice */
	assert_int_equal(infer(&i), -ENOENT);
	memset(guest_at(INIT + 0x800), 0, 16);
	put32(TASK(6) + PID, 99); /* a leader with two numbers */
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.pid, NO_FIELD);
	assert_int_equal(i.tgid, NO_FIELD);
	assert_int_equal(i.real_parent, NO_FIELD);
	assert_int_equal(i.group_leader, NO_FIELD);
	assert_int_equal(i.mm, MM);
	put32(TASK(6) + PID, 7);
	put64(INIT_MM + PGD, 0);
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.pgd, NO_FIELD);
	assert_int_equal(i.mm, NO_FIELD);
	put64(INIT_MM + PGD, TOP);
	exec_init();
	put64(USER_PGD + 511 * 8, 0x9003); /* not this kernel's page table */
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.mm, NO_FIELD);
	put64(USER_PGD + 511 * 8, 0x2003);
	put64(USER_MM + CODE + 8 * 8, 5); /* arguments that end before they start */
	assert_int_equal(infer(&i), 0);
	assert_int_equal(i.mm, MM);
	assert_int_equal(i.arg_start, NO_FIELD);
}

/* A page full of lists that lead into each other: bounded. */
static void test_bounded(void **state)
{
	struct inferred i;
	uint32_t o;

	for (o = 0x1000; o + 16 <= 0x4000; o += 8)
		put64(INIT + o, INIT + o - 8);
	for (o = 0; o < 0x1000; o += 8)
		if (o != COMM && o != COMM + 8)
			put64(INIT + o, TASK(1) + o % 0x100);
	(void)!infer(&i);
}

static void test_noise(void **state)
{
	int round, k;

	exec_init();
	for (round = 0; round < 3000; round++) {
		gva_t base[] = {INIT, TASK(1), TASK(2), TASK(3), INIT_MM, INIT_CRED, USER_MM};
		uint64_t undo[4], places[4];
		struct inferred i;

		for (k = 0; k < 4; k++) {
			places[k] = base[noise() % 7] + noise() % 0x500 / 8 * 8;
			memcpy(&undo[k], guest_at(places[k]), 8);
			put64(places[k],
			      noise() % 2 ? noise() : base[noise() % 7] + noise() % 0x500);
		}
		(void)!infer(&i);
		for (k = 4; k-- > 0;)
			put64(places[k], undo[k]);
	}
	all_right();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_first_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cred, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_early, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_noise, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
