/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's own traps: what would take the guest away from under it. */
#ifndef ENGINE_EVENTS_GUARDS_H
#define ENGINE_EVENTS_GUARDS_H

#include "engine/engine.h"

/* One bit for each place that a guard stands on, by address: most events are over with a look. */
extern uint64_t guards_mask;

/* Arm them all; what cannot be guarded is a record. Before the signatures are loaded. */
void guards_arm(void);

/* Functions begin at multiples of 16. */
static inline unsigned int guards_bit(gva_t gva)
{
	return gva >> 4 & 63;
}

/* The function of the guard at this trap, or NULL. */
const char *guards_name(gva_t gva);

bool guards_take(const struct lvmon_event *ev, struct lvmon_verdict *verdict);

/* An EV_HOOK at a guard that decides: true, *verdict is final and no handler is to run. */
static inline bool guards_hit(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	return (guards_mask >> guards_bit(ev->hook) & 1) && guards_take(ev, verdict);
}

#endif
