// SPDX-License-Identifier: Apache-2.0
/*
 * Each kind of emulated instruction against this machine's CPU, which executes the same bytes on
 * the same registers. The guest's memory is mapped at the same addresses on both sides: here as the
 * host's memory, there by guest page tables that lead to a copy.
 */
#include <sys/mman.h>

#include "tests/unit/run_here.h"
#include "tests/unit/vmm_host.h"
#include "vmm/monitor/internal.h"
#include "vmm/x86/asm.h"

#define AREA	  ((u64)area) /* four pages, guest and host */
#define AREA_SIZE 0x4000ull
#define AREA_GPA  0x400000ull
#define FLAGS	  (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static u8 *area, *code;
static struct vcpu vcpu;
static struct vcpu_paging paging;
static u32 seed = 1;

static u64 random_word(void)
{
	u64 w = 0;

	for (int i = 0; i < 4; i++) {
		seed = seed * 1664525 + 1013904223;
		w = w << 16 | seed >> 16;
	}
	return w;
}

static int set_up_group(void **state)
{
	area = mmap(NULL, AREA_SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	code = mmap(NULL, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return area == MAP_FAILED || code == MAP_FAILED;
}

/* Within each test: cmocka gives each its own signal handlers. */
static void fresh(void)
{
	gpa_t root;

	host_guest();
	root = host_guest_root();
	host_vcpu(&vcpu, &paging, root);
	/* The pages lie apart from each other in the guest's RAM. */
	for (u64 at = 0; at < AREA_SIZE; at += PAGE_SIZE)
		host_guest_map(root, 4, AREA + at, AREA_GPA + at * 2, PAGE_SIZE);
	for (u64 at = 0; at < AREA_SIZE; at += 8) {
		u64 word = random_word();

		memcpy(area + at, &word, 8);
		memcpy(host_ram(AREA_GPA + (at & PAGE_MASK) * 2 + (at & ~PAGE_MASK)), &word, 8);
	}
}

static void memory_is_the_same(void)
{
	for (u64 at = 0; at < AREA_SIZE; at += PAGE_SIZE)
		assert_memory_equal(area + at, host_ram(AREA_GPA + at * 2), PAGE_SIZE);
}

static void random_regs(void)
{
	for (int i = 0; i < 16; i++)
		vcpu.regs[i] = random_word();
	/* The CPU's stack must be one wherever it is not what is tried. */
	vcpu.regs[LVMON_RSP] = AREA + 0x2000 + random_word() % 0x1000;
	vcpu.regs[LVMON_RIP] = 0xffffffff81000005;
	vcpu.regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF | (random_word() & (FLAGS | RFLAGS_DF));
}

/* The instruction here and emulated; afterwards everything must be the same. */
static void compare(struct lvmon_insn insn)
{
	struct trap trap = {.gva = vcpu.regs[LVMON_RIP], .insn = insn};
	u64 rip = vcpu.regs[LVMON_RIP];
	const void *back = here_back;

	memcpy(here_regs, vcpu.regs, sizeof(here_regs));
	memcpy(code, insn.bytes, insn.length);
	memcpy(code + insn.length, "\xff\x25\0\0\0\0", 6); /* jmp *0(%rip) */
	memcpy(code + insn.length + 6, &back, 8);
	here_insn = code;
	run_here();
	finish_trap(&vcpu, &paging, &trap);
	assert_int_equal(host_injected.count, 0);
	assert_int_equal(host_step.count, 0);
	for (int i = 0; i < 16; i++)
		if (vcpu.regs[i] != here_regs[i])
			fail_msg("register %d: %lx, the CPU has %lx", i, vcpu.regs[i],
				 here_regs[i]);
	assert_int_equal(vcpu.regs[LVMON_RIP], rip + insn.length);
	assert_int_equal(vcpu.regs[LVMON_RFLAGS], here_regs[LVMON_RFLAGS]);
	memory_is_the_same();
}

static struct lvmon_insn push_of(u8 reg)
{
	struct lvmon_insn insn = {.kind = LVMON_INSN_PUSH, .reg = reg, .width = 8};

	if (reg >= 8)
		insn.bytes[insn.length++] = 0x41;
	insn.bytes[insn.length++] = 0x50 + reg % 8;
	return insn;
}

static struct lvmon_insn mov_of(u8 reg, u8 base, u8 width)
{
	return (struct lvmon_insn){
		.length = 3,
		.kind = LVMON_INSN_MOV,
		.reg = reg,
		.base = base,
		.width = width,
		.bytes = {(u8)(0x40 | (width == 8) << 3 | base / 8 << 2 | reg / 8), 0x89,
			  (u8)(0xc0 | base % 8 << 3 | reg % 8)}};
}

static struct lvmon_insn load_of(u8 reg, u8 base, u8 width, s32 disp)
{
	struct lvmon_insn insn = {
		.length = 3,
		.kind = LVMON_INSN_LOAD,
		.reg = reg,
		.base = base,
		.width = width,
		.disp = disp,
		.bytes = {(u8)(0x40 | (width == 8) << 3 | reg / 8 << 2 | base / 8), 0x8b,
			  (u8)(0x80 | reg % 8 << 3 | base % 8)}};

	if (base % 8 == 4)
		insn.bytes[insn.length++] = 0x24; /* no index */
	memcpy(insn.bytes + insn.length, &disp, 4);
	insn.length += 4;
	return insn;
}

static struct lvmon_insn sub_of(s32 disp)
{
	struct lvmon_insn insn = {
		.length = 7, .kind = LVMON_INSN_SUB_RSP, .disp = disp, .bytes = {0x48, 0x81, 0xec}};

	memcpy(insn.bytes + 3, &disp, 4);
	return insn;
}

static void nops(void **state)
{
	static const struct lvmon_insn nops[] = {
		{.length = 1, .kind = LVMON_INSN_NOP, .bytes = {0x90}},
		{.length = 5, .kind = LVMON_INSN_NOP, .bytes = {0x0f, 0x1f, 0x44, 0, 0}},
		{.length = 4, .kind = LVMON_INSN_NOP, .bytes = {0xf3, 0x0f, 0x1e, 0xfa}},
	};

	fresh();
	for (size_t i = 0; i < ARRAY_SIZE(nops); i++) {
		random_regs();
		compare(nops[i]);
	}
}

static void pushes(void **state)
{
	fresh();
	for (u8 reg = 0; reg < 16; reg++)
		for (int i = 0; i < 20; i++) {
			random_regs();
			compare(push_of(reg));
		}
}

/* Each place of the eight bytes over the border of two pages. */
static void pushes_over_a_border(void **state)
{
	fresh();
	for (u64 i = 0; i <= 16; i++) {
		random_regs();
		vcpu.regs[LVMON_RSP] = AREA + PAGE_SIZE + i;
		compare(push_of(LVMON_RBP));
	}
}

static void moves(void **state)
{
	fresh();
	for (u8 reg = 0; reg < 16; reg++)
		for (u8 base = 0; base < 16; base++)
			for (u8 width = 4; width <= 8; width += 4) {
				random_regs();
				compare(mov_of(reg, base, width));
			}
}

static void loads(void **state)
{
	fresh();
	for (u8 reg = 0; reg < 16; reg++)
		for (u8 base = 0; base < 16; base++)
			for (u8 width = 4; width <= 8; width += 4) {
				s32 disp = (s32)random_word();

				random_regs();
				vcpu.regs[base] =
					AREA + random_word() % (AREA_SIZE - 8) - (u64)(s64)disp;
				compare(load_of(reg, base, width, disp));
			}
}

static void loads_over_a_border(void **state)
{
	fresh();
	for (u64 at = PAGE_SIZE - 8; at <= PAGE_SIZE; at++)
		for (u8 width = 4; width <= 8; width += 4) {
			random_regs();
			vcpu.regs[LVMON_RDI] = AREA + at;
			compare(load_of(LVMON_RAX, LVMON_RDI, width, 0));
		}
}

/* In a step it would show TF. */
static void flags_pushed(void **state)
{
	fresh();
	for (int i = 0; i < 20; i++) {
		random_regs();
		compare((struct lvmon_insn){.length = 1, .bytes = {0x9c}});
	}
	/* RF is never in what PUSHF pushes; and it is over. */
	random_regs();
	vcpu.regs[LVMON_RSP] = AREA + 0x108;
	vcpu.regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_RF;
	finish_trap(&vcpu, &paging, &(struct trap){.insn = {.length = 1, .bytes = {0x9c}}});
	assert_int_equal(*(u64 *)host_ram(AREA_GPA + 0x100), RFLAGS_FIXED);
	assert_int_equal(vcpu.regs[LVMON_RFLAGS], RFLAGS_FIXED);
}

/* The guest's breakpoints on what is read and written: SDM vol. 3, 17.2.4 and table 17-1. */
static void breakpoints(void **state)
{
	static const struct {
		u64 dr7, at;
		u64 pushed, loaded; /* eight bytes at AREA + 0x100 */
	} cases[] = {
		{0, 0x100, 0, 0},	   {0x00090001, 0x100, 1, 0}, /* writes, eight bytes */
		{0x000b0001, 0x100, 1, 1},			      /* reads and writes */
		{0x000b0002, 0x100, 1, 1},			      /* global */
		{0x000b0004, 0x100, 0, 0},			      /* another one is on */
		{0x000b0001, 0x107, 1, 1},			      /* aligned */
		{0x000b0001, 0x108, 0, 0}, {0x000b0001, 0xf8, 0, 0},
		{0x00030001, 0x107, 1, 1}, /* a byte */
		{0x00030001, 0x108, 0, 0}, {0x00070001, 0x107, 1, 1},
		{0x000f0001, 0x104, 1, 1}, {0x00000001, 0x100, 0, 0}, /* an instruction's */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int write = 0; write < 2; write++) {
			struct trap trap = {.insn = write ? push_of(LVMON_RBX)
							  : load_of(LVMON_RAX, LVMON_RSP, 8, -8)};

			fresh();
			random_regs();
			vcpu.regs[LVMON_RSP] = AREA + 0x108;
			host_breakpoints[0] = AREA + cases[i].at;
			host_breakpoints[1] = AREA;
			paging.dr7 = cases[i].dr7;
			finish_trap(&vcpu, &paging, &trap);
			assert_int_equal(host_step.count, 0);
			assert_int_equal(host_injected.debug,
					 write ? cases[i].pushed : cases[i].loaded);
		}
}

static void subtractions(void **state)
{
	const u64 edges[] = {0,
			     1,
			     0xf,
			     0x10,
			     0x7f,
			     0x80,
			     0xff,
			     0x100,
			     INT32_MAX,
			     0x80000000,
			     UINT32_MAX,
			     INT64_MAX,
			     0x8000000000000000,
			     0x7fffffff80000000,
			     UINT64_MAX,
			     UINT64_MAX - 0xf,
			     AREA};
	static const s32 amounts[] = {0,      1,	 8,	    0x10, 0x7f, 0x80,
				      0x1000, INT32_MAX, INT32_MIN, -1,	  -16};

	fresh();
	for (size_t e = 0; e < ARRAY_SIZE(edges); e++)
		for (size_t a = 0; a < ARRAY_SIZE(amounts); a++)
			for (int near = -1; near <= 1; near++) {
				random_regs();
				vcpu.regs[LVMON_RSP] = edges[e] + (u64)(s64)near;
				compare(sub_of(amounts[a]));
				random_regs();
				vcpu.regs[LVMON_RSP] = (u64)(s64)amounts[a] + (u64)(s64)near;
				compare(sub_of(amounts[a]));
			}
	for (int i = 0; i < 5000; i++) {
		random_regs();
		vcpu.regs[LVMON_RSP] = random_word();
		compare(sub_of((s32)random_word()));
	}
}

/* The CPU is to do it, by its own overlay: nothing has changed. */
static void left_to_the_cpu(const struct trap *trap)
{
	struct vcpu before = vcpu;

	host_injected = (struct host_injected){0};
	host_step.count = 0;
	*(u8 *)host_ram(trap->gpa) = 0xcc;
	finish_trap(&vcpu, &paging, trap);
	assert_int_equal(host_injected.count, 0);
	assert_int_equal(host_step.count, 1);
	assert_int_equal(vcpu.step, STEP_TRAP);
	assert_int_equal(host_step.gpa, trap->gpa);
	assert_int_equal(host_step.byte, trap->insn.bytes[0]);
	assert_int_equal(*(u8 *)host_ram(trap->gpa), 0xcc);
	assert_memory_equal(before.regs, vcpu.regs, sizeof(vcpu.regs));
}

/* A page that is not there, or that we do not see. */
static void faults(void **state)
{
	const struct {
		struct lvmon_insn insn;
		gva_t at;
		bool write;
	} cases[] = {
		{push_of(LVMON_RBX), AREA - 8, true},
		{push_of(LVMON_RBX), AREA + AREA_SIZE - 4, true},
		{load_of(LVMON_RAX, LVMON_RSP, 8, 0), AREA - 8, false},
		{load_of(LVMON_RAX, LVMON_RSP, 4, 0), AREA + AREA_SIZE - 2, false},
	};

	fresh();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trap trap = {.gpa = 0x600000, .insn = cases[i].insn};

		random_regs();
		vcpu.regs[LVMON_RSP] = cases[i].at + (cases[i].write ? 8 : 0);
		left_to_the_cpu(&trap);
	}
}

/*
 * Such an address is no page that is missing: #GP, or #SS by way of RSP and RBP, as the CPU knows.
 */
static void addresses_that_are_none(void **state)
{
	const u64 bad[] = {0x800000000000, 0xffff7fffffffffff, 0x8000000000000000 | AREA,
			   AREA | 1ull << 48};

	fresh();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		for (u8 base = 0; base < 16; base++) {
			struct trap trap = {.gpa = 0x600000,
					    .insn = load_of(LVMON_RAX, base, 8, 16)};

			random_regs();
			vcpu.regs[base] = bad[i] - 16;
			left_to_the_cpu(&trap);
		}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct trap trap = {.gpa = 0x600000, .insn = push_of(LVMON_RAX)};

		random_regs();
		vcpu.regs[LVMON_RSP] = bad[i] + 8;
		left_to_the_cpu(&trap);
	}
}

/* With five levels more of them are. */
static void five_levels(void **state)
{
	const gva_t va = 0xff11000000000000;
	struct trap trap = {.gpa = 0x600000, .insn = load_of(LVMON_RAX, LVMON_RDI, 8, 0)};

	fresh();
	paging.cr3 = host_guest_root();
	paging.la57 = true;
	host_guest_map(paging.cr3, 5, va, AREA_GPA, PAGE_SIZE);
	random_regs();
	vcpu.regs[LVMON_RDI] = va;
	finish_trap(&vcpu, &paging, &trap);
	assert_int_equal(host_injected.count, 0);
	assert_int_equal(vcpu.regs[LVMON_RAX], *(u64 *)host_ram(AREA_GPA));
	vcpu.regs[LVMON_RDI] = 0x8011000000000000;
	left_to_the_cpu(&trap);
}

static void stepped(void **state)
{
	struct lvmon_hook hook = {.kind = LVMON_HOOK_TRAP,
				  .trap.gva = 0xffffffff81000000,
				  .trap.gpa = 0x600000,
				  .trap.insn = {.length = 3, .bytes = {0x0f, 0xa2, 0x90}}};
	u8 *at = host_ram(hook.trap.gpa);
	const struct trap *trap;

	fresh();
	memcpy(at, hook.trap.insn.bytes, 3);
	assert_true(hook_add(&hook) > 0);
	trap = trap_find(hook.trap.gva);
	vcpu.regs[LVMON_RIP] = hook.trap.gva;
	assert_int_equal(at[0], 0xcc);
	finish_trap(&vcpu, &paging, trap);
	assert_int_equal(host_step.count, 1);
	assert_int_equal(vcpu.step, STEP_TRAP);
	assert_int_equal(host_step.gpa, hook.trap.gpa);
	assert_int_equal(host_step.byte, 0x0f);
	assert_int_equal(vcpu.regs[LVMON_RIP], hook.trap.gva);
	/* nobody else loses the trap */
	assert_int_equal(at[0], 0xcc);
	hook_remove_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nops),
		cmocka_unit_test(pushes),
		cmocka_unit_test(pushes_over_a_border),
		cmocka_unit_test(moves),
		cmocka_unit_test(loads),
		cmocka_unit_test(loads_over_a_border),
		cmocka_unit_test(flags_pushed),
		cmocka_unit_test(breakpoints),
		cmocka_unit_test(subtractions),
		cmocka_unit_test(faults),
		cmocka_unit_test(addresses_that_are_none),
		cmocka_unit_test(five_levels),
		cmocka_unit_test(stepped),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
