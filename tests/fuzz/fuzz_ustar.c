// SPDX-License-Identifier: Apache-2.0
/*
 * The engine's reader of archives. The first byte says whether checksums are made right before, so
 * that the search is not held up by them.
 */
#include <errno.h>

#include "engine/base/ustar.h"
#include "tests/fuzz/fuzz.h"

#define BLOCK 512

static void set_checksum(uint8_t *header)
{
	unsigned int sum = 0;

	memset(header + 148, ' ', 8);
	for (int i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ustar_file file, found;
	size_t position = 0, last = 0, files = 0;
	uint8_t *archive;
	int ret;

	if (!size)
		return 0;
	archive = malloc(size - 1 ? size - 1 : 1);
	memcpy(archive, data + 1, size - 1);
	size--;
	for (size_t at = 0; (*data & 1) && at + BLOCK <= size; at += BLOCK)
		if (!memcmp(archive + at + 257, "ustar", 5))
			set_checksum(archive + at);
	while ((ret = ustar_next(archive, size, &position, &file)) > 0) {
		must(position > last && position <= size);
		last = position;
		must((uintptr_t)file.data >= (uintptr_t)archive &&
		     (uintptr_t)file.data <= (uintptr_t)archive + size);
		must(file.size <= size - (size_t)(file.data - (const char *)archive));
		must(memchr(file.name, '\0', sizeof(file.name)));
		must(strncmp(file.name, "./", 2));
		/* The first of that name, which may be another one. */
		must(!ustar_find(archive, size, file.name, &found));
		must(!strcmp(found.name, file.name) && found.data <= file.data);
		if (++files == 64)
			break;
	}
	must(ret >= 0 || ret == -EINVAL);
	free(archive);
	return 0;
}

static uint8_t seed[1 + 16 * BLOCK];
static size_t used = 1;

static void add(const char *prefix, const char *name, char type, const char *text, size_t size)
{
	uint8_t *h = seed + used;

	snprintf((char *)h, 100, "%s", name);
	snprintf((char *)h + 124, 12, "%011zo", size);
	h[156] = (uint8_t)type;
	memcpy(h + 257, "ustar\00000", 8);
	snprintf((char *)h + 345, 155, "%s", prefix);
	memcpy(h + BLOCK, text, size);
	set_checksum(h);
	used += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
}

void fuzz_seeds(void)
{
	char name[200];

	seed[0] = 1;
	add("", "./paper.lua", '0', "print(1)", 8);
	fuzz_seed(seed, used);
	fuzz_seed(seed, used + 2 * BLOCK);
	add("lib", "card.lua", '\0', "", 0);
	add("", "pax", 'x', "12 mtime=1\n", 11);
	add("", "folder/", '5', "", 0);
	memset(name, 'n', sizeof(name));
	add("", "././@LongLink", 'L', name, sizeof(name));
	add("", "nnn", '0', "x", 1);
	fuzz_seed(seed, used + 2 * BLOCK);
	seed[0] = 0;
	fuzz_seed(seed, used + 2 * BLOCK);
}
