/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signature that runs out of memory at every possible point: the limit is raised in small steps
 * until everything works, and at each step the engine has to survive, say so, and go on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "engine/events/dispatch.h"
#include "engine/signature/quota.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"

#define TEXT                                                                       \
	"lvmon.hook.syscall('openat', function(ev)\n"                              \
	"  local p = lvmon.getproc()\n"                                            \
	"  local a = ev.args local r = ev.regs\n"                                  \
	"  local data = lvmon.memread(p.memory, p.mem_size)\n"                     \
	"  if string.find(data, 'suspicious [0-9]') then\n"                        \
	"    lvmon.memwrite(p.memory, string.rep('\\0', p.mem_size))\n"            \
	"  end\n"                                                                  \
	"  for q in lvmon.processes() do local c = q.comm end\n"                   \
	"  string.gsub('ab', '.', function() lvmon.memwrite(p.memory, 'x') end)\n" \
	"  coroutine.wrap(function() coroutine.yield(pcall(error, {})) end)()\n"   \
	"  print('done', p.exe)\n"                                                 \
	"end)\n"

static void at_every_point(void **state)
{
	size_t max, failed_loads = 0, failed_events = 0;

	for (max = 0;; max += max < 20000 ? 512 : 24) {
		struct lvmon_verdict v;
		struct fake_process *p;
		bool loaded;

		fake_reset();
		p = fake_process(200, "p", 4, LINUX_PAGE_SHARED);
		fake_write(p, 5000, "suspicious 7", 12);
		fake_signature("t.lua", TEXT);
		fake_signature("other.lua",
			       "lvmon.hook.syscall('openat', function() print('other') end)");
		signatures[0]->memory_max = max;
		loaded = fake_load() == 2;
		assert_true(signatures[0]->memory <= max);
		v = fake_event("__x64_sys_openat", p);
		/* The memory was overwritten, or it was not. */
		assert_int_equal(v.kind, fake.killed ? LVMON_RETURN : LVMON_CONTINUE);
		/* Whatever became of the first, the other one ran. */
		assert_string_equal(fake_string("print", fake_count("print") - 1, "message"),
				    "other");
		if (loaded && !fake_count("error")) {
			assert_int_equal(fake_count("print"), 2);
			break;
		}
		if (loaded) {
			failed_events++;
			assert_int_equal(fake_count("error"), 1);
		} else {
			failed_loads++;
		}
		assert_true(max < 1 << 20);
	}
	/* It did fail on the way, in both places. */
	assert_true(failed_loads > 20);
	assert_true(failed_events > 20);
	fake_free();
}

/*
 * What there is, all signatures share; but one that takes all it can get leaves each other one the
 * share that it was promised, and the error names it.
 */
static void others_have_a_share(void **state)
{
	static const char *const hold =
		"local held = {}\n"
		"lvmon.hook.syscall('openat', function()\n"
		"  while true do held[#held + 1] = string.rep('x', 50000 + #held) end\n"
		"end)\n";
	static const char *const modest =
		"lvmon.hook.syscall('execve', function()\n"
		"  local t = {}\n"
		"  for i = 1, 12 do t[i] = string.rep('y', 50000 + i) end\n"
		"  print(#t)\n"
		"end)\n";
	struct fake_process *p;

	fake_reset();
	p = fake_process(200, "p", 4, LINUX_PAGE_SHARED);
	fake_signature("greedy.lua", hold);
	fake_signature("second.lua", hold);
	fake_signature("modest.lua", modest);
	assert_int_equal(fake_load(), 3);
	quota_begin(13u << 20);
	fake_event("__x64_sys_openat", p);
	/* Both ran out: the first took what is beyond the shares, but for less than a string. */
	assert_int_equal(fake_count("error"), 2);
	assert_string_equal(fake_string("error", 0, "reason"), "memory");
	assert_in_range(fake_number("error", 0, "memory"), 10u << 20, 11u << 20);
	assert_string_equal(fake_string("error", 1, "signature"), "second.lua");
	assert_string_equal(fake_string("error", 1, "held_by"), "greedy.lua");
	assert_in_range(fake_number("error", 1, "memory"), QUOTA_SHARE / 2, QUOTA_SHARE + 60000);
	assert_in_range(fake_number("error", 1, "held"), 10u << 20, 11u << 20);
	/* The third works as ever, in a share that is still its own. */
	for (int i = 0; i < 5; i++)
		fake_event("__x64_sys_execve", p);
	assert_int_equal(fake_count("error"), 2);
	assert_int_equal(fake_count("print"), 5);
	fake_free();
}

/* Where they are many, the shares are smaller, and nothing is promised twice. */
static void many_signatures(void **state)
{
	fake_reset();
	for (int i = 0; i < 40; i++) {
		char name[24];

		snprintf(name, sizeof(name), "s%d.lua", i);
		fake_signature(name, "local x = string.rep('x', 1000)");
	}
	quota_begin(20u << 20);
	for (int i = 0; i < 40; i++) {
		assert_true(quota_take(signatures[i], (20u << 20) / 40));
		assert_false(quota_take(signatures[i], 1));
	}
	for (int i = 0; i < 40; i++)
		quota_give(signatures[i], (20u << 20) / 40);
	fake_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_every_point),
		cmocka_unit_test(others_have_a_share),
		cmocka_unit_test(many_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
