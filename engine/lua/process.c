/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: lvmon.getproc, lvmon.processes, process objects, and the address objects that stand
 * for a process's own memory laid end to end.
 */
#include <errno.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/lua/maps.h"
#include "engine/lua/search.h"
#include "engine/lua/task.h"
#include "engine/signature/current.h"

/* What of a process's memory was looked up; user value 1 of the process object. */
struct memory_box {
	struct linux_memory memory;
};

struct process {
	struct object object; /* shows task */
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
	p->object.row = &p->task;
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

static void push_memory(lua_State *L, const void *row)
{
	push_address(L, 1, 0);
}

static void push_mem_size(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)process_memory(L, 1)->size);
}

/* clang-format off */

static const struct object_field process_fields[] = {
	OBJECT_FIELD("pid", task_push_tgid),
	OBJECT_FIELD("tgid", task_push_tgid),
	OBJECT_FIELD("tid", task_push_tid),
	OBJECT_FIELD("ppid", task_push_ppid),
	OBJECT_FIELD("uid", task_push_uid),
	OBJECT_FIELD("euid", task_push_euid),
	OBJECT_FIELD("suid", task_push_suid),
	OBJECT_FIELD("fsuid", task_push_fsuid),
	OBJECT_FIELD("gid", task_push_gid),
	OBJECT_FIELD("egid", task_push_egid),
	OBJECT_FIELD("sgid", task_push_sgid),
	OBJECT_FIELD("fsgid", task_push_fsgid),
	OBJECT_FIELD("comm", task_push_comm),
	OBJECT_FIELD("exe", task_push_exe),
	OBJECT_FIELD("cmdline", task_push_cmdline),
	OBJECT_FIELD("argv", task_push_argv),
	OBJECT_FIELD("start_time", task_push_start_time),
	OBJECT_FIELD("state", task_push_state),
	OBJECT_FIELD("kthread", task_push_kthread),
	OBJECT_FIELD("pgrp", task_push_pgrp),
	OBJECT_FIELD("session", task_push_session),
	OBJECT_FIELD("tty_nr", task_push_tty_nr),
	OBJECT_FIELD("cap_inheritable", task_push_cap_inheritable),
	OBJECT_FIELD("cap_permitted", task_push_cap_permitted),
	OBJECT_FIELD("cap_effective", task_push_cap_effective),
	OBJECT_FIELD("cap_bounding", task_push_cap_bounding),
	OBJECT_FIELD("cap_ambient", task_push_cap_ambient),
	OBJECT_FIELD("cgroup", task_push_cgroup),
	OBJECT_FIELD("mnt_ns", task_push_mnt_ns),
	OBJECT_FIELD("pid_ns", task_push_pid_ns),
	OBJECT_FIELD("net_ns", task_push_net_ns),
	OBJECT_FIELD("uts_ns", task_push_uts_ns),
	OBJECT_FIELD("ipc_ns", task_push_ipc_ns),
	OBJECT_FIELD("user_ns", task_push_user_ns),
	OBJECT_FIELD("cgroup_ns", task_push_cgroup_ns),
	OBJECT_FIELD("time_ns", task_push_time_ns),
	OBJECT_FIELD("task", task_push_task),
	OBJECT_APART("memory", push_memory),
	OBJECT_APART("mem_size", push_mem_size),
	OBJECT_METHOD("read", process_read),
	OBJECT_METHOD("dump", process_dump),
	OBJECT_METHOD("va", process_va),
	OBJECT_METHOD("find", process_find),
	OBJECT_METHOD("findall", process_findall),
	OBJECT_METHOD("files", process_files),
	OBJECT_METHOD("threads", task_threads),
	OBJECT_METHOD("maps", process_maps),
	OBJECT_METHOD("mounts", process_mounts),
	OBJECT_END,
};

/* clang-format on */

static void push_process(lua_State *L, const void *row)
{
	process_push(L, row);
}

static void push_plain(lua_State *L, const void *row)
{
	object_plain(L, process_fields, row);
}

static const struct listing_kind process_listing = {
	.name = "processes",
	.row_size = sizeof(struct linux_task),
	.push = push_process,
	.plain = push_plain,
};

/* lvmon.processes() -> listing of process objects, as the kernel's list was at the call */
static int processes(lua_State *L)
{
	struct linux_task *tasks = NULL;
	size_t count = 0;
	int ret = 0;

	if (engine.mode != ENGINE_CHECK)
		ret = linux_tasks(&tasks, &count);
	if (ret && !tasks)
		return luaL_error(L, "processes: the kernel's list cannot be read (%s)",
				  strerror(-ret));
	listing_push(L, &process_listing, tasks, count,
		     ret == -EOVERFLOW ? "the kernel's list of tasks loops or is too long"
		     : ret == -ETIME   ? "the time was up"
		     : ret	       ? "a part of the kernel's list of tasks cannot be read"
				       : NULL);
	return 1;
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

	object_metatable(L, PROCESS_TYPE, process_fields);
	luaL_setfuncs(L, process, 0);
	lua_pop(L, 1);
	api_metatable(L, ADDRESS_TYPE, address);
	api_metatable(L, MEMORY_TYPE, box);
	api_functions(L, functions);
}
