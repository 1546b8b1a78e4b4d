// SPDX-License-Identifier: Apache-2.0
/* The loader of the engine's ELF, against files that are damaged in each place. */
#include <elf.h>

#include "tests/unit/vmm_host.h"
#include "vmm/domain/elf.h"
#include "vmm/domain/space.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

#define X	  1u
#define W	  2u
#define R	  4u
#define TEXT	  0x401000ull
#define DATA	  0x405f00ull
#define FILE_SIZE 0x3000ull

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr phdr[4];
	u8 rest[FILE_SIZE - sizeof(Elf64_Ehdr) - 4 * sizeof(Elf64_Phdr)];
};

_Static_assert(sizeof(struct file) == FILE_SIZE, "of this size");

static struct file *file;

static int set_up(void **state)
{
	hpa_t vmm_root;

	host_memory(256);
	vmm_root = page_alloc();
	if (space_init(vmm_root, 64 * PAGE_SIZE))
		return -1;
	space_reset();
	/* of exactly this size: AddressSanitizer guards its end */
	file = malloc(FILE_SIZE);
	for (u64 i = 0; i < FILE_SIZE; i++)
		((u8 *)file)[i] = (u8)(i * 7 + i / 256);
	file->header = (Elf64_Ehdr){.e_ident = "\177ELF\2\1\1",
				    .e_type = ET_EXEC,
				    .e_machine = EM_X86_64,
				    .e_version = 1,
				    .e_entry = TEXT + 0x10,
				    .e_phoff = sizeof(Elf64_Ehdr),
				    .e_ehsize = sizeof(Elf64_Ehdr),
				    .e_phentsize = sizeof(Elf64_Phdr),
				    .e_phnum = 4};
	file->phdr[0] = (Elf64_Phdr){PT_LOAD, R, 0, 0x400000, 0, 0x200, 0x200, 4096};
	file->phdr[1] = (Elf64_Phdr){PT_LOAD, R | X, 0x1000, TEXT, 0, 0x1234, 0x1234, 4096};
	file->phdr[2] = (Elf64_Phdr){PT_NOTE, R, UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, 1, 0};
	/* begins and ends within a page, and its rest is zero */
	file->phdr[3] = (Elf64_Phdr){PT_LOAD, R | W, 0x2300, DATA, 0, 0xa00, 0x2000, 4096};
	return 0;
}

static int tear_down(void **state)
{
	free(file);
	return 0;
}

static u8 byte_at(u64 va)
{
	u8 *page = space_page(va);

	assert_non_null(page);
	return page[va & ~PAGE_MASK];
}

static void valid(void **state)
{
	struct program program;
	u64 flags;

	assert_int_equal(elf_check((u8 *)file, FILE_SIZE), 0);
	assert_int_equal(elf_load((u8 *)file, FILE_SIZE, &program), 0);
	assert_int_equal(program.entry, TEXT + 0x10);
	assert_int_equal(program.phdr, 0x400000 + sizeof(Elf64_Ehdr));
	assert_int_equal(program.phent, sizeof(Elf64_Phdr));
	assert_int_equal(program.phnum, 4);
	for (u64 i = 0; i < 0x2000; i++)
		assert_int_equal(byte_at(TEXT + i), i < 0x1234 ? ((u8 *)file)[0x1000 + i] : 0);
	for (u64 i = 0; i < 0x2000; i++)
		assert_int_equal(byte_at(DATA + i), i < 0xa00 ? ((u8 *)file)[0x2300 + i] : 0);
	assert_int_equal(byte_at(DATA - 1), 0);
	assert_null(space_page(0x403000));
	assert_null(space_page(0x408000));
	flags = *page_entry(space_root(), TEXT);
	assert_false(flags & (PTE_W | PTE_NX));
	flags = *page_entry(space_root(), DATA);
	assert_true((flags & PTE_W) && (flags & PTE_NX));
	flags = *page_entry(space_root(), 0x400000);
	assert_true(!(flags & PTE_W) && (flags & PTE_NX));
}

static void truncated(void **state)
{
	for (u64 size = 0; size < FILE_SIZE; size += size < 0x200 ? 1 : 0x55) {
		u8 *part = malloc(size ? size : 1);
		u64 needed = 0x2300 + 0xa00;

		memcpy(part, file, size);
		assert_int_equal(elf_check(part, size), size < needed ? -ENOEXEC : 0);
		free(part);
	}
}

static void damaged_header(void **state)
{
	const Elf64_Ehdr good = file->header;

#define REFUSED(field, value)                                                 \
	do {                                                                  \
		file->header.field = value;                                   \
		assert_int_equal(elf_check((u8 *)file, FILE_SIZE), -ENOEXEC); \
		file->header = good;                                          \
	} while (0)
	for (int i = 0; i < 7; i++)
		REFUSED(e_ident[i], 0x55);
	REFUSED(e_ident[4], ELFCLASS32);
	REFUSED(e_ident[5], ELFDATA2MSB);
	REFUSED(e_type, ET_DYN);
	REFUSED(e_type, ET_REL);
	REFUSED(e_machine, EM_386);
	REFUSED(e_phentsize, 32);
	REFUSED(e_phentsize, 57);
	REFUSED(e_phoff, 65);
	REFUSED(e_phoff, FILE_SIZE);
	REFUSED(e_phoff, FILE_SIZE + 8);
	REFUSED(e_phoff, UINT64_MAX - 7);
	REFUSED(e_phnum, UINT16_MAX);
	REFUSED(e_entry, 0x800000000000);
	REFUSED(e_entry, 0xffffffff80000000);
	REFUSED(e_entry, UINT64_MAX);
	REFUSED(e_entry, SPACE_PROGRAM_END);
#undef REFUSED
	assert_int_equal(elf_check((u8 *)file, FILE_SIZE), 0);
}

static void damaged_segment(void **state)
{
	const Elf64_Phdr good = file->phdr[3];

#define REFUSED(field, value)                                                 \
	do {                                                                  \
		file->phdr[3].field = value;                                  \
		assert_int_equal(elf_check((u8 *)file, FILE_SIZE), -ENOEXEC); \
		file->phdr[3] = good;                                         \
	} while (0)
	REFUSED(p_type, PT_INTERP);
	REFUSED(p_flags, W | X);
	REFUSED(p_flags, R | W | X);
	REFUSED(p_offset, FILE_SIZE - 0xa00 + 1);
	REFUSED(p_offset, FILE_SIZE + 1);
	REFUSED(p_offset, UINT64_MAX);
	REFUSED(p_vaddr, 0);
	REFUSED(p_vaddr, 0xfff);
	REFUSED(p_vaddr, SPACE_PROGRAM_END);
	REFUSED(p_vaddr, SPACE_PROGRAM_END - 0x1000);
	REFUSED(p_vaddr, SPACE_MMAP);
	REFUSED(p_vaddr, WINDOW_USER_BASE);
	REFUSED(p_vaddr, 0xffffffff80000000);
	REFUSED(p_vaddr, UINT64_MAX);
	REFUSED(p_filesz, 0x2001);
	REFUSED(p_filesz, UINT64_MAX);
	REFUSED(p_memsz, 0x9ff);
	REFUSED(p_memsz, SPACE_PROGRAM_END);
	REFUSED(p_memsz, UINT64_MAX);
#undef REFUSED
}

/* What passes the check must load, or fail, without harm. */
static void overlapping_segments(void **state)
{
	struct program program;

	file->phdr[3].p_vaddr = TEXT + 0x1800; /* another page's rest */
	assert_int_equal(elf_check((u8 *)file, FILE_SIZE), 0);
	assert_int_equal(elf_load((u8 *)file, FILE_SIZE, &program), -ENOEXEC);
}

static void larger_than_the_quota(void **state)
{
	struct program program;
	u64 free = pages_free();

	file->phdr[3].p_memsz = 0x80000000;
	assert_int_equal(elf_check((u8 *)file, FILE_SIZE), 0);
	assert_int_equal(elf_load((u8 *)file, FILE_SIZE, &program), -ENOMEM);
	space_reset();
	assert_true(pages_free() + 8 >= free); /* but for page tables */
	file->phdr[3].p_memsz = 0xa00;
	assert_int_equal(elf_load((u8 *)file, FILE_SIZE, &program), 0);
}

static void empty_segments(void **state)
{
	struct program program;

	file->phdr[3].p_filesz = file->phdr[3].p_memsz = 0;
	file->phdr[3].p_offset = FILE_SIZE;
	assert_int_equal(elf_check((u8 *)file, FILE_SIZE), 0);
	assert_int_equal(elf_load((u8 *)file, FILE_SIZE, &program), 0);
	file->header.e_phnum = 0;
	file->header.e_phoff = FILE_SIZE;
	space_reset();
	assert_int_equal(elf_check((u8 *)file, FILE_SIZE), 0);
	assert_int_equal(elf_load((u8 *)file, FILE_SIZE, &program), 0);
	assert_int_equal(program.phdr, 0);
}

/*
 * Any one byte of the headers, any value: no access outside, no page below or above the program's.
 */
static void any_byte(void **state)
{
	struct file *good = malloc(FILE_SIZE);

	memcpy(good, file, FILE_SIZE);
	for (u64 at = 0; at < sizeof(Elf64_Ehdr) + sizeof(file->phdr); at++)
		for (u32 value = 0; value < 256; value += at % 3 + 5) {
			struct program program;

			memcpy(file, good, FILE_SIZE);
			((u8 *)file)[at] = (u8)value;
			if (elf_check((u8 *)file, FILE_SIZE))
				continue;
			(void)!elf_load((u8 *)file, FILE_SIZE, &program);
			for (u64 slot = 1; slot < 256; slot++)
				assert_int_equal(((u64 *)phys_to_virt(space_root()))[slot], 0);
			space_reset();
		}
	free(good);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(valid),
		TEST(truncated),
		TEST(damaged_header),
		TEST(damaged_segment),
		TEST(overlapping_segments),
		TEST(larger_than_the_quota),
		TEST(empty_segments),
		TEST(any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
