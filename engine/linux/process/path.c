/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of an open file as d_path() (fs/d_path.c) gives it: from the dentry upwards, hopping
 * from a mount's root to its mount point. The walk ends at the root of the mount tree; a process
 * that has changed its root still shows the full path here. What lies on no mounted file system
 * (pipes, sockets, memfds, anonymous inodes, namespaces) has a name that its file system makes up.
 */
#include <inttypes.h>
#include <stdio.h>
#include "engine/linux/internal.h"
#include "engine/linux/process/process.h"

#define MAX_STEPS     256
#define MAX_COMPONENT 255 /* NAME_MAX */
#define PATH_SIZE     4096
#define NS_NAME_SIZE  32 /* "time_for_children" is the longest */
#define DMA_NAME_SIZE 32 /* DMA_BUF_NAME_LEN, include/uapi/linux/dma-buf.h */

/* Put name and a slash before the path that starts at *start. */
static int prepend(gva_t dentry, char *path, size_t *start)
{
	uint32_t length;
	gva_t name;

	if (kread32(at(dentry, F_DENTRY_NAME_LEN), &length) ||
	    kread64(at(dentry, F_DENTRY_NAME), &name))
		return -EFAULT;
	if (length > MAX_COMPONENT || !kernel_pointer(name))
		return -EINVAL;
	if (length + 1 > *start)
		return -ENAMETOOLONG;
	*start -= length;
	if (linux_kread(name, path + *start, length))
		return -EFAULT;
	path[--*start] = '/';
	return 0;
}

static bool unlinked(gva_t dentry)
{
	gva_t pprev, parent;

	return !kread64(at(dentry, F_DENTRY_PPREV), &pprev) && !pprev &&
	       !kread64(at(dentry, F_DENTRY_PARENT), &parent) && parent != dentry;
}

static int dentry_name(gva_t dentry, char name[MAX_COMPONENT + 1])
{
	uint32_t length;
	gva_t from;

	if (kread32(at(dentry, F_DENTRY_NAME_LEN), &length) ||
	    kread64(at(dentry, F_DENTRY_NAME), &from))
		return -EFAULT;
	if (length > MAX_COMPONENT || !kernel_pointer(from))
		return -EINVAL;
	name[length] = '\0';
	return linux_kread(from, name, length);
}

static int inode_of(gva_t dentry, gva_t *inode)
{
	if (!has_field(F_DENTRY_INODE) || kread64(at(dentry, F_DENTRY_INODE), inode) ||
	    !kernel_pointer(*inode))
		return -EFAULT;
	return 0;
}

/* pipefs_dname(), sockfs_dname() */
static int name_by_inode(const char *what, gva_t dentry, char *buf, size_t size)
{
	uint64_t ino;
	gva_t inode;

	if (inode_of(dentry, &inode) || !has_field(F_INODE_INO) ||
	    kread64(at(inode, F_INODE_INO), &ino))
		return -EFAULT;
	snprintf(buf, size, "%s:[%" PRIu64 "]", what, ino);
	return 0;
}

/* ns_dname(), fs/nsfs.c: the kind of namespace is told by its operations. */
static int name_of_namespace(gva_t dentry, char *buf, size_t size)
{
	char name[NS_NAME_SIZE];
	gva_t inode, ns, ops, from;

	if (inode_of(dentry, &inode) || !has_field(F_INODE_PRIVATE) || !has_field(F_NS_OPS) ||
	    !has_field(F_NS_OPS_NAME) || kread64(at(inode, F_INODE_PRIVATE), &ns) ||
	    !kernel_pointer(ns) || kread64(at(ns, F_NS_OPS), &ops) || !kernel_pointer(ops) ||
	    kread64(at(ops, F_NS_OPS_NAME), &from) || !kernel_pointer(from) ||
	    kread_string(from, name, sizeof(name)))
		return -EFAULT;
	return name_by_inode(name, dentry, buf, size);
}

/* dmabuffs_dname(), drivers/dma-buf/dma-buf.c */
static int name_of_dmabuf(gva_t dentry, char *buf, size_t size)
{
	char name[MAX_COMPONENT + 1], given[DMA_NAME_SIZE] = "";
	gva_t dmabuf, from;
	int err;

	err = dentry_name(dentry, name);
	if (err)
		return err;
	if (has_field(F_DENTRY_FSDATA) && has_field(F_DMA_BUF_NAME) &&
	    !kread64(at(dentry, F_DENTRY_FSDATA), &dmabuf) && kernel_pointer(dmabuf) &&
	    !kread64(at(dmabuf, F_DMA_BUF_NAME), &from) && kernel_pointer(from) &&
	    kread_string(from, given, sizeof(given)))
		return -EFAULT;
	snprintf(buf, size, "/%s:%s", name, given);
	return 0;
}

/* Is this the kernel's function of that name? */
static bool is_function(gva_t va, const char *name)
{
	gva_t function;

	return !symbol_find(kernel, name, &function) && va == function;
}

/* The name that the dentry's own operation (d_dname) makes up. 0; 1: it has no such operation. */
static int made_up_name(gva_t dentry, gva_t root, char *buf, size_t size)
{
	char name[MAX_COMPONENT + 1];
	gva_t ops, dname, parent;
	int err;

	if (!has_field(F_DENTRY_OPS) || !has_field(F_DENTRY_OPS_DNAME))
		return 1;
	if (!kernel_pointer(dentry) || kread64(at(dentry, F_DENTRY_OPS), &ops) ||
	    kread64(at(dentry, F_DENTRY_PARENT), &parent))
		return -EFAULT;
	/* The root of such a file system, mounted, has an ordinary path. */
	if (!ops || (parent == dentry && dentry == root))
		return 1;
	if (!kernel_pointer(ops) || kread64(at(ops, F_DENTRY_OPS_DNAME), &dname))
		return -EFAULT;
	if (!dname)
		return 1;
	if (is_function(dname, "pipefs_dname"))
		return name_by_inode("pipe", dentry, buf, size);
	if (is_function(dname, "sockfs_dname"))
		return name_by_inode("socket", dentry, buf, size);
	if (is_function(dname, "ns_dname"))
		return name_of_namespace(dentry, buf, size);
	if (is_function(dname, "dmabuffs_dname"))
		return name_of_dmabuf(dentry, buf, size);
	if (is_function(dname, "pidfs_dname")) {
		snprintf(buf, size, "anon_inode:[pidfd]");
		return 0;
	}
	err = dentry_name(dentry, name);
	if (err)
		return err;
	if (is_function(dname, "anon_inodefs_dname"))
		snprintf(buf, size, "anon_inode:%s", name);
	else /* simple_dname(): memfds, System V shared memory, ... */
		snprintf(buf, size, "/%s (deleted)", name);
	return 0;
}

/*
 * prepend_path(), fs/d_path.c: the names from dentry upwards, in front of *start, to the root that
 * is given. 0; 1: the root was not met, and path is that from the root of all mounts.
 */
static int climb(gva_t vfsmount, gva_t dentry, const struct path_root *to, char path[PATH_SIZE],
		 size_t *start)
{
	int i, err;

	for (i = 0; i < MAX_STEPS; i++) {
		gva_t root, parent, mount, above;

		if (to && vfsmount == to->mnt && dentry == to->dentry)
			return 0;
		if (!kernel_pointer(dentry) || !kernel_pointer(vfsmount) ||
		    kread64(at(vfsmount, F_VFSMOUNT_ROOT), &root) ||
		    kread64(at(dentry, F_DENTRY_PARENT), &parent))
			return -EFAULT;
		if (dentry != root && dentry != parent) {
			err = prepend(dentry, path, start);
			if (err)
				return err;
			dentry = parent;
			continue;
		}
		mount = vfsmount - (gva_t)kernel->field[F_MOUNT_MNT];
		if (dentry != root)
			return 1;
		if (kread64(at(mount, F_MOUNT_PARENT), &above))
			return -EFAULT;
		if (above == mount)
			return 1;
		if (!kernel_pointer(above) || kread64(at(mount, F_MOUNT_MOUNTPOINT), &dentry))
			return -EFAULT;
		vfsmount = at(above, F_MOUNT_MNT);
	}
	return -ELOOP;
}

int path_of(gva_t vfsmount, gva_t dentry, char *buf, size_t size)
{
	char path[PATH_SIZE];
	size_t start = sizeof(path) - 1;
	gva_t root;
	int err = linux_need(LINUX_PATHS);

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (err)
		return err;
	if (!kernel_pointer(vfsmount) || kread64(at(vfsmount, F_VFSMOUNT_ROOT), &root))
		return -EFAULT;
	err = made_up_name(dentry, root, buf, size);
	if (err <= 0)
		return err;
	path[start] = '\0';
	err = climb(vfsmount, dentry, NULL, path, &start);
	if (err < 0)
		return err;
	if (path[start] == '\0')
		path[--start] = '/';
	snprintf(buf, size, "%s%s", path + start, unlinked(dentry) ? " (deleted)" : "");
	return 0;
}

int path_below(gva_t vfsmount, gva_t dentry, const struct path_root *root, char *buf, size_t size)
{
	char path[PATH_SIZE];
	size_t start = sizeof(path) - 1;
	int err;

	path[start] = '\0';
	err = climb(vfsmount, dentry, root, path, &start);
	if (err)
		return err < 0 ? err : -ENOENT;
	snprintf(buf, size, "%s", path[start] ? path + start : "/");
	return 0;
}

int path_in_file_system(gva_t dentry, char *buf, size_t size)
{
	const gva_t first = dentry;
	char path[PATH_SIZE];
	size_t start = sizeof(path) - 1;
	int i, err;

	path[start] = '\0';
	for (i = 0; i < MAX_STEPS; i++) {
		gva_t parent;

		if (!kernel_pointer(dentry) || kread64(at(dentry, F_DENTRY_PARENT), &parent))
			return -EFAULT;
		if (dentry == parent)
			break;
		err = prepend(dentry, path, &start);
		if (err)
			return err;
		dentry = parent;
	}
	if (i == MAX_STEPS)
		return -ELOOP;
	snprintf(buf, size, "%s%s", path[start] ? path + start : "/",
		 unlinked(first) ? "//deleted" : "");
	return 0;
}

int path_of_file(gva_t file, char *buf, size_t size)
{
	gva_t dentry, vfsmount;
	int err = linux_need(LINUX_PATHS);

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (err)
		return err;
	if (!kernel_pointer(file) || kread64(at(file, F_FILE_MNT), &vfsmount) ||
	    kread64(at(file, F_FILE_DENTRY), &dentry))
		return -EFAULT;
	return path_of(vfsmount, dentry, buf, size);
}

int linux_exe(const struct linux_task *task, char *buf, size_t size)
{
	gva_t file;
	int err = linux_need(LINUX_PATHS);

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (err)
		return err;
	if (!task->mm)
		return 0;
	if (kread64(at(task->mm, F_MM_EXE_FILE), &file))
		return -EFAULT;
	return file ? path_of_file(file, buf, size) : 0;
}

int linux_cmdline(const struct linux_task *task, char *buf, size_t size)
{
	size_t n, i;
	int err;

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	err = linux_arguments(task, buf, size - 1, &n);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	while (n > 0 && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
	return 0;
}
