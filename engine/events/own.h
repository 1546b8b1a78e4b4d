/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's own hooks: kernel functions at whose entry the engine itself has something to do,
 * whether or not a signature asked for it. A new one is a row of the table in own.c.
 */
#ifndef ENGINE_EVENTS_OWN_H
#define ENGINE_EVENTS_OWN_H

#include "engine/engine.h"

/* When a row is armed. */
enum own_when {
	OWN_KERNEL_UP, /* the kernel is found; no program has run yet */
	OWN_READY,     /* the first program is about to start */
};

/* At the function's entry. True: *verdict is final, and no handler of a signature is to run. */
typedef bool own_fn(const struct lvmon_event *ev, struct lvmon_verdict *verdict);

/*
 * One bit for each place that a row stands on, by address: most events are over with a look. With
 * 64 bits, one function in seven shared its bit with a row.
 */
#define OWN_BITS 512u
extern uint64_t own_map[OWN_BITS / 64];

/*
 * Arm the rows of this moment that the kernel has functions for. The number that are armed; error:
 * why the last one that is not could not be. What must not be missed is also a record.
 */
unsigned int own_arm(enum own_when when, char *error, size_t error_size);
void own_disarm(enum own_when when);

/* The function of the row whose trap is at gva, or NULL. */
const char *own_name(gva_t gva);

bool own_take(const struct lvmon_event *ev, struct lvmon_verdict *verdict);

/* Functions begin at multiples of 16. */
static inline unsigned int own_bit(gva_t gva)
{
	return gva >> 4 & (OWN_BITS - 1);
}

/* An EV_HOOK at a row that decides: true, *verdict is final. */
static inline bool own_hit(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	unsigned int bit = own_bit(ev->hook);

	return (own_map[bit / 64] >> bit % 64 & 1) && own_take(ev, verdict);
}

#endif
