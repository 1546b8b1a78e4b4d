/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of processes and threads, and the listing of a process's threads. */
#include <errno.h>
#include <string.h>
#include "engine/linux/process/process.h"
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/lua/task.h"

#define ARGUMENTS_MAX 65536

/* There is no guest behind a check of a signature. */
static bool no_guest(void)
{
	return engine.mode == ENGINE_CHECK;
}

/* Nothing to be read: no guest, or the task has ended and another one may have its place. */
static bool gone(const void *row)
{
	return no_guest() || !linux_task_lives(row);
}

/* The same for what its mm leads to, which is another one when it runs another program. */
static bool mm_gone(const void *row)
{
	return no_guest() || !linux_mm_lives(row);
}

/* A number, or nil where it could not be read. */
static void push_number(lua_State *L, int err, uint64_t value)
{
	if (err)
		lua_pushnil(L);
	else
		lua_pushinteger(L, (lua_Integer)value);
}

void task_push_tgid(lua_State *L, const void *row)
{
	lua_pushinteger(L, ((const struct linux_task *)row)->tgid);
}

void task_push_tid(lua_State *L, const void *row)
{
	lua_pushinteger(L, ((const struct linux_task *)row)->pid);
}

void task_push_ppid(lua_State *L, const void *row)
{
	lua_pushinteger(L, ((const struct linux_task *)row)->ppid);
}

void task_push_uid(lua_State *L, const void *row)
{
	lua_pushinteger(L, ((const struct linux_task *)row)->uid);
}

void task_push_gid(lua_State *L, const void *row)
{
	lua_pushinteger(L, ((const struct linux_task *)row)->gid);
}

void task_push_comm(lua_State *L, const void *row)
{
	const struct linux_task *task = row;

	lua_pushlstring(L, task->comm, strnlen(task->comm, sizeof(task->comm)));
}

void task_push_start_time(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct linux_task *)row)->start_time);
}

void task_push_task(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct linux_task *)row)->task);
}

void task_push_kthread(lua_State *L, const void *row)
{
	lua_pushboolean(L, (((const struct linux_task *)row)->flags & LINUX_PF_KTHREAD) != 0);
}

static void push_text(lua_State *L, const void *row, bool (*is_gone)(const void *),
		      int (*get)(const struct linux_task *, char *, size_t))
{
	char text[4096];

	if (is_gone(row) || get(row, text, sizeof(text)))
		text[0] = '\0';
	lua_pushstring(L, text);
}

void task_push_exe(lua_State *L, const void *row)
{
	push_text(L, row, mm_gone, linux_exe);
}

void task_push_cmdline(lua_State *L, const void *row)
{
	push_text(L, row, mm_gone, linux_cmdline);
}

void task_push_cgroup(lua_State *L, const void *row)
{
	push_text(L, row, gone, linux_cgroup);
}

void task_push_argv(lua_State *L, const void *row)
{
	static char bytes[ARGUMENTS_MAX];
	size_t length = 0, at;
	int n = 0;

	if (mm_gone(row) || linux_arguments(row, bytes, sizeof(bytes), &length))
		length = 0;
	lua_newtable(L);
	for (at = 0; at < length;) {
		size_t one = strnlen(bytes + at, length - at);

		lua_pushlstring(L, bytes + at, one);
		lua_rawseti(L, -2, ++n);
		at += one + 1;
	}
}

void task_push_state(lua_State *L, const void *row)
{
	char letter = 'S';

	if (!no_guest() && (gone(row) || linux_state(row, &letter)))
		lua_pushnil(L);
	else
		lua_pushlstring(L, &letter, 1);
}

void task_push_tty_nr(lua_State *L, const void *row)
{
	uint32_t device = 0;
	int err = no_guest() ? 0 : gone(row) ? -ESRCH : linux_tty(row, &device);

	push_number(L, err, device);
}

#define ID_COLUMN(column, which)                                                           \
	void task_push_##column(lua_State *L, const void *row)                             \
	{                                                                                  \
		int32_t id = 0;                                                            \
		int err = no_guest() ? 0 : gone(row) ? -ESRCH : linux_id(row, which, &id); \
                                                                                           \
		push_number(L, err, (uint64_t)id);                                         \
	}

ID_COLUMN(pgrp, LINUX_PGRP)
ID_COLUMN(session, LINUX_SESSION)

#define OWNER_COLUMN(column, which)                                                           \
	void task_push_##column(lua_State *L, const void *row)                                \
	{                                                                                     \
		uint32_t id = 0;                                                              \
		int err = no_guest() ? 0 : gone(row) ? -ESRCH : linux_owner(row, which, &id); \
                                                                                              \
		push_number(L, err, id);                                                      \
	}

OWNER_COLUMN(euid, LINUX_EUID)
OWNER_COLUMN(suid, LINUX_SUID)
OWNER_COLUMN(fsuid, LINUX_FSUID)
OWNER_COLUMN(egid, LINUX_EGID)
OWNER_COLUMN(sgid, LINUX_SGID)
OWNER_COLUMN(fsgid, LINUX_FSGID)

#define CAPABILITY_COLUMN(column, which)                                      \
	void task_push_##column(lua_State *L, const void *row)                \
	{                                                                     \
		uint64_t set = 0;                                             \
		int err = no_guest()  ? 0                                     \
			  : gone(row) ? -ESRCH                                \
				      : linux_capabilities(row, which, &set); \
                                                                              \
		push_number(L, err, set);                                     \
	}

CAPABILITY_COLUMN(cap_inheritable, LINUX_CAP_INHERITABLE)
CAPABILITY_COLUMN(cap_permitted, LINUX_CAP_PERMITTED)
CAPABILITY_COLUMN(cap_effective, LINUX_CAP_EFFECTIVE)
CAPABILITY_COLUMN(cap_bounding, LINUX_CAP_BOUNDING)
CAPABILITY_COLUMN(cap_ambient, LINUX_CAP_AMBIENT)

/* Nil also for a process that has none any more. */
#define NAMESPACE_COLUMN(column, which)                                      \
	void task_push_##column(lua_State *L, const void *row)               \
	{                                                                    \
		uint32_t inode = 0;                                          \
		int err = no_guest()  ? 0                                    \
			  : gone(row) ? -ESRCH                               \
				      : linux_namespace(row, which, &inode); \
                                                                             \
		push_number(L, err || !inode, inode);                        \
	}

NAMESPACE_COLUMN(mnt_ns, LINUX_NS_MNT)
NAMESPACE_COLUMN(pid_ns, LINUX_NS_PID)
NAMESPACE_COLUMN(net_ns, LINUX_NS_NET)
NAMESPACE_COLUMN(uts_ns, LINUX_NS_UTS)
NAMESPACE_COLUMN(ipc_ns, LINUX_NS_IPC)
NAMESPACE_COLUMN(user_ns, LINUX_NS_USER)
NAMESPACE_COLUMN(cgroup_ns, LINUX_NS_CGROUP)
NAMESPACE_COLUMN(time_ns, LINUX_NS_TIME)

/* clang-format off */

static const struct object_field thread_fields[] = {
	OBJECT_FIELD("tid", task_push_tid),
	OBJECT_FIELD("pid", task_push_tgid),
	OBJECT_FIELD("comm", task_push_comm),
	OBJECT_FIELD("state", task_push_state),
	OBJECT_FIELD("start_time", task_push_start_time),
	OBJECT_FIELD("uid", task_push_uid),
	OBJECT_FIELD("euid", task_push_euid),
	OBJECT_FIELD("gid", task_push_gid),
	OBJECT_FIELD("egid", task_push_egid),
	OBJECT_FIELD("cap_effective", task_push_cap_effective),
	OBJECT_FIELD("task", task_push_task),
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind thread_listing = {
	.name = "threads",
	.row_name = "thread",
	.row_size = sizeof(struct linux_task),
	.fields = thread_fields,
};

int task_threads(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	struct linux_task *threads = NULL;
	size_t count = 0;
	int err = 0;

	if (!no_guest())
		err = gone(task) ? -ESRCH : linux_threads(task, &threads, &count);
	listing_of_walk(L, &thread_listing, threads, count, err, LINUX_THREADS);
	return 1;
}
