/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors run on the host: a guest memory of two pages, of which one can be read at once. */
#ifndef UNIT_SELECT_HERE_H
#define UNIT_SELECT_HERE_H

#include <string.h>
#include <lvisor/select_run.h>

#define HERE	  0xffff888000001000ull
#define HERE_SIZE 0x2000u
#define HERE_NEAR 0x1000u /* bytes of it that direct() knows */

static uint8_t here_memory[HERE_SIZE];
static uint64_t here_regs[LVMON_NR_EVENT_REGS];

static bool here_within(gva_t va, uint32_t size, uint32_t all)
{
	return va >= HERE && va - HERE < all && all - (va - HERE) >= size;
}

static bool here_direct(gva_t va, const void **at)
{
	if (!here_within(va, LVMON_SEL_MOST, HERE_NEAR))
		return false;
	*at = here_memory + (va - HERE);
	return true;
}

static bool here_reg(const void *context, uint64_t what, uint64_t *value)
{
	if (what >= LVMON_SEL_KNOWN)
		return false;
	*value = what < LVMON_NR_EVENT_REGS ? here_regs[what] : 0x1234000 + what;
	return true;
}

static bool here_read(const void *context, gva_t va, void *to, uint32_t size)
{
	if (!here_within(va, size, HERE_SIZE))
		return false;
	memcpy(to, here_memory + (va - HERE), size);
	return true;
}

static bool here_run(const struct lvmon_sel *program, uint32_t length, uint64_t *result)
{
	static const struct select_guest guest = {here_reg, here_direct, here_read};

	return select_run(program, program + length, HERE + 0x100, &guest, NULL, result);
}

/* Slots of a program. */
#define SEL(op_, dst_, src_, k_) \
	((struct lvmon_sel){     \
		.op = LVMON_SEL_##op_, .dst = (dst_), .src = (src_), .k = (uint64_t)(k_)})
#define SEL_JUMP(op_, dst_, src_, k_, yes_, no_)   \
	((struct lvmon_sel){.op = LVMON_SEL_##op_, \
			    .dst = (dst_),         \
			    .src = (src_),         \
			    .yes = (yes_),         \
			    .no = (no_),           \
			    .k = (uint64_t)(k_)})
#define SEL_BYTES(src_, k_, size_, yes_, no_)      \
	((struct lvmon_sel){.op = LVMON_SEL_BYTES, \
			    .src = (src_),         \
			    .size = (size_),       \
			    .yes = (yes_),         \
			    .no = (no_),           \
			    .k = (uint64_t)(k_)})

static struct lvmon_sel sel_data(const void *bytes, size_t size)
{
	struct lvmon_sel slot;

	memset(&slot, 0, sizeof(slot));
	memcpy(&slot, bytes, size);
	return slot;
}

/* As many bytes of ones. */
static struct lvmon_sel sel_mask(size_t size)
{
	static const uint8_t ones[16] = {255, 255, 255, 255, 255, 255, 255, 255,
					 255, 255, 255, 255, 255, 255, 255, 255};

	return sel_data(ones, size);
}

#endif
