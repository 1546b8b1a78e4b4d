/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the nested page table of either vendor maps: guest-physical is host-physical, but for the
 * regions of region.h.
 */
#ifndef VMM_GUEST_NESTED_H
#define VMM_GUEST_NESTED_H

#include "vmm/boot_info.h"

/*
 * The vendor's way to map a page of this size, access: ACCESS_READ and so on. Tables between are
 * made as needed, of nested_table_alloc(); -ENOMEM.
 */
typedef int nested_map(gpa_t gpa, hpa_t to, u64 size, u32 access);

/* The table that is in force, of four levels. */
extern hpa_t nested_root;

/* Map all RAM and all below 4 GB, or say and stop; largest_page: for what lies above. */
void nested_init(const struct boot_info *bi, nested_map *map, u64 largest_page);

/* A page for a table, all zero; 0: those set aside for that are used up. */
hpa_t nested_table_alloc(void);

/*
 * Map what lies at gpa, above 4 GB: RAM or device memory. 0, -ENOMEM; -EFAULT: beyond what the CPU
 * or four levels of tables can address.
 */
int nested_map_identity(gpa_t gpa) must_check;

/* Let this much through to a whole region. CPUs in the guest may remember how it was. */
void nested_protect(gpa_t start, u64 size, u32 access);

/* Enough for a root, the way to one page, and the way to all of our range. */
#define NESTED_VIEW_TABLES 8

/*
 * A CPU's own overlay: the table that is in force, but for one page, which is a copy of the
 * guest's, and perhaps for our range. So an instruction under a trap can be executed without the
 * other CPUs' losing the trap, and one that stores to our memory without their seeing anything of
 * it.
 */
struct nested_overlay {
	hpa_t tables[NESTED_VIEW_TABLES]; /* the root first */
	u32 used;
	hpa_t copy;
	gpa_t page; /* that the copy stands for, while has_page */
	bool has_page;
	hpa_t scratch; /* stands for each page of our range, while own_open */
	bool own_open;
	u32 version; /* of the table in force, when it was copied; 0: the overlay is stale */
};

/* -ENOMEM */
int nested_overlay_init(struct nested_overlay *overlay) must_check;
/* Let the page of gpa be a copy in which this byte stands at gpa. Returns the overlay's root. */
hpa_t nested_overlay_open(struct nested_overlay *overlay, gpa_t gpa, u8 byte);
/* Let our range be one page of ones that can be written; with the copy, where that is open. */
hpa_t nested_overlay_open_own(struct nested_overlay *overlay);
/* The vCPU runs by the table in force again: what was stored to our range is forgotten. */
void nested_overlay_close(struct nested_overlay *overlay);
/* Follow a change of the table in force. */
void nested_overlay_refresh(struct nested_overlay *overlay);

#endif
