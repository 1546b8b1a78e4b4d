/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors: small programs that say whether anybody wants a hit, in the spirit of classic BPF. The
 * engine, which knows the guest's structures, compiles them; the vmm verifies and runs them
 * (select_run.h) and knows no structure of the guest.
 *
 * The machine has 32 registers of 64 bits. Register 0 is zero, register 1 begins with the pointer
 *to the current task (lvmon_event.task); the others have no value until they are written. Every
 * instruction has one operand,
 *
 *	v = reg[src] + k	modulo 2^64
 *
 * so that src 0 makes it a constant, and k 0 a register. Jumps go forward only. The program's end
 * rejects; a jump may lead there.
 *
 *	RET		ends the program; its result is v: 0 rejects, all else accepts
 *	REG		reg[dst] = the guest's register k (enum lvmon_sel_known)
 *	LD1 .. LD8	reg[dst] = 1, 2, 4 or 8 bytes of guest kernel memory at v, zero-extended
 *	BYTES		compares size bytes of guest kernel memory at v, see below
 *	JEQ, JGT, JGE	yes or no: is reg[dst] == v, > v, >= v, unsigned
 *	JSET		is reg[dst] & v not 0
 *	MOV		reg[dst] = v
 *	SWAP2, SWAP4	reg[dst] = the lowest 2 or 4 bytes of v, in the other order
 *	ADD .. RSH	reg[dst] = reg[dst] op v, unsigned, modulo 2^64. DIV, MOD: where v is 0 the
 *			program ends and rejects, as in BPF. LSH, RSH: by 64 or more gives 0
 *
 * A jump skips `yes` slots behind it, or `no`. BYTES is a jump, too, and the two slots behind it
 * are not instructions, but 16 bytes each: a value and a mask. Is (memory ^ value) & mask 0 in all
 * of the size bytes? The mask is 0 in the bytes that follow them.
 *
 * Where guest memory cannot be read, the program ends without a result, and the hit is wanted: the
 * engine decides.
 *
 * What other machines have as instructions of their own:
 *	go on at ..	JEQ of register 0 and 0, with no = yes
 *	negate		MUL by -1
 *	32 bits		AND with 0xffffffff behind what may be larger
 *	BPF's MSH	LD1, AND with 15, LSH by 2
 *	BPF's M[], X	registers
 */
#ifndef LVISOR_SELECT_H
#define LVISOR_SELECT_H

#include <lvisor/lvmon.h>

#define LVMON_SEL_LENGTH 256u /* slots of a program, at most */
#define LVMON_SEL_LOADS	 64u  /* reads of memory on each way through it, at most */
#define LVMON_SEL_REGS	 32u
#define LVMON_SEL_MOST	 16u /* bytes that BYTES compares, at most */

enum lvmon_sel_op {
	LVMON_SEL_RET,
	LVMON_SEL_REG,
	LVMON_SEL_LD1,
	LVMON_SEL_LD2,
	LVMON_SEL_LD4,
	LVMON_SEL_LD8,
	LVMON_SEL_BYTES,
	LVMON_SEL_JEQ,
	LVMON_SEL_JGT,
	LVMON_SEL_JGE,
	LVMON_SEL_JSET,
	LVMON_SEL_MOV,
	LVMON_SEL_SWAP2,
	LVMON_SEL_SWAP4,
	LVMON_SEL_ADD,
	LVMON_SEL_SUB,
	LVMON_SEL_MUL,
	LVMON_SEL_DIV,
	LVMON_SEL_MOD,
	LVMON_SEL_AND,
	LVMON_SEL_OR,
	LVMON_SEL_XOR,
	LVMON_SEL_LSH,
	LVMON_SEL_RSH,
	LVMON_SEL_OPS
};

/* What REG tells: the guest's registers, by enum lvmon_reg below LVMON_NR_EVENT_REGS, and */
enum lvmon_sel_known {
	LVMON_SEL_CR3 = LVMON_NR_EVENT_REGS,
	LVMON_SEL_GS_BASE,
	LVMON_SEL_CPU, /* lvmon_event.cpu */
	LVMON_SEL_KNOWN
};

/* Registers with a value at the start. */
enum lvmon_sel_reg {
	LVMON_SEL_ZERO,
	LVMON_SEL_TASK,
	LVMON_SEL_FREE /* the first without */
};

/* What an instruction does not use is 0. */
struct lvmon_sel {
	uint8_t op; /* enum lvmon_sel_op */
	uint8_t dst;
	uint8_t src;
	uint8_t size;	  /* BYTES: 1..LVMON_SEL_MOST */
	uint16_t yes, no; /* jumps */
	uint64_t k;
};

#endif
