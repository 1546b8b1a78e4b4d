/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of hooks is in Lua: how lvmon.hook.NAME reads its first argument, and which fields
 * its events have beside those of all. A new one is a row of kinds[] in hook.c.
 */
#ifndef ENGINE_LUA_HOOK_H
#define ENGINE_LUA_HOOK_H

#include "engine/events/kinds.h"
#include "engine/lua/api.h"

/* A field of the event object; pushes one value. */
struct event_field {
	const char *name; /* NULL ends the table */
	int (*push)(lua_State *L, const struct activity *a);
	int cached; /* 1 or 2: a table, made once an event and kept as this user value; 0: no */
};

struct lua_hook {
	const struct hook_kind *kind;
	/*
	 * Read argument 1: sets name, count and sites of *h, or raises an error. Without a guest
	 * (ENGINE_CHECK) what exists there cannot be known: the name only.
	 */
	void (*resolve)(lua_State *L, struct hook *h);
	const struct event_field *fields;
};

extern const struct lua_hook lua_hook_syscall, lua_hook_register;

#endif
