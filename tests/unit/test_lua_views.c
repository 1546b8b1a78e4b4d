/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings and the views of the kernel, as a signature sees them: what they hold, what they cost,
 * and that they say when they were cut short.
 */
#include "tests/unit/lua_run.h"

static void listings(void **state)
{
	run("local l = lvmon.processes()\n"
	    "assert(#l == 3 and l.complete and l.reason == nil and l[1].comm == 'init')\n"
	    "assert(l[0] == nil and l[4] == nil and l[3] == lvmon.getproc())\n"
	    "local names = ''\n"
	    "for q in l do names = names .. q.pid .. ' '; if q.pid == 100 then break end end\n"
	    "for q in l do names = names .. q.pid .. ' ' end\n"
	    "assert(names == '1 100 1 100 200 ', names)\n"
	    "l = lvmon.processes()\n"
	    "assert(l().pid == 1 and l().pid == 100 and l().pid == 200 and l() == nil)\n"
	    "local t = l:table()\n"
	    "assert(#t == 3 and type(t[3]) == 'table' and t[3].comm == 'calls')\n"
	    "assert(t[3].memory == nil and t[3].read == nil and t[3].exe == '/bin/calls')\n"
	    "assert(lvmon.getproc():table().cmdline == t[3].cmdline)\n"
	    "assert(tostring(l) == 'processes: 3')\n"
	    "local function refused(f, text)\n"
	    "  local ok, e = pcall(f)\n"
	    "  assert(not ok and e:find(text, 1, true), e)\n"
	    "end\n"
	    "refused(function() for a in l do for b in l do end end end, 'inside a loop')\n"
	    "refused(function() return l.tabel end, 'processes.tabel: no such field; did you "
	    "mean')\n"
	    "refused(function() return l[{}] end, 'no such field')\n"
	    "refused(function() return l.table(7) end, 'listing expected')\n"
	    "refused(function() return lvmon.getproc().table(7) end, 'process expected')\n");
}

/* Rows count as the signature's memory, and garbage goes before it is much. */
static void listings_are_paid_for(void **state)
{
	run("collectgarbage()\n"
	    "local before, kept = collectgarbage('count'), {}\n"
	    "for i = 1, 100 do kept[i] = lvmon.processes() end\n"
	    "assert(collectgarbage('count') - before > 100 * 3 * 60 / 1024)\n");
}

static void listing_cut_short(void **state)
{
	fake.endless = true;
	run("local l = lvmon.processes()\n"
	    "assert(#l == 3 and not l.complete and l.reason:find('list of tasks'))\n"
	    "assert(tostring(l):find('incomplete'))\n");
}

static void modules(void **state)
{
	run("local l = lvmon.modules()\n"
	    "assert(#l == 2 and l.complete)\n"
	    "local m, n = l[1], l[2]\n"
	    "assert(m.name == 'cardboard' and m.size == 0x5000 and m.refs == 0)\n"
	    "assert(m.state == 'Live' and m.taint == 'OE' and not m.permanent)\n"
	    "assert(table.concat(m.used_by, ' ') == 'glue scissors')\n"
	    "assert(#m.areas == 2 and m.areas[1].start == m.base and m.areas[2].size == 0x3000)\n"
	    "assert(#m.text == 1 and m.text[1].start == m.base and m.text[1].size == 0x1800)\n"
	    "assert(n.state == 'Unformed' and n.refs == nil and n.taint == '' and n.permanent)\n"
	    "assert(#n.areas == 0 and #n.text == 0 and #n.used_by == 0)\n"
	    "local t = l:table()\n"
	    "assert(t[1].name == 'cardboard' and t[1].text[1].size == 0x1800)\n"
	    "assert(math.type(t[1].module) == 'integer')\n"
	    "local ok, e = pcall(function() return m.nmae end)\n"
	    "assert(not ok and e:find('module.nmae: no such field; did you mean name', 1, true), "
	    "e)\n"
	    "lvmon.alert{message = 'all', data = {modules = t}}\n");
	assert_int_equal(fake_count("alert"), 1);
}

static void files(void **state)
{
	run("local l = lvmon.getproc():files()\n"
	    "assert(#l == 10 and l.complete)\n"
	    "local kinds = {}\n"
	    "for f in l do kinds[#kinds + 1] = f.kind .. f.mode end\n"
	    "kinds = table.concat(kinds, ',')\n"
	    "assert(kinds == 'file,directoryr,pipew,socketrw,device,block devicer,linkw,anonrw,'\n"
	    "  .. 'namespace,otherr', kinds)\n"
	    "local f = l[1]\n"
	    "assert(f.fd == 0 and f.path == '/file/0' and f.inode == 100 and f.device == '8:1')\n"
	    "assert(f.flags == 2 and f.pos == 7 and f.rdev == nil and f.socket == nil)\n"
	    "assert(l[5].rdev == '1:3' and l[10].path == '' and l[10].socket == nil)\n"
	    "local s = l[4].socket\n"
	    "assert(s.family == 'inet' and s.remote_port == 4444 and s.peer_inode == nil)\n"
	    "local ok, e = pcall(function() return s.remote_prot end)\n"
	    "assert(not ok and e:find('did you mean remote_port', 1, true), e)\n"
	    "local t = l:table()\n"
	    "assert(t[4].socket.remote_address == '192.0.2.77' and t[1].path == '/file/0')\n"
	    "lvmon.alert{message = 'all', data = t}\n");
	assert_int_equal(fake_count("alert"), 1);
}

static void sockets(void **state)
{
	run("local l = lvmon.sockets()\n"
	    "assert(#l == 7 and l.complete)\n"
	    "local function is(i, want)\n"
	    "  local s, got = l[i], {}\n"
	    "  for _, k in ipairs{'family', 'type', 'protocol', 'state', 'local_address',\n"
	    "    'local_port', 'remote_address', 'remote_port', 'path', 'inode', 'peer_inode',\n"
	    "    'rx_queue', 'tx_queue', 'interface'} do got[#got + 1] = tostring(s[k]) end\n"
	    "  got = table.concat(got, ' '):gsub('nil', '-')\n"
	    "  assert(got == want, got)\n"
	    "end\n"
	    "is(1, 'inet stream tcp ESTABLISHED 127.0.0.1 40000 192.0.2.77 4444 - 501 - 5 0 0')\n"
	    "is(2, 'inet6 dgram udp CLOSE ::1 0 :: 0 - 502 - - - 2')\n"
	    "is(3, 'unix seqpacket 0 LISTEN - - - - @ab@cd 503 504 - - 0')\n"
	    "is(4, 'netlink raw generic UNCONNECTED - 99 - - - 0 - - - 0')\n"
	    "is(5, 'netlink raw 3 CONNECTED - 0 - - - 0 - - - 0')\n"
	    "is(6, 'packet raw 3 CLOSE - - - - - 0 - - - 0')\n"
	    "is(7, '77 78 79 80 - - - - - 0 - - - 0')\n"
	    "local t = l[1]:table()\n"
	    "assert(t.pid == 200 and t.comm == 'calls' and t.fd == 3 and t.path == nil)\n"
	    "lvmon.alert{message = 'all', data = l:table()}\n");
	assert_int_equal(fake_count("alert"), 1);
}

static void tables(void **state)
{
	run("local l = lvmon.syscalls()\n"
	    "local a, b = l[1], l[2]\n"
	    "assert(#l == 2 and a.abi == 'x64' and a.number == 0 and a.name == 'read')\n"
	    "assert(a.symbol == 'kernel_execve+0x0' and a.inside and not a.hooked)\n"
	    "assert(b.abi == 'ia32' and b.number == 500 and b.name == nil and b.symbol == nil)\n"
	    "assert(not b.inside and b.hooked and a.handler - b.handler == 8)\n"
	    "l = lvmon.idt()\n"
	    "a, b = l[1], l[2]\n"
	    "assert(#l == 3 and a.vector == 0 and a.selector == 16 and a.type == 'interrupt')\n"
	    "assert(a.dpl == 0 and a.ist == 0 and a.present and a.inside)\n"
	    "assert(a.symbol == 'kernel_execve+0x0' and a.handler == "
	    "lvmon.symbol('kernel_execve'))\n"
	    "assert(b.type == 'trap' and b.dpl == 3 and b.ist == 2 and not b.present)\n"
	    "assert(l[3].type == '5' and not l[3].inside)\n"
	    "lvmon.alert{message = 'all', data = {lvmon.syscalls():table(), l:table()}}\n");
	assert_int_equal(fake_count("alert"), 1);
	fake.regs[LVMON_IDTR_BASE] = FAKE_NO_IDT;
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("error"), 1);
	assert_non_null(strstr(fake_string("error", 0, "message"), "idt: they cannot be read"));
}

/* Walks that met damage or a bound say so; those that found nothing are errors. */
static void walks_cut_short(void **state)
{
	fake.walk_error = -EFAULT;
	run("local function refused(f, text)\n"
	    "  local ok, e = pcall(f)\n"
	    "  assert(not ok and e:find(text, 1, true), e)\n"
	    "end\n"
	    "local q, why = lvmon.getproc(), {'damaged', 'loops'}\n"
	    "n = (n or 0) + 1\n"
	    "for _, l in ipairs(n < 3 and {lvmon.modules(), lvmon.sockets(), q:files()} or {}) do\n"
	    "  assert(#l > 1 and not l.complete and l.reason:find(why[n]), l.reason)\n"
	    "end\n"
	    "if n < 3 then return end\n"
	    "refused(lvmon.modules, 'modules: they cannot be read (')\n"
	    "refused(lvmon.sockets, 'sockets: they cannot be read (')\n"
	    "refused(function() return q:files() end, 'files: they cannot be read (')\n");
	fake.walk_error = -EOVERFLOW;
	fake_event("__x64_sys_openat", p);
	fake.walk_error = -ENOTSUP;
	fake_event("__x64_sys_openat", p);
	no_errors();
}

static void columns(void **state)
{
	run("local p = lvmon.getproc()\n"
	    "assert(p.state == 'S' and p.kthread == false and p.tty_nr == 34816)\n"
	    "assert(p.pgrp == 200 and p.session == 1 and p.cgroup == '/group')\n"
	    "assert(p.euid == 2000 and p.suid == 2001 and p.fsuid == 2002)\n"
	    "assert(p.egid == 2003 and p.sgid == 2004 and p.fsgid == 2005)\n"
	    "assert(p.cap_effective == math.mininteger and p.cap_ambient == 4)\n"
	    "assert(p.mnt_ns == nil and lvmon.getproc(1).mnt_ns == 0xf0000000)\n"
	    "assert(lvmon.getproc(1).time_ns == 0xf0000007)\n"
	    "assert(#p.argv == 3 and p.argv[1] == 'first' and p.argv[2] == '' and p.argv[3] == "
	    "'third')\n"
	    "local t = p:table()\n"
	    "assert(t.euid == 2000 and t.argv[3] == 'third' and t.threads == nil)\n");
}

static void columns_that_are_not_there(void **state)
{
	fake.lacking = true;
	run("local p = lvmon.getproc()\n"
	    "assert(p.state == nil and p.euid == nil and p.cap_effective == nil and p.pgrp == "
	    "nil)\n"
	    "assert(p.cgroup == '' and #p.argv == 0 and p.pid_ns == nil and p.tty_nr == nil)\n"
	    "for _, f in ipairs{'threads', 'maps', 'mounts'} do\n"
	    "  local ok, e = pcall(p[f], p)\n"
	    "  assert(not ok and e:find('struct x has no y'), e)\n"
	    "end\n"
	    "assert(not pcall(lvmon.mounts))\n");
}

static void threads(void **state)
{
	run("local p = lvmon.getproc()\n"
	    "local l = p:threads()\n"
	    "assert(#l == 2 and l.complete and tostring(l) == 'threads: 2')\n"
	    "local tids = ''\n"
	    "for t in l do tids = tids .. t.tid .. '/' .. t.pid .. t.state .. ' ' end\n"
	    "assert(tids == '200/200S 201/200S ', tids)\n"
	    "local t = l[2]\n"
	    "l, p = nil\n"
	    "collectgarbage()\n"
	    "assert(t.comm == 'calls' and t:table().euid == 2000)\n"
	    "local ok, e = pcall(function() return t.tidd end)\n"
	    "assert(e:find('thread.tidd: no such field; did you mean tid'), e)\n"
	    "assert(tostring(t):find('^thread: '))\n");
}

static void maps(void **state)
{
	run("local l = lvmon.getproc():maps()\n"
	    "local m, stack = l[1], l[2]\n"
	    "assert(#l == 2 and m.start == 0x400000 and m.stop == 0x402000 and m.size == 0x2000)\n"
	    "assert(m.perms == 'r-xp' and m.flags == 5 and m.offset == 0x1000 and m.inode == 77)\n"
	    "assert(m.device == '08:01' and m.path == '/bin/calls' and not m.anonymous and not "
	    "m.shared)\n"
	    "assert(stack.path == '[stack]' and stack.anonymous and stack.shared)\n"
	    "local t = l:table()\n"
	    "assert(t[2].perms == 'rw-s' and t[1].path == '/bin/calls' and t[1].stop == "
	    "0x402000)\n");
}

static void mounts(void **state)
{
	run("local l = lvmon.mounts()\n"
	    "assert(#l == 2 and #lvmon.getproc():mounts() == 2)\n"
	    "local a, b = l[1], l[2]\n"
	    "assert(a.id == 1 and a.parent_id == 1 and a.device == '0:2' and a.propagation == '')\n"
	    "assert(a.source == nil and not a.sb_readonly)\n"
	    "assert(b.propagation == 'shared:4 master:3 unbindable' and b.device == '8:17')\n"
	    "assert(b.root == '/' and b.path == '/mnt' and b.options == 'rw,nosuid')\n"
	    "assert(b.type == 'ext4' and b.source == '/dev/sda1' and b.sb_readonly)\n"
	    "assert(l:table()[2].source == '/dev/sda1')\n");
}

static void views_cut_short(void **state)
{
	fake.endless = true;
	run("local p = lvmon.getproc()\n"
	    "for _, f in ipairs{'threads', 'maps', 'mounts'} do\n"
	    "  local l = p[f](p)\n"
	    "  assert(#l == 2 and not l.complete and l.reason:find('loops'))\n"
	    "end\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(listings, setup, teardown),
		cmocka_unit_test_setup_teardown(listing_cut_short, setup, teardown),
		cmocka_unit_test_setup_teardown(listings_are_paid_for, setup, teardown),
		cmocka_unit_test_setup_teardown(modules, setup, teardown),
		cmocka_unit_test_setup_teardown(files, setup, teardown),
		cmocka_unit_test_setup_teardown(sockets, setup, teardown),
		cmocka_unit_test_setup_teardown(tables, setup, teardown),
		cmocka_unit_test_setup_teardown(walks_cut_short, setup, teardown),
		cmocka_unit_test_setup_teardown(columns, setup, teardown),
		cmocka_unit_test_setup_teardown(columns_that_are_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(threads, setup, teardown),
		cmocka_unit_test_setup_teardown(maps, setup, teardown),
		cmocka_unit_test_setup_teardown(mounts, setup, teardown),
		cmocka_unit_test_setup_teardown(views_cut_short, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
