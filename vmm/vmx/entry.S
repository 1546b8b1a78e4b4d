/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world switch: void vmx_loop(struct vcpu *vcpu), which never returns and calls vmx_exit(vcpu)
 * after each exit; and vmx_host_rip, where exits arrive.
 *
 * struct vcpu begins with the general registers in the order of their encoding; RSP of the guest is
 * in its VMCS. A VM entry that fails goes on behind the instruction (SDM vol. 3, 27.1 to 27.3).
 *
 * Nothing holds NMIs back on the way into the guest. One that comes behind the last look at what is
 * pending must not wait for some later exit: it finds RIP between guest_entry_start and _end and sets
 * it to guest_entry_again (vmm/exceptions.c), where that look is repeated. All registers are in memory
 * until the last instruction of the way, so it can be begun anew. What vcpu_pass_on() has put off
 * does not count: there is an exit when its time has come.
 */
#include "vmm/vmx/vmcs.h"

#define CPU_ATTENTION 40 /* checked in vmx.c */
#define ATTENTION_NOW 0xffff0101 /* all but PENDING_PUT_OFF */

	.macro load_guest
	mov	(%rsp), %rdi
	mov	0 * 8(%rdi), %rax
	mov	1 * 8(%rdi), %rcx
	mov	2 * 8(%rdi), %rdx
	mov	3 * 8(%rdi), %rbx
	mov	5 * 8(%rdi), %rbp
	mov	6 * 8(%rdi), %rsi
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	\n * 8(%rdi), %r\n
	.endr
	mov	7 * 8(%rdi), %rdi
	.endm

	.text
	.globl vmx_loop
vmx_loop:
	push	$0
	push	$0 /* 8: has the guest been entered? */
	push	%rdi /* 0: vcpu; RSP is a multiple of 16 now */
	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	jmp	guest_entry_start

	.globl vmx_host_rip
vmx_host_rip:
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, 0 * 8(%rdi)
	mov	%rcx, 1 * 8(%rdi)
	mov	%rdx, 2 * 8(%rdi)
	mov	%rbx, 3 * 8(%rdi)
	mov	%rbp, 5 * 8(%rdi)
	mov	%rsi, 6 * 8(%rdi)
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\n, \n * 8(%rdi)
	.endr
	pop	7 * 8(%rdi)
	movb	$1, 8(%rsp)
	call	vmx_exit
	.globl guest_entry_start, guest_entry_end, guest_entry_again
guest_entry_start:
	testl	$ATTENTION_NOW, %gs:CPU_ATTENTION
	jnz	guest_entry_again
	cmpb	$0, %gs:CPU_ATTENTION + 4 /* rewatch */
	jnz	guest_entry_again
	cmpb	$0, 8(%rsp)
	load_guest /* leaves the flags alone */
	je	1f
	vmresume
	jmp	entry_failed
1:	vmlaunch
guest_entry_end:
entry_failed:
	mov	(%rsp), %rdi
	call	vmx_entry_failed
	ud2
guest_entry_again:
	mov	(%rsp), %rdi
	call	vcpu_pass_on
	jmp	guest_entry_start

	.section .note.GNU-stack, "", @progbits
