// SPDX-License-Identifier: Apache-2.0
/*
 * What the multiboot loader hands over: memory map, modules, command line. The start ends in words
 * or with a range of our own that is free RAM. Included, for the boot_info that is static in it.
 */
#include "tests/fuzz/machine.h"

#define memcpy	own_memcpy
#define memmove own_memmove
#define memset	own_memset
#define memcmp	own_memcmp
#define strlen	own_strlen
#include "vmm/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen

#include "boot/multiboot.c"

#define MBI	  0x9000u
#define MODULES	  0x9100u
#define MAP	  0xa000u
#define STRINGS	  0xb000u
#define KERNEL_AT 0x800000u
#define KERNEL	  0x2000u

static jmp_buf started;

hpa_t vmm_space_build(const struct boot_info *bi)
{
	must(bi == &info);
	return page_alloc();
}

void boot_relocate(hpa_t to, u64 size, hpa_t root, const struct boot_info *bi)
{
	must(to == info.own && !(to % LARGE_PAGE_SIZE) && !(info.own_size % LARGE_PAGE_SIZE));
	must(info.own + info.own_size <= LOW_4GB);
	must(info.free >= info.own + size && info.free <= info.own + info.own_size);
	must(info.memory_entries <= MAX_MEMORY_ENTRIES);
	for (u32 i = 0; i < info.memory_entries; i++)
		must(info.memory[i].size && info.memory[i].base + info.memory[i].size <= BIT(52));
	must(info.guest.rip);
	longjmp(started, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u64 table[] = {0x100000,  0x8000000, LOW_4GB,	     BIT(52),
				    KERNEL_AT, STRINGS,	  LOW_4GB - 0x200000};
	static const char *const roles[] = {"@kernel quiet", "/k @initrd", "@engine",
					    "@signatures",   "@kernel",	   "@kernelx"};
	struct input in = input_of(data, size);
	struct multiboot_info mbi = {.flags = MBI_CMDLINE | MBI_MODULES | MBI_MMAP};
	struct multiboot_module *module;
	u32 at = 0, modules;

	machine_start();
	memset(&info, 0, sizeof(info));
	machine_kernel(machine + KERNEL_AT, KERNEL, 0x1000000, 0x200000);

	mbi.flags ^= (u32)take(&in, 1);
	mbi.mmap_addr = MAP;
	for (u32 entries = take(&in, 1) % 80; entries; entries--) {
		struct multiboot_mmap e = {.size = 20};
		u8 how = (u8)take(&in, 1);

		e.base = take_number(&in, table, 7);
		e.length = take_number(&in, table, 7);
		e.type = how & 1 ? MEMORY_RAM : (u32)take(&in, 1);
		if (how & 2)
			e.size = (u32)take_number(&in, NULL, 0);
		memcpy(machine + MAP + at, &e, sizeof(e));
		at += sizeof(e);
	}
	mbi.mmap_length = take(&in, 1) & 1 ? at : (u32)take_number(&in, table, 7);

	/* Modules are where the loader says; it does not lie about that. */
	mbi.mods_addr = MODULES;
	modules = mbi.mods_count = take(&in, 1) % 8;
	module = (void *)(machine + MODULES);
	for (u32 i = 0; i < modules; i++, module++) {
		u32 role = (u32)take(&in, 1) % ARRAY_SIZE(roles);

		module->start = role ? (u32)take_number(&in, table, 7) % 0xfff00000 : KERNEL_AT;
		module->end = module->start + (role ? (u32)take(&in, 2) : KERNEL);
		module->string = STRINGS + i * 256;
		strcpy((char *)machine + module->string, roles[role]);
	}
	mbi.cmdline = STRINGS + 0x1000;
	take_bytes(&in, machine + mbi.cmdline, input_left(&in) < 400 ? input_left(&in) : 400);
	memcpy(machine + MBI, &mbi, sizeof(mbi));

	if (ended_fatally() || setjmp(started))
		return 0;
	boot_multiboot(MULTIBOOT_LOADED, MBI);
}

void fuzz_seeds(void)
{
	/* flags; entries: how, base, length; length of all; modules: role, start, size; options */
	static const u8 good[] = {
		0, 2,	 1, 0, 1 | 18 << 2, 0,		1,   2,	   0,	0,  2 | 1 << 2, 0,
		0, 1,	 3, 0, 1,	    2 | 4 << 2, 0,   0x40, 0,	2,  2,		2 | 4 << 2,
		0, 0x50, 0, 3, 'm',	    'e',	'm', '=',  '2', '4'};
	static const u8 no_map[] = {64, 0, 0, 0};
	static const u8 sizes[] = {0, 1, 3, 0, 1 | 18 << 2, 0, 1 | 31 << 2, 0xfc, 0};

	fuzz_seed(good, sizeof(good));
	fuzz_seed(good, sizeof(good) - 6);
	fuzz_seed(no_map, sizeof(no_map));
	fuzz_seed(sizes, sizeof(sizes));
}
