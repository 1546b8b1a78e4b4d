// SPDX-License-Identifier: Apache-2.0
/* System-call tables: where they end, what of them is hooked; the IDT's gates. */
#include "engine/linux/syscall_names.h"
#include "tests/unit/linux_guest.h"

#define TEXT	     (GUEST_BASE + 0x1000)
#define INIT	     (GUEST_BASE + 0x3000)
#define TABLE	     (GUEST_BASE + 0x8000)
#define IA32	     (GUEST_BASE + 0x9000)
#define IA32_ENTRIES 4
#define IDT	     (GUEST_BASE + 0xa000)
#define MODULE	     0xffffffffc0001000ull

enum { READ, WRITE, OPEN, NI, OTHER, FUNCTIONS };

static gva_t function(int i)
{
	return TEXT + 0x100 * (gva_t)i;
}

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {
		{"T_stext", TEXT - 8},
		{"T__x64_sys_read", TEXT},
		{"T__do_sys_read", TEXT}, /* a second name of the same */
		{"T__ia32_sys_write", TEXT + 0x100},
		{"T__x64_sys_write", TEXT + 0x100},
		{"T__x64_sys_open", TEXT + 0x200},
		{"T__ia32_sys_ni_syscall", TEXT + 0x300},
		{"T__x64_sys_unheard_of", TEXT + 0x400},
		{"Tschedule", TEXT + 0x500},
		{"T_etext", TEXT + 0x1000},
		{"T_sinittext", INIT},
		{"T_einittext", INIT + 0x100},
		{"Dsys_call_table", TABLE},
		{"Dbehind", TABLE + 8 * 12},
		{"Dia32_sys_call_table", IA32},
		{"Dbehind_ia32", IA32 + 8 * 4},
		{"Didt_table", IDT},
	};
	int i;

	guest_start();
	for (i = 0; i < FUNCTIONS; i++)
		put64(TABLE + 8 * (gva_t)i, function(i));
	*state = guest_symbols(symbols, sizeof(symbols) / sizeof(symbols[0]));
	return 0;
}

static int tear_down(void **state)
{
	kernel = NULL;
	free(*state);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static struct linux_syscall *rows;
static size_t count;

/* want_count: of the first table; the other one always has IA32_ENTRIES, the last that of read. */
static void look(int want, size_t want_count)
{
	free(rows);
	assert_int_equal(linux_syscalls(&rows, &count), want);
	assert_int_equal(count, want_count);
}

static void test_names(void **state)
{
	const struct syscall_names *x64 = syscall_names(LINUX_SYSCALLS_64);
	const struct syscall_names *ia32 = syscall_names(LINUX_SYSCALLS_IA32);
	const struct syscall_names *x32 = syscall_names(LINUX_SYSCALLS_X32);

	/* arch/x86/include/asm/unistd: the first, some, and the last of both */
	assert_string_equal(syscall_name(x64, 0), "read");
	assert_string_equal(syscall_name(x64, 59), "execve");
	assert_string_equal(syscall_name(x64, 321), "bpf");
	assert_string_equal(syscall_name(x64, 462), "mseal");
	assert_string_equal(syscall_name(ia32, 11), "execve");
	assert_string_equal(syscall_name(ia32, 357), "bpf");
	assert_string_equal(syscall_name(ia32, 425), "io_uring_setup");
	assert_string_equal(syscall_name(x32, 59), "execve");
	assert_string_equal(syscall_name(x32, 520), "execve");
	assert_string_equal(syscall_name(x32, 547), "pwritev64v2");
	assert_null(syscall_name(x32, 511));
	assert_null(syscall_name(x32, 548));
	assert_null(syscall_name(x64, 520));
	assert_null(syscall_name(x64, 400));
	assert_null(syscall_name(x64, 0xffffffff));
	assert_true(syscall_known(x64, "ptrace") && !syscall_known(x64, "ptrac"));
}

static void test_tables(void **state)
{
	int i;

	/* The last entry is of a call that this kernel does not know but that is a call. */
	look(0, 5 + IA32_ENTRIES);
	for (i = 0; i < 5; i++)
		assert_true(rows[i].table == LINUX_SYSCALLS_64 && rows[i].number == (uint32_t)i &&
			    rows[i].handler == function(i) && rows[i].inside && !rows[i].hooked);
	assert_string_equal(rows[1].name, "write");
	/* What lies behind is no entry, unless a call does behind it. */
	put64(TABLE + 8 * 5, TEXT + 0x500);
	put64(TABLE + 8 * 6, ~0ull);
	look(0, 5 + IA32_ENTRIES);
	put64(TABLE + 8 * 6, function(NI));
	look(0, 7 + IA32_ENTRIES);
	assert_true(rows[5].hooked && !rows[6].hooked);
	put64(IA32 + 8 * 3, function(READ)); /* number 3 */
	look(0, 7 + IA32_ENTRIES);
	assert_true(rows[10].table == LINUX_SYSCALLS_IA32 && rows[10].number == 3 &&
		    !rows[10].hooked && rows[7].hooked);
}

static void hook(gva_t to, bool inside, bool hooked)
{
	put64(TABLE, to);
	look(0, 5 + IA32_ENTRIES);
	assert_true(rows[0].handler == to && rows[0].inside == inside && rows[0].hooked == hooked);
}

static void test_hooked(void **state)
{
	hook(function(READ), true, false);
	hook(function(READ) + 1, true, true); /* not its start */
	hook(function(WRITE), true, true);    /* another call */
	hook(TEXT + 0x500, true, true);	      /* no call */
	hook(function(NI), true, false);      /* a kernel without it */
	hook(function(OTHER), true, false);   /* perhaps its new name */
	hook(MODULE, false, true);
	hook(0, false, true);
	hook(0x400000, false, true);
	hook(0xffff888000001000ull, false, true);
	hook(INIT, false, true);
	hook(TEXT + 0x1000, false, true); /* _etext itself */
	/*
	 * A call that this kernel has stays an entry when it is hooked, though it is the last one.
	 */
	put64(TABLE, function(READ));
	put64(TABLE + 8 * 2, MODULE);
	put64(TABLE + 8 * 3, 0);
	put64(TABLE + 8 * 4, 0);
	look(0, 3 + IA32_ENTRIES);
	assert_true(rows[2].hooked);
}

static void test_without(void **state)
{
	struct kernel_blob *none;

	kernel = NULL;
	look(-ENODATA, 0);
	none = guest_symbols((struct guest_symbol[]){{"Tx", TEXT}}, 1);
	look(0, 0);
	free(none);
	none = guest_symbols(
		(struct guest_symbol[]){{"Tx", TEXT}, {"Dsys_call_table", 0xffffffffff000000ull}},
		2);
	look(-EFAULT, 0);
	free(none);
}

static void gate(int vector, gva_t handler, uint16_t selector, uint8_t ist, uint8_t attributes)
{
	gva_t g = IDT + 16 * (gva_t)vector;

	put64(g, (handler & 0xffff) | (uint64_t)selector << 16 | (uint64_t)ist << 32 |
			 (uint64_t)attributes << 40 | (handler >> 16 & 0xffff) << 48);
	put64(g + 8, handler >> 32);
}

static void test_idt(void **state)
{
	struct linux_gate *g;
	size_t n;

	gate(0, TEXT, 16, 0, 0x8e);
	gate(3, TEXT + 0x500, 16, 0xff, 0xef); /* bits that are not the IST's are not in it */
	gate(200, MODULE, 16, 0, 0x8e);
	gate(201, INIT + 8, 16, 0, 0x8e);
	gate(255, 0xfedcba9876543210ull, 0xffff, 0, 0x0e);
	assert_int_equal(linux_idt(0, &g, &n), 0);
	assert_int_equal(n, 256);
	assert_true(g[0].handler == TEXT && g[0].selector == 16 && g[0].type == 14 &&
		    g[0].dpl == 0 && g[0].ist == 0 && g[0].present && g[0].inside);
	assert_true(g[3].type == 15 && g[3].dpl == 3 && g[3].ist == 7 && g[3].vector == 3);
	assert_true(!g[200].inside && g[201].inside && g[200].present);
	assert_true(g[255].handler == 0xfedcba9876543210ull && !g[255].present &&
		    g[255].selector == 0xffff);
	assert_true(!g[100].present && g[100].handler == 0);
	free(g);
	assert_int_equal(linux_idt(IDT + 16, &g, &n), 0);
	assert_int_equal(g[2].type, 15);
	free(g);
	assert_int_equal(linux_idt(0x1000, &g, &n), -EFAULT);
	assert_int_equal(linux_idt(GUEST_BASE + GUEST_RAM - 4000, &g, &n), -EFAULT);
	assert_int_equal(linux_idt(0xfffffe0000000000ull, &g, &n), -EFAULT);
	assert_int_equal(n, 0);
	assert_null(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hooked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_idt, set_up, tear_down),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(rows);
	return failed;
}
