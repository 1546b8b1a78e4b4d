/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the nested page table of either vendor maps: guest-physical is host-physical, but for the
 * hypervisor's own range.
 */
#ifndef VMM_X86_NESTED_H
#define VMM_X86_NESTED_H

#include "vmm/boot_info.h"

/*
 * The vendor's way to map a page of this size, access: ACCESS_READ and so on. Tables between are
 * made as needed; -ENOMEM.
 */
typedef int nested_map(gpa_t gpa, hpa_t to, u64 size, u32 access);

/* The table that is in force, of four levels. */
extern hpa_t nested_root;

/* Map all below 4 GB, or say and stop; largest_page: for what lies above. */
void nested_init(const struct boot_info *bi, nested_map *map, u64 largest_page);

/*
 * Map what lies at gpa, above 4 GB: RAM or device memory. 0, -ENOMEM; -EFAULT: beyond the CPU's
 * width.
 */
int nested_map_identity(gpa_t gpa) must_check;

/* Writes to the APIC's page exit, or do not. CPUs in the guest may remember how it was. */
void nested_trap_apic(bool on);

/*
 * Our own memory's page: a scratch page that can be written, or again the all-ones page. The vCPU's
 * TLB is to be flushed, and no other may run meanwhile.
 */
void nested_open_own(gpa_t page, bool open);

/*
 * A CPU's own view: the table that is in force, but for one page, which is a copy of the guest's.
 * So an instruction under a trap can be executed without the other CPUs' losing the trap.
 */
struct nested_view {
	hpa_t tables[4]; /* by level, the root last */
	hpa_t copy;
	gpa_t page;
	u32 version; /* of the table in force, when it was copied */
};

/* -ENOMEM */
int nested_view_init(struct nested_view *view) must_check;
/* Let the page of gpa be a copy in which this byte stands at gpa. Returns the view's root. */
hpa_t nested_view_open(struct nested_view *view, gpa_t gpa, u8 byte);
/* Follow a change of the table in force. */
void nested_view_refresh(struct nested_view *view);

#endif
