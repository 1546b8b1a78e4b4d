/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that store to memory, decoded from their bytes in 64-bit mode (SDM vol. 2, 2.1). */
#ifndef VMM_X86_INSN_H
#define VMM_X86_INSN_H

#include "vmm/types.h"

#define INSN_BYTES_MAX 15

struct insn_store {
	u32 length; /* of the instruction */
	u32 size;   /* of the store: 1, 2, 4 or 8 bytes */
	bool exchange, immediate;
	u32 reg;   /* the register stored, numbered as in ModRM; -: immediate */
	bool high; /* its bits 8 to 15: AH, CH, DH or BH */
	u64 value; /* immediate, sign-extended */
};

/*
 * MOV of a register or an immediate to memory, and XCHG, of any size; with such prefixes as change
 * the operand's size or address. There are have bytes, 15 at most, behind which memory may end.
 * -EINVAL: another instruction, or not all of it is there.
 */
int insn_decode_store(const u8 *bytes, u64 have, struct insn_store *s) must_check;

/* How many of the bytes at an instruction's start are prefixes; REX only in 64-bit code. */
u32 insn_prefixes(const u8 *code, u64 have, bool code64);

#endif
