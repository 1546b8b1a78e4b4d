/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a process's mount namespace that it can reach from its root, as /proc/PID/mountinfo
 * has them (show_mountinfo(), fs/proc_namespace.c). They are in a list up to 6.7, and in a
 * red-black tree since.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/internal.h"
#include "engine/linux/process/process.h"

#define MAX_MOUNTS 65536
#define MAX_DEPTH  64 /* a red-black tree of 2^32 nodes is not deeper */
#define PATH_SIZE  4096

/* include/linux/mount.h */
#define MNT_NOSUID	0x1u
#define MNT_NODEV	0x2u
#define MNT_NOEXEC	0x4u
#define MNT_NOATIME	0x8u
#define MNT_NODIRATIME	0x10u
#define MNT_RELATIME	0x20u
#define MNT_READONLY	0x40u
#define MNT_NOSYMFOLLOW 0x80u
#define MNT_SHARED	0x1000u /* to 6.16 */
#define MNT_UNBINDABLE	0x2000u
#define MNT_CURSOR	0x10000000u /* a reader's place in the list, not a mount */

/* fs/mount.h: mnt_t_flags, from 6.17 */
#define T_SHARED     0x1u
#define T_UNBINDABLE 0x2u

#define SB_RDONLY 0x1ull /* include/linux/fs.h */

struct mount_vector {
	struct linux_mount *v;
	size_t n, room, left_out;
	struct path_root root;
};

static gva_t mnt_of(gva_t mount)
{
	return at(mount, F_MOUNT_MNT);
}

static int read_propagation(struct linux_mount *m)
{
	uint32_t shared = m->flags & MNT_SHARED, unbindable = m->flags & MNT_UNBINDABLE, flags;
	gva_t master;

	if (has_field(F_MOUNT_T_FLAGS)) {
		if (kread32(at(m->mount, F_MOUNT_T_FLAGS), &flags))
			return -EFAULT;
		shared = flags & T_SHARED;
		unbindable = flags & T_UNBINDABLE;
	}
	m->unbindable = unbindable != 0;
	if (!has_field(F_MOUNT_GROUP) || !has_field(F_MOUNT_MASTER))
		return 0;
	if (shared && kread32(at(m->mount, F_MOUNT_GROUP), (uint32_t *)&m->group))
		return -EFAULT;
	if (kread64(at(m->mount, F_MOUNT_MASTER), &master))
		return -EFAULT;
	if (master &&
	    (!kernel_pointer(master) || kread32(at(master, F_MOUNT_GROUP), (uint32_t *)&m->master)))
		return -EFAULT;
	return 0;
}

/* is_idmapped_mnt(), include/linux/fs.h: by a namespace to 6.1, by a table since. */
static int read_idmap(struct linux_mount *m)
{
	const bool table = has_field(F_VFSMOUNT_IDMAP);
	gva_t map, none;

	if ((!table && !has_field(F_VFSMOUNT_USER_NS)) ||
	    symbol_find(kernel, table ? "nop_mnt_idmap" : "init_user_ns", &none))
		return 0;
	if (kread64(at(mnt_of(m->mount), table ? F_VFSMOUNT_IDMAP : F_VFSMOUNT_USER_NS), &map))
		return -EFAULT;
	m->idmapped = map != none;
	return 0;
}

static int read_mount(struct linux_mount *m, gva_t mount)
{
	gva_t parent;
	uint64_t flags;

	m->mount = mount;
	if (!kernel_pointer(mount) || mount % 8 ||
	    kread32(at(mnt_of(mount), F_VFSMOUNT_FLAGS), &m->flags) ||
	    kread64(at(mnt_of(mount), F_VFSMOUNT_SB), &m->sb) || !kernel_pointer(m->sb) ||
	    kread32(at(mount, F_MOUNT_ID), (uint32_t *)&m->id) ||
	    kread64(at(mount, F_MOUNT_PARENT), &parent) || !kernel_pointer(parent) ||
	    kread32(at(parent, F_MOUNT_ID), (uint32_t *)&m->parent_id) ||
	    kread32(at(m->sb, F_SB_DEV), &m->device) || kread64(at(m->sb, F_SB_FLAGS), &flags))
		return -EFAULT;
	m->sb_readonly = (flags & SB_RDONLY) != 0;
	return read_propagation(m) || read_idmap(m) ? -EFAULT : 0;
}

/* The place of a mount in the tree of all. */
static int mountpoint(const struct linux_mount *m, char *buf, size_t size)
{
	const struct path_root root = {m->root_mnt, m->root_dentry};
	gva_t dentry;

	if (kread64(at(mnt_of(m->mount), F_VFSMOUNT_ROOT), &dentry))
		return -EFAULT;
	return path_below(mnt_of(m->mount), dentry, &root, buf, size);
}

static int append(struct mount_vector *mv, gva_t mount)
{
	struct linux_mount m = {.root_mnt = mv->root.mnt, .root_dentry = mv->root.dentry};
	char path[PATH_SIZE];
	uint32_t flags;
	int err;

	/* Before anything else: of a cursor there is no more than this. */
	if (has_field(F_MNT_NS_LIST) && kernel_pointer(mount) &&
	    !kread32(at(mnt_of(mount), F_VFSMOUNT_FLAGS), &flags) && (flags & MNT_CURSOR))
		return 0;
	err = read_mount(&m, mount);
	if (!err)
		err = mountpoint(&m, path, sizeof(path));
	if (err == -ENOENT)
		return 0;
	if (err) {
		mv->left_out++;
		return 0;
	}
	if (mv->n == MAX_MOUNTS)
		return -EOVERFLOW;
	if (mv->n == mv->room) {
		size_t room = mv->room ? 2 * mv->room : 32;
		struct linux_mount *v = realloc(mv->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		mv->v = v;
		mv->room = room;
	}
	mv->v[mv->n++] = m;
	return 0;
}

static int each_in_list(gva_t ns, struct mount_vector *mv)
{
	const gva_t head = at(ns, F_MNT_NS_LIST);
	struct list_walk walk;
	gva_t pos;
	int err;

	for (err = list_first(&walk, head, MAX_MOUNTS, &pos); !err && pos != head;
	     err = list_next(&walk, &pos)) {
		err = append(mv, pos - (gva_t)kernel->field[F_MOUNT_LIST]);
		if (err)
			return err;
	}
	return err;
}

/*
 * In ascending order, with the nodes whose right side is still to come on a stack. The order is
 * that of numbers which no two mounts share: a tree that leads back into itself does not ascend.
 */
static int each_in_tree(gva_t ns, struct mount_vector *mv)
{
	gva_t stack[MAX_DEPTH], node, mount;
	unsigned int depth = 0, steps = 0;
	uint64_t number, before = 0;
	int err;

	if (kread64(at(ns, F_MNT_NS_TREE), &node))
		return -EFAULT;
	while (node || depth) {
		if (++steps > 2 * MAX_MOUNTS)
			return -EOVERFLOW;
		if (steps % 64 == 0 && linux_stopped())
			return -ETIME;
		if (node) {
			if (!kernel_pointer(node) || node % 8)
				return -EFAULT;
			if (depth == MAX_DEPTH)
				return -EOVERFLOW;
			stack[depth++] = node;
			if (kread64(at(node, F_RB_LEFT), &node))
				return -EFAULT;
			continue;
		}
		node = stack[--depth];
		mount = node - (gva_t)kernel->field[F_MOUNT_NODE];
		if (has_field(F_MOUNT_UNIQUE)) {
			if (kread64(at(mount, F_MOUNT_UNIQUE), &number))
				return -EFAULT;
			if (number <= before)
				return -EOVERFLOW;
			before = number;
		}
		err = append(mv, mount);
		if (err)
			return err;
		if (kread64(at(node, F_RB_RIGHT), &node))
			return -EFAULT;
	}
	return 0;
}

int linux_mounts(const struct linux_task *task, struct linux_mount **mounts, size_t *count)
{
	struct mount_vector mv = {0};
	gva_t proxy, ns, fs;
	int err = linux_need(LINUX_MOUNTS);

	*mounts = NULL;
	*count = 0;
	if (err)
		return err;
	if (kread64(at(task->task, F_TASK_NSPROXY), &proxy) ||
	    kread64(at(task->task, F_TASK_FS), &fs))
		return -EFAULT;
	if (!proxy || !fs) /* it has ended */
		return 0;
	if (!kernel_pointer(proxy) || !kernel_pointer(fs) ||
	    kread64(at(proxy, F_NSPROXY_MNT), &ns) || !kernel_pointer(ns) ||
	    kread64(at(fs, F_FS_ROOT_MNT), &mv.root.mnt) ||
	    kread64(at(fs, F_FS_ROOT_DENTRY), &mv.root.dentry))
		return -EFAULT;
	err = has_field(F_MNT_NS_TREE) ? each_in_tree(ns, &mv) : each_in_list(ns, &mv);
	if (err == -ENOMEM) {
		free(mv.v);
		return err;
	}
	*mounts = mv.v;
	*count = mv.n;
	if (err == -EOVERFLOW || err == -ETIME)
		return err;
	return err || mv.left_out ? -EFAULT : 0;
}

/* show_mnt_opts(), fs/proc_namespace.c */
static void options(const struct linux_mount *m, char *buf, size_t size)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{MNT_NOSUID, ",nosuid"},	   {MNT_NODEV, ",nodev"},
		{MNT_NOEXEC, ",noexec"},	   {MNT_NOATIME, ",noatime"},
		{MNT_NODIRATIME, ",nodiratime"},   {MNT_RELATIME, ",relatime"},
		{MNT_NOSYMFOLLOW, ",nosymfollow"},
	};
	char text[128];
	size_t i;

	strcpy(text, m->flags & MNT_READONLY ? "ro" : "rw");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (m->flags & names[i].flag)
			strcat(text, names[i].name);
	if (m->idmapped)
		strcat(text, ",idmapped");
	snprintf(buf, size, "%s", text);
}

/* show_type(), fs/proc_namespace.c */
static int type_name(const struct linux_mount *m, char *buf, size_t size)
{
	gva_t type, name, subtype = 0;
	size_t n;

	if (kread64(at(m->sb, F_SB_TYPE), &type) || !kernel_pointer(type) ||
	    kread64(at(type, F_FS_TYPE_NAME), &name) || !kernel_pointer(name) ||
	    kread_string(name, buf, size) ||
	    (has_field(F_SB_SUBTYPE) && kread64(at(m->sb, F_SB_SUBTYPE), &subtype)))
		return -EFAULT;
	n = strlen(buf);
	if (!subtype || n + 2 > size)
		return 0;
	if (!kernel_pointer(subtype))
		return -EFAULT;
	buf[n] = '.';
	return kread_string(subtype, buf + n + 1, size - n - 1);
}

int linux_mount_text(const struct linux_mount *m, enum linux_mount_text which, char *buf,
		     size_t size)
{
	gva_t va;
	int err = linux_need(LINUX_MOUNTS);

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (err)
		return err;
	switch (which) {
	case LINUX_MOUNT_ROOT:
		if (kread64(at(mnt_of(m->mount), F_VFSMOUNT_ROOT), &va))
			return -EFAULT;
		return path_in_file_system(va, buf, size);
	case LINUX_MOUNT_PATH:
		return mountpoint(m, buf, size);
	case LINUX_MOUNT_OPTIONS:
		options(m, buf, size);
		return 0;
	case LINUX_MOUNT_TYPE:
		return type_name(m, buf, size);
	case LINUX_MOUNT_SOURCE:
		if (kread64(at(m->mount, F_MOUNT_DEVNAME), &va))
			return -EFAULT;
		if (!va) {
			snprintf(buf, size, "none");
			return 0;
		}
		return kernel_pointer(va) ? kread_string(va, buf, size) : -EFAULT;
	}
	return -EINVAL;
}
