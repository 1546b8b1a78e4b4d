/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world switch: void svm_loop(struct vcpu *vcpu, hpa_t guest_vmcb, hpa_t host_vmcb), which never
 * returns and calls svm_exit(vcpu) after each exit.
 *
 * struct vcpu begins with the general registers in the order of their encoding; RAX and RSP of the
 * guest are in its VMCB. Runs with GIF=0 throughout: nothing may fault between VMRUN and VMLOAD of
 * the host's state, since TR and GS are the guest's until then (APM vol. 2, 15.5.2).
 */
	.text
	.globl svm_loop
svm_loop:
	push	%rdx /* 16: host's VMCB */
	push	%rsi /*  8: guest's */
	push	%rdi /*  0: vcpu */
1:	mov	(%rsp), %rdi
	mov	8(%rsp), %rax
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
	vmload	%rax
	vmrun	%rax
	vmsave	%rax
	mov	16(%rsp), %rax
	vmload	%rax
	mov	(%rsp), %rax
	mov	%rcx, 1 * 8(%rax)
	mov	%rdx, 2 * 8(%rax)
	mov	%rbx, 3 * 8(%rax)
	mov	%rbp, 5 * 8(%rax)
	mov	%rsi, 6 * 8(%rax)
	mov	%rdi, 7 * 8(%rax)
	mov	%r8, 8 * 8(%rax)
	mov	%r9, 9 * 8(%rax)
	mov	%r10, 10 * 8(%rax)
	mov	%r11, 11 * 8(%rax)
	mov	%r12, 12 * 8(%rax)
	mov	%r13, 13 * 8(%rax)
	mov	%r14, 14 * 8(%rax)
	mov	%r15, 15 * 8(%rax)
	mov	%rax, %rdi
	cld
	call	svm_exit
	jmp	1b

	.section .note.GNU-stack, "", @progbits
