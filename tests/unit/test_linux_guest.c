// SPDX-License-Identifier: Apache-2.0
/* Guest memory: ranges with holes and without, and every way to be out of them. */
#include "tests/unit/linux_guest.h"

static void test_ranges(void **state)
{
	const struct lvmon_ram ranges[] = {{0x1000, 0x2000}, {0x3000, 0x1000}, {0x8000, 0x800}};
	uint8_t *ram = calloc(1, 0x8800);
	struct backend b = {.window = ram, .ram = ranges, .ram_ranges = 3};
	size_t n;
	int i;

	for (i = 0; i < 0x8800; i++)
		ram[i] = (uint8_t)(i >> 8);
	backend = NULL;
	assert_null(guest_ptr(0x1000, 1));
	backend = &b;
	assert_null(guest_ptr(0, 1));
	assert_null(guest_ptr(0xfff, 2));
	assert_ptr_equal(guest_ptr(0x1000, 1), ram + 0x1000);
	assert_ptr_equal(guest_ptr(0x1000, 0x3000), ram + 0x1000); /* two ranges that touch */
	assert_null(guest_ptr(0x1000, 0x3001));
	assert_ptr_equal(guest_ptr(0x3fff, 1), ram + 0x3fff);
	assert_null(guest_ptr(0x3fff, 2));
	assert_null(guest_ptr(0x4000, 1));
	assert_ptr_equal(guest_ptr(0x87ff, 1), ram + 0x87ff);
	assert_null(guest_ptr(0x8800, 1));
	assert_null(guest_ptr(~0ull, 1));
	assert_null(guest_ptr(~0ull, ~0ull));
	assert_null(guest_ptr(0x1000, ~0ull));
	n = 0x10000;
	assert_ptr_equal(guest_span(0x2800, &n), ram + 0x2800);
	assert_int_equal(n, 0x1800);
	n = 16;
	assert_ptr_equal(guest_span(0x2800, &n), ram + 0x2800);
	assert_int_equal(n, 16);
	n = 16;
	assert_null(guest_span(0x5000, &n));
	free(ram);
}

static void test_read(void **state)
{
	uint8_t buf[16];

	guest_start();
	guest_ram[GUEST_RAM - 1] = 7;
	assert_int_equal(guest_read(GUEST_RAM - 16, buf, 16), 0);
	assert_int_equal(buf[15], 7);
	assert_int_equal(guest_read(GUEST_RAM - 15, buf, 16), -EFAULT);
	free(guest_ram);
	guest_ram = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
