/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are read where they lie: guest memory, a process's memory, a repeated pattern. */
#ifndef ENGINE_SCAN_BYTES_H
#define ENGINE_SCAN_BYTES_H

#include "engine/linux/linux.h"

enum bytes_kind {
	BYTES_PLAIN,	/* memory of ours */
	BYTES_PHYSICAL, /* guest-physical; what is not RAM reads as zeros */
	BYTES_PROCESS,	/* a process's memory laid end to end; absent pages read as zeros */
	BYTES_FILL,	/* a pattern, repeated */
};

struct bytes {
	enum bytes_kind kind;
	uint64_t base; /* PHYSICAL: address, PROCESS: offset, FILL: offset in the pattern */
	uint64_t size;
	const void *data; /* PLAIN: the bytes, FILL: the pattern, repeated to at least a page */
	size_t data_size; /* FILL: a multiple of the pattern's size */
	const struct linux_memory *memory;
	bool watched; /* PROCESS: whoever made it looks whether the process lives */
};

/* What it leads to is still there: false for a process that has ended or runs another program. */
bool bytes_live(const struct bytes *b) must_check;

/*
 * Bytes that lie contiguous from position on (position < size): their number in *size, at least 1;
 * *absent: there is nothing, these are zeros of ours. The guest may change them at any time.
 */
const void *bytes_span(const struct bytes *b, uint64_t position, size_t *size, bool *absent);

/*
 * How many bytes from position on are zeros because nothing is there: at least so many, and 0 where
 * there is something. What is reserved and not in memory is many at a time.
 */
uint64_t bytes_gap(const struct bytes *b, uint64_t position);

/* Copy [position, position + size), which lies inside; the number of absent bytes. */
uint64_t bytes_copy(const struct bytes *b, uint64_t position, void *to, size_t size);

#define BYTES_NONE	 UINT64_MAX
#define BYTES_STOPPED	 (UINT64_MAX - 1)
#define BYTES_NEEDLE_MAX 256

/*
 * First occurrence of the needle (1..BYTES_NEEDLE_MAX bytes) at from or behind it; BYTES_NONE.
 * stop (may be NULL) is asked between parts of 1 MB or less: when it says true, the result is
 * BYTES_STOPPED, and *from where to go on, further than before.
 */
uint64_t bytes_find(const struct bytes *b, uint64_t *from, const void *needle, size_t size,
		    bool (*stop)(void));

/* scan.c: the same in memory, with a needle of any size: pointer or NULL. */
const void *bytes_scan(const void *data, size_t size, const void *needle, size_t needle_size);

/* A needle prepared for many scans; bytes stays the caller's. */
struct bytes_needle {
	const uint8_t *bytes;
	size_t size;
	size_t rare[2]; /* positions of the bytes looked for; different ones when size > 1 */
};

void bytes_needle(struct bytes_needle *l, const void *bytes, size_t size);
const void *bytes_scan_for(const void *data, size_t size, const struct bytes_needle *l);

#endif
