/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a bzImage, and what runs where there is no LVisor that starts the kernel in long
 * mode: from real mode to 0x1000200 with 4 GB mapped as they are. Linked at 0, loaded at 0x10000.
 */
#define LOADED 0x10000
#define TABLES 0x60000
#define KERNEL_LOADED 0x100000
#define KERNEL 0x1000000

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
	ljmpl	$8, $LOADED + protected

	.code32
protected:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
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
	ljmp	$24, $LOADED + long_mode

	.code64
long_mode:
	mov	$KERNEL_LOADED, %esi
	mov	$KERNEL, %edi
	mov	$KERNEL_SIZE / 8, %ecx
	rep movsq
	mov	$KERNEL + 0x200, %eax
	jmp	*%rax

	.balign 8
gdt:	.quad	0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00af9a000000ffff
gdtr:	.word	. - gdt - 1
	.long	LOADED + gdt
	.org	4 * 512

	.section .note.GNU-stack, "", @progbits
