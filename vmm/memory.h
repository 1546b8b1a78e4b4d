/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's own memory: its address space layout and the allocator of pages in its range.
 *
 *   0x0000000000400000  the domain's program (its root only)
 *   0x0000200000000000  the domain's alias of the guest RAM window (its root only)
 *   0xffff800000000000  our range but the image: DIRECT_BASE + hpa, read-write, no-execute
 *   0xffffa00000000000  guest RAM window: WINDOW_BASE + gpa, read-only, no-execute
 *   0xffffffff80200000  the image: text r-x, rodata r--, data rw-
 *   0xffffffffc0000000  stacks with guard pages, 64 KB a stack slot
 *   0xffffffffffe00000  fixed slots: local APIC, one page of guest RAM being written, one of PCI
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include "vmm/types.h"

#define VMM_BASE 0xffffffff80000000ull
#define IMAGE_OFFSET \
	0x200000ull /* where the image is linked, from VMM_BASE; also its load address */
#define IMAGE_VA	  (VMM_BASE + IMAGE_OFFSET)
#define DIRECT_BASE	  0xffff800000000000ull
#define WINDOW_BASE	  0xffffa00000000000ull
#define WINDOW_USER_BASE  0x0000200000000000ull
#define WINDOW_SIZE	  0x0000080000000000ull /* 8 TB: PML4 slots are shared between both aliases */
#define STACKS_BASE	  0xffffffffc0000000ull
#define STACK_SLOT	  0x10000ull
#define FIXED_BASE	  0xffffffffffe00000ull
#define FIXED_LAPIC	  (FIXED_BASE + 0x0000)
#define FIXED_GUEST_WRITE (FIXED_BASE + 0x1000) /* one page a CPU */
#define FIXED_DEVICE	  (FIXED_BASE + 0x100000)

#ifndef __ASSEMBLY__

/* Start handing out the pages of [start, end); offset: where hpa 0 is mapped at the moment. */
void memory_init(hpa_t start, hpa_t end, u64 offset);
/* The range is mapped somewhere else from now on. */
void memory_set_offset(u64 offset);

/* A zeroed page, or 0. */
hpa_t page_alloc(void) must_check;
void page_free(hpa_t page);
u64 pages_free(void);
/* count adjacent zeroed pages that are never freed, or 0; only before the first page_free(). */
hpa_t pages_alloc_contiguous(u64 count) must_check;

void *phys_to_virt(hpa_t pa);
hpa_t virt_to_phys(const void *va); /* of DIRECT_BASE addresses */

#endif
#endif
