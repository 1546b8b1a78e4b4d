// SPDX-License-Identifier: Apache-2.0
/*
 * For the test profile: finds the kernel's BTF in a file with a guest's memory and writes a profile
 *of it, as dwarf2json would make one of that kernel's debug symbols. Then spoils the BTF in the
 *file, so that the kernel has none any more.
 *
 *	isf_of_dump DUMP PROFILE.json
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "tests/unit/isf_maker.h"

/* linux/btf.h: the header of BTF in this version */
static const uint8_t header[] = {0x9f, 0xeb, 0x01, 0x00, 0x18, 0x00, 0x00, 0x00};

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* The kernel's: types of its own, with processes among them. */
static struct btf *kernel_btf(const uint8_t *at, size_t left)
{
	uint32_t words[6];
	struct btf *btf;
	size_t size;

	if (left < sizeof(words))
		return NULL;
	memcpy(words, at, sizeof(words));
	size = sizeof(words) + (size_t)words[4] + words[5]; /* str_off, str_len */
	if (size > left || size < 1u << 20)
		return NULL;
	btf = btf__new(at, (uint32_t)size);
	if (libbpf_get_error(btf))
		return NULL;
	if (btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) > 0)
		return btf;
	btf__free(btf);
	return NULL;
}

static void banner_of(const uint8_t *memory, size_t size, char *banner, size_t room)
{
	static const char begin[] = "Linux version ";
	const uint8_t *at = memory, *end = memory + size;

	banner[0] = '\0';
	while ((at = memmem(at, (size_t)(end - at), begin, sizeof(begin) - 1))) {
		size_t n = strcspn((const char *)at, "\n");

		/*
		 * With the line's end and the build's number: neither the log's copies nor the
		 * file's header have both.
		 */
		if (n < room - 2 && at[n] == '\n' && !at[n + 1] && memmem(at, n, ") #1", 4)) {
			snprintf(banner, room, "%.*s\n", (int)n, (const char *)at);
			return;
		}
		at++;
	}
}

int main(int argc, char **argv)
{
	uint8_t *memory, *at, *end;
	char banner[512], *text;
	struct btf *btf = NULL;
	struct stat st;
	FILE *out;
	int fd;

	libbpf_set_print(no_print);
	fd = argc == 3 ? open(argv[1], O_RDWR) : -1;
	if (fd < 0 || fstat(fd, &st))
		return 2;
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return 2;
	end = memory + st.st_size;
	for (at = memory; (at = memmem(at, (size_t)(end - at), header, sizeof(header))); at++) {
		struct btf *found = kernel_btf(at, (size_t)(end - at));

		if (!found)
			continue;
		if (btf)
			btf__free(found);
		else
			btf = found;
		*at = 0;
	}
	if (!btf)
		return 3;
	banner_of(memory, (size_t)st.st_size, banner, sizeof(banner));
	text = isf_of_btf(btf, banner);
	out = fopen(argv[2], "w");
	if (!out || fputs(text, out) < 0 || fclose(out))
		return 2;
	free(text);
	btf__free(btf);
	return 0;
}
