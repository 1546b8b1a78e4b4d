/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.pause: the guest's other CPUs stand still while a function runs, so what it reads of the
 * kernel's lists does not change under it. The vmm lets them go by itself after 100 ms of the
 * engine's time (lvmon.h); here the function is then stopped with an error, so that nobody takes
 * what it read for exact.
 */
#include <errno.h>
#include "engine/lua/api.h"
#include "engine/signature/limit.h"

#define PAUSE_NS    100000000ull
#define CHECK_EVERY 1000 /* instructions between two looks at the clock */

static bool paused;
static uint64_t pause_end; /* engine_cpu_clock() */

int pause_begin(void)
{
	int err;

	if (paused)
		return -EBUSY;
	err = engine.mode == ENGINE_LIVE ? backend->pause() : 0;
	if (err)
		return err;
	linux_guest_ran(); /* what was remembered of page tables was read before */
	paused = true;
	pause_end = engine_cpu_clock() + PAUSE_NS;
	return 0;
}

int pause_finish(void)
{
	paused = false;
	return engine.mode == ENGINE_LIVE ? backend->resume() : 0;
}

bool pause_time_is_up(void)
{
	return limit_expired ||
	       (paused && engine.mode == ENGINE_LIVE && engine_cpu_clock() > pause_end);
}

static void check_clock(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	if (engine.mode != ENGINE_LIVE || engine_cpu_clock() <= pause_end)
		return;
	/* From now on at each step, until no pcall is left that catches it. */
	lua_sethook(L, check_clock, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
	luaL_where(L, 0); /* in a hook, level 0 is the code that it stopped */
	lua_pushliteral(L, "pause limit exceeded");
	lua_concat(L, 2);
	lua_error(L);
}

/* lvmon.pause(f, ...) -> what f returns */
static int lua_pause(lua_State *L)
{
	int err, status;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	err = pause_begin();
	if (err == -EBUSY)
		return luaL_error(L, "pause: the guest is paused already");
	if (err)
		return luaL_error(L, "pause: the guest's other CPUs could not be held");
	lua_sethook(L, check_clock, LUA_MASKCOUNT, CHECK_EVERY);
	/* Without a continuation: nothing can wait in it (memwrite, a coroutine's yield). */
	status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
	lua_sethook(L, NULL, 0, 0);
	err = pause_finish();
	limit_check(L);
	if (status != LUA_OK)
		return lua_error(L);
	if (err)
		return luaL_error(L, "pause limit exceeded");
	return lua_gettop(L);
}

void pause_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"pause", lua_pause},
		{NULL, NULL},
	};

	api_functions(L, functions);
}
