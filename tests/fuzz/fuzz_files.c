// SPDX-License-Identifier: Apache-2.0
/*
 * Open files, sockets, modules, system-call tables and the IDT of a kernel whose structures hold
 * anything. As in fuzz_linux.c, a structure of the input is a row of words whose addresses come
 * from a table of places that know each other.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/linux_guest.h"

#define MAX_WORDS 512
#define AREA(n)	  (GUEST_BASE + 0x20000 + 0x1000 * (gva_t)(n))

enum {
	TASK,
	FILES,
	FDT,
	ARRAY,
	FILE_,
	INODE,
	SB,
	DENTRY,
	OPS,
	SOCKET,
	SOCK,
	ADDRESS,
	MODULE,
	USE,
	NS,
	AREAS
};

#define FUNCTIONS (GUEST_BASE + 0x1000) /* d_dname's, socket_file_ops: 16 bytes each */
#define CALLS	  (GUEST_BASE + 0x2000)
#define HEAD	  (GUEST_BASE + 0x3000)
#define TABLE	  (GUEST_BASE + 0x4000)
#define IDT	  (GUEST_BASE + 0x6000)

static struct kernel_blob *blob;

static const uint64_t places[] = {
	AREA(TASK),
	AREA(FILES),
	AREA(FDT),
	AREA(ARRAY),
	AREA(FILE_),
	AREA(INODE),
	AREA(SB),
	AREA(DENTRY),
	AREA(OPS),
	AREA(SOCKET),
	AREA(SOCK),
	AREA(ADDRESS),
	AREA(MODULE) + 8,
	AREA(USE),
	AREA(NS),
	AREA(FILE_) + 0x100,
	AREA(MODULE) + 0x208,
	HEAD,
	TABLE,
	IDT,
	FUNCTIONS,
	FUNCTIONS + 0x10,
	FUNCTIONS + 0x20,
	FUNCTIONS + 0x30,
	FUNCTIONS + 0x40,
	FUNCTIONS + 0x50,
	FUNCTIONS + 0x60,
	CALLS,
	CALLS + 0x10,
	CALLS + 0x20,
	GUEST_BASE + GUEST_RAM - 8,
	0x400000,
	0xffffffffc0000000,
	GUEST_BASE,
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static void set_up(void)
{
	static const struct guest_symbol symbols[] = {
		{"T_stext", GUEST_BASE},
		{"dsocket_file_ops", FUNCTIONS},
		{"tpipefs_dname", FUNCTIONS + 0x10},
		{"tsockfs_dname", FUNCTIONS + 0x20},
		{"tns_dname", FUNCTIONS + 0x30},
		{"tdmabuffs_dname", FUNCTIONS + 0x40},
		{"tanon_inodefs_dname", FUNCTIONS + 0x50},
		{"Tsimple_dname", FUNCTIONS + 0x60},
		{"T__x64_sys_read", CALLS},
		{"T__do_sys_getpid", CALLS + 0x10},
		{"T__x64_sys_ni_syscall", CALLS + 0x20},
		{"T_etext", GUEST_BASE + 0x2800},
		{"dmodules", HEAD},
		{"Dsys_call_table", TABLE},
		{"Dia32_sys_call_table", TABLE + 0x40},
		{"Dbehind", TABLE + 0x80},
		{"Didt_table", IDT},
		{"Dinit_task", AREA(TASK) + 0x800},
	};
	static const int16_t fields[][2] = {
		/* files */
		{F_TASK_FILES, 0x98},
		{F_FILES_FDT, 0},
		{F_FDT_MAX, 0},
		{F_FDT_FD, 8},
		{F_FDT_CLOEXEC, 16},
		{F_FILE_FLAGS, 0},
		{F_FILE_MODE, 4},
		{F_FILE_POS, 8},
		{F_FILE_OPS, 16},
		{F_FILE_PRIVATE, 24},
		{F_FILE_INODE, 32},
		{F_FILE_DENTRY, 40},
		{F_FILE_MNT, 48},
		{F_INODE_MODE, 0},
		{F_INODE_RDEV, 4},
		{F_INODE_SB, 8},
		{F_INODE_INO, 16},
		{F_INODE_PRIVATE, 24},
		{F_SB_DEV, 0},
		{F_DENTRY_OPS, 0},
		{F_DENTRY_NAME, 8},
		{F_DENTRY_NAME_LEN, 16},
		{F_DENTRY_PARENT, 24},
		{F_DENTRY_PPREV, 32},
		{F_DENTRY_INODE, 40},
		{F_DENTRY_FSDATA, 48},
		{F_DENTRY_OPS_DNAME, 0},
		{F_NS_OPS, 0},
		{F_NS_OPS_NAME, 8},
		{F_DMA_BUF_NAME, 8},
		{F_VFSMOUNT_ROOT, 0},
		{F_MOUNT_MNT, 0x20},
		{F_MOUNT_PARENT, 0},
		{F_MOUNT_MOUNTPOINT, 8},
		/* sockets */
		{F_SOCKET_SK, 0},
		{F_SOCKET_ALLOC_SOCKET, 0},
		{F_SOCKET_ALLOC_INODE, 8},
		{F_SOCK_FAMILY, 0},
		{F_SOCK_TYPE, 2},
		{F_SOCK_PROTOCOL, 4},
		{F_SOCK_STATE, 6},
		{F_SOCK_NUM, 8},
		{F_SOCK_DPORT, 10},
		{F_SOCK_INTERFACE, 12},
		{F_SOCK_DADDR, 16},
		{F_SOCK_RCV_SADDR, 20},
		{F_SOCK_V6_DADDR, 24},
		{F_SOCK_V6_RCV_SADDR, 40},
		{F_SOCK_SOCKET, 56},
		{F_SOCK_ACK_BACKLOG, 64},
		{F_SOCK_WMEM, 68},
		{F_SOCK_RMEM, 72},
		{F_TCP_WRITE_SEQ, 76},
		{F_TCP_SND_UNA, 80},
		{F_TCP_RCV_NXT, 84},
		{F_TCP_COPIED_SEQ, 88},
		{F_UDP_DEFICIT, 92},
		{F_UNIX_ADDR, 96},
		{F_UNIX_PEER, 104},
		{F_NETLINK_PORT, 96},
		{F_PACKET_PROTOCOL, 96},
		{F_PACKET_INTERFACE, 100},
		{F_UNIX_ADDRESS_LEN, 4},
		{F_UNIX_ADDRESS_NAME, 8},
		/* modules */
		{F_MODULE_STATE, 0},
		{F_MODULE_LIST, 8},
		{F_MODULE_NAME, 24},
		{F_MODULE_TAINTS, 0x60},
		{F_MODULE_REFS, 0x68},
		{F_MODULE_INIT, 0x70},
		{F_MODULE_EXIT, 0x78},
		{F_MODULE_USES, 0x80},
		{F_MODULE_CORE, 0x90},
		{F_MODULE_INIT_AREA, 0xa8},
		{F_MODULE_MEM_SIZE, 24},
		{F_MODULE_AREA_BASE, 0},
		{F_MODULE_AREA_SIZE, 8},
		{F_MODULE_AREA_TEXT, 12},
		{F_MODULE_USE_LIST, 0},
		{F_MODULE_USE_SOURCE, 16},
		/* tasks */
		{F_TASK_TASKS, 0},
		{F_TASK_PID, 16},
		{F_TASK_TGID, 20},
		{F_TASK_MM, 24},
		{F_TASK_REAL_PARENT, 32},
		{F_TASK_COMM, 40},
	};
	size_t i;

	guest_start();
	guest_symbols(symbols, sizeof(symbols) / sizeof(symbols[0]));
	blob = (struct kernel_blob *)kernel;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		blob->field[fields[i][0]] = fields[i][1];
	facility_lacks(blob, LINUX_DETAILS, "not looked at here");
	put64(AREA(TASK) + 0x800, AREA(TASK)); /* init_task's list */
	put64(AREA(TASK), AREA(TASK) + 0x800);
}

static void look_at_socket(gva_t socket)
{
	struct linux_socket s;

	if (linux_socket(socket, &s))
		return;
	must(s.path_length < sizeof(s.path) && !s.path[s.path_length]);
	must(!s.path_length || s.family == LINUX_AF_UNIX);
}

static void look_at_files(const struct linux_task *task)
{
	struct linux_file *files;
	char path[300];
	size_t count;
	int32_t last = -1;

	(void)!linux_files(task, &files, &count);
	for (size_t i = 0; i < count; i++) {
		const struct linux_file *f = &files[i];

		must(f->fd > last && f->kind < LINUX_FILE_KINDS);
		last = f->fd;
		if (i >= 8)
			continue;
		if (!linux_file_path(f->file, path, sizeof(path)))
			must(memchr(path, '\0', sizeof(path)));
		(void)!linux_file_path(f->file, path, 3);
		if (f->socket)
			look_at_socket(f->socket);
	}
	free(files);
}

static void count_user(const char *name, void *arg)
{
	must(strlen(name) < LINUX_MODULE_NAME);
	++*(size_t *)arg;
}

static void look_at_modules(void)
{
	struct linux_module *modules;
	size_t count, users = 0;

	(void)!linux_modules(&modules, &count);
	for (size_t i = 0; i < count && i < 8; i++) {
		const struct linux_module *m = &modules[i];

		must(strlen(m->name) < sizeof(m->name) && *m->name);
		must(m->area_count <= LINUX_MODULE_AREAS && m->state <= LINUX_MODULE_UNFORMED);
		for (uint32_t k = 0; k < m->area_count; k++)
			must(m->areas[k].size && m->areas[k].text <= m->areas[k].size &&
			     m->areas[k].start + m->areas[k].size > m->areas[k].start);
		(void)!linux_module_users(m->module, count_user, &users);
		must(users <= 8 * 4096);
	}
	free(modules);
}

static void look_at_tables(gva_t base)
{
	struct linux_syscall *calls;
	struct linux_gate *gates;
	size_t count;

	(void)!linux_syscalls(&calls, &count);
	must(count <= 16);
	for (size_t i = 0; i < count; i++)
		must(calls[i].inside || calls[i].hooked);
	free(calls);
	if (!linux_idt(base, &gates, &count)) {
		must(count == 256 && gates[255].vector == 255);
		free(gates);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	static uint64_t undo[MAX_WORDS][2];
	struct linux_task task = {.task = AREA(TASK)};
	struct linux_held_socket *held;
	size_t words = 0, count;
	gva_t pos = AREA(TASK);
	gva_t base;

	if (!blob)
		set_up();
	kernel = blob;
	linux_guest_ran();
	/* The layouts of modules before and since 6.4. */
	blob->field[F_MODULE_MEM] = take(&in, 1) & 1 ? 0x90 : NO_FIELD;
	base = take_number(&in, places, PLACES);
	while (input_left(&in) && words < MAX_WORDS) {
		uint8_t op = (uint8_t)take(&in, 1);
		uint64_t value;

		if (op & 0x80) { /* go to another place */
			pos = places[(op & 0x7f) % PLACES] + 8 * take(&in, 1);
			continue;
		}
		if (op & 0x40) { /* skip */
			pos += 8 * (op & 0x3f);
			continue;
		}
		value = take_number(&in, places, PLACES);
		if (pos < GUEST_BASE || pos > GUEST_BASE + GUEST_RAM - 8)
			pos = AREA(TASK);
		memcpy(&undo[words][1], guest_at(pos), 8);
		undo[words++][0] = pos;
		put64(pos, value);
		pos += 8;
	}
	look_at_files(&task);
	look_at_socket(AREA(SOCKET));
	look_at_modules();
	look_at_tables(base);
	(void)!linux_sockets(&held, &count);
	must(!count || held);
	free(held);
	while (words--)
		put64(undo[words][0], undo[words][1]);
	return 0;
}

#define GO(place, word) 0x80 | (place), (word)
#define PLACE(i)	0, 2 | (i) << 2, 0, 0
#define SMALL(n)	0, (n) << 2

void fuzz_seeds(void)
{
	/* One open file, which is a UNIX socket with a name, and a module that another one uses. */
	static const uint8_t seed[] = {
		0,	    0,		GO(0, 19),  PLACE(1),  GO(1, 0),  PLACE(2),  GO(2, 0),
		0,	    1 | 6 << 2, 0,	    PLACE(3),  PLACE(6),  GO(3, 0),  PLACE(4),
		GO(4, 2),   PLACE(20),	PLACE(9),   PLACE(5),  PLACE(7),  PLACE(14), GO(5, 0),
		SMALL(3),   PLACE(6),	SMALL(9),   PLACE(14), GO(7, 0),  PLACE(8),  PLACE(11),
		SMALL(4),   PLACE(7),	SMALL(1),   PLACE(5),  GO(8, 0),  PLACE(22), GO(9, 0),
		PLACE(10),  SMALL(3),	PLACE(6),   SMALL(9),  GO(10, 0), SMALL(1),  GO(10, 7),
		PLACE(9),   GO(10, 12), PLACE(11),  PLACE(10), GO(11, 0), SMALL(5),  SMALL(6),
		SMALL(7),   GO(17, 0),	PLACE(12),  GO(12, 0), PLACE(17), GO(12, 2), SMALL(5),
		GO(12, 15), PLACE(13),	GO(12, 17), PLACE(32), SMALL(9),  GO(13, 0), PLACE(13),
		SMALL(0),   PLACE(12),	GO(18, 0),  PLACE(27), PLACE(28), PLACE(29), PLACE(32),
		GO(19, 0),  PLACE(27),	PLACE(28),
	};

	fuzz_seed(seed, sizeof(seed));
	for (size_t n = 20; n < sizeof(seed); n += 20)
		fuzz_seed(seed, n);
}
