// SPDX-License-Identifier: Apache-2.0
/*
 * The guest of bench/native.sh, as its init: 300 processes that sleep, one of them with 256 MB of
 * memory (half of it in large pages, half in small ones; a third zeros, a third text, a third
 * noise). It says when it is ready to be dumped.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CROWD 300
#define HALF  (128ul << 20)
#define PAGE  4096ul

static void fill(uint8_t *p, unsigned long size, const char *text)
{
	static uint64_t x = 88172645463325252ull;
	unsigned long at, i, length = strlen(text);

	for (at = 0; at < size; at += PAGE) {
		switch (at / PAGE % 3) {
		case 0:
			p[at] = 0;
			break;
		case 1:
			for (i = 0; i < PAGE; i++)
				p[at + i] = (uint8_t)text[(at + i) % length];
			break;
		default:
			for (i = 0; i < PAGE; i += 8) {
				x ^= x << 13;
				x ^= x >> 7;
				x ^= x << 17;
				memcpy(p + at + i, &x, 8);
			}
		}
	}
}

static uint8_t *memory(int advice)
{
	uint8_t *p = mmap(NULL, HALF, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	madvise(p, HALF, advice);
	return p;
}

static void large(void)
{
	static const char text[] =
		"the end of the needle is seen, not the needle itself, in these trees ";

	prctl(PR_SET_NAME, "large");
	fill(memory(MADV_HUGEPAGE), HALF, text);
	fill(memory(MADV_NOHUGEPAGE), HALF, text);
	printf("result crowd %d\n", CROWD);
	fflush(stdout);
}

int main(void)
{
	char name[16];
	int i;

	for (i = 1; i < CROWD; i++) {
		if (fork() == 0) {
			snprintf(name, sizeof(name), "sleeper %d", i);
			prctl(PR_SET_NAME, name);
			if (i == CROWD - 1)
				large();
			for (;;)
				pause();
		}
	}
	for (;;)
		pause();
}
