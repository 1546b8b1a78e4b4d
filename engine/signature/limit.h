/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping of Lua code whose time is used up. */
#ifndef ENGINE_SIGNATURE_LIMIT_H
#define ENGINE_SIGNATURE_LIMIT_H

#include <lua.h>
#include <signal.h>

/* The budget of the event at hand is used up. */
extern volatile sig_atomic_t limit_expired;

/* Install the handler of SIGXCPU. where: gets "file:line", where_size bytes. */
void limit_init(char *where, size_t where_size);

/* For limit_enter only. */
extern lua_State *volatile limit_running;

/* L is the state that runs from now on (NULL: none); returns the one before. */
static inline lua_State *limit_enter(lua_State *L)
{
	lua_State *before = limit_running;

	limit_running = L;
	return before;
}

/* For limit_reset only. */
extern volatile sig_atomic_t limit_signals;

/* A new event, a new budget. */
static inline void limit_reset(void)
{
	limit_expired = limit_signals = 0;
}

/* The same event goes on with somebody who is not to blame: what is left is his. */
static inline void limit_forgive(void)
{
	limit_expired = 0;
}

/*
 * Raise the error in L if time is used up: in long C loops, and when a coroutine that L had resumed
 * has come back.
 */
void limit_check(lua_State *L);

/* Let L run unstopped: no hook of an earlier event's. */
void limit_clear(lua_State *L);

#endif
