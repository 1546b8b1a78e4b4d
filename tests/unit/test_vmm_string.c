// SPDX-License-Identifier: Apache-2.0
/* The vmm's own memory functions, under other names beside the C library's. */
#include "tests/unit/vmm_host.h"

#define memcpy	vmm_memcpy
#define memmove vmm_memmove
#define memset	vmm_memset
#define memcmp	vmm_memcmp
#define strlen	vmm_strlen
#include "vmm/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen

#define SIZE 96

static void pattern(u8 *p)
{
	for (u32 i = 0; i < SIZE; i++)
		p[i] = (u8)(i * 37 + 11);
}

/* Every size and alignment, and not a byte beside it. */
static void copies(void **state)
{
	u8 from[SIZE], got[SIZE], want[SIZE];

	pattern(from);
	for (size_t a = 0; a < 9; a++)
		for (size_t b = 0; b < 9; b++)
			for (size_t n = 0; n < 70; n++) {
				memset(got, 0xee, SIZE);
				memset(want, 0xee, SIZE);
				memcpy(want + a, from + b, n);
				assert_ptr_equal(vmm_memcpy(got + a, from + b, n), got + a);
				assert_memory_equal(got, want, SIZE);
			}
}

static void moves(void **state)
{
	u8 got[SIZE], want[SIZE];

	for (size_t a = 0; a < 24; a++)
		for (size_t b = 0; b < 24; b++)
			for (size_t n = 0; n < 70; n++) {
				pattern(got);
				pattern(want);
				memmove(want + a, want + b, n);
				assert_ptr_equal(vmm_memmove(got + a, got + b, n), got + a);
				assert_memory_equal(got, want, SIZE);
			}
}

static void fills(void **state)
{
	static const int bytes[] = {0, 1, 0xff, 0x80, -1, 0x1234};
	u8 got[SIZE], want[SIZE];

	for (size_t k = 0; k < ARRAY_SIZE(bytes); k++)
		for (size_t a = 0; a < 9; a++)
			for (size_t n = 0; n < 70; n++) {
				pattern(got);
				pattern(want);
				memset(want + a, bytes[k], n);
				assert_ptr_equal(vmm_memset(got + a, bytes[k], n), got + a);
				assert_memory_equal(got, want, SIZE);
			}
}

static void compares(void **state)
{
	u8 a[16] = "0123456789abcde", b[16] = "0123456789abcde";

	assert_int_equal(vmm_memcmp(a, b, 16), 0);
	assert_int_equal(vmm_memcmp(a, b, 0), 0);
	for (size_t i = 0; i < 16; i++) {
		b[i] = 0xff;
		assert_true(vmm_memcmp(a, b, 16) < 0);
		assert_true(vmm_memcmp(b, a, 16) > 0);
		assert_int_equal(vmm_memcmp(a, b, i), 0);
		b[i] = a[i];
	}
	assert_int_equal(vmm_strlen(""), 0);
	assert_int_equal(vmm_strlen("abc"), 3);
}

static void words(void **state)
{
	assert_true(starts_with("mem=4", "mem="));
	assert_true(starts_with("mem", ""));
	assert_false(starts_with("me", "mem"));
	assert_false(starts_with("", "m"));

	assert_string_equal(find_word("mem=48 budget=5", "mem="), "48 budget=5");
	assert_string_equal(find_word("mem=48 budget=5", "budget="), "5");
	assert_string_equal(find_word("  mem=1  mem=2", "mem="), "1  mem=2");
	assert_null(find_word("xmem=48", "mem="));
	assert_null(find_word("a=mem=48", "mem="));
	assert_null(find_word("", "mem="));
	assert_null(find_word("mem", "mem="));
	assert_string_equal(find_word("/a/path @kernel quiet", "@kernel"), " quiet");
	assert_string_equal(find_word("@initrd", "@initrd"), "");
}

static void numbers(void **state)
{
	assert_int_equal(parse_number("0"), 0);
	assert_int_equal(parse_number("48 x"), 48);
	assert_int_equal(parse_number("007"), 7);
	assert_int_equal(parse_number(""), 0);
	assert_int_equal(parse_number("-1"), 0);
	assert_int_equal(parse_number("x1"), 0);
	assert_int_equal(parse_number("922337203685477580"), 922337203685477580);
	/* more than fits: some large number, never a small one */
	assert_true(parse_number("18446744073709551616") > 1ull << 56);
	assert_true(parse_number("99999999999999999999999999999999") > 1ull << 56);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),   cmocka_unit_test(moves), cmocka_unit_test(fills),
		cmocka_unit_test(compares), cmocka_unit_test(words), cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
