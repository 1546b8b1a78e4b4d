/* SPDX-License-Identifier: Apache-2.0 */
/* What a core needs of a task beside its memory: the user's registers and the auxiliary vector. */
#include "tests/unit/linux_guest.h"

#define TASK  (GUEST_BASE + 0x20000)
#define STACK (GUEST_BASE + 0x30000)
#define MM    (GUEST_BASE + 0x40000)
#define TOP   (STACK + 0x4000)

static int setup(void **state)
{
	guest_start();
	guest_kernel.field[F_TASK_STACK] = 0x18;
	guest_kernel.field[F_TASK_FSBASE] = 0x20;
	guest_kernel.field[F_TASK_GSBASE] = 0x28;
	guest_kernel.field[F_MM_AUXV] = 0x100;
	put64(TASK + 0x18, STACK);
	put64(TASK + 0x20, 0x7f0011112222);
	put64(TASK + 0x28, 0x33);
	return 0;
}

/* struct pt_regs that ends at top, with its place in it as each register's value */
static void put_regs(gva_t top, uint64_t cs)
{
	int i;

	for (i = 0; i < 21; i++)
		put64(top - 21 * 8 + 8 * (gva_t)i, 0x1000 + (uint64_t)i);
	put64(top - 21 * 8 + 8 * 17, cs);
	put64(top - 21 * 8 + 8 * 20, 0x2b);
}

static void registers(void **state)
{
	struct linux_user_regs regs;

	put_regs(TOP, 0x33);
	assert_int_equal(linux_user_regs(TASK, &regs), 0);
	assert_int_equal(regs.reg[0], 0x1000);	/* r15 */
	assert_int_equal(regs.reg[16], 0x1010); /* rip */
	assert_int_equal(regs.reg[19], 0x1013); /* rsp */
	assert_int_equal(regs.reg[21], 0x7f0011112222);
	assert_int_equal(regs.reg[22], 0x33);
}

/* A kernel that can do FRED leaves 16 bytes above them. */
static void registers_below_padding(void **state)
{
	struct linux_user_regs regs;

	put_regs(TOP - 16, 0x23);
	assert_int_equal(linux_user_regs(TASK, &regs), 0);
	assert_int_equal(regs.reg[16], 0x1010);
}

static void no_registers(void **state)
{
	struct linux_user_regs regs;

	assert_int_equal(linux_user_regs(TASK, &regs), -ENOENT); /* a kernel thread's stack */
	put_regs(TOP, 0x10);
	assert_int_equal(linux_user_regs(TASK, &regs), -ENOENT);
	assert_int_equal(regs.reg[16], 0);
	put_regs(TOP, 0x33);
	put64(TASK + 0x18, 0x1234);
	assert_int_equal(linux_user_regs(TASK, &regs), -ENOENT);
	put64(TASK + 0x18, GUEST_BASE + GUEST_RAM - 0x3f00); /* its top is not there */
	assert_int_equal(linux_user_regs(TASK, &regs), -ENOENT);
	guest_kernel.field[F_TASK_STACK] = NO_FIELD;
	assert_int_equal(linux_user_regs(TASK, &regs), -ENOTSUP);
	kernel = NULL;
	assert_int_equal(linux_user_regs(TASK, &regs), -ENODATA);
}

static void vector(void **state)
{
	struct linux_task task = {.mm = MM};
	uint64_t auxv[200];
	int i;

	put64(MM + 0x100, 9);
	put64(MM + 0x108, 0x401000);
	put64(MM + 0x110, 0);
	put64(MM + 0x118, 0);
	put64(MM + 0x120, 77);
	assert_int_equal(linux_auxv(&task, auxv, sizeof(auxv)), 32);
	assert_int_equal(auxv[0], 9);
	assert_int_equal(auxv[1], 0x401000);
	assert_int_equal(auxv[2], 0);
	/* One that has no end is none. */
	for (i = 0; i < 200; i++)
		put64(MM + 0x100 + 8 * (gva_t)i, 5);
	assert_int_equal(linux_auxv(&task, auxv, sizeof(auxv)), 0);
	task.mm = 0;
	assert_int_equal(linux_auxv(&task, auxv, sizeof(auxv)), 0);
	task.mm = GUEST_BASE + GUEST_RAM - 0x108;
	assert_int_equal(linux_auxv(&task, auxv, sizeof(auxv)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(registers_below_padding, setup),
		cmocka_unit_test_setup(no_registers, setup),
		cmocka_unit_test_setup(vector, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
