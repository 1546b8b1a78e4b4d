// SPDX-License-Identifier: Apache-2.0
/* Members and enumerators out of BTF made here, and out of BTF that lies. */
#include <bpf/btf.h>
#include "tests/unit/linux_guest.h"

static struct btf *btf;
static int long_type;

static int set_up(void **state)
{
	btf = btf__new_empty();
	long_type = btf__add_int(btf, "long", 8, 0);
	return 0;
}

static int tear_down(void **state)
{
	btf__free(btf);
	return 0;
}

static int structure(const char *name, uint32_t size)
{
	int id = btf__add_struct(btf, name, size);

	assert_true(id > 0);
	return id;
}

static void member(const char *name, int type, uint32_t byte)
{
	assert_int_equal(btf__add_field(btf, name, type, byte * 8, 0), 0);
}

static int offset(int type, const char *path)
{
	return btf_member_offset(btf, (uint32_t)type, path);
}

static void test_members(void **state)
{
	int inner, anonymous, volatile_inner, named, outer;

	inner = structure("inner", 24);
	member("x", long_type, 0);
	member("y", long_type, 16);
	volatile_inner = btf__add_volatile(btf, btf__add_typedef(btf, "inner_t", inner));
	anonymous = structure(NULL, 32);
	member("p", long_type, 0);
	member("q", volatile_inner, 8);
	named = btf__add_union(btf, NULL, 40);
	member("u", long_type, 0);
	member(NULL, anonymous, 0);
	outer = structure("outer", 100);
	member("first", long_type, 0);
	member(NULL, named, 40);
	assert_int_equal(btf__add_field(btf, "bit", long_type, 8 * 90 + 3, 1), 0);
	assert_int_equal(offset(outer, "first"), 0);
	assert_int_equal(offset(outer, "u"), 40);
	assert_int_equal(offset(outer, "p"), 40);
	assert_int_equal(offset(outer, "q"), 48);
	assert_int_equal(offset(outer, "q.y"), 64);
	assert_int_equal(offset(outer, "q.z"), -ENOENT);
	assert_int_equal(offset(outer, "fir"), -ENOENT);
	assert_int_equal(offset(outer, "first1"), -ENOENT);
	assert_int_equal(offset(outer, "first.x"), -ENOENT);
	assert_int_equal(offset(outer, "bit"), -EINVAL);
	assert_int_equal(offset(long_type, "x"), -ENOENT);
	assert_int_equal(offset(9999, "x"), -ENOENT);
}

/* A structure that is its own member a hundred times over, and types that go round. */
static void test_circles(void **state)
{
	int i, self, td;

	self = structure("self", 8);
	for (i = 0; i < 100; i++)
		member(NULL, self, 0);
	assert_true(offset(self, "x") < 0);
	td = btf__add_typedef(btf, "around", btf__type_cnt(btf));
	assert_true(td > 0);
	i = structure("outer", 8);
	member("a", td, 0);
	assert_int_equal(offset(i, "a.b"), -ENOENT);
}

static struct kernel_blob *blob_with(const void *raw, uint32_t size)
{
	struct kernel_blob *b = calloc(1, sizeof(*b) + size);

	b->sec[SEC_BTF] = (struct section){sizeof(*b), size};
	memcpy((void *)section(b, SEC_BTF), raw, size);
	return b;
}

static void test_enumerators(void **state)
{
	struct kernel_blob *b;
	const void *raw;
	int64_t v;
	uint32_t size;

	assert_true(btf__add_enum(btf, NULL, 4) > 0);
	assert_int_equal(btf__add_enum_value(btf, "FOLL_FORCE", 8), 0);
	assert_int_equal(btf__add_enum_value(btf, "FTRACE_OPS_FL_IPMODIFY", 0x2000), 0);
	assert_int_equal(btf__add_enum_value(btf, "MINUS", -5), 0);
	assert_true(btf__add_enum(btf, "other", 4) > 0);
	assert_int_equal(btf__add_enum_value(btf, "PG_locked", 0), 0);
	raw = btf__raw_data(btf, &size);
	b = blob_with(raw, size);
	assert_int_equal(fields_resolve(b), 0); /* no task_struct */
	assert_string_equal(b->missing[LINUX_TASKS], "struct task_struct has no tasks");
	assert_string_equal(b->missing[LINUX_TYPES], "");
	assert_int_equal(btf_enumerator(b, "FOLL_FORCE", &v), 0); /* from the table */
	assert_int_equal(v, 8);
	assert_int_equal(btf_enumerator(b, "FTRACE_OPS_FL_IPMODIFY", &v), 0);
	assert_int_equal(v, 0x2000);
	assert_int_equal(btf_enumerator(b, "PG_locked", &v), 0);
	assert_int_equal(btf_enumerator(b, "FOLL_WRITE", &v), -ENOENT);
	assert_int_equal(btf_enumerator(b, "MINUS", &v), 0); /* from BTF */
	assert_int_equal(v, -5);
	assert_int_equal(btf_enumerator(b, "NOTHING", &v), -ENOENT);
	b->sec[SEC_BTF].size = 0;
	assert_int_equal(btf_enumerator(b, "MINUS", &v), -ENOENT);
	free(b);
}

/* The size of a page's structure is divided by: none of a lying kernel may be zero. */
static void test_size_of_nothing(void **state)
{
	struct kernel_blob *b;
	uint32_t sizes[] = {0, 64, 2 << 20}, i, size;
	int32_t want[] = {NO_FIELD, 64, NO_FIELD};

	for (i = 0; i < 3; i++) {
		const void *raw;

		btf__free(btf);
		btf = btf__new_empty();
		long_type = btf__add_int(btf, "long", 8, 0);
		structure("page", sizes[i]);
		member("flags", long_type, 0);
		raw = btf__raw_data(btf, &size);
		b = blob_with(raw, size);
		assert_int_equal(fields_resolve(b), 0);
		assert_int_equal(b->field[F_PAGE_FLAGS], 0);
		assert_int_equal(b->field[F_PAGE_SIZE], want[i]);
		free(b);
	}
}

/* Each facility by itself: what lacks nothing of its own may stand on something that does. */
static void test_facilities(void **state)
{
	static struct kernel_blob b;
	int f;

	kernel = NULL;
	assert_int_equal(linux_need(LINUX_PAGES), -ENODATA);
	assert_non_null(linux_missing(LINUX_PAGES));
	kernel = &b;
	for (f = 0; f < LINUX_FACILITIES; f++) {
		assert_int_equal(linux_need((enum linux_facility)f), 0);
		assert_null(linux_missing((enum linux_facility)f));
		assert_non_null(linux_facility_name((enum linux_facility)f));
	}
	facility_lacks(&b, LINUX_SPACES, "the first");
	facility_lacks(&b, LINUX_SPACES, "the second");
	facility_lacks(&b, LINUX_PAGES, "its own");
	facilities_settle(&b);
	assert_int_equal(linux_need(LINUX_TASKS), 0);
	assert_int_equal(linux_need(LINUX_PATHS), 0);
	assert_int_equal(linux_need(LINUX_SPACES), -ENOTSUP);
	assert_string_equal(linux_missing(LINUX_SPACES), "the first");
	assert_string_equal(linux_missing(LINUX_MEMORY), "the first");
	assert_string_equal(linux_missing(LINUX_PAGES), "its own");
	kernel = NULL;
}

/* BTF with nothing in it, and none at all: in words, for each facility that needs it. */
static void test_missing(void **state)
{
	struct kernel_blob *b;
	const void *raw;
	uint32_t size;

	structure("task_struct", 8 * 8);
	member("tasks", long_type, 0);
	member("pid", long_type, 16);
	member("tgid", long_type, 24);
	member("comm", long_type, 32);
	member("real_parent", long_type, 40);
	member("mm", long_type, 48);
	structure("mm_struct", 64);
	member("pgd", long_type, 0);
	member("arg_start", long_type, 8);
	member("arg_end", long_type, 16);
	structure("vm_area_struct", 64);
	member("vm_start", long_type, 0);
	raw = btf__raw_data(btf, &size);
	b = blob_with(raw, size);
	assert_int_equal(fields_resolve(b), 0);
	assert_string_equal(b->missing[LINUX_TASKS], "");
	assert_string_equal(b->missing[LINUX_SPACES], "");
	assert_string_equal(b->missing[LINUX_MEMORY], "struct vm_area_struct has no vm_end");
	assert_string_equal(b->missing[LINUX_DETAILS], "struct task_struct has no real_cred");
	assert_string_equal(b->missing[LINUX_PAGES], "struct file has no f_mapping");
	b->sec[SEC_BTF].size = 0;
	memset(b->missing, 0, sizeof(b->missing));
	assert_int_equal(fields_resolve(b), -ENOENT);
	assert_string_equal(b->missing[LINUX_TASKS], "no BTF that says where task_struct.tasks is");
	assert_string_equal(b->missing[LINUX_TYPES], "no BTF (CONFIG_DEBUG_INFO_BTF)");
	free(b);
}

static void test_noise(void **state)
{
	uint8_t *copy;
	const void *raw;
	uint32_t size;
	int64_t v;
	int i, k, parsed = 0, td = btf__add_typedef(btf, "t", long_type);

	k = structure("task_struct", 100);
	member("tasks", long_type, 0);
	member("pid", long_type, 8);
	member(NULL, k, 16);
	structure("mm_struct", 100);
	member("pgd", td, 0);
	assert_true(btf__add_enum(btf, "e", 4) > 0);
	assert_int_equal(btf__add_enum_value(btf, "PG_locked", 3), 0);
	raw = btf__raw_data(btf, &size);
	copy = malloc(size);
	for (i = 0; i < 3000; i++) {
		struct kernel_blob *b;

		memcpy(copy, raw, size);
		for (k = 0; k < 1 + i % 4; k++)
			copy[noise() % size] = (uint8_t)noise();
		b = blob_with(copy, size - (i % 5 ? 0 : noise() % 40));
		(void)!fields_resolve(b);
		parsed += b->types > 0;
		(void)!btf_enumerator(b, "SOMETHING", &v);
		free(b);
	}
	assert_true(parsed > 100);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_members, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_circles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_enumerators, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_size_of_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_facilities, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_noise, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
