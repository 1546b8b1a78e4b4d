/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table lvmon, which is bitvisor too, and the order in which a new state gets its libraries. A
 * name that is not in the table is an error that names the near ones: a misspelled call in a
 * handler that seldom runs should not be found out when it is needed.
 */
#include <stdio.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/lua/maps.h"
#include "engine/record.h"
#include "engine/text.h"

/* __index of lvmon and lvmon.hook: upvalue 1 is the table's name. */
static int unknown_name(lua_State *L)
{
	const char *name = luaL_tolstring(L, 2, NULL);
	struct text_near near;
	char hint[256];

	text_near_init(&near, name);
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		lua_pop(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING)
			text_near_add(&near, lua_tostring(L, -1));
	}
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "%s.%s: no such function%s", lua_tostring(L, lua_upvalueindex(1)),
			  name, hint);
}

/* The table on top raises errors for unknown names. */
static void strict(lua_State *L, const char *name)
{
	lua_newtable(L);
	lua_pushstring(L, name);
	lua_pushcclosure(L, unknown_name, 1);
	lua_setfield(L, -2, "__index");
	lua_pushstring(L, name);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
}

static const char *const modes[] = {
	[ENGINE_LIVE] = "live",
	[ENGINE_CHECK] = "check",
	[ENGINE_DUMP] = "dump",
};

void module_open(lua_State *L)
{
	view_open(L);
	event_open(L);
	listing_open(L);
	lua_newtable(L);
	memory_open(L);
	process_open(L);
	mounts_open(L);
	search_open(L);
	types_open(L);
	files_open(L);
	modules_open(L);
	tables_open(L);
	registers_open(L);
	output_open(L);
	dump_open(L);
	symbols_open(L);
	counters_open(L);
	pause_open(L);
	hidden_open(L);
	lua_newtable(L);
	hook_open(L);
	strict(L, "lvmon.hook");
	lua_setfield(L, -2, "hook");
	lua_pushstring(L, modes[engine.mode]);
	lua_setfield(L, -2, "mode");
	strict(L, "lvmon");

	lua_getfield(L, LUA_REGISTRYINDEX, "loaded");
	lua_pushvalue(L, -2);
	lua_setfield(L, -2, "lvmon");
	lua_pushvalue(L, -2);
	lua_setfield(L, -2, "bitvisor");
	lua_pop(L, 1);
	lua_pushvalue(L, -1);
	lua_setglobal(L, "lvmon");
	lua_setglobal(L, "bitvisor");
}

void api_open(lua_State *L)
{
	sandbox_open(L);
	coroutine_open(L);
	string_open(L);
	module_open(L);
}

int api_message(lua_State *L)
{
	if (lua_tostring(L, 1) ||
	    (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING))
		return 1;
	lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	return 1;
}

void api_stack(lua_State *L, char *out, size_t size)
{
	lua_Debug ar;
	size_t n = 0;
	int level;

	out[0] = '\0';
	for (level = 0; level < 32 && n + 1 < size && lua_getstack(L, level, &ar); level++) {
		int w;

		if (!lua_getinfo(L, "Sln", &ar))
			break;
		if (ar.currentline <= 0 && !ar.name)
			continue;
		if (ar.currentline > 0)
			w = snprintf(out + n, size - n, "%s%s:%d: in %s%s%s", n ? "\n" : "",
				     ar.short_src, ar.currentline,
				     *ar.namewhat ? ar.namewhat : "function", ar.name ? " " : "",
				     ar.name ? ar.name : "");
		else
			w = snprintf(out + n, size - n, "%s[C]: in %s", n ? "\n" : "", ar.name);
		if (w < 0)
			break;
		n += (size_t)w;
	}
}

void api_out_of_memory(struct signature *s)
{
	json_t *r;

	engine.signature = s;
	r = record_new("error");
	record_string(r, "phase", "handler");
	record_string(r, "message", "not enough memory to run the handler");
	record_event_process(r);
	record_emit(r);
}
