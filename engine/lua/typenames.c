/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of lvmon that speak of types: sizeof, offsetof, typename, typeof, enum. */
#include <errno.h>
#include <stdlib.h>
#include "engine/lua/api.h"
#include "engine/lua/pointer.h"

/* lvmon.sizeof(type or pointer) -> bytes, of what it points to */
static int api_sizeof(lua_State *L)
{
	struct linux_type type;
	struct linux_layout l = {.size = 0};
	int err;

	luaL_checkany(L, 1);
	if (!checking()) {
		type_arg(L, 1, &type);
		err = linux_type_layout(&type, &l);
		if (err || (!l.size && l.kind != LINUX_KIND_RECORD && l.kind != LINUX_KIND_ARRAY &&
			    l.kind != LINUX_KIND_STRING))
			return pointer_no_type(L, luaL_tolstring(L, 1, NULL), err ? err : -EINVAL);
	}
	lua_pushinteger(L, (lua_Integer)l.size);
	return 1;
}

/* lvmon.offsetof(type, "a.b") -> bytes */
static int api_offsetof(lua_State *L)
{
	const char *path = luaL_checkstring(L, 2);
	struct linux_layout l = {.offset = 0};
	struct linux_type type;
	int err;

	if (!checking()) {
		record_arg(L, 1, &type);
		err = linux_type_path(&type, path, &l);
		if (err)
			return pointer_no_member(L, &type, path, err);
	}
	lua_pushinteger(L, (lua_Integer)l.offset);
	return 1;
}

/* lvmon.typename(pointer) -> "struct task_struct *", fit for lvmon.cast */
static int api_typename(lua_State *L)
{
	struct pointer *p = pointer_test(L, 1);
	char name[LINUX_TYPE_NAME_SIZE];

	luaL_checkany(L, 1);
	if (checking()) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (!p)
		return luaL_typeerror(L, 1, POINTER_TYPE);
	if (pointer_type_name(p, name, sizeof(name)))
		return luaL_error(L, "typename: the type is not known any more");
	lua_pushstring(L, name);
	return 1;
}

static int push_string(lua_State *L)
{
	lua_pushstring(L, lua_touserdata(L, 1));
	return 1;
}

/* lvmon.typeof(name or pointer) -> its declaration in C, with offsets and sizes in comments */
static int api_typeof(lua_State *L)
{
	struct pointer *p = pointer_test(L, 1);
	struct linux_type type;
	struct text_near near = {0};
	char *text = NULL, hint[256];
	int err;

	luaL_checkany(L, 1);
	if (checking()) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (p) {
		type = p->type;
		err = linux_type_declare(&type, &text);
	} else {
		err = linux_typeof(luaL_checkstring(L, 1), &text);
	}
	if (err == -ENOENT) {
		linux_type_near(lua_tostring(L, 1), &near);
		text_near_print(&near, hint, sizeof(hint));
		return luaL_error(L, "no type, variable or function \"%s\"%s", lua_tostring(L, 1),
				  hint);
	}
	if (err)
		return pointer_no_type(L, luaL_tolstring(L, 1, NULL), err);
	/* Protected, so that the text is freed where there is no memory for a string of it. */
	lua_pushcfunction(L, push_string);
	lua_pushlightuserdata(L, text);
	err = lua_pcall(L, 1, 1, 0);
	free(text);
	return err == LUA_OK ? 1 : lua_error(L);
}

/*
 * lvmon.enum(name) -> value of that enumerator; lvmon.enum(type, value) -> its name or nil;
 * lvmon.enum(type, name) -> value, of that type's only
 */
static int api_enum(lua_State *L)
{
	bool of_type = !lua_isnoneornil(L, 2);
	struct linux_type type;
	const char *name, *found;
	struct text_near near;
	char hint[256];
	int64_t value;
	bool pointer;
	int err;

	if (!of_type && lua_isinteger(L, 1)) {
		lua_settop(L, 1);
		return 1; /* what has no name comes as a number */
	}
	name = luaL_checkstring(L, 1);
	if (checking()) {
		lua_pushinteger(L, 0);
		return 1;
	}
	if (of_type)
		type_find(L, name, &type, &pointer);
	if (of_type && lua_isinteger(L, 2)) {
		err = linux_enum_name(&type, lua_tointeger(L, 2), &found);
		if (err && err != -ENOENT)
			return pointer_no_type(L, name, err);
		lua_pushstring(L, err ? NULL : found);
		return 1;
	}
	if (of_type)
		name = luaL_checkstring(L, 2);
	err = linux_enum_value(of_type ? &type : NULL, name, &value);
	if (err && err != -ENOENT)
		return pointer_no_type(L, lua_tostring(L, 1), err);
	if (err) {
		linux_enum_near(of_type ? &type : NULL, name, &near);
		text_near_print(&near, hint, sizeof(hint));
		return luaL_error(L, "no enumerator \"%s\"%s", name, hint);
	}
	lua_pushinteger(L, value);
	return 1;
}

void typenames_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"sizeof", api_sizeof}, {"offsetof", api_offsetof}, {"typename", api_typename},
		{"typeof", api_typeof}, {"enum", api_enum},	    {NULL, NULL},
	};

	api_functions(L, functions);
}
