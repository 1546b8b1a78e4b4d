/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry points of the IDT and of SYSCALL, the way into ring 3, and copies that may fault. Offsets
 * into struct cpu are checked in vmm/cpu.c.
 */
#include "vmm/x86/exceptions.h"

#define CPU_KERNEL_RSP 8
#define CPU_SCRATCH 16
#define CPU_FRAME_END 24

#define SEL_USER_DS 0x1b
#define SEL_USER_CS 0x23

	.macro push_regs
	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro pop_regs
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	.endm

	.text

/* One stub a vector, 16 bytes each. Vectors that push an error code: SDM vol. 3, table 6-1. */
	.globl exception_stubs
	.balign 16
exception_stubs:
	vector = 0
	.rept 256
	.balign 16
	.if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && \
		vector != 29 && vector != 30
	push	$0
	.endif
	push	$vector
	.if vector == 2 || vector == 8 || vector == 18
	jmp	exception_on_own_stack
	.else
	jmp	exception_common
	.endif
	vector = vector + 1
	.endr

exception_common:
	testb	$3, 24(%rsp) /* CS */
	jnz	exception_from_domain
	push_regs
	cld
	mov	%rsp, %rdi
	call	exception_in_vmm
	pop_regs
	add	$16, %rsp
	iretq

/* NMI, #DF, #MC: on a stack of their own, from anywhere, with either GS. */
exception_on_own_stack:
	push_regs
	cld
	mov	%rsp, %rdi
	call	exception_ist
	pop_regs
	add	$16, %rsp
	iretq

/*
 * u32 take_interrupt(void): the vector of an interrupt that is pending, or NO_VECTOR. By an IDT of its
 * own (x86/desc.c): the guest's interrupts may have any vector, and where an exception has the same,
 * nothing in the frame says which of the two it is. RAX is all that happens between STI and CLI.
 */
	.globl take_stubs, take_interrupt, take_interrupt_end
	.balign 16
take_stubs:
	vector = 0
	.rept 256
	.balign 16
	mov	$vector, %eax
	jmp	taken
	vector = vector + 1
	.endr

taken:
	btrq	$9, 16(%rsp) /* IF: one is enough */
	iretq

take_interrupt:
	mov	$256, %eax
	sti
	nop
	nop
	cli
	ret
take_interrupt_end:

/* TSS.RSP0 is the end of the domain's trap frame: what is pushed here lands in it. */
exception_from_domain:
	push_regs
	cld
	clac
	swapgs
leave_domain:
	mov	15 * 8(%rsp), %rax /* vector */
	mov	%gs:CPU_KERNEL_RSP, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.globl syscall_entry
syscall_entry:
	swapgs
	mov	%rsp, %gs:CPU_SCRATCH
	mov	%gs:CPU_FRAME_END, %rsp
	push	$SEL_USER_DS
	push	%gs:CPU_SCRATCH
	push	%r11
	push	$SEL_USER_CS
	push	%rcx
	push	$0
	push	$VEC_SYSCALL
	push_regs
	jmp	leave_domain

	.globl domain_enter
domain_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %gs:CPU_KERNEL_RSP
	mov	%rdi, %rsp
	pop_regs
	add	$16, %rsp
	swapgs
	iretq

/* int copy_bytes(void *to, const void *from, u64 size) */
	.globl copy_bytes, copy_words, copy_faulted, copy_start, copy_end
copy_start:
copy_bytes:
	mov	%rdx, %rcx
	stac
	rep movsb
	clac
	xor	%eax, %eax
	ret
copy_words:
	mov	%rdx, %rcx
	shr	$3, %rcx
	stac
	rep movsq
	clac
	xor	%eax, %eax
	ret
copy_end:
copy_faulted:
	clac
	mov	$-14, %eax /* -EFAULT */
	ret

/* int rdmsr_safe(u32 msr, u64 *value); int wrmsr_safe(u32 msr, u64 value); int xsetbv_safe(u64 value) */
	.globl rdmsr_safe, wrmsr_safe, xsetbv_safe, msr_start, msr_end, msr_faulted
rdmsr_safe:
	mov	%edi, %ecx
msr_start:
	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret
wrmsr_safe:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	wrmsr
	xor	%eax, %eax
	ret
xsetbv_safe:
	xor	%ecx, %ecx
	mov	%edi, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
	xsetbv
	xor	%eax, %eax
	ret
msr_end:
msr_faulted:
	mov	$-22, %eax /* -EINVAL */
	ret

	.section .note.GNU-stack, "", @progbits
