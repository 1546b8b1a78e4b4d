/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's rows, as code; see include/lvisor/policy.h. */
#include "vmm/policy.h"
#include "vmm/x86/exceptions.h"

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

/* What the intercept maps do not cover exits anyway. */
static bool in_maps(u32 msr)
{
	return msr < 0x2000 || msr - 0xc0000000 < 0x2000 || msr - 0xc0010000 < 0x2000;
}

bool policy_msr_watchable(u32 vendor, u32 msr)
{
	if (msr == MSR_EFER)
		return true;
	/* A step changes DEBUGCTL, and time decides whether the deadline exits. */
	if (msr == MSR_DEBUGCTL || msr == MSR_TSC_DEADLINE)
		return false;
	/* VT-x's map has no third range. */
	return in_maps(msr) && (vendor == POLICY_AMD || msr - 0xc0010000 >= 0x2000) &&
	       policy_msr(vendor, msr, true) == POLICY_PASS;
}

void policy_intercept_msrs(u32 vendor, void *with,
			   void (*trap)(void *with, u32 msr, bool read, bool write))
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		bool read = msrs[i].read != POLICY_PASS, write = msrs[i].write != POLICY_PASS;

		for (u32 msr = msrs[i].first; (read || write) && msr <= msrs[i].last; msr++)
			if (concerns(&msrs[i], vendor) && in_maps(msr))
				trap(with, msr, read, write);
	}
}

#define ROW(vendor, msr, pass, ones, kept, refused, name, reason) \
	{msr, POLICY_##vendor, pass, ones, kept, refused},
static const struct bits_row {
	u32 msr, vendor;
	u64 pass, ones, kept, refused;
} msr_bits[] = {POLICY_MSR_BITS(ROW)};
#undef ROW

static const struct bits_row *bits_of(u32 vendor, u32 msr)
{
	for (size_t i = 0; i < ARRAY_SIZE(msr_bits); i++)
		if (msr_bits[i].msr == msr && msr_bits[i].vendor == vendor)
			return &msr_bits[i];
	return NULL;
}

u64 policy_msr_read(u32 vendor, u32 msr, u64 value)
{
	const struct bits_row *row = bits_of(vendor, msr);

	return row ? (value & row->pass) | row->ones : value;
}

int policy_msr_write(u32 vendor, u32 msr, u64 value)
{
	const struct bits_row *row = bits_of(vendor, msr);
	u64 now = 0;

	if (!row)
		return wrmsr_safe(msr, value);
	if ((value & row->refused) || rdmsr_safe(msr, &now))
		return -EINVAL;
	return wrmsr_safe(msr, (value & ~row->kept) | (now & row->kept));
}

/* By leaf & 63, those from 80000000h behind the others; EAX is 0 where no row names the leaf. */
#define CPUID_INDEX(leaf) (((leaf) & (CPUID_LEAVES - 1)) + ((u32)(leaf) >> 31) * CPUID_LEAVES)

#define ROW(leaf, eax, ebx, ecx, edx, name, reason) [CPUID_INDEX(leaf)] = {eax, ebx, ecx, edx},
const struct cpuid_regs cpuid_passes[2 * CPUID_LEAVES] = {POLICY_CPUID(ROW)};
#undef ROW

#define ROW(leaf, first, last, eax, ebx, ecx, edx, name, reason) \
	{leaf, first, last, {eax, ebx, ecx, edx}},
static const struct subleaf_row {
	u32 leaf, first, last;
	struct cpuid_regs pass;
} subleaves[] = {POLICY_CPUID_SUBLEAVES(ROW)};
#undef ROW

static u32 last_leaf[2]; /* without bit 31 */
u32 cpuid_last;

void policy_init(void)
{
	for (u32 i = 0; i < 2; i++)
		last_leaf[i] = cpuid(i << 31, 0).eax & INT32_MAX;
	cpuid_last = last_leaf[0] < CPUID_LEAVES ? last_leaf[0] : CPUID_LEAVES - 1;
}

const struct cpuid_regs *policy_cpuid(u32 leaf, u32 subleaf)
{
	static const struct cpuid_regs nothing;

	/* There the CPU gives its last basic leaf, or nothing: SDM vol. 2, CPUID. */
	if (leaf >> 30 != 1 && (leaf & INT32_MAX) > last_leaf[leaf >> 31])
		leaf = last_leaf[0];
	for (size_t i = 0; i < ARRAY_SIZE(subleaves); i++) {
		const struct subleaf_row *row = &subleaves[i];

		if (row->leaf == leaf && subleaf - row->first <= row->last - row->first)
			return &row->pass;
	}
	return (leaf & INT32_MAX) < CPUID_LEAVES ? &cpuid_passes[CPUID_INDEX(leaf)] : &nothing;
}
