/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of each signature, and how it is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "engine/signature/counters.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"

static struct fake_process *p;

static int setup(void **state)
{
	fake_reset();
	p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

#define HOOK(body) "lvmon.hook.syscall('openat', function(ev) " body " end)\n"

/* As a signature sees itself: nothing of the others. */
static void asked_for(void **state)
{
	fake_signature(
		"one.lua",
		"local n, kept = 0, ''\n" HOOK(
			"n = n + 1\n"
			"if n == 1 then kept = string.rep('x', 500000) kept = nil collectgarbage() "
			"end\n"
			"if n == 2 then ev:deny() end\n"
			"if n == 3 then error('once') end\n"
			"if n == 4 then\n"
			"  local t0 = lvmon.counters().time_ns\n"
			"  for i = 1, 100000 do end\n"
			"  local c, names = lvmon.counters(), 0\n"
			"  for k, v in pairs(c) do assert(math.type(v) == 'integer', k) names = "
			"names + 1 end\n"
			"  assert(names == 9)\n"
			"  assert(c.handlers == 4 and c.denied == 1 and c.errors == 1, "
			"c.handlers)\n"
			"  assert(c.timeouts == 0 and c.deaths == 0 and c.strikes == 0)\n"
			"  assert(c.time_ns == t0 and t0 > 0)\n" /* of those that have ended */
			"  assert(c.memory > 0 and c.memory < 400000 and c.memory_peak > 500000)\n"
			"  print('fine')\n"
			"end\n"));
	fake_signature("two.lua", HOOK("assert(lvmon.counters().denied == 0)"));
	assert_int_equal(fake_load(), 2);
	for (int i = 0; i < 4; i++)
		fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("error"), 1);
	assert_int_equal(fake_count("print"), 1);
}

/* After a minute, one signature an event, and only those that have run. */
static void told(void **state)
{
	static const char *const names[] = {"one.lua", "two.lua"};

	fake_signature("one.lua", HOOK("error('no')"));
	fake_signature("idle.lua", "lvmon.hook.syscall('execve', function() end)");
	fake_signature("two.lua", HOOK(""));
	assert_int_equal(fake_load(), 3);
	fake_event("__x64_sys_openat", p);
	fake.time_ns += COUNTERS_NS / 2;
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("counters"), 0);
	fake.time_ns += COUNTERS_NS;
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("counters"), 1);
	for (int i = 0; i < 5; i++)
		fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("counters"), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(fake_string("counters", i, "signature"), names[i]);
		assert_int_equal(fake_number("counters", i, "handlers"), i ? 5 : 3);
		assert_int_equal(fake_number("counters", i, "errors"), i ? 0 : 3);
		assert_true(fake_number("counters", i, "time_ns") > 0);
		assert_true(fake_number("counters", i, "memory_peak") >=
			    fake_number("counters", i, "memory"));
	}
	/* The next round. */
	fake.time_ns += COUNTERS_NS;
	for (int i = 0; i < 3; i++)
		fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("counters"), 4);
	/* Of the last one all was told. */
	fake.time_ns += COUNTERS_NS;
	for (int i = 0; i < 3; i++)
		fake_event("__x64_sys_execve", p);
	assert_int_equal(fake_count("counters"), 6);
	assert_string_equal(fake_string("counters", 5, "signature"), "idle.lua");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
