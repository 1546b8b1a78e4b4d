// SPDX-License-Identifier: Apache-2.0
/*
 * Introspection of a kernel whose structures hold anything: tasks, mappings in a maple tree, paths,
 * cached pages, page tables, code. A structure of the input is a row of words whose addresses come
 * from a table of places that know each other.
 */
#include "engine/linux/hidden/hidden.h"
#include "engine/linux/process/process.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/linux_guest.h"

#define MAX_WORDS 512
#define TASK	  (GUEST_BASE + 0x20000)
#define MM	  (GUEST_BASE + 0x22000)
#define NODE	  (GUEST_BASE + 0x23000)
#define VMA	  (GUEST_BASE + 0x24000)
#define FILE_	  (GUEST_BASE + 0x25000)
#define DENTRY	  (GUEST_BASE + 0x26000)
#define MOUNT	  (GUEST_BASE + 0x27000)
#define MAPPING	  (GUEST_BASE + 0x28000)
#define XNODE	  (GUEST_BASE + 0x29000)
#define MODULES	  (GUEST_BASE + 0x2a000)
#define PAGES	  (GUEST_BASE + 0x30000)
#define PGD	  (GUEST_BASE + 0x40000)
#define CODE	  (GUEST_BASE + 0x1000)

static struct kernel_blob *blob;

static const uint64_t places[] = {
	TASK,
	TASK + 8,
	TASK + 0x400,
	MM,
	NODE | 0x1e,
	NODE | 0x0e,
	NODE + 0x116,
	VMA,
	VMA + 0x100,
	FILE_,
	DENTRY,
	DENTRY + 0x100,
	MOUNT,
	MOUNT + 0x80,
	MAPPING,
	XNODE + 2,
	PAGES,
	PAGES + 0x40,
	PGD,
	PGD - GUEST_BASE + 7,
	PGD - GUEST_BASE + 0x1007,
	GUEST_BASE + GUEST_RAM - 8,
	CODE,
	0x400000,
	0x402000,
	0x700000000000,
	GUEST_BASE,
	MODULES,
	MODULES + 0x40,
	MODULES + 0x80,
	MODULES + 0x100,
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static void set_up(void)
{
	static const struct guest_symbol symbols[] = {
		{"T_stext", GUEST_BASE},
		{"Tfunction", CODE},
		{"T__start___jump_table", GUEST_BASE + 0x2000},
		{"T__stop___jump_table", GUEST_BASE + 0x2040},
		{"T_etext", GUEST_BASE + 0x8000},
		{"Dinit_task", TASK},
		{"Dtasklist_lock", GUEST_BASE + 0x8f00}, /* no place: nobody has it */
		{"Dpage_offset_base", GUEST_BASE + 0x9000},
		{"Dvmemmap_base", GUEST_BASE + 0x9008},
		{"Dgate_vma", VMA + 0x200},
		{"Dvsyscall_mode", VMA + 0x300},
		{"Dinit_pid_ns", XNODE - 8},
		{"Dmodules", MODULES},
		{"Dmod_tree", MODULES + 0x40},
		{"Dmodule_kset", MODULES + 0x80},
		{"Dsys_call_table", MODULES + 0x100},
		{"Didt_table", MODULES + 0x200},
	};

	guest_start();
	guest_symbols(symbols, sizeof(symbols) / sizeof(symbols[0]));
	blob = (struct kernel_blob *)kernel;
	/* Offsets that keep members of one structure apart; arrays at the end. */
	for (int i = 0; i < NR_FIELDS; i++)
		blob->field[i] = 8 * (i % 16);
	blob->field[F_TASK_COMM] = 0x80;
	blob->field[F_MAPLE_RANGE_PIVOT] = 8;
	blob->field[F_MAPLE_RANGE_SLOT] = 128;
	blob->field[F_MAPLE_ARANGE_PIVOT] = 8;
	blob->field[F_MAPLE_ARANGE_SLOT] = 80;
	blob->field[F_MOUNT_MNT] = 0x20;
	blob->field[F_XA_NODE_SHIFT] = 0;
	blob->field[F_XA_NODE_SLOTS] = 0x28;
	blob->field[F_PAGE_SIZE] = 64;
	blob->field[F_UPID_SIZE] = 16;
	blob->enumerators_known = (1u << NR_ENUMERATORS) - 1;
	for (int i = 0; i < NR_ENUMERATORS; i++)
		blob->enumerator[i] = i;
	blob->current = 0x10;
	put64(GUEST_BASE + 0x9000, 0xffff888000000000);
	put64(GUEST_BASE + 0x9008, PAGES);
}

/* Spans ascend, lie in mappings, and what is said to be there is there. */
static void walk_spans(const struct linux_task *task)
{
	struct linux_memory space;
	struct linux_walk walk;
	struct linux_span span;
	uint64_t seen = 0;
	gva_t end = 0;

	if (linux_space(task, &space))
		return;
	linux_walk_start(&walk, &space, 0, ~0ull);
	for (int i = 0; i < 5000 && linux_walk_next(&walk, &span); i++) {
		size_t n = (size_t)span.size;

		must(span.size && span.va >= end && span.va + span.size > span.va);
		must(span.state < LINUX_SPAN_STATES);
		if (span.state == LINUX_SPAN_MAPPED || span.state == LINUX_SPAN_CACHED)
			must(guest_span(span.gpa, &n) && n == span.size);
		must(linux_memory_va(&space, linux_memory_offset(&space, span.va)) == span.va);
		end = span.va + span.size;
		seen += span.size;
	}
	must(seen <= space.size);
	linux_memory_free(&space);
}

/* What a view gives is whole: texts end, rows are in order. */
static void look_at_views(const struct linux_task *task)
{
	static char text[5000];
	struct linux_task *threads;
	struct linux_mount *mounts;
	struct linux_map *maps;
	uint64_t set;
	uint32_t number;
	int32_t id;
	size_t n, length;
	char letter;

	for (int i = 0; i < 8; i++) {
		(void)!linux_id(task, i & 1, &id);
		(void)!linux_owner(task, i % 6, &number);
		(void)!linux_capabilities(task, i % 5, &set);
		(void)!linux_namespace(task, i, &number);
	}
	(void)!linux_tty(task, &number);
	if (!linux_state(task, &letter))
		must(strchr("RSDTtXZPI", letter));
	if (!linux_cgroup(task, text, sizeof(text)))
		must(text[0] == '/' && memchr(text, '\0', sizeof(text)));
	if (!linux_arguments(task, text, sizeof(text), &length))
		must(length <= sizeof(text));
	(void)!linux_threads(task, &threads, &n);
	for (size_t i = 0; i < n; i++)
		must(threads[i].tgid == task->tgid);
	free(threads);
	(void)!linux_maps(task, &maps, &n);
	for (size_t i = 0; i < n; i++) {
		must(maps[i].name == LINUX_MAP_VSYSCALL || maps[i].start < maps[i].stop);
		must(!i || maps[i].name == LINUX_MAP_VSYSCALL || maps[i - 1].stop <= maps[i].start);
		if (i < 8 && !linux_map_path(&maps[i], text, sizeof(text)))
			must(memchr(text, '\0', sizeof(text)));
	}
	free(maps);
	(void)!linux_mounts(task, &mounts, &n);
	for (size_t i = 0; i < n && i < 8; i++)
		for (int which = 0; which <= LINUX_MOUNT_SOURCE; which++)
			if (!linux_mount_text(&mounts[i], which, text, i < 4 ? sizeof(text) : 5))
				must(memchr(text, '\0', i < 4 ? sizeof(text) : 5));
	free(mounts);
}

/* What is told has been seen, and is missing from what could be read. */
static void look_for_hidden(void)
{
	struct linux_hidden_list list = {0};

	(void)!linux_hidden_processes(&list);
	(void)!linux_hidden_modules(&list);
	(void)!linux_hidden_code(0, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct linux_hidden *h = &list.rows[i];

		must(h->seen && h->missing && !(h->seen & h->missing));
		must(memchr(h->name, '\0', sizeof(h->name)));
		must(h->kind == LINUX_HIDDEN_CODE || !(h->missing & ~list.sources));
	}
	free(list.rows);
}

static void look_at(const struct linux_task *task)
{
	static uint8_t bytes[20000];
	struct linux_memory memory;
	char text[300];
	uint64_t absent;

	must(memchr(task->comm, '\0', sizeof(task->comm)));
	if (!linux_exe(task, text, sizeof(text)))
		must(memchr(text, '\0', sizeof(text)));
	(void)!linux_exe(task, text, 5);
	if (!linux_cmdline(task, text, sizeof(text)))
		must(memchr(text, '\0', sizeof(text)));
	(void)!linux_process_read(task, 0x400ffc, bytes, 5000);
	walk_spans(task);
	look_at_views(task);
	if (linux_memory(task, &memory))
		return;
	for (size_t i = 0; i < memory.count && i < 8; i++) {
		const struct linux_area *a = &memory.areas[i];
		struct linux_page page;

		must(a->start < a->end && a->offset + (a->end - a->start) <= memory.size);
		must(linux_memory_va(&memory, a->offset) == a->start);
		must(!linux_memory_page(&memory, a->offset + (a->end - a->start) / 2, &page));
		must(page.left && page.left <= a->end - a->start);
		must(page.state == LINUX_PAGE_ABSENT || guest_ptr(page.gpa, 1));
	}
	if (memory.size) {
		uint64_t n = memory.size < sizeof(bytes) ? memory.size : sizeof(bytes);

		must(!linux_memory_read(&memory, memory.size - n, bytes, n, &absent));
		must(absent <= n);
	}
	must(linux_memory_read(&memory, memory.size, bytes, 1, &absent) == -ERANGE);
	linux_memory_free(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	static uint64_t undo[MAX_WORDS][2];
	struct linux_task *tasks, task;
	struct lvmon_trap hook;
	char text[128];
	size_t words = 0, count;
	gva_t pos = TASK;
	uint8_t way;

	if (!blob)
		set_up();
	kernel = blob;
	linux_guest_ran();
	way = (uint8_t)take(&in, 1);
	blob->levels = 4 + (way & 1);
	blob->field[F_MNT_NS_TREE] = way & 2 ? NO_FIELD : 0x28;
	blob->field[F_MM_MT_ROOT] = way & 4 ? NO_FIELD : 8 * (F_MM_MT_ROOT % 16);
	blob->root = PGD - GUEST_BASE;
	while (input_left(&in) && words < MAX_WORDS) {
		uint8_t op = (uint8_t)take(&in, 1);
		uint64_t value;

		if (op & 0x80) { /* go to another place */
			pos = places[(op & 0x7f) % PLACES] + 8 * take(&in, 1);
			continue;
		}
		if (op & 0x40) { /* skip */
			pos += 8 * (op & 0x3f);
			continue;
		}
		value = take_number(&in, places, PLACES);
		if (pos < GUEST_BASE || pos > GUEST_BASE + GUEST_RAM - 8)
			pos = TASK;
		memcpy(&undo[words][1], guest_at(pos), 8);
		undo[words++][0] = pos;
		put64(pos, value);
		pos += 8;
	}
	if (!linux_tasks(&tasks, &count) || tasks)
		for (size_t i = 0; i < count && i < 4; i++)
			look_at(&tasks[i]);
	free(tasks);
	(void)!linux_find_pid(7, &task);
	if (!linux_task(TASK, &task))
		look_at(&task);
	(void)!linux_current(TASK - 0x18, 0, 0, &task);
	if (!linux_trap_site(CODE, &hook, text, sizeof(text))) {
		struct linux_detour detour;

		must(hook.insn.length && hook.insn.length <= 15 &&
		     hook.insn.kind < LVMON_INSN_KINDS);
		must(hook.entry_size <= LVMON_ENTRY_SIZE);
		memset(hook.entry, 0, sizeof(hook.entry)); /* as if all of it had changed */
		linux_detour(&hook, &detour);
		if (hook.entry_size >= FENTRY_SIZE) {
			(void)!linux_kread(CODE, hook.entry, hook.entry_size - FENTRY_SIZE);
			linux_detour(&hook, &detour);
		}
	}
	look_for_hidden();
	while (words--)
		put64(undo[words][0], undo[words][1]);
	return 0;
}

#define GO(place, word) 0x80 | (place), (word)
#define PLACE(i)	0, 2 | (i) << 2, 0, 0

void fuzz_seeds(void)
{
	/* A list of two tasks, an mm with two mappings, a file with a path, a page table. */
	static const uint8_t seed[] = {
		0,	   GO(0, 0),  PLACE(2),	   0,	      7 << 2,	   0,	      7 << 2,
		PLACE(0),  PLACE(0),  PLACE(0),	   PLACE(3),  GO(2, 0),	   PLACE(0),  0,
		8 << 2,	   0,	      8 << 2,	   PLACE(0),  PLACE(0),	   PLACE(0),  PLACE(3),
		GO(3, 0),  PLACE(18), PLACE(7),	   PLACE(7),  PLACE(7),	   PLACE(4),  PLACE(4),
		PLACE(4),  PLACE(4),  0x48,	   PLACE(9),  PLACE(9),	   PLACE(5),  PLACE(5),
		PLACE(5),  PLACE(5),  GO(4, 1),	   0,	      1 | 20 << 2, 0,	      GO(4, 13),
		PLACE(7),  PLACE(8),  GO(7, 0),	   PLACE(23), PLACE(24),   PLACE(23), PLACE(24),
		PLACE(9),  PLACE(9),  PLACE(9),	   PLACE(23), PLACE(24),   PLACE(23), PLACE(24),
		GO(9, 0),  PLACE(12), PLACE(10),   PLACE(14), PLACE(12),   PLACE(10), PLACE(14),
		PLACE(12), PLACE(10), PLACE(14),   PLACE(12), PLACE(12),   PLACE(10), PLACE(14),
		GO(10, 0), PLACE(11), 0,	   5 << 2,    PLACE(11),   PLACE(11), PLACE(11),
		PLACE(11), PLACE(11), PLACE(11),   PLACE(11), 0,	   5 << 2,    PLACE(11),
		GO(18, 0), PLACE(20), GO(18, 255), 0x7f,      0x7f,	   0x7f,      0x7f,
		0x45,	   PLACE(20), PLACE(20),   GO(22, 0), 3,	   0x90,      0x90,
		0x55,	   0x48,      0x89,	   0xe5,      0x90,	   0x90,
	};
	/* A kernel thread whose function is in no module, of none. */
	static const uint8_t thread[] = {
		0, GO(0, 0),  PLACE(2),	 GO(2, 0),   PLACE(0),	GO(2, 8),  0,	      1 | 21 << 2,
		0, GO(2, 11), PLACE(10), GO(10, 12), PLACE(16), GO(27, 0), PLACE(27),
	};

	fuzz_seed(seed, sizeof(seed));
	fuzz_seed(thread, sizeof(thread));
	for (size_t n = 40; n < sizeof(seed); n += 40)
		fuzz_seed(seed, n);
}
