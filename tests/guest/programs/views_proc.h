// SPDX-License-Identifier: Apache-2.0
/*
 * What views.c says of open files (/proc/PID/fd), sockets (/proc/PID/net), modules (/proc/modules),
 * and of tables in the kernel's memory (/proc/kcore at the addresses in /proc/kallsyms).
 */
#ifndef VIEWS_PROC_H
#define VIEWS_PROC_H

#include <elf.h>
#include <sys/sysmacros.h>

#define FILES_MAX 4096

/* --- open files --- */

static const char *kind_of(mode_t mode, const char *target)
{
	if (strncmp(target, "anon_inode:", 11) == 0)
		return "anon";
	if (S_ISREG(mode) && target[0] != '/')
		return "namespace"; /* "net:[4026531840]" */
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	case S_IFCHR:
		return "device";
	case S_IFBLK:
		return "block%20device";
	case S_IFLNK:
		return "link";
	}
	return "other";
}

/* The value behind name in what is in file, a number of that base. */
static unsigned long long value_of(const char *name, int base)
{
	const char *line = strstr(file, name);

	return line ? strtoull(line + strlen(name), NULL, base) : 0;
}

/* The descriptors of a process, ascending; one that the reading itself opened may be among them. */
static int descriptors(int pid, int *fds)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	return numbers_in(path, fds, FILES_MAX);
}

static void file_lines(int pid)
{
	static int fds[FILES_MAX];
	int n = descriptors(pid, fds);

	for (int i = 0; i < n; i++) {
		const char *target = link_of("/proc/%d/fd/%d", pid, fds[i]);
		struct stat link, st;
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fds[i]);
		if (!*target || lstat(path, &link) || stat(path, &st))
			continue;
		slurp(file, "/proc/%d/fdinfo/%d", pid, fds[i]);
		put("view file pid=%d fd=%d kind=%s mode=%s%s flags=%llo pos=%lld inode=%llu "
		    "device=%u:%u path=",
		    pid, fds[i], kind_of(st.st_mode, target), link.st_mode & S_IRUSR ? "r" : "",
		    link.st_mode & S_IWUSR ? "w" : "", value_of("flags:", 8),
		    (long long)value_of("pos:", 10), (unsigned long long)st.st_ino,
		    major(st.st_dev), minor(st.st_dev));
		put_text(target);
		put("\n");
	}
}

/* --- sockets --- */

/* What tables of /proc/net say of a socket. */
struct net_row {
	const char *state;
	char local[INET6_ADDRSTRLEN + 8], remote[INET6_ADDRSTRLEN + 8];
	unsigned int rx, tx;
	bool queues;
	char path[256];
};

static const char *state_name(unsigned int state)
{
	static const char *const names[] = {
		"?",	     "ESTABLISHED", "SYN_SENT",	  "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
		"TIME_WAIT", "CLOSE",	    "CLOSE_WAIT", "LAST_ACK", "LISTEN",	   "CLOSING",
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] : "?";
}

/* "0100007F:115C", four bytes a group, each as a number of this machine */
static void read_address(char *to, size_t size, const char *text, int family)
{
	unsigned char bytes[16];
	char name[INET6_ADDRSTRLEN];
	int groups = family == AF_INET6 ? 4 : 1;

	for (int i = 0; i < groups; i++) {
		unsigned int word;

		if (sscanf(text + 8 * i, "%8x", &word) != 1)
			die("address %s", text);
		memcpy(bytes + 4 * i, &word, 4);
	}
	inet_ntop(family, bytes, name, sizeof(name));
	snprintf(to, size, "%s,%lu", name, strtoul(text + 8 * groups + 1, NULL, 16));
}

static bool find_inet(struct net_row *row, int pid, const char *table, int family,
		      unsigned long long inode)
{
	char *line, *next;

	if (slurp(file, "/proc/%d/net/%s", pid, table) <= 0)
		return false;
	for (line = strchr(file, '\n'); line && *++line; line = next) {
		char local[48], remote[48];
		unsigned long long ino;
		unsigned int state;

		next = strchr(line, '\n');
		if (sscanf(line, " %*d: %47s %47s %x %x:%x %*s %*s %*s %*s %llu", local, remote,
			   &state, &row->tx, &row->rx, &ino) != 6 ||
		    ino != inode)
			continue;
		row->state = state_name(state);
		row->queues = strncmp(table, "raw", 3) != 0;
		read_address(row->local, sizeof(row->local), local, family);
		read_address(row->remote, sizeof(row->remote), remote, family);
		return true;
	}
	return false;
}

static void find_unix(struct net_row *row, int pid, unsigned long long inode)
{
	char *line, *next;

	slurp(file, "/proc/%d/net/unix", pid);
	for (line = strchr(file, '\n'); line && *++line; line = next) {
		unsigned int flags, state;
		unsigned long long ino;
		int path = 0;

		next = strchr(line, '\n');
		if (next)
			*next = '\0';
		if (sscanf(line, "%*s %*s %*s %x %*s %x %llu%n", &flags, &state, &ino, &path) < 3)
			die("/proc/%d/net/unix: %s", pid, line);
		/* __SO_ACCEPTCON, include/uapi/linux/net.h; SS_CONNECTED */
		row->state = flags & 0x10000 ? "LISTEN" : state == 3 ? "ESTABLISHED" : "CLOSE";
		snprintf(row->path, sizeof(row->path), "%s", line[path] ? line + path + 1 : "");
		if (ino == inode)
			return;
	}
	die("/proc/%d/net/unix has no %llu", pid, inode);
}

/* netlink: the port; packet: the protocol is in the table only. */
static unsigned int find_number(int pid, const char *table, int column, unsigned long long inode)
{
	char *line, *next;

	slurp(file, "/proc/%d/net/%s", pid, table);
	for (line = strchr(file, '\n'); line && *++line; line = next) {
		unsigned int number = 0;
		char *word, *last = NULL;
		int n = 0;

		next = strchr(line, '\n');
		if (next)
			*next = '\0';
		for (word = strtok(line, " "); word; word = strtok(NULL, " "), n++) {
			if (n == column)
				number = (unsigned int)strtoul(word, NULL, *table == 'p' ? 16 : 10);
			last = word;
		}
		if (last && strtoull(last, NULL, 10) == inode)
			return number;
	}
	return 0;
}

static int option(int socket, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	getsockopt(socket, SOL_SOCKET, name, &value, &size);
	return value;
}

static const char *type_name(int type)
{
	switch (type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_RAW:
		return "raw";
	case SOCK_SEQPACKET:
		return "seqpacket";
	}
	return "?";
}

static const char *protocol_name(int protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	}
	return "?";
}

/* Those that the services of a Debian use. */
static const char *netlink_name(int protocol)
{
	switch (protocol) {
	case NETLINK_ROUTE:
		return "route";
	case NETLINK_AUDIT:
		return "audit";
	case NETLINK_NETFILTER:
		return "netfilter";
	case NETLINK_KOBJECT_UEVENT:
		return "kobject_uevent";
	case NETLINK_GENERIC:
		return "generic";
	}
	return "?";
}

/* socket: our own descriptor of it; what it is it says itself, the rest is in /proc/net. */
static void socket_line(int pid, int fd, int socket, unsigned long long inode)
{
	int domain = option(socket, SO_DOMAIN), protocol = option(socket, SO_PROTOCOL);
	const char *type = type_name(option(socket, SO_TYPE));
	struct net_row row = {.state = "CLOSE"}; /* one that is in no table */
	const char *zero = domain == AF_INET6 ? "::,0" : "0.0.0.0,0";

	put("view socket pid=%d fd=%d inode=%llu type=%s ", pid, fd, inode, type);
	switch (domain) {
	case AF_INET:
	case AF_INET6:
		strcpy(row.local, zero);
		strcpy(row.remote, zero);
		row.queues = strcmp(type, "raw") != 0;
		if (domain == AF_INET)
			(void)(find_inet(&row, pid, "tcp", domain, inode) ||
			       find_inet(&row, pid, "udp", domain, inode) ||
			       find_inet(&row, pid, "raw", domain, inode));
		else
			(void)(find_inet(&row, pid, "tcp6", domain, inode) ||
			       find_inet(&row, pid, "udp6", domain, inode) ||
			       find_inet(&row, pid, "raw6", domain, inode));
		put("family=%s protocol=%s state=%s local=%s remote=%s",
		    domain == AF_INET ? "inet" : "inet6", protocol_name(protocol), row.state,
		    row.local, row.remote);
		if (row.queues)
			put(" rx=%u tx=%u", row.rx, row.tx);
		break;
	case AF_UNIX:
		find_unix(&row, pid, inode);
		put("family=unix state=%s path=", row.state);
		put_text(row.path);
		break;
	case AF_NETLINK:
		put("family=netlink protocol=%s port=%u", netlink_name(protocol),
		    find_number(pid, "netlink", 2, inode));
		break;
	case AF_PACKET:
		put("family=packet protocol=%u", find_number(pid, "packet", 3, inode));
		break;
	default:
		put("family=%d", domain);
	}
	put("\n");
}

static void socket_lines(int pid)
{
	static int fds[FILES_MAX];
	int process = (int)syscall(SYS_pidfd_open, pid, 0), n = descriptors(pid, fds);

	for (int i = 0; i < n; i++) {
		unsigned long long inode;
		int socket;

		if (sscanf(link_of("/proc/%d/fd/%d", pid, fds[i]), "socket:[%llu]", &inode) != 1)
			continue;
		socket = (int)syscall(438 /* pidfd_getfd */, process, fds[i], 0);
		if (socket < 0)
			die("pidfd_getfd of %d, %d", pid, fds[i]);
		socket_line(pid, fds[i], socket, inode);
		close(socket);
	}
	close(process);
}

/* lvmon.sockets(): who has which one open. */
static void held_lines(void)
{
	static int fds[FILES_MAX];

	for (int p = 0; p < pid_count; p++) {
		int n = descriptors(pids[p], fds);

		for (int i = 0; i < n; i++) {
			unsigned long long inode;

			if (sscanf(link_of("/proc/%d/fd/%d", pids[p], fds[i]), "socket:[%llu]",
				   &inode) == 1)
				put("view held pid=%d fd=%d inode=%llu\n", pids[p], fds[i], inode);
		}
	}
}

/* --- modules --- */

static void module_lines(void)
{
	char *line, *next;

	slurp(file, "/proc/modules");
	for (line = file; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		put("view module %s\n", line);
	}
}

/* --- the kernel's tables --- */

/* Addresses of functions that look like system calls', ascending; and of tables by name. */
static unsigned long calls[16384];
static size_t call_count;

static struct {
	const char *name;
	unsigned long address;
} tables[] = {{"sys_call_table", 0},
	      {"ia32_sys_call_table", 0},
	      {"x32_sys_call_table", 0},
	      {"idt_table", 0}};

static int by_address(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

static void read_symbols(void)
{
	FILE *f = call_count ? NULL : fopen("/proc/kallsyms", "re");
	char line[1024], name[600], type;
	unsigned long address;

	while (f && fgets(line, sizeof(line), f)) {
		/* The table is long, and some emulators are slow. */
		if ((!strstr(line, "sys_") && !strstr(line, "idt_table")) ||
		    sscanf(line, "%lx %c %599s", &address, &type, name) != 3)
			continue;
		for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
			if (strcmp(name, tables[i].name) == 0)
				tables[i].address = address;
		if (strchr("tTwW", type) && strstr(name, "sys_") &&
		    call_count < sizeof(calls) / sizeof(*calls))
			calls[call_count++] = address;
	}
	if (f)
		fclose(f);
	qsort(calls, call_count, sizeof(*calls), by_address);
}

static bool is_call(unsigned long address)
{
	return bsearch(&address, calls, call_count, sizeof(*calls), by_address) != NULL;
}

static bool read_kernel(unsigned long address, void *to, size_t size)
{
	static int core = -1;
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (core < 0)
		core = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (pread(core, &header, sizeof(header), 0) != sizeof(header))
		return false;
	for (int i = 0; i < header.e_phnum; i++) {
		off_t at = (off_t)(header.e_phoff + (size_t)i * sizeof(segment));

		if (pread(core, &segment, sizeof(segment), at) != sizeof(segment))
			return false;
		if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
		    address - segment.p_vaddr < segment.p_memsz)
			return pread(core, to, size,
				     (off_t)(segment.p_offset + (address - segment.p_vaddr))) ==
			       (ssize_t)size;
	}
	return false;
}

/* As long as the words are addresses of calls. */
static void table_lines(const char *abi, unsigned long table)
{
	unsigned long entry;

	for (unsigned int i = 0; table && read_kernel(table + 8 * i, &entry, 8) && is_call(entry);
	     i++)
		put("view syscall abi=%s number=%u handler=%lx inside=1 hooked=0\n", abi, i, entry);
}

static void syscall_lines(void)
{
	read_symbols();
	table_lines("x64", tables[0].address);
	table_lines("ia32", tables[1].address);
	table_lines("x32", tables[2].address);
}

static void gate_lines(void)
{
	static uint64_t gates[256][2];

	read_symbols();
	if (!tables[3].address || !read_kernel(tables[3].address, gates, sizeof(gates)))
		return;
	for (int i = 0; i < 256; i++) {
		uint64_t low = gates[i][0];
		unsigned int type = low >> 40 & 15;

		/* AMD APM vol. 2, figure 4-24 */
		put("view gate vector=%d handler=%lx selector=%u type=%s dpl=%u ist=%u present=%u "
		    "inside=1\n",
		    i, (low & 0xffff) | (low >> 48) << 16 | gates[i][1] << 32,
		    (unsigned int)(low >> 16 & 0xffff),
		    type == 14	 ? "interrupt"
		    : type == 15 ? "trap"
				 : "?",
		    (unsigned int)(low >> 45 & 3), (unsigned int)(low >> 32 & 7),
		    (unsigned int)(low >> 47 & 1));
	}
}

#endif
