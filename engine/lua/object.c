/* SPDX-License-Identifier: Apache-2.0 */
/* Objects made of a table of fields, see object.h. */
#include <lauxlib.h>
#include "engine/base/text.h"
#include "engine/lua/object.h"

const void *object_check(lua_State *L, int arg, const char *type)
{
	return ((struct object *)luaL_checkudata(L, arg, type))->row;
}

void object_plain(lua_State *L, const struct object_field *fields, const void *row)
{
	luaL_checkstack(L, 8, NULL);
	lua_newtable(L);
	for (; fields->name; fields++) {
		if (!fields->push || fields->apart)
			continue;
		fields->push(L, row);
		lua_setfield(L, -2, fields->name);
	}
}

int object_unknown(lua_State *L, const char *type, int name, const struct object_field *fields)
{
	const char *wanted = luaL_tolstring(L, name, NULL);
	struct text_near near;
	char hint[256];

	text_near_init(&near, wanted);
	for (; fields->name; fields++)
		text_near_add(&near, fields->name);
	text_near_add(&near, "table");
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "%s.%s: no such field%s", type, wanted, hint);
}

/* object:table(): upvalue 1 is the table of fields, 2 the type's name */
static int object_table(lua_State *L)
{
	const char *type = lua_tostring(L, lua_upvalueindex(2));
	const struct object_field *fields = lua_touserdata(L, lua_upvalueindex(1));

	object_plain(L, fields, object_check(L, 1, type));
	return 1;
}

/*
 * __index: upvalue 1 is a table from names to numbers of fields (from 1), or to a method; 2 is the
 * table of fields; 3 the type's name.
 */
static int object_index(lua_State *L)
{
	const struct object_field *fields = lua_touserdata(L, lua_upvalueindex(2));
	const char *type = lua_tostring(L, lua_upvalueindex(3));
	const void *row = object_check(L, 1, type);

	luaL_checkany(L, 2);
	lua_settop(L, 2);
	lua_pushvalue(L, 2);
	switch (lua_rawget(L, lua_upvalueindex(1))) {
	case LUA_TNUMBER:
		fields[lua_tointeger(L, -1) - 1].push(L, row);
		return 1;
	case LUA_TFUNCTION:
		return 1;
	default:
		return object_unknown(L, type, 2, fields);
	}
}

void object_metatable(lua_State *L, const char *type, const struct object_field *fields)
{
	int i;

	luaL_newmetatable(L, type); /* sets __name */
	lua_pushstring(L, type);
	lua_setfield(L, -2, "__metatable");
	lua_newtable(L);
	for (i = 0; fields[i].name; i++) {
		if (fields[i].method)
			lua_pushcfunction(L, fields[i].method);
		else
			lua_pushinteger(L, i + 1);
		lua_setfield(L, -2, fields[i].name);
	}
	lua_pushlightuserdata(L, (void *)fields);
	lua_pushstring(L, type);
	lua_pushcclosure(L, object_table, 2);
	lua_setfield(L, -2, "table");
	lua_pushlightuserdata(L, (void *)fields);
	lua_pushstring(L, type);
	lua_pushcclosure(L, object_index, 3);
	lua_setfield(L, -2, "__index");
}
