/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with the memory of a whole machine: which bytes of the file are which guest-physical
 * addresses, and which registers came with them. What is read here was written by others: no number
 * in it is believed, and whatever makes no sense is refused with a message that says where.
 */
#ifndef ENGINE_DUMP_DUMP_H
#define ENGINE_DUMP_DUMP_H

#include "engine/backend.h"

#define DUMP_CPUS_MAX	 256
#define DUMP_EXTENTS_MAX 65536
#define DUMP_GPA_MAX	 (1ull << 52) /* SDM vol. 3, 4.1.4: no processor has more */

/* [gpa, gpa + size) is at offset in the file. */
struct dump_extent {
	gpa_t gpa;
	uint64_t size, offset;
};

struct dump_cpu {
	uint64_t regs[LVMON_NR_REGS];
	uint64_t known; /* bit i: regs[i] */
};

struct dump {
	const char *format;	     /* for people */
	struct dump_extent *extents; /* ascending, not overlapping */
	size_t count, room;
	struct dump_cpu *cpus;
	size_t cpu_count; /* 0: no registers came with it */
};

/*
 * The note of ours in a dump of a machine, one for each CPU: this, and count registers of 64 bits
 * in the order of enum lvmon_reg.
 */
#define DUMP_NOTE_NAME	    "LVISOR"
#define DUMP_NOTE_REGISTERS 0x4c56

struct dump_registers_note {
	uint32_t version; /* 1 */
	uint32_t count;	  /* LVMON_NR_REGS of who wrote it */
	uint64_t known;	  /* bit i: register i */
};

/*
 * Find out what a file of these bytes is, and take it apart: raw, LiME or an ELF core. 0; -EINVAL:
 * damaged, -ENOTSUP: a format that is not read here, -ENOMEM; why, where and what helps is in
 * error.
 */
int dump_parse(const uint8_t *bytes, uint64_t size, struct dump *dump, char *error,
	       size_t error_size) must_check;
void dump_release(struct dump *dump);

/*
 * The CPU that finding the kernel begins at: one whose CR3 and an address in the kernel's text are
 * known (*text: LSTAR, or RIP while the kernel runs). NULL: none.
 */
const struct dump_cpu *dump_anchor(const struct dump *dump, gva_t *text);

#endif
