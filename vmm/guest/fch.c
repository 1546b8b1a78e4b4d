/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD's chipsets since SB800 have the registers of ports again in memory, the AcpiMmio page (BKDG
 * for family 16h, 3.26): those that indexed.c guards, and ACPI's, by which the guest would sleep.
 * The policy's rows say which are not written.
 */
#include "lvisor/policy.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/ports.h"
#include "vmm/guest/slot.h"
#include "vmm/log.h"

#define ACPI_MMIO     0xfed80000ull
#define SMBUS	      (0x14u << 3) /* device 14h, function 0: by it the chipset is known */
#define ID_FCH	      0x780b1022u
#define ID_FCH_ZEN    0x790b1022u
#define ID_SB800      0x43851002u
#define SB800_FROM    0x40u /* revision */
#define REGISTER_ID   0x00u
#define REGISTER_REV  0x08u
#define PM1_CNT	      0x804u
#define PM1_CNT_BYTES 2u

static const struct row {
	u16 first, last;
} rows[] = {
#define ROW(first, last, name, reason) {first, last},
	POLICY_ACPI_MMIO(ROW)
#undef ROW
};

static bool refused(u32 offset, u32 size)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (offset <= rows[i].last && offset + size > rows[i].first)
			return true;
	return false;
}

static void fch_store(struct vcpu *vcpu, const struct region_store *store)
{
	u32 offset = store->gpa & ~PAGE_MASK;
	struct region_store passed = *store;

	(void)vcpu;
	if (store->size > 4 || refused(offset, store->size)) {
		log_limited("refused: write to AMD's ACPI registers in memory, %x", offset);
		return;
	}
	/* A byte of it, and what begins elsewhere, would need the rest of it: no system does so. */
	if (offset < PM1_CNT + PM1_CNT_BYTES && offset + store->size > PM1_CNT) {
		if (offset != PM1_CNT || store->size == 1)
			return;
		passed.value = (store->value & ~0xffffull) | ports_without_sleep((u16)store->value);
	}
	slot_store(&passed);
}

static struct region page = {.name = "AMD AcpiMmio",
			     .start = ACPI_MMIO,
			     .size = PAGE_SIZE,
			     .rights = ACCESS_READ,
			     .store = fch_store};

void fch_init(void)
{
	u32 id = pci_read(SMBUS, REGISTER_ID);

	if (id == ID_FCH || id == ID_FCH_ZEN ||
	    (id == ID_SB800 && (pci_read(SMBUS, REGISTER_REV) & 0xff) >= SB800_FROM))
		region_add(&page);
}
