/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts that arrive while the CPU is ours: in ring 3 they end the domain's run
 * (vmm/domain/), in ring 0 they are a crash, but for the few named in exception_in_vmm().
 */
#ifndef VMM_X86_EXCEPTIONS_H
#define VMM_X86_EXCEPTIONS_H

#define VEC_SYSCALL 256 /* a vector of our own, for what came by SYSCALL */

#ifndef __ASSEMBLY__
#include "vmm/types.h"

/* As exceptions.S pushes it; a multiple of 16 bytes, since the CPU aligns the stack. */
struct exception_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

/*
 * Run ring 3 from *frame until a system call, an exception or an interrupt; its state is in *frame
 * again then. Returns the vector. Called with interrupts off; *frame is what TSS.RSP0 points
 * behind.
 */
u64 domain_enter(struct exception_frame *frame);

/*
 * Copy between vmm and domain; -EFAULT when a page is missing there. Sizes are multiples of 8 bytes
 * for copy_words (cheaper in instructions).
 */
int copy_bytes(void *to, const void *from, u64 size) must_check;
int copy_words(void *to, const void *from, u64 size) must_check;

/* By take_stubs; see exceptions.S. */
u32 take_interrupt(void);

/* #SX: INIT has come while the CPU was ours. */
void exception_init_seen(void);

/* -EINVAL: #GP, no such MSR or no such value. */
int rdmsr_safe(u32 msr, u64 *value) must_check;
int wrmsr_safe(u32 msr, u64 value) must_check;
/* The same for XCR0. */
int xsetbv_safe(u64 value) must_check;

#endif
#endif
