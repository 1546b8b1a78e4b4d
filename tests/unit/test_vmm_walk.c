// SPDX-License-Identifier: Apache-2.0
/* Walks of the guest's page tables; above all that a remembered walk is never a stale one. */
#include "tests/unit/vmm_host.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/monitor/internal.h"
#include "vmm/x86/paging.h"

#define VA 0xffff888012345000ull

/* What is said in place, of a walk that may have been to anywhere: the same, or nothing. */
static const u8 *quickly(gpa_t root, int levels, gva_t va)
{
	return levels == 4 ? walk_quickly(walk_place(va), root, va) : NULL;
}

static void expect(gpa_t root, int levels, gva_t va, gpa_t want)
{
	const u8 *in_place = quickly(root, levels, va);
	gpa_t gpa = 0;

	if (in_place)
		assert_ptr_equal(in_place, guest_ram_ptr(want));
	/* Once by the tables and once as remembered. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(guest_walk(root, levels == 5, va, &gpa), 0);
		assert_int_equal(gpa, want);
	}
	in_place = quickly(root, levels, va);
	if (in_place)
		assert_ptr_equal(in_place, guest_ram_ptr(want));
}

static void expect_none(gpa_t root, int levels, gva_t va)
{
	gpa_t gpa = 42;

	assert_null(quickly(root, levels, va));
	for (int i = 0; i < 2; i++)
		assert_int_equal(guest_walk(root, levels == 5, va, &gpa), -EFAULT);
	assert_int_equal(gpa, 42);
	assert_null(quickly(root, levels, va));
}

static void pages_of_all_sizes(void **state)
{
	for (int levels = 4; levels <= 5; levels++) {
		gpa_t root;

		host_guest();
		root = host_guest_root();
		host_guest_map(root, levels, VA, 0x123000, PAGE_SIZE);
		expect(root, levels, VA, 0x123000);
		expect(root, levels, VA + 0xabc, 0x123abc);
		expect_none(root, levels, VA + PAGE_SIZE);
		expect_none(root, levels, VA + LARGE_PAGE_SIZE);
		expect_none(root, levels, VA + HUGE_PAGE_SIZE);
		expect_none(root, levels, VA + (1ull << 39));

		/* The result may be anywhere: only tables have to be RAM. */
		host_guest_map(root, levels, 0xffffffff81000000, 0x40000000, LARGE_PAGE_SIZE);
		expect(root, levels, 0xffffffff81000000 + 0x1fedcb, 0x40000000 + 0x1fedcb);
		host_guest_map(root, levels, 0xffffc00000000000, 0x8000000000, HUGE_PAGE_SIZE);
		expect(root, levels, 0xffffc00000000000 + 0x3fedcba9, 0x8000000000 + 0x3fedcba9);
	}
}

static void fifth_level_counts(void **state)
{
	gpa_t root;

	host_guest();
	root = host_guest_root();
	/* With four levels, this is the same index in every table. */
	host_guest_map(root, 5, 0xff01888012345000, 0x124000, PAGE_SIZE);
	expect(root, 5, 0xff01888012345000, 0x124000);
	expect_none(root, 5, 0xff02888012345000);
	expect_none(root, 4, 0xff01888012345000);
}

static void bits_that_are_no_address(void **state)
{
	gpa_t root;
	u64 *entry;

	host_guest();
	root = host_guest_root();
	host_guest_map(root, 4, VA, 0x123000, PAGE_SIZE);
	entry = host_guest_entry(root, 4, VA, 1);
	*entry |= PTE_NX | BIT(7) | BIT(8) | 0x7ff0000000000000; /* PAT, G, software, keys */
	expect(root, 4, VA, 0x123000);
	host_guest_map(root, 4, 0xffffffff81000000, 0x600000, LARGE_PAGE_SIZE);
	entry = host_guest_entry(root, 4, 0xffffffff81000000, 2);
	*entry |= PTE_NX | BIT(12); /* PAT of a large page */
	expect(root, 4, 0xffffffff81000123, 0x600123);
	/* PCID bits of CR3 */
	expect(root | 0xfff, 4, VA, 0x123000);
}

static void tables_that_are_not_ram(void **state)
{
	static const gpa_t bad[] = {
		0x9f000,      0xa0000,	  HOST_OWN,	   HOST_OWN_END - PAGE_SIZE,
		HOST_RAM_END, 0xfee00000, 0xffffffffff000,
	};
	gpa_t root;

	host_guest();
	root = host_guest_root();
	host_guest_map(root, 4, VA, 0x123000, PAGE_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_none(bad[i], 4, VA);
		for (int level = 2; level <= 4; level++) {
			u64 *entry = host_guest_entry(root, 4, VA, level), was = *entry;

			*entry = bad[i] | PTE_P | PTE_W;
			expect_none(root, 4, VA);
			*entry = was;
			expect(root, 4, VA, 0x123000);
		}
	}
}

static void tables_that_point_to_themselves(void **state)
{
	gpa_t root;

	host_guest();
	root = host_guest_root();
	for (u32 i = 0; i < 512; i++)
		((u64 *)host_ram(root))[i] = root | PTE_P;
	expect(root, 4, VA + 5, root + 5);
	expect(root, 5, VA + 5, root + 5);
}

static void changed_entry_at_each_level(void **state)
{
	for (int levels = 4; levels <= 5; levels++) {
		gpa_t root, other;

		host_guest();
		root = host_guest_root();
		other = host_guest_root();
		host_guest_map(root, levels, VA, 0x123000, PAGE_SIZE);
		host_guest_map(other, levels, VA, 0x321000, PAGE_SIZE);
		for (int level = 1; level <= levels; level++) {
			u64 *entry = host_guest_entry(root, levels, VA, level), was = *entry;

			expect(root, levels, VA, 0x123000);
			*entry = *host_guest_entry(other, levels, VA, level);
			expect(root, levels, VA, 0x321000);
			*entry = was & ~PTE_P;
			expect_none(root, levels, VA);
			*entry = was;
			expect(root, levels, VA, 0x123000);
		}
	}
}

static void large_page_split_and_merged(void **state)
{
	const gva_t va = 0xffff888000200000;
	u64 *entry, was;
	gpa_t root;

	host_guest();
	root = host_guest_root();
	host_guest_map(root, 4, va + 0x5000, 0x777000, PAGE_SIZE);
	entry = host_guest_entry(root, 4, va, 2);
	was = *entry;
	expect(root, 4, va + 0x5000, 0x777000);
	*entry = 0x400000 | PTE_P | PTE_LARGE;
	expect(root, 4, va + 0x5000, 0x405000);
	*entry = was;
	expect(root, 4, va + 0x5000, 0x777000);
}

/* The bits that no table translates must repeat the highest that one does. */
static void addresses_that_are_none(void **state)
{
	for (int levels = 4; levels <= 5; levels++) {
		gva_t low = 0x123000, high = levels == 4 ? 0xffff888000000000 : 0xff11000000000000;
		int bits = levels == 4 ? 48 : 57;
		gpa_t root;

		host_guest();
		root = host_guest_root();
		host_guest_map(root, levels, low, 0x300000, PAGE_SIZE);
		host_guest_map(root, levels, high, 0x301000, PAGE_SIZE);
		for (int bit = bits; bit < 64; bit++) {
			expect(root, levels, low, 0x300000);
			expect_none(root, levels, low | BIT(bit));
			expect(root, levels, high, 0x301000);
			expect_none(root, levels, high & ~BIT(bit));
		}
	}
}

/* A page that was a root becomes a leaf's table of another process. */
static void root_used_again(void **state)
{
	gpa_t root, other;

	host_guest();
	root = host_guest_root();
	other = host_guest_root();
	host_guest_map(root, 4, VA, 0x123000, PAGE_SIZE);
	host_guest_map(other, 4, VA, 0x321000, PAGE_SIZE);
	expect(root, 4, VA, 0x123000);
	expect(other, 4, VA, 0x321000);
	memcpy(host_ram(root), host_ram(other), PAGE_SIZE);
	expect(root, 4, VA, 0x321000);
	memset(host_ram(root), 0, PAGE_SIZE);
	expect_none(root, 4, VA);
}

/* In place: pages of 4 KB in RAM only, each of the four entries counts, and no other root does. */
static void walks_in_place(void **state)
{
	gpa_t root, gpa;

	host_guest();
	root = host_guest_root();
	assert_null(walk_quickly(walk_place(0), 0, 0)); /* nothing is remembered yet */
	host_guest_map(root, 4, VA, 0x123000, PAGE_SIZE);
	expect(root, 4, VA + 5, 0x123005);
	assert_ptr_equal(quickly(root, 4, VA), guest_ram_ptr(0x123000));
	assert_ptr_equal(quickly(root, 4, VA + 4095), guest_ram_ptr(0x123fff));
	assert_null(quickly(root, 4, VA + 16 * PAGE_SIZE)); /* in the same place of the memory */
	assert_null(quickly(root, 4, VA - 1));
	assert_null(quickly(root | BIT(3), 4, VA));
	for (int level = 1; level <= 4; level++) {
		u64 *entry = host_guest_entry(root, 4, VA, level), was = *entry;

		*entry ^= BIT(9);
		assert_null(quickly(root, 4, VA));
		*entry = was;
		assert_non_null(quickly(root, 4, VA));
	}
	/* The same CR3, but of an address space of five levels. */
	(void)!guest_walk(root, true, VA, &gpa);
	assert_null(quickly(root, 4, VA));

	host_guest_map(root, 4, VA + PAGE_SIZE, 1ull << 40, PAGE_SIZE); /* a device */
	expect(root, 4, VA + PAGE_SIZE, 1ull << 40);
	assert_null(quickly(root, 4, VA + PAGE_SIZE));
	host_guest_map(root, 4, VA - LARGE_PAGE_SIZE, 0, LARGE_PAGE_SIZE);
	expect(root, 4, VA - LARGE_PAGE_SIZE, VA & (LARGE_PAGE_SIZE - 1));
	assert_null(quickly(root, 4, VA - LARGE_PAGE_SIZE));
}

/* A word goes where the tables lead now, though the page before is that of the last write. */
static void writes_follow_the_tables(void **state)
{
	struct vcpu_paging paging = {0};
	u64 *entry, was;

	host_guest();
	paging.cr3 = host_guest_root();
	host_guest_map(paging.cr3, 4, VA, 0x123000, PAGE_SIZE);
	entry = host_guest_entry(paging.cr3, 4, VA, 1);
	was = *entry;
	for (u64 i = 0; i < 8; i++) {
		gpa_t page = 0x123000 + i % 2 * PAGE_SIZE;

		*entry = was + i % 2 * PAGE_SIZE;
		for (int again = 0; again < 2; again++) {
			assert_int_equal(guest_write_word(&paging, VA + 8 * i, i << again), 0);
			assert_int_equal(*(u64 *)host_ram(page + 8 * i), i << again);
		}
	}
	*entry = 0;
	assert_int_equal(guest_write_word(&paging, VA + 8, 1), -EFAULT);
	*entry = was;
	assert_int_equal(guest_write_word(&paging, VA + PAGE_SIZE - 4, 1), -EFAULT);
}

/* Far more pages than are remembered, many in the same place of the memory. */
static void many_pages(void **state)
{
	gpa_t roots[2];

	host_guest();
	for (int r = 0; r < 2; r++) {
		roots[r] = host_guest_root();
		for (u64 i = 0; i < 200; i++)
			host_guest_map(roots[r], 4, VA + i * PAGE_SIZE, (i * 2 + (u64)r) << 12,
				       PAGE_SIZE);
	}
	for (u64 n = 0; n < 20000; n++) {
		u64 i = n * 7919 % 200, r = n * 104729 / 13 % 2;
		gpa_t gpa;

		assert_int_equal(guest_walk(roots[r], false, VA + i * PAGE_SIZE + n % 4096, &gpa),
				 0);
		assert_int_equal(gpa, ((i * 2 + r) << 12) + n % 4096);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_all_sizes),
		cmocka_unit_test(fifth_level_counts),
		cmocka_unit_test(bits_that_are_no_address),
		cmocka_unit_test(tables_that_are_not_ram),
		cmocka_unit_test(tables_that_point_to_themselves),
		cmocka_unit_test(changed_entry_at_each_level),
		cmocka_unit_test(large_page_split_and_merged),
		cmocka_unit_test(addresses_that_are_none),
		cmocka_unit_test(root_used_again),
		cmocka_unit_test(walks_in_place),
		cmocka_unit_test(writes_follow_the_tables),
		cmocka_unit_test(many_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
