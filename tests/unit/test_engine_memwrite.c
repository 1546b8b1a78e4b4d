/* SPDX-License-Identifier: Apache-2.0 */
/* memwrite to a process: the paper's program, and the sequence of calls into the guest. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/events/dispatch.h"
#include "tests/unit/engine_fake.h"

static int setup(void **state)
{
	fake_reset();
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

static char *read_file(const char *path)
{
	static char text[4096];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void paper_program(void **state)
{
	struct fake_process *bad = fake_process(200, "bad", 16, LINUX_PAGE_PRIVATE);
	struct fake_process *good = fake_process(201, "good", 16, LINUX_PAGE_PRIVATE);
	struct lvmon_verdict v;
	uint8_t *library;
	size_t i;

	fake_page(bad, 3, LINUX_PAGE_SHARED);
	fake_page(bad, 4, LINUX_PAGE_CACHED);
	fake_page(bad, 5, LINUX_PAGE_ABSENT);
	memset(fake_bytes(bad, 0), 'c', 4096);
	memset(fake_bytes(bad, 3 * 4096), 'l', 4096);
	library = fake_bytes(bad, 3 * 4096);
	fake_write(bad, 2 * 4096 - 5, "suspicious 7", 12); /* over a page's end */
	fake_write(good, 100, "suspicious x", 12);
	memset(fake_bytes(bad, 5 * 4096), 'a', 4096);
	fake_signature("paper.lua", read_file("signatures/paper.lua"));
	assert_int_equal(fake_load(), 1);
	assert_int_equal(fake.hooks,
			 4); /* two ways of execve, one of execveat, the kernel itself */

	assert_int_equal(fake_event("__x64_sys_execve", good).kind, LVMON_CONTINUE);
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake_count("memwrite"), 0);
	assert_int_equal(memcmp(fake_bytes(good, 100), "suspicious x", 12), 0);

	v = fake_event("__ia32_compat_sys_execve", bad);
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal((int64_t)v.value, -14);
	assert_int_equal(fake.killed, 11); /* SIGSEGV */
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake_count("denied"), 1);
	assert_string_equal(fake_string("denied", 0, "reason"), "overwritten");
	assert_int_equal(fake_count("memwrite"), 1);
	assert_int_equal(fake_number("memwrite", 0, "written"), 15 * 4096);
	assert_int_equal(fake_number("memwrite", 0, "copied"), 2 * 4096);
	assert_int_equal(fake_number("memwrite", 0, "skipped"), 4096);
	assert_string_equal(fake_string("memwrite", 0, "signature"), "paper.lua");
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(fake_record("memwrite", 0), "process"), "pid")),
			 200);
	assert_int_equal(fake.calls, 1 + 1); /* both pages that were shared, and the signal */
	assert_int_equal(fake.touched, 0);
	assert_int_equal(fake.holds, fake.releases);
	assert_int_equal(fake.short_calls, 0);
	for (i = 0; i < 16 * 4096; i++)
		if (i / 4096 != 5)
			assert_int_equal(*fake_bytes(bad, i), 0);
	/* The page that was shared is as it was for the others. */
	assert_int_equal(library[0], 'l');
	assert_int_equal(library[4095], 'l');
	assert_int_equal(*fake_bytes(bad, 5 * 4096), 'a');
}

/* The same where its memory is too large for strings: views all the way. */
static void paper_program_large(void **state)
{
	struct fake_process *bad = fake_process(200, "bad", 700, LINUX_PAGE_PRIVATE);
	size_t i;

	for (i = 0; i < 700; i += 50)
		fake_page(bad, i, LINUX_PAGE_SHARED);
	fake_page(bad, 333, LINUX_PAGE_ABSENT);
	for (i = 0; i < 700; i++)
		memset(fake_bytes(bad, i * 4096), 's', 4096);
	fake_signature("paper.lua", read_file("signatures/paper.lua"));
	fake_load();
	fake_event("__x64_sys_execve", bad);
	assert_int_equal(fake_count("memwrite"), 0);
	fake_write(bad, 650 * 4096 - 11, "suspicious 7", 12);
	fake_event("__x64_sys_execve", bad);
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake_number("memwrite", 0, "written"), 699 * 4096);
	assert_int_equal(fake_number("memwrite", 0, "copied"), 14 * 4096);
	for (i = 0; i < 700 * 4096; i += 1023)
		assert_int_equal(*fake_bytes(bad, i), i / 4096 == 333 ? 's' : 0);
}

static void bytes_that_are_not_zero(void **state)
{
	struct fake_process *p = fake_process(200, "p", 4, LINUX_PAGE_SHARED);

	memset(fake_bytes(p, 0), 's', 4096);
	memset(fake_bytes(p, 4096), 's', 4096);
	fake_signature("w.lua",
		       "lvmon.hook.syscall('openat', function(ev)\n"
		       "  local p = lvmon.getproc()\n"
		       "  local w, c, s = lvmon.memwrite(p.memory + 4090, 'hello\\0world')\n"
		       "  print(w, c, s, p.pid)\n"
		       "end)\n");
	fake_load();
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("error"), 0);
	assert_string_equal(fake_string("print", 0, "message"), "11\t11\t0\t200");
	assert_int_equal(fake_number("print", 0, "line"), 4);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(memcmp(fake_bytes(p, 4090), "hello\0", 6), 0);
	assert_int_equal(memcmp(fake_bytes(p, 4096), "world", 5), 0);
	assert_int_equal(*fake_bytes(p, 4089), 's');
	assert_int_equal(*fake_bytes(p, 4101), 's');
}

static void other_events_meanwhile(void **state)
{
	struct fake_process *a = fake_process(200, "a", 4, LINUX_PAGE_SHARED);
	struct fake_process *b = fake_process(201, "b", 4, LINUX_PAGE_SHARED);
	struct lvmon_event ea, eb;
	struct lvmon_verdict va, vb;

	fake_page(a, 1, LINUX_PAGE_PRIVATE);
	fake_page(b, 1, LINUX_PAGE_PRIVATE);

	fake_signature("one.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				  "  local p = lvmon.getproc()\n"
				  "  lvmon.memwrite(p.memory, string.rep('x', 12288))\n"
				  "  print('one', p.pid, ev.pid, ev.cpu)\n"
				  "end)\n");
	fake_signature("two.lua",
		       "lvmon.hook.syscall('openat', function(ev) print('two', ev.pid) end)");
	assert_int_equal(fake_load(), 2);
	va = fake_event_once("__x64_sys_openat", a, &ea);
	assert_int_equal(va.kind, LVMON_CALL_GUEST);
	vb = fake_event_once("__x64_sys_openat", b, &eb);
	assert_int_equal(vb.kind, LVMON_CALL_GUEST);
	assert_int_not_equal(va.call, vb.call);
	assert_int_equal(fake_count("print"), 0); /* the second signature waits for the first */
	eb = fake_call(&vb, &eb);
	dispatch(&eb, &vb);
	ea = fake_call(&va, &ea);
	dispatch(&ea, &va);
	assert_int_equal(vb.kind, LVMON_CALL_GUEST);
	assert_int_equal(va.kind, LVMON_CALL_GUEST);
	ea = fake_call(&va, &ea);
	dispatch(&ea, &va);
	assert_int_equal(va.kind, LVMON_CONTINUE);
	assert_string_equal(fake_string("print", 0, "message"), "one\t200\t200\t0");
	assert_string_equal(fake_string("print", 1, "message"), "two\t200");
	eb = fake_call(&vb, &eb);
	dispatch(&eb, &vb);
	assert_int_equal(vb.kind, LVMON_CONTINUE);
	assert_string_equal(fake_string("print", 2, "message"), "one\t201\t201\t0");
	assert_string_equal(fake_string("print", 3, "message"), "two\t201");
	assert_int_equal(*fake_bytes(a, 12287), 'x');
	assert_int_equal(*fake_bytes(b, 12287), 'x');
}

static void guest_refuses(void **state)
{
	struct fake_process *p = fake_process(200, "p", 3, LINUX_PAGE_SHARED);

	fake.calls_fail = true;
	fake_signature(
		"w.lua",
		"lvmon.hook.syscall('openat', function(ev)\n"
		"  print(lvmon.memwrite(lvmon.getproc().memory, string.rep('x', 3 * 4096)))\n"
		"end)\n");
	fake_load();
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("print", 0, "message"), "0\t0\t12288");

	fake_forget_records();
	fake.no_calls = true;
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("print", 0, "message"), "0\t0\t12288");
}

static void in_a_callback(void **state)
{
	struct fake_process *p = fake_process(200, "p", 2, LINUX_PAGE_SHARED);

	fake_signature(
		"w.lua",
		"lvmon.hook.syscall('openat', function(ev)\n"
		"  local p = lvmon.getproc()\n"
		"  string.gsub('ab', '.', function(c)\n"
		"    print(lvmon.memwrite(p.memory + (c == 'a' and 0 or 4096), c))\n"
		"  end)\n"
		"  coroutine.wrap(function() print(lvmon.memwrite(p.memory + 9, 'c')) end)()\n"
		"  print('end')\n"
		"end)\n");
	fake_load();
	assert_int_equal(fake_event("__x64_sys_openat", p).kind, LVMON_CONTINUE);
	assert_int_equal(fake_count("error"), 0);
	assert_string_equal(fake_string("print", 0, "message"), "0\t0\t0\t1");
	assert_string_equal(fake_string("print", 3, "message"), "end");
	assert_int_equal(*fake_bytes(p, 0), 'a');
	assert_int_equal(*fake_bytes(p, 9), 'c');
	assert_int_equal(*fake_bytes(p, 4096), 'b');
	assert_int_equal(fake_count("memwrite"), 3);
}

/*
 * A handler's coroutine is the engine's: no script goes on with it while it waits, closes it, or
 * starts it with arguments of its own where it lies ready for the next event.
 */
static void coroutines_of_handlers(void **state)
{
	struct fake_process *p = fake_process(200, "p", 2, LINUX_PAGE_SHARED);
	struct lvmon_event ev, other;
	struct lvmon_verdict v;

	fake_signature("w.lua", "local first\n"
				"lvmon.hook.syscall('openat', function(ev)\n"
				"  if type(ev) ~= 'userdata' then coroutine.yield() end\n"
				"  first = coroutine.running()\n"
				"  print(lvmon.memwrite(lvmon.getproc().memory, 'x'))\n"
				"end)\n"
				"lvmon.hook.syscall('execve', function()\n"
				"  print('resume', pcall(coroutine.resume, first, 5))\n"
				"  print('close', pcall(coroutine.close, first))\n"
				"end)\n");
	fake_load();
	v = fake_event_once("__x64_sys_openat", p, &ev);
	assert_int_equal(v.kind, LVMON_CALL_GUEST);
	fake_event_once("__x64_sys_execve", p, &other);
	assert_string_equal(fake_string("print", 0, "message"),
			    "resume\ttrue\tfalse\tcannot resume a handler");
	assert_non_null(strstr(fake_string("print", 1, "message"), "cannot close a handler"));
	while (v.kind == LVMON_CALL_GUEST) {
		ev = fake_call(&v, &ev);
		dispatch(&ev, &v);
	}
	assert_string_equal(fake_string("print", 2, "message"), "1\t1\t0");
	/* Now it is idle. */
	fake_event_once("__x64_sys_execve", p, &other);
	assert_string_equal(fake_string("print", 3, "message"),
			    "resume\ttrue\tfalse\tcannot resume a handler");
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("print", 5, "message"), "1\t0\t0");
	assert_int_equal(fake_count("error"), 0);
}

static void another_process(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct fake_process *q = fake_process(300, "q", 2, LINUX_PAGE_SHARED);

	fake_signature("w.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				"  print(lvmon.memwrite(lvmon.getproc(300).memory, 'x'))\n"
				"end)\n");
	fake_load();
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("print", 0, "message"), "1\t1\t0");
	assert_int_equal(*fake_bytes(q, 0), 'x');

	/* It ends and its task_struct is somebody else's when the call would be made. */
	fake_page(q, 0, LINUX_PAGE_SHARED);
	fake_forget_records();
	fake_signature("v.lua", "local q\nlvmon.hook.syscall('execve', function(ev)\n"
				"  if not q then q = lvmon.getproc(300).memory return end\n"
				"  print(lvmon.memwrite(q, 'y'))\nend)\n");
	fake_load();
	fake_event("__x64_sys_execve", p);
	q->task.start_time++;
	fake_event("__x64_sys_execve", p);
	assert_string_equal(fake_string("print", 0, "message"), "0\t0\t1");
	assert_int_equal(*fake_bytes(q, 0), 'x');
}

/* The engine that asked is gone: the call's end must not be taken for one of the new engine's. */
static void restarted_meanwhile(void **state)
{
	static const struct lvmon_start successor = {.generation = 1};
	struct fake_process *p = fake_process(200, "p", 2, LINUX_PAGE_SHARED);
	struct fake_process *q = fake_process(201, "q", 2, LINUX_PAGE_SHARED);
	struct lvmon_event ev, other;
	struct lvmon_verdict v;

	fake_signature("one.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				  "  lvmon.memwrite(lvmon.getproc().memory, 'x')\n"
				  "  print('one')\nend)\n");
	fake_signature("two.lua", "lvmon.hook.syscall('openat', function(ev) print('two') end)");
	fake_load();
	v = fake_event_once("__x64_sys_openat", p, &ev);
	assert_int_equal(v.kind, LVMON_CALL_GUEST);
	ev = fake_call(&v, &ev);
	dispatch_reset();
	engine.start = &successor;
	/* Another process waits in the same place for the same handler by now. */
	assert_int_equal(fake_event_once("__x64_sys_openat", q, &other).kind, LVMON_CALL_GUEST);
	dispatch(&ev, &v);
	assert_int_equal(v.kind, LVMON_CONTINUE);
	assert_int_equal(q->state[0], LINUX_PAGE_SHARED);
	assert_int_equal(fake_count("lost"), 1);
	assert_string_equal(fake_string("lost", 0, "signature"), "one.lua");
	assert_int_equal(fake_count("print"), 1);
	assert_string_equal(fake_string("print", 0, "message"), "two");
}

/* Denied before it waits for the guest, or because its engine died while it waited. */
static void denied(void **state)
{
	static const struct lvmon_start successor = {.generation = 1};
	struct fake_process *p = fake_process(200, "p", 2, LINUX_PAGE_SHARED);
	struct lvmon_event ev, other;
	struct lvmon_verdict v;

	fake_signature("one.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				  "  ev:deny(13)\n"
				  "  lvmon.memwrite(lvmon.getproc().memory, 'x')\n"
				  "  ev:deny(14)\nend, { on_timeout = 'deny' })\n"
				  "lvmon.hook.syscall('execve', function() end)");
	fake_load();
	v = fake_event_once("__x64_sys_openat", p, &ev);
	assert_int_equal(v.kind, LVMON_CALL_GUEST);
	assert_int_equal(fake_event_once("__x64_sys_execve", p, &other).kind, LVMON_CONTINUE);
	ev = fake_call(&v, &ev);
	dispatch(&ev, &v);
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal((int64_t)v.value, -13);
	assert_int_equal(fake_count("denied"), 1);
	assert_int_equal(fake_number("denied", 0, "errno"), 13);
	assert_string_equal(fake_string("denied", 0, "reason"), "signature");

	fake_page(p, 0, LINUX_PAGE_SHARED);
	v = fake_event_once("__x64_sys_openat", p, &ev);
	assert_int_equal(v.kind, LVMON_CALL_GUEST);
	ev = fake_call(&v, &ev);
	dispatch_reset();
	engine.start = &successor;
	fake_forget_records();
	dispatch(&ev, &v);
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal((int64_t)v.value, -1);
	assert_string_equal(fake_string("denied", 0, "reason"), "restart");
	assert_string_equal(fake_string("denied", 0, "signature"), "one.lua");
}

/* What other CPUs do between the first look at a page and the hold. */
static struct fake_process *victim;
static gpa_t frame; /* page 1's, before */
static unsigned int turn;

static void page_goes_away(void)
{
	fake_page(victim, 1, LINUX_PAGE_ABSENT);
	victim->gpa[1] = 0;
}

static void page_moves(void)
{
	victim->gpa[1] = frame + 4096;
}

static void page_is_shared_once(void)
{
	if (!turn++)
		fake_page(victim, 1, LINUX_PAGE_SHARED);
}

static void page_is_always_shared(void)
{
	fake_page(victim, 1, LINUX_PAGE_SHARED);
}

static void process_ends(void)
{
	victim->task.start_time++;
}

static const char *write_two_pages(const char *text)
{
	char signature[256];

	snprintf(signature, sizeof(signature),
		 "lvmon.hook.syscall('openat', function(ev)\n"
		 "  print(lvmon.memwrite(lvmon.getproc(200).memory + 4095, %s))\nend)\n",
		 text);
	frame = victim->gpa[1];
	memset(fake.ram + frame, 'f', 4096);
	memset(fake.ram + frame + 4096, 'n', 4096); /* behind each page there is a free one */
	turn = 0;
	fake_signature("w.lua", signature);
	assert_int_equal(fake_load(), 1);
	assert_int_equal(fake_event("__x64_sys_openat", victim).kind, LVMON_CONTINUE);
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake.holds, fake.releases + (fake.hold_error != 0));
	assert_false(fake.held);
	assert_int_equal(fake.touched, 0);
	return fake_string("print", 0, "message");
}

static void assert_frame(const char *begin)
{
	size_t i;

	assert_memory_equal(fake.ram + frame, begin, strlen(begin));
	for (i = strlen(begin); i < 4096; i++)
		assert_int_equal(fake.ram[frame + i], 'f');
}

static void page_is_taken_away(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.before_hold = page_goes_away;
	assert_string_equal(write_two_pages("'abcd'"), "1\t0\t3");
	assert_frame("");
}

static void page_is_elsewhere(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.before_hold = page_moves;
	assert_string_equal(write_two_pages("'abcd'"), "4\t0\t0");
	assert_frame("");
	assert_memory_equal(fake.ram + frame + 4096, "bcdn", 4);
}

static void page_gets_shared(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.before_hold = page_is_shared_once;
	assert_string_equal(write_two_pages("'abcd'"), "4\t3\t0");
	assert_frame("");
	assert_memory_equal(fake_bytes(victim, 4096), "bcdf", 4);
}

static void page_gets_shared_always(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.before_hold = page_is_always_shared;
	assert_string_equal(write_two_pages("'abcd'"), "1\t0\t3");
	assert_frame("");
	assert_memory_equal(fake_bytes(victim, 4096), "ffff", 4);
	assert_true(fake.calls <= 3);
}

static void process_is_another(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.before_hold = process_ends;
	assert_string_equal(write_two_pages("'abcd'"), "0\t0\t4");
	assert_frame("");
}

/* The others went on by themselves before anything was written. */
static void hold_is_over(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.hold_ends = true;
	assert_string_equal(write_two_pages("'abcd'"), "0\t0\t4");
	assert_frame("");
}

/* Where they cannot be held, the kernel itself can still write zeros to anonymous memory. */
static void no_hold(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.hold_error = -ETIME;
	assert_string_equal(write_two_pages("'abcd'"), "0\t0\t4");
	assert_frame("");
	assert_int_equal(fake.calls, 0);
}

static void no_hold_zeros(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);
	fake.hold_error = -ETIME;
	assert_string_equal(write_two_pages("'\\0\\0\\0\\0'"), "4\t4\t0");
	assert_memory_equal(fake.ram + frame, "\0\0\0f", 4);
}

/* Nothing is left in a page of which nobody can tell whether it is the process's own now. */
static void still_shared(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_SHARED);
	victim->stays_shared = true;
	assert_string_equal(write_two_pages("'abcd'"), "0\t0\t4");
	assert_frame("");
	assert_memory_equal(fake_bytes(victim, 4096), "ffff", 4);
}

/* The kernel has no call that faults pages in: by a byte that is there. */
static void by_a_byte(void **state)
{
	victim = fake_process(200, "p", 2, LINUX_PAGE_SHARED);
	fake.no_pages_call = true;
	assert_string_equal(write_two_pages("'abcd'"), "4\t4\t0");
	assert_frame("");
	assert_int_equal(fake.calls, 2);
	assert_memory_equal(fake_bytes(victim, 4096), "bcdf", 4);
}

static void in_a_pause(void **state)
{
	struct fake_process *p = fake_process(200, "p", 2, LINUX_PAGE_PRIVATE);

	fake_signature("w.lua",
		       "lvmon.hook.syscall('openat', function(ev)\n"
		       "  local p = lvmon.getproc()\n"
		       "  print(lvmon.pause(lvmon.memwrite, p.memory + 4090, 'hello, world'))\n"
		       "end)\n");
	assert_int_equal(fake_load(), 1);
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("print", 0, "message"), "12\t0\t0");
	assert_int_equal(fake.holds, 1);
	assert_int_equal(fake.releases, 1);
	assert_memory_equal(fake_bytes(p, 4090), "hello,", 6);
	assert_memory_equal(fake_bytes(p, 4096), " world", 6);
}

/* A thread of another process puts a file's mapping there while the guest's function is called. */
static void becomes_a_file(void)
{
	victim->of_a_file = true;
}

static void another_mapping_meanwhile(void **state)
{
	struct fake_process *p = fake_process(100, "p", 1, LINUX_PAGE_PRIVATE);

	victim = fake_process(200, "q", 1, LINUX_PAGE_SHARED);
	memset(fake_bytes(victim, 0), 'f', 4096);
	fake.before_call = becomes_a_file;
	fake_signature("w.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				"  local m = lvmon.getproc(200).memory\n"
				"  print(lvmon.memwrite(m, '\\0\\0'))\n"
				"end)\n");
	assert_int_equal(fake_load(), 1);
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("print", 0, "message"), "0\t0\t2");
	assert_memory_equal(fake_bytes(victim, 0), "ff", 2);
}

/* Who is ended, and who is not. */
static void ruined(void **state)
{
	static const struct {
		const char *body;
		bool old, ended;
	} cases[] = {
		{"lvmon.memwrite(p.memory, ('\\0'):rep(p.mem_size))", false, true},
		{"lvmon.memwrite(p.memory, ('\\0'):rep(p.mem_size))", true, true},
		{"lvmon.memwrite(p.memory, ('x'):rep(1 << 50))", false,
		 true}, /* more than it has */
		/* in pieces */
		{"for i = 0, 5 do lvmon.memwrite(p.memory + i * 4096, ('x'):rep(4096)) end", false,
		 true},
		{"string.gsub('x', 'x', function() lvmon.memwrite(p.memory, ('x'):rep(p.mem_size)) "
		 "end)",
		 false, true},
		{"lvmon.memwrite(p.memory, ('x'):rep(p.mem_size - 1))", false, false},
		{"lvmon.memwrite(p.memory + 1, ('x'):rep(p.mem_size - 1))", false, false},
		{"local q = lvmon.getproc(100) lvmon.memwrite(q.memory, ('x'):rep(q.mem_size))",
		 false, false},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_process *p = fake_process(300, "p", 6, LINUX_PAGE_PRIVATE);
		struct lvmon_verdict v;
		char text[512];

		fake_page(p, 2, LINUX_PAGE_OTHERS); /* stays, and saves nobody */
		fake_page(p, 4, LINUX_PAGE_SHARED);
		fake.old_signals = cases[i].old;
		snprintf(text, sizeof(text),
			 "lvmon.hook.syscall('execve', function()\n"
			 "local p = lvmon.getproc()\n%s\nend)",
			 cases[i].body);
		fake_signature("t.lua", text);
		fake_signature("other.lua",
			       "lvmon.hook.syscall('execve', function() print('other') end)");
		assert_int_equal(fake_load(), 2);
		v = fake_event("__x64_sys_execve", p);
		assert_int_equal(fake_count("error"), 0);
		assert_int_equal(fake_count("print"), 1);
		assert_int_equal(v.kind, cases[i].ended ? LVMON_RETURN : LVMON_CONTINUE);
		assert_int_equal(fake.killed, !cases[i].ended ? 0 : cases[i].old ? 9 : 11);
		if (cases[i].old)
			assert_true(fake.killed_task == p->task.task);
		teardown(state);
		setup(state);
	}
}

/* Where all slots are taken by events that wait, one more comes again until it has its turn. */
static void no_slot(void **state)
{
	enum { MANY = 255 };
	static struct lvmon_event events[MANY + 1];
	static struct lvmon_verdict verdicts[MANY + 1];
	struct fake_process *p = fake_process(300, "p", 2, LINUX_PAGE_SHARED);
	size_t i;

	fake_signature("t.lua", "lvmon.hook.syscall('openat', function(ev)\n"
				"lvmon.memwrite(lvmon.getproc().memory, 'x') print('done') end)\n");
	assert_int_equal(fake_load(), 1);
	for (i = 0; i <= MANY; i++) {
		fake_page(p, 0, LINUX_PAGE_SHARED);
		verdicts[i] = fake_event_once("__x64_sys_openat", p, &events[i]);
		assert_int_equal(verdicts[i].kind, LVMON_CALL_GUEST);
	}
	assert_true(verdicts[MANY].function == fake_symbol("schedule_timeout_uninterruptible"));
	events[MANY] = fake_call(&verdicts[MANY], &events[MANY]);
	dispatch(&events[MANY], &verdicts[MANY]);
	assert_int_equal(verdicts[MANY].kind, LVMON_CALL_GUEST); /* still */
	assert_int_equal(fake.waits, 1);
	events[0] = fake_call(&verdicts[0], &events[0]);
	dispatch(&events[0], &verdicts[0]);
	assert_int_equal(fake_count("print"), 1);
	events[MANY] = fake_call(&verdicts[MANY], &events[MANY]);
	dispatch(&events[MANY], &verdicts[MANY]);
	assert_int_equal(fake_count("print"), 2);
	assert_int_equal(fake_count("lost"), 0);
	/* The guest cannot be asked either. */
	for (i = 0; i < 2; i++) {
		fake_page(p, 0, LINUX_PAGE_SHARED);
		verdicts[i] = fake_event_once("__x64_sys_openat", p, &events[i]);
	}
	events[1] = fake_call(&verdicts[1], &events[1]);
	fake_page(p, 0, LINUX_PAGE_SHARED);
	verdicts[1] = fake_event_once("__x64_sys_openat", p, &events[1]);
	events[1] = fake_call(&verdicts[1], &events[1]);
	events[1].call.result = (uint64_t)-28;
	dispatch(&events[1], &verdicts[1]);
	assert_int_equal(verdicts[1].kind, LVMON_CONTINUE);
	assert_int_equal(fake_count("lost"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(paper_program, setup, teardown),
		cmocka_unit_test_setup_teardown(paper_program_large, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_that_are_not_zero, setup, teardown),
		cmocka_unit_test_setup_teardown(other_events_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(guest_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(coroutines_of_handlers, setup, teardown),
		cmocka_unit_test_setup_teardown(another_process, setup, teardown),
		cmocka_unit_test_setup_teardown(restarted_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(denied, setup, teardown),
		cmocka_unit_test_setup_teardown(page_is_taken_away, setup, teardown),
		cmocka_unit_test_setup_teardown(page_is_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(page_gets_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(page_gets_shared_always, setup, teardown),
		cmocka_unit_test_setup_teardown(process_is_another, setup, teardown),
		cmocka_unit_test_setup_teardown(hold_is_over, setup, teardown),
		cmocka_unit_test_setup_teardown(no_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(no_hold_zeros, setup, teardown),
		cmocka_unit_test_setup_teardown(still_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(by_a_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(another_mapping_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(ruined, setup, teardown),
		cmocka_unit_test_setup_teardown(no_slot, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
