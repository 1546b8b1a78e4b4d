/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine that has been taken over: it asks the hypervisor for everything that could bring it down,
 * and keeps the CPU when it is given an event. Whatever comes back, it goes on.
 */
#define NEXT_EVENT 0x4c560000
#define MEM_READ (NEXT_EVENT + 1)
#define HOOK_ADD (NEXT_EVENT + 7)
#define REG_READ (NEXT_EVENT + 3)
#define REG_WRITE (NEXT_EVENT + 4)
#define EMIT (NEXT_EVENT + 10)
#define BLOB_STORE (NEXT_EVENT + 11)
#define LOG (NEXT_EVENT + 12)

	.macro call number, a=0, b=0, c=0
	mov	$\number, %eax
	movabs	$\a, %rdi
	movabs	$\b, %rsi
	movabs	$\c, %rdx
	syscall
	.endm

	.globl _start
_start:
	/* flags that would stay on in ring 0: NT makes an IRETQ there fault */
	pushf
	orq	$0x44000, (%rsp)
	popf
	call	228, 0, 0
	pushf
	andq	$~0x44000, (%rsp)
	popf

	/* pointers to the hypervisor, to no address, and across the end of the user half */
	.irp	bad, 0xffff800000000000, 0xffffffff80200000, 0x8000000000000000, 0x7ffffffffffc, -1, 0
	call	EMIT, \bad, 64
	call	LOG, \bad, 64
	call	HOOK_ADD, \bad
	call	BLOB_STORE, \bad, 64
	call	MEM_READ, 0x100000, \bad, 64
	call	228, 0, \bad
	call	318, \bad, 64
	call	1, 1, \bad, 64
	.endr
	call	1, 1, 0x200000100000, 0x10000000 /* much guest memory as text */

	/* mappings of what is not the domain's */
	.irp	bad, 0x200000000000, 0xffff800000000000, 0x300000000000, 0x7ffffffff000
	call	10, \bad, 4096, 3
	call	11, \bad, 4096
	.endr
	call	158, 0x1002, 0x8000000000000000

	/* a handler for the end of its time that is no address */
	lea	action(%rip), %rsi
	mov	$24, %edi
	mov	$13, %eax
	syscall

	mov	$NEXT_EVENT, %eax
	xor	%edi, %edi
	lea	-1024(%rsp), %rsi
	syscall

	/*
	 * The guest's R8 to R15 lie near the hypervisor's GDT and can be written: a descriptor of code in
	 * ring 3 in each, and no selector behind the GDT (of seven entries) may find one.
	 */
	sub	$2048, %rsp
	mov	$8, %ebx
2:	mov	%ebx, %edi
	lea	(%rsp, %rbx, 8), %rsi
	mov	$REG_READ, %eax
	syscall
	mov	%ebx, %edi
	movabs	$0x00affb000000ffff, %rsi
	mov	$REG_WRITE, %eax
	syscall
	inc	%ebx
	cmp	$16, %ebx
	jne	2b
	lea	fewer(%rip), %r12
	mov	$0x3b, %ebx
3:	lar	%ebx, %eax
	jz	4f
	add	$8, %ebx
	cmp	$0x10000, %ebx
	jb	3b
	jmp	5f
4:	lea	more(%rip), %r12
5:	/* the guest's own again */
	mov	$8, %ebx
6:	mov	%ebx, %edi
	mov	(%rsp, %rbx, 8), %rsi
	mov	$REG_WRITE, %eax
	syscall
	inc	%ebx
	cmp	$16, %ebx
	jne	6b
	mov	%r12, %rdi
	mov	$fewer_end - fewer, %esi
	mov	$LOG, %eax
	syscall
1:	jmp	1b

	.section .rodata
fewer:	.ascii "0 selectors behind the GDT"
fewer_end:
more:	.ascii "1 selector  behind the GDT"
	.balign 8
action:
	.quad 0x8000000000000000, 0, 0x8000000000000000, 0

	.section .note.GNU-stack, "", @progbits
