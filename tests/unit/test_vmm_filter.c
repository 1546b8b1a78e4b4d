// SPDX-License-Identifier: Apache-2.0
/* The native filter: which hits go on to the engine. */
#include "tests/unit/vmm_host.h"
#include "vmm/monitor/internal.h"

#define DIRECT	0xffff888000000000ull
#define PER_CPU 0x300000ull /* guest-physical, in the direct map */
#define TASK	0x310000ull
#define CURRENT 0x1000 /* offsets, as the engine would find them */
#define TGID	0x9a4
#define COMM	0xbd0

static struct vcpu_paging paging;
static gpa_t root;

static void put_task(gpa_t task, s32 tgid, const char *comm)
{
	u64 va = DIRECT + task;

	memcpy(host_ram(PER_CPU + CURRENT), &va, sizeof(va));
	memcpy((u8 *)host_ram(task) + TGID, &tgid, sizeof(tgid));
	memset((u8 *)host_ram(task) + COMM, 0, LVMON_COMM_SIZE);
	memcpy((u8 *)host_ram(task) + COMM, comm, strlen(comm));
}

static int set_up(void **state)
{
	const struct lvmon_task_layout layout = {CURRENT, TGID, COMM, DIRECT};

	host_guest();
	root = host_guest_root();
	paging = (struct vcpu_paging){.cr3 = root, .gs_base = DIRECT + PER_CPU};
	put_task(TASK, 77, "sh");
	return (int)task_layout_set(&layout);
}

static struct hook hook_for(u32 flags, s32 pid, const char *comm)
{
	struct hook hook = {.filter = {.flags = flags, .pid = pid}};

	memcpy(hook.filter.comm, comm, strlen(comm));
	filter_prepare(&hook);
	return hook;
}

static bool wanted(u32 flags, s32 pid, const char *comm)
{
	struct hook hook = hook_for(flags, pid, comm);
	struct trap trap = {.hooks = &hook};

	return trap_wanted(&paging, &trap);
}

/* What follows a name's NUL is no part of it. */
static void shorter_names(void **state)
{
	u8 *comm = (u8 *)host_ram(TASK) + COMM;

	memcpy(comm, "sh\0worker/u8:1\0", 16);
	assert_true(wanted(LVMON_FILTER_COMM, 0, "sh"));
	assert_false(wanted(LVMON_FILTER_COMM, 0, "s"));
	assert_false(wanted(LVMON_FILTER_COMM, 0, "sho"));
	assert_false(wanted(LVMON_FILTER_COMM, 0, ""));
	memcpy(comm, "eight_by\0ther\0xy", 16);
	assert_true(wanted(LVMON_FILTER_COMM, 0, "eight_by"));
	assert_false(wanted(LVMON_FILTER_COMM, 0, "eight_b"));
	assert_false(wanted(LVMON_FILTER_COMM, 0, "eight_byt"));
	memcpy(comm, "fifteen_bytes_x", 16);
	assert_true(wanted(LVMON_FILTER_COMM, 0, "fifteen_bytes_x"));
	assert_false(wanted(LVMON_FILTER_COMM, 0, "fifteen_bytes_"));
	memcpy(comm, "\0ld name", 9);
	assert_true(wanted(LVMON_FILTER_COMM, 0, ""));
}

static void one_hook(void **state)
{
	const u32 both = LVMON_FILTER_PID | LVMON_FILTER_COMM;

	assert_true(wanted(0, 0, ""));
	assert_true(wanted(LVMON_FILTER_PID, 77, "x"));
	assert_false(wanted(LVMON_FILTER_PID, 78, "sh"));
	assert_false(wanted(LVMON_FILTER_PID, -77, "sh"));
	assert_true(wanted(LVMON_FILTER_COMM, 0, "sh"));
	assert_false(wanted(LVMON_FILTER_COMM, 77, "bash"));
	assert_false(wanted(LVMON_FILTER_COMM, 77, "s"));
	assert_false(wanted(LVMON_FILTER_COMM, 77, "sh2"));
	assert_false(wanted(LVMON_FILTER_COMM, 77, ""));
	assert_true(wanted(both, 77, "sh"));
	assert_false(wanted(both, 78, "sh"));
	assert_false(wanted(both, 77, "sg"));
}

static void name_of_all_lengths(void **state)
{
	char name[17] = "";

	for (u32 i = 0; i < 16; i++) {
		name[i] = (char)('a' + i);
		put_task(TASK, 1, name);
		assert_true(wanted(LVMON_FILTER_COMM, 0, name));
		name[i]++;
		assert_false(wanted(LVMON_FILTER_COMM, 0, name));
		name[i]--;
	}
}

static void several_hooks(void **state)
{
	struct hook hooks[3] = {
		hook_for(LVMON_FILTER_COMM, 0, "cat"),
		hook_for(LVMON_FILTER_PID, 12, ""),
		hook_for(LVMON_FILTER_PID | LVMON_FILTER_COMM, 77, "sh"),
	};
	struct trap trap = {.hooks = &hooks[0]};

	hooks[0].next = &hooks[1];
	hooks[1].next = &hooks[2];
	assert_true(trap_wanted(&paging, &trap));
	hooks[2].filter.pid = 78;
	assert_false(trap_wanted(&paging, &trap));
	hooks[1].filter.flags = 0;
	assert_true(trap_wanted(&paging, &trap));
}

/* A per-CPU area or a task outside of the direct map: by the guest's page table. */
static void by_page_table(void **state)
{
	const gva_t area = 0xfffffe0000000000, stack = 0xffffc90000002000;
	gva_t task = stack + 0xff8; /* its fields lie in other pages than its start */

	put_task(TASK, 1, "other");
	host_guest_map(root, 4, area + CURRENT, 0x320000, PAGE_SIZE);
	host_guest_map(root, 4, stack, 0x400000, PAGE_SIZE);
	host_guest_map(root, 4, stack + PAGE_SIZE, 0x500000, PAGE_SIZE);
	paging.gs_base = area;
	memcpy(host_ram(0x320000), &task, sizeof(task));
	assert_int_equal(current_task(&paging), task);
	*(s32 *)host_ram(0x500000 + (0xff8 + TGID - PAGE_SIZE)) = 4242;
	memcpy(host_ram(0x500000 + (0xff8 + COMM - PAGE_SIZE)), "deep", 4);
	assert_true(wanted(LVMON_FILTER_PID, 4242, ""));
	assert_false(wanted(LVMON_FILTER_PID, 1, ""));
	assert_true(wanted(LVMON_FILTER_COMM, 0, "deep"));
	assert_false(wanted(LVMON_FILTER_COMM, 0, "other"));
}

/* What cannot be read is for the engine to decide. */
static void unreadable(void **state)
{
	static const u64 bad[] = {
		DIRECT + 0x9f000, DIRECT + HOST_OWN, DIRECT + HOST_RAM_END,
		0x1000,		  UINT64_MAX,	     0xffffffffffff0000,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(host_ram(PER_CPU + CURRENT), &bad[i], 8);
		assert_true(wanted(LVMON_FILTER_PID, 5, "x"));
		assert_true(wanted(LVMON_FILTER_COMM, 5, "x"));
	}
	/* the last bytes of RAM: the name would lie behind it */
	memcpy(host_ram(PER_CPU + CURRENT), &(u64){DIRECT + HOST_RAM_END - COMM - 8}, 8);
	assert_true(wanted(LVMON_FILTER_COMM, 5, "x"));
	paging.gs_base = 0xfffffe0000000000;
	assert_int_equal(current_task(&paging), 0);
	assert_true(wanted(LVMON_FILTER_PID, 5, "x"));
	paging.gs_base = UINT64_MAX - CURRENT - 3; /* the pointer itself wraps */
	assert_true(wanted(LVMON_FILTER_PID, 5, "x"));
}

static void layout(void **state)
{
	struct lvmon_task_layout l = {CURRENT, PAGE_SIZE * 8 + 1, COMM, DIRECT};

	assert_int_equal(task_layout_set(&l), -EINVAL);
	l = (struct lvmon_task_layout){CURRENT, TGID, UINT32_MAX, DIRECT};
	assert_int_equal(task_layout_set(&l), -EINVAL);
	assert_int_equal(current_task(&paging), DIRECT + TASK); /* the one before is in force */
	l = (struct lvmon_task_layout){0};
	assert_int_equal(task_layout_set(&l), 0);
	assert_int_equal(current_task(&paging), 0);
	assert_true(wanted(LVMON_FILTER_PID, 5, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_hook, set_up),
		cmocka_unit_test_setup(shorter_names, set_up),
		cmocka_unit_test_setup(name_of_all_lengths, set_up),
		cmocka_unit_test_setup(several_hooks, set_up),
		cmocka_unit_test_setup(by_page_table, set_up),
		cmocka_unit_test_setup(unreadable, set_up),
		cmocka_unit_test_setup(layout, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
