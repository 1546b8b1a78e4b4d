// SPDX-License-Identifier: Apache-2.0
/* Typed pointers as a signature sees them: asserts in Lua on a structure that lies in RAM here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "engine/engine.h"
#include "engine/linux/types/btf.h"
#include "engine/offline/command.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"
#include "tests/unit/types_maker.h"

#define THING 0x100000ull /* in RAM */
#define TEXT  0x200ff8ull /* eight bytes before a page ends */
#define HEAP  0x300000ull

static struct fake_process *p;

static void *ram_at(uint64_t gpa)
{
	return fake.ram + gpa;
}

static int setup(void **state)
{
	struct btf *btf = types_make();
	struct made_thing *t;
	uint64_t *heap;
	const void *raw;
	uint32_t size;

	fake_reset();
	p = fake_process(200, "calls", 4, LINUX_PAGE_PRIVATE);
	raw = btf__raw_data(btf, &size);
	fake_types(raw, size);
	btf__free(btf);
	t = ram_at(THING);
	heap = ram_at(HEAP);
	*t = (struct made_thing){
		.first = -5,
		.next = FAKE_DIRECT + THING + offsetof(struct made_thing, next),
		.prev = 7,
		.name = "a thing",
		.bytes = {1, 2, 3, 250, 0, 6},
		.yes = 1,
		.inner = {.a = -7, .b = 1ll << 40},
		.other = FAKE_DIRECT + HEAP,
		.table = FAKE_DIRECT + HEAP + 64,
		.color = 5,
		.bits = 6 | 0x1d << 3 | 5 << 8,
		.lo = 1,
		.hi = -1,
		.array = {10, 11, 12, 0xffffffff},
		.nothing = 0x1234,
		.function = FAKE_KERNEL + 0x10,
		.gone = FAKE_DIRECT + 64,
		.text = FAKE_DIRECT + TEXT,
		.self = FAKE_DIRECT + THING,
		.state = 2,
		.grid = {{1, 2, 3}, {4, 5, 6}},
		.ratio = 1.5,
		.large = 1ull << 40,
		.rest = "the rest",
	};
	heap[0] = 42; /* struct inner */
	heap[1] = 43;
	heap[8] = FAKE_DIRECT + HEAP; /* the table */
	heap[9] = 0;
	strcpy(ram_at(TEXT), "over the page's end");
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

static void run(const char *body)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		 "lvmon.hook.syscall('openat', function(ev)\n"
		 "local at = %lld local t = lvmon.cast('thing', at)\n"
		 "local function refused(text, f, ...) local ok, e = pcall(f, ...)\n"
		 "  assert(not ok and e:find(text, 1, true), e) end\n"
		 "%s\nend)",
		 (long long)(FAKE_DIRECT + THING), body);
	fake_signature("t.lua", text);
	assert_int_equal(fake_load(), 1);
	fake_event("__x64_sys_openat", p);
	if (fake_count("error"))
		fail_msg("line %lld: %s", fake_number("error", 0, "line"),
			 fake_string("error", 0, "message"));
}

static void values(void **state)
{
	run("assert(t.first == -5 and t.name == 'a thing' and t.yes == true)\n"
	    "assert(t.inner.a == -7 and t.inner.b == 1 << 40)\n"
	    "assert(t.low == 6 and t.minus == -3 and t.hue == 'GREEN' and t.color == 'GREEN')\n"
	    "assert(t.x == 1 - (1 << 32) and t.lo == 1 and t.hi == -1)\n"
	    "assert(t.__state == 2 and t.ratio == 1.5 and t.large == 'LARGE')\n"
	    "assert(t.nothing == 0x1234 and t['function'] == lvmon.symbol('kernel_execve') + 16)\n"
	    "assert(lvmon.symbolize(t['function']) == 'kernel_execve+0x10')\n"
	    "assert(t.rest == 'the rest' and t.head.first == nil)\n"
	    "refused('more than 64 bits', function() return t.huge end)\n"
	    "assert(#lvmon.bytes(lvmon.addressof(t, 'huge'), 16) == 16)\n");
}

static void pointers(void **state)
{
	run("assert(t.other.a == 42 and t.other.b == 43 and t.other[0].a == 42)\n"
	    "assert(t.table[0] == t.other and t.table[1] == nil and t.table[0].b == 43)\n"
	    "assert(t.self == t and t.self.self.name == 'a thing' and t ~= t.other)\n"
	    "assert(t.inner ~= t.other and t.inner == t.self.inner)\n"
	    "assert(lvmon.addressof(t) == at and lvmon.addressof(t.inner) == at + 48)\n"
	    "assert(lvmon.addressof(t, 'inner.b') == at + 56)\n"
	    "assert(lvmon.addressof(t, 'grid[1][2]') == at + 180)\n"
	    "assert(lvmon.string(t.text) == \"over the page's end\")\n"
	    "assert(lvmon.string(t.text, 4) == 'over' and t.text[0] == 111 and t.text[1] == 118)\n"
	    "assert(tostring(t) == string.format('struct thing * 0x%x', at))\n"
	    "assert(lvmon.typename(t) == 'struct thing *')\n"
	    "assert(lvmon.typename(t.table) == 'struct inner **')\n"
	    "assert(lvmon.typename(t.text) == 'const char *')\n"
	    "assert(lvmon.cast(lvmon.typename(t), at) == t)\n"
	    "assert(lvmon.container_of(t.inner, 'thing', 'inner') == t)\n"
	    "assert(lvmon.container_of(lvmon.addressof(t, 'inner.b'), 'struct thing', 'inner.b') "
	    "== t)\n"
	    "assert(t[0] == t and lvmon.addressof(t[-1]) == at - 224)\n"
	    "assert(t.gone ~= nil and lvmon.typename(t.gone) == 'struct gone *')\n"
	    "refused('only its name', function() return t.gone.x end)\n"
	    "refused('cannot be written', function() t.first = 1 end)\n"
	    "refused('not an array', function() return #t end)\n");
}

static void arrays(void **state)
{
	run("assert(#t.array == 4 and t.array[0] == 10 and t.array[3] == 0xffffffff)\n"
	    "assert(#t.grid == 2 and #t.grid[1] == 3 and t.grid[1][2] == 6)\n"
	    "assert(lvmon.typename(t.grid) == 'unsigned int[2][3]')\n"
	    "assert(tostring(t.array):find('^unsigned int%[4%] 0x'))\n"
	    "assert(lvmon.bytes(t.bytes) == '\\1\\2\\3\\250\\0\\6' and t.bytes[3] == 250)\n"
	    "assert(lvmon.string(t.bytes) == '\\1\\2\\3\\250')\n"
	    "refused('index 4 is not in 0 to 3', function() return t.array[4] end)\n"
	    "refused('index -1', function() return t.array[-1] end)\n"
	    "refused('a member', function() return t.array[1.5] end)\n"
	    "refused('has no members', function() return t.array.x end)\n"
	    "local b = lvmon.cast('u8[3]', at + 40)\n"
	    "assert(#b == 3 and b[2] == 3 and lvmon.sizeof(b) == 3)\n"
	    "local i = lvmon.cast('struct inner *[2]', lvmon.addressof(t.table))\n"
	    "assert(#i == 2 and i[0] == t.other and i[1] == nil)\n"
	    "assert(lvmon.typename(i) == 'struct inner *[2]')\n"
	    "assert(lvmon.cast('thing[2]', at)[0].first == -5)\n");
}

static void casts(void **state)
{
	run("assert(lvmon.cast('long', at) == -5 and lvmon.cast('unsigned int', at) == "
	    "0xfffffffb)\n"
	    "assert(lvmon.cast('char[16]', at + 24) == 'a thing')\n"
	    "assert(lvmon.cast('char[3]', at + 24) == 'a t')\n"
	    "assert(lvmon.cast('color', at + 80) == 'GREEN')\n"
	    "assert(lvmon.string(lvmon.cast('char *', at + 24)) == 'a thing')\n"
	    "assert(lvmon.cast('int *', at + 48)[0] == -7)\n"
	    "assert(lvmon.cast('struct inner **', t.table)[0].a == 42)\n"
	    "assert(lvmon.cast('thing_t', t) == t and lvmon.cast('struct thing *', t) == t)\n"
	    "assert(lvmon.cast('inner', t.table[0]).a == 42)\n"
	    "assert(lvmon.cast('task_struct', at).state == 0xfffffffb)\n"
	    "refused('no type \"thign\"; did you mean thing', lvmon.cast, 'thign', at)\n"
	    "refused('not a type', lvmon.cast, 'thing[', at)\n"
	    "refused('not a type', lvmon.cast, 'void', at)\n"
	    "refused('address or pointer expected', lvmon.cast, 'thing', 'x')\n"
	    "refused('no member \"frist\"; did you mean first', function() return t.frist end)\n"
	    "refused('cannot be read: it is not in memory', function()\n"
	    "  return lvmon.cast('thing', at + (1 << 40)).first end)\n"
	    "refused('no kernel address', function() return lvmon.cast('thing', 64).first end)\n"
	    "refused('nothing that', function() return lvmon.cast('void *', at)[0] end)\n");
}

static void names(void **state)
{
	run("assert(lvmon.sizeof('thing') == 224 and lvmon.sizeof(t) == 224)\n"
	    "assert(lvmon.sizeof('struct thing *') == 8 and lvmon.sizeof('char[16]') == 16)\n"
	    "assert(lvmon.offsetof('thing', 'inner') == 48 and lvmon.offsetof(t, 'hi') == 92)\n"
	    "refused('no member', lvmon.offsetof, 'thing', 'inner.c')\n"
	    "refused('not', lvmon.sizeof, 'gone')\n"
	    "assert(lvmon.enum('GREEN') == 5 and lvmon.enum('color', 5) == 'GREEN')\n"
	    "assert(lvmon.enum('enum color', 'NO_COLOR') == -1 and lvmon.enum('color', 9) == nil)\n"
	    "assert(lvmon.enum(t.color) == 5 and lvmon.enum(7) == 7)\n"
	    "refused('no enumerator \"GREN\"; did you mean GREEN', lvmon.enum, 'GREN')\n"
	    "refused('no enumerator', lvmon.enum, 'color', 'LARGE')\n"
	    "assert(lvmon.typeof('struct inner'):find('int a; *%/%* *0 *4 %*%/'))\n"
	    "assert(lvmon.typeof(t.inner) == lvmon.typeof('inner'))\n"
	    "assert(lvmon.typeof('do_thing') == 'int do_thing(struct thing *thing, ...);\\n')\n"
	    "refused('no type, variable or function \"thong\"; did you mean thing', lvmon.typeof, "
	    "'thong')\n"
	    "assert(lvmon.variable('sys_call_table')[59] == lvmon.symbol('__x64_sys_execve'))\n"
	    "refused('no variable \"init_taks\"; did you mean init_task', lvmon.variable, "
	    "'init_taks')\n"
	    "refused('no type is known', lvmon.variable, 'kernel_execve')\n"
	    "refused('one for all CPUs', lvmon.percpu, 'sys_call_table', 0)\n"
	    "assert(lvmon.percpu(t, 0) == t and lvmon.percpu(t) == t)\n"
	    "refused('no CPU 1', lvmon.percpu, t, 1)\n"
	    "refused('no CPU -1', lvmon.percpu, t, -1)\n");
}

static void lists(void **state)
{
	struct made_thing *t = ram_at(THING), *u = ram_at(THING + 0x1000),
			  *v = ram_at(THING + 0x2000);

	*u = *t;
	*v = *t;
	t->next = FAKE_DIRECT + THING + 0x1008;
	u->next = FAKE_DIRECT + THING + 0x2008;
	v->next = FAKE_DIRECT + THING + 8;
	strcpy(u->name, "second");
	strcpy(v->name, "third");
	t->head = FAKE_DIRECT + THING + 0x1008;
	run("local names = {}\n"
	    "local l = lvmon.list(t.link, 'thing', 'link')\n"
	    "for o in l do names[#names + 1] = o.name end\n"
	    "assert(table.concat(names, ' ') == 'second third' and #l == 2 and l.complete)\n"
	    "assert(l:table()[1] == at + 0x1000 and l[2].name == 'third')\n"
	    "assert(#lvmon.list(at + 8, 'thing', 'link') == 2)\n"
	    "local h = lvmon.list(t.head, 'thing', 'link')\n"
	    "assert(not h.complete and h.reason:find('goes round'))\n"
	    "assert(h[1].name == 'second')\n"
	    "assert(not lvmon.list(at + 16, 'thing', 'link').complete)\n"
	    "refused('not the head', lvmon.list, t.inner, 'thing', 'link')\n"
	    "refused('no member', lvmon.list, t.link, 'thing', 'lnik')\n");
}

static void in_processes(void **state)
{
	struct made_thing t = {
		.first = 77,
		.name = "of a process",
		.self = 0x400000,
		.text = 0x400100,
	};

	fake_write(p, 0, &t, sizeof(t));
	fake_write(p, 0x100, "user text", 10);
	run("local q = lvmon.getproc()\n"
	    "local u = lvmon.cast('thing', 0x400000, q)\n"
	    "assert(u.first == 77 and u.name == 'of a process' and u.self.self.first == 77)\n"
	    "assert(u.self == u and lvmon.string(u.text) == 'user text' and u.inner.b == 0)\n"
	    "assert(lvmon.bytes(u, 1) == 'M' and lvmon.cast('long', 0x400000, q) == 77)\n"
	    "assert(tostring(u):find('of process 200'))\n"
	    "assert(lvmon.cast('thing', 0x400000) ~= u)\n"
	    "assert(lvmon.container_of(u.inner, 'thing', 'inner').first == 77)\n"
	    "assert(lvmon.addressof(lvmon.cast('thing', q)) == q.task)\n"
	    "refused('cannot be read', function() return lvmon.cast('thing', 4096, q).first end)\n"
	    "assert(lvmon.string(lvmon.cast('char *', 4096, q)) == nil)\n"
	    "assert(not pcall(lvmon.list, u.link, 'thing', 'link'))\n");
}

static void no_btf(void **state)
{
	linux_types_release();
	free((void *)kernel);
	kernel = NULL;
	fake_signature("n.lua", "local ok, e = pcall(lvmon.cast, 'thing', 0)\n"
				"assert(e:find('no BTF') and e:find('profile'), e)\n"
				"ok, e = pcall(lvmon.variable, 'sys_call_table')\n"
				"assert(e:find('no BTF'), e)\n"
				"ok, e = pcall(lvmon.typeof, 'x')\n"
				"assert(e:find('no BTF'), e)\n");
	assert_int_equal(fake_load(), 1);
}

/* Where there is no guest, whatever is asked of typed pointers has an answer. */
static void checked(void **state)
{
	engine_init(ENGINE_CHECK, NULL);
	fake_signature(
		"c.lua",
		"local t = lvmon.cast('task_struct', 0)\n"
		"assert(t.mm.pgd ~= 1 and #t.comm == 0 and t.pid + 1 == 0 and not (t.x < t))\n"
		"assert(tostring(t) == '' and t.name .. 'x' == '' and t.comm:find('x'))\n"
		"for o in lvmon.list(t.tasks, 'task_struct', 'tasks') do error('none') end\n"
		"assert(lvmon.percpu('runqueues', 0).curr.comm and lvmon.variable('x').y)\n"
		"assert(lvmon.container_of(t, 'a', 'b') and lvmon.sizeof('x') == 0)\n"
		"assert(lvmon.offsetof('x', 'y') == 0 and lvmon.enum('X') == 0)\n"
		"assert(lvmon.string(t) == '' and lvmon.bytes(t, 9) == '')\n"
		"assert(lvmon.typeof('x') == '' and lvmon.typename(t) == '')\n"
		"assert(lvmon.addressof(t) == 0)\n"
		"lvmon.cast()\n");
	assert_int_equal(fake_load(), 0);
	assert_int_equal(fake_count("error"), 1);
	assert_int_equal(fake_number("error", 0, "line"), 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values, setup, teardown),
		cmocka_unit_test_setup_teardown(pointers, setup, teardown),
		cmocka_unit_test_setup_teardown(arrays, setup, teardown),
		cmocka_unit_test_setup_teardown(casts, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(lists, setup, teardown),
		cmocka_unit_test_setup_teardown(in_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(no_btf, setup, teardown),
		cmocka_unit_test_setup_teardown(checked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
