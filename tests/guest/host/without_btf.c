// SPDX-License-Identifier: Apache-2.0
/*
 * For the test profile: a kernel (bzImage) without BTF out of one that has it. With LZ4, one byte
 *is changed, the first of BTF's header, and it is changed in the compressed image itself: LZ4 has
 *no checksum, and where a byte is a literal that no later match copies, it stands alone. With
 *Zstandard, the image is compressed again with zeros for BTF, which makes it smaller; what is
 *behind the frame counts for nothing (lib/decompress_unzstd.c).
 *
 *	without_btf KERNEL OUT		exit code 3: another compression, or no such byte
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Linux, Documentation/arch/x86/boot.rst */
#define SETUP_SECTORS  0x1f1
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define LZ4_LEGACY     0x184c2102u
#define BLOCK	       (8u << 20) /* lib/decompress_unlz4.c: uncompressed bytes in a block */
#define BTF_SIZE_LEAST (1u << 20)
#define IMAGE_MOST     (256u << 20)

static uint8_t block[BLOCK];
static uint32_t from[BLOCK]; /* where in the file the literal is that a byte came from */

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* A length goes on in bytes of 255. */
static size_t length(const uint8_t **p, const uint8_t *end, size_t n)
{
	uint8_t more = 255;

	if (n < 15)
		return n;
	while (more == 255 && *p < end) {
		more = *(*p)++;
		n += more;
	}
	return n;
}

/* One block; its size, 0 where it makes no sense. */
static size_t unpack(const uint8_t *file, size_t at, size_t size)
{
	const uint8_t *p = file + at, *end = p + size;
	size_t n = 0, i, count;

	while (p < end) {
		uint8_t token = *p++;
		size_t back;

		count = length(&p, end, token >> 4);
		if (count > (size_t)(end - p) || count > BLOCK - n)
			return 0;
		for (i = 0; i < count; i++, n++, p++) {
			block[n] = *p;
			from[n] = (uint32_t)(p - file);
		}
		if (p == end)
			return n;
		if (end - p < 2)
			return 0;
		back = p[0] | (size_t)p[1] << 8;
		p += 2;
		count = length(&p, end, token & 15) + 4;
		if (!back || back > n || count > BLOCK - n)
			return 0;
		for (i = 0; i < count; i++, n++) {
			block[n] = block[n - back];
			from[n] = from[n - back];
		}
	}
	return n;
}

/* The kernel's BTF is the large one: struct btf_header's magic, version, flags, hdr_len, sizes. */
static bool is_btf(const uint8_t *p)
{
	return load32(p) == 0x0001eb9f && (load32(p + 4) == 24 || load32(p + 4) == 32) &&
	       load32(p + 8) == 0 && load32(p + 12) == load32(p + 16) &&
	       load32(p + 12) > BTF_SIZE_LEAST;
}

/* Spoils BTF's header in the block that was unpacked. */
static bool spoil(uint8_t *file, size_t size)
{
	size_t i, k;

	for (i = 0; i + 24 <= size; i++) {
		if (!is_btf(block + i))
			continue;
		for (k = 0; k < size; k++)
			if (k != i && from[k] == from[i])
				return false;
		file[from[i]] = 0;
		return true;
	}
	return false;
}

/* In [at, end) are blocks of LZ4. */
static bool without_lz4(uint8_t *file, size_t at, size_t end)
{
	while (at + 4 < end) {
		size_t packed = load32(file + at);

		at += 4;
		if (packed > end - at)
			return false;
		if (spoil(file, unpack(file, at, packed)))
			return true;
		at += packed;
	}
	return false;
}

/* The header, the types and the names. */
static bool clear_btf(uint8_t *image, size_t size)
{
	size_t i;

	for (i = 0; i + 24 <= size; i++) {
		size_t whole;

		if (!is_btf(image + i))
			continue;
		whole = (size_t)load32(image + i + 4) + load32(image + i + 16) +
			(size_t)load32(image + i + 20);
		if (whole > size - i)
			return false;
		memset(image + i, 0, whole);
		return true;
	}
	return false;
}

/* In [at, end) is a frame of Zstandard; it becomes one that fits there. */
static bool without_zstd(uint8_t *file, size_t at, size_t end)
{
	size_t room = end - at, packed = ZSTD_findFrameCompressedSize(file + at, room), size;
	ZSTD_CCtx *c = ZSTD_createCCtx();
	uint8_t *image = malloc(IMAGE_MOST);
	bool done = false;

	if (!c || !image || ZSTD_isError(packed))
		goto out;
	size = ZSTD_decompress(image, IMAGE_MOST, file + at, packed);
	if (ZSTD_isError(size) || !clear_btf(image, size))
		goto out;
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 19);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 27);
	packed = ZSTD_compress2(c, file + at, room, image, size);
	if (ZSTD_isError(packed))
		goto out;
	memset(file + at + packed, 0, room - packed);
	done = true;
out:
	free(image);
	ZSTD_freeCCtx(c);
	return done;
}

int main(int argc, char **argv)
{
	FILE *f = argc == 3 ? fopen(argv[1], "rb") : NULL;
	static uint8_t file[64u << 20];
	size_t size, at, end;
	bool done = false;

	if (!f)
		return 2;
	size = fread(file, 1, sizeof(file), f);
	fclose(f);
	if (size < 4096 || size == sizeof(file))
		return 2;
	at = (file[SETUP_SECTORS] + 1u) * 512u + load32(file + PAYLOAD_OFFSET);
	end = at + load32(file + PAYLOAD_LENGTH) - 4; /* behind it is its size */
	if (end > size || at > end)
		return 3;
	if (load32(file + at) == LZ4_LEGACY)
		done = without_lz4(file, at + 4, end);
	else if (load32(file + at) == ZSTD_MAGICNUMBER)
		done = without_zstd(file, at, end);
	if (!done)
		return 3;
	f = fopen(argv[2], "wb");
	return f && fwrite(file, 1, size, f) == size && fclose(f) == 0 ? 0 : 2;
}
