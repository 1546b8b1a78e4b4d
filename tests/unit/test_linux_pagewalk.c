// SPDX-License-Identifier: Apache-2.0
/* Page tables: every size of page, four and five levels, and tables made to harm the walker. */
#include "tests/unit/linux_guest.h"

#define P	 1ull
#define RW	 2ull
#define PSE	 0x80ull
#define PROTNONE 0x100ull
#define NX	 (1ull << 63)
#define ADDRESS	 0x000ffffffffff000ull

#define ROOT 0x1000ull
#define VA   0x00007f1234567000ull

static void entry(gpa_t table, gva_t va, int level, uint64_t value)
{
	memcpy(guest_ram + table + (va >> (12 + 9 * (level - 1)) & 511) * 8, &value, 8);
}

static int set_up(void **state)
{
	guest_start();
	entry(ROOT, VA, 4, 0x2000 | P | RW);
	entry(0x2000, VA, 3, 0x3000 | P | RW);
	entry(0x3000, VA, 2, 0x4000 | P | RW);
	entry(0x4000, VA, 1, 0x9000 | P | NX);
	return 0;
}

static int tear_down(void **state)
{
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static void test_small(void **state)
{
	struct mapping m;

	assert_int_equal(page_walk(ROOT, 4, VA + 0x123, false, &m), 0);
	assert_true(m.gpa == 0x9123 && m.left == 0x1000 - 0x123 && m.size == 0x1000);
	/* flags in CR3's low bits and in its high ones do not matter */
	assert_int_equal(page_walk(ROOT | 0xfff | NX, 4, VA, false, &m), 0);
	assert_int_equal(page_walk(ROOT, 4, VA + 0x1000, false, &m), -ENOENT);
	assert_int_equal(page_walk(ROOT, 4, VA + GB, false, &m), -ENOENT);
	assert_int_equal(page_walk(ROOT, 4, VA | 1ull << 60, false, &m), -EFAULT);
	assert_int_equal(page_walk(ROOT, 4, 0x0000800000000000ull, false, &m), -EFAULT);
	assert_int_equal(page_walk(ROOT, 3, VA, false, &m), -EFAULT);
}

static void test_large(void **state)
{
	struct mapping m;

	entry(0x3000, VA, 2, 0x600000 | P | PSE | 1 << 12); /* bit 12 is PAT here */
	assert_int_equal(page_walk(ROOT, 4, VA + 5, false, &m), 0);
	assert_true(m.gpa == 0x600000 + (VA + 5) % (2 * MB) && m.size == 2 * MB);
	assert_true(m.left == 2 * MB - (VA + 5) % (2 * MB));
	entry(0x2000, VA, 3, 3 * GB | P | PSE);
	assert_int_equal(page_walk(ROOT, 4, VA + 5, false, &m), 0);
	assert_true(m.gpa == 3 * GB + (VA + 5) % GB && m.size == GB);
	/* not a large page at the fourth level: reserved, a table as far as we go */
	entry(ROOT, VA, 4, 0x2000 | P | PSE);
	assert_int_equal(page_walk(ROOT, 4, VA + 5, false, &m), 0);
	assert_true(m.size == GB);
}

static void test_five_levels(void **state)
{
	gva_t high = VA | 3ull << 48;
	struct mapping m;

	entry(0x8000, high, 5, ROOT | P);
	assert_int_equal(page_walk(0x8000, 5, high + 1, false, &m), 0);
	assert_true(m.gpa == 0x9001);
	assert_int_equal(page_walk(0x8000, 5, VA, false, &m), -ENOENT);
	assert_int_equal(page_walk(ROOT, 4, high, false, &m), -EFAULT);
	assert_int_equal(page_walk(0x8000, 5, 1ull << 56, false, &m), -EFAULT);
}

/* Absent, but memory: only for user memory, and with the address inverted. */
static void test_prot_none(void **state)
{
	struct mapping m;

	entry(0x4000, VA, 1, (0xa000 ^ ADDRESS) | PROTNONE | RW);
	assert_int_equal(page_walk(ROOT, 4, VA + 3, true, &m), 0);
	assert_true(m.gpa == 0xa003);
	assert_int_equal(page_walk(ROOT, 4, VA + 3, false, &m), -EFAULT);
	entry(0x3000, VA, 2, (0x400000 ^ ADDRESS) | PROTNONE | PSE);
	assert_int_equal(page_walk(ROOT, 4, VA + 3, true, &m), 0);
	assert_true(m.gpa == 0x400000 + (VA + 3) % (2 * MB) && m.size == 2 * MB);
	/* a swap entry, and a huge page that is being split */
	entry(0x3000, VA, 2, 0x4000 | P);
	entry(0x4000, VA, 1, 0xabcd000000000200ull);
	assert_int_equal(page_walk(ROOT, 4, VA + 3, true, &m), -ENXIO);
	entry(0x3000, VA, 2, (0x400000 ^ ADDRESS) | PSE);
	assert_int_equal(page_walk(ROOT, 4, VA + 3, true, &m), -ENXIO);
	/* no table hangs off an entry that is not present */
	entry(0x3000, VA, 2, (0x4000 ^ ADDRESS) | PROTNONE);
	assert_int_equal(page_walk(ROOT, 4, VA + 3, true, &m), -ENXIO);
}

static void test_hostile(void **state)
{
	struct mapping m;
	int i;

	/* a table that is its own entry, on all levels */
	entry(ROOT, VA, 4, ROOT | P);
	entry(ROOT, VA, 3, ROOT | P);
	entry(ROOT, VA, 2, ROOT | P);
	entry(ROOT, VA, 1, ROOT | P);
	assert_int_equal(page_walk(ROOT, 4, VA, false, &m), 0);
	assert_true(m.gpa == ROOT);
	/* tables outside of RAM */
	assert_int_equal(page_walk(GUEST_RAM, 4, VA, false, &m), -EFAULT);
	entry(ROOT, VA, 4, (GUEST_RAM + 0x1000) | P);
	assert_int_equal(page_walk(ROOT, 4, VA, false, &m), -EFAULT);
	entry(ROOT, VA, 4, ADDRESS | P);
	assert_int_equal(page_walk(ROOT, 4, VA, false, &m), -EFAULT);
	for (i = 0; i < 20000; i++) {
		uint64_t v = (uint64_t)noise() << 40 ^ (uint64_t)noise() << 10 ^ noise();

		v = i % 2 ? v : (v & (GUEST_RAM - 1)) | P;
		memcpy(guest_ram + 8ull * (noise() % (GUEST_RAM / 8)), &v, 8);
		v = (uint64_t)noise() << 17 ^ noise();
		(void)!page_walk(noise() % (2 * GUEST_RAM), 4 + i % 2, v, i % 3, &m);
	}
}

/* Kernel memory: the image by subtraction, the rest by page tables, across their borders. */
static void test_kernel_read(void **state)
{
	gva_t direct = 0xffff888000000000ull;
	uint8_t buf[0x3000];
	gpa_t gpa;

	guest_kernel.root = ROOT;
	entry(ROOT, direct, 4, 0x20000 | P);
	entry(0x20000, direct, 3, 0x21000 | P);
	entry(0x21000, direct, 2, 0x22000 | P);
	entry(0x22000, direct, 1, 0x31000 | P);
	entry(0x22000, direct + 0x1000, 1, 0x30000 | P);
	guest_ram[0x31fff] = 1;
	guest_ram[0x30000] = 2;
	assert_int_equal(linux_kva_to_gpa(direct + 0x1010, &gpa), 0);
	assert_true(gpa == 0x30010);
	assert_int_equal(linux_kread(direct + 0xffe, buf, 4), 0);
	assert_true(buf[1] == 1 && buf[2] == 2);
	assert_int_equal(linux_kread(direct, buf, 0x2000), 0);
	assert_int_equal(linux_kread(direct, buf, 0x2001), -EFAULT);
	assert_int_equal(linux_kva_to_gpa(GUEST_BASE + 0x31fff, &gpa), 0);
	assert_true(gpa == 0x31fff);
	assert_int_equal(linux_kread(GUEST_BASE + GUEST_RAM - 4, buf, 4), 0);
	assert_int_equal(linux_kread(GUEST_BASE + GUEST_RAM - 4, buf, 5), -EFAULT);
	assert_int_equal(linux_kread(~0ull - 3, buf, 8), -EFAULT);
	assert_int_equal(linux_kread(0, buf, 8), -EFAULT);
	kernel = NULL;
	assert_int_equal(linux_kread(direct, buf, 1), -ENODATA);
}

/* What a walk found holds until the guest runs, and not longer. */
static void test_remembered(void **state)
{
	gva_t direct = 0xffff888000000000ull;
	uint8_t byte;

	guest_kernel.root = ROOT;
	entry(ROOT, direct, 4, 0x20000 | P);
	entry(0x20000, direct, 3, 0x21000 | P);
	entry(0x21000, direct, 2, 0x22000 | P);
	entry(0x22000, direct, 1, 0x31000 | P);
	guest_ram[0x31008] = 1;
	guest_ram[0x30008] = 2;
	assert_int_equal(linux_kread(direct + 8, &byte, 1), 0);
	assert_int_equal(byte, 1);
	/* another page in the same place of the memory, and one that has none */
	assert_int_equal(linux_kread(direct + 8 + 256 * PAGE_SIZE, &byte, 1), -EFAULT);
	assert_int_equal(linux_kread(direct + 8 + 512 * GB, &byte, 1), -EFAULT);
	entry(0x22000, direct, 1, 0x30000 | P);
	linux_guest_ran();
	assert_int_equal(linux_kread(direct + 8, &byte, 1), 0);
	assert_int_equal(byte, 2);
	entry(0x22000, direct, 1, GUEST_RAM | P);
	linux_guest_ran();
	assert_int_equal(linux_kread(direct + 8, &byte, 1), -EFAULT);
	assert_int_equal(linux_kread(direct + 8, &byte, 1), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_small, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_large, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_five_levels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_prot_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kernel_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_remembered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
