// SPDX-License-Identifier: Apache-2.0
/*
 * `lvisor scan` and the ready views of a memory dump. The engine does all of it, as a program; what
 * is done here is to show its records to a person as `lvisor run` would.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/events.h"
#include "tools/inputs.h"
#include "tools/message.h"
#include "tools/scan.h"

#define LINE_SIZE 8192

static _Noreturn void become_engine(const char *engine, char **args)
{
	execv(engine, args);
	complain("engine %s: %s; build it with make", engine, strerror(errno));
	_exit(1);
}

/* Records are lines that begin with a brace; the summary's do not. */
static void show_lines(FILE *file)
{
	char *line = NULL, shown[LINE_SIZE];
	size_t room = 0;
	ssize_t size;

	while ((size = getline(&line, &room, file)) > 0) {
		if (*line == '{' && event_line(line, (size_t)size, shown, sizeof(shown)))
			puts(shown);
		else
			fputs(line, stdout);
		fflush(stdout);
	}
	free(line);
}

int scan_main(int argc, char **argv)
{
	char *engine = beside_us("engine");
	char **args = must_alloc(calloc((size_t)argc + 2, sizeof(*args)));
	bool plain = strcmp(argv[0], "scan") != 0; /* views have no records */
	int ends[2], status;
	FILE *file;
	pid_t pid;

	args[0] = engine;
	for (int i = 0; i < argc; i++) {
		args[i + 1] = argv[i];
		plain = plain || strncmp(argv[i], "--j", 3) == 0 || strcmp(argv[i], "-j") == 0;
	}
	if (plain)
		become_engine(engine, args);
	if (pipe(ends) < 0 || (pid = fork()) < 0) {
		complain("starting the engine: %s", strerror(errno));
		return 1;
	}
	if (pid == 0) {
		if (dup2(ends[1], STDOUT_FILENO) < 0)
			_exit(1);
		close(ends[0]);
		close(ends[1]);
		become_engine(engine, args);
	}
	close(ends[1]);
	file = must_alloc(fdopen(ends[0], "r"));
	show_lines(file);
	fclose(file);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	if (WIFSIGNALED(status)) {
		complain("the engine was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
		return 1;
	}
	return WEXITSTATUS(status);
}
