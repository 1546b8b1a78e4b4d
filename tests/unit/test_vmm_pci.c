// SPDX-License-Identifier: Apache-2.0
/*
 * PCI configuration by ports and by memory, before a machine whose functions are what the test
 * says: each register of each of them, in all widths, by all ways to address it.
 */
#include <sys/mman.h>

#include "tests/unit/ports_guest.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/slot.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

#define ENABLE 0x80000000u

void lapic_pic_written(void)
{
}

static u32 machine_address;	      /* CF8h */
static u32 machine_id, machine_class; /* of each function that is asked */
static u32 written, written_address, written_value;
static u16 written_port;
static u8 written_size;

static void on_outl(u16 port, u32 value)
{
	if (port == 0xcf8) {
		machine_address = value;
		return;
	}
	written++;
	written_port = port;
	written_size = 4;
	written_address = machine_address;
	written_value = value;
}

static void on_outw(u16 port, u16 value)
{
	on_outl(port, value);
	written_size = 2;
}

static void on_outb(u16 port, u8 value)
{
	on_outl(port, value);
	written_size = 1;
}

static struct region *added;

void region_add(struct region *region)
{
	added = region;
}

static u32 on_inl(u16 port)
{
	if (port == 0xcf8)
		return machine_address;
	assert_true(machine_address & ENABLE);
	switch (machine_address & 0xfc) {
	case 0:
		return machine_id;
	case 8:
		return machine_class << 16 | 0x12;
	default:
		return 0x11223344;
	}
}

static u8 on_inb(u16 port)
{
	return (u8)(on_inl(port & ~3) >> (port & 3) * 8);
}

static int setup(void **state)
{
	static const struct boot_info none;

	ports_init(&none);
	host_outl = on_outl;
	host_outw = on_outw;
	host_outb = on_outb;
	host_inl = on_inl;
	host_inb = on_inb;
	return 0;
}

static u32 place(u32 bus, u32 device, u32 function)
{
	return ENABLE | bus << 16 | device << 11 | function << 8;
}

/* Is a write of so many bytes done, and as it was meant? Extended registers as AMD's CPUs take
 * them. */
static bool passes(u32 where, u32 reg, u8 size)
{
	u32 address = where | (reg & 0xfc) | (reg & 0xf00) << 16;
	u16 port = 0xcfc + (reg & 3);

	guest_out(0xcf8, 4, address);
	written = 0;
	guest_out(port, size, 0x5a5a5a5a >> (32 - size * 8));
	assert_int_equal(guest_in(0xcf8, 4), address);
	assert_int_equal(machine_address, address);
	if (!written)
		return false;
	assert_true(written == 1 && written_address == address && written_port == port &&
		    written_size == size && written_value == 0x5a5a5a5au >> (32 - size * 8));
	return true;
}

/* Of all registers of this function those of [first, last] are kept, and no others. */
static void keeps(u32 where, u32 id, u32 class, u32 first, u32 last)
{
	machine_id = id;
	machine_class = class;
	for (u32 reg = 0; reg < 0x100; reg++)
		for (u8 size = 1; size <= 4 - (reg & 3); size *= 2)
			assert_int_equal(passes(where, reg, size),
					 reg > last || reg + size <= first);
}

#define NOTHING 0x100, 0

static void chipsets(void **state)
{
	keeps(place(0, 0, 0), 0x12378086, 0x0600, 0x40, 0xbf);
	keeps(place(0, 0, 0), 0x29c08086, 0x0600, 0x40, 0xbf);
	keeps(place(0, 0x1f, 0), 0x70008086, 0x0600, NOTHING); /* not an ISA bridge */
	keeps(place(0, 0x1f, 2), 0x29228086, 0x0106,
	      NOTHING); /* AHCI, where later there is the PMC */
	keeps(place(0, 0x1f, 2), 0xa1218086, 0x0580, 0x40, 0x4b);
	keeps(place(0, 0x18, 1), 0x16011022, 0x0600, 0x40, 0xff);
	keeps(place(0, 0x1f, 2), 0x16021022, 0x0600, 0x40, 0xff); /* the eighth node's */
	keeps(place(0, 0x18, 3), 0x16031022, 0x0600, NOTHING);
}

static void several_ranges(void **state)
{
	static const struct {
		u32 where, id, class, kept[4], open[6];
	} functions[] = {
		{ENABLE | 1 << 11 | 3 << 8,
		 0x71138086,
		 0x0680,
		 {0x40, 0x43, 0x58, 0x80},
		 {0x04, 0x3c, 0x44, 0x5c, 0x90, 0xd2}},
		{ENABLE | 7 << 11 | 3 << 8,
		 0x71138086,
		 0x0680,
		 {0x40, 0x43, 0x5b, 0x80},
		 {0x04, 0x3c, 0x44, 0x5c, 0x90, 0xd2}},
		{ENABLE | 0x1f << 11,
		 0x29188086,
		 0x0601,
		 {0x40, 0x44, 0xf0, 0xf3},
		 {0x04, 0x60, 0x64, 0x68, 0xdc, 0xf4}},
		{ENABLE,
		 0x14501022,
		 0x0600,
		 {0x64, 0x67, 0xbc, 0xc8},
		 {0x60, 0xb8, 0xc4, 0xcc, 4, 0xf0}},
		{ENABLE | 0x18 << 11 | 4 << 8,
		 0x14641022,
		 0x0600,
		 {0x98, 0x9c, 0xb8, 0xbf},
		 {0x5c, 0x8c, 0xa0, 0xc0, 0x40, 0x94}},
	};

	for (u32 i = 0; i < ARRAY_SIZE(functions); i++) {
		machine_id = functions[i].id;
		machine_class = functions[i].class;
		for (u32 k = 0; k < 4; k++)
			assert_false(passes(functions[i].where, functions[i].kept[k], 1));
		for (u32 k = 0; k < 6; k++)
			assert_true(passes(functions[i].where, functions[i].open[k], 1));
	}
}

/*
 * Where the rows do not mean it: another vendor, another bus, another function, no access at all.
 */
static void others_pass(void **state)
{
	keeps(place(0, 0, 0), 0x00011234, 0x0600, NOTHING);
	keeps(place(1, 0, 0), 0x12378086, 0x0600, NOTHING);
	keeps(place(0, 0, 1), 0x12378086, 0x0600, NOTHING);
	keeps(place(0, 2, 0), 0x100e8086, 0x0200, NOTHING);
	keeps(place(0, 1, 2), 0x71138086, 0x0680, NOTHING);
	keeps(place(0, 0, 0) & ~ENABLE, 0x12378086, 0x0600, NOTHING);
}

/*
 * Registers above FFh are reached on AMD's CPUs; on others the same access is one to those below.
 */
static void extended(void **state)
{
	machine_id = 0x14401022;
	machine_class = 0x0600;
	assert_false(passes(place(0, 0x18, 0), 0x104, 4));
	assert_false(passes(place(0, 0x18, 0), 0xf00, 4));
	assert_true(passes(place(0, 0x18, 3), 0x140, 4));
	assert_true(passes(place(0, 0, 0), 0x104, 4));
	machine_id = 0x12378086;
	assert_false(passes(place(0, 0, 0), 0x172, 1));
}

/*
 * The address is a word of 32 bits; parts of it, strings and what goes over the end change nothing.
 */
static void address_register(void **state)
{
	machine_id = 0x12378086;
	guest_out(0xcf8, 4, place(0, 0, 0) | 0x3c);
	written = 0;
	guest_out(0xcfb, 1, 0x01);
	guest_out(0xcf8, 1, 0x72);
	guest_out(0xcf8, 2, 0x72);
	guest_out(0xcfa, 2, 0x72);
	guest_out(0xcf7, 4, 0x72);
	guest_out(0xcfa, 4, 0x72);
	guest_out(0xcfe, 4, 0x72);
	guest_access(false, 0xcf8, 4, true);
	guest_access(false, 0xcfc, 4, true);
	assert_int_equal(written, 0);
	assert_int_equal(guest_in(0xcf8, 4), place(0, 0, 0) | 0x3c);
	assert_int_equal(guest_in(0xcfc, 4), 0x11223344);
	assert_int_equal(guest_in(0xcfd, 1), 0x33);
	assert_int_equal(guest_in(0xcfe, 4), 0xffffffff);
	/* two bytes in the middle are two bytes in the middle */
	assert_true(passes(place(0, 0, 0), 0x3d, 2));
	assert_false(passes(place(0, 0, 0), 0x3d + 3, 2));
}

#define BUS0 0xb0000000ull

/* The same by stores to memory: there, all 4096 bytes of each function. */
static void by_memory(void **state)
{
	static const struct boot_info none, machine = {.pci_bus0 = BUS0};
	static struct vcpu guest;
	hpa_t root;
	u8 *slot = mmap((void *)FIXED_DEVICE, PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	host_memory(16);
	root = page_alloc();
	slot_init(root);
	pci_init(&none);
	assert_null(added);
	pci_init(&machine);
	assert_true(added && added->start == BUS0 && added->size == BIT(20));
	assert_int_equal(added->rights, ACCESS_READ);
	machine_id = 0x29188086;
	machine_class = 0x0601;
	for (u32 reg = 0; reg < PAGE_SIZE; reg++)
		for (u32 size = 1; size <= 8; size *= 2) {
			struct region_store store = {BUS0 + (0xf8 << 12) + reg, size,
						     0x8877665544332211};
			bool kept = reg < 0x48 && reg + size > 0x40;

			if (reg & (size - 1))
				continue;
			kept |= (reg < 0xf4 && reg + size > 0xf0) || size == 8;
			memset(slot, 0, PAGE_SIZE);
			added->store(&guest, &store);
			for (u32 i = 0; i < PAGE_SIZE; i++)
				assert_int_equal(slot[i], kept || i < reg || i >= reg + size
								  ? 0
								  : 0x11 * (i - reg + 1));
			assert_true(kept || *page_entry(root, FIXED_DEVICE) ==
						    ((store.gpa & PAGE_MASK) | MAP_UC));
		}
	/* the look at the function leaves the other way in as the guest had it */
	guest_out(0xcf8, 4, 0x80001234);
	added->store(&guest, &(struct region_store){BUS0 + (0xf8 << 12) + 0x40, 4, 1});
	assert_int_equal(machine_address, 0x80001234);
}

static u8 smramc;
static bool smram_fixed;

static u32 smram_inl(u16 port)
{
	if (port != 0xcfc || !(machine_address & 0xfc))
		return on_inl(port);
	assert_true(machine_address == (ENABLE | 0x70) || machine_address == (ENABLE | 0x9c));
	return 0x11000022u | (u32)smramc << ((machine_address & 0xfc) == 0x70 ? 16 : 8);
}

static void smram_outb(u16 port, u8 value)
{
	assert_int_equal(port, (machine_address & 0xfc) == 0x70 ? 0xcfe : 0xcfd);
	if (!smram_fixed)
		smramc = value;
}

/* SMRAM that the firmware left open is closed and locked, where it is known how. */
static void smram(void **state)
{
	static const struct {
		u32 id;
		u8 before, after;
		bool fixed, locked;
	} cases[] = {
		{0x12378086, 0x0a, 0x1a, false, true},	{0x12378086, 0x4a, 0x1a, false, true},
		{0x29c08086, 0x02, 0x12, false, true},	{0x29c08086, 0x12, 0x12, false, true},
		{0x12378086, 0x4a, 0x4a, true, false},	{0x01008086, 0x4a, 0x4a, false, false},
		{0x14501022, 0x4a, 0x4a, false, false},
	};

	host_inl = smram_inl;
	host_outb = smram_outb;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		machine_id = cases[i].id;
		smramc = cases[i].before;
		smram_fixed = cases[i].fixed;
		if (cases[i].id == 0x01008086 || cases[i].id == 0x14501022)
			host_inl = on_inl;
		assert_int_equal(pci_lock_smram(), cases[i].locked);
		assert_int_equal(smramc, cases[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(chipsets, setup),
		cmocka_unit_test_setup(several_ranges, setup),
		cmocka_unit_test_setup(others_pass, setup),
		cmocka_unit_test_setup(extended, setup),
		cmocka_unit_test_setup(address_register, setup),
		cmocka_unit_test_setup(by_memory, setup),
		cmocka_unit_test_setup(smram, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
