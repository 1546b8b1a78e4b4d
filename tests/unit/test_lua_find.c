// SPDX-License-Identifier: Apache-2.0
/*
 * p:find, p:findall and p:read(va, n, true) as a signature sees them: each test is a handler that
 * asserts; a failed assertion is an error record with its line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include "engine/events/dispatch.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"

static struct fake_process *p;

static int setup(void **state)
{
	fake_reset();
	p = fake_process(200, "calls", 10, LINUX_PAGE_SHARED);
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

/* The process is at 0x400000 and has 10 pages. */
static void run(const char *body)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		 "lvmon.hook.syscall('openat', function(ev)\nlocal p = lvmon.getproc()\n%s\nend)",
		 body);
	fake_signature("t.lua", text);
	assert_int_equal(fake_load(), 1);
	fake_event("__x64_sys_openat", p);
	if (fake_count("error"))
		fail_msg("line %lld: %s", fake_number("error", 0, "line"),
			 fake_string("error", 0, "message"));
}

static void finds(void **state)
{
	fake_write(p, 100, "token=alpha;", 12);
	fake_write(p, 4096 - 5, "token=beta;", 11); /* over a border */
	fake_write(p, 3 * 4096 + 7, "token=gamma;", 12);
	run("local va, text = p:find('token=')\n"
	    "assert(va == 0x400064 and text == 'token=')\n"
	    "assert(select('#', p:find('token=')) == 2)\n"
	    "va, text = p:find('token=', va + 1)\n"
	    "assert(va == 0x400ffb and text == 'token=', text)\n"
	    "assert(p:read(va, 11) == 'token=beta;')\n"
	    "local va, name = p:find('token=(%w+);', 0x400065)\n"
	    "assert(va == 0x400ffb and name == 'beta')\n"
	    "local va, a, b, c = p:find('()token=(g%w+)()')\n"
	    "assert(va == 0x403007 and a == va and b == 'gamma' and c == va + 11)\n"
	    "va, text = p:find('[t]oken=%w+;')\n"
	    "assert(va == 0x400064 and text == 'token=alpha;')\n"
	    "assert(p:find('token=(%w+);', 0, true) == nil)\n"
	    "va, text = p:find('token=', 0, { plain = true })\n"
	    "assert(va == 0x400064 and text == 'token=')\n"
	    "assert(p:find('token=', 0x400065, { to = 0x401000 }) == nil)\n"
	    "assert(p:find('token=', 0x400065, { to = 0x401001 }) == 0x400ffb)\n"
	    "assert(p:find('token=', 0x403007) == 0x403007 and not p:find('token=', 0x403008))\n"
	    "local found = {}\n"
	    "for va, name in p:findall('token=(%w+)') do\n"
	    "  found[#found + 1] = string.format('%x %s', va, name)\n"
	    "end\n"
	    "assert(table.concat(found, ' ') == '400064 alpha 400ffb beta 403007 gamma')\n"
	    "local n = 0\n"
	    "for va, text in p:findall('x*', 0x409ff0) do n = n + 1; assert(text == '') end\n"
	    "assert(n == 16, n)\n");
}

/* Missing pages end what can match, and are counted by reason. */
static void missing(void **state)
{
	fake_write(p, 2 * 4096 - 4, "first", 5);
	fake_write(p, 4 * 4096 - 4, "abso", 4);
	fake_write(p, 5 * 4096, "rbed", 4);
	fake_write(p, 6 * 4096 + 8, "cached text", 11);
	fake_page(p, 4, LINUX_PAGE_ABSENT);
	fake_page(p, 6, LINUX_PAGE_CACHED);
	fake_page(p, 9, LINUX_PAGE_ABSENT);
	run("local va, seen = p:find('absorbed')\n"
	    "assert(va == nil and seen.mapped == 7 * 4096 and seen.cached == 4096)\n"
	    "assert(seen.swapped == 2 * 4096 and seen.untouched == 0 and seen.device == 0)\n"
	    "assert(seen.uncached == 0 and seen.unreadable == 0)\n"
	    "assert(seen.complete == false and seen.reason == '8192 bytes are swapped out')\n"
	    "assert(p:find('abso.*rbed') == nil)\n"
	    "assert(p:find('first') == 0x401ffc)\n"
	    "assert(p:find('\\0', 0x404000, true) == 0x405004)\n" /* none in the missing page */
	    "assert(p:find('cached t') == 0x406008)\n"
	    "local s = p:findall('cached (%w+)')\n"
	    "local va, word = s()\n"
	    "assert(va == 0x406008 and word == 'text' and s() == nil and s() == nil)\n"
	    "assert(not s.complete and s.reason == seen.reason and s:report().mapped == 7 * 4096)\n"
	    "s = p:findall('x', 0x407000, { to = 0x409000 })\n"
	    "assert(s() == nil and s.complete and s.reason == nil and s:report().complete)\n"
	    "local text, absent = p:read(0x403ffc, 4104, true)\n"
	    "assert(text == 'abso' .. ('\\0'):rep(4096) .. 'rbed' and absent == 4096)\n"
	    "text, absent = p:read(0x3ffffe, 4, true)\n"
	    "assert(text == '\\0\\0\\0\\0' and absent == 2)\n"
	    "text, absent = p:read(-8, 4, true)\n"
	    "assert(text == '\\0\\0\\0\\0' and absent == 4)\n"
	    "text, absent = p:read(0x400000, 0, true)\n"
	    "assert(text == '' and absent == 0)\n");
}

static void refused(void **state)
{
	run("local function refused(text, f, ...)\n"
	    "  local ok, e = pcall(f, ...)\n"
	    "  assert(not ok and e:find(text, 1, true), e)\n"
	    "end\n"
	    "refused('nothing to search for', p.find, p, '')\n"
	    "refused('no beginning', p.find, p, '^a')\n"
	    "assert(p:find('^a', 0, true) == nil)\n"
	    "refused('no option form', p.find, p, 'a', 0, { form = 1 })\n"
	    "refused('options have names', p.find, p, 'a', 0, { 1 })\n"
	    "refused('table expected', p.find, p, 'a', 0, 'plain')\n"
	    "refused('process expected', p.find, 7, 'a')\n"
	    "refused('malformed', p.find, p, '[a')\n"
	    "refused('must be 0 to 4 MB', p.read, p, 0, (4 << 20) + 1, true)\n"
	    "refused('address space', p.read, p, -1, 2, true)\n"
	    "refused('search.complet: no such field; did you mean complete', function()\n"
	    "  return p:findall('a').complet end)\n"
	    "refused('search expected', p:findall('a').report, 7)\n");
}

static void on_time(int signal)
{
	(void)signal;
	raise(SIGXCPU); /* as the vmm sends it */
}

/* A search ends when the time is used up, also where no Lua instruction runs meanwhile. */
static void time_limit(void **state)
{
	struct itimerval once = {.it_value = {.tv_usec = 20000}}, none = {.it_value = {0}};

	fake_signature("t.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				"local p = lvmon.getproc()\n"
				"while true do assert(p:find('nowhere') == nil) end\nend)");
	assert_int_equal(fake_load(), 1);
	signal(SIGVTALRM, on_time);
	setitimer(ITIMER_VIRTUAL, &once, NULL);
	fake_event("__x64_sys_openat", p);
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	assert_int_equal(fake_count("error"), 1);
	assert_non_null(strstr(fake_string("error", 0, "message"), "time limit exceeded"));
}

/*
 * A process for which the time is not enough, over and over: the guest goes on in between, and it
 * is neither an error nor a strike.
 */
static void slices(void **state)
{
	struct fake_process *large = fake_process(300, "large", 700, LINUX_PAGE_PRIVATE);
	static const char *const bodies[] = {
		"local v = lvmon.memread(p.memory, p.mem_size)\n"
		"assert(string.find(v, 'suspicious [0-9]') == 699 * 4096 + 1)\n"
		"assert(v:match('suspicious ([0-9])') == '7' and not v:find('nowhere [0-9]'))",
		"local v = lvmon.memread(p.memory, p.mem_size)\n"
		"assert(v:find('us 7', 1, true) == 699 * 4096 + 9)\n"
		"assert(v:find('[u]s 7') == 699 * 4096 + 9 and v:absent() == 4096)",
		"local n = 0\n"
		"for c in lvmon.memread(p.memory, p.mem_size):gmatch('x(b)x') do n = n + 1 end\n"
		"assert(n == 700 // 7, n)",
		"local va, digit = p:find('suspicious ([0-9])')\n"
		"assert(va == 0x400000 + 699 * 4096 and digit == '7')\n"
		"local none, report = p:find('nowhere')\n"
		"assert(not none and report.mapped == 699 * 4096)",
		"local n = 0\n"
		"for va in p:findall('xbx') do n = n + 1 end\n"
		"assert(n == 700 // 7, n)",
	};
	size_t i;

	for (i = 0; i < 700; i += 7)
		fake_write(large, i * 4096 + 55, "xbx", 3);
	fake_page(large, 333, LINUX_PAGE_ABSENT);
	fake_write(large, 699 * 4096, "suspicious 7", 12);
	p = large;
	for (i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		fake.pauses = 0;
		fake.expire_at = 150;
		run(bodies[i]);
		fake.expire_at = 0;
		assert_true(fake.pauses > 1);
		assert_int_equal(engine.memory->entry[0].strikes, 0);
		assert_int_equal(engine.memory->counters[0].timeouts, 0);
		hooks_close();
	}
}

/* Where a handler cannot wait, its time is all there is. */
static void no_slices(void **state)
{
	p = fake_process(300, "large", 700, LINUX_PAGE_PRIVATE);
	fake_signature("t.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				"local p = lvmon.getproc()\n"
				"local v = lvmon.memread(p.memory, p.mem_size)\n"
				"string.gsub('x', 'x', function() v:find('nowhere') end)\nend)");
	assert_int_equal(fake_load(), 1);
	fake.expire_at = 150;
	fake.expire_signal = true;
	fake_event("__x64_sys_openat", p);
	fake.expire_at = 0;
	assert_int_equal(fake.pauses, 0);
	assert_int_equal(fake_count("error"), 1);
	assert_string_equal(fake_string("error", 0, "reason"), "time");
}

/* Nor where the guest may not be made to sleep: it is not. */
static void no_slices_where_it_may_not_sleep(void **state)
{
	static const char *const bodies[] = {"p:find('nowhere')", "v:find('nowhere')", "v:absent()",
					     "for _ in p:findall('nowhere') do end",
					     "lvmon.memwrite(p.memory, 'x')"};
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		char text[400];

		fake_reset();
		p = fake_process(300, "large", 700, LINUX_PAGE_PRIVATE);
		fake_page(p, 0, LINUX_PAGE_SHARED);
		snprintf(text, sizeof(text),
			 "lvmon.hook.syscall('openat', function(ev)\n"
			 "local p = lvmon.getproc()\n"
			 "local v = lvmon.memread(p.memory, p.mem_size)\n%s\nend)",
			 bodies[i]);
		fake_signature("t.lua", text);
		assert_int_equal(fake_load(), 1);
		fake.may_sleep = i % 2 ? -EBUSY : -ENOTSUP;
		fake.expire_at = 150;
		fake.expire_signal = true;
		fake_event("__x64_sys_openat", p);
		assert_int_equal(fake.pauses + fake.calls, 0);
		if (i == 4)
			break;
		assert_int_equal(fake_count("error"), 1);
		assert_string_equal(fake_string("error", 0, "reason"), "time");
		fake_free();
	}
}

/* It is asked each time, of the CPU on which the task is by then. */
static void moves_to_another_cpu(void **state)
{
	p = fake_process(300, "large", 700, LINUX_PAGE_PRIVATE);
	fake.expire_at = 150;
	run("lvmon.getproc():find('nowhere')");
	assert_true(fake.pauses > 1);
	assert_int_equal(fake.sleep_cpu, fake.pauses * 0x1000);
}

static struct fake_process *other;
static bool execs;

static void other_ends(void)
{
	if (fake.pauses != 1)
		return;
	if (execs)
		other->task.mm += 0x1000;
	else
		other->task.start_time++; /* its task's place is another one's */
}

/*
 * The process that is searched ends between two slices, and what it had is something else: nothing
 * of that is found, and it is said.
 */
static void ends_between_slices(void **state)
{
	static const char *const bodies[] = {
		"local va, report = q:find('suspicious ([0-9])')\n"
		"assert(va == nil and not report.complete and report.reason:find('has ended'))",
		"local s, n = q:findall('suspicious'), 0\n"
		"for va in s do n = n + 1 end\n"
		"assert(n == 0 and not s.complete and s.reason:find('has ended'))",
		"local v = lvmon.memread(q.memory, q.mem_size)\n"
		"local ok, e = pcall(function() return v:find('suspicious [0-9]') end)\n"
		"assert(not ok and e:find('process 300 %(large%) has ended'), e)\n"
		"for _, f in ipairs{'find', 'match', 'gmatch', 'absent', 'byte', 'sub'} do\n"
		"  ok, e = pcall(function()\n"
		"    if f == 'gmatch' then for _ in v:gmatch('s') do end return end\n"
		"    if f == 'absent' then return v:absent() end\n"
		"    return v[f](v, f == 'byte' and 1 or f == 'sub' and 1 or 'sus', 2)\n"
		"  end)\n"
		"  assert(not ok and e:find('has ended'), f)\n"
		"end\n"
		"assert(#v == q.mem_size)\n"
		"local _, _, skipped = lvmon.memwrite(lvmon.getproc().memory, v)\n"
		"assert(skipped == #v)",
		"local v = lvmon.memread(q.memory, q.mem_size)\n"
		"local ok, e = pcall(function() return v:absent() end)\n"
		"assert(not ok and e:find('has ended'))\n"
		"assert(not pcall(lvmon.memread, q.memory, 10))\n"
		"assert(q:read(0x400000, 10) == nil and q:find('s') == nil)\n"
		"local bytes, absent = q:read(0x400000, 10, true)\n"
		"assert(absent == 10 and bytes == ('\\0'):rep(10))\n"
		"assert(q.pid == 300 and q.comm == 'large' and q.exe == '' and #q.argv == 0)\n"
		"assert(not q:maps().complete and not q:dump())\n",
	};
	size_t i;

	for (i = 0; i < 2 * sizeof(bodies) / sizeof(*bodies); i++) {
		char text[2000];

		fake_reset();
		p = fake_process(200, "calls", 4, LINUX_PAGE_PRIVATE);
		other = fake_process(300, "large", 700, LINUX_PAGE_PRIVATE);
		fake_write(other, 699 * 4096, "suspicious 7", 12);
		execs = i % 2;
		snprintf(text, sizeof(text), "local q = lvmon.getproc(300)\n%s", bodies[i / 2]);
		fake.before_call = other_ends;
		fake.expire_at = 150;
		run(text);
		assert_true(fake.pauses >= 1);
		fake_free();
	}
}

/* What was decided before a handler waits for the second time is not forgotten. */
static void denied_between(void **state)
{
	struct lvmon_verdict v;

	p = fake_process(300, "large", 700, LINUX_PAGE_PRIVATE);
	fake_signature("t.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				"local p = lvmon.getproc()\n"
				"local v = lvmon.memread(p.memory, p.mem_size)\n"
				"v:find('nowhere') ev:deny(13) v:find('nowhere')\nend)");
	assert_int_equal(fake_load(), 1);
	fake.expire_at = 300;
	v = fake_event("__x64_sys_openat", p);
	fake.expire_at = 0;
	assert_true(fake.pauses > 3);
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal((int64_t)v.value, -13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds, setup, teardown),
		cmocka_unit_test_setup_teardown(missing, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(time_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(slices, setup, teardown),
		cmocka_unit_test_setup_teardown(no_slices, setup, teardown),
		cmocka_unit_test(no_slices_where_it_may_not_sleep),
		cmocka_unit_test_setup_teardown(moves_to_another_cpu, setup, teardown),
		cmocka_unit_test(ends_between_slices),
		cmocka_unit_test_setup_teardown(denied_between, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
