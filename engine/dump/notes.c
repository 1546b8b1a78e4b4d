/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes of an ELF core: the registers of the CPUs. General registers are in NT_PRSTATUS, which
 * every writer makes; control registers in QEMU's own note or in ours.
 */
#include <elf.h>
#include "engine/dump/internal.h"

#define NOTE_SIZE_MAX (16u << 20) /* all notes of a segment: hundreds of CPUs need less */

/* struct elf_prstatus: pr_reg, and its order (Linux: arch/x86/include/asm/user_64.h) */
#define PRSTATUS_REGS 112

static const int8_t prstatus_order[] = {
	LVMON_R15, LVMON_R14, LVMON_R13, LVMON_R12, LVMON_RBP,	  LVMON_RBX, LVMON_R11,
	LVMON_R10, LVMON_R9,  LVMON_R8,	 LVMON_RAX, LVMON_RCX,	  LVMON_RDX, LVMON_RSI,
	LVMON_RDI, -1,	      LVMON_RIP, -1,	    LVMON_RFLAGS, LVMON_RSP,
};

/* QEMU: struct QEMUCPUState, target/i386/arch_dump.c; version 1, later ones grow at the end */
struct qemu_segment {
	uint32_t selector, limit, flags, pad;
	uint64_t base;
};

struct qemu_cpu {
	uint32_t version, size;
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
	uint64_t r8[8];
	uint64_t rip, rflags;
	struct qemu_segment cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt;
	uint64_t cr[5];
	uint64_t kernel_gs_base;
};

struct counts {
	size_t status, qemu, own; /* notes seen of each kind: the number of the CPU */
};

static void set(struct dump_cpu *cpu, enum lvmon_reg reg, uint64_t value)
{
	cpu->regs[reg] = value;
	cpu->known |= 1ull << reg;
}

static void read_prstatus(const uint8_t *note, size_t size, struct dump_cpu *cpu)
{
	size_t i;

	for (i = 0; i < sizeof(prstatus_order); i++) {
		uint64_t value;

		if (PRSTATUS_REGS + 8 * (i + 1) > size)
			return;
		memcpy(&value, note + PRSTATUS_REGS + 8 * i, sizeof(value));
		/* Zero it is also where only the other note has it. */
		if (prstatus_order[i] >= 0 && !(cpu->known >> prstatus_order[i] & 1))
			set(cpu, (enum lvmon_reg)prstatus_order[i], value);
	}
}

static void read_qemu(const uint8_t *note, size_t size, struct dump_cpu *cpu)
{
	struct qemu_cpu q;

	memset(&q, 0, sizeof(q));
	if (size < offsetof(struct qemu_cpu, kernel_gs_base))
		return;
	memcpy(&q, note, size < sizeof(q) ? size : sizeof(q));
	set(cpu, LVMON_CR0, q.cr[0]);
	set(cpu, LVMON_CR2, q.cr[2]);
	set(cpu, LVMON_CR3, q.cr[3]);
	set(cpu, LVMON_CR4, q.cr[4]);
	set(cpu, LVMON_FS_BASE, q.fs.base);
	set(cpu, LVMON_GS_BASE, q.gs.base);
	set(cpu, LVMON_IDTR_BASE, q.idt.base);
	set(cpu, LVMON_CPL, q.cs.selector & 3);
	if (size >= sizeof(q))
		set(cpu, LVMON_KERNEL_GS_BASE, q.kernel_gs_base);
}

static void read_own(const uint8_t *note, size_t size, struct dump_cpu *cpu)
{
	struct dump_registers_note head;
	uint64_t value;
	size_t i;

	if (size < sizeof(head))
		return;
	memcpy(&head, note, sizeof(head));
	for (i = 0; head.version == 1 && i < LVMON_NR_REGS && i < head.count; i++) {
		if (sizeof(head) + 8 * (i + 1) > size)
			return;
		memcpy(&value, note + sizeof(head) + 8 * i, sizeof(value));
		if (head.known >> i & 1)
			set(cpu, (enum lvmon_reg)i, value);
	}
}

static bool named(const char *name, size_t size, const char *wanted)
{
	return size == strlen(wanted) + 1 && memcmp(name, wanted, size) == 0;
}

static int read_note(const struct dump_file *file, uint64_t at, const Elf64_Nhdr *n,
		     struct counts *counts, struct dump *dump)
{
	const char *name = (const char *)file->bytes + at + sizeof(*n);
	const uint8_t *desc = (const uint8_t *)name + ((n->n_namesz + 3ull) & ~3ull);
	bool core = named(name, n->n_namesz, "CORE");
	struct dump_cpu *cpu;

	if (core && n->n_type == NT_PRPSINFO)
		return dump_fail(file, -ENOTSUP,
				 "a core of one process, not of a machine; open it with gdb");
	if (core && n->n_type == NT_PRSTATUS) {
		cpu = dump_cpu(dump, counts->status++);
		if (cpu)
			read_prstatus(desc, n->n_descsz, cpu);
	} else if (named(name, n->n_namesz, "QEMU") && n->n_type == 0) {
		cpu = dump_cpu(dump, counts->qemu++);
		if (cpu)
			read_qemu(desc, n->n_descsz, cpu);
	} else if (named(name, n->n_namesz, DUMP_NOTE_NAME) && n->n_type == DUMP_NOTE_REGISTERS) {
		cpu = dump_cpu(dump, counts->own++);
		if (cpu)
			read_own(desc, n->n_descsz, cpu);
	}
	return 0;
}

int dump_notes(const struct dump_file *file, uint64_t offset, uint64_t size, struct dump *dump)
{
	struct counts counts = {0, 0, 0};
	Elf64_Nhdr n;
	uint64_t at = offset, end, step;
	int err;

	if (!dump_inside(file, offset, size))
		return dump_fail(file, -EINVAL,
				 "the notes at byte 0x%llx are not wholly in the file; it is not "
				 "complete, copy it again",
				 (unsigned long long)offset);
	if (size > NOTE_SIZE_MAX)
		return dump_fail(
			file, -EINVAL,
			"at byte 0x%llx: %llu bytes of notes cannot be; the file is damaged, "
			"copy it again",
			(unsigned long long)offset, (unsigned long long)size);
	end = offset + size;
	while (end - at >= sizeof(n)) {
		memcpy(&n, file->bytes + at, sizeof(n));
		step = sizeof(n) + ((n.n_namesz + 3ull) & ~3ull) + ((n.n_descsz + 3ull) & ~3ull);
		if (step > end - at)
			return dump_fail(
				file, -EINVAL,
				"at byte 0x%llx: a note goes beyond the notes' end; the file "
				"is damaged, copy it again",
				(unsigned long long)at);
		err = read_note(file, at, &n, &counts, dump);
		if (err)
			return err;
		at += step;
	}
	return 0;
}
