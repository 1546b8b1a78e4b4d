/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a bzImage, and the way from real mode to its 32-bit entry, for a loader that starts
 * it there (QEMU's). Linked at 0, loaded at 0x10000.
 */
#include "bare.h"

#define LOADED 0x10000

	.code16
	.globl _start
_start:
	.org	0x1f1
	.byte	3		/* setup_sects */
	.word	0
	.long	KERNEL_SIZE / 16
	.word	0, 0, 0, 0xaa55
	.byte	0xeb, 0x66	/* 0x200: jmp to 0x268 */
	.ascii	"HdrS"
	.word	0x020f
	.long	0
	.word	0, 0
	.byte	0, 1		/* loadflags: LOADED_HIGH */
	.word	0
	.long	KERNEL_LOADED, 0, 0, 0
	.word	0, 0
	.long	0, 0x7fffffff, 0x200000
	.byte	0, 21
	.word	1		/* xloadflags: XLF_KERNEL_64 */
	.long	255, 0
	.quad	0
	.long	0, 0
	.quad	0, KERNEL
	.long	0x400000, 0	/* init_size */

	cli
	mov	$LOADED >> 4, %ax
	mov	%ax, %ds
	lgdtl	gdtr
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	ljmpl	$8, $KERNEL_LOADED

	.balign 8
gdt:	.quad	0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdtr:	.word	. - gdt - 1
	.long	LOADED + gdt
	.org	4 * 512

	.section .note.GNU-stack, "", @progbits
