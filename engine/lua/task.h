/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns of processes and threads: each pushes one of a struct linux_task, nil where the guest's
 * kernel has no such thing or it cannot be read.
 */
#ifndef ENGINE_LUA_TASK_H
#define ENGINE_LUA_TASK_H

#include "engine/lua/object.h"

/* clang-format off */
#define TASK_COLUMNS(X)                                                                         \
	X(tgid)                                                                                 \
	X(tid)                                                                                  \
	X(ppid) X(uid) X(euid) X(suid) X(fsuid) X(gid) X(egid) X(sgid) X(fsgid) X(comm) X(exe)  \
		X(cmdline) X(argv) X(start_time) X(task) X(state) X(kthread) X(pgrp) X(session) \
			X(tty_nr) X(cap_inheritable) X(cap_permitted) X(cap_effective)          \
				X(cap_bounding) X(cap_ambient) X(cgroup) X(mnt_ns) X(pid_ns)    \
					X(net_ns) X(uts_ns) X(ipc_ns) X(user_ns) X(cgroup_ns)   \
						X(time_ns)
/* clang-format on */

#define TASK_DECLARE(name) void task_push_##name(lua_State *L, const void *row);
TASK_COLUMNS(TASK_DECLARE)
#undef TASK_DECLARE

/* p:threads() -> listing of thread objects */
int task_threads(lua_State *L);

#endif
