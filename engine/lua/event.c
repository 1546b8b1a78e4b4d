/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event object that a handler gets. Its fields are read when they are asked for; after the
 * handler has ended they cannot be read any more, until the object serves the hook's next event
 * (thread.c).
 */
#include <string.h>
#include "engine/base/text.h"
#include "engine/events/deny.h"
#include "engine/events/thread.h"
#include "engine/lua/api.h"
#include "engine/signature/current.h"

#define ARGUMENTS 6

/*
 * Arguments of the system call: the function got a pointer to struct pt_regs (x86,
 * arch/x86/include/ asm/ptrace.h: an ABI, as core dumps hold it), with the 64-bit or the 32-bit
 * convention.
 */
static int push_args(lua_State *L, const struct activity *a)
{
	enum { R15, R14, R13, R12, BP, BX, R11, R10, R9, R8, AX, CX, DX, SI, DI, WORDS };
	static const int x64[ARGUMENTS] = {DI, SI, DX, R10, R8, R9};
	static const int ia32[ARGUMENTS] = {BX, CX, DX, SI, DI, BP};
	uint64_t words[WORDS];
	int i;

	if (a->site->abi == HOOK_ABI_NONE)
		return luaL_error(L, "event.args: not a system call");
	if (a->site->abi == HOOK_ABI_KERNEL) {
		lua_pushnil(L);
		return 1;
	}
	if (linux_kread(a->ev->regs[LVMON_RDI], words, sizeof(words)))
		return luaL_error(L, "event.args: the registers saved at the call cannot be read");
	lua_createtable(L, ARGUMENTS, 0);
	for (i = 0; i < ARGUMENTS; i++) {
		uint64_t v =
			a->site->abi == HOOK_ABI_X64 ? words[x64[i]] : (uint32_t)words[ia32[i]];

		lua_pushinteger(L, (lua_Integer)v);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

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

/* Of what the kernel starts; a process's own path is in its memory, and may change any time. */
static int push_path(lua_State *L, const struct activity *a)
{
	gva_t from = a->ev->regs[LVMON_RDI];
	char path[4096];
	size_t n = 0;

	if (a->site->abi != HOOK_ABI_KERNEL) {
		lua_pushnil(L);
		return 1;
	}
	while (n < sizeof(path) && !linux_kread(from + n, path + n, 1) && path[n])
		n++;
	lua_pushlstring(L, path, n);
	return 1;
}

static int push_process(lua_State *L)
{
	struct linux_task task;

	process_current(L, &task);
	process_push(L, &task);
	return 1;
}

static int push_pid(lua_State *L)
{
	struct linux_task task;

	process_current(L, &task);
	lua_pushinteger(L, task.tgid);
	return 1;
}

static int push_comm(lua_State *L)
{
	struct linux_task task;

	process_current(L, &task);
	lua_pushlstring(L, task.comm, strnlen(task.comm, sizeof(task.comm)));
	return 1;
}

/* ev:deny([errno]): the call returns -errno (EPERM) and is not done. */
static int event_deny(lua_State *L)
{
	struct thread *t = luaL_checkudata(L, 1, EVENT_TYPE);
	lua_Integer number = luaL_optinteger(L, 2, DENY_EPERM);

	luaL_argcheck(L, number >= 1 && number <= DENY_NUMBER_MAX, 2, "not an errno");
	if (!t->activity)
		return luaL_error(L, "event.deny: the event is over");
	if (t->activity->site->abi == HOOK_ABI_NONE)
		return luaL_error(L, "event.deny: not a system call");
	deny((uint32_t)number, "signature", t->activity->hook->name);
	return 0;
}

enum field {
	NAME,
	SYSCALL,
	PID,
	COMM,
	TASK,
	CPU,
	TIME,
	SEQUENCE,
	ARGS,
	REGS,
	PROCESS,
	VIA,
	PATH,
	DENY,
	FIELDS
};

static const char *const fields[] = {
	"name",	    "syscall", "pid",  "comm",	  "task", "cpu", "time",
	"sequence", "args",    "regs", "process", "via",  "path", "deny", NULL,
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
	a->thread->tables = true;
	return 1;
}

static int event_index(lua_State *L)
{
	struct thread *t = luaL_checkudata(L, 1, EVENT_TYPE);
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
	const struct activity *a = t->activity;
	struct text_near near;
	char hint[256];
	int i = 0;

	while (fields[i] && strcmp(fields[i], name))
		i++;
	if (!a && i != FIELDS)
		return luaL_error(
			L,
			"event.%s: the event is over; read what is needed while its handler "
			"runs",
			name);
	switch ((enum field)i) {
	case NAME:
		lua_pushstring(L, a->site->name);
		return 1;
	case SYSCALL:
		lua_pushstring(L, a->hook->name);
		return 1;
	case PID:
		return push_pid(L);
	case COMM:
		return push_comm(L);
	case PROCESS:
		return push_process(L);
	case VIA:
		lua_pushstring(L, a->site->abi == HOOK_ABI_KERNEL ? "kernel" : "syscall");
		return 1;
	case PATH:
		return push_path(L, a);
	case TASK:
		lua_pushinteger(L, (lua_Integer)a->ev->task);
		return 1;
	case CPU:
		lua_pushinteger(L, a->ev->cpu);
		return 1;
	case TIME:
		lua_pushinteger(L, (lua_Integer)a->ev->time_ns);
		return 1;
	case SEQUENCE:
		lua_pushinteger(L, (lua_Integer)a->ev->sequence);
		return 1;
	case ARGS:
		return cached(L, 1, a, push_args);
	case REGS:
		return cached(L, 2, a, push_regs);
	case DENY:
		lua_pushcfunction(L, event_deny);
		return 1;
	case FIELDS:
		break;
	}
	text_near_init(&near, luaL_tolstring(L, 2, NULL));
	for (i = 0; fields[i]; i++)
		text_near_add(&near, fields[i]);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "event.%s: no such field%s", near.wanted, hint);
}

static int event_tostring(lua_State *L)
{
	struct thread *t = luaL_checkudata(L, 1, EVENT_TYPE);

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
