// SPDX-License-Identifier: Apache-2.0
/*
 * Memory that a signature writes to (signatures/memwrite): getpriority(WRITE, address, size, pid)
 *is the hooked call that asks for it.
 *
 *	memwrite foreign ROUNDS	a process on CPU 0 gives its pages back while one on CPU 1 has the
 *				signature write to them, and takes the frames again in another place
 *	memwrite huge		huge pages, and pages that userfaultfd watches
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITE	 7
#define TELL	 8
#define PAGE	 4096ul
#define HUGE	 (512 * PAGE)
#define PAGES	 64
#define OWN	 0x2222222222222222ul
#define OF_LOOPS 4096

static char *const target = (char *)0x500000000000;

/* What the two processes share. */
static volatile struct {
	long foreign, rounds;
	int pid;
} * shared;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *map(void *at, size_t size, int flags, int fd)
{
	void *p = mmap(at, size, PROT_READ | PROT_WRITE, flags | (at ? MAP_FIXED : 0), fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

static void write_to(void *at, size_t size, int pid)
{
	syscall(SYS_getpriority, WRITE, (long)at, (long)size, (long)pid);
}

static void touch_target(void)
{
	for (size_t i = 0; i < PAGES; i++)
		target[i * PAGE] = 1;
}

static void fill(volatile unsigned long *p)
{
	for (size_t i = 0; i < PAGE / 8; i++)
		p[i] = OWN;
}

static void look(volatile unsigned long *words)
{
	for (size_t i = 0; i < PAGES * PAGE / 8; i++)
		shared->foreign += words[i] != OWN;
}

/* Page by page, so that the frame that was given back is the one that is taken. */
static void give_and_take(char *to)
{
	touch_target();
	for (volatile int i = 0; i < OF_LOOPS; i++)
		;
	for (size_t i = 0; i < PAGES; i++) {
		madvise(target + i * PAGE, PAGE, MADV_DONTNEED);
		fill((void *)(to + i * PAGE));
	}
}

static void to_another_mapping(long rounds)
{
	char *to = map(NULL, PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(to, PAGES * PAGE, MADV_NOHUGEPAGE);
	while (rounds-- > 0) {
		give_and_take(to);
		look((void *)to);
		madvise(to, PAGES * PAGE, MADV_DONTNEED);
		shared->rounds++;
	}
}

static void to_a_file(long rounds)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	char *to = map(NULL, PAGES * PAGE, MAP_SHARED, fd);

	while (rounds-- > 0) {
		if (ftruncate(fd, PAGES * PAGE))
			exit(2);
		give_and_take(to);
		look((void *)to);
		if (ftruncate(fd, 0))
			exit(2);
		shared->rounds++;
	}
}

/* The same place, then and now: the file's page is where the process's own was. */
static void to_a_file_at_the_place(long rounds)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	while (rounds-- > 0) {
		if (ftruncate(fd, PAGES * PAGE))
			exit(2);
		map(target, PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		madvise(target, PAGES * PAGE, MADV_NOHUGEPAGE);
		touch_target();
		for (volatile int i = 0; i < OF_LOOPS; i++)
			;
		map(target, PAGES * PAGE, MAP_SHARED, fd);
		for (size_t i = 0; i < PAGES; i++)
			fill((void *)(target + i * PAGE));
		look((void *)target);
		if (ftruncate(fd, 0))
			exit(2);
		shared->rounds++;
	}
	map(target, PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(target, PAGES * PAGE, MADV_NOHUGEPAGE);
}

/* A process ends while it is written to, and another one takes what it leaves. */
static void to_another_process(long rounds)
{
	char *to = map(NULL, PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(to, PAGES * PAGE, MADV_NOHUGEPAGE);
	while (rounds-- > 0) {
		pid_t pid = fork();

		if (pid == 0) {
			touch_target();
			shared->pid = getpid();
			for (volatile int i = 0; i < OF_LOOPS; i++)
				;
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		for (size_t i = 0; i < PAGES; i++)
			fill((void *)(to + i * PAGE));
		look((void *)to);
		madvise(to, PAGES * PAGE, MADV_DONTNEED);
		shared->rounds++;
	}
}

static void foreign(const char *name, void (*work)(long rounds), long rounds)
{
	pid_t worker;
	int status;
	long calls = 0;

	shared->foreign = shared->rounds = 0;
	worker = fork();
	if (worker == 0) {
		pin(0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		shared->pid = getpid();
		work(rounds);
		_exit(0);
	}
	while (waitpid(worker, &status, WNOHANG) == 0) {
		write_to(target, PAGES * PAGE, shared->pid);
		calls++;
	}
	printf("result foreign.%s %ld\n", name, shared->foreign);
	printf("result rounds.%s %ld\n", name, shared->rounds);
	printf("result calls.%s %ld\n", name, calls);
}

/* What the page has of the written letter, of the one from before, and of zeros. */
static void count(const char *name, const char *p, size_t size)
{
	size_t new = 0, old = 0, zeros = 0;

	for (size_t i = 0; i < size; i++) {
		new += p[i] == 'Z';
		old += p[i] == 'P';
		zeros += p[i] == 0;
	}
	printf("result %s new %zu old %zu zeros %zu\n", name, new, old, zeros);
	fflush(stdout);
}

static void written(const char *name, char *p, size_t size)
{
	write_to(p, size, getpid());
	count(name, p, size);
}

static void in_a_child(const char *name, char *p, size_t size)
{
	fflush(stdout);
	if (fork() == 0) {
		written(name, p, size);
		_exit(0);
	}
	wait(NULL);
}

static char *transparent(void)
{
	char *p = map(NULL, 2 * HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	p = (char *)(((unsigned long)p + HUGE - 1) & ~(HUGE - 1));
	madvise(p, HUGE, MADV_HUGEPAGE);
	memset(p, 'P', HUGE);
	return p;
}

static void watched(int mode, const char *name)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP};
	struct uffdio_register r = {.range = {.len = 4 * PAGE}, .mode = (unsigned long)mode};
	struct uffdio_writeprotect w = {.mode = UFFDIO_WRITEPROTECT_MODE_WP};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *p = map(NULL, 4 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), shared_name[32];
	pid_t child;

	memset(p, 'P', 2 * PAGE); /* the other two are missing */
	r.range.start = (unsigned long)p;
	w.range = r.range;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &r) ||
	    (mode == UFFDIO_REGISTER_MODE_WP && ioctl(fd, UFFDIO_WRITEPROTECT, &w)))
		printf("result %s none\n", name);
	else
		written(name, p, PAGE);
	write_to(p + 2 * PAGE, 2 * PAGE, getpid());
	fflush(stdout);
	child = fork(); /* that has no handler, and shares the pages */
	if (child == 0)
		pause();
	snprintf(shared_name, sizeof(shared_name), "%s.shared", name);
	written(shared_name, p + PAGE, PAGE);
	kill(child, SIGKILL);
	wait(NULL);
	close(fd);
}

static void huge(void)
{
	char *p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p != MAP_FAILED) {
		memset(p, 'P', HUGE);
		in_a_child("hugetlb.shared", p + 5000, 9000);
		count("hugetlb.parent", p, HUGE);
		written("hugetlb.own", p, HUGE / 4);
	}
	p = transparent();
	in_a_child("thp.shared", p + 5000, 9000);
	count("thp.parent", p, HUGE);
	written("thp.own", p + 5000, 9000);
	watched(UFFDIO_REGISTER_MODE_WP, "uffd.wp");
	watched(UFFDIO_REGISTER_MODE_MISSING, "uffd.missing");
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = map(NULL, PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	pin(1);
	if (argc == 2 && strcmp(argv[1], "huge") == 0) {
		huge();
	} else if (argc == 3 && strcmp(argv[1], "foreign") == 0) {
		long rounds = atol(argv[2]);

		map(target, PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		madvise(target, PAGES * PAGE, MADV_NOHUGEPAGE);
		foreign("mapping", to_another_mapping, rounds);
		foreign("file", to_a_file, rounds);
		foreign("place", to_a_file_at_the_place, rounds);
		foreign("process", to_another_process, rounds);
		syscall(SYS_getpriority, TELL, 0, 0, 0);
	} else {
		return 2;
	}
	return 0;
}
