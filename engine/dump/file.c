/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dump made while looking into another one: a file, in the folder that was named.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "engine/dump/sinks.h"
#include "engine/signature/record.h"

#define NUMBERS 1000 /* files of one name */

static const char *folder = ".";
static char path[PATH_MAX];
static int fd = -1;

void dump_folder(const char *where)
{
	folder = where;
}

static int write_all(uint64_t offset, const void *bytes, uint64_t size)
{
	const char *from = bytes;

	while (size > 0) {
		ssize_t n = pwrite(fd, from, size < 1u << 30 ? size : 1u << 30, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		from += n;
		offset += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}

/* No file is replaced: NAME.core, NAME-2.core, ... */
static int file_begin(const char *name)
{
	int n, stem = (int)(strlen(name) - strlen(".core"));

	for (n = 1; n < NUMBERS; n++) {
		if (n == 1)
			snprintf(path, sizeof(path), "%s/%s", folder, name);
		else
			snprintf(path, sizeof(path), "%s/%.*s-%d.core", folder, stem, name, n);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : 0;
}

static int file_bytes(uint64_t offset, const void *bytes, size_t size)
{
	return write_all(offset, bytes, size);
}

static int file_memory(uint64_t offset, gpa_t gpa, uint64_t size)
{
	while (size > 0) {
		size_t n = size;
		const void *p = guest_span(gpa, &n);
		int err;

		if (!p)
			return -EFAULT;
		err = write_all(offset, p, n);
		if (err)
			return err;
		offset += n;
		gpa += n;
		size -= n;
	}
	return 0;
}

static void file_abandon(void)
{
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	fd = -1;
}

static int file_sync(void)
{
	return 0;
}

static int file_end(json_t *record, uint64_t size)
{
	int err = close(fd) ? -errno : 0;

	fd = -1;
	if (err) {
		unlink(path);
		json_decref(record);
		return err;
	}
	record_string(record, "path", path);
	record_number(record, "size", size);
	record_emit(record);
	return 0;
}

const struct dump_sink dump_to_file = {
	.begin = file_begin,
	.bytes = file_bytes,
	.memory = file_memory,
	.sync = file_sync,
	.end = file_end,
	.abandon = file_abandon,
};
