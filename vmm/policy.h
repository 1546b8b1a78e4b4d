/* SPDX-License-Identifier: Apache-2.0 */
/* The policy (include/lvisor/policy.h) as the vmm uses it. */
#ifndef VMM_POLICY_H
#define VMM_POLICY_H

#include "lvisor/policy.h"
#include "vmm/types.h"
#include "vmm/x86/asm.h"

/* What the guest gets for RDMSR and WRMSR on this vendor's CPU. */
enum policy_action policy_msr(u32 vendor, u32 msr, bool write);

/* Can a hook stand on it: does an intercept map have it, and is it the guest's alone? */
bool policy_msr_watchable(u32 vendor, u32 msr);

/* Calls trap() for each MSR of which something is not passed. */
void policy_intercept_msrs(u32 vendor, void *with,
			   void (*trap)(void *with, u32 msr, bool read, bool write));

/*
 * What the guest sees of an MSR's value, and its write, done but for the bits that are not its own.
 */
u64 policy_msr_read(u32 vendor, u32 msr, u64 value);
/* -EINVAL: #GP */
int policy_msr_write(u32 vendor, u32 msr, u64 value) must_check;

/* On the first CPU, before any guest. */
void policy_init(void);
/* The bits of a CPUID result that the guest sees. */
const struct cpuid_regs *policy_cpuid(u32 leaf, u32 subleaf);

/* The same for leaves up to cpuid_last, by leaf; where EAX is 0, policy_cpuid() knows. */
#define CPUID_LEAVES 64u
extern const struct cpuid_regs cpuid_passes[];
extern u32 cpuid_last;

#endif
