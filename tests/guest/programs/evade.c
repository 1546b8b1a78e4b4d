// SPDX-License-Identifier: Apache-2.0
/*
 * A program with a mark in its memory that tries to start another one in spite of the paper's
 * signature, which searches for "suspicious" with a space and a digit, and overwrites the memory of
 * who has it:
 *
 *	evade MODE bad|benign
 *
 * The other program (started.c) leaves a file. Where it was not started, the exit code is 3. The
 * mark is put together at run time, so that no file has it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096ul
#define MB	(1ul << 20)
#define GB	(1ul << 30)
#define TB	(1ul << 40)
#define PROGRAM "/bin/started"
#define X32	0x40000000

#define ANONYMOUS  (MAP_PRIVATE | MAP_ANONYMOUS)
#define RESERVED   (ANONYMOUS | MAP_NORESERVE)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static char *const arguments[] = {"started", NULL};
static char *const environment[] = {NULL};
static int marked;

static char *map(size_t size, int protection, int flags)
{
	char *p = mmap(NULL, size, protection, flags, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		_exit(4);
	}
	return p;
}

/* In pieces, so that no string constant of this file is the mark. */
static void mark(volatile char *to)
{
	static const char reversed[] = "7 suoicipsus";
	size_t length = strlen(reversed);

	for (size_t i = 0; i < length; i++)
		to[i] = reversed[length - 1 - i];
	if (!marked)
		to[length - 1] = 'x';
}

static void mark_page(void)
{
	mark(map(PAGE, READ_WRITE, ANONYMOUS));
}

static int start(void)
{
	execve(PROGRAM, arguments, environment);
	return 3;
}

/* --- where the mark lies --- */

/* A page each 16 MB, small ones: each has a page table of its own. */
static int sparse(void)
{
	char *p = map(4 * GB, READ_WRITE, RESERVED);

	madvise(p, 4 * GB, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < 4 * GB; at += 16 * MB)
		p[at] = 1;
	mark(p + 4 * GB - 100);
	return start();
}

/* As sanitizers lay out their shadow. */
static int shadow(void)
{
	char *p = map(16 * TB, READ_WRITE, RESERVED);

	p[TB] = p[8 * TB] = 1;
	mark(p + 15 * TB);
	return start();
}

/* As Go's run time reserves memory. */
static int arena(void)
{
	char *p = map(64 * MB, PROT_NONE, RESERVED);

	mprotect(p, 4 * MB, READ_WRITE);
	mark(p + 5000);
	for (int i = 0; i < 3; i++)
		map(512 * MB, PROT_NONE, RESERVED);
	return start();
}

/* All of the address space that one mapping can have. */
static int vast(void)
{
	mark_page();
	for (size_t size = 64 * TB; size >= GB;)
		if (mmap(NULL, size, PROT_NONE, RESERVED, -1, 0) == MAP_FAILED)
			size /= 2;
	return start();
}

/* It really has as much as takes longer than an event's time to search. */
static int large(void)
{
	size_t size = 256 * MB;
	char *p = map(size, READ_WRITE, ANONYMOUS);

	memset(p, 's', size);
	mark(p + size - 100);
	return start();
}

/* The same bytes at many places. */
static int aliases(void)
{
	int fd = memfd_create("aliases", 0);
	size_t size = 4 * MB;

	if (ftruncate(fd, (off_t)size) || write(fd, "here", 4) != 4)
		return 4;
	for (int i = 0; i < 16; i++)
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	mark_page();
	return start();
}

/* As many mappings as a process may have. */
static int mappings(void)
{
	char *p = map(2 * 32000 * PAGE, PROT_READ, ANONYMOUS);

	for (size_t i = 0; i < 32000; i++)
		mprotect(p + 2 * i * PAGE, PAGE, READ_WRITE);
	mark(p + 2 * 31999 * PAGE);
	return start();
}

static int no_access(void)
{
	char *p = map(2 * PAGE, READ_WRITE, ANONYMOUS);

	mark(p);
	mprotect(p, 2 * PAGE, PROT_NONE);
	return start();
}

static int execute_only(void)
{
	char *p = map(2 * PAGE, READ_WRITE | PROT_EXEC, ANONYMOUS);

	mark(p);
	mprotect(p, 2 * PAGE, PROT_EXEC);
	return start();
}

static int huge(void)
{
	char *p = mmap(NULL, 2 * MB, READ_WRITE, ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p == MAP_FAILED)
		return 4;
	mark(p + 70000);
	return start();
}

static int border(void)
{
	mark(map(2 * PAGE, READ_WRITE, ANONYMOUS) + PAGE - 6);
	return start();
}

static int shared(void)
{
	mark(map(PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS));
	return start();
}

/* --- how the other program is started --- */

static int plain(void)
{
	mark_page();
	return start();
}

/* No path is read from memory, and the other program wants no arguments. */
static int by_descriptor(void)
{
	int fd = open(PROGRAM, O_PATH);

	mark_page();
	syscall(SYS_execveat, fd, "", NULL, NULL, AT_EMPTY_PATH);
	return 3;
}

/*
 * Path, arguments, stack and code lie in memory that is shared: nothing of it is the process's own.
 * In assembly, since nothing else may be touched.
 */
extern char shared_code[], shared_code_end[];
__asm__(".pushsection .text\n"
	"shared_code:\n\t"
	"mov $59, %eax\n\t"
	"lea shared_path(%rip), %rdi\n\t"
	"xor %esi, %esi\n\t"
	"xor %edx, %edx\n\t"
	"syscall\n\t"
	"dec %ebx\n\t"
	"jnz shared_code\n\t"
	"mov $60, %eax\n\t"
	"mov $3, %edi\n\t"
	"syscall\n"
	"shared_path: .asciz \"" PROGRAM "\"\n"
	"shared_code_end:\n"
	".popsection");

static int in_shared(void)
{
	char *p = map(2 * PAGE, READ_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS);

	memcpy(p, shared_code, (size_t)(shared_code_end - shared_code));
	mark_page();
	__asm__ volatile("mov %0, %%rsp\n\tmov $3, %%ebx\n\tjmp *%1"
			 :
			 : "r"(p + 2 * PAGE), "r"(p)
			 : "rbx", "memory");
	__builtin_unreachable();
}

/* As an ia32 program does: arguments below 4 GB. */
static long int80(long number, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}

static char *low_page(void)
{
	char *low = mmap((void *)0x10000000, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);

	strcpy(low, PROGRAM);
	mark_page();
	return low;
}

static int compatible(void)
{
	int80(11, (long)low_page(), 0, 0, 0, 0);
	return 3;
}

static int compatible_descriptor(void)
{
	char *low = low_page();
	int fd = open(PROGRAM, O_PATH);

	int80(358, fd, (long)(low + 100), 0, 0, AT_EMPTY_PATH);
	return 3;
}

/* Where the kernel does not know x32 this is no call at all. */
static int x32(void)
{
	char *low = low_page();

	if (syscall(X32 | 520, low, NULL, NULL) != 0)
		return marked ? 3 : start();
	return 3;
}

static void *thread_starts(void *arg)
{
	(void)arg;
	_exit(start());
}

static int thread(void)
{
	pthread_t t;

	mark_page();
	pthread_create(&t, NULL, thread_starts, NULL);
	pthread_join(t, NULL);
	return 3; /* not reached: the other one ends us all */
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int forked_in_place(void)
{
	pid_t pid;

	mark_page();
	pid = vfork();
	if (pid == 0)
		_exit(start());
	return status_of(pid);
}

static int spawned(void)
{
	pid_t pid = -1;

	mark_page();
	posix_spawn(&pid, PROGRAM, NULL, NULL, arguments, environment);
	return status_of(pid);
}

static int other_user(void)
{
	mark_page();
	if (setuid(1000))
		return 4;
	return start();
}

/* Handlers and a stack for them that nobody overwrites. */
static int stubborn(void)
{
	char *p = map(16 * PAGE, READ_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS);
	stack_t stack = {.ss_sp = p + PAGE, .ss_size = 15 * PAGE};
	struct sigaction action = {.sa_flags = SA_ONSTACK | SA_NODEFER};

	memcpy(p, shared_code, (size_t)(shared_code_end - shared_code));
	sigaltstack(&stack, NULL);
	action.sa_handler = (void (*)(int))(uintptr_t)p;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	mark_page();
	return start();
}

static const struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"plain", plain},
	{"sparse", sparse},
	{"shadow", shadow},
	{"arena", arena},
	{"vast", vast},
	{"large", large},
	{"aliases", aliases},
	{"mappings", mappings},
	{"no_access", no_access},
	{"execute_only", execute_only},
	{"huge", huge},
	{"border", border},
	{"shared", shared},
	{"by_descriptor", by_descriptor},
	{"in_shared", in_shared},
	{"stubborn", stubborn},
	{"compatible", compatible},
	{"compatible_descriptor", compatible_descriptor},
	{"x32", x32},
	{"thread", thread},
	{"vfork", forked_in_place},
	{"spawn", spawned},
	{"other_user", other_user},
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

int main(int argc, char **argv)
{
	if (argc < 3) {
		for (size_t i = 0; i < MODES; i++)
			puts(modes[i].name);
		return 0;
	}
	marked = strcmp(argv[2], "bad") == 0;
	for (size_t i = 0; i < MODES; i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run();
	return 2;
}
