/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's entries, its page tables, its way into snippets and back. */
#include "bare.h"

#define PHYS(symbol) (symbol - BASE)
#define AT_LOAD(symbol) (KERNEL_LOADED + symbol - head)

/* In 32-bit mode, by a boot loader: to KERNEL + 0x200 with 4 GB mapped as they are. */
#define TABLES 0x60000

	.section .head, "ax"
	.code32
head:
	cli
	cld
	lgdtl	AT_LOAD(boot_gdtr)
	mov	$TABLES, %edi
	xor	%eax, %eax
	mov	$6 * 1024, %ecx
	rep stosl
	movl	$TABLES + 0x1003, TABLES
	mov	$TABLES + 0x2003, %eax
	mov	$TABLES + 0x1000, %edi
1:	mov	%eax, (%edi)
	add	$8, %edi
	add	$0x1000, %eax
	cmp	$TABLES + 0x6003, %eax
	jb	1b
	mov	$TABLES + 0x2000, %edi
	mov	$0x83, %eax
2:	mov	%eax, (%edi)
	add	$8, %edi
	add	$0x200000, %eax
	jnc	2b
	mov	$TABLES, %eax
	mov	%eax, %cr3
	mov	$0x20, %eax
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	ljmp	$8, $AT_LOAD(boot_long)

	.code64
boot_long:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$KERNEL_LOADED, %esi
	mov	$KERNEL, %edi
	mov	$kernel_end - head, %ecx
	rep movsb
	mov	$KERNEL + 0x200, %eax
	jmp	*%rax

	.balign	8
boot_gdt: .quad	0, 0x00af9a000000ffff, 0x00cf92000000ffff
boot_gdtr: .word . - boot_gdt - 1
	.long	AT_LOAD(boot_gdt)

	.org	0x200
	cli
	mov	$PHYS(pds), %edi
	mov	$0x87, %eax
1:	mov	%rax, (%rdi)
	add	$8, %edi
	add	$0x200000, %rax
	cmp	$PHYS(pds) + 4 * 4096, %edi
	jb	1b
	mov	$PHYS(pdpt), %edi
	mov	$PHYS(pds) + 7, %eax
2:	mov	%rax, (%rdi)
	add	$8, %edi
	add	$4096, %eax
	cmp	$PHYS(pds) + 4 * 4096, %eax
	jb	2b
	movq	$PHYS(pdpt) + 7, PHYS(pml4)
	movq	$PHYS(pdpt_high) + 3, PHYS(pml4) + 511 * 8
	movq	$PHYS(pds) + 3, PHYS(pdpt_high) + 510 * 8
	mov	$PHYS(pml4), %eax
	mov	%rax, %cr3
	mov	$high, %rax
	jmp	*%rax

	.text
high:
	mov	$stack_top, %rsp
	xor	%ebp, %ebp
	call	bare_main
1:	hlt
	jmp	1b

/* void run(struct state *state): by IRETQ into state, until something jumps to back. */
	.globl	run, back
run:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, saved_rsp
	mov	%rdi, saved_state
	pushq	18 * 8(%rdi)	/* ss */
	pushq	4 * 8(%rdi)
	pushq	17 * 8(%rdi)
	pushq	19 * 8(%rdi)	/* cs */
	pushq	16 * 8(%rdi)
	mov	0 * 8(%rdi), %rax
	mov	1 * 8(%rdi), %rcx
	mov	2 * 8(%rdi), %rdx
	mov	3 * 8(%rdi), %rbx
	mov	5 * 8(%rdi), %rbp
	mov	6 * 8(%rdi), %rsi
	mov	8 * 8(%rdi), %r8
	mov	9 * 8(%rdi), %r9
	mov	10 * 8(%rdi), %r10
	mov	11 * 8(%rdi), %r11
	mov	12 * 8(%rdi), %r12
	mov	13 * 8(%rdi), %r13
	mov	14 * 8(%rdi), %r14
	mov	15 * 8(%rdi), %r15
	mov	7 * 8(%rdi), %rdi
	iretq
back:
	mov	%rdi, saved_rdi
	mov	saved_state, %rdi
	mov	%rax, 0 * 8(%rdi)
	mov	%rcx, 1 * 8(%rdi)
	mov	%rdx, 2 * 8(%rdi)
	mov	%rbx, 3 * 8(%rdi)
	mov	%rsp, 4 * 8(%rdi)
	mov	%rbp, 5 * 8(%rdi)
	mov	%rsi, 6 * 8(%rdi)
	mov	%r8, 8 * 8(%rdi)
	mov	%r9, 9 * 8(%rdi)
	mov	%r10, 10 * 8(%rdi)
	mov	%r11, 11 * 8(%rdi)
	mov	%r12, 12 * 8(%rdi)
	mov	%r13, 13 * 8(%rdi)
	mov	%r14, 14 * 8(%rdi)
	mov	%r15, 15 * 8(%rdi)
	mov	saved_rdi, %rax
	mov	%rax, 7 * 8(%rdi)
	mov	saved_rsp, %rsp
	pushfq
	popq	17 * 8(%rdi)
	cli
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* One stub a vector, 16 bytes each; #DF, #TS to #PF, #AC push an error code. */
	.balign	16
	.globl	stubs
stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	(vector != 8) && ((vector < 10) || (vector > 14)) && (vector != 17)
	push	$0
	.endif
	pushq	$vector
	jmp	common
	.set	vector, vector + 1
	.endr

common:
	.irp	r, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	push	%\r
	.endr
	cld
	mov	%rsp, %rdi
	call	trap
	.irp	r, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
	pop	%\r
	.endr
	add	$16, %rsp
	iretq

	.bss
	.balign	4096
pml4:	.skip	4096
pdpt:	.skip	4096
pdpt_high: .skip 4096
pds:	.skip	4 * 4096
	.skip	16384
	.globl	stack_top
stack_top:
saved_rsp: .quad 0
saved_state: .quad 0
saved_rdi: .quad 0

	.section .note.GNU-stack, "", @progbits
