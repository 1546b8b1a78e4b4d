// SPDX-License-Identifier: Apache-2.0
/* The guest's accesses to the ports that it does not reach by itself. */
#include "tests/unit/vmm_host.h"
#include "vmm/guest/region.h"
#include "vmm/log.h"
#include "vmm/smp.h"
#include "vmm/vcpu.h"

#define STATUS_A  0x600
#define STATUS_B  0x700
#define CONTROL_A 0x604
#define CONTROL_B 0x704
#define WAK	  0x8000
#define SLEEP(t)  (0x2000 | (t) << 10)

static const struct boot_info machine = {.pm1 = {STATUS_A, STATUS_B, CONTROL_A, CONTROL_B},
					 .sleep_refused = 1 << 5 | 1 << 1};
static struct vcpu vcpu;
static u32 writes;
static u16 last_port, last_value;

static void on_outw_or_b(u16 port, u16 value)
{
	writes++;
	last_port = port;
	last_value = value;
}

void apic_init_announced(struct cpu *cpu)
{
	(void)cpu;
}

void region_add(struct region *region)
{
	(void)region;
}

static u32 pic_writes;

void lapic_pic_written(void)
{
	pic_writes++;
}

static void on_outb(u16 port, u8 value)
{
	on_outw_or_b(port, value);
}

static void on_outw(u16 port, u16 value)
{
	on_outw_or_b(port, value);
}

static u16 on_inw(u16 port)
{
	return port == STATUS_A ? 0x0101 : 0x0202;
}

static int setup(void **state)
{
	ports_init(&machine);
	host_outw = on_outw;
	host_inw = on_inw;
	host_outb = on_outb;
	return 0;
}

static void access(bool in, u16 port, u8 size, bool string)
{
	struct vm_exit exit = {
		.kind = EXIT_IO,
		.io = {.port = port, .size = size, .in = in, .string = string, .next_rip = 0x1234}};

	vcpu.regs[LVMON_RIP] = 0;
	writes = 0;
	ports_access(&vcpu, &exit);
	assert_int_equal(vcpu.regs[LVMON_RIP], 0x1234);
}

static u64 read(u16 port, u8 size)
{
	vcpu.regs[LVMON_RAX] = 0x1122334455667788;
	access(true, port, size, false);
	assert_int_equal(writes, 0);
	return vcpu.regs[LVMON_RAX];
}

static void write(u16 port, u64 value)
{
	vcpu.regs[LVMON_RAX] = value;
	access(false, port, 2, false);
	assert_int_equal(vcpu.regs[LVMON_RAX], value);
}

/* Each value of SLP_TYP, at both registers, with and without SLP_EN. */
static void sleep_is_refused(void **state)
{
	for (u32 i = 0; i < 16; i++) {
		u16 port = i & 8 ? CONTROL_B : CONTROL_A, type = i & 7;
		bool refused = type == 5 || type == 1;

		write(port, 0xffff0000 | type << 10 | 0x1007);
		assert_int_equal(writes, 1);
		assert_int_equal(last_value, type << 10 | 0x1007);
		assert_int_equal(read(STATUS_A, 2) & 0xffff, 0x0101);
		write(port, SLEEP(type) | 1);
		assert_int_equal(writes, 1);
		assert_int_equal(last_port, port);
		assert_int_equal(last_value, (refused ? type << 10 : SLEEP(type)) | 1);
		/* awake, until the guest has taken note */
		assert_int_equal(read(STATUS_A, 2), 0x1122334455660101 | (refused ? WAK : 0));
		assert_int_equal(read(STATUS_B, 2), 0x1122334455660202 | (refused ? WAK : 0));
		write(STATUS_A, 0x0001);
		assert_int_equal(read(STATUS_A, 2) & WAK, refused ? WAK : 0);
		write(STATUS_A, WAK);
		assert_int_equal(last_value, WAK);
		assert_int_equal(read(STATUS_A, 2) & WAK, 0);
	}
}

/* A guest that tries for ever is refused for ever, and does not fill the log. */
static void log_is_not_filled(void **state)
{
	u32 lines = 0;

	host_log_clear();
	for (int i = 0; i < 1000; i++) {
		write(CONTROL_A, SLEEP(5));
		assert_int_equal(last_value, 5 << 10);
	}
	for (const char *at = host_log; (at = strstr(at, "refused: ")); at++)
		lines++;
	assert_in_range(lines, 1, 100);
	write(STATUS_B, WAK);
	assert_int_equal(read(STATUS_A, 2) & WAK, 0);
}

/* Whatever is written to an 8259 is done, and lapic.c is to look at its masks again. */
static void interrupt_controllers(void **state)
{
	static const u16 ports[] = {0x20, 0x21, 0xa0, 0xa1};

	for (u32 i = 0; i < ARRAY_SIZE(ports); i++) {
		pic_writes = 0;
		vcpu.regs[LVMON_RAX] = 0x11;
		access(false, ports[i], 1, false);
		assert_int_equal(writes, 1);
		assert_true(last_port == ports[i] && last_value == 0x11);
		assert_int_equal(pic_writes, 1);
	}
	access(true, 0x21, 1, false);
	access(false, 0x20, 2, false);
	assert_int_equal(pic_writes, 1);
	assert_int_equal(writes, 0);
}

/* Our own port, other widths, strings: nothing is there, and nothing is written. */
static void nothing_there(void **state)
{
	assert_int_equal(read(LOG_PORT, 1), 0x11223344556677ff);
	assert_int_equal(read(LOG_PORT - 1, 2), 0x112233445566ffff);
	assert_int_equal(read(LOG_PORT - 3, 4), 0xffffffff);
	assert_int_equal(read(0x511, 1), 0x11223344556677ff);
	assert_int_equal(read(0x514, 4), 0xffffffff);
	for (u16 port = 0x50d; port <= 0x51b; port++) {
		vcpu.regs[LVMON_RAX] = 0;
		access(false, port, 4, false);
		assert_int_equal(writes, 0);
	}
	assert_int_equal(read(CONTROL_A + 1, 1), 0x11223344556677ff);
	assert_int_equal(read(CONTROL_A, 4), 0xffffffff);
	for (u16 port = CONTROL_A - 3; port <= CONTROL_A + 1; port++)
		for (u8 size = 1; size <= 4; size *= 2)
			for (int string = 0; string < 2; string++) {
				if (port == CONTROL_A && size == 2 && !string)
					continue;
				vcpu.regs[LVMON_RAX] = UINT64_MAX;
				access(false, port, size, string);
				assert_int_equal(writes, 0);
			}
	vcpu.regs[LVMON_RAX] = 7;
	access(true, CONTROL_A, 2, true);
	assert_int_equal(vcpu.regs[LVMON_RAX], 7);
}

static u32 bits_of(const u8 *map)
{
	u32 bits = 0;

	for (u32 i = 0; i < 8192; i++)
		bits += (u32)__builtin_popcount(map[i]);
	return bits;
}

static void bitmap(void **state)
{
	/* keyboard, CMOS and its aliases, system control A, log, fw_cfg, AMD's PM, PCI
	 * configuration */
	static const u16 ports[] = {0x20,  0x21,  0xa0,	 0xa1,	0x60,  0x64,  0x70,  0x71,
				    0x72,  0x73,  0x74,	 0x75,	0x76,  0x77,  0x92,  LOG_PORT,
				    0x510, 0x511, 0x512, 0x513, 0x514, 0x515, 0x516, 0x517,
				    0x518, 0x519, 0x51a, 0x51b, 0xcd6, 0xcd7, 0xcf8, 0xcf9,
				    0xcfa, 0xcfb, 0xcfc, 0xcfd, 0xcfe, 0xcff};
	static const struct boot_info none;
	u8 map[8192] = {0};

	ports_init(&none);
	ports_intercept(map);
	assert_int_equal(bits_of(map), ARRAY_SIZE(ports));
	for (u32 i = 0; i < ARRAY_SIZE(ports); i++)
		assert_true(map[ports[i] / 8] >> ports[i] % 8 & 1);
	ports_init(&machine);
	ports_intercept(map);
	assert_int_equal(bits_of(map), ARRAY_SIZE(ports) + 8);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(map[machine.pm1[i] / 8] >> machine.pm1[i] % 8 & 3, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sleep_is_refused, setup),
		cmocka_unit_test_setup(log_is_not_filled, setup),
		cmocka_unit_test_setup(interrupt_controllers, setup),
		cmocka_unit_test_setup(nothing_there, setup),
		cmocka_unit_test_setup(bitmap, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
