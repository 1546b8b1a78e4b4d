/* SPDX-License-Identifier: Apache-2.0 */
/* Coroutines that handlers run in. */
#ifndef ENGINE_EVENTS_COROUTINE_H
#define ENGINE_EVENTS_COROUTINE_H

#include <stdbool.h>
#include <lua.h>

struct activity;
struct hook;

/* The metatable of event objects. */
#define EVENT_TYPE "event"

/* A coroutine together with the event object that its handler gets: the Lua object is this. */
struct coroutine {
	lua_State *co;
	int reference;
	struct activity *activity; /* that the event object is about; NULL: over */
	bool tables;		   /* the event object keeps tables made for this event */
};

/* A coroutine of the hook's signature for its handler; NULL: out of memory. */
struct coroutine *coroutine_take(struct hook *h) __attribute__((warn_unused_result));

/* Start the handler with the event object: lua_resume's status; clean: it left no results. */
int coroutine_start(struct coroutine *t, struct activity *a, bool *clean);

/* The handler has ended; ok: without an error. */
void coroutine_put(struct hook *h, struct coroutine *t, bool ok);

/* The hook is no more. */
void coroutine_drop(struct hook *h);

#endif
