/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of a ustar archive in memory. */
#ifndef ENGINE_BASE_USTAR_H
#define ENGINE_BASE_USTAR_H

#include <stddef.h>

#define USTAR_NAME_SIZE 260

struct ustar_file {
	char name[USTAR_NAME_SIZE]; /* without a leading "./" */
	const char *data;	    /* inside the archive */
	size_t size;
};

/*
 * The regular file at or behind *position (0 at first), which is moved behind it. 1: *file is set;
 * 0: no more files; -EINVAL: not a ustar archive from here on (bad checksum, truncated, a name
 * that is too long).
 */
int ustar_next(const void *archive, size_t size, size_t *position, struct ustar_file *file)
	__attribute__((warn_unused_result));

/* The file called name. 0, -ENOENT or -EINVAL. */
int ustar_find(const void *archive, size_t size, const char *name, struct ustar_file *file)
	__attribute__((warn_unused_result));

#endif
