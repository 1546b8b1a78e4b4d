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

/* Map all below 4 GB, or say and stop; largest_page: for what lies above. */
void nested_init(const struct boot_info *bi, nested_map *map, u64 largest_page);

/*
 * Map what lies at gpa, above 4 GB: RAM or device memory. 0, -ENOMEM; -EFAULT: beyond the CPU's
 * width.
 */
int nested_map_identity(gpa_t gpa) must_check;

/* Writes to the APIC's page exit; before any CPU runs the guest. */
void nested_protect_apic(void);

/*
 * Our own memory's page: a scratch page that can be written, or again the all-ones page. The vCPU's
 * TLB is to be flushed, and no other may run meanwhile.
 */
void nested_open_own(gpa_t page, bool open);

#endif
