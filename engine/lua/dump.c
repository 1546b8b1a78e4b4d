/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.dump and p:dump: the machine's memory, or a process's, as an ELF core.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/dump/write.h"
#include "engine/lua/api.h"

static void set_number(lua_State *L, const char *key, uint64_t value)
{
	lua_pushinteger(L, (lua_Integer)value);
	lua_setfield(L, -2, key);
}

/* The name and what is in it; or nil and why there is none. */
static int push_result(lua_State *L, const struct dump_writer *w, int err)
{
	if (err) {
		lua_pushnil(L);
		if (err == -ETIMEDOUT)
			lua_pushliteral(L, "nobody reads what is sent: the event ring stays full");
		else if (err == -EFBIG)
			lua_pushliteral(L,
					"too large where the guest's memory is not shared (Bochs)");
		else
			lua_pushstring(L, strerror(-err));
		return 2;
	}
	lua_pushstring(L, w->name);
	lua_createtable(L, 0, 4);
	set_number(L, "present", w->present / 4096);
	set_number(L, "absent", w->absent / 4096);
	lua_pushboolean(L, w->complete);
	lua_setfield(L, -2, "complete");
	if (!w->complete) {
		lua_pushstring(L, w->reason);
		lua_setfield(L, -2, "reason");
	}
	return 2;
}

static int nothing_done(lua_State *L)
{
	const struct dump_writer none = {.name = "none.core", .complete = true};

	return push_result(L, &none, 0);
}

/* lvmon.dump([name]) -> name, { present =, absent =, complete =, reason = }; or nil, why */
static int dump_all(lua_State *L)
{
	const char *name = luaL_optstring(L, 1, "machine");
	struct dump_writer w;
	int err;

	if (engine.mode == ENGINE_CHECK)
		return nothing_done(L);
	err = dump_machine(&w, name);
	return push_result(L, &w, err);
}

int process_dump(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	const char *name = luaL_optstring(L, 2, NULL);
	struct dump_writer w;
	char usual[64];
	int err;

	if (engine.mode == ENGINE_CHECK)
		return nothing_done(L);
	if (!task->mm) {
		lua_pushnil(L);
		lua_pushliteral(L, "a kernel thread has no memory of its own");
		return 2;
	}
	snprintf(usual, sizeof(usual), "%.*s-%d", LINUX_COMM_SIZE, task->comm, task->tgid);
	if (!linux_mm_lives(task)) {
		lua_pushnil(L);
		lua_pushliteral(L, "the process has ended or runs another program");
		return 2;
	}
	err = dump_process(&w, task, name ? name : usual);
	return push_result(L, &w, err);
}

void dump_open(lua_State *L)
{
	static const luaL_Reg list[] = {
		{"dump", dump_all},
		{NULL, NULL},
	};

	api_functions(L, list);
}
