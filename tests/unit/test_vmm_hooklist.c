// SPDX-License-Identifier: Apache-2.0
/* The hook list: what is in guest memory, and for how long. Included, for its counter of ids. */
#include "tests/unit/vmm_host.h"
#include "vmm/monitor/hooklist.c"

#define GVA 0xffffffff81000000ull
#define GPA 0x400000ull

static u64 now;

u64 time_ns(void)
{
	return now;
}

static struct lvmon_hook hook_at(u64 offset)
{
	struct lvmon_hook hook = {
		.kind = LVMON_HOOK_TRAP,
		.trap.gva = GVA + offset,
		.trap.gpa = GPA + offset,
		.trap.insn = {.length = 2,
			      .kind = LVMON_INSN_PUSH,
			      .reg = LVMON_R12,
			      .width = 8,
			      .bytes = {0x41, 0x54}},
	};

	return hook;
}

static u8 *code(u64 offset)
{
	return (u8 *)host_ram(GPA) + offset;
}

static void fresh(void)
{
	host_guest();
	hook_remove_all(); /* of the test before */
	for (u64 i = 0; i < 0x8000; i += 2)
		memcpy(code(i), "\x41\x54", 2);
	assert_false(any_traps());
}

static void add_and_remove(void **state)
{
	struct lvmon_hook hook = hook_at(0x10), other = hook_at(0x10);
	struct trap *trap;
	s64 id, other_id;

	fresh();
	hook.budget_ms = 7;
	assert_null(trap_find(hook.trap.gva));
	id = hook_add(&hook);
	assert_true(id > 0);
	assert_true(any_traps());
	assert_int_equal(*code(0x10), 0xcc);
	assert_int_equal(*code(0x11), 0x54);
	assert_int_equal(*code(0x0f), 0x54);
	trap = trap_find(hook.trap.gva);
	assert_non_null(trap);
	assert_int_equal(trap->gpa, hook.trap.gpa);
	assert_int_equal(trap->budget_ms, 7);
	other.budget_ms = UINT32_MAX; /* what an engine asks for that was taken over */
	other_id = hook_add(&other);
	assert_true(other_id > 0);
	assert_int_equal(trap->budget_ms, BUDGET_MS_MAX);
	assert_int_equal(hook_remove((u32)other_id), 0);
	assert_int_equal(trap->budget_ms, 7);
	assert_memory_equal(&trap->insn, &hook.trap.insn, sizeof(hook.trap.insn));
	assert_null(trap_find(hook.trap.gva + 2));

	assert_int_equal(hook_remove((u32)id), 0);
	assert_int_equal(*code(0x10), 0x41);
	assert_null(trap_find(hook.trap.gva));
	assert_false(any_traps());
	assert_int_equal(hook_remove((u32)id), -ENOENT);
	assert_int_equal(hook_remove(0), -ENOENT);
}

static bool hook_alive(s64 id)
{
	for (struct hook *h = trap_find(hook_at(0x20).trap.gva)->hooks; h; h = h->next)
		if (h->id == id)
			return true;
	return false;
}

static void several_hooks_on_one_trap(void **state)
{
	const struct lvmon_sel accept = {.op = LVMON_SEL_RET, .k = 1};
	static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}};

	for (size_t o = 0; o < ARRAY_SIZE(orders); o++) {
		struct lvmon_hook hook = hook_at(0x20);
		s64 id[3];

		fresh();
		for (u32 i = 0; i < 3; i++) {
			hook.selector = &accept;
			hook.selector_slots = 1;
			hook.budget_ms = i == 1 ? 90 : 10;
			id[i] = hook_add(&hook);
			assert_true(id[i] > 0);
		}
		assert_true(id[0] != id[1] && id[1] != id[2] && id[0] != id[2]);
		assert_int_equal(trap_find(hook.trap.gva)->budget_ms, 90);
		for (int i = 0; i < 3; i++) {
			u32 left = 0;

			assert_int_equal(*code(0x20), 0xcc);
			for (struct hook *h = trap_find(hook.trap.gva)->hooks; h; h = h->next)
				left++;
			assert_int_equal(left, 3 - i);
			assert_int_equal(trap_find(hook.trap.gva)->budget_ms,
					 hook_alive(id[1]) ? 90 : 10);
			assert_int_equal(hook_remove((u32)id[orders[o][i]]), 0);
		}
		assert_int_equal(*code(0x20), 0x41);
		assert_false(any_traps());
	}
}

static void refused(void **state)
{
	const struct lvmon_sel bad = {.op = LVMON_SEL_OPS};
	struct lvmon_hook hook;

	fresh();
#define REFUSED(change, error)                            \
	do {                                              \
		hook = hook_at(0);                        \
		change;                                   \
		assert_int_equal(hook_add(&hook), error); \
		assert_int_equal(*code(0), 0x41);         \
		assert_false(any_traps());                \
	} while (0)
	REFUSED(hook.trap.gva = 0x400000, -EINVAL);
	REFUSED(hook.trap.gva = 0, -EINVAL);
	REFUSED(hook.trap.insn.length = 0, -EINVAL);
	REFUSED(hook.trap.insn.length = 16, -EINVAL);
	REFUSED(hook.trap.insn.kind = LVMON_INSN_KINDS, -EINVAL);
	REFUSED(hook.trap.insn.reg = LVMON_RIP, -EINVAL);
	REFUSED(hook.trap.insn.base = LVMON_RIP, -EINVAL);
	REFUSED((hook.trap.insn.kind = LVMON_INSN_LOAD, hook.trap.insn.width = 2), -EINVAL);
	REFUSED((hook.trap.insn.kind = LVMON_INSN_MOV, hook.trap.insn.width = 0), -EINVAL);
	REFUSED((hook.selector = &bad, hook.selector_slots = 1), -EINVAL);
	/* not RAM; the last byte not RAM; ours */
	REFUSED(hook.trap.gpa = 0x9f000, -EFAULT);
	REFUSED(hook.trap.gpa = HOST_OWN - 1, -EFAULT);
	REFUSED(hook.trap.gpa = HOST_OWN, -EFAULT);
	REFUSED(hook.trap.gpa = UINT64_MAX, -EFAULT);
	/* wrong bytes, in the first or a later place */
	REFUSED(hook.trap.insn.bytes[0] = 0x40, -EBUSY);
	REFUSED(hook.trap.insn.bytes[1] = 0x55, -EBUSY);
#undef REFUSED
	/* what lies behind the instruction does not matter */
	hook = hook_at(0);
	hook.trap.insn.bytes[2] = 0x99;
	assert_true(hook_add(&hook) > 0);
}

static void breakpoint_of_somebody_else(void **state)
{
	struct lvmon_hook hook = hook_at(0);

	fresh();
	*code(0) = INT3;
	assert_int_equal(hook_add(&hook), -EBUSY);
	hook.trap.insn.bytes[0] = INT3; /* though the engine says that it belongs there */
	assert_int_equal(hook_add(&hook), -EBUSY);
	assert_int_equal(*code(0), INT3);
}

/* The same byte by another virtual address. */
static void alias(void **state)
{
	struct lvmon_hook hook = hook_at(0), other = hook_at(0);

	fresh();
	other.trap.gva = 0xffff888000400000;
	assert_true(hook_add(&hook) > 0);
	assert_int_equal(hook_add(&other), -EBUSY);
	hook_remove_all();
	assert_int_equal(*code(0), 0x41);
}

/* A second hook that has another idea of the place than the trap that is there. */
static void second_hook_that_disagrees(void **state)
{
	struct lvmon_hook hook = hook_at(0), other = hook_at(0);

	fresh();
	assert_true(hook_add(&hook) > 0);
	other.trap.gpa += PAGE_SIZE;
	assert_int_equal(hook_add(&other), -EBUSY);
	other = hook;
	other.trap.insn.bytes[1] = 0x55;
	assert_int_equal(hook_add(&other), -EBUSY);
	other = hook;
	other.trap.insn.reg = LVMON_RAX;
	assert_int_equal(hook_add(&other), -EBUSY);
	assert_true(hook_add(&hook) > 0);
}

static void removed_while_held(void **state)
{
	struct lvmon_hook hook = hook_at(0);
	struct trap *trap;
	s64 id;

	fresh();
	id = hook_add(&hook);
	trap = trap_find(hook.trap.gva);
	trap_get(trap);
	trap_get(trap);
	assert_int_equal(hook_remove((u32)id), 0);
	assert_ptr_equal(trap_find(hook.trap.gva), trap);
	assert_int_equal(*code(0), INT3);
	trap_put(trap);
	assert_int_equal(*code(0), INT3);
	/* It can get hooks again meanwhile. */
	id = hook_add(&hook);
	assert_true(id > 0);
	trap_put(trap);
	assert_int_equal(*code(0), INT3);
	assert_int_equal(hook_remove((u32)id), 0);
	assert_int_equal(*code(0), 0x41);
	assert_null(trap_find(hook.trap.gva));
}

static void all_removed(void **state)
{
	struct trap *held;

	fresh();
	for (u64 i = 0; i < 0x2000; i += 0x40) {
		struct lvmon_hook hook = hook_at(i);

		assert_true(hook_add(&hook) > 0);
		assert_true(hook_add(&hook) > 0);
	}
	held = trap_find(GVA + 0x40);
	trap_get(held);
	hook_remove_all();
	for (u64 i = 0; i < 0x2000; i += 0x40)
		assert_int_equal(*code(i), i == 0x40 ? INT3 : 0x41);
	trap_put(held);
	assert_int_equal(*code(0x40), 0x41);
	assert_false(any_traps());
}

/* The guest has replaced its code, trap and all: that is not to be undone. */
static void guest_wrote_over_it(void **state)
{
	struct lvmon_hook hook = hook_at(0);

	fresh();
	assert_true(hook_add(&hook) > 0);
	*code(0) = 0xe9;
	hook_remove_all();
	assert_int_equal(*code(0), 0xe9);
	assert_false(any_traps());
}

static void limits(void **state)
{
	struct lvmon_hook hook = hook_at(0);
	s64 last = 0;

	fresh();
	for (u32 i = 0; i < MAX_TRAPS; i++) {
		hook = hook_at(i * 2);
		assert_true(hook_add(&hook) > 0);
	}
	hook = hook_at(MAX_TRAPS * 2);
	assert_int_equal(hook_add(&hook), -ENOSPC);
	assert_int_equal(*code(MAX_TRAPS * 2), 0x41);
	for (u32 i = 0; i < MAX_TRAPS; i++)
		assert_int_equal(trap_find(GVA + i * 2)->gpa, GPA + i * 2);
	hook = hook_at(0);
	for (u32 i = MAX_TRAPS; i < MAX_HOOKS; i++) {
		last = hook_add(&hook);
		assert_true(last > 0);
	}
	assert_int_equal(hook_add(&hook), -ENOSPC);
	assert_int_equal(hook_remove((u32)last), 0);
	assert_true(hook_add(&hook) > 0);
	hook_remove_all();
	for (u32 i = 0; i < MAX_TRAPS; i++)
		assert_int_equal(*code(i * 2), 0x41);
}

/* An engine can add and remove hooks for as long as it lives: ids come round. */
static void ids_come_round(void **state)
{
	struct lvmon_hook hook = hook_at(0);

	fresh();
	last_id = INT32_MAX - 1;
	for (int i = 0; i < 4; i++) {
		s64 id = hook_add(&hook);

		assert_true(id > 0 && id <= INT32_MAX);
	}
	hook_remove_all();
	assert_false(any_traps());
	last_id = 0;
}

/* Who looks without the lock can tell that the list changes, or has changed. */
static void version_tells_of_changes(void **state)
{
	struct lvmon_hook hook = hook_at(0);
	u32 before, id;

	fresh();
	before = hooklist_version();
	assert_int_equal(before & 1, 0);
	id = (u32)hook_add(&hook);
	assert_int_equal(hooklist_version() & 1, 0);
	assert_int_not_equal(hooklist_version(), before);
	before = hooklist_version();
	assert_int_equal(hook_remove(id), 0);
	assert_int_equal(hooklist_version() & 1, 0);
	assert_int_not_equal(hooklist_version(), before);
}

/* With other CPUs, a new trap is touched once more when it is old enough, and changes nothing. */
static void new_traps_settle(void **state)
{
	struct lvmon_hook hook = hook_at(0), second = hook_at(0x40);
	u32 id;

	fresh();
	now = 5;
	assert_true(hook_add(&hook) > 0);
	assert_false(traps_unsettled);
	hook_remove_all();
	smp_cpus = 2;
	assert_true(hook_add(&hook) > 0);
	assert_true(traps_unsettled);
	now += SETTLE_NS / 2;
	id = (u32)hook_add(&second);
	now += SETTLE_NS / 2 - 1;
	assert_false(traps_old_enough());
	now++;
	/* each at its own time: others may come and go all the while */
	assert_true(traps_old_enough());
	traps_settle();
	assert_true(traps_unsettled && !trap_find(hook.trap.gva)->settle_at);
	assert_true(trap_find(second.trap.gva)->settle_at);
	assert_false(traps_old_enough());
	assert_int_equal(hook_remove(id), 0);
	now += SETTLE_NS / 2;
	assert_true(traps_old_enough());
	traps_settle();
	assert_false(traps_unsettled);
	assert_true(*code(0) == INT3 && *code(0x40) == 0x41);
	/* a second hook of a trap is no new trap */
	assert_true(hook_add(&hook) > 0);
	assert_false(traps_unsettled);
	smp_cpus = 1;
}

/* Any order of adding, removing, holding: memory is the guest's where no trap is. */
static void random_order(void **state)
{
	struct {
		u32 id, place;
	} added[64];
	u32 count = 0, seed = 1, holds[16] = {0};

	fresh();
	for (int n = 0; n < 20000; n++) {
		u32 r = seed = seed * 1664525 + 1013904223, place = r >> 8 & 15;
		struct lvmon_hook hook = hook_at(place * 0x202);
		struct trap *trap = trap_find(hook.trap.gva);

		switch (r >> 28 & 3) {
		case 0:
		case 1:
			if (count == ARRAY_SIZE(added))
				break;
			added[count].id = (u32)hook_add(&hook);
			added[count++].place = place;
			break;
		case 2:
			if (!count)
				break;
			place = (r >> 12) % count;
			assert_int_equal(hook_remove(added[place].id), 0);
			added[place] = added[--count];
			break;
		case 3:
			if (trap && holds[place] < 3) {
				trap_get(trap);
				holds[place]++;
			} else if (trap && holds[place]) {
				trap_put(trap);
				holds[place]--;
			}
		}
		for (u32 p = 0; p < 16; p++) {
			bool armed = holds[p];

			for (u32 i = 0; i < count; i++)
				armed |= added[i].place == p;
			assert_int_equal(*code(p * 0x202), armed ? INT3 : 0x41);
			assert_int_equal(trap_find(GVA + p * 0x202) != NULL, armed);
		}
	}
	for (u32 p = 0; p < 16; p++)
		while (holds[p]--)
			trap_put(trap_find(GVA + p * 0x202));
}

/* All looks that it takes to come by each trap. */
static struct trap *look_around(const struct vcpu_paging *paging)
{
	for (u32 i = 0; i < MAX_TRAPS / TRAPS_A_LOOK; i++) {
		u32 left = TRAPS_A_LOOK;
		struct trap *trap = trap_changed(paging, &left);

		if (trap)
			return trap;
	}
	return NULL;
}

/* What the guest does to the text under a trap is noticed, once for each change. */
static void traps_that_are_lifted(void **state)
{
	struct lvmon_hook hook = hook_at(0x40), other = hook_at(0x1040);
	struct vcpu_paging paging = {0}, process = {0};
	struct trap *trap;
	s64 id;

	fresh();
	paging.cr3 = host_guest_root();
	process.cr3 = host_guest_root();
	host_guest_map(paging.cr3, 4, GVA, GPA, PAGE_SIZE);
	host_guest_map(paging.cr3, 4, GVA + PAGE_SIZE, GPA + PAGE_SIZE, PAGE_SIZE);
	id = hook_add(&hook);
	assert_true(id > 0 && hook_add(&other) > 0);
	assert_null(look_around(&paging));

	/* Put back, through an alias: set again. */
	*code(0x40) = 0x41;
	trap = look_around(&paging);
	assert_true(trap && trap->gva == hook.trap.gva && trap->state == LVMON_TRAP_RESTORED);
	assert_int_equal(*code(0x40), 0xcc);
	assert_null(look_around(&paging));
	*code(0x40) = 0x41;
	assert_ptr_equal(look_around(&paging), trap);
	assert_null(look_around(&paging));

	/* Other code: left alone, also when the hook goes. */
	*code(0x1040) = 0x90;
	trap = look_around(&paging);
	assert_true(trap && trap->gva == other.trap.gva && trap->state == LVMON_TRAP_OVERWRITTEN);
	assert_null(look_around(&paging));
	assert_int_equal(*code(0x1040), 0x90);

	/* A clean copy of the page elsewhere. A process's page tables do not say anything. */
	assert_null(look_around(&process));
	*host_guest_entry(paging.cr3, 4, GVA, 1) ^= GPA ^ 0x600000;
	trap = look_around(&paging);
	assert_true(trap && trap->gva == hook.trap.gva && trap->state == LVMON_TRAP_MOVED);
	assert_null(look_around(&process));
	assert_null(look_around(&paging));
	assert_int_equal(hook_remove((u32)id), 0);
	assert_int_equal(*code(0x40), 0x41);
	hook_remove_all();
	assert_int_equal(*code(0x1040), 0x90);
}

/* Code in front of a trap is told at each look, and that it is gone; a look ends all the same. */
static void what_is_in_front_of_a_trap(void **state)
{
	struct lvmon_hook hook = hook_at(0x40), other = hook_at(0x80);
	struct vcpu_paging paging = {0};
	u32 left = TRAPS_A_LOOK, told = 0;
	struct trap *trap;

	fresh();
	paging.cr3 = host_guest_root();
	host_guest_map(paging.cr3, 4, GVA, GPA, PAGE_SIZE);
	hook.trap.entry_size = 5;
	memcpy(hook.trap.entry, code(0x3b), 5);
	other.trap.entry_size = LVMON_ENTRY_SIZE;
	memcpy(other.trap.entry, code(0x70), LVMON_ENTRY_SIZE);
	assert_true(hook_add(&hook) > 0 && hook_add(&other) > 0);
	assert_null(look_around(&paging));

	*code(0x3b) = 0xe8;
	for (u32 i = 0; i < 3; i++) {
		trap = look_around(&paging);
		assert_true(trap && trap->gva == hook.trap.gva && trap->state == LVMON_TRAP_ENTRY);
	}
	*code(0x70) = 0xe9; /* the first byte that counts; both are told in a look, and once */
	for (u32 i = 0; i < MAX_TRAPS / TRAPS_A_LOOK; i++, left = TRAPS_A_LOOK)
		while ((trap = trap_changed(&paging, &left)))
			told++;
	assert_int_equal(told, 2);
	memcpy(code(0x3b), hook.trap.entry, 5);
	memcpy(code(0x70), other.trap.entry, LVMON_ENTRY_SIZE);
	told = 0;
	for (u32 i = 0; i < 2 * MAX_TRAPS / TRAPS_A_LOOK; i++, left = TRAPS_A_LOOK) {
		while ((trap = trap_changed(&paging, &left))) {
			assert_int_equal(trap->state, LVMON_TRAP_THERE);
			told++;
		}
	}
	assert_int_equal(told, 2);
	*code(0x3a) = 0xe9; /* in front of the function */
	assert_null(look_around(&paging));
	*code(0x40) = 0x90;
	trap = look_around(&paging);
	assert_true(trap && trap->state == LVMON_TRAP_OVERWRITTEN);

	hook = hook_at(0x104);
	hook.trap.entry_size = LVMON_ENTRY_SIZE + 1;
	assert_int_equal(hook_add(&hook), -EINVAL);
	hook = hook_at(0x1004);
	hook.trap.entry_size = 5; /* it begins in another page */
	assert_int_equal(hook_add(&hook), -EINVAL);
	hook_remove_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_and_remove),
		cmocka_unit_test(several_hooks_on_one_trap),
		cmocka_unit_test(refused),
		cmocka_unit_test(breakpoint_of_somebody_else),
		cmocka_unit_test(alias),
		cmocka_unit_test(second_hook_that_disagrees),
		cmocka_unit_test(removed_while_held),
		cmocka_unit_test(all_removed),
		cmocka_unit_test(guest_wrote_over_it),
		cmocka_unit_test(limits),
		cmocka_unit_test(ids_come_round),
		cmocka_unit_test(version_tells_of_changes),
		cmocka_unit_test(new_traps_settle),
		cmocka_unit_test(traps_that_are_lifted),
		cmocka_unit_test(what_is_in_front_of_a_trap),
		cmocka_unit_test(random_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
