/* SPDX-License-Identifier: Apache-2.0 */
/* Listings, see listing.h. */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/signature/limit.h"

#define LISTING_TYPE "listing"
#define CHECK_EVERY  64 /* rows made into tables between two looks at the time limit */

/*
 * User value 1: the value of the last row that a loop was given. The rows are in Lua's memory, so
 * that a signature pays for them, and its garbage collector knows what it would win.
 */
struct listing {
	const struct listing_kind *kind;
	size_t count, at; /* at: the next row of the loop at work */
	char reason[160]; /* "": complete */
	uint8_t rows[] __attribute__((aligned(8)));
};

struct parts {
	const struct listing_kind *kind;
	void *rows;
	size_t count;
	const char *reason;
};

static void release(const struct listing_kind *kind, uint8_t *rows, size_t count)
{
	size_t i;

	if (kind->release)
		for (i = 0; i < count; i++)
			kind->release(rows + i * kind->row_size);
}

static int make(lua_State *L)
{
	struct parts *parts = lua_touserdata(L, 1);
	const size_t size = parts->count * parts->kind->row_size;
	struct listing *l = lua_newuserdatauv(L, sizeof(*l) + size, 1);

	memset(l, 0, sizeof(*l));
	l->kind = parts->kind;
	if (parts->reason)
		snprintf(l->reason, sizeof(l->reason), "%s",
			 *parts->reason ? parts->reason : "incomplete");
	if (parts->kind->fields) {
		if (luaL_getmetatable(L, parts->kind->row_name) == LUA_TNIL)
			object_metatable(L, parts->kind->row_name, parts->kind->fields);
		lua_settop(L, 2);
	}
	luaL_setmetatable(L, LISTING_TYPE);
	if (size)
		memcpy(l->rows, parts->rows, size);
	l->count = parts->count;
	return 1;
}

void listing_push(lua_State *L, const struct listing_kind *kind, void *rows, size_t count,
		  const char *reason)
{
	struct parts parts = {kind, rows, count, reason};
	int status;

	/* Protected, so that rows are not lost where there is no memory for the object. */
	lua_pushcfunction(L, make);
	lua_pushlightuserdata(L, &parts);
	status = lua_pcall(L, 1, 1, 0);
	if (status != LUA_OK)
		release(kind, rows, count);
	free(rows);
	if (status != LUA_OK)
		lua_error(L);
}

void listing_of_walk(lua_State *L, const struct listing_kind *kind, void *rows, size_t count,
		     int err, enum linux_facility f)
{
	const char *why;

	switch (err) {
	case 0:
		listing_push(L, kind, rows, count, NULL);
		return;
	case -EOVERFLOW:
		listing_push(L, kind, rows, count,
			     "the kernel's list loops, or is longer than what is looked at");
		return;
	case -ESRCH:
		listing_push(L, kind, rows, count, "the process has ended");
		return;
	case -ETIME:
		listing_push(L, kind, rows, count, "the time was up");
		return;
	case -EFAULT:
		listing_push(L, kind, rows, count,
			     "some of it makes no sense: it is damaged, or was being changed");
		return;
	}
	release(kind, rows, count);
	free(rows);
	why = err == -ENOTSUP && f < LINUX_FACILITIES ? linux_missing(f) : NULL;
	luaL_error(L, "%s: they cannot be read (%s)", kind->name, why ? why : strerror(-err));
}

static struct listing *check(lua_State *L)
{
	return luaL_checkudata(L, 1, LISTING_TYPE);
}

static const void *row_of(const struct listing *l, size_t i)
{
	return l->rows + i * l->kind->row_size;
}

static void push_row(lua_State *L, const struct listing *l, size_t i)
{
	struct object *o;

	if (l->kind->push) {
		l->kind->push(L, row_of(l, i));
		return;
	}
	o = lua_newuserdatauv(L, sizeof(*o), 1);
	o->row = row_of(l, i);
	lua_pushvalue(L, 1); /* keeps the row */
	lua_setiuservalue(L, -2, 1);
	luaL_setmetatable(L, l->kind->row_name);
}

/*
 * The next row. A generic for passes the value before; nil begins the loop. Called without
 * arguments it goes on from where it was.
 */
static int listing_call(lua_State *L)
{
	struct listing *l = check(L);

	if (lua_gettop(L) > 1) {
		lua_settop(L, 3);
		lua_getiuservalue(L, 1, 1);
		if (lua_isnil(L, 3))
			l->at = 0;
		else if (!lua_rawequal(L, 3, 4))
			return luaL_error(
				L,
				"%s: a loop inside a loop over the same listing; make another "
				"one, or count with #",
				l->kind->name);
	}
	lua_settop(L, 1);
	if (l->at < l->count)
		push_row(L, l, l->at++);
	else
		lua_pushnil(L);
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, 1, 1);
	return 1;
}

static int listing_table(lua_State *L)
{
	struct listing *l = check(L);
	size_t i;

	lua_settop(L, 1);
	lua_createtable(L, l->count < 65536 ? (int)l->count : 65536, 0);
	for (i = 0; i < l->count; i++) {
		if (i % CHECK_EVERY == 0)
			limit_check(L);
		if (l->kind->plain)
			l->kind->plain(L, row_of(l, i));
		else
			object_plain(L, l->kind->fields, row_of(l, i));
		lua_rawseti(L, 2, (lua_Integer)i + 1);
	}
	return 1;
}

static int listing_length(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)check(L)->count);
	return 1;
}

static int listing_index(lua_State *L)
{
	static const struct object_field names[] = {
		{.name = "complete"},
		{.name = "reason"},
		OBJECT_END,
	};
	struct listing *l = check(L);
	const char *name;

	luaL_checkany(L, 2);
	lua_settop(L, 2);
	if (lua_isinteger(L, 2)) {
		lua_Integer i = lua_tointeger(L, 2);

		if (i >= 1 && (lua_Unsigned)i <= l->count)
			push_row(L, l, (size_t)i - 1);
		else
			lua_pushnil(L);
		return 1;
	}
	name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
	if (!strcmp(name, "complete"))
		lua_pushboolean(L, !*l->reason);
	else if (!strcmp(name, "reason") && *l->reason)
		lua_pushstring(L, l->reason);
	else if (!strcmp(name, "reason"))
		lua_pushnil(L);
	else if (!strcmp(name, "table"))
		lua_pushcfunction(L, listing_table);
	else
		return object_unknown(L, l->kind->name, 2, names);
	return 1;
}

static int listing_tostring(lua_State *L)
{
	struct listing *l = check(L);

	lua_pushfstring(L, "%s: %I%s%s", l->kind->name, (LUAI_UACINT)l->count,
			*l->reason ? ", incomplete: " : "", l->reason);
	return 1;
}

static int listing_gc(lua_State *L)
{
	struct listing *l = check(L);

	release(l->kind, l->rows, l->count);
	l->count = 0;
	return 0;
}

void listing_open(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{"__call", listing_call},	  {"__len", listing_length},
		{"__index", listing_index},	  {"__gc", listing_gc},
		{"__tostring", listing_tostring}, {NULL, NULL},
	};

	api_metatable(L, LISTING_TYPE, meta);
}
