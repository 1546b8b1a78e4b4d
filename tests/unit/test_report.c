/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ready views, over a guest of cardboard: columns and JSON, guests' strings, and what is not
 * complete or not there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "engine/offline/look.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"

static char out[2][1 << 20]; /* standard output and error of the view that ran last */

static int setup(void **state)
{
	fake_reset();
	engine.mode = ENGINE_DUMP;
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

/* Run a view; its exit status. */
static int run(const char *name, int64_t pid, const char *argument, bool json)
{
	const struct report *report = report_find(name);
	struct look l = {.pid = pid, .name = argument, .json = json};
	FILE *file[2] = {tmpfile(), tmpfile()};
	int saved[2], i, ret;

	assert_non_null(report);
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		saved[i] = dup(1 + i);
		dup2(fileno(file[i]), 1 + i);
	}
	ret = report_print(report, &l);
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		dup2(saved[i], 1 + i);
		close(saved[i]);
		rewind(file[i]);
		out[i][fread(out[i], 1, sizeof(out[i]) - 1, file[i])] = '\0';
		fclose(file[i]);
	}
	return ret;
}

static void columns(void **state)
{
	fake_process(7, "a\x1b[2Jb", 1, LINUX_PAGE_PRIVATE);
	assert_int_equal(run("ps", -1, NULL, false), 0);
	assert_string_equal(out[0], "PID PPID  UID COMM      EXE\n"
				    "  1    0 1000 init      /bin/init\n"
				    "100    1 1000 sh        /bin/sh\n"
				    "  7    1 1000 a\\x1b[2Jb /bin/a\\x1b[2Jb\n");
	assert_string_equal(out[1], "");
}

static void not_complete(void **state)
{
	fake.endless = true;
	assert_int_equal(run("ps", -1, NULL, false), 0);
	assert_non_null(strstr(out[1], "lvisor: not complete: the kernel's list"));
}

static void of_one_process(void **state)
{
	assert_int_equal(run("files", 100, NULL, true), 0);
	assert_non_null(strstr(out[0], "\"pid\":100"));
	assert_null(strstr(out[0], "\"pid\":1,"));
	assert_int_equal(run("files", 12345, NULL, false), 1);
	assert_string_equal(out[1], "lvisor: error: files: no process has the id 12345\n");
}

static void symbols(void **state)
{
	assert_int_equal(run("symbols", -1, "^__x64_sys_openat$", true), 0);
	assert_non_null(strstr(out[0], "\"address\":\"0xffffffff81"));
	assert_ptr_equal(strchr(out[0], '\n'), out[0] + strlen(out[0]) - 1);
	assert_int_equal(run("symbols", -1, "(", false), 1);
	assert_non_null(strstr(out[1], "unfinished capture"));
}

/* Each view, each line: one JSON object. */
static void all_as_json(void **state)
{
	const struct report *r;

	for (r = reports; r->name; r++) {
		char *line, *rest = out[0];
		int ret;

		fake_free();
		setup(NULL);
		ret = run(r->name, -1, r->argument && *r->argument != '[' ? "list_head" : NULL,
			  true);
		if (ret)
			continue; /* what the cardboard lacks */
		while ((line = strsep(&rest, "\n")) && rest) {
			json_t *json = json_loads(line, 0, NULL);

			if (!json_is_object(json))
				fail_msg("%s: %s", r->name, line);
			json_decref(json);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(columns, setup, teardown),
		cmocka_unit_test_setup_teardown(not_complete, setup, teardown),
		cmocka_unit_test_setup_teardown(of_one_process, setup, teardown),
		cmocka_unit_test_setup_teardown(symbols, setup, teardown),
		cmocka_unit_test_setup_teardown(all_as_json, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
