/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest of cardboard has of modules, open files and sockets; see engine_fake.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/linux/linux.h"
#include "tests/unit/engine_fake.h"

/* A copy of rows, as the walks return one; with fake.walk_error as their result. */
static int copy(const void *rows, size_t size, size_t count, void **out, size_t *out_count)
{
	*out = NULL;
	*out_count = 0;
	if (fake.walk_error && fake.walk_error != -EFAULT && fake.walk_error != -EOVERFLOW)
		return fake.walk_error;
	*out = malloc(size * count);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, rows, size * count);
	*out_count = count;
	return fake.walk_error;
}

int linux_modules(struct linux_module **modules, size_t *count)
{
	static const struct linux_module rows[] = {
		{
			.module = FAKE_KERNEL + 0x100000,
			.base = FAKE_KERNEL + 0x200000,
			.size = 0x5000,
			.taints = 1 << 12 | 1 << 13,
			.state = LINUX_MODULE_LIVE,
			.refs = 0,
			.name = "cardboard",
			.area_count = 2,
			.areas = {{FAKE_KERNEL + 0x200000, 0x2000, 0x1800},
				  {FAKE_KERNEL + 0x300000, 0x3000, 0}},
		},
		{
			.module = FAKE_KERNEL + 0x101000,
			.state = LINUX_MODULE_UNFORMED,
			.refs = -1,
			.permanent = true,
			.name = "paper",
		},
	};
	void *out;
	int err = copy(rows, sizeof(rows[0]), 2, &out, count);

	*modules = out;
	return err;
}

int linux_module_users(gva_t module, void (*fn)(const char *name, void *arg), void *arg)
{
	if (module == FAKE_KERNEL + 0x100000) {
		fn("glue", arg);
		fn("scissors", arg);
	}
	return fake.walk_error;
}

static const struct linux_socket fake_sockets[] = {
	{
		.family = LINUX_AF_INET,
		.type = LINUX_SOCK_STREAM,
		.protocol = 6,
		.state = 1,
		.local = {127, 0, 0, 1},
		.remote = {192, 0, 2, 77},
		.local_port = 40000,
		.remote_port = 4444,
		.ino = 501,
		.has_queues = true,
		.rx_queue = 5,
		.sock = FAKE_KERNEL + 0x400000,
	},
	{
		.family = LINUX_AF_INET6,
		.type = LINUX_SOCK_DGRAM,
		.protocol = 17,
		.state = 7,
		.local = {[15] = 1},
		.interface = 2,
		.ino = 502,
	},
	{
		.family = LINUX_AF_UNIX,
		.type = 5,
		.state = 10,
		.path_length = 6,
		.path = "@ab@cd",
		.ino = 503,
		.peer_ino = 504,
	},
	{.family = LINUX_AF_NETLINK, .type = 3, .protocol = 16, .state = 7, .netlink_port = 99},
	{.family = LINUX_AF_NETLINK, .type = 3, .protocol = 3, .state = 1},
	{.family = LINUX_AF_PACKET, .type = 3, .protocol = 3, .state = 7},
	{.family = 77, .type = 78, .protocol = 79, .state = 80},
};

#define SOCKETS (sizeof(fake_sockets) / sizeof(fake_sockets[0]))
#define SOCKET	(FAKE_KERNEL + 0x500000) /* of the first; 1 more for each */

int linux_socket(gva_t socket, struct linux_socket *out)
{
	if (socket - SOCKET >= SOCKETS)
		return -EFAULT;
	*out = fake_sockets[socket - SOCKET];
	return 0;
}

int linux_sockets(struct linux_held_socket **sockets, size_t *count)
{
	struct linux_held_socket rows[SOCKETS];
	void *out;
	size_t i;
	int err;

	for (i = 0; i < SOCKETS; i++)
		rows[i] = (struct linux_held_socket){fake_sockets[i], 200, (int32_t)i + 3, "calls"};
	err = copy(rows, sizeof(rows[0]), SOCKETS, &out, count);
	*sockets = out;
	return err;
}

int linux_files(const struct linux_task *task, struct linux_file **files, size_t *count)
{
	struct linux_file rows[LINUX_FILE_KINDS];
	void *out;
	int i, err;

	for (i = 0; i < LINUX_FILE_KINDS; i++)
		rows[i] = (struct linux_file){
			.fd = i,
			.kind = (enum linux_file_kind)i,
			.file = (gva_t)i,
			.ino = 100u + (uint32_t)i,
			.dev = 8 << 20 | 1,
			.rdev = 1 << 20 | 3,
			.flags = 02,
			.pos = 7,
			.readable = i & 1,
			.writable = i & 2,
			.socket = i == LINUX_FILE_SOCKET  ? SOCKET
				  : i == LINUX_FILE_OTHER ? 1
							  : 0,
		};
	err = copy(rows, sizeof(rows[0]), LINUX_FILE_KINDS, &out, count);
	*files = out;
	return err;
}

int linux_file_path(gva_t file, char *buf, size_t size)
{
	if (file == LINUX_FILE_OTHER)
		return -EFAULT;
	snprintf(buf, size, "/file/%d", (int)file);
	return 0;
}

int linux_syscalls(struct linux_syscall **syscalls, size_t *count)
{
	static const struct linux_syscall rows[] = {
		{LINUX_SYSCALLS_64, 0, FAKE_KERNEL, "read", true, false},
		{LINUX_SYSCALLS_IA32, 500, FAKE_KERNEL - 8, NULL, false, true},
	};
	void *out;
	int err = copy(rows, sizeof(rows[0]), 2, &out, count);

	*syscalls = out;
	return err;
}

int linux_idt(gva_t base, struct linux_gate **gates, size_t *count)
{
	static const struct linux_gate rows[] = {
		{.vector = 0,
		 .selector = 16,
		 .type = 14,
		 .present = true,
		 .inside = true,
		 .handler = FAKE_KERNEL},
		{.vector = 1, .selector = 16, .type = 15, .dpl = 3, .ist = 2},
		{.vector = 2, .type = 5},
	};
	void *out;
	int err;

	*gates = NULL;
	*count = 0;
	if (base == FAKE_NO_IDT)
		return -ENOENT;
	err = copy(rows, sizeof(rows[0]), 3, &out, count);

	*gates = out;
	return err;
}
