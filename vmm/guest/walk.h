/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the guest's page tables, for the few words of kernel memory that the vmm itself touches. */
#ifndef VMM_GUEST_WALK_H
#define VMM_GUEST_WALK_H

#include "vmm/types.h"

/* Can va be an address at all? The bits above those that are translated repeat the highest of them.
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

#endif
