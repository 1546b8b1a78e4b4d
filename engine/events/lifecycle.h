/* SPDX-License-Identifier: Apache-2.0 */
/* From the guest's first system-call entry to running signatures, and back after a death. */
#ifndef ENGINE_EVENTS_LIFECYCLE_H
#define ENGINE_EVENTS_LIFECYCLE_H

#include "engine/events/own.h"

/* Read the archive; in a restarted engine take over from the predecessor. */
void lifecycle_start(void);

/* LVMON_EV_KERNEL_UP */
void lifecycle_kernel_up(const struct lvmon_event *ev, struct lvmon_verdict *verdict);

/* The first program is about to start: a row of own.c. */
own_fn lifecycle_first_program;

/* Report the predecessor's death, once, at the first event. */
void lifecycle_death(const struct lvmon_event *ev);

/*
 * For an event that comes again: the handler that was at work when the predecessor died. True: the
 * handlers behind it are to run, or *again: from it on.
 */
bool lifecycle_position(uint32_t *signature, uint32_t *ordinal, bool *again);

/* Load what is in the archive; the number that work. */
uint32_t lifecycle_load(void);

#endif
