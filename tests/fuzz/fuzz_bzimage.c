// SPDX-License-Identifier: Apache-2.0
/*
 * A Linux kernel with any header, on a machine of any memory map: it is refused with words, or
 * loaded where nothing else is.
 */
#include "tests/fuzz/machine.h"
#include "vmm/memory.h"

#define KERNEL_AT   0x400000u
#define KERNEL_SIZE 0x3000u
#define INITRD_AT   0x500000u
#define OWN	    0x4000000u
#define OWN_SIZE    0x1800000u
#define LOAD	    0x1000000u

static bool ram_holds(const struct boot_info *bi, u64 start, u64 size)
{
	for (u32 i = 0; i < bi->memory_entries; i++) {
		const struct memory_entry *e = &bi->memory[i];

		if (e->type == MEMORY_RAM && start >= e->base && start + size <= e->base + e->size)
			return true;
	}
	return false;
}

static u64 get(u64 pa, size_t size)
{
	u64 value = 0;

	memcpy(&value, machine + pa, size);
	return value;
}

static void loaded_well(const struct boot_info *bi, u64 kernel_size, u64 init_size, u64 initrd_size)
{
	u64 load = bi->guest.rip - 0x200, initrd = get(0x10218, 4);
	u32 entries = (u32)get(0x101e8, 1);

	must(load >= 0x100000 && load + kernel_size <= LOW_4GB);
	must(ram_holds(bi, load, init_size));
	must(!ranges_overlap(load, init_size, bi->own, bi->own_size));
	must(get(0x1021c, 4) == initrd_size);
	if (initrd_size) {
		must(ram_holds(bi, initrd, initrd_size) && initrd >= 0x100000);
		must(!ranges_overlap(initrd, initrd_size, load, init_size));
		must(!ranges_overlap(initrd, initrd_size, bi->own, bi->own_size));
		must(machine[initrd] == 0x77 && machine[initrd + initrd_size - 1] == 0x77);
	}
	/* The guest's map has our range, and nothing of it as RAM. */
	for (u32 i = 0; i < entries; i++) {
		u64 at = 0x102d0 + 20 * i;

		if (get(at + 16, 4) == MEMORY_RAM)
			must(!ranges_overlap(get(at, 8), get(at + 8, 8), bi->own, bi->own_size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info bi;
	static char text[0x20000];
	static const u64 table[] = {LOAD,	OWN,	 OWN - 0x100000, KERNEL_AT, 0x100000,
				    0x10000000, LOW_4GB, 0x7fffffff,	 INITRD_AT};
	struct input in = input_of(data, size);
	struct module kernel = {KERNEL_AT, KERNEL_SIZE, text}, initrd = {INITRD_AT, 0, ""};
	u8 *image;
	u32 extra, line;
	u64 init_size;

	machine_start();
	image = machine + KERNEL_AT;
	machine_kernel(image, KERNEL_SIZE, LOAD, 0x200000);
	memset(&bi, 0, sizeof(bi));
	bi.own = OWN;
	bi.own_size = OWN_SIZE;
	bi.memory[0] = (struct memory_entry){0, 0x9f000, MEMORY_RAM};
	/* boot_multiboot() has chosen our range in RAM. */
	bi.memory[1] = (struct memory_entry){0x100000, OWN + OWN_SIZE - 0x100000, MEMORY_RAM};
	bi.memory_entries = 2;
	extra = take(&in, 1) & 3;
	if (extra == 3)
		extra = 62;
	for (u32 i = 0; i < extra; i++) {
		u64 base = OWN + OWN_SIZE + take_number(&in, table, 9) % BIT(51);

		bi.memory[bi.memory_entries++] = (struct memory_entry){
			base, 1 + take_number(&in, table, 9) % (BIT(52) - base),
			1 + (take(&in, 1) & 1)};
	}
	initrd.size = take_number(&in, table, 9) % 0x8000;
	memset(machine + INITRD_AT, 0x77, initrd.size);
	line = (u32)take_number(&in, NULL, 0) % sizeof(text);
	memset(text, 'x', line);
	text[line] = '\0';
	memory_set_offset((u64)image_start - (take(&in, 1) & 1 ? 0x200000 : LOAD + 0x10000));
	while (input_left(&in)) {
		u32 at = (u32)take(&in, 2) % KERNEL_SIZE, n = 1u << (take(&in, 1) & 3);
		u64 value = take_number(&in, table, 9);

		memcpy(image + at, &value, at + n <= KERNEL_SIZE ? n : 1);
	}
	if (!linux_check(image, KERNEL_SIZE)) {
		init_size = linux_init_size(image);
		if (!linux_load(&bi, &kernel, &initrd))
			loaded_well(&bi, KERNEL_SIZE, init_size, initrd.size);
	}
	return 0;
}

void fuzz_seeds(void)
{
	static const u8 plain[] = {0, 0, 0, 1};
	static const u8 initrd[] = {0, 1 | 12 << 2, 0, 30 << 2, 1};
	static const u8 above[] = {1, 2 | 6 << 2,  0,	       0,	1 | 40 << 2, 0,
				   0, 1 | 12 << 2, 0,	       30 << 2, 1,	     0x58,
				   2, 3,	   2 | 6 << 2, 0,	0x10};
	static const u8 near_us[] = {0, 0, 0, 0, 0x58, 2, 3, 2 | 1 << 2, 0, 0};
	static const u8 small[] = {0, 0, 0, 1, 0x60, 2, 2, 0, 0x38, 2, 2, 4 << 2};

	fuzz_seed(plain, sizeof(plain));
	fuzz_seed(initrd, sizeof(initrd));
	fuzz_seed(above, sizeof(above));
	fuzz_seed(near_us, sizeof(near_us));
	fuzz_seed(small, sizeof(small));
}
