/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended page table (SDM vol. 3, 29.3): the entries; what they map is in x86/nested.c.
 *
 * With EPT the memory types of a guest's accesses come from the EPT entries in place of the MTRRs
 * (29.3.7.2), so the entries repeat what the firmware has set in those; the guest's PAT counts as
 * it does without us.
 */
#include "vmm/guest/nested.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/mtrr.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/ept.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/x86/asm.h"

/* Tables 29-1 to 29-6; the rights are ACCESS_READ, _WRITE and _EXEC. */
#define EPT_RWX	       7ull
#define EPT_TYPE_SHIFT 3
#define EPT_LARGE      BIT(7)
#define EPT_ADDRESS    0x000ffffffffff000ull
#define EPTP_WALK4     (3ull << 3)

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
	u64 *entry = make_entry(gpa, leaf);
	u8 type;

	/* nested.c gives pages of one type only. */
	if (!entry || !mtrr_type(to, size, &type))
		return -ENOMEM;
	*entry = to | access | (u64)type << EPT_TYPE_SHIFT | (leaf > 1 ? EPT_LARGE : 0);
	return 0;
}

u64 ept_init(const struct boot_info *bi)
{
	bool huge_pages = rdmsr(MSR_VMX_EPT_VPID) & EPT_CAP_1GB;

	nested_init(bi, ept_map, huge_pages ? HUGE_PAGE_SIZE : LARGE_PAGE_SIZE);
	return nested_root | MTRR_WB | EPTP_WALK4;
}
