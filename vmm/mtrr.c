/* SPDX-License-Identifier: Apache-2.0 */
/* Memory types; see mtrr.h. */
#include "vmm/mtrr.h"
#include "vmm/x86/asm.h"

#define LOW_1MB 0x100000ull

/* SDM vol. 3, 12.11 */
#define MTRR_ADDRESS	   0x000ffffffffff000ull
#define MSR_MTRR_CAP	   0xfeu
#define MSR_MTRR_BASE(n)   (0x200u + 2 * (n))
#define MSR_MTRR_MASK(n)   (0x201u + 2 * (n))
#define MSR_MTRR_DEFAULT   0x2ffu
#define MTRR_ENABLE	   BIT(11)
#define MTRR_FIXED_ENABLE  BIT(10)
#define MTRR_MASK_VALID	   BIT(11)
#define MAX_VARIABLE_MTRRS 32u

static struct {
	bool enabled, fixed_enabled;
	u8 default_type;
	u32 variables;
	struct {
		u64 base, mask;
		u8 type;
	} variable[MAX_VARIABLE_MTRRS];
	u64 fixed[11]; /* 0x250, 0x258, 0x259, 0x268 to 0x26f */
} mtrr;

void mtrr_init(void)
{
	static const u16 fixed[11] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				      0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
	u64 cap, def, width = BIT(cpuid(0x80000008, 0).eax & 0xff) - 1;

	if (!(cpuid(1, 0).edx & BIT(12)))
		return;
	cap = rdmsr(MSR_MTRR_CAP);
	def = rdmsr(MSR_MTRR_DEFAULT);
	mtrr.enabled = def & MTRR_ENABLE;
	mtrr.fixed_enabled = (cap & BIT(8)) && (def & MTRR_FIXED_ENABLE);
	mtrr.default_type = (u8)def;
	for (u32 i = 0; i < ARRAY_SIZE(fixed) && mtrr.fixed_enabled; i++)
		mtrr.fixed[i] = rdmsr(fixed[i]);
	for (u32 i = 0; i < (cap & 0xff) && mtrr.variables < MAX_VARIABLE_MTRRS; i++) {
		u64 base = rdmsr(MSR_MTRR_BASE(i)), mask = rdmsr(MSR_MTRR_MASK(i));
		u32 n = mtrr.variables;

		if (!(mask & MTRR_MASK_VALID))
			continue;
		mtrr.variable[n].base = base & MTRR_ADDRESS & width;
		mtrr.variable[n].mask = mask & MTRR_ADDRESS & width;
		mtrr.variable[n].type = (u8)base;
		mtrr.variables++;
	}
}

static u8 fixed_type(u64 pa)
{
	u64 i = pa < 0x80000   ? pa >> 16
		: pa < 0xc0000 ? 8 + ((pa - 0x80000) >> 14)
			       : 24 + ((pa - 0xc0000) >> 12);

	return (u8)(mtrr.fixed[i / 8] >> (i % 8 * 8));
}

/* The rules for ranges that overlap are in SDM vol. 3, 12.11.4.1. */
bool mtrr_type(u64 pa, u64 size, u8 *type)
{
	u32 types = 0;

	*type = MTRR_UC;
	if (!mtrr.enabled)
		return true;
	if (mtrr.fixed_enabled && pa < LOW_1MB) {
		*type = fixed_type(pa);
		return size == PAGE_SIZE;
	}
	for (u32 i = 0; i < mtrr.variables; i++) {
		u64 mask = mtrr.variable[i].mask;

		if ((pa ^ mtrr.variable[i].base) & mask & ~(size - 1))
			continue;
		if (mask & (size - 1))
			return false; /* its border lies in the page */
		types |= 1u << (mtrr.variable[i].type & 7);
	}
	if (!types)
		*type = mtrr.default_type;
	else if (!(types & (types - 1)))
		*type = (u8)__builtin_ctz(types);
	else if (types == (1u << MTRR_WT | 1u << MTRR_WB))
		*type = MTRR_WT;
	return true;
}
