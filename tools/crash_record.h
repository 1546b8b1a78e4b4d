/* SPDX-License-Identifier: Apache-2.0 */
/* Reads crash records of the vmm, and deaths of the engine, out of a log; vmm/log.c writes them. */
#ifndef LVISOR_TOOLS_CRASH_RECORD_H
#define LVISOR_TOOLS_CRASH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CRASH_STACK_WORDS 512

/* In the order of their DWARF numbers (System V ABI for AMD64, figure 3.36), then what has none. */
enum crash_reg {
	CRASH_RAX,
	CRASH_RDX,
	CRASH_RCX,
	CRASH_RBX,
	CRASH_RSI,
	CRASH_RDI,
	CRASH_RBP,
	CRASH_RSP,
	CRASH_R8,
	CRASH_R15 = CRASH_R8 + 7,
	CRASH_RIP,
	CRASH_DWARF_REGS,
	CRASH_RFLAGS = CRASH_DWARF_REGS,
	CRASH_CS,
	CRASH_SS,
	CRASH_CR0,
	CRASH_CR2,
	CRASH_CR3,
	CRASH_CR4,
	CRASH_VECTOR,
	CRASH_ERROR,
	CRASH_APIC,
	CRASH_REGS
};

struct crash_record {
	char reason[256]; /* printable */
	char build[41];	  /* of the vmm, in hexadecimal; "": an image that did not say */
	uint64_t regs[CRASH_REGS];
	bool has[CRASH_REGS]; /* RIP: it was an exception in ring 0 */
	uint64_t called_from; /* where there was no exception; 0: there was one */
	bool whole;	      /* its last line is there */
	uint64_t stack_at;
	size_t stack_words; /* from stack_at upwards, without a gap */
	uint64_t stack[CRASH_STACK_WORDS];
};

struct engine_death {
	char reason[64];
	uint64_t rip, address;
};

struct crash_log {
	struct crash_record *records;
	struct engine_death *deaths;
	size_t record_count, death_count;
	char engine_build[41];
};

/* Lines that begin with a label, as those that a screen shows, are understood, too. */
void crash_log_read(FILE *file, struct crash_log *log);
void crash_log_free(struct crash_log *log);

#endif
