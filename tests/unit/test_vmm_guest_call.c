// SPDX-License-Identifier: Apache-2.0
/* Calls of guest functions: what the guest's registers and stack are before, during and after. */
#include "tests/unit/vmm_host.h"
#include "vmm/monitor/internal.h"
#include "vmm/x86/asm.h"

#define DIRECT	 0xffff888000000000ull
#define PER_CPU	 0x300000ull
#define STACK	 (DIRECT + 0x500000) /* mapped as it is in the direct map */
#define TRAP	 0xffffffff81000005ull
#define FUNCTION 0xffffffff81234560ull

static struct vcpu vcpu;
static struct vcpu_paging paging;

static const struct lvmon_verdict verdict = {
	.kind = LVMON_CALL_GUEST, .call = 7, .function = FUNCTION, .args = {1, 2, 3, 4, 5, 6}};

static void run_task(gva_t task)
{
	memcpy(host_ram(PER_CPU), &task, sizeof(task));
}

static struct trap *fresh(void)
{
	const struct lvmon_task task = {0, DIRECT};
	struct lvmon_hook hook = {
		.kind = LVMON_HOOK_TRAP,
		.trap.gva = TRAP,
		.trap.gpa = 0x400000,
		.trap.insn = {.length = 1, .kind = LVMON_INSN_NOP, .bytes = {0x90}}};
	gpa_t root;

	host_guest();
	hook_remove_all();
	root = host_guest_root();
	host_vcpu(&vcpu, &paging, root);
	paging.gs_base = DIRECT + PER_CPU;
	host_guest_map(root, 4, STACK, 0x500000, PAGE_SIZE);
	host_guest_map(root, 4, STACK + PAGE_SIZE, 0x501000, PAGE_SIZE);
	assert_int_equal(task_set(&task), 0);
	run_task(DIRECT + 0x310000);
	for (u64 i = 0; i < 16; i++)
		vcpu.regs[i] = 0x1111 * i;
	vcpu.regs[LVMON_RSP] = STACK + 0x808;
	vcpu.regs[LVMON_RIP] = TRAP;
	vcpu.regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_DF | RFLAGS_AC | RFLAGS_CF;
	*(u8 *)host_ram(hook.trap.gpa) = 0x90;
	assert_true(hook_add(&hook) > 0);
	return trap_find(TRAP);
}

/* The called function returns: its RET takes the trap's address off the stack. */
static void function_returns(u64 result)
{
	vcpu.regs[LVMON_RIP] = TRAP;
	vcpu.regs[LVMON_RSP] += 8;
	vcpu.regs[LVMON_RAX] = result;
	for (u64 i = LVMON_R8; i <= LVMON_R11; i++)
		vcpu.regs[i] = 0xdead;
}

static void there_and_back(void **state)
{
	struct trap *trap = fresh();
	struct vcpu before = vcpu;
	u64 result, word;
	u32 id;

	assert_false(guest_call_returned(&vcpu, &paging, trap, &id, &result));
	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), 0);
	assert_int_equal(vcpu.regs[LVMON_RIP], FUNCTION);
	assert_int_equal(vcpu.regs[LVMON_RDI], 1);
	assert_int_equal(vcpu.regs[LVMON_RSI], 2);
	assert_int_equal(vcpu.regs[LVMON_RDX], 3);
	assert_int_equal(vcpu.regs[LVMON_RCX], 4);
	assert_int_equal(vcpu.regs[LVMON_R8], 5);
	assert_int_equal(vcpu.regs[LVMON_R9], 6);
	assert_int_equal(vcpu.regs[LVMON_RBX], before.regs[LVMON_RBX]);
	assert_int_equal(vcpu.regs[LVMON_RSP], before.regs[LVMON_RSP] - 8);
	assert_int_equal(guest_read_word(&paging, vcpu.regs[LVMON_RSP], &word), 0);
	assert_int_equal(word, TRAP);
	/* Interrupts stay on, the rest is as the ABI wants it. */
	assert_int_equal(vcpu.regs[LVMON_RFLAGS] & (RFLAGS_IF | RFLAGS_DF | RFLAGS_AC | RFLAGS_TF),
			 RFLAGS_IF);
	assert_int_equal(trap->calls, 1);

	function_returns(42);
	assert_true(guest_call_returned(&vcpu, &paging, trap, &id, &result));
	assert_int_equal(id, 7);
	assert_int_equal(result, 42);
	assert_memory_equal(vcpu.regs, before.regs, sizeof(vcpu.regs));
	assert_int_equal(trap->calls, 0);
	/* Once only. */
	assert_false(guest_call_returned(&vcpu, &paging, trap, &id, &result));
}

/* Other hits of the same trap, by other tasks or deeper on the stack, are no returns. */
static void keyed_by_task_and_stack(void **state)
{
	struct trap *trap = fresh(), other = {.gva = TRAP + 100};
	u64 rsp = vcpu.regs[LVMON_RSP], result;
	u32 id;

	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), 0);
	function_returns(0);
	vcpu.regs[LVMON_RSP] = rsp - 0x100;
	assert_false(guest_call_returned(&vcpu, &paging, trap, &id, &result));
	vcpu.regs[LVMON_RSP] = rsp;
	run_task(DIRECT + 0x320000);
	assert_false(guest_call_returned(&vcpu, &paging, trap, &id, &result));
	run_task(DIRECT + 0x310000);
	assert_false(guest_call_returned(&vcpu, &paging, &other, &id, &result));
	assert_true(guest_call_returned(&vcpu, &paging, trap, &id, &result));
}

/* Several tasks sleep in calls, and wake in another order. */
static void many_at_once(void **state)
{
	struct trap *trap = fresh();
	struct vcpu before[20];
	struct lvmon_verdict v = verdict;
	u64 result;
	u32 id;

	for (u32 i = 0; i < 20; i++) {
		run_task(DIRECT + 0x310000 + i * 0x1000);
		vcpu.regs[LVMON_RSP] =
			STACK + 0x108 + i % 10 * 0x40; /* some share a stack pointer */
		vcpu.regs[LVMON_RBX] = i;
		vcpu.regs[LVMON_RIP] = TRAP;
		before[i] = vcpu;
		v.call = 100 + i;
		assert_int_equal(guest_call_start(&vcpu, &paging, trap, &v), 0);
		vcpu.regs[LVMON_RFLAGS] = before[i].regs[LVMON_RFLAGS];
	}
	assert_int_equal(trap->calls, 20);
	for (u32 n = 0; n < 20; n++) {
		u32 i = n * 7 % 20;

		run_task(DIRECT + 0x310000 + i * 0x1000);
		vcpu.regs[LVMON_RSP] = STACK + 0x108 + i % 10 * 0x40 - 8;
		function_returns(i * 1000);
		assert_true(guest_call_returned(&vcpu, &paging, trap, &id, &result));
		assert_int_equal(id, 100 + i);
		assert_int_equal(result, i * 1000);
		assert_memory_equal(vcpu.regs, before[i].regs, sizeof(vcpu.regs));
	}
	assert_int_equal(trap->calls, 0);
}

/* The engine is killed meanwhile: its hooks go, but the trap stays until the call is back. */
static void calls_outlive_an_engine(void **state)
{
	struct trap *trap = fresh();
	struct vcpu before = vcpu;
	u64 result;
	u32 id;

	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), 0);
	hook_remove_all();
	assert_ptr_equal(trap_find(TRAP), trap);
	assert_int_equal(*(u8 *)host_ram(0x400000), 0xcc);
	function_returns(1);
	trap_get(trap); /* as the caller does */
	assert_true(guest_call_returned(&vcpu, &paging, trap, &id, &result));
	assert_memory_equal(vcpu.regs, before.regs, sizeof(vcpu.regs));
	trap_put(trap);
	assert_null(trap_find(TRAP));
	assert_int_equal(*(u8 *)host_ram(0x400000), 0x90);
	trap = fresh();
	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), 0);
	function_returns(1);
	assert_true(guest_call_returned(&vcpu, &paging, trap, &id, &result));
}

/* Another kernel takes the place of the one that had calls in flight: nothing of them stays. */
static void forgotten(void **state)
{
	struct trap *trap = fresh();
	u64 result;
	u32 id;

	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), 0);
	trap_get(trap); /* the hit at which it happens */
	guest_calls_forget();
	hook_remove_all();
	assert_int_equal(trap->calls, 0);
	assert_false(guest_call_returned(&vcpu, &paging, trap, &id, &result));
	trap_put(trap);
	assert_null(trap_find(TRAP));
	assert_int_equal(*(u8 *)host_ram(0x400000), 0x90);
}

static void refused(void **state)
{
	static const gva_t bad[] = {0, 0x400000, 0x7fffffffffff, 0x8000000000000000,
				    0xffff7fffffffffff};
	struct trap *trap = fresh();
	struct lvmon_verdict v = verdict;
	struct vcpu before;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		v.function = bad[i];
		before = vcpu;
		assert_int_equal(guest_call_start(&vcpu, &paging, trap, &v), -EINVAL);
		assert_memory_equal(vcpu.regs, before.regs, sizeof(vcpu.regs));
	}
	/* interrupts are off: the function may sleep */
	vcpu.regs[LVMON_RFLAGS] &= ~RFLAGS_IF;
	before = vcpu;
	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), -EPERM);
	assert_memory_equal(vcpu.regs, before.regs, sizeof(vcpu.regs));
	/* no stack */
	vcpu.regs[LVMON_RFLAGS] |= RFLAGS_IF;
	vcpu.regs[LVMON_RSP] = STACK;
	before = vcpu;
	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), -EFAULT);
	assert_memory_equal(vcpu.regs, before.regs, sizeof(vcpu.regs));
	/* no task */
	vcpu.regs[LVMON_RSP] = STACK + 0x100;
	run_task(0);
	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), -EINVAL);
	assert_int_equal(trap->calls, 0);
	assert_int_equal(trap->users, 0);
}

static void limit(void **state)
{
	struct trap *trap = fresh();
	struct vcpu before = vcpu;
	u64 result;
	u32 id;

	for (u64 i = 0; i < 1024; i++) {
		vcpu = before;
		vcpu.regs[LVMON_RSP] = STACK + 0x18 + i * 7;
		assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), 0);
	}
	vcpu = before;
	assert_int_equal(guest_call_start(&vcpu, &paging, trap, &verdict), -ENOSPC);
	assert_memory_equal(vcpu.regs, before.regs, sizeof(vcpu.regs));
	for (u64 i = 0; i < 1024; i++) {
		vcpu.regs[LVMON_RSP] = STACK + 0x18 + i * 7;
		assert_true(guest_call_returned(&vcpu, &paging, trap, &id, &result));
	}
	assert_int_equal(trap->calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(keyed_by_task_and_stack),
		cmocka_unit_test(many_at_once),	  cmocka_unit_test(calls_outlive_an_engine),
		cmocka_unit_test(refused),	  cmocka_unit_test(limit),
		cmocka_unit_test(forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
