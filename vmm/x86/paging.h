/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables in the format that host paging, and AMD's nested paging too, understand: APM vol. 2,
 * 5.3 (four levels, long mode). Used for the vmm's address space, the domain's, and the NPT.
 */
#ifndef VMM_X86_PAGING_H
#define VMM_X86_PAGING_H

#include "vmm/types.h"

#define PTE_P	    BIT(0)
#define PTE_W	    BIT(1)
#define PTE_U	    BIT(2)
#define PTE_PWT	    BIT(3)
#define PTE_PCD	    BIT(4)
#define PTE_A	    BIT(5)
#define PTE_D	    BIT(6)
#define PTE_LARGE   BIT(7)
#define PTE_NX	    BIT(63)
#define PTE_ADDRESS 0x000ffffffffff000ull

/* Complete entries for our mappings; A and D are set beforehand so that no walk has to. */
#define MAP_RX	 (PTE_P | PTE_A)
#define MAP_RO	 (PTE_P | PTE_A | PTE_NX)
#define MAP_RW	 (PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX)
#define MAP_UC	 (MAP_RW | PTE_PCD | PTE_PWT)
#define MAP_USER PTE_U

/*
 * Map one page of size PAGE_SIZE, LARGE_PAGE_SIZE or HUGE_PAGE_SIZE; tables between are made as
 * needed, open for writes, and for user mode where flags has PTE_U. 0, -ENOMEM, or -EBUSY when a
 * larger page is in the way.
 */
int map(hpa_t root, u64 va, hpa_t pa, u64 size, u64 flags) must_check;

/* The same with tables of another origin than page_alloc(). */
int map_with(hpa_t (*table_alloc)(void), hpa_t root, u64 va, hpa_t pa, u64 size,
	     u64 flags) must_check;

/* The entry that maps va as a page of PAGE_SIZE, or NULL when a level above is missing or large. */
u64 *page_entry(hpa_t root, u64 va);

#endif
