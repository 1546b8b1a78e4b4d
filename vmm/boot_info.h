/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What boot/ hands to the vmm. Only boot/ knows how the machine came to us; the vmm needs no more
 * than this.
 */
#ifndef VMM_BOOT_INFO_H
#define VMM_BOOT_INFO_H

#include "vmm/types.h"

#define MAX_MEMORY_ENTRIES 64
#define MAX_CPUS	   16
#define MAX_IOAPICS	   16
#define MEMORY_RAM	   1 /* ACPI 15.1: AddressRangeMemory */
#define MEMORY_RESERVED	   2

struct memory_entry {
	u64 base, size;
	u32 type;
};

/* The state in which the guest's first instruction runs: 64-bit mode, flat segments. */
struct guest_entry {
	u64 rip, rsi, rsp, cr3;
	u64 gdt_base;
	u32 gdt_limit;
	u16 cs, ds;
};

struct boot_info {
	/* The machine's memory as the firmware told it, ascending, with our range still in it. */
	u32 memory_entries;
	struct memory_entry memory[MAX_MEMORY_ENTRIES];

	u64 hot_plug; /* bytes of its RAM that are not there yet */

	/*
	 * Our range, 2 MB aligned; the image lies at its start, [free, own + own_size) is unused.
	 */
	hpa_t own;
	u64 own_size;
	hpa_t free;

	/* Modules inside our range; size 0: none. */
	hpa_t engine;
	u64 engine_size;
	hpa_t archive;
	u64 archive_size;

	/* All CPUs of the machine, this one among them; 0: not known. */
	u32 cpus;
	u32 apic_ids[MAX_CPUS];
	u32 cpus_disabled; /* that the firmware lists besides */

	u32 ioapics_count;
	hpa_t ioapics[MAX_IOAPICS];

	/*
	 * ACPI's ports (ACPI 6.4, 4.8.3), all even: PM1a_STS, PM1b_STS, PM1a_CNT, PM1b_CNT; 0:
	 * none. And the values of SLP_TYP for the sleeping states that memory survives and the
	 * CPUs' state does not, a bit each.
	 */
	u16 pm1[4];
	u8 sleep_refused;

	hpa_t pci_bus0; /* its configuration space in memory (ECAM), 1 MB; 0: none */

	struct guest_entry guest;
	char options[256]; /* the vmm's own command line */
};

/* vmm/main.c; called on the boot stack, with the image at its final place. */
void vmm_main(const struct boot_info *bi) __noreturn;

#endif
