// SPDX-License-Identifier: Apache-2.0
/*
 * Profiles: BTF made here, and this machine's kernel's, is written as ISF and read back: all
 * structures, unions and enumerations must be as before. And files that are no profile.
 */
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>
#include <bpf/libbpf.h>
#include "engine/profile/isf.h"
#include "tests/unit/isf_maker.h"
#include "tests/unit/linux_guest.h"

#define BANNER "Linux version 6.1.0-test (someone@somewhere) #1 SMP"

static char error[512];

static void same(const struct btf *a, uint32_t ia, const struct btf *b, uint32_t ib, int depth);

/* The id of a named type of this kind. */
static uint32_t find(const struct btf *btf, const char *name, bool is_enum, bool is_union)
{
	uint32_t id, n = btf__type_cnt(btf);

	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (is_enum ? btf_is_any_enum(t) : is_union ? btf_is_union(t) : btf_is_struct(t))
			if (!strcmp(name, btf__name_by_offset(btf, t->name_off)))
				return id;
	}
	return 0;
}

static void same_members(const struct btf *a, const struct btf_type *x, const struct btf *b,
			 const struct btf_type *y, int depth)
{
	uint32_t i, k;

	assert_int_equal(btf_vlen(x), btf_vlen(y));
	for (i = 0; i < btf_vlen(x); i++) {
		const struct btf_member *m = &btf_members(x)[i];
		const char *name = btf__name_by_offset(a, m->name_off);

		/* Anonymous and empty members may share a place: look for the one of this name. */
		for (k = 0; k < btf_vlen(y); k++)
			if (!strcmp(name, btf__name_by_offset(b, btf_members(y)[k].name_off)) &&
			    btf_member_bit_offset(x, i) == btf_member_bit_offset(y, k))
				break;
		assert_true(k < btf_vlen(y));
		assert_int_equal(btf_member_bitfield_size(x, i), btf_member_bitfield_size(y, k));
		if (*name)
			same(a, m->type, b, btf_members(y)[k].type, depth + 1);
	}
}

/* Types named inside others are compared where their own turn comes. */
static void same(const struct btf *a, uint32_t ia, const struct btf *b, uint32_t ib, int depth)
{
	const struct btf_type *x = isf_strip(a, &ia), *y = isf_strip(b, &ib);

	if (!ia || !ib) {
		assert_true(!ia && !ib);
		return;
	}
	if (btf_is_any_enum(x)) {
		assert_true(btf_is_any_enum(y));
		return;
	}
	assert_int_equal(btf_kind(x), btf_kind(y));
	switch (btf_kind(x)) {
	case BTF_KIND_PTR:
		same(a, x->type, b, y->type, depth + 1);
		return;
	case BTF_KIND_ARRAY:
		assert_int_equal(btf_array(x)->nelems, btf_array(y)->nelems);
		same(a, btf_array(x)->type, b, btf_array(y)->type, depth + 1);
		return;
	case BTF_KIND_INT:
		assert_int_equal(btf_int_encoding(x) & ~BTF_INT_CHAR, btf_int_encoding(y));
		/* fall through */
	case BTF_KIND_FLOAT:
		assert_int_equal(x->size, y->size);
		return;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		assert_int_equal(x->size, y->size);
		assert_string_equal(btf__name_by_offset(a, x->name_off),
				    btf__name_by_offset(b, y->name_off));
		if (!x->name_off && depth < 8)
			same_members(a, x, b, y, depth);
	}
}

static void same_enum(const struct btf *a, const struct btf_type *x, const struct btf *b,
		      const struct btf_type *y)
{
	json_t *p = isf_constants(a, x), *q = isf_constants(b, y);

	assert_true(json_equal(p, q));
	json_decref(p);
	json_decref(q);
}

/* Number of types compared. */
static unsigned int compare(const struct btf *a, const struct btf *b)
{
	json_t *seen = json_object();
	uint32_t id, other, n = btf__type_cnt(a);
	unsigned int count = 0;

	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(a, id);
		const char *name = btf__name_by_offset(a, t->name_off);
		char key[300];

		if (!*name || !(btf_is_composite(t) || btf_is_any_enum(t)))
			continue;
		/* In a profile, structures and unions are one table. */
		snprintf(key, sizeof(key), "%c%s", btf_is_any_enum(t) ? 'e' : 's', name);
		if (json_object_get(seen, key))
			continue;
		json_object_set_new(seen, key, json_true());
		other = find(b, name, btf_is_any_enum(t), btf_is_union(t));
		assert_true(other > 0);
		if (btf_is_any_enum(t)) {
			same_enum(a, t, b, btf__type_by_id(b, other));
		} else {
			assert_int_equal(t->size, btf__type_by_id(b, other)->size);
			same_members(a, t, b, btf__type_by_id(b, other), 0);
		}
		count++;
	}
	json_decref(seen);
	return count;
}

static struct btf *there_and_back(const struct btf *btf, const char *banner)
{
	char *text = isf_of_btf(btf, banner);
	struct btf *back;
	size_t size;
	void *raw;

	if (isf_to_btf(text, strlen(text), &raw, &size, error, sizeof(error)))
		fail_msg("%s", error);
	free(text);
	back = btf__new(raw, (uint32_t)size);
	assert_non_null(back);
	free(raw);
	return back;
}

/* libbpf adds a field to the last type: what a field needs comes before. */
static struct btf *made(void)
{
	struct btf *btf = btf__new_empty();
	int u32, i64, flag, text, inner, anonymous, e, wide, proto, self, function, is_const,
		hidden, alias, task;

	u32 = btf__add_int(btf, "unsigned int", 4, 0);
	i64 = btf__add_int(btf, "long int", 8, BTF_INT_SIGNED);
	flag = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	btf__add_float(btf, "double", 8);
	text = btf__add_array(btf, u32, btf__add_int(btf, "char", 1, BTF_INT_SIGNED), 16);
	e = btf__add_enum(btf, "pageflags", 4);
	btf__add_enum_value(btf, "PG_locked", 0);
	btf__add_enum_value(btf, "PG_uptodate", 2);
	btf__add_enum(btf, "minus", 4);
	btf__add_enum_value(btf, "MINUS", -5);
	wide = btf__add_enum64(btf, "wide", 8, false);
	btf__add_enum64_value(btf, "WIDE", 1ull << 40);
	proto = btf__add_func_proto(btf, 0);
	inner = btf__add_struct(btf, "inner", 16);
	btf__add_field(btf, "a", i64, 0, 0);
	btf__add_field(btf, "low", u32, 64, 3);
	btf__add_field(btf, "high", u32, 67, 29);
	anonymous = btf__add_union(btf, NULL, 8);
	btf__add_field(btf, "as_long", i64, 0, 0);
	btf__add_field(btf, "as_bool", flag, 0, 0);
	function = btf__add_ptr(btf, proto);
	is_const = btf__add_const(btf, e);
	hidden = btf__add_ptr(btf, btf__add_fwd(btf, "hidden", BTF_FWD_STRUCT));
	alias = btf__add_typedef(btf, "inner_t", inner);
	self = btf__add_ptr(btf, (int)btf__type_cnt(btf) + 1);
	task = btf__add_struct(btf, "task_struct", 96);
	btf__add_field(btf, "next", self, 0, 0);
	btf__add_field(btf, NULL, anonymous, 64, 0);
	btf__add_field(btf, "comm", text, 128, 0);
	btf__add_field(btf, "inner", alias, 256, 0);
	btf__add_field(btf, "function", function, 384, 0);
	btf__add_field(btf, "state", is_const, 448, 0);
	btf__add_field(btf, "wide", wide, 512, 0);
	assert_int_equal(btf__add_field(btf, "nowhere", hidden, 576, 0), 0);
	assert_true(btf__add_var(btf, "init_task", BTF_VAR_GLOBAL_ALLOCATED, task) > 0);
	return btf;
}

static void test_there_and_back(void **state)
{
	struct btf *btf = made(), *back = there_and_back(btf, BANNER "\n");
	const void *raw;
	uint32_t size;
	char why[400];
	int var;

	assert_int_equal(compare(btf, back), 5);
	assert_int_equal(compare(back, btf), 5);
	assert_true(btf__find_by_name_kind(back, "hidden", BTF_KIND_FWD) > 0);
	var = btf__find_by_name_kind(back, "init_task", BTF_KIND_VAR);
	assert_true(var > 0);
	assert_int_equal(btf__type_by_id(back, (uint32_t)var)->type,
			 btf__find_by_name_kind(back, "task_struct", BTF_KIND_STRUCT));
	/* Whose kernel's it is. */
	raw = btf__raw_data(back, &size);
	assert_int_equal(profile_fits(raw, size, BANNER "\n", why, sizeof(why)), 0);
	assert_int_equal(profile_fits(raw, size, BANNER "P\n", why, sizeof(why)), -EINVAL);
	assert_int_equal(profile_fits(raw, size, "Linux version 6.2\n", why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "another kernel: 'Linux version 6.1.0-test"));
	assert_non_null(strstr(why, "this one is 'Linux version 6.2'"));
	assert_int_equal(profile_fits(raw, size - 1, BANNER, why, sizeof(why)), -EINVAL);
	raw = btf__raw_data(btf, &size);
	assert_int_equal(profile_fits(raw, size, "anything", why, sizeof(why)), 0);
	btf__free(back);
	btf__free(btf);
}

/* A whole kernel, when this machine's says what it is like: the same fields come of it. */
static void test_whole_kernel(void **state)
{
	struct btf *btf = btf__parse("/sys/kernel/btf/vmlinux", NULL), *back;
	struct kernel_blob *a, *b;
	const void *raw;
	uint32_t size;

	if (libbpf_get_error(btf)) {
		print_message("no BTF of this machine's kernel\n");
		skip();
	}
	back = there_and_back(btf, NULL);
	raw = btf__raw_data(btf, &size);
	a = calloc(1, sizeof(*a) + size);
	a->sec[SEC_BTF] = (struct section){sizeof(*a), size};
	memcpy(a + 1, raw, size);
	raw = btf__raw_data(back, &size);
	b = calloc(1, sizeof(*b) + size);
	b->sec[SEC_BTF] = (struct section){sizeof(*b), size};
	memcpy(b + 1, raw, size);
	assert_int_equal(fields_resolve(a), 0);
	assert_int_equal(fields_resolve(b), 0);
	assert_memory_equal(a->field, b->field, sizeof(a->field));
	assert_int_equal(a->enumerators_known, b->enumerators_known);
	assert_memory_equal(a->enumerator, b->enumerator, sizeof(a->enumerator));
	free(a);
	free(b);
	btf__free(back);
	btf__free(btf);
}

#define TYPES(base, user) "{\"base_types\":{" base "},\"user_types\":{" user "}}"
#define INT		  "\"int\":{\"size\":4,\"signed\":true,\"kind\":\"int\"}"
#define MEMBER(t)	  TYPES(INT, "\"s\":{\"size\":8,\"kind\":\"struct\",\"fields\":{\"m\":" t "}}")

static void test_no_profiles(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "line 1"},
		{"{\"a\":", "line 1"},
		{"[]", "no ISF profile"},
		{"{}", "no ISF profile"},
		{"{\"base_types\":7,\"user_types\":{\"a\":1}}", "no ISF profile"},
		{TYPES(INT, "\"a\":1"), "no description"},
		{TYPES(INT, "\"\":{}"), "no name"},
		{TYPES(INT, "\"a\":{\"kind\":\"struct\"}"), "a: size is missing"},
		{TYPES(INT, "\"a\":{\"kind\":\"struct\",\"size\":-1}"),
		 "a: size is missing or out"},
		{TYPES(INT, "\"a\":{\"kind\":\"struct\",\"size\":1e12}"),
		 "a: size is missing or out"},
		{TYPES(INT, "\"a\":{\"kind\":\"struct\",\"size\":1.5}"),
		 "a: size is missing or out"},
		{TYPES("\"int\":{\"kind\":\"int\"}", "\"a\":{\"size\":1}"), "int: size is missing"},
		{MEMBER("{\"type\":{\"kind\":\"base\",\"name\":\"int\"}}"), "m: offset is missing"},
		{MEMBER("{\"offset\":0}"), "m: type of unknown kind ''"},
		{MEMBER("{\"offset\":0,\"type\":{\"kind\":\"thing\"}}"), "unknown kind 'thing'"},
		{MEMBER("{\"offset\":0,\"type\":{\"kind\":\"pointer\"}}"), "unknown kind ''"},
		{MEMBER("{\"offset\":0,\"type\":{\"kind\":\"array\",\"subtype\":{\"kind\":\"base\"}"
			"}}"),
		 "count is missing"},
		{MEMBER("{\"offset\":0,\"type\":{\"kind\":\"bitfield\",\"bit_length\":99,"
			"\"bit_position\":0}}"),
		 "bit_length is missing or out"},
		{MEMBER("{\"offset\":4000000,\"type\":{\"kind\":\"bitfield\",\"bit_length\":1,"
			"\"bit_position\":0,\"type\":{\"kind\":\"base\",\"name\":\"int\"}}}"),
		 "s.m cannot be written"},
	};
	size_t i, size;
	void *btf;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(isf_to_btf(cases[i].text, strlen(cases[i].text), &btf, &size, error,
				       sizeof(error)) < 0);
		if (!strstr(error, cases[i].message))
			fail_msg("%s: %s", cases[i].text, error);
	}
}

/* A pointer to a pointer to ..., a thousand times. */
static void test_depth(void **state)
{
	static char text[100000];
	size_t n, size;
	void *btf;
	int i;

	n = (size_t)sprintf(text,
			    "{\"base_types\":{%s},\"user_types\":{\"s\":{\"size\":8,\"kind\":"
			    "\"struct\",\"fields\":{\"m\":{\"offset\":0,\"type\":",
			    INT);
	for (i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "{\"kind\":\"pointer\",\"subtype\":");
	n += (size_t)sprintf(text + n, "{\"kind\":\"base\",\"name\":\"int\"}");
	for (i = 0; i < 1000 + 5; i++)
		text[n++] = '}';
	assert_int_equal(isf_to_btf(text, n, &btf, &size, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "without end"));
}

/* Numbers that jansson has no integer for, and a base type of three bytes. */
static void test_numbers(void **state)
{
	static const char text[] =
		"{\"base_types\":{" INT ",\"odd\":{\"size\":3,\"signed\":false,\"kind\":\"int\"}},"
		"\"user_types\":{\"s\":{\"size\":3,\"kind\":\"struct\",\"fields\":{\"m\":{"
		"\"offset\":0,"
		"\"type\":{\"kind\":\"base\",\"name\":\"odd\"}}}}},"
		"\"enums\":{\"e\":{\"size\":8,\"constants\":{\"ALL\":18446744073709551615,\"HIGH\":"
		"9223372036854775808}}},"
		"\"symbols\":{\"x\":{\"address\":18446744071578845184,\"type\":{\"kind\":"
		"\"struct\","
		"\"name\":\"s\"}}}}";
	const struct btf_type *t;
	struct btf *btf;
	size_t size;
	void *raw;

	if (isf_to_btf(text, strlen(text), &raw, &size, error, sizeof(error)))
		fail_msg("%s", error);
	btf = btf__new(raw, (uint32_t)size);
	assert_non_null(btf);
	t = btf__type_by_id(btf, (uint32_t)btf__find_by_name_kind(btf, "e", BTF_KIND_ENUM64));
	assert_true(btf_enum64_value(&btf_enum64(t)[0]) == UINT64_MAX);
	assert_true(btf_enum64_value(&btf_enum64(t)[1]) == 1ull << 63);
	assert_true(btf__find_by_name_kind(btf, "x", BTF_KIND_VAR) > 0);
	btf__free(btf);
	free(raw);
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void is_read(const char *path, const void *want, size_t want_size)
{
	size_t size;
	void *btf;

	if (profile_read(path, &btf, &size, error, sizeof(error)))
		fail_msg("%s", error);
	assert_int_equal(size, want_size);
	assert_memory_equal(btf, want, size);
	free(btf);
}

static void is_refused(const char *path, const char *message)
{
	size_t size;
	void *btf;

	assert_true(profile_read(path, &btf, &size, error, sizeof(error)) < 0);
	if (!strstr(error, message))
		fail_msg("%s", error);
}

static void test_files(void **state)
{
	char path[] = "/tmp/lvisor-test-profile-XXXXXX";
	static uint8_t packed[65536];
	struct btf *btf = made();
	char *text = isf_of_btf(btf, BANNER);
	size_t want_size, packed_size = 0;
	void *want;
	gzFile gz;

	close(mkstemp(path));
	assert_int_equal(isf_to_btf(text, strlen(text), &want, &want_size, error, sizeof(error)),
			 0);
	write_file(path, text, strlen(text));
	is_read(path, want, want_size);
	gz = gzopen(path, "wb");
	assert_int_equal(gzwrite(gz, text, (unsigned int)strlen(text)), strlen(text));
	gzclose(gz);
	is_read(path, want, want_size);
	assert_int_equal(truncate(path, 100), 0);
	is_refused(path, "damaged");
	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (uint8_t *)text,
						 strlen(text), packed, &packed_size,
						 sizeof(packed)),
			 LZMA_OK);
	write_file(path, packed, packed_size);
	is_read(path, want, want_size);
	write_file(path, packed, packed_size - 20);
	is_refused(path, "damaged");
	packed[packed_size / 2] ^= 1;
	write_file(path, packed, packed_size);
	is_refused(path, "damaged");
	write_file(path, want, want_size);
	is_read(path, want, want_size);
	write_file(path, "", 0);
	is_refused(path, "line 1");
	unlink(path);
	is_refused(path, "No such file");
	is_refused("/", "damaged");
	free(want);
	free(text);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_whole_kernel),
		cmocka_unit_test(test_no_profiles),    cmocka_unit_test(test_depth),
		cmocka_unit_test(test_numbers),	       cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
