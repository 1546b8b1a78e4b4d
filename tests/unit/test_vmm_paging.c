// SPDX-License-Identifier: Apache-2.0
/* Page tables of our own: all page sizes, what is in the way, and no memory at every step. */
#include "tests/unit/vmm_host.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

static u64 entry_at(hpa_t root, u64 va, int level)
{
	u64 *table = phys_to_virt(root);

	for (int l = 4;; l--) {
		u64 entry = table[va >> (12 + 9 * (l - 1)) & 511];

		if (l == level || !(entry & PTE_P))
			return entry;
		assert_false(l < 4 && (entry & PTE_LARGE));
		table = phys_to_virt(entry & PTE_ADDRESS);
	}
}

static hpa_t fresh_root(u64 pages)
{
	host_memory(pages + 1);
	return page_alloc();
}

static void small_page(void **state)
{
	const u64 va = 0xffff800012345000;
	hpa_t root = fresh_root(8);

	assert_null(page_entry(root, va));
	assert_int_equal(map(root, va, 0xabcde000, PAGE_SIZE, MAP_RW), 0);
	assert_int_equal(entry_at(root, va, 1), 0xabcde000 | MAP_RW);
	assert_ptr_equal(page_entry(root, va), page_entry(root, va + 0xfff));
	assert_int_equal(*page_entry(root, va), 0xabcde000 | MAP_RW);
	assert_int_equal(*page_entry(root, va + PAGE_SIZE), 0);
	assert_null(page_entry(root, va + LARGE_PAGE_SIZE));
	assert_int_equal(pages_free(), 5);

	/* A neighbour needs no new table, another page for the same address replaces it. */
	assert_int_equal(map(root, va + PAGE_SIZE, 0x1000, PAGE_SIZE, MAP_RO), 0);
	assert_int_equal(map(root, va, 0x2000, PAGE_SIZE, MAP_RX), 0);
	assert_int_equal(pages_free(), 5);
	assert_int_equal(*page_entry(root, va), 0x2000 | MAP_RX);
	assert_int_equal(*page_entry(root, va + PAGE_SIZE), 0x1000 | MAP_RO);
}

static void large_and_huge_pages(void **state)
{
	const u64 va = 0x40000000;
	hpa_t root = fresh_root(8);

	assert_int_equal(map(root, va, 0x600000, LARGE_PAGE_SIZE, MAP_RO), 0);
	assert_int_equal(entry_at(root, va, 2), 0x600000 | MAP_RO | PTE_LARGE);
	assert_null(page_entry(root, va));
	assert_int_equal(map(root, 0x80000000, 0xc0000000, HUGE_PAGE_SIZE, MAP_RW), 0);
	assert_int_equal(entry_at(root, 0x80000000, 3), 0xc0000000 | MAP_RW | PTE_LARGE);
	assert_null(page_entry(root, 0x80000000));
}

static void tables_between(void **state)
{
	hpa_t root = fresh_root(8);

	assert_int_equal(map(root, 0x1000, 0x1000, PAGE_SIZE, MAP_RO), 0);
	for (int level = 4; level > 1; level--) {
		u64 entry = entry_at(root, 0x1000, level);

		assert_int_equal(entry & ~PTE_ADDRESS, PTE_P | PTE_W | PTE_A);
	}
	/* User mode is opened on the way, and only there. */
	assert_int_equal(map(root, 0x40001000, 0x2000, PAGE_SIZE, MAP_RO | MAP_USER), 0);
	assert_true(entry_at(root, 0x40001000, 4) & PTE_U);
	assert_true(entry_at(root, 0x40001000, 3) & PTE_U);
	assert_true(entry_at(root, 0x40001000, 2) & PTE_U);
	assert_false(entry_at(root, 0x1000, 3) & PTE_U);
	assert_false(entry_at(root, 0x1000, 1) & PTE_U);
}

static void larger_page_in_the_way(void **state)
{
	hpa_t root = fresh_root(8);

	assert_int_equal(map(root, 0x40000000, 0, HUGE_PAGE_SIZE, MAP_RW), 0);
	assert_int_equal(map(root, 0x40000000, 0, LARGE_PAGE_SIZE, MAP_RW), -EBUSY);
	assert_int_equal(map(root, 0x40001000, 0, PAGE_SIZE, MAP_RW), -EBUSY);
	assert_int_equal(entry_at(root, 0x40000000, 3), MAP_RW | PTE_LARGE);
	assert_int_equal(map(root, 0x200000, 0, LARGE_PAGE_SIZE, MAP_RW), 0);
	assert_int_equal(map(root, 0x3ff000, 0, PAGE_SIZE, MAP_RW), -EBUSY);
	assert_int_equal(map(root, 0x400000, 0, PAGE_SIZE, MAP_RW), 0);
}

static void no_memory_at_each_step(void **state)
{
	for (u64 pages = 0; pages <= 3; pages++) {
		hpa_t root = fresh_root(pages);
		int err = map(root, 0x7000, 0x1000, PAGE_SIZE, MAP_RW);

		assert_int_equal(err, pages < 3 ? -ENOMEM : 0);
		if (err)
			assert_null(page_entry(root, 0x7000));
		assert_int_equal(pages_free(), 0);
		/* What was built is used again. */
		assert_int_equal(map(root, 0x7000, 0x1000, PAGE_SIZE, MAP_RW), err);
	}
}

static void all_512_entries(void **state)
{
	hpa_t root = fresh_root(2000);

	for (int shift = 12; shift <= 39; shift += 9)
		for (u64 i = 0; i < (shift == 39 ? 256 : 512); i += 17)
			assert_int_equal(map(root, i << shift, (i + 1) << 12, PAGE_SIZE, MAP_RO),
					 0);
	for (int shift = 12; shift <= 39; shift += 9)
		for (u64 i = 17; i < (shift == 39 ? 256 : 512); i += 17)
			assert_int_equal(*page_entry(root, i << shift), (i + 1) << 12 | MAP_RO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_page),
		cmocka_unit_test(large_and_huge_pages),
		cmocka_unit_test(tables_between),
		cmocka_unit_test(larger_page_in_the_way),
		cmocka_unit_test(no_memory_at_each_step),
		cmocka_unit_test(all_512_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
