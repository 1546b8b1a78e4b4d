/* SPDX-License-Identifier: Apache-2.0 */
/* Events to handlers. */
#ifndef ENGINE_DISPATCH_H
#define ENGINE_DISPATCH_H

#include "engine/hooks.h"
#include "engine/write.h"

/*
 * One event on its way through the handlers of its trap. It outlives the event when a handler waits
 * for the guest.
 */
struct activity {
	uint32_t slot;
	struct lvmon_event ev; /* as it came; registers as the handlers changed them */
	gva_t trap;
	uint32_t signature, ordinal; /* the handler at work */
	struct hook *hook;	     /* the same; NULL: none */
	struct hook_site *site;
	struct signature *owner;
	lua_State *co; /* NULL: ended, writes are left in the queue */
	int co_reference;
	struct write_job *job;	 /* that the handler waits for */
	struct write_job *queue; /* to be done when the handler has ended */
	void *event_object;	 /* the Lua event object of the handler at work */
};

/* Handle one event; the verdict that ends it. */
void dispatch(const struct lvmon_event *ev, struct lvmon_verdict *verdict);

/* next_event and dispatch until next_event fails: its error. */
int dispatch_loop(void);

/* Forget all activities (tests). */
void dispatch_reset(void);

#endif
