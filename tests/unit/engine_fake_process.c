/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Details, threads, mappings and mounts of the processes of cardboard. Process 1 has some of each;
 * where fake.lacking is set the guest's kernel has none, where fake.endless is set all lists loop.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/linux/process/process.h"
#include "tests/unit/engine_fake.h"

static int known(void)
{
	return fake.lacking ? -ENOTSUP : 0;
}

int linux_state(const struct linux_task *task, char *letter)
{
	*letter = 'S';
	return known();
}

int linux_id(const struct linux_task *task, enum linux_id which, int32_t *id)
{
	*id = which == LINUX_PGRP ? task->tgid : 1;
	return known();
}

int linux_tty(const struct linux_task *task, uint32_t *device)
{
	*device = 34816;
	return known();
}

int linux_owner(const struct linux_task *task, enum linux_owner which, uint32_t *id)
{
	*id = 2000 + which;
	return known();
}

int linux_capabilities(const struct linux_task *task, enum linux_capabilities which, uint64_t *set)
{
	*set = which == LINUX_CAP_EFFECTIVE ? 1ull << 63 : which;
	return known();
}

int linux_namespace(const struct linux_task *task, enum linux_namespace which, uint32_t *inode)
{
	*inode = task->tgid == 1 ? 0xf0000000 + which : 0;
	return known();
}

int linux_cgroup(const struct linux_task *task, char *buf, size_t size)
{
	snprintf(buf, size, "/group");
	return known();
}

int linux_arguments(const struct linux_task *task, char *buf, size_t size, size_t *length)
{
	static const char arguments[] = "first\0\0third";

	*length = sizeof(arguments);
	memcpy(buf, arguments, sizeof(arguments));
	return known();
}

static int rows(size_t size, size_t count, void *list, size_t *n)
{
	void **to = list;

	*to = NULL;
	*n = 0;
	if (fake.lacking)
		return -ENOTSUP;
	*to = calloc(count, size);
	if (!*to)
		return -ENOMEM;
	*n = count;
	return fake.endless ? -EOVERFLOW : 0;
}

int linux_threads(const struct linux_task *task, struct linux_task **threads, size_t *count)
{
	int err = rows(sizeof(**threads), 2, threads, count);

	if (!*threads)
		return err;
	(*threads)[0] = (*threads)[1] = *task;
	(*threads)[1].pid++;
	(*threads)[1].task += 0x1000;
	return err;
}

int linux_maps(const struct linux_task *task, struct linux_map **maps, size_t *count)
{
	int err = rows(sizeof(**maps), 2, maps, count);

	if (!*maps)
		return err;
	(*maps)[0] = (struct linux_map){0x400000, 0x402000, 5,		 "r-xp",	 false,
					0x1000,	  77,	    8 << 20 | 1, LINUX_MAP_FILE, 0};
	(*maps)[1] = (struct linux_map){0x7ff000, 0x800000, 3, "rw-s",		true,
					0,	  0,	    0, LINUX_MAP_STACK, 0};
	return err;
}

int linux_map_path(const struct linux_map *map, char *buf, size_t size)
{
	snprintf(buf, size, "%s", map->name == LINUX_MAP_FILE ? "/bin/calls" : "[stack]");
	return 0;
}

int linux_mounts(const struct linux_task *task, struct linux_mount **mounts, size_t *count)
{
	int err = rows(sizeof(**mounts), 2, mounts, count);

	if (!*mounts)
		return err;
	(*mounts)[0] = (struct linux_mount){.id = 1, .parent_id = 1, .device = 2};
	(*mounts)[1] = (struct linux_mount){.id = 20,
					    .parent_id = 1,
					    .device = 8 << 20 | 17,
					    .group = 4,
					    .master = 3,
					    .unbindable = true,
					    .sb_readonly = true};
	return err;
}

int linux_mount_text(const struct linux_mount *mount, enum linux_mount_text which, char *buf,
		     size_t size)
{
	static const char *const texts[] = {"/", "/mnt", "rw,nosuid", "ext4", "/dev/sda1"};

	snprintf(buf, size, "%s", texts[which]);
	return mount->id == 1 && which == LINUX_MOUNT_SOURCE ? -EFAULT : 0;
}
