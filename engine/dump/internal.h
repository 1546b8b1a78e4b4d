/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats share. */
#ifndef ENGINE_DUMP_INTERNAL_H
#define ENGINE_DUMP_INTERNAL_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/dump/dump.h"

/* The file, and where a message about it goes. */
struct dump_file {
	const uint8_t *bytes;
	uint64_t size;
	char *error;
	size_t error_size;
};

/* Fill in the message; returns code. */
#define dump_fail(file, code, ...) \
	(snprintf((file)->error, (file)->error_size, __VA_ARGS__), (code))

static inline bool dump_inside(const struct dump_file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

/* A copy: structures in files lie at any alignment. False: not wholly in the file. */
static inline bool dump_copy(const struct dump_file *file, uint64_t offset, void *to, size_t size)
{
	if (!dump_inside(file, offset, size))
		return false;
	memcpy(to, file->bytes + offset, size);
	return true;
}

/* One more extent, in any order, wholly in the file. 0, -E2BIG or -ENOMEM. */
int dump_add(struct dump *dump, gpa_t gpa, uint64_t size, uint64_t offset) must_check;
/* The registers of CPU number, made if it is not there yet. NULL: too many, or no memory. */
struct dump_cpu *dump_cpu(struct dump *dump, size_t number);

/* The formats. Each fills in *dump. */
int dump_lime(const struct dump_file *file, struct dump *dump) must_check;
int dump_elf(const struct dump_file *file, struct dump *dump) must_check;
/* The notes in [offset, offset + size) of an ELF core. */
int dump_notes(const struct dump_file *file, uint64_t offset, uint64_t size,
	       struct dump *dump) must_check;

#endif
