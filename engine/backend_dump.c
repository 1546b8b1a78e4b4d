/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A memory dump on plain Linux as the engine's backend: a file in one of the formats of dump/,
 * mapped read-only as a whole; each range of memory is where it lies in the file. There is no guest
 * behind it: hooks are taken and never hit, whatever would change memory or registers fails with
 * -EROFS, events and logs go to standard output and standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "engine/dump/dump.h"

static struct {
	struct backend ops;
	const uint8_t *file;
	size_t size;
	struct dump parts;
	struct lvmon_ram *ram;
	const uint8_t **places;
	uint64_t ram_size;
	struct dump_cpu cpu; /* the one that is looked at */
	uint32_t hooks;	     /* ever made */
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
	if (!(dump.cpu.known >> reg & 1))
		return -ENODATA;
	*value = dump.cpu.regs[reg];
	return 0;
}

static int dump_reg_write(enum lvmon_reg reg, uint64_t value)
{
	return -EROFS;
}

static uint64_t dump_mem_size(void)
{
	return dump.ram_size;
}

static uint64_t dump_cpu_time(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Nothing runs here that could hit it: the same signature works on a guest and on its dump. */
static int dump_hook_add(const struct lvmon_hook *hook)
{
	return dump.hooks < INT32_MAX ? (int)++dump.hooks : -ENOSPC;
}

static int dump_hook_remove(uint32_t id)
{
	return id && id <= dump.hooks ? 0 : -ENOENT;
}

static int dump_set_task(const struct lvmon_task *task)
{
	return 0;
}

static int dump_line(FILE *f, const char *text, size_t size)
{
	if (fwrite(text, 1, size, f) != size || fputc('\n', f) == EOF || fflush(f))
		return -EIO;
	return 0;
}

static int dump_emit(const char *json, size_t size, bool bulk)
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

static int map_file(const char *path, char *error, size_t error_size)
{
	struct stat st;
	void *map;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		snprintf(error, error_size, "%s", strerror(-err));
		return err;
	}
	if (fstat(fd, &st)) {
		err = -errno;
		snprintf(error, error_size, "%s", strerror(-err));
	} else if (!S_ISREG(st.st_mode)) {
		err = -EINVAL;
		snprintf(error, error_size, "not a regular file");
	} else if (st.st_size <= 0) {
		err = -EINVAL;
		snprintf(error, error_size, "an empty file");
	} else {
		/* MAP_SHARED: the file may be the RAM of an emulator that is still there. */
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED) {
			err = -errno;
			snprintf(error, error_size, "mapping %lld bytes: %s", (long long)st.st_size,
				 strerror(-err));
		} else {
			dump.file = map;
			dump.size = (size_t)st.st_size;
		}
	}
	close(fd);
	return err;
}

static void close_dump(void)
{
	if (dump.file)
		munmap((void *)dump.file, dump.size);
	dump_release(&dump.parts);
	free(dump.ram);
	free(dump.places);
	memset(&dump, 0, sizeof(dump));
}

/* The backend's tables from the file's. */
static int place_ranges(void)
{
	size_t i;

	dump.ram = calloc(dump.parts.count, sizeof(*dump.ram));
	dump.places = calloc(dump.parts.count, sizeof(*dump.places));
	if (!dump.ram || !dump.places)
		return -ENOMEM;
	for (i = 0; i < dump.parts.count; i++) {
		const struct dump_extent *e = &dump.parts.extents[i];

		dump.ram[i] = (struct lvmon_ram){e->gpa, e->size};
		dump.places[i] = dump.file + e->offset;
		dump.ram_size += e->size;
	}
	return 0;
}

/* Those that were given come before those of the file. */
static void choose_registers(const uint64_t *regs, uint64_t known)
{
	const struct dump_cpu *cpu;
	gva_t text;
	int i;

	cpu = dump_anchor(&dump.parts, &text);
	if (!cpu && dump.parts.cpu_count)
		cpu = &dump.parts.cpus[0];
	if (cpu)
		dump.cpu = *cpu;
	for (i = 0; regs && i < LVMON_NR_REGS; i++) {
		if (!(known >> i & 1))
			continue;
		dump.cpu.regs[i] = regs[i];
		dump.cpu.known |= 1ull << i;
	}
}

int backend_dump_open(const char *path, const uint64_t regs[LVMON_NR_REGS], uint64_t regs_known,
		      const struct backend **out, char *error, size_t error_size)
{
	int err;

	close_dump();
	err = map_file(path, error, error_size);
	if (!err)
		err = dump_parse(dump.file, dump.size, &dump.parts, error, error_size);
	if (!err) {
		err = place_ranges();
		if (err)
			snprintf(error, error_size, "not enough memory");
	}
	if (err) {
		close_dump();
		return err;
	}
	choose_registers(regs, regs_known);
	dump.ops = (struct backend){
		.next_event = dump_next_event,
		.mem_write = dump_mem_write,
		.reg_read = dump_reg_read,
		.reg_write = dump_reg_write,
		.mem_size = dump_mem_size,
		.cpu_time = dump_cpu_time,
		.hook_add = dump_hook_add,
		.hook_remove = dump_hook_remove,
		.set_task = dump_set_task,
		.emit = dump_emit,
		.blob_store = dump_blob_store,
		.log = dump_log,
		.ram = dump.ram,
		.ram_ranges = dump.parts.count,
		.places = dump.places,
	};
	*out = &dump.ops;
	return 0;
}

const char *backend_dump_format(void)
{
	return dump.parts.format ? dump.parts.format : "";
}

size_t backend_dump_cpus(void)
{
	return dump.parts.cpu_count;
}
