/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to know of a process beside its row in the list of all (struct linux_task): each
 * function reads one thing when it is asked for. They give 0; -ENODATA: no kernel known; -ENOTSUP:
 * this kernel's structures have no such thing; -EFAULT: it cannot be read, which is also what comes
 * of a process that has ended meanwhile.
 */
#ifndef ENGINE_LINUX_PROCESS_PROCESS_H
#define ENGINE_LINUX_PROCESS_PROCESS_H

#include "engine/linux/linux.h"

/* details.c: letters and numbers as in /proc/PID/stat. */

/* R, S, D, T, t, X, Z, P or I */
int linux_state(const struct linux_task *task, char *letter) must_check;

enum linux_id { LINUX_PGRP, LINUX_SESSION };

int linux_id(const struct linux_task *task, enum linux_id which, int32_t *id) must_check;
/* The controlling terminal's device number, 0: none */
int linux_tty(const struct linux_task *task, uint32_t *device) must_check;

/* Of its real credentials (task_struct.real_cred). */
enum linux_owner {
	LINUX_EUID,
	LINUX_SUID,
	LINUX_FSUID,
	LINUX_EGID,
	LINUX_SGID,
	LINUX_FSGID,
};

enum linux_capabilities {
	LINUX_CAP_INHERITABLE,
	LINUX_CAP_PERMITTED,
	LINUX_CAP_EFFECTIVE,
	LINUX_CAP_BOUNDING,
	LINUX_CAP_AMBIENT,
};

int linux_owner(const struct linux_task *task, enum linux_owner which, uint32_t *id) must_check;
int linux_capabilities(const struct linux_task *task, enum linux_capabilities which,
		       uint64_t *set) must_check;

enum linux_namespace {
	LINUX_NS_MNT,
	LINUX_NS_PID,
	LINUX_NS_NET,
	LINUX_NS_UTS,
	LINUX_NS_IPC,
	LINUX_NS_USER,
	LINUX_NS_CGROUP,
	LINUX_NS_TIME,
};

/* The inode number that /proc/PID/ns shows; 0: none any more (a zombie) */
int linux_namespace(const struct linux_task *task, enum linux_namespace which,
		    uint32_t *inode) must_check;

/* Path of its control group in the unified hierarchy, as /proc/PID/cgroup shows it. */
int linux_cgroup(const struct linux_task *task, char *buf, size_t size) must_check;

/*
 * The bytes of /proc/PID/cmdline: NUL behind each argument; at most size of them, *length in buf.
 * What is not in memory ends it.
 */
int linux_arguments(const struct linux_task *task, char *buf, size_t size,
		    size_t *length) must_check;

/* thread.c: all threads of a process. Errors and *threads as for linux_tasks(). */
int linux_threads(const struct linux_task *task, struct linux_task **threads,
		  size_t *count) must_check;

/* maps.c: mappings as /proc/PID/maps has them. */

enum linux_map_name {
	LINUX_MAP_UNNAMED,
	LINUX_MAP_FILE,	      /* name_at: struct file */
	LINUX_MAP_HEAP,	      /* [heap] */
	LINUX_MAP_STACK,      /* [stack] */
	LINUX_MAP_VSYSCALL,   /* [vsyscall] */
	LINUX_MAP_STRING,     /* name_at: a string: [vdso], [vvar], ... */
	LINUX_MAP_ANON,	      /* name_at: a string that the process gave, shown as [anon:...] */
	LINUX_MAP_ANON_SHMEM, /* the same for memory that it shares: [anon_shmem:...] */
};

struct linux_map {
	gva_t start, stop; /* stop: the first byte behind it */
	uint64_t flags;	   /* vm_flags */
	char perms[5];	   /* "rwxp" */
	bool anonymous;	   /* no file is mapped */
	uint64_t offset;   /* in the file, bytes */
	uint64_t inode;	   /* 0 without a file */
	uint32_t device;   /* dev_t as the kernel has it: major << 20 | minor */
	enum linux_map_name name;
	gva_t name_at;
};

/*
 * All mappings, in address order; *maps is malloc'ed. -EFAULT, -EOVERFLOW: some could not be read,
 * or there were too many; the others are in *maps.
 */
int linux_maps(const struct linux_task *task, struct linux_map **maps, size_t *count) must_check;
/* Its path or name in /proc/PID/maps. */
int linux_map_path(const struct linux_map *map, char *buf, size_t size) must_check;

/* mounts.c: mounts as /proc/PID/mountinfo has them. */

struct linux_mount {
	gva_t mount, sb;
	gva_t root_mnt, root_dentry; /* root of the process that it is seen by */
	int32_t id, parent_id;
	int32_t group;	/* of peers, 0: it is not shared */
	int32_t master; /* group that it is a slave of, 0: none */
	bool unbindable;
	bool idmapped;
	bool sb_readonly;
	uint32_t flags;	 /* mnt_flags */
	uint32_t device; /* as in linux_map */
};

/* All that the process can reach from its root. Errors and *mounts as for linux_maps(). */
int linux_mounts(const struct linux_task *task, struct linux_mount **mounts,
		 size_t *count) must_check;

enum linux_mount_text {
	LINUX_MOUNT_ROOT,    /* what of the file system is mounted: "/", or a folder in it */
	LINUX_MOUNT_PATH,    /* where it is mounted */
	LINUX_MOUNT_OPTIONS, /* of the mount: "rw,nosuid,relatime" */
	LINUX_MOUNT_TYPE,    /* "ext4", "fuse.sshfs" */
	LINUX_MOUNT_SOURCE,  /* "/dev/sda1" */
};

int linux_mount_text(const struct linux_mount *mount, enum linux_mount_text which, char *buf,
		     size_t size) must_check;

#define LINUX_MAJOR(device) ((device) >> 20)
#define LINUX_MINOR(device) ((device)&0xfffff)

#endif
