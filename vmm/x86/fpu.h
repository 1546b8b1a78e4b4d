/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vector and floating-point state. The vmm itself never touches it (-mgeneral-regs-only); the
 * domain does, so the guest's whole XSAVE state is put aside for a visit there.
 */
#ifndef VMM_X86_FPU_H
#define VMM_X86_FPU_H

#include "vmm/types.h"

struct fpu {
	hpa_t guest; /* save area */
	hpa_t after; /* the x87 state at the end of a visit */
	u64 guest_xcr0;
};

/* Once a CPU: turns on the instructions in CR4, allocates. */
int fpu_init(struct fpu *fpu) must_check;

/* Guest's state away; defaults (FCW 0x37f, MXCSR 0x1f80, all else zero) for the domain. */
void fpu_enter_domain(struct fpu *fpu);
void fpu_leave_domain(struct fpu *fpu);

/* The domain's own state around a signal handler of it. */
void fpu_save_domain(void);
void fpu_restore_domain(void);

#endif
