/* SPDX-License-Identifier: Apache-2.0 */
/* Strings from guests and scripts made safe to print; near matches for names. */
#ifndef ENGINE_BASE_TEXT_H
#define ENGINE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy size bytes as valid UTF-8 that moves no terminal: bytes that are not UTF-8, control
 * characters, bidirectional overrides and the backslash itself become \xNN (one a byte). Line feed
 * and tab stay where keep_lines. Writes at most out_size - 1 bytes and a NUL and never cuts a
 * character; false when something was cut off.
 */
bool text_clean(const char *in, size_t size, bool keep_lines, char *out, size_t out_size);

/* Number of edits (insert, delete, replace, swap) between two names, at most limit + 1. */
unsigned int text_distance(const char *a, const char *b, unsigned int limit);

/* Best few names for a misspelled one. */
#define TEXT_NEAR      3
#define TEXT_NAME_SIZE 64

struct text_near {
	const char *wanted;
	unsigned int limit; /* edits that still count as near */
	size_t count;
	unsigned int distance[TEXT_NEAR];
	char name[TEXT_NEAR][TEXT_NAME_SIZE];
};

void text_near_init(struct text_near *near, const char *wanted);
void text_near_add(struct text_near *near, const char *name);
/* "; did you mean a, b?" or "" */
void text_near_print(const struct text_near *near, char *out, size_t size);

#endif
