/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-views: a process, a thread or a module is taken out of one of the kernel's structures after
 * the other; and structures that loop, lead nowhere or are being changed.
 */
#include "engine/linux/hidden/hidden.h"
#include "tests/unit/linux_guest.h"

/* task_struct */
enum {
	TASKS = 0,
	CHILDREN = 16,
	SIBLING = 32,
	NODE = 48,    /* thread_node */
	SE_NODE = 64, /* se.group_node */
	LINKS = 80,   /* pid_links[0] */
	LEADER = 96,
	SIGNAL = 104,
	THREAD_PID = 112,
	PARENT = 120,
	MM = 128,
	PID = 136,
	TGID = 140,
	FLAGS = 144,
	EXIT_STATE = 148,
	COMM = 152,
	KTHREAD = 168, /* worker_private */
	TASK_SIZE = 176
};
enum { K_FUNCTION = 8, K_SIZE = 16 };
enum { SIGNAL_THREADS = 8, SIGNAL_SIZE = 32 };
enum { PID_TASKS = 16, PID_SIZE = 32 };
enum { RQ_CURR = 0, RQ_IDLE = 8, RQ_TASKS = 16, RQ_SIZE = 32 };
enum { SLOTS = 40, XNODE_SIZE = 40 + 64 * 8 };
/* module; mod_tree_node; module_kobject */
enum {
	M_STATE = 0,
	M_LIST = 8,
	M_NAME = 24,
	M_MKOBJ = 88,
	M_MTN = 160,
	M_TAINTS = 224,
	M_CORE = 232, /* base, size, size of the code */
	M_INIT = 248,
	M_SIZE = 320
};
enum { MTN_MOD = 0, MTN_NODE = 8, RB_SIZE = 24, RB_RIGHT = 8, RB_LEFT = 16 };
enum { KOBJ_ENTRY = 8, MKOBJ_MOD = 64 };

#define INIT	 (GUEST_BASE + 0x1000)
#define LOCK	 (GUEST_BASE + 0x2000)
#define NS	 (GUEST_BASE + 0x2100)
#define RQS	 (GUEST_BASE + 0x2200) /* of CPU 0; CPU 1's behind it */
#define OFFSETS	 (GUEST_BASE + 0x2300)
#define CPUS	 (GUEST_BASE + 0x2310)
#define MODULES	 (GUEST_BASE + 0x2400)
#define KSET	 (GUEST_BASE + 0x2410) /* the variable */
#define SET	 (GUEST_BASE + 0x2420)
#define TREE	 (GUEST_BASE + 0x2440) /* sequence, two roots */
#define ROOT	 (GUEST_BASE + 0x4000) /* page tables, four of them */
#define TEXT	 (GUEST_BASE + 0x100)
#define READ	 (GUEST_BASE + 0x200) /* a system call's function */
#define TEXT_END (GUEST_BASE + 0x300)
#define CALLS	 (GUEST_BASE + 0x2500) /* three of them */
#define IDT	 (GUEST_BASE + 0xa000)
#define AREA	 0xffffffffc0800000ull /* memory for modules: two pages here */
#define PAGES	 (GUEST_BASE + 0x8000)

static gva_t xnode, idle[2];
static struct linux_hidden_list list;

static uint64_t get64(gva_t va)
{
	uint64_t value;

	memcpy(&value, guest_at(va), 8);
	return value;
}

static void list_init(gva_t head)
{
	put64(head, head);
	put64(head + 8, head);
}

static void list_add(gva_t head, gva_t node)
{
	gva_t last = get64(head + 8);

	put64(node, head);
	put64(node + 8, last);
	put64(last, node);
	put64(head + 8, node);
}

static void list_del(gva_t node)
{
	put64(get64(node + 8), get64(node));
	put64(get64(node) + 8, get64(node + 8));
}

static gva_t task_at(gva_t t, int pid, const char *comm)
{
	gva_t signal = guest_alloc(SIGNAL_SIZE, 8);

	memset(guest_at(t), 0, TASK_SIZE);
	list_init(t + TASKS);
	list_init(t + CHILDREN);
	list_init(signal + SIGNAL_THREADS);
	list_add(signal + SIGNAL_THREADS, t + NODE);
	put64(t + SIGNAL, signal);
	put64(t + LEADER, t);
	put64(t + PARENT, INIT);
	put32(t + PID, (uint32_t)pid);
	put32(t + TGID, (uint32_t)pid);
	memcpy(guest_at(t + COMM), comm, strlen(comm));
	return t;
}

/* Into the pid allocator. */
static void number(gva_t t, int pid)
{
	gva_t p = guest_alloc(PID_SIZE, 8);

	put64(p + PID_TASKS, t + LINKS);
	put64(t + THREAD_PID, p);
	put64(xnode + SLOTS + 8 * (gva_t)pid, p);
}

static gva_t process(int pid, gva_t parent, const char *comm)
{
	gva_t t = task_at(guest_alloc(TASK_SIZE, 8), pid, comm);

	list_add(INIT + TASKS, t + TASKS);
	list_add(parent + CHILDREN, t + SIBLING);
	number(t, pid);
	return t;
}

static gva_t thread(int tid, gva_t leader)
{
	gva_t t = task_at(guest_alloc(TASK_SIZE, 8), tid, "thread");

	put64(t + LEADER, leader);
	put64(t + SIGNAL, get64(leader + SIGNAL));
	list_add(get64(leader + SIGNAL) + SIGNAL_THREADS, t + NODE);
	memcpy(guest_at(t + TGID), guest_at(leader + TGID), 4);
	number(t, tid);
	return t;
}

static gva_t module_at(gva_t page_offset, const char *name)
{
	gva_t m = AREA + page_offset, bytes = PAGES + page_offset, entry = m + M_MKOBJ + KOBJ_ENTRY;

	memset(guest_at(bytes), 0, M_SIZE);
	memcpy(guest_at(bytes + M_NAME), name, strlen(name));
	put64(bytes + M_MKOBJ + MKOBJ_MOD, m);
	put64(bytes + M_MTN + MTN_MOD, m);
	/* list_add() by hand: m is not a place in the image */
	put64(bytes + M_LIST, get64(MODULES));
	put64(MODULES, m + M_LIST);
	put64(bytes + M_MKOBJ + KOBJ_ENTRY, get64(SET));
	put64(SET, entry);
	return m;
}

static gva_t bytes_of(gva_t module)
{
	return module - AREA + PAGES;
}

static void page_table(void)
{
	static const int shifts[] = {39, 30, 21, 12};

	for (int i = 0; i < 4; i++) {
		gva_t table = ROOT + (gva_t)i * 4096;

		memset(guest_at(table), 0, 4096);
		put64(table + (AREA >> shifts[i] & 511) * 8, pa(i < 3 ? table + 4096 : PAGES) | 3);
	}
	put64(ROOT + 3 * 4096 + (AREA >> 12 & 511) * 8 + 8, pa(PAGES + 4096) | 3);
	memset(guest_at(PAGES), 0x5a, 8192);
}

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {
		{"T_stext", TEXT},	    {"T__x64_sys_read", READ},	    {"T_etext", TEXT_END},
		{"Dinit_task", INIT},	    {"Dtasklist_lock", LOCK},	    {"Dinit_pid_ns", NS},
		{"drunqueues", RQS},	    {"D__per_cpu_offset", OFFSETS}, {"Dnr_cpu_ids", CPUS},
		{"dmodules", MODULES},	    {"Dmodule_kset", KSET},	    {"dmod_tree", TREE},
		{"Dsys_call_table", CALLS}, {"dend", CALLS + 24},	    {"Didt_table", IDT},
	};
	static const int16_t fields[][2] = {
		{F_TASK_TASKS, TASKS},
		{F_TASK_PID, PID},
		{F_TASK_TGID, TGID},
		{F_TASK_COMM, COMM},
		{F_TASK_REAL_PARENT, PARENT},
		{F_TASK_MM, MM},
		{F_TASK_FLAGS, FLAGS},
		{F_TASK_EXIT_STATE, EXIT_STATE},
		{F_TASK_SIGNAL, SIGNAL},
		{F_TASK_THREAD_NODE, NODE},
		{F_TASK_THREAD_PID, THREAD_PID},
		{F_TASK_LEADER, LEADER},
		{F_TASK_PID_LINKS, LINKS},
		{F_TASK_CHILDREN, CHILDREN},
		{F_TASK_SIBLING, SIBLING},
		{F_TASK_SE_NODE, SE_NODE},
		{F_SIGNAL_THREADS, SIGNAL_THREADS},
		{F_PID_TASKS, PID_TASKS},
		{F_PID_NS_IDR, 8},
		{F_RQ_CURR, RQ_CURR},
		{F_RQ_IDLE, RQ_IDLE},
		{F_RQ_CFS_TASKS, RQ_TASKS},
		{F_XA_NODE_SHIFT, 0},
		{F_XA_NODE_SLOTS, SLOTS},
		{F_TASK_KTHREAD, KTHREAD},
		{F_KTHREAD_FUNCTION, K_FUNCTION},
		{F_MODULE_LIST, M_LIST},
		{F_MODULE_NAME, M_NAME},
		{F_MODULE_STATE, M_STATE},
		{F_MODULE_TAINTS, M_TAINTS},
		{F_MODULE_CORE, M_CORE},
		{F_MODULE_INIT_AREA, M_INIT},
		{F_MODULE_AREA_BASE, 0},
		{F_MODULE_AREA_SIZE, 8},
		{F_MODULE_AREA_TEXT, 12},
		{F_MODULE_MKOBJ_MOD, M_MKOBJ + MKOBJ_MOD},
		{F_MODULE_MTN_MOD, M_MTN + MTN_MOD},
		{F_KSET_LIST, 0},
		{F_KOBJECT_ENTRY, KOBJ_ENTRY},
		{F_MKOBJ_KOBJ, 0},
		{F_MKOBJ_MOD, MKOBJ_MOD},
		{F_MOD_TREE_SEQ, 0},
		{F_MOD_TREE_TREES, 8},
		{F_LATCH_NODE, 0},
		{F_MTN_MOD, MTN_MOD},
		{F_MTN_NODE, MTN_NODE},
		{F_RB_LEFT, RB_LEFT},
		{F_RB_RIGHT, RB_RIGHT},
		{F_RB_SIZE, RB_SIZE},
	};
	size_t i;

	guest_start();
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		guest_kernel.field[fields[i][0]] = fields[i][1];
	guest_kernel.root = pa(ROOT);
	strcpy(guest_kernel.missing[LINUX_DETAILS], "no users here");
	*state = guest_symbols(symbols, sizeof(symbols) / sizeof(symbols[0]));
	list = (struct linux_hidden_list){0};
	linux_stop_when(NULL);

	xnode = guest_alloc(XNODE_SIZE, 8);
	memset(guest_at(xnode), 0, XNODE_SIZE);
	put64(NS + 8, xnode + 2);
	task_at(INIT, 0, "swapper/0");
	put32(CPUS, 2);
	put64(OFFSETS, 0);
	put64(OFFSETS + 8, RQ_SIZE);
	for (i = 0; i < 2; i++) {
		idle[i] = i ? task_at(guest_alloc(TASK_SIZE, 8), 0, "swapper/1") : INIT;
		put64(RQS + i * RQ_SIZE + RQ_CURR, idle[i]);
		put64(RQS + i * RQ_SIZE + RQ_IDLE, idle[i]);
		list_init(RQS + i * RQ_SIZE + RQ_TASKS);
	}
	list_init(MODULES);
	put64(KSET, SET);
	list_init(SET);
	put64(TREE, 0);
	put64(TREE + 8, 0);
	put64(TREE + 16, 0);
	page_table();
	return 0;
}

static int tear_down(void **state)
{
	kernel = NULL;
	free(*state);
	free(guest_ram);
	guest_ram = NULL;
	free(list.rows);
	return 0;
}

static void look(size_t count)
{
	free(list.rows);
	list = (struct linux_hidden_list){0};
	linux_guest_ran();
	assert_int_equal(linux_hidden_processes(&list), 0);
	assert_int_equal(list.count, count);
}

static void row_is(size_t i, enum linux_hidden_kind kind, gva_t address, uint32_t missing)
{
	assert_int_equal(list.rows[i].kind, kind);
	assert_true(list.rows[i].address == address);
	assert_int_equal(list.rows[i].missing, missing);
	assert_false(list.rows[i].seen & missing);
}

#define BIT(n) (1u << (n))

static void test_processes(void **state)
{
	gva_t init = process(1, INIT, "init"), sh = process(10, init, "sh"),
	      ls = process(11, sh, "ls"), worker = thread(12, sh), child;

	child = process(13, worker, "child"); /* of a thread that is not the first */
	put64(RQS + RQ_CURR, ls);
	list_add(RQS + RQ_SIZE + RQ_TASKS, worker + SE_NODE);
	look(0);
	assert_string_equal(list.reason, "");
	assert_int_equal(list.sources, BIT(LINUX_SOURCE_TASKS) | BIT(LINUX_SOURCE_PIDS) |
					       BIT(LINUX_SOURCE_CHILDREN) |
					       BIT(LINUX_SOURCE_THREADS) | BIT(LINUX_SOURCE_CPUS) |
					       BIT(LINUX_SOURCE_KTHREADS));
	/* out of the list, and what it started is not hidden with it */
	list_del(sh + TASKS);
	look(1);
	row_is(0, LINUX_HIDDEN_PROCESS, sh, BIT(LINUX_SOURCE_TASKS));
	assert_int_equal(list.rows[0].pid, 10);
	assert_string_equal(list.rows[0].name, "sh");
	assert_int_equal(list.rows[0].seen, BIT(LINUX_SOURCE_PIDS) | BIT(LINUX_SOURCE_CHILDREN) |
						    BIT(LINUX_SOURCE_THREADS));
	list_add(INIT + TASKS, sh + TASKS);
	/* out of the allocator */
	put64(xnode + SLOTS + 8 * 13, 0);
	look(1);
	row_is(0, LINUX_HIDDEN_PROCESS, child, BIT(LINUX_SOURCE_PIDS));
	/* out of all lists but where it runs */
	list_del(ls + TASKS);
	list_del(ls + SIBLING);
	put64(xnode + SLOTS + 8 * 11, 0);
	look(2);
	row_is(1, LINUX_HIDDEN_PROCESS, ls,
	       BIT(LINUX_SOURCE_TASKS) | BIT(LINUX_SOURCE_PIDS) | BIT(LINUX_SOURCE_CHILDREN));
	assert_true(list.rows[1].seen & BIT(LINUX_SOURCE_CPUS));
	/* waiting for a CPU */
	put64(RQS + RQ_CURR, idle[0]);
	list_add(RQS + RQ_TASKS, ls + SE_NODE);
	look(2);
	/* dead, and about to leave the CPU */
	put32(ls + EXIT_STATE, 0x10);
	put32(ls + FLAGS, 4);
	look(1);
	put32(ls + FLAGS, 0); /* or pretending to be */
	look(2);
}

static void test_threads(void **state)
{
	gva_t init = process(1, INIT, "init"), sh = process(10, init, "sh"),
	      worker = thread(12, sh);

	look(0);
	list_del(worker + NODE);
	look(1);
	row_is(0, LINUX_HIDDEN_THREAD, worker, BIT(LINUX_SOURCE_THREADS));
	assert_int_equal(list.rows[0].pid, 10);
	assert_int_equal(list.rows[0].tid, 12);
	put64(xnode + SLOTS + 8 * 12, 0);
	look(0); /* nothing leads to it */
	list_add(RQS + RQ_TASKS, worker + SE_NODE);
	look(1);
	row_is(0, LINUX_HIDDEN_THREAD, worker, BIT(LINUX_SOURCE_THREADS) | BIT(LINUX_SOURCE_PIDS));
}

/* A CPU is held in the middle of fork or exit. */
static void test_locked(void **state)
{
	process(1, INIT, "init");
	put32(LOCK, 0x300); /* three readers */
	look(0);
	put32(LOCK, 0x1ff); /* a writer, and one that waits */
	assert_int_equal(linux_hidden_processes(&list), -EAGAIN);
	((struct kernel_blob *)kernel)->field[F_RWBASE_READERS] = 0;
	look(0);
	put32(LOCK, 0x40000000);
	assert_int_equal(linux_hidden_processes(&list), -EAGAIN);
	put32(LOCK, 0x80000000);
	look(0);
}

static void damaged(const char *reason, size_t count)
{
	look(count);
	assert_string_equal(list.reason, reason);
}

/* What cannot be read to its end is not held against anybody, and is told. */
static void test_damage(void **state)
{
	gva_t init = process(1, INIT, "init"), sh = process(10, init, "sh"), next;

	process(11, init, "ls");
	next = get64(sh + TASKS);
	put64(sh + TASKS, init + TASKS); /* a loop without the head */
	damaged("task list: it has no end", 0);
	put64(sh + TASKS, 0x1234567);
	damaged("task list: it leads nowhere", 0);
	list_del(sh + SIBLING); /* is still found by what is in order */
	look(1);
	row_is(0, LINUX_HIDDEN_PROCESS, sh, BIT(LINUX_SOURCE_CHILDREN));
	list_add(init + CHILDREN, sh + SIBLING);
	put64(sh + TASKS, next);
	look(0);

	put64(xnode + SLOTS + 8 * 20, 0xffffffffffff0000);
	look(0);
	assert_string_equal(list.reason, "pid allocator: it leads nowhere");
	put64(xnode + SLOTS + 8 * 20, xnode + 2); /* a node in itself */
	look(0);
	assert_string_equal(list.reason, "pid allocator: it leads nowhere");
	put64(xnode + SLOTS + 8 * 20, 0);

	put64(RQS + RQ_TASKS, 1);
	damaged("run queues: it leads nowhere", 0);
	list_init(RQS + RQ_TASKS);
	put64(sh + CHILDREN, sh);
	look(0);
	assert_string_equal(list.reason, "parent's children: it has no end");
	list_init(sh + CHILDREN);
	put64(sh + SIGNAL, 8);
	look(0);
	assert_string_equal(list.reason, "thread list: it leads nowhere");
}

static int looks_left;

static bool up(void)
{
	return looks_left-- <= 0;
}

/* The time is up at each of the walk's looks at the clock in turn: nothing is told. */
static void test_time(void **state)
{
	gva_t init = process(1, INIT, "init"), t = 0;
	int i, err = -ETIME;

	for (i = 0; i < 400; i++)
		t = process(2 + i % 60, init, "many");
	list_del(t + TASKS);
	linux_stop_when(up);
	for (i = 0; i < 1000 && err == -ETIME; i++) {
		looks_left = i;
		free(list.rows);
		list = (struct linux_hidden_list){0};
		err = linux_hidden_processes(&list);
		assert_true(err == -ETIME ? !list.count : list.count);
	}
	assert_int_equal(err, 0);
	assert_true(i > 5);
	looks_left = 0;
	assert_int_equal(linux_hidden_modules(&list), -ETIME);
}

static void modules(size_t count)
{
	free(list.rows);
	list = (struct linux_hidden_list){0};
	linux_guest_ran();
	assert_int_equal(linux_hidden_modules(&list), 0);
	assert_int_equal(list.count, count);
}

static void tree_node(gva_t module, uint32_t which, gva_t left, gva_t right)
{
	gva_t node = bytes_of(module) + M_MTN + MTN_NODE + which * RB_SIZE;

	put64(node + RB_LEFT, left ? left + M_MTN + MTN_NODE + which * RB_SIZE : 0);
	put64(node + RB_RIGHT, right ? right + M_MTN + MTN_NODE + which * RB_SIZE : 0);
}

static void test_modules(void **state)
{
	gva_t a = module_at(0, "first"), b = module_at(4096 - 64, "second"),
	      c = module_at(0x1100, "third");

	for (uint32_t which = 0; which < 2; which++) {
		put64(TREE + 8 + 8 * which, b + M_MTN + MTN_NODE + which * RB_SIZE);
		tree_node(b, which, a, c);
		tree_node(a, which, 0, 0);
		tree_node(c, which, 0, 0);
	}
	modules(0);
	assert_string_equal(list.reason, "");
	assert_int_equal(list.sources, BIT(LINUX_SOURCE_MODULES) | BIT(LINUX_SOURCE_SYSFS) |
					       BIT(LINUX_SOURCE_TREE) | BIT(LINUX_SOURCE_MEMORY));
	/* MODULES -> c -> b -> a */
	put64(bytes_of(c) + M_LIST, a + M_LIST);
	modules(1);
	row_is(0, LINUX_HIDDEN_MODULE, b, BIT(LINUX_SOURCE_MODULES));
	assert_string_equal(list.rows[0].name, "second");
	/* on its way out, or in: not told */
	put32(bytes_of(b) + M_STATE, LINUX_MODULE_UNFORMED);
	modules(0);
	put32(bytes_of(b) + M_STATE, LINUX_MODULE_GOING);
	modules(0);
	put32(bytes_of(b) + M_STATE, LINUX_MODULE_COMING);
	modules(1);
	put32(bytes_of(b) + M_STATE, LINUX_MODULE_LIVE);
	/* out of sysfs, too */
	put64(bytes_of(c) + M_MKOBJ + KOBJ_ENTRY, a + M_MKOBJ + KOBJ_ENTRY);
	modules(1);
	row_is(0, LINUX_HIDDEN_MODULE, b, BIT(LINUX_SOURCE_MODULES) | BIT(LINUX_SOURCE_SYSFS));
	/* and out of the tree that readers use: only its memory is left */
	put32(TREE, 1);
	put64(TREE + 16, a + M_MTN + MTN_NODE + RB_SIZE);
	tree_node(a, 1, 0, c);
	tree_node(c, 1, 0, 0);
	modules(1);
	row_is(0, LINUX_HIDDEN_MODULE, b,
	       BIT(LINUX_SOURCE_MODULES) | BIT(LINUX_SOURCE_SYSFS) | BIT(LINUX_SOURCE_TREE));
	assert_int_equal(list.rows[0].seen, BIT(LINUX_SOURCE_MEMORY));
	/* listed, but not in the tree */
	tree_node(a, 1, 0, 0);
	modules(2);
	/* memory that only looks like one */
	put64(bytes_of(b) + M_MTN + MTN_MOD, a);
	modules(1);
	row_is(0, LINUX_HIDDEN_MODULE, c, BIT(LINUX_SOURCE_TREE));
}

static void test_damaged_modules(void **state)
{
	gva_t a = module_at(0, "first"), b = module_at(0x800, "second");

	put64(TREE + 8, a + M_MTN + MTN_NODE);
	tree_node(a, 0, 0, b);
	tree_node(b, 0, 0, 0);
	modules(0);
	tree_node(b, 0, 0, a); /* a loop */
	modules(0);
	assert_string_equal(list.reason, "module tree: it has no end");
	put64(bytes_of(b) + M_MTN + MTN_NODE + RB_RIGHT, 1);
	modules(0);
	assert_string_equal(list.reason, "module tree: it leads nowhere");
	tree_node(b, 0, 0, 0);
	put64(bytes_of(a) + M_LIST, b + M_LIST);
	modules(0);
	assert_string_equal(list.reason, "module list: it has no end");
	put64(bytes_of(a) + M_LIST, MODULES);
	put64(SET, 3);
	modules(0);
	assert_string_equal(list.reason, "/sys/module: it leads nowhere");
	((struct kernel_blob *)kernel)->field[F_MODULE_MKOBJ_MOD] = NO_FIELD;
	put64(SET, SET);
	modules(2);
	assert_string_equal(list.reason, "module memory: this kernel's is not known");
	row_is(0, LINUX_HIDDEN_MODULE, b, BIT(LINUX_SOURCE_SYSFS));
}

/* Page tables without the last entries: addresses end there, and do not begin again. */
static void test_tables_end(void **state)
{
	linux_stop_when(up);
	for (int i = 0; i < 3; i++) {
		page_table();
		put64(ROOT + (gva_t)i * 4096 + 511 * 8, 0);
		looks_left = 5000;
		modules(0);
		assert_string_equal(list.reason, "");
	}
	linux_stop_when(NULL);
}

static void code(size_t count)
{
	free(list.rows);
	list = (struct linux_hidden_list){0};
	linux_guest_ran();
	assert_int_equal(linux_hidden_code(0, &list), 0);
	assert_string_equal(list.reason, "");
	assert_int_equal(list.count, count);
}

static void gate(uint32_t vector, gva_t handler, bool present)
{
	put64(IDT + 16 * vector, (handler & 0xffff) | 0x10 << 16 | (handler & 0xffff0000) << 32 |
					 (present ? 0x8eull : 0x0eull) << 40);
	put32(IDT + 16 * vector + 8, (uint32_t)(handler >> 32));
}

static void test_code(void **state)
{
	gva_t m = module_at(0, "first");

	put64(bytes_of(m) + M_CORE, AREA + 0x800);
	put32(bytes_of(m) + M_CORE + 8, 0x400);
	put32(bytes_of(m) + M_CORE + 12, 0x100);
	for (uint32_t i = 0; i < 3; i++)
		put64(CALLS + 8 * i, READ);
	gate(0, READ, true);
	code(0);
	code(0);			/* by the lengths found before */
	put64(CALLS + 8, AREA + 0x8ff); /* in a listed module: that is no secret */
	gate(1, AREA + 0x800, true);
	gate(2, 0x1234, false);
	code(0);
	put64(CALLS + 8, AREA + 0x900);
	gate(1, AREA, true);
	code(2);
	assert_int_equal(list.rows[0].kind, LINUX_HIDDEN_CODE);
	assert_true(list.rows[0].address == AREA + 0x900);
	assert_string_equal(list.rows[0].name, "system call 1 write");
	assert_int_equal(list.rows[0].missing, BIT(LINUX_SOURCE_TEXT));
	assert_string_equal(list.rows[1].name, "vector 1");
	assert_int_equal(list.rows[1].seen, BIT(LINUX_SOURCE_IDT));
	/* the module leaves the list */
	put64(CALLS + 8, AREA + 0x810);
	gate(1, READ, true);
	code(0);
	put64(MODULES, MODULES);
	code(1);
}

/* A kernel thread. */
static gva_t kthread(int pid, gva_t function)
{
	gva_t t = process(pid, INIT, "kernel"), k = guest_alloc(K_SIZE, 8);

	put32(t + FLAGS, LINUX_PF_KTHREAD);
	put64(t + KTHREAD, k);
	put64(k + K_FUNCTION, function);
	return t;
}

static void test_threads_code(void **state)
{
	gva_t m = module_at(0, "first"), t = kthread(20, AREA + 0x800), k = get64(t + KTHREAD),
	      plain = process(30, INIT, "sh");

	put64(bytes_of(m) + M_CORE, AREA + 0x800);
	put32(bytes_of(m) + M_CORE + 8, 0x400);
	put32(bytes_of(m) + M_CORE + 12, 0x100);
	kthread(21, READ);
	kthread(22, 0);			/* has not run yet */
	put64(plain + KTHREAD, 0x1234); /* a process's set_child_tid */
	look(0);
	assert_string_equal(list.reason, "");
	assert_true(list.sources & BIT(LINUX_SOURCE_KTHREADS));
	/* in the module's data */
	put64(k + K_FUNCTION, AREA + 0x900);
	look(1);
	row_is(0, LINUX_HIDDEN_CODE, AREA + 0x900, BIT(LINUX_SOURCE_TEXT));
	assert_int_equal(list.rows[0].seen, BIT(LINUX_SOURCE_KTHREADS));
	assert_int_equal(list.rows[0].pid, 20);
	assert_int_equal(list.rows[0].tid, 20);
	assert_string_equal(list.rows[0].name, "kernel thread 20 (kernel)");
	put64(k + K_FUNCTION, AREA + 0x8ff);
	look(0);
	/* out of the list: for whatever else is left of it */
	put64(MODULES, MODULES);
	look(1);
	put64(bytes_of(m) + M_MKOBJ + MKOBJ_MOD, 0);
	look(1);
	put64(bytes_of(m) + M_MKOBJ + MKOBJ_MOD, m);
	/* a thread in no list but the pids' */
	list_del(t + TASKS);
	look(2);
	row_is(0, LINUX_HIDDEN_PROCESS, t, BIT(LINUX_SOURCE_TASKS));
	row_is(1, LINUX_HIDDEN_CODE, AREA + 0x8ff, BIT(LINUX_SOURCE_TEXT));
	list_add(INIT + TASKS, t + TASKS);
	/* the module is going; its memory is given back; the thread ends */
	put32(bytes_of(m) + M_STATE, LINUX_MODULE_UNFORMED);
	look(0);
	put32(bytes_of(m) + M_STATE, LINUX_MODULE_GOING);
	look(0);
	put32(bytes_of(m) + M_STATE, LINUX_MODULE_COMING);
	look(1);
	memset(guest_at(PAGES + 0x8ff), 0xcc, 16);
	look(0);
	*(uint8_t *)guest_at(PAGES + 0x8ff + 15) = 0xc3;
	look(1);
	put64(k + K_FUNCTION, AREA + 0x2000);
	look(0);
	put64(k + K_FUNCTION, 0x400000);
	look(0);
	put64(k + K_FUNCTION, AREA + 0x900);
	put32(t + FLAGS, LINUX_PF_KTHREAD | 4);
	look(0);
	put32(t + FLAGS, 0); /* a process now */
	look(0);
	put32(t + FLAGS, LINUX_PF_KTHREAD);
	look(1);
}

/* Nothing is told where it is not known what there is; or all is, and that something is not. */
static void test_threads_code_damage(void **state)
{
	gva_t t = kthread(20, AREA + 0x900), other = kthread(21, AREA + 0x900);
	struct kernel_blob *b = (struct kernel_blob *)kernel;

	put64(t + KTHREAD, 0x1234);
	look(1);
	assert_int_equal(list.rows[0].tid, 21);
	assert_string_equal(list.reason, "kernel threads: it leads nowhere");
	assert_false(list.sources & BIT(LINUX_SOURCE_KTHREADS));
	put64(t + KTHREAD, 0xffffffffdeadbee8);
	look(1);
	put64(t + KTHREAD, get64(other + KTHREAD));
	look(2);
	assert_string_equal(list.reason, "");
	put64(MODULES, MODULES + 8);
	look(0);
	assert_string_equal(list.reason, "kernel threads: it leads nowhere");
	put64(MODULES, MODULES);
	b->field[F_KTHREAD_FUNCTION] = NO_FIELD;
	look(0);
	assert_string_equal(list.reason, "kernel threads: this kernel's is not known");
	b->field[F_KTHREAD_FUNCTION] = K_FUNCTION;
	b->field[F_TASK_KTHREAD] = NO_FIELD;
	look(0);
	b->field[F_TASK_KTHREAD] = KTHREAD;
	/* without what tells modules that are going */
	b->field[F_MODULE_MKOBJ_MOD] = NO_FIELD;
	look(0);
	assert_string_equal(list.reason, "kernel threads: this kernel's is not known");
}

/* Any words at all in the structures: it ends, and reads nothing outside of RAM. */
static void test_noise(void **state)
{
	gva_t places[64];
	size_t n = 0;

	places[n++] = INIT;
	places[n++] = process(1, INIT, "init");
	places[n++] = process(2, INIT, "two");
	places[n++] = thread(3, places[1]);
	places[n++] = xnode + 2;
	places[n++] = get64(places[1] + SIGNAL) + SIGNAL_THREADS;
	places[n++] = get64(places[1] + THREAD_PID);
	places[n++] = RQS;
	places[n++] = module_at(0, "a") + M_LIST;
	places[n++] = module_at(0x400, "b") + M_MTN + MTN_NODE;
	places[n++] = MODULES;
	places[n++] = SET;
	places[n++] = TREE;
	places[n++] = CALLS;
	places[n++] = IDT;
	places[n++] = kthread(4, READ);
	places[n] = get64(places[n - 1] + KTHREAD);
	n++;
	for (int round = 0; round < 3000; round++) {
		gva_t at = places[noise() % n] & ~7ull;

		if (at >= AREA)
			at = bytes_of(at);
		put64(at + 8 * (noise() % 20),
		      noise() % 4 ? places[noise() % n] + 8 * (noise() % 8) : noise());
		linux_guest_ran();
		free(list.rows);
		list = (struct linux_hidden_list){0};
		put32(LOCK, 0);
		(void)!linux_hidden_processes(&list);
		(void)!linux_hidden_modules(&list);
		(void)!linux_hidden_code(0, &list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_processes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_locked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_modules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tables_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_code, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads_code, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads_code_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_noise, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
