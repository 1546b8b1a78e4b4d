/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.hook: registers a handler for a system call. Since Linux 4.17 a system call has one
 * function for each way it can be called, all of which take a pointer to the saved registers; a
 * name stands for all of those that the guest's kernel has.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/lua/api.h"
#include "engine/signature/record.h"

#define HOOK_TYPE "hook"

static const struct {
	const char *prefix;
	enum hook_abi abi;
} ways[] = {
	{"__x64_sys_", HOOK_ABI_X64},	       {"__ia32_sys_", HOOK_ABI_IA32},
	{"__ia32_compat_sys_", HOOK_ABI_IA32}, {"__x32_compat_sys_", HOOK_ABI_X64}, /* until 5.9 */
	{"__x64_compat_sys_", HOOK_ABI_X64},
};

#define WAYS (sizeof(ways) / sizeof(*ways))

struct hook_object {
	struct hook *hook; /* NULL: removed */
};

static void add_symbol(struct hook *h, const char *name, enum hook_abi abi)
{
	struct hook_site *s = &h->site[h->count];
	gva_t va;

	if (h->count == HOOK_SITES_MAX || linux_symbol(name, &va))
		return;
	s->function = va;
	s->abi = abi;
	snprintf(s->name, sizeof(s->name), "%s", name);
	h->count++;
}

static void add_syscall(struct hook *h, const char *name)
{
	char symbol[HOOK_NAME_SIZE];
	size_t i;

	for (i = 0; i < WAYS; i++) {
		snprintf(symbol, sizeof(symbol), "%s%s", ways[i].prefix, name);
		add_symbol(h, symbol, ways[i].abi);
	}
}

static int note_near(const char *name, gva_t va, void *arg)
{
	(void)va;
	text_near_add(arg, name + strlen(ways[0].prefix));
	return 0;
}

static int unknown_syscall(lua_State *L, const char *name)
{
	struct text_near near;
	char hint[256];

	if (!linux_known())
		return luaL_error(L, "hook.syscall: the guest's kernel is not known");
	text_near_init(&near, name);
	linux_each_symbol(ways[0].prefix, note_near, &near);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "hook.syscall: the guest's kernel has no system call \"%s\"%s", name,
			  hint);
}

/* The name of a system call out of the guest's own table. */
static void name_of_number(lua_State *L, lua_Integer number, char *out, size_t size)
{
	char text[HOOK_NAME_SIZE + 32];
	gva_t table, entry;
	char *plus;
	size_t i;

	if (number < 0 || number > 1023 || linux_symbol("sys_call_table", &table) ||
	    linux_kread(table + (uint64_t)number * 8, &entry, sizeof(entry)) ||
	    linux_symbolize(entry, text, sizeof(text)))
		luaL_error(L, "hook.syscall: the guest's kernel has no system call number %I",
			   (LUAI_UACINT)number);
	plus = strchr(text, '+');
	if (plus)
		*plus = '\0';
	for (i = 0; i < WAYS; i++) {
		if (strncmp(text, ways[i].prefix, strlen(ways[i].prefix)) == 0) {
			snprintf(out, size, "%s", text + strlen(ways[i].prefix));
			return;
		}
	}
	luaL_error(L, "hook.syscall: number %I is %s, which has no place for a trap",
		   (LUAI_UACINT)number, text);
}

/* Fill name and sites from argument 1. */
static void resolve(lua_State *L, struct hook *h)
{
	const char *name;
	size_t i;

	if (lua_isinteger(L, 1)) {
		if (engine.mode == ENGINE_CHECK)
			snprintf(h->name, sizeof(h->name), "%d", (int)lua_tointeger(L, 1));
		else
			name_of_number(L, lua_tointeger(L, 1), h->name, sizeof(h->name));
	} else {
		name = luaL_checkstring(L, 1);
		if (strlen(name) >= HOOK_NAME_SIZE - 20)
			luaL_error(L, "hook.syscall: name too long");
		for (i = 0; i < WAYS; i++) {
			/* The kernel's own name: this function only. */
			if (strncmp(name, ways[i].prefix, strlen(ways[i].prefix)) == 0) {
				snprintf(h->name, sizeof(h->name), "%s",
					 name + strlen(ways[i].prefix));
				if (engine.mode != ENGINE_CHECK)
					add_symbol(h, name, ways[i].abi);
				break;
			}
		}
		if (i < WAYS) {
			if (!h->count && engine.mode != ENGINE_CHECK)
				unknown_syscall(L, h->name);
			return;
		}
		snprintf(h->name, sizeof(h->name), "%s",
			 strncmp(name, "sys_", 4) == 0 ? name + 4 : name);
	}
	if (engine.mode == ENGINE_CHECK)
		return;
	add_syscall(h, h->name);
	if (!h->count)
		unknown_syscall(L, h->name);
	/* Two calls start programs, and the kernel does so itself (from Linux 5.9 on by this). */
	if (strcmp(h->name, "execve") == 0) {
		add_syscall(h, "execveat");
		add_symbol(h, "kernel_execve", HOOK_ABI_KERNEL);
	}
}

/* The third argument: a filter, and what becomes of a call that no handler could judge. */
static void read_options(lua_State *L, int arg, struct hook *h)
{
	static const char *const names[] = {"pid", "comm", "on_timeout"};
	static const char *const on_timeout[] = {"continue", "deny", NULL};
	struct lvmon_filter *filter = &h->filter;
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
			luaL_error(L, "hook.syscall: options are pid, comm and on_timeout, not %s",
				   luaL_tolstring(L, -1, NULL));
	}
	if (lua_getfield(L, arg, "pid") != LUA_TNIL) {
		filter->flags |= LVMON_FILTER_PID;
		filter->pid = (int32_t)luaL_checkinteger(L, -1);
	}
	if (lua_getfield(L, arg, "comm") != LUA_TNIL) {
		comm = luaL_checklstring(L, -1, &n);
		if (n >= LVMON_COMM_SIZE)
			luaL_error(L, "hook.syscall: comm has at most %d bytes",
				   LVMON_COMM_SIZE - 1);
		filter->flags |= LVMON_FILTER_COMM;
		memcpy(filter->comm, comm, n);
	}
	if (lua_getfield(L, arg, "on_timeout") != LUA_TNIL)
		h->on_timeout = (enum hook_timeout)luaL_checkoption(L, -1, NULL, on_timeout);
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
 * lvmon.hook.syscall(name or number, handler [, { pid =, comm =, on_timeout = }]) -> hook object.
 * The handler is called with an event object each time a process begins the system call.
 */
static int hook_syscall(lua_State *L)
{
	struct hook_object *object;
	char error[200] = "";
	struct hook h, *hook = NULL;
	int ret;

	memset(&h, 0, sizeof(h));
	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 3);
	h.signature = signature_of(L);
	resolve(L, &h);
	read_options(L, 3, &h);
	object = lua_newuserdatauv(L, sizeof(*object), 0);
	object->hook = NULL;
	luaL_setmetatable(L, HOOK_TYPE);
	lua_pushvalue(L, 2);
	h.handler = luaL_ref(L, LUA_REGISTRYINDEX);
	ret = hooks_add(&h, &hook, error, sizeof(error));
	if (ret) {
		luaL_unref(L, LUA_REGISTRYINDEX, h.handler);
		return luaL_error(L, "hook.syscall: %s: %s", h.name,
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
	static const luaL_Reg functions[] = {
		{"syscall", hook_syscall},
		{"address", hook_address},
		{NULL, NULL},
	};
	static const luaL_Reg meta[] = {{"__tostring", hook_tostring}, {NULL, NULL}};
	static const luaL_Reg methods[] = {{"remove", hook_remove}, {NULL, NULL}};

	api_metatable(L, HOOK_TYPE, meta);
	luaL_getmetatable(L, HOOK_TYPE);
	lua_newtable(L);
	api_functions(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	api_functions(L, functions);
}
