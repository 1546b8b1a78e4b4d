// SPDX-License-Identifier: Apache-2.0
/*
 * Selectors: the verifier and the machine against a model that is written from select.h's text and
 * goes every way through a program, one by one. What the verifier takes, the model takes, and the
 * other way round; then both machines have the same result. What it refuses is run all the same:
 * nothing outside of its slots is touched.
 */
#include "tests/fuzz/fuzz.h"
#include <lvisor/select_run.h>

#define PLACE	 0xffff888000000ff8ull /* of guest memory */
#define NEAR	 32u		       /* bytes of it that can be read at once */
#define ALL	 64u
#define MOST	 12u /* slots: all ways through as many can be gone */
#define DATA_OF	 2u  /* slots behind a BYTES */
#define CONSTANT 0u

static uint8_t *memory; /* of the size it says, so that the sanitizer sees what lies outside */
static uint64_t regs[LVMON_SEL_KNOWN];

/* The model */

struct model {
	const struct lvmon_sel *program;
	unsigned int length;
	bool data[MOST], visited[MOST];
};

static bool is_jump(uint8_t op)
{
	return op == LVMON_SEL_BYTES || op == LVMON_SEL_JEQ || op == LVMON_SEL_JGT ||
	       op == LVMON_SEL_JGE || op == LVMON_SEL_JSET;
}

static bool is_load(uint8_t op)
{
	return op == LVMON_SEL_BYTES || op == LVMON_SEL_LD1 || op == LVMON_SEL_LD2 ||
	       op == LVMON_SEL_LD4 || op == LVMON_SEL_LD8;
}

static bool compares_dst(uint8_t op)
{
	return is_jump(op) && op != LVMON_SEL_BYTES;
}

static bool sets_dst(uint8_t op)
{
	return op != LVMON_SEL_RET && !is_jump(op);
}

static bool changes_dst(uint8_t op)
{
	return op >= LVMON_SEL_ADD && op <= LVMON_SEL_RSH;
}

static bool good_fields(const struct lvmon_sel *s)
{
	if (s->op >= LVMON_SEL_OPS || s->dst > 31 || s->src > 31)
		return false;
	if (sets_dst(s->op) ? s->dst == 0 : !compares_dst(s->op) && s->dst != 0)
		return false;
	if (!is_jump(s->op) && (s->yes || s->no))
		return false;
	if (s->op == LVMON_SEL_BYTES ? s->size < 1 || s->size > 16 : s->size != 0)
		return false;
	if (s->op == LVMON_SEL_REG)
		return s->src == CONSTANT && s->k < LVMON_SEL_KNOWN;
	if (s->op == LVMON_SEL_DIV || s->op == LVMON_SEL_MOD)
		return s->src != CONSTANT || s->k != 0;
	return true;
}

/* Which slots are data, and is the data of each BYTES there and right? */
static bool good_slots(struct model *m)
{
	for (unsigned int i = 0; i < m->length; i++) {
		const struct lvmon_sel *s = &m->program[i];

		if (!good_fields(s))
			return false;
		if (s->op != LVMON_SEL_BYTES)
			continue;
		if (i + DATA_OF >= m->length)
			return false;
		for (unsigned int k = s->size; k < 16; k++)
			if (((const uint8_t *)(s + 2))[k])
				return false;
		m->data[i + 1] = m->data[i + 2] = true;
		i += DATA_OF;
	}
	return true;
}

/* Are all ways from here good? */
static bool good_ways(struct model *m, unsigned int i, const bool *given, unsigned int loads)
{
	const struct lvmon_sel *s = &m->program[i];
	bool has[32];

	if (i == m->length)
		return true;
	if (i > m->length || m->data[i])
		return false;
	m->visited[i] = true;
	memcpy(has, given, sizeof(has));
	if (!has[s->src] || ((compares_dst(s->op) || changes_dst(s->op)) && !has[s->dst]))
		return false;
	if (is_load(s->op) && ++loads > LVMON_SEL_LOADS)
		return false;
	if (s->op == LVMON_SEL_RET)
		return true;
	if (sets_dst(s->op))
		has[s->dst] = true;
	if (s->op == LVMON_SEL_BYTES)
		i += DATA_OF;
	return good_ways(m, i + 1 + s->yes, has, loads) &&
	       (s->yes == s->no || good_ways(m, i + 1 + s->no, has, loads));
}

static bool good(const struct lvmon_sel *program, unsigned int length)
{
	struct model m = {.program = program, .length = length};
	bool has[32] = {true, true};

	if (!good_slots(&m) || !good_ways(&m, 0, has, 0))
		return false;
	for (unsigned int i = 0; i < length; i++)
		if (!m.data[i] && !m.visited[i])
			return false;
	return true;
}

static bool model_read(uint64_t va, unsigned int size, uint64_t *to)
{
	*to = 0;
	for (unsigned int i = size; i-- > 0;) {
		if (va + i < PLACE || va + i >= PLACE + ALL)
			return false;
		*to = *to << 8 | memory[va + i - PLACE];
	}
	return true;
}

static bool model_bytes(const struct lvmon_sel *s, uint64_t va, bool *equal)
{
	const uint8_t *value = (const uint8_t *)(s + 1), *mask = (const uint8_t *)(s + 2);
	uint64_t byte;

	*equal = true;
	for (unsigned int i = 0; i < s->size; i++) {
		if (!model_read(va + i, 1, &byte))
			return false;
		if ((byte & mask[i]) != (value[i] & mask[i]))
			*equal = false;
	}
	return true;
}

static uint64_t swapped(uint64_t v, unsigned int size)
{
	uint64_t out = 0;

	for (unsigned int i = 0; i < size; i++, v >>= 8)
		out = out << 8 | (v & 0xff);
	return out;
}

static uint64_t shifted(uint64_t a, uint64_t by, bool left)
{
	for (uint64_t i = 0; i < by && i < 64; i++)
		a = left ? a * 2 : a / 2;
	return a;
}

static uint64_t calculated(uint8_t op, uint64_t a, uint64_t v)
{
	switch (op) {
	case LVMON_SEL_REG:
		return regs[v];
	case LVMON_SEL_MOV:
		return v;
	case LVMON_SEL_SWAP2:
		return swapped(v, 2);
	case LVMON_SEL_SWAP4:
		return swapped(v, 4);
	case LVMON_SEL_ADD:
		return a + v;
	case LVMON_SEL_SUB:
		return a - v;
	case LVMON_SEL_MUL:
		return a * v;
	case LVMON_SEL_DIV:
		return a / v;
	case LVMON_SEL_MOD:
		return a % v;
	case LVMON_SEL_AND:
		return a & v;
	case LVMON_SEL_OR:
		return a | v;
	case LVMON_SEL_XOR:
		return a ^ v;
	default:
		return shifted(a, v, op == LVMON_SEL_LSH);
	}
}

static bool compared(uint8_t op, uint64_t a, uint64_t v)
{
	switch (op) {
	case LVMON_SEL_JEQ:
		return a == v;
	case LVMON_SEL_JGT:
		return a > v;
	case LVMON_SEL_JGE:
		return a >= v;
	default:
		return (a & v) != 0;
	}
}

/* A good program. False: without a result. */
static bool model_run(const struct lvmon_sel *program, unsigned int length, uint64_t task,
		      uint64_t *result)
{
	uint64_t reg[32] = {0, task}, v;
	unsigned int i = 0;
	bool yes;

	*result = 0;
	while (i < length) {
		const struct lvmon_sel *s = &program[i++];

		v = reg[s->src] + s->k;
		if (s->op == LVMON_SEL_RET) {
			*result = v;
			return true;
		}
		if (s->op == LVMON_SEL_BYTES) {
			if (!model_bytes(s, v, &yes))
				return false;
			i += DATA_OF + (yes ? s->yes : s->no);
		} else if (is_jump(s->op)) {
			i += compared(s->op, reg[s->dst], v) ? s->yes : s->no;
		} else if (is_load(s->op)) {
			if (!model_read(v, 1u << (s->op - LVMON_SEL_LD1), &reg[s->dst]))
				return false;
		} else {
			if ((s->op == LVMON_SEL_DIV || s->op == LVMON_SEL_MOD) && !v)
				return true;
			reg[s->dst] = calculated(s->op, reg[s->dst], v);
		}
	}
	return true;
}

/* What is tried */

static bool known(const void *context, uint64_t what, uint64_t *value)
{
	must(context == memory);
	if (what >= LVMON_SEL_KNOWN)
		return false;
	*value = regs[what];
	return true;
}

static bool direct(gva_t va, const void **at)
{
	if (va < PLACE || va - PLACE > NEAR - LVMON_SEL_MOST)
		return false;
	*at = memory + (va - PLACE);
	return true;
}

static bool read_slowly(const void *context, gva_t va, void *to, uint32_t size)
{
	must(context == memory && size <= 16);
	if (va < PLACE || va - PLACE > ALL || size > ALL - (va - PLACE))
		return false;
	memcpy(to, memory + (va - PLACE), size);
	return true;
}

static void take_slot(struct input *in, bool repair, struct lvmon_sel *s)
{
	static const uint64_t places[] = {PLACE, PLACE + NEAR, PLACE + ALL, 0};

	s->op = (uint8_t)take(in, 1);
	s->dst = (uint8_t)take(in, 1);
	s->src = (uint8_t)take(in, 1);
	s->size = (uint8_t)take(in, 1);
	s->yes = (uint16_t)take(in, 1);
	s->no = (uint16_t)take(in, 1);
	s->k = take_number(in, places, 4);
	if (!repair)
		return;
	/* Such that the verifier looks at more than the fields. */
	s->op %= LVMON_SEL_OPS;
	s->dst = sets_dst(s->op) ? s->dst % 6 + 1 : compares_dst(s->op) ? s->dst % 7 : 0;
	s->src = s->op == LVMON_SEL_REG ? 0 : s->src % 7;
	s->size = s->op == LVMON_SEL_BYTES ? s->size % 16 + 1 : 0;
	s->yes = is_jump(s->op) ? s->yes % 4 : 0;
	s->no = is_jump(s->op) ? s->no % 4 : 0;
	if (s->op == LVMON_SEL_REG)
		s->k %= LVMON_SEL_KNOWN;
}

static unsigned int take_program(struct input *in, struct lvmon_sel *program)
{
	uint8_t how = (uint8_t)take(in, 1);
	unsigned int length = (how & 0x7f) % MOST + 1;

	for (unsigned int i = 0; i < length; i++) {
		take_slot(in, how & 0x80, &program[i]);
		if (!(how & 0x80) || program[i].op != LVMON_SEL_BYTES || i + DATA_OF >= length)
			continue;
		take_bytes(in, &program[i + 1], 16);
		memset(&program[i + 2], 0, 16);
		take_bytes(in, &program[i + 2], program[i].size);
		i += DATA_OF;
	}
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct select_guest functions = {known, direct, read_slowly};
	struct input in = input_of(data, size);
	struct lvmon_sel taken[MOST + DATA_OF] = {0}, *program;
	unsigned int length = take_program(&in, taken);
	uint64_t result, expected, task;
	const char *wrong;
	uint32_t at;
	bool has;

	program = malloc((length + DATA_OF) * sizeof(*program));
	memory = malloc(ALL);
	must(program && memory);
	memcpy(program, taken, (length + DATA_OF) * sizeof(*program));
	task = PLACE + take(&in, 1) % ALL;
	for (size_t i = 0; i < LVMON_SEL_KNOWN; i++)
		regs[i] = take(&in, 1) * 0x0101010101010101ull;
	take_bytes(&in, memory, ALL);
	wrong = select_verify(program, length, &at);
	must(!wrong == good(program, length));
	must(!wrong || at < length);
	has = select_run(program, program + length, task, &functions, memory, &result);
	if (!wrong) {
		must(has == model_run(program, length, task, &expected));
		must(!has || result == expected);
	}
	free(program);
	free(memory);
	return 0;
}

/* Seeds: as take_slot() takes them, k as eight bytes. */
static size_t put_slot(uint8_t *to, uint8_t op, uint8_t dst, uint8_t src, uint8_t size, uint8_t yes,
		       uint8_t no, uint64_t k)
{
	const uint8_t fields[] = {op, dst, src, size, yes, no, 3};

	memcpy(to, fields, sizeof(fields));
	memcpy(to + sizeof(fields), &k, sizeof(k));
	return sizeof(fields) + sizeof(k);
}

static size_t put_state(uint8_t *to)
{
	for (size_t i = 0; i < 1 + LVMON_SEL_KNOWN + ALL; i++)
		to[i] = (uint8_t)(i * 29 + 3);
	return 1 + LVMON_SEL_KNOWN + ALL;
}

/* Each operation on a register that has a value, then a jump, and the result. */
static void seed_of(uint8_t op, bool repair)
{
	uint8_t input[512] = {(uint8_t)((repair ? 0x80 : 0) | 4)};
	size_t n = 1;
	bool jump = is_jump(op);

	n += put_slot(input + n, LVMON_SEL_MOV, 5, 0, 0, 0, 0, PLACE + 24);
	n += put_slot(input + n, LVMON_SEL_REG, 4, 0, 0, 0, 0, LVMON_RDI);
	n += put_slot(input + n, op,
		      sets_dst(op)	 ? 5
		      : compares_dst(op) ? 4
					 : 0,
		      op == LVMON_SEL_REG ? 0 : 5, op == LVMON_SEL_BYTES ? 8 : 0, jump ? 1 : 0, 0,
		      1);
	if (op == LVMON_SEL_BYTES) {
		memset(input + n, 0xff, 24); /* value, and as much of a mask as repair takes */
		n += 24;
	} else {
		n += put_slot(input + n, LVMON_SEL_JEQ, 5, 4, 0, 0, 1, 3);
		n += put_slot(input + n, LVMON_SEL_RET, 0, 5, 0, 0, 0, 1);
	}
	n += put_state(input + n);
	fuzz_seed(input, n);
}

void fuzz_seeds(void)
{
	for (uint8_t op = 0; op < LVMON_SEL_OPS; op++) {
		seed_of(op, true);
		seed_of(op, false);
	}
}
