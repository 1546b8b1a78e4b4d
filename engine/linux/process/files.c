/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open files of a process: its table of descriptors (struct fdtable, include/linux/fdtable.h),
 * and of each file what readlink, stat and fdinfo say in /proc/PID/fd. Another CPU may open, close
 * and move the table meanwhile; nothing of it is trusted.
 */
#include <stdlib.h>
#include "engine/linux/internal.h"

#define MAX_DESCRIPTORS (1u << 20) /* of the table: the default of fs.nr_open */
#define MAX_FILES	65536	   /* that are open */
#define MAX_DAMAGED	256	   /* that make no sense: then the table is none */
#define CHUNK		(PAGE_SIZE / 8)

/* include/uapi/linux/stat.h */
#define S_IFMT	 0170000u
#define S_IFSOCK 0140000u
#define S_IFLNK	 0120000u
#define S_IFREG	 0100000u
#define S_IFBLK	 0060000u
#define S_IFDIR	 0040000u
#define S_IFCHR	 0020000u
#define S_IFIFO	 0010000u

#define O_CLOEXEC 02000000u /* include/uapi/asm-generic/fcntl.h */

/* Functions and tables of the kernel's that tell kinds of files apart; 0: not there. */
struct known_symbols {
	gva_t socket_ops, anon_name, pidfd_name, ns_name;
};

struct file_vector {
	struct linux_file *v;
	size_t n, room;
	struct known_symbols known;
	uint32_t damaged; /* entries */
};

static gva_t symbol(const char *name)
{
	gva_t va;

	return symbol_find(kernel, name, &va) ? 0 : va;
}

static int read_name_operation(gva_t file, gva_t *dname)
{
	gva_t dentry, ops;

	*dname = 0;
	if (!has_field(F_DENTRY_OPS) || !has_field(F_DENTRY_OPS_DNAME))
		return 0;
	if (kread64(at(file, F_FILE_DENTRY), &dentry) || !kernel_pointer(dentry) ||
	    kread64(at(dentry, F_DENTRY_OPS), &ops))
		return -EFAULT;
	return ops ? kread64(at(ops, F_DENTRY_OPS_DNAME), dname) : 0;
}

/* dname: the operation that makes up the file's name. */
static enum linux_file_kind kind_of(uint16_t mode, gva_t dname, const struct known_symbols *known)
{
	if (dname && (dname == known->anon_name || dname == known->pidfd_name))
		return LINUX_FILE_ANON;
	if (dname && dname == known->ns_name)
		return LINUX_FILE_NAMESPACE;
	switch (mode & S_IFMT) {
	case S_IFREG:
		return LINUX_FILE_REGULAR;
	case S_IFDIR:
		return LINUX_FILE_DIRECTORY;
	case S_IFIFO:
		return LINUX_FILE_PIPE;
	case S_IFSOCK:
		return LINUX_FILE_SOCKET;
	case S_IFCHR:
		return LINUX_FILE_CHARACTER_DEVICE;
	case S_IFBLK:
		return LINUX_FILE_BLOCK_DEVICE;
	case S_IFLNK:
		return LINUX_FILE_LINK;
	}
	return LINUX_FILE_OTHER;
}

static int read_file(gva_t file, const struct known_symbols *known, struct linux_file *f)
{
	gva_t inode, sb, ops, dname;
	uint32_t mode;
	uint16_t imode;

	f->file = file;
	if (!kernel_pointer(file) || file % 8 || kread32(at(file, F_FILE_FLAGS), &f->flags) ||
	    kread32(at(file, F_FILE_MODE), &mode) || kread64(at(file, F_FILE_POS), &f->pos) ||
	    kread64(at(file, F_FILE_OPS), &ops) || kread64(at(file, F_FILE_INODE), &inode) ||
	    !kernel_pointer(inode) || linux_kread(at(inode, F_INODE_MODE), &imode, 2) ||
	    kread64(at(inode, F_INODE_INO), &f->ino) ||
	    kread32(at(inode, F_INODE_RDEV), &f->rdev) || kread64(at(inode, F_INODE_SB), &sb) ||
	    !kernel_pointer(sb) || kread32(at(sb, F_SB_DEV), &f->dev) ||
	    read_name_operation(file, &dname))
		return -EFAULT;
	f->readable = mode & 1; /* FMODE_READ, FMODE_WRITE: include/linux/fs.h */
	f->writable = mode & 2;
	f->inode = inode;
	f->kind = kind_of(imode, dname, known);
	/* A socket's name in a file system (opened with O_PATH) is none. */
	f->socket = 0;
	if (known->socket_ops && ops == known->socket_ops &&
	    kread64(at(file, F_FILE_PRIVATE), &f->socket))
		return -EFAULT;
	return 0;
}

static int append(struct file_vector *fv, uint32_t fd, gva_t file, bool cloexec)
{
	struct linux_file f = {.fd = (int32_t)fd};

	if (fv->n == MAX_FILES)
		return -EOVERFLOW;
	if (fv->n == fv->room) {
		size_t room = fv->room ? 2 * fv->room : 16;
		struct linux_file *v = realloc(fv->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		fv->v = v;
		fv->room = room;
	}
	if (read_file(file, &fv->known, &f))
		return ++fv->damaged < MAX_DAMAGED ? 0 : -EFAULT;
	/* As fs/proc/fd.c, seq_show(): the descriptor has this flag, not the file. */
	f.flags &= ~O_CLOEXEC;
	if (cloexec)
		f.flags |= O_CLOEXEC;
	fv->v[fv->n++] = f;
	return 0;
}

static int read_table(gva_t fdt, struct file_vector *fv)
{
	gva_t array, bitmap, files[CHUNK];
	uint64_t cloexec[CHUNK / 64];
	uint32_t max, fd, n, i;
	int err;

	if (!kernel_pointer(fdt) || kread32(at(fdt, F_FDT_MAX), &max) ||
	    kread64(at(fdt, F_FDT_FD), &array) || kread64(at(fdt, F_FDT_CLOEXEC), &bitmap) ||
	    !kernel_pointer(array) || !kernel_pointer(bitmap))
		return -EFAULT;
	for (fd = 0; fd < max; fd += n) {
		if (fd >= MAX_DESCRIPTORS)
			return -EOVERFLOW;
		if (linux_stopped())
			return -ETIME;
		n = max - fd < CHUNK ? max - fd : CHUNK;
		/* Sizes are multiples of 64, fs/file.c: alloc_fdtable(). */
		if (n % 64 || linux_kread(array + 8ull * fd, files, 8ull * n) ||
		    linux_kread(bitmap + fd / 8, cloexec, n / 8))
			return -EFAULT;
		for (i = 0; i < n; i++) {
			if (!files[i])
				continue;
			err = append(fv, fd + i, files[i], cloexec[i / 64] >> i % 64 & 1);
			if (err)
				return err;
		}
	}
	return 0;
}

int linux_files(const struct linux_task *task, struct linux_file **files, size_t *count)
{
	struct file_vector fv = {0};
	gva_t table, fdt;
	int err;

	*files = NULL;
	*count = 0;
	err = linux_need(LINUX_FILES);
	if (err)
		return err;
	if (kread64(at(task->task, F_TASK_FILES), &table))
		return -EFAULT;
	if (!table) /* it is ending */
		return 0;
	if (!kernel_pointer(table) || kread64(at(table, F_FILES_FDT), &fdt))
		return -EFAULT;
	fv.known = (struct known_symbols){
		.socket_ops = symbol("socket_file_ops"),
		.anon_name = symbol("anon_inodefs_dname"),
		.pidfd_name = symbol("pidfs_dname"),
		.ns_name = symbol("ns_dname"),
	};
	err = read_table(fdt, &fv);
	if (err == -ENOMEM) {
		free(fv.v);
		return err;
	}
	*files = fv.v;
	*count = fv.n;
	return err ? err : fv.damaged ? -EFAULT : 0;
}

int linux_file_path(gva_t file, char *buf, size_t size)
{
	return path_of_file(file, buf, size);
}
