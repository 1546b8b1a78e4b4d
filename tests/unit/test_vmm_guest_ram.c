// SPDX-License-Identifier: Apache-2.0
/* What counts as guest RAM, and the slot through which it is written. */
#include "tests/unit/vmm_host.h"
#include "vmm/guest/ram.h"
#include "vmm/x86/paging.h"

static void ranges(void **state)
{
	struct lvmon_ram ram[LVMON_MAX_RAM_RANGES];

	host_guest();
	assert_int_equal(guest_ram_ranges, 3);
	assert_int_equal(guest_ram_size(),
			 0x9f000 + (HOST_OWN - 0x100000) + (HOST_RAM_END - HOST_OWN_END));
	guest_ram_ascending(ram);
	assert_int_equal(ram[0].gpa, 0);
	assert_int_equal(ram[0].size, 0x9f000); /* whole pages only */
	assert_int_equal(ram[1].gpa, 0x100000);
	assert_int_equal(ram[1].size, HOST_OWN - 0x100000);
	assert_int_equal(ram[2].gpa, HOST_OWN_END);
	assert_int_equal(ram[2].size, HOST_RAM_END - HOST_OWN_END);
	for (u32 i = 1; i < guest_ram_ranges; i++)
		assert_true(guest_ram[0].size >= guest_ram[i].size);
}

static void borders(void **state)
{
	static const struct {
		gpa_t gpa;
		u64 size;
		bool has;
	} cases[] = {
		{0, 1, true},
		{0, 0x9f000, true},
		{0, 0x9f001, false},
		{0x9efff, 1, true},
		{0x9efff, 2, false},
		{0x9f000, 1, false},
		{0xfffff, 1, false},
		{0xfffff, 2, false},
		{0x100000, PAGE_SIZE, true},
		{HOST_OWN - 8, 8, true},
		{HOST_OWN - 7, 8, false},
		{HOST_OWN - 8, HOST_OWN_END - HOST_OWN + 16, false},
		{HOST_OWN, 1, false},
		{HOST_OWN_END - 1, 1, false},
		{HOST_OWN_END - 1, 2, false},
		{HOST_OWN_END, 1, true},
		{HOST_RAM_END - 1, 1, true},
		{HOST_RAM_END - 1, 2, false},
		{HOST_RAM_END, 1, false},
		{0x100000, UINT64_MAX, false},
		{0x100000, HOST_OWN - 0x100000, true},
		{0x100000, HOST_OWN - 0x100000 + 1, false},
		{UINT64_MAX, 1, false},
		{UINT64_MAX, 2, false},
		{UINT64_MAX - 7, PAGE_SIZE, false},
		{0xfee00000, 4, false},
	};

	host_guest();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (guest_ram_has(cases[i].gpa, cases[i].size) != cases[i].has)
			fail_msg("%lx %lx", cases[i].gpa, cases[i].size);
}

static void writes(void **state)
{
	hpa_t root = host_guest();
	u64 *entry = page_entry(root, FIXED_GUEST_WRITE);

	for (gpa_t gpa = 0x100ff8; gpa < 0x110000; gpa += PAGE_SIZE) {
		assert_int_equal(guest_ram_write(gpa, "12345678", 8), 0);
		assert_memory_equal(host_ram(gpa), "12345678", 8);
		assert_memory_equal(guest_ram_ptr(gpa), "12345678", 8);
		/* The slot leads nowhere else, and the CPU was told. */
		assert_true(!*entry || *entry == ((gpa & PAGE_MASK) | MAP_RW));
		assert_int_equal((u64)host_invlpg_last & PAGE_MASK, FIXED_GUEST_WRITE);
		assert_int_equal(guest_ram_write_word(gpa - 8, 0x1122334455667788), 0);
		assert_null(guest_ram_slot((gpa & PAGE_MASK) - PAGE_SIZE));
		assert_null(guest_ram_slot((gpa & PAGE_MASK) + PAGE_SIZE));
		assert_memory_equal(host_ram(gpa - 8), "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
		assert_true(!*entry || *entry == ((gpa & PAGE_MASK) | MAP_RW));
	}
	/* From page to page and back: always the page that is meant. */
	for (u64 i = 0; i < 64; i++)
		assert_int_equal(guest_ram_write_word(0x200000 + i % 3 * PAGE_SIZE + i * 8, i), 0);
	for (u64 i = 0; i < 64; i++)
		assert_int_equal(*(u64 *)host_ram(0x200000 + i % 3 * PAGE_SIZE + i * 8), i);
	assert_int_equal(guest_ram_write(0x200001, "abc", 0), 0);
	assert_int_equal(guest_ram_write_word(0x200003, 1), 0); /* at any address */
	assert_int_equal(*(u8 *)host_ram(0x200003), 1);
}

static void writes_refused(void **state)
{
	static const gpa_t bad[] = {0x9f000,	  HOST_OWN,   HOST_OWN_END - 8,
				    HOST_RAM_END, 0xfee00000, 0xfffffffffffffff8};
	static u8 page[PAGE_SIZE];

	host_guest();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(guest_ram_write(bad[i], page, 1), -EFAULT);
		assert_int_equal(guest_ram_write_word(bad[i], 1), -EFAULT);
	}
	assert_int_equal(guest_ram_write(0x100ff9, page, 8), -EINVAL);
	assert_int_equal(guest_ram_write(0x100001, page, PAGE_SIZE), -EINVAL);
	assert_int_equal(guest_ram_write(0x100000, page, PAGE_SIZE + 1), -EINVAL);
	assert_int_equal(guest_ram_write(0x100000, page, PAGE_SIZE), 0);
}

static void many_ranges(void **state)
{
	struct boot_info bi = {.memory_entries = LVMON_MAX_RAM_RANGES,
			       .own = 1ull << 40,
			       .own_size = LARGE_PAGE_SIZE};
	struct lvmon_ram ram[LVMON_MAX_RAM_RANGES];
	hpa_t root = host_guest();

	for (u32 i = 0; i < LVMON_MAX_RAM_RANGES; i++)
		bi.memory[i] =
			(struct memory_entry){(u64)i << 24, (i * 7 % 32 + 1) << 12, MEMORY_RAM};
	guest_ram_ranges = 0;
	guest_ram_init(&bi, root);
	guest_ram_ascending(ram);
	for (u32 i = 0; i < LVMON_MAX_RAM_RANGES; i++)
		assert_int_equal(ram[i].gpa, (u64)i << 24);
	assert_int_equal(guest_ram[0].size, 32 << 12);
	bi.memory[bi.memory_entries++] = (struct memory_entry){1ull << 36, PAGE_SIZE, MEMORY_RAM};
	guest_ram_ranges = 0;
	expect_fatal("more than 32 ranges", guest_ram_init(&bi, root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),      cmocka_unit_test(borders),
		cmocka_unit_test(writes),      cmocka_unit_test(writes_refused),
		cmocka_unit_test(many_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
