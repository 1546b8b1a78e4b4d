/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes stores; see insn.h. */
#include "vmm/string.h"
#include "vmm/x86/insn.h"

#define PREFIXES_MAX 4
#define REX_W	     8u
#define REX_R	     4u

#define OP_XCHG_BYTE   0x86
#define OP_XCHG	       0x87
#define OP_MOV_BYTE    0x88
#define OP_MOV	       0x89
#define OP_MOV_IMM8    0xc6
#define OP_MOV_IMM     0xc7
#define OPERAND_PREFIX 0x66

/* Bytes of a ModRM operand in memory (SDM vol. 2, 2.1.3); 0: a register. */
static u32 modrm_length(const u8 *modrm)
{
	u32 mod = *modrm >> 6, rm = *modrm & 7, length = 1;

	if (mod == 3)
		return 0;
	if (rm == 4) {
		length++;
		if (mod == 0 && (modrm[1] & 7) == 5)
			return length + 4;
	} else if (mod == 0 && rm == 5) {
		return length + 4;
	}
	return length + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static bool is_prefix(u8 byte)
{
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x64 ||
	       byte == 0x65 || byte == OPERAND_PREFIX || byte == 0x67;
}

u32 insn_prefixes(const u8 *code, u64 have, bool code64)
{
	u32 n = 0;

	while (n < have && (is_prefix(code[n]) || code[n] == 0xf2 || code[n] == 0xf3 ||
			    (code64 && (code[n] & 0xf0) == 0x40)))
		n++;
	return n;
}

static u64 immediate(const u8 *at, u32 size)
{
	if (size == 1)
		return *at;
	if (size == 2)
		return load32(at) & 0xffff;
	return (u64)(s32)load32(at);
}

static void of_register(struct insn_store *s, u8 modrm, u32 rex)
{
	s->reg = (modrm >> 3 & 7) | (rex & REX_R) << 1;
	/* Without REX, the byte registers 4 to 7 are the second bytes of the first four. */
	s->high = s->size == 1 && !rex && s->reg >= 4;
	if (s->high)
		s->reg -= 4;
}

int insn_decode_store(const u8 *bytes, u64 have, struct insn_store *s)
{
	u8 code[INSN_BYTES_MAX + 5] = {0}, op;
	u32 at = 0, rex = 0, operand;
	bool word = false;

	memcpy(code, bytes, have < INSN_BYTES_MAX ? have : INSN_BYTES_MAX);
	for (; at < PREFIXES_MAX && is_prefix(code[at]); at++)
		word = word || code[at] == OPERAND_PREFIX;
	if ((code[at] & 0xf0) == 0x40)
		rex = code[at++];
	op = code[at++];
	operand = modrm_length(&code[at]);
	if (!operand)
		return -EINVAL;
	*s = (struct insn_store){.size = rex & REX_W ? 8 : word ? 2 : 4, .length = at + operand};
	switch (op) {
	case OP_XCHG_BYTE:
	case OP_XCHG:
	case OP_MOV_BYTE:
	case OP_MOV:
		s->exchange = op <= OP_XCHG;
		s->size = op & 1 ? s->size : 1;
		of_register(s, code[at], rex);
		break;
	case OP_MOV_IMM8:
	case OP_MOV_IMM:
		if (code[at] & 0x38) /* C6 /0 and C7 /0; there is no other with memory */
			return -EINVAL;
		s->immediate = true;
		s->size = op & 1 ? s->size : 1;
		s->value = immediate(&code[s->length], s->size);
		s->length += s->size == 8 ? 4 : s->size;
		break;
	default:
		return -EINVAL;
	}
	return s->length <= have ? 0 : -EINVAL;
}
