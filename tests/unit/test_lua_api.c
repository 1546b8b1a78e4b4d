/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as a signature sees it: each test is a signature whose chunk or handler asserts; a failed
 * assertion is an error record with its line.
 */
#include "engine/events/dispatch.h"
#include "engine/offline/command.h"
#include "tests/unit/lua_run.h"

/* Loading fails at this line with this text in the message. */
static void refused(const char *text, int line, const char *message)
{
	fake_forget_records();
	fake_signature("bad.lua", text);
	assert_int_equal(signature_load(signatures[signature_count - 1]), -22);
	assert_int_equal(fake_count("error"), 1);
	assert_string_equal(fake_string("error", 0, "file"), "bad.lua");
	assert_int_equal(fake_number("error", 0, "line"), line);
	if (!strstr(fake_string("error", 0, "message"), message))
		fail_msg("%s", fake_string("error", 0, "message"));
}

static void process_objects(void **state)
{
	fake_write(p, 100, "text", 4);
	run("local p = lvmon.getproc()\n"
	    "assert(p.pid == 200 and p.tgid == 200 and p.ppid == 1 and p.comm == 'calls')\n"
	    "assert(p.uid == 1000 and p.exe == '/bin/calls' and p.mem_size == 4 * 4096)\n"
	    "assert(p.start_time == 1200)\n"
	    "assert(p:read(0x400064, 4) == 'text' and p:read(0, 4) == nil)\n"
	    "assert(p:va(100) == 0x400064 and p:va(1 << 40) == nil and p:va(-1) == nil)\n"
	    "assert(lvmon.getproc(100).comm == 'sh' and lvmon.getproc(99) == nil)\n"
	    "assert(lvmon.getproc(200) == p and lvmon.getproc(100) ~= p)\n"
	    "local names = {}\n"
	    "for q in lvmon.processes() do names[#names + 1] = q.comm end\n"
	    "assert(table.concat(names, ' ') == 'init sh calls')\n"
	    "local ok, e = pcall(function() return p.com end)\n"
	    "assert(e:find('process.com: no such field; did you mean comm'), e)\n"
	    "assert(tostring(p) == 'process 200 (calls)')\n");
}

static void mode(void **state)
{
	static const struct {
		enum engine_mode mode;
		const char *text;
	} modes[] = {
		{ENGINE_LIVE, "assert(lvmon.mode == 'live')"},
		{ENGINE_DUMP, "assert(lvmon.mode == 'dump')"},
		{ENGINE_CHECK, "assert(lvmon.mode == 'check')"},
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		fake_reset();
		engine.mode = modes[i].mode;
		fake_signature("mode.lua", modes[i].text);
		assert_int_equal(fake_load(), 1);
		no_errors();
	}
}

static void addresses(void **state)
{
	fake_write(p, 4090, "over the border", 15);
	fake_page(p, 3, LINUX_PAGE_ABSENT);
	memcpy(fake.ram + 0x5000, "physical", 8);
	run("local p = lvmon.getproc()\n"
	    "local m = p.memory\n"
	    "assert(lvmon.memread(m + 4090, 15) == 'over the border')\n"
	    "assert(lvmon.memread(4090 + m, 4) == 'over')\n"
	    "local a = m + 5000 - 1000\n"
	    "assert(a - m == 4000 and a > m and m <= a and a == m + 4000 and a ~= m)\n"
	    "local data, absent = lvmon.memread(m, p.mem_size)\n"
	    "assert(#data == 4 * 4096 and absent == 4096)\n"
	    "for _, bad in ipairs{{m, 4 * 4096 + 1}, {m + 1, 4 * 4096}, {m - 1, 1}, {m, "
	    "-1}} do\n"
	    "  assert(not pcall(lvmon.memread, bad[1], bad[2]))\n"
	    "end\n"
	    "assert(lvmon.memread(0x5000, 8) == 'physical')\n"
	    "local far, none = lvmon.memread(1 << 40, 10)\n"
	    "assert(far == ('\\0'):rep(10) and none == 10)\n"
	    "assert(not pcall(lvmon.memread, -10, 20))\n"
	    "local w, c, s = lvmon.memwrite(0x5ffe, 'abcd')\n"
	    "assert(w == 4 and c == 0 and s == 0 and lvmon.memread(0x5ffe, 4) == 'abcd')\n"
	    "w, c, s = lvmon.memwrite(lvmon.memsize() - 2, 'abcd')\n"
	    "assert(w == 2 and s == 2)\n"
	    "assert(not pcall(lvmon.memread, 'x', 1) and not pcall(lvmon.memwrite, "
	    "0x5000))\n");
}

static void large_reads_are_views(void **state)
{
	memcpy(fake.ram + (9 << 20), "needle 5", 8);
	run("local v, absent = lvmon.memread(0, 32 << 20)\n"
	    "assert(type(v) == 'userdata' and absent == nil and #v == 32 << 20)\n"
	    "assert(string.find(v, 'needle [0-9]') == (9 << 20) + 1)\n"
	    "assert(v:match('needle ([0-9])') == '5')\n"
	    "assert(v:find('needle', (9 << 20) + 2) == nil)\n"
	    "assert(collectgarbage('count') < 4096)\n");
}

static void registers(void **state)
{
	fake.regs[LVMON_CR3] = 0x1000;
	run("assert(lvmon.regread('rdi') == 0xffff888000001000 and lvmon.regread('RDI') == "
	    "ev.regs.rdi)\n"
	    "assert(lvmon.regread('CR3') == 0x1000)\n"
	    "lvmon.regwrite('rax', 77)\n"
	    "assert(lvmon.regread('rax') == 77)\n"
	    "local ok, e = pcall(lvmon.regread, 'rxa')\n"
	    "assert(e:find('no register \"rxa\"; did you mean rax'), e)\n"
	    "assert(not pcall(lvmon.regwrite, 'cr3', 0))\n"
	    "assert(lvmon.cputime() == 12345 and lvmon.memsize() == 64 << 20)\n");
	assert_int_equal(fake.regs[LVMON_RAX], 77);
}

static void event_fields(void **state)
{
	fake_signature("t.lua",
		       "lvmon.hook.syscall('openat', function(ev)\n"
		       "  old = ev\n"
		       "  assert(ev.pid == 200 and ev.comm == 'calls' and ev.cpu == 1)\n"
		       "  assert(ev.syscall == 'openat' and ev.time == 1700000000123456789)\n"
		       "  assert(ev.process.exe == '/bin/calls' and ev.task ~= 0)\n"
		       "  local first = ev.name == '__x64_sys_openat' and 0x111111111111110e or "
		       "0x11111105\n"
		       "  assert(ev.args[1] == first and #ev.args == 6 and ev.args == ev.args)\n"
		       "  local ok, e = pcall(function() return ev.arg end)\n"
		       "  assert(e:find('event.arg: no such field; did you mean args'), e)\n"
		       "end)\n"
		       "lvmon.hook.syscall('execve', function(ev)\n"
		       "  local ok, e = pcall(function() return old.pid end)\n"
		       "  assert(e:find('the event is over'), e)\n"
		       "  print('done')\n"
		       "end)\n");
	fake_load();
	fake_event("__x64_sys_openat", p);
	fake_event("__ia32_sys_openat", p);
	fake_event("__x64_sys_execve", p);
	no_errors();
	assert_int_equal(fake_count("print"), 1);
}

/* The first denial counts, and only while the event lasts. */
static void event_deny(void **state)
{
	struct lvmon_verdict v;

	fake_signature("t.lua",
		       "lvmon.hook.syscall('openat', function(ev)\n"
		       "  old = ev\n"
		       "  for _, n in ipairs{0, -1, 512, 1 << 32} do\n"
		       "    assert(not pcall(ev.deny, ev, n))\n"
		       "  end\n"
		       "  assert(not pcall(ev.deny, 1) and not pcall(ev.deny, ev, 'EPERM'))\n"
		       "  ev:deny(13)\n"
		       "  ev:deny()\n"
		       "end)\n"
		       "local deny\n"
		       "lvmon.hook.syscall('execve', function(ev)\n"
		       "  assert(not pcall(function() return old.deny end))\n"
		       "  if deny then assert(not pcall(deny, old)) end\n"
		       "  deny = ev.deny\n"
		       "  if ev.comm == 'calls' then ev:deny() end\n"
		       "end)\n");
	fake_load();
	v = fake_event("__x64_sys_openat", p);
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal((int64_t)v.value, -13);
	v = fake_event("__x64_sys_execve", p);
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal((int64_t)v.value, -1);
	v = fake_event("__x64_sys_execve", fake_process(300, "sh", 1, LINUX_PAGE_PRIVATE));
	assert_int_equal(v.kind, LVMON_CONTINUE);
	no_errors();
	assert_int_equal(fake_count("denied"), 2);
	assert_string_equal(fake_string("denied", 1, "hook"), "execve");
	assert_string_equal(fake_string("denied", 1, "reason"), "signature");
}

/*
 * Of hooks 0 to 4 each hit is an event, 5 to 8 are for process 300, 9 to 12 for those named calls.
 */
static void selections(void)
{
	struct fake_process *other = fake_process(300, "call", 1, LINUX_PAGE_PRIVATE);
	struct fake_process *both = fake_process(300, "calls", 1, LINUX_PAGE_PRIVATE);

	assert_true(fake_selects(4, p) && fake_selects(4, other));
	assert_true(!fake_selects(5, p) && fake_selects(5, other) && fake_selects(8, both));
	assert_true(fake_selects(9, p) && !fake_selects(9, other) && fake_selects(12, both));
	memcpy(other->task.comm, "calls\0d", 7); /* what a name before it has left */
	assert_true(fake_selects(9, other));
	memcpy(other->task.comm, "calls!", 7);
	assert_false(fake_selects(9, other));
}

static void hooks(void **state)
{
	struct fake_process *sh = fake_process(300, "sh", 1, LINUX_PAGE_PRIVATE);

	fake_signature("t.lua", "local n = 0\n"
				"local h = lvmon.hook.syscall(59, function(ev) print('59 ' "
				".. ev.name) end)\n"
				"local g = lvmon.hook.syscall('__x64_sys_execve', "
				"function(ev) print('x64') end)\n"
				"lvmon.hook.syscall('sys_execve', function(ev) "
				"print('pid') end, { pid = 300 })\n"
				"lvmon.hook.syscall('execve', function(ev) print('comm') "
				"end, { comm = 'calls' })\n"
				"lvmon.hook.syscall('openat', function(ev) h:remove() "
				"h:remove() g:remove() "
				"end)\n");
	assert_int_equal(fake_load(), 1);
	no_errors();
	assert_int_equal(fake.hooks, 4 + 1 + 4 + 4 + 2);
	selections();
	fake_event("__x64_sys_execve", p);
	assert_string_equal(fake_string("print", 0, "message"), "59 __x64_sys_execve");
	assert_string_equal(fake_string("print", 1, "message"), "x64");
	assert_string_equal(fake_string("print", 2, "message"), "comm");
	assert_int_equal(fake_count("print"), 3);
	fake_forget_records();
	fake_event("__x64_sys_execveat", sh);
	assert_string_equal(fake_string("print", 0, "message"), "59 __x64_sys_execveat");
	assert_string_equal(fake_string("print", 1, "message"), "pid");
	assert_int_equal(fake_count("print"), 2);
	fake_forget_records();
	fake_event("__x64_sys_openat", sh);
	fake_event("__x64_sys_execve", p);
	no_errors();
	assert_string_equal(fake_string("print", 0, "message"), "comm");
	assert_int_equal(fake_count("print"), 1);
	assert_int_equal(fake.hooks_removed, 5);
}

/* A hook that a handler makes or removes while it runs itself. */
static void hooks_in_handlers(void **state)
{
	fake_signature("t.lua", "local h\n"
				"h = lvmon.hook.syscall('openat', function(ev)\n"
				"  h:remove()\n"
				"  collectgarbage()\n"
				"  print('removed', ev.syscall)\n"
				"  lvmon.hook.syscall('execve', function(ev) print('new') end)\n"
				"end)\n");
	fake_load();
	fake_event("__x64_sys_openat", p);
	fake_event("__x64_sys_openat", p);
	fake_event("__x64_sys_execve", p);
	no_errors();
	assert_int_equal(fake_count("print"), 2);
	assert_string_equal(fake_string("print", 1, "message"), "new");
}

static void written(uint64_t which, uint32_t msr, uint64_t old, uint64_t value)
{
	struct lvmon_event ev = {.kind = LVMON_EV_HOOK,
				 .time_ns = fake.time_ns,
				 .sequence = ++fake.sequence,
				 .hook = which << 32 | msr,
				 .task = p->task.task};
	struct lvmon_verdict v;

	ev.written.old = old;
	ev.written.value = value;
	ev.written.limit = 0xfff;
	dispatch(&ev, &v);
	assert_int_equal(v.kind, LVMON_CONTINUE);
}

static void register_writes(void **state)
{
	fake_signature(
		"t.lua",
		"local function show(ev)\n"
		"  print(ev.register, ev.msr, ev.old, ev.value, ev.limit, ev.comm, ev.name)\n"
		"end\n"
		"lvmon.hook.register('LSTAR', show)\n"
		"local h = lvmon.hook.register(0x176, show, {comm = 'calls'})\n"
		"lvmon.hook.register('CR4', function(ev)\n"
		"  show(ev)\n"
		"  local ok, e = pcall(ev.deny, ev)\n"
		"  assert(e:find('hook.register has no call that could be denied'), e)\n"
		"  ok, e = pcall(function() return ev.args end)\n"
		"  assert(e:find('no such field'), e)\n"
		"  h:remove()\n"
		"end)\n"
		"lvmon.hook.register('IDTR', show)\n");
	assert_int_equal(fake_load(), 1);
	hooks_flush();
	assert_int_equal(fake.hooks, 4);
	p = fake_process(200, "calls", 1, LINUX_PAGE_PRIVATE);
	written(LVMON_WATCH_MSR, 0xc0000082, 1, 2);
	written(LVMON_WATCH_MSR, 0x176, 3, 4);
	written(LVMON_WATCH_CR4, 0, 5, 6);
	written(LVMON_WATCH_MSR, 0x176, 4, 5);
	written(LVMON_WATCH_IDTR, 0, 7, 8);
	no_errors();
	assert_int_equal(fake_count("print"), 4);
	assert_string_equal(fake_string("print", 0, "message"),
			    "LSTAR\t3221225602\t1\t2\tnil\tcalls\tLSTAR");
	assert_string_equal(fake_string("print", 1, "message"),
			    "MSR 0x176\t374\t3\t4\tnil\tcalls\tMSR 0x176");
	assert_string_equal(fake_string("print", 2, "message"), "CR4\tnil\t5\t6\tnil\tcalls\tCR4");
	assert_string_equal(fake_string("print", 3, "message"),
			    "IDTR\tnil\t7\t8\t4095\tcalls\tIDTR");
}

static void errors_at_load(void **state)
{
	refused("lvmon.hook.register('LSTAT', print)", 1,
		"no register \"LSTAT\"; did you mean LSTAR");
	refused("lvmon.hook.register(-1, print)", 1, "not the number of an MSR");
	refused("lvmon.hook.register(0x1b, print)", 1,
		"MSR 0x1b: LVisor keeps it itself (APIC_BASE: ");
	refused("lvmon.hook.register(0xc0010114, print)", 1, "LVisor keeps it itself (VM_CR");
	refused("lvmon.hook.register(0x1d9, print)", 1, "writes of MSR 0x1d9 cannot be watched");
	refused("lvmon.hook.register(0x12345, print)", 1, "cannot be watched");
	refused("lvmon.hook.register('CR0', print, { on_timeout = 'deny' })", 1,
		"no call that on_timeout could deny");
	refused("lvmon.hook.register('CR0', print, { cmm = 'x' })", 1,
		"pid, comm and on_timeout, not cmm");
	refused("\nlocal x = = 1", 2, "unexpected symbol near '='");
	refused("\n\nlvmon.memraed(0, 1)", 3,
		"lvmon.memraed: no such function; did you mean memread?");
	refused("bitvisor.hook.sycall()", 1, "did you mean syscall?");
	refused("lvmon.hook.syscall('opennat', print)", 1,
		"no system call \"opennat\"; did you mean openat?");
	refused("lvmon.hook.syscall(999, print)", 1, "no system call number 999");
	refused("lvmon.hook.syscall('getpid', print)", 1, "no place for a trap");
	refused("lvmon.hook.syscall('openat')", 1, "function expected");
	refused("lvmon.hook.syscall('openat', print, { cmm = 'x' })", 1,
		"pid, comm and on_timeout, not cmm");
	refused("lvmon.hook.syscall('openat', print, { comm = 'sixteen bytes ..' })", 1,
		"at most 15");
	refused("lvmon.hook.address(0x1000, 'w', print)", 1, "not available yet");
	refused("\nlvmon.getproc()", 2, "no process is running here");
	refused("require('none')", 1, "no file lib/none.lua in the archive");
}

static void traceback(void **state)
{
	fake_signature("t.lua", "local function inner()\n error('it failed')\nend\n"
				"lvmon.hook.syscall('openat', function() inner() end)");
	fake_load();
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("error", 0, "message"), "it failed");
	assert_string_equal(fake_string("error", 0, "file"), "t.lua");
	assert_int_equal(fake_number("error", 0, "line"), 2);
	assert_non_null(strstr(fake_string("error", 0, "traceback"), "t.lua:4"));
	/* Errors that are no strings. */
	fake_forget_records();
	fake_signature("u.lua",
		       "lvmon.hook.syscall('execve', function() error({}) end)\nerror(nil)");
	fake_load();
	assert_non_null(strstr(fake_string("error", 0, "message"), "nil value"));
}

static void sandbox(void **state)
{
	run("for _, name in ipairs{'io', 'package', 'dofile', 'loadfile'} do "
	    "assert(_G[name] == "
	    "nil, name) end\n"
	    "assert(not string.dump and not os.execute and not os.exit and not "
	    "debug.sethook)\n"
	    "assert(not os.getenv and not os.remove and debug.traceback)\n"
	    "assert(os.time() == 1700000000 and os.date('!%Y-%m-%d') == '2023-11-14')\n"
	    "assert(os.time{year = 2000, month = 1, day = 1} > 0 and os.clock() >= 0)\n"
	    "assert(not pcall(setmetatable, {}, { __gc = function() end }))\n"
	    "assert(setmetatable({}, { __index = { x = 1 } }).x == 1)\n"
	    "assert(load('return 5')() == 5 and load('return x', 'c', 't', { x = 6 })() == "
	    "6)\n"
	    "assert(not load('\\27Lua') and not load('\\27Lua', 'c', 'b'))\n"
	    "assert(not load('x = = 1'))\n"
	    "assert(not pcall(collectgarbage, 'stop') and collectgarbage('count') > 0)\n"
	    "assert(getmetatable(lvmon.getproc()) == 'process' and getmetatable(lvmon) == "
	    "'lvmon')\n"
	    "assert(lvmon == bitvisor and require('lvmon') == lvmon and "
	    "require('bitvisor') == "
	    "lvmon)\n"
	    "assert(not pcall(table.move, {}, 1, 1 << 60, 2))\n"
	    "assert(not pcall(table.concat, {}, '', 1, 1 << 60))\n"
	    "assert(not pcall(table.insert, setmetatable({}, { __len = function() return 1 "
	    "<< 60 "
	    "end }), 1, 1))\n"
	    "local t = { 3, 1, 2 } table.sort(t) table.insert(t, 4) assert(table.concat(t) "
	    "== "
	    "'1234')\n"
	    "assert(table.remove(t) == 4 and #t == 3 and table.move(t, 1, 2, 2)[3] == 2)\n"
	    "local ok, a, b = pcall(function(...) return ... end, 1, 2) assert(ok and a == "
	    "1 and b "
	    "== 2)\n"
	    "ok, a = pcall(error, 'e') assert(not ok and a == 'e')\n"
	    "ok, a = xpcall(error, function(m) return m .. '!' end, 'e') assert(not ok and "
	    "a == "
	    "'e!')\n"
	    "ok, a, b = xpcall(function(...) return ... end, print, 8, 9) assert(ok and a "
	    "== 8 and "
	    "b == 9)\n"
	    "local co = coroutine.wrap(function(x) local y = coroutine.yield(x + 1) return "
	    "y * 2 "
	    "end)\n"
	    "assert(co(1) == 2 and co(4) == 8)\n"
	    "co = coroutine.create(function() error('in co') end)\n"
	    "ok, a = coroutine.resume(co) assert(not ok and a:find('in co') and "
	    "coroutine.status(co) == 'dead')\n"
	    "assert(not coroutine.resume(co))\n"
	    "co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co)\n"
	    "assert(coroutine.close(co) == true and coroutine.status(co) == 'dead')\n"
	    "assert(not coroutine.isyieldable() and select(2, coroutine.running()))\n"
	    "ok, a = pcall(coroutine.yield) assert(not ok and a:find('outside a "
	    "coroutine'))\n"
	    "co = coroutine.wrap(function() pcall(coroutine.yield, 5) return 6 end)\n"
	    "assert(co() == 5 and co() == 6)\n");
}

static void memory_is_limited(void **state)
{
	fake_signature("hog.lua", "lvmon.hook.syscall('openat', function()\n"
				  "  local t = {}\n  for i = 1, 1 << 30 do t[i] = "
				  "('x'):rep(100000) .. i end\nend)\n"
				  "lvmon.hook.syscall('execve', function() "
				  "print(collectgarbage('count') < 16384) "
				  "end)");
	fake_load();
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("error", 0, "message"), "not enough memory");
	assert_string_equal(fake_string("error", 0, "file"), "hog.lua");
	assert_int_equal(fake_number("error", 0, "line"), 3);
	assert_non_null(strstr(fake_string("error", 0, "traceback"), "hog.lua:3"));
	assert_true(signatures[0]->memory <= SIGNATURE_MEMORY_MAX);
	fake_event("__x64_sys_execve", p);
	assert_string_equal(fake_string("print", 0, "message"), "true");
}

#define RECURSION "local function f(n)\n return 1 + f(n + 1) end\n"

/*
 * It is the stack that finds no memory: in a handler, in the chunk, in a coroutine of the script's.
 */
static void a_recursion_ends(void **state)
{
	fake_signature("handler.lua",
		       RECURSION "lvmon.hook.syscall('openat', function()\n f(1) end)");
	fake_signature("chunk.lua", RECURSION "f(1)");
	fake_signature("coroutine.lua", RECURSION "coroutine.wrap(function() f(1) end)()");
	fake_signature("caught.lua", RECURSION "print(pcall(f, 1))");
	assert_int_equal(fake_load(), 2);
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("error"), 3);
	assert_string_equal(fake_string("error", 0, "file"), "chunk.lua");
	assert_int_equal(fake_number("error", 0, "line"), 2);
	assert_string_equal(fake_string("error", 1, "file"), "coroutine.lua");
	assert_int_equal(fake_number("error", 1, "line"), 3);
	assert_string_equal(fake_string("error", 2, "file"), "handler.lua");
	assert_int_equal(fake_number("error", 2, "line"), 2);
	assert_non_null(strstr(fake_string("print", 0, "message"), "false"));
}

/* An error object of the chunk's. */
static void errors_at_load_have_words(void **state)
{
	fake_signature("a.lua",
		       "error(setmetatable({}, {__tostring = function() return 'mine' end}))");
	fake_signature("b.lua", "\nerror({})");
	fake_signature("c.lua", "coroutine.yield()");
	fake_signature("d.lua", "assert(not coroutine.isyieldable() and select(2, "
				"coroutine.running())) error('d')");
	assert_int_equal(fake_load(), 0);
	assert_string_equal(fake_string("error", 0, "message"), "mine");
	assert_string_equal(fake_string("error", 1, "message"), "(error object is a table value)");
	assert_int_equal(fake_number("error", 1, "line"), 2);
	assert_non_null(strstr(fake_string("error", 2, "message"), "outside a coroutine"));
	assert_string_equal(fake_string("error", 3, "message"), "d");
	assert_non_null(strstr(fake_string("error", 3, "traceback"), "d.lua:1"));
}

/* In the chunk, in a C function, and in a coroutine of the script's. */
static void memory_is_limited_at_load(void **state)
{
	static const char *const bodies[] = {
		"local t = {}\nfor i = 1, 1 << 30 do\nt[i] = i .. 'x' end",
		"local t = {}\nfor i = 1, 1 << 30 do\nt[i] = string.rep('x', 100000, i) "
		"end",
		"local f = coroutine.wrap(function() local t = {} while true do\n\nt = {t, {}} end "
		"end) f()",
	};
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		fake_signature("hog.lua", bodies[i]);
		assert_int_equal(signature_load(signatures[i]), -EINVAL);
		assert_non_null(strstr(fake_string("error", i, "message"), "not enough memory"));
		assert_string_equal(fake_string("error", i, "file"), "hog.lua");
		assert_int_equal(fake_number("error", i, "line"), 3);
	}
}

/* Errors without a place in their message have the line that raised them. */
static void errors_without_a_place(void **state)
{
	fake_signature("t.lua", "lvmon.hook.syscall('openat', function()\n error('plain', 0) end)\n"
				"lvmon.hook.syscall('execve', function()\n\n error({}) end)");
	fake_load();
	fake_event("__x64_sys_openat", p);
	fake_event("__x64_sys_execve", p);
	assert_string_equal(fake_string("error", 0, "message"), "plain");
	assert_int_equal(fake_number("error", 0, "line"), 2);
	assert_string_equal(fake_string("error", 1, "file"), "t.lua");
	assert_int_equal(fake_number("error", 1, "line"), 5);
}

/*
 * The event object of a hook is used again: what was made for one event must not be seen in
 * the next, whether the handler ends, fails or gives results.
 */
static void event_objects_are_used_again(void **state)
{
	struct fake_process *q = fake_process(201, "other", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_event ev;
	struct lvmon_verdict v;
	size_t memory;
	int i;

	fake_signature("t.lua", "n = 0\n"
				"lvmon.hook.syscall('openat', function(ev)\n"
				"  n = n + 1\n"
				"  print(ev.pid, ev.regs.rax, #ev.args, ev.args[1] % 256)\n"
				"  ev.args[1] = 'changed' ev.regs.rax = 'changed'\n"
				"  if n == 2 then error('once') end\n"
				"  return ev, n, 'results'\n"
				"end)\n"
				"lvmon.hook.syscall('execve', function(ev) end)\n");
	fake_load();
	for (i = 0; i < 4; i++) {
		char text[32];

		memset(&ev, 0, sizeof(ev));
		ev.kind = LVMON_EV_HOOK;
		ev.sequence = ++fake.sequence;
		ev.hook = fake_symbol("__x64_sys_openat") + 5;
		ev.task = (i & 1 ? q : p)->task.task;
		ev.regs[LVMON_RDI] = 0xffff888000001000ull;
		ev.regs[LVMON_RAX] = (uint64_t)i;
		dispatch(&ev, &v);
		snprintf(text, sizeof(text), "%d\t%d\t6\t14", i & 1 ? 201 : 200, i);
		assert_string_equal(fake_string("print", (size_t)i, "message"), text);
	}
	assert_int_equal(fake_count("error"), 1);
	fake_event("__x64_sys_execve", p);
	memory = signatures[0]->memory;
	for (i = 0; i < 1000; i++)
		fake_event("__x64_sys_execve", p);
	assert_int_equal(signatures[0]->memory, memory);
}

/* Filters of hooks on one trap, equal and not, also after one has gone. */
static void filters_on_one_trap(void **state)
{
	struct fake_process *q = fake_process(201, "other", 1, LINUX_PAGE_PRIVATE);

	fake_signature("t.lua", "local a\n"
				"a = lvmon.hook.syscall('openat', function()\n"
				"  print('a') a:remove()\n"
				"  lvmon.hook.syscall('openat', function() print('b') end, "
				"{ comm = 'other' })\n"
				"end, { comm = 'calls' })\n");
	fake_load();
	/* The vmm lets pass what any hook there wants: the first one here. */
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("print"), 1);
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("print"), 1);
	fake_event("__x64_sys_openat", q);
	assert_string_equal(fake_string("print", 1, "message"), "b");
	no_errors();
}

static void alerts(void **state)
{
	run("lvmon.alert{ message = 'found\\27[2J', severity = 'high', technique = "
	    "'T1486',\n"
	    "  data = { file = 'a\\0b', n = 5, f = 1.5, ok = true, at = -1 } }\n"
	    "lvmon.alert{ message = 'other', process = lvmon.getproc(100) }\n"
	    "local ok, e = pcall(lvmon.alert, { message = 'x', sevrity = 'low' }) "
	    "assert(not ok)\n"
	    "assert(not pcall(lvmon.alert, { severity = 'low' }))\n"
	    "assert(not pcall(lvmon.alert, { message = 'x', severity = 'huge' }))\n"
	    "print('a\\tb', nil, 1, {} ~= nil)");
	assert_int_equal(fake_count("alert"), 2);
	assert_string_equal(fake_string("alert", 0, "message"), "found\\x1b[2J");
	assert_string_equal(fake_string("alert", 0, "severity"), "high");
	assert_string_equal(fake_string("alert", 0, "technique"), "T1486");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(fake_record("alert", 0), "data"), "file")),
			    "a\\x00b");
	assert_string_equal(fake_string("alert", 1, "severity"), "medium");
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(fake_record("alert", 1), "process"), "pid")),
			 100);
	assert_string_equal(fake_string("print", 0, "message"), "a\tb\tnil\t1\ttrue");
}

static void symbols(void **state)
{
	run("assert(lvmon.symbol('kernel_execve') == 0xffffffff81000000 and "
	    "lvmon.symbol('nope') "
	    "== nil)\n"
	    "assert(lvmon.symbolize(0xffffffff81000010) == 'kernel_execve+0x10')\n"
	    "assert(lvmon.symbolize(5) == nil)\n");
}

static int found[8];
static size_t found_count;

static void note(int line, const char *message, void *arg)
{
	found[found_count++] = line;
}

static void names_in_text(void **state)
{
	static const char text[] =
		"-- lvmon.a\n"
		"--[==[ lvmon.b ]] \n lvmon.c ]==]\n"
		"local s = 'lvmon.d' .. \"lvmon.e\\\"lvmon.f\" .. [[lvmon.\ng]]\n"
		"lvmon.memread(0, 1) bitvisor.getproc()\n" /* 6 */
		"x.lvmon.h() y:lvmon() xlvmon.i()\n"
		"lvmon.j()\n"				      /* 8 */
		"lvmon.hook.syscall(1, function() bitvisor\n" /* 9 */
		" .hook . k() end)\n"			      /* 10 */
		"local t = 'a' ..lvmon.l .. 1 ..lvmon.m\n"    /* 11 */
		"lvmon['n']() print(lvmon . alert, lvmon)";

	assert_int_equal(check_names(text, strlen(text), note, NULL), 4);
	assert_int_equal(found[0], 8);
	assert_int_equal(found[1], 10);
	assert_int_equal(found[2], 11);
	assert_int_equal(found[3], 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(process_objects, setup, teardown),
		cmocka_unit_test_setup_teardown(mode, setup, teardown),
		cmocka_unit_test_setup_teardown(addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(large_reads_are_views, setup, teardown),
		cmocka_unit_test_setup_teardown(registers, setup, teardown),
		cmocka_unit_test_setup_teardown(event_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(event_deny, setup, teardown),
		cmocka_unit_test_setup_teardown(hooks, setup, teardown),
		cmocka_unit_test_setup_teardown(hooks_in_handlers, setup, teardown),
		cmocka_unit_test_setup_teardown(register_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_at_load, setup, teardown),
		cmocka_unit_test_setup_teardown(traceback, setup, teardown),
		cmocka_unit_test_setup_teardown(sandbox, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_is_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(a_recursion_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_at_load_have_words, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_is_limited_at_load, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_without_a_place, setup, teardown),
		cmocka_unit_test_setup_teardown(event_objects_are_used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(filters_on_one_trap, setup, teardown),
		cmocka_unit_test_setup_teardown(alerts, setup, teardown),
		cmocka_unit_test_setup_teardown(symbols, setup, teardown),
		cmocka_unit_test_setup_teardown(names_in_text, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
