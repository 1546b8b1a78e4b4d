/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files and sockets: p:files(), lvmon.sockets(). What a socket is has the same fields in both:
 * as the table file.socket, and in the rows of lvmon.sockets().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/listing.h"

#define SOCKET_TYPE	 "socket" /* the rows of lvmon.sockets() */
#define FILE_SOCKET_TYPE "file.socket"

/* --- sockets: a row begins with a struct linux_socket --- */

static const struct linux_socket *socket_of(const void *row)
{
	return row;
}

static bool is_inet(const struct linux_socket *s)
{
	return s->family == LINUX_AF_INET || s->family == LINUX_AF_INET6;
}

struct number_name {
	uint16_t number;
	const char *name;
};

/* The number's name, or itself as text. */
static void push_number_name(lua_State *L, const struct number_name *names, uint16_t number)
{
	for (; names->name; names++) {
		if (names->number == number) {
			lua_pushstring(L, names->name);
			return;
		}
	}
	lua_pushfstring(L, "%d", (int)number);
}

/* include/linux/socket.h */
static void push_family(lua_State *L, const void *row)
{
	static const struct number_name names[] = {
		{1, "unix"},	   {2, "inet"},	   {3, "ax25"}, {10, "inet6"}, {15, "key"},
		{16, "netlink"},   {17, "packet"}, {21, "rds"}, {29, "can"},   {30, "tipc"},
		{31, "bluetooth"}, {33, "rxrpc"},  {38, "alg"}, {40, "vsock"}, {41, "kcm"},
		{42, "qipcrtr"},   {43, "smc"},	   {44, "xdp"}, {45, "mctp"},  {0, NULL},
	};

	push_number_name(L, names, socket_of(row)->family);
}

/* include/linux/net.h, enum sock_type */
static void push_type(lua_State *L, const void *row)
{
	static const struct number_name names[] = {
		{1, "stream"},	  {2, "dgram"}, {3, "raw"},	{4, "rdm"},
		{5, "seqpacket"}, {6, "dccp"},	{10, "packet"}, {0, NULL},
	};

	push_number_name(L, names, socket_of(row)->type);
}

static void push_protocol(lua_State *L, const void *row)
{
	/* include/uapi/linux/in.h, in6.h */
	static const struct number_name inet[] = {
		{0, "ip"},	{1, "icmp"},  {2, "igmp"},   {6, "tcp"},       {17, "udp"},
		{33, "dccp"},	{41, "ipv6"}, {47, "gre"},   {50, "esp"},      {51, "ah"},
		{58, "icmpv6"}, {89, "ospf"}, {132, "sctp"}, {136, "udplite"}, {255, "raw"},
		{262, "mptcp"}, {0, NULL},
	};
	/* include/uapi/linux/netlink.h */
	static const struct number_name netlink[] = {
		{0, "route"},	   {2, "usersock"},	  {4, "sock_diag"},
		{5, "nflog"},	   {6, "xfrm"},		  {7, "selinux"},
		{8, "iscsi"},	   {9, "audit"},	  {10, "fib_lookup"},
		{11, "connector"}, {12, "netfilter"},	  {15, "kobject_uevent"},
		{16, "generic"},   {18, "scsitransport"}, {20, "rdma"},
		{21, "crypto"},	   {22, "smc"},		  {0, NULL},
	};
	static const struct number_name other[] = {{0, NULL}};
	const struct linux_socket *s = row;

	if (is_inet(s))
		push_number_name(L, inet, s->protocol);
	else
		push_number_name(L, s->family == LINUX_AF_NETLINK ? netlink : other, s->protocol);
}

/* include/net/tcp_states.h; other families use them for what has no states of its own. */
static void push_state(lua_State *L, const void *row)
{
	static const struct number_name tcp[] = {
		{1, "ESTABLISHED"},	{2, "SYN_SENT"},  {3, "SYN_RECV"}, {4, "FIN_WAIT1"},
		{5, "FIN_WAIT2"},	{6, "TIME_WAIT"}, {7, "CLOSE"},	   {8, "CLOSE_WAIT"},
		{9, "LAST_ACK"},	{10, "LISTEN"},	  {11, "CLOSING"}, {12, "NEW_SYN_RECV"},
		{13, "BOUND_INACTIVE"}, {0, NULL},
	};
	/* net/netlink/af_netlink.h */
	static const struct number_name netlink[] = {
		{0, "UNCONNECTED"},
		{1, "CONNECTED"},
		{7, "UNCONNECTED"}, /* as sock_init_data() leaves it */
		{0, NULL},
	};
	const struct linux_socket *s = row;

	push_number_name(L, s->family == LINUX_AF_NETLINK ? netlink : tcp, s->state);
}

static void push_address(lua_State *L, const struct linux_socket *s, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];

	if (is_inet(s) &&
	    inet_ntop(s->family == LINUX_AF_INET ? AF_INET : AF_INET6, address, text, sizeof(text)))
		lua_pushstring(L, text);
	else
		lua_pushnil(L);
}

static void push_local_address(lua_State *L, const void *row)
{
	push_address(L, row, socket_of(row)->local);
}

static void push_remote_address(lua_State *L, const void *row)
{
	push_address(L, row, socket_of(row)->remote);
}

static void push_local_port(lua_State *L, const void *row)
{
	const struct linux_socket *s = row;

	if (is_inet(s))
		lua_pushinteger(L, s->local_port);
	else if (s->family == LINUX_AF_NETLINK)
		lua_pushinteger(L, s->netlink_port);
	else
		lua_pushnil(L);
}

static void push_remote_port(lua_State *L, const void *row)
{
	const struct linux_socket *s = row;

	if (is_inet(s))
		lua_pushinteger(L, s->remote_port);
	else
		lua_pushnil(L);
}

static void push_interface(lua_State *L, const void *row)
{
	lua_pushinteger(L, socket_of(row)->interface);
}

static void push_path(lua_State *L, const void *row)
{
	const struct linux_socket *s = row;

	if (s->family == LINUX_AF_UNIX && s->path_length)
		lua_pushlstring(L, s->path, s->path_length);
	else
		lua_pushnil(L);
}

static void push_inode(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)socket_of(row)->ino);
}

static void push_peer_inode(lua_State *L, const void *row)
{
	const struct linux_socket *s = row;

	if (s->peer_ino)
		lua_pushinteger(L, (lua_Integer)s->peer_ino);
	else
		lua_pushnil(L);
}

static void push_queue(lua_State *L, const struct linux_socket *s, uint32_t bytes)
{
	if (s->has_queues)
		lua_pushinteger(L, bytes);
	else
		lua_pushnil(L);
}

static void push_rx_queue(lua_State *L, const void *row)
{
	push_queue(L, row, socket_of(row)->rx_queue);
}

static void push_tx_queue(lua_State *L, const void *row)
{
	push_queue(L, row, socket_of(row)->tx_queue);
}

static void push_sock(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)socket_of(row)->sock);
}

static const struct linux_held_socket *held(const void *row)
{
	return row;
}

static void push_pid(lua_State *L, const void *row)
{
	lua_pushinteger(L, held(row)->pid);
}

static void push_comm(lua_State *L, const void *row)
{
	const struct linux_held_socket *h = row;

	lua_pushlstring(L, h->comm, strnlen(h->comm, sizeof(h->comm)));
}

static void push_held_fd(lua_State *L, const void *row)
{
	lua_pushinteger(L, held(row)->fd);
}

/* clang-format off */

#define SOCKET_FIELDS \
	OBJECT_FIELD("family", push_family), \
	OBJECT_FIELD("type", push_type), \
	OBJECT_FIELD("protocol", push_protocol), \
	OBJECT_FIELD("state", push_state), \
	OBJECT_FIELD("local_address", push_local_address), \
	OBJECT_FIELD("local_port", push_local_port), \
	OBJECT_FIELD("remote_address", push_remote_address), \
	OBJECT_FIELD("remote_port", push_remote_port), \
	OBJECT_FIELD("interface", push_interface), \
	OBJECT_FIELD("path", push_path), \
	OBJECT_FIELD("inode", push_inode), \
	OBJECT_FIELD("peer_inode", push_peer_inode), \
	OBJECT_FIELD("rx_queue", push_rx_queue), \
	OBJECT_FIELD("tx_queue", push_tx_queue), \
	OBJECT_FIELD("sock", push_sock)

static const struct object_field socket_fields[] = {
	SOCKET_FIELDS,
	OBJECT_END,
};

static const struct object_field held_fields[] = {
	OBJECT_FIELD("pid", push_pid),
	OBJECT_FIELD("comm", push_comm),
	OBJECT_FIELD("fd", push_held_fd),
	SOCKET_FIELDS,
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind socket_listing = {
	.name = "sockets",
	.row_size = sizeof(struct linux_held_socket),
	.row_name = SOCKET_TYPE,
	.fields = held_fields,
};

/* lvmon.sockets() -> listing of the sockets that processes have open */
static int sockets(lua_State *L)
{
	struct linux_held_socket *rows = NULL;
	size_t count = 0;
	int err = 0;

	if (engine.mode != ENGINE_CHECK)
		err = linux_sockets(&rows, &count);
	listing_of_walk(L, &socket_listing, rows, count, err, LINUX_SOCKETS);
	return 1;
}

/* --- files --- */

static const struct linux_file *file_of(const void *row)
{
	return row;
}

static void push_fd(lua_State *L, const void *row)
{
	lua_pushinteger(L, file_of(row)->fd);
}

static void push_kind(lua_State *L, const void *row)
{
	static const char *const names[LINUX_FILE_KINDS] = {
		[LINUX_FILE_REGULAR] = "file",
		[LINUX_FILE_DIRECTORY] = "directory",
		[LINUX_FILE_PIPE] = "pipe",
		[LINUX_FILE_SOCKET] = "socket",
		[LINUX_FILE_CHARACTER_DEVICE] = "device",
		[LINUX_FILE_BLOCK_DEVICE] = "block device",
		[LINUX_FILE_LINK] = "link",
		[LINUX_FILE_ANON] = "anon",
		[LINUX_FILE_NAMESPACE] = "namespace",
		[LINUX_FILE_OTHER] = "other",
	};

	lua_pushstring(L, names[file_of(row)->kind]);
}

static void push_file_path(lua_State *L, const void *row)
{
	char text[4096 + 16]; /* PATH_MAX, and " (deleted)" */

	if (linux_file_path(file_of(row)->file, text, sizeof(text)))
		text[0] = '\0';
	lua_pushstring(L, text);
}

static void push_file_inode(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)file_of(row)->ino);
}

/* include/linux/kdev_t.h: MAJOR(), MINOR() */
static void push_dev(lua_State *L, uint32_t dev)
{
	lua_pushfstring(L, "%d:%d", (int)(dev >> 20), (int)(dev & 0xfffff));
}

static void push_device(lua_State *L, const void *row)
{
	push_dev(L, file_of(row)->dev);
}

static void push_rdev(lua_State *L, const void *row)
{
	const struct linux_file *f = row;

	if (f->kind == LINUX_FILE_CHARACTER_DEVICE || f->kind == LINUX_FILE_BLOCK_DEVICE)
		push_dev(L, f->rdev);
	else
		lua_pushnil(L);
}

static void push_flags(lua_State *L, const void *row)
{
	lua_pushinteger(L, file_of(row)->flags);
}

static void push_mode(lua_State *L, const void *row)
{
	const struct linux_file *f = row;

	lua_pushstring(L, f->readable ? f->writable ? "rw" : "r" : f->writable ? "w" : "");
}

static void push_pos(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)file_of(row)->pos);
}

static void push_file(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)file_of(row)->file);
}

/* __index of file.socket: what is nil here is not in the table. */
static int no_socket_field(lua_State *L)
{
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
	const struct object_field *f;

	for (f = socket_fields; f->name; f++)
		if (!strcmp(f->name, name))
			return 0;
	return object_unknown(L, FILE_SOCKET_TYPE, 2, socket_fields);
}

static void push_file_socket(lua_State *L, const void *row)
{
	struct linux_socket s;

	if (!file_of(row)->socket || linux_socket(file_of(row)->socket, &s)) {
		lua_pushnil(L);
		return;
	}
	object_plain(L, socket_fields, &s);
	luaL_setmetatable(L, FILE_SOCKET_TYPE);
}

/* clang-format off */

static const struct object_field file_fields[] = {
	OBJECT_FIELD("fd", push_fd),
	OBJECT_FIELD("kind", push_kind),
	OBJECT_FIELD("path", push_file_path),
	OBJECT_FIELD("inode", push_file_inode),
	OBJECT_FIELD("device", push_device),
	OBJECT_FIELD("rdev", push_rdev),
	OBJECT_FIELD("flags", push_flags),
	OBJECT_FIELD("mode", push_mode),
	OBJECT_FIELD("pos", push_pos),
	OBJECT_FIELD("socket", push_file_socket),
	OBJECT_FIELD("file", push_file),
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind file_listing = {
	.name = "files",
	.row_size = sizeof(struct linux_file),
	.row_name = "file",
	.fields = file_fields,
};

int process_files(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	struct linux_file *rows = NULL;
	size_t count = 0;
	int err = 0;

	if (engine.mode != ENGINE_CHECK)
		err = linux_task_lives(task) ? linux_files(task, &rows, &count) : -ESRCH;
	listing_of_walk(L, &file_listing, rows, count, err, LINUX_FILES);
	return 1;
}

void files_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"sockets", sockets}, {NULL, NULL}};
	static const luaL_Reg socket[] = {{"__index", no_socket_field}, {NULL, NULL}};

	api_metatable(L, FILE_SOCKET_TYPE, socket);
	api_functions(L, functions);
}
