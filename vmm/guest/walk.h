/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the guest's page tables, for the few words of kernel memory that the vmm itself touches. */
#ifndef VMM_GUEST_WALK_H
#define VMM_GUEST_WALK_H

#include "vmm/types.h"

/*
 * Can va be an address at all? The bits above those that are translated repeat the highest of them.
 */
static inline bool canonical(u64 va, bool la57)
{
	int shift = la57 ? 7 : 16;

	return (u64)((s64)(va << shift) >> shift) == va;
}

/*
 * Guest-physical address of va by the tables that cr3 points to; la57: five levels. 0, or -EFAULT:
 * not canonical, not mapped, or a table that is not in RAM.
 */
int guest_walk(u64 cr3, bool la57, gva_t va, gpa_t *gpa) must_check;

#define WALK_LEVELS_MAX 5

/* A walk that is remembered with the entries that it has read. */
struct walk {
	u64 key;    /* CR3, and bit 63: five levels */
	gva_t page; /* of the walk's address */
	gpa_t result;
	u64 levels;
	struct {
		const volatile u64 *at;
		u64 was;
	} entry[WALK_LEVELS_MAX];
	u64 quick_key; /* CR3 + 1 of a walk by four levels that ended in RAM; else 0 */
	const u8 *ram; /* then, where the page can be read */
} aligned(128);	       /* a power of two: cheap to index */

/* Where this CPU remembers a walk to va, perhaps one to another page. */
struct walk *walk_place(gva_t va);

/*
 * Where va can be read, if it is in the walk's page and all four entries are still what they were;
 * else NULL, and guest_walk() has to tell. For address spaces of four levels.
 */
static inline const u8 *walk_quickly(const struct walk *w, u64 cr3, gva_t va)
{
	u64 offset = va - w->page;

	if (unlikely(offset >= PAGE_SIZE || w->quick_key != cr3 + 1 ||
		     *w->entry[0].at != w->entry[0].was || *w->entry[1].at != w->entry[1].was ||
		     *w->entry[2].at != w->entry[2].was || *w->entry[3].at != w->entry[3].was))
		return NULL;
	return w->ram + offset;
}

#endif
