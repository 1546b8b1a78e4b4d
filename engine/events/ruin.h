/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes whose whole memory a handler has overwritten. They do not go on. As a rule they could
 * not anyway, but execve does not come back to the old memory, and needs nothing of it either where
 * the program is named by a descriptor, or by a path in memory that is shared.
 */
#ifndef ENGINE_EVENTS_RUIN_H
#define ENGINE_EVENTS_RUIN_H

#include "engine/events/dispatch.h"

/*
 * A write of this activity's handler is done. The call of a ruined process is denied from then on.
 */
void ruin_note(struct activity *a, const struct write_job *job);

/* When all handlers have run: the verdict that ends the process; false: it may go on. */
bool ruin_ask(const struct activity *a, struct lvmon_verdict *verdict) must_check;

#endif
