/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's file: read, unpacked, and told from its first bytes what it is. BTF as it is (such as
 * /sys/kernel/btf/vmlinux of a kernel with the same layouts) needs no conversion.
 */
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "engine/profile/isf.h"

#define MAX_BYTES (1ull << 30)

struct buffer {
	char *bytes;
	size_t size, room;
};

/* Room for at least a megabyte more. */
static int buffer_grow(struct buffer *b)
{
	char *p;

	if (b->room - b->size >= 1u << 20)
		return 0;
	if (b->room >= MAX_BYTES)
		return -EFBIG;
	b->room = b->room ? 2 * b->room : 4u << 20;
	p = realloc(b->bytes, b->room);
	if (!p)
		return -ENOMEM;
	b->bytes = p;
	return 0;
}

/* zlib reads what is not compressed as it is. */
static int read_gzip(int fd, struct buffer *b)
{
	gzFile f = gzdopen(dup(fd), "rb");
	int n = 0, err = 0, error = Z_OK;

	if (!f)
		return -ENOMEM;
	/* An end in the middle is an error behind a short read; some versions forget it at the
	 * next. */
	while (!err && !(err = buffer_grow(b)) && error == Z_OK &&
	       (n = gzread(f, b->bytes + b->size, (unsigned int)(b->room - b->size))) > 0) {
		b->size += (size_t)n;
		gzerror(f, &error);
	}
	if (!err && (n < 0 || error != Z_OK))
		err = -EIO;
	if (gzclose(f) != Z_OK && !err)
		err = -EIO;
	return err;
}

static int read_xz(int fd, struct buffer *b)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_action action = LZMA_RUN;
	static uint8_t in[65536];
	lzma_ret ret = LZMA_OK;
	int err = 0;

	if (lzma_stream_decoder(&s, MAX_BYTES, 0) != LZMA_OK)
		return -ENOMEM;
	do {
		if (!s.avail_in && action == LZMA_RUN) {
			ssize_t n = read(fd, in, sizeof(in));

			if (n < 0) {
				err = -errno;
				break;
			}
			s.next_in = in;
			s.avail_in = (size_t)n;
			action = n ? LZMA_RUN : LZMA_FINISH;
		}
		err = buffer_grow(b);
		if (err)
			break;
		s.next_out = (uint8_t *)b->bytes + b->size;
		s.avail_out = b->room - b->size;
		ret = lzma_code(&s, action);
		b->size = b->room - s.avail_out;
	} while (ret == LZMA_OK);
	lzma_end(&s);
	if (!err && ret != LZMA_STREAM_END)
		err = -EIO;
	return err;
}

static bool is_xz(int fd)
{
	char magic[6];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic,
									      "\xfd"
									      "7zXZ\0",
									      sizeof(magic));
}

int profile_read(const char *path, void **btf, size_t *btf_size, char *error, size_t error_size)
{
	struct buffer b = {NULL, 0, 0};
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0) {
		err = -errno;
		snprintf(error, error_size, "%s", strerror(-err));
		return err;
	}
	err = is_xz(fd) ? read_xz(fd, &b) : read_gzip(fd, &b);
	close(fd);
	if (err) {
		snprintf(error, error_size, "%s",
			 err == -EIO ? "the compressed data are damaged" : strerror(-err));
	} else if (b.size > 4 && (!memcmp(b.bytes, "\x9f\xeb\x01", 3))) {
		*btf = b.bytes;
		*btf_size = b.size;
		return 0;
	} else {
		err = isf_to_btf(b.bytes, b.size, btf, btf_size, error, error_size);
	}
	free(b.bytes);
	return err;
}
