// SPDX-License-Identifier: Apache-2.0
/* Whose code an SMI runs: before CPUs that are locked, that have a place of their own, and that
 * have none. */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/smm.h"
#include "vmm/memory.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"
#include "vmm/x86/lapic.h"

#define ENTRY 0x38000
#define STATE 0x3fc00

static struct cpu cpu;
static struct vcpu_ops ops;
static bool default_place; /* the CPU's code for SMM is at ENTRY */
static bool can_lock;
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

u64 time_ns(void)
{
	static u64 now;

	return now += 1000;
}

bool pci_lock_smram(void)
{
	return can_lock;
}

int rdmsr_safe(u32 msr, u64 *value)
{
	*value = msr == 0xc0010015 ? hwcr : msr == 0xfe ? mtrrcap : smrr;
	return msr == 0xc0010015 && ops.vendor_id ? -EINVAL : 0;
}

/* The CPU does what the bytes say: three stores with data segments at 0, and back. */
void lapic_send_smi(u32 apic_id)
{
	const u8 *code = host_ram(ENTRY);
	u32 at, value;

	assert_int_equal(apic_id, 7);
	sent++;
	if (!default_place)
		return;
	while (memcmp(code, "\x0f\xaa", 2)) {
		if (!memcmp(code, "\x67\x66\xc7\x05", 4)) {
			memcpy(&at, code + 4, 4);
			memcpy(&value, code + 8, 4);
			assert_true(at == 0x3fef8 || at == 0x3ff00);
			base = value;
			memcpy(host_ram(at), &value, 4);
			code += 12;
		} else {
			assert_memory_equal(code, "\x67\xc6\x05", 3);
			memcpy(&at, code + 3, 4);
			assert_int_equal(at, STATE);
			*(u8 *)host_ram(at) = code[7];
			code += 8;
		}
	}
}

static int setup(void **state)
{
	host_guest();
	vcpu_ops = &ops;
	ops.vendor_id = 0;
	hwcr = mtrrcap = smrr = 0;
	sent = base = 0;
	default_place = can_lock = smm_open = false;
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

/* Its place is not the default one. SMRAM is closed. */
static void the_firmwares(void **state)
{
	can_lock = true;
	says("the firmware's; SMRAM is locked now");
	assert_int_equal(sent, 1);
	assert_false(smm_open || smm_refuses(0x200));
}

static void left_open(void **state)
{
	says("warning: the firmware has left SMM of CPU 0 open");
	assert_int_equal(sent, 1);
	assert_true(smm_open);
	for (u32 mode = 0; mode < 8; mode++)
		assert_int_equal(smm_refuses(0x10055 | mode << 8), mode == 2);
	assert_non_null(strstr(host_log, "refused: SMI by the local APIC's vector table"));
}

static void locked_by_the_firmware(void **state)
{
	hwcr = 1;
	says("locked by the firmware");
	assert_int_equal(sent, 0);
	setup(NULL);
	ops.vendor_id = 1;
	mtrrcap = BIT(11);
	says("warning: the firmware has left SMM of CPU 0 open");
	assert_true(smm_open);
	setup(NULL);
	ops.vendor_id = 1;
	mtrrcap = smrr = BIT(11);
	says("locked by the firmware");
	assert_int_equal(sent, 0);
	/* what the firmware wants of its own vectors is its business */
	assert_false(smm_open || smm_refuses(0x200));
}

/* Intel's processors get a place in our memory as AMD's do. */
static void both_vendors(void **state)
{
	ops.vendor_id = 1;
	default_place = true;
	says("SMM of CPU 0: nobody's before");
	assert_memory_equal(phys_to_virt(base + 0x8000ull), "\x0f\xaa", 2);
	assert_false(smm_open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(open_to_all, setup),
		cmocka_unit_test_setup(the_firmwares, setup),
		cmocka_unit_test_setup(left_open, setup),
		cmocka_unit_test_setup(both_vendors, setup),
		cmocka_unit_test_setup(locked_by_the_firmware, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
