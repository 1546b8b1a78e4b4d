/* SPDX-License-Identifier: Apache-2.0 */
/* The extended page table: guest-physical is host-physical, but for the hypervisor's own range. */
#ifndef VMM_VMX_EPT_H
#define VMM_VMX_EPT_H

#include "vmm/boot_info.h"

/* Build it; returns the EPT pointer for the VMCS. */
u64 ept_init(const struct boot_info *bi);

/* Map what lies at gpa (device memory above RAM). 0, -ENOMEM, -EFAULT: beyond the CPU's width. */
int ept_map_identity(gpa_t gpa) must_check;

/* Writes to a page below 4 GB exit from now on; before any CPU runs the guest. */
int ept_protect_page(gpa_t gpa) must_check;

/* Our own memory's page: a scratch page that can be written, or again the all-ones page. */
void ept_open_own(gpa_t page, bool open);

#endif
