/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are not done: the function of the event's trap returns an error instead. */
#ifndef ENGINE_EVENTS_DENY_H
#define ENGINE_EVENTS_DENY_H

#include "engine/engine.h"

#define DENY_EPERM	1u
#define DENY_EFAULT	14u
#define DENY_NUMBER_MAX 511u /* behind it are the kernel's own, as ERESTARTSYS (linux/errno.h) */

/*
 * The event at hand ends with -number, once all its handlers have run; one that was denied before
 * stays as it is. reason: the record's; hook: its name, or NULL. The record is the running
 * signature's.
 */
void deny(uint32_t number, const char *reason, const char *hook);

/* The event at hand is to end so, and the guest is not asked for anything before: say so in v. */
static inline void deny_apply(struct lvmon_verdict *v)
{
	uint32_t number = engine.memory->deny;

	if (number && v->kind == LVMON_CONTINUE) {
		v->kind = LVMON_RETURN;
		v->value = -(uint64_t)number;
	}
}

#endif
