/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF cores of a machine: a PT_LOAD for each range of memory, with its guest-physical address in
 * p_paddr, and notes. QEMU's dump-guest-memory writes them, kdump's /proc/vmcore is one, and so are
 * LVisor's own.
 */
#include <elf.h>
#include "engine/dump/internal.h"

/* As the kernel's text is mapped: kdump says that memory a second time. */
#define KERNEL_TEXT 0xffffffff80000000ull

static int check_header(const struct dump_file *file, Elf64_Ehdr *h)
{
	static const char mend[] = "give a dump of a machine's memory";

	if (!dump_copy(file, 0, h, sizeof(*h)))
		return dump_fail(
			file, -EINVAL,
			"the file ends in the ELF header; it is not complete, copy it again");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != EM_X86_64)
		return dump_fail(file, -ENOTSUP, "an ELF file of a machine that is not x86-64; %s",
				 mend);
	if (h->e_type != ET_CORE)
		return dump_fail(file, -ENOTSUP, "an ELF file, but no core; %s", mend);
	if (h->e_phentsize != sizeof(Elf64_Phdr))
		return dump_fail(
			file, -EINVAL,
			"at byte 0x%zx: program headers of %u bytes cannot be; the file is "
			"damaged, copy it again",
			offsetof(Elf64_Ehdr, e_phentsize), h->e_phentsize);
	return 0;
}

/* System V ABI, "Extended program header numbering": more than fit into e_phnum. */
static int count_headers(const struct dump_file *file, const Elf64_Ehdr *h, uint64_t *count)
{
	Elf64_Shdr section;

	*count = h->e_phnum;
	if (h->e_phnum == PN_XNUM) {
		if (!h->e_shoff || !dump_copy(file, h->e_shoff, &section, sizeof(section)))
			return dump_fail(
				file, -EINVAL,
				"the number of program headers should be at byte 0x%llx, which "
				"is not in the file; it is not complete, copy it again",
				(unsigned long long)h->e_shoff);
		*count = section.sh_info;
	}
	if (!dump_inside(file, h->e_phoff, *count * sizeof(Elf64_Phdr)))
		return dump_fail(
			file, -EINVAL,
			"%llu program headers at byte 0x%llx do not fit into the file; it is "
			"not complete, copy it again",
			(unsigned long long)*count, (unsigned long long)h->e_phoff);
	return 0;
}

/* kdump has the kernel's text once more as a segment of its own, inside of another one. */
static bool said_before(const struct dump *dump, const Elf64_Phdr *p)
{
	size_t i;

	if (p->p_vaddr < KERNEL_TEXT)
		return false;
	for (i = 0; i < dump->count; i++) {
		const struct dump_extent *e = &dump->extents[i];

		if (p->p_paddr >= e->gpa && p->p_paddr - e->gpa <= e->size &&
		    p->p_filesz <= e->size - (p->p_paddr - e->gpa))
			return true;
	}
	return false;
}

static int add_load(const struct dump_file *file, uint64_t at, const Elf64_Phdr *p,
		    struct dump *dump)
{
	/* What is in memory but not in the file has been left out by who made the dump. */
	if (!p->p_filesz)
		return 0;
	if (p->p_filesz > p->p_memsz || p->p_paddr >= DUMP_GPA_MAX ||
	    p->p_memsz > DUMP_GPA_MAX - p->p_paddr)
		return dump_fail(
			file, -EINVAL,
			"at byte 0x%llx: a segment of 0x%llx bytes at address 0x%llx cannot "
			"be; the file is damaged, copy it again",
			(unsigned long long)at, (unsigned long long)p->p_memsz,
			(unsigned long long)p->p_paddr);
	if (!dump_inside(file, p->p_offset, p->p_filesz))
		return dump_fail(
			file, -EINVAL,
			"the file ends at byte 0x%llx, but the segment of the header at byte "
			"0x%llx goes from 0x%llx to 0x%llx; it is not complete, copy it again",
			(unsigned long long)file->size, (unsigned long long)at,
			(unsigned long long)p->p_offset,
			(unsigned long long)(p->p_offset + p->p_filesz));
	return dump_add(dump, p->p_paddr, p->p_filesz, p->p_offset);
}

int dump_elf(const struct dump_file *file, struct dump *dump)
{
	uint64_t count, i, at;
	Elf64_Phdr p;
	Elf64_Ehdr h;
	int pass, err;

	dump->format = "ELF core";
	err = check_header(file, &h);
	if (!err)
		err = count_headers(file, &h, &count);
	if (err)
		return err;
	/* First what has its own place, then what may say it again; notes last. */
	for (pass = 0; pass < 3; pass++) {
		for (i = 0; i < count && !err; i++) {
			at = h.e_phoff + i * sizeof(p);
			if (!dump_copy(file, at, &p, sizeof(p)))
				return -EINVAL;
			if (p.p_type == PT_NOTE && pass == 2)
				err = dump_notes(file, p.p_offset, p.p_filesz, dump);
			else if (p.p_type == PT_LOAD && pass == (p.p_vaddr >= KERNEL_TEXT) &&
				 !said_before(dump, &p))
				err = add_load(file, at, &p, dump);
		}
	}
	return err;
}
