/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up guest for the tests of engine/linux: some RAM, and a kernel blob whose image covers all
 * of it, so that a kernel address is a place in RAM without page tables. Structures have layouts of
 * their own here: the code under test must take them from the table of fields.
 */
#ifndef TESTS_LINUX_GUEST_H
#define TESTS_LINUX_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/linux/internal.h"

#define GUEST_RAM  (4 * MB)
#define GUEST_BASE 0xffffffff81000000ull /* where RAM is in the made-up kernel's image */

static uint8_t *guest_ram; /* of exactly this size: AddressSanitizer guards its end */
static struct lvmon_ram guest_range;
static struct backend guest_backend;
static struct kernel_blob guest_kernel;
static gva_t guest_next; /* first free byte */

static inline void guest_start(void)
{
	int i;

	free(guest_ram);
	guest_ram = calloc(1, GUEST_RAM);
	guest_range = (struct lvmon_ram){0, GUEST_RAM};
	guest_backend = (struct backend){
		.window = guest_ram,
		.ram = &guest_range,
		.ram_ranges = 1,
	};
	backend = &guest_backend;
	memset(&guest_kernel, 0, sizeof(guest_kernel));
	guest_kernel.image_start = GUEST_BASE;
	guest_kernel.image_end = GUEST_BASE + GUEST_RAM;
	guest_kernel.delta = GUEST_BASE;
	guest_kernel.levels = 4;
	for (i = 0; i < NR_FIELDS; i++)
		guest_kernel.field[i] = NO_FIELD;
	kernel = &guest_kernel;
	linux_guest_ran();
	guest_next = GUEST_BASE + 0x10000;
}

static inline gva_t guest_alloc(size_t size, size_t align)
{
	gva_t va = align_up(guest_next, align);

	guest_next = va + size;
	assert_true(guest_next <= GUEST_BASE + GUEST_RAM);
	return va;
}

static inline void *guest_at(gva_t va)
{
	assert_true(va >= GUEST_BASE && va < GUEST_BASE + GUEST_RAM);
	return guest_ram + (va - GUEST_BASE);
}

static inline void put64(gva_t va, uint64_t value)
{
	memcpy(guest_at(va), &value, sizeof(value));
}

static inline void put32(gva_t va, uint32_t value)
{
	memcpy(guest_at(va), &value, sizeof(value));
}

static inline gpa_t pa(gva_t va)
{
	return va - GUEST_BASE;
}

struct guest_symbol {
	const char *name; /* type letter first */
	gva_t va;	  /* ascending */
};

/*
 * Give the made-up kernel symbols: the smallest tables there can be, of one bucket and with the
 * characters as tokens. The blob becomes the kernel; the caller frees it.
 */
static inline struct kernel_blob *guest_symbols(const struct guest_symbol *symbols, uint32_t count)
{
	const uint32_t sizes[NR_SECTIONS] = {
		[SEC_NAMES] = 64 * count, [SEC_TOKENS] = 512,	       [SEC_TOKEN_INDEX] = 512,
		[SEC_MARKERS] = 8,	  [SEC_ADDRESSES] = 8 * count, [SEC_BUCKETS] = 8,
		[SEC_ORDER] = 8 * count,
	};
	struct kernel_blob *b = calloc(1, sizeof(*b) + 4096 + 80 * count);
	uint32_t off = sizeof(*b), i, pos = 0;
	uint8_t *names, *tokens;

	*b = guest_kernel;
	for (i = 0; i < NR_SECTIONS; i++) {
		b->sec[i] = (struct section){off, sizes[i]};
		off += sizes[i];
	}
	tokens = (uint8_t *)section(b, SEC_TOKENS);
	for (i = 0; i < 256; i++) {
		((uint16_t *)section(b, SEC_TOKEN_INDEX))[i] = (uint16_t)(2 * i);
		tokens[2 * i] = (uint8_t)i;
	}
	names = (uint8_t *)section(b, SEC_NAMES);
	for (i = 0; i < count; i++) {
		size_t n = strlen(symbols[i].name);

		names[pos] = (uint8_t)n;
		memcpy(names + pos + 1, symbols[i].name, n);
		pos += 1 + n;
		((int32_t *)section(b, SEC_ADDRESSES))[i] = (int32_t)symbols[i].va;
		((uint32_t *)section(b, SEC_ORDER))[i] = i;
	}
	b->buckets = 1;
	((uint32_t *)section(b, SEC_BUCKETS))[1] = count;
	b->symbols = count;
	kernel = b;
	return b;
}

/* A random number, the same each run. */
static inline uint32_t noise(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

#endif
