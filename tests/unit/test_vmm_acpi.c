// SPDX-License-Identifier: Apache-2.0
/* CPUs, the ports of sleep and hot-pluggable memory by the firmware's tables, whole and damaged. */
#include "tests/unit/vmm_host.h"
#include "boot/boot.h"

#define MEMORY 0x200000u
#define RSDP   0xe1230u
#define ROOT   0x180000u
#define OTHER  0x181000u
#define MADT   0x182000u
#define DSDT   0x183000u

static u8 *memory;

void *boot_ptr(hpa_t pa)
{
	/* Where nothing is, memory reads as zeros. */
	static u8 nothing[64];

	return pa < MEMORY ? memory + pa : nothing;
}

static void put(u32 at, u64 value, u32 size)
{
	memcpy(memory + at, &value, size);
}

static void table(u32 at, const char *signature, u32 length)
{
	memcpy(memory + at, signature, 4);
	put(at + 4, length, 4);
}

static u32 add_lapic(u32 at, u8 id, u32 flags)
{
	put(at, 0, 1);
	put(at + 1, 8, 1);
	put(at + 2, id + 1, 1);
	put(at + 3, id, 1);
	put(at + 4, flags, 4);
	return at + 8;
}

static u32 add_x2apic(u32 at, u32 id, u32 flags)
{
	put(at, 9, 1);
	put(at + 1, 16, 1);
	put(at + 4, id, 4);
	put(at + 8, flags, 4);
	return at + 16;
}

static void make(bool wide, u32 rsdp)
{
	u8 sum = 0;
	u32 end;

	free(memory);
	memory = calloc(1, MEMORY);
	memcpy(memory + rsdp, "RSD PTR ", 8);
	put(rsdp + 15, wide ? 2 : 0, 1);
	put(rsdp + 16, wide ? OTHER : ROOT, 4);
	put(rsdp + 20, 36, 4);
	put(rsdp + 24, wide ? ROOT : 0, 8);
	for (u32 i = 0; i < 20; i++)
		sum = (u8)(sum + memory[rsdp + i]);
	put(rsdp + 8, (u8)(0 - sum), 1);

	table(ROOT, wide ? "XSDT" : "RSDT", wide ? 36 + 16 : 36 + 8);
	put(ROOT + 36, OTHER, wide ? 8 : 4);
	put(ROOT + 36 + (wide ? 8 : 4), MADT, wide ? 8 : 4);
	table(OTHER, "FACP", 116);
	end = add_lapic(MADT + 44, 0, 1);
	end = add_lapic(end, 4, 1);
	put(end, 1, 1); /* an I/O APIC */
	put(end + 1, 12, 1);
	put(end + 4, 0xfec01000, 4);
	put(end + 12, 1, 1); /* one that cannot be */
	put(end + 13, 12, 1);
	end = add_lapic(end + 24, 7, 0); /* not there */
	end = add_x2apic(end, 0x123, 1);
	table(MADT, "APIC", end - MADT);
}

static struct boot_info count(void)
{
	struct boot_info bi = {.cpus = 99};

	acpi_find_cpus(&bi);
	acpi_find_sleep(&bi);
	acpi_find_pci(&bi);
	return bi;
}

static void found(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct boot_info bi;

		make(i & 1, i & 2 ? 0x9fc10 : RSDP);
		put(0x40e, 0x9fc0, 2); /* the EBDA's segment */
		bi = count();
		assert_int_equal(bi.cpus, 3);
		assert_int_equal(bi.apic_ids[0], 0);
		assert_int_equal(bi.apic_ids[1], 4);
		assert_int_equal(bi.apic_ids[2], 0x123);
		assert_int_equal(bi.ioapics_count, 1);
		assert_int_equal(bi.ioapics[0], 0xfec01000);
	}
}

/* Name (name, Package (4) { value, value, 0, 0 }) at the table's end; how: of the number. */
static void add_state(u32 at, const char *name, u32 value, int how)
{
	u32 length, end;

	memcpy(&length, memory + at + 4, 4);
	end = at + length;
	put(end, 0x08, 1);
	if (how & 1)
		put(++end, '\\', 1);
	memcpy(memory + end + 1, name, 4);
	put(end + 5, 0x12, 1);
	if (how & 2) {
		put(end + 6, 0x0040, 2); /* PkgLength of two bytes */
		end++;
	} else {
		put(end + 6, 0x0a, 1);
	}
	put(end + 7, 4, 1);
	put(end + 8, how & 4 ? value << 8 | 0x0a : value, 2);
	put(at + 4, end + 16 - at, 4);
}

/* The FADT's ports and the packages, in any of their forms. */
static void sleep_states(void **state)
{
	for (int how = 0; how < 8; how++) {
		struct boot_info bi;
		u32 s3 = how & 4 ? 5 : 1;

		make(how & 1, RSDP);
		table(OTHER, "FACP", how & 2 ? 148 : 116);
		put(OTHER + (how & 2 ? 140 : 40), DSDT, 4);
		put(OTHER + 56, 0x600, 4);
		put(OTHER + 64, 0x604, 4);
		put(OTHER + 68, 0x12345678, 4); /* no port */
		table(DSDT, "DSDT", 36);
		add_state(DSDT, "_S3_", s3, how);
		add_state(DSDT, "_S4_", 2, 4);
		add_state(DSDT, "_S5_", 0, how & 3);
		bi = count();
		assert_int_equal(bi.sleep_refused, 1 << s3);
		assert_int_equal(bi.pm1[0], 0x600);
		assert_int_equal(bi.pm1[1], 0);
		assert_int_equal(bi.pm1[2], 0x604);
		assert_int_equal(bi.pm1[3], 0);
		/* newer fields count where they name a port */
		table(OTHER, "FACP", 196);
		put(OTHER + 148, 0, 1); /* memory, no port */
		put(OTHER + 148 + 4, 0x500, 8);
		put(OTHER + 160, 1, 1);
		put(OTHER + 160 + 4, 0x700, 8);
		put(OTHER + 172, 1, 1);
		put(OTHER + 184, 1, 1);
		put(OTHER + 184 + 4, 0x100000704, 8);
		put(OTHER + 140, DSDT, 8);
		bi = count();
		assert_int_equal(bi.pm1[0], 0x600);
		assert_int_equal(bi.pm1[1], 0x700);
		assert_int_equal(bi.pm1[2], 0x604);
		assert_int_equal(bi.pm1[3], 0);
		assert_int_equal(bi.sleep_refused, 1 << s3);
		/* a value that means power-off as well may pass */
		add_state(DSDT, "_S2_", 0, how & 3);
		assert_int_equal(count().sleep_refused, 1 << s3);
		add_state(DSDT, "_S1_", s3, how);
		assert_int_equal(count().sleep_refused, 0);
	}
	/* in a table besides, in place of the MADT; a value that cannot be; a package cut off */
	make(false, RSDP);
	put(OTHER + 40, DSDT, 4);
	table(DSDT, "DSDT", 36);
	table(MADT, "SSDT", 36);
	add_state(MADT, "_S3_", 3, 4);
	assert_int_equal(count().sleep_refused, 1 << 3);
	add_state(DSDT, "_S2_", 8, 4);
	assert_int_equal(count().sleep_refused, 1 << 3);
	put(MADT + 4, 36 + 11, 4);
	assert_int_equal(count().sleep_refused, 0);
}

/* SRAT: what is enabled, hot-pluggable, above 4 GB and not known becomes RAM, 64 GB at most. */
static void hot_plug(void **state)
{
	static const struct {
		u64 base, size;
		u32 type, length, flags;
		u64 taken;
	} entries[] = {
		{0x100000000, 0x40000000, 1, 40, 1, 0},
		{0x140000000, 0x40000000, 1, 40, 3, 0x40000000},
		{0x140000000, 0x80000000, 1, 40, 3, 0}, /* the same again */
		{0x80000000, 0x40000000, 1, 40, 3, 0},
		{0x200000000, 0x40000000, 1, 40, 2, 0},
		{0x240000000, 0x40000000, 0, 40, 3, 0},
		{1ull << 52, 0x40000000, 1, 40, 3, 0},
		{0x280000000, 1ull << 50, 1, 40, 3, (1ull << 36) - 0x40000000},
		{1ull << 51, 0x40000000, 1, 40, 3, 0},
	};
	u32 at = MADT + 48, taken = 1;
	struct boot_info bi = {.memory_entries = 1, .memory = {{0, 0x100000000, MEMORY_RAM}}};

	make(true, RSDP);
	table(MADT, "SRAT", 48);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++, at += 40) {
		put(at, entries[i].type | entries[i].length << 8, 2);
		put(at + 8, entries[i].base, 8);
		put(at + 16, entries[i].size, 8);
		put(at + 28, entries[i].flags, 4);
	}
	put(at, 1 | 80 << 8, 2); /* longer than the table */
	table(MADT, "SRAT", at + 40 - MADT);
	acpi_add_hot_plug(&bi);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		if (!entries[i].taken)
			continue;
		assert_int_equal(bi.memory[taken].base, entries[i].base);
		assert_int_equal(bi.memory[taken].size, entries[i].taken);
		assert_int_equal(bi.memory[taken++].type, MEMORY_RAM);
	}
	assert_int_equal(bi.memory_entries, taken);
	assert_int_equal(bi.hot_plug, 1ull << 36);
}

static void no_tables(void **state)
{
	make(false, RSDP);
	put(RSDP, 0, 1);
	assert_int_equal(count().cpus, 0);
	make(false, RSDP);
	memory[RSDP + 8]++; /* checksum */
	assert_int_equal(count().cpus, 0);
	make(false, RSDP);
	put(MADT, 'X', 1);
	assert_int_equal(count().cpus, 0);
	make(false, RSDP);
	put(RSDP + 16, 0, 4); /* no root, and the checksum is right again */
	memory[RSDP + 8] = (u8)(memory[RSDP + 8] + (ROOT >> 16));
	assert_int_equal(count().cpus, 0);
}

static void entries_that_do_not_fit(void **state)
{
	static const u8 lengths[] = {0, 1, 0xff};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		make(true, RSDP);
		put(MADT + 44 + 8 + 1, lengths[i], 1);
		assert_int_equal(count().cpus, 1); /* what was before it */
	}
	make(true, RSDP);
	put(MADT + 4, 44 + 15, 4); /* the table ends within the second */
	assert_int_equal(count().cpus, 1);
	make(true, RSDP);
	put(MADT + 4, 35, 4);
	assert_int_equal(count().cpus, 0);
	/* Gigabytes of entries would be looked at for minutes. */
	make(true, RSDP);
	put(MADT + 4, 0x100001, 4);
	assert_int_equal(count().cpus, 0);
}

static void too_many(void **state)
{
	u32 end = MADT + 44;

	make(true, RSDP);
	for (u8 i = 0; i < MAX_CPUS; i++)
		end = add_lapic(end, i, 1);
	table(MADT, "APIC", end - MADT);
	assert_int_equal(count().cpus, MAX_CPUS);
	end = add_lapic(end, MAX_CPUS, 1);
	table(MADT, "APIC", end - MADT);
	expect_fatal("more than 16 CPUs", count());
}

/* Any one byte of the tables: never more than there is room for, never an access outside. */
static void any_byte(void **state)
{
	for (u32 at = 0; at < 0x90; at++)
		for (u32 value = 0; value < 256; value += 17) {
			make(at & 1, RSDP);
			memory[MADT + at] = (u8)value;
			if (at >= 36 && at < 52)
				memory[ROOT + at] = (u8)value;
			assert_true(count().cpus <= MAX_CPUS);
		}
}

/* Segments and buses come in any order; what is no address of bus 0 is none. */
static void pci_in_memory(void **state)
{
	static const struct {
		u64 base;
		u32 segment, first_bus;
		u64 found;
	} cases[] = {
		{0xb0000000, 0, 0, 0xb0000000},
		{0x40000000000, 0, 0, 0x40000000000},
		{0xb0000000, 1, 0, 0},
		{0xb0000000, 0, 0x80, 0},
		{0xb0001000, 0, 0, 0},
		{0, 0, 0, 0},
		{BIT(52), 0, 0, 0},
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		for (u32 entries = 0; entries <= 2; entries++) {
			make(false, RSDP);
			assert_int_equal(count().pci_bus0, 0);
			put(MADT + 44, 0, 8);
			put(MADT + 52, 9, 8); /* another segment */
			put(MADT + 60, cases[i].base, 8);
			put(MADT + 68, cases[i].segment | cases[i].first_bus << 16, 8);
			table(MADT, "MCFG", 44 + 16 * entries);
			assert_int_equal(count().pci_bus0, entries == 2 ? cases[i].found : 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),    cmocka_unit_test(no_tables),
		cmocka_unit_test(too_many), cmocka_unit_test(entries_that_do_not_fit),
		cmocka_unit_test(any_byte), cmocka_unit_test(sleep_states),
		cmocka_unit_test(hot_plug), cmocka_unit_test(pci_in_memory),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(memory);
	return failed;
}
