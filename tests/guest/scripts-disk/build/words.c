// SPDX-License-Identifier: Apache-2.0
/* Counts the words of its input and prints the five most frequent. */
#include <ctype.h>
#include <stdio.h>

#include "table.h"

int main(void)
{
	static struct table table;
	char text[256];
	size_t length = 0;
	struct word **list;
	int c;

	do {
		c = getchar();
		if (c != EOF && (isalnum(c) || c == '_') && length < sizeof(text)) {
			text[length++] = (char)c;
		} else if (length) {
			if (!table_count(&table, text, length))
				return 1;
			length = 0;
		}
	} while (c != EOF);
	list = table_sorted(&table);
	if (!list)
		return 1;
	for (size_t i = 0; i < table.size && i < 5; i++)
		printf("%s%s=%lu", i ? " " : "", list[i]->text, list[i]->count);
	putchar('\n');
	return 0;
}
