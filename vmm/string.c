/* SPDX-License-Identifier: Apache-2.0 */
/* The four memory functions that the compiler may call, and what parsing a command line needs. */
#include "vmm/string.h"

/* The compiler's own calls come when link-time optimization has dropped what nobody called. */
#define CALLED_BY_COMPILER __attribute__((used))

CALLED_BY_COMPILER void *memcpy(void *to, const void *from, size_t size)
{
	void *ret = to;
	size_t words = size / 8;
	size_t rest = size % 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
	return ret;
}

CALLED_BY_COMPILER void *memmove(void *to, const void *from, size_t size)
{
	u8 *d = to;
	const u8 *s = from;

	if (d <= s || d >= s + size)
		return memcpy(to, from, size);
	while (size >= 8) {
		u64 word;

		size -= 8;
		__builtin_memcpy(&word, s + size, 8);
		__builtin_memcpy(d + size, &word, 8);
	}
	while (size--)
		d[size] = s[size];
	return to;
}

CALLED_BY_COMPILER void *memset(void *to, int byte, size_t size)
{
	void *ret = to;
	u64 pattern = (u8)byte * 0x0101010101010101ull;
	size_t words = size / 8;
	size_t rest = size % 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
	return ret;
}

CALLED_BY_COMPILER int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

bool starts_with(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

const char *find_word(const char *line, const char *prefix)
{
	bool start = true;

	for (; *line; line++) {
		if (start && starts_with(line, prefix))
			return line + strlen(prefix);
		start = *line == ' ';
	}
	return NULL;
}

u64 parse_number(const char *s)
{
	u64 n = 0;

	while (*s >= '0' && *s <= '9' && n < UINT64_MAX / 20)
		n = n * 10 + (u64)(*s++ - '0');
	return n;
}
