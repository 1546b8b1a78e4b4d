/* SPDX-License-Identifier: Apache-2.0 */
/* Makes memory dumps byte by byte, for tests and fuzzers: LiME, and ELF cores with notes. */
#ifndef TESTS_DUMP_MAKER_H
#define TESTS_DUMP_MAKER_H

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "engine/dump/dump.h"

struct maker {
	uint8_t *bytes;
	size_t size;
};

static inline void make_bytes(struct maker *m, const void *from, size_t size)
{
	m->bytes = realloc(m->bytes, m->size + size + 1);
	if (from)
		memcpy(m->bytes + m->size, from, size);
	else
		memset(m->bytes + m->size, 0, size);
	m->size += size;
}

static inline void make_u64(struct maker *m, uint64_t value)
{
	make_bytes(m, &value, sizeof(value));
}

/* A LiME range, filled with fill. */
static inline void make_lime(struct maker *m, uint32_t version, uint64_t start, uint64_t size,
			     int fill)
{
	make_bytes(m, "EMiL", 4);
	make_bytes(m, &version, 4);
	make_u64(m, start);
	make_u64(m, start + size - 1);
	make_u64(m, 0);
	make_bytes(m, NULL, size);
	memset(m->bytes + m->size - size, fill, size);
}

static inline void make_note(struct maker *m, const char *name, uint32_t type, const void *desc,
			     size_t size)
{
	Elf64_Nhdr n = {(Elf64_Word)strlen(name) + 1, (Elf64_Word)size, type};

	make_bytes(m, &n, sizeof(n));
	make_bytes(m, name, n.n_namesz);
	make_bytes(m, NULL, -m->size % 4);
	make_bytes(m, desc, size);
	make_bytes(m, NULL, -m->size % 4);
}

/* prstatus of a CPU, with RIP and RSP set. */
static inline void make_prstatus(struct maker *m, uint64_t rip, uint64_t rsp)
{
	uint8_t desc[336] = {0};

	memcpy(desc + 112 + 8 * 16, &rip, 8);
	memcpy(desc + 112 + 8 * 19, &rsp, 8);
	make_note(m, "CORE", NT_PRSTATUS, desc, sizeof(desc));
}

/* QEMU's note, with CR3 and CR4. */
static inline void make_qemu_note(struct maker *m, uint64_t cr3, uint64_t cr4)
{
	uint8_t desc[8 + 8 * 18 + 24 * 10 + 8 * 5 + 8] = {1};

	memcpy(desc + 8 + 8 * 18 + 24 * 10 + 8 * 3, &cr3, 8);
	memcpy(desc + 8 + 8 * 18 + 24 * 10 + 8 * 4, &cr4, 8);
	make_note(m, "QEMU", 0, desc, sizeof(desc));
}

struct make_segment {
	uint64_t gpa, size, va;
	int fill;
	uint64_t absent; /* bytes of memory behind them that the file lacks */
};

/* An ELF core of these segments; notes as made before. */
static inline struct maker make_elf(const struct make_segment *segments, size_t count,
				    const struct maker *notes)
{
	struct maker m = {NULL, 0};
	Elf64_Ehdr h = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(count + 1),
	};
	size_t at = sizeof(h) + (count + 1) * sizeof(Elf64_Phdr), i;
	Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = at, .p_filesz = notes->size};

	make_bytes(&m, &h, sizeof(h));
	make_bytes(&m, &note, sizeof(note));
	at += notes->size;
	for (i = 0; i < count; i++) {
		Elf64_Phdr p = {
			.p_type = PT_LOAD,
			.p_offset = at,
			.p_vaddr = segments[i].va,
			.p_paddr = segments[i].gpa,
			.p_filesz = segments[i].size,
			.p_memsz = segments[i].size + segments[i].absent,
		};

		make_bytes(&m, &p, sizeof(p));
		at += segments[i].size;
	}
	make_bytes(&m, notes->bytes ? notes->bytes : (const void *)"", notes->size);
	for (i = 0; i < count; i++) {
		make_bytes(&m, NULL, segments[i].size);
		memset(m.bytes + m.size - segments[i].size, segments[i].fill, segments[i].size);
	}
	return m;
}

#endif
