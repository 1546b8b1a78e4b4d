/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of the machine of which the guest has all but some registers. */
#ifndef VMM_GUEST_DEVICES_H
#define VMM_GUEST_DEVICES_H

#include "vmm/boot_info.h"

/* Each before the nested page table is built, behind slot_init(). */
void pci_init(const struct boot_info *bi);    /* pci.c: configuration that is in memory */
void ioapic_init(const struct boot_info *bi); /* ioapic.c */
void fch_init(void);			      /* fch.c; behind pci_init() */

/* 32 bits of PCI configuration; function: bus, device and function as in CF8h. */
u32 pci_read(u32 function, u32 reg) must_check;

/* Close SMRAM until the next reset. False: not on this chipset. */
bool pci_lock_smram(void) must_check;

#endif
