/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside boot/: how the parts of the start work together. All of it runs on the loader's machine,
 * with physical memory below 4 GB mapped at its own address, before the vmm is in place.
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "vmm/boot_info.h"

struct module {
	hpa_t start;
	u64 size;
	const char *text; /* what follows the role word; "" when nothing does */
};

static inline void *boot_ptr(hpa_t pa)
{
	return (void *)pa;
}

/* What is wrong with this image as a Linux kernel that can be started here; NULL: nothing. */
const char *linux_check(const void *image, u64 size);

/* Bytes from its load address that the kernel needs while it starts. */
u64 linux_init_size(const void *image);

/*
 * Put kernel, initrd (size 0: none) and boot parameters where the 64-bit boot protocol wants them
 * (Linux: Documentation/arch/x86/boot.rst) and fill in bi->guest. bi's memory map and own range
 * must be final; nothing else may still be needed from low memory. NULL, or what is wrong.
 */
const char *linux_load(struct boot_info *bi, const struct module *kernel,
		       const struct module *initrd);

/* boot/acpi.c: bi->cpus, apic_ids, cpus_disabled, ioapics; no CPU when there is no MADT. */
void acpi_find_cpus(struct boot_info *bi);
/* Fills in bi->pm1 and bi->sleep_refused. */
void acpi_find_sleep(struct boot_info *bi);
/* Fills in bi->pci_bus0. */
void acpi_find_pci(struct boot_info *bi);
/*
 * Memory that may be plugged in while the guest runs becomes RAM in bi's map: the window has to
 * show it from the start, where the guest must find it by itself. So this is for after
 * linux_load().
 */
void acpi_add_hot_plug(struct boot_info *bi);

/* boot/vmm_space.c: the vmm's final page tables; from the pages of our range. */
hpa_t vmm_space_build(const struct boot_info *bi);

/* boot/multiboot.S */
void boot_relocate(hpa_t to, u64 size, hpa_t root, const struct boot_info *bi) __noreturn;

#endif
