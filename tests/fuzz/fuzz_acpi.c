// SPDX-License-Identifier: Apache-2.0
/* The firmware's tables of CPUs and of sleep: pieces of the input all over memory. */
#include "tests/fuzz/machine.h"

#define EBDA  0x9fc00u
#define BIOS  0xe0000u
#define TABLE 0x180000u

static void set_checksum(u8 *rsdp)
{
	u8 sum = 0;

	rsdp[8] = 0;
	for (int i = 0; i < 20; i++)
		sum = (u8)(sum + rsdp[i]);
	rsdp[8] = (u8)(0 - sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u64 table[] = {EBDA,	  BIOS,	 TABLE,	    TABLE + 0x100,
				    LOW_4GB - 64, 0x40e, 0xfee00000};
	static struct boot_info bi;
	struct input in = input_of(data, size);

	machine_start();
	memset(&bi, 0xff, sizeof(bi));
	while (input_left(&in)) {
		u64 at = take_number(&in, table, 7) % (LOW_4GB - 256);
		u8 how = (u8)take(&in, 1), n = (u8)take(&in, 1);

		take_bytes(&in, machine + at, n);
		if (how & 1)
			memcpy(machine + at, "RSD PTR ", 8);
		if (how & 2)
			memcpy(machine + at, "APIC", 4);
		if (how & 4)
			memcpy(machine + at, "FACP", 4);
		if (how & 1)
			set_checksum(machine + at);
	}
	if (ended_fatally()) {
		must(strstr(host_log, "more than 16 CPUs"));
		return 0;
	}
	acpi_find_cpus(&bi);
	must(bi.cpus <= MAX_CPUS);
	acpi_find_sleep(&bi);
	for (u32 i = 0; i < ARRAY_SIZE(bi.pm1); i++)
		must(!(bi.pm1[i] & 1));
	return 0;
}

static u8 seed[512];
static size_t used;

static void piece(u32 at, u8 how, const void *bytes, u8 size)
{
	seed[used++] = 3;
	memcpy(seed + used, &(u64){at}, 8);
	used += 8;
	seed[used++] = how;
	seed[used++] = size;
	memcpy(seed + used, bytes, size);
	used += size;
}

static void with(u8 revision, u32 rsdp_at)
{
	u8 rsdp[36] = {0}, root[52] = {0}, madt[44 + 8 + 16 + 12] = {0};

	used = 0;
	rsdp[15] = revision;
	memcpy(rsdp + 16, &(u32){TABLE}, 4);
	memcpy(rsdp + 24, &(u64){revision ? TABLE : 0}, 8);
	root[4] = revision ? 44 : 40;
	memcpy(root + 36, &(u32){TABLE + 0x100}, 4);
	madt[4] = sizeof(madt);
	memcpy(madt + 44, "\0\10\0\1\1\0\0\0", 8);
	memcpy(madt + 52, "\11\20\0\0\7\0\0\0\1\0\0\0\0\0\0\0", 16);
	memcpy(madt + 68, "\1\14", 2);
	piece(rsdp_at, 1, rsdp, sizeof(rsdp));
	piece(TABLE, 0, root, sizeof(root));
	piece(TABLE + 0x100, 2, madt, sizeof(madt));
	if (rsdp_at == EBDA)
		piece(0x40e, 0, &(u16){EBDA >> 4}, 2);
	fuzz_seed(seed, used);
}

void fuzz_seeds(void)
{
	with(0, BIOS);
	with(2, BIOS + 0x120);
	with(2, EBDA);
}
