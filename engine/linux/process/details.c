/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Details of a process: state, terminal, rights, namespaces, control group, arguments. Each stands
 * on a few members of its own, so that a kernel that lacks one of them lacks that detail only.
 */
#include <stdio.h>
#include "engine/linux/internal.h"
#include "engine/linux/process/process.h"

#define MAX_PID_LEVEL 32   /* MAX_PID_NS_LEVEL, include/linux/pid_namespace.h */
#define MAX_GROUPS    1024 /* a path of PATH_MAX has no more components that are worth it */
#define PATH_SIZE     4096

/* include/linux/sched.h */
#define TASK_UNINTERRUPTIBLE 0x2u
#define TASK_REPORT	     0x7fu
#define TASK_IDLE	     0x402u
#define TASK_REPORT_IDLE     0x80u
#define TASK_RTLOCK_WAIT     0x1000u /* from 5.16 */
#define TASK_FROZEN	     0x8000u /* from 6.1 */

#define CSS_ONLINE 0x2u /* include/linux/cgroup-defs.h */

/* The pointer at a member: 0; -ENOTSUP: no such member; -EFAULT; a null pointer is one, too. */
static int follow(gva_t base, enum field f, gva_t *to)
{
	if (!has_field(f))
		return -ENOTSUP;
	if (kread64(at(base, f), to))
		return -EFAULT;
	return !*to || kernel_pointer(*to) ? 0 : -EFAULT;
}

/* fs/proc/array.c: get_task_state(), include/linux/sched.h: task_state_index() */
int linux_state(const struct linux_task *task, char *letter)
{
	static const char letters[] = "RSDTtXZPI";
	uint32_t now, left, index = 0;
	int err = linux_need(LINUX_TASKS);

	if (err)
		return err;
	if (!has_field(F_TASK_STATE) || !has_field(F_TASK_EXIT_STATE))
		return -ENOTSUP;
	if (kread32(at(task->task, F_TASK_STATE), &now) ||
	    kread32(at(task->task, F_TASK_EXIT_STATE), &left))
		return -EFAULT;
	left = (now | left) & TASK_REPORT;
	if ((now & TASK_IDLE) == TASK_IDLE)
		left = TASK_REPORT_IDLE;
	/* What waits for a lock of a real-time kernel, or is frozen, is shown as this. */
	if (now & (TASK_RTLOCK_WAIT | TASK_FROZEN))
		left = TASK_UNINTERRUPTIBLE;
	while (left >> index)
		index++;
	*letter = letters[index];
	return 0;
}

static int signal_of(const struct linux_task *task, gva_t *signal)
{
	int err = linux_need(LINUX_THREADS);

	if (!err)
		err = follow(task->task, F_TASK_SIGNAL, signal);
	return err || *signal ? err : -EFAULT;
}

int linux_id(const struct linux_task *task, enum linux_id which, int32_t *id)
{
	/* enum pid_type, include/linux/pid.h */
	static const uint32_t types[] = {[LINUX_PGRP] = 2, [LINUX_SESSION] = 3};
	gva_t signal, pid;
	uint32_t number;
	int err = signal_of(task, &signal);

	if (err)
		return err;
	if (!has_field(F_SIGNAL_PIDS) || !has_field(F_PID_NUMBERS))
		return -ENOTSUP;
	*id = 0;
	if (kread64(at(signal, F_SIGNAL_PIDS) + 8 * types[which], &pid))
		return -EFAULT;
	if (!pid)
		return 0;
	/* struct upid begins with the number; that of the first namespace is the first. */
	if (!kernel_pointer(pid) || kread32(at(pid, F_PID_NUMBERS), &number))
		return -EFAULT;
	*id = (int32_t)number;
	return 0;
}

int linux_tty(const struct linux_task *task, uint32_t *device)
{
	uint32_t major, minor, index;
	gva_t signal, tty, driver;
	int err = signal_of(task, &signal);

	if (!err)
		err = follow(signal, F_SIGNAL_TTY, &tty);
	if (err)
		return err;
	*device = 0;
	if (!tty)
		return 0;
	err = follow(tty, F_TTY_DRIVER, &driver);
	if (err)
		return err;
	if (!has_field(F_TTY_INDEX) || !has_field(F_TTY_DRIVER_MAJOR) ||
	    !has_field(F_TTY_DRIVER_MINOR))
		return -ENOTSUP;
	if (!driver || kread32(at(driver, F_TTY_DRIVER_MAJOR), &major) ||
	    kread32(at(driver, F_TTY_DRIVER_MINOR), &minor) ||
	    kread32(at(tty, F_TTY_INDEX), &index))
		return -EFAULT;
	/* new_encode_dev(), include/linux/kdev_t.h */
	minor += index;
	*device = (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
	return 0;
}

static int credentials(const struct linux_task *task, gva_t *cred)
{
	int err = linux_need(LINUX_DETAILS);

	if (!err)
		err = follow(task->task, F_TASK_REAL_CRED, cred);
	return err || *cred ? err : -EFAULT;
}

int linux_owner(const struct linux_task *task, enum linux_owner which, uint32_t *id)
{
	static const enum field fields[] = {
		[LINUX_EUID] = F_CRED_EUID,   [LINUX_SUID] = F_CRED_SUID,
		[LINUX_FSUID] = F_CRED_FSUID, [LINUX_EGID] = F_CRED_EGID,
		[LINUX_SGID] = F_CRED_SGID,   [LINUX_FSGID] = F_CRED_FSGID,
	};
	gva_t cred;
	int err = credentials(task, &cred);

	if (err)
		return err;
	if (!has_field(fields[which]))
		return -ENOTSUP;
	return kread32(at(cred, fields[which]), id) ? -EFAULT : 0;
}

int linux_capabilities(const struct linux_task *task, enum linux_capabilities which, uint64_t *set)
{
	static const enum field fields[] = {
		[LINUX_CAP_INHERITABLE] = F_CRED_CAP_INHERITABLE,
		[LINUX_CAP_PERMITTED] = F_CRED_CAP_PERMITTED,
		[LINUX_CAP_EFFECTIVE] = F_CRED_CAP_EFFECTIVE,
		[LINUX_CAP_BOUNDING] = F_CRED_CAP_BOUNDING,
		[LINUX_CAP_AMBIENT] = F_CRED_CAP_AMBIENT,
	};
	gva_t cred;
	int err = credentials(task, &cred);

	if (err)
		return err;
	if (!has_field(fields[which]))
		return -ENOTSUP;
	/* Two words to 6.2, one of 64 bits since: the same bytes. */
	return kread64(at(cred, fields[which]), set) ? -EFAULT : 0;
}

/* The pid namespace that the process was made in: task_active_pid_ns(). */
static int pid_namespace(const struct linux_task *task, gva_t *ns)
{
	uint32_t level;
	gva_t pid, last;
	int err = follow(task->task, F_TASK_THREAD_PID, &pid);

	if (err)
		return err;
	if (!has_field(F_PID_LEVEL) || !has_field(F_PID_NUMBERS) || !has_field(F_UPID_NS) ||
	    !has_field(F_UPID_SIZE))
		return -ENOTSUP;
	*ns = 0;
	if (!pid)
		return 0;
	if (kread32(at(pid, F_PID_LEVEL), &level) || level > MAX_PID_LEVEL)
		return -EFAULT;
	last = at(pid, F_PID_NUMBERS) + level * (uint64_t)kernel->field[F_UPID_SIZE];
	return follow(last, F_UPID_NS, ns);
}

int linux_namespace(const struct linux_task *task, enum linux_namespace which, uint32_t *inode)
{
	static const struct {
		enum field from, common; /* from: in struct nsproxy */
	} fields[] = {
		[LINUX_NS_MNT] = {F_NSPROXY_MNT, F_MNT_NS_COMMON},
		[LINUX_NS_PID] = {0, F_PID_NS_COMMON},
		[LINUX_NS_NET] = {F_NSPROXY_NET, F_NET_NS_COMMON},
		[LINUX_NS_UTS] = {F_NSPROXY_UTS, F_UTS_NS_COMMON},
		[LINUX_NS_IPC] = {F_NSPROXY_IPC, F_IPC_NS_COMMON},
		[LINUX_NS_USER] = {0, F_USER_NS_COMMON},
		[LINUX_NS_CGROUP] = {F_NSPROXY_CGROUP, F_CGROUP_NS_COMMON},
		[LINUX_NS_TIME] = {F_NSPROXY_TIME, F_TIME_NS_COMMON},
	};
	gva_t proxy, cred, ns = 0;
	int err = linux_need(LINUX_TASKS);

	if (err)
		return err;
	if (!has_field(fields[which].common) || !has_field(F_NS_INUM))
		return -ENOTSUP;
	if (which == LINUX_NS_PID) {
		err = pid_namespace(task, &ns);
	} else if (which == LINUX_NS_USER) {
		err = credentials(task, &cred);
		if (!err)
			err = follow(cred, F_CRED_USER_NS, &ns);
	} else {
		err = follow(task->task, F_TASK_NSPROXY, &proxy);
		if (!err && proxy)
			err = follow(proxy, fields[which].from, &ns);
	}
	if (err)
		return err;
	*inode = 0;
	if (ns && kread32(at(at(ns, fields[which].common), F_NS_INUM), inode))
		return -EFAULT;
	return 0;
}

/* kernfs_path_from_node(), fs/kernfs/dir.c, from the hierarchy's root on. */
static int kernfs_path(gva_t node, char *buf, size_t size)
{
	char path[PATH_SIZE], name[256];
	size_t start = sizeof(path) - 1, length;
	gva_t parent, from;
	int i, err;

	path[start] = '\0';
	for (i = 0; i < MAX_GROUPS; i++) {
		err = follow(node, F_KERNFS_PARENT, &parent);
		if (err)
			return err;
		if (!parent)
			break;
		err = follow(node, F_KERNFS_NAME, &from);
		if (err)
			return err;
		if (!from || kread_string(from, name, sizeof(name)))
			return -EFAULT;
		length = strlen(name);
		if (length + 1 > start)
			return -ENAMETOOLONG;
		start -= length;
		memcpy(path + start, name, length);
		path[--start] = '/';
		node = parent;
	}
	if (i == MAX_GROUPS)
		return -ELOOP;
	snprintf(buf, size, "%s", path[start] ? path + start : "/");
	return 0;
}

/* proc_cgroup_show(), kernel/cgroup/cgroup.c: the line of the default hierarchy. */
int linux_cgroup(const struct linux_task *task, char *buf, size_t size)
{
	gva_t set, group, node;
	uint32_t flags;
	int err = linux_need(LINUX_TASKS);

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (!err)
		err = follow(task->task, F_TASK_CGROUPS, &set);
	if (!err && set)
		err = follow(set, F_CSS_SET_GROUP, &group);
	if (!err && set && group)
		err = follow(group, F_CGROUP_KN, &node);
	if (err)
		return err;
	if (!set || !group || !node)
		return -EFAULT;
	err = kernfs_path(node, buf, size);
	if (err || !has_field(F_CGROUP_FLAGS))
		return err;
	if (kread32(at(group, F_CGROUP_FLAGS), &flags))
		return -EFAULT;
	if (!(flags & CSS_ONLINE) && strlen(buf) + sizeof(" (deleted)") <= size)
		strcat(buf, " (deleted)");
	return 0;
}

/* As much as there is, page by page. */
static size_t user_copy(const struct linux_task *task, gva_t va, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		size_t step = PAGE_SIZE - (va + n) % PAGE_SIZE;

		if (step > size - n)
			step = size - n;
		if (linux_process_read(task, va + n, buf + n, step))
			break;
		n += step;
	}
	return n;
}

/* get_mm_cmdline() and get_mm_proctitle(), fs/proc/base.c */
int linux_arguments(const struct linux_task *task, char *buf, size_t size, size_t *length)
{
	gva_t start, end, env_start = 0, env_end = 0, mm = task->mm;
	char last;
	int err = linux_need(LINUX_SPACES);

	*length = 0;
	if (err || !mm)
		return err;
	if (kread64(at(mm, F_MM_ARG_START), &start) || kread64(at(mm, F_MM_ARG_END), &end))
		return -EFAULT;
	if (!end)
		return 0;
	if (start >= end)
		return end == start ? 0 : -EFAULT;
	if (has_field(F_MM_ENV_START) && has_field(F_MM_ENV_END) &&
	    (kread64(at(mm, F_MM_ENV_START), &env_start) ||
	     kread64(at(mm, F_MM_ENV_END), &env_end)))
		return -EFAULT;
	/* A title that was written over the arguments ends with its own NUL, in the environment. */
	if (!linux_process_read(task, end - 1, &last, 1) && last) {
		size_t most = size < PAGE_SIZE ? size : PAGE_SIZE;

		if (env_start != end || env_end < env_start)
			env_end = end;
		if (most > env_end - start)
			most = env_end - start;
		*length = user_copy(task, start, buf, most);
		most = strnlen(buf, *length);
		if (most < *length)
			*length = most + 1;
		return 0;
	}
	if (size > end - start)
		size = end - start;
	*length = user_copy(task, start, buf, size);
	return *length ? 0 : -EFAULT;
}
