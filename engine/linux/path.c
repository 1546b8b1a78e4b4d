/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of an open file as d_path() (fs/d_path.c) gives it: from the dentry upwards, hopping
 * from a mount's root to its mount point. The walk ends at the root of the mount tree; a process
 * that has changed its root still shows the full path here.
 */
#include <stdio.h>
#include "engine/linux/internal.h"

#define MAX_STEPS     256
#define MAX_COMPONENT 255 /* NAME_MAX */
#define PATH_SIZE     4096

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

int path_of_file(gva_t file, char *buf, size_t size)
{
	gva_t dentry, first, vfsmount;
	char path[PATH_SIZE];
	size_t start = sizeof(path) - 1;
	int i, err;

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	path[start] = '\0';
	if (!kernel_pointer(file) || kread64(at(file, F_FILE_MNT), &vfsmount) ||
	    kread64(at(file, F_FILE_DENTRY), &first))
		return -EFAULT;
	dentry = first;
	for (i = 0; i < MAX_STEPS; i++) {
		gva_t root, parent, mount, above;

		if (!kernel_pointer(dentry) || !kernel_pointer(vfsmount) ||
		    kread64(at(vfsmount, F_VFSMOUNT_ROOT), &root) ||
		    kread64(at(dentry, F_DENTRY_PARENT), &parent))
			return -EFAULT;
		if (dentry != root && dentry != parent) {
			err = prepend(dentry, path, &start);
			if (err)
				return err;
			dentry = parent;
			continue;
		}
		mount = vfsmount - (gva_t)kernel->field[F_MOUNT_MNT];
		if (dentry != root || kread64(at(mount, F_MOUNT_PARENT), &above) || above == mount)
			break;
		if (!kernel_pointer(above) || kread64(at(mount, F_MOUNT_MOUNTPOINT), &dentry))
			return -EFAULT;
		vfsmount = at(above, F_MOUNT_MNT);
	}
	if (i == MAX_STEPS)
		return -ELOOP;
	if (path[start] == '\0')
		path[--start] = '/';
	snprintf(buf, size, "%s%s", path + start, unlinked(first) ? " (deleted)" : "");
	return 0;
}

int linux_exe(const struct linux_task *task, char *buf, size_t size)
{
	gva_t file;

	if (!kernel)
		return -ENODATA;
	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (!task->mm)
		return 0;
	if (kread64(at(task->mm, F_MM_EXE_FILE), &file))
		return -EFAULT;
	return file ? path_of_file(file, buf, size) : 0;
}

int linux_cmdline(const struct linux_task *task, char *buf, size_t size)
{
	gva_t start, end;
	size_t n, i;

	if (!kernel)
		return -ENODATA;
	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (!task->mm)
		return 0;
	if (kread64(at(task->mm, F_MM_ARG_START), &start) ||
	    kread64(at(task->mm, F_MM_ARG_END), &end) || end <= start)
		return -EFAULT;
	/* Page by page: as much as there is. */
	for (n = 0; n < size - 1 && n < end - start;) {
		size_t step = PAGE_SIZE - (start + n) % PAGE_SIZE;

		if (step > end - start - n)
			step = end - start - n;
		if (step > size - 1 - n)
			step = size - 1 - n;
		if (linux_process_read(task, start + n, buf + n, step))
			break;
		n += step;
	}
	if (!n)
		return -EFAULT;
	for (i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	while (n > 0 && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
	return 0;
}
