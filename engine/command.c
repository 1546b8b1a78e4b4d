/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine as a command on plain Linux: check signatures before they go into an archive, look
 * into a memory dump.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "engine/command.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"
#include "engine/limit.h"
#include "engine/linux/linux.h"
#include "engine/lua/api.h"
#include "engine/signature.h"
#include "engine/text.h"

const char *argp_program_version = "lvisor engine " ENGINE_VERSION;

#define SIGNATURES_MAX ENGINE_MAX_SIGNATURES

struct options {
	const char *dump;
	bool check;
	uint64_t regs[LVMON_NR_REGS], known;
	char *signatures[SIGNATURES_MAX];
	size_t signature_count;
	char **files;
	size_t file_count;
};

static const struct argp_option list[] = {
	{"check", 'c', NULL, 0, "Check the signatures in FILE... (folders: their *.lua and lib/)",
	 0},
	{"dump", 'd', "FILE", 0, "Look into a raw memory dump: kernel and processes", 0},
	{"registers", 'r', "cr3=..,cr4=..,lstar=..", 0, "Registers that go with the dump", 0},
	{"signature", 's', "FILE", 0, "Load a signature on the dump (may be repeated)", 0},
	{0},
};

/* "cr3=0x1000,lstar=..." */
static void parse_registers(struct options *o, char *text, struct argp_state *state)
{
	char *item, *value, *end;

	for (item = strtok(text, ","); item; item = strtok(NULL, ",")) {
		int reg;

		value = strchr(item, '=');
		if (!value)
			argp_error(state, "%s: no value", item);
		*value++ = '\0';
		reg = register_find(item);
		if (reg < 0)
			argp_error(state, "%s: no such register", item);
		errno = 0;
		o->regs[reg] = strtoull(value, &end, 0);
		if (*end || errno || end == value)
			argp_error(state, "%s: not a number", value);
		o->known |= 1ull << reg;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'c':
		o->check = true;
		return 0;
	case 'd':
		o->dump = arg;
		return 0;
	case 'r':
		parse_registers(o, arg, state);
		return 0;
	case 's':
		if (o->signature_count == SIGNATURES_MAX)
			argp_error(state, "too many signatures");
		o->signatures[o->signature_count++] = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		o->file_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		if (o->check == (o->dump != NULL))
			argp_error(state, "give --check or --dump");
		if (o->check != (o->file_count > 0))
			argp_error(state, o->check ? "no file to check" : "unexpected argument");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void print_clean(const char *text)
{
	char clean[2048];

	text_clean(text, strlen(text), false, clean, sizeof(clean));
	fputs(clean, stdout);
}

static int print_processes(void)
{
	struct linux_task *tasks = NULL;
	size_t count = 0, i;
	int ret = linux_tasks(&tasks, &count);

	printf("%7s %7s %5s  %-15s %s\n", "PID", "PPID", "UID", "COMM", "EXE");
	for (i = 0; i < count; i++) {
		char exe[1024] = "", comm[LINUX_COMM_SIZE + 1] = "";

		memcpy(comm, tasks[i].comm, LINUX_COMM_SIZE);
		if (linux_exe(&tasks[i], exe, sizeof(exe)))
			exe[0] = '\0';
		printf("%7d %7d %5u  ", tasks[i].tgid, tasks[i].ppid, tasks[i].uid);
		print_clean(comm);
		printf("%*s", (int)(strlen(comm) < 15 ? 16 - strlen(comm) : 1), "");
		print_clean(exe);
		putchar('\n');
	}
	free(tasks);
	if (ret)
		fprintf(stderr, "engine: the process list is damaged: %s\n", strerror(-ret));
	return ret ? 1 : 0;
}

/* The text of a file; NULL with a message on standard error. */
char *command_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	*size = 0;
	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return NULL;
	}
	do {
		char *p = realloc(text, room += 65536);

		if (!p || room > 64u << 20) {
			fprintf(stderr, "%s: too large\n", path);
			free(p ? p : text);
			fclose(f);
			return NULL;
		}
		text = p;
		*size += fread(text + *size, 1, room - *size, f);
	} while (*size == room);
	if (ferror(f)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static char folder[4096];

/* What is read stays: Lua may come back to it as long as this program runs. */
static int find_library(const char *name, struct ustar_file *file)
{
	char path[sizeof(folder) + USTAR_NAME_SIZE + 1];

	snprintf(path, sizeof(path), "%s%s", folder, name);
	if (access(path, R_OK))
		return -ENOENT;
	file->data = command_read(path, &file->size);
	return file->data ? 0 : -ENOENT;
}

void command_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash + 1 - path) : 0, path);
	signatures_library(find_library);
}

static int look_into_dump(const struct options *o)
{
	struct linux_anchor anchor = {o->regs[LVMON_CR3], o->regs[LVMON_CR4], o->regs[LVMON_LSTAR]};
	char error[256] = "";
	size_t i, size;
	int ret;

	ret = backend_dump_open(o->dump, o->regs, o->known, &backend);
	if (ret) {
		fprintf(stderr, "engine: %s: %s\n", o->dump, strerror(-ret));
		return 1;
	}
	engine_init(ENGINE_DUMP, NULL);
	limit_init(engine.persist->where, sizeof(engine.persist->where));
	ret = linux_discover(&anchor, error, sizeof(error));
	if (ret) {
		fprintf(stderr, "engine: %s: no kernel found: %s\n", o->dump, error);
		return 1;
	}
	printf("%s\n", linux_summary());
	for (i = 0; i < LINUX_FACILITIES; i++) {
		const char *why = linux_missing((enum linux_facility)i);

		if (why)
			fprintf(stderr, "engine: no %s: %s\n",
				linux_facility_name((enum linux_facility)i), why);
	}
	if (!o->signature_count)
		return print_processes();
	for (i = 0; i < o->signature_count; i++) {
		const char *slash = strrchr(o->signatures[i], '/');
		char *text = command_read(o->signatures[i], &size);

		if (!text || signature_add(slash ? slash + 1 : o->signatures[i], text, size))
			return 1;
	}
	fflush(stdout);
	command_folder(o->signatures[0]);
	return lifecycle_load() == o->signature_count ? 0 : 1;
}

int command_main(int argc, char **argv)
{
	static const struct argp argp = {
		list,
		parse,
		"--check FILE...\n--dump FILE [--registers ...] [--signature FILE]...",
		"LVisor's engine on plain Linux: checks signatures, looks into memory dumps.",
		NULL,
		NULL,
		NULL,
	};
	static struct options options;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.check)
		return check_files(options.files, options.file_count) ? 1 : 0;
	return look_into_dump(&options);
}
