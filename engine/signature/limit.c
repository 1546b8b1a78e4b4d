/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping of Lua code whose time is used up. The vmm sends SIGXCPU a grace period before it
 * kills. The handler sets a hook in the running state that raises an error at the next instruction
 * and at every one after it, until the handler's outermost call has ended: so no pcall and no
 * coroutine keeps it. Without a signal this costs nothing, unlike a count hook that is always on.
 *
 * What runs in C (a pattern that explodes) is not stopped by this, but by the kill. Just before it
 * the vmm sends the signal again, and the line that the C code was called from is left in the
 * persist page. Not at the first signal: lua_sethook alone may be called at any moment, and where a
 * stack is just being moved, looking into it would be a fault. At the second one a fault changes
 * nothing.
 */
#include <stdbool.h>
#include <string.h>
#include "engine/engine.h"
#include "engine/signature/limit.h"
#include <lauxlib.h>

volatile sig_atomic_t limit_expired, limit_signals;

lua_State *volatile limit_running;
static char *where_text;
static size_t where_size;
static bool place_is_exact;

/* In a signal handler: no stdio. */
static void note_where(lua_State *L)
{
	char digits[12];
	lua_Debug ar;
	size_t n, d = sizeof(digits);
	int level, line;

	for (level = 0; level < 64 && lua_getstack(L, level, &ar); level++) {
		if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
			continue;
		for (line = ar.currentline; line > 0 && d > 0; line /= 10)
			digits[--d] = (char)('0' + line % 10);
		n = strlen(ar.short_src);
		if (n + 1 + sizeof(digits) - d >= where_size)
			n = where_size - sizeof(digits) - 2;
		memcpy(where_text, ar.short_src, n);
		where_text[n++] = ':';
		memcpy(where_text + n, digits + d, sizeof(digits) - d);
		where_text[n + sizeof(digits) - d] = '\0';
		return;
	}
}

static const char *message(void)
{
	return engine.start && engine.start->starved ? "time limit exceeded: the processor was "
						       "kept from the handler, by interrupts or by "
						       "the machine below"
						     : "time limit exceeded";
}

static void stop(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	if (!limit_expired) {
		lua_sethook(L, NULL, 0, 0);
		return;
	}
	/* The interpreter's own place was not written back when the signal came; now it is. */
	if (!place_is_exact && where_text)
		note_where(L);
	place_is_exact = true;
	luaL_where(L, 0); /* in a hook, level 0 is the code that it stopped */
	lua_pushstring(L, message());
	lua_concat(L, 2);
	lua_error(L);
}

static void set_stop(lua_State *L)
{
	lua_sethook(L, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void on_signal(int signal)
{
	lua_State *L = limit_running;

	(void)signal;
	if (limit_signals++) {
		if (L && where_text && !place_is_exact)
			note_where(L);
		return;
	}
	limit_expired = 1;
	place_is_exact = false;
	if (L)
		set_stop(L);
}

void limit_init(char *where, size_t size)
{
	struct sigaction action;

	where_text = where;
	where_size = size;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigaction(SIGXCPU, &action, NULL);
}

void limit_check(lua_State *L)
{
	if (limit_expired) {
		set_stop(L);
		luaL_error(L, "%s", message());
	}
}

void limit_clear(lua_State *L)
{
	lua_sethook(L, NULL, 0, 0);
}
