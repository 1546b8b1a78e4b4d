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
#include <unistd.h>
#include "engine/base/text.h"
#include "engine/dump/write.h"
#include "engine/offline/command.h"
#include "engine/offline/look.h"
#include "engine/profile/isf.h"
#include "engine/signature/signature.h"

const char *argp_program_version = "lvisor engine " LVISOR_VERSION;

enum { KEY_PROFILE = 0x100 };

struct options {
	struct look look;
	bool check;
	char **files;
	size_t file_count;
};

static int64_t number(const char *text, struct argp_state *state)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 0);
	if (*end || errno || end == text || value < 0 || value > INT32_MAX)
		argp_error(state, "%s: not a process id", text);
	return value;
}

/* What both ways to call have. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'c':
		o->check = true;
		return 0;
	case 'd':
		o->look.dump = arg;
		return 0;
	case 'r':
		if (look_registers(&o->look, arg))
			exit(1);
		return 0;
	case 's':
		if (o->look.signature_count == ENGINE_MAX_SIGNATURES)
			argp_error(state, "too many signatures");
		o->look.signatures[o->look.signature_count++] = arg;
		return 0;
	case 'j':
		o->look.json = true;
		return 0;
	case KEY_PROFILE:
		o->look.profile = arg;
		return 0;
	case 'p':
		o->look.pid = number(arg, state);
		return 0;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		o->file_count = (size_t)(state->argc - state->next);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Its name may be another's work, as one of many in a folder. */
static void cannot_read(const char *path, const char *why)
{
	char name[4096];

	text_clean(path, strlen(path), false, name, sizeof(name));
	fprintf(stderr, "%s: %s\n", name, why);
}

/* The text of a file; NULL with a message on standard error. */
char *command_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	*size = 0;
	if (!f) {
		cannot_read(path, strerror(errno));
		return NULL;
	}
	do {
		char *p = realloc(text, room += 65536);

		if (!p || room > 64u << 20) {
			cannot_read(path, "too large");
			free(p ? p : text);
			fclose(f);
			return NULL;
		}
		text = p;
		*size += fread(text + *size, 1, room - *size, f);
	} while (*size == room);
	if (ferror(f)) {
		cannot_read(path, strerror(errno));
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

/* --- scan and the ready views --- */

static const struct argp_option look_list[] = {
	{"json", 'j', NULL, 0, "One JSON object a line", 0},
	{"registers", 'r', "FILE", 0,
	 "Registers that go with the dump: NAME=VALUE each, or a JSON object (also NAME=VALUE,... "
	 "in "
	 "place of a file). cr3, cr4 and lstar help to find the kernel; without any it is searched "
	 "for",
	 0},
	{"signature", 's', "FILE|DIR", 0,
	 "scan: run this signature, or those in a folder (may be repeated)", 0},
	{"profile", KEY_PROFILE, "FILE", 0,
	 "For a kernel without BTF: Volatility 3's symbols (ISF: .json, .json.gz, .json.xz), or "
	 "BTF",
	 0},
	{"dumps", 'D', "DIR", 0, "scan: folder for dumps that signatures ask for (the current one)",
	 0},
	{"pid", 'p', "N", 0, "Views of processes: of this one only", 0},
	{0},
};

static error_t parse_look(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct look *l = &o->look;

	switch (key) {
	case 's':
		if (l->report)
			argp_error(state, "only scan takes signatures");
		return parse(key, arg, state);
	case 'D':
		if (l->report)
			argp_error(state, "only scan makes dumps");
		dump_folder(arg);
		return 0;
	case 'p':
		if (!l->report || !l->report->by_pid)
			argp_error(state, "--pid is not for this command");
		return parse(key, arg, state);
	case ARGP_KEY_ARG:
		if (!l->dump)
			l->dump = arg;
		else if (l->report && l->report->argument && !l->name)
			l->name = arg;
		else
			argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (!l->dump)
			argp_error(state, "name the memory dump to look into");
		if (l->report && l->report->argument && *l->report->argument != '[' && !l->name)
			argp_error(state, "%s is missing", l->report->argument);
		return 0;
	case ARGP_KEY_ARGS:
		return ARGP_ERR_UNKNOWN;
	}
	return parse(key, arg, state);
}

/* engine scan|ps|... */
static int look_main(const struct report *report, int argc, char **argv)
{
	static struct options options;
	char usage[64], doc[512], name[64];
	const struct argp argp = {look_list, parse_look, usage, doc, NULL, NULL, NULL};

	snprintf(name, sizeof(name), "lvisor %s", argv[0]);
	argv[0] = name;
	snprintf(usage, sizeof(usage), "DUMP%s%s", report && report->argument ? " " : "",
		 report && report->argument ? report->argument : "");
	if (report)
		snprintf(doc, sizeof(doc), "Prints %s of a memory dump.", report->help);
	else
		snprintf(
			doc, sizeof(doc),
			"Looks into a memory dump (raw, LiME, ELF core): with signatures what they "
			"report, else a summary and the processes.\vExit status: 0; 1 when the "
			"dump or "
			"a signature cannot be read.");
	argp_err_exit_status = 1;
	options.look.report = report;
	options.look.pid = -1;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return look(&options.look);
}

/* --- check, and the short way to a dump --- */

static const struct argp_option list[] = {
	{"check", 'c', NULL, 0, "Check the signatures in FILE... (folders: their *.lua and lib/)",
	 0},
	{"dump", 'd', "FILE", 0, "As lvisor scan: look into a memory dump", 0},
	{"registers", 'r', "FILE", 0, "Registers that go with the dump", 0},
	{"signature", 's', "FILE", 0, "Load a signature on the dump (may be repeated)", 0},
	{"profile", KEY_PROFILE, "FILE", 0, "For a kernel without BTF", 0},
	{0},
};

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	if (key != ARGP_KEY_END)
		return parse(key, arg, state);
	if (o->check == (o->look.dump != NULL))
		argp_error(state, "give --check or --dump");
	if (o->check != (o->file_count > 0))
		argp_error(state, o->check ? "no file to check" : "unexpected argument");
	return 0;
}

/* engine profile FILE: as BTF to standard output, for the archive of a run. */
static int profile_main(const char *path)
{
	char error[512] = "";
	size_t size;
	void *btf;

	if (isatty(STDOUT_FILENO)) {
		fprintf(stderr, "lvisor: error: BTF is not for terminals; send it to a file\n");
		return 1;
	}
	if (profile_read(path, &btf, &size, error, sizeof(error))) {
		fprintf(stderr, "lvisor: error: profile %s: %s\n", path, error);
		return 1;
	}
	return fwrite(btf, 1, size, stdout) == size && fflush(stdout) == 0 ? 0 : 1;
}

int command_main(int argc, char **argv)
{
	static const struct argp argp = {
		list,
		parse_command,
		"--check FILE...\n--dump FILE [--registers ...] [--signature FILE]...\n"
		"profile FILE\n"
		"scan|ps|... --help",
		"LVisor's engine on plain Linux: checks signatures, looks into memory dumps.",
		NULL,
		NULL,
		NULL,
	};
	static struct options options;
	const struct report *report = argc > 1 ? report_find(argv[1]) : NULL;

	if (argc == 3 && strcmp(argv[1], "profile") == 0)
		return profile_main(argv[2]);
	if (report || (argc > 1 && strcmp(argv[1], "scan") == 0))
		return look_main(report, argc - 1, argv + 1);
	options.look.pid = -1;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.check)
		return check_files(options.files, options.file_count) ? 1 : 0;
	return look(&options.look);
}
