/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classic BPF, as libpcap compiles filters, translated to a selector: that the machine has all it
 * needs for them. The packet is not copied but lies in guest memory.
 */
#ifndef UNIT_BPF_H
#define UNIT_BPF_H

#include <pcap/pcap.h>
#include "tests/unit/select_here.h"

#define BPF_MOST 200 /* instructions */

enum {
	TO_A = LVMON_SEL_FREE,
	TO_X,
	TO_M0,
	TO_AT = TO_M0 + BPF_MEMWORDS, /* address of the packet */
	TO_CAUGHT,		      /* bytes of it that are there */
	TO_WIRE,		      /* and that there were */
	TO_TEMP,
};

struct bpf_translation {
	struct lvmon_sel *to;
	uint32_t most, length;	  /* slots */
	uint32_t start[BPF_MOST]; /* where each instruction's translation begins */
	uint32_t end;
};

static void bpf_put(struct bpf_translation *t, struct lvmon_sel slot)
{
	if (t->length < t->most)
		t->to[t->length] = slot;
	t->length++;
}

/* A jump; yes and no are positions in the selector. */
static void bpf_jump(struct bpf_translation *t, uint8_t op, uint8_t src, uint64_t k, uint32_t yes,
		     uint32_t no)
{
	struct lvmon_sel slot = {.op = op, .dst = TO_A, .src = src, .k = k};

	if (op == LVMON_SEL_JEQ && yes == no)
		slot.dst = LVMON_SEL_ZERO;
	slot.yes = (uint16_t)(yes - t->length - 1);
	slot.no = (uint16_t)(no - t->length - 1);
	bpf_put(t, slot);
}

/* Go on only where so many bytes are there. */
static void bpf_bound(struct bpf_translation *t, uint8_t src, uint64_t bytes)
{
	bpf_put(t, SEL_JUMP(JGE, TO_CAUGHT, src, bytes, 0, (uint16_t)(t->end - t->length - 1)));
}

static void bpf_load(struct bpf_translation *t, const struct bpf_insn *in)
{
	uint32_t size = BPF_SIZE(in->code) == BPF_B ? 1 : BPF_SIZE(in->code) == BPF_H ? 2 : 4;
	struct lvmon_sel load = {.op = size == 1   ? LVMON_SEL_LD1
				       : size == 2 ? LVMON_SEL_LD2
						   : LVMON_SEL_LD4,
				 .dst = TO_A,
				 .src = TO_AT,
				 .k = in->k};

	if (BPF_MODE(in->code) == BPF_IND) {
		bpf_put(t, SEL(MOV, TO_TEMP, TO_X, (uint64_t)in->k + size));
		bpf_bound(t, TO_TEMP, 0);
		bpf_put(t, SEL(MOV, TO_TEMP, TO_AT, 0));
		bpf_put(t, SEL(ADD, TO_TEMP, TO_X, 0));
		load.src = TO_TEMP;
	} else {
		bpf_bound(t, 0, (uint64_t)in->k + size);
	}
	bpf_put(t, load);
	if (size == 2)
		bpf_put(t, SEL(SWAP2, TO_A, TO_A, 0));
	if (size == 4)
		bpf_put(t, SEL(SWAP4, TO_A, TO_A, 0));
}

static void bpf_set(struct bpf_translation *t, const struct bpf_insn *in, uint8_t dst)
{
	switch (BPF_MODE(in->code)) {
	case BPF_IMM:
		bpf_put(t, SEL(MOV, dst, 0, in->k));
		break;
	case BPF_MEM:
		bpf_put(t, SEL(MOV, dst, TO_M0 + in->k, 0));
		break;
	case BPF_LEN:
		bpf_put(t, SEL(MOV, dst, TO_WIRE, 0));
		break;
	case BPF_MSH:
		bpf_bound(t, 0, (uint64_t)in->k + 1);
		bpf_put(t, SEL(LD1, dst, TO_AT, in->k));
		bpf_put(t, SEL(AND, dst, 0, 15));
		bpf_put(t, SEL(LSH, dst, 0, 2));
		break;
	default:
		bpf_load(t, in);
	}
}

static void bpf_calculate(struct bpf_translation *t, const struct bpf_insn *in)
{
	static const uint8_t ops[] = {
		[BPF_ADD >> 4] = LVMON_SEL_ADD, [BPF_SUB >> 4] = LVMON_SEL_SUB,
		[BPF_MUL >> 4] = LVMON_SEL_MUL, [BPF_DIV >> 4] = LVMON_SEL_DIV,
		[BPF_OR >> 4] = LVMON_SEL_OR,	[BPF_AND >> 4] = LVMON_SEL_AND,
		[BPF_LSH >> 4] = LVMON_SEL_LSH, [BPF_RSH >> 4] = LVMON_SEL_RSH,
		[BPF_NEG >> 4] = LVMON_SEL_MUL, [BPF_MOD >> 4] = LVMON_SEL_MOD,
		[BPF_XOR >> 4] = LVMON_SEL_XOR,
	};
	struct lvmon_sel slot = {.op = ops[BPF_OP(in->code) >> 4], .dst = TO_A};

	if (BPF_OP(in->code) == BPF_NEG)
		slot.k = UINT64_MAX;
	else if (BPF_SRC(in->code) == BPF_X)
		slot.src = TO_X;
	else
		slot.k = in->k;
	bpf_put(t, slot);
	bpf_put(t, SEL(AND, TO_A, 0, UINT32_MAX));
}

static void bpf_branch(struct bpf_translation *t, const struct bpf_insn *in, uint32_t i)
{
	bool by_x = BPF_SRC(in->code) == BPF_X;
	uint8_t op = LVMON_SEL_JEQ;

	if (BPF_OP(in->code) == BPF_JA) {
		bpf_jump(t, op, 0, 0, t->start[i + 1 + in->k], t->start[i + 1 + in->k]);
		return;
	}
	if (BPF_OP(in->code) == BPF_JGT)
		op = LVMON_SEL_JGT;
	if (BPF_OP(in->code) == BPF_JGE)
		op = LVMON_SEL_JGE;
	if (BPF_OP(in->code) == BPF_JSET)
		op = LVMON_SEL_JSET;
	bpf_jump(t, op, by_x ? TO_X : 0, by_x ? 0 : in->k, t->start[i + 1 + in->jt],
		 t->start[i + 1 + in->jf]);
}

static void bpf_insn(struct bpf_translation *t, const struct bpf_insn *in, uint32_t i)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		bpf_set(t, in, TO_A);
		break;
	case BPF_LDX:
		bpf_set(t, in, TO_X);
		break;
	case BPF_ST:
		bpf_put(t, SEL(MOV, TO_M0 + in->k, TO_A, 0));
		break;
	case BPF_STX:
		bpf_put(t, SEL(MOV, TO_M0 + in->k, TO_X, 0));
		break;
	case BPF_ALU:
		bpf_calculate(t, in);
		break;
	case BPF_JMP:
		bpf_branch(t, in, i);
		break;
	case BPF_RET:
		if (BPF_RVAL(in->code) == BPF_A)
			bpf_put(t, SEL(RET, 0, TO_A, 0));
		else
			bpf_put(t, SEL(RET, 0, 0, in->k));
		break;
	default:
		if (BPF_MISCOP(in->code) == BPF_TAX)
			bpf_put(t, SEL(MOV, TO_X, TO_A, 0));
		else
			bpf_put(t, SEL(MOV, TO_A, TO_X, 0));
	}
}

/*
 * A valid program of BPF. The slots of its translation; more than most: it did not fit. It finds
 * the packet by the guest's RDI (address), RSI (bytes there) and RDX (bytes there were).
 */
static uint32_t bpf_translate(const struct bpf_insn *program, uint32_t count, struct lvmon_sel *to,
			      uint32_t most)
{
	static struct bpf_translation t;

	memset(&t, 0, sizeof(t));
	/* Once to see where each begins, and once to write jumps that know it. */
	for (int pass = 0; pass < 2; pass++) {
		t.to = to;
		t.most = pass ? most : 0;
		t.length = 0;
		for (uint8_t r = TO_A; r < TO_AT; r++)
			bpf_put(&t, SEL(MOV, r, 0, 0));
		bpf_put(&t, SEL(REG, TO_AT, 0, LVMON_RDI));
		bpf_put(&t, SEL(REG, TO_CAUGHT, 0, LVMON_RSI));
		bpf_put(&t, SEL(REG, TO_WIRE, 0, LVMON_RDX));
		for (uint32_t i = 0; i < count; i++) {
			t.start[i] = t.length;
			bpf_insn(&t, &program[i], i);
		}
		t.end = t.length;
	}
	return t.length;
}

#endif
