// SPDX-License-Identifier: Apache-2.0
/* Ways to reset the machine and to switch A20 off, and registers behind an index port. */
#include "tests/unit/ports_guest.h"
#include "vmm/guest/region.h"

void lapic_pic_written(void)
{
}

static u8 cmos[2][256], pm[256];
static u8 index_of[3]; /* CMOS, extended CMOS, AMD PM */
static u8 system_control;
static u32 writes;
static u16 last_port;
static u8 last_value;
static bool one_register; /* the extended CMOS is the CMOS again */

void region_add(struct region *region)
{
	(void)region;
}

static void on_outb(u16 port, u8 value)
{
	writes++;
	last_port = port;
	last_value = value;
	if (port == 0x70 || (one_register && port == 0x72))
		index_of[0] = value & 0x7f;
	else if (port == 0x71 || (one_register && port == 0x73))
		cmos[0][index_of[0]] = value;
	else if (port == 0x72)
		index_of[1] = value & 0x7f;
	else if (port == 0x73)
		cmos[1][index_of[1]] = value;
	else if (port == 0xcd6)
		index_of[2] = value;
	else if (port == 0xcd7)
		pm[index_of[2]] = value;
	else if (port == 0x92)
		system_control = value;
}

static u8 on_inb(u16 port)
{
	if (port == 0x71)
		return cmos[0][index_of[0]];
	if (port == 0x73)
		return one_register ? cmos[0][index_of[0]] : cmos[1][index_of[1]];
	if (port == 0xcd7)
		return pm[index_of[2]];
	return port == 0x92 ? system_control : 0x1c;
}

static int setup(void **state)
{
	static const struct boot_info none;

	ports_init(&none);
	host_outb = on_outb;
	host_inb = on_inb;
	system_control = 2;
	one_register = false;
	memset(cmos, 0x77, sizeof(cmos));
	memset(pm, 0x77, sizeof(pm));
	return 0;
}

static void write_byte(u16 port, u8 value)
{
	writes = 0;
	guest_out(port, 1, value);
}

/* The write resets the machine, and the firmware starts from its beginning. */
static void resets(u16 port, u8 value)
{
	bool reset_control;

	memset(cmos, 0x77, sizeof(cmos));
	expect_fatal("", write_byte(port, value));
	assert_int_equal(cmos[0][0x0f], 0);
	/* at last the keyboard controller's, for machines without the other register */
	reset_control = last_port == 0x64 && last_value == 0xfe;
	assert_true(reset_control && writes >= 5);
}

static void passes(u16 port, u8 value)
{
	write_byte(port, value);
	assert_true(writes == 1 && last_port == port && last_value == value);
}

static void is_dropped(u16 port, u8 value)
{
	write_byte(port, value);
	assert_int_equal(writes, 0);
}

static void keyboard(void **state)
{
	for (u32 command = 0; command < 0x100; command++) {
		if (command >= 0xf0 && !(command & 1))
			resets(0x64, command);
		else if (command == 0xd1 || command == 0xdd || (command >= 0xf0 && !(command & 2)))
			is_dropped(0x64, command);
		else
			passes(0x64, command);
		/* and data is data, but behind the one command */
		if (command == 0xd1)
			is_dropped(0x60, 0xdd);
		else if (command < 0xf0 || (command & 1))
			passes(0x60, 0xdd);
		passes(0x60, 0xfe);
	}
	is_dropped(0x64, 0xd1);
	resets(0x60, 0xfe);
	/* another command comes in between */
	is_dropped(0x64, 0xd1);
	passes(0x64, 0xd4);
	passes(0x60, 0xf2);
	assert_int_equal(guest_in(0x60, 1), 0x1c);
	assert_int_equal(guest_in(0x64, 1), 0x1c);
	/* no wider access is one of these registers' */
	writes = 0;
	guest_out(0x64, 2, 0xfefe);
	guest_out(0x61, 4, 0xfefefefe);
	guest_access(false, 0x64, 1, true);
	assert_int_equal(writes, 0);
}

static void system_control_a(void **state)
{
	resets(0x92, 1);
	resets(0x92, 3);
	write_byte(0x92, 0);
	assert_true(writes == 1 && system_control == 2);
	write_byte(0x92, 0xec);
	assert_int_equal(system_control, 0xee);
	assert_int_equal(guest_in(0x92, 1), 0xee);
	/* it is a change from 0 to 1 that resets */
	system_control = 3;
	write_byte(0x92, 0x03);
	assert_int_equal(system_control, 2);
}

static void reset_control(void **state)
{
	for (u32 value = 0; value < 0x100; value++) {
		if (value & 4)
			resets(0xcf9, value);
		else
			passes(0xcf9, value);
	}
	/* and nothing wider */
	writes = 0;
	guest_out(0xcf9, 2, 0x0606);
	guest_out(0xcf8, 2, 0x0606);
	assert_int_equal(writes, 0);
}

static void write_indexed(u16 port, u8 index, u8 value)
{
	guest_out(port, 1, index);
	guest_out(port + 1, 1, value);
}

static u8 read_indexed(u16 port, u8 index)
{
	guest_out(port, 1, index);
	return guest_in(port + 1, 1);
}

/* All of the CMOS works; the machine's shutdown status stays, and the guest has its own. */
static void shutdown_status(void **state)
{
	for (u32 index = 0; index < 0x100; index++) {
		cmos[0][index & 0x7f] = 0x77;
		announced = 0;
		write_indexed(0x70, index, 0x0a);
		assert_int_equal(cmos[0][index & 0x7f], (index & 0x7f) == 0x0f ? 0x77 : 0x0a);
		assert_int_equal(announced, (index & 0x7f) == 0x0f);
		assert_int_equal(read_indexed(0x70, index), 0x0a);
		assert_int_equal(announced, (index & 0x7f) == 0x0f);
	}
	/* index and data at once */
	announced = 0;
	guest_out(0x70, 2, 0x0510);
	assert_true(cmos[0][0x10] == 5 && announced == 0);
	guest_out(0x70, 2, 0x050f);
	assert_true(cmos[0][0x0f] == 0x77 && announced == 1);
	assert_int_equal(read_indexed(0x70, 0x0f), 5);
	/* nobody does these; nothing is there for them */
	guest_out(0x6f, 4, 0x0a0f0a0f);
	guest_out(0x71, 2, 0x0a0f);
	guest_out(0x74, 1, 0x0f);
	guest_out(0x75, 1, 0x0a);
	guest_access(false, 0x71, 1, true);
	assert_true(cmos[0][0x0f] == 0x77 && announced == 1);
}

/* By the second pair of ports, where that is a CMOS of its own and where it is not. */
static void extended_cmos(void **state)
{
	for (int aliased = 0; aliased < 2; aliased++) {
		one_register = aliased;
		write_indexed(0x72, 0x10, 1);
		assert_int_equal(cmos[!aliased][0x10], 1);
		write_indexed(0x72, 0x0f, 1);
		assert_int_equal(cmos[!aliased][0x0f], 0x77);
		/* index by one pair, data by the other */
		guest_out(0x70, 1, 0x20);
		guest_out(0x72, 1, 0x0f);
		guest_out(0x71, 1, 0x0a);
		assert_true(cmos[0][0x0f] == 0x77 && cmos[0][0x20] == 0x0a);
		guest_out(0x72, 1, 0x20);
		guest_out(0x70, 1, 0x0f);
		guest_out(0x73, 1, 0x0a);
		assert_int_equal(cmos[0][0x0f], 0x77);
	}
}

static void power_management(void **state)
{
	for (u32 index = 0; index < 0x100; index++) {
		bool kept = (index >= 0x20 && index <= 0x2b) || (index >= 0x34 && index <= 0x37) ||
			    (index >= 0x60 && index <= 0x6f) || (index >= 0x74 && index <= 0x77);

		write_indexed(0xcd6, index, 0x12);
		assert_int_equal(pm[index], kept ? 0x77 : 0x12);
		assert_int_equal(read_indexed(0xcd6, index), pm[index]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keyboard, setup),
		cmocka_unit_test_setup(system_control_a, setup),
		cmocka_unit_test_setup(reset_control, setup),
		cmocka_unit_test_setup(shutdown_status, setup),
		cmocka_unit_test_setup(extended_cmos, setup),
		cmocka_unit_test_setup(power_management, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
