/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_STRING_H
#define VMM_STRING_H

#include "vmm/types.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
bool starts_with(const char *s, const char *prefix);

/* Text behind the word of line that starts with prefix ("mem=" in "a=1 mem=48"), or NULL. */
const char *find_word(const char *line, const char *prefix);

/* Decimal digits at s; 0 when there are none. Does not overflow. */
u64 parse_number(const char *s);

#endif
