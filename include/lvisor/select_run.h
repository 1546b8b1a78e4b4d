/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of select.h, for the vmm and for the engine: the same answer in both. Whoever
 * includes it says how guest memory is read.
 *
 * In the vmm, another CPU may replace a program while it runs, and then throw the result away. So
 * running needs no verifier to be safe: whatever the slots hold, it ends, and reads no more than
 * two slots behind them. The verifier says that a program makes sense.
 */
#ifndef LVISOR_SELECT_RUN_H
#define LVISOR_SELECT_RUN_H

#include <lvisor/select.h>
#include <stdbool.h>
#include <stddef.h>

#define SELECT_OPS 32 /* a power of two: no need to compare */

#define SELECT_INLINE static inline __attribute__((__always_inline__))

/* What a program may ask for. False: not to be had, the program ends without a result. */
struct select_guest {
	bool (*reg)(const void *context, uint64_t what, uint64_t *value); /* as REG's k */
	/* Can LVMON_SEL_MOST bytes at va be read at once, and where? If not, read() is asked. */
	bool (*direct)(gva_t va, const void **at);
	bool (*read)(const void *context, gva_t va, void *to, uint32_t size);
};

/* At any address, as one access. */
struct select_word {
	uint64_t value;
} __attribute__((__packed__, __may_alias__));

SELECT_INLINE uint64_t select_word(const void *at)
{
	return ((const struct select_word *)at)->value;
}

SELECT_INLINE bool select_load(const struct select_guest *guest, const void *context, gva_t va,
			       uint32_t size, uint64_t *to)
{
	uint64_t value = 0;
	const void *at;

	if (__builtin_expect(!guest->direct(va, &at), 0)) {
		uint64_t slow = 0;

		if (!guest->read(context, va, &slow, size))
			return false;
		*to = slow;
		return true;
	}
	__builtin_memcpy(&value, at, size);
	*to = value;
	return true;
}

/* 0: the same. What lies behind the size bytes does not count: its mask is 0. */
SELECT_INLINE uint64_t select_difference(const void *is, const struct lvmon_sel *at)
{
	const uint8_t *bytes = is, *value = (const uint8_t *)(at + 1);
	const uint8_t *mask = (const uint8_t *)(at + 2);

	return ((select_word(bytes) ^ select_word(value)) & select_word(mask)) |
	       ((select_word(bytes + 8) ^ select_word(value + 8)) & select_word(mask + 8));
}

/* 1: the same, 0: not, -1: it cannot be read */
SELECT_INLINE int select_bytes(const struct select_guest *guest, const void *context, gva_t va,
			       const struct lvmon_sel *at)
{
	const void *there;

	if (__builtin_expect(!guest->direct(va, &there), 0)) {
		uint64_t slow[2] = {0, 0};
		uint32_t size = at->size;

		if (!guest->read(context, va, slow, size < sizeof(slow) ? size : sizeof(slow)))
			return -1;
		return !select_difference(slow, at);
	}
	return !select_difference(there, at);
}

/* False: a division by 0, or no operation. */
SELECT_INLINE bool select_calculate(uint8_t op, uint64_t *to, uint64_t v)
{
	switch (op) {
	case LVMON_SEL_MOV:
		*to = v;
		return true;
	case LVMON_SEL_SWAP2:
		*to = __builtin_bswap16((uint16_t)v);
		return true;
	case LVMON_SEL_SWAP4:
		*to = __builtin_bswap32((uint32_t)v);
		return true;
	case LVMON_SEL_ADD:
		*to += v;
		return true;
	case LVMON_SEL_SUB:
		*to -= v;
		return true;
	case LVMON_SEL_MUL:
		*to *= v;
		return true;
	case LVMON_SEL_DIV:
		*to = v ? *to / v : 0;
		return v != 0;
	case LVMON_SEL_MOD:
		*to = v ? *to % v : 0;
		return v != 0;
	case LVMON_SEL_AND:
		*to &= v;
		return true;
	case LVMON_SEL_OR:
		*to |= v;
		return true;
	case LVMON_SEL_XOR:
		*to ^= v;
		return true;
	case LVMON_SEL_LSH:
		*to = v < 64 ? *to << v : 0;
		return true;
	case LVMON_SEL_RSH:
		*to = v < 64 ? *to >> v : 0;
		return true;
	}
	return false;
}

/* The slots from at to end, at least one. True: *result is the program's. False: it has none. */
SELECT_INLINE bool select_run(const struct lvmon_sel *at, const struct lvmon_sel *end, gva_t task,
			      const struct select_guest *guest, const void *context,
			      uint64_t *result)
{
	uint64_t reg[256]; /* dst and src cannot lead out of it */
	int equal;

	reg[LVMON_SEL_ZERO] = 0;
	reg[LVMON_SEL_TASK] = task;
	*result = 0;
	do {
		uint64_t v = reg[at->src] + at->k;
		uint64_t dst = at->dst;

		switch (at->op % SELECT_OPS) {
		case LVMON_SEL_RET:
			*result = v;
			return true;
		case LVMON_SEL_REG:
			if (!guest->reg(context, v, &reg[dst]))
				return false;
			break;
		case LVMON_SEL_LD1:
			if (!select_load(guest, context, v, 1, &reg[dst]))
				return false;
			break;
		case LVMON_SEL_LD2:
			if (!select_load(guest, context, v, 2, &reg[dst]))
				return false;
			break;
		case LVMON_SEL_LD4:
			if (!select_load(guest, context, v, 4, &reg[dst]))
				return false;
			break;
		case LVMON_SEL_LD8:
			if (!select_load(guest, context, v, 8, &reg[dst]))
				return false;
			break;
		case LVMON_SEL_BYTES:
			equal = select_bytes(guest, context, v, at);
			if (equal < 0)
				return false;
			at += 2 + (equal ? at->yes : at->no);
			break;
		case LVMON_SEL_JEQ:
			at += reg[dst] == v ? at->yes : at->no;
			break;
		case LVMON_SEL_JGT:
			at += reg[dst] > v ? at->yes : at->no;
			break;
		case LVMON_SEL_JGE:
			at += reg[dst] >= v ? at->yes : at->no;
			break;
		case LVMON_SEL_JSET:
			at += reg[dst] & v ? at->yes : at->no;
			break;
		case LVMON_SEL_MOV ... SELECT_OPS - 1:
			if (!select_calculate(at->op, &reg[dst], v))
				return true;
		}
	} while (++at < end);
	return true;
}

enum {
	SELECT_FROM_DST = 1,
	SELECT_TO_DST = 2,
	SELECT_LOADS = 4,
	SELECT_JUMPS = 8,
	SELECT_DIVIDES = 16,
};

static inline uint32_t select_traits(uint8_t op)
{
	if (op >= LVMON_SEL_LD1 && op <= LVMON_SEL_LD8)
		return SELECT_TO_DST | SELECT_LOADS;
	if (op == LVMON_SEL_BYTES)
		return SELECT_LOADS | SELECT_JUMPS;
	if (op >= LVMON_SEL_JEQ && op <= LVMON_SEL_JSET)
		return SELECT_FROM_DST | SELECT_JUMPS;
	if (op == LVMON_SEL_DIV || op == LVMON_SEL_MOD)
		return SELECT_FROM_DST | SELECT_TO_DST | SELECT_DIVIDES;
	if (op >= LVMON_SEL_ADD)
		return SELECT_FROM_DST | SELECT_TO_DST;
	return op == LVMON_SEL_RET ? 0 : SELECT_TO_DST;
}

/* Does each field of the slot hold what its operation allows? NULL, or what it does not. */
static inline const char *select_fields(const struct lvmon_sel *at)
{
	uint32_t traits = select_traits(at->op);

	if (at->op >= LVMON_SEL_OPS)
		return "no such operation";
	if (at->dst >= LVMON_SEL_REGS || at->src >= LVMON_SEL_REGS)
		return "no such register";
	if ((traits & SELECT_TO_DST) && !at->dst)
		return "register 0 is not written to";
	if (!(traits & (SELECT_TO_DST | SELECT_FROM_DST)) && at->dst)
		return "dst is not used here";
	if (!(traits & SELECT_JUMPS) && (at->yes || at->no))
		return "this is no jump";
	if (at->op == LVMON_SEL_BYTES ? !at->size || at->size > LVMON_SEL_MOST : at->size)
		return "size cannot be this here";
	if ((traits & SELECT_DIVIDES) && !at->src && !at->k)
		return "a division by 0";
	if (at->op == LVMON_SEL_REG && (at->src || at->k >= LVMON_SEL_KNOWN))
		return "no such register of the guest";
	return NULL;
}

/* What is known when an instruction is reached, whichever way led there. */
struct select_state {
	uint32_t written[LVMON_SEL_LENGTH]; /* registers that have a value, a bit each */
	uint8_t loads[LVMON_SEL_LENGTH];    /* reads of memory up to there, at most */
	bool reached[LVMON_SEL_LENGTH];
};

static inline bool select_reach(struct select_state *state, uint32_t length, uint32_t to,
				uint32_t written, uint8_t loads)
{
	if (to >= length)
		return to == length;
	state->written[to] = state->reached[to] ? state->written[to] & written : written;
	if (loads > state->loads[to])
		state->loads[to] = loads;
	state->reached[to] = true;
	return true;
}

/* The value and the mask behind a BYTES. */
static inline const char *select_data(const struct lvmon_sel *at, uint32_t left,
				      const bool *reached)
{
	uint8_t mask[16];

	if (left < 3)
		return "BYTES without value and mask";
	if (reached[1] || reached[2])
		return "a jump leads into its value and mask";
	__builtin_memcpy(mask, at + 2, sizeof(mask));
	for (uint32_t i = at->size; i < sizeof(mask); i++)
		if (mask[i])
			return "the mask goes on behind size";
	return NULL;
}

/* The instruction at position; *size: its slots. NULL, or what is wrong with it. */
static inline const char *select_check(const struct lvmon_sel *program, uint32_t length,
				       uint32_t position, struct select_state *state,
				       uint32_t *size)
{
	const struct lvmon_sel *at = program + position;
	const char *wrong = select_fields(at);
	uint32_t traits = select_traits(at->op), written = state->written[position];
	uint8_t loads = state->loads[position];

	*size = 1;
	if (!wrong && at->op == LVMON_SEL_BYTES) {
		*size = 3;
		wrong = select_data(at, length - position, state->reached + position);
	}
	if (wrong)
		return wrong;
	if (!state->reached[position])
		return "no way leads here";
	if (!(written & 1u << at->src))
		return "src has no value yet";
	if ((traits & SELECT_FROM_DST) && !(written & 1u << at->dst))
		return "dst has no value yet";
	if ((traits & SELECT_LOADS) && ++loads > LVMON_SEL_LOADS)
		return "too many reads of memory";
	if (traits & SELECT_TO_DST)
		written |= 1u << at->dst;
	if (at->op == LVMON_SEL_RET)
		return NULL;
	position += *size;
	if (!select_reach(state, length, position + at->yes, written, loads) ||
	    !select_reach(state, length, position + at->no, written, loads))
		return "the way on leads out of the program";
	return NULL;
}

/* NULL; or what is wrong with the instruction at *position. */
static inline const char *select_verify(const struct lvmon_sel *program, uint32_t length,
					uint32_t *position)
{
	struct select_state state;
	const char *wrong = NULL;
	uint32_t size;

	*position = 0;
	if (!length || length > LVMON_SEL_LENGTH)
		return "a program has 1 to 256 slots";
	__builtin_memset(&state, 0, sizeof(state));
	select_reach(&state, length, 0, (1u << LVMON_SEL_FREE) - 1, 0);
	while (*position < length) {
		wrong = select_check(program, length, *position, &state, &size);
		if (wrong)
			break;
		*position += size;
	}
	return wrong;
}

#endif
