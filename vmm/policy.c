/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's rows, as code; see include/lvisor/policy.h. */
#include "vmm/policy.h"

static const struct msr_row {
	u32 first, last;
	u8 vendor, read, write;
} msrs[] = {
#define ROW(vendor, first, last, read, write, name, reason) \
	{first, last, POLICY_##vendor, POLICY_##read, POLICY_##write},
	POLICY_MSRS(ROW)
#undef ROW
};

static bool concerns(const struct msr_row *row, u32 vendor)
{
	return row->vendor == POLICY_BOTH || row->vendor == vendor;
}

enum policy_action policy_msr(u32 vendor, u32 msr, bool write)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msr - msrs[i].first <= msrs[i].last - msrs[i].first &&
		    concerns(&msrs[i], vendor))
			return write ? msrs[i].write : msrs[i].read;
	return POLICY_PASS;
}

void policy_trap_msrs(u32 vendor, void *with,
		      void (*trap)(void *with, u32 msr, bool read, bool write))
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		bool read = msrs[i].read != POLICY_PASS, write = msrs[i].write != POLICY_PASS;

		for (u32 msr = msrs[i].first; (read || write) && msr <= msrs[i].last; msr++)
			if (concerns(&msrs[i], vendor))
				trap(with, msr, read, write);
	}
}

/* Past the last leaf a CPU answers with another one's values. */
static inline bool has_leaf(u32 leaf)
{
	return leaf <= 7 || cpuid(leaf & (u32)BIT(31), 0).eax >= leaf;
}

void policy_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	switch (leaf) {
#define ROW(leaf, first, last, eax_bits, ebx_bits, ecx_bits, edx_bits, name, reason) \
	case leaf:                                                                   \
		if (subleaf - (first) <= (last) - (first) && has_leaf(leaf)) {       \
			regs->eax &= ~(u32)(eax_bits);                               \
			regs->ebx &= ~(u32)(ebx_bits);                               \
			regs->ecx &= ~(u32)(ecx_bits);                               \
			regs->edx &= ~(u32)(edx_bits);                               \
		}                                                                    \
		break;
		POLICY_CPUID(ROW)
#undef ROW
	}
}
