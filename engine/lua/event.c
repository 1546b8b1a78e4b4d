/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event object that a handler gets. Its fields are read when they are asked for; after the
 * handler has ended they cannot be read any more, until the object serves the hook's next event
 * (coroutine.c).
 */
#include <string.h>
#include "engine/base/text.h"
#include "engine/events/coroutine.h"
#include "engine/events/deny.h"
#include "engine/lua/api.h"
#include "engine/lua/hook.h"
#include "engine/signature/current.h"

static int push_regs(lua_State *L, const struct activity *a)
{
	int i;

	lua_createtable(L, 0, LVMON_NR_EVENT_REGS);
	for (i = 0; i < LVMON_NR_EVENT_REGS; i++) {
		lua_pushinteger(L, (lua_Integer)a->ev->regs[i]);
		lua_setfield(L, -2, register_name(i));
	}
	return 1;
}

static int push_process(lua_State *L, const struct activity *a)
{
	struct linux_task task;

	(void)a;
	process_current(L, &task);
	process_push(L, &task);
	return 1;
}

static int push_pid(lua_State *L, const struct activity *a)
{
	struct linux_task task;

	(void)a;
	process_current(L, &task);
	lua_pushinteger(L, task.tgid);
	return 1;
}

static int push_comm(lua_State *L, const struct activity *a)
{
	struct linux_task task;

	(void)a;
	process_current(L, &task);
	lua_pushlstring(L, task.comm, strnlen(task.comm, sizeof(task.comm)));
	return 1;
}

/* ev:deny([errno]): the call returns -errno (EPERM) and is not done. */
static int event_deny(lua_State *L)
{
	struct coroutine *t = luaL_checkudata(L, 1, EVENT_TYPE);
	lua_Integer number = luaL_optinteger(L, 2, DENY_EPERM);

	luaL_argcheck(L, number >= 1 && number <= DENY_NUMBER_MAX, 2, "not an errno");
	if (!t->activity)
		return luaL_error(L, "event.deny: the event is over");
	if (!t->activity->hook->kind->deny)
		return luaL_error(L, "event.deny: hook.%s has no call that could be denied",
				  t->activity->hook->kind->name);
	deny((uint32_t)number, "signature", t->activity->hook->name);
	return 0;
}

static int push_name(lua_State *L, const struct activity *a)
{
	lua_pushstring(L, a->site->name);
	return 1;
}

static int push_task(lua_State *L, const struct activity *a)
{
	lua_pushinteger(L, (lua_Integer)a->ev->task);
	return 1;
}

static int push_cpu(lua_State *L, const struct activity *a)
{
	lua_pushinteger(L, a->ev->cpu);
	return 1;
}

static int push_time(lua_State *L, const struct activity *a)
{
	lua_pushinteger(L, (lua_Integer)a->ev->time_ns);
	return 1;
}

static int push_sequence(lua_State *L, const struct activity *a)
{
	lua_pushinteger(L, (lua_Integer)a->ev->sequence);
	return 1;
}

static int push_deny(lua_State *L, const struct activity *a)
{
	(void)a;
	lua_pushcfunction(L, event_deny);
	return 1;
}

/* What events of all kinds have. */
static const struct event_field common[] = {
	{"name", push_name, 0},
	{"pid", push_pid, 0},
	{"comm", push_comm, 0},
	{"task", push_task, 0},
	{"cpu", push_cpu, 0},
	{"time", push_time, 0},
	{"regs", push_regs, 2},
	{"sequence", push_sequence, 0},
	{"process", push_process, 0},
	{"deny", push_deny, 0},
	{NULL, NULL, 0},
};

/* Tables that are made once an event: user value 1 or 2 of the object. */
static int cached(lua_State *L, int slot, const struct activity *a,
		  int (*make)(lua_State *, const struct activity *))
{
	if (lua_getiuservalue(L, 1, slot) == LUA_TTABLE)
		return 1;
	make(L, a);
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, 1, slot);
	a->coroutine->tables = true;
	return 1;
}

static const struct event_field *field(const struct event_field *table, const char *name)
{
	while (table->name && strcmp(table->name, name))
		table++;
	return table->name ? table : NULL;
}

static void near_fields(struct text_near *near, const struct event_field *table)
{
	for (; table->name; table++)
		text_near_add(near, table->name);
}

static int event_index(lua_State *L)
{
	struct coroutine *t = luaL_checkudata(L, 1, EVENT_TYPE);
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
	const struct activity *a = t->activity;
	const struct event_field *f;
	struct text_near near;
	char hint[256];

	if (!a)
		return luaL_error(
			L,
			"event.%s: the event is over; read what is needed while its handler "
			"runs",
			name);
	f = field(a->hook->fields, name);
	if (!f)
		f = field(common, name);
	if (f)
		return f->cached ? cached(L, f->cached, a, f->push) : f->push(L, a);
	text_near_init(&near, luaL_tolstring(L, 2, NULL));
	near_fields(&near, a->hook->fields);
	near_fields(&near, common);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "event.%s: no such field%s", near.wanted, hint);
}

static int event_tostring(lua_State *L)
{
	struct coroutine *t = luaL_checkudata(L, 1, EVENT_TYPE);

	lua_pushfstring(L, "event %s", t->activity ? t->activity->site->name : "(over)");
	return 1;
}

void event_open(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{"__index", event_index},
		{"__tostring", event_tostring},
		{NULL, NULL},
	};

	api_metatable(L, EVENT_TYPE, meta);
}
