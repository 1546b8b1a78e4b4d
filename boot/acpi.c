/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the firmware's tables (ACPI 6.4, 5.2): how many CPUs there are, and their APIC ids, and
 * where I/O APICs are; the ports by which a guest puts the machine to sleep; where PCI
 * configuration is in memory; where memory may be plugged in later. Runs before the guest, on the
 * firmware's own tables; every length is checked all the same.
 */
#include "boot/boot.h"
#include "vmm/log.h"
#include "vmm/string.h"

#define LOW_1MB	      0x100000u
#define LOW_4GB	      0x100000000ull
#define TABLE_MAX     0x100000u /* of any table read here, or it is damaged */
#define EBDA_SEGMENT  0x40eu
#define MADT_LAPIC    0
#define MADT_IOAPIC   1
#define MADT_X2APIC   9
#define LAPIC_ENABLED 1u

/* Offsets in the FADT: ACPI 6.4, table 5.9 */
#define FADT_DSDT	40
#define FADT_PM1A_EVT	56
#define FADT_PM1B_EVT	60
#define FADT_PM1A_CNT	64
#define FADT_PM1B_CNT	68
#define FADT_X_DSDT	140
#define FADT_X_PM1A_EVT 148
#define FADT_X_PM1B_EVT 160
#define FADT_X_PM1A_CNT 172
#define FADT_X_PM1B_CNT 184
/* In a Generic Address Structure: ACPI 6.4, table 5.1 */
#define GAS_SYSTEM_IO 1
#define GAS_ADDRESS   4

/* AML: ACPI 6.4, 20.2 */
#define AML_ZERO    0x00
#define AML_ONE	    0x01
#define AML_BYTE    0x0a
#define AML_PACKAGE 0x12
/* More SSDTs than any machine has; each is searched byte by byte. */
#define SSDT_MAX 64

/* MCFG: PCI Firmware Specification 3.2, 4.1.2 */
#define MCFG_ENTRIES	44
#define MCFG_ENTRY_SIZE 16
#define MCFG_SEGMENT	8
#define MCFG_FIRST_BUS	10

/* SRAT: ACPI 6.4, 5.2.16.2 */
#define SRAT_ENTRIES  48
#define SRAT_MEMORY   1
#define SRAT_ENABLED  1u
#define SRAT_HOT_PLUG 2u
/* What the window's page tables may take: 4 KB a GB. */
#define HOT_PLUG_MAX	(BIT(30) * 64)
#define HOT_PLUG_RANGES 8

struct packed rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
};

struct packed table {
	char signature[4];
	u32 length;
	u8 rest[28];
};

static const struct rsdp *find_rsdp(hpa_t from, hpa_t to)
{
	for (hpa_t at = from; at + sizeof(struct rsdp) <= to; at += 16) {
		const u8 *bytes = boot_ptr(at);
		u8 sum = 0;

		if (memcmp(bytes, "RSD PTR ", 8))
			continue;
		for (int i = 0; i < 20; i++)
			sum = (u8)(sum + bytes[i]);
		if (!sum)
			return boot_ptr(at);
	}
	return NULL;
}

/* The table at pa when it lies where it can be read and is of a sane length; NULL otherwise. */
static const struct table *table_at(u64 pa)
{
	const struct table *t = boot_ptr(pa);

	if (!pa || pa >= LOW_4GB - sizeof(*t) || t->length < sizeof(*t) || t->length > TABLE_MAX ||
	    t->length > LOW_4GB - pa)
		return NULL;
	return t;
}

/* The n-th table with this signature; NULL: there are not so many. */
static const struct table *find_table(const struct rsdp *rsdp, const char *signature, u32 n)
{
	bool wide = rsdp->revision >= 2 && rsdp->xsdt;
	const struct table *root = table_at(wide ? rsdp->xsdt : rsdp->rsdt);
	u32 size = wide ? 8 : 4;

	if (!root)
		return NULL;
	for (u32 at = sizeof(*root); at + size <= root->length; at += size) {
		u64 pa = 0;
		const struct table *t;

		memcpy(&pa, (const u8 *)root + at, size);
		t = table_at(pa);
		if (t && !memcmp(t->signature, signature, 4) && !n--)
			return t;
	}
	return NULL;
}

static void add_cpu(struct boot_info *bi, u32 apic_id, u32 flags)
{
	if (!(flags & LAPIC_ENABLED)) {
		bi->cpus_disabled += apic_id != 0xff && apic_id != UINT32_MAX; /* rows left empty */
		return;
	}
	if (bi->cpus == MAX_CPUS)
		fatal("this machine has more than %u CPUs; give it fewer (in QEMU: -smp)",
		      MAX_CPUS);
	bi->apic_ids[bi->cpus++] = apic_id;
}

static void add_ioapic(struct boot_info *bi, u32 address)
{
	if (address < LOW_1MB)
		return;
	if (bi->ioapics_count == MAX_IOAPICS)
		fatal("this machine has more than %u I/O APICs", MAX_IOAPICS);
	bi->ioapics[bi->ioapics_count++] = address;
}

/* Number at this offset of a table; 0 when it is shorter. */
static u64 number_at(const struct table *t, u32 offset, u32 size)
{
	u64 value = 0;

	if (offset + size <= t->length)
		memcpy(&value, (const u8 *)t + offset, size);
	return value;
}

static const struct rsdp *search_rsdp(void)
{
	u16 segment;
	const struct rsdp *rsdp;

	memcpy(&segment, boot_ptr(EBDA_SEGMENT), sizeof(segment));
	rsdp = find_rsdp((hpa_t)segment << 4, ((hpa_t)segment << 4) + 1024);
	return rsdp ? rsdp : find_rsdp(0xe0000, 0x100000);
}

void acpi_find_cpus(struct boot_info *bi)
{
	const struct rsdp *rsdp = search_rsdp();
	const struct table *madt;

	bi->cpus = bi->cpus_disabled = bi->ioapics_count = 0;
	if (!rsdp)
		return;
	madt = find_table(rsdp, "APIC", 0);
	if (!madt)
		return; /* one CPU, as far as anybody can tell */
	/* Local APIC address and flags come first. */
	for (u32 at = sizeof(*madt) + 8; at + 2 <= madt->length;) {
		const u8 *e = (const u8 *)madt + at;
		u32 words[3];

		if (e[1] < 2 || e[1] > madt->length - at)
			return;
		if (e[0] == MADT_LAPIC && e[1] >= 8) {
			memcpy(words, e + 4, 4);
			add_cpu(bi, e[3], words[0]);
		} else if (e[0] == MADT_X2APIC && e[1] >= 16) {
			memcpy(words, e + 4, 12);
			add_cpu(bi, words[0], words[1]);
		} else if (e[0] == MADT_IOAPIC && e[1] >= 12) {
			memcpy(words, e + 4, 4);
			add_ioapic(bi, words[0]);
		}
		at += e[1];
	}
}

/*
 * A value of SLP_TYP out of the package that has this name: the first of its numbers, which is for
 * PM1a; PM1b's is the same wherever there is one. A bit, 0: there is no such package here.
 */
static u8 sleep_type(const struct table *t, const char name[4])
{
	const u8 *aml = (const u8 *)t;

	for (u32 at = sizeof(*t); at + 12 <= t->length; at++) {
		u32 i = at + 4;
		u8 value;

		if (memcmp(aml + at, name, 4) || aml[i] != AML_PACKAGE)
			continue;
		i += 2u + (aml[i + 1] >> 6) + 1; /* PkgLength, NumElements */
		value = aml[i] == AML_BYTE ? aml[i + 1] : aml[i];
		if ((aml[i] == AML_BYTE || aml[i] == AML_ZERO || aml[i] == AML_ONE) && value < 8)
			return (u8)BIT(value);
	}
	return 0;
}

/* A block's first port. Where there are two fields, the newer one counts. */
static u64 block_port(const struct table *fadt, u32 field, u32 newer)
{
	u64 port = 0;

	if (number_at(fadt, newer, 1) == GAS_SYSTEM_IO)
		port = number_at(fadt, newer + GAS_ADDRESS, 8);
	return port ? port : number_at(fadt, field, 4);
}

/* S2 and S3 are refused unless the same value means a state that may pass. */
void acpi_find_sleep(struct boot_info *bi)
{
	static const u32 blocks[4][2] = {{FADT_PM1A_EVT, FADT_X_PM1A_EVT},
					 {FADT_PM1B_EVT, FADT_X_PM1B_EVT},
					 {FADT_PM1A_CNT, FADT_X_PM1A_CNT},
					 {FADT_PM1B_CNT, FADT_X_PM1B_CNT}};
	const struct rsdp *rsdp = search_rsdp();
	const struct table *fadt = rsdp ? find_table(rsdp, "FACP", 0) : NULL, *t;
	u8 passed = 0;

	memset(bi->pm1, 0, sizeof(bi->pm1));
	bi->sleep_refused = 0;
	if (!fadt)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(blocks); i++) {
		u64 port = block_port(fadt, blocks[i][0], blocks[i][1]);

		if (port < 0xffff && !(port & 1))
			bi->pm1[i] = (u16)port;
	}
	t = table_at(number_at(fadt, FADT_X_DSDT, 8));
	if (!t)
		t = table_at(number_at(fadt, FADT_DSDT, 4));
	for (u32 n = 0; t && n <= SSDT_MAX; t = find_table(rsdp, "SSDT", n++)) {
		bi->sleep_refused |= sleep_type(t, "_S2_") | sleep_type(t, "_S3_");
		passed |= sleep_type(t, "_S1_") | sleep_type(t, "_S4_") | sleep_type(t, "_S5_");
	}
	bi->sleep_refused &= (u8)~passed;
}

/* The address is bus 0's, whatever the first bus is that is there. */
void acpi_find_pci(struct boot_info *bi)
{
	const struct rsdp *rsdp = search_rsdp();
	const struct table *mcfg = rsdp ? find_table(rsdp, "MCFG", 0) : NULL;

	bi->pci_bus0 = 0;
	for (u32 at = MCFG_ENTRIES; mcfg && at + MCFG_ENTRY_SIZE <= mcfg->length;
	     at += MCFG_ENTRY_SIZE)
		if (!number_at(mcfg, at + MCFG_SEGMENT, 2) &&
		    !number_at(mcfg, at + MCFG_FIRST_BUS, 1))
			bi->pci_bus0 = number_at(mcfg, at, 8);
	if (bi->pci_bus0 & (BIT(20) - 1) || bi->pci_bus0 >= BIT(52))
		bi->pci_bus0 = 0;
}

static bool known_memory(const struct boot_info *bi, u64 base, u64 size)
{
	for (u32 i = 0; i < bi->memory_entries; i++)
		if (ranges_overlap(base, size, bi->memory[i].base, bi->memory[i].size))
			return true;
	return false;
}

void acpi_add_hot_plug(struct boot_info *bi)
{
	const struct rsdp *rsdp = search_rsdp();
	const struct table *srat = rsdp ? find_table(rsdp, "SRAT", 0) : NULL;
	u64 left = HOT_PLUG_MAX;
	u32 ranges = 0;

	if (!srat)
		return;
	for (u32 at = SRAT_ENTRIES; at + 2 <= srat->length;) {
		const u8 *e = (const u8 *)srat + at;
		u64 base, size, flags;

		if (e[1] < 2 || e[1] > srat->length - at)
			return;
		base = number_at(srat, at + 8, 8);
		size = number_at(srat, at + 16, 8);
		flags = number_at(srat, at + 28, 4);
		at += e[1];
		if (e[0] != SRAT_MEMORY || e[1] < 40 ||
		    (flags & (SRAT_ENABLED | SRAT_HOT_PLUG)) != (SRAT_ENABLED | SRAT_HOT_PLUG) ||
		    base < LOW_4GB || base >= BIT(52))
			continue;
		if (size > left)
			size = left;
		if (!size || ranges == HOT_PLUG_RANGES || known_memory(bi, base, size) ||
		    bi->memory_entries == MAX_MEMORY_ENTRIES)
			continue;
		bi->memory[bi->memory_entries++] = (struct memory_entry){base, size, MEMORY_RAM};
		bi->hot_plug += size;
		left -= size;
		ranges++;
	}
}
