/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended page table (SDM vol. 3, 29.3): the entries; what they map is in x86/nested.c.
 *
 * With EPT the memory types of a guest's accesses come from the EPT entries in place of the MTRRs
 * (29.3.7.2), so the entries repeat what the firmware has set in those; the guest's PAT counts as
 * it does without us.
 */
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/ept.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/nested.h"

/* Tables 29-1 to 29-6; the rights are ACCESS_READ, _WRITE and _EXEC. */
#define EPT_RWX	       7ull
#define EPT_TYPE_SHIFT 3
#define EPT_LARGE      BIT(7)
#define EPT_ADDRESS    0x000ffffffffff000ull
#define EPTP_WALK4     (3ull << 3)

#define LOW_1MB 0x100000ull

/* SDM vol. 3, 12.11 */
#define MSR_MTRR_CAP	   0xfeu
#define MSR_MTRR_BASE(n)   (0x200u + 2 * (n))
#define MSR_MTRR_MASK(n)   (0x201u + 2 * (n))
#define MSR_MTRR_DEFAULT   0x2ffu
#define MTRR_ENABLE	   BIT(11)
#define MTRR_FIXED_ENABLE  BIT(10)
#define MTRR_MASK_VALID	   BIT(11)
#define MAX_VARIABLE_MTRRS 32u

enum { TYPE_UC = 0, TYPE_WT = 4, TYPE_WB = 6 };

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

static void read_mtrrs(void)
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
		mtrr.variable[n].base = base & EPT_ADDRESS & width;
		mtrr.variable[n].mask = mask & EPT_ADDRESS & width;
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

/*
 * The memory type of [pa, pa + size), a page; false when it has more than one. The rules for ranges
 * that overlap are in 12.11.4.1.
 */
static bool memory_type(u64 pa, u64 size, u8 *type)
{
	u32 types = 0;

	*type = TYPE_UC;
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
	else if (types == (1u << TYPE_WT | 1u << TYPE_WB))
		*type = TYPE_WT;
	return true;
}

static u64 *entry_at(u64 *table, u64 gpa, int level)
{
	return &table[gpa >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
}

/* The entry for gpa at this level, with the tables above it. NULL: no memory, or a larger page. */
static u64 *make_entry(gpa_t gpa, int leaf)
{
	u64 *table = phys_to_virt(nested_root);

	for (int level = 4; level > leaf; level--) {
		u64 *entry = entry_at(table, gpa, level);

		if (!*entry) {
			hpa_t page = nested_table_alloc();

			if (!page)
				return NULL;
			*entry = page | EPT_RWX;
		} else if (*entry & EPT_LARGE) {
			return NULL;
		}
		table = phys_to_virt(*entry & EPT_ADDRESS);
	}
	return entry_at(table, gpa, leaf);
}

static int ept_map(gpa_t gpa, hpa_t to, u64 size, u32 access)
{
	int leaf = size == PAGE_SIZE ? 1 : size == LARGE_PAGE_SIZE ? 2 : 3;
	u64 *entry;
	u8 type;

	if (!memory_type(to, size, &type)) {
		int err = 0;

		for (u64 at = 0; at < size && !err; at += size >> 9)
			err = ept_map(gpa + at, to + at, size >> 9, access);
		return err;
	}
	entry = make_entry(gpa, leaf);
	if (!entry)
		return -ENOMEM;
	*entry = to | access | (u64)type << EPT_TYPE_SHIFT | (leaf > 1 ? EPT_LARGE : 0);
	return 0;
}

u64 ept_init(const struct boot_info *bi)
{
	bool huge_pages = rdmsr(MSR_VMX_EPT_VPID) & EPT_CAP_1GB;

	read_mtrrs();
	nested_init(bi, ept_map, huge_pages ? HUGE_PAGE_SIZE : LARGE_PAGE_SIZE);
	return nested_root | TYPE_WB | EPTP_WALK4;
}
