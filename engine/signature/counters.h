/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each signature has cost and done, since the guest's start: kept in the persist pages, so a
 * restart of the engine loses nothing of it.
 */
#ifndef ENGINE_SIGNATURE_COUNTERS_H
#define ENGINE_SIGNATURE_COUNTERS_H

#include "engine/engine.h"

/* A record of each signature so often, if it has run meanwhile. */
#define COUNTERS_NS 60000000000u

/* Calls that come in a cool-down are told so often, and when it is over. */
#define COUNTERS_MISSED_NS 1000000000u

/* Counters of a signature. */
struct counters *counters_of(const struct signature *s);

/* The clock for them: ticks, converted only where they are told. */
static inline uint64_t counters_clock(void)
{
	return __builtin_ia32_rdtsc();
}

/* The engine died in the signature's code; in a handler: that has run until now. */
void counters_died(uint32_t signature, bool in_handler, bool its_fault);

/* Ticks in nanoseconds. */
uint64_t counters_ns(uint64_t ticks);

/* A call came in a cool-down of the signature, so its handler did not run. */
void counters_missed(struct signature *s, uint64_t now);
/* Those that have not been told yet. */
void counters_tell_missed(struct signature *s);

/* The clocks are compared from now on; once in the guest's life. */
void counters_begin(void);

/* It is time (engine.memory->due_ns): tell of one signature, at the end of this event. */
void counters_tell(const struct lvmon_event *ev);

#endif
