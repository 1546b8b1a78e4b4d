// SPDX-License-Identifier: Apache-2.0
/*
 * Stores to the I/O APICs' pages, before a device that has its registers every 256 bytes, or every
 * 32: no entry gets the mode SMI or INIT, and everything else is as it was meant.
 */
#include "tests/unit/vmm_host.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/slot.h"

#define PLACE 0xfec00000ull

static struct region *added[MAX_IOAPICS + 2];
static u32 added_count, mirror, index_register, registers[0x100];

void region_add(struct region *region)
{
	added[added_count++] = region;
}

void slot_store(const struct region_store *store)
{
	u32 offset = store->gpa & (mirror - 1);

	if (offset == 0)
		index_register = (u8)store->value;
	else if (offset == 0x10 && store->size == 4)
		registers[index_register] = (u32)store->value;
}

u32 slot_read(hpa_t hpa)
{
	u32 offset = hpa & (mirror - 1);

	assert_false(hpa & 3);
	return offset == 0 ? index_register : offset == 0x10 ? registers[index_register] : 0;
}

static void store(u64 gpa, u32 size, u64 value)
{
	static struct vcpu guest;

	added[0]->store(&guest, &(struct region_store){gpa, size, value});
}

static int setup(void **state)
{
	host_log_clear();
	mirror = 0x100;
	memset(registers, 0, sizeof(registers));
	return 0;
}

static void modes(void **state)
{
	static const u32 places[] = {0, 0x100, 0x1000, 0xff00, 0x40};

	for (u32 p = 0; p < ARRAY_SIZE(places); p++) {
		u64 at = PLACE + places[p];

		mirror = places[p] & 0xff ? 0x20 : 0x100;
		for (u32 reg = 0; reg < 0x40; reg++)
			for (u32 mode = 0; mode < 8; mode++) {
				u32 value = 0x10055 | mode << 8;
				bool kept = reg >= 0x10 && !(reg & 1) && (mode == 2 || mode == 5);

				store(at, 4, reg);
				assert_int_equal(index_register, reg);
				registers[reg] = 0x1234;
				store(at + 0x10, 4, value);
				assert_int_equal(registers[reg], kept ? 0x1234 : value);
			}
	}
	assert_non_null(strstr(host_log, "refused: SMI by the I/O APIC, entry 0"));
	assert_non_null(strstr(host_log, "refused: INIT by the I/O APIC, entry 23"));
}

/* In parts, or two registers at once; the index as a byte. */
static void widths(void **state)
{
	store(PLACE, 1, 0x12);
	assert_int_equal(index_register, 0x12);
	registers[0x12] = 0x10000;
	store(PLACE + 0x10, 1, 0x55);
	store(PLACE + 0x11, 1, 2);
	store(PLACE + 0x10, 2, 0x255);
	store(PLACE + 0x10, 8, 0x255);
	store(PLACE, 8, 0x25500000014ull);
	store(PLACE, 2, 0x14);
	assert_int_equal(registers[0x12], 0x10000);
	assert_int_equal(index_register, 0x12);
}

static void places(void **state)
{
	static const struct boot_info machine = {
		.ioapics_count = 4,
		.ioapics = {PLACE, 0xfec01000, 0xfd000000, 0xfd000400},
	};

	ioapic_init(&machine);
	assert_int_equal(added_count, 2);
	assert_true(added[0]->start == PLACE && added[0]->size == 0x10000);
	assert_true(added[1]->start == 0xfd000000 && added[1]->size == PAGE_SIZE);
	assert_int_equal(added[0]->rights, ACCESS_READ);
	assert_int_equal(added[1]->rights, ACCESS_READ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(places, setup),
		cmocka_unit_test_setup(modes, setup),
		cmocka_unit_test_setup(widths, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
