/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which format a file is, and what all of them share: the list of extents. A raw dump cannot be
 * told from any other file, so what is known to be something else is refused by its name first.
 */
#include <stdlib.h>
#include "engine/dump/internal.h"

#define RAW_MIN (1u << 20) /* no Linux runs in less */

/* Kernel text and what is mapped like it, Documentation/arch/x86/x86_64/mm.rst */
#define KERNEL_TEXT	0xffffffff80000000ull
#define KERNEL_TEXT_END 0xffffffffc0000000ull

static const struct {
	const char *magic;
	size_t size;
	const char *name, *mend;
} others[] = {
	{"KDUMP   ", 8, "a kdump-compressed dump",
	 "write it as an ELF core: makedumpfile -E, or QEMU's dump-guest-memory without -z, -l, "
	 "-s"},
	{"DISKDUMP", 8, "a diskdump", "write it as an ELF core: makedumpfile -E"},
	{"makedumpfile", 12, "a flattened kdump-compressed dump",
	 "write it as an ELF core: makedumpfile -E, or QEMU's dump-guest-memory without -z, -l, "
	 "-s"},
	{"\x1f\x8b", 2, "compressed with gzip", "unpack it first: gunzip"},
	{"\xfd"
	 "7zXZ",
	 6, "compressed with xz", "unpack it first: unxz"},
	{"\x28\xb5\x2f\xfd", 4, "compressed with zstd", "unpack it first: unzstd"},
	{"\x04\x22\x4d\x18", 4, "compressed with lz4", "unpack it first: unlz4"},
	{"BZh", 3, "compressed with bzip2", "unpack it first: bunzip2"},
	{"PK\3\4", 4, "a zip archive", "unpack it first: unzip"},
	{"QFI\xfb", 4, "a qcow2 disk image", "dump the memory with QEMU's dump-guest-memory FILE"},
	{"QEVM", 4, "a QEMU migration stream",
	 "load it in QEMU, and use dump-guest-memory FILE there"},
	{"LibvirtQemudSave", 16, "a machine saved by libvirt",
	 "use virsh dump --memory-only --format elf"},
	{"PAGEDU64", 8, "a Windows crash dump", "only Linux guests are known here"},
	{"PAGEDUMP", 8, "a Windows crash dump", "only Linux guests are known here"},
	{"\xd2\xbe\xd2\xbe", 4, "VMware's state of a machine", "give the .vmem file beside it"},
};

int dump_add(struct dump *dump, gpa_t gpa, uint64_t size, uint64_t offset)
{
	struct dump_extent *bigger;

	if (dump->count == dump->room) {
		if (dump->room >= DUMP_EXTENTS_MAX)
			return -E2BIG;
		dump->room = dump->room ? 2 * dump->room : 16;
		bigger = realloc(dump->extents, dump->room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		dump->extents = bigger;
	}
	dump->extents[dump->count++] = (struct dump_extent){gpa, size, offset};
	return 0;
}

struct dump_cpu *dump_cpu(struct dump *dump, size_t number)
{
	struct dump_cpu *bigger;

	if (number >= DUMP_CPUS_MAX)
		return NULL;
	if (number < dump->cpu_count)
		return &dump->cpus[number];
	bigger = realloc(dump->cpus, (number + 1) * sizeof(*bigger));
	if (!bigger)
		return NULL;
	memset(bigger + dump->cpu_count, 0, (number + 1 - dump->cpu_count) * sizeof(*bigger));
	dump->cpus = bigger;
	dump->cpu_count = number + 1;
	return &bigger[number];
}

static int by_address(const void *a, const void *b)
{
	const struct dump_extent *x = a, *y = b;

	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	/* The larger one first: what it holds is dropped. */
	return x->size > y->size ? -1 : x->size < y->size;
}

/*
 * Sort, join what is next to each other in memory and in the file, and refuse what overlaps. Bytes
 * that are said twice in the same place of the file are no contradiction: QEMU's dump-guest-memory
 * -p has a segment for each mapping.
 */
static int tidy(const struct dump_file *file, struct dump *dump)
{
	struct dump_extent *e = dump->extents;
	size_t n = 0, i;

	if (!dump->count)
		return dump_fail(file, -EINVAL, "%s without any memory in it", dump->format);
	qsort(e, dump->count, sizeof(*e), by_address);
	for (i = 0; i < dump->count; i++) {
		struct dump_extent *last = n ? &e[n - 1] : NULL;

		if (last && e[i].gpa <= last->gpa + last->size &&
		    e[i].gpa - last->gpa == e[i].offset - last->offset) {
			if (e[i].gpa + e[i].size > last->gpa + last->size)
				last->size = e[i].gpa + e[i].size - last->gpa;
		} else if (last && e[i].gpa < last->gpa + last->size) {
			return dump_fail(
				file, -EINVAL,
				"at byte 0x%llx: memory at 0x%llx is there twice, here and "
				"at byte 0x%llx; the dump is damaged, take it again",
				(unsigned long long)e[i].offset, (unsigned long long)e[i].gpa,
				(unsigned long long)(last->offset + e[i].gpa - last->gpa));
		} else {
			e[n++] = e[i];
		}
	}
	dump->count = n;
	return 0;
}

static int parse_raw(const struct dump_file *file, struct dump *dump)
{
	dump->format = "raw dump";
	if (file->size < RAW_MIN)
		return dump_fail(file, -EINVAL,
				 "%llu bytes: no known format, and too small for a raw dump of a "
				 "machine's memory",
				 (unsigned long long)file->size);
	if (file->size > DUMP_GPA_MAX)
		return dump_fail(file, -EINVAL, "larger than any machine's memory");
	return dump_add(dump, 0, file->size, 0);
}

int dump_parse(const uint8_t *bytes, uint64_t size, struct dump *dump, char *error,
	       size_t error_size)
{
	const struct dump_file file = {bytes, size, error, error_size};
	size_t i;
	int err;

	memset(dump, 0, sizeof(*dump));
	snprintf(error, error_size, "not enough memory");
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (size >= others[i].size && !memcmp(bytes, others[i].magic, others[i].size))
			return dump_fail(&file, -ENOTSUP, "%s, which is not read here; %s",
					 others[i].name, others[i].mend);
	if (size >= 4 && !memcmp(bytes, "EMiL", 4))
		err = dump_lime(&file, dump);
	else if (size >= 4 && !memcmp(bytes, "\177ELF", 4))
		err = dump_elf(&file, dump);
	else
		err = parse_raw(&file, dump);
	if (err == -E2BIG)
		err = dump_fail(&file, -EINVAL, "more than %d ranges of memory", DUMP_EXTENTS_MAX);
	if (!err)
		err = tidy(&file, dump);
	if (err)
		dump_release(dump);
	return err;
}

void dump_release(struct dump *dump)
{
	free(dump->extents);
	free(dump->cpus);
	memset(dump, 0, sizeof(*dump));
}

static bool has(const struct dump_cpu *cpu, enum lvmon_reg reg)
{
	return cpu->known >> reg & 1;
}

const struct dump_cpu *dump_anchor(const struct dump *dump, gva_t *text)
{
	static const enum lvmon_reg texts[] = {LVMON_LSTAR, LVMON_RIP};
	size_t t, i;

	for (t = 0; t < sizeof(texts) / sizeof(*texts); t++) {
		for (i = 0; i < dump->cpu_count; i++) {
			const struct dump_cpu *cpu = &dump->cpus[i];
			gva_t va = cpu->regs[texts[t]];

			if (!has(cpu, LVMON_CR3) || !has(cpu, texts[t]) || va < KERNEL_TEXT ||
			    va >= KERNEL_TEXT_END)
				continue;
			*text = va;
			return cpu;
		}
	}
	return NULL;
}
