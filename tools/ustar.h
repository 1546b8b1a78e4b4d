/* SPDX-License-Identifier: Apache-2.0 */
/* Writes ustar archives (POSIX.1-2017, pax: "ustar Interchange Format"). */
#ifndef LVISOR_TOOLS_USTAR_H
#define LVISOR_TOOLS_USTAR_H

#include <stddef.h>

#define USTAR_BLOCK 512

/* Appends one regular file to the archive. 0, or -errno; -ENAMETOOLONG, -EFBIG say what ustar
 * lacks. */
int ustar_add(int fd, const char *name, const void *content, size_t size)
	__attribute__((warn_unused_result));

/* Writes the two zero blocks that end an archive. */
int ustar_end(int fd) __attribute__((warn_unused_result));

#endif
