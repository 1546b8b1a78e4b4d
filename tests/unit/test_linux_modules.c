// SPDX-License-Identifier: Apache-2.0
/* Modules: their areas in both layouts, users, and lists that loop, end in nothing or lie. */
#include "tests/unit/linux_guest.h"

enum {
	STATE = 0,
	LIST = 8,
	NAME = 24,
	TAINTS = 80,
	REFS = 88,
	INIT = 96,
	EXIT = 104,
	USES = 112,
	AREAS = 128, /* core_layout and init_layout, or mem[7], of 24 bytes each */
	MODULE_SIZE = 128 + 7 * 24
};
enum { BASE = 0, SIZE = 8, TEXT = 12, AREA_SIZE = 24 };
enum { USE_LIST = 0, USE_SOURCE = 16, USE_SIZE = 24 };

#define HEAD   (GUEST_BASE + 0x1000)
#define LOADED 0xffffffffc0000000ull

static void list_init(gva_t head)
{
	put64(head, head);
	put64(head + 8, head);
}

static void list_add_tail(gva_t head, gva_t node)
{
	uint64_t last;

	memcpy(&last, guest_at(head + 8), 8);
	put64(node, head);
	put64(node + 8, last);
	put64(last, node);
	put64(head + 8, node);
}

static gva_t module_new(const char *name)
{
	gva_t m = guest_alloc(MODULE_SIZE, 8);

	memset(guest_at(m), 0, MODULE_SIZE);
	memcpy(guest_at(m + NAME), name, strlen(name));
	put32(m + REFS, 1);
	put64(m + INIT, LOADED);
	put64(m + EXIT, LOADED + 8);
	list_init(m + USES);
	list_add_tail(HEAD, m + LIST);
	return m;
}

static void area(gva_t module, int i, gva_t base, uint32_t size, uint32_t text)
{
	gva_t a = module + AREAS + (gva_t)i * AREA_SIZE;

	put64(a + BASE, base);
	put32(a + SIZE, size);
	put32(a + TEXT, text);
}

static void uses(gva_t used, gva_t user)
{
	gva_t use = guest_alloc(USE_SIZE, 8);

	put64(use + USE_SOURCE, user);
	list_add_tail(used + USES, use + USE_LIST);
}

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {{"dmodules", HEAD}};
	static const int16_t fields[][2] = {
		{F_MODULE_LIST, LIST},	       {F_MODULE_NAME, NAME},
		{F_MODULE_STATE, STATE},       {F_MODULE_TAINTS, TAINTS},
		{F_MODULE_REFS, REFS},	       {F_MODULE_INIT, INIT},
		{F_MODULE_EXIT, EXIT},	       {F_MODULE_USES, USES},
		{F_MODULE_USE_LIST, USE_LIST}, {F_MODULE_USE_SOURCE, USE_SOURCE},
		{F_MODULE_CORE, AREAS},	       {F_MODULE_INIT_AREA, AREAS + AREA_SIZE},
		{F_MODULE_AREA_BASE, BASE},    {F_MODULE_AREA_SIZE, SIZE},
		{F_MODULE_AREA_TEXT, TEXT},
	};
	struct kernel_blob *blob;
	size_t i;

	guest_start();
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		guest_kernel.field[fields[i][0]] = fields[i][1];
	blob = guest_symbols(symbols, 1);
	list_init(HEAD);
	*state = blob;
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

/* Since 6.4. */
static void set_new_layout(void **state)
{
	struct kernel_blob *b = *state;

	b->field[F_MODULE_CORE] = b->field[F_MODULE_INIT_AREA] = NO_FIELD;
	b->field[F_MODULE_AREA_TEXT] = NO_FIELD;
	b->field[F_MODULE_MEM] = AREAS;
	b->field[F_MODULE_MEM_SIZE] = AREA_SIZE;
}

static void count_is(int want, size_t want_count)
{
	struct linux_module *m;
	size_t count;

	assert_int_equal(linux_modules(&m, &count), want);
	assert_int_equal(count, want_count);
	free(m);
}

static void test_old_layout(void **state)
{
	gva_t a = module_new("first"), b = module_new("second");
	struct linux_module *m;
	size_t count;

	area(a, 0, LOADED, 0x5000, 0x2000);
	put64(a + TAINTS, 1 << 13 | 1 << 12);
	put32(b + STATE, LINUX_MODULE_COMING);
	put32(b + REFS, 4);
	put64(b + EXIT, 0);
	area(b, 0, LOADED + 0x10000, 0x3000, 0x1000);
	area(b, 1, LOADED + 0x20000, 0x1000, 0x1000);
	assert_int_equal(linux_modules(&m, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(m[0].name, "first");
	assert_true(m[0].module == a && m[0].base == LOADED && m[0].size == 0x5000 &&
		    m[0].state == LINUX_MODULE_LIVE && m[0].refs == 0 && m[0].taints == 0x3000 &&
		    !m[0].permanent && m[0].area_count == 1 && m[0].areas[0].text == 0x2000);
	assert_string_equal(m[1].name, "second");
	assert_true(m[1].base == LOADED + 0x10000 && m[1].size == 0x4000 && m[1].refs == 3 &&
		    m[1].permanent && m[1].area_count == 2 &&
		    m[1].areas[1].start == LOADED + 0x20000 && m[1].areas[1].text == 0x1000);
	free(m);
}

static void test_new_layout(void **state)
{
	gva_t a = module_new("first");
	struct linux_module *m;
	size_t count;
	int i;

	set_new_layout(state);
	for (i = 0; i < 6; i++)
		area(a, i, LOADED + (gva_t)i * 0x10000, 0x1000, 0x7777);
	assert_int_equal(linux_modules(&m, &count), 0);
	assert_int_equal(count, 1);
	assert_true(m[0].base == LOADED && m[0].size == 0x6000 && m[0].area_count == 6 &&
		    m[0].areas[0].text == 0x1000 && m[0].areas[1].text == 0 &&
		    m[0].areas[4].text == 0x1000 && m[0].areas[5].text == 0);
	free(m);
	/* What was for start-up only is given back. */
	area(a, 4, 0, 0, 0);
	area(a, 5, 0, 0, 0);
	assert_int_equal(linux_modules(&m, &count), 0);
	assert_true(m[0].size == 0x4000 && m[0].area_count == 4);
	free(m);
}

static char users[256];

static void add_user(const char *name, void *arg)
{
	assert_ptr_equal(arg, users);
	strcat(strcat(users, name), ",");
}

static void test_users(void **state)
{
	gva_t a = module_new("used"), b = module_new("user"), c = module_new("other"), pos;

	assert_int_equal(linux_module_users(a, add_user, users), 0);
	assert_string_equal(users, "");
	uses(a, b);
	uses(a, c);
	assert_int_equal(linux_module_users(a, add_user, users), 0);
	assert_string_equal(users, "user,other,");
	users[0] = '\0';
	memcpy(&pos, guest_at(a + USES), 8);
	put64(pos, pos);
	assert_int_equal(linux_module_users(a, add_user, users), -EOVERFLOW);
	assert_string_equal(users, "user,");
	put64(pos + USE_SOURCE, 0x400000);
	assert_int_equal(linux_module_users(a, add_user, users), -EFAULT);
	assert_int_equal(linux_module_users(0x1000, add_user, users), -EFAULT);
	((struct kernel_blob *)*state)->field[F_MODULE_USES] = NO_FIELD;
	assert_int_equal(linux_module_users(a, add_user, users), -ENOTSUP);
}

static void test_damage(void **state)
{
	gva_t m[30], bad;
	int i;

	count_is(0, 0);
	for (i = 0; i < 30; i++)
		m[i] = module_new("m");
	count_is(0, 30);
	/* Entries that make no sense are left out, and it is said. */
	bad = m[3];
	put32(bad + STATE, 4);
	count_is(-EFAULT, 29);
	put32(bad + STATE, 0);
	put64(bad + NAME, 0);
	count_is(-EFAULT, 29);
	put64(bad + NAME, 'x');
	area(bad, 0, LOADED, 0x1000, 0x1001);
	count_is(-EFAULT, 29);
	area(bad, 0, LOADED, 0xffffffff, 0);
	count_is(-EFAULT, 29);
	area(bad, 0, 0x400000, 0x1000, 0);
	count_is(-EFAULT, 29);
	area(bad, 0, 0xffffffffffffe000ull, 0x10000, 0);
	count_is(-EFAULT, 29);
	area(bad, 0, LOADED, 0x1000, 0x1000);
	count_is(0, 30);
	/* Loops that do not lead back to the head. */
	for (i = 0; i < 30; i++) {
		struct linux_module *list;
		size_t count;

		put64(m[29] + LIST, m[i] + LIST);
		assert_int_equal(linux_modules(&list, &count), -EOVERFLOW);
		assert_in_range(count, 30, 120);
		free(list);
	}
	put64(m[9] + LIST, 0x400000);
	count_is(-EFAULT, 10);
	put64(m[9] + LIST, m[10] + LIST + 1);
	count_is(-EFAULT, 10);
	put64(m[9] + LIST, 0xffff999912345678ull & ~7ull);
	count_is(-EFAULT, 10);
	put64(HEAD, 0);
	count_is(-EFAULT, 0);
}

static void test_kernels_without(void **state)
{
	struct kernel_blob *b = *state;

	module_new("m");
	b->field[F_MODULE_REFS] = NO_FIELD;
	count_is(0, 1);
	b->field[F_MODULE_CORE] = NO_FIELD;
	set_new_layout(state);
	count_is(0, 1);
	facility_lacks(b, LINUX_MODULES, "no modules here");
	count_is(-ENOTSUP, 0);
	kernel = NULL;
	count_is(-ENODATA, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_old_layout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_new_layout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_users, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kernels_without, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
