/* SPDX-License-Identifier: Apache-2.0 */
/* Page-table construction; see paging.h. */
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

static unsigned int index_at(u64 va, int level)
{
	return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static u64 *table_of(u64 entry)
{
	return phys_to_virt(entry & PTE_ADDRESS);
}

int map_with(hpa_t (*table_alloc)(void), hpa_t root, u64 va, hpa_t pa, u64 size, u64 flags)
{
	int leaf = size == PAGE_SIZE ? 1 : size == LARGE_PAGE_SIZE ? 2 : 3;
	u64 *table = phys_to_virt(root);

	for (int level = 4; level > leaf; level--) {
		u64 *entry = &table[index_at(va, level)];

		if (!(*entry & PTE_P)) {
			hpa_t page = table_alloc();

			if (!page)
				return -ENOMEM;
			*entry = page | PTE_P | PTE_W | PTE_A;
		} else if (*entry & PTE_LARGE) {
			return -EBUSY;
		}
		*entry |= flags & PTE_U;
		table = table_of(*entry);
	}
	table[index_at(va, leaf)] = pa | flags | (leaf > 1 ? PTE_LARGE : 0);
	return 0;
}

int map(hpa_t root, u64 va, hpa_t pa, u64 size, u64 flags)
{
	return map_with(page_alloc, root, va, pa, size, flags);
}

u64 *page_entry(hpa_t root, u64 va)
{
	u64 *table = phys_to_virt(root);

	for (int level = 4; level > 1; level--) {
		u64 entry = table[index_at(va, level)];

		if (!(entry & PTE_P) || (entry & PTE_LARGE))
			return NULL;
		table = table_of(entry);
	}
	return &table[index_at(va, 1)];
}
