/* SPDX-License-Identifier: Apache-2.0 */
/* The policy (include/lvisor/policy.h) as the vmm uses it. */
#ifndef VMM_POLICY_H
#define VMM_POLICY_H

#include "lvisor/policy.h"
#include "vmm/types.h"
#include "vmm/x86/asm.h"

/* What the guest gets for RDMSR and WRMSR on this vendor's CPU. */
enum policy_action policy_msr(u32 vendor, u32 msr, bool write);

/* Calls trap() for each MSR of which something is not passed. */
void policy_trap_msrs(u32 vendor, void *with,
		      void (*trap)(void *with, u32 msr, bool read, bool write));

/* Take from a CPUID result what the guest does not have. */
void policy_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs *regs);

#endif
