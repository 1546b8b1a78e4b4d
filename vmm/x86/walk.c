/* SPDX-License-Identifier: Apache-2.0 */
/* Guest page walk; APM vol. 2, 5.3. Nothing is cached: a cached stack page may have been freed. */
#include "vmm/guest_ram.h"
#include "vmm/x86/paging.h"
#include "vmm/x86/walk.h"

int guest_walk(u64 cr3, bool la57, gva_t va, gpa_t *gpa)
{
	gpa_t table = cr3 & PTE_ADDRESS;

	for (int shift = la57 ? 48 : 39; ; shift -= 9) {
		u64 entry;

		if (unlikely(!guest_ram_has(table, PAGE_SIZE)))
			return -EFAULT;
		entry = ((const volatile u64 *)guest_ram_ptr(table))[va >> shift & 511];
		if (unlikely(!(entry & PTE_P)))
			return -EFAULT;
		if (shift == PAGE_SHIFT) {
			*gpa = (entry & PTE_ADDRESS) | (va & ~PAGE_MASK);
			return 0;
		}
		if ((entry & PTE_LARGE) && shift <= 30) {
			u64 offset = BIT(shift) - 1;

			*gpa = (entry & PTE_ADDRESS & ~offset) | (va & offset);
			return 0;
		}
		table = entry & PTE_ADDRESS;
	}
}
