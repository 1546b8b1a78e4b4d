/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table lvmon, which is bitvisor too, and the order in which a new state gets its libraries. A
 * name that is not in the table is an error that names the near ones: a misspelled call in a
 * handler that seldom runs should not be found out when it is needed.
 */
#include <stdio.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/lua/maps.h"
#include "engine/signature/record.h"

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

static void open_libraries(lua_State *L)
{
	sandbox_open(L);
	coroutine_open(L);
	string_open(L);
	module_open(L);
}

void api_init(void)
{
	signatures_init(open_libraries, hooks_drop);
}
