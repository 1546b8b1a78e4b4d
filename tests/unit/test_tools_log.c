// SPDX-License-Identifier: Apache-2.0
/* The parser of the log channel: any splitting of the stream gives the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tools/log.h"

struct seen {
	char text[4096];
	uint64_t gpa, size;
	int crashes, events;
	size_t event_bytes;
};

static void line(void *context, enum log_kind kind, const char *text)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%c%.100s|", "trfmc"[kind], text);
}

static void crash_end(void *context)
{
	((struct seen *)context)->crashes++;
}

static void ring(void *context, uint64_t gpa, uint64_t size)
{
	struct seen *seen = context;

	seen->gpa = gpa;
	seen->size = size;
}

static void event(void *context, const char *text, size_t size)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	seen->events++;
	seen->event_bytes += size;
	snprintf(seen->text + used, sizeof(seen->text) - used, "e%.100s|", text ? text : "");
}

static const char STREAM[] = "LVisor 0.1\n\x02ring 3fe00000 100040\na \x01line\r\n"
			     "fatal: no SVM: \"-cpu\"\nrefused: sleep\n"
			     "crash record begin\nreason: x\nfatal: in it\ncrash record end\n\x01"
			     "not fatal: y\nemulator: CPU 0\nnot emulator: "
			     "z\n\x02port\n\x03{\"a\":1}\n\x02ring zz\n\x02other 1 2\n\nlast";
static const char EXPECTED[] = "tLVisor 0.1|ta line|fno SVM: \"-cpu\"|rsleep|ccrash record begin|"
			       "creason: x|cfatal: in it|ccrash record end|tnot fatal: y|mCPU "
			       "0|tnot emulator: z|e|e{\"a\":1}|t|tlast|";

static void any_splitting(void **state)
{
	for (size_t step = 1; step < sizeof(STREAM); step++) {
		struct seen seen = {.gpa = 0};
		struct log_parser parser = {.sink = {line, crash_end, ring, event, &seen}};
		int doorbells = 0;

		for (size_t at = 0; at < sizeof(STREAM) - 1; at += step) {
			size_t left = sizeof(STREAM) - 1 - at;

			doorbells += log_feed(&parser, STREAM + at, step < left ? step : left);
		}
		log_end(&parser);
		assert_string_equal(seen.text, EXPECTED);
		assert_int_equal(seen.gpa, 0x3fe00000);
		assert_int_equal(seen.size, 0x100040);
		assert_int_equal(seen.crashes, 1);
		assert_in_range(doorbells, 1, 2);
	}
}

static void endless_line(void **state)
{
	struct seen seen = {.gpa = 0};
	struct log_parser parser = {.sink = {line, crash_end, ring, event, &seen}};

	for (int i = 0; i < 100000; i++)
		assert_false(log_feed(&parser, "x", 1));
	log_end(&parser);
	assert_true(strlen(seen.text) > 100);
}

/* An event is never cut, however long the vmm makes it; a line for people is. */
static void longest_event(void **state)
{
	struct seen seen = {.gpa = 0};
	struct log_parser parser = {.sink = {line, crash_end, ring, event, &seen}};

	assert_false(log_feed(&parser, "\x03", 1));
	for (int i = 0; i < 0x10000; i++)
		assert_false(log_feed(&parser, "x", 1));
	assert_false(log_feed(&parser, "\nend\n", 5));
	assert_int_equal(seen.events, 1);
	assert_int_equal(seen.event_bytes, 0x10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_splitting),
		cmocka_unit_test(endless_line),
		cmocka_unit_test(longest_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
