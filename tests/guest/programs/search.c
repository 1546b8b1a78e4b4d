// SPDX-License-Identifier: Apache-2.0
/*
 * A process for the searches of the test search: texts in each kind of memory, and what pagemap
 * says of all its pages. The search is made at a call of getpriority, whose arguments are the
 * mapping that pagemap does not look into (vvar); so nothing changes between the two counts.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096ul
#define PAGES 64

/* Linux, Documentation/admin-guide/mm/pagemap.rst */
#define PM_PRESENT (1ull << 63)
#define PM_SWAP	   (1ull << 62)

static unsigned long present, swapped, neither, vvar[2];

/* In two halves, so that the program's own text and data do not have it. */
static void put(char *at, const char *name)
{
	memcpy(at, "nee", 3);
	memcpy(at + 3, "dle-", 4);
	memcpy(at + 7, name, strlen(name));
}

static char *map(size_t pages, int protection, int flags, int fd)
{
	char *p = mmap(NULL, pages * PAGE, protection, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		_exit(1);
	}
	return p;
}

static char *anonymous(size_t pages)
{
	return map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void count(void)
{
	static char maps[65536];
	int fd = open("/proc/self/maps", O_RDONLY), pagemap = open("/proc/self/pagemap", O_RDONLY);
	ssize_t n = 0, got;
	char *line;

	while ((got = read(fd, maps + n, sizeof(maps) - 1 - (size_t)n)) > 0)
		n += got;
	maps[n] = '\0';
	close(fd);
	present = swapped = neither = 0;
	for (line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long start, end, va;

		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || strstr(line, "[vsyscall]"))
			continue;
		if (strstr(line, "[vvar]")) {
			vvar[0] = start;
			vvar[1] = end;
			continue;
		}
		for (va = start; va < end; va += PAGE) {
			uint64_t entry = 0;

			if (pread(pagemap, &entry, 8, (off_t)(va / PAGE * 8)) != 8)
				perror("pagemap");
			if (entry & PM_PRESENT)
				present++;
			else if (entry & PM_SWAP)
				swapped++;
			else
				neither++;
		}
	}
	close(pagemap);
}

/*
 * A process that ends while it is searched: a child that has the same 4 MB 64 times, for which a
 * search takes longer than a slice, with the needle at the end. It goes as soon as it runs again.
 */
static void end_in_between(void)
{
	volatile int *state =
		(volatile int *)map(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	int fd = (int)syscall(SYS_memfd_create, "pages", 0), i;
	char *p, *top = NULL;
	pid_t child;

	if (fd < 0 || ftruncate(fd, 1024 * PAGE))
		perror("memfd");
	child = fork();
	if (!child) {
		for (i = 0; i < 64; i++) {
			p = map(1024, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd);
			top = p > top ? p : top;
		}
		/* At the end of them, in a page of its own. */
		p = mmap(top + 1023 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		put(p, "end;");
		*state = 1;
		while (*state == 1)
			sched_yield();
		_exit(0);
	}
	while (!*state)
		sched_yield();
	*state = 2;
	syscall(SYS_getpgid, child);
	waitpid(child, NULL, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	char *a, *file, *swap, *none, *shared, *torn;
	static char page[PAGE];
	int fd, i;

	/* Frames in another order than the pages. */
	a = anonymous(PAGES);
	madvise(a, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < PAGES; i++)
		a[(size_t)(i * 29 % PAGES) * PAGE] = 1;
	put(a + 11 * PAGE - 6, "border;");

	/* In the page cache, and not mapped. */
	fd = open(argc > 1 ? argv[1] : "/tmp/file", O_RDWR | O_CREAT, 0600);
	for (i = 0; i < 16; i++) {
		memset(page, '.', sizeof(page));
		if (i == 3)
			put(page + PAGE - 20, "cached;-----");
		if (i == 8)
			put(page + PAGE - 9, "re");
		if (i == 9)
			memcpy(page, "ached;", 6);
		if (write(fd, page, sizeof(page)) != sizeof(page))
			perror("write");
	}
	file = map(16, PROT_READ, MAP_PRIVATE, fd);

	none = anonymous(2);
	put(none + 100, "none;");
	mprotect(none, 2 * PAGE, PROT_NONE);

	shared = map(8, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	put(shared + 5 * PAGE, "shared;");

	/* Its second half is gone. */
	torn = anonymous(3);
	put(torn + 2 * PAGE - 9, "torn;");
	madvise(torn + 2 * PAGE, PAGE, MADV_DONTNEED);

	anonymous(100);
	swap = anonymous(16);
	madvise(swap, 16 * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < 16; i++)
		put(swap + (size_t)i * PAGE + 50, "swapped;");
	madvise(swap, 16 * PAGE, MADV_PAGEOUT);

	memset(page, 0, sizeof(page));
	count();
	count(); /* what the first one touched is there now */
	syscall(SYS_getpriority, vvar[0], vvar[1]);
	printf("result pages present %lu swapped %lu neither %lu\n", present, swapped, neither);
	printf("result border %lx\n", (unsigned long)(a + 11 * PAGE - 6));
	printf("result cached %lx\n", (unsigned long)(file + 4 * PAGE - 20));
	printf("result reached %lx\n", (unsigned long)(file + 9 * PAGE - 9));
	printf("result none %lx\n", (unsigned long)(none + 100));
	printf("result shared %lx\n", (unsigned long)(shared + 5 * PAGE));
	for (i = 0; i < 3; i++)
		end_in_between();
	return 0;
}
