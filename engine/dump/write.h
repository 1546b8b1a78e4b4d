/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing dumps: ELF cores of a process or of the machine. What is to be in the file is told piece
 * by piece, notes first, and goes out at once, so that little memory is needed; the headers are
 * written last. Where it goes is a sink's matter: a file (file.c), or the tool outside that shares
 * the guest's memory (send.c).
 */
#ifndef ENGINE_DUMP_WRITE_H
#define ENGINE_DUMP_WRITE_H

#include <elf.h>
#include <jansson.h>
#include "engine/linux/linux.h"

#define DUMP_NAME_SIZE	  80
#define DUMP_SEGMENTS_MAX 60000 /* below PN_XNUM */
#define DUMP_NOTES_MAX	  (4u << 20)

struct dump_sink {
	/* All but begin are called only after begin was 0. 0 or -E... */
	int (*begin)(const char *name);
	int (*bytes)(uint64_t offset, const void *bytes, size_t size);
	/* The guest's memory [gpa, gpa + size), which is RAM. */
	int (*memory)(uint64_t offset, gpa_t gpa, uint64_t size);
	/* All memory told so far has been copied when this returns. */
	int (*sync)(void);
	/* The dump is there: the record tells so (it is freed). size: of the file */
	int (*end)(json_t *record, uint64_t size);
	/* It is given up. */
	void (*abandon)(void);
};

/* The one that fits where the engine runs; NULL: none (check mode). */
const struct dump_sink *dump_sink(void);
/* On a memory dump: files are made in this folder. */
void dump_folder(const char *where);

struct dump_writer {
	const struct dump_sink *sink;
	char name[DUMP_NAME_SIZE];
	uint64_t offset; /* where the next byte of memory goes */
	Elf64_Phdr *segments;
	size_t count, room;
	uint8_t *notes;
	size_t notes_size;
	uint64_t absent_run;	  /* bytes left out since the last that were there */
	uint64_t present, absent; /* bytes */
	bool complete, full;	  /* full: no more segments */
	int held;		  /* 0: the other CPUs stand still; as LVMON_PAUSE */
	char reason[128];	  /* why it is not complete */
	int err;		  /* of the sink, or -ENOMEM: what follows is without effect */
};

/* name: of the file; cleaned. The other CPUs are held from here on, if they can be. 0 or -E... */
int dump_begin(struct dump_writer *w, const char *name) must_check;
/* From here on memory belongs to a segment at this address. flags: PF_* */
void dump_segment(struct dump_writer *w, gva_t va, gpa_t gpa, uint32_t flags);
void dump_memory(struct dump_writer *w, gpa_t gpa, uint64_t size);
/* Memory that is in a segment with physical addresses is also at this address. */
void dump_again(struct dump_writer *w, gva_t va, gpa_t gpa, uint64_t size, uint32_t flags);
void dump_absent(struct dump_writer *w, uint64_t size);
/* What was told so far is copied now; below a guest that also gives more time. */
void dump_sync(struct dump_writer *w);
void dump_note(struct dump_writer *w, const char *name, uint32_t type, const void *desc,
	       size_t size);
/* It is not complete; the first reason stays. */
void dump_cut(struct dump_writer *w, const char *reason);
/*
 * Headers and notes. record (taken) gets the counts. 0 or the first error. Frees what w has.
 */
int dump_end(struct dump_writer *w, json_t *record) must_check;

/* What lvmon.dump() and p:dump() do. 0 or -E...; w->present and the like stay readable. */
int dump_machine(struct dump_writer *w, const char *name) must_check;
int dump_process(struct dump_writer *w, const struct linux_task *task, const char *name) must_check;

/* Bytes as base64 (RFC 4648); to has room for 4 * ((size + 2) / 3) + 1. Its length. */
size_t dump_base64(const void *bytes, size_t size, char *to);

#endif
