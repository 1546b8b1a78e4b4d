// SPDX-License-Identifier: Apache-2.0
/*
 * Introspection when memory is short and when guest memory cannot be read: each allocation (those
 * of libbpf and Capstone too) and each read fails in turn. A result is whole, or an error says that
 * it is not; nothing leaks.
 */
#include <bpf/btf.h>
#include <sanitizer/lsan_interface.h>
#include "tests/unit/fault.h"
#include "tests/unit/fault_guest.h"
#include "tests/unit/kallsyms_maker.h"

#define TASKS	    200
#define AREAS	    100
#define TASK(i)	    (GUEST_BASE + 0x20000 + 0x100 * (gva_t)(i))
#define AREA(i)	    (GUEST_BASE + 0x40000 + 0x80 * (gva_t)(i))
#define MM	    (GUEST_BASE + 0x50000)
#define PGD	    (GUEST_BASE + 0x51000)
#define MODULES	    40
#define MODULE(i)   (GUEST_BASE + 0x60000 + 0x100 * (gva_t)(i))
#define HEAD	    (GUEST_BASE + 0x70000) /* of the list of modules */
#define CALLS	    (GUEST_BASE + 0x71000)
#define TABLE	    (GUEST_BASE + 0x72000)
#define FILES	    (GUEST_BASE + 0x73000) /* files_struct, fdtable, its arrays, file, inode, sb */
#define DESCRIPTORS 64
#define MAX_FAULTS  100000

static struct kernel_blob *symbols;
static struct made tables;
static struct kernel_blob *types; /* has BTF only */

/* Modules in a list, and a process whose descriptors are all of one file. */
static void set_up_lists(void)
{
	static const int16_t fields[][2] = {
		{F_MODULE_STATE, 0},	 {F_MODULE_LIST, 8},	  {F_MODULE_NAME, 24},
		{F_MODULE_TAINTS, 80},	 {F_MODULE_CORE, 88},	  {F_MODULE_INIT_AREA, 104},
		{F_MODULE_AREA_BASE, 0}, {F_MODULE_AREA_SIZE, 8}, {F_MODULE_AREA_TEXT, 12},
		{F_TASK_FILES, 80},	 {F_FILES_FDT, 0},	  {F_FDT_MAX, 0},
		{F_FDT_FD, 8},		 {F_FDT_CLOEXEC, 16},	  {F_FILE_FLAGS, 0},
		{F_FILE_MODE, 4},	 {F_FILE_POS, 8},	  {F_FILE_OPS, 16},
		{F_FILE_PRIVATE, 24},	 {F_FILE_INODE, 32},	  {F_INODE_MODE, 0},
		{F_INODE_RDEV, 4},	 {F_INODE_SB, 8},	  {F_INODE_INO, 16},
		{F_SB_DEV, 0},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		guest_kernel.field[fields[i][0]] = fields[i][1];
	put64(HEAD, MODULE(0) + 8);
	for (int i = 0; i < MODULES; i++) {
		put64(MODULE(i) + 8, i + 1 < MODULES ? MODULE(i + 1) + 8 : HEAD);
		put32(MODULE(i) + 24, 'm');
	}
	put64(TABLE, CALLS);
	put64(TASK(1) + 80, FILES);
	put64(FILES, FILES + 0x100);
	put32(FILES + 0x100, DESCRIPTORS);
	put64(FILES + 0x108, FILES + 0x200);
	put64(FILES + 0x110, FILES + 0x600);
	for (int i = 0; i < DESCRIPTORS; i++)
		put64(FILES + 0x200 + 8 * (gva_t)i, FILES + 0x700);
	put64(FILES + 0x720, FILES + 0x800);
	put64(FILES + 0x808, FILES + 0x900);
}

static int set_up(void **state)
{
	static const struct guest_symbol names[] = {
		{"T_stext", GUEST_BASE},       {"Dinit_task", TASK(0)},	   {"Dmodules", HEAD},
		{"T__x64_sys_read", CALLS},    {"Dsys_call_table", TABLE}, {"Dbehind", TABLE + 8},
		{"Didt_table", TABLE + 0x100}, {"T_etext", FILES},
	};
	struct btf *btf = btf__new_empty();
	const void *raw;
	uint32_t size;
	int word;

	guest_start();
	for (int i = 0; i < NR_FIELDS; i++)
		guest_kernel.field[i] = NO_FIELD;
	guest_kernel.field[F_TASK_TASKS] = 0;
	guest_kernel.field[F_TASK_PID] = 16;
	guest_kernel.field[F_TASK_TGID] = 20;
	guest_kernel.field[F_TASK_FLAGS] = 24;
	guest_kernel.field[F_TASK_MM] = 32;
	guest_kernel.field[F_TASK_START] = 40;
	guest_kernel.field[F_TASK_REAL_PARENT] = 48;
	guest_kernel.field[F_TASK_REAL_CRED] = 56;
	guest_kernel.field[F_TASK_COMM] = 64;
	guest_kernel.field[F_CRED_UID] = guest_kernel.field[F_CRED_GID] = 0;
	guest_kernel.field[F_MM_PGD] = 0;
	guest_kernel.field[F_MM_MMAP] = 8;
	for (int i = F_VMA_START; i <= F_VMA_OPS; i++)
		guest_kernel.field[i] = 8 * (i - F_VMA_START);
	guest_kernel.field[F_PAGE_SIZE] = 64;
	set_up_lists();
	symbols = guest_symbols(names, sizeof(names) / sizeof(names[0]));
	for (int i = 0; i < TASKS; i++) {
		put64(TASK(i), TASK((i + 1) % TASKS));
		put32(TASK(i) + 16, (uint32_t)i);
		put32(TASK(i) + 20, (uint32_t)i);
		put64(TASK(i) + 32, MM);
	}
	put64(MM, PGD);
	put64(MM + 8, AREA(0));
	for (int i = 0; i < AREAS; i++) {
		put64(AREA(i) + 8 * (F_VMA_START - F_VMA_START), 0x400000 + 0x2000 * (gva_t)i);
		put64(AREA(i) + 8 * (F_VMA_END - F_VMA_START), 0x401000 + 0x2000 * (gva_t)i);
		put64(AREA(i) + 8 * (F_VMA_NEXT - F_VMA_START), i + 1 < AREAS ? AREA(i + 1) : 0);
	}
	put64(PGD, pa(PGD) | 7); /* all levels in one: 0x400000 is a page of zeros or nothing */
	made_start(&tables, KALLSYMS_A, true, false);
	word = btf__add_int(btf, "long", 8, 0);
	btf__add_struct(btf, "task_struct", 64);
	btf__add_field(btf, "pid", word, 0, 0);
	raw = btf__raw_data(btf, &size);
	types = calloc(1, sizeof(*types) + size);
	types->sec[SEC_BTF] = (struct section){sizeof(*types), size};
	memcpy(types + 1, raw, size);
	btf__free(btf);
	return 0;
}

static int tear_down(void **state)
{
	made_end(&tables);
	free(types);
	free(symbols);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

/* True: all of it was there. */
static bool tasks_and_memory(bool reads_fail)
{
	struct linux_task *tasks, task = {0};
	struct linux_memory memory;
	uint8_t bytes[64];
	uint64_t absent;
	size_t count;
	bool whole = true;
	int err = linux_tasks(&tasks, &count);

	if (err) {
		assert_true(err < 0 && (reads_fail || err == -ENOMEM));
		whole = false;
	} else {
		/* One that cannot be read is left out. */
		assert_in_range(count, TASKS - 1 - reads_fail, TASKS - 1);
		whole = count == TASKS - 1;
	}
	free(tasks);
	task.mm = MM;
	err = linux_memory(&task, &memory);
	if (err) {
		assert_true(err < 0 && (reads_fail || err == -ENOMEM));
		assert_null(memory.areas);
		return false;
	}
	/* After two tries, the one that cannot be read is left out. */
	assert_in_range(memory.count, 1, AREAS);
	assert_int_equal(memory.size, 4096 * memory.count);
	assert_int_equal(linux_memory_read(&memory, 0, bytes, sizeof(bytes), &absent), 0);
	assert_true(absent == 0 || absent == sizeof(bytes));
	whole &= memory.count == AREAS;
	linux_memory_free(&memory);
	return whole;
}

/* A walk that gave want rows or said that these are not all; true: they are. */
static bool rows_are(int err, size_t count, size_t want, bool reads_fail)
{
	assert_true(err <= 0 && (reads_fail || !err || err == -ENOMEM));
	assert_true(count <= want && (err || count == want));
	assert_true(err != -ENOMEM || !count);
	return !err;
}

static bool lists(bool reads_fail)
{
	const struct linux_task task = {.task = TASK(1)};
	struct linux_module *modules;
	struct linux_syscall *calls;
	struct linux_gate *gates;
	struct linux_file *files;
	bool whole;
	size_t n;
	int err;

	err = linux_modules(&modules, &n);
	whole = rows_are(err, n, MODULES, reads_fail);
	free(modules);
	err = linux_files(&task, &files, &n);
	whole &= rows_are(err, n, DESCRIPTORS, reads_fail);
	free(files);
	err = linux_syscalls(&calls, &n);
	whole &= rows_are(err, n, 1, reads_fail);
	free(calls);
	err = linux_idt(0, &gates, &n);
	whole &= rows_are(err, n, 256, reads_fail);
	free(gates);
	return whole;
}

/* Symbol tables by the note for crash dumps. */
static bool mending(void)
{
	const struct vmcoreinfo v = {
		.num_syms = MADE_VA + tables.num_syms,
		.names = MADE_VA + tables.names,
		.tokens = MADE_VA + tables.tokens,
		.token_index = MADE_VA + tables.token_index,
		.offsets = MADE_VA + tables.offsets,
		.relative_base = MADE_VA + align_up(tables.offsets + 4 * MADE_SYMBOLS, 8),
	};
	struct kallsyms_place place;
	uint8_t *mended;
	int err = kallsyms_mend(tables.mem, MADE_SIZE, MADE_VA, &v, &mended, &place);

	if (err) {
		assert_int_equal(err, -ENOMEM);
		return false;
	}
	assert_int_equal(place.symbols, MADE_SYMBOLS);
	free(mended);
	return true;
}

static bool discovery(void)
{
	struct kallsyms_place place;
	struct inferred fields;
	struct kernel_blob *b;
	struct lvmon_insn insn;
	uint64_t from = 0;
	int64_t value;
	void *saved;
	size_t size;
	bool whole = mending();
	int err;

	err = infer(&fields);
	if (err == -ENOMEM)
		whole = false;
	else
		assert_int_equal(err, -ENOENT); /* nobody is called swapper here */
	assert_int_equal(kallsyms_find(tables.mem, MADE_SIZE, MADE_VA, &from, &place), 0);
	err = kallsyms_load(tables.mem, &place, &b);
	if (err) {
		assert_true(err < 0);
		whole = false;
	} else {
		free(b);
	}
	err = linux_save(&saved, &size);
	if (err) {
		assert_int_equal(err, -ENOMEM);
		whole = false;
	} else {
		free(saved);
	}
	memset(types->missing, 0, sizeof(types->missing));
	err = fields_resolve(types);
	if (err) {
		assert_true(err == -ENOMEM || err == -ENOENT);
		whole = false;
	} else {
		assert_string_equal(types->missing[LINUX_TASKS], "struct task_struct has no tasks");
	}
	assert_true(btf_enumerator(types, "NOTHING", &value) < 0);
	err = insn_classify((const uint8_t[]){0x55, 0, 0, 0}, 4, 0, &insn);
	if (err)
		whole = false;
	else
		assert_int_equal(insn.kind, LVMON_INSN_PUSH);
	return whole;
}

static void walk(enum fault_kind kind, bool onwards)
{
	bool happened = true;
	uint64_t n;

	for (n = 1; happened && n < MAX_FAULTS; n++) {
		fault_begin(kind, n, onwards);
		tasks_and_memory(kind == FAULT_READ);
		lists(kind == FAULT_READ);
		if (kind == FAULT_ALLOCATION)
			discovery();
		happened = fault_end();
		if (n % 64 == 0)
			assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
	}
	assert_in_range(n, 5, MAX_FAULTS - 1);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
	print_message("%llu faults of kind %d\n", (unsigned long long)n - 2, kind);
	/* What failed before does not stay so. */
	assert_true(tasks_and_memory(false));
	assert_true(lists(false));
	assert_true(discovery());
}

static void allocations(void **state)
{
	walk(FAULT_ALLOCATION, false);
	walk(FAULT_ALLOCATION, true);
}

static void guest_reads(void **state)
{
	walk(FAULT_READ, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(allocations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(guest_reads, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
