/* SPDX-License-Identifier: Apache-2.0 */
/* The guest of cardboard, see engine_fake.h. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "engine/events/dispatch.h"
#include "engine/events/lifecycle.h"
#include "engine/events/sites.h"
#include "engine/linux/hidden/hidden.h"
#include "engine/linux/types/btf.h"
#include "engine/lua/api.h"
#include "engine/signature/limit.h"
#include "engine/signature/record.h"
#include "tests/unit/engine_fake.h"
#include <lvisor/select_run.h>

struct fake fake;

/* Types are read as they are in the engine; fake_types() says which there are. */
const struct kernel_blob *kernel;

static const char *const symbols[] = {
	"kernel_execve",
	"__x64_sys_execve",
	"__ia32_compat_sys_execve",
	"__x64_sys_execveat",
	"__x64_sys_openat",
	"__ia32_sys_openat",
	"__x64_sys_getpid",
	"access_process_vm",
	"get_user_pages_unlocked",
	"empty_zero_page",
	"__start_rodata",
	"schedule",
	"schedule_timeout_uninterruptible",
	"force_fatal_sig", /* not with fake.old_signals */
	"send_sig",
	"sys_call_table",
	"_text",
	"_end",
	/* these when fake.power is set */
	"pm_suspend",
	"hibernate",
	"machine_kexec",
	"add_memory_resource",
	"iomem_resource",
};

#define SYMBOLS	      (sizeof(symbols) / sizeof(*symbols))
#define POWER_SYMBOLS (SYMBOLS - 5)
#define PROCESSES     16
#define FAKE_TGID     0x100 /* offsets in a task */
#define FAKE_COMM     0x200

static struct fake_process processes[PROCESSES];
static size_t process_count;
static json_t *records;
static struct lvmon_ram ram = {0, FAKE_RAM};
static struct backend ops;

gva_t fake_symbol(const char *name)
{
	size_t i;

	for (i = 0; i < SYMBOLS; i++)
		if (strcmp(symbols[i], name) == 0 && (i < POWER_SYMBOLS || fake.power))
			return FAKE_KERNEL + i * 0x1000;
	return 0;
}

/* --- the vmm's side --- */

static int f_next_event(const struct lvmon_verdict *v, struct lvmon_event *ev)
{
	return -ENODATA;
}

static int f_mem_write(gpa_t gpa, const void *buf, size_t size)
{
	if (gpa >= FAKE_RAM || size > FAKE_RAM - gpa)
		return -EFAULT;
	if ((gpa & 4095) + size > 4096)
		return -EINVAL;
	memcpy(fake.ram + gpa, buf, size);
	fake.writes++;
	return 0;
}

static int f_mem_write_held(gpa_t gpa, const void *buf, size_t size)
{
	if (!fake.held || fake.hold_ends)
		return -ETIME;
	return f_mem_write(gpa, buf, size);
}

static int f_reg_read(enum lvmon_reg reg, uint64_t *value)
{
	*value = fake.regs[reg];
	return 0;
}

static int f_reg_write(enum lvmon_reg reg, uint64_t value)
{
	if (reg >= LVMON_NR_EVENT_REGS)
		return -EPERM;
	fake.regs[reg] = value;
	return 0;
}

static uint64_t f_mem_size(void)
{
	return FAKE_RAM;
}
static uint64_t f_cpu_time(void)
{
	return 12345;
}

static void keep_program(const struct lvmon_hook *hook, struct lvmon_sel *to)
{
	uint32_t at;

	assert_true(hook->selector_slots <= SELECT_SLOTS);
	if (!hook->selector_slots)
		return;
	assert_null(select_verify(hook->selector, hook->selector_slots, &at));
	memcpy(to, hook->selector, hook->selector_slots * sizeof(*to));
}

static int f_hook_add(const struct lvmon_hook *hook)
{
	fake.stored_first = fake.stored_first && fake.blobs > 0;
	if (fake.hooks < 64) {
		fake.armed[fake.hooks] = *hook;
		keep_program(hook, fake.programs[fake.hooks]);
	}
	return (int)++fake.hooks;
}

static int f_hook_remove(uint32_t id)
{
	fake.hooks_removed++;
	return 0;
}

static int f_task(const struct lvmon_task *task)
{
	return 0;
}

static int f_drain(uint32_t wait_ms, uint32_t more_ms)
{
	fake.drains++;
	return fake.drain;
}

static int f_emit(const char *json, size_t size, bool bulk)
{
	json_error_t error;
	json_t *r = json_loadb(json, size, 0, &error);

	/* Whatever the engine sends is one JSON object on one line, bounded. */
	assert_non_null(r);
	assert_true(json_is_object(r));
	assert_null(memchr(json, '\n', size));
	assert_true(size <= RECORD_SIZE_MAX);
	if (bulk)
		json_object_set_new(r, "bulk", json_true());
	json_array_append_new(records, r);
	return 0;
}

static int f_blob_store(const void *blob, size_t size)
{
	free(fake.blob);
	fake.blob = malloc(size);
	memcpy(fake.blob, blob, size);
	fake.blob_size = size;
	fake.blobs++;
	return 0;
}

static int f_log(const char *text, size_t size)
{
	return 0;
}

static int f_pause(void)
{
	if (fake.held)
		return -EBUSY;
	fake.holds++;
	if (fake.before_hold)
		fake.before_hold();
	if (!fake.hold_error)
		fake.held = true;
	return fake.hold_error;
}

static int f_resume(void)
{
	fake.releases++;
	fake.held = false;
	return fake.release_error;
}

/* --- introspection --- */

void (*linux_progress)(uint64_t done, uint64_t of);

int linux_discover(const struct linux_anchor *anchor, char *error, size_t error_size)
{
	if (anchor->lstar != 0x1234) {
		snprintf(error, error_size, "no image");
		return -ENOENT;
	}
	fake.unknown = false;
	return 0;
}

void linux_use_btf(const void *btf, size_t size)
{
	fake.btf = btf;
	fake.btf_size = size;
}

const char *linux_btf_refused(void)
{
	return fake.btf_refused;
}

bool linux_btf_used(void)
{
	return false;
}

bool linux_known(void)
{
	return !fake.unknown;
}

int linux_need(enum linux_facility f)
{
	if (fake.unknown)
		return -ENODATA;
	return (fake.no_pages && f == LINUX_PAGES) || (fake.no_tasks && f == LINUX_TASKS) ||
			       (!kernel && f == LINUX_TYPES)
		       ? -ENOTSUP
		       : 0;
}

const char *linux_missing(enum linux_facility f)
{
	if (!kernel && f == LINUX_TYPES)
		return "no BTF (CONFIG_DEBUG_INFO_BTF)";
	if (fake.lacking)
		return "struct x has no y";
	if (fake.no_tasks && f == LINUX_TASKS)
		return "no BTF";
	return fake.no_pages && f == LINUX_PAGES ? "struct page has no flags" : NULL;
}

int linux_infer(void)
{
	if (!fake.inferred)
		return -ENOENT;
	fake.no_tasks = false;
	return 0;
}

uint32_t linux_inferred(void)
{
	return fake.no_tasks ? 0 : fake.inferred;
}

const char *linux_facility_name(enum linux_facility f)
{
	return f == LINUX_PAGES ? "states of pages" : "something";
}

const char *linux_summary(void)
{
	return "Linux of cardboard";
}

int linux_save(void **blob, size_t *size)
{
	*blob = strdup("cardboard");
	if (!*blob)
		return -ENOMEM;
	*size = 10;
	return 0;
}

int linux_restore(const void *blob, size_t size)
{
	if (size != 10 || strcmp(blob, "cardboard"))
		return -EINVAL;
	fake.unknown = false;
	return 0;
}

int linux_symbol(const char *name, gva_t *va)
{
	if (fake.unknown)
		return -ENODATA;
	if ((fake.no_calls && strcmp(name, "access_process_vm") == 0) ||
	    ((fake.no_calls || fake.no_pages_call) && strcmp(name, "get_user_pages_unlocked") == 0))
		return -ENOENT;
	if (fake.old_signals && strcmp(name, "force_fatal_sig") == 0)
		return -ENOENT;
	*va = fake_symbol(name);
	return *va ? 0 : -ENOENT;
}

int linux_symbol_any(const char *name, gva_t *va)
{
	return linux_symbol(name, va);
}

int kread64(gva_t va, uint64_t *value)
{
	return linux_kread(va, value, sizeof(*value));
}

int kread32(gva_t va, uint32_t *value)
{
	return linux_kread(va, value, sizeof(*value));
}

int modules_each_btf(int (*fn)(const struct module_btf *m, void *arg), void *arg)
{
	return 0;
}

int linux_symbolize(gva_t va, char *buf, size_t size)
{
	size_t i = (va - FAKE_KERNEL) / 0x1000;

	if (va < FAKE_KERNEL || i >= SYMBOLS)
		return -ENOENT;
	snprintf(buf, size, "%s+0x%x", symbols[i], (unsigned int)(va & 0xfff));
	return 0;
}

int linux_each_symbol(const char *prefix, int (*fn)(const char *, gva_t, void *), void *arg)
{
	size_t i;

	for (i = 0; i < SYMBOLS; i++)
		if (strncmp(symbols[i], prefix, strlen(prefix)) == 0)
			fn(symbols[i], FAKE_KERNEL + i * 0x1000, arg);
	return 0;
}

int linux_enumerator(const char *name, int64_t *value)
{
	return -ENOENT;
}
int linux_kva_to_gpa(gva_t va, gpa_t *gpa)
{
	if (va < FAKE_KERNEL || va - FAKE_KERNEL >= FAKE_RAM)
		return -ENOENT;
	*gpa = va - FAKE_KERNEL;
	return 0;
}

void linux_guest_ran(void)
{
}

static struct fake_process *by_task(gva_t task)
{
	size_t i;

	for (i = 0; i < process_count; i++)
		if (processes[i].task.task == task)
			return &processes[i];
	return NULL;
}

int linux_kread(gva_t va, void *buf, size_t size)
{
	uint64_t *words = buf;
	size_t i;

	if (va == fake_symbol("sys_call_table") + 59 * 8) {
		words[0] = fake_symbol("__x64_sys_execve");
		return 0;
	}
	if (fake.power && (va == fake_symbol("iomem_resource") || va / 64 == FAKE_RESOURCES / 64 ||
			   va / 64 == FAKE_RESOURCES / 64 + 1)) {
		/* struct resource: start, end, name, flags, desc, parent, sibling, child */
		static const uint64_t resources[3][8] = {
			{0, UINT64_MAX, 0, 0x200, 0, 0, 0, FAKE_RESOURCES},
			{0x1000, FAKE_RAM - 1, 0, 0x01000200, 0, 0, FAKE_RESOURCES + 64, 0},
			{0x100000000, 0x13fffffff, 0, 0x01000200, 0, 0, FAKE_RESOURCES, 0},
		};

		memcpy(buf, resources[va < FAKE_KERNEL ? 1 + (va - FAKE_RESOURCES) / 64 : 0], size);
		return 0;
	}
	if (va >= FAKE_DIRECT && va - FAKE_DIRECT < FAKE_RAM &&
	    size <= FAKE_RAM - (va - FAKE_DIRECT)) {
		memcpy(buf, fake.ram + (va - FAKE_DIRECT), size);
		return 0;
	}
	if (va == fake_symbol("__start_rodata") && size <= 4096) {
		for (i = 0; i < size; i++)
			((uint8_t *)buf)[i] = (uint8_t)i;
		return 0;
	}
	if (by_task(va - FAKE_TGID) && size == sizeof(int32_t)) {
		memcpy(buf, &by_task(va - FAKE_TGID)->task.tgid, size);
		return 0;
	}
	if (by_task(va - FAKE_COMM) && size <= LINUX_COMM_SIZE) {
		memcpy(buf, by_task(va - FAKE_COMM)->task.comm, size);
		return 0;
	}
	if (va != 0xffff888000001000ull)
		return -EFAULT;
	for (i = 0; i < size / 8; i++)
		words[i] = 0x1111111111111100ull + i; /* pt_regs: the word's number */
	return 0;
}

int linux_trap_site(gva_t function, struct lvmon_trap *trap, char *error, size_t error_size)
{
	if (function == fake_symbol("__x64_sys_getpid") || fake.trapped) {
		snprintf(error, error_size, "no place for a trap");
		return -ENOTSUP;
	}
	memset(trap, 0, sizeof(*trap));
	trap->gva = function + 5;
	trap->gpa = 0x1000000 + (function & 0xffffff);
	return 0;
}

void linux_detour(const struct lvmon_trap *site, struct linux_detour *out)
{
	*out = fake.detour;
}

int linux_task_layout(struct linux_task_layout *layout)
{
	*layout = (struct linux_task_layout){.tgid = FAKE_TGID, .comm = FAKE_COMM};
	return 0;
}

int linux_task(gva_t task, struct linux_task *out)
{
	struct fake_process *p = by_task(task);

	if (!p)
		return -EFAULT;
	*out = p->task;
	return 0;
}

int linux_current(uint64_t gs, uint64_t kgs, uint32_t cpl, struct linux_task *out)
{
	return -ENODATA;
}

int linux_tasks(struct linux_task **tasks, size_t *count)
{
	size_t i;

	*count = 0;
	*tasks = malloc(PROCESSES * sizeof(**tasks));
	if (!*tasks)
		return -ENOMEM;
	for (i = 0; i < process_count; i++)
		(*tasks)[i] = processes[i].task;
	*count = process_count;
	return fake.endless ? -EOVERFLOW : 0;
}

int linux_find_pid(int32_t pid, struct linux_task *out)
{
	size_t i;

	for (i = 0; i < process_count; i++) {
		if (processes[i].task.tgid == pid) {
			*out = processes[i].task;
			return 0;
		}
	}
	return -ESRCH;
}

int linux_parent(const struct linux_task *task, struct linux_task *out)
{
	return task->ppid > 0 ? linux_find_pid(task->ppid, out) : -ESRCH;
}

int linux_exe(const struct linux_task *task, char *buf, size_t size)
{
	snprintf(buf, size, "%s", by_task(task->task)->exe);
	return 0;
}

int linux_cmdline(const struct linux_task *task, char *buf, size_t size)
{
	snprintf(buf, size, "%s -c x", by_task(task->task)->exe);
	return 0;
}

int linux_memory(const struct linux_task *task, struct linux_memory *out)
{
	struct fake_process *p = by_task(task->task);

	memset(out, 0, sizeof(*out));
	out->task = *task;
	out->size = p->pages * 4096;
	return 0;
}

int linux_user_regs(gva_t task, struct linux_user_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	regs->reg[16] = 0x401000;
	return 0;
}

size_t linux_auxv(const struct linux_task *task, void *buf, size_t size)
{
	static const uint64_t auxv[] = {9, 0x400000, 0, 0};

	memcpy(buf, auxv, sizeof(auxv));
	return sizeof(auxv);
}

/* One mapping of a file. */
int linux_space(const struct linux_task *task, struct linux_memory *out)
{
	static struct linux_area area;
	int err = linux_memory(task, out);

	area = (struct linux_area){
		.start = 0x400000, .end = 0x400000 + out->size, .flags = 5, .file = 1};
	out->areas = &area;
	out->count = 1;
	return err;
}

void linux_memory_free(struct linux_memory *mem)
{
}

bool linux_task_lives(const struct linux_task *was)
{
	/* linux_threads() makes them up. */
	struct fake_process *p = by_task(was->task - (was->pid != was->tgid ? 0x1000 : 0));

	return p && p->task.start_time == was->start_time;
}

bool linux_mm_lives(const struct linux_task *was)
{
	return linux_task_lives(was) && by_task(was->task)->task.mm == was->mm;
}

bool linux_memory_lives(const struct linux_memory *mem)
{
	return linux_mm_lives(&mem->task);
}

int linux_may_sleep(const struct lvmon_event *ev, bool sleeping_place)
{
	assert_true(sleeping_place);
	fake.sleep_cpu = ev->gs_base;
	return fake.may_sleep;
}

void linux_walk_start(struct linux_walk *w, const struct linux_memory *mem, gva_t from, gva_t end)
{
	gva_t last = 0x400000 + mem->size;

	memset(w, 0, sizeof(*w));
	w->mem = mem;
	w->left_out = mem->left_out;
	w->va = from < 0x400000 ? 0x400000 : from;
	w->end = end < last ? end : last;
}

void linux_walk_again(struct linux_walk *w)
{
}

bool linux_walk_next(struct linux_walk *w, struct linux_span *s)
{
	static const enum linux_span_state states[] = {
		[LINUX_PAGE_ABSENT] = LINUX_SPAN_SWAPPED, [LINUX_PAGE_PRIVATE] = LINUX_SPAN_MAPPED,
		[LINUX_PAGE_SHARED] = LINUX_SPAN_MAPPED,  [LINUX_PAGE_CACHED] = LINUX_SPAN_CACHED,
		[LINUX_PAGE_OTHERS] = LINUX_SPAN_MAPPED,
	};
	struct linux_page page;

	if (w->va >= w->end || linux_memory_page(w->mem, w->va - 0x400000, &page))
		return false;
	*s = (struct linux_span){states[page.state], w->va, page.left, page.gpa};
	if (s->size > w->end - w->va)
		s->size = w->end - w->va;
	w->va += s->size;
	w->bytes[s->state] += s->size;
	return true;
}

gva_t linux_memory_va(const struct linux_memory *mem, uint64_t offset)
{
	return offset < mem->size ? 0x400000 + offset : 0;
}

uint64_t linux_memory_offset(const struct linux_memory *mem, gva_t va)
{
	return va - 0x400000;
}

int linux_memory_page(const struct linux_memory *mem, uint64_t offset, struct linux_page *page)
{
	struct fake_process *p = by_task(mem->task.task);

	if (offset >= mem->size)
		return -ERANGE;
	if (fake.expire_at && ++fake.looked == fake.expire_at) {
		fake.looked = 0;
		engine.began = 0;
		if (fake.expire_signal)
			raise(SIGXCPU);
	}
	page->state = p->state[offset / 4096];
	page->gpa = p->gpa[offset / 4096] + offset % 4096;
	page->left = 4096 - offset % 4096;
	page->anonymous = page->state != LINUX_PAGE_CACHED && !p->of_a_file;
	return 0;
}

int linux_memory_read(const struct linux_memory *m, uint64_t o, void *b, size_t s, uint64_t *absent)
{
	return -ENOSYS;
}

int linux_process_read(const struct linux_task *task, gva_t va, void *buf, size_t size)
{
	struct fake_process *p = by_task(task->task);

	size_t i;

	if (va < 0x400000 || va - 0x400000 + size > p->pages * 4096)
		return -EFAULT;
	for (i = 0; i < size; i++)
		((uint8_t *)buf)[i] = *fake_bytes(p, va - 0x400000 + i);
	return 0;
}

/* A process that is in no list, a module, and code that a gate and a thread lead to, at the address
 * of the fake's first process. */
int linux_hidden_processes(struct linux_hidden_list *list)
{
	if (fake.looks++ < fake.looks_locked)
		return -EAGAIN;
	if (fake.endless) {
		strcpy(list->reason, "task list: it has no end");
		return 0;
	}
	list->rows = calloc(4, sizeof(*list->rows));
	if (!list->rows)
		return -ENOMEM;
	list->rows[list->count++] = (struct linux_hidden){
		.kind = LINUX_HIDDEN_PROCESS,
		.pid = 666,
		.tid = 666,
		.seen = 1u << LINUX_SOURCE_PIDS | 1u << LINUX_SOURCE_CPUS,
		.missing = 1u << LINUX_SOURCE_TASKS,
		.address = FAKE_KERNEL,
		.name = "beast",
	};
	return 0;
}

int linux_hidden_modules(struct linux_hidden_list *list)
{
	if (fake.hidden_error || !list->rows)
		return fake.hidden_error;
	list->rows[list->count++] = (struct linux_hidden){
		.kind = LINUX_HIDDEN_MODULE,
		.seen = 1u << LINUX_SOURCE_MEMORY,
		.missing = 1u << LINUX_SOURCE_MODULES,
		.address = FAKE_KERNEL,
		.name = "rk",
	};
	return 0;
}

int linux_hidden_code(gva_t idt, struct linux_hidden_list *list)
{
	if (fake.hidden_error || !list->count)
		return 0;
	list->rows[list->count++] = (struct linux_hidden){
		.kind = LINUX_HIDDEN_CODE,
		.seen = 1u << LINUX_SOURCE_IDT,
		.missing = 1u << LINUX_SOURCE_TEXT,
		.address = idt + 16,
		.name = "vector 1",
	};
	list->rows[list->count++] = (struct linux_hidden){
		.kind = LINUX_HIDDEN_CODE,
		.pid = 77,
		.tid = 77,
		.seen = 1u << LINUX_SOURCE_KTHREADS,
		.missing = 1u << LINUX_SOURCE_TEXT,
		.address = idt + 32,
		.name = "kernel thread 77 (worm)",
	};
	return 0;
}

const char *linux_source_name(enum linux_source view)
{
	static const char *const names[LINUX_SOURCES] = {
		"tasks", "pids",   "children", "threads", "cpus",     "modules", "sysfs",
		"tree",	 "memory", "calls",    "idt",	  "kthreads", "text"};

	return names[view];
}

bool linux_stopped(void)
{
	return false;
}

void linux_stop_when(bool (*time_is_up)(void))
{
	assert_non_null(time_is_up);
}

/* --- the tests' side --- */

void fake_types(const void *btf, size_t size)
{
	struct kernel_blob *b = calloc(1, sizeof(*b) + size);

	b->sec[SEC_BTF] = (struct section){sizeof(*b), (uint32_t)size};
	memcpy(b + 1, btf, size);
	kernel = b;
}

void fake_reset(void)
{
	fake_free();
	memset(&fake, 0, sizeof(fake));
	fake.ram = mmap(NULL, FAKE_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(fake.ram != MAP_FAILED);
	fake.next_page = 16 << 20;
	fake.stored_first = true;
	fake.time_ns = 1700000000123456789ull;
	records = json_array();
	ops = (struct backend){
		.next_event = f_next_event,
		.mem_write = f_mem_write,
		.mem_write_paused = f_mem_write_held,
		.reg_read = f_reg_read,
		.reg_write = f_reg_write,
		.mem_size = f_mem_size,
		.cpu_time = f_cpu_time,
		.hook_add = f_hook_add,
		.hook_remove = f_hook_remove,
		.set_task = f_task,
		.emit = f_emit,
		.blob_store = f_blob_store,
		.log = f_log,
		.pause = f_pause,
		.resume = f_resume,
		.drain = f_drain,
		.window = fake.ram,
		.ram = &ram,
		.ram_ranges = 1,
	};
	backend = &ops;
	api_init();
	engine_init(ENGINE_LIVE, NULL);
	limit_init(engine.persist->where, sizeof(engine.persist->where));
	limit_reset();
	fake_process(1, "init", 1, LINUX_PAGE_PRIVATE);
	fake_process(100, "sh", 8, LINUX_PAGE_PRIVATE);
}

void fake_free(void)
{
	dispatch_reset();
	if (backend)
		hooks_close();
	sites_forget();
	while (process_count) {
		struct fake_process *p = &processes[--process_count];

		free(p->state);
		free(p->gpa);
	}
	if (records)
		json_decref(records);
	records = NULL;
	if (fake.ram)
		munmap(fake.ram, FAKE_RAM);
	free(fake.blob);
	linux_types_release();
	free((void *)kernel);
	kernel = NULL;
	fake.ram = NULL;
	fake.blob = NULL;
}

static gpa_t new_page(void)
{
	gpa_t gpa = fake.next_page;

	/* Every other one: neighbours in a process are no neighbours in RAM. */
	fake.next_page += 8192;
	assert_true(fake.next_page <= FAKE_RAM);
	return gpa;
}

struct fake_process *fake_process(int pid, const char *comm, size_t pages,
				  enum linux_page_state state)
{
	struct fake_process *p = &processes[process_count];
	size_t i;

	assert_true(process_count < PROCESSES);
	memset(p, 0, sizeof(*p));
	p->task.task = 0xffff888003000000ull + 0x2000 * (uint64_t)process_count++;
	p->task.mm = p->task.task + 0x1000;
	p->task.pid = p->task.tgid = pid;
	p->task.ppid = pid == 1 ? 0 : 1;
	p->task.uid = 1000;
	p->task.start_time = 1000u + (uint64_t)pid;
	snprintf(p->task.comm, sizeof(p->task.comm), "%s", comm);
	snprintf(p->exe, sizeof(p->exe), "/bin/%s", comm);
	p->pages = pages;
	p->state = calloc(pages, sizeof(*p->state));
	p->gpa = calloc(pages, sizeof(*p->gpa));
	for (i = 0; i < pages; i++) {
		p->gpa[i] = new_page();
		p->state[i] = state;
	}
	return p;
}

void fake_page(struct fake_process *p, size_t page, enum linux_page_state state)
{
	p->state[page] = state;
}

uint8_t *fake_bytes(struct fake_process *p, uint64_t offset)
{
	return fake.ram + p->gpa[offset / 4096] + offset % 4096;
}

void fake_write(struct fake_process *p, uint64_t offset, const void *data, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		*fake_bytes(p, offset + i) = ((const uint8_t *)data)[i];
}

void fake_signature(const char *name, const char *text)
{
	assert_int_equal(signature_add(name, text, strlen(text)), 0);
}

static bool no_reg(const void *context, uint64_t what, uint64_t *value)
{
	return false;
}

static bool no_direct(gva_t va, const void **at)
{
	return false;
}

static bool by_kread(const void *context, gva_t va, void *to, uint32_t size)
{
	return linux_kread(va, to, size) == 0;
}

bool fake_selects(uint32_t hook, struct fake_process *p)
{
	static const struct select_guest guest = {no_reg, no_direct, by_kread};
	const struct lvmon_sel *program = fake.programs[hook];
	uint32_t slots = fake.armed[hook].selector_slots;
	uint64_t result;

	if (!slots)
		return true;
	return select_run(program, program + slots, p->task.task, &guest, NULL, &result) && result;
}

uint32_t fake_load(void)
{
	return lifecycle_load();
}

struct lvmon_verdict fake_event_once(const char *function, struct fake_process *p,
				     struct lvmon_event *ev)
{
	struct lvmon_verdict v;

	memset(ev, 0, sizeof(*ev));
	ev->kind = LVMON_EV_HOOK;
	ev->sequence = ++fake.sequence;
	ev->time_ns = fake.time_ns;
	ev->cpu = 1;
	ev->hook = fake_symbol(function) + 5;
	ev->task = p->task.task;
	ev->regs[LVMON_RDI] = 0xffff888000001000ull;
	if (fake.init_path && strcmp(function, "kernel_execve") == 0)
		ev->regs[LVMON_RDI] = fake.init_path;
	dispatch(ev, &v);
	return v;
}

/* The page is the process's own now, as after a write to it. */
static void own(struct fake_process *p, size_t page)
{
	gpa_t copy = new_page();

	if (p->state[page] == LINUX_PAGE_PRIVATE)
		return;
	fake.touched += p->state[page] == LINUX_PAGE_ABSENT;
	memcpy(fake.ram + copy, fake.ram + p->gpa[page], 4096);
	p->gpa[page] = copy;
	if (!p->stays_shared)
		p->state[page] = LINUX_PAGE_PRIVATE;
}

static uint64_t get_user_pages_unlocked(const struct lvmon_verdict *v, struct fake_process *p)
{
	size_t page = (v->args[0] - 0x400000) / 4096, i;

	assert_true(v->args[0] % 4096 == 0 && page + v->args[1] <= p->pages);
	assert_true(v->args[2] == 0 && v->args[3] == 0x31); /* FOLL_WRITE, FORCE, NOWAIT */
	fake.calls++;
	if (fake.calls_fail)
		return (uint64_t)-14;
	for (i = 0; i < v->args[1]; i++)
		own(p, page + i);
	return v->args[1];
}

/* access_process_vm, as Linux does it to a private mapping. */
static uint64_t access_process_vm(const struct lvmon_verdict *v, struct fake_process *p)
{
	uint64_t offset = v->args[1] - 0x400000, n = v->args[3];
	bool zeros = v->args[2] == fake_symbol("empty_zero_page");
	uint8_t byte = (uint8_t)(v->args[2] - fake_symbol("__start_rodata"));

	if (!n) {
		fake.pauses++;
		return 0;
	}
	fake.calls++;
	assert_true((v->args[4] & ~0x8000ull) == 0x11);
	/* A constant, which changes nothing, or zeros where no file can get them. */
	assert_true(zeros ? v->args[4] == 0x8011
			  : n == 1 && v->args[2] - fake_symbol("__start_rodata") < 4096);
	if (n > 4096 - offset % 4096)
		fake.short_calls++; /* reads behind the page of zeros */
	if (fake.calls_fail || ((v->args[4] & 0x8000) &&
				(p->of_a_file || p->state[offset / 4096] == LINUX_PAGE_CACHED)))
		return (uint64_t)-14;
	if (!zeros && !fake.before_call)
		assert_int_equal(*fake_bytes(p, offset), byte);
	own(p, offset / 4096);
	memset(fake_bytes(p, offset), zeros ? 0 : byte, n);
	return n;
}

static uint64_t guest_function(const struct lvmon_verdict *v, const struct lvmon_event *from)
{
	struct fake_process *p;

	if (fake.before_call)
		fake.before_call();
	assert_false(fake.held);
	if (v->function == fake_symbol("get_user_pages_unlocked")) {
		p = by_task(from->task);
		assert_non_null(p);
		return get_user_pages_unlocked(v, p);
	}
	if (v->function == fake_symbol("access_process_vm")) {
		p = by_task(v->args[0]);
		assert_non_null(p);
		return access_process_vm(v, p);
	}
	fake.calls++;
	if (v->function == fake_symbol("schedule")) {
		fake.pauses++;
	} else if (v->function == fake_symbol("schedule_timeout_uninterruptible")) {
		fake.waits++;
	} else {
		assert_true(v->function == fake_symbol("force_fatal_sig") ||
			    v->function == fake_symbol("send_sig"));
		fake.killed = v->args[0];
		fake.killed_task = v->args[1];
	}
	return 0;
}

struct lvmon_event fake_call(const struct lvmon_verdict *v, const struct lvmon_event *from)
{
	struct lvmon_event ev = *from;

	assert_int_equal(v->kind, LVMON_CALL_GUEST);
	ev.kind = LVMON_EV_CALL_DONE;
	ev.sequence = ++fake.sequence;
	ev.call.id = v->call;
	ev.cpu = 0;
	ev.gs_base += 0x1000; /* on another CPU */
	ev.call.result = guest_function(v, from);
	return ev;
}

struct lvmon_verdict fake_event(const char *function, struct fake_process *p)
{
	struct lvmon_event ev;
	struct lvmon_verdict v = fake_event_once(function, p, &ev);

	while (v.kind == LVMON_CALL_GUEST) {
		ev = fake_call(&v, &ev);
		dispatch(&ev, &v);
	}
	return v;
}

json_t *fake_record(const char *kind, size_t i)
{
	json_t *r;
	size_t at;

	json_array_foreach(records, at, r)
	{
		if (!kind || strcmp(json_string_value(json_object_get(r, "kind")), kind) == 0)
			if (i-- == 0)
				return r;
	}
	return NULL;
}

size_t fake_count(const char *kind)
{
	size_t n = 0;

	while (fake_record(kind, n))
		n++;
	return n;
}

const char *fake_string(const char *kind, size_t i, const char *key)
{
	const char *s = json_string_value(json_object_get(fake_record(kind, i), key));

	return s ? s : "(none)";
}

long long fake_number(const char *kind, size_t i, const char *key)
{
	json_t *n = json_object_get(fake_record(kind, i), key);

	return json_is_integer(n) ? json_integer_value(n) : -1;
}

void fake_forget_records(void)
{
	json_array_clear(records);
}
