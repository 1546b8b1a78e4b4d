/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many CPUs there are, and their APIC ids: from the firmware's MADT (ACPI 6.4, 5.2.5
 * to 5.2.12). Runs before the guest, on the firmware's own tables; every length is checked all the
 * same.
 */
#include "boot/boot.h"
#include "vmm/log.h"
#include "vmm/string.h"

#define LOW_4GB	      0x100000000ull
#define TABLE_MAX     0x100000u /* of any table read here, or it is damaged */
#define EBDA_SEGMENT  0x40eu
#define MADT_LAPIC    0
#define MADT_X2APIC   9
#define LAPIC_ENABLED 1u

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

static const struct table *find_madt(const struct rsdp *rsdp)
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
		if (t && !memcmp(t->signature, "APIC", 4))
			return t;
	}
	return NULL;
}

static void add_cpu(struct boot_info *bi, u32 apic_id, u32 flags)
{
	if (!(flags & LAPIC_ENABLED))
		return;
	if (bi->cpus == MAX_CPUS)
		fatal("this machine has more than %u CPUs; give it fewer (in QEMU: -smp)",
		      MAX_CPUS);
	bi->apic_ids[bi->cpus++] = apic_id;
}

void acpi_find_cpus(struct boot_info *bi)
{
	u16 segment;
	const struct rsdp *rsdp;
	const struct table *madt;

	bi->cpus = 0;
	memcpy(&segment, boot_ptr(EBDA_SEGMENT), sizeof(segment));
	rsdp = find_rsdp((hpa_t)segment << 4, ((hpa_t)segment << 4) + 1024);
	if (!rsdp)
		rsdp = find_rsdp(0xe0000, 0x100000);
	madt = rsdp ? find_madt(rsdp) : NULL;
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
		}
		at += e[1];
	}
}
