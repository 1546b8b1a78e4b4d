/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction on the CPU that runs the test, with all general registers and flags as given:
 * what emulation is compared with. The caller writes the instruction somewhere, behind it a jump to
 * here_back.
 */
#ifndef UNIT_RUN_HERE_H
#define UNIT_RUN_HERE_H

#include "vmm/types.h"

/* General registers and flags of the instruction on this CPU; see run_here. */
u64 here_regs[18], here_stack;
const void *here_insn;
extern const u8 here_back[];
void run_here(void);

/*
 * Loads here_regs, jumps to here_insn, whose last jump comes to here_back, and stores them again.
 */
__asm__(".pushsection .text\n"
	".globl run_here\n"
	"run_here:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, here_stack(%rip)\n"
	"	pushq 17*8+here_regs(%rip)\n"
	"	popfq\n"
	"	mov 0*8+here_regs(%rip), %rax; mov 1*8+here_regs(%rip), %rcx\n"
	"	mov 2*8+here_regs(%rip), %rdx; mov 3*8+here_regs(%rip), %rbx\n"
	"	mov 4*8+here_regs(%rip), %rsp; mov 5*8+here_regs(%rip), %rbp\n"
	"	mov 6*8+here_regs(%rip), %rsi; mov 7*8+here_regs(%rip), %rdi\n"
	"	mov 8*8+here_regs(%rip), %r8;  mov 9*8+here_regs(%rip), %r9\n"
	"	mov 10*8+here_regs(%rip), %r10; mov 11*8+here_regs(%rip), %r11\n"
	"	mov 12*8+here_regs(%rip), %r12; mov 13*8+here_regs(%rip), %r13\n"
	"	mov 14*8+here_regs(%rip), %r14; mov 15*8+here_regs(%rip), %r15\n"
	"	jmp *here_insn(%rip)\n"
	".globl here_back\n"
	"here_back:\n"
	"	mov %rax, 0*8+here_regs(%rip); mov %rcx, 1*8+here_regs(%rip)\n"
	"	mov %rdx, 2*8+here_regs(%rip); mov %rbx, 3*8+here_regs(%rip)\n"
	"	mov %rsp, 4*8+here_regs(%rip); mov %rbp, 5*8+here_regs(%rip)\n"
	"	mov %rsi, 6*8+here_regs(%rip); mov %rdi, 7*8+here_regs(%rip)\n"
	"	mov %r8, 8*8+here_regs(%rip); mov %r9, 9*8+here_regs(%rip)\n"
	"	mov %r10, 10*8+here_regs(%rip); mov %r11, 11*8+here_regs(%rip)\n"
	"	mov %r12, 12*8+here_regs(%rip); mov %r13, 13*8+here_regs(%rip)\n"
	"	mov %r14, 14*8+here_regs(%rip); mov %r15, 15*8+here_regs(%rip)\n"
	"	mov here_stack(%rip), %rsp\n"
	"	pushfq\n"
	"	popq 17*8+here_regs(%rip)\n"
	"	cld\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".popsection\n");

#endif
