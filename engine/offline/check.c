/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine --check: is a signature fit for an archive? Its text is compiled; the names it uses of the
 * table lvmon are looked up by a scan of its tokens, so that handlers count that have never run;
 * and its chunk is run against a guest that is not there, where every system call exists.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include "engine/base/text.h"
#include "engine/lua/api.h"
#include "engine/offline/command.h"
#include "engine/signature/limit.h"
#include "engine/signature/signature.h"

#define CHECK_SECONDS 2

/* --- a guest that is not there --- */

static unsigned int errors;
static const char *file_name;

static int none_next(const struct lvmon_verdict *verdict, struct lvmon_event *event)
{
	return -ENODATA;
}

static int none_write(gpa_t gpa, const void *buf, size_t size)
{
	return 0;
}

static int none_reg_read(enum lvmon_reg reg, uint64_t *value)
{
	*value = 0;
	return 0;
}

static int none_reg_write(enum lvmon_reg reg, uint64_t value)
{
	return 0;
}

static uint64_t none_size(void)
{
	return 1ull << 30;
}

static uint64_t none_time(void)
{
	return 0;
}

static int none_hook(const struct lvmon_hook *hook)
{
	return 1;
}

static int none_remove(uint32_t id)
{
	return 0;
}

static int none_task(const struct lvmon_task *task)
{
	return 0;
}

/* A file's name may be another's work, and what its code raises must not look like the next
 * message. */
static void complain(int line, const char *message)
{
	char name[4096];

	text_clean(file_name, strlen(file_name), false, name, sizeof(name));
	fputs(name, stderr);
	if (line > 0)
		fprintf(stderr, ":%d", line);
	fputs(": ", stderr);
	for (; *message; message++)
		fputs(*message == '\n' ? "\n    " : (const char[]){*message, '\0'}, stderr);
	fputc('\n', stderr);
	errors++;
}

/* Records that are errors are what the check is for; all others are of no interest here. */
static int none_emit(const char *json, size_t size, bool bulk)
{
	json_t *r = json_loadb(json, size, 0, NULL);
	const char *kind = json_string_value(json_object_get(r, "kind"));

	if (kind && strcmp(kind, "error") == 0) {
		const char *outer = file_name, *slash = strrchr(outer, '/');
		const char *file = json_string_value(json_object_get(r, "file"));
		char path[4096];

		/* In what it requires: "lib/x.lua", which lies beside it. */
		snprintf(path, sizeof(path), "%.*s%s", slash ? (int)(slash + 1 - outer) : 0, outer,
			 file ? file : "");
		if (file && strchr(file, '/'))
			file_name = path;
		complain((int)json_integer_value(json_object_get(r, "line")),
			 json_string_value(json_object_get(r, "message")));
		file_name = outer;
	}
	json_decref(r);
	return 0;
}

static int none_bytes(const void *bytes, size_t size)
{
	return 0;
}

static int none_log(const char *text, size_t size)
{
	return 0;
}

static const struct backend none = {
	.next_event = none_next,
	.mem_write = none_write,
	.reg_read = none_reg_read,
	.reg_write = none_reg_write,
	.mem_size = none_size,
	.cpu_time = none_time,
	.hook_add = none_hook,
	.hook_remove = none_remove,
	.set_task = none_task,
	.emit = none_emit,
	.blob_store = none_bytes,
	.log = none_log,
};

/* --- the tokens of Lua (reference manual 5.4, 3.1), as far as names need them --- */

struct lexer {
	const char *p, *end;
	int line;
};

enum token { T_END, T_NAME, T_STRING, T_OTHER };

/* A long bracket's level at p, or -1. */
static int long_bracket(const char *p, const char *end)
{
	const char *q = p + 1;

	if (p >= end || *p != '[')
		return -1;
	while (q < end && *q == '=')
		q++;
	return q < end && *q == '[' ? (int)(q - p) - 1 : -1;
}

static void skip_long(struct lexer *l, int level)
{
	l->p += level + 2;
	while (l->p < l->end) {
		if (*l->p == ']' && l->end - l->p >= level + 2 && l->p[level + 1] == ']') {
			int i = 1;

			while (i <= level && l->p[i] == '=')
				i++;
			if (i > level) {
				l->p += level + 2;
				return;
			}
		}
		if (*l->p++ == '\n')
			l->line++;
	}
}

static void skip_quoted(struct lexer *l)
{
	char quote = *l->p++;

	while (l->p < l->end && *l->p != quote && *l->p != '\n') {
		if (*l->p == '\\' && l->p + 1 < l->end) {
			l->p++;
			/* \z skips white space with its line ends. */
			if (*l->p == 'z')
				while (l->p + 1 < l->end && isspace((unsigned char)l->p[1]))
					if (*++l->p == '\n')
						l->line++;
			if (*l->p == '\n')
				l->line++;
		}
		l->p++;
	}
	if (l->p < l->end && *l->p == quote)
		l->p++;
}

static void skip_space(struct lexer *l)
{
	while (l->p < l->end) {
		if (*l->p == '\n') {
			l->line++;
			l->p++;
		} else if (isspace((unsigned char)*l->p)) {
			l->p++;
		} else if (l->end - l->p >= 2 && l->p[0] == '-' && l->p[1] == '-') {
			int level = long_bracket(l->p + 2, l->end);

			l->p += 2;
			if (level >= 0)
				skip_long(l, level);
			else
				while (l->p < l->end && *l->p != '\n')
					l->p++;
		} else {
			return;
		}
	}
}

/* The next token, [*from, l->p). */
static enum token next(struct lexer *l, const char **from)
{
	skip_space(l);
	*from = l->p;
	if (l->p >= l->end)
		return T_END;
	if (isalpha((unsigned char)*l->p) || *l->p == '_') {
		while (l->p < l->end && (isalnum((unsigned char)*l->p) || *l->p == '_'))
			l->p++;
		return T_NAME;
	}
	if (*l->p == '"' || *l->p == '\'') {
		skip_quoted(l);
		return T_STRING;
	}
	if (long_bracket(l->p, l->end) >= 0) {
		skip_long(l, long_bracket(l->p, l->end));
		return T_STRING;
	}
	/* A number swallows its letters and dots, and ".." is not an access to a field. */
	if (isdigit((unsigned char)*l->p)) {
		while (l->p < l->end && (isalnum((unsigned char)*l->p) || *l->p == '.'))
			l->p++;
		return T_OTHER;
	}
	if (l->end - l->p >= 2 && l->p[0] == '.' && l->p[1] == '.') {
		while (l->p < l->end && *l->p == '.')
			l->p++;
		return T_OTHER;
	}
	l->p++;
	return T_OTHER;
}

static bool is(const char *from, const struct lexer *l, const char *text)
{
	return (size_t)(l->p - from) == strlen(text) && memcmp(from, text, strlen(text)) == 0;
}

/* One a line. */
/* clang-format off */
static const char *const lvmon_names[] = {
	"memread",
	"memwrite",
	"regread",
	"regwrite",
	"getproc",
	"processes",
	"sockets",
	"modules",
	"mounts",
	"syscalls",
	"idt",
	"hook",
	"memsize",
	"cputime",
	"symbol",
	"symbolize",
	"alert",
	"mode",
	"counters",
	"cast",
	"variable",
	"percpu",
	"container_of",
	"list",
	"addressof",
	"sizeof",
	"offsetof",
	"typename",
	"typeof",
	"enum",
	"string",
	"bytes",
	"pause",
	"hidden",
	"translate",
	"dump",
	"symbols",
	NULL,
};
/* clang-format on */

static const char *const hook_names[] = {"syscall", "register", "address", NULL};

/* ".name" behind a table called in: checked against names; its index, or -1. */
static int field(struct lexer *l, const char *in, const char *const *names,
		 void (*report)(int, const char *, void *), void *arg, unsigned int *count)
{
	struct lexer ahead = *l;
	char name[64], hint[256], message[400];
	struct text_near near;
	const char *from;
	int i;

	if (next(&ahead, &from) != T_OTHER || !is(from, &ahead, ".") ||
	    next(&ahead, &from) != T_NAME)
		return -1;
	*l = ahead;
	snprintf(name, sizeof(name), "%.*s", (int)(l->p - from), from);
	for (i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	text_near_init(&near, name);
	for (i = 0; names[i]; i++)
		text_near_add(&near, names[i]);
	text_near_print(&near, hint, sizeof(hint));
	snprintf(message, sizeof(message), "%s.%s: no such function%s", in, name, hint);
	report(l->line, message, arg);
	++*count;
	return -1;
}

unsigned int check_names(const char *text, size_t size,
			 void (*report)(int line, const char *message, void *arg), void *arg)
{
	struct lexer l = {.p = text, .end = text + size, .line = 1};
	unsigned int count = 0;
	bool member = false; /* behind a dot or colon: x.lvmon is not ours */
	enum token t;
	const char *from;

	while ((t = next(&l, &from)) != T_END) {
		if (t == T_NAME && !member && (is(from, &l, "lvmon") || is(from, &l, "bitvisor"))) {
			bool other = is(from, &l, "bitvisor");
			int i = field(&l, other ? "bitvisor" : "lvmon", lvmon_names, report, arg,
				      &count);

			if (i >= 0 && strcmp(lvmon_names[i], "hook") == 0)
				field(&l, other ? "bitvisor.hook" : "lvmon.hook", hook_names,
				      report, arg, &count);
		}
		member = t == T_OTHER && (is(from, &l, ".") || is(from, &l, ":"));
	}
	return count;
}

/* --- the check --- */

static void on_name(int line, const char *message, void *arg)
{
	(void)arg;
	complain(line, message);
}

static void on_time(int signal)
{
	(void)signal;
	raise(SIGXCPU);
}

static bool compiles(const char *text, size_t size, const char *chunk)
{
	lua_State *L = luaL_newstate();
	bool ok = luaL_loadbufferx(L, text, size, chunk, "t") == LUA_OK;
	const char *message = ok ? NULL : lua_tostring(L, -1), *colon = message;
	char clean[4096];
	int line = 0;

	if (message) {
		/* "name:line: text" */
		colon = strncmp(message, chunk + 1, strlen(chunk + 1)) == 0
				? message + strlen(chunk + 1)
				: message;
		if (*colon == ':')
			line = atoi(colon + 1);
		colon = line ? strstr(colon, ": ") + 2 : message;
		text_clean(colon, strlen(colon), true, clean, sizeof(clean));
		complain(line, clean);
	}
	lua_close(L);
	return ok;
}

static void run_chunk(const char *name, const char *text, size_t size)
{
	struct itimerval limit = {.it_value = {.tv_sec = CHECK_SECONDS}}, off = {0};

	if (signature_add(name, text, size)) {
		complain(0, "too many signatures");
		return;
	}
	signal(SIGVTALRM, on_time);
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
	/* What is wrong comes as a record. */
	if (signature_load(signatures[signature_count - 1]) == -ENOMEM)
		complain(0, "not enough memory");
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	limit_reset();
}

/* Compile, look at the names, and run it unless it is a part for require. */
static void check_file(const char *path, bool part)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char chunk[USTAR_NAME_SIZE + 1];
	char *text;
	size_t size;

	file_name = path;
	text = command_read(path, &size);
	if (!text) {
		errors++;
		return;
	}
	command_folder(path);
	snprintf(chunk, sizeof(chunk), "=%s", name);
	/* Running it would only report a wrong name again. */
	if (compiles(text, size, chunk) && !check_names(text, size, on_name, NULL) && !part)
		run_chunk(name, text, size);
	hooks_close();
	free(text);
}

static int is_lua(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 4, ".lua") == 0;
}

/* What of a folder goes into an archive. The number of files, -1: it is no folder. */
static int check_folder(const char *folder, bool part)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_lua, alphasort), i;

	for (i = 0; i < n; i++) {
		char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) >= 0) {
			check_file(path, part);
			free(path);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n;
}

unsigned int check_files(char *const *files, size_t count)
{
	char library[4096];
	size_t i;

	backend = &none;
	engine_init(ENGINE_CHECK, NULL);
	limit_init(engine.persist->where, sizeof(engine.persist->where));
	errors = 0;
	for (i = 0; i < count; i++) {
		int n = check_folder(files[i], false);

		file_name = files[i];
		if (n < 0) {
			check_file(files[i], false);
		} else {
			if (n == 0)
				complain(0, "no *.lua in this folder");
			snprintf(library, sizeof(library), "%s/lib", files[i]);
			check_folder(library, true);
		}
	}
	return errors;
}
