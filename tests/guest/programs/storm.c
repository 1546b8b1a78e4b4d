// SPDX-License-Identifier: Apache-2.0
/*
 * Processes and threads that are born and die as fast as they can: storm WORKERS SECONDS. Each
 * worker forks children that end at once, end with a thread left behind them, or execute another
 * program from a thread that is not the first; and it loads BPF programs, where the kernel lets it.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *end_later(void *arg)
{
	(void)arg;
	sched_yield();
	_exit(0);
}

static void *execute(void *arg)
{
	static char *const argv[] = {"true", NULL};

	(void)arg;
	execv("/bin/true", argv);
	_exit(1);
}

static void child(int kind)
{
	pthread_t thread;

	if (kind == 1 && !pthread_create(&thread, NULL, end_later, NULL))
		pthread_exit(NULL); /* the leader is a zombie before its thread ends */
	if (kind == 2 && !pthread_create(&thread, NULL, execute, NULL))
		pause();
	_exit(0);
}

static void load_bpf(void)
{
	/* mov $0, r0; exit */
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (unsigned long)insns;
	attr.insn_cnt = 2;
	attr.license = (unsigned long)"GPL";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		close((int)fd);
}

static void work(time_t end)
{
	for (int i = 0; time(NULL) < end; i++) {
		pid_t pid = fork();

		if (!pid)
			child(i % 3);
		load_bpf();
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (int i = atoi(argv[1]); i > 0; i--)
		if (!fork())
			work(time(NULL) + atol(argv[2]));
	while (wait(NULL) > 0)
		;
	return 0;
}
