/* SPDX-License-Identifier: Apache-2.0 */
/* A table that counts words. */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

struct word {
	struct word *next;
	unsigned long count;
	char text[];
};

struct table {
	struct word *chains[1024];
	size_t size;
};

/* NULL when out of memory. */
struct word *table_count(struct table *table, const char *text, size_t length);

/* All words, the most frequent first; the caller frees the list. */
struct word **table_sorted(const struct table *table);

void merge_sort(struct word **list, size_t size,
		int (*before)(const struct word *, const struct word *));

#endif
