// SPDX-License-Identifier: Apache-2.0
/*
 * Guest page tables that hold anything: the vmm's walk, the engine's, and a plain one here must
 * agree, and what the vmm remembers of earlier walks must not show.
 */
#include "engine/linux/internal.h"
#include "tests/fuzz/fuzz.h"

/* The vmm's side: its headers have names that the engine's have, too. */
#define WINDOW	  0x0000300000000000ull
#define OWN	  0x800000ull
#define OWN_END	  0xa00000ull
#define RAM_END	  0x1000000ull
#define TABLES	  0x200000ull
#define NR_TABLES 8

uint64_t host_guest(void);
void *host_ram(gpa_t gpa);
int guest_walk(uint64_t cr3, bool la57, gva_t va, gpa_t *gpa);

const struct kernel_blob *kernel;

static const struct lvmon_ram ranges[] = {
	{0, 0x9f000}, {0x100000, OWN - 0x100000}, {OWN_END, RAM_END - OWN_END}};

static bool in_ram(gpa_t gpa)
{
	for (size_t i = 0; i < 3; i++)
		if (gpa >= ranges[i].gpa && gpa - ranges[i].gpa < ranges[i].size)
			return true;
	return false;
}

static bool plain_walk(uint64_t cr3, int levels, gva_t va, gpa_t *gpa)
{
	uint64_t entry = cr3, high = va >> (levels == 5 ? 56 : 47);

	if (high && high != (levels == 5 ? 0xff : 0x1ffff))
		return false;
	for (int shift = 12 + 9 * (levels - 1); shift >= 12; shift -= 9) {
		gpa_t table = entry & 0x000ffffffffff000ull;

		if (!in_ram(table))
			return false;
		memcpy(&entry, (uint8_t *)host_ram(table) + 8 * (va >> shift & 511), 8);
		if (!(entry & 1))
			return false;
		if (shift == 12 || (shift <= 30 && (entry & 0x80))) {
			uint64_t offset = (1ull << shift) - 1;

			*gpa = (entry & 0x000ffffffffff000ull & ~offset) | (va & offset);
			return true;
		}
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct backend fake;
	struct input in = input_of(data, size);
	static const uint64_t table[] = {TABLES,
					 TABLES | 7,
					 TABLES | 0x87,
					 TABLES + 0x1000 + 7,
					 TABLES + 0x2000 + 7,
					 OWN | 7,
					 0x9e000 | 7,
					 0x9f000 | 7,
					 RAM_END - 0xff9,
					 0xffffffff81000000,
					 0xffff888000000000,
					 0x8000000000};
	static const size_t count = sizeof(table) / sizeof(table[0]);
	uint64_t root = TABLES;
	int levels = 4;

	if (!backend) {
		host_guest();
		fake = (struct backend){
			.window = (const uint8_t *)WINDOW, .ram = ranges, .ram_ranges = 3};
		backend = &fake;
	}
	memset(host_ram(TABLES), 0, NR_TABLES * 4096);
	while (input_left(&in)) {
		gpa_t plain = 0, vmm = 0;
		struct mapping m;
		bool found;
		gva_t va;

		switch (take(&in, 1) & 3) {
		case 0: { /* an entry, somewhere in the tables */
			uint64_t at = take(&in, 2) % (NR_TABLES * 512), value;

			value = take_number(&in, table, count);
			memcpy((uint8_t *)host_ram(TABLES) + 8 * at, &value, 8);
			continue;
		}
		case 1:
			root = take_number(&in, table, count) & ~(1ull << 63);
			levels = 4 + (int)(take(&in, 1) & 1);
			continue;
		default:
			va = take_number(&in, table, count);
		}
		found = plain_walk(root, levels, va, &plain);
		must(!guest_walk(root, levels == 5, va, &vmm) == found);
		must(!page_walk(root, (unsigned int)levels, va, false, &m) == found);
		if (found)
			must(plain == vmm && plain == m.gpa && m.left && m.left <= m.size);
		else
			must(page_walk(root, (unsigned int)levels, va, true, &m) || m.left);
	}
	return 0;
}

void fuzz_seeds(void)
{
	/* Entry 0 of each table leads to the next one; then large pages; then loops. */
	static const uint8_t chain[] = {0, 0,	 0, 2 | 3 << 2, 0, 0,	       0, 0, 2, 2 | 4 << 2,
					0, 0,	 0, 0,		4, 2 | 1 << 2, 0, 0, 2, 0x10,
					2, 0x10, 0, 0,		0, 2 | 5 << 2, 0, 0, 2, 0x10};
	static const uint8_t large[] = {0, 0, 0, 2 | 3 << 2, 0, 0, 0, 0, 2, 2 | 2 << 2,
					0, 0, 2, 0x10,	     0, 0, 2, 0, 2, 0x10};
	static const uint8_t loop[] = {0, 0,	0, 2 | 1 << 2, 0, 0, 2, 0x10,	     1, 2, 0, 0, 1,
				       2, 0x10, 2, 2 | 9 << 2, 0, 0, 2, 2 | 10 << 2, 0, 0};

	fuzz_seed(chain, sizeof(chain));
	fuzz_seed(large, sizeof(large));
	fuzz_seed(loop, sizeof(loop));
}
