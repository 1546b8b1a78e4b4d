/* SPDX-License-Identifier: Apache-2.0 */
/* The extended page table. */
#ifndef VMM_VMX_EPT_H
#define VMM_VMX_EPT_H

#include "vmm/boot_info.h"

/* Build it; returns the EPT pointer for the VMCS. */
u64 ept_init(const struct boot_info *bi);

#endif
