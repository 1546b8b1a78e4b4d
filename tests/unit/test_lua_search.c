/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find, match, gmatch, sub and byte on strings and on views agree with Lua's own functions on the
 * same bytes, for many random texts and patterns.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/lua/api.h"
#include "tests/unit/engine_fake.h"

#define PAGES 200
#define SIZE  (PAGES * 4096)

static struct fake_process *process;
static struct linux_memory memory;
static lua_State *plain; /* Lua as it is */

static int setup(void **state)
{
	size_t i;

	fake_reset();
	srand(7);
	process = fake_process(200, "p", PAGES, LINUX_PAGE_PRIVATE);
	for (i = 0; i < SIZE; i++)
		*fake_bytes(process, i) = (uint8_t) "ab1\0 xy"[rand() % 7];
	fake_signature("t.lua", "");
	assert_int_equal(fake_load(), 1);
	assert_int_equal(linux_memory(&process->task, &memory), 0);
	plain = luaL_newstate();
	luaL_openlibs(plain);
	return 0;
}

static int teardown(void **state)
{
	lua_close(plain);
	fake_free();
	return 0;
}

/* Results of call(subject, ...) in L from below index base as one string. */
static const char *show(lua_State *L, int base)
{
	luaL_Buffer b;
	int i, top = lua_gettop(L);

	luaL_buffinit(L, &b);
	for (i = base + 1; i <= top; i++) {
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&b);
		luaL_addchar(&b, '|');
	}
	luaL_pushresult(&b);
	return lua_tostring(L, -1);
}

static void compare(const char *function, uint64_t at, size_t size, const char *pattern, int init)
{
	static char copy[SIZE];
	lua_State *L = signatures[0]->L;
	struct bytes b = {.kind = BYTES_PROCESS, .base = at, .size = size, .memory = &memory};
	const char *want, *got;
	int way;

	bytes_copy(&b, 0, copy, size);
	lua_settop(plain, 0);
	lua_getglobal(plain, "string");
	lua_getfield(plain, -1, function);
	lua_pushlstring(plain, copy, size);
	lua_pushstring(plain, pattern);
	lua_pushinteger(plain, init);
	assert_int_equal(lua_pcall(plain, 3, LUA_MULTRET, 0), LUA_OK);
	want = show(plain, 1);
	for (way = 0; way < 2; way++) {
		lua_settop(L, 0);
		lua_getglobal(L, "string");
		lua_getfield(L, -1, function);
		if (way)
			lua_pushlstring(L, copy, size);
		else
			view_push(L, &b, 0);
		lua_pushstring(L, pattern);
		lua_pushinteger(L, init);
		if (lua_pcall(L, 3, LUA_MULTRET, 0) != LUA_OK)
			fail_msg("%s", lua_tostring(L, -1));
		got = show(L, 1);
		if (strcmp(want, got))
			fail_msg("%s(%s, '%s', %d) at %d, size %zu: %s, not %s", function,
				 way ? "string" : "view", pattern, init, (int)at, size, got, want);
	}
}

static const char *random_pattern(void)
{
	static const char *const parts[] = {
		"a",	 "b",  "1",    "x",	"y",	 " ",  "ab",   "xy", "1a", "a+",
		"b*",	 "x-", "y?",   "[0-9]", "%d",	 "%s", "[^a]", ".",  "%.", "(a)",
		"(%d+)", "()", "(b*)", "%f[a]", "aab1x", "%w", "abab", "%",
	};
	static char text[64];
	int n = 1 + rand() % 4;

	text[0] = '\0';
	if (rand() % 12 == 0)
		strcat(text, "^");
	while (n--)
		strcat(text, parts[(size_t)rand() % (sizeof(parts) / sizeof(*parts) - 1)]);
	if (rand() % 12 == 0)
		strcat(text, "$");
	return text;
}

static void random_searches(void **state)
{
	int i;

	for (i = 0; i < 4000; i++) {
		size_t size = (size_t)(rand() % (i % 20 ? 20000 : SIZE - 1));
		uint64_t at = (uint64_t)rand() % (SIZE - size);
		int init = rand() % 3 ? 1 : rand() % ((int)size + 20) - (int)size / 2;

		compare(rand() % 2 ? "find" : "match", at, size, random_pattern(), init);
	}
}

/* A text that is rare: where it lies on the border of pages, and behind several windows. */
static void rare_text(void **state)
{
	int i;

	for (i = 0; i < 60; i++) {
		uint64_t at = (uint64_t)(4096 * (1 + rand() % (PAGES - 2)) - rand() % 14);

		fake_write(process, at, "suspicious 7", 12);
		compare("find", 0, SIZE, "suspicious [0-9]", 1);
		compare("match", 0, SIZE, "()suspicious ([0-9])()", 1);
		compare("find", 0, SIZE, "[s]uspicious [0-9]", 1);
		compare("find", 0, SIZE, "suspicious 7", 1);
		compare("find", 0, SIZE, "suspicious 8", -5000);
		compare("find", 0, SIZE, "s+u?spicious [^7]", 1);
		fake_write(process, at, "abababababab", 12);
	}
}

static void at_the_end(void **state)
{
	static const char *const patterns[] = {"b*", "^b*", "()",  "a",	    "aa",
					       "$",  "",    "a*$", "%f[%z]"};
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		compare("find", 0, 8000, patterns[i], 8001);
		compare("match", 0, 8000, patterns[i], 8001);
		compare("find", 0, 8000, patterns[i], 8002);
		compare("match", 0, 8000, patterns[i], 8000);
		compare("find", 0, 0, patterns[i], 1);
		compare("match", 0, 0, patterns[i], 1);
		compare("find", 0, 1, patterns[i], -1);
	}
}

static void absent_pages_are_zeros(void **state)
{
	lua_State *L = signatures[0]->L;
	struct bytes b = {.kind = BYTES_PROCESS, .size = SIZE, .memory = &memory};

	fake_page(process, 7, LINUX_PAGE_ABSENT);
	view_push(L, &b, 0);
	lua_setglobal(L, "v");
	assert_int_equal(luaL_dostring(L, "local z = ('\\0'):rep(4096)\n"
					  "assert(v:find(z, 1, true) <= 7 * 4096 + 1)\n"
					  "assert(v:sub(7 * 4096 + 1, 8 * 4096) == z)\n"
					  "assert(v:absent() == 4096)\n"
					  "assert(#v == 200 * 4096 and v:len() == #v)\n"
					  "assert(v:byte(7 * 4096 + 1) == 0)"),
			 LUA_OK);
}

static void sub_byte_gmatch(void **state)
{
	lua_State *L = signatures[0]->L;
	struct bytes b = {.kind = BYTES_PROCESS, .base = 5000, .size = 30000, .memory = &memory};
	static char copy[30000];

	bytes_copy(&b, 0, copy, sizeof(copy));
	view_push(L, &b, 0);
	lua_setglobal(L, "v");
	lua_pushlstring(L, copy, sizeof(copy));
	lua_setglobal(L, "s");
	if (luaL_dostring(
		    L, "for _, i in ipairs{0, 1, 2, -1, -5, 30000, 30001, -30000, -30001, 4096, "
		       "math.mininteger,\n"
		       "                   math.maxinteger} do\n"
		       "  assert(string.sub(v, i) == string.sub(s, i), i)\n"
		       "  for _, j in ipairs{0, 1, -1, 29999, 30000, 30001, -29999, -30001, 5000,\n"
		       "                     math.mininteger, math.maxinteger} do\n"
		       "    assert(string.sub(v, i, j) == string.sub(s, i, j), i .. ' ' .. j)\n"
		       "    if i > 0 and j > 0 and j - i < 200 then\n"
		       "      assert(select('#', v:byte(i, j)) == select('#', s:byte(i, j)), i .. "
		       "' ' .. j)\n"
		       "    end\n"
		       "  end\n"
		       "  assert(v:byte(i) == s:byte(i))\n"
		       "end\n"
		       "for _, p in ipairs{'a+', '(b)(x)', '()1a', 'ab1', 'b*'} do\n"
		       "  local got, want = {}, {}\n"
		       "  for x, y in v:gmatch(p) do got[#got + 1] = x .. (y or '') end\n"
		       "  for x, y in s:gmatch(p) do want[#want + 1] = x .. (y or '') end\n"
		       "  if p ~= 'b*' then assert(table.concat(got, '|') == table.concat(want, "
		       "'|'), p) end\n"
		       "end\n"
		       "local ok, e = pcall(string.gsub, v, 'a', 'b')\n"
		       "assert(not ok and e:find('too large'))"))
		fail_msg("%s", lua_tostring(L, -1));
}

static void repetition(void **state)
{
	lua_State *L = signatures[0]->L;

	if (luaL_dostring(
		    L,
		    "assert(('ab'):rep(3) == 'ababab' and ('ab'):rep(3, '-') == 'ab-ab-ab')\n"
		    "assert((''):rep(1 << 53) == '' and ('x'):rep(-1) == '' and ('x'):rep(0, ',') "
		    "== '')\n"
		    "assert(('x'):rep(1) == 'x' and ('x'):rep(1, ',') == 'x')\n"
		    "assert(#('abc'):rep(1000) == 3000 and ('abc'):rep(1000):sub(2998) == 'abc')\n"
		    "local f = ('abc'):rep(1 << 20)\n"
		    "assert(#f == 3 << 20 and f:sub(1, 7) == 'abcabca' and f:sub(-4) == 'cabc')\n"
		    "assert(f:find('ca') == 3 and f:find('[b-c]a', 100000) == 100002)\n"
		    "local g = ('abc'):rep(1 << 20, ', ')\n"
		    "assert(#g == 5 * (1 << 20) - 2 and g:sub(-8) == 'abc, abc', g:sub(-8))\n"
		    "local ok, e = pcall(function() return ('xy'):rep(math.maxinteger) end)\n"
		    "assert(not ok and e:find('resulting string too large'), e)\n"
		    /* larger than any memory: nobody makes it */
		    "for _, n in ipairs{64 << 20, 1 << 50, math.maxinteger} do\n"
		    "  local v = ('x'):rep(n)\n"
		    "  assert(#v == n and v:sub(-2) == 'xx' and not v:find('xy'))\n"
		    "end\n"
		    "local u = ('ab'):rep(1 << 19)\n" /* a unit of 1 MB */
		    "assert(#u:rep(1000) == 1000 << 20 and u:rep(3):sub(-3) == 'bab')"))
		fail_msg("%s", lua_tostring(L, -1));
}

static void literal_of_a_pattern(void **state)
{
	static const struct {
		const char *pattern, *literal;
	} cases[] = {
		{"suspicious [0-9]", "suspicious "},
		{"abc", "abc"},
		{"ab*c", "a"},
		{"ab?", "a"},
		{"ab-", "a"},
		{"ab+c", "ab"},
		{"a.b", "a"},
		{"%.x%d", ".x"},
		{"%dx", ""},
		{"(abc)", ""},
		{"a(b)", "a"},
		{"ab$", "ab"},
		{"ab%", "ab"},
		{"%%%-*", "%"},
		{"", ""},
		{"[a]b", ""},
		{"%bxy", ""},
		{"a%fx", "a"},
	};
	char out[64];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = pattern_prefix(cases[i].pattern, strlen(cases[i].pattern), out,
					  sizeof(out));

		out[n] = '\0';
		assert_string_equal(out, cases[i].literal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_searches, setup, teardown),
		cmocka_unit_test_setup_teardown(rare_text, setup, teardown),
		cmocka_unit_test_setup_teardown(at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_pages_are_zeros, setup, teardown),
		cmocka_unit_test_setup_teardown(sub_byte_gmatch, setup, teardown),
		cmocka_unit_test_setup_teardown(repetition, setup, teardown),
		cmocka_unit_test_setup_teardown(literal_of_a_pattern, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
