/* SPDX-License-Identifier: Apache-2.0 */
/* What C and assembler share. */
#ifndef BARE_H
#define BARE_H

#define BASE 0xffffffff80000000

/* Where a loader puts the kernel without LVisor, and where it runs. */
#define KERNEL_LOADED 0x100000
#define KERNEL	      0x1000000

/* Selectors of our GDT */
#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define USER_DS	  0x1b
#define USER_CS	  0x23
#define TSS_AT	  0x28

/* Vectors: DPL 3, DPL 0, not present, past the IDT's end, one whose handler's stack is not there,
 * back from CPL 3 */
#define INT_OPEN   0x80
#define INT_CLOSED 0x20
#define INT_ABSENT 0x21
#define INT_BEYOND 0xf0
#define INT_PAGE   0x82
#define INT_BACK   0x81
#define INT_IPI	   0x40

/* snippet.flags */
#define RESULT_VARIES 1 /* RAX to RDX are not compared */
#define UNHOOKED      2
#define NO_SHADOW     4 /* in QEMU, STI behind STI has one too if VMRUN is between the two */

#ifdef __ASSEMBLER__
/* enum lvmon_insn_kind, enum lvmon_reg */
#define OTHER	0
#define NOP	1
#define PUSH	2
#define MOV	3
#define LOAD	4
#define SUB_RSP 5
#define RAX	0
#define RDX	2
#define RBX	3
#define RSP	4
#define RBP	5
#define RSI	6
#define RDI	7
#define R9	9
#define R12	12
#else
/* Where the engine finds the hooks that it shall make. */
#define HOOKS_GPA 0x1400000
struct hooks {
	unsigned long count;
	struct lvmon_hook hook[100];
};
#endif

#endif
