// SPDX-License-Identifier: Apache-2.0
/* Events as a program and as a person get them; the guest's bytes command no terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/events.h"
#include "tools/message.h"

struct shown {
	struct screen screen;
	struct event_output output;
	char *file;
	size_t file_size;
};

static void begin(struct shown *s)
{
	memset(s, 0, sizeof(*s));
	s->output.screen = &s->screen;
	s->output.file = open_memstream(&s->file, &s->file_size);
}

static void record(struct shown *s, const char *text)
{
	event_record(&s->output, text, strlen(text));
}

static void end(struct shown *s, const char *lines, const char *file)
{
	fclose(s->output.file);
	assert_int_equal(s->screen.waiting_size, strlen(lines));
	if (*lines)
		assert_memory_equal(s->screen.waiting, lines, strlen(lines));
	if (file)
		assert_string_equal(s->file, file);
	free(s->screen.waiting);
	free(s->file);
}

static void an_alert(void **state)
{
	static const char text[] =
		"{\"kind\":\"alert\",\"signature\":\"a.lua\",\"technique\":\"T1486\",\"message\":"
		"\"found\",\"process\":{\"pid\":7,\"comm\":\"sh\",\"exe\":\"/bin/sh\"}}";
	char file[400];
	struct shown s;

	begin(&s);
	record(&s, text);
	snprintf(file, sizeof(file), "%s\n", text);
	end(&s, "[alert] a.lua: T1486 found (sh pid 7, /bin/sh)\n", file);
}

static void an_error_has_its_place(void **state)
{
	struct shown s;

	begin(&s);
	record(&s, "{\"kind\":\"error\",\"signature\":\"a.lua\",\"file\":\"a.lua\",\"line\":3,"
		   "\"message\":\"bad\\n\\tin b\"}");
	record(&s, "{\"kind\":\"error\",\"signature\":\"a.lua\",\"message\":\"slow\",\"reason\":"
		   "\"time\",\"where\":\"a.lua:9\"}");
	end(&s, "[error] a.lua:3: bad\n      in b\n[error] a.lua: slow, reason: time, at a.lua:9\n",
	    NULL);
}

/* A dump's parts are not events; its record gets the file's path, or why there is none. */
static void dumps(void **state)
{
	static const char begin_text[] =
		"{\"kind\":\"dump_part\",\"dump\":1,\"op\":\"begin\",\"name\":\"a.core\","
		"\"ram_end\":4096}";
	static const char end_text[] = "{\"kind\":\"dump\",\"signature\":\"a.lua\",\"message\":"
				       "\"memory\",\"dump\":1,\"size\":8}";
	char folder[] = "/tmp/lvisor-events-XXXXXX", lines[300], file[300];
	struct dump_store store = {.folder = mkdtemp(folder), .max = 100, .ram_fd = -1, .fd = -1};
	struct shown s;

	assert_non_null(store.folder);
	begin(&s);
	s.output.dumps = &store;
	record(&s, begin_text);
	record(&s, "{\"kind\":\"dump_part\",\"dump\":1,\"op\":\"bytes\",\"offset\":0,\"bytes\":"
		   "\"AAAA\"}");
	record(&s, end_text);
	record(&s, end_text);
	assert_int_equal(s.output.count, 2);
	snprintf(lines, sizeof(lines),
		 "[dump] a.lua: memory: %s/a.core\n"
		 "[dump] a.lua: memory: parts of it were lost, and so it was not kept\n",
		 folder);
	snprintf(file, sizeof(file),
		 "{\"kind\":\"dump\",\"signature\":\"a.lua\",\"message\":\"memory\",\"size\":8,"
		 "\"path\":\"%s/a.core\"}\n"
		 "{\"kind\":\"dump\",\"signature\":\"a.lua\",\"message\":\"memory\",\"error\":"
		 "\"parts "
		 "of it were lost, and so it was not kept\"}\n",
		 folder);
	end(&s, lines, file);
	assert_int_equal(unlink(store.path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* Without a screen: one line. */
static void as_lines(void **state)
{
	static const char text[] =
		"{\"kind\":\"print\",\"file\":\"a.lua\",\"line\":2,\"message\":\"x\"}";
	char line[100];

	assert_true(event_line(text, strlen(text), line, sizeof(line)));
	assert_string_equal(line, "[print] a.lua:2: x");
	assert_false(event_line("[1]", 3, line, sizeof(line)));
	assert_false(event_line("{", 1, line, sizeof(line)));
}

static void unknown_kinds_are_shown(void **state)
{
	struct shown s;

	begin(&s);
	record(&s, "{\"kind\":\"new\",\"cpu\":0,\"value\":1,\"names\":[\"a\"]}");
	record(&s, "{}");
	end(&s, "[new] value 1, names [\"a\"]\n[event] \n", NULL);
}

static void garbage_is_wrapped(void **state)
{
	static const char *const garbage[] = {"", "{", "[1]", "\xff\xfe", "{\"a\":1}x", "{\n}"};
	struct shown s;
	int lines = 0;

	begin(&s);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		record(&s, garbage[i]);
	fflush(s.output.file);
	for (const char *at = s.file; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, sizeof(garbage) / sizeof(garbage[0]));
	assert_int_equal(strncmp(s.file, "{\"schema\":1,\"kind\":\"error\"", 26), 0);
	fclose(s.output.file);
	free(s.screen.waiting);
	free(s.file);
}

static void terminals_are_safe(void **state)
{
	char out[256];
	struct shown s;

	begin(&s);
	record(&s,
	       "{\"kind\":\"alert\",\"message\":\"a\\u001b[2Jb\\u0007\\u009bc\\u202e \xc3\xa4\"}");
	end(&s, "[alert] a\\x1b[2Jb\\x07\\xc2\\x9bc\\xe2\\x80\\xae \xc3\xa4\n", NULL);
	assert_int_equal(make_printable(out, 6, "aaaaaaaaaa", 10), 2);
	assert_string_equal(out, "aa");
	make_printable(out, sizeof(out), "\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80\xe2\x82", 11);
	assert_null(strpbrk(out, "\xed\xf4\xc0\xe2"));
}

static void keys_of_ours(void **state)
{
	struct screen screen = {.raw = true};
	bool quit = false;
	char typed[] = "ab\x01\x01"
		       "c";

	assert_int_equal(screen_keys(&screen, typed, 5, &quit), 4);
	assert_memory_equal(typed,
			    "ab\x01"
			    "c",
			    4);
	assert_false(quit);
	strcpy(typed, "\x01");
	assert_int_equal(screen_keys(&screen, typed, 1, &quit), 0);
	strcpy(typed, "x");
	assert_int_equal(screen_keys(&screen, typed, 1, &quit), 0);
	assert_true(quit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert),
		cmocka_unit_test(an_error_has_its_place),
		cmocka_unit_test(dumps),
		cmocka_unit_test(as_lines),
		cmocka_unit_test(unknown_kinds_are_shown),
		cmocka_unit_test(garbage_is_wrapped),
		cmocka_unit_test(terminals_are_safe),
		cmocka_unit_test(keys_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
