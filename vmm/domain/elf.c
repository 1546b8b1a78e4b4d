/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a static, non-relocatable x86-64 ELF (System V ABI, chapter 4 and 5). The file comes from
 * whoever started the machine, yet every field is checked: a damaged one must end in a message.
 */
#include "vmm/domain/elf.h"
#include "vmm/domain/space.h"
#include "vmm/string.h"

#define ET_EXEC	  2
#define EM_X86_64 62
#define PT_LOAD	  1
#define PT_INTERP 3
#define PF_X	  1u
#define PF_W	  2u
#define PF_R	  4u

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

static bool segment_ok(const struct elf_phdr *p, u64 size)
{
	return p->offset <= size && p->filesz <= size - p->offset && p->memsz >= p->filesz &&
	       p->vaddr >= PAGE_SIZE && p->vaddr < SPACE_PROGRAM_END &&
	       p->memsz <= SPACE_PROGRAM_END - p->vaddr &&
	       !((p->flags & PF_W) && (p->flags & PF_X));
}

static const struct elf_phdr *phdrs(const u8 *file)
{
	return (const struct elf_phdr *)(file + ((const struct elf_header *)file)->phoff);
}

int elf_check(const u8 *file, u64 size)
{
	const struct elf_header *h = (const struct elf_header *)file;

	if (size < sizeof(*h) || memcmp(h->ident, "\177ELF\2\1\1", 7))
		return -ENOEXEC;
	if (h->type != ET_EXEC || h->machine != EM_X86_64 || h->entry >= SPACE_PROGRAM_END ||
	    h->phentsize != sizeof(struct elf_phdr) || h->phoff % 8 || h->phoff > size ||
	    h->phnum > (size - h->phoff) / sizeof(struct elf_phdr))
		return -ENOEXEC;
	for (u32 i = 0; i < h->phnum; i++) {
		const struct elf_phdr *p = &phdrs(file)[i];

		if (p->type == PT_INTERP || (p->type == PT_LOAD && !segment_ok(p, size)))
			return -ENOEXEC;
	}
	return 0;
}

static int load_segment(const u8 *file, const struct elf_phdr *p)
{
	u64 start = align_down(p->vaddr, PAGE_SIZE);
	u64 end = align_up(p->vaddr + p->memsz, PAGE_SIZE);
	u32 prot = (p->flags & PF_R ? PROT_READ : 0) | (p->flags & PF_W ? PROT_WRITE : 0) |
		   (p->flags & PF_X ? PROT_EXEC : 0);
	int err = space_map(start, (end - start) / PAGE_SIZE, prot);

	if (err)
		return err == -EINVAL ? -ENOEXEC : err; /* segments that overlap */
	for (u64 done = 0; done < p->filesz;) {
		u64 va = p->vaddr + done;
		u64 part = PAGE_SIZE - (va & ~PAGE_MASK);

		if (part > p->filesz - done)
			part = p->filesz - done;
		memcpy((u8 *)space_page(va) + (va & ~PAGE_MASK), file + p->offset + done, part);
		done += part;
	}
	return 0;
}

int elf_load(const u8 *file, u64 size, struct program *program)
{
	const struct elf_header *h = (const struct elf_header *)file;

	program->entry = h->entry;
	program->phdr = 0;
	program->phent = h->phentsize;
	program->phnum = h->phnum;
	for (u32 i = 0; i < h->phnum; i++) {
		const struct elf_phdr *p = &phdrs(file)[i];
		int err;

		if (p->type != PT_LOAD)
			continue;
		err = load_segment(file, p);
		if (err)
			return err;
		if (h->phoff >= p->offset && h->phoff - p->offset < p->filesz)
			program->phdr = p->vaddr + (h->phoff - p->offset);
	}
	return 0;
}
