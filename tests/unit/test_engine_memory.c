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
#include "engine/dispatch.h"
#include "engine/signature.h"
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
		assert_int_equal(fake_event("__x64_sys_openat", p).kind, LVMON_CONTINUE);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_every_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
