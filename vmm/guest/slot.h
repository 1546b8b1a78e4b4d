/* SPDX-License-Identifier: Apache-2.0 */
/* Device registers in memory, reached for the guest one access at a time. */
#ifndef VMM_GUEST_SLOT_H
#define VMM_GUEST_SLOT_H

#include "vmm/guest/region.h"

/* Once, before the others; root: our own page table. Stops the machine where memory runs out. */
void slot_init(hpa_t root);

/* Carry out a store of the guest's, of 4 bytes at most, and read 4 bytes at an aligned address. */
void slot_store(const struct region_store *store);
u32 slot_read(hpa_t hpa) must_check;

#endif
