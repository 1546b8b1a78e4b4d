/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration, by the policy's rows: what would move ACPI's ports, open SMRAM or lay
 * something over memory is not written. By ports (PCI 3.0, 3.2.2.3.2), CF8h holds the address for
 * an access to CFCh; both are ours, since another CPU could change the address between our look at
 * it and the access. In memory (ECAM: PCI Express Base 3.0, 7.2.2), stores to bus 0 are ours; the
 * rows speak of no other.
 */
#include "lvisor/policy.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/ports.h"
#include "vmm/guest/slot.h"
#include "vmm/lock.h"
#include "vmm/log.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define PCI_END	    0xd00

#define ADDRESS_ENABLE	    BIT(31)
#define ADDRESS_FUNCTION(a) ((a) >> 8 & 0xffff)
#define ADDRESS_REGISTER(a) ((a)&0xfc)
/* AMD's CPUs have four more bits there: BKDG, IOCF8. Others ignore them. */
#define ADDRESS_EXTENDED(a) ((a) >> 16 & 0xf00)

#define REGISTER_ID    0x00
#define REGISTER_CLASS 0x08

static const struct row {
	u16 vendor, device, class;
	u8 first_device, last_device, function;
	u16 first, last;
} rows[] = {
#define ROW(vendor, device, class, first_device, last_device, function, first, last, name, reason) \
	{vendor, device, class, first_device, last_device, function, first, last},
	POLICY_PCI(ROW)
#undef ROW
};

/* SMRAMC: 440FX (290549), 3.2.19; Q35 (317399), 5.1.23. Later firmware locks it by itself. */
#define SMRAM_OPEN BIT(6)
#define SMRAM_LOCK BIT(4)
static const struct smram {
	u32 id;
	u8 reg;
} smrams[] = {{0x12378086, 0x72}, {0x29c08086, 0x9d}};

/* A bus is 1 MB of memory, a function one page. */
#define BUS_SIZE BIT(20)

static void memory_store(struct vcpu *vcpu, const struct region_store *store);
static struct region memory = {.name = "PCI configuration",
			       .size = BUS_SIZE,
			       .rights = ACCESS_READ,
			       .store = memory_store};

static struct lock lock;
static u32 address; /* the guest's, as in CF8h */

static void select(u32 function, u32 reg)
{
	outl(PCI_ADDRESS, (u32)ADDRESS_ENABLE | function << 8 | reg);
}

/* With the lock, or before there is a guest. */
u32 pci_read(u32 function, u32 reg)
{
	u32 value;

	select(function, reg);
	value = inl(PCI_DATA);
	outl(PCI_ADDRESS, address);
	return value;
}

static bool is_one_of(const struct row *row, u32 function)
{
	u32 id = pci_read(function, REGISTER_ID);

	return row->vendor == (id & 0xffff) &&
	       (row->device == POLICY_ANY || row->device == id >> 16) &&
	       (row->class == POLICY_ANY || row->class == pci_read(function, REGISTER_CLASS) >> 16);
}

static bool write_refused(u32 function, u32 reg, u32 size)
{
	u32 device = function >> 3;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (device >= rows[i].first_device && device <= rows[i].last_device &&
		    rows[i].function == (function & 7) && reg <= rows[i].last &&
		    reg + size > rows[i].first && is_one_of(&rows[i], function))
			return true;
	return false;
}

static bool refuse_write(u32 function, u32 reg, u32 size)
{
	if (!write_refused(function, reg, size))
		return false;
	log_limited("refused: write to PCI configuration of %x:%x.%u, register %x", function >> 8,
		    function >> 3 & 31, function & 7, reg);
	return true;
}

static void write_data(const struct port_access *access)
{
	u32 function = ADDRESS_FUNCTION(address);
	u32 reg = ADDRESS_REGISTER(address) | (access->port & 3);
	u32 extended = ADDRESS_EXTENDED(address) | reg;

	if ((address & ADDRESS_ENABLE) && (refuse_write(function, reg, access->size) ||
					   refuse_write(function, extended, access->size)))
		return;
	port_write(access->port, access->size, access->value);
}

bool pci_access(struct port_access *access)
{
	if (access->port < PCI_ADDRESS || access->port + access->size > PCI_END)
		return false;
	lock_take(&lock);
	if (access->in) {
		access->value = port_read(access->port, access->size);
	} else if (access->port >= PCI_DATA) {
		write_data(access);
	} else if (access->port == PCI_ADDRESS && access->size == 4) {
		address = access->value;
		outl(PCI_ADDRESS, address);
	} /* the address is written as a whole or not at all */
	lock_release(&lock);
	return true;
}

/* No host bridge has to take more than 32 bits at once; such a store is dropped. */
static void memory_store(struct vcpu *vcpu, const struct region_store *store)
{
	u32 function = (u32)((store->gpa - memory.start) >> PAGE_SHIFT);

	(void)vcpu;
	lock_take(&lock);
	if (store->size <= 4 && !refuse_write(function, store->gpa & ~PAGE_MASK, store->size))
		slot_store(store);
	lock_release(&lock);
}

void pci_init(const struct boot_info *bi)
{
	outl(PCI_ADDRESS, address); /* the firmware's last one is not ours to know */
	if (!bi->pci_bus0)
		return;
	memory.start = bi->pci_bus0;
	region_add(&memory);
}

bool pci_lock_smram(void)
{
	u32 id = pci_read(0, REGISTER_ID);

	for (size_t i = 0; i < ARRAY_SIZE(smrams); i++) {
		u32 reg = smrams[i].reg & ~3u, shift = (smrams[i].reg & 3u) * 8;
		u16 port = (u16)(PCI_DATA + (smrams[i].reg & 3));
		u8 value = (u8)(pci_read(0, reg) >> shift);

		if (id != smrams[i].id)
			continue;
		select(0, reg);
		outb(port, (u8)((value & ~SMRAM_OPEN) | SMRAM_LOCK));
		value = (u8)(pci_read(0, reg) >> shift);
		return (value & (SMRAM_OPEN | SMRAM_LOCK)) == SMRAM_LOCK;
	}
	return false;
}
