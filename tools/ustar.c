// SPDX-License-Identifier: Apache-2.0
/*
 * A writer for the archive that carries the signatures into the protection domain. Only regular
 * files, with constant owner, mode and time: the same signatures give the same archive.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/ustar.h"

struct ustar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char linkname[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char devmajor[8];
	char devminor[8];
	char prefix[155];
	char padding[12];
};

_Static_assert(sizeof(struct ustar_header) == USTAR_BLOCK, "a ustar header is one block");

static int write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t done = write(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		at += done;
		size -= (size_t)done;
	}
	return 0;
}

/* A name beyond 100 bytes is split at a slash: what is left of it goes into the prefix. */
static int set_name(struct ustar_header *header, const char *name)
{
	const size_t length = strlen(name);
	const char *slash;

	if (length == 0)
		return -EINVAL;
	if (length <= sizeof(header->name)) {
		memcpy(header->name, name, length);
		return 0;
	}
	slash = strchr(name + length - sizeof(header->name) - 1, '/');
	if (!slash || slash == name || slash[1] == '\0' ||
	    (size_t)(slash - name) > sizeof(header->prefix))
		return -ENAMETOOLONG;
	memcpy(header->prefix, name, (size_t)(slash - name));
	memcpy(header->name, slash + 1, strlen(slash + 1));
	return 0;
}

int ustar_add(int fd, const char *name, const void *content, size_t size)
{
	static const char zeros[USTAR_BLOCK];
	struct ustar_header header = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
	unsigned int sum = 0;
	char digits[16];
	int err;

	if (size > 077777777777ull)
		return -EFBIG;
	err = set_name(&header, name);
	if (err)
		return err;
	memcpy(header.mode, "0000644", 8);
	memcpy(header.uid, "0000000", 8);
	memcpy(header.gid, "0000000", 8);
	snprintf(digits, sizeof(digits), "%011llo", (unsigned long long)size);
	memcpy(header.size, digits, sizeof(header.size));
	memcpy(header.mtime, "00000000000", 12);
	memcpy(header.devmajor, "0000000", 8);
	memcpy(header.devminor, "0000000", 8);

	/* the checksum counts its own field as spaces */
	memset(header.checksum, ' ', sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += ((const unsigned char *)&header)[i];
	snprintf(digits, sizeof(digits), "%06o", sum);
	memcpy(header.checksum, digits, 7);

	err = write_all(fd, &header, sizeof(header));
	if (!err)
		err = write_all(fd, content, size);
	if (!err && size % USTAR_BLOCK)
		err = write_all(fd, zeros, USTAR_BLOCK - size % USTAR_BLOCK);
	return err;
}

int ustar_end(int fd)
{
	static const char zeros[2 * USTAR_BLOCK];

	return write_all(fd, zeros, sizeof(zeros));
}
