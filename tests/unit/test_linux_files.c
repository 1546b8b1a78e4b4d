// SPDX-License-Identifier: Apache-2.0
/* Open files and sockets: tables of descriptors that grow, lie or lead nowhere; addresses. */
#include "tests/unit/linux_guest.h"

enum {
	TASKS = 0,
	PID = 16,
	TGID = 20,
	COMM = 24,
	PARENT = 40,
	MM = 48,
	FILES = 56,
	TASK_SIZE = 64
};
enum { FDT = 8, FILES_SIZE = 16 };			   /* struct files_struct */
enum { MAX_FDS = 0, FD = 8, CLOEXEC = 16, FDT_SIZE = 24 }; /* struct fdtable */
enum {
	FILE_FLAGS = 0,
	FILE_MODE = 4,
	FILE_POS = 8,
	FILE_OPS = 16,
	FILE_PRIVATE = 24,
	FILE_INODE = 32,
	FILE_DENTRY = 40,
	FILE_SIZE = 48
};
enum { I_MODE = 0, I_RDEV = 4, I_SB = 8, I_INO = 16, INODE_SIZE = 24 };
enum { S_DEV = 4, SB_SIZE = 8 };
enum { D_OPS = 0, DENTRY_SIZE = 8 };
enum { SK = 8, ALLOC_INODE = 16, ALLOC_SIZE = ALLOC_INODE + INODE_SIZE }; /* struct socket_alloc */
enum {
	DADDR = 0,
	RCV_SADDR = 4,
	DPORT = 8,
	NUM = 10,
	FAMILY = 12,
	STATE = 14,
	INTERFACE = 16,
	V6_DADDR = 24,
	V6_RCV_SADDR = 40,
	TYPE = 56,
	PROTOCOL = 58,
	SOCKET = 64,
	ACK_BACKLOG = 72,
	WMEM = 76,
	RMEM = 80,
	MORE = 88, /* of the family's own structure */
	SOCK_SIZE = 120
};
enum { ADDRESS_LEN = 4, ADDRESS_NAME = 8 };

#define INIT	   (GUEST_BASE + 0x1000)
#define SOCKET_OPS (GUEST_BASE + 0x2000)
#define ANON_NAME  (GUEST_BASE + 0x2100)
#define NS_NAME	   (GUEST_BASE + 0x2200)
#define PIDFD_NAME (GUEST_BASE + 0x2300)
#define FDS	   128

static gva_t sb, fdt, array, bitmap;
static struct linux_task task;
static struct linux_file *files;
static size_t count;

static gva_t new (size_t size)
{
	gva_t va = guest_alloc(size, 8);

	memset(guest_at(va), 0, size);
	return va;
}

static void put16(gva_t va, uint16_t value)
{
	memcpy(guest_at(va), &value, sizeof(value));
}

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {
		{"Dinit_task", INIT},
		{"dsocket_file_ops", SOCKET_OPS},
		{"tanon_inodefs_dname", ANON_NAME},
		{"tns_dname", NS_NAME},
		{"tpidfs_dname", PIDFD_NAME},
	};
	static const int16_t fields[][2] = {
		{F_TASK_TASKS, TASKS},
		{F_TASK_PID, PID},
		{F_TASK_TGID, TGID},
		{F_TASK_COMM, COMM},
		{F_TASK_REAL_PARENT, PARENT},
		{F_TASK_MM, MM},
		{F_TASK_FILES, FILES},
		{F_FILES_FDT, FDT},
		{F_FDT_MAX, MAX_FDS},
		{F_FDT_FD, FD},
		{F_FDT_CLOEXEC, CLOEXEC},
		{F_FILE_FLAGS, FILE_FLAGS},
		{F_FILE_MODE, FILE_MODE},
		{F_FILE_POS, FILE_POS},
		{F_FILE_OPS, FILE_OPS},
		{F_FILE_PRIVATE, FILE_PRIVATE},
		{F_FILE_INODE, FILE_INODE},
		{F_FILE_DENTRY, FILE_DENTRY},
		{F_INODE_MODE, I_MODE},
		{F_INODE_RDEV, I_RDEV},
		{F_INODE_SB, I_SB},
		{F_INODE_INO, I_INO},
		{F_SB_DEV, S_DEV},
		{F_DENTRY_OPS, D_OPS},
		{F_DENTRY_OPS_DNAME, 0},
		{F_SOCKET_SK, SK},
		{F_SOCKET_ALLOC_SOCKET, 0},
		{F_SOCKET_ALLOC_INODE, ALLOC_INODE},
		{F_SOCK_FAMILY, FAMILY},
		{F_SOCK_STATE, STATE},
		{F_SOCK_NUM, NUM},
		{F_SOCK_DPORT, DPORT},
		{F_SOCK_DADDR, DADDR},
		{F_SOCK_RCV_SADDR, RCV_SADDR},
		{F_SOCK_V6_DADDR, V6_DADDR},
		{F_SOCK_V6_RCV_SADDR, V6_RCV_SADDR},
		{F_SOCK_INTERFACE, INTERFACE},
		{F_SOCK_TYPE, TYPE},
		{F_SOCK_PROTOCOL, PROTOCOL},
		{F_SOCK_SOCKET, SOCKET},
		{F_SOCK_ACK_BACKLOG, ACK_BACKLOG},
		{F_SOCK_WMEM, WMEM},
		{F_SOCK_RMEM, RMEM},
		{F_TCP_WRITE_SEQ, MORE},
		{F_TCP_SND_UNA, MORE + 4},
		{F_TCP_RCV_NXT, MORE + 8},
		{F_TCP_COPIED_SEQ, MORE + 12},
		{F_UDP_DEFICIT, MORE},
		{F_UNIX_ADDR, MORE},
		{F_UNIX_PEER, MORE + 8},
		{F_UNIX_ADDRESS_LEN, ADDRESS_LEN},
		{F_UNIX_ADDRESS_NAME, ADDRESS_NAME},
		{F_NETLINK_PORT, MORE},
		{F_PACKET_PROTOCOL, MORE},
		{F_PACKET_INTERFACE, MORE + 4},
	};
	gva_t table;
	size_t i;

	guest_start();
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		guest_kernel.field[fields[i][0]] = fields[i][1];
	*state = guest_symbols(symbols, sizeof(symbols) / sizeof(symbols[0]));
	facility_lacks(*state, LINUX_DETAILS, "not looked at here");
	sb = new (SB_SIZE);
	put32(sb + S_DEV, 8 << 20 | 17);
	array = new (8 * FDS);
	bitmap = new (FDS / 8);
	fdt = new (FDT_SIZE);
	put32(fdt + MAX_FDS, FDS);
	put64(fdt + FD, array);
	put64(fdt + CLOEXEC, bitmap);
	table = new (FILES_SIZE);
	put64(table + FDT, fdt);
	task = (struct linux_task){.task = new (TASK_SIZE), .tgid = 7, .comm = "opener"};
	put64(task.task + FILES, table);
	put64(INIT + TASKS, task.task + TASKS);
	put64(task.task + TASKS, INIT + TASKS);
	put32(task.task + PID, 7);
	put32(task.task + TGID, 7);
	memcpy(guest_at(task.task + COMM), "opener", 6);
	files = NULL;
	return 0;
}

static int tear_down(void **state)
{
	free(files);
	kernel = NULL;
	free(*state);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static gva_t inode_new(gva_t inode, uint16_t mode, uint64_t ino)
{
	put16(inode + I_MODE, mode);
	put64(inode + I_SB, sb);
	put64(inode + I_INO, ino);
	return inode;
}

static gva_t file_new(uint32_t fd, uint16_t mode, uint64_t ino)
{
	gva_t f = new (FILE_SIZE), dentry = new (DENTRY_SIZE);

	put32(f + FILE_MODE, 1);
	put64(f + FILE_DENTRY, dentry);
	put64(f + FILE_INODE, inode_new(new (INODE_SIZE), mode, ino));
	put64(array + 8 * fd, f);
	return f;
}

static void named_by(gva_t file, gva_t dname)
{
	gva_t ops = new (8), dentry;

	put64(ops, dname);
	memcpy(&dentry, guest_at(file + FILE_DENTRY), 8);
	put64(dentry + D_OPS, ops);
}

static void look(int want, size_t want_count)
{
	free(files);
	assert_int_equal(linux_files(&task, &files, &count), want);
	assert_int_equal(count, want_count);
}

static void test_files(void **state)
{
	static const struct {
		uint16_t mode;
		enum linux_file_kind kind;
	} kinds[] = {
		{0100644, LINUX_FILE_REGULAR},
		{0040755, LINUX_FILE_DIRECTORY},
		{0010600, LINUX_FILE_PIPE},
		{0140777, LINUX_FILE_SOCKET},
		{0020666, LINUX_FILE_CHARACTER_DEVICE},
		{0060666, LINUX_FILE_BLOCK_DEVICE},
		{0120777, LINUX_FILE_LINK},
		{0000600, LINUX_FILE_OTHER},
	};
	uint32_t i;
	gva_t f;

	look(0, 0);
	for (i = 0; i < 8; i++)
		file_new(3 * i, kinds[i].mode, 1000 + i);
	look(0, 8);
	for (i = 0; i < 8; i++)
		assert_true(files[i].fd == (int)(3 * i) && files[i].kind == kinds[i].kind &&
			    files[i].ino == 1000 + i && files[i].dev == (8 << 20 | 17) &&
			    files[i].readable && !files[i].writable && !files[i].socket);
	f = file_new(FDS - 1, 0100600, 5);
	put32(f + FILE_FLAGS, 02000001); /* the file's own O_CLOEXEC is not the descriptor's */
	put32(f + FILE_MODE, 2);
	put64(f + FILE_POS, 1ull << 40);
	look(0, 9);
	assert_true(files[8].fd == FDS - 1 && files[8].flags == 01 && files[8].pos == 1ull << 40 &&
		    !files[8].readable && files[8].writable);
	put64(bitmap + 8, 1ull << 63);
	look(0, 9);
	assert_int_equal(files[8].flags, 02000001);
	named_by(f, ANON_NAME);
	look(0, 9);
	assert_int_equal(files[8].kind, LINUX_FILE_ANON);
	named_by(f, PIDFD_NAME);
	look(0, 9);
	assert_int_equal(files[8].kind, LINUX_FILE_ANON);
	named_by(f, NS_NAME);
	look(0, 9);
	assert_int_equal(files[8].kind, LINUX_FILE_NAMESPACE);
	named_by(f, NS_NAME + 1);
	look(0, 9);
	assert_int_equal(files[8].kind, LINUX_FILE_REGULAR);
	/* A process that is ending has no table any more. */
	put64(task.task + FILES, 0);
	look(0, 0);
}

static void test_damaged_tables(void **state)
{
	gva_t f = file_new(0, 0100600, 1), table, pos;
	static const uint64_t nowhere[] = {1, 0x400000, 0xffff999912345678ull, ~0ull,
					   0x8000000000000000ull};
	size_t i;

	file_new(1, 0100600, 2);
	/* A file that cannot be read is left out, and it is said. */
	for (pos = f + FILE_INODE; pos <= f + FILE_DENTRY; pos += 8)
		for (i = 0; i < 5; i++) {
			uint64_t before;

			memcpy(&before, guest_at(pos), 8);
			put64(pos, nowhere[i]);
			look(-EFAULT, 1);
			assert_int_equal(files[0].fd, 1);
			put64(pos, before);
		}
	for (i = 0; i < 5; i++) {
		put64(array, nowhere[i]);
		look(-EFAULT, 1);
	}
	put64(array, f);
	look(0, 2);
	/* Sizes that no kernel makes, and such that reach outside of memory. */
	put32(fdt + MAX_FDS, 63);
	look(-EFAULT, 0);
	put32(fdt + MAX_FDS, 0);
	look(0, 0);
	put32(fdt + MAX_FDS, 1u << 31); /* what lies behind is no files, and then no memory */
	free(files);
	assert_int_equal(linux_files(&task, &files, &count), -EFAULT);
	put32(fdt + MAX_FDS, FDS);
	for (i = 0; i < 5; i++) {
		put64(fdt + FD, nowhere[i]);
		look(-EFAULT, 0);
		put64(fdt + FD, array);
		put64(fdt + CLOEXEC, nowhere[i]);
		look(-EFAULT, 0);
		put64(fdt + CLOEXEC, bitmap);
		memcpy(&table, guest_at(task.task + FILES), 8);
		put64(table + FDT, nowhere[i]);
		look(-EFAULT, 0);
		put64(table + FDT, fdt);
		put64(task.task + FILES, nowhere[i]);
		look(-EFAULT, 0);
		put64(task.task + FILES, table);
	}
	look(0, 2);
	task.task = 0xffff999912345678ull;
	look(-EFAULT, 0);
}

/* Absurd sizes cost no more than the bound: first of the table, then of what is open in it. */
static void test_bounds(void **state)
{
	gva_t f, big;
	uint32_t i;

	/*
	 * One page that is read again and again: an array of which all entries are the same file.
	 */
	guest_next = align_up(guest_next, 4096);
	big = new (70000 * 8);
	f = file_new(0, 0100600, 1);
	for (i = 0; i < 70000; i++)
		put64(big + 8 * i, f);
	put64(fdt + FD, big);
	put64(fdt + CLOEXEC, big);
	put32(fdt + MAX_FDS, 69952);
	look(-EOVERFLOW, 65536);
	put32(fdt + MAX_FDS, 65536);
	look(0, 65536);
	/* Nor does a table of what is no files: the first 256 tell. */
	for (i = 0; i < 1000; i++)
		put64(big + 8 * i, 1);
	look(-EFAULT, 0);
	for (i = 0; i < 1000 - 255; i++)
		put64(big + 8 * i, f);
	look(-EFAULT, 65536 - 255);
}

static gva_t socket_new(uint32_t fd, uint16_t family, uint16_t type, uint16_t protocol,
			uint64_t ino)
{
	gva_t socket = new (ALLOC_SIZE), sk = new (SOCK_SIZE), f = file_new(fd, 0140777, ino);

	inode_new(socket + ALLOC_INODE, 0140777, ino);
	put64(socket + SK, sk);
	put64(sk + SOCKET, socket);
	put16(sk + FAMILY, family);
	put16(sk + TYPE, type);
	put16(sk + PROTOCOL, protocol);
	put64(f + FILE_OPS, SOCKET_OPS);
	put64(f + FILE_PRIVATE, socket);
	return sk;
}

static struct linux_socket s;

static void look_at_socket(int want)
{
	look(0, 1);
	assert_int_equal(linux_socket(files[0].socket, &s), want);
}

static void test_inet(void **state)
{
	gva_t sk = socket_new(0, LINUX_AF_INET, LINUX_SOCK_STREAM, 6, 77);
	static const uint8_t a[4] = {127, 0, 0, 1}, b[4] = {192, 0, 2, 1};

	memcpy(guest_at(sk + RCV_SADDR), a, 4);
	memcpy(guest_at(sk + DADDR), b, 4);
	put16(sk + NUM, 1025);
	put16(sk + DPORT, 0x5c11); /* in network order */
	memset(guest_at(sk + STATE), 1, 1);
	put32(sk + INTERFACE, 3);
	put32(sk + MORE, 5);
	put32(sk + MORE + 4, 0xfffffffe);
	put32(sk + MORE + 8, 10);
	put32(sk + MORE + 12, 20); /* as while a FIN is counted */
	look_at_socket(0);
	assert_true(s.sock == sk && s.ino == 77 && s.family == 2 && s.type == 1 &&
		    s.protocol == 6 && s.state == 1 && s.local_port == 1025 &&
		    s.remote_port == 4444 && s.interface == 3 && !memcmp(s.local, a, 4) &&
		    !memcmp(s.remote, b, 4) && s.has_queues && s.tx_queue == 7 && s.rx_queue == 0);
	put32(sk + MORE + 12, 3);
	look_at_socket(0);
	assert_int_equal(s.rx_queue, 7);
	memset(guest_at(sk + STATE), 10, 1);
	put32(sk + ACK_BACKLOG, 2);
	look_at_socket(0);
	assert_int_equal(s.rx_queue, 2);
	put16(sk + PROTOCOL, 262); /* not a struct tcp_sock */
	look_at_socket(0);
	assert_false(s.has_queues);
	put16(sk + TYPE, LINUX_SOCK_DGRAM);
	put16(sk + PROTOCOL, 17);
	put32(sk + WMEM, 501);
	put32(sk + RMEM, 900);
	put32(sk + MORE, 100);
	look_at_socket(0);
	assert_true(s.has_queues && s.tx_queue == 500 && s.rx_queue == 800);

	put16(sk + FAMILY, LINUX_AF_INET6);
	memcpy(guest_at(sk + V6_RCV_SADDR), "0123456789abcdef", 16);
	memcpy(guest_at(sk + V6_DADDR), "fedcba9876543210", 16);
	look_at_socket(0);
	assert_memory_equal(s.local, "0123456789abcdef", 16);
	assert_memory_equal(s.remote, "fedcba9876543210", 16);
	put64(GUEST_BASE + GUEST_RAM - 8, 0);
	((struct kernel_blob *)*state)->field[F_SOCK_V6_DADDR] = NO_FIELD;
	look_at_socket(-EFAULT);

	put16(sk + FAMILY, LINUX_AF_NETLINK);
	look_at_socket(0);
	assert_int_equal(s.netlink_port, 100);
	put16(sk + FAMILY, LINUX_AF_PACKET);
	put32(sk + MORE, 0x0300);
	put32(sk + MORE + 4, 9);
	look_at_socket(0);
	assert_true(s.protocol == 3 && s.interface == 9);
	put16(sk + FAMILY, 29);
	look_at_socket(0);
}

static void name(gva_t address, uint32_t length, const void *bytes, size_t size)
{
	put32(address + ADDRESS_LEN, length);
	put16(address + ADDRESS_NAME, LINUX_AF_UNIX);
	memcpy(guest_at(address + ADDRESS_NAME + 2), bytes, size);
}

static void test_unix(void **state)
{
	gva_t sk = socket_new(0, LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, 77), other,
	      address = new (256);
	char full[109];
	uint32_t length;

	look_at_socket(0);
	assert_true(s.path_length == 0 && s.peer_ino == 0);
	put64(sk + MORE, address);
	name(address, 2 + 10, "/tmp/sock", 10);
	look_at_socket(0);
	assert_string_equal(s.path, "/tmp/sock");
	assert_int_equal(s.path_length, 9);
	name(address, 2 + 6, "\0ab\0cd", 6);
	look_at_socket(0);
	assert_string_equal(s.path, "@ab@cd");
	memset(full, 'f', sizeof(full));
	full[108] = 0;
	name(address, 2 + 109, full, 109); /* as long as can be, and a NUL behind it */
	look_at_socket(0);
	assert_int_equal(s.path_length, 108);
	assert_string_equal(s.path, full);
	name(address, 2, "", 0);
	look_at_socket(0);
	assert_int_equal(s.path_length, 0);
	name(address, 3, "", 1); /* abstract, of no byte */
	look_at_socket(0);
	assert_string_equal(s.path, "@");
	/* Lengths that no address has. */
	for (length = 0; length < 2; length++) {
		name(address, length, "x", 1);
		look_at_socket(-EFAULT);
	}
	for (length = 2 + 110; length < 1u << 31; length *= 3) {
		name(address, length, full, 109);
		look_at_socket(-EFAULT);
	}
	name(address, 0xffffffff, full, 109);
	look_at_socket(-EFAULT);
	name(address, 2 + 2, "p", 2);
	put64(sk + MORE, 0x400000);
	look_at_socket(-EFAULT);
	put64(sk + MORE, address);

	other = socket_new(1, LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, 99);
	put64(array + 8, 0);
	put64(sk + MORE + 8, other);
	look_at_socket(0);
	assert_int_equal(s.peer_ino, 99);
	put64(other + SOCKET, 0); /* not accepted yet */
	look_at_socket(0);
	assert_int_equal(s.peer_ino, 0);
	put64(other + SOCKET, 0x400000);
	look_at_socket(-EFAULT);
	put64(sk + MORE + 8, 0x400000);
	look_at_socket(-EFAULT);
}

static void test_damaged_sockets(void **state)
{
	gva_t sk = socket_new(0, LINUX_AF_INET, LINUX_SOCK_STREAM, 6, 77), socket;

	look_at_socket(0);
	socket = files[0].socket;
	put64(socket + SK, 0x400000);
	look_at_socket(-EFAULT);
	put64(socket + SK, 0); /* closed */
	look_at_socket(-EFAULT);
	put64(socket + SK, GUEST_BASE + GUEST_RAM - 4);
	look_at_socket(-EFAULT);
	put64(socket + SK, sk);
	assert_int_equal(linux_socket(0, &s), -EFAULT);
	assert_int_equal(linux_socket(0x400000, &s), -EFAULT);
	facility_lacks(*state, LINUX_SOCKETS, "none");
	assert_int_equal(linux_socket(socket, &s), -ENOTSUP);
}

/* Of all processes. */
static void test_held(void **state)
{
	struct linux_held_socket *held;
	gva_t sk, f;

	file_new(0, 0100600, 1);
	socket_new(4, LINUX_AF_NETLINK, 3, 0, 11);
	sk = socket_new(100, LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, 12);
	assert_int_equal(linux_sockets(&held, &count), 0);
	assert_int_equal(count, 2);
	assert_true(held[0].pid == 7 && held[0].fd == 4 && held[0].socket.ino == 11 &&
		    held[1].fd == 100 && held[1].socket.ino == 12);
	assert_string_equal(held[1].comm, "opener");
	free(held);
	/* Damage to one is said, and the others are there. */
	put64(sk + MORE, 1);
	assert_int_equal(linux_sockets(&held, &count), -EFAULT);
	assert_int_equal(count, 1);
	free(held);
	put64(sk + MORE, 0);
	f = file_new(5, 0100600, 1);
	put64(f + FILE_INODE, 0);
	assert_int_equal(linux_sockets(&held, &count), -EFAULT);
	assert_int_equal(count, 2);
	free(held);
	put64(task.task + TASKS, task.task + TASKS); /* the list of tasks loops */
	assert_int_equal(linux_sockets(&held, &count), -EOVERFLOW);
	assert_true(count >= 2);
	free(held);
	facility_lacks(*state, LINUX_SOCKETS, "none");
	assert_int_equal(linux_sockets(&held, &count), -ENOTSUP);
	assert_null(held);
	facility_lacks(*state, LINUX_FILES, "none");
	look(-ENOTSUP, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_tables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_inet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unix, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_sockets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_held, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
