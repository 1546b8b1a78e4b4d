/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coroutines for signatures. A handler runs in a coroutine of ours already, from which only the
 * engine yields; those that a script makes are kept apart from it, and the limit (limit.c) always
 * knows which state is running.
 */
#include "engine/lua/api.h"
#include "engine/signature/limit.h"

/* Is L a coroutine that the engine made for a handler, or for the script itself? */
static bool is_handler(lua_State *L)
{
	return !signature_has(L);
}

/* Resume co with the n values on top of L: the number of its results on L, or -1 and an error. */
static int resume(lua_State *L, lua_State *co, int n)
{
	lua_State *outer;
	int status, results;

	if (!lua_checkstack(co, n)) {
		lua_pushliteral(L, "too many arguments to resume");
		return -1;
	}
	lua_xmove(L, co, n);
	limit_clear(co);
	outer = limit_enter(co);
	status = lua_resume(co, L, n, &results);
	limit_enter(outer);
	limit_check(L);
	if (status != LUA_OK && status != LUA_YIELD) {
		lua_xmove(co, L, 1);
		return -1;
	}
	if (!lua_checkstack(L, results + 1)) {
		lua_pop(co, results);
		lua_pushliteral(L, "too many results to resume");
		return -1;
	}
	lua_xmove(co, L, results);
	return results;
}

static lua_State *check_coroutine(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);

	luaL_argexpected(L, co, 1, "coroutine");
	return co;
}

/* coroutine.resume(co, ...) -> true, results; false, error */
static int co_resume(lua_State *L)
{
	lua_State *co = check_coroutine(L);
	int n;

	/* It may wait for the guest, or lie ready for the next event with the engine's values in
	 * it. */
	if (is_handler(co)) {
		lua_pushboolean(L, 0);
		lua_pushliteral(L, "cannot resume a handler");
		return 2;
	}
	n = resume(L, co, lua_gettop(L) - 1);
	lua_pushboolean(L, n >= 0);
	if (n < 0)
		n = 1;
	lua_insert(L, -(n + 1));
	return n + 1;
}

/* The function that coroutine.wrap gave. */
static int wrapped(lua_State *L)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	int n = resume(L, co, lua_gettop(L));

	if (n >= 0)
		return n;
	if (lua_type(L, -1) == LUA_TSTRING) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

/* coroutine.create(f) */
static int co_create(lua_State *L)
{
	lua_State *co;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	co = lua_newthread(L);
	signature_give(co);
	limit_clear(co);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	return 1;
}

/* coroutine.wrap(f) */
static int co_wrap(lua_State *L)
{
	co_create(L);
	lua_pushcclosure(L, wrapped, 1);
	return 1;
}

/* coroutine.yield(...) */
static int co_yield (lua_State *L)
{
	if (is_handler(L))
		return luaL_error(L, "attempt to yield from outside a coroutine");
	return lua_yield(L, lua_gettop(L));
}

/* coroutine.isyieldable() */
static int co_isyieldable(lua_State *L)
{
	lua_pushboolean(L, lua_isyieldable(L) && !is_handler(L));
	return 1;
}

/* coroutine.running() -> coroutine, is it the main one */
static int co_running(lua_State *L)
{
	int main = lua_pushthread(L);

	lua_pushboolean(L, main || is_handler(L));
	return 2;
}

/* coroutine.close(co): its pending to-be-closed values run under the limit as well. */
static int co_close(lua_State *L)
{
	lua_State *co = check_coroutine(L), *outer;

	luaL_argcheck(L, !is_handler(co), 1, "cannot close a handler");
	outer = limit_enter(co);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_settop(L, 2);
	if (lua_pcall(L, 1, LUA_MULTRET, 0) != LUA_OK) {
		limit_enter(outer);
		return lua_error(L);
	}
	limit_enter(outer);
	limit_check(L);
	return lua_gettop(L);
}

void coroutine_open(lua_State *L)
{
	static const luaL_Reg own[] = {
		{"resume", co_resume}, {"create", co_create},		{"wrap", co_wrap},
		{"yield", co_yield },  {"isyieldable", co_isyieldable}, {"running", co_running},
		{NULL, NULL},
	};

	luaL_requiref(L, LUA_COLIBNAME, luaopen_coroutine, 1);
	api_functions(L, own);
	lua_getfield(L, -1, "close");
	lua_pushcclosure(L, co_close, 1);
	lua_setfield(L, -2, "close");
	lua_pop(L, 1);
}
