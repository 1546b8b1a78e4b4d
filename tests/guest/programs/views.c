// SPDX-License-Identifier: Apache-2.0
/*
 * The oracle for the views of signatures: makes processes, threads, mappings, files, sockets and
 * mounts of all sorts (views_work.h), and when all of them stand still prints what /proc says of
 * them, a line "view KIND ..." each. Between two readings of /proc that agree it makes a row of
 * system calls that the signature views.lua hooks; that prints the same lines from its views.
 *
 *	views [small]		small: for emulators that are slow
 *	views sleep FD NAME	used by itself: writes a byte to FD and sleeps, as NAME
 *
 * The calls are getpriority(WHICH, WHO, KIND): WHICH 0: the KIND-th of the kinds of lines that each
 * process has, of process WHO; 1: the KIND-th of those that the machine has; 2: the WHO-th try
 *begins; 3: all is said. Bytes that are not plain letters are written %XX on both sides.
 */
#include "views_work.h"

#define TRIES	  20
#define TEXT_SIZE (16u << 20)
#define PIDS_MAX  1000
#define FILE_SIZE (4u << 20)

struct text {
	char *bytes;
	size_t used;
};

static struct text texts[2], *out; /* two readings; the one at work */
static int pids[PIDS_MAX], pid_count;

static void __attribute__((format(printf, 1, 2))) put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out->used += (size_t)vsnprintf(out->bytes + out->used, TEXT_SIZE - out->used, format, args);
	va_end(args);
	if (out->used >= TEXT_SIZE)
		die("too much text");
}

/* Bytes that would end a word, a line or a string of JSON as %XX. */
static void put_bytes(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c <= ' ' || c >= 127 || c == '%' || c == '"' || c == '\\')
			put("%%%02x", c);
		else
			put("%c", c);
	}
}

static void put_text(const char *text)
{
	put_bytes(text, strlen(text));
}

/* A file of /proc as a whole, NUL behind it; its length, -1: it cannot be read. */
static ssize_t __attribute__((format(printf, 2, 3))) slurp(char *to, const char *format, ...)
{
	char path[256];
	ssize_t n, sum = 0;
	va_list args;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	to[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((n = read(fd, to + sum, FILE_SIZE - 1 - (size_t)sum)) > 0)
		sum += n;
	close(fd);
	to[sum] = '\0';
	return n < 0 ? -1 : sum;
}

static char file[FILE_SIZE];

/* The target of a symbolic link of /proc, "" when it cannot be read. */
static const char *__attribute__((format(printf, 1, 2))) link_of(const char *format, ...)
{
	static char target[PATH_MAX + 64];
	char path[256];
	va_list args;
	ssize_t n;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return target;
}

/* \012 and the like, as /proc writes what would end a word or a line. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* What is in numbers behind the name in /proc/PID/stat; [0] is the field that proc(5) calls 4. */
struct stat_line {
	char comm[128];
	char state;
	unsigned long long field[49];
};

#define STAT(s, n) ((s)->field[(n)-4]) /* proc(5) counts from 1 */

static bool read_stat(struct stat_line *s, const char *folder)
{
	char *open, *close, *at;

	if (slurp(file, "%s/stat", folder) <= 0)
		return false;
	open = strchr(file, '(');
	close = strrchr(file, ')');
	if (!open || !close)
		return false;
	snprintf(s->comm, sizeof(s->comm), "%.*s", (int)(close - open - 1), open + 1);
	s->state = close[2];
	at = close + 3;
	for (size_t i = 0; i < sizeof(s->field) / sizeof(*s->field); i++)
		s->field[i] = strtoull(at, &at, 10);
	/*
	 * Of a kernel thread, /proc shows more than the 15 bytes that the kernel's structure has:
	 * the work that it does, or its full name.
	 */
	if (STAT(s, 9) & PF_KTHREAD) {
		if (strncmp(s->comm, "kworker/", 8) == 0 && s->comm[8] != 'R')
			s->comm[8 + strcspn(s->comm + 8, "+-")] = '\0';
		s->comm[15] = '\0';
	}
	return true;
}

/* The line of /proc/PID/status that begins with name, its words with commas between. */
static void put_status(const char *name, const char *as)
{
	const char *line = strstr(file, name);
	bool first = true;

	put(" %s=", as);
	if (!line)
		return;
	for (line += strlen(name); *line && *line != '\n';) {
		size_t word = strcspn(line, " \t\n");

		if (word)
			put("%s%.*s", first ? "" : ",", (int)word, line);
		first = first && !word;
		line += word + strspn(line + word, " \t");
	}
}

static void put_namespaces(int pid)
{
	static const char *const names[] = {"mnt", "pid",  "net",    "uts",
					    "ipc", "user", "cgroup", "time"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *number = strchr(link_of("/proc/%d/ns/%s", pid, names[i]), '[');

		put(" %s_ns=%lu", names[i], number ? strtoul(number + 1, NULL, 10) : 0);
	}
}

static void process_line(int pid)
{
	char folder[32], *line;
	struct stat_line s;
	ssize_t n;

	snprintf(folder, sizeof(folder), "/proc/%d", pid);
	if (!read_stat(&s, folder))
		return;
	put("view process pid=%d ppid=%llu comm=", pid, STAT(&s, 4));
	put_text(s.comm);
	put(" state=%c pgrp=%llu session=%llu tty=%llu kthread=%d threads=%llu start=%llu exe=",
	    s.state, STAT(&s, 5), STAT(&s, 6), STAT(&s, 7), (STAT(&s, 9) & PF_KTHREAD) != 0,
	    STAT(&s, 20), STAT(&s, 22));
	put_text(link_of("/proc/%d/exe", pid));
	put(" cmdline=");
	n = slurp(file, "/proc/%d/cmdline", pid);
	put_bytes(file, n > 0 ? (size_t)n : 0);
	slurp(file, "/proc/%d/status", pid);
	put_status("\nUid:", "uid");
	put_status("\nGid:", "gid");
	put_status("\nCapInh:", "cap_inheritable");
	put_status("\nCapPrm:", "cap_permitted");
	put_status("\nCapEff:", "cap_effective");
	put_status("\nCapBnd:", "cap_bounding");
	put_status("\nCapAmb:", "cap_ambient");
	put(" cgroup=");
	slurp(file, "/proc/%d/cgroup", pid);
	line = strncmp(file, "0::", 3) == 0 ? file : strstr(file, "\n0::");
	if (line) {
		line = strstr(line, "0::") + 3;
		line[strcspn(line, "\n")] = '\0';
		put_text(line);
	}
	put_namespaces(pid);
	put("\n");
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The names in a folder of /proc that are numbers, ascending. */
static int numbers_in(const char *path, int *numbers, int max)
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	int n = 0;

	while (folder && (entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]) && n < max)
			numbers[n++] = atoi(entry->d_name);
	if (folder)
		closedir(folder);
	qsort(numbers, (size_t)n, sizeof(*numbers), by_number);
	return n;
}

static void thread_lines(int pid)
{
	static int tids[PIDS_MAX];
	struct stat_line s;
	char folder[64];
	int n;

	snprintf(folder, sizeof(folder), "/proc/%d/task", pid);
	n = numbers_in(folder, tids, PIDS_MAX);
	for (int i = 0; i < n; i++) {
		snprintf(folder, sizeof(folder), "/proc/%d/task/%d", pid, tids[i]);
		if (!read_stat(&s, folder))
			continue;
		put("view thread pid=%d tid=%d comm=", pid, tids[i]);
		put_text(s.comm);
		put(" state=%c start=%llu\n", s.state, STAT(&s, 22));
	}
}

static void map_lines(int pid)
{
	char *line, *next;

	if (slurp(file, "/proc/%d/maps", pid) < 0)
		return;
	for (line = file; *line; line = next) {
		unsigned long start, stop, offset, inode;
		char perms[8], device[16];
		int path = 0;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (sscanf(line, "%lx-%lx %7s %lx %15s %lu %n", &start, &stop, perms, &offset,
			   device, &inode, &path) < 6)
			die("/proc/%d/maps: %s", pid, line);
		unescape(line + path);
		put("view map pid=%d %lx-%lx %s offset=%lx device=%s inode=%lu anonymous=%d path=",
		    pid, start, stop, perms, offset, device, inode, strcmp(device, "00:00") == 0);
		put_text(line + path);
		put("\n");
	}
}

#include "views_proc.h"

/* /proc/PID/mountinfo; what is a file system's own affair among the options is left out. */
static void mount_lines_of(const char *of, const char *name)
{
	char *line, *next;

	if (slurp(file, "/proc/%s/mountinfo", of) < 0)
		return;
	for (line = file; *line; line = next) {
		char *word[6], *optional, *rest, *type, *source, *super;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		rest = strstr(line, " - ");
		if (!rest)
			die("/proc/%s/mountinfo: %s", of, line);
		*rest = '\0';
		for (int i = 0; i < 6; i++)
			word[i] = strsep(&line, " ");
		optional = line ? line : "";
		rest += 3;
		type = strsep(&rest, " ");
		source = strsep(&rest, " ");
		super = strsep(&rest, ", ");
		unescape(word[3]);
		unescape(word[4]);
		unescape(source);
		put("view mount pid=%s id=%s parent=%s device=%s options=%s super=%s type=%s root=",
		    name, word[0], word[1], word[2], word[5], super, type);
		put_text(word[3]);
		put(" path=");
		put_text(word[4]);
		put(" source=");
		put_text(source);
		put(" propagation=");
		put_text(optional);
		put("\n");
	}
}

/* Of those processes that may have something of their own to show. */
static void mount_lines(int pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	slurp(file, "/proc/%d/comm", pid);
	if (pid == 1 || strncmp(file, "ns-", 3) == 0 || strncmp(file, "systemd-", 8) == 0)
		mount_lines_of(number, number);
}

/* lvmon.mounts() */
static void all_mount_lines(void)
{
	mount_lines_of("1", "all");
}

/* A kind of lines: the function of the same number in views.lua prints the same. */
static void (*const of_process[])(int pid) = {
	process_line, thread_lines, map_lines, mount_lines, file_lines, socket_lines,
};

static void (*const of_machine[])(void) = {
	all_mount_lines, held_lines, module_lines, syscall_lines, gate_lines,
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void read_all(struct text *to)
{
	out = to;
	out->used = 0;
	pid_count = numbers_in("/proc", pids, PIDS_MAX);
	for (int i = 0; i < pid_count; i++)
		for (size_t k = 0; k < COUNT(of_process); k++)
			of_process[k](pids[i]);
	for (size_t k = 0; k < COUNT(of_machine); k++)
		of_machine[k]();
}

static void mark(int which, int who, size_t kind)
{
	syscall(SYS_getpriority, which, who, kind);
}

static void mark_all(int try)
{
	mark(2, try, 0);
	for (int i = 0; i < pid_count; i++)
		for (size_t k = 0; k < COUNT(of_process); k++)
			mark(0, pids[i], k);
	for (size_t k = 0; k < COUNT(of_machine); k++)
		mark(1, 0, k);
	mark(3, try, 0);
}

static void *room(size_t size)
{
	char *bytes = malloc(size);

	if (!bytes)
		die("no memory");
	memset(bytes, 0, size);
	return bytes;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "sleep") == 0)
		return work_sleep(argc, argv);
	texts[0].bytes = room(TEXT_SIZE);
	texts[1].bytes = room(TEXT_SIZE);
	prctl(PR_SET_NAME, "views");
	work_start(argc > 1 && strcmp(argv[1], "small") == 0);
	for (int try = 1; try <= TRIES; try++) {
		/* Let what is only now falling asleep do so. */
		usleep(200000);
		read_all(&texts[0]);
		mark_all(try);
		read_all(&texts[1]);
		if (texts[0].used != texts[1].used ||
		    memcmp(texts[0].bytes, texts[1].bytes, texts[0].used) != 0)
			continue;
		fwrite(texts[0].bytes, 1, texts[0].used, stdout);
		printf("result try %d\n", try);
		fflush(stdout);
		work_end();
		return 0;
	}
	printf("result try never\n");
	work_end();
	return 1;
}
