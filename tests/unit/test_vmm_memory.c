// SPDX-License-Identifier: Apache-2.0
/* The allocator of the hypervisor's pages. */
#include "tests/unit/vmm_host.h"
#include "vmm/memory.h"

static bool is_zero(hpa_t page, u64 size)
{
	const u8 *p = phys_to_virt(page);

	for (u64 i = 0; i < size; i++)
		if (p[i])
			return false;
	return true;
}

static void each_page_once(void **state)
{
	hpa_t pages[8];

	host_memory(8);
	assert_int_equal(pages_free(), 8);
	for (int i = 0; i < 8; i++) {
		pages[i] = page_alloc();
		assert_true(pages[i] >= HOST_HPA && pages[i] < HOST_HPA + 8 * PAGE_SIZE);
		assert_int_equal(pages[i] % PAGE_SIZE, 0);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(pages[i], pages[k]);
		assert_true(is_zero(pages[i], PAGE_SIZE));
		memset(phys_to_virt(pages[i]), 0xa5, PAGE_SIZE);
	}
	assert_int_equal(pages_free(), 0);
	assert_int_equal(page_alloc(), 0);
	assert_int_equal(page_alloc(), 0);
}

static void freed_pages_come_back_zeroed(void **state)
{
	hpa_t a, b, got[2];

	host_memory(3);
	a = page_alloc();
	b = page_alloc();
	assert_int_not_equal(page_alloc(), 0);
	memset(phys_to_virt(a), 0xff, PAGE_SIZE);
	memset(phys_to_virt(b), 0xff, PAGE_SIZE);
	page_free(a);
	page_free(b);
	assert_int_equal(pages_free(), 2);
	got[0] = page_alloc();
	got[1] = page_alloc();
	assert_true((got[0] == a && got[1] == b) || (got[0] == b && got[1] == a));
	assert_true(is_zero(a, PAGE_SIZE) && is_zero(b, PAGE_SIZE));
	assert_int_equal(pages_free(), 0);
	assert_int_equal(page_alloc(), 0);
}

static void adjacent_pages(void **state)
{
	hpa_t first;

	host_memory(8);
	assert_int_not_equal(page_alloc(), 0);
	assert_int_equal(pages_alloc_contiguous(8), 0);
	assert_int_equal(pages_alloc_contiguous(UINT64_MAX), 0);
	first = pages_alloc_contiguous(6);
	assert_int_not_equal(first, 0);
	assert_true(is_zero(first, 6 * PAGE_SIZE));
	memset(phys_to_virt(first), 1, 6 * PAGE_SIZE);
	assert_int_equal(pages_free(), 1);
	assert_int_equal(page_alloc(), first + 6 * PAGE_SIZE);
	assert_int_equal(pages_alloc_contiguous(1), 0);
}

static void range_that_is_not_aligned(void **state)
{
	host_memory(4);
	memory_init(HOST_HPA + 1, HOST_HPA + 4 * PAGE_SIZE - 1,
		    (u64)phys_to_virt(HOST_HPA) - HOST_HPA);
	assert_int_equal(pages_free(), 2);
	assert_int_equal(page_alloc(), HOST_HPA + PAGE_SIZE);
	assert_int_equal(page_alloc(), HOST_HPA + 2 * PAGE_SIZE);
	assert_int_equal(page_alloc(), 0);
}

static void addresses_both_ways(void **state)
{
	u64 offset;

	host_memory(2);
	assert_int_equal(virt_to_phys(phys_to_virt(HOST_HPA + 5)), HOST_HPA + 5);
	offset = (u64)phys_to_virt(0);
	memory_set_offset(0x1000);
	assert_int_equal((u64)phys_to_virt(0x234), 0x1234);
	assert_int_equal(virt_to_phys((void *)0x1234), 0x234);
	memory_set_offset(offset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_page_once),
		cmocka_unit_test(freed_pages_come_back_zeroed),
		cmocka_unit_test(adjacent_pages),
		cmocka_unit_test(range_that_is_not_aligned),
		cmocka_unit_test(addresses_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
