// SPDX-License-Identifier: Apache-2.0
/*
 * A process on each processor from FIRST on; each makes COUNT calls of getsid, numbered by a second
 * argument that the kernel does not look at, and other calls in between: exact COUNT EVERY FIRST.
 * Every result is checked. Before and after that, one call of getpriority tells the signature:
 * EVERY, then 0.
 * With "compat", getsid is called by int 0x80; with "emulated", none that LVisor would have to step
 * over is called. Exit code 0: all results were right.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define IA32_GETSID 147 /* arch/x86/entry/syscalls/syscall_32.tbl */

static int compat, emulated;

static long getsid_numbered(long n)
{
	long ret = IA32_GETSID;

	if (!compat)
		return syscall(SYS_getsid, 0, n);
	__asm__ volatile("int $0x80"
			 : "+a"(ret)
			 : "b"(0), "c"(n)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static int run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void child(int cpu, long count)
{
	const pid_t parent = getppid(), session = syscall(SYS_getsid, 0, 0), group = getpgid(0);
	const long user = emulated ? 0 : syscall(SYS_getuid);
	const long egid = emulated ? 0 : syscall(SYS_getegid, 0);

	if (run_on(cpu) != 0)
		_exit(1);
	for (long n = 1; n <= count; n++) {
		if (getsid_numbered(n) != session)
			_exit(2);
		if (n % 4 != 0)
			continue;
		if (syscall(SYS_getpgid, 0) != group || syscall(SYS_getppid) != parent)
			_exit(3);
		if (!emulated && (syscall(SYS_getuid) != user || syscall(SYS_getegid, n) != egid))
			_exit(4);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const int first = argc > 3 ? atoi(argv[3]) : 0;
	int failed = 0, status;

	if (argc < 4 || run_on(first) != 0)
		return 2;
	compat = argc > 4 && strcmp(argv[4], "compat") == 0;
	emulated = argc > 4 && strcmp(argv[4], "emulated") == 0;
	syscall(SYS_getpriority, 0, 0, atol(argv[2]));
	for (int cpu = first; cpu < cpus; cpu++)
		if (fork() == 0)
			child(cpu, atol(argv[1]));
	while (wait(&status) > 0)
		failed |= status;
	syscall(SYS_getpriority, 0, 0, 0);
	return failed != 0;
}
