/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long work in slices. How long it takes to search a process depends on what that has in memory,
 * and is no fault of the signature's: so the work is left after some milliseconds, the guest goes
 * on for a moment (the call that is hooked waits), and the rest is done with a new budget.
 */
#ifndef ENGINE_EVENTS_SLICE_H
#define ENGINE_EVENTS_SLICE_H

#include <lua.h>
#include <stdbool.h>
#include "engine/backend.h"

struct activity;
struct hook_site;

/*
 * What to ask between parts of the work: is the slice over? NULL: L cannot wait here (a callback of
 * a C function, a coroutine of the script's, no handler), or the guest may not sleep here, and the
 * event's budget is all there is.
 */
typedef bool slice_stop(void);
slice_stop *slice_begin(lua_State *L);

/* Leave the work: does not return. k goes on with context. */
int slice_wait(lua_State *L, lua_KContext context, lua_KFunction k);

/* May the guest be made to call what sleeps, in the event at hand at this site? */
bool site_may_sleep(const struct hook_site *site) must_check;

/* The verdict that lets the guest go on for a moment; false: there is none. */
bool slice_ask(struct lvmon_verdict *verdict) must_check;

#endif
