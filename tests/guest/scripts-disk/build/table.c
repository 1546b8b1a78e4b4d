// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "table.h"

static unsigned int hash(const char *text, size_t length)
{
	unsigned int value = 2166136261u;

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)text[i]) * 16777619u;
	return value;
}

struct word *table_count(struct table *table, const char *text, size_t length)
{
	struct word **chain = &table->chains[hash(text, length) % 1024], *word;

	for (word = *chain; word; word = word->next) {
		if (strlen(word->text) == length && memcmp(word->text, text, length) == 0) {
			word->count++;
			return word;
		}
	}
	word = malloc(sizeof(*word) + length + 1);
	if (!word)
		return NULL;
	memcpy(word->text, text, length);
	word->text[length] = '\0';
	word->count = 1;
	word->next = *chain;
	*chain = word;
	table->size++;
	return word;
}

static int before(const struct word *a, const struct word *b)
{
	if (a->count != b->count)
		return a->count > b->count;
	return strcmp(a->text, b->text) < 0;
}

struct word **table_sorted(const struct table *table)
{
	struct word **list = malloc((table->size + 1) * sizeof(*list));
	size_t n = 0;

	if (!list)
		return NULL;
	for (size_t i = 0; i < 1024; i++) {
		for (struct word *word = table->chains[i]; word; word = word->next)
			list[n++] = word;
	}
	merge_sort(list, n, before);
	return list;
}
