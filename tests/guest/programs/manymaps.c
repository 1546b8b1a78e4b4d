// SPDX-License-Identifier: Apache-2.0
/*
 * A process whose memory is made to hurt who dumps it: as many mappings as the kernel allows, and
 * one of 16 TB with a page at its end. Then it starts another program.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	  4096ul
#define HUGE_SIZE (16ul << 40)

int main(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *huge = mmap(NULL, HUGE_SIZE, PROT_NONE, flags, -1, 0);
	char *many = mmap(NULL, 140000 * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	size_t i;

	if (huge == MAP_FAILED || many == MAP_FAILED)
		return 1;
	if (mprotect(huge + HUGE_SIZE - PAGE, PAGE, PROT_READ | PROT_WRITE))
		return 2;
	strcpy(huge + HUGE_SIZE - PAGE, "at the end of a lot of nothing");
	/* Every other page is a mapping of its own, until there may be no more. */
	for (i = 0; i < 140000; i += 2) {
		if (i % 64 == 0)
			many[i * PAGE] = 'x';
		if (mprotect(many + i * PAGE, PAGE, PROT_READ))
			break;
	}
	printf("result manymaps %zu\n", i);
	fflush(stdout);
	execl("/bin/lived", "lived", (char *)NULL);
	return 3;
}
