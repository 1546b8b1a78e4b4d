/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.pause: what it passes through, and that the other CPUs are let go whatever happens in it;
 * and lvmon.hidden, which uses it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/lua/api.h"
#include "tests/unit/engine_fake.h"

static struct fake_process *p;

static int setup(void **state)
{
	fake_reset();
	p = fake_process(200, "calls", 4, LINUX_PAGE_PRIVATE);
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

static void run_once(const char *body)
{
	static char text[4096];

	snprintf(text, sizeof(text), "lvmon.hook.syscall('openat', function(ev)\n%s\nend)", body);
	fake_signature("t.lua", text);
	assert_int_equal(fake_load(), 1);
	fake_event("__x64_sys_openat", p);
}

static void run(const char *body, unsigned int pauses)
{
	run_once(body);
	if (fake_count("error"))
		fail_msg("line %lld: %s", fake_number("error", 0, "line"),
			 fake_string("error", 0, "message"));
	assert_int_equal(fake.holds, pauses);
	assert_int_equal(fake.releases, pauses);
	/* The next one finds nobody held. */
	assert_int_equal(pause_begin(), 0);
	assert_int_equal(pause_finish(), 0);
}

static void results(void **state)
{
	run("local a, b, c, d = lvmon.pause(function(x, y) return x, nil, y end, 1, 'two')\n"
	    "assert(a == 1 and b == nil and c == 'two' and d == nil)\n"
	    "assert(select('#', lvmon.pause(function() end)) == 0)\n"
	    "assert(lvmon.pause(lvmon.memsize) == lvmon.memsize())",
	    3);
}

static void errors(void **state)
{
	run("local ok, e = pcall(lvmon.pause, function() error({ code = 5 }) end)\n"
	    "assert(not ok and e.code == 5)\n"
	    "ok, e = pcall(lvmon.pause, function() error('no') end)\n"
	    "assert(not ok and e == 't.lua:4: no', e)\n"
	    "ok, e = pcall(lvmon.pause, 5)\n"
	    "assert(not ok and e:find('function expected'), e)\n"
	    "ok, e = pcall(lvmon.pause)\n"
	    "assert(not ok and e:find('function expected'), e)",
	    2);
}

static void nested(void **state)
{
	run("local ok, e = pcall(lvmon.pause, function() lvmon.pause(print) end)\n"
	    "assert(not ok and e:find('the guest is paused already', 1, true), e)\n"
	    "assert(lvmon.pause(function() return pcall(lvmon.pause, print) end) == false)",
	    2);
}

/* Nothing waits in it. */
static void yields(void **state)
{
	run("local co = coroutine.wrap(function()\n"
	    "  local ok, e = pcall(lvmon.pause, coroutine.yield)\n"
	    "  coroutine.yield(ok, e)\n"
	    "end)\n"
	    "local ok, e = co()\n"
	    "assert(ok == false and e:find('yield'), e)\n"
	    "local inner = lvmon.pause(function()\n"
	    "  return coroutine.wrap(function() coroutine.yield(3) end)() end)\n"
	    "assert(inner == 3)",
	    2);
}

/* A page that the guest must copy first: the write is done when the handler has ended. */
static void writes_that_would_wait(void **state)
{
	fake_page(p, 1, LINUX_PAGE_SHARED);
	run("lvmon.pause(function()\n"
	    "  local n, copied, skipped, later = lvmon.memwrite(ev.process.memory + 4000, "
	    "('x'):rep(200))\n"
	    "  assert(n == 96 and copied == 0 and skipped == 0 and later == 104)\n"
	    "end)",
	    2); /* the later bytes have a hold of their own */
	assert_int_equal(fake_number("memwrite", 0, "written"), 200);
}

static void limit(void **state)
{
	run("local ok, e = pcall(lvmon.pause, function() while true do end end)\n"
	    "assert(not ok and e:find('t.lua:2: pause limit exceeded', 1, true), e)\n"
	    "local n = 0\n"
	    "for i = 1, 100000 do n = n + i end\n" /* no hook is left */
	    "ok, e = pcall(lvmon.pause, function() while true do pcall(function() while true do\n"
	    "  end end) end end)\n"
	    "assert(not ok and e:find('pause limit exceeded', 1, true), e)",
	    2);
}

/* The CPUs went on before the function ended: what it returned is not exact. */
static void let_go_by_the_vmm(void **state)
{
	fake.release_error = -ETIME;
	run_once("local ok, e = pcall(lvmon.pause, function() return 1 end)\n"
		 "assert(not ok and e:find('pause limit exceeded', 1, true), e)\n"
		 "ok, e = pcall(lvmon.pause, function() error('mine') end)\n"
		 "assert(not ok and e:find('mine'), e)");
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake.releases, 2);
}

static void cannot_be_held(void **state)
{
	fake.hold_error = -ETIME;
	run_once("local ok, e = pcall(lvmon.pause, function() error('ran') end)\n"
		 "assert(not ok and e:find('could not be held', 1, true), e)");
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake.holds, 1);
	assert_int_equal(fake.releases, 0);
}

/* Kernel memory by physical address: what memread and memwrite take. */
static void translate(void **state)
{
	memcpy(fake.ram + 0x1234, "there", 5);
	run("local gpa = lvmon.translate(lvmon.symbol('__x64_sys_openat'))\n"
	    "assert(gpa and lvmon.translate(0x1000) == nil and lvmon.translate(-1) == nil)\n"
	    "assert(lvmon.memread(lvmon.translate(0xffffffff81001234), 5) == 'there')",
	    0);
}

static void hidden(void **state)
{
	run("local l = lvmon.hidden()\n"
	    "assert(#l == 4 and l.complete and l.reason == nil)\n"
	    "local h = l[1]\n"
	    "assert(h.kind == 'process' and h.name == 'beast' and h.pid == 666 and h.tid == 666)\n"
	    "assert(h.seen_in == 'pids, cpus' and h.missing_from == 'tasks')\n"
	    "assert(h.message == 'process 666 (beast) is hidden: seen in pids, cpus, '\n"
	    "  .. 'missing from tasks', h.message)\n"
	    "h = l:table()[2]\n"
	    "assert(h.kind == 'module' and h.name == 'rk' and h.pid == nil and h.address)\n"
	    "assert(h.message == 'module rk is hidden: seen in memory, missing from modules')\n"
	    "h = l[3]\n"
	    "assert(h.kind == 'code' and h.name == 'vector 1' and h.pid == nil and h.tid == nil)\n"
	    "assert(h.address == lvmon.regread('idtr_base') + 16)\n"
	    "assert(h.message == 'code that vector 1 leads to is hidden: seen in idt, missing from "
	    "text')\n"
	    "h = l[4]\n"
	    "assert(h.kind == 'code' and h.pid == 77 and h.tid == 77)\n"
	    "assert(h.message == 'code that kernel thread 77 (worm) leads to is hidden: seen in '\n"
	    "  .. 'kthreads, missing from text')\n"
	    "local ok, e = pcall(function() return l[1].nam end)\n"
	    "assert(not ok and e:find('did you mean name', 1, true), e)",
	    2);
}

/* Held in the middle of a change: the others go on, and it is looked again. */
static void hidden_again(void **state)
{
	fake.looks_locked = 3;
	run("local l = lvmon.hidden() assert(#l == 4 and l.complete)", 5);
}

static void hidden_without_an_end(void **state)
{
	fake.endless = true;
	run("local l = lvmon.hidden()\n"
	    "assert(#l == 0 and not l.complete and l.reason == 'task list: it has no end')",
	    2);
}

static void hidden_always_locked(void **state)
{
	fake.looks_locked = 1000;
	run("local l = lvmon.hidden()\n"
	    "assert(#l == 0)\n"
	    "assert(l.reason == 'processes: the kernel was changing its lists at each look')",
	    21);
}

static void hidden_in_part(void **state)
{
	fake.hidden_error = -ETIME;
	run("local l = lvmon.hidden()\n"
	    "assert(#l == 1 and l.reason == 'modules: the time was up')",
	    2);
}

/* In a pause of the script's, that one. */
static void hidden_in_a_pause(void **state)
{
	run("local l = lvmon.pause(lvmon.hidden)\n"
	    "assert(#l == 4 and l.complete)",
	    1);
}

/* What was read while the others ran is not told. */
static void hidden_too_long(void **state)
{
	fake.release_error = -ETIME;
	run_once("local l = lvmon.hidden()\n"
		 "assert(#l == 0 and l.reason == 'processes: the time was up')");
	assert_int_equal(fake_count("error"), 0);
}

static void hidden_cannot_be_held(void **state)
{
	fake.hold_error = -ETIME;
	run_once("local l = lvmon.hidden()\n"
		 "assert(#l == 0 and l.reason:find('could not be held', 1, true))");
	assert_int_equal(fake_count("error"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(results, setup, teardown),
		cmocka_unit_test_setup_teardown(errors, setup, teardown),
		cmocka_unit_test_setup_teardown(nested, setup, teardown),
		cmocka_unit_test_setup_teardown(yields, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_that_would_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(limit, setup, teardown),
		cmocka_unit_test_setup_teardown(let_go_by_the_vmm, setup, teardown),
		cmocka_unit_test_setup_teardown(cannot_be_held, setup, teardown),
		cmocka_unit_test_setup_teardown(translate, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_again, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_without_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_always_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_in_part, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_in_a_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_cannot_be_held, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
