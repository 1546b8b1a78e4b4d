// SPDX-License-Identifier: Apache-2.0
/*
 * Loading Linux: damaged headers are refused with words, and what is loaded lies where the boot
 * protocol wants it. Physical memory is a piece of the test's.
 */
#include <sys/mman.h>

#include "tests/unit/vmm_host.h"
#include "boot/boot.h"
#include "vmm/memory.h"

#define MEMORY	    (96ull << 20)
#define OWN	    (64ull << 20)
#define OWN_SIZE    (24ull << 20)
#define LOAD	    0x1000000ull
#define SETUP	    0x1000u /* seven sectors and the first */
#define KERNEL_SIZE 0x9000u
#define KERNEL_AT   0x300000ull
#define INITRD_AT   0x400000ull

/* The image of the hypervisor itself, as the linker script has it. */
extern u8 image_start[], image_end[];
__asm__(".globl image_start, image_end\n"
	".data\n"
	"image_start: .skip 4096\n"
	"image_end:\n"
	".text\n");

static u8 *memory;

void *boot_ptr(hpa_t pa)
{
	if (pa >= MEMORY)
		fail_msg("physical address %lx", pa);
	return memory + pa;
}

static void put(void *image, u32 offset, u64 value, size_t size)
{
	memcpy((u8 *)image + offset, &value, size);
}

static u64 get(u64 pa, size_t size)
{
	u64 value = 0;

	memcpy(&value, memory + pa, size);
	return value;
}

static void make_kernel(u8 *image)
{
	for (u32 i = 0; i < KERNEL_SIZE; i++)
		image[i] = (u8)(i * 13 + i / 256);
	image[0x1f1] = SETUP / 512 - 1;
	image[0x201] = 0x6a;
	put(image, 0x202, 0x53726448, 4);
	put(image, 0x206, 0x020f, 2);
	image[0x211] = 1;
	put(image, 0x22c, 0x7fffffff, 4);
	put(image, 0x236, 0x3f, 2);
	put(image, 0x238, 2047, 4);
	put(image, 0x258, LOAD, 8);
	put(image, 0x260, 0x200000, 4);
}

static int set_up(void **state)
{
	if (!memory)
		memory = mmap(NULL, MEMORY, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	madvise(memory, MEMORY, MADV_DONTNEED);
	make_kernel(memory + KERNEL_AT);
	return 0;
}

static void good_kernel(void **state)
{
	assert_null(linux_check(memory + KERNEL_AT, KERNEL_SIZE));
	assert_int_equal(linux_init_size(memory + KERNEL_AT), 0x200000);
}

static void refused(u32 offset, u64 value, size_t size, const char *words)
{
	u8 *image = memory + KERNEL_AT;
	const char *error;
	u8 was[8];

	memcpy(was, image + offset, 8);
	put(image, offset, value, size);
	error = linux_check(image, KERNEL_SIZE);
	memcpy(image + offset, was, 8);
	assert_non_null(error);
	if (!strstr(error, words))
		fail_msg("\"%s\" has no \"%s\"", error, words);
}

static void damaged_headers(void **state)
{
	refused(0x202, 0x53726449, 4, "not a Linux bzImage");
	refused(0x206, 0x020b, 2, "older than 2.12");
	refused(0x206, 0, 2, "older than 2.12");
	refused(0x211, 0, 1, "not a 64-bit kernel");
	refused(0x236, 0x3e, 2, "not a 64-bit kernel");
	refused(0x201, 0x8f, 1, "header does not fit");
	refused(0x201, 0xff, 1, "header does not fit");
	refused(0x1f1, KERNEL_SIZE / 512 - 1, 1, "header does not fit");
	refused(0x1f1, 0xff, 1, "header does not fit");
	refused(0x260, KERNEL_SIZE - SETUP - 1, 4, "init_size");
	refused(0x260, 0, 4, "init_size");
	refused(0x258, 0, 8, "preferred address");
	refused(0x258, 0x10000, 8, "preferred address");
	refused(0x258, 0xfffff, 8, "preferred address");
	/* Where there may be RAM, but none that is mapped while we start. */
	refused(0x258, 0x100000000, 8, "preferred address");
	refused(0x258, 0x100000000 - 0x200000 + 0x1000, 8, "preferred address");
}

static void truncated(void **state)
{
	for (u32 size = 0; size < KERNEL_SIZE; size += size < 0x300 ? 1 : 100) {
		u8 *part = malloc(size ? size : 1); /* AddressSanitizer guards its end */
		const char *error;

		memcpy(part, memory + KERNEL_AT, size);
		error = linux_check(part, size);
		free(part);
		if (size <= SETUP)
			assert_non_null(error);
	}
}

static void zero_sectors_are_four(void **state)
{
	memory[KERNEL_AT + 0x1f1] = 0;
	assert_non_null(linux_check(memory + KERNEL_AT, 5 * 512));
	assert_null(linux_check(memory + KERNEL_AT, 5 * 512 + 1));
}

/* Any one byte of the header: checked or not, loading stays in bounds (boot_ptr, is_free_ram). */
static struct boot_info info(void)
{
	return (struct boot_info){
		.memory_entries = 4,
		.memory = {{0, 0x9fc00, MEMORY_RAM},
			   {0x9fc00, 0x60400, MEMORY_RESERVED},
			   {0x100000, MEMORY - 0x100000, MEMORY_RAM},
			   {0xfec00000, 0x1000, MEMORY_RESERVED}},
		.own = OWN,
		.own_size = OWN_SIZE,
	};
}

static void any_byte(void **state)
{
	for (u32 at = 0x1f1; at < 0x268; at++)
		for (u32 value = 0; value < 256; value += 15) {
			struct module kernel = {KERNEL_AT, KERNEL_SIZE, "quiet"};
			struct module initrd = {INITRD_AT, 0x3000, ""};
			struct boot_info bi = info();

			make_kernel(memory + KERNEL_AT);
			memory[KERNEL_AT + at] = (u8)value;
			if (linux_check(memory + KERNEL_AT, KERNEL_SIZE))
				continue;
			if (!linux_load(&bi, &kernel, &initrd))
				assert_int_equal(bi.guest.rsi, 0x10000);
			for (u64 pa = OWN; pa < OWN + OWN_SIZE; pa += PAGE_SIZE)
				assert_int_equal(memory[pa], 0);
		}
}

static void loaded(void **state)
{
	struct module kernel = {KERNEL_AT, KERNEL_SIZE, "quiet  panic=-1"};
	struct module initrd = {INITRD_AT, 0x3210, ""};
	struct boot_info bi = info();
	u64 entries, initrd_at, end = 0;
	u8 *image = malloc(KERNEL_SIZE);

	make_kernel(image);
	for (u32 i = 0; i < 0x3210; i++)
		memory[INITRD_AT + i] = (u8)(i * 3);
	assert_null(linux_load(&bi, &kernel, &initrd));
	assert_memory_equal(memory + LOAD, image + SETUP, KERNEL_SIZE - SETUP);
	assert_int_equal(bi.guest.rip, LOAD + 0x200);
	assert_int_equal(bi.guest.rsi, 0x10000);
	assert_int_equal(get(0x10000 + 0x202, 4), 0x53726448);
	assert_int_equal(get(0x10000 + 0x210, 1), 0xff);
	assert_string_equal((char *)memory + get(0x10000 + 0x228, 4), "quiet  panic=-1");
	/* as high as may be, below our range */
	initrd_at = get(0x10000 + 0x218, 4);
	assert_int_equal(initrd_at, OWN - 0x4000);
	assert_int_equal(get(0x10000 + 0x21c, 4), 0x3210);
	for (u32 i = 0; i < 0x3210; i++)
		assert_int_equal(memory[initrd_at + i], (u8)(i * 3));

	/* The map: ascending, without holes, our range reserved. */
	entries = get(0x10000 + 0x1e8, 1);
	assert_int_equal(entries, 6);
	for (u64 i = 0; i < entries; i++) {
		u64 at = 0x10000 + 0x2d0 + i * 20, base = get(at, 8);

		assert_true(base >= end);
		end = base + get(at + 8, 8);
		if (base == OWN) {
			assert_int_equal(end, OWN + OWN_SIZE);
			assert_int_equal(get(at + 16, 4), MEMORY_RESERVED);
		} else {
			assert_true(end <= OWN || base >= OWN + OWN_SIZE);
		}
	}

	/* GDT and page tables of the first instruction: identity below 4 GB. */
	assert_int_equal(get(bi.guest.gdt_base + bi.guest.cs, 8), 0x00af9b000000ffff);
	assert_int_equal(get(bi.guest.gdt_base + bi.guest.ds, 8), 0x00cf93000000ffff);
	assert_int_equal(get(bi.guest.cr3 + 0x2000 + 8 * 8, 8), 0x1000083);
	free(image);
}

static void expect_error(struct boot_info *bi, const struct module *initrd, const char *words)
{
	struct module kernel = {KERNEL_AT, KERNEL_SIZE, "quiet"};
	struct module none = {0};
	const char *error = linux_load(bi, &kernel, initrd ? initrd : &none);

	assert_non_null(error);
	if (!strstr(error, words))
		fail_msg("\"%s\" has no \"%s\"", error, words);
}

static void no_room(void **state)
{
	struct boot_info bi = info();
	struct module initrd = {INITRD_AT, 0x3000, ""};

	bi.memory[2].size = LOAD; /* up to 17 MB */
	expect_error(&bi, NULL, "kernel does not fit");
	bi = info();
	put(memory + KERNEL_AT, 0x258, OWN - 0x100000, 8); /* partly ours */
	expect_error(&bi, NULL, "kernel does not fit");
	put(memory + KERNEL_AT, 0x258, UINT64_MAX - 0xfff, 8);
	expect_error(&bi, NULL, "kernel does not fit");
	put(memory + KERNEL_AT, 0x258, LOAD, 8);
	put(memory + KERNEL_AT, 0x22c, 0x1fff, 4); /* initrd_addr_max */
	initrd.size = 0x2001;
	expect_error(&bi, &initrd, "initrd does not fit");
	put(memory + KERNEL_AT, 0x22c, LOAD + 0x100000, 4); /* into the kernel */
	initrd.size = 0x3000;
	expect_error(&bi, &initrd, "initrd does not fit");
}

/* The loader has put us where the kernel or the initrd would go. */
static void where_we_are(void **state)
{
	struct boot_info bi = info();
	struct module initrd = {INITRD_AT, 0x3000, ""};

	memory_set_offset((u64)image_start - LOAD - 0x1000);
	expect_error(&bi, NULL, "where LVisor itself is started");
	memory_set_offset((u64)image_start - (OWN - 0x1000));
	expect_error(&bi, &initrd, "initrd does not fit");
	memory_set_offset((u64)image_start - 0x200000);
	assert_null(linux_load(&bi, &(struct module){KERNEL_AT, KERNEL_SIZE, ""}, &initrd));
	/* An initrd that would lie where the boot parameters go. */
	put(memory + KERNEL_AT, 0x22c, 0x1ffff, 4);
	expect_error(&bi, &initrd, "initrd does not fit");
}

static void command_line_too_long(void **state)
{
	struct boot_info bi = info();
	struct module kernel = {KERNEL_AT, KERNEL_SIZE, NULL}, none = {0};
	char *line = malloc(0x10001);

	memset(line, 'x', 0x10000);
	line[0x10000] = '\0';
	kernel.text = line;
	assert_non_null(strstr(linux_load(&bi, &kernel, &none), "command line is longer"));
	put(memory + KERNEL_AT, 0x238, UINT32_MAX, 4);
	assert_non_null(strstr(linux_load(&bi, &kernel, &none), "command line is longer"));
	line[2047] = '\0';
	put(memory + KERNEL_AT, 0x238, 2047, 4);
	assert_null(linux_load(&bi, &kernel, &none));
	assert_int_equal(strlen((char *)memory + 0x20000), 2047);
	free(line);
}

static void memory_map_with_too_many_entries(void **state)
{
	struct boot_info bi = info();

	/* The kernel would have to fit as well: one entry holds it. */
	for (u32 i = 3; i < MAX_MEMORY_ENTRIES; i++)
		bi.memory[i] =
			(struct memory_entry){MEMORY + i * PAGE_SIZE, PAGE_SIZE, MEMORY_RESERVED};
	bi.memory_entries = MAX_MEMORY_ENTRIES;
	assert_null(
		linux_load(&bi, &(struct module){KERNEL_AT, KERNEL_SIZE, ""}, &(struct module){0}));
	assert_int_equal(get(0x10000 + 0x1e8, 1), MAX_MEMORY_ENTRIES + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_kernel, set_up),
		cmocka_unit_test_setup(damaged_headers, set_up),
		cmocka_unit_test_setup(truncated, set_up),
		cmocka_unit_test_setup(zero_sectors_are_four, set_up),
		cmocka_unit_test_setup(any_byte, set_up),
		cmocka_unit_test_setup(loaded, set_up),
		cmocka_unit_test_setup(no_room, set_up),
		cmocka_unit_test_setup(where_we_are, set_up),
		cmocka_unit_test_setup(command_line_too_long, set_up),
		cmocka_unit_test_setup(memory_map_with_too_many_entries, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
