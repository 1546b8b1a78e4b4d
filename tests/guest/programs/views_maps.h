// SPDX-License-Identifier: Apache-2.0
/* Mappings for views.c: all kinds that /proc/PID/maps has a word for. */
#ifndef VIEWS_MAPS_H
#define VIEWS_MAPS_H

#include <sys/shm.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define SET_VMA		  0x53564d41 /* PR_SET_VMA, from 5.17 */
#define SET_VMA_ANON_NAME 0

static char *next_place = (char *)0x10000000000;

/* Each at a place of its own, so that no two become one. */
static void *map(size_t size, int protection, int flags, int fd, off_t offset)
{
	char *at = mmap(next_place, size, protection, flags | MAP_FIXED_NOREPLACE, fd, offset);

	next_place += 64ul << 20;
	return at == MAP_FAILED ? NULL : at;
}

static int file_of(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die("%s", path);
	return fd;
}

static void all_maps(void)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
	int fd, zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	unsigned long context = 0;
	char params[120] = "";
	char *at;

	at = map(4 * PAGE, rw | PROT_EXEC, anonymous, -1, 0);
	at[0] = (char)0xc3;
	map(2 * PAGE, PROT_NONE, anonymous, -1, 0);
	map(2 * PAGE, PROT_WRITE, anonymous, -1, 0);
	map(2 * PAGE, PROT_READ | PROT_EXEC, anonymous, -1, 0);
	map(8 * PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	map(4 * PAGE, rw, anonymous | MAP_GROWSDOWN, -1, 0);
	at = map(4ul << 20, rw, anonymous, -1, 0);
	madvise(at, 4ul << 20, MADV_HUGEPAGE);
	memset(at, 1, 4ul << 20);
	at = map(2ul << 20, rw, anonymous | MAP_HUGETLB, -1, 0);
	if (at)
		*at = 1;
	at = map(2ul << 20, rw, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (at)
		*at = 1;
	map(2 * PAGE, rw, MAP_PRIVATE, zero, 0);
	map(2 * PAGE, rw, MAP_SHARED, zero, 0);

	fd = file_of(FOLDER "/a file", 16 * PAGE);
	map(4 * PAGE, PROT_READ, MAP_SHARED, fd, 4 * PAGE);
	map(4 * PAGE, rw, MAP_SHARED, fd, 0);
	at = map(4 * PAGE, rw, MAP_PRIVATE, fd, 8 * PAGE);
	at[PAGE] = 1;
	map(PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	fd = file_of(FOLDER "/li\nne \t\\", PAGE);
	map(PAGE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	fd = file_of(FOLDER "/gone too", PAGE);
	map(PAGE, rw, MAP_SHARED, fd, 0);
	unlink(FOLDER "/gone too");
	fd = memfd_create("shared words", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)(2 * PAGE)))
		die("memfd");
	map(2 * PAGE, rw, MAP_SHARED, fd, 0);
	map(2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	shmat(shmget(0x1234, 4 * PAGE, IPC_CREAT | 0600), next_place, 0);
	next_place += 64ul << 20;

	/* Rings that the kernel shares with a program. */
	syscall(SYS_io_setup, 8, &context);
	fd = (int)syscall(SYS_io_uring_setup, 8, params);
	if (fd >= 0)
		map(PAGE, rw, MAP_SHARED, fd, 0);

	at = map(2 * PAGE, rw, anonymous, -1, 0);
	prctl(SET_VMA, SET_VMA_ANON_NAME, at, 2 * PAGE, "a heap: 1");
	at = map(2 * PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(SET_VMA, SET_VMA_ANON_NAME, at, 2 * PAGE, "common");
	free(malloc(100000)); /* a heap */
	close(zero);
}

/* So many that their tree has more than one level of nodes. */
static void many_maps(void)
{
	char *at = mmap(NULL, 500 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 500; i += 2)
		mprotect(at + (size_t)i * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

#endif
