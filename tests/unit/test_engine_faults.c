// SPDX-License-Identifier: Apache-2.0
/*
 * The engine when memory is short, when the vmm refuses a call, when guest memory cannot be read:
 * signatures are loaded and events handled with each single allocation, call and read failing in
 * turn. Nothing may crash or leak, the guest goes on, and what did not happen is told.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sanitizer/lsan_interface.h>
#include "engine/events/lifecycle.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"
#include "tests/unit/fault_guest.h"
#include "tests/unit/types_maker.h"

#define MAX_FAULTS 100000

/* The vmm's side, each call of which may fail; its own work is not part of the trial. */
static const struct backend *inner;
static struct backend outer;
static unsigned int logged;

#define QUIETLY(type, call)                        \
	do {                                       \
		enum fault_kind kind = fault.kind; \
		type result;                       \
                                                   \
		fault.kind = FAULT_NONE;           \
		result = call;                     \
		fault.kind = kind;                 \
		return result;                     \
	} while (0)

static int mem_write(gpa_t gpa, const void *buf, size_t size)
{
	if (fault_now(FAULT_CALL))
		return -EFAULT;
	QUIETLY(int, inner->mem_write(gpa, buf, size));
}

static int mem_write_paused(gpa_t gpa, const void *buf, size_t size)
{
	if (fault_now(FAULT_CALL))
		return -ETIME;
	QUIETLY(int, inner->mem_write_paused(gpa, buf, size));
}

static int hold(void)
{
	if (fault_now(FAULT_CALL))
		return -ETIME;
	QUIETLY(int, inner->pause());
}

static int reg_read(enum lvmon_reg reg, uint64_t *value)
{
	if (fault_now(FAULT_CALL))
		return -EINVAL;
	QUIETLY(int, inner->reg_read(reg, value));
}

static int reg_write(enum lvmon_reg reg, uint64_t value)
{
	if (fault_now(FAULT_CALL))
		return -EPERM;
	QUIETLY(int, inner->reg_write(reg, value));
}

static int hook_add(const struct lvmon_hook *hook)
{
	if (fault_now(FAULT_CALL))
		return -ENOSPC;
	QUIETLY(int, inner->hook_add(hook));
}

static int hook_remove(uint32_t id)
{
	if (fault_now(FAULT_CALL))
		return -ENOENT;
	QUIETLY(int, inner->hook_remove(id));
}

static int set_task(const struct lvmon_task *task)
{
	if (fault_now(FAULT_CALL))
		return -EINVAL;
	QUIETLY(int, inner->set_task(task));
}

static int emit(const char *json, size_t size, bool bulk)
{
	if (fault_now(FAULT_CALL))
		return -EINVAL;
	QUIETLY(int, inner->emit(json, size, bulk));
}

static int blob_store(const void *blob, size_t size)
{
	if (fault_now(FAULT_CALL))
		return -ENOMEM;
	QUIETLY(int, inner->blob_store(blob, size));
}

static int log_line(const char *text, size_t size)
{
	logged += !memmem(text, size, "on purpose", 10);
	return 0;
}

/* Reads of guest memory: see unit.mk. */
int __real_linux_kread(gva_t va, void *buf, size_t size);
int __real_linux_process_read(const struct linux_task *task, gva_t va, void *buf, size_t size);
int __real_linux_memory_page(const struct linux_memory *mem, uint64_t offset,
			     struct linux_page *page);
int __wrap_linux_kread(gva_t va, void *buf, size_t size);
int __wrap_linux_process_read(const struct linux_task *task, gva_t va, void *buf, size_t size);
int __wrap_linux_memory_page(const struct linux_memory *mem, uint64_t offset,
			     struct linux_page *page);

int __wrap_linux_kread(gva_t va, void *buf, size_t size)
{
	return fault_now(FAULT_READ) ? -EFAULT : __real_linux_kread(va, buf, size);
}

int __wrap_linux_process_read(const struct linux_task *task, gva_t va, void *buf, size_t size)
{
	return fault_now(FAULT_READ) ? -EFAULT : __real_linux_process_read(task, va, buf, size);
}

int __wrap_linux_memory_page(const struct linux_memory *mem, uint64_t offset,
			     struct linux_page *page)
{
	return fault_now(FAULT_READ) ? -EFAULT : __real_linux_memory_page(mem, offset, page);
}

static const char signature[] =
	"local seen = 0\n"
	"lvmon.hook.syscall('openat', function(ev)\n"
	"	local p = lvmon.getproc()\n"
	"	seen = seen + 1\n"
	"	print('opened by', p.comm, p.exe, ev.args[1])\n"
	"	local text, absent = lvmon.memread(p.memory, 64)\n"
	"	if absent > 0 then error('not all is there') end\n"
	"	local all = lvmon.memread(0, 1 << 20)\n"
	"	if text:find('found') and not all:find('nothing like it', 1, true) then\n"
	"		lvmon.alert{message = 'found', technique = 'T1', data = {n = seen}}\n"
	"	end\n"
	"	local t = lvmon.cast('thing', 0xffff888100008000)\n"
	"	local l = lvmon.list(t.link, 'thing', 'link')\n"
	"	if not l.complete then error(l.reason) end\n"
	"	for o in l do if o.self.name ~= 'second' then error('wrong') end end\n"
	"	if lvmon.string(t.text) ~= 'text' then error('no text') end\n"
	"	if #lvmon.typeof('thing') < 100 or #lvmon.bytes(t) ~= 224 then error('short') end\n"
	"	for f in p:files() do if #f.path == 0 and f.kind ~= 'other' then error('no path') "
	"end end\n"
	"	if #lvmon.modules():table() ~= 2 or #lvmon.sockets():table() ~= 7 then "
	"error('short') end\n"
	"	if #lvmon.syscalls():table() ~= 2 or #lvmon.idt() ~= 3 then error('short') end\n"
	"	for q in lvmon.processes() do if q.pid == 1 then p:read(0x400000, 8) end end\n"
	"	lvmon.memwrite(p.memory + 4096, 'overwritten')\n"
	"	lvmon.regwrite('rax', lvmon.regread('rcx') + 1)\n"
	"end, { comm = 'calls' })\n"
	"lvmon.hook.syscall('execve', function() error('on purpose') end)\n";

/* Two of struct thing in a list. */
static void put_types(void)
{
	struct made_thing *t = (void *)(fake.ram + 0x8000), *second = (void *)(fake.ram + 0x9000);
	struct btf *btf = types_make();
	const void *raw;
	uint32_t size;

	raw = btf__raw_data(btf, &size);
	fake_types(raw, size);
	btf__free(btf);
	t->next = FAKE_DIRECT + 0x9008;
	t->text = FAKE_DIRECT + 0x9000 + offsetof(struct made_thing, rest);
	second->next = FAKE_DIRECT + 0x8008;
	second->self = FAKE_DIRECT + 0x9000;
	strcpy(second->name, "second");
	strcpy(second->rest, "text");
}

struct outcome {
	uint32_t loaded;
	size_t records, alerts;
	size_t told; /* errors and log lines that are not on purpose */
	bool written;
};

/* From the first program to the second event. */
static struct outcome scenario(enum fault_kind kind, uint64_t at, bool onwards, bool *happened)
{
	struct fake_process *p;
	struct outcome o = {0};

	fake_reset();
	inner = backend;
	outer = *backend;
	outer.mem_write = mem_write;
	outer.mem_write_paused = mem_write_paused;
	outer.pause = hold;
	outer.reg_read = reg_read;
	outer.reg_write = reg_write;
	outer.hook_add = hook_add;
	outer.hook_remove = hook_remove;
	outer.set_task = set_task;
	outer.emit = emit;
	outer.blob_store = blob_store;
	outer.log = log_line;
	backend = &outer;
	logged = 0;
	p = fake_process(200, "calls", 2, LINUX_PAGE_SHARED);
	fake_write(p, 0, "to be found", 11);
	put_types();

	fault_begin(kind, at, onwards);
	if (signature_add("f.lua", signature, strlen(signature)))
		o.told++; /* to the caller */
	else
		o.loaded = lifecycle_load();
	fake_event("__x64_sys_openat", p);
	fake_event("__x64_sys_execve", p);
	fake_event("__x64_sys_openat", p);
	*happened = fault_end();

	o.records = fake_count(NULL);
	o.alerts = fake_count("alert");
	o.told += logged + fake_count("lost") + fake_count("warning");
	for (size_t i = 0; i < fake_count("error"); i++)
		o.told += !strstr(fake_string("error", i, "message"), "on purpose");
	o.written = !memcmp(fake_bytes(p, 4096), "overwritten", 11);
	fake_free();
	return o;
}

static void walk(enum fault_kind kind, bool onwards)
{
	bool happened;
	struct outcome good = scenario(FAULT_NONE, 0, false, &happened);
	uint64_t n;

	assert_int_equal(good.loaded, 1);
	assert_int_equal(good.alerts, 2);
	assert_int_equal(good.told, 0);
	assert_true(good.written);
	for (n = 1; n < MAX_FAULTS; n++) {
		struct outcome o = scenario(kind, n, onwards, &happened);

		if (!happened)
			break;
		/* Whatever is missing was told, as a record or on the log. */
		if (o.alerts < good.alerts || !o.written || !o.loaded || o.records < good.records)
			if (!o.told)
				fail_msg("fault %llu of kind %d: %zu of %zu records, %zu alerts, "
					 "%s, and nobody was told",
					 (unsigned long long)n, kind, o.records, good.records,
					 o.alerts, o.written ? "written" : "not written");
		if (n % 64 == 0)
			assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
	}
	assert_in_range(n, 5, MAX_FAULTS - 1);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
	print_message("%llu faults of kind %d\n", (unsigned long long)n - 1, kind);
}

static void allocations(void **state)
{
	walk(FAULT_ALLOCATION, false);
}

static void allocations_from_one_on(void **state)
{
	walk(FAULT_ALLOCATION, true);
}

static void domain_calls(void **state)
{
	walk(FAULT_CALL, false);
	walk(FAULT_CALL, true);
}

static void guest_reads(void **state)
{
	walk(FAULT_READ, false);
	walk(FAULT_READ, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations),
		cmocka_unit_test(allocations_from_one_on),
		cmocka_unit_test(domain_calls),
		cmocka_unit_test(guest_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
