/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searching and reading a process's whole address space by virtual address: p:find, p:findall and
 * p:read(va, n, true). A search takes one run of present memory after the other, whatever mappings
 * and frames it consists of, and looks in it as in a view (view.c); so text across the border of
 * two pages is found, and none is made up of what lies on both sides of a missing page. What was
 * not looked at is counted by reason.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/events/slice.h"
#include "engine/lua/api.h"
#include "engine/lua/search.h"
#include "engine/signature/limit.h"

#define SEARCH_TYPE "search"
#define READ_MAX    (4u << 20)

/* User values: 1 the view on the run, 2 the needle. */
struct search {
	struct linux_memory space;
	struct linux_walk walk;
	struct linux_span next; /* the first span behind the run; size 0: not known */
	struct bytes *run;	/* what the view shows; size 0: none */
	gva_t run_va, from, to;
	gva_t at; /* where in the run to go on */
	bool plain, ended;
	bool gone;    /* before the end: the process, or its address space */
	bool joining; /* the run at hand goes on behind next */
};

static int search_gc(lua_State *L)
{
	struct search *s = luaL_checkudata(L, 1, SEARCH_TYPE);

	linux_memory_free(&s->space);
	return 0;
}

/* "plain", "to" */
static void options(lua_State *L, int arg, struct search *s)
{
	static const char *const names[] = {"plain", "to", NULL};

	s->to = UINT64_MAX;
	if (lua_isnoneornil(L, arg))
		return;
	if (lua_isboolean(L, arg)) { /* as string.find has it */
		s->plain = lua_toboolean(L, arg);
		return;
	}
	luaL_checktype(L, arg, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
		int i = 0;

		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_argerror(L, arg, "options have names");
		while (names[i] && strcmp(names[i], lua_tostring(L, -2)))
			i++;
		if (i == 0)
			s->plain = lua_toboolean(L, -1);
		else if (i == 1)
			s->to = (gva_t)luaL_checkinteger(L, -1);
		else
			luaL_error(L, "find: no option %s; there are plain and to",
				   lua_tostring(L, -2));
	}
}

/* Arguments: process, needle [, from [, options]]. Pushes the search. */
static struct search *search_new(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	struct bytes none = {.kind = BYTES_PLAIN, .data = ""};
	size_t size;
	const char *needle = luaL_checklstring(L, 2, &size);
	gva_t from = (gva_t)luaL_optinteger(L, 3, 0);
	struct search *s;
	int ret;

	luaL_argcheck(L, size > 0, 2, "nothing to search for");
	lua_settop(L, 4);
	s = lua_newuserdatauv(L, sizeof(*s), 2);
	memset(s, 0, sizeof(*s));
	luaL_setmetatable(L, SEARCH_TYPE);
	options(L, 4, s);
	if (!s->plain && *needle == '^')
		luaL_argerror(L, 2, "memory has no beginning that ^ could stand for");
	s->from = s->at = from;
	s->run = view_push(L, &none, 0);
	lua_setiuservalue(L, 5, 1);
	lua_pushvalue(L, 2);
	lua_setiuservalue(L, 5, 2);
	if (engine.mode == ENGINE_CHECK || !task->mm) {
		s->ended = true;
		return s;
	}
	s->gone = s->ended = !linux_mm_lives(task);
	if (s->gone)
		return s;
	ret = linux_space(task, &s->space);
	if (ret)
		luaL_error(L, "process %d (%s): its memory map cannot be read (%s)", task->tgid,
			   task->comm, strerror(-ret));
	linux_walk_start(&s->walk, &s->space, s->from, s->to);
	return s;
}

static bool is_present(const struct linux_span *span)
{
	return span->state == LINUX_SPAN_MAPPED || span->state == LINUX_SPAN_CACHED;
}

/* The next span, where it was not read ahead. */
static bool next_span(struct search *s)
{
	if (!s->next.size && !linux_walk_next(&s->walk, &s->next))
		s->next.size = 0;
	return s->next.size > 0;
}

enum run_state {
	RUN_SET,
	RUN_NONE,
	RUN_STOPPED, /* somewhere before it */
};

/* Is it to be left for now? */
static bool stopped(lua_State *L, slice_stop *stop)
{
	if (stop)
		return stop();
	limit_check(L);
	return false;
}

/* Set the next run of present memory. stop: as slice_begin gives it. */
static enum run_state next_run(lua_State *L, struct search *s, slice_stop *stop)
{
	while (!s->joining) {
		s->run->size = 0;
		if (!next_span(s))
			return RUN_NONE;
		s->joining = is_present(&s->next);
		if (s->joining)
			s->at = s->run_va = s->next.va;
		else
			s->next.size = 0;
		if (stopped(L, stop))
			return RUN_STOPPED;
	}
	while (next_span(s) && is_present(&s->next) && s->next.va == s->run_va + s->run->size) {
		s->run->size += s->next.size;
		s->next.size = 0;
		if (stopped(L, stop))
			return RUN_STOPPED;
	}
	s->joining = false;
	s->run->kind = BYTES_PROCESS;
	s->run->watched = true;
	s->run->memory = &s->space;
	s->run->base = linux_memory_offset(&s->space, s->run_va);
	return RUN_SET;
}

/*
 * What string.find gave lies on the stack from top on: its virtual address and its captures, or all
 * of it where there are none, in place of that; their number, 0: no match.
 */
static int match_found(lua_State *L, struct search *s, int needle, int top)
{
	int n = lua_gettop(L) - top, i;
	lua_Integer first, last;

	if (n < 2) {
		lua_settop(L, top);
		return 0;
	}
	first = lua_tointeger(L, top + 1);
	last = lua_tointeger(L, top + 2);
	/* An empty match must not be found again. */
	s->at = s->run_va + (gva_t)(last >= first ? last : first);
	for (i = top + 3; i <= top + n; i++) {
		if (!lua_isinteger(L, i)) /* not a position */
			continue;
		lua_pushinteger(L, (lua_Integer)s->run_va + lua_tointeger(L, i) - 1);
		lua_replace(L, i);
	}
	lua_pushinteger(L, (lua_Integer)s->run_va + first - 1);
	lua_replace(L, top + 1);
	if (n > 2) {
		lua_remove(L, top + 2);
		return n - 1;
	}
	if (s->plain || last - first >= VIEW_MIN) {
		lua_pushvalue(L, needle);
	} else {
		luaL_Buffer b;
		size_t length = last >= first ? (size_t)(last - first + 1) : 0;
		char *to = luaL_buffinitsize(L, &b, length);

		bytes_copy(s->run, (uint64_t)first - 1, to, length);
		luaL_pushresultsize(&b, length);
	}
	lua_replace(L, top + 2);
	return 2;
}

/* The search is at index; above it lie the view and the needle. */
enum { VIEW = 1, NEEDLE = 2 };

static int find_returned(lua_State *L, int status, lua_KContext index);
static int slice_begins(lua_State *L, int status, lua_KContext index);

/* Its page tables may be freed, and be something else, as soon as it has ended. */
static bool lives(struct search *s)
{
	s->gone = !linux_memory_lives(&s->space);
	s->ended = s->ended || s->gone;
	return !s->gone;
}

/*
 * Run by run until there is a match, or the end; returned: string.find has come back, with its
 * results on top. Pushes the results, 0: at the end.
 */
static int search_on(lua_State *L, int index, bool returned)
{
	struct search *s = lua_touserdata(L, index);
	slice_stop *stop = slice_begin(L);
	enum run_state run = RUN_SET;
	int n;

	linux_walk_again(&s->walk); /* the guest may have run */
	while (lives(s)) {
		n = returned ? match_found(L, s, index + NEEDLE, index + NEEDLE) : 0;
		if (n && !lives(s)) /* was it the process's? */
			break;
		if (n)
			return n;
		if (returned || s->joining || s->at - s->run_va >= s->run->size)
			run = next_run(L, s, stop);
		if (run == RUN_STOPPED)
			return slice_wait(L, index, slice_begins);
		if (run == RUN_NONE && lives(s)) {
			s->ended = true;
			break;
		}
		if (run == RUN_NONE)
			break;
		lua_getfield(L, LUA_REGISTRYINDEX, "string.find");
		lua_pushvalue(L, index + VIEW);
		lua_pushvalue(L, index + NEEDLE);
		lua_pushinteger(L, (lua_Integer)(s->at - s->run_va) + 1);
		lua_pushboolean(L, s->plain);
		lua_callk(L, 4, LUA_MULTRET, index, find_returned);
		returned = true;
	}
	return 0;
}

static const char *const span_names[LINUX_SPAN_STATES] = {
	[LINUX_SPAN_MAPPED] = "mapped",	      [LINUX_SPAN_CACHED] = "cached",
	[LINUX_SPAN_UNTOUCHED] = "untouched", [LINUX_SPAN_UNCACHED] = "uncached",
	[LINUX_SPAN_SWAPPED] = "swapped",     [LINUX_SPAN_UNREADABLE] = "unreadable",
	[LINUX_SPAN_DEVICE] = "device",
};

/* Why a search did not see all there is: NULL, it did; else in text. */
static const char *reason(const struct search *s, char *text, size_t size)
{
	const struct linux_walk *w = &s->walk;
	static const struct {
		enum linux_span_state state;
		const char *what;
	} missing[] = {
		{LINUX_SPAN_SWAPPED, "swapped out"},
		{LINUX_SPAN_UNCACHED, "of files and not in memory"},
		{LINUX_SPAN_UNREADABLE, "not readable"},
	};
	size_t i, n = 0;

	text[0] = '\0';
	if (s->gone)
		n = (size_t)snprintf(text, size, "the process has ended or runs another program");
	for (i = 0; i < sizeof(missing) / sizeof(*missing) && n < size; i++) {
		uint64_t bytes = w->bytes[missing[i].state];

		if (bytes)
			n += (size_t)snprintf(text + n, size - n, "%s%llu bytes are %s",
					      n ? ", " : "", (unsigned long long)bytes,
					      missing[i].what);
	}
	if (w->cut && n < size)
		n += (size_t)snprintf(text + n, size - n, "%sthe page tables do not end",
				      n ? ", " : "");
	if (w->left_out && n < size)
		n += (size_t)snprintf(text + n, size - n, "%s%zu mappings make no sense",
				      n ? ", " : "", w->left_out);
	return n ? text : NULL;
}

static void push_report(lua_State *L, const struct search *s)
{
	const struct linux_walk *w = &s->walk;
	char text[256];
	const char *why = reason(s, text, sizeof(text));
	int i;

	lua_createtable(L, 0, LINUX_SPAN_STATES + 2);
	for (i = 0; i < LINUX_SPAN_STATES; i++) {
		lua_pushinteger(L, (lua_Integer)w->bytes[i]);
		lua_setfield(L, -2, span_names[i]);
	}
	lua_pushboolean(L, !why);
	lua_setfield(L, -2, "complete");
	if (why) {
		lua_pushstring(L, why);
		lua_setfield(L, -2, "reason");
	}
}

#define FIND_INDEX 5 /* of the search in process_find; 1 in search_call */

static int results(lua_State *L, int index, int n)
{
	struct search *s = lua_touserdata(L, index);

	if (s->ended || index == FIND_INDEX) /* Lua does not know how much it is */
		linux_memory_free(&s->space);
	if (n || index != FIND_INDEX)
		return n;
	lua_pushnil(L);
	push_report(L, s);
	return 2;
}

static int find_returned(lua_State *L, int status, lua_KContext index)
{
	(void)status;
	return results(L, (int)index, search_on(L, (int)index, true));
}

static int slice_begins(lua_State *L, int status, lua_KContext index)
{
	(void)status;
	return results(L, (int)index, search_on(L, (int)index, false));
}

/* The search is at index, and on top. */
static int search_next(lua_State *L, int index)
{
	const struct search *s = lua_touserdata(L, index);

	lua_getiuservalue(L, index, 1);
	lua_getiuservalue(L, index, 2);
	return results(L, index, s->ended ? 0 : search_on(L, index, false));
}

int process_find(lua_State *L)
{
	search_new(L);
	return search_next(L, FIND_INDEX);
}

int process_findall(lua_State *L)
{
	search_new(L);
	return 1;
}

/* for va, match in search do */
static int search_call(lua_State *L)
{
	luaL_checkudata(L, 1, SEARCH_TYPE);
	lua_settop(L, 1);
	return search_next(L, 1);
}

/* search:report() */
static int search_report(lua_State *L)
{
	push_report(L, luaL_checkudata(L, 1, SEARCH_TYPE));
	return 1;
}

static int search_index(lua_State *L)
{
	struct search *s = luaL_checkudata(L, 1, SEARCH_TYPE);
	const char *name = luaL_checkstring(L, 2), *why;
	struct text_near near;
	char text[256];

	if (!strcmp(name, "report")) {
		lua_pushcfunction(L, search_report);
		return 1;
	}
	why = reason(s, text, sizeof(text));
	if (!strcmp(name, "complete")) {
		lua_pushboolean(L, !why);
		return 1;
	}
	if (!strcmp(name, "reason")) {
		lua_pushstring(L, why); /* nil for NULL */
		return 1;
	}
	text_near_init(&near, name);
	text_near_add(&near, "report");
	text_near_add(&near, "complete");
	text_near_add(&near, "reason");
	text_near_print(&near, text, sizeof(text));
	return luaL_error(L, "search.%s: no such field%s", name, text);
}

/* Frees a map also where copying from it raises an error. */
struct reading {
	struct linux_memory space;
	struct linux_walk walk;
};

#define READING_TYPE "reading"

static int reading_gc(lua_State *L)
{
	struct reading *r = luaL_checkudata(L, 1, READING_TYPE);

	linux_memory_free(&r->space);
	return 0;
}

/* p:read(va, n, true) -> string with zeros for absent bytes, their number */
static int read_partly(lua_State *L, const struct linux_task *task, gva_t va, size_t n)
{
	struct linux_span span;
	struct reading *r;
	luaL_Buffer b;
	uint64_t present = 0;
	char *to;

	if (va + n < va)
		return luaL_error(L, "read: the range is larger than the address space");
	r = lua_newuserdatauv(L, sizeof(*r), 0);
	memset(r, 0, sizeof(*r));
	luaL_setmetatable(L, READING_TYPE);
	to = luaL_buffinitsize(L, &b, n);
	memset(to, 0, n);
	if (engine.mode != ENGINE_CHECK && task->mm && linux_mm_lives(task) &&
	    !linux_space(task, &r->space)) {
		linux_walk_start(&r->walk, &r->space, va, va + n);
		while (!limit_expired && linux_walk_next(&r->walk, &span)) {
			if (is_present(&span) &&
			    !guest_read(span.gpa, to + (span.va - va), (size_t)span.size))
				present += span.size;
		}
	}
	luaL_pushresultsize(&b, n);
	limit_check(L);
	lua_pushinteger(L, (lua_Integer)(n - present));
	return 2;
}

int process_read(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	gva_t va = (gva_t)luaL_checkinteger(L, 2);
	lua_Integer n = luaL_checkinteger(L, 3);
	luaL_Buffer b;
	char *to;

	luaL_argcheck(L, n >= 0 && n <= READ_MAX, 3, "must be 0 to 4 MB");
	if (lua_toboolean(L, 4))
		return read_partly(L, task, va, (size_t)n);
	to = luaL_buffinitsize(L, &b, (size_t)n);
	/* Before: what the tables lead to; afterwards: it was the process's. */
	if (engine.mode == ENGINE_CHECK || !linux_mm_lives(task) ||
	    linux_process_read(task, va, to, (size_t)n) || !linux_mm_lives(task)) {
		lua_pushnil(L);
		return 1;
	}
	luaL_pushresultsize(&b, (size_t)n);
	return 1;
}

void search_open(lua_State *L)
{
	static const luaL_Reg search[] = {
		{"__index", search_index},
		{"__call", search_call},
		{"__gc", search_gc},
		{NULL, NULL},
	};
	static const luaL_Reg reading[] = {{"__gc", reading_gc}, {NULL, NULL}};

	api_metatable(L, SEARCH_TYPE, search);
	api_metatable(L, READING_TYPE, reading);
}
