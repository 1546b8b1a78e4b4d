// SPDX-License-Identifier: Apache-2.0
/* Which hits go on to the engine. Included, for its pool. */
#include "tests/unit/select_here.h"
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/monitor/select.c"

#define DIRECT	  0xffff888000000000ull
#define PER_CPU	  0x300000ull /* guest-physical, in the direct map */
#define TASK	  0x310000ull
#define CURRENT	  0x1000 /* offsets, as the engine would find them */
#define TGID	  0x9a4
#define COMM	  0xbd0
#define COMM_SIZE 16

static struct cpu cpu;
static struct vcpu vcpu;
static struct vcpu_paging paging;
static gpa_t root;

static void put_task(gpa_t task, s32 tgid, const char *comm)
{
	u64 va = DIRECT + task;

	memcpy(host_ram(PER_CPU + CURRENT), &va, sizeof(va));
	memcpy((u8 *)host_ram(task) + TGID, &tgid, sizeof(tgid));
	memset((u8 *)host_ram(task) + COMM, 0, COMM_SIZE);
	memcpy((u8 *)host_ram(task) + COMM, comm, strlen(comm));
}

static int set_up(void **state)
{
	const struct lvmon_task task = {CURRENT, DIRECT};

	host_guest();
	cpu.id = 5;
	vcpu.cpu = &cpu;
	root = host_guest_root();
	paging = (struct vcpu_paging){.cr3 = root, .gs_base = DIRECT + PER_CPU};
	put_task(TASK, 77, "sh");
	return (int)task_set(&task);
}

/* A hook as the engine makes it: by process id, by name, or both. */
enum { BY_PID = 1, BY_COMM = 2 };

static struct hook hook_for(u32 by, s32 pid, const char *comm)
{
	struct lvmon_sel program[6];
	struct hook hook = {.id = 1};
	u32 n = 0, behind = by & BY_COMM ? 4 : 1, size = (u32)strlen(comm) + 1;

	if (size > COMM_SIZE)
		size = COMM_SIZE;
	if (by & BY_PID) {
		program[n++] = SEL(LD4, LVMON_SEL_FREE, LVMON_SEL_TASK, TGID);
		program[n++] = SEL_JUMP(JEQ, LVMON_SEL_FREE, 0, (u32)pid, 0, (u16)behind);
	}
	if (by & BY_COMM) {
		program[n++] = SEL_BYTES(LVMON_SEL_TASK, COMM, (u8)size, 0, 1);
		program[n++] = sel_data(comm, size);
		program[n++] = sel_mask(size);
	}
	if (by)
		program[n++] = SEL(RET, 0, 0, 1);
	assert_int_equal(selector_add(program, n, &hook.selector), 0);
	return hook;
}

static bool wants(struct hook *hook)
{
	struct trap trap = {.hooks = hook};
	bool wanted = trap_wanted(&vcpu, &paging, &trap);

	selector_remove(hook->selector);
	return wanted;
}

static bool wanted(u32 by, s32 pid, const char *comm)
{
	struct hook hook = hook_for(by, pid, comm);

	return wants(&hook);
}

/* What follows a name's NUL is no part of it. */
static void shorter_names(void **state)
{
	u8 *comm = (u8 *)host_ram(TASK) + COMM;

	memcpy(comm, "sh\0worker/u8:1\0", 16);
	assert_true(wanted(BY_COMM, 0, "sh"));
	assert_false(wanted(BY_COMM, 0, "s"));
	assert_false(wanted(BY_COMM, 0, "sho"));
	assert_false(wanted(BY_COMM, 0, ""));
	memcpy(comm, "eight_by\0ther\0xy", 16);
	assert_true(wanted(BY_COMM, 0, "eight_by"));
	assert_false(wanted(BY_COMM, 0, "eight_b"));
	assert_false(wanted(BY_COMM, 0, "eight_byt"));
	memcpy(comm, "fifteen_bytes_x", 16);
	assert_true(wanted(BY_COMM, 0, "fifteen_bytes_x"));
	assert_false(wanted(BY_COMM, 0, "fifteen_bytes_"));
	memcpy(comm, "\0ld name", 9);
	assert_true(wanted(BY_COMM, 0, ""));
}

static void one_hook(void **state)
{
	const u32 both = BY_PID | BY_COMM;

	assert_true(wanted(0, 0, ""));
	assert_true(wanted(BY_PID, 77, "x"));
	assert_false(wanted(BY_PID, 78, "sh"));
	assert_false(wanted(BY_PID, -77, "sh"));
	assert_true(wanted(BY_COMM, 0, "sh"));
	assert_false(wanted(BY_COMM, 77, "bash"));
	assert_false(wanted(BY_COMM, 77, "s"));
	assert_false(wanted(BY_COMM, 77, "sh2"));
	assert_false(wanted(BY_COMM, 77, ""));
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
		assert_true(wanted(BY_COMM, 0, name));
		name[i]++;
		assert_false(wanted(BY_COMM, 0, name));
		name[i]--;
	}
}

static void several_hooks(void **state)
{
	struct hook hooks[3] = {
		hook_for(BY_COMM, 0, "cat"),
		hook_for(BY_PID, 12, ""),
		hook_for(BY_PID | BY_COMM, 77, "sh"),
	};
	struct trap trap = {.hooks = &hooks[0]};

	hooks[0].next = &hooks[1];
	hooks[1].next = &hooks[2];
	assert_true(trap_wanted(&vcpu, &paging, &trap));
	hooks[1].next = NULL;
	assert_false(trap_wanted(&vcpu, &paging, &trap));
	hooks[1] = hook_for(0, 0, "");
	assert_true(trap_wanted(&vcpu, &paging, &trap));
	memset(pool, 0, sizeof(pool));
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
	assert_true(wanted(BY_PID, 4242, ""));
	assert_false(wanted(BY_PID, 1, ""));
	assert_true(wanted(BY_COMM, 0, "deep"));
	assert_false(wanted(BY_COMM, 0, "other"));
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
		assert_true(wanted(BY_PID, 5, "x"));
		assert_true(wanted(BY_COMM, 5, "x"));
	}
	/* the last bytes of RAM: the name would lie behind it */
	memcpy(host_ram(PER_CPU + CURRENT), &(u64){DIRECT + HOST_RAM_END - COMM - 1}, 8);
	assert_true(wanted(BY_COMM, 5, "x"));
	paging.gs_base = 0xfffffe0000000000;
	assert_int_equal(current_task(&paging), 0);
	assert_true(wanted(BY_PID, 5, "x"));
	paging.gs_base = UINT64_MAX - CURRENT - 3; /* the pointer itself wraps */
	assert_true(wanted(BY_PID, 5, "x"));
}

static void task_pointers(void **state)
{
	struct lvmon_task task = {CURRENT + 8, 0x7fffffffffff};

	assert_int_equal(task_set(&task), -EINVAL);
	assert_int_equal(current_task(&paging), DIRECT + TASK); /* the one before is in force */
	task_forget();
	assert_int_equal(current_task(&paging), 0);
	assert_true(wanted(BY_PID, 5, "x"));
	task.direct_map = DIRECT;
	assert_int_equal(task_set(&task), 0);
	assert_int_equal(current_task(&paging), 0);
	/* Of memory that ends before a compare could be done at once: by the page table. */
	guest_ram[0].size = 12;
	assert_int_equal(task_set(&task), 0);
	assert_true(wanted(BY_PID, 5, "x"));
}

static bool accepts(struct lvmon_sel first, u64 expected)
{
	const struct lvmon_sel program[] = {first, SEL_JUMP(JEQ, LVMON_SEL_FREE, 0, expected, 0, 1),
					    SEL(RET, 0, 0, 1)};
	struct hook hook = {.id = 1};

	assert_int_equal(selector_add(program, 3, &hook.selector), 0);
	return wants(&hook);
}

/* What REG has to say, on both ways: a read that is not in the direct map takes the slow one. */
static void registers(void **state)
{
	const u64 known[] = {[LVMON_SEL_CR3] = 0x7000,
			     [LVMON_SEL_GS_BASE] = DIRECT + PER_CPU,
			     [LVMON_SEL_CPU] = 5};

	paging.cr3 = 0x7000;
	for (u32 i = 0; i < LVMON_SEL_KNOWN; i++) {
		u64 is = i < LVMON_NR_EVENT_REGS ? 0x100 + i : known[i];

		if (i < LVMON_NR_EVENT_REGS)
			vcpu.regs[i] = is;
		assert_true(accepts(SEL(REG, LVMON_SEL_FREE, 0, i), is));
		assert_false(accepts(SEL(REG, LVMON_SEL_FREE, 0, i), is + 1));
	}
	paging.gs_base = 0xfffffe0000000000; /* the task cannot be read, nor does it have to be */
	assert_true(accepts(SEL(REG, LVMON_SEL_FREE, 0, LVMON_R15), 0x100 + LVMON_R15));
	assert_false(accepts(SEL(REG, LVMON_SEL_FREE, 0, LVMON_R15), 1));
	paging.gs_base = DIRECT + PER_CPU;
}

/* RAM is in several ranges; the largest one is reached at once. */
static void all_ranges(void **state)
{
	for (u64 gpa = 0; gpa < HOST_RAM_END; gpa += PAGE_SIZE / 2 + 4) {
		if (!guest_ram_has(gpa, 8))
			continue;
		*(u64 *)host_ram(gpa) = gpa * 3 + 1;
		assert_true(accepts(SEL(LD8, LVMON_SEL_FREE, 0, DIRECT + gpa), gpa * 3 + 1));
		assert_false(accepts(SEL(LD8, LVMON_SEL_FREE, 0, DIRECT + gpa), gpa * 3));
	}
}

static u32 slots_of(struct selector s)
{
	return (s.end - s.start) / (u32)sizeof(*pool);
}

static struct selector add(u64 number, u32 slots)
{
	struct lvmon_sel program[LVMON_SEL_LENGTH];
	struct selector selector;
	s64 err;

	for (u32 i = 0; i + 1 < slots; i++)
		program[i] = SEL(MOV, 4, 0, number);
	program[slots - 1] = SEL(RET, 0, 0, number);
	err = selector_add(program, slots, &selector);
	assert_true(err ? err == -ENOSPC && !selector.end : slots_of(selector) == slots);
	return selector;
}

static u32 free_blocks(u32 *slots)
{
	u32 count = 0;

	*slots = 0;
	for (u32 at = 0; at < POOL_SLOTS; at = behind(at)) {
		if (pool[at].block.users)
			continue;
		count++;
		*slots += 1 + pool[at].block.slots;
	}
	return count;
}

/* Hooks with the same program share it; the last one gives it back. */
static void shared_programs(void **state)
{
	struct selector a = add(1, 3), b = add(1, 3), c = add(2, 3);
	u32 slots;

	assert_int_equal(a.both, b.both);
	assert_true(a.start != c.start);
	selector_remove(a);
	assert_int_equal(add(1, 3).both, b.both);
	selector_remove(b);
	selector_remove(b);
	assert_true(add(3, 2).start == b.start);
	selector_remove((struct selector){.start = b.start, .end = b.start + 2 * sizeof(*pool)});
	selector_remove(c);
	selector_remove((struct selector){0}); /* each hit is wanted: nothing to give back */
	assert_int_equal(free_blocks(&slots), 1);
	assert_int_equal(slots, POOL_SLOTS);
}

/* As full as can be, emptied in any order and filled again: nothing is lost. */
static void full_pool(void **state)
{
	static struct selector kept[POOL_SLOTS];
	u64 random = 1, number = 0;
	u32 slots, n = 0;

	for (u32 round = 0; round < 5; round++) {
		for (struct selector s; s = add(number, 1 + (u32)number % 200), s.end; number++)
			kept[n++] = s;
		while (n > (round < 4 ? 20 : 0)) {
			u32 i = (u32)(random >> 33) % n;

			random = random * 6364136223846793005ull + 1442695040888963407ull;
			assert_int_equal(pool[kept[i].start / sizeof(*pool) - 1].block.slots,
					 slots_of(kept[i]));
			selector_remove(kept[i]);
			kept[i] = kept[--n];
		}
	}
	assert_true(number > 300);
	assert_int_equal(free_blocks(&slots), 1);
	assert_int_equal(slots, POOL_SLOTS);
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
		cmocka_unit_test_setup(task_pointers, set_up),
		cmocka_unit_test_setup(registers, set_up),
		cmocka_unit_test_setup(all_ranges, set_up),
		cmocka_unit_test_setup(shared_programs, set_up),
		cmocka_unit_test_setup(full_pool, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
