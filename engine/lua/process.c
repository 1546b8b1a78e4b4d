/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: lvmon.getproc, lvmon.processes, process objects, and the address objects that stand
 * for a process's own memory laid end to end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/current.h"
#include "engine/lua/api.h"
#include "engine/text.h"

#define READ_MAX (4u << 20)

/* What of a process's memory was looked up; user value 1 of the process object. */
struct memory_box {
	struct linux_memory memory;
};

struct process {
	struct linux_task task;
};

struct address {
	uint64_t offset;
};

static int box_gc(lua_State *L)
{
	struct memory_box *box = luaL_checkudata(L, 1, MEMORY_TYPE);

	linux_memory_free(&box->memory);
	memset(box, 0, sizeof(*box));
	return 0;
}

void process_push(lua_State *L, const struct linux_task *task)
{
	struct process *p = lua_newuserdatauv(L, sizeof(*p), 1);

	p->task = *task;
	luaL_setmetatable(L, PROCESS_TYPE);
}

const struct linux_task *process_check(lua_State *L, int arg)
{
	return &((struct process *)luaL_checkudata(L, arg, PROCESS_TYPE))->task;
}

const struct linux_memory *process_memory(lua_State *L, int arg)
{
	struct process *p = luaL_checkudata(L, arg, PROCESS_TYPE);
	struct memory_box *box;
	int ret;

	arg = lua_absindex(L, arg);
	if (lua_getiuservalue(L, arg, 1) == LUA_TUSERDATA)
		return &((struct memory_box *)lua_touserdata(L, -1))->memory;
	lua_pop(L, 1);
	box = lua_newuserdatauv(L, sizeof(*box), 0);
	memset(box, 0, sizeof(*box));
	box->memory.task = p->task;
	luaL_setmetatable(L, MEMORY_TYPE);
	if (p->task.mm && engine.mode != ENGINE_CHECK) {
		ret = linux_memory(&p->task, &box->memory);
		if (ret)
			luaL_error(L, "process %d (%s): its memory map cannot be read (%s)",
				   p->task.tgid, p->task.comm, strerror(-ret));
	}
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, arg, 1);
	return &box->memory;
}

void process_current(lua_State *L, struct linux_task *task)
{
	if (engine.mode == ENGINE_CHECK) {
		memset(task, 0, sizeof(*task));
		task->pid = task->tgid = 1;
		strcpy(task->comm, "init");
		return;
	}
	if (current_task(task))
		luaL_error(L, "getproc: no process is running here; call it in a handler, "
			      "or with a process id");
}

/* lvmon.getproc([pid]) -> process object; nil: there is no such process */
static int getproc(lua_State *L)
{
	struct linux_task task;
	lua_Integer pid;

	if (lua_isnoneornil(L, 1)) {
		process_current(L, &task);
		process_push(L, &task);
		return 1;
	}
	pid = luaL_checkinteger(L, 1);
	luaL_argcheck(L, pid >= 0 && pid <= INT32_MAX, 1, "not a process id");
	if (engine.mode == ENGINE_CHECK) {
		process_current(L, &task);
	} else if (linux_find_pid((int32_t)pid, &task)) {
		lua_pushnil(L);
		return 1;
	}
	process_push(L, &task);
	return 1;
}

struct task_list {
	struct linux_task *tasks;
	size_t count, at;
};

#define TASK_LIST_TYPE "process list"

static int list_gc(lua_State *L)
{
	struct task_list *list = luaL_checkudata(L, 1, TASK_LIST_TYPE);

	free(list->tasks);
	list->tasks = NULL;
	list->count = 0;
	return 0;
}

static int list_next(lua_State *L)
{
	struct task_list *list = lua_touserdata(L, lua_upvalueindex(1));

	if (list->at >= list->count)
		return 0;
	process_push(L, &list->tasks[list->at++]);
	return 1;
}

/* lvmon.processes() -> iterator over process objects, as the kernel's list was at the call */
static int processes(lua_State *L)
{
	struct task_list *list = lua_newuserdatauv(L, sizeof(*list), 0);
	int ret = 0;

	memset(list, 0, sizeof(*list));
	luaL_setmetatable(L, TASK_LIST_TYPE);
	if (engine.mode != ENGINE_CHECK)
		ret = linux_tasks(&list->tasks, &list->count);
	if (ret && ret != -EOVERFLOW)
		return luaL_error(L, "processes: the kernel's list cannot be read (%s)",
				  strerror(-ret));
	lua_pushcclosure(L, list_next, 1);
	return 1;
}

static void push_address(lua_State *L, int process, uint64_t offset)
{
	struct address *a;

	process = lua_absindex(L, process);
	a = lua_newuserdatauv(L, sizeof(*a), 1);
	a->offset = offset;
	lua_pushvalue(L, process);
	lua_setiuservalue(L, -2, 1);
	luaL_setmetatable(L, ADDRESS_TYPE);
}

/* p:read(va, n) -> string, or nil where memory is absent; va: a virtual address of the process */
static int process_read(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	gva_t va = (gva_t)luaL_checkinteger(L, 2);
	lua_Integer n = luaL_checkinteger(L, 3);
	luaL_Buffer b;
	char *to;

	luaL_argcheck(L, n >= 0 && n <= READ_MAX, 3, "must be 0 to 4 MB");
	to = luaL_buffinitsize(L, &b, (size_t)n);
	if (engine.mode == ENGINE_CHECK || linux_process_read(task, va, to, (size_t)n)) {
		lua_pushnil(L);
		return 1;
	}
	luaL_pushresultsize(&b, (size_t)n);
	return 1;
}

/* p:va(offset) -> virtual address of that byte of its own memory, nil: out of range */
static int process_va(lua_State *L)
{
	lua_Integer offset = luaL_checkinteger(L, 2);
	const struct linux_memory *m = process_memory(L, 1);
	gva_t va = offset < 0 ? 0 : linux_memory_va(m, (uint64_t)offset);

	if (va)
		lua_pushinteger(L, (lua_Integer)va);
	else
		lua_pushnil(L);
	return 1;
}

static int push_path(lua_State *L, const struct linux_task *task,
		     int (*get)(const struct linux_task *, char *, size_t))
{
	char text[4096];

	if (engine.mode == ENGINE_CHECK || get(task, text, sizeof(text)))
		text[0] = '\0';
	lua_pushstring(L, text);
	return 1;
}

enum field {
	PID,
	TGID,
	TID,
	PPID,
	UID,
	GID,
	COMM,
	EXE,
	CMDLINE,
	MEMORY,
	MEM_SIZE,
	START_TIME,
	TASK,
	READ,
	VA,
	FIELDS
};

static const char *const fields[] = {
	"pid",	   "tgid",   "tid",	 "ppid",       "uid",  "gid",  "comm", "exe",
	"cmdline", "memory", "mem_size", "start_time", "task", "read", "va",   NULL,
};

static int no_field(lua_State *L, const char *type, const char *const *list)
{
	const char *name = luaL_tolstring(L, 2, NULL);
	struct text_near near;
	char hint[256];

	text_near_init(&near, name);
	for (; *list; list++)
		text_near_add(&near, *list);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "%s.%s: no such field%s", type, name, hint);
}

static int process_index(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
	int i = 0;

	while (fields[i] && strcmp(fields[i], name))
		i++;
	switch ((enum field)i) {
	case PID:
	case TGID:
		lua_pushinteger(L, task->tgid);
		return 1;
	case TID:
		lua_pushinteger(L, task->pid);
		return 1;
	case PPID:
		lua_pushinteger(L, task->ppid);
		return 1;
	case UID:
		lua_pushinteger(L, task->uid);
		return 1;
	case GID:
		lua_pushinteger(L, task->gid);
		return 1;
	case COMM:
		lua_pushlstring(L, task->comm, strnlen(task->comm, sizeof(task->comm)));
		return 1;
	case EXE:
		return push_path(L, task, linux_exe);
	case CMDLINE:
		return push_path(L, task, linux_cmdline);
	case MEMORY:
		push_address(L, 1, 0);
		return 1;
	case MEM_SIZE:
		lua_pushinteger(L, (lua_Integer)process_memory(L, 1)->size);
		return 1;
	case START_TIME:
		lua_pushinteger(L, (lua_Integer)task->start_time);
		return 1;
	case TASK:
		lua_pushinteger(L, (lua_Integer)task->task);
		return 1;
	case READ:
		lua_pushcfunction(L, process_read);
		return 1;
	case VA:
		lua_pushcfunction(L, process_va);
		return 1;
	case FIELDS:
		break;
	}
	return no_field(L, "process", fields);
}

static int process_tostring(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);

	lua_pushfstring(L, "process %d (%s)", task->tgid, task->comm);
	return 1;
}

/* Process objects are the same when they are about the same process. */
static int process_eq(lua_State *L)
{
	const struct linux_task *a = process_check(L, 1), *b = process_check(L, 2);

	lua_pushboolean(L, a->tgid == b->tgid && a->start_time == b->start_time);
	return 1;
}

const struct linux_memory *address_memory(lua_State *L, int arg, uint64_t *offset)
{
	struct address *a = luaL_testudata(L, arg, ADDRESS_TYPE);
	const struct linux_memory *m;

	if (!a)
		return NULL;
	*offset = a->offset;
	lua_getiuservalue(L, arg, 1);
	m = process_memory(L, -1);
	lua_remove(L, -2);
	return m;
}

/* address + n, n + address */
static int address_add(lua_State *L)
{
	int at = luaL_testudata(L, 1, ADDRESS_TYPE) ? 1 : 2;
	struct address *a = luaL_checkudata(L, at, ADDRESS_TYPE);
	lua_Integer n = luaL_checkinteger(L, 3 - at);

	lua_getiuservalue(L, at, 1);
	push_address(L, -1, a->offset + (uint64_t)n);
	return 1;
}

/* address - n -> address, address - address -> number of bytes */
static int address_sub(lua_State *L)
{
	struct address *a = luaL_checkudata(L, 1, ADDRESS_TYPE);
	struct address *b = luaL_testudata(L, 2, ADDRESS_TYPE);

	if (b) {
		lua_pushinteger(L, (lua_Integer)(a->offset - b->offset));
		return 1;
	}
	lua_getiuservalue(L, 1, 1);
	push_address(L, -1, a->offset - (uint64_t)luaL_checkinteger(L, 2));
	return 1;
}

static int address_compare(lua_State *L, int *equal)
{
	struct address *a = luaL_checkudata(L, 1, ADDRESS_TYPE);
	struct address *b = luaL_checkudata(L, 2, ADDRESS_TYPE);

	*equal = a->offset == b->offset;
	return a->offset < b->offset;
}

static int address_eq(lua_State *L)
{
	int equal;

	address_compare(L, &equal);
	lua_getiuservalue(L, 1, 1);
	lua_getiuservalue(L, 2, 1);
	lua_pushboolean(L, equal && lua_compare(L, -1, -2, LUA_OPEQ));
	return 1;
}

static int address_lt(lua_State *L)
{
	int equal;

	lua_pushboolean(L, address_compare(L, &equal));
	return 1;
}

static int address_le(lua_State *L)
{
	int equal, less = address_compare(L, &equal);

	lua_pushboolean(L, less || equal);
	return 1;
}

static int address_tostring(lua_State *L)
{
	struct address *a = luaL_checkudata(L, 1, ADDRESS_TYPE);

	lua_getiuservalue(L, 1, 1);
	lua_pushfstring(L, "memory of process %d + %I", process_check(L, -1)->tgid,
			(LUAI_UACINT)a->offset);
	return 1;
}

void process_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"getproc", getproc},
		{"processes", processes},
		{NULL, NULL},
	};
	static const luaL_Reg process[] = {
		{"__index", process_index},
		{"__tostring", process_tostring},
		{"__eq", process_eq},
		{NULL, NULL},
	};
	static const luaL_Reg address[] = {
		{"__add", address_add}, {"__sub", address_sub}, {"__eq", address_eq},
		{"__lt", address_lt},	{"__le", address_le},	{"__tostring", address_tostring},
		{NULL, NULL},
	};
	static const luaL_Reg box[] = {{"__gc", box_gc}, {NULL, NULL}};
	static const luaL_Reg list[] = {{"__gc", list_gc}, {NULL, NULL}};

	api_metatable(L, PROCESS_TYPE, process);
	api_metatable(L, ADDRESS_TYPE, address);
	api_metatable(L, MEMORY_TYPE, box);
	api_metatable(L, TASK_LIST_TYPE, list);
	api_functions(L, functions);
}
