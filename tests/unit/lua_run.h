/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the Lua API: each test is a signature whose handler asserts; a failed assertion is
 * an error record with its line.
 */
#ifndef TESTS_LUA_RUN_H
#define TESTS_LUA_RUN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/events/dispatch.h"
#include "engine/events/hooks.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"

static struct fake_process *p;

static int setup(void **state)
{
	fake_reset();
	p = fake_process(200, "calls", 4, LINUX_PAGE_PRIVATE);
	return 0;
}

static int teardown(void **state)
{
	fake_free();
	return 0;
}

static void no_errors(void)
{
	if (fake_count("error"))
		fail_msg("line %lld: %s", fake_number("error", 0, "line"),
			 fake_string("error", 0, "message"));
}

static void run(const char *body)
{
	static char text[8192];

	snprintf(text, sizeof(text), "lvmon.hook.syscall('openat', function(ev)\n%s\nend)", body);
	fake_signature("t.lua", text);
	assert_int_equal(fake_load(), 1);
	fake_event("__x64_sys_openat", p);
	no_errors();
}

#endif
