// SPDX-License-Identifier: Apache-2.0
/* Clocks: dates against the C library's, the CMOS clock in all its forms. Included, for what is
 * static. */
#include <time.h>

#include "tests/unit/vmm_host.h"
#include "vmm/time.c"

static void dates(void **state)
{
	for (int year = 1970; year < 2300; year++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= 28; day += 9) {
				struct tm tm = {.tm_year = year - 1900,
						.tm_mon = month - 1,
						.tm_mday = day};

				assert_int_equal(days_since_epoch((u64)year, (u64)month, (u64)day),
						 timegm(&tm) / 86400);
			}
	assert_int_equal(days_since_epoch(2000, 2, 29) + 1, days_since_epoch(2000, 3, 1));
	assert_int_equal(days_since_epoch(2024, 2, 29) + 1, days_since_epoch(2024, 3, 1));
}

static u8 cmos_bytes[128], cmos_index;
static u32 updating, changes, pit_reads;

static void out(u16 port, u8 value)
{
	if (port == CMOS_INDEX)
		cmos_index = value & 0x7f;
	if (port == PIT_CHANNEL2)
		pit_reads = 0;
}

static u8 in(u16 port)
{
	if (port == PORT_B) {
		/* Six readings in 1 ms: 4.5 GHz. */
		host_tsc += 750000;
		return ++pit_reads > 4 ? 0x20 : 0;
	}
	if (port != CMOS_DATA)
		return 0xff;
	if (cmos_index == 0x0a && updating) {
		updating--;
		return 0x80;
	}
	/* the seconds change while the others are read */
	if (cmos_index == 9 && changes) {
		changes--;
		cmos_bytes[0]++;
	}
	return cmos_bytes[cmos_index];
}

static void set_cmos(u32 y, u32 mo, u32 d, u32 h, u32 mi, u32 s, u8 status_b)
{
	const u32 values[][2] = {{0, s}, {2, mi}, {4, h}, {7, d}, {8, mo}, {9, y % 100}};

	memset(cmos_bytes, 0, sizeof(cmos_bytes));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		u32 v = values[i][1];
		u8 pm = 0;

		if (values[i][0] == 4 && !(status_b & 2)) {
			pm = v >= 12 ? 0x80 : 0;
			v = v % 12 ? v % 12 : 12;
		}
		cmos_bytes[values[i][0]] = (u8)((status_b & 4 ? v : v / 10 << 4 | v % 10) | pm);
	}
	cmos_bytes[0x0b] = status_b;
	host_outb = out;
	host_inb = in;
}

static u64 seconds(u32 y, u32 mo, u32 d, u32 h, u32 mi, u32 s)
{
	struct tm tm = {.tm_year = (int)y - 1900,
			.tm_mon = (int)mo - 1,
			.tm_mday = (int)d,
			.tm_hour = (int)h,
			.tm_min = (int)mi,
			.tm_sec = (int)s};

	return (u64)timegm(&tm);
}

static void cmos_in_all_forms(void **state)
{
	for (u8 form = 0; form < 8; form += 2)
		for (u32 hour = 0; hour < 24; hour++) {
			set_cmos(2031, 12, 28, hour, 59, 37, form);
			assert_int_equal(read_cmos_clock(), seconds(2031, 12, 28, hour, 59, 37));
		}
}

static void cmos_during_an_update(void **state)
{
	set_cmos(2026, 1, 2, 3, 4, 5, 6);
	updating = 3;
	changes = 2;
	assert_int_equal(read_cmos_clock(), seconds(2026, 1, 2, 3, 4, 7));
	assert_int_equal(updating + changes, 0);
}

static void time_stamp_counter(void **state)
{
	u64 before;

	set_cmos(2026, 1, 2, 3, 4, 5, 6);
	host_tsc = 1000000;
	time_init();
	before = time_wall_ns();
	assert_int_equal(before, seconds(2026, 1, 2, 3, 4, 5) * 1000000000);
	assert_int_equal(time_ns(), 0);
	host_tsc += 4500000000;
	assert_in_range(time_ns(), 999000000, 1001000000);
	assert_in_range(time_wall_ns() - before, 999000000, 1001000000);
	/* years without an overflow */
	assert_in_range(tsc_to_ns(4500000000ull * 86400 * 365 * 10) / 1000000000,
			86400ull * 364 * 10, 86400ull * 366 * 10);
}

/* The least that a reading of a port takes; ports of what is not there, or has no clock. */
static u8 in_gated(u16 port)
{
	host_tsc += 4500;
	return port == PORT_B ? 0 : in(port);
}

static u8 in_empty(u16 port)
{
	host_tsc += 4500;
	return 0xff;
}

static u32 leaf_15[3], leaf_16, last;

static struct cpuid_regs tsc_told(u32 leaf, u32 subleaf)
{
	switch (leaf) {
	case 0:
		return (struct cpuid_regs){.eax = last};
	case 0x15:
		return (struct cpuid_regs){leaf_15[0], leaf_15[1], leaf_15[2], 0};
	case 0x16:
		return (struct cpuid_regs){.eax = leaf_16};
	default:
		return (struct cpuid_regs){0};
	}
}

static u64 ticking(void)
{
	return host_tsc += 1000;
}

/* A machine whose PIT is gated, or that has none, starts by what the CPU tells; or says what it
 * lacks. */
static void without_pit(void **state)
{
	for (volatile int empty = 0; empty < 2; empty++) {
		set_cmos(2026, 1, 2, 3, 4, 5, 6);
		host_inb = empty ? in_empty : in_gated;
		host_cpuid = tsc_told;
		host_rdtsc = ticking;
		last = 0x16;
		leaf_15[0] = 2;
		leaf_15[1] = 250;
		leaf_15[2] = 24000000;
		pit_stands = false;
		time_init();
		assert_true(pit_stands);
		assert_in_range(tsc_to_ns(3000000000), 990000000, 1010000000);
		/* Without the crystal's frequency; the time of waits is kept. */
		leaf_15[2] = 0;
		leaf_16 = 4500;
		time_init();
		assert_in_range(tsc_to_ns(4500000000), 990000000, 1010000000);
		/* Neither. */
		pit_stands = false;
		last = 0xd;
		expect_fatal("no clock to start with", time_init());
		last = 0x16;
		leaf_16 = 0;
		expect_fatal("no clock to start with", time_init());
	}
	pit_stands = false;
	host_cpuid = NULL;
	host_rdtsc = NULL;
}

static void without_cmos(void **state)
{
	host_inb = in_empty;
	host_log_clear();
	assert_int_equal(read_cmos_clock(), 0);
	assert_non_null(strstr(host_log, "no clock in the CMOS"));
	/* It never stands still for two readings. */
	set_cmos(2026, 1, 2, 3, 4, 5, 6);
	changes = UINT32_MAX;
	assert_int_equal(read_cmos_clock(), 0);
	changes = 0;
}

static u8 in_once_high(u16 port)
{
	static u32 looks;

	return port == PORT_B && looks++ < 2 ? 0x20 : in(port);
}

/* The host let the wait pass before the first look: again, and not without the PIT. */
static void late(void **state)
{
	set_cmos(2026, 1, 2, 3, 4, 5, 6);
	host_inb = in_once_high;
	pit_reads = 0;
	time_wait_us(1000);
	assert_false(pit_stands);
}

static const u64 *results;
static u32 measured;

static u64 next_result(void)
{
	return results[measured++];
}

/* On a busy host, single measurements are too large. */
static void disturbed(void **state)
{
	static const u64 quiet[] = {1000, 1001, 1}, first[] = {90000, 1000, 1010, 1},
			 most[] = {90000, 5000, 1000, 7000, 40000, 1003, 1};
	u64 never[CALIBRATIONS + 2];

	results = quiet;
	measured = 0;
	assert_int_equal(time_calibrate(next_result), 1000);
	assert_int_equal(measured, 2);
	results = first;
	measured = 0;
	assert_int_equal(time_calibrate(next_result), 1000);
	assert_int_equal(measured, 3);
	results = most;
	measured = 0;
	assert_int_equal(time_calibrate(next_result), 1000);
	assert_int_equal(measured, 6);
	for (u64 i = 0; i < ARRAY_SIZE(never); i++)
		never[i] = (1ull << 40) >> i;
	results = never;
	measured = 0;
	assert_int_equal(time_calibrate(next_result), never[CALIBRATIONS]);
	assert_int_equal(measured, CALIBRATIONS + 1);
}

static u8 in_still(u16 port)
{
	u64 tsc = host_tsc;
	u8 value = in(port);

	host_tsc = tsc;
	return value;
}

static void counter_that_stands(void **state)
{
	set_cmos(2026, 1, 2, 3, 4, 5, 6);
	host_inb = in_still;
	expect_fatal("does not count", time_init());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(cmos_in_all_forms),
		cmocka_unit_test(cmos_during_an_update),
		cmocka_unit_test(time_stamp_counter),
		cmocka_unit_test(disturbed),
		cmocka_unit_test(counter_that_stands),
		cmocka_unit_test(without_pit),
		cmocka_unit_test(without_cmos),
		cmocka_unit_test(late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
