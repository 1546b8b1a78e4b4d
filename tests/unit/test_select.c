// SPDX-License-Identifier: Apache-2.0
/* The machine of selectors: each operation, each rule of the verifier, and programs of no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "tests/unit/select_here.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NEAR	 (HERE + 0x200)
#define FAR	 (HERE + HERE_NEAR + 0x200)
#define NOWHERE	 (HERE + HERE_SIZE)

static int set_up(void **state)
{
	for (uint32_t i = 0; i < HERE_SIZE; i++)
		here_memory[i] = (uint8_t)(i * 7 + i / 256);
	for (uint32_t i = 0; i < LVMON_NR_EVENT_REGS; i++)
		here_regs[i] = 0x1111111111111111ull * i + i;
	return 0;
}

/* A program that the verifier takes: its result. */
static uint64_t result_of(const struct lvmon_sel *program, uint32_t length)
{
	uint64_t result;
	uint32_t at;
	const char *wrong = select_verify(program, length, &at);

	if (wrong)
		fail_msg("slot %u: %s", at, wrong);
	assert_true(here_run(program, length, &result));
	return result;
}

/* a op b, with b as a constant, as a register and as a sum of both. */
static void calculation(enum lvmon_sel_op op, uint64_t a, uint64_t b, uint64_t expected)
{
	struct lvmon_sel program[] = {
		SEL(MOV, 4, 0, a),
		SEL(MOV, 5, 0, b),
		SEL(MOV, 4, 0, b),
		SEL(RET, 0, 4, 0),
	};

	program[2].op = (uint8_t)op;
	program[0].k = a;
	if (b || (op != LVMON_SEL_DIV && op != LVMON_SEL_MOD))
		assert_int_equal(result_of(program, 4), expected);
	program[2].src = 5;
	program[2].k = 0;
	assert_int_equal(result_of(program, 4), expected);
	program[1].k = b - 77;
	program[2].k = 77;
	assert_int_equal(result_of(program, 4), expected);
}

static void calculations(void **state)
{
	static const uint64_t values[] = {0,
					  1,
					  2,
					  63,
					  64,
					  65,
					  0x7fffffff,
					  0x80000000,
					  0xffffffff,
					  0x100000000,
					  INT64_MAX,
					  1ull << 63,
					  UINT64_MAX - 1,
					  UINT64_MAX};

	for (size_t i = 0; i < COUNT(values); i++) {
		for (size_t j = 0; j < COUNT(values); j++) {
			uint64_t a = values[i], b = values[j];

			calculation(LVMON_SEL_MOV, a, b, b);
			calculation(LVMON_SEL_ADD, a, b, a + b);
			calculation(LVMON_SEL_SUB, a, b, a - b);
			calculation(LVMON_SEL_MUL, a, b, a * b);
			calculation(LVMON_SEL_DIV, a, b, b ? a / b : 0);
			calculation(LVMON_SEL_MOD, a, b, b ? a % b : 0);
			calculation(LVMON_SEL_AND, a, b, a & b);
			calculation(LVMON_SEL_OR, a, b, a | b);
			calculation(LVMON_SEL_XOR, a, b, a ^ b);
			calculation(LVMON_SEL_LSH, a, b, b < 64 ? a << b : 0);
			calculation(LVMON_SEL_RSH, a, b, b < 64 ? a >> b : 0);
		}
	}
	calculation(LVMON_SEL_SWAP2, 9, 0x1122334455667788, 0x8877);
	calculation(LVMON_SEL_SWAP4, 9, 0x1122334455667788, 0x88776655);
	calculation(LVMON_SEL_MUL, 5, UINT64_MAX, (uint64_t)-5);
}

/* The program ends at once. */
static void division_by_zero(void **state)
{
	struct lvmon_sel program[] = {
		SEL(MOV, 4, 0, 8),
		SEL(MOV, 5, 0, 0),
		SEL(DIV, 4, 5, 0),
		SEL(RET, 0, 0, 1),
	};

	assert_int_equal(result_of(program, 4), 0);
	program[2].op = LVMON_SEL_MOD;
	assert_int_equal(result_of(program, 4), 0);
	program[1].k = 3;
	assert_int_equal(result_of(program, 4), 1);
}

static void what_is_known(void **state)
{
	for (uint32_t i = 0; i < LVMON_SEL_KNOWN; i++) {
		const struct lvmon_sel program[] = {SEL(REG, 31, 0, i), SEL(RET, 0, 31, 0)};

		assert_int_equal(result_of(program, 2),
				 i < LVMON_NR_EVENT_REGS ? here_regs[i] : 0x1234000 + i);
	}
	assert_int_equal(result_of(&SEL(RET, 0, LVMON_SEL_ZERO, 0), 1), 0);
	assert_int_equal(result_of(&SEL(RET, 0, LVMON_SEL_TASK, 0), 1), HERE + 0x100);
	assert_int_equal(result_of(&SEL(RET, 0, 0, 1), 1), 1);
	/* It is a register as the others. */
	assert_int_equal(result_of((struct lvmon_sel[]){SEL(ADD, LVMON_SEL_TASK, 0, 4),
							SEL(RET, 0, LVMON_SEL_TASK, 0)},
				   2),
			 HERE + 0x104);
}

static void jump(enum lvmon_sel_op op, uint64_t a, uint64_t b, bool expected)
{
	struct lvmon_sel program[] = {
		SEL(MOV, 4, 0, a),  SEL(MOV, 5, 0, b),	SEL_JUMP(JEQ, 4, 0, b, 1, 0),
		SEL(RET, 0, 0, 20), SEL(RET, 0, 0, 10),
	};

	program[2].op = (uint8_t)op;
	assert_int_equal(result_of(program, 5), expected ? 10 : 20);
	program[2].yes = 0;
	program[2].no = 1;
	assert_int_equal(result_of(program, 5), expected ? 20 : 10);
	program[2].src = 5;
	program[2].k = 0;
	assert_int_equal(result_of(program, 5), expected ? 20 : 10);
}

static void jumps(void **state)
{
	static const uint64_t values[] = {0, 1, 2, 0x80000000, 0x100000000, 1ull << 63, UINT64_MAX};

	for (size_t i = 0; i < COUNT(values); i++) {
		for (size_t j = 0; j < COUNT(values); j++) {
			uint64_t a = values[i], b = values[j];

			jump(LVMON_SEL_JEQ, a, b, a == b);
			jump(LVMON_SEL_JGT, a, b, a > b);
			jump(LVMON_SEL_JGE, a, b, a >= b);
			jump(LVMON_SEL_JSET, a, b, (a & b) != 0);
		}
	}
}

/* Neither a jump to the end nor falling off it is a result. */
static void end_rejects(void **state)
{
	struct lvmon_sel program[] = {SEL_JUMP(JEQ, LVMON_SEL_TASK, 0, HERE + 0x100, 1, 0),
				      SEL(RET, 0, 0, 1)};

	assert_int_equal(result_of(program, 2), 0);
	program[0].k = 4;
	assert_int_equal(result_of(program, 2), 1);
	assert_int_equal(result_of(&SEL(MOV, 4, 0, 1), 1), 0);
}

static uint64_t little(gva_t va, uint32_t size)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < size; i++)
		value |= (uint64_t)here_memory[va - HERE + i] << 8 * i;
	return value;
}

static void loads(void **state)
{
	static const gva_t places[] = {NEAR, NEAR + 3, FAR + 1, HERE + HERE_NEAR - 1, NOWHERE - 8};
	static const struct {
		enum lvmon_sel_op op;
		uint32_t size;
	} ops[] = {{LVMON_SEL_LD1, 1}, {LVMON_SEL_LD2, 2}, {LVMON_SEL_LD4, 4}, {LVMON_SEL_LD8, 8}};

	for (size_t i = 0; i < COUNT(ops); i++) {
		for (size_t j = 0; j < COUNT(places); j++) {
			struct lvmon_sel program[] = {
				SEL(MOV, 4, 0, UINT64_MAX),
				SEL(LD1, 4, 0, places[j]),
				SEL(RET, 0, 4, 0),
			};
			uint64_t expected = little(places[j], ops[i].size);

			program[1].op = (uint8_t)ops[i].op;
			assert_int_equal(result_of(program, 3), expected);
			/* through a register: before the place and behind it */
			program[0].k = places[j] - 0x70;
			program[1].src = 4;
			program[1].k = 0x70;
			assert_int_equal(result_of(program, 3), expected);
			program[0].k = places[j] + 0x70;
			program[1].k = (uint64_t)-0x70;
			assert_int_equal(result_of(program, 3), expected);
		}
	}
}

/* There is no result: whoever runs it lets the hit through. */
static void unreadable(void **state)
{
	static const gva_t places[] = {0, NOWHERE, HERE - 1, UINT64_MAX, UINT64_MAX - 7};
	static const uint8_t ops[] = {LVMON_SEL_LD1, LVMON_SEL_LD2, LVMON_SEL_LD4, LVMON_SEL_LD8};
	uint64_t result;

	for (size_t j = 0; j < COUNT(places); j++) {
		struct lvmon_sel bytes[] = {SEL_BYTES(0, places[j], 4, 0, 0), sel_data("abcd", 4),
					    sel_mask(4), SEL(RET, 0, 0, 1)};

		assert_false(here_run(bytes, 4, &result));
		for (size_t i = 0; i < COUNT(ops); i++) {
			struct lvmon_sel program[] = {SEL(LD1, 4, 0, places[j]), SEL(RET, 0, 0, 1)};

			program[0].op = ops[i];
			assert_false(here_run(program, 2, &result));
		}
	}
	assert_false(here_run((struct lvmon_sel[]){SEL(LD8, 4, 0, NOWHERE - 7)}, 1, &result));
}

static bool same_bytes(gva_t va, const char *value, uint8_t size)
{
	const struct lvmon_sel program[] = {
		SEL_BYTES(0, va, size, 1, 0), sel_data(value, size), sel_mask(size),
		SEL(RET, 0, 0, 20),	      SEL(RET, 0, 0, 10),
	};
	uint64_t result = result_of(program, 5);

	assert_true(result == 10 || result == 20);
	return result == 10;
}

static void bytes(void **state)
{
	static const char name[] = "0123456789abcdef";
	static const gva_t places[] = {NEAR, HERE + HERE_NEAR - 5, FAR + 3, NOWHERE - 16};
	char other[17];

	for (size_t j = 0; j < COUNT(places); j++) {
		memcpy(here_memory + (places[j] - HERE), name, 16);
		for (uint8_t size = 1; size <= 16; size++) {
			assert_true(same_bytes(places[j], name, size));
			for (uint32_t i = 0; i < size; i++) {
				memcpy(other, name, 17);
				other[i] ^= 0x40;
				assert_false(same_bytes(places[j], other, size));
			}
		}
	}
	/* Only its own bytes have to be there. */
	memcpy(here_memory + HERE_SIZE - 3, "end", 3);
	assert_true(same_bytes(NOWHERE - 3, "end", 3));
	assert_false(same_bytes(NOWHERE - 3, "enp", 3));
}

/* Bits that the mask leaves out may be any. */
static void masked_bytes(void **state)
{
	struct lvmon_sel program[] = {
		SEL_BYTES(LVMON_SEL_TASK, 0x100, 3, 0, 1),
		sel_data("aXc", 3),
		sel_data("\xff\0\xdf", 3),
		SEL(RET, 0, 0, 1),
	};

	memcpy(here_memory + 0x200, "abC-", 4);
	assert_int_equal(result_of(program, 4), 1);
	memcpy(here_memory + 0x200, "abd-", 4);
	assert_int_equal(result_of(program, 4), 0);
}

/* rule(slot at fault, reason, slots...): such a program is refused. */
#define rule(at, reason, ...)                                                                      \
	refused((struct lvmon_sel[]){__VA_ARGS__}, COUNT(((struct lvmon_sel[]){__VA_ARGS__})), at, \
		reason)

static void refused(const struct lvmon_sel *program, size_t length, uint32_t at, const char *reason)
{
	uint32_t position = 999;
	const char *wrong = select_verify(program, (uint32_t)length, &position);

	assert_non_null(wrong);
	assert_string_equal(wrong, reason);
	assert_int_equal(position, at);
}

#define ACCEPT SEL(RET, 0, 0, 1)

static void rules_of_fields(void **state)
{
	struct lvmon_sel slot = ACCEPT;

	for (uint32_t op = LVMON_SEL_OPS; op < 256; op++) {
		slot.op = (uint8_t)op;
		rule(0, "no such operation", slot);
	}
	for (uint32_t reg = LVMON_SEL_REGS; reg < 256; reg++) {
		rule(1, "no such register", SEL(MOV, 4, 0, 0), SEL(MOV, reg, 0, 0), ACCEPT);
		rule(0, "no such register", SEL(RET, 0, reg, 0));
	}
	for (uint32_t op = LVMON_SEL_REG; op < LVMON_SEL_OPS; op++) {
		slot.op = (uint8_t)op;
		if (op == LVMON_SEL_BYTES || (op >= LVMON_SEL_JEQ && op <= LVMON_SEL_JSET))
			continue;
		rule(0, "register 0 is not written to", slot, ACCEPT);
	}
	rule(0, "dst is not used here", SEL(RET, 1, 0, 1));
	rule(0, "dst is not used here",
	     (struct lvmon_sel){.op = LVMON_SEL_BYTES, .dst = 1, .size = 1}, sel_mask(1),
	     sel_mask(1), ACCEPT);
	rule(0, "this is no jump", SEL_JUMP(MOV, 4, 0, 0, 1, 0), ACCEPT, ACCEPT);
	rule(0, "this is no jump", SEL_JUMP(RET, 0, 0, 0, 0, 1), ACCEPT, ACCEPT);
	slot = ACCEPT;
	slot.size = 1;
	rule(0, "size cannot be this here", slot);
	rule(0, "no such register of the guest", SEL(REG, 4, 0, LVMON_SEL_KNOWN), ACCEPT);
	rule(0, "no such register of the guest", SEL(REG, 4, 0, UINT64_MAX), ACCEPT);
	rule(0, "no such register of the guest", SEL(REG, 4, 1, 0), ACCEPT);
	rule(0, "a division by 0", SEL(DIV, 1, 0, 0), ACCEPT);
	rule(0, "a division by 0", SEL(MOD, 1, 0, 0), ACCEPT);
}

static void rules_of_bytes(void **state)
{
	const struct lvmon_sel data = sel_data("abc", 3), mask = sel_mask(3);

	for (uint32_t size = LVMON_SEL_MOST + 1; size < 256; size++)
		rule(0, "size cannot be this here", SEL_BYTES(0, NEAR, size, 0, 0), data, mask,
		     ACCEPT);
	rule(0, "size cannot be this here", SEL_BYTES(0, NEAR, 0, 0, 0), data, mask, ACCEPT);
	rule(0, "BYTES without value and mask", SEL_BYTES(0, NEAR, 3, 0, 0));
	rule(0, "BYTES without value and mask", SEL_BYTES(0, NEAR, 3, 0, 0), data);
	rule(0, "the mask goes on behind size", SEL_BYTES(0, NEAR, 2, 0, 0), data, mask, ACCEPT);
	rule(1, "a jump leads into its value and mask", SEL_JUMP(JEQ, 1, 0, 0, 0, 1),
	     SEL_BYTES(0, NEAR, 3, 0, 0), data, mask, ACCEPT);
	rule(1, "a jump leads into its value and mask", SEL_JUMP(JEQ, 1, 0, 0, 2, 0),
	     SEL_BYTES(0, NEAR, 3, 0, 0), data, mask, ACCEPT);
	/* The slots of data are not looked at as instructions are. */
	assert_int_equal(result_of((struct lvmon_sel[]){SEL_BYTES(0, NEAR, 3, 0, 0), sel_mask(16),
							mask, ACCEPT},
				   4),
			 1);
}

static void rules_of_ways(void **state)
{
	rule(1, "no way leads here", ACCEPT, ACCEPT);
	rule(1, "no way leads here", SEL_JUMP(JEQ, 0, 0, 0, 1, 1), ACCEPT, ACCEPT);
	rule(0, "the way on leads out of the program", SEL_JUMP(JEQ, 1, 0, 0, 2, 0), ACCEPT);
	rule(0, "the way on leads out of the program", SEL_JUMP(JEQ, 1, 0, 0, 0, UINT16_MAX),
	     ACCEPT);
	rule(0, "the way on leads out of the program", SEL_BYTES(0, NEAR, 1, 0, 2), sel_mask(1),
	     sel_mask(1), ACCEPT);
	rule(0, "src has no value yet", SEL(RET, 0, 4, 0));
	rule(0, "dst has no value yet", SEL(ADD, 4, 0, 1), ACCEPT);
	rule(0, "dst has no value yet", SEL_JUMP(JEQ, 31, 0, 1, 0, 0), ACCEPT);
	rule(0, "src has no value yet", SEL_BYTES(9, 0, 1, 0, 0), sel_mask(1), sel_mask(1), ACCEPT);
	/* on one of two ways only */
	rule(2, "src has no value yet", SEL_JUMP(JEQ, 1, 0, 0, 0, 1), SEL(MOV, 4, 0, 1),
	     SEL(RET, 0, 4, 0));
	rule(2, "src has no value yet", SEL_JUMP(JEQ, 1, 0, 0, 1, 0), SEL(MOV, 4, 0, 1),
	     SEL(RET, 0, 4, 0));
	/* and on both */
	assert_int_equal(
		result_of((struct lvmon_sel[]){SEL_JUMP(JEQ, 1, 0, 0, 0, 2), SEL(MOV, 4, 0, 1),
					       SEL_JUMP(JEQ, 0, 0, 0, 1, 1), SEL(MOV, 4, 0, 2),
					       SEL(RET, 0, 4, 0)},
			  5),
		2);
}

static void rules_of_lengths(void **state)
{
	struct lvmon_sel program[LVMON_SEL_LENGTH + 1];
	uint32_t at, i;

	for (i = 0; i <= LVMON_SEL_LENGTH; i++)
		program[i] = SEL(ADD, LVMON_SEL_TASK, 0, 1);
	program[LVMON_SEL_LENGTH - 1] = SEL(RET, 0, LVMON_SEL_TASK, 0);
	assert_int_equal(result_of(program, LVMON_SEL_LENGTH), HERE + 0x100 + LVMON_SEL_LENGTH - 1);
	refused(program, LVMON_SEL_LENGTH + 1, 0, "a program has 1 to 256 slots");
	refused(program, 0, 0, "a program has 1 to 256 slots");
	for (i = 0; i < LVMON_SEL_LOADS; i++)
		program[i] = SEL(LD1, 4, 0, NEAR);
	program[i] = ACCEPT;
	assert_int_equal(result_of(program, i + 1), 1);
	program[i] = SEL(LD2, 4, 0, NEAR);
	program[i + 1] = ACCEPT;
	refused(program, i + 2, i, "too many reads of memory");
	/* Either half, but never both: what counts is the longest way. */
	program[0] = SEL_JUMP(JEQ, 1, 0, 0, LVMON_SEL_LOADS, 0);
	for (i = 1; i <= 2 * LVMON_SEL_LOADS; i++)
		program[i] = SEL(LD1, 4, 0, NEAR);
	program[LVMON_SEL_LOADS] = SEL_JUMP(JEQ, 0, 0, 0, LVMON_SEL_LOADS, LVMON_SEL_LOADS);
	program[i] = ACCEPT;
	assert_null(select_verify(program, i + 1, &at));
	program[i] = SEL_BYTES(0, NEAR, 1, 0, 0);
	program[i + 1] = program[i + 2] = sel_mask(1);
	refused(program, i + 3, i, "too many reads of memory");
}

/* Whatever the slots hold: the sanitizers see what lies outside of them. */
static void no_programs(void **state)
{
	uint64_t random = 1, result;

	for (uint32_t round = 0; round < 200000; round++) {
		uint32_t length = round % 8 + 1;
		struct lvmon_sel *program = malloc((length + 2) * sizeof(*program));
		uint8_t *byte = (uint8_t *)program;

		assert_non_null(program);
		memset(program, 0, (length + 2) * sizeof(*program));
		for (size_t i = 0; i < length * sizeof(*program); i++) {
			random = random * 6364136223846793005ull + 1442695040888963407ull;
			byte[i] = (uint8_t)(random >> 33);
			/* mostly operations, and jumps that stay near */
			if (i % sizeof(*program) == 0 && random >> 62)
				byte[i] %= LVMON_SEL_OPS;
			if (i % sizeof(*program) >= 4 && i % sizeof(*program) < 8 && random >> 62)
				byte[i] = i % 2 ? 0 : byte[i] % 4;
		}
		(void)here_run(program, length, &result);
		free(program);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(calculations, set_up),
		cmocka_unit_test_setup(division_by_zero, set_up),
		cmocka_unit_test_setup(what_is_known, set_up),
		cmocka_unit_test_setup(jumps, set_up),
		cmocka_unit_test_setup(end_rejects, set_up),
		cmocka_unit_test_setup(loads, set_up),
		cmocka_unit_test_setup(unreadable, set_up),
		cmocka_unit_test_setup(bytes, set_up),
		cmocka_unit_test_setup(masked_bytes, set_up),
		cmocka_unit_test_setup(rules_of_fields, set_up),
		cmocka_unit_test_setup(rules_of_bytes, set_up),
		cmocka_unit_test_setup(rules_of_ways, set_up),
		cmocka_unit_test_setup(rules_of_lengths, set_up),
		cmocka_unit_test_setup(no_programs, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
