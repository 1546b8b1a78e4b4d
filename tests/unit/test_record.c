/* SPDX-License-Identifier: Apache-2.0 */
/* Records: whatever bytes come in, JSON comes out, bounded, and harmless to a terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/engine.h"
#include "engine/signature/record.h"
#include "tests/unit/engine_fake.h"

static int setup(void **state)
{
	fake_reset();
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

static void clean(const char *in, size_t size, bool lines, const char *want)
{
	char out[256];

	assert_true(text_clean(in, size, lines, out, sizeof(out)));
	assert_string_equal(out, want);
}

static void cleaning(void **state)
{
	char out[12];

	clean("sh", 2, false, "sh");
	clean("a\033[2Jb", 6, false, "a\\x1b[2Jb");
	clean("a\nb\tc\r", 6, false, "a\\x0ab\\x09c\\x0d");
	clean("a\nb\tc\r", 6, true, "a\nb\tc\\x0d");
	clean("\0\x7f", 2, true, "\\x00\\x7f");
	clean("\\x1b", 4, false, "\\x5cx1b"); /* cannot be taken for an escape */
	clean("gr\xc3\xbc\xc3\x9f", 6, false, "gr\xc3\xbc\xc3\x9f");
	clean("\xc3", 1, false, "\\xc3");
	clean("\xc0\x80", 2, false, "\\xc0\\x80");	    /* overlong */
	clean("\xed\xa0\x80", 3, false, "\\xed\\xa0\\x80"); /* surrogate */
	clean("\xf4\x90\x80\x80", 4, false, "\\xf4\\x90\\x80\\x80");
	clean("\xf0\x9f\x98\x80", 4, false, "\xf0\x9f\x98\x80");
	clean("\xc2\x9b"
	      "2J",
	      4, false, "\\xc2\\x9b2J"); /* CSI as one character */
	clean("\xe2\x80\xae"
	      "exe",
	      6, false,
	      "\\xe2\\x80\\xae"
	      "exe"); /* right-to-left override */
	assert_false(text_clean("0123456789\xc3\xbc", 12, false, out, sizeof(out)));
	assert_string_equal(out, "0123456789"); /* no half of a character */
	assert_false(text_clean("012345678\n", 10, false, out, sizeof(out)));
	assert_string_equal(out, "012345678");
}

static void any_bytes(void **state)
{
	static char in[40000];
	size_t i, n;
	int round;

	srand(3);
	for (round = 0; round < 200; round++) {
		const unsigned char *p;
		json_t *r = record_new("print");

		n = (size_t)rand() % sizeof(in);
		for (i = 0; i < n; i++)
			in[i] = (char)rand();
		record_lines(r, "message", in, n);
		record_text(r, "comm", in, n % 100);
		record_error(r, in, n);
		fake_forget_records();
		record_emit(r); /* the fake checks that it is one JSON object of bounded size */
		assert_int_equal(fake_count("print"), 1);
		p = (const void *)fake_string("print", 0, "message");
		for (; *p; p++)
			assert_true((*p >= 0x20 && *p != 0x7f) || *p == '\n' || *p == '\t');
	}
}

static void size_is_bounded(void **state)
{
	size_t n = 1 << 20;
	char *big = malloc(n);
	json_t *r = record_new("print"), *list = json_array();
	int i;

	memset(big, 'x', n);
	record_lines(r, "message", big, n);
	record_emit(r);
	assert_true(strlen(fake_string("print", 0, "message")) <= 65536);
	assert_true(json_is_true(json_object_get(fake_record("print", 0), "truncated")));

	r = record_new("alert");
	record_string(r, "message", "kept");
	for (i = 0; i < 100000; i++)
		json_array_append_new(list, json_integer(i));
	json_object_set_new(r, "data", list);
	record_emit(r);
	assert_string_equal(fake_string("alert", 0, "message"), "kept");
	assert_true(json_is_true(json_object_get(fake_record("alert", 0), "truncated")));
	free(big);
}

static void fields(void **state)
{
	struct lvmon_event ev = {.cpu = 3, .sequence = 77, .time_ns = 1700000000000000042ull};
	struct fake_process *p = fake_process(200, "a\033b", 1, LINUX_PAGE_PRIVATE);
	json_t *process;

	p->task.ppid = 100;
	engine.event = &ev;
	ev.task = p->task.task;
	record_event_process(NULL);
	json_t *r = record_new("test");

	record_event_process(r);
	record_error(r, "x.lua:12: it: failed", 20);
	record_number(r, "large", 0xffff888000000000ull);
	record_emit(r);
	assert_int_equal(fake_number("test", 0, "schema"), 1);
	assert_int_equal(fake_number("test", 0, "cpu"), 3);
	assert_int_equal(fake_number("test", 0, "sequence"), 77);
	assert_string_equal(fake_string("test", 0, "time"), "2023-11-14T22:13:20.000000042Z");
	assert_string_equal(fake_string("test", 0, "file"), "x.lua");
	assert_int_equal(fake_number("test", 0, "line"), 12);
	assert_string_equal(fake_string("test", 0, "message"), "it: failed");
	assert_string_equal(fake_string("test", 0, "large"), "0xffff888000000000");
	process = json_object_get(fake_record("test", 0), "process");
	assert_string_equal(json_string_value(json_object_get(process, "comm")), "a\\x1bb");
	assert_int_equal(json_integer_value(json_object_get(process, "ppid")), 100);
	assert_int_equal(json_array_size(json_object_get(process, "ancestors")), 2);
	engine.event = NULL;
}

/* Processes that are each other's parents. */
static void ancestors_in_a_ring(void **state)
{
	struct fake_process *a = fake_process(200, "a", 1, LINUX_PAGE_PRIVATE);
	struct fake_process *b = fake_process(201, "b", 1, LINUX_PAGE_PRIVATE);
	json_t *r = record_new("test");

	a->task.ppid = 201;
	b->task.ppid = 200;
	record_process(r, &a->task);
	record_emit(r);
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(fake_record("test", 0), "process"), "ancestors")),
			 8);
}

static void near_names(void **state)
{
	struct text_near near;
	char out[200];

	assert_int_equal(text_distance("memread", "memraed", 3), 1);
	assert_int_equal(text_distance("memread", "memread", 3), 0);
	assert_int_equal(text_distance("abc", "xyz", 2), 3);
	text_near_init(&near, "memraed");
	text_near_add(&near, "memwrite");
	text_near_add(&near, "memread");
	text_near_add(&near, "memread");
	text_near_add(&near, "alert");
	text_near_print(&near, out, sizeof(out));
	assert_string_equal(out, "; did you mean memread?");
	text_near_init(&near, "frobnicate");
	text_near_add(&near, "memread");
	text_near_print(&near, out, sizeof(out));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cleaning, setup, teardown),
		cmocka_unit_test_setup_teardown(any_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(size_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(fields, setup, teardown),
		cmocka_unit_test_setup_teardown(ancestors_in_a_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(near_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
