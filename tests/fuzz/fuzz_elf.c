// SPDX-License-Identifier: Apache-2.0
/* The vmm's loader of the engine's ELF: any file is loaded whole, within its bounds, or refused. */
#include <elf.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/vmm_host.h"
#include "vmm/domain/elf.h"
#include "vmm/domain/space.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

#define QUOTA 48ull

static u64 leaves;

/* All that the loader maps is the program's, below SPACE_PROGRAM_END, and never both W and X. */
static void look(const u64 *table, int level, u64 va)
{
	for (u64 i = 0; i < 512; i++) {
		u64 at = va + (i << (12 + 9 * (level - 1)));

		if (!(table[i] & PTE_P))
			continue;
		must(at < SPACE_PROGRAM_END);
		if (level > 1) {
			look(phys_to_virt(table[i] & PTE_ADDRESS), level - 1, at);
			continue;
		}
		leaves++;
		must(at >= PAGE_SIZE);
		must(!(table[i] & PTE_W) || (table[i] & PTE_NX));
	}
}

static u8 byte_at(u64 va)
{
	u8 *page = space_page(va);

	must(page);
	return page[va & ~PAGE_MASK];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct program program;
	u8 *file = malloc(size ? size : 1); /* aligned as a module is, and guarded behind */
	u64 before;
	int err;

	host_memory(96);
	must(!space_init(page_alloc(), QUOTA * PAGE_SIZE));
	before = pages_free();
	memcpy(file, data, size);
	err = elf_check(file, size);
	must(!err || err == -ENOEXEC);
	if (!err) {
		const Elf64_Ehdr *h = (const Elf64_Ehdr *)file;
		const Elf64_Phdr *p = (const Elf64_Phdr *)(file + h->e_phoff);

		err = elf_load(file, size, &program);
		must(!err || err == -ENOEXEC || err == -ENOMEM);
		leaves = 0;
		look(phys_to_virt(space_root()), 4, 0);
		must(leaves <= QUOTA);
		for (u32 i = 0; !err && i < h->e_phnum; i++) {
			if (p[i].p_type != PT_LOAD || !p[i].p_memsz)
				continue;
			must(byte_at(p[i].p_vaddr + p[i].p_memsz - 1) ==
			     (p[i].p_memsz > p[i].p_filesz
				      ? 0
				      : file[p[i].p_offset + p[i].p_filesz - 1]));
			if (p[i].p_filesz)
				must(byte_at(p[i].p_vaddr) == file[p[i].p_offset]);
		}
	}
	space_reset();
	leaves = 0;
	look(phys_to_virt(space_root()), 4, 0);
	must(!leaves && pages_free() <= before);
	free(file);
	return 0;
}

void fuzz_seeds(void)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr phdr[4];
		u8 rest[512];
	} file = {.header = {.e_ident = "\177ELF\2\1\1",
			     .e_type = ET_EXEC,
			     .e_machine = EM_X86_64,
			     .e_version = 1,
			     .e_entry = 0x401010,
			     .e_phoff = sizeof(Elf64_Ehdr),
			     .e_ehsize = sizeof(Elf64_Ehdr),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = 4},
		  .phdr = {{PT_LOAD, PF_R, 0, 0x400000, 0, 0x200, 0x200, 4096},
			   {PT_LOAD, PF_R | PF_X, 0x200, 0x401000, 0, 0x80, 0x80, 4096},
			   {PT_NOTE, PF_R, 0, 0, 0, 0, 0, 4},
			   {PT_LOAD, PF_R | PF_W, 0x280, 0x405fc0, 0, 0x80, 0x2000, 4096}}};

	memset(file.rest, 'x', sizeof(file.rest));
	fuzz_seed(&file, sizeof(file));
	file.phdr[3].p_memsz = 0x80000000;
	fuzz_seed(&file, sizeof(file));
	file.phdr[3].p_vaddr = 0xfffff000;
	file.phdr[3].p_memsz = 0x1000;
	fuzz_seed(&file, sizeof(file));
	file.header.e_phnum = 1;
	fuzz_seed(&file, sizeof(file));
	fuzz_seed(&file, 64);
}
