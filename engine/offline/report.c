/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the ready views of a memory dump (report_table.c): runs a view's lines of Lua, and shows
 * the rows in columns as wide as they need to be, or as one JSON object a line with all their
 * fields.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/lua/api.h"
#include "engine/offline/look.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"

#define MEMORY_MAX (4ull << 30) /* a program of its own: the host's memory is the limit */
#define WIDTH_MAX  40
#define DEPTH_MAX  8

/*
 * Around a view's lines. each(pid, f): the rows of f(process), a listing, for that process or all,
 * with pid and comm (own: the row's); one process whose memory cannot be read does not hide the
 * others.
 */
/* clang-format off */

static const char before[] =
	"local function each(pid, f, own)\n"
	"  local rows, list, why = {}, lvmon.processes(), nil\n"
	"  if not list.complete then why = list.reason end\n"
	"  local found = not pid\n"
	"  for p in list do\n"
	"    if not pid or p.pid == pid then\n"
	"      found = true\n"
	"      local ok, l = pcall(f, p)\n"
	"      if not ok then\n"
	"        why = why or tostring(l)\n"
	"      else\n"
	"        if not l.complete then why = why or 'process ' .. p.pid .. ': ' .. l.reason end\n"
	"        for _, row in ipairs(l:table()) do\n"
	"          row.pid = p.pid\n"
	"          if not own then row.comm = p.comm end\n"
	"          rows[#rows + 1] = row\n"
	"        end\n"
	"      end\n"
	"    end\n"
	"  end\n"
	"  if not found then error('no process has the id ' .. pid, 0) end\n"
	"  return rows, why\n"
	"end\n"
	"local function those(list, f)\n"
	"  local rows = {}\n"
	"  for _, row in ipairs(list:table()) do if f(row) then rows[#rows + 1] = row end end\n"
	"  return rows, list.reason\n"
	"end\n"
	"local function view(pid, name)\n";

static const char after[] =
	"\nend\n"
	"function report(pid, name)\n"
	"  local rows, why = view(pid, name)\n"
	"  if type(rows) == 'userdata' then\n"
	"    if not rows.complete then why = rows.reason end\n"
	"    rows = rows:table()\n"
	"  end\n"
	"  return rows, why\n"
	"end\n";

/* clang-format on */

/* --- values --- */

static char *clean(const char *text, size_t size)
{
	char *to = malloc(4 * size + 1);

	if (to)
		text_clean(text, size, false, to, 4 * size + 1);
	return to;
}

/* The elements of the array on top, with commas; the caller frees it. */
static char *text_of_table(lua_State *L)
{
	size_t n = lua_rawlen(L, -1), i, size;
	char *all = strdup(""), *text;
	const char *s;

	for (i = 1; i <= n && all; i++) {
		lua_rawgeti(L, -1, (lua_Integer)i);
		s = luaL_tolstring(L, -1, &size);
		text = clean(s, size);
		lua_pop(L, 2);
		s = all;
		if (!text || asprintf(&all, "%s%s%s", s, i > 1 ? "," : "", text) < 0)
			all = NULL;
		free((char *)s);
		free(text);
	}
	return all;
}

/* The value on top as text; the caller frees it. NULL: no memory. */
static char *text_of(lua_State *L, const struct column *column)
{
	char number[32], *text;
	const char *s;
	size_t size;

	if (lua_istable(L, -1))
		return text_of_table(L);
	if (lua_isinteger(L, -1) && column->kind == COLUMN_HEX) {
		snprintf(number, sizeof(number), "%llx", (unsigned long long)lua_tointeger(L, -1));
		return strdup(number);
	}
	if (lua_isnil(L, -1))
		return strdup("-");
	s = luaL_tolstring(L, -1, &size);
	text = clean(s, size);
	lua_pop(L, 1);
	return text;
}

static json_t *json_of(lua_State *L, const struct column *column, int depth);

static json_t *json_of_table(lua_State *L, const struct column *columns, int depth)
{
	size_t n = lua_rawlen(L, -1), i;
	int table = lua_gettop(L);
	json_t *to;

	if (n) {
		to = json_array();
		for (i = 1; i <= n; i++) {
			lua_rawgeti(L, -1, (lua_Integer)i);
			json_array_append_new(to, json_of(L, NULL, depth + 1));
			lua_pop(L, 1);
		}
		return to;
	}
	/* An empty one within a row is a list. */
	lua_pushnil(L);
	if (depth && !lua_next(L, -2))
		return json_array();
	lua_settop(L, table);
	to = json_object();
	lua_pushnil(L);
	while (lua_next(L, table)) {
		const struct column *c;
		char *key;

		if (lua_type(L, -2) == LUA_TSTRING) {
			for (c = columns; c && c->key; c++)
				if (!strcmp(c->key, lua_tostring(L, -2)))
					break;
			key = clean(lua_tostring(L, -2), lua_rawlen(L, -2));
			if (key)
				json_object_set_new(to, key,
						    json_of(L, c && c->key ? c : NULL, depth + 1));
			free(key);
		}
		lua_pop(L, 1);
	}
	return to;
}

/*
 * The value on top: addresses (those of the kernel are negative as numbers), and what is too large
 * for a double, are hexadecimal strings.
 */
static json_t *json_of(lua_State *L, const struct column *column, int depth)
{
	lua_Integer n;
	json_t *json;
	char *text;

	if (depth > DEPTH_MAX || !lua_checkstack(L, 8))
		return json_null();
	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		return json_boolean(lua_toboolean(L, -1));
	case LUA_TNUMBER:
		n = lua_tointeger(L, -1);
		if (!lua_isinteger(L, -1))
			return json_real(lua_tonumber(L, -1));
		if ((!column || column->kind != COLUMN_HEX) && n > -(1ll << 32) && n < 1ll << 53)
			return json_integer(n);
		return json_sprintf("0x%llx", (unsigned long long)n);
	case LUA_TSTRING:
		text = clean(lua_tostring(L, -1), lua_rawlen(L, -1));
		json = text ? json_string(text) : json_null();
		free(text);
		return json;
	case LUA_TTABLE:
		return json_of_table(L, NULL, depth);
	}
	return json_null();
}

/* --- the printer --- */

static void print_json(lua_State *L, const struct report *report)
{
	json_t *json = lua_istable(L, -1) ? json_of_table(L, report->columns, 0)
					  : json_pack("{s:o}", "text", json_of(L, NULL, 0));

	json_dumpf(json, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(json);
}

/* The field of the row on top. */
static char *cell(lua_State *L, const struct column *column)
{
	char *text;

	lua_getfield(L, -1, column->key);
	text = text_of(L, column);
	lua_pop(L, 1);
	return text;
}

static void print_cell(const char *text, const struct column *column, int width)
{
	/* Nothing stands behind the last column. */
	if (column->kind != COLUMN_TEXT)
		printf("%*s", width, text);
	else
		printf("%-*s", column[1].key ? width : 0, text);
	putchar(column[1].key ? ' ' : '\n');
}

/* Rows at index rows, all of them: the widths first. */
static void print_table(lua_State *L, int rows, const struct report *report)
{
	int width[16] = {0};
	lua_Integer n = (lua_Integer)lua_rawlen(L, rows), i;
	size_t c;

	for (c = 0; report->columns[c].key; c++)
		width[c] = (int)strlen(report->columns[c].title);
	for (i = 1; i <= n; i++) {
		lua_rawgeti(L, rows, i);
		for (c = 0; lua_istable(L, -1) && report->columns[c].key; c++) {
			char *text = cell(L, &report->columns[c]);
			size_t size = text ? strlen(text) : 0;

			if (size > (size_t)width[c])
				width[c] = size < WIDTH_MAX ? (int)size : WIDTH_MAX;
			free(text);
		}
		lua_pop(L, 1);
	}
	for (c = 0; report->columns[c].key; c++)
		print_cell(report->columns[c].title, &report->columns[c], width[c]);
	for (i = 1; i <= n; i++) {
		lua_rawgeti(L, rows, i);
		for (c = 0; lua_istable(L, -1) && report->columns[c].key; c++) {
			char *text = cell(L, &report->columns[c]);

			print_cell(text ? text : "?", &report->columns[c], width[c]);
			free(text);
		}
		lua_pop(L, 1);
	}
}

static void print_lines(lua_State *L)
{
	size_t size;
	const char *text = luaL_tolstring(L, -1, &size);
	char *to = malloc(4 * size + 1);

	if (to) {
		text_clean(text, size, true, to, 4 * size + 1);
		puts(to);
		free(to);
	}
	lua_pop(L, 1);
}

/* In a protected call: the rows and the reason are at 1 and 2, report and json in upvalues. */
static int print_rows(lua_State *L)
{
	const struct report *report = lua_touserdata(L, lua_upvalueindex(1));
	bool json = lua_toboolean(L, lua_upvalueindex(2));
	lua_Integer i;

	if (lua_istable(L, 1) && report->columns && !json) {
		print_table(L, 1, report);
	} else if (lua_istable(L, 1)) {
		for (i = 1; i <= (lua_Integer)lua_rawlen(L, 1); i++) {
			lua_rawgeti(L, 1, i);
			if (json)
				print_json(L, report);
			else
				print_lines(L);
			lua_pop(L, 1);
		}
	} else {
		lua_settop(L, 1);
		if (json)
			print_json(L, report);
		else
			print_lines(L);
	}
	return 0;
}

static int run(lua_State *L, const struct report *report, const struct look *l)
{
	const char *why;

	lua_getglobal(L, "report");
	if (l->pid >= 0)
		lua_pushinteger(L, l->pid);
	else
		lua_pushnil(L);
	lua_pushstring(L, l->name);
	if (lua_pcall(L, 2, 2, 0) != LUA_OK)
		return 1;
	why = lua_tostring(L, -1);
	lua_pushlightuserdata(L, (void *)report);
	lua_pushboolean(L, l->json);
	lua_pushcclosure(L, print_rows, 2);
	lua_pushvalue(L, -3);
	if (lua_pcall(L, 1, 0, 0) != LUA_OK)
		return 1;
	if (why)
		fprintf(stderr, "lvisor: not complete: %s\n", why);
	return 0;
}

/* The state with the view's function in it; NULL after a message or a record. */
static lua_State *load(const struct report *report)
{
	static char *text; /* the signature's: it stays */
	struct signature *s;

	free(text);
	text = NULL;
	if (asprintf(&text, "%s%s%s", before, report->lua, after) < 0 ||
	    signature_add(report->name, text, strlen(text))) {
		fprintf(stderr, "lvisor: error: not enough memory\n");
		return NULL;
	}
	s = signatures[signature_count - 1];
	s->memory_max = MEMORY_MAX;
	return signature_load(s) ? NULL : s->L;
}

int report_print(const struct report *report, const struct look *l)
{
	lua_State *L = load(report);
	int ret;

	if (!L)
		return 1;
	ret = run(L, report, l);
	if (ret) {
		const char *message = lua_tostring(L, -1);
		char *shown = message ? clean(message, strlen(message)) : NULL;

		fprintf(stderr, "lvisor: error: %s: %s\n", report->name, shown ? shown : "?");
		free(shown);
	}
	lua_settop(L, 0);
	return ret || fflush(stdout) ? 1 : 0;
}

bool report_uptime(int64_t *seconds, char *time, size_t time_size)
{
	lua_State *L = load(report_find("uptime"));
	bool ok = false;

	if (!L)
		return false;
	lua_getglobal(L, "report");
	if (lua_pcall(L, 0, 1, 0) == LUA_OK && lua_istable(L, -1)) {
		lua_rawgeti(L, -1, 1);
		lua_getfield(L, -1, "seconds");
		lua_getfield(L, -2, "time");
		*seconds = lua_tointeger(L, -2);
		snprintf(time, time_size, "%s", lua_tostring(L, -1));
		ok = true;
	}
	hooks_close(); /* what comes next are the user's */
	return ok;
}
