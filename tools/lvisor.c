// SPDX-License-Identifier: Apache-2.0
/*
 * The lvisor command: `run` boots a guest under LVisor, `check` looks at signatures without a
 * guest.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lvisor/lvmon.h"
#include "tools/inputs.h"
#include "tools/message.h"
#include "tools/run.h"

#define VERSION "0.1"

static const char HELP[] =
	"Usage: lvisor run --kernel FILE [--initrd FILE] [--signature FILE|DIR]... [OPTION...]\n"
	"       lvisor check FILE|DIR...\n"
	"\n"
	"LVisor is a thin hypervisor: it runs one unmodified Linux and, underneath, signatures\n"
	"written in Lua that watch it.\n"
	"\n"
	"  run        boot a guest under LVisor; lvisor run --help lists the options\n"
	"  check      look for mistakes in signatures, without a guest\n"
	"  --version  print version\n"
	"  --help     print this text\n";

struct list {
	char **items;
	size_t count;
};

static void append(struct list *list, const char *item)
{
	list->items = must_alloc(realloc(list->items, (list->count + 2) * sizeof(*list->items)));
	list->items[list->count++] = must_alloc(strdup(item));
	list->items[list->count] = NULL;
}

/* A folder stands for its *.lua files, as with --signature. */
static bool append_signatures(struct list *list, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	const size_t before = list->count;

	if (count < 0 && errno == ENOTDIR && access(path, R_OK) == 0) {
		append(list, path);
		return true;
	}
	if (count < 0) {
		complain("signature %s: %s", path, strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		const size_t length = strlen(name);
		char *file;

		if (name[0] != '.' && length > 4 && strcmp(name + length - 4, ".lua") == 0) {
			if (asprintf(&file, "%s/%s", path, name) < 0)
				file = must_alloc(NULL);
			append(list, file);
			free(file);
		}
		free(entries[i]);
	}
	free(entries);
	if (list->count == before)
		complain("signature folder %s has no *.lua file", path);
	return list->count > before;
}

/* The engine is the only judge of what a signature may say, so it does the checking. */
static int check_main(int argc, char **argv)
{
	char *engine = beside_us("engine");
	struct list args = {NULL, 0};

	if (argc < 2) {
		complain("check: name the signatures to check");
		return 1;
	}
	append(&args, engine);
	append(&args, "--check");
	for (int i = 1; i < argc; i++) {
		if (!append_signatures(&args, argv[i]))
			return 1;
	}
	execv(engine, args.items);
	complain("engine %s: %s; build it with make", engine, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "run") == 0) {
		argv[1] = "lvisor run";
		return run_main(argc - 1, argv + 1);
	}
	if (strcmp(command, "check") == 0)
		return check_main(argc - 1, argv + 1);
	if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0) {
		printf("lvisor %s (interface %d)\n", VERSION, LVMON_ABI_VERSION);
		return 0;
	}
	if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
	    strcmp(command, "help") == 0) {
		fputs(HELP, stdout);
		return 0;
	}
	if (*command)
		complain("'%s' is no command of lvisor; lvisor --help lists them", command);
	else
		fputs(HELP, stderr);
	return 1;
}
