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
 * it to guest_entry_again (vmm/traps.c), where that look is repeated. All registers are in memory
 * until the last instruction of the way, so it can be begun anew.
 */
#include "vmm/vmx/vmcs.h"

#define CPU_ATTENTION 40 /* checked in vmx.c */

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
	push	%rdi /* 0: vcpu; RSP is a multiple of 16 now */
	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	load_guest
	vmlaunch
	jmp	entry_failed

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
	call	vmx_exit
	.globl guest_entry_start, guest_entry_end, guest_entry_again
guest_entry_start:
	cmpl	$0, %gs:CPU_ATTENTION
	jne	guest_entry_again
1:	load_guest
	vmresume
guest_entry_end:
entry_failed:
	mov	(%rsp), %rdi
	call	vmx_entry_failed
	ud2
guest_entry_again:
	mov	(%rsp), %rdi
	call	vcpu_pass_on
	jmp	1b

	.section .note.GNU-stack, "", @progbits
