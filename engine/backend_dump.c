/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A memory dump on plain Linux as the engine's backend: a raw file (byte 0 is guest-physical 0),
 * mapped read-only. There is no guest behind it: whatever would change one fails with -EROFS or
 * -ENODATA, events and logs go to standard output and standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "engine/backend.h"

static struct {
	struct backend ops;
	struct lvmon_ram ram;
	uint64_t regs[LVMON_NR_REGS];
	uint64_t known;
} dump;

static int dump_next_event(const struct lvmon_verdict *verdict, struct lvmon_event *event)
{
	return -ENODATA;
}

static int dump_mem_write(gpa_t gpa, const void *buf, size_t size)
{
	return -EROFS;
}

static int dump_reg_read(enum lvmon_reg reg, uint64_t *value)
{
	if ((unsigned int)reg >= LVMON_NR_REGS)
		return -EINVAL;
	if (!(dump.known >> reg & 1))
		return -ENODATA;
	*value = dump.regs[reg];
	return 0;
}

static int dump_reg_write(enum lvmon_reg reg, uint64_t value)
{
	return -EROFS;
}

static uint64_t dump_mem_size(void)
{
	return dump.ram.size;
}

static uint64_t dump_cpu_time(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int dump_hook_add(const struct lvmon_hook *hook)
{
	return -EROFS;
}

static int dump_hook_remove(uint32_t id)
{
	return -ENOENT;
}

static int dump_set_task_layout(const struct lvmon_task_layout *layout)
{
	return 0;
}

static int dump_line(FILE *f, const char *text, size_t size)
{
	if (fwrite(text, 1, size, f) != size || fputc('\n', f) == EOF || fflush(f))
		return -EIO;
	return 0;
}

static int dump_emit(const char *json, size_t size)
{
	return dump_line(stdout, json, size);
}

static int dump_log(const char *text, size_t size)
{
	return dump_line(stderr, text, size);
}

static int dump_blob_store(const void *blob, size_t size)
{
	return 0; /* one process, one dump: there is no successor */
}

int backend_dump_open(const char *path, const uint64_t regs[LVMON_NR_REGS], uint64_t regs_known,
		      const struct backend **out)
{
	struct stat st;
	void *map;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		err = -errno;
	} else if (st.st_size <= 0) {
		err = -EINVAL;
	} else {
		/* MAP_SHARED: the file may be the RAM of an emulator that is still there. */
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			err = -errno;
	}
	close(fd);
	if (err)
		return err;

	if (dump.ops.window)
		munmap((void *)dump.ops.window, dump.ram.size);
	dump.ram = (struct lvmon_ram){.gpa = 0, .size = (uint64_t)st.st_size};
	dump.known = regs ? regs_known : 0;
	if (regs)
		memcpy(dump.regs, regs, sizeof(dump.regs));
	dump.ops = (struct backend){
		.next_event = dump_next_event,
		.mem_write = dump_mem_write,
		.reg_read = dump_reg_read,
		.reg_write = dump_reg_write,
		.mem_size = dump_mem_size,
		.cpu_time = dump_cpu_time,
		.hook_add = dump_hook_add,
		.hook_remove = dump_hook_remove,
		.set_task_layout = dump_set_task_layout,
		.emit = dump_emit,
		.blob_store = dump_blob_store,
		.log = dump_log,
		.window = map,
		.ram = &dump.ram,
		.ram_ranges = 1,
	};
	*out = &dump.ops;
	return 0;
}
