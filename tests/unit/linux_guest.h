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

#define GUEST_RAM (4 * MB)
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
	guest_range = (struct lvmon_ram){ 0, GUEST_RAM };
	guest_backend = (struct backend){
		.window = guest_ram, .ram = &guest_range, .ram_ranges = 1,
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
