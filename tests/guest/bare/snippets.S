/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction of each kind that stands at hook places in Debian's kernels, and those that exit
 * by themselves. Each has STI before it, for runs in its shadow, and a jump to back behind it.
 */
#include "bare.h"

/* snippet KIND, REG, BASE, WIDTH, DISP, FLAGS, instruction: what struct lvmon_insn says of it */
	.macro	snippet kind, reg, base, width, disp, flags, insn:vararg
	.balign	32
	sti
77:	\insn
78:	jmp	back
	.section .rodata.names, "aMS", @progbits, 1
79:	.asciz	"\insn"
	.section .rodata.snippets, "a"
	.quad	77b, 79b
	.byte	78b - 77b, \kind, \reg, \base, \width, \flags
	.word	0
	.long	\disp, 0
	.text
	.endm

	.macro	other insn:vararg
	snippet	OTHER, 0, 0, 0, 0, 0, \insn
	.endm
	.macro	exits insn:vararg
	snippet	OTHER, 0, 0, 0, 0, RESULT_VARIES | UNHOOKED, \insn
	.endm

	.section .rodata.snippets, "a"
	.globl	snippets
snippets:
	.text
	.globl	snippets_start
snippets_start:
	/* emulated */
	snippet	NOP, 0, 0, 0, 0, 0, nop
	snippet	NOP, 0, 0, 0, 0, 0, nopl 0(%rax, %rax, 1)
	snippet	PUSH, RBP, 0, 8, 0, 0, push %rbp
	snippet	PUSH, R12, 0, 8, 0, 0, push %r12
	snippet	MOV, RBX, RDI, 8, 0, 0, mov %rdi, %rbx
	snippet	MOV, R9, RSI, 4, 0, 0, mov %esi, %r9d
	snippet	LOAD, RAX, RDI, 8, 0x10, 0, mov 0x10(%rdi), %rax
	snippet	LOAD, RDX, RDI, 4, 0x14, 0, mov 0x14(%rdi), %edx
	snippet	LOAD, RAX, R9, 8, 0, 0, mov (%r9), %rax
	snippet	SUB_RSP, RSP, 0, 8, 0x28, 0, sub $0x28, %rsp
	snippet	SUB_RSP, RSP, 0, 8, 0x12345, 0, sub $0x12345, %rsp
	/* stepped */
	other	pushq $0x1234
	other	pushq 0x10(%rdi)
	other	pushfq
	other	mov %rbx, 0x10(%rdi)
	other	movb $5, 0x10(%rdi)
	other	mov $0x12345678, %eax
	other	movabs $0x123456789abcdef0, %rax
	other	mov %gs:0x10, %rax
	other	mov %gs:0x10(%rdi), %rax
	other	incl %gs:0x10
	other	movb $1, %gs:0x10
	other	xor %eax, %eax
	other	test %rdi, %rdi
	other	testb $4, 0x10(%rdi)
	other	cmp %rsi, 0x10(%rdi)
	other	cmpw $7, 0x10(%rdi)
	other	movzbl 0x10(%rdi), %eax
	other	movzwl %si, %eax
	other	movslq %esi, %rax
	other	movswq %si, %rax
	other	lea 0x10(%rdi, %rsi, 2), %rax
	other	add %rsi, %rdi
	other	sub %esi, %edi
	other	addq $1, 0x10(%rdi)
	other	imul %rsi, %rax
	other	and $0xf0, %edi
	other	or %rbx, %rcx
	other	orb $1, 0x10(%rdi)
	other	shl $4, %rdi
	other	shr $4, %esi
	other	sar $2, %esi
	other	rol $8, %si
	other	neg %rdi
	other	not %edi
	other	bswap %eax
	other	bsr %rdi, %rax
	other	btsq $3, %rsi
	other	xchg %rax, %rsi
	other	xchg %ax, %ax
	other	lock incl 0x10(%rdi)
	other	lock decq 0x10(%rdi)
	other	lock btsq $10, 0x10(%rdi)
	other	lock addl $0, -4(%rsp)
	other	lock orb $1, 0x10(%rdi)
	other	jmp back
	other	jmp *%r8
	other	jmp *0x18(%rdi)
	other	call back
	other	call *%r8
	other	pause
	other	mfence
	other	prefetcht0 (%rdi)
	other	ud2
	/* #UD, given by the hypervisor in a step where the CPU has the extension */
	other	.byte 0x0f, 0x01, 0xdc /* stgi */
	other	vmmcall
	other	vmcall
	other	cli
	snippet	OTHER, 0, 0, 0, 0, NO_SHADOW, sti
	other	cld
	snippet	OTHER, 0, 0, 0, 0, RESULT_VARIES, rdtsc
	snippet	OTHER, 0, 0, 0, 0, RESULT_VARIES, cpuid
	snippet	OTHER, 0, 0, 0, 0, RESULT_VARIES, mov %dr6, %rax
	/* what exits wherever it stands, with the prefixes that change nothing */
	exits	cpuid
	exits	.byte 0x66, 0x0f, 0xa2
	exits	.byte 0x2e, 0x67, 0x0f, 0xa2
	exits	.byte 0x66, 0x48, 0x0f, 0xa2
	exits	rdmsr
	exits	.byte 0x66, 0x0f, 0x32
	exits	.byte 0x3e, 0x0f, 0x30
	exits	.byte 0x66, 0x0f, 0x08
	exits	in $0x71, %al
	exits	.byte 0x67, 0xe4, 0x71
	exits	int3
	exits	.byte 0x66, 0xcc
	exits	int $3
	exits	int $INT_OPEN
	exits	.byte 0x2e, 0x48, 0xcd, INT_OPEN
	.globl	snippets_end
snippets_end:
	.section .rodata.snippets, "a"
	.globl	snippets_last
snippets_last:

/* user U: code for CPL 3, at the address where it is mapped for it; ends with INT_BACK */
	.macro	user insn:vararg
	.text
	.balign	32
77:	\insn
	int	$INT_BACK
	.section .rodata.names, "aMS", @progbits, 1
79:	.asciz	"user: \insn"
	.section .rodata.user, "a"
	.quad	77b, 79b
	.byte	0, OTHER, 0, 0, 0, RESULT_VARIES | UNHOOKED
	.word	0
	.long	0, 0
	.text
	.endm

	.section .rodata.user, "a"
	.globl	user_snippets
user_snippets:
	user	cpuid
	user	.byte 0x66, 0x0f, 0xa2
	user	int3
	user	.byte 0x66, 0xcc
	user	int $3
	user	int $INT_OPEN
	user	.byte 0x66, 0x66, 0xcd, INT_OPEN
	user	int $INT_CLOSED
	user	.byte 0x66, 0xcd, INT_CLOSED
	user	int $INT_ABSENT
	user	int $INT_BEYOND
	user	int $INT_PAGE
	user	.byte 0x2e, 0xcd, INT_PAGE
	user	hlt
	user	mov 0x10(%r9), %rax
	.section .rodata.user, "a"
	.globl	user_snippets_last
user_snippets_last:

	.section .note.GNU-stack, "", @progbits
