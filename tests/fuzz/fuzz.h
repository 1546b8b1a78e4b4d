/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzzers share. Each fuzz_NAME.c defines LLVMFuzzerTestOneInput() and fuzz_seeds(), which
 * makes the inputs that the search starts from: by code, so that no file has to be kept.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Calls fuzz_seed() for each input to start from. */
void fuzz_seeds(void);
void fuzz_seed(const void *data, size_t size);

/* A promise of the code under test that this input has broken. */
#define must(condition)                                                                         \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* The input as a row of values; zeros when it is used up. */
struct input {
	const uint8_t *at, *end;
};

static inline struct input input_of(const uint8_t *data, size_t size)
{
	return (struct input){data, data + size};
}

static inline size_t input_left(const struct input *in)
{
	return (size_t)(in->end - in->at);
}

static inline void take_bytes(struct input *in, void *to, size_t size)
{
	size_t n = size < input_left(in) ? size : input_left(in);

	memset(to, 0, size);
	if (n)
		memcpy(to, in->at, n);
	in->at += n;
}

static inline uint64_t take(struct input *in, size_t size)
{
	uint64_t value = 0;

	take_bytes(in, &value, size);
	return value;
}

/*
 * A number as attackers choose them, in few bytes: small, near a power of two, from a table of what
 * matters to the code under test, or any.
 */
static inline uint64_t take_number(struct input *in, const uint64_t *table, size_t count)
{
	uint8_t how = (uint8_t)take(in, 1);

	switch (how & 3) {
	case 0:
		return how >> 2;
	case 1:
		return (1ull << (how >> 2)) + (uint64_t)(int64_t)(int8_t)take(in, 1);
	case 2:
		if (count)
			return table[(how >> 2) % count] + (uint64_t)(int64_t)(int16_t)take(in, 2);
		return take(in, 4);
	default:
		return take(in, 8);
	}
}

#endif
