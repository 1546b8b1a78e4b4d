// SPDX-License-Identifier: Apache-2.0
/*
 * Files that say they are memory dumps: refused with a reason, or taken apart into ranges that lie
 * in the file and do not overlap.
 */
#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/dump_maker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(size ? size : 1);
	char error[512];
	struct dump dump;
	gva_t text;
	int err;

	memcpy(file, data, size);
	err = dump_parse(file, size, &dump, error, sizeof(error));
	must(!err || err == -EINVAL || err == -ENOTSUP || err == -ENOMEM);
	must(!err || *error);
	must(!err == !!dump.count);
	for (size_t i = 0; i < dump.count; i++) {
		const struct dump_extent *e = &dump.extents[i];

		must(e->size && e->gpa < DUMP_GPA_MAX && e->size <= DUMP_GPA_MAX);
		must(e->offset <= size && e->size <= size - e->offset);
		must(!i || e[-1].gpa + e[-1].size <= e->gpa);
	}
	must(dump.cpu_count <= DUMP_CPUS_MAX);
	dump_anchor(&dump, &text);
	dump_release(&dump);
	free(file);
	return 0;
}

void fuzz_seeds(void)
{
	static const struct make_segment segments[] = {
		{0x1000, 0x40, 0, 'a', 0x100},
		{0x2000, 0x20, 0xffffffff81000000ull, 'b', 0},
		{0x1010, 0x10, 0, 'c', 0},
	};
	uint64_t desc[2 + LVMON_NR_REGS] = {1 | (uint64_t)LVMON_NR_REGS << 32, ~0ull};
	struct maker notes = {NULL, 0}, m = {NULL, 0};

	make_lime(&m, 1, 0x1000, 0x40, 'a');
	fuzz_seed(m.bytes, m.size);
	make_lime(&m, 1, 0x1040, 0x20, 'b');
	make_lime(&m, 1, 0, 0x20, 'c');
	fuzz_seed(m.bytes, m.size);
	free(m.bytes);
	m = make_elf(segments, 1, &notes);
	fuzz_seed(m.bytes, m.size);
	free(m.bytes);
	make_prstatus(&notes, 0xffffffff81000000ull, 0);
	make_qemu_note(&notes, 0x1000, 0x6f0);
	make_note(&notes, DUMP_NOTE_NAME, DUMP_NOTE_REGISTERS, desc, sizeof(desc));
	m = make_elf(segments, 2, &notes);
	fuzz_seed(m.bytes, m.size);
	free(m.bytes);
	m = make_elf(segments, 3, &notes);
	fuzz_seed(m.bytes, m.size);
	free(m.bytes);
	free(notes.bytes);
	m = (struct maker){NULL, 0};
	make_bytes(&m, NULL, 1 << 20);
	fuzz_seed(m.bytes, m.size);
	free(m.bytes);
	fuzz_seed("KDUMP   ", 8);
}
