/* SPDX-License-Identifier: Apache-2.0 */
/* Traps that the guest's CPUs do not meet any more. */
#ifndef ENGINE_EVENTS_LIFTED_H
#define ENGINE_EVENTS_LIFTED_H

#include <lvisor/lvmon.h>

/* An LVMON_EV_TRAP_CHANGED: if it is news, a record for each signature that has a hook there. */
void lifted_tell(const struct lvmon_event *ev, struct lvmon_verdict *verdict);
/* What was told; with hooks_close(). */
void lifted_forget(void);

#endif
