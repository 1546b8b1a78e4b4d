// SPDX-License-Identifier: Apache-2.0
/* The loader's memory map, whole and damaged. Included, for what is static. */
#include "tests/unit/vmm_host.h"

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

#define MEMORY 0x10000u
#define MAP    0x1000u

static u8 memory[MEMORY];
static struct multiboot_info mbi;

u8 image_start[16], image_end[1];

void *boot_ptr(hpa_t pa)
{
	if (pa >= MEMORY)
		fail_msg("physical address %lx", pa);
	return memory + pa;
}

const char *linux_check(const void *image, u64 size)
{
	return NULL;
}

const char *linux_load(struct boot_info *bi, const struct module *kernel,
		       const struct module *initrd)
{
	return NULL;
}

void acpi_add_hot_plug(struct boot_info *bi)
{
}

void acpi_find_cpus(struct boot_info *bi)
{
}

void acpi_find_pci(struct boot_info *bi)
{
	(void)bi;
}

void acpi_find_sleep(struct boot_info *bi)
{
}

hpa_t vmm_space_build(const struct boot_info *bi)
{
	return 0;
}

void boot_relocate(hpa_t to, u64 size, hpa_t root, const struct boot_info *bi)
{
	abort();
}

/* An entry at the end of the map, so many bytes behind its size; of what size it says it is. */
static void add(u32 size, u32 told, u64 base, u64 length)
{
	struct multiboot_mmap *e = (void *)(memory + MAP + mbi.mmap_length);

	*e = (struct multiboot_mmap){told, base, length, MEMORY_RAM};
	mbi.mmap_length += size + 4;
}

static int set_up(void **state)
{
	memset(memory, 0, sizeof(memory));
	memset(&info, 0, sizeof(info));
	mbi = (struct multiboot_info){.flags = MBI_MMAP, .mmap_addr = MAP};
	add(20, 20, 0, 0x9f000);
	add(24, 24, 0x100000, 0x1000000); /* a loader that says more of it */
	return 0;
}

static void whole(void **state)
{
	add(20, 20, 0x4000000, 0);
	add(20, 20, BIT(52), 0x1000);
	add(20, 20, 0x4000000, UINT64_MAX);
	add(20, 20, 0x4000000, 0x2000);
	read_memory_map(&mbi);
	assert_int_equal(info.memory_entries, 3);
	assert_int_equal(info.memory[1].base, 0x100000);
	assert_int_equal(info.memory[2].size, 0x2000);
	mbi.flags = 0;
	expect_fatal("no memory map", read_memory_map(&mbi));
}

static void expect_damaged(u32 told)
{
	set_up(NULL);
	add(20, told, 0x4000000, 0x1000);
	expect_fatal("damaged", read_memory_map(&mbi));
}

/* The loader's own sum of sizes must come out, and the next entry lie behind this one. */
static void damaged(void **state)
{
	static const u32 sizes[] = {0, 19, 21, UINT32_MAX - 3, UINT32_MAX - 23, UINT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_damaged(sizes[i]);
	set_up(state);
	mbi.mmap_length = UINT32_MAX;
	mbi.mmap_addr = MAP;
	expect_fatal("damaged", read_memory_map(&mbi));
}

static void too_many(void **state)
{
	for (u32 i = 0; i < MAX_MEMORY_ENTRIES - 1; i++)
		add(20, 20, 0x4000000 + i * 0x10000, 0x1000);
	expect_fatal("more than 64 entries", read_memory_map(&mbi));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole, set_up),
		cmocka_unit_test_setup(damaged, set_up),
		cmocka_unit_test_setup(too_many, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
