/* SPDX-License-Identifier: Apache-2.0 */
/* The nested page table: guest-physical is host-physical, but for the hypervisor's own range. */
#ifndef VMM_SVM_NPT_H
#define VMM_SVM_NPT_H

#include "vmm/boot_info.h"

/* Build it; returns its root. */
hpa_t npt_init(const struct boot_info *bi);

/* Map what lies at gpa (device memory above RAM). 0, -ENOMEM, -EFAULT: beyond the CPU's width. */
int npt_map_identity(gpa_t gpa) must_check;

/* Writes to this page exit; only before the guest runs. 0, -ENOMEM, or -EFAULT: not mapped. */
int npt_protect_page(gpa_t gpa) must_check;

/* Our own memory's page: a scratch page that can be written, or again the all-ones page. */
void npt_open_own(gpa_t page, bool open);

#endif
