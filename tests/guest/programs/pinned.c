// SPDX-License-Identifier: Apache-2.0
/*
 * One process on each processor, each making COUNT calls of getsid at the same time: pinned COUNT.
 * Exit code 0 when every call returned and every process stayed where it was put.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(int cpu, long count)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		_exit(1);
	while (count-- > 0)
		if (syscall(SYS_getsid, 0) < 0 || sched_getcpu() != cpu)
			_exit(2);
	_exit(0);
}

int main(int argc, char **argv)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int failed = 0, status;

	if (argc != 2)
		return 2;
	for (int cpu = 0; cpu < cpus; cpu++)
		if (fork() == 0)
			child(cpu, atol(argv[1]));
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
