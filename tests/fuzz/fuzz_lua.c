// SPDX-License-Identifier: Apache-2.0
/*
 * The Lua API's functions with any arguments: the input is made into a signature, a row of calls
 * each in a pcall, which runs as a handler on a guest of cardboard. Records that come of it are
 * checked there (engine_fake.c): one JSON object each, bounded.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/time.h>
#include <cmocka.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/engine_fake.h"
#include "tests/unit/types_maker.h"

#define MAX_CALLS 12
#define THING	  0x8000 /* in RAM */

/* a, b, c: arguments; v: the last result, of which the table keeps views and address objects. */
static const char *const calls[] = {
	"lvmon.memread(a, b)",
	"lvmon.memread(v, b)",
	"lvmon.memwrite(a, b)",
	"lvmon.memwrite(a, v)",
	"lvmon.memwrite(v, b)",
	"lvmon.symbol(a)",
	"lvmon.symbolize(a)",
	"lvmon.regread(a)",
	"lvmon.regwrite(a, b)",
	"lvmon.getproc(a)",
	"lvmon.getproc()",
	"lvmon.processes()",
	"lvmon.processes():table(a)",
	"lvmon.processes()[a]",
	"v(a, b)",
	"v[a]",
	"v:table()",
	"p:table()",
	"p:threads()",
	"p:maps()",
	"p:mounts()",
	"lvmon.mounts(a)",
	"p:read(a, b)",
	"p:va(a)",
	"p:find(a, b, c)",
	"p:findall(a, b, c)",
	"p:read(a, b, c)",
	"v()",
	"v:report()",
	"p.memory + a",
	"v + a",
	"v - a",
	"v:sub(a, b)",
	"v:byte(a, b)",
	"v:find(a, b, c)",
	"v:match(a, b)",
	"string.find(v, a, b)",
	"#v",
	"v:absent()",
	"lvmon.alert{message = a, severity = b, technique = c, process = p}",
	"print(a, b, v)",
	"lvmon.memsize(a)",
	"ev[a]",
	"p[a]",
	"v",
	"v == p.memory",
	"v < p.memory",
	"tostring(v)",
	"lvmon.hook.address(a, b, c)",
	"lvmon.hook.syscall(a, print, b)",
	"string.rep(a, b)",
	"ev:deny(a)",
	"lvmon.counters(a)",
	"lvmon.modules()",
	"lvmon.sockets()",
	"lvmon.syscalls()",
	"lvmon.idt()",
	"p:files()",
	"p:files()[a].socket",
	"lvmon.cast(a, b)",
	"lvmon.cast('thing', t)",
	"lvmon.cast(a, v, p)",
	"lvmon.cast('thing', b, p)",
	"t",
	"t[a]",
	"v.self",
	"v.inner",
	"v[a][b]",
	"lvmon.string(v, a)",
	"lvmon.bytes(v, a)",
	"lvmon.container_of(v, a, b)",
	"lvmon.list(t.link, a, b)",
	"lvmon.list(v, 'thing', 'link')",
	"lvmon.percpu(v, a)",
	"lvmon.percpu(a, b)",
	"lvmon.variable(a)",
	"lvmon.sizeof(a)",
	"lvmon.sizeof(v)",
	"lvmon.offsetof(a, b)",
	"lvmon.addressof(v, a)",
	"lvmon.typename(v)",
	"lvmon.typeof(a)",
	"lvmon.enum(a, b)",
	"v == t",
	"p:dump(a)",
	"lvmon.dump(a)",
	"lvmon.symbols(a)",
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static char text[32768];
static size_t used;

static void __attribute__((format(printf, 1, 2))) put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used += (size_t)vsnprintf(text + used, sizeof(text) - used, format, args);
	va_end(args);
	must(used < sizeof(text));
}

static void put_argument(struct input *in)
{
	static const uint64_t table[] = {0x1000,   16 << 20,   64 << 20, 8 * 4096, 4 * 4096,
					 0x400000, 1ull << 63, 65536,	 1 << 20,  59};
	static const char *const strings[] = {"'rax'",
					      "'rip'",
					      "'kernel_execve'",
					      "'openat'",
					      "'[a-z]+'",
					      "'%f[%w]x'",
					      "'(.-)%1'",
					      "'high'",
					      "'T1486'",
					      "'r'",
					      "'thing'",
					      "'name'",
					      "'inner.b'",
					      "'u8[9]'",
					      "'GREEN'",
					      "'array'",
					      "'struct inner **'",
					      "'link'",
					      "'sys_call_table'",
					      "t"};

	switch (take(in, 1) % 9) {
	case 0:
		put("p.memory");
		break;
	case 1:
		put("p");
		break;
	case 2:
		put("v");
		break;
	case 3:
		put("%s", (const char *[]){"nil", "true", "1.5", "-0.0", "1e300", "{}", "0/0",
					   "print"}[take(in, 1) & 7]);
		break;
	case 4: {
		size_t n = take(in, 1) % 40;

		put("\"");
		while (n--)
			put("\\x%02x", (unsigned int)take(in, 1));
		put("\"");
		break;
	}
	case 5:
		put("%s", strings[take(in, 1) % (sizeof(strings) / sizeof(strings[0]))]);
		break;
	default:
		put("%lld", (long long)take_number(in, table, 10));
	}
}

/* The kernel has types, and there is a struct thing. */
static void put_types(void)
{
	static const struct made_thing thing = {
		.next = FAKE_DIRECT + THING + 8,
		.name = "a thing",
		.bytes = {1, 2, 3},
		.other = FAKE_DIRECT + THING + 48,
		.table = FAKE_DIRECT + THING + 64,
		.color = 5,
		.text = FAKE_DIRECT + THING + 24,
		.self = FAKE_DIRECT + THING,
	};
	static void *raw;
	static uint32_t size;

	if (!raw) {
		struct btf *btf = types_make();
		const void *made = btf__raw_data(btf, &size);

		raw = malloc(size);
		memcpy(raw, made, size);
		btf__free(btf);
	}
	fake_types(raw, size);
	memcpy(fake.ram + THING, &thing, sizeof(thing));
}

static void on_time(int signal)
{
	(void)signal;
	raise(SIGXCPU); /* as the vmm sends it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct itimerval once = {.it_value = {.tv_usec = 50000}}, none = {.it_value = {0}};
	struct input in = input_of(data, size);
	struct fake_process *p;

	used = 0;
	put("lvmon.hook.syscall('openat', function(ev)\nlocal p, v = lvmon.getproc(), 0\n"
	    "local t = lvmon.cast('thing', %lld)\n"
	    "local function try(f) local ok, r = pcall(f) if ok and r ~= nil then v = r end end\n",
	    (long long)(FAKE_DIRECT + THING));
	for (int i = 0; i < MAX_CALLS && input_left(&in); i++) {
		const char *call = calls[take(&in, 1) % CALLS];

		put("try(function() local a, b, c = ");
		for (int k = 0; k < 3; k++) {
			put_argument(&in);
			put("%s", k < 2 ? ", " : "\n");
		}
		put("return %s end)\n", call);
	}
	put("end)\n");
	fake_reset();
	p = fake_process(200, "calls", 4, (enum linux_page_state)(size & 3));
	fake_write(p, 100, "text that is found", 18);
	put_types();
	fake_signature("t.lua", text);
	must(fake_load() == 1);
	signal(SIGVTALRM, on_time);
	setitimer(ITIMER_VIRTUAL, &once, NULL);
	fake_event("__x64_sys_openat", p);
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	must(!fake.short_calls);
	fake_free();
	return 0;
}

/* Where a call is in calls[]. */
static uint8_t number_of(const char *text)
{
	uint8_t i = 0;

	while (i < CALLS && strcmp(calls[i], text))
		i++;
	must(i < CALLS);
	return i;
}

void fuzz_seeds(void)
{
	const uint8_t address = number_of("p.memory + a");

	for (uint8_t call = 0; call < CALLS; call++) {
		uint8_t one[] = {call, 0, 6, 2 | 3 << 2, 0, 0, 6, 1 << 2};
		uint8_t of_view[] = {0,	   0, 6,   2 | 3 << 2, 0,      0, 6,	  0,
				     call, 5, 4,   6,	       1 << 2, 6, 9 << 2, call,
				     4,	   3, 'f', 'o',	       'u',    6, 1 << 2};
		uint8_t of_object[] = {address, 6,    100 << 2 & 0xff,
				       6,	0,    6,
				       0,	call, 6,
				       16 << 2, 6,    2,
				       0,	0,    call,
				       5,	call, 4,
				       2,	'a',  'b'};

		fuzz_seed(one, sizeof(one));
		fuzz_seed(of_view, sizeof(of_view));
		fuzz_seed(of_object, sizeof(of_object));
	}
}
