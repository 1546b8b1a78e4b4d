// SPDX-License-Identifier: Apache-2.0
/* Whose code an SMI runs: before CPUs that are locked, that have a place of their own, and that have none. */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/smm.h"
#include "vmm/memory.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"
#include "vmm/x86/traps.h"

#define ENTRY 0x38000
#define STATE 0x3fc00

static struct cpu cpu;
static struct vcpu_ops ops;
static bool default_place; /* the CPU's code for SMM is at ENTRY */
static u32 sent, base;
static u64 hwcr, mtrrcap, smrr;

struct cpu *this_cpu(void)
{
	return &cpu;
}

u32 lapic_id(void)
{
	return 7;
}

void time_wait_us(u32 us)
{
	(void)us;
}

int rdmsr_safe(u32 msr, u64 *value)
{
	*value = msr == 0xc0010015 ? hwcr : msr == 0xfe ? mtrrcap : smrr;
	return msr == 0xc0010015 && ops.vendor_id ? -EINVAL : 0;
}

/* The CPU does what the bytes say: three stores with CS at SMBASE, and back. */
void lapic_send_smi(u32 apic_id)
{
	const u8 *code = host_ram(ENTRY);
	u8 *segment = host_ram(ENTRY - 0x8000);

	assert_int_equal(apic_id, 7);
	sent++;
	if (!default_place)
		return;
	while (memcmp(code, "\x0f\xaa", 2)) {
		u16 offset;
		u32 value;

		if (!memcmp(code, "\x2e\x66\xc7\x06", 4)) {
			memcpy(&offset, code + 4, 2);
			memcpy(&value, code + 6, 4);
			assert_true(offset == 0xfef8 || offset == 0xff00);
			base = value;
			code += 10;
		} else {
			assert_memory_equal(code, "\x2e\xc6\x06", 3);
			memcpy(&offset, code + 3, 2);
			value = code[5];
			code += 6;
			segment[offset] = (u8)value;
			continue;
		}
		memcpy(segment + offset, &value, 4);
	}
}

static int setup(void **state)
{
	host_guest();
	vcpu_ops = &ops;
	ops.vendor_id = 0;
	hwcr = mtrrcap = smrr = 0;
	sent = base = 0;
	default_place = false;
	memset(host_ram(ENTRY), 0x5a, 0x8000);
	host_log_clear();
	return 0;
}

static void ram_is_as_it_was(void)
{
	for (u32 i = 0; i < 0x8000; i++)
		assert_int_equal(*((u8 *)host_ram(ENTRY) + i), 0x5a);
}

/* The line comes where it is not the one before. */
static void says(const char *text)
{
	static char before[100];

	host_slot_faults();
	smm_claim();
	if (!strcmp(before, text)) {
		assert_int_equal(host_log_size, 0);
		ram_is_as_it_was();
		return;
	}
	strcpy(before, text);
	assert_non_null(strstr(host_log, text));
	ram_is_as_it_was();
}

static void open_to_all(void **state)
{
	u32 first;

	default_place = true;
	says("SMM of CPU 0: nobody's before");
	assert_int_equal(sent, 1);
	assert_memory_equal(phys_to_virt(base + 0x8000ull), "\x0f\xaa", 2);
	/* each CPU has a place of its own, and one line is enough */
	first = base;
	host_log_clear();
	smm_claim();
	assert_true(base >= first + 0x8000);
	assert_int_equal(host_log_size, 0);
	ram_is_as_it_was();
}

static void the_firmwares(void **state)
{
	says("the firmware's, and not locked");
	assert_int_equal(sent, 1);
}

static void locked_by_the_firmware(void **state)
{
	hwcr = 1;
	says("locked by the firmware");
	assert_int_equal(sent, 0);
	setup(NULL);
	ops.vendor_id = 1;
	mtrrcap = BIT(11);
	says("SMM of CPU 0: not locked");
	smrr = BIT(11);
	says("locked by the firmware");
	assert_int_equal(sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(open_to_all, setup),
		cmocka_unit_test_setup(the_firmwares, setup),
		cmocka_unit_test_setup(locked_by_the_firmware, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
