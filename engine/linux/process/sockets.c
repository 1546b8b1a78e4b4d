/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: family, type, state, both addresses (include/net/sock.h, af_unix.h, inet_sock.h), and
 * the numbers of bytes in their queues as /proc/net/tcp and /proc/net/udp show them.
 */
#include <stdlib.h>
#include "engine/linux/internal.h"

#define MAX_SOCKETS 65536 /* held, in all processes */

#define TCP_LISTEN 10 /* include/net/tcp_states.h */

/* include/uapi/linux/in.h */
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17
#define IPPROTO_UDPLITE 136

#define UNIX_NAME_OFFSET 2 /* struct sockaddr_un: sun_path lies behind the family */

static uint16_t swap16(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

static int kread16(gva_t va, uint16_t *value)
{
	return linux_kread(va, value, sizeof(*value));
}

/* Number of the inode that the socket (struct socket) is in. */
static int inode_number(gva_t socket, uint64_t *ino)
{
	gva_t inode = socket - (gva_t)kernel->field[F_SOCKET_ALLOC_SOCKET] +
		      (gva_t)kernel->field[F_SOCKET_ALLOC_INODE];

	return kread64(at(inode, F_INODE_INO), ino);
}

static int read_ports(gva_t sk, struct linux_socket *s)
{
	uint16_t port;

	if (kread16(at(sk, F_SOCK_NUM), &s->local_port) || kread16(at(sk, F_SOCK_DPORT), &port))
		return -EFAULT;
	s->remote_port = swap16(port);
	return 0;
}

static int read_inet(gva_t sk, struct linux_socket *s)
{
	if (read_ports(sk, s) || linux_kread(at(sk, F_SOCK_RCV_SADDR), s->local, 4) ||
	    linux_kread(at(sk, F_SOCK_DADDR), s->remote, 4))
		return -EFAULT;
	return 0;
}

static int read_inet6(gva_t sk, struct linux_socket *s)
{
	if (!has_field(F_SOCK_V6_RCV_SADDR) || !has_field(F_SOCK_V6_DADDR) || read_ports(sk, s) ||
	    linux_kread(at(sk, F_SOCK_V6_RCV_SADDR), s->local, 16) ||
	    linux_kread(at(sk, F_SOCK_V6_DADDR), s->remote, 16))
		return -EFAULT;
	return 0;
}

/* As tcp's get_tcp4_sock() and udp's udp4_format_sock() count. */
static int read_queues(gva_t sk, struct linux_socket *s)
{
	uint32_t a, b, c, d;

	if (s->type == LINUX_SOCK_STREAM && s->protocol == IPPROTO_TCP &&
	    has_field(F_TCP_WRITE_SEQ) && has_field(F_TCP_SND_UNA) && has_field(F_TCP_RCV_NXT) &&
	    has_field(F_TCP_COPIED_SEQ) && has_field(F_SOCK_ACK_BACKLOG)) {
		if (kread32(at(sk, F_TCP_WRITE_SEQ), &a) || kread32(at(sk, F_TCP_SND_UNA), &b) ||
		    kread32(at(sk, F_TCP_RCV_NXT), &c) || kread32(at(sk, F_TCP_COPIED_SEQ), &d))
			return -EFAULT;
		s->tx_queue = a - b;
		s->rx_queue = (int32_t)(c - d) > 0 ? c - d : 0;
		if (s->state == TCP_LISTEN && kread32(at(sk, F_SOCK_ACK_BACKLOG), &s->rx_queue))
			return -EFAULT;
		s->has_queues = true;
	} else if (s->type == LINUX_SOCK_DGRAM &&
		   (s->protocol == IPPROTO_UDP || s->protocol == IPPROTO_UDPLITE) &&
		   has_field(F_SOCK_WMEM) && has_field(F_SOCK_RMEM) && has_field(F_UDP_DEFICIT)) {
		if (kread32(at(sk, F_SOCK_WMEM), &a) || kread32(at(sk, F_SOCK_RMEM), &b) ||
		    kread32(at(sk, F_UDP_DEFICIT), &c))
			return -EFAULT;
		s->tx_queue = a - 1; /* the socket's own reference */
		s->rx_queue = b - c;
		s->has_queues = true;
	}
	return 0;
}

/* The name as unix_seq_show() (net/unix/af_unix.c) prints it: an abstract one begins with @. */
static int read_unix_name(gva_t address, struct linux_socket *s)
{
	uint32_t length, i;

	if (!kernel_pointer(address) || kread32(at(address, F_UNIX_ADDRESS_LEN), &length) ||
	    length < UNIX_NAME_OFFSET || length - UNIX_NAME_OFFSET > sizeof(s->path) - 1)
		return -EFAULT;
	length -= UNIX_NAME_OFFSET;
	if (linux_kread(at(address, F_UNIX_ADDRESS_NAME) + UNIX_NAME_OFFSET, s->path, length))
		return -EFAULT;
	/* One with a path counts its NUL, which unix_mkname() adds if need be. */
	if (length && s->path[0])
		length--;
	for (i = 0; i < length; i++)
		if (!s->path[i])
			s->path[i] = '@';
	s->path[length] = '\0';
	s->path_length = length;
	return 0;
}

static int read_unix(gva_t sk, struct linux_socket *s)
{
	gva_t address, peer, socket;

	if (!has_field(F_UNIX_ADDR) || !has_field(F_UNIX_ADDRESS_LEN) ||
	    !has_field(F_UNIX_ADDRESS_NAME))
		return 0;
	if (kread64(at(sk, F_UNIX_ADDR), &address))
		return -EFAULT;
	if (address && read_unix_name(address, s))
		return -EFAULT;
	if (!has_field(F_UNIX_PEER) || !has_field(F_SOCK_SOCKET))
		return 0;
	if (kread64(at(sk, F_UNIX_PEER), &peer))
		return -EFAULT;
	/* No inode: the other end was closed, or not accepted yet. */
	if (!peer)
		return 0;
	if (!kernel_pointer(peer) || kread64(at(peer, F_SOCK_SOCKET), &socket) ||
	    (socket && (!kernel_pointer(socket) || inode_number(socket, &s->peer_ino))))
		return -EFAULT;
	return 0;
}

int linux_socket(gva_t socket, struct linux_socket *s)
{
	uint16_t number;
	uint8_t state;
	gva_t sk;
	int err = linux_need(LINUX_SOCKETS);

	if (err)
		return err;
	*s = (struct linux_socket){.socket = socket};
	if (!kernel_pointer(socket) || kread64(at(socket, F_SOCKET_SK), &sk) ||
	    !kernel_pointer(sk) || inode_number(socket, &s->ino) ||
	    kread16(at(sk, F_SOCK_FAMILY), &s->family) || kread16(at(sk, F_SOCK_TYPE), &s->type) ||
	    kread16(at(sk, F_SOCK_PROTOCOL), &s->protocol) ||
	    kread32(at(sk, F_SOCK_INTERFACE), &s->interface) ||
	    linux_kread(at(sk, F_SOCK_STATE), &state, 1))
		return -EFAULT;
	s->sock = sk;
	s->state = state;
	switch (s->family) {
	case LINUX_AF_UNIX:
		return read_unix(sk, s);
	case LINUX_AF_INET:
		err = read_inet(sk, s);
		break;
	case LINUX_AF_INET6:
		err = read_inet6(sk, s);
		break;
	case LINUX_AF_NETLINK:
		if (has_field(F_NETLINK_PORT))
			return kread32(at(sk, F_NETLINK_PORT), &s->netlink_port);
		return 0;
	case LINUX_AF_PACKET:
		if (has_field(F_PACKET_PROTOCOL) && has_field(F_PACKET_INTERFACE)) {
			if (kread16(at(sk, F_PACKET_PROTOCOL), &number) ||
			    kread32(at(sk, F_PACKET_INTERFACE), &s->interface))
				return -EFAULT;
			s->protocol = swap16(number);
		}
		return 0;
	}
	return err ? err : read_queues(sk, s);
}

struct held_vector {
	struct linux_held_socket *v;
	size_t n, room;
};

static int append(struct held_vector *hv, const struct linux_task *task, const struct linux_file *f)
{
	struct linux_held_socket *h;

	if (hv->n == MAX_SOCKETS)
		return -EOVERFLOW;
	if (hv->n == hv->room) {
		size_t room = hv->room ? 2 * hv->room : 64;
		struct linux_held_socket *v = realloc(hv->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		hv->v = v;
		hv->room = room;
	}
	h = &hv->v[hv->n];
	if (linux_socket(f->socket, &h->socket))
		return -EFAULT;
	h->pid = task->tgid;
	h->fd = f->fd;
	memcpy(h->comm, task->comm, sizeof(h->comm));
	hv->n++;
	return 0;
}

/* 0, or the first of what went wrong. */
static int sockets_of(const struct linux_task *task, struct held_vector *hv)
{
	struct linux_file *files;
	size_t count, i;
	int err, one;

	err = linux_files(task, &files, &count);
	for (i = 0; i < count && err != -ENOMEM; i++) {
		if (!files[i].socket)
			continue;
		one = append(hv, task, &files[i]);
		if (one && (!err || one == -ENOMEM))
			err = one;
	}
	free(files);
	return err;
}

int linux_sockets(struct linux_held_socket **sockets, size_t *count)
{
	struct held_vector hv = {0};
	struct linux_task *tasks;
	size_t n, i;
	int err, one;

	*sockets = NULL;
	*count = 0;
	err = linux_need(LINUX_SOCKETS);
	if (err)
		return err;
	err = linux_tasks(&tasks, &n);
	for (i = 0; i < n && err != -ENOMEM && err != -ETIME; i++) {
		one = sockets_of(&tasks[i], &hv);
		if (one && (!err || one == -ENOMEM || one == -ETIME))
			err = one;
	}
	free(tasks);
	if (err == -ENOMEM) {
		free(hv.v);
		return err;
	}
	*sockets = hv.v;
	*count = hv.n;
	return err;
}
