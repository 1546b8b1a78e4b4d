/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: bytes that are too many for a string, read where they lie. The string functions find,
 * match, sub, byte and len take them, as methods too. A search looks for the literal text that the
 * pattern begins with, over all borders of pages, and gives Lua's own matcher a copy of a window
 * around each place where it is; so a match on a view is at most WINDOW_MATCH bytes long. What
 * takes long is done in slices (slice.h) where the handler can wait.
 */
#include <string.h>
#include "engine/events/slice.h"
#include "engine/lua/api.h"
#include "engine/signature/limit.h"

#define WINDOW_MATCH   32768u
#define WINDOW_LITERAL 65536u  /* copied around a literal that was found */
#define WINDOW_PLAIN   131072u /* step without a literal */

struct view {
	struct bytes b;
};

struct bytes *view_push(lua_State *L, const struct bytes *b, int keeper)
{
	struct view *v;

	if (keeper)
		keeper = lua_absindex(L, keeper);
	v = lua_newuserdatauv(L, sizeof(*v), 1);
	v->b = *b;
	if (keeper) {
		lua_pushvalue(L, keeper);
		lua_setiuservalue(L, -2, 1);
	}
	luaL_setmetatable(L, VIEW_TYPE);
	return &v->b;
}

struct bytes *view_test(lua_State *L, int arg)
{
	struct view *v =
		lua_type(L, arg) == LUA_TUSERDATA ? luaL_testudata(L, arg, VIEW_TYPE) : NULL;

	return v ? &v->b : NULL;
}

/* Position from 1, negative from the end, as the string functions have it; result from 0. */
static uint64_t start_position(lua_Integer i, uint64_t size)
{
	if (i > 0)
		return (uint64_t)i - 1;
	if (i == 0 || -(uint64_t)i > size)
		return 0;
	return size - -(uint64_t)i;
}

/* The end (excluded) for an inclusive end as the string functions have it. */
static uint64_t end_position(lua_Integer j, uint64_t size)
{
	if (j > 0)
		return (uint64_t)j < size ? (uint64_t)j : size;
	if (j == 0 || -(uint64_t)j > size)
		return 0;
	return size - -(uint64_t)j + 1;
}

#define GONE "process %d (%s) has ended or runs another program: its memory is not there any more"

/* The guest may have run since the view was made, and other processors run all the time. */
static void check_live(lua_State *L, const struct bytes *b)
{
	if (engine.mode != ENGINE_CHECK && !b->watched && !bytes_live(b))
		luaL_error(L, GONE, b->memory->task.tgid, b->memory->task.comm);
}

static void push_copy(lua_State *L, const struct bytes *b, uint64_t from, size_t n)
{
	luaL_Buffer buffer;
	char *to = luaL_buffinitsize(L, &buffer, n);

	bytes_copy(b, from, to, n);
	luaL_pushresultsize(&buffer, n);
}

/*
 * Call Lua's own find (upvalue or stack index original) on the window at index window with the
 * pattern at index pattern from init (from 0, in the window). Leaves its results; their number.
 */
static int call_matcher(lua_State *L, int original, int window, int pattern, uint64_t init)
{
	int top = lua_gettop(L);

	lua_pushvalue(L, original);
	lua_pushvalue(L, window);
	lua_pushvalue(L, pattern);
	lua_pushinteger(L, (lua_Integer)init + 1);
	lua_call(L, 3, LUA_MULTRET);
	return lua_gettop(L) - top;
}

/* Positions in a window to positions in the view: all results that are integers are positions. */
static int results(lua_State *L, int n, uint64_t window)
{
	int first = lua_gettop(L) - n + 1, i;

	for (i = first; i < first + n; i++) {
		if (lua_isinteger(L, i)) {
			lua_pushinteger(L, lua_tointeger(L, i) + (lua_Integer)window);
			lua_replace(L, i);
		}
	}
	return n;
}

struct search {
	const struct bytes *b;
	bool match;	  /* string.match, not find */
	slice_stop *stop; /* never NULL */
	int find, matcher, anchored, pattern, window;
	uint64_t window_at;
	size_t window_size;
};

static int resume_find(lua_State *L, int status, lua_KContext from);
static int resume_match(lua_State *L, int status, lua_KContext from);

static bool time_is_up(void)
{
	return limit_expired;
}

/* The slice is over: goes on from there in the next one, or it is an error. */
static int leave_search(lua_State *L, const struct search *s, uint64_t from)
{
	if (s->stop == time_is_up)
		limit_check(L);
	return slice_wait(L, (lua_KContext)from, s->match ? resume_match : resume_find);
}

/* A window of at most size bytes that begins one byte before position, for frontiers. */
static void set_window(lua_State *L, struct search *s, uint64_t position, size_t size)
{
	s->window_at = position ? position - 1 : 0;
	s->window_size = size < s->b->size - s->window_at ? size : s->b->size - s->window_at;
	push_copy(L, s->b, s->window_at, s->window_size);
	lua_replace(L, s->window);
}

static bool window_ends(const struct search *s)
{
	return s->window_at + s->window_size == s->b->size;
}

/* Does it match exactly at position? Leaves the results then; 0: no. */
static int match_at(lua_State *L, struct search *s, uint64_t position)
{
	int n = call_matcher(L, s->matcher, s->window, s->anchored, position - s->window_at);

	if (!lua_isnil(L, -n))
		return results(L, n, s->window_at);
	lua_pop(L, n);
	return 0;
}

static int search_literal(lua_State *L, struct search *s, uint64_t from, const char *literal,
			  size_t size)
{
	for (;;) {
		uint64_t at = bytes_find(s->b, &from, literal, size, s->stop);
		int n;

		if (at == BYTES_NONE)
			return 0;
		if (at == BYTES_STOPPED || s->stop())
			return leave_search(L, s, at == BYTES_STOPPED ? from : at);
		if (!s->window_size || at < s->window_at + (s->window_at > 0) ||
		    (at + WINDOW_MATCH > s->window_at + s->window_size && !window_ends(s)))
			set_window(L, s, at, WINDOW_LITERAL);
		if (limit_expired) /* Lua would not be let run */
			return leave_search(L, s, at);
		n = match_at(L, s, at);
		if (n)
			return n;
		from = at + 1;
	}
}

/*
 * Behind a window without a match: where one can begin. Of a gap, all of whose bytes are the same
 * zeros, one place that has nothing else around it stands for all that do.
 */
static uint64_t behind_window(const struct search *s)
{
	uint64_t next = s->window_at + s->window_size - WINDOW_MATCH;
	uint64_t gap = bytes_gap(s->b, next - 1);

	return gap > WINDOW_MATCH + 1 ? next - 1 + gap - WINDOW_MATCH : next;
}

static int search_plain(lua_State *L, struct search *s, uint64_t from)
{
	for (;;) {
		uint64_t at;
		int n;

		if (s->stop())
			return leave_search(L, s, from);
		set_window(L, s, from, WINDOW_PLAIN);
		if (limit_expired)
			return leave_search(L, s, from);
		n = call_matcher(L, s->find, s->window, s->pattern, from - s->window_at);
		if (!lua_isnil(L, -n)) {
			at = s->window_at + (uint64_t)lua_tointeger(L, -n) - 1;
			lua_pop(L, n);
			if (window_ends(s) || at + WINDOW_MATCH <= s->window_at + s->window_size)
				return match_at(L, s, at);
			from = at;
			continue;
		}
		lua_pop(L, n);
		if (window_ends(s))
			return 0;
		from = behind_window(s);
	}
}

/* string.find with plain: no matcher at all, any length. */
static int find_plain(lua_State *L, const struct search *s, const char *text, size_t size,
		      uint64_t from)
{
	size_t head = size < BYTES_NEEDLE_MAX ? size : BYTES_NEEDLE_MAX;
	const struct bytes *b = s->b;

	while (size) {
		uint64_t i, at = bytes_find(b, &from, text, head, s->stop);
		char buf[4096];

		if (at == BYTES_STOPPED)
			return leave_search(L, s, from);
		if (at == BYTES_NONE || size > b->size - at) {
			lua_pushnil(L);
			return 1;
		}
		from = at;
		for (i = head; i < size;) {
			size_t n = size - i < sizeof(buf) ? size - i : sizeof(buf);

			bytes_copy(b, from + i, buf, n);
			if (memcmp(buf, text + i, n))
				break;
			i += n;
		}
		if (i >= size)
			break;
		from++;
		if (s->stop())
			return leave_search(L, s, from);
	}
	lua_pushinteger(L, (lua_Integer)from + 1);
	lua_pushinteger(L, (lua_Integer)(from + size));
	return 2;
}

static void push_anchored(lua_State *L, int pattern)
{
	lua_pushliteral(L, "^");
	lua_pushvalue(L, pattern);
	lua_concat(L, 2);
}

/* The arguments are at 1 to 4. */
static int search_part(lua_State *L, struct search *s, int original, uint64_t from)
{
	size_t length, prefix;
	const char *pattern = lua_tolstring(L, 2, &length);
	char literal[64];
	int n;

	s->stop = slice_begin(L);
	if (!s->stop)
		s->stop = time_is_up;
	prefix = pattern_prefix(pattern, length, literal, sizeof(literal));
	if (!s->match && (lua_toboolean(L, 4) || (prefix == length && length > 0) || length == 0))
		return find_plain(L, s, pattern, length, from);
	lua_settop(L, 4);
	s->pattern = 2;
	lua_pushvalue(L, original); /* 5 */
	s->matcher = 5;
	lua_getfield(L, LUA_REGISTRYINDEX, "lua.find"); /* 6 */
	s->find = 6;
	lua_pushnil(L); /* 7 */
	s->window = 7;
	if (length && *pattern == '^')
		lua_pushvalue(L, 2);
	else
		push_anchored(L, 2);
	s->anchored = 8;
	if (length && *pattern == '^') {
		set_window(L, s, from, WINDOW_PLAIN);
		n = match_at(L, s, from);
	} else if (prefix >= 2) {
		n = search_literal(L, s, from, literal, prefix);
	} else {
		n = search_plain(L, s, from);
	}
	if (n)
		return n;
	lua_pushnil(L);
	return 1;
}

static int search_from(lua_State *L, struct search *s, int original, uint64_t from)
{
	int n;

	check_live(L, s->b);
	if (s->b->watched && !bytes_live(s->b)) { /* p:find says so */
		lua_pushnil(L);
		return 1;
	}
	n = search_part(L, s, original, from);
	check_live(L, s->b); /* what was found was the process's */
	return n;
}

/* Who waits still has its arguments. */
static struct bytes *waiting_view(lua_State *L)
{
	struct view *v = luaL_checkudata(L, 1, VIEW_TYPE);

	return &v->b;
}

/* The next slice; string.find and string.match have the original as their upvalue. */
static int resume_find(lua_State *L, int status, lua_KContext from)
{
	struct search s = {.b = waiting_view(L)};

	(void)status;
	return search_from(L, &s, lua_upvalueindex(1), (uint64_t)from);
}

static int resume_match(lua_State *L, int status, lua_KContext from)
{
	struct search s = {.b = waiting_view(L), .match = true};

	(void)status;
	return search_from(L, &s, lua_upvalueindex(1), (uint64_t)from);
}

/* Arguments: view, pattern [, init [, plain]]; original is the string function of Lua. */
int view_search(lua_State *L, struct bytes *b, bool match, int original)
{
	struct search s = {.b = b, .match = match};
	uint64_t from;

	luaL_checkstring(L, 2);
	from = start_position(luaL_optinteger(L, 3, 1), b->size);
	lua_settop(L, 4);
	if (from <= b->size)
		return search_from(L, &s, original, from);
	lua_pushnil(L);
	return 1;
}

/* What string.find has found, all that is on the stack, as gmatch gives it. */
static int gmatch_found(lua_State *L, int status, lua_KContext context)
{
	lua_Integer first, last;
	int n = lua_gettop(L);

	(void)status;
	(void)context;
	if (lua_isnil(L, 1))
		return 0;
	first = lua_tointeger(L, 1);
	last = lua_tointeger(L, 2);
	/* An empty match must not be found again. */
	lua_pushinteger(L, last >= first ? last + 1 : first + 1);
	lua_replace(L, lua_upvalueindex(3));
	if (n > 2)
		return n - 2;
	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushinteger(L, first);
	lua_pushinteger(L, last);
	if (last < first) {
		lua_pushliteral(L, "");
		return 1;
	}
	return view_sub(L, view_test(L, 1));
}

/* The iterator of gmatch: upvalues view, pattern, position to go on from (1 is the first). */
static int gmatch_next(lua_State *L)
{
	lua_settop(L, 0);
	lua_getfield(L, LUA_REGISTRYINDEX, "string.find");
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_pushvalue(L, lua_upvalueindex(3));
	lua_callk(L, 3, LUA_MULTRET, 0, gmatch_found);
	return gmatch_found(L, LUA_OK, 0);
}

int view_gmatch(lua_State *L)
{
	luaL_checkstring(L, 2);
	lua_settop(L, 2);
	lua_pushinteger(L, 1);
	lua_pushcclosure(L, gmatch_next, 3);
	return 1;
}

/* string.sub(view, i [, j]) -> string of at most VIEW_MIN bytes */
int view_sub(lua_State *L, struct bytes *b)
{
	uint64_t from = start_position(luaL_checkinteger(L, 2), b->size);
	uint64_t to = end_position(luaL_optinteger(L, 3, -1), b->size);

	if (from >= to) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (to - from > VIEW_MIN)
		return luaL_error(L, "sub: more than %d bytes of a view", VIEW_MIN);
	check_live(L, b);
	push_copy(L, b, from, to - from);
	return 1;
}

/* string.byte(view [, i [, j]]) */
int view_byte(lua_State *L, struct bytes *b)
{
	lua_Integer i = luaL_optinteger(L, 2, 1);
	uint64_t from = start_position(i, b->size);
	uint64_t to = end_position(luaL_optinteger(L, 3, i), b->size);
	unsigned char buf[256];
	int n, k;

	if (from >= to)
		return 0;
	if (to - from > sizeof(buf))
		return luaL_error(L, "byte: more than %d bytes of a view", (int)sizeof(buf));
	n = (int)(to - from);
	luaL_checkstack(L, n, "too many results");
	check_live(L, b);
	bytes_copy(b, from, buf, (size_t)n);
	for (k = 0; k < n; k++)
		lua_pushinteger(L, buf[k]);
	return n;
}

static struct bytes *check_view(lua_State *L)
{
	return &((struct view *)luaL_checkudata(L, 1, VIEW_TYPE))->b;
}

static int method_len(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)check_view(L)->size);
	return 1;
}

/* Counts on from a position; what was counted before is at 2. */
static int count_absent(lua_State *L, int status, lua_KContext context)
{
	const struct bytes *b = check_view(L);
	uint64_t position = (uint64_t)context, absent = (uint64_t)lua_tointeger(L, 2);
	slice_stop *stop = slice_begin(L);

	(void)status;
	check_live(L, b);
	while (position < b->size) {
		uint64_t gap = bytes_gap(b, position);
		bool none = true;
		size_t n;

		if (!gap) {
			bytes_span(b, position, &n, &none);
			gap = n;
		}
		absent += none ? gap : 0;
		position += gap;
		if (stop && stop()) {
			lua_settop(L, 1);
			lua_pushinteger(L, (lua_Integer)absent);
			return slice_wait(L, (lua_KContext)position, count_absent);
		}
		if (!stop)
			limit_check(L);
	}
	check_live(L, b);
	lua_pushinteger(L, (lua_Integer)absent);
	return 1;
}

/* v:absent() -> bytes that are not in memory; walks all of it */
static int method_absent(lua_State *L)
{
	check_view(L);
	lua_settop(L, 1);
	lua_pushinteger(L, 0);
	return count_absent(L, LUA_OK, 0);
}

static int view_tostring(lua_State *L)
{
	lua_pushfstring(L, "view of %I bytes", (LUAI_UACINT)check_view(L)->size);
	return 1;
}

void view_open(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{"__len", method_len},
		{"__tostring", view_tostring},
		{NULL, NULL},
	};
	static const char *const shared[] = {"find", "match", "gmatch", "sub", "byte", "len"};
	size_t i;

	api_metatable(L, VIEW_TYPE, meta);
	luaL_getmetatable(L, VIEW_TYPE);
	lua_newtable(L);
	lua_getglobal(L, LUA_STRLIBNAME);
	for (i = 0; i < sizeof(shared) / sizeof(*shared); i++) {
		lua_getfield(L, -1, shared[i]);
		lua_setfield(L, -3, shared[i]);
	}
	lua_pop(L, 1);
	lua_pushcfunction(L, method_absent);
	lua_setfield(L, -2, "absent");
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
