/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration, by the policy's rows: what would move ACPI's ports, open SMRAM or lay
 * something over memory is not written. By ports (PCI 3.0, 3.2.2.3.2), CF8h holds the address for
 * an access to CFCh; both are ours, since another CPU could change the address between our look at
 * it and the access. In memory (ECAM: PCI Express Base 3.0, 7.2.2), stores to bus 0 are ours; the
 * rows speak of no other.
 */
#include "lvisor/policy.h"
#include "vmm/guest/ports.h"
#include "vmm/guest/region.h"
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

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

/* A bus is 1 MB of memory, a function one page. */
#define BUS_SIZE BIT(20)

static void memory_store(struct vcpu *vcpu, const struct region_store *store);
static struct region memory = {.name = "PCI configuration",
			       .size = BUS_SIZE,
			       .rights = ACCESS_READ,
			       .store = memory_store};
static u64 *slot; /* our page table's entry of FIXED_PCI */

static struct lock lock;
static u32 address; /* the guest's, as in CF8h */

static u32 read_config(u32 function, u32 reg)
{
	u32 value;

	outl(PCI_ADDRESS, (u32)ADDRESS_ENABLE | function << 8 | reg);
	value = inl(PCI_DATA);
	outl(PCI_ADDRESS, address);
	return value;
}

static bool is_one_of(const struct row *row, u32 function)
{
	u32 id = read_config(function, REGISTER_ID);

	return row->vendor == (id & 0xffff) &&
	       (row->device == POLICY_ANY || row->device == id >> 16) &&
	       (row->class == POLICY_ANY ||
		row->class == read_config(function, REGISTER_CLASS) >> 16);
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

static void store_to_slot(const struct region_store *store)
{
	u64 at = FIXED_PCI + (store->gpa & ~PAGE_MASK);

	*slot = (store->gpa & PAGE_MASK) | MAP_UC;
	invlpg((void *)at);
	if (store->size == 1)
		*(volatile u8 *)at = (u8)store->value;
	else if (store->size == 2)
		*(volatile u16 *)at = (u16)store->value;
	else
		*(volatile u32 *)at = (u32)store->value;
}

/* No host bridge has to take more than 32 bits at once; such a store is dropped. */
static void memory_store(struct vcpu *vcpu, const struct region_store *store)
{
	u32 function = (u32)((store->gpa - memory.start) >> PAGE_SHIFT);

	(void)vcpu;
	lock_take(&lock);
	if (store->size <= 4 && !refuse_write(function, store->gpa & ~PAGE_MASK, store->size))
		store_to_slot(store);
	lock_release(&lock);
}

void pci_init(const struct boot_info *bi, hpa_t root)
{
	outl(PCI_ADDRESS, address); /* the firmware's last one is not ours to know */
	if (!bi->pci_bus0)
		return;
	if (map(root, FIXED_PCI, 0, PAGE_SIZE, 0))
		fatal("too little memory for the PCI slot");
	slot = page_entry(root, FIXED_PCI);
	memory.start = bi->pci_bus0;
	region_add(&memory);
}
