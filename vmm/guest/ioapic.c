/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O APICs (Intel 82093AA, 3.0; ICH9, 13.5): all stores are ours, so that no entry of theirs
 * sends an SMI, which would run code above us, or INIT, which would take a CPU away. The register
 * that a store to the data window means is asked of the device, under a lock: some have their two
 * registers again and again in the page. Chipsets can move theirs within 64 KB, by registers that
 * are the guest's (PIIX3 APICBASE, ICH9 OIC), so those are looked after as a whole.
 */
#include "vmm/guest/devices.h"
#include "vmm/guest/slot.h"
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/string.h"

#define USUAL_PLACE   0xfec00000ull
#define USUAL_SIZE    0x10000ull
#define WINDOW	      0x10u /* from the index register */
#define FIRST_ENTRY   0x10u /* two registers each, the first one has the mode */
#define MODE(entry)   ((entry) >> 8 & 7)
#define MODE_SMI      2u
#define MODE_INIT     5u
#define REGISTERS_END 0x100u

static struct region pages[MAX_IOAPICS + 1];
static u32 pages_count;
static struct lock lock;

static bool refused(const struct region_store *store)
{
	u32 mode = MODE((u32)store->value), index;

	if ((mode != MODE_SMI && mode != MODE_INIT) || (store->gpa & ~PAGE_MASK) < WINDOW)
		return false;
	index = slot_read(store->gpa - WINDOW) & (REGISTERS_END - 1);
	if (index < FIRST_ENTRY || (index & 1))
		return false;
	log_limited("refused: %s by the I/O APIC, entry %u", mode == MODE_SMI ? "SMI" : "INIT",
		    (index - FIRST_ENTRY) / 2);
	return true;
}

/* Registers are 32 bits; the index, of which 8 are used, may be written as a byte. */
static void ioapic_store(struct vcpu *vcpu, const struct region_store *store)
{
	bool index_byte = store->size == 1 && !(store->gpa & (REGISTERS_END - 1));

	(void)vcpu;
	lock_take(&lock);
	if (index_byte || (store->size == 4 && !refused(store)))
		slot_store(store);
	lock_release(&lock);
}

static void add(hpa_t at, u64 size)
{
	for (u32 i = 0; i < pages_count; i++)
		if (ranges_overlap(pages[i].start, pages[i].size, at, size))
			return;
	pages[pages_count] = (struct region){.name = "I/O APIC",
					     .start = at,
					     .size = size,
					     .rights = ACCESS_READ,
					     .store = ioapic_store};
	region_add(&pages[pages_count++]);
}

void ioapic_init(const struct boot_info *bi)
{
	add(USUAL_PLACE, USUAL_SIZE);
	for (u32 i = 0; i < bi->ioapics_count; i++)
		add(bi->ioapics[i] & PAGE_MASK, PAGE_SIZE);
}
