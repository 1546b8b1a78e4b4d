/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands for a typed pointer where a signature is only checked and there is no guest: it takes
 * every use that a pointer or a value of the guest's may be put to, and says nothing.
 */
#include "engine/lua/api.h"
#include "engine/lua/pointer.h"

#define NOTHING_TYPE "nothing"

int nothing_push(lua_State *L)
{
	lua_newuserdatauv(L, 0, 0);
	luaL_setmetatable(L, NOTHING_TYPE);
	return 1;
}

static int nothing_itself(lua_State *L)
{
	return nothing_push(L);
}

static int nothing_number(lua_State *L)
{
	lua_pushinteger(L, 0);
	return 1;
}

static int nothing_text(lua_State *L)
{
	lua_pushliteral(L, "");
	return 1;
}

static int nothing_false(lua_State *L)
{
	lua_pushboolean(L, 0);
	return 1;
}

void nothing_open(lua_State *L)
{
	static const luaL_Reg nothing[] = {
		{"__index", nothing_itself}, {"__call", nothing_itself},
		{"__len", nothing_number},   {"__add", nothing_number},
		{"__sub", nothing_number},   {"__mul", nothing_number},
		{"__div", nothing_number},   {"__mod", nothing_number},
		{"__idiv", nothing_number},  {"__unm", nothing_number},
		{"__band", nothing_number},  {"__bor", nothing_number},
		{"__bxor", nothing_number},  {"__bnot", nothing_number},
		{"__shl", nothing_number},   {"__shr", nothing_number},
		{"__concat", nothing_text},  {"__tostring", nothing_text},
		{"__eq", nothing_false},     {"__lt", nothing_false},
		{"__le", nothing_false},     {NULL, NULL},
	};

	api_metatable(L, NOTHING_TYPE, nothing);
}
