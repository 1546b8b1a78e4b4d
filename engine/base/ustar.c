/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ustar archives (POSIX.1-2017, pax, "ustar Interchange Format"), read in place. The archive comes
 * from whoever starts the machine, yet is checked like any input: nothing outside
 * [archive, archive + size) is touched. GNU long names ('L') are understood, pax headers skipped.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "engine/base/ustar.h"

#define BLOCK 512

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type;
	char link[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8];
	char prefix[155], padding[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "ustar header is one block");

/* Octal digits, led by spaces, ended by space, NUL or the field's end. */
static int octal(const char *field, size_t size, uint64_t *value)
{
	size_t i = 0;

	*value = 0;
	while (i < size && field[i] == ' ')
		i++;
	if (i == size || field[i] < '0' || field[i] > '7')
		return -EINVAL;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		*value = *value << 3 | (uint64_t)(field[i] - '0'); /* 12 digits fit */
	return i == size || field[i] == ' ' || field[i] == '\0' ? 0 : -EINVAL;
}

static int checksum_ok(const struct header *h)
{
	const unsigned char *p = (const void *)h;
	uint64_t sum = 0, want;
	size_t i;

	if (octal(h->checksum, sizeof(h->checksum), &want))
		return 0;
	for (i = 0; i < BLOCK; i++) {
		int in_field = i >= offsetof(struct header, checksum) &&
			       i < offsetof(struct header, checksum) + sizeof(h->checksum);

		sum += in_field ? ' ' : p[i];
	}
	return sum == want;
}

static void set_name(struct ustar_file *file, const struct header *h)
{
	size_t n = strnlen(h->name, sizeof(h->name)), p = strnlen(h->prefix, sizeof(h->prefix));
	char *to = file->name;

	/* 155 + 1 + 100 + 1 fit. GNU tar keeps other things in the prefix of its own format. */
	if (p && memcmp(h->magic, "ustar", 6) == 0) {
		memcpy(to, h->prefix, p);
		to[p] = '/';
		to += p + 1;
	}
	memcpy(to, h->name, n);
	to[n] = '\0';
}

static void strip_dot(struct ustar_file *file)
{
	while (file->name[0] == '.' && file->name[1] == '/')
		memmove(file->name, file->name + 2, strlen(file->name + 2) + 1);
}

int ustar_next(const void *archive, size_t size, size_t *position, struct ustar_file *file)
{
	int long_name = 0;

	while (*position < size && size - *position >= BLOCK) {
		const struct header *h = (const void *)((const char *)archive + *position);
		size_t left = size - *position - BLOCK;
		uint64_t length;

		if (h->name[0] == '\0' && h->checksum[0] == '\0')
			return long_name ? -EINVAL : 0; /* the block of zeros at the end */
		if (memcmp(h->magic, "ustar", 5) || !checksum_ok(h) ||
		    octal(h->size, sizeof(h->size), &length) || length > left)
			return -EINVAL;
		file->data = (const char *)(h + 1);
		file->size = length;
		/* The last file's padding may be cut off. */
		length = (length + BLOCK - 1) / BLOCK * BLOCK;
		*position += BLOCK + (length < left ? length : left);

		if (h->type == 'L') {
			size_t n = strnlen(file->data, file->size);

			if (n >= sizeof(file->name))
				return -EINVAL;
			memcpy(file->name, file->data, n);
			file->name[n] = '\0';
			long_name = 1;
			continue;
		}
		if (h->type == '0' || h->type == '\0') {
			if (!long_name)
				set_name(file, h);
			strip_dot(file);
			return 1;
		}
		long_name = 0;
	}
	/* Less than a block is left: an archive ends with whole blocks, or it was cut. */
	return *position < size || long_name ? -EINVAL : 0;
}

int ustar_find(const void *archive, size_t size, const char *name, struct ustar_file *file)
{
	size_t position = 0;
	int ret;

	while ((ret = ustar_next(archive, size, &position, file)) > 0)
		if (strcmp(file->name, name) == 0)
			return 0;
	return ret ? ret : -ENOENT;
}
