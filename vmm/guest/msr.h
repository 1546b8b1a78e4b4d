/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSRs that the guest has to itself, since the hardware's are the hypervisor's: the time-stamp
 * counter and the memory type ranges. Each returns 0 or -EINVAL: #GP is the answer.
 */
#ifndef VMM_GUEST_MSR_H
#define VMM_GUEST_MSR_H

#include "vmm/vcpu.h"

bool guest_tsc_has(u32 msr);
int guest_tsc_read(struct vcpu *vcpu, u32 msr, u64 *value) must_check;
int guest_tsc_write(struct vcpu *vcpu, u32 msr, u64 value) must_check;

bool guest_mtrr_has(u32 msr);
int guest_mtrr_read(struct vcpu *vcpu, u32 msr, u64 *value) must_check;
int guest_mtrr_write(struct vcpu *vcpu, u32 msr, u64 value) must_check;

#endif
