// SPDX-License-Identifier: Apache-2.0
/* Open files and sockets for views.c: all kinds that a view has a word for. */
#ifndef VIEWS_FILES_H
#define VIEWS_FILES_H

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

static void all_files(void)
{
	int pipes[2], epoll, event, fd;
	sigset_t none;

	if (pipe(pipes))
		die("pipe");
	event = eventfd(7, 0);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, event, &(struct epoll_event){.events = EPOLLIN});
	inotify_add_watch(inotify_init1(0), "/tmp", IN_CREATE);
	sigemptyset(&none);
	signalfd(-1, &none, 0);
	timerfd_create(CLOCK_MONOTONIC, 0);
	syscall(SYS_pidfd_open, getpid(), 0);
	syscall(SYS_memfd_create, "open memfd", 0);
	open("/", O_RDONLY | O_DIRECTORY);
	open("/dev/null", O_WRONLY);
	open("/dev/zero", O_RDWR);
	open("/bin/busybox", O_PATH);
	open("/proc/self/ns/net", O_RDONLY);
	open("/tmp", O_TMPFILE | O_RDWR, 0600);
	fd = open(FOLDER "/appended", O_WRONLY | O_CREAT | O_APPEND, 0600);
	lseek(fd, 1000, SEEK_SET);
	if (write(fd, "x", 1) != 1)
		die("write");
	open(FOLDER "/open but gone", O_RDWR | O_CREAT, 0600);
	unlink(FOLDER "/open but gone");
	open(FOLDER "/new\nline", O_RDWR | O_CREAT, 0600);
	mkfifo(FOLDER "/fifo", 0600);
	open(FOLDER "/fifo", O_RDWR);
	/* Far beyond those that a new table has room for, with holes. */
	dup2(pipes[0], 200);
	dup2(pipes[1], 150);
}

static int bound(int family, int type, const void *address, socklen_t size)
{
	int fd = socket(family, type, 0), one = 1;

	if (fd < 0)
		die("socket %d %d", family, type);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address, size))
		die("bind %d %d", family, type);
	return fd;
}

static int bound_in(int type, uint32_t address, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(address);
	return bound(AF_INET, type, &a, sizeof(a));
}

static int bound_in6(int type, const struct in6_addr *address, uint16_t port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	a.sin6_addr = *address;
	return bound(AF_INET6, type, &a, sizeof(a));
}

static int bound_un(int type, const char *name, size_t length)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memcpy(a.sun_path, name, length);
	return bound(AF_UNIX, type, &a,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

/* A socket of the same kind, connected to what listener is bound to. */
static int connected(int listener, int type)
{
	struct sockaddr_storage a;
	socklen_t size = sizeof(a);
	int fd;

	if (getsockname(listener, (struct sockaddr *)&a, &size))
		die("getsockname");
	fd = socket(a.ss_family, type, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, size))
		die("connect");
	return fd;
}

static void all_sockets(void)
{
	int pair[2], fd;

	bound_in(SOCK_DGRAM, INADDR_ANY, 5353);
	fd = bound_in(SOCK_DGRAM, INADDR_LOOPBACK, 5354);
	connected(fd, SOCK_DGRAM);
	bound_in6(SOCK_DGRAM, &in6addr_any, 5355);
	fd = bound_in6(SOCK_DGRAM, &in6addr_loopback, 5356);
	connected(fd, SOCK_DGRAM);
	socket(AF_INET, SOCK_STREAM, 0);
	socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);

	fd = bound_un(SOCK_STREAM, FOLDER "/stream", sizeof(FOLDER "/stream"));
	listen(fd, 3);
	connected(fd, SOCK_STREAM);
	accept(fd, NULL, NULL);
	connected(fd, SOCK_STREAM); /* not accepted yet */
	fd = bound_un(SOCK_DGRAM, "\0abstract \0 name", 16);
	connected(fd, SOCK_DGRAM);
	bound_un(SOCK_SEQPACKET, FOLDER "/packets", sizeof(FOLDER "/packets"));
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
}

static void tcp_sockets(void)
{
	struct in6_addr mapped;
	int fd, peer, own;

	fd = bound_in(SOCK_STREAM, INADDR_ANY, 2222);
	listen(fd, 5);
	fd = bound_in(SOCK_STREAM, INADDR_LOOPBACK, 8080);
	listen(fd, 5);
	connected(fd, SOCK_STREAM);
	accept(fd, NULL, NULL);
	connected(fd, SOCK_STREAM); /* not accepted yet */
	/* One side has ended: CLOSE_WAIT and FIN_WAIT2. */
	own = connected(fd, SOCK_STREAM);
	accept(fd, NULL, NULL);
	peer = accept(fd, NULL, NULL);
	shutdown(own, SHUT_WR);
	(void)peer;
	fd = bound_in6(SOCK_STREAM, &in6addr_any, 2223);
	listen(fd, 5);
	fd = bound_in6(SOCK_STREAM, &in6addr_loopback, 8081);
	listen(fd, 5);
	connected(fd, SOCK_STREAM);
	accept(fd, NULL, NULL);
	/* IPv4 by way of an IPv6 socket. */
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped);
	fd = bound_in6(SOCK_STREAM, &mapped, 8082);
	listen(fd, 5);
	connected(fd, SOCK_STREAM);
	accept(fd, NULL, NULL);
}

#endif
