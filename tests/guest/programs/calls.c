// SPDX-License-Identifier: Apache-2.0
/*
 * Makes system calls that signatures of the tests hook: calls NAME COUNT [spread | errno |
 * ARGUMENT]. With "spread", the calls come over several seconds, so that timers and the clock have
 * work; with "errno", how each ended is printed; ARGUMENT is the calls' second one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		long number;
	} known[] = {
		{"getppid", SYS_getppid},	  {"getpgid", SYS_getpgid},
		{"getsid", SYS_getsid},		  {"getpriority", SYS_getpriority},
		{"sched_yield", SYS_sched_yield}, {"umask", SYS_umask},
	};
	const int spread = argc > 3 && strcmp(argv[3], "spread") == 0;
	const int tell = argc > 3 && strcmp(argv[3], "errno") == 0;
	const long argument = argc > 3 ? atol(argv[3]) : 0;

	if (argc < 3)
		return 2;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, argv[1]) != 0)
			continue;
		for (long left = atol(argv[2]); left > 0; left--) {
			const int error = syscall(known[i].number, 0, argument, 0) < 0 ? errno : 0;

			if (tell)
				printf("%d%c", error, left > 1 ? ' ' : '\n');
			else if (error)
				return 1;
			if (spread)
				usleep(100000);
		}
		return 0;
	}
	return 2;
}
