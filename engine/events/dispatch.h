/* SPDX-License-Identifier: Apache-2.0 */
/* Events to handlers. */
#ifndef ENGINE_EVENTS_DISPATCH_H
#define ENGINE_EVENTS_DISPATCH_H

#include "engine/events/coroutine.h"
#include "engine/events/hooks.h"
#include "engine/events/write.h"

/* Is the process at an end whose memory was overwritten (ruin.h)? */
enum ruin {
	RUIN_NONE,
	RUIN_WANTED,
	RUIN_ASKED, /* the guest is at work on it; all handlers have run */
};

/*
 * One event on its way through the handlers of its trap. It outlives the event when a handler waits
 * for the guest.
 */
struct activity {
	uint32_t slot;
	const struct lvmon_event *ev; /* the caller's, or kept */
	struct hook_trap *trap;
	uint32_t deny; /* while it waits: engine.memory->deny, which is the event's at hand */
	bool filtered; /* the vmm has run the selectors of the trap's hooks */
	uint32_t signature, ordinal; /* the handler at work */
	struct hook *hook;	     /* the same; NULL: none */
	struct hook_site *site;
	struct signature *owner;
	struct coroutine *coroutine;
	lua_State *co;	       /* the coroutine's; NULL: ended, writes are left in the queue */
	struct write_job *job; /* that the handler waits for */
	bool sliced;	       /* it goes on when the guest has (slice.h) */
	uint64_t own;	       /* ticks that the handler used up to its pauses, without long work */
	struct write_job *queue; /* to be done when the handler has ended */
	enum ruin ruin;
	uint64_t overwritten;	 /* bytes of its process's memory, from the first on */
	struct lvmon_event kept; /* see activity_keep */
};

/* A copy of the event that may be changed and that outlives the caller's. */
struct lvmon_event *activity_keep(struct activity *a);

/* Handle one event; the verdict that ends it. */
void dispatch(const struct lvmon_event *ev, struct lvmon_verdict *verdict);

/* next_event and dispatch until next_event fails: its error. */
int dispatch_loop(void);

/* Forget all activities (tests). */
void dispatch_reset(void);

#endif
