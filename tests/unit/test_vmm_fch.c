// SPDX-License-Identifier: Apache-2.0
/* AMD's registers of ACPI in memory: which chipsets have them, and what a guest does not write
 * there. */
#include "tests/unit/ports_guest.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/slot.h"

#define PAGE 0xfed80000ull

void lapic_pic_written(void)
{
}

static struct region *added;
static u32 id, revision;
static u32 stores;
static struct region_store stored;

void region_add(struct region *region)
{
	added = region;
}

void slot_store(const struct region_store *store)
{
	stores++;
	stored = *store;
}

static u32 on_inl(u16 port)
{
	static u32 address;

	if (port == 0xcfc)
		return (address++ & 1) ? revision : id; /* the identity is asked first */
	return 0;
}

static void on_outl(u16 port, u32 value)
{
	assert_int_equal(port, 0xcf8);
	assert_true(!value || (value & ~0xffu) == (0x80000000u | 0x14u << 11));
}

static bool is_there(u32 of_id, u32 of_revision)
{
	id = of_id;
	revision = of_revision;
	added = NULL;
	host_outl = on_outl;
	host_inl = on_inl;
	fch_init();
	if (of_id != 0x43851002)
		(void)inl(0xcfc); /* revisions are told of the SB800 only */
	return added;
}

static void chipsets(void **state)
{
	assert_true(is_there(0x780b1022, 0x14));
	assert_int_equal(added->start, PAGE);
	assert_int_equal(added->size, PAGE_SIZE);
	assert_int_equal(added->rights, ACCESS_READ);
	assert_true(is_there(0x790b1022, 0x61));
	assert_true(is_there(0x43851002, 0x42));
	assert_false(is_there(0x43851002, 0x3c)); /* SB700 */
	assert_false(is_there(0xffffffff, 0xff));
	assert_false(is_there(0x71138086, 3));
	assert_true(is_there(0x790b1022, 0x61));
}

static bool passes(u32 offset, u32 size, u64 value)
{
	stores = 0;
	added->store(&vcpu, &(struct region_store){PAGE + offset, size, value});
	if (!stores)
		return false;
	assert_true(stores == 1 && stored.gpa == PAGE + offset && stored.size == size);
	return true;
}

static void registers(void **state)
{
	static const struct boot_info none;

	ports_init(&none);
	for (u32 offset = 0; offset < PAGE_SIZE; offset++)
		for (u32 size = 1; size <= 8; size *= 2) {
			u32 end = offset + size;
			bool kept = size == 8 || (offset < 0x32c && end > 0x320) ||
				    (offset < 0x338 && end > 0x334) ||
				    (offset < 0x370 && end > 0x360) ||
				    (offset < 0x378 && end > 0x374) ||
				    (offset < 0x610 && end > 0x60f) ||
				    (offset < 0x710 && end > 0x70f);

			if (offset & (size - 1))
				continue;
			/* PM1_CNT as a word, or more */
			kept |= offset < 0x806 && end > 0x804 && !(offset == 0x804 && size > 1);
			assert_int_equal(passes(offset, size, 1), !kept);
			if (!kept)
				assert_int_equal(stored.value, 1);
		}
}

static void sleep_states(void **state)
{
	static const struct boot_info machine = {.sleep_refused = BIT(5)};

	ports_init(&machine);
	assert_true(passes(0x804, 2, 0x2001 | 5 << 10));
	assert_int_equal(stored.value, 0x0001 | 5 << 10);
	assert_true(passes(0x804, 4, 0xabcd2001 | 5 << 10));
	assert_int_equal(stored.value, 0xabcd0001 | 5 << 10);
	assert_true(passes(0x804, 2, 0x2001 | 4 << 10)); /* off */
	assert_int_equal(stored.value, 0x2001 | 4 << 10);
	assert_false(passes(0x805, 1, 0x34));
	assert_false(passes(0x804, 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chipsets),
		cmocka_unit_test(registers),
		cmocka_unit_test(sleep_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
