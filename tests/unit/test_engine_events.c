/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's life: kernel up, first program, signatures loaded; and what a successor does that is
 * started after its predecessor was killed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/events/dispatch.h"
#include "engine/events/hooks.h"
#include "engine/events/lifecycle.h"
#include "engine/events/sites.h"
#include "engine/signature/limit.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"

static struct lvmon_persist persist;
static struct lvmon_start start;
static char archive[32768];

static void tar_add(size_t *at, const char *name, const char *text)
{
	char *h = archive + *at;
	unsigned int sum = 8 * ' ', i;

	memset(h, 0, 512);
	strcpy(h, name);
	snprintf(h + 124, 12, "%011o", (unsigned int)strlen(text));
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	h[155] = ' ';
	strcpy(h + 512, text);
	*at += 512 + (strlen(text) + 511) / 512 * 512;
}

static void make_archive(const char *one, const char *two, const char *library)
{
	size_t at = 0;

	memset(archive, 0, sizeof(archive));
	tar_add(&at, "one.lua", one);
	tar_add(&at, "two.lua", two);
	tar_add(&at, "lib/part.lua", library);
	tar_add(&at, "README", "not a signature");
	start.archive = archive;
	start.archive_size = at + 1024;
}

static void add_profile(const char *text)
{
	size_t at = start.archive_size - 1024;

	tar_add(&at, "profile.btf", text);
	start.archive_size = at + 1024;
}

static int setup(void **state)
{
	fake_reset();
	memset(&persist, 0, sizeof(persist));
	memset(&start, 0, sizeof(start));
	start.abi_version = LVMON_ABI_VERSION;
	start.memory_quota = 1u << 30;
	start.persist = &persist;
	fake.unknown = true;
	fake.regs[LVMON_LSTAR] = 0x1234;
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

static void begin(void)
{
	engine_init(ENGINE_LIVE, &start);
	lifecycle_start();
}

/* The vmm kills the engine and starts a new one. */
static void restart(uint32_t reason)
{
	static char blob[8192] __attribute__((aligned(16)));

	dispatch_reset();
	hooks_close();
	sites_forget();
	limit_reset();
	fake.unknown = true;
	fake.trapped = true; /* traps stay armed: nothing can be decoded again */
	start.generation++;
	start.death = reason;
	start.blob = fake.blob ? blob : NULL;
	start.blob_size = fake.blob_size;
	if (fake.blob) {
		assert_true(fake.blob_size <= sizeof(blob));
		memcpy(blob, fake.blob, fake.blob_size);
	}
	begin();
}

static void kernel_up(void)
{
	struct lvmon_event ev = {.kind = LVMON_EV_KERNEL_UP, .sequence = 1};
	struct lvmon_verdict v;

	dispatch(&ev, &v);
	assert_int_equal(v.kind, LVMON_CONTINUE);
}

static struct lvmon_verdict first_program(void)
{
	struct lvmon_event ev;

	return fake_event_once("kernel_execve", fake_process(42, "swapper", 1, LINUX_PAGE_PRIVATE),
			       &ev);
}

#define SAY(x) "lvmon.hook.syscall('openat', function() print('" x "') end)"

static void in_order(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);

	make_archive("local part = require('part')\n" SAY(
			     "one") "print(part.x, require('part') == part)",
		     SAY("two"), "return { x = 5 }");
	begin();
	assert_int_equal(signature_count, 2);
	kernel_up();
	assert_int_equal(fake_count("kernel"), 1);
	assert_string_equal(fake_string("kernel", 0, "message"), "Linux of cardboard");
	assert_int_equal(fake.hooks, 1);
	assert_true(fake.armed[0].trap.gva == fake_symbol("kernel_execve") + 5);
	assert_int_equal(fake_count("print"), 0);
	first_program();
	assert_int_equal(fake_count("ready"), 1);
	assert_int_equal(fake_number("ready", 0, "signatures"), 2);
	assert_int_equal(fake_number("ready", 0, "hooks"), 2);
	assert_string_equal(fake_string("print", 0, "message"), "5\ttrue");
	assert_int_equal(fake.hooks, 1 + 4);
	assert_int_equal(fake.hooks_removed, 1);
	assert_true(fake.stored_first);
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("print", 1, "message"), "one");
	assert_string_equal(fake_string("print", 2, "message"), "two");
	/* It happens once. */
	first_program();
	assert_int_equal(fake_count("ready"), 1);
}

/* What `lvisor run --profile` puts into the archive; one of another kernel's is told. */
static void profile(void **state)
{
	make_archive(SAY("one"), SAY("two"), "");
	begin();
	assert_null(fake.btf);
	hooks_close();
	add_profile("types");
	begin();
	assert_int_equal(signature_count, 2);
	assert_int_equal(fake.btf_size, 5);
	assert_memory_equal(fake.btf, "types", 5);
	fake.btf_refused = "the profile is of another kernel";
	kernel_up();
	assert_int_equal(fake_count("kernel"), 1);
	assert_int_equal(fake_count("error"), 1);
	assert_string_equal(fake_string("error", 0, "message"), fake.btf_refused);
	first_program();
	assert_int_equal(fake_number("ready", 0, "signatures"), 2);
}

static void nothing_to_do(void **state)
{
	begin();
	kernel_up();
	assert_int_equal(fake_count(NULL), 0);
	assert_int_equal(fake.hooks, 0);
}

/* What needs no kernel is loaded, and can be. */
static void no_kernel(void **state)
{
	make_archive(SAY("one"), "print(lvmon.memread(0x1000, 4) == '\\0\\0\\0\\0')", "");
	fake.regs[LVMON_LSTAR] = 0;
	begin();
	kernel_up();
	assert_int_equal(fake_count("kernel"), 0);
	assert_non_null(strstr(fake_string("error", 0, "message"), "no image"));
	assert_non_null(strstr(fake_string("error", 0, "message"), "what works: physical memory"));
	assert_string_equal(fake_string("print", 0, "message"), "true");
	assert_int_equal(fake_count("error"), 2);
	assert_non_null(strstr(fake_string("error", 1, "message"), "kernel is not known"));
	assert_int_equal(fake_number("ready", 0, "signatures"), 1);
	assert_int_equal(fake_number("ready", 0, "failed"), 1);
	assert_int_equal(fake.hooks, 0);
}

/* What the kernel lacks is said once, and the rest goes on. */
static void lacking_kernel(void **state)
{
	json_t *missing;
	const char *text;

	make_archive(SAY("one"), SAY("two"), "");
	fake.no_pages = true; /* and there is no BTF here: no types */
	begin();
	kernel_up();
	assert_int_equal(fake_count("kernel"), 1);
	assert_int_equal(fake_count("warning"), 0);
	first_program();
	assert_int_equal(fake_count("warning"), 1);
	text = fake_string("warning", 0, "message");
	assert_non_null(
		strstr(text, "cannot be read: states of pages, something; what works: hooks"));
	missing = json_object_get(fake_record("warning", 0), "missing");
	assert_int_equal(json_object_size(missing), 2);
	assert_string_equal(json_string_value(json_object_get(missing, "states of pages")),
			    "struct page has no flags");
	assert_null(json_object_get(fake_record("warning", 0), "inferred"));
	assert_int_equal(fake_number("ready", 0, "signatures"), 2);
	/* A successor does not say it again. */
	start.generation = 1;
	start.blob = NULL;
	begin();
	assert_int_equal(fake_count("warning"), 1);
}

/* Without type information: at the first program, what memory tells; it is kept. */
static void inferring(void **state)
{
	unsigned int blobs;

	make_archive(SAY("one"), SAY("two"), "");
	fake.no_pages = fake.no_tasks = true;
	fake.inferred = 9;
	begin();
	kernel_up();
	assert_true(fake.no_tasks);
	blobs = fake.blobs;
	first_program();
	assert_false(fake.no_tasks);
	assert_true(fake.blobs > blobs);
	assert_int_equal(fake_count("warning"), 1);
	assert_int_equal(fake_number("warning", 0, "inferred"), 9);
	assert_int_equal(json_object_size(json_object_get(fake_record("warning", 0), "missing")),
			 2);
	assert_int_equal(fake_number("ready", 0, "signatures"), 2);
}

/* Nothing of processes at all: hooks go on. */
static void nothing_inferred(void **state)
{
	make_archive(SAY("one"), SAY("two"), "");
	fake.no_tasks = true;
	begin();
	kernel_up();
	first_program();
	assert_int_equal(fake_count("warning"), 1);
	assert_int_equal(fake_number("ready", 0, "signatures"), 2);
	assert_int_equal(fake_number("ready", 0, "hooks"), 2);
}

static void damaged_archive(void **state)
{
	make_archive(SAY("one"), SAY("two"), "");
	archive[1024 + 10] ^= 1; /* the second header */
	begin();
	assert_non_null(strstr(fake_string("error", 0, "message"), "damaged"));
	kernel_up();
	first_program();
	assert_int_equal(fake_number("ready", 0, "signatures"), 1);
}

/*
 * Killed in the first signature's handler: reported, and the event goes on with the second one's.
 */
static void killed_in_a_handler(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_verdict v;
	struct lvmon_event ev;
	unsigned int hooks;

	make_archive(SAY("one") SAY("one b"), SAY("two"), "");
	begin();
	kernel_up();
	first_program();
	hooks = fake.hooks;
	fake_event_once("__x64_sys_openat", p, &ev);
	assert_int_equal(fake_count("print"), 3);
	fake_forget_records();

	persist.phase = ENGINE_HANDLER;
	persist.signature = 0;
	persist.handler = 0;
	strcpy(persist.where, "one.lua:1");
	restart(LVMON_DEATH_FAULT);
	assert_int_equal(fake_count("ready"), 1); /* loaded again, from what was remembered */
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake.hooks, hooks + 6);
	ev.flags = LVMON_EVF_AGAIN;
	dispatch(&ev, &v);
	assert_int_equal(fake_count("restart"), 1);
	assert_string_equal(fake_string("restart", 0, "signature"), "one.lua");
	assert_string_equal(fake_string("restart", 0, "reason"), "fault");
	assert_string_equal(fake_string("restart", 0, "where"), "one.lua:1");
	assert_int_equal(fake_number("restart", 0, "strikes"), 1);
	assert_int_equal(engine.memory->counters[0].deaths, 1);
	assert_int_equal(engine.memory->counters[0].handlers, 3); /* kept, and the one behind it */
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(fake_record("restart", 0), "process"), "pid")),
			 200);
	assert_int_equal(fake_count("print"), 2);
	assert_string_equal(fake_string("print", 0, "message"), "one b");
	assert_string_equal(fake_string("print", 1, "message"), "two");
	/* The next event is for all. */
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("print"), 5);
	assert_int_equal(fake_count("restart"), 1);
}

/* The third death in a row is followed by a pause, which ends. */
static void deaths_lead_to_a_pause(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_verdict v;
	struct lvmon_event ev;
	int i;

	make_archive(SAY("one"), SAY("two"), "");
	begin();
	kernel_up();
	first_program();
	fake_event_once("__x64_sys_openat", p, &ev);
	fake.time_ns = ev.time_ns = engine_now();
	for (i = 0; i < 3; i++) {
		assert_int_equal(fake_count("cooldown"), 0);
		persist.phase = ENGINE_HANDLER;
		persist.signature = 0;
		persist.handler = 0;
		restart(LVMON_DEATH_TIME);
		ev.flags = LVMON_EVF_AGAIN;
		dispatch(&ev, &v);
	}
	assert_int_equal(fake_count("cooldown"), 1);
	fake_forget_records();
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("print"), 1);
	assert_string_equal(fake_string("print", 0, "message"), "two");
	fake.time_ns += 11000000000u;
	fake_event("__x64_sys_openat", p);
	assert_string_equal(fake_string("cooldown", 0, "state"), "end");
	assert_int_equal(fake_count("print"), 3);
}

/* Killed with time that another handler had used up: no strike, and it runs again. */
static void killed_late(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_verdict v;
	struct lvmon_event ev;

	make_archive(SAY("one"), SAY("two"), "");
	begin();
	kernel_up();
	first_program();
	fake_event_once("__x64_sys_openat", p, &ev);
	fake_forget_records();
	persist.phase = ENGINE_HANDLER;
	persist.signature = 1;
	persist.handler = 0;
	engine.memory->late = 1;
	restart(LVMON_DEATH_TIME);
	ev.flags = LVMON_EVF_AGAIN;
	dispatch(&ev, &v);
	assert_int_equal(fake_number("restart", 0, "strikes"), 0);
	assert_int_equal(fake_count("print"), 1);
	assert_string_equal(fake_string("print", 0, "message"), "two");
}

#define GUARD(word)                                                                             \
	"lvmon.hook.syscall('openat', function() print('" word "') end, { on_timeout = 'deny' " \
	"})\n"

static void is_denied(const struct lvmon_verdict *v, const char *reason)
{
	assert_int_equal(v->kind, LVMON_RETURN);
	assert_int_equal((int64_t)v->value, -EPERM);
	assert_int_equal(fake_count("denied"), 1);
	assert_string_equal(fake_string("denied", 0, "reason"), reason);
	assert_string_equal(fake_string("denied", 0, "signature"), "one.lua");
	assert_int_equal(fake_number("denied", 0, "errno"), EPERM);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(fake_record("denied", 0), "process"), "pid")),
			 200);
}

/* Killed in a handler that is to deny then; those behind it see the call all the same. */
static void killed_and_denied(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_verdict v;
	struct lvmon_event ev;

	make_archive(GUARD("one"), SAY("two"), "");
	begin();
	kernel_up();
	first_program();
	assert_int_equal(fake_event_once("__x64_sys_openat", p, &ev).kind, LVMON_CONTINUE);
	fake.time_ns = ev.time_ns = engine_now();
	fake_forget_records();
	for (int i = 0; i < 3; i++) {
		persist.phase = ENGINE_HANDLER;
		persist.signature = persist.handler = 0;
		engine.memory->on_timeout = HOOK_DENY; /* as its start has left it */
		restart(LVMON_DEATH_TIME);
		ev.flags = LVMON_EVF_AGAIN;
		dispatch(&ev, &v);
		is_denied(&v, "restart"); /* told once */
		assert_int_equal(fake_count("print"), i + 1);
	}
	/* Killed once more, in the second one: what was decided stays, and is not told again. */
	persist.phase = ENGINE_HANDLER;
	persist.signature = 1;
	engine.memory->on_timeout = HOOK_CONTINUE;
	restart(LVMON_DEATH_FAULT);
	fake_forget_records();
	dispatch(&ev, &v);
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal(fake_count("denied"), 0);
	/* The pause is no way round it. */
	fake_forget_records();
	v = fake_event("__x64_sys_openat", p);
	is_denied(&v, "cooldown");
	fake.time_ns += 11000000000u;
	assert_int_equal(fake_event("__x64_sys_openat", p).kind, LVMON_CONTINUE);
	assert_int_equal(fake_count("denied"), 1);
}

/* Not when the time was another one's, and not in an event that the engine did not die in. */
static void killed_and_not_denied(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_verdict v;
	struct lvmon_event ev;

	make_archive(GUARD("one"), SAY("two"), "");
	begin();
	kernel_up();
	first_program();
	fake_event_once("__x64_sys_openat", p, &ev);
	for (int late = 0; late < 2; late++) {
		persist.phase = ENGINE_HANDLER;
		persist.signature = persist.handler = 0;
		engine.memory->on_timeout = HOOK_DENY;
		engine.memory->late = (uint32_t)late;
		restart(LVMON_DEATH_TIME);
		ev.flags = late ? LVMON_EVF_AGAIN : 0;
		dispatch(&ev, &v);
		assert_int_equal(v.kind, LVMON_CONTINUE);
	}
	assert_int_equal(fake_count("denied"), 0);
}

static void killed_while_loading(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_event ev;
	struct lvmon_verdict v;

	make_archive(SAY("one"), SAY("two"), "");
	begin();
	kernel_up();
	persist.phase = ENGINE_LOAD;
	persist.signature = 0;
	restart(LVMON_DEATH_MEMORY);
	assert_int_equal(fake_count("ready"), 0);
	memset(&ev, 0, sizeof(ev));
	ev.kind = LVMON_EV_HOOK;
	ev.flags = LVMON_EVF_AGAIN;
	ev.hook = fake_symbol("kernel_execve") + 5;
	fake.trapped = false;
	dispatch(&ev, &v);
	assert_string_equal(fake_string("restart", 0, "phase"), "load");
	assert_string_equal(fake_string("restart", 0, "signature"), "one.lua");
	assert_int_equal(fake_number("ready", 0, "signatures"), 1);
	assert_int_equal(fake_number("ready", 0, "failed"), 1);
	fake_event("__x64_sys_openat", p);
	assert_int_equal(fake_count("print"), 1);
	assert_string_equal(fake_string("print", 0, "message"), "two");
}

static void killed_in_discovery(void **state)
{
	int i;

	make_archive(SAY("one"), SAY("two"), "");
	begin();
	for (i = 0; i < 3; i++) {
		/* As if discovery had begun and not come back. */
		engine.memory->discoveries++;
		persist.phase = ENGINE_DISCOVERY;
		restart(LVMON_DEATH_TIME);
	}
	kernel_up();
	assert_int_equal(fake_count("kernel"), 0);
	assert_string_equal(fake_string("restart", 0, "phase"), "discovery");
	assert_int_equal(fake_count("error"), 1);
}

static struct fake_process *guarded_process;

static struct lvmon_verdict at_guard(const char *function, uint64_t rdi, uint64_t rsi)
{
	struct lvmon_event ev;
	struct lvmon_verdict v;

	fake_event_once("__x64_sys_openat", guarded_process, &ev);
	ev.hook = fake_symbol(function) + 5;
	ev.regs[LVMON_RDI] = rdi;
	ev.regs[LVMON_RSI] = rsi;
	dispatch(&ev, &v);
	return v;
}

/* What takes the guest away is refused, followed or told, in a restarted engine too. */
static void guarded(void **state)
{
	struct lvmon_verdict v;
	int i;

	fake.power = true;
	guarded_process = fake_process(300, "sh", 1, LINUX_PAGE_PRIVATE);
	make_archive(SAY("one"), "lvmon.hook.func('hibernate', function() print('late') end)", "");
	begin();
	kernel_up();
	first_program();
	/* The second resource, and it is told once however long the ring of them is. */
	assert_int_equal(fake_count("memory"), 1);
	assert_int_equal(fake_number("memory", 0, "start"), 0x100000000);
	assert_int_equal(fake_number("memory", 0, "size"), 0x40000000);
	for (i = 0; i < 2; i++) {
		fake_forget_records();
		v = at_guard("pm_suspend", 3, 0);
		assert_int_equal(v.kind, LVMON_RETURN);
		assert_true((int64_t)v.value == -EPERM);
		assert_string_equal(fake_string("refused", 0, "what"), "suspend");
		assert_non_null(json_object_get(fake_record("refused", 0), "process"));
		/* suspend to idle */
		v = at_guard("pm_suspend", 1, 0);
		assert_int_equal(v.kind, LVMON_CONTINUE);
		assert_int_equal(fake_count("refused"), 1);
		v = at_guard("hibernate", 0, 0);
		assert_int_equal(v.kind, LVMON_RETURN);
		assert_int_equal(fake_count("refused"), 2);
		v = at_guard("add_memory_resource", 0, FAKE_RESOURCES + 64);
		assert_int_equal(v.kind, LVMON_CONTINUE);
		assert_int_equal(fake_number("memory", 0, "start"), 0x100000000);
		assert_true(json_is_false(json_object_get(fake_record("memory", 0), "watched")));
		v = at_guard("add_memory_resource", 0, FAKE_RESOURCES);
		assert_int_equal(fake_count("memory"), 2);
		assert_true(json_is_true(json_object_get(fake_record("memory", 1), "watched")));
		v = at_guard("add_memory_resource", 0, 0x1234);
		assert_int_equal(v.kind, LVMON_CONTINUE);
		v = at_guard("machine_kexec", 0, 0);
		assert_int_equal(v.kind, LVMON_NEW_KERNEL);
		assert_int_equal(fake_count("kexec"), 1);
		if (!i) {
			fake_forget_records();
			restart(LVMON_DEATH_FAULT);
			assert_int_equal(fake_count("memory"), 0);
		}
	}
}

/* What the kernel starts, from the first program on, is an event as any other start. */
static void kernel_starts(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	struct lvmon_verdict v;

	make_archive("lvmon.hook.syscall('execve', function(ev)\n"
		     "print(ev.via, ev.path, type(ev.args), ev.name)\n"
		     "if ev.via == 'kernel' then ev:deny(13) end end)",
		     SAY("two"), "return {}");
	begin();
	kernel_up();
	memcpy(fake.ram + 0x5000, "/init", 6);
	fake.init_path = FAKE_DIRECT + 0x5000;
	v = first_program();
	assert_int_equal(fake_count("error"), 0);
	assert_int_equal(fake_count("ready"), 1);
	assert_int_equal(fake_count("print"), 1);
	assert_string_equal(fake_string("print", 0, "message"),
			    "kernel\t/init\tnil\tkernel_execve");
	assert_int_equal(v.kind, LVMON_RETURN);
	assert_int_equal((int64_t)v.value, -13);
	first_program();
	assert_int_equal(fake_count("print"), 2);
	assert_int_equal(fake_count("ready"), 1);
	fake_event("__x64_sys_execve", p);
	assert_string_equal(fake_string("print", 2, "message"),
			    "syscall\tnil\ttable\t__x64_sys_execve");
}

static void front(struct fake_process *p, uint64_t state, enum linux_detour_kind kind, gva_t code)
{
	struct lvmon_event ev = {
		.kind = LVMON_EV_TRAP_CHANGED,
		.hook = fake_symbol("__x64_sys_openat") + 5,
		.task = p->task.task,
		.trap.state = (uint32_t)state,
	};
	struct lvmon_verdict v;

	fake.detour = (struct linux_detour){kind, code, 0};
	dispatch(&ev, &v);
	assert_int_equal(v.kind, LVMON_CONTINUE);
}

/* What stands in front of a trap is told once; what only its bytes say, when it stays. */
static void in_front_of_a_trap(void **state)
{
	struct fake_process *p = fake_process(200, "p", 1, LINUX_PAGE_PRIVATE);
	gva_t code = fake_symbol("schedule");
	int i;

	make_archive(SAY("one"), SAY("two"), "return {}");
	begin();
	kernel_up();
	first_program();
	fake_forget_records();
	for (i = 0; i < 3; i++)
		front(p, LVMON_TRAP_ENTRY, LINUX_DETOUR_NONE, 0); /* the guest's own tracers */
	front(p, LVMON_TRAP_ENTRY, LINUX_DETOUR_BREAKPOINT, 0);
	front(p, LVMON_TRAP_THERE, LINUX_DETOUR_NONE, 0);
	front(p, LVMON_TRAP_ENTRY, LINUX_DETOUR_CALL, code);
	front(p, LVMON_TRAP_ENTRY, LINUX_DETOUR_NONE, 0);
	assert_int_equal(fake_count("warning"), 0);
	for (i = 0; i < 3; i++)
		front(p, LVMON_TRAP_ENTRY, LINUX_DETOUR_USER, code);
	assert_int_equal(fake_count("warning"), 2); /* both signatures */
	assert_string_equal(fake_string("warning", 0, "hook"), "__x64_sys_openat");
	assert_string_equal(fake_string("warning", 0, "by"), "schedule+0x0");
	assert_string_equal(fake_string("warning", 1, "signature"), "two.lua");
	front(p, LVMON_TRAP_ENTRY, LINUX_DETOUR_USER, code + 64); /* another one */
	assert_int_equal(fake_count("warning"), 4);
	front(p, LVMON_TRAP_THERE, LINUX_DETOUR_NONE, 0);
	for (i = 0; i < 3; i++)
		front(p, LVMON_TRAP_ENTRY, LINUX_DETOUR_JUMP, code);
	assert_int_equal(fake_count("warning"), 6);
	assert_non_null(strstr(fake_string("warning", 5, "message"), "a jump in front of"));
	front(p, LVMON_TRAP_OVERWRITTEN, LINUX_DETOUR_NONE, 0);
	assert_int_equal(fake_count("warning"), 8);
	assert_non_null(strstr(fake_string("warning", 7, "message"), "other code over"));
	assert_int_equal(fake_count("error"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(profile, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_to_do, setup, teardown),
		cmocka_unit_test_setup_teardown(no_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(lacking_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(inferring, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_inferred, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_archive, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_in_a_handler, setup, teardown),
		cmocka_unit_test_setup_teardown(deaths_lead_to_a_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_late, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_and_denied, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_and_not_denied, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_while_loading, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_in_discovery, setup, teardown),
		cmocka_unit_test_setup_teardown(guarded, setup, teardown),
		cmocka_unit_test_setup_teardown(kernel_starts, setup, teardown),
		cmocka_unit_test_setup_teardown(in_front_of_a_trap, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
