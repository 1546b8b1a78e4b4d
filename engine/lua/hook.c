/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.hook: registers handlers. What a hook can be for is a row of kinds[], in a file of its own
 * (hook_NAME.c); options, the hook object and the order of things are the same for all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/hook.h"
#include "engine/signature/record.h"

#define HOOK_TYPE "hook"

static const struct lua_hook *const kinds[] = {
	&lua_hook_syscall,
	&lua_hook_register,
};

struct hook_object {
	struct hook *hook; /* NULL: removed */
};

/* The third argument: which hits, and what becomes of a call that no handler could judge. */
static void read_options(lua_State *L, int arg, struct hook *h)
{
	static const char *const names[] = {"pid", "comm", "on_timeout"};
	static const char *const on_timeout[] = {"continue", "deny", NULL};
	struct selection *selection = &h->selection;
	const char *comm;
	size_t i, n;

	if (lua_isnoneornil(L, arg))
		return;
	luaL_checktype(L, arg, LUA_TTABLE);
	lua_pushnil(L);
	while (lua_next(L, arg)) {
		lua_pop(L, 1);
		for (i = 0; i < 3; i++)
			if (lua_type(L, -1) == LUA_TSTRING &&
			    !strcmp(lua_tostring(L, -1), names[i]))
				break;
		if (i == 3)
			luaL_error(L, "hook.%s: options are pid, comm and on_timeout, not %s",
				   h->kind->name, luaL_tolstring(L, -1, NULL));
	}
	if (lua_getfield(L, arg, "pid") != LUA_TNIL) {
		selection->by |= SELECT_PID;
		selection->pid = (int32_t)luaL_checkinteger(L, -1);
	}
	if (lua_getfield(L, arg, "comm") != LUA_TNIL) {
		comm = luaL_checklstring(L, -1, &n);
		if (n >= LINUX_COMM_SIZE)
			luaL_error(L, "hook.%s: comm has at most %d bytes", h->kind->name,
				   LINUX_COMM_SIZE - 1);
		selection->by |= SELECT_COMM;
		memcpy(selection->comm, comm, n);
	}
	if (lua_getfield(L, arg, "on_timeout") != LUA_TNIL)
		h->on_timeout = (enum hook_timeout)luaL_checkoption(L, -1, NULL, on_timeout);
	if (h->on_timeout == HOOK_DENY && !h->kind->deny)
		luaL_error(L, "hook.%s: there is no call that on_timeout could deny",
			   h->kind->name);
	lua_pop(L, 3);
}

static void warn(const struct hook *h, const char *error)
{
	json_t *r = record_new("warning");

	record_string(r, "hook", h->name);
	record_string(r, "message", error);
	record_emit(r);
}

/*
 * lvmon.hook.NAME(what, handler [, { pid =, comm =, on_timeout = }]) -> hook object. The handler is
 * called with an event object each time it happens. Upvalue 1: the struct lua_hook.
 */
static int hook_new(lua_State *L)
{
	const struct lua_hook *kind = lua_touserdata(L, lua_upvalueindex(1));
	struct hook_object *object;
	char error[200] = "";
	struct hook h, *hook = NULL;
	int ret;

	memset(&h, 0, sizeof(h));
	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 3);
	h.kind = kind->kind;
	h.fields = kind->fields;
	h.signature = signature_of(L);
	kind->resolve(L, &h);
	read_options(L, 3, &h);
	object = lua_newuserdatauv(L, sizeof(*object), 0);
	object->hook = NULL;
	luaL_setmetatable(L, HOOK_TYPE);
	lua_pushvalue(L, 2);
	h.handler = luaL_ref(L, LUA_REGISTRYINDEX);
	ret = hooks_add(&h, &hook, error, sizeof(error));
	if (ret) {
		luaL_unref(L, LUA_REGISTRYINDEX, h.handler);
		return luaL_error(L, "hook.%s: %s: %s", h.kind->name, h.name,
				  *error ? error : strerror(-ret));
	}
	if (*error)
		warn(hook, error);
	object->hook = hook;
	return 1;
}

static int hook_address(lua_State *L)
{
	return luaL_error(L,
			  "hook.address: not available yet: watch a system call with hook.syscall");
}

/* hook:remove(): the handler is not called any more; a second time does nothing */
static int hook_remove(lua_State *L)
{
	struct hook_object *object = luaL_checkudata(L, 1, HOOK_TYPE);

	if (object->hook)
		hooks_remove(object->hook);
	object->hook = NULL;
	return 0;
}

static int hook_tostring(lua_State *L)
{
	struct hook_object *object = luaL_checkudata(L, 1, HOOK_TYPE);

	lua_pushfstring(L, "hook %s", object->hook ? object->hook->name : "(removed)");
	return 1;
}

void hook_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"address", hook_address}, {NULL, NULL}};
	static const luaL_Reg meta[] = {{"__tostring", hook_tostring}, {NULL, NULL}};
	static const luaL_Reg methods[] = {{"remove", hook_remove}, {NULL, NULL}};
	size_t i;

	api_metatable(L, HOOK_TYPE, meta);
	luaL_getmetatable(L, HOOK_TYPE);
	lua_newtable(L);
	api_functions(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	api_functions(L, functions);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): these are pointers */
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		lua_pushlightuserdata(L, (void *)kinds[i]);
		lua_pushcclosure(L, hook_new, 1);
		lua_setfield(L, -2, kinds[i]->kind->name);
	}
}
