/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where another CPU begins after SIPI: real mode, at a page that smp.c copies this to. Goes to long
 * mode in the vmm's address space at once and calls ap_main(cpu) on the CPU's own stack.
 */
#define TRAMPOLINE 0x8000
#define T(symbol) (TRAMPOLINE + symbol - trampoline_start)

	.section .rodata
	.globl trampoline_start, trampoline_end, trampoline_values
	.code16
trampoline_start:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	T(gdt_pointer)
	mov	$(1 << 5), %eax /* PAE */
	mov	%eax, %cr4
	mov	T(trampoline_values), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$((1 << 8) | (1 << 11)), %eax /* LME, NXE */
	wrmsr
	mov	$0x80010031, %eax /* PG, WP, NE, ET, PE */
	mov	%eax, %cr0
	ljmpl	$0x08, $T(long_mode)

	.code64
long_mode:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%ebp, %ebp
	mov	T(trampoline_values) + 8, %rsp
	mov	T(trampoline_values) + 16, %rdi
	mov	T(trampoline_values) + 24, %rax
	call	*%rax
	ud2

	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long T(gdt)
	.balign 8
trampoline_values: /* root, stack, cpu, ap_main */
	.quad 0, 0, 0, 0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
