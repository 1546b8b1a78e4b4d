/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signature says: print and lvmon.alert, one record each.
 */
#include <string.h>
#include "engine/lua/api.h"
#include "engine/signature/record.h"

#define DATA_MAX 64

/* File and line of the Lua code that called the C function at hand. */
static void set_place(lua_State *L, json_t *r)
{
	lua_Debug ar;

	if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
		return;
	record_string(r, "file", ar.short_src);
	record_number(r, "line", (uint64_t)ar.currentline);
}

/* print(...): a record of kind "print" */
static int api_print(lua_State *L)
{
	int n = lua_gettop(L), i;
	luaL_Buffer b;
	const char *text;
	size_t size;
	json_t *r;

	luaL_buffinit(L, &b);
	for (i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\t');
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	text = lua_tolstring(L, -1, &size);
	r = record_new("print");
	set_place(L, r);
	record_lines(r, "message", text, size);
	record_emit(r);
	return 0;
}

static json_t *scalar(lua_State *L, int index)
{
	json_t *holder, *value;
	const char *text;
	size_t size;

	switch (lua_type(L, index)) {
	case LUA_TBOOLEAN:
		return json_boolean(lua_toboolean(L, index));
	case LUA_TNUMBER:
		if (!lua_isinteger(L, index))
			return json_real(lua_tonumber(L, index));
		holder = json_object();
		if (lua_tointeger(L, index) < 0)
			json_object_set_new(holder, "v", json_integer(lua_tointeger(L, index)));
		else
			record_number(holder, "v", (uint64_t)lua_tointeger(L, index));
		break;
	case LUA_TSTRING:
		holder = json_object();
		text = lua_tolstring(L, index, &size);
		record_text(holder, "v", text, size);
		break;
	default:
		return NULL;
	}
	value = json_incref(json_object_get(holder, "v"));
	json_decref(holder);
	return value;
}

/* A table's string keys with plain values, as an object; nothing deeper. */
static void set_data(lua_State *L, int index, json_t *r)
{
	json_t *data = json_object();
	int n = 0;

	lua_pushnil(L);
	while (lua_next(L, index) && n++ < DATA_MAX) {
		if (lua_type(L, -2) == LUA_TSTRING) {
			json_t *holder = json_object();
			const char *key = lua_tostring(L, -2);

			/* The key is cleaned as a value would be. */
			record_text(holder, "k", key, strlen(key));
			json_object_set_new(data, json_string_value(json_object_get(holder, "k")),
					    scalar(L, -1));
			json_decref(holder);
		}
		lua_pop(L, 1);
	}
	json_object_set_new(r, "data", data);
}

/*
 * lvmon.alert{ message =, severity =, technique =, process =, data = }: a record of kind "alert".
 * message is needed; severity is "info", "low", "medium", "high" or "critical" (the default is
 * "medium"), technique an ATT&CK id, process a process object (the default is the event's), data a
 * table of plain values.
 */
static int api_alert(lua_State *L)
{
	static const char *const names[] = {"message", "severity", "technique",
					    "process", "data",	   NULL};
	static const char *const levels[] = {"info", "low", "medium", "high", "critical", NULL};
	const struct linux_task *task = NULL;
	const char *message, *technique;
	size_t size;
	int level;
	json_t *r;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		luaL_checkoption(L, -1, NULL, names);
		lua_pop(L, 1);
	}
	lua_getfield(L, 1, "message"); /* 2 */
	message = lua_tolstring(L, 2, &size);
	if (!message)
		return luaL_error(L, "alert: message is missing");
	lua_getfield(L, 1, "severity"); /* 3 */
	level = luaL_checkoption(L, 3, "medium", levels);
	lua_getfield(L, 1, "technique"); /* 4 */
	technique = luaL_optstring(L, 4, NULL);
	lua_getfield(L, 1, "process"); /* 5 */
	if (!lua_isnil(L, 5))
		task = process_check(L, 5);
	lua_getfield(L, 1, "data"); /* 6 */
	if (!lua_isnil(L, 6))
		luaL_checktype(L, 6, LUA_TTABLE);

	r = record_new("alert");
	if (!r)
		return luaL_error(L, "not enough memory");
	record_string(r, "severity", levels[level]);
	if (technique)
		record_string(r, "technique", technique);
	record_lines(r, "message", message, size);
	set_place(L, r);
	if (task)
		record_process(r, task);
	else
		record_event_process(r);
	if (!lua_isnil(L, 6))
		set_data(L, 6, r);
	record_emit(r);
	return 0;
}

/* lvmon.memsize() -> bytes of RAM the guest has */
static int api_memsize(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)backend->mem_size());
	return 1;
}

/* lvmon.cputime() -> ns spent in the hypervisor since its start */
static int api_cputime(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)backend->cpu_time());
	return 1;
}

void output_open(lua_State *L)
{
	static const luaL_Reg list[] = {
		{"alert", api_alert},
		{"memsize", api_memsize},
		{"cputime", api_cputime},
		{NULL, NULL},
	};

	api_functions(L, list);
	lua_pushcfunction(L, api_print);
	lua_setglobal(L, "print");
}
