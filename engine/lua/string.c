/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The string library: Lua's own without dump, with these differences. find and match look for the
 * literal text that a pattern begins with before they try to match (thirty times as fast on a
 * process's memory); find, match, sub, byte and len take views; rep makes a view of what is larger
 * than a string should be.
 */
#include <ctype.h>
#include <string.h>
#include "engine/lua/api.h"

#define SHORT_TEXT 256 /* below this the matcher alone is as fast */
#define DENSE_HITS 16  /* this many places, and */
#define DENSE_GAP  64  /* that close: the matcher alone is faster */
#define FILL_PAGE  4096u

size_t pattern_prefix(const char *pattern, size_t length, char *out, size_t size)
{
	size_t i = 0, n = 0;

	while (i < length && n < size) {
		unsigned char c = (unsigned char)pattern[i];
		size_t next = i + 1;

		if (c == '%') {
			if (next >= length || isalnum((unsigned char)pattern[next]))
				break;
			c = (unsigned char)pattern[next++];
		} else if (c && strchr(i ? "$.[()" : "^$.[()", c)) {
			break;
		}
		if (next < length && pattern[next] && strchr("*?-", pattern[next]))
			break;
		out[n++] = (char)c;
		if (next < length && pattern[next] == '+')
			break;
		i = next;
	}
	return n;
}

/* The original of the function at hand is its upvalue 1. */
static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

/*
 * The string at 1 has size bytes, the pattern at 2 begins with the literal: try to match only where
 * the literal is.
 */
static int search_literal(lua_State *L, const char *text, size_t size, size_t from,
			  const char *literal, size_t length)
{
	const char *first = text + from, *at = first;
	size_t hits = 0;

	lua_settop(L, 2);
	lua_pushliteral(L, "^");
	lua_pushvalue(L, 2);
	lua_concat(L, 2); /* 3 */
	for (;;) {
		bool dense;

		at = bytes_scan(at, (size_t)(text + size - at), literal, length);
		if (!at) {
			lua_pushnil(L);
			return 1;
		}
		dense = ++hits > DENSE_HITS && (size_t)(at - first) < hits * DENSE_GAP;
		lua_pushvalue(L, lua_upvalueindex(1));
		lua_pushvalue(L, 1);
		lua_pushvalue(L, dense ? 2 : 3);
		lua_pushinteger(L, at - text + 1);
		lua_call(L, 3, LUA_MULTRET);
		if (dense || !lua_isnil(L, 4))
			return lua_gettop(L) - 3;
		lua_settop(L, 3);
		at++;
	}
}

static int search(lua_State *L, bool match)
{
	struct bytes *view = view_test(L, 1);
	const char *text, *pattern;
	size_t size, length, n;
	lua_Integer init;
	char literal[64];

	if (view)
		return view_search(L, view, match, lua_upvalueindex(1));
	text = luaL_checklstring(L, 1, &size);
	pattern = luaL_checklstring(L, 2, &length);
	if (size < SHORT_TEXT || (!match && lua_toboolean(L, 4)))
		return call_original(L);
	n = pattern_prefix(pattern, length, literal, sizeof(literal));
	init = luaL_optinteger(L, 3, 1);
	if (init < 0)
		init = -init > (lua_Integer)size ? 1 : (lua_Integer)size + init + 1;
	if (init == 0)
		init = 1;
	if (!n || n == length || (size_t)init > size)
		return call_original(L);
	return search_literal(L, text, size, (size_t)init - 1, literal, n);
}

/* string.find(s, pattern [, init [, plain]]) */
static int string_find(lua_State *L)
{
	return search(L, false);
}

/* string.match(s, pattern [, init]) */
static int string_match(lua_State *L)
{
	return search(L, true);
}

static int string_gmatch(lua_State *L)
{
	return view_test(L, 1) ? view_gmatch(L) : call_original(L);
}

/* The others make a new string of the whole one. */
static int no_view(lua_State *L)
{
	if (view_test(L, 1))
		return luaL_error(L, "a view is too large for this; take a part of it with sub");
	return call_original(L);
}

static int string_sub(lua_State *L)
{
	struct bytes *view = view_test(L, 1);

	return view ? view_sub(L, view) : call_original(L);
}

static int string_byte(lua_State *L)
{
	struct bytes *view = view_test(L, 1);

	return view ? view_byte(L, view) : call_original(L);
}

static int string_len(lua_State *L)
{
	struct bytes *view = view_test(L, 1);

	if (!view)
		return call_original(L);
	lua_pushinteger(L, (lua_Integer)view->size);
	return 1;
}

/* size bytes of the unit, repeated; Lua's own goes byte by byte */
static void fill(char *to, size_t size, const char *unit, size_t unit_size)
{
	size_t have = unit_size < size ? unit_size : size, n;

	if (unit_size == 1) {
		memset(to, *unit, size);
		return;
	}
	memcpy(to, unit, have);
	for (; have < size; have += n) {
		n = have < size - have ? have : size - have;
		memcpy(to + have, to, n);
	}
}

static int push_repeated(lua_State *L, const char *unit, size_t unit_size, size_t size)
{
	luaL_Buffer buffer;

	fill(luaL_buffinitsize(L, &buffer, size), size, unit, unit_size);
	luaL_pushresultsize(&buffer, size);
	return 1;
}

/*
 * A view of size bytes of the unit at index at, which is kept as a string of at least a page. The
 * whole of it is never anywhere, so it may be larger than any memory.
 */
static int push_fill(lua_State *L, int at, uint64_t size)
{
	struct bytes b = {.kind = BYTES_FILL, .size = size};
	size_t unit_size, n;
	const char *unit = lua_tolstring(L, at, &unit_size);

	n = (FILL_PAGE + unit_size - 1) / unit_size;
	if (n > 1)
		push_repeated(L, unit, unit_size, n * unit_size);
	else
		lua_pushvalue(L, at);
	b.data = lua_tolstring(L, -1, &b.data_size);
	view_push(L, &b, -1);
	return 1;
}

/*
 * string.rep(s, n [, separator]): a string up to VIEW_MIN bytes, else a view, of any length that a
 * number can say.
 */
static int string_rep(lua_State *L)
{
	size_t size, gap;
	const char *unit = luaL_checklstring(L, 1, &size);
	lua_Integer n = luaL_checkinteger(L, 2);
	uint64_t all;

	luaL_optlstring(L, 3, "", &gap);
	if (n <= 0 || size + gap == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (__builtin_mul_overflow(size + gap, (uint64_t)n, &all) || all - gap > INT64_MAX)
		return luaL_error(L, "resulting string too large");
	all -= gap;
	if (gap) {
		lua_pushvalue(L, 1);
		lua_pushvalue(L, 3);
		lua_concat(L, 2);
		lua_replace(L, 1);
		unit = lua_tolstring(L, 1, &size);
	}
	if (all <= VIEW_MIN)
		return push_repeated(L, unit, size, all);
	return push_fill(L, 1, all);
}

static void wrap(lua_State *L, const char *name, lua_CFunction f)
{
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, f, 1);
	lua_setfield(L, -2, name);
}

void string_open(lua_State *L)
{
	luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
	lua_pushnil(L);
	lua_setfield(L, -2, "dump");
	lua_getfield(L, -1, "find");
	lua_setfield(L, LUA_REGISTRYINDEX, "lua.find");
	wrap(L, "find", string_find);
	lua_getfield(L, -1, "find");
	lua_setfield(L, LUA_REGISTRYINDEX, "string.find");
	wrap(L, "match", string_match);
	wrap(L, "sub", string_sub);
	wrap(L, "byte", string_byte);
	wrap(L, "len", string_len);
	wrap(L, "rep", string_rep);
	wrap(L, "gmatch", string_gmatch);
	wrap(L, "gsub", no_view);
	wrap(L, "lower", no_view);
	wrap(L, "upper", no_view);
	wrap(L, "reverse", no_view);
	lua_pop(L, 1);
}
