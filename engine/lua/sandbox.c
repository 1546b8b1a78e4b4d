/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of Lua's own libraries a signature gets. The protection domain is the wall; this is the
 * railing: it takes away what can only do harm (bytecode, debug, finalizers that run when nobody
 * accounts for them) and what is meaningless below a guest (files, processes, the environment).
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "engine/lua/api.h"
#include "engine/signature/limit.h"

void api_functions(lua_State *L, const luaL_Reg *list)
{
	luaL_setfuncs(L, list, 0);
}

void api_metatable(lua_State *L, const char *name, const luaL_Reg *list)
{
	luaL_newmetatable(L, name);
	luaL_setfuncs(L, list, 0);
	lua_pushstring(L, name);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}

/* The C function at upvalue 1 with this call's arguments. */
static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

/* load(chunk [, name [, mode [, env]]]): text only, whatever the mode says. */
static int text_load(lua_State *L)
{
	int n = lua_gettop(L);

	if (n < 3)
		lua_settop(L, n = 3);
	lua_pushliteral(L, "t");
	lua_replace(L, 3);
	return call_original(L);
}

/* setmetatable(table, metatable): without finalizers. */
static int safe_setmetatable(lua_State *L)
{
	if (lua_type(L, 2) == LUA_TTABLE) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "setmetatable: __gc is not available here");
		lua_pop(L, 1);
	}
	return call_original(L);
}

/* collectgarbage("count") or ("collect") */
static int safe_collectgarbage(lua_State *L)
{
	const char *what = luaL_optstring(L, 1, "collect");

	if (strcmp(what, "count") && strcmp(what, "collect"))
		return luaL_error(L,
				  "collectgarbage: only \"count\" and \"collect\" are available");
	return call_original(L);
}

/*
 * A message handler must not run once time is up: the error comes out of a hook, in which hooks are
 * off, so nothing could stop it any more.
 */
static int message_handler(lua_State *L)
{
	if (limit_expired)
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

/* After a protected call; context values below its results are not results. */
static int protected_done(lua_State *L, int status, lua_KContext context)
{
	if (status != LUA_OK && status != LUA_YIELD) {
		limit_check(L);
		lua_pushboolean(L, 0);
		lua_pushvalue(L, -2);
		return 2;
	}
	return lua_gettop(L) - (int)context;
}

/* xpcall(f, handler, ...) */
static int safe_xpcall(lua_State *L)
{
	int n = lua_gettop(L);
	int status;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, message_handler, 1);
	lua_replace(L, 2);
	lua_pushboolean(L, 1);
	lua_pushvalue(L, 1);
	lua_rotate(L, 3, 2);
	status = lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, protected_done);
	return protected_done(L, status, 2);
}

/* pcall(f, ...): does not catch the error that says that time is up */
static int safe_pcall(lua_State *L)
{
	int status;

	luaL_checkany(L, 1);
	lua_pushboolean(L, 1);
	lua_insert(L, 1);
	status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, protected_done);
	return protected_done(L, status, 0);
}

static uint64_t seconds(void)
{
	return engine_now() / 1000000000u;
}

/* os.time([table]) -> seconds since 1970 */
static int os_time(lua_State *L)
{
	if (!lua_isnoneornil(L, 1))
		return call_original(L);
	lua_pushinteger(L, (lua_Integer)seconds());
	return 1;
}

/* os.date([format [, time]]) */
static int os_date(lua_State *L)
{
	lua_settop(L, 2);
	if (lua_isnil(L, 1)) {
		lua_pushliteral(L, "%c");
		lua_replace(L, 1);
	}
	if (lua_isnil(L, 2)) {
		lua_pushinteger(L, (lua_Integer)seconds());
		lua_replace(L, 2);
	}
	return call_original(L);
}

/* os.clock() -> seconds that the hypervisor has used */
static int os_clock(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)backend->cpu_time() / 1e9);
	return 1;
}

/* table.move(a, from, to, at [, b]): the number of elements is bounded. */
static int table_move(lua_State *L)
{
	lua_Integer from = luaL_checkinteger(L, 2), to = luaL_checkinteger(L, 3);

	if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from > 1u << 24)
		return luaL_error(L, "table.move: too many elements to move");
	return call_original(L);
}

/* For functions that walk up to #t: a __len that lies must not make them walk for ever. */
static int bounded_length(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TTABLE && luaL_len(L, 1) > 1 << 24)
		return luaL_error(L, "table: too many elements");
	return call_original(L);
}

/* table.concat(t [, sep [, i [, j]]]) */
static int table_concat(lua_State *L)
{
	lua_Integer i = luaL_optinteger(L, 3, 1);
	lua_Integer j = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);

	if (j >= i && (lua_Unsigned)j - (lua_Unsigned)i > 1u << 24)
		return luaL_error(L, "table.concat: too many elements");
	return call_original(L);
}

/* Replace function name of the table on top by f, which finds the original as upvalue 1. */
static void wrap(lua_State *L, const char *name, lua_CFunction f)
{
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, f, 1);
	lua_setfield(L, -2, name);
}

static void keep_only(lua_State *L, const char *const *names)
{
	lua_newtable(L);
	for (; *names; names++) {
		lua_getfield(L, -2, *names);
		lua_setfield(L, -2, *names);
	}
	lua_remove(L, -2);
}

/* require(name): lvmon, bitvisor, or lib/name.lua in the archive (dots are slashes) */
static int archive_require(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	char path[USTAR_NAME_SIZE], chunk[USTAR_NAME_SIZE + 1];
	struct ustar_file file;
	char *p;

	lua_settop(L, 1);
	if (lua_getfield(L, lua_upvalueindex(1), name) != LUA_TNIL)
		return 1;
	if ((size_t)snprintf(path, sizeof(path), "lib/%s.lua", name) >= sizeof(path))
		return luaL_error(L, "require: name too long");
	for (p = path + 4; p < path + strlen(path) - 4; p++)
		if (*p == '.')
			*p = '/';
	if (signatures_file(path, &file))
		return luaL_error(L, "require: no file %s in the archive", path);
	snprintf(chunk, sizeof(chunk), "=%s", path);
	if (luaL_loadbufferx(L, file.data, file.size, chunk, "t") != LUA_OK)
		return lua_error(L);
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_pushboolean(L, 1);
	}
	lua_pushvalue(L, -1);
	lua_setfield(L, lua_upvalueindex(1), name);
	return 1;
}

static void open_base(lua_State *L)
{
	static const char *const removed[] = {"dofile", "loadfile", "warn"};
	size_t i;

	luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
	for (i = 0; i < sizeof(removed) / sizeof(*removed); i++) {
		lua_pushnil(L);
		lua_setfield(L, -2, removed[i]);
	}
	wrap(L, "load", text_load);
	wrap(L, "setmetatable", safe_setmetatable);
	wrap(L, "collectgarbage", safe_collectgarbage);
	wrap(L, "pcall", safe_pcall);
	wrap(L, "xpcall", safe_xpcall);
	lua_pop(L, 1);
}

static void open_os_and_debug(lua_State *L)
{
	static const char *const os_names[] = {"time", "date", "clock", NULL};
	static const char *const debug_names[] = {"traceback", NULL};

	lua_pushcfunction(L, luaopen_os);
	lua_call(L, 0, 1);
	keep_only(L, os_names);
	wrap(L, "time", os_time);
	wrap(L, "date", os_date);
	wrap(L, "clock", os_clock);
	lua_setglobal(L, LUA_OSLIBNAME);

	lua_pushcfunction(L, luaopen_debug);
	lua_call(L, 0, 1);
	keep_only(L, debug_names);
	lua_setglobal(L, LUA_DBLIBNAME);
}

void sandbox_open(lua_State *L)
{
	open_base(L);
	open_os_and_debug(L);
	luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
	luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
	lua_pop(L, 2);
	luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
	wrap(L, "move", table_move);
	wrap(L, "concat", table_concat);
	wrap(L, "insert", bounded_length);
	wrap(L, "remove", bounded_length);
	wrap(L, "sort", bounded_length);
	lua_pop(L, 1);

	lua_newtable(L); /* loaded */
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, "loaded");
	lua_pushcclosure(L, archive_require, 1);
	lua_setglobal(L, "require");
}
