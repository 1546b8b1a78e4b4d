// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "table.h"

static void sort(struct word **list, struct word **spare, size_t size,
		 int (*before)(const struct word *, const struct word *))
{
	const size_t half = size / 2;
	size_t a = 0, b = half, n = 0;

	if (size < 2)
		return;
	sort(list, spare, half, before);
	sort(list + half, spare, size - half, before);
	while (a < half && b < size)
		spare[n++] = before(list[b], list[a]) ? list[b++] : list[a++];
	while (a < half)
		spare[n++] = list[a++];
	memcpy(list, spare, n * sizeof(*list));
}

void merge_sort(struct word **list, size_t size,
		int (*before)(const struct word *, const struct word *))
{
	struct word **spare = malloc((size + 1) * sizeof(*spare));

	if (spare)
		sort(list, spare, size, before);
	free(spare);
}
