// SPDX-License-Identifier: Apache-2.0
/*
 * The workload of views.c: processes of all sorts, each of which says on a pipe when it is ready
 * and then stands still. What they have of mappings, files and mounts is in views_maps.h,
 * views_files.h and views_mounts.h.
 */
#ifndef VIEWS_WORK_H
#define VIEWS_WORK_H

#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PF_KTHREAD  0x00200000 /* include/linux/sched.h */
#define PAGE	    4096ul
#define FOLDER	    "/tmp/views"
#define CGROUP	    "/tmp/cgroup"
#define STARTED_MAX 200

static pid_t maker; /* of the workload: without one process there is none of it */
static int ready_pipe[2];
static pid_t started[STARTED_MAX];
static int started_count;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "views: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, " (%s)\n", strerror(errno));
	va_end(args);
	kill(maker, SIGKILL);
	_exit(2);
}

static void ready(void)
{
	if (write(ready_pipe[1], "", 1) != 1)
		die("ready");
}

static void __attribute__((noreturn)) rest(void)
{
	for (;;)
		pause();
}

/* fork(), of a process that ends with its parent. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A process called name that runs body and then stands still. body may also not come back, but has
 * to call ready() then. */
static void start(const char *name, void (*body)(void))
{
	char byte;
	pid_t pid = child();

	if (pid == 0) {
		prctl(PR_SET_NAME, name);
		if (body)
			body();
		ready();
		rest();
	}
	if (read(ready_pipe[0], &byte, 1) != 1)
		die("%s", name);
	if (started_count < STARTED_MAX)
		started[started_count++] = pid;
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("%s", path);
	close(fd);
}

#include "views_files.h"
#include "views_maps.h"
#include "views_mounts.h"

/* --- programs --- */

/* views sleep FD NAME [title]: NAME "-": the name that exec gave */
static int work_sleep(int argc, char **argv)
{
	int fd = argc > 2 ? atoi(argv[2]) : -1;

	if (argc > 3 && strcmp(argv[3], "-") != 0)
		prctl(PR_SET_NAME, argv[3]);
	/* As setproctitle() does: over the arguments and on into the environment. */
	if (argc > 4)
		for (char *c = argv[0], *last = argv[argc - 1] + strlen(argv[argc - 1]);
		     c < last + 5; c++)
			*c = c < last + 4 ? 't' : '\0';
	if (write(fd, "", 1) != 1)
		return 1;
	rest();
}

static void exec_itself(int program, const char *path, const char *name, const char *comm,
			const char *more)
{
	static char *const environment[] = {"FIRST=environment", "SECOND=", NULL};
	char fd[16];
	char *const args[] = {(char *)name, "sleep", fd, (char *)comm, (char *)more, NULL};

	snprintf(fd, sizeof(fd), "%d", ready_pipe[1]);
	if (path)
		execve(path, args, environment);
	else
		fexecve(program, args, environment);
	die("exec of %s", name);
}

/* An executable's file, of a name that may go. */
static void copy_itself(int to)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (to < 0 || from < 0 || fstat(from, &st) || ftruncate(to, st.st_size) ||
	    lseek(to, 0, SEEK_SET))
		die("copy of the executable");
	for (char bytes[65536];;) {
		ssize_t n = read(from, bytes, sizeof(bytes));

		if (n <= 0)
			break;
		if (write(to, bytes, (size_t)n) != n)
			die("copy of the executable");
	}
	close(from);
}

static void in_memfd(void)
{
	int fd = memfd_create("hidden code", 0);

	copy_itself(fd);
	exec_itself(fd, NULL, "[kworker/9:9]", "-", NULL);
}

static void in_deleted_file(void)
{
	int fd = open(FOLDER "/gone", O_RDWR | O_CREAT, 0755);

	copy_itself(fd);
	close(fd);
	fd = open(FOLDER "/gone", O_RDONLY);
	unlink(FOLDER "/gone");
	exec_itself(fd, NULL, FOLDER "/gone", "-", NULL);
}

static void with_false_names(void)
{
	exec_itself(-1, "/proc/self/exe", "/usr/sbin/sshd -D [listener]", "sshd: 0 of 10", NULL);
}

static void with_title(void)
{
	exec_itself(-1, "/proc/self/exe", "a title", "-", "arguments to write over");
}

static void with_odd_arguments(void)
{
	exec_itself(-1, "/proc/self/exe", "", "odd \x80\"\\%", NULL);
}

/* --- threads --- */

static void *thread_body(void *name)
{
	char own[16];

	snprintf(own, sizeof(own), "thread-%d", (int)(intptr_t)name);
	prctl(PR_SET_NAME, own);
	ready();
	rest();
}

static void begin_thread(int number)
{
	pthread_t thread;
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	if (pthread_create(&thread, &small, thread_body, (void *)(intptr_t)number))
		die("pthread_create");
}

/* So that ready() was called once for all of them. */
static void wait_for_threads(int count)
{
	for (char byte; count > 0; count--)
		if (read(ready_pipe[0], &byte, 1) != 1)
			die("threads");
}

static void with_threads(void)
{
	int pipe_of_all[2] = {ready_pipe[0], ready_pipe[1]};

	if (pipe(ready_pipe))
		die("pipe");
	for (int i = 0; i < 6; i++)
		begin_thread(i);
	wait_for_threads(6);
	close(ready_pipe[0]);
	close(ready_pipe[1]);
	memcpy(ready_pipe, pipe_of_all, sizeof(ready_pipe));
}

/* The first thread of a process ends, the second stays. */
static void without_leader(void)
{
	begin_thread(7);
	pthread_exit(NULL);
}

/* --- states --- */

static void with_zombie(void)
{
	if (child() == 0)
		_exit(3);
}

static void stopped(void)
{
	ready();
	raise(SIGSTOP);
	rest();
}

static void tracer(void)
{
	pid_t pid = child();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		rest();
	}
	waitpid(pid, NULL, 0);
}

/* Sleeps where signals but deadly ones do not wake it, until the other lets go of its memory. */
static void in_vfork(void)
{
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ready();
		rest();
	}
}

static void session(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (setsid() < 0 || terminal < 0 || grantpt(terminal) || unlockpt(terminal))
		die("terminal");
	slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0))
		die("controlling terminal");
	if (child() == 0) {
		setpgid(0, 0);
		rest();
	}
}

/* --- rights --- */

static void other_user(void)
{
	static const gid_t groups[] = {7, 8, 9};

	if (setgroups(3, groups) || setresgid(2001, 2002, 2003) || setresuid(1001, 1002, 1003))
		die("other user");
	setfsgid(2001);
	setfsuid(1001);
}

static void few_capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0x401, 0x10400401, 0x00000400}, {0x1, 0x101, 0}};

	prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN);
	prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE);
	if (syscall(SYS_capset, &header, data))
		die("capset");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 0, 0);
}

/* --- groups and namespaces --- */

static void join(const char *group)
{
	char path[256], number[16];

	mkdir(group, 0755);
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	snprintf(number, sizeof(number), "%d", getpid());
	put_file(path, number);
}

static void in_group(void)
{
	join(CGROUP "/first");
}

static void in_group_of_group(void)
{
	mkdir(CGROUP "/first", 0755);
	join(CGROUP "/first/second level");
}

/* A process that has ended is still in its group, which may have been removed. */
static void in_removed_group(void)
{
	pid_t pid;

	mkdir(CGROUP "/removed", 0755);
	pid = child();
	if (pid == 0) {
		join(CGROUP "/removed");
		_exit(0);
	}
	if (waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT))
		die("waitid");
	rmdir(CGROUP "/removed");
}

static void unshare_or_die(int flags)
{
	if (unshare(flags))
		die("unshare %x", flags);
}

static void own_namespaces(void)
{
	unshare_or_die(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP);
}

static void own_pid_namespace(void)
{
	unshare_or_die(CLONE_NEWPID);
	if (child() == 0) {
		prctl(PR_SET_NAME, "first-of-space");
		if (child() == 0)
			prctl(PR_SET_NAME, "second-of-space");
		rest();
	}
}

static void own_time(void)
{
	unshare_or_die(0x80 /* CLONE_NEWTIME */);
	if (child() == 0)
		rest();
}

static void own_users(void)
{
	unshare_or_die(CLONE_NEWUSER);
	put_file("/proc/self/uid_map", "7 0 1\n");
}

/* --- all --- */

static void work_start(bool small)
{
	maker = getpid();
	if (pipe2(ready_pipe, 0))
		die("pipe");
	mkdir(FOLDER, 0755);
	for (int i = 0; i < (small ? 5 : 30); i++) {
		char name[16];

		snprintf(name, sizeof(name), "plain-%d", i);
		start(name, NULL);
	}
	start("in memfd", in_memfd);
	start("deleted", in_deleted_file);
	start("false", with_false_names);
	start("title", with_title);
	start("odd", with_odd_arguments);
	start("threads", with_threads);
	start("leaderless", without_leader);
	start("with zombie", with_zombie);
	start("stopped", stopped);
	start("tracer", tracer);
	start("in vfork", in_vfork);
	start("session", session);
	start("other user", other_user);
	start("capabilities", few_capabilities);
	start("group", in_group);
	start("group 2", in_group_of_group);
	start("group 3", in_removed_group);
	start("spaces", own_namespaces);
	start("pid space", own_pid_namespace);
	start("time space", own_time);
	start("users", own_users);
	start("maps", all_maps);
	start("many maps", many_maps);
	start("ns-mounts", own_mounts);
	start("ns-root", own_root);
	start("files", all_files);
	start("sockets", all_sockets);
	start("tcp", tcp_sockets);
}

static void work_end(void)
{
	for (int i = 0; i < started_count; i++)
		kill(started[i], SIGKILL);
}

#endif
