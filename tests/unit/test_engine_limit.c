/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts that do not end: the signal that says that time is up stops them wherever they are, and
 * what comes after them runs. If it does not work, the alarm ends the test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "engine/events/dispatch.h"
#include "engine/signature/limit.h"
#include "engine/signature/strikes.h"
#include "tests/unit/engine_fake.h"

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);

static size_t signal_at; /* time is up in a reallocation of so much; 0: in none */

/* Of a stack: from Lua 5.4.5 on what Lua has of it are offsets until this has returned. */
void *__wrap_realloc(void *p, size_t size)
{
	void *new = __real_realloc(p, size);

	if (signal_at && size >= signal_at) {
		signal_at = 0;
		raise(SIGXCPU);
	}
	return new;
}

static void on_alarm(int signal)
{
	raise(SIGXCPU);
}

static int setup(void **state)
{
	fake_reset();
	signal(SIGVTALRM, on_alarm);
	return 0;
}

static int teardown(void **state)
{
	alarm(0);
	fake_free();
	return 0;
}

/* One SIGXCPU after 20 ms, as the vmm would send it; SIGALRM after a minute ends the test. */
static struct lvmon_verdict run_limited(struct fake_process *p)
{
	struct lvmon_verdict v;
	struct itimerval once = {.it_value = {.tv_usec = 20000}}, none = {0};

	alarm(60);
	setitimer(ITIMER_VIRTUAL, &once, NULL);
	v = fake_event("__x64_sys_openat", p);
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	alarm(0);
	return v;
}

#define HOOK(body) "lvmon.hook.syscall('openat', function(ev)\n" body "\nend)\n"

static void stopped(const char *script, int line)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	char where[64];

	fake_signature("slow.lua", script);
	fake_signature("next.lua", HOOK("print('next')"));
	assert_int_equal(fake_load(), 2);
	run_limited(p);
	assert_int_equal(fake_count("error"), 1);
	assert_string_equal(fake_string("error", 0, "signature"), "slow.lua");
	assert_string_equal(fake_string("error", 0, "reason"), "time");
	assert_non_null(strstr(fake_string("error", 0, "message"), "time limit exceeded"));
	snprintf(where, sizeof(where), "slow.lua:%d", line);
	assert_string_equal(fake_string("error", 0, "where"), where);
	assert_int_equal(fake_number("error", 0, "strikes"), 1);
	assert_string_equal(fake_string("error", 0, "file"), "slow.lua");
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(fake_record("error", 0), "process"), "pid")),
			 200);
	/* The next signature, and the next event. */
	assert_int_equal(fake_count("print"), 1);
	fake_forget_records();
	fake_signature("last.lua", HOOK("print('last')"));
	assert_int_equal(signature_load(signatures[2]), 0);
	run_limited(p);
	assert_string_equal(fake_string("print", 1, "message"), "last");
}

/* The handler was not slow: that is said. */
static void starved(void **state)
{
	static struct lvmon_start start = {.starved = 1};
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);

	fake_signature("slow.lua", HOOK("while true do end"));
	assert_int_equal(fake_load(), 1);
	engine.start = &start;
	run_limited(p);
	engine.start = NULL;
	assert_int_equal(fake_count("error"), 1);
	assert_string_equal(fake_string("error", 0, "reason"), "time");
	assert_non_null(strstr(fake_string("error", 0, "message"),
			       "time limit exceeded: the processor was kept from"));
}

static void plain_loop(void **state)
{
	stopped(HOOK("while true do end"), 2);
}

/* on_timeout: the call is denied when its own handler was stopped, and the others see it. */
static void denied(void **state)
{
	static const struct {
		const char *options;
		enum lvmon_verdict_kind kind;
	} cases[] = {
		{"nil", LVMON_CONTINUE},
		{"{ on_timeout = 'continue' }", LVMON_CONTINUE},
		{"{ on_timeout = 'deny' }", LVMON_RETURN},
		{"{ on_timeout = 'deny', pid = 200 }", LVMON_RETURN},
		{"{ on_timeout = 'deny', pid = 201 }", LVMON_CONTINUE},
	};
	char script[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
		struct lvmon_verdict v;

		snprintf(script, sizeof(script),
			 "lvmon.hook.syscall('openat', function() while true do end end, %s)",
			 cases[i].options);
		fake_signature("slow.lua", script);
		fake_signature("next.lua", HOOK("print('next')"));
		assert_int_equal(fake_load(), 2);
		v = run_limited(p);
		assert_int_equal(v.kind, cases[i].kind);
		assert_int_equal(fake_count("print"), 1);
		assert_int_equal(fake_count("denied"), v.kind == LVMON_RETURN);
		if (v.kind == LVMON_RETURN) {
			assert_int_equal((int64_t)v.value, -1);
			assert_string_equal(fake_string("denied", 0, "signature"), "slow.lua");
			assert_string_equal(fake_string("denied", 0, "reason"), "time");
			assert_string_equal(fake_string("denied", 0, "hook"), "openat");
		}
		teardown(state);
		setup(state);
	}
}

/* An error is an answer, if a poor one: the call goes on. */
static void not_denied(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);

	fake_signature("poor.lua", "lvmon.hook.syscall('openat', function() error('no') end,\n"
				   "{ on_timeout = 'deny' })");
	assert_int_equal(fake_load(), 1);
	assert_int_equal(run_limited(p).kind, LVMON_CONTINUE);
	assert_int_equal(fake_count("error"), 1);
	assert_int_equal(fake_count("denied"), 0);
}

static void in_pcall(void **state)
{
	stopped(HOOK("while true do\n pcall(function()\n while true do end end) end"), 4);
}

static void in_xpcall_with_a_slow_handler(void **state)
{
	stopped(HOOK("local function f() while true do end end\n while true do xpcall(f, f) end"),
		2);
}

/* The other CPUs are let go. */
static void in_pause(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);

	/* Its own limit may come first: that one is caught, and it begins anew. */
	fake_signature("slow.lua",
		       HOOK("while true do pcall(lvmon.pause, function() while true do\n"
			    " pcall(function() while true do end end) end end) end"));
	assert_int_equal(fake_load(), 1);
	run_limited(p);
	assert_int_equal(fake_count("error"), 1);
	assert_string_equal(fake_string("error", 0, "reason"), "time");
	assert_true(fake.holds > 0);
	assert_int_equal(fake.holds, fake.releases);
}

static void in_a_coroutine(void **state)
{
	stopped(HOOK("while true do coroutine.resume(coroutine.create(function()\n"
		     "while true do end\n end)) end"),
		3);
}

static void in_nested_coroutines(void **state)
{
	stopped(HOOK("local function deep(n)\n"
		     " return coroutine.wrap(function() while true do\n"
		     "  pcall(function() if n > 0 then deep(n - 1)() end\n"
		     "  while true do end end) end end)\n"
		     "end\n"
		     "while true do pcall(deep(5)) end"),
		5);
}

static void in_a_close_method(void **state)
{
	stopped(HOOK("local x <close> = setmetatable({}, {__close = function()\n"
		     " while true do end end})"),
		3);
}

static void in_a_sort(void **state)
{
	stopped(HOOK("local t = {} for i = 1, 200000 do t[i] = i * 7919 % 200003 end\n"
		     "while true do table.sort(t, function(a, b)\n"
		     " for i = 1, 200000 do local j = i end\n"
		     " return a < b end) end"),
		4);
}

/* The chunk itself. */
static void while_loading(void **state)
{
	struct itimerval once = {.it_value = {.tv_usec = 20000}};

	fake_signature("slow.lua", "\nwhile true do end");
	fake_signature("next.lua", "print('next')");
	alarm(60);
	setitimer(ITIMER_VIRTUAL, &once, NULL);
	assert_int_equal(fake_load(), 1);
	assert_string_equal(fake_string("error", 0, "where"), "slow.lua:2");
	assert_string_equal(fake_string("print", 0, "message"), "next");
}

#define RECURSION "local function f(n)\n return 1 + f(n + 1) end\n"

/* Lua's stack is being moved at that moment. */
static void while_the_stack_moves(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	size_t size;

	for (size = 4096; size <= 1u << 20; size *= 2) {
		fake_signature("deep.lua", HOOK(RECURSION "f(1)"));
		assert_int_equal(fake_load(), 1);
		signal_at = size;
		fake_event("__x64_sys_openat", p);
		assert_int_equal(signal_at, 0);
		assert_string_equal(fake_string("error", 0, "reason"), "time");
		assert_string_equal(fake_string("error", 0, "where"), "deep.lua:3");
		teardown(state);
		setup(state);
	}
}

static char noted[2]
		 [sizeof(engine.persist->where)]; /* the place that was known after each signal */
static unsigned int alarms;

static void on_alarm_twice(int signal)
{
	if (alarms == 2)
		return;
	raise(SIGXCPU);
	snprintf(noted[alarms++], sizeof(noted[0]), "%s", engine.persist->where);
}

/* What runs in C does not see the first signal; at the second one its line is kept. */
static void in_c_code(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct itimerval twice = {{.tv_usec = 5000}, {.tv_usec = 5000}}, none = {0};

	alarms = 0;
	signal(SIGVTALRM, on_alarm_twice);
	fake_signature("pattern.lua", HOOK("\nlocal x = ('a'):rep(80):find(('.-'):rep(4) .. 'b')"));
	assert_int_equal(fake_load(), 1);
	setitimer(ITIMER_VIRTUAL, &twice, NULL);
	fake_event("__x64_sys_openat", p);
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	assert_int_equal(alarms, 2);
	assert_string_equal(noted[0], "");
	assert_string_equal(noted[1], "pattern.lua:3");
	assert_string_equal(fake_string("error", 0, "reason"), "time");
}

static void strikes_and_cooldown(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	bool over;
	int i;

	fake_signature("slow.lua",
		       HOOK("if slow then while true do end end print('ran') slow = true"));
	fake_load();
	fake_event("__x64_sys_openat", p);
	for (i = 0; i < 3; i++) {
		assert_int_equal(fake_count("cooldown"), 0);
		run_limited(p);
	}
	assert_int_equal(fake_count("error"), 3);
	assert_int_equal(fake_count("cooldown"), 1);
	assert_string_equal(fake_string("cooldown", 0, "state"), "begin");
	assert_string_equal(fake_string("cooldown", 0, "signature"), "slow.lua");
	/* A pause of ten seconds. */
	fake.time_ns += 9900000000u;
	run_limited(p);
	assert_int_equal(fake_count("error"), 3);
	fake.time_ns += 100000000u;
	run_limited(p);
	assert_int_equal(fake_count("error"), 4);
	assert_string_equal(fake_string("cooldown", 1, "state"), "end");
	/* One more was enough for the next pause. */
	assert_string_equal(fake_string("cooldown", 2, "state"), "begin");
	/* After a long quiet time a strike is the first one again. */
	fake.time_ns += 600000000000u;
	assert_true(strikes_allow(0, fake.time_ns, &over));
	fake.time_ns += 600000000000u;
	assert_int_equal(strikes_add(0, fake.time_ns), 1);
	fake.time_ns += 59000000000u;
	assert_int_equal(strikes_add(0, fake.time_ns), 2);
	fake.time_ns += 60000000000u;
	assert_int_equal(strikes_add(0, fake.time_ns), 2);
}

static uint64_t calls_told(void)
{
	uint64_t calls = 0;

	for (size_t i = 0; i < fake_count("lost"); i++)
		calls += (uint64_t)fake_number("lost", i, "calls");
	return calls;
}

/*
 * Calls in a pause: all are told when it is over, and most of them long before, but not one by one.
 */
static void calls_in_a_pause(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	uint64_t calls = 0;

	fake_signature("slow.lua", HOOK("if not quick then while true do end end"));
	fake_load();
	for (int i = 0; i < 3; i++)
		run_limited(p);
	assert_string_equal(fake_string("cooldown", 0, "state"), "begin");
	for (fake.time_ns += 1; calls < 9000; fake.time_ns += 1000000, calls++) {
		fake_event("__x64_sys_openat", p);
		assert_in_range(calls + 1 - calls_told(), 0, 1001);
	}
	assert_in_range(fake_count("lost"), 8, 11);
	assert_string_equal(fake_string("lost", 0, "signature"), "slow.lua");
	fake.time_ns += 10000000000u;
	run_limited(p);
	assert_string_equal(fake_string("cooldown", 1, "state"), "end");
	assert_int_equal(calls_told(), calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(starved, setup, teardown),
		cmocka_unit_test_setup_teardown(denied, setup, teardown),
		cmocka_unit_test_setup_teardown(not_denied, setup, teardown),
		cmocka_unit_test_setup_teardown(in_pcall, setup, teardown),
		cmocka_unit_test_setup_teardown(in_xpcall_with_a_slow_handler, setup, teardown),
		cmocka_unit_test_setup_teardown(in_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_coroutine, setup, teardown),
		cmocka_unit_test_setup_teardown(in_nested_coroutines, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_close_method, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_sort, setup, teardown),
		cmocka_unit_test_setup_teardown(while_loading, setup, teardown),
		cmocka_unit_test_setup_teardown(while_the_stack_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(in_c_code, setup, teardown),
		cmocka_unit_test_setup_teardown(strikes_and_cooldown, setup, teardown),
		cmocka_unit_test_setup_teardown(calls_in_a_pause, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
