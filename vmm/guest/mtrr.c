/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's memory type range registers (SDM vol. 3, 12.11): it reads what it wrote, as checked
 * as the CPU would, and the hardware keeps what the firmware set. With MTRRs disabled, or RAM made
 * uncacheable, hypervisor and engine would run a hundred times slower, and handlers run out of
 * their time. The guest's own accesses have the types of the firmware's MTRRs and of its PAT, which
 * no system with a PAT misses.
 */
#include "vmm/guest/msr.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"

#define MSR_MTRR_VARIABLE 0x200u
#define MSR_MTRR_DEF_TYPE 0x2ffu

#define VALID_TYPES	  0x73u /* UC, WC, WT, WP, WB */
#define DEF_TYPE_RESERVED (~0xcffull)
#define BASE_RESERVED	  0xf00ull
#define MASK_RESERVED	  0x7ffull

/* Where the MSR's value is kept; GUEST_MTRRS: it is none of them. */
static u32 place(u32 msr)
{
	static const u16 others[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				     0x26b, 0x26c, 0x26d, 0x26e, 0x26f, MSR_MTRR_DEF_TYPE};
	u32 i = 0;

	if (msr - MSR_MTRR_VARIABLE < GUEST_MTRRS_VARIABLE)
		return msr - MSR_MTRR_VARIABLE;
	while (i < ARRAY_SIZE(others) && others[i] != msr)
		i++;
	return GUEST_MTRRS_VARIABLE + i;
}

bool guest_mtrr_has(u32 msr)
{
	return place(msr) < GUEST_MTRRS;
}

int guest_mtrr_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
	u32 at = place(msr);

	if (rdmsr_safe(msr, value))
		return -EINVAL;
	if (vcpu->mtrr_written & BIT(at))
		*value = vcpu->mtrrs[at];
	return 0;
}

static bool valid_type(u64 value)
{
	return (value & 0xff) < 8 && (VALID_TYPES >> (value & 7) & 1);
}

static bool valid(u32 msr, u64 value)
{
	u64 beyond = ~(BIT(cpuid(0x80000008, 0).eax & 0xff) - 1);

	if (msr == MSR_MTRR_DEF_TYPE)
		return !(value & DEF_TYPE_RESERVED) && valid_type(value);
	if (msr - MSR_MTRR_VARIABLE < GUEST_MTRRS_VARIABLE)
		return msr & 1 ? !(value & (MASK_RESERVED | beyond))
			       : !(value & (BASE_RESERVED | beyond)) && valid_type(value);
	for (u32 i = 0; i < 8; i++)
		if (!valid_type(value >> (i * 8)))
			return false;
	return true;
}

int guest_mtrr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	u32 at = place(msr);
	u64 now;

	if (guest_mtrr_read(vcpu, msr, &now) || !valid(msr, value))
		return -EINVAL;
	vcpu->mtrrs[at] = value;
	vcpu->mtrr_written |= BIT(at);
	return 0;
}
