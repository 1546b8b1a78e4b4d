/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory dumps as files: each format is read, what is damaged or of another format is refused with
 * a message that says what, where and what helps, and the backend shows the memory of each range.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "tests/unit/dump_maker.h"

#define KERNEL_TEXT 0xffffffff81000000ull

static char error[512];

/* The bytes in a block of their own: AddressSanitizer guards its end. */
static int parse(const struct maker *m, size_t size, struct dump *dump)
{
	uint8_t *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, m->bytes, size);
	error[0] = '\0';
	err = dump_parse(copy, size, dump, error, sizeof(error));
	free(copy);
	return err;
}

static void refused(const struct maker *m, size_t size, int code, const char *text)
{
	struct dump dump;

	assert_int_equal(parse(m, size, &dump), code);
	if (!strstr(error, text))
		fail_msg("no '%s' in '%s'", text, error);
	assert_null(dump.extents);
}

static void extent_is(const struct dump *dump, size_t i, gpa_t gpa, uint64_t size, uint64_t offset)
{
	assert_true(i < dump->count);
	assert_int_equal(dump->extents[i].gpa, gpa);
	assert_int_equal(dump->extents[i].size, size);
	assert_int_equal(dump->extents[i].offset, offset);
}

static void raw(void **state)
{
	struct maker m = {NULL, 0};
	struct dump dump;

	make_bytes(&m, NULL, 1 << 20);
	assert_int_equal(parse(&m, m.size, &dump), 0);
	assert_string_equal(dump.format, "raw dump");
	assert_int_equal(dump.count, 1);
	extent_is(&dump, 0, 0, 1 << 20, 0);
	assert_int_equal(dump.cpu_count, 0);
	dump_release(&dump);
	refused(&m, (1 << 20) - 1, -EINVAL, "too small");
	refused(&m, 0, -EINVAL, "too small");
	free(m.bytes);
}

static void other_formats(void **state)
{
	static const struct {
		const char *magic, *name, *mend;
	} others[] = {
		{"KDUMP   ", "kdump-compressed", "dump-guest-memory without -z"},
		{"makedumpfile", "flattened", "makedumpfile -E"},
		{"\x1f\x8b\x08", "gzip", "gunzip"},
		{"\x28\xb5\x2f\xfd", "zstd", "unzstd"},
		{"QFI\xfb", "qcow2", "dump-guest-memory"},
		{"QEVM", "migration", "dump-guest-memory"},
		{"LibvirtQemudSave", "libvirt", "virsh dump"},
		{"PAGEDU64", "Windows", "Linux"},
	};
	struct maker m = {NULL, 0};
	size_t i;

	make_bytes(&m, NULL, 2 << 20);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		memset(m.bytes, 0, 32);
		memcpy(m.bytes, others[i].magic, strlen(others[i].magic));
		refused(&m, m.size, -ENOTSUP, others[i].name);
		refused(&m, m.size, -ENOTSUP, others[i].mend);
	}
	free(m.bytes);
}

static void lime(void **state)
{
	struct maker m = {NULL, 0};
	struct dump dump;
	size_t size;

	make_lime(&m, 1, 0x100000, 0x5000, 'b');
	make_lime(&m, 1, 0x1000, 0x9ec00, 'a');
	assert_int_equal(parse(&m, m.size, &dump), 0);
	assert_string_equal(dump.format, "LiME dump");
	assert_int_equal(dump.count, 2);
	extent_is(&dump, 0, 0x1000, 0x9ec00, 32 + 0x5000 + 32);
	extent_is(&dump, 1, 0x100000, 0x5000, 32);
	dump_release(&dump);

	/* No length but those at which a range ends is a whole file. */
	for (size = 4; size < m.size; size += size < 64 ? 1 : 0xfff)
		if (size != 32 + 0x5000)
			refused(&m, size, -EINVAL, "not complete");
	m.bytes[32 + 0x5000] = 'X';
	refused(&m, m.size, -EINVAL, "at byte 0x5020: no LiME header");
	m.bytes[32 + 0x5000] = 'E';
	m.bytes[4] = 2;
	refused(&m, m.size, -ENOTSUP, "avml-convert");
	m.bytes[4] = 9;
	refused(&m, m.size, -ENOTSUP, "version 9");
	m.bytes[4] = 1;
	memset(m.bytes + 16, 0xff, 8);
	refused(&m, m.size, -EINVAL, "cannot be");
	memset(m.bytes + 16, 0, 8);
	refused(&m, m.size, -EINVAL, "cannot be");
	free(m.bytes);

	m = (struct maker){NULL, 0};
	make_lime(&m, 1, 0x1000, 0x2000, 'a');
	make_lime(&m, 1, 0x2000, 0x2000, 'b');
	refused(&m, m.size, -EINVAL, "memory at 0x2000 is there twice");
	free(m.bytes);
}

static void elf(void **state)
{
	static const struct make_segment segments[] = {
		{0x100000, 0x3000, 0, 'b', 0x1000},
		{0, 0x9fc00, 0, 'a', 0},
		{0x400000, 0, 0, 'x', 0x100000}, /* left out by who made it */
	};
	struct maker notes = {NULL, 0}, m;
	struct dump dump;
	gva_t text;

	make_prstatus(&notes, 0x401000, 0x7ffe0000);
	make_prstatus(&notes, KERNEL_TEXT + 0x10, 0xffffc90000000000);
	make_qemu_note(&notes, 0x1000, 0x6f0);
	make_qemu_note(&notes, 0x2000, 0x6f0);
	make_note(&notes, "VMCOREINFO", 0, "OSRELEASE=6.1\n", 14);
	m = make_elf(segments, 3, &notes);
	assert_int_equal(parse(&m, m.size, &dump), 0);
	assert_string_equal(dump.format, "ELF core");
	assert_int_equal(dump.count, 2);
	extent_is(&dump, 0, 0, 0x9fc00, m.size - 0x9fc00);
	extent_is(&dump, 1, 0x100000, 0x3000, m.size - 0x9fc00 - 0x3000);
	assert_int_equal(dump.cpu_count, 2);
	/* The second one runs the kernel. */
	assert_ptr_equal(dump_anchor(&dump, &text), &dump.cpus[1]);
	assert_int_equal(text, KERNEL_TEXT + 0x10);
	assert_int_equal(dump.cpus[1].regs[LVMON_CR3], 0x2000);
	assert_int_equal(dump.cpus[1].regs[LVMON_CR4], 0x6f0);
	assert_int_equal(dump.cpus[0].regs[LVMON_RIP], 0x401000);
	assert_int_equal(dump.cpus[0].regs[LVMON_RSP], 0x7ffe0000);
	assert_false(dump.cpus[0].known >> LVMON_LSTAR & 1);
	dump_release(&dump);
	free(m.bytes);
	free(notes.bytes);
}

static void own_registers(void **state)
{
	static const struct make_segment segment = {0, 0x100000, 0, 'a', 0};
	struct {
		struct dump_registers_note head;
		uint64_t regs[LVMON_NR_REGS];
	} desc = {.head = {1, LVMON_NR_REGS, 1ull << LVMON_LSTAR | 1ull << LVMON_CR3}};
	struct maker notes = {NULL, 0}, m;
	struct dump dump;
	gva_t text;

	desc.regs[LVMON_LSTAR] = KERNEL_TEXT + 0x80;
	desc.regs[LVMON_CR3] = 0x5000;
	desc.regs[LVMON_CR4] = 0x99; /* not known */
	make_note(&notes, DUMP_NOTE_NAME, DUMP_NOTE_REGISTERS, &desc, sizeof(desc));
	/* One that is too short, and of a version nobody knows yet. */
	make_note(&notes, DUMP_NOTE_NAME, DUMP_NOTE_REGISTERS, &desc, 12);
	desc.head.version = 2;
	make_note(&notes, DUMP_NOTE_NAME, DUMP_NOTE_REGISTERS, &desc, sizeof(desc));
	m = make_elf(&segment, 1, &notes);
	assert_int_equal(parse(&m, m.size, &dump), 0);
	assert_int_equal(dump.cpu_count, 3);
	assert_ptr_equal(dump_anchor(&dump, &text), &dump.cpus[0]);
	assert_int_equal(text, KERNEL_TEXT + 0x80);
	assert_int_equal(dump.cpus[0].known, desc.head.known);
	assert_int_equal(dump.cpus[1].known, 0);
	assert_int_equal(dump.cpus[2].known, 0);
	dump_release(&dump);
	free(m.bytes);
	free(notes.bytes);
}

static void elf_said_twice(void **state)
{
	/* kdump's: the kernel's text first, with bytes of its own in the file. */
	static const struct make_segment kdump[] = {
		{0x200000, 0x1000, KERNEL_TEXT, 't', 0},
		{0x100000, 0x300000, 0xffff888000100000, 'a', 0},
	};
	static const struct make_segment twice[] = {
		{0x100000, 0x2000, 0, 'a', 0},
		{0x101000, 0x2000, 0, 'b', 0},
	};
	struct maker notes = {NULL, 0}, m;
	Elf64_Phdr *p;
	struct dump dump;

	m = make_elf(kdump, 2, &notes);
	assert_int_equal(parse(&m, m.size, &dump), 0);
	assert_int_equal(dump.count, 1);
	extent_is(&dump, 0, 0x100000, 0x300000, m.size - 0x300000);
	dump_release(&dump);
	free(m.bytes);

	m = make_elf(twice, 2, &notes);
	refused(&m, m.size, -EINVAL, "memory at 0x101000 is there twice");
	/* The same bytes of the file, said by two segments, as dump-guest-memory -p does. */
	p = (Elf64_Phdr *)(m.bytes + sizeof(Elf64_Ehdr)) + 2;
	p->p_offset = p[-1].p_offset + 0x1000;
	p->p_vaddr = 0x7f0000000000;
	assert_int_equal(parse(&m, m.size, &dump), 0);
	assert_int_equal(dump.count, 1);
	extent_is(&dump, 0, 0x100000, 0x3000, m.size - 0x4000);
	dump_release(&dump);
	free(m.bytes);
}

static void elf_damaged(void **state)
{
	static const struct make_segment segment = {0x1000, 0x10000, 0, 'a', 0};
	struct maker notes = {NULL, 0}, m;
	Elf64_Ehdr *h;
	Elf64_Phdr *p;
	size_t size;

	make_prstatus(&notes, 0, 0);
	m = make_elf(&segment, 1, &notes);
	for (size = 4; size < m.size; size += size < 1000 ? 1 : 999)
		refused(&m, size, -EINVAL, "not complete");
	h = (Elf64_Ehdr *)m.bytes;
	p = (Elf64_Phdr *)(h + 1);
	h->e_type = ET_EXEC;
	refused(&m, m.size, -ENOTSUP, "no core");
	h->e_type = ET_CORE;
	h->e_machine = EM_386;
	refused(&m, m.size, -ENOTSUP, "not x86-64");
	h->e_machine = EM_X86_64;
	h->e_phentsize = 55;
	refused(&m, m.size, -EINVAL, "at byte 0x36: program headers of 55 bytes");
	h->e_phentsize = sizeof(*p);
	h->e_phoff = ~0ull - 8;
	refused(&m, m.size, -EINVAL, "do not fit");
	h->e_phoff = sizeof(*h);
	h->e_phnum = PN_XNUM;
	refused(&m, m.size, -EINVAL, "number of program headers");
	h->e_phnum = 0;
	refused(&m, m.size, -EINVAL, "without any memory");
	h->e_phnum = 2;
	p[1].p_filesz++;
	refused(&m, m.size, -EINVAL, "cannot be");
	p[1].p_memsz = ~0ull;
	refused(&m, m.size, -EINVAL, "cannot be");
	p[1].p_memsz = p[1].p_filesz = 0x10000;
	p[1].p_paddr = 1ull << 63;
	refused(&m, m.size, -EINVAL, "at byte 0x78: a segment");
	p[1].p_paddr = 0;
	p[1].p_offset = ~0ull;
	refused(&m, m.size, -EINVAL, "goes from 0xffffffffffffffff");
	p[1].p_offset = m.size - 0x10000;
	p[0].p_filesz -= 8;
	refused(&m, m.size, -EINVAL, "beyond the notes' end");
	free(m.bytes);
	make_note(&notes, "CORE", NT_PRPSINFO, "x", 1);
	m = make_elf(&segment, 1, &notes);
	refused(&m, m.size, -ENOTSUP, "open it with gdb");
	free(m.bytes);
	free(notes.bytes);
}

static void too_many_ranges(void **state)
{
	struct maker m = {NULL, 0};
	struct dump dump;
	int i;

	m.bytes = malloc((DUMP_EXTENTS_MAX + 1) * 33ull);
	for (i = 0; i <= DUMP_EXTENTS_MAX; i++) {
		uint8_t h[33] = "EMiL\1";
		uint64_t gpa = 2ull * (uint64_t)i;

		memcpy(h + 8, &gpa, 8);
		memcpy(h + 16, &gpa, 8);
		memcpy(m.bytes + m.size, h, sizeof(h));
		m.size += sizeof(h);
	}
	assert_int_equal(parse(&m, m.size - 33, &dump), 0);
	assert_int_equal(dump.count, DUMP_EXTENTS_MAX);
	dump_release(&dump);
	refused(&m, m.size, -EINVAL, "more than 65536 ranges");
	free(m.bytes);
}

/* --- the backend --- */

static char path[] = "/tmp/lvisor-dump-XXXXXX";

static int open_file(const struct maker *m, const uint64_t *regs, uint64_t known)
{
	FILE *f = fopen(path, "w");
	int err;

	assert_non_null(f);
	assert_true(!m->size || fwrite(m->bytes, 1, m->size, f) == m->size);
	assert_int_equal(fclose(f), 0);
	err = backend_dump_open(path, regs, known, &backend, error, sizeof(error));
	return err;
}

static void memory_of_ranges(void **state)
{
	uint64_t regs[LVMON_NR_REGS] = {0}, value;
	struct maker m = {NULL, 0};
	uint8_t buf[64];
	size_t n;
	const uint8_t *p;

	/* At no place of the file that is a page's, and two that touch. */
	make_lime(&m, 1, 0x100000, 0x5000, 'c');
	make_lime(&m, 1, 0x1000, 0x9ec00, 'a');
	make_lime(&m, 1, 0x105000, 0x1000, 'd');
	regs[LVMON_CR3] = 0x4000;
	assert_int_equal(open_file(&m, regs, 1ull << LVMON_CR3), 0);
	assert_int_equal(backend->mem_size(), 0x9ec00 + 0x6000);
	assert_int_equal(backend->reg_read(LVMON_CR3, &value), 0);
	assert_int_equal(value, 0x4000);
	assert_int_equal(backend->reg_read(LVMON_CR4, &value), -ENODATA);
	assert_int_equal(backend->reg_read(LVMON_NR_REGS, &value), -EINVAL);
	assert_null(guest_ptr(0, 1));
	assert_null(guest_ptr(0xfff, 2));
	assert_null(guest_ptr(0x9fbff, 2));
	assert_null(guest_ptr(0x106000, 1));
	assert_null(guest_ptr(0x105fff, 2));
	p = guest_ptr(0x1000, 0x9ec00);
	assert_non_null(p);
	assert_true(p[0] == 'a' && p[0x9ebff] == 'a');
	/* One read across the border, no pointer. */
	assert_null(guest_ptr(0x104fe0, 64));
	n = 64;
	assert_non_null(guest_span(0x104fe0, &n));
	assert_int_equal(n, 32);
	assert_int_equal(guest_read(0x104fe0, buf, sizeof(buf)), 0);
	assert_true(buf[0] == 'c' && buf[31] == 'c' && buf[32] == 'd' && buf[63] == 'd');
	assert_int_equal(guest_read(0x105fe0, buf, sizeof(buf)), -EFAULT);
	assert_int_equal(guest_read(~0ull - 7, buf, sizeof(buf)), -EFAULT);
	free(m.bytes);
}

static void nothing_changes(void **state)
{
	struct lvmon_hook hook = {.kind = LVMON_HOOK_TRAP};
	struct lvmon_event event;
	struct maker m = {NULL, 0};
	int id;

	make_bytes(&m, NULL, 1 << 20);
	assert_int_equal(open_file(&m, NULL, 0), 0);
	assert_int_equal(backend->mem_write(0, "x", 1), -EROFS);
	assert_int_equal(backend->reg_write(LVMON_RAX, 1), -EROFS);
	assert_int_equal(backend->next_event(NULL, &event), -ENODATA);
	/* Hooks are taken, so that a signature made for a guest loads; nothing hits them. */
	id = backend->hook_add(&hook);
	assert_true(id > 0);
	assert_int_equal(backend->hook_remove((uint32_t)id), 0);
	assert_int_equal(backend->hook_remove(0), -ENOENT);
	assert_int_equal(backend->hook_remove((uint32_t)id + 1), -ENOENT);
	free(m.bytes);
}

static void file_problems(void **state)
{
	const struct backend *b;
	struct maker m = {NULL, 0};

	assert_int_equal(backend_dump_open("/no/such/file", NULL, 0, &b, error, sizeof(error)),
			 -ENOENT);
	assert_string_equal(error, "No such file or directory");
	assert_int_equal(backend_dump_open("/tmp", NULL, 0, &b, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "not a regular file");
	assert_int_equal(open_file(&m, NULL, 0), -EINVAL);
	assert_string_equal(error, "an empty file");
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 || close(fd);
}

static int teardown(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raw),
		cmocka_unit_test(other_formats),
		cmocka_unit_test(lime),
		cmocka_unit_test(elf),
		cmocka_unit_test(own_registers),
		cmocka_unit_test(elf_said_twice),
		cmocka_unit_test(elf_damaged),
		cmocka_unit_test(too_many_ranges),
		cmocka_unit_test(memory_of_ranges),
		cmocka_unit_test(nothing_changes),
		cmocka_unit_test(file_problems),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
