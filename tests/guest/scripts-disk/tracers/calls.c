// SPDX-License-Identifier: Apache-2.0
/*
 * The calls that signatures/coexist counts: "calls round N" makes N of each and prints how many had
 * the expected result, "calls tell N" is the signature's command N.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where debuggers put their breakpoints. */
static __attribute__((noinline)) void tick(long n)
{
	__asm__ volatile("" : : "r"(n) : "memory");
}

int main(int argc, char **argv)
{
	const long n = argc > 2 ? atol(argv[2]) : 0;
	long session, group, mask, sessions = 0, groups = 0, masks = 0;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "tell") == 0)
		return syscall(SYS_getpriority, 0, n) < 0;
	session = 0;
	for (long i = 0; i < n; i++) {
		long got = syscall(SYS_getsid, 0);

		tick(i);
		session = session ? session : got;
		sessions += got == session;
		mask = syscall(SYS_umask, 022);
		masks += mask == 022;
		group = syscall(SYS_getpgid, 0);
		groups += group > 0 && group != 77;
	}
	printf("getsid %ld, umask %ld, getpgid %ld\n", sessions, masks, groups);
	return 0;
}
