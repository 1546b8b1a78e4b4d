/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coroutines that handlers run in. Most events find the coroutine of the hook's last event, with
 *the handler and the event object still on its stack:
 *
 *	EVENT    the event object, which is the struct coroutine
 *	HANDLER  the handler
 *
 * so nothing is allocated for an event and nothing is left for the garbage collector. While a
 * handler waits for the guest, other events of its hook get coroutines of their own.
 */
#include "engine/events/coroutine.h"
#include "engine/events/dispatch.h"
#include "engine/signature/limit.h"

enum { EVENT = 1, HANDLER = 2 };

/* (handler reference) -> thread */
static int new_coroutine(lua_State *L)
{
	struct coroutine *t = lua_newuserdatauv(L, sizeof(*t), 2);

	*t = (struct coroutine){.co = lua_newthread(L), .reference = LUA_NOREF};
	lua_pushvalue(L, 2);
	luaL_setmetatable(L, EVENT_TYPE);
	lua_rawgeti(L, LUA_REGISTRYINDEX, lua_tointeger(L, 1));
	lua_xmove(L, t->co, 2);
	t->reference = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_pushlightuserdata(L, t);
	return 1;
}

struct coroutine *coroutine_take(struct hook *h)
{
	struct coroutine *t = h->idle;
	lua_State *L = h->signature->L;

	h->idle = NULL;
	if (t)
		return t;
	lua_pushcfunction(L, new_coroutine);
	lua_pushinteger(L, h->handler);
	if (lua_pcall(L, 1, 1, 0) == LUA_OK)
		t = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return t;
}

int coroutine_start(struct coroutine *t, struct activity *a, bool *clean)
{
	lua_State *co = t->co;
	int values, status;

	t->activity = a;
	lua_pushvalue(co, HANDLER);
	lua_pushvalue(co, EVENT);
	status = lua_resume(co, a->owner->L, 1, &values);
	/* At its end a coroutine's results are all that is on its stack. */
	*clean = values == HANDLER;
	return status;
}

static void forget_tables(struct coroutine *t)
{
	int i;

	for (i = 1; i <= 2; i++) {
		lua_pushnil(t->co);
		lua_setiuservalue(t->co, EVENT, i);
	}
	t->tables = false;
}

void coroutine_put(struct hook *h, struct coroutine *t, bool ok)
{
	t->activity = NULL;
	if (!ok || h->idle) {
		luaL_unref(h->signature->L, LUA_REGISTRYINDEX, t->reference);
		return;
	}
	lua_settop(t->co, HANDLER);
	if (limit_expired)
		limit_clear(t->co);
	if (t->tables)
		forget_tables(t);
	h->idle = t;
}

void coroutine_drop(struct hook *h)
{
	if (h->idle)
		luaL_unref(h->signature->L, LUA_REGISTRYINDEX, h->idle->reference);
	h->idle = NULL;
}
