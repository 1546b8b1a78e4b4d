// SPDX-License-Identifier: Apache-2.0
/*
 * The lvisor command: `run` boots a guest under LVisor, `check` looks at signatures without a
 * guest, `policy` prints what the guest may do, `doctor` what this machine can do, `crash` explains
 * a crash record, `scan` and the ready views look into memory dumps.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/offline/report.h"
#include "lvisor/lvmon.h"
#include "tools/crash.h"
#include "tools/doctor.h"
#include "tools/inputs.h"
#include "tools/message.h"
#include "tools/policy.h"
#include "tools/run.h"
#include "tools/scan.h"

static const char HELP[] =
	"Usage: lvisor run --kernel FILE [--initrd FILE] [--signature FILE|DIR]... [OPTION...]\n"
	"       lvisor check FILE|DIR...\n"
	"       lvisor policy\n"
	"       lvisor doctor\n"
	"       lvisor crash [--vmm FILE] [--engine FILE] LOG\n"
	"       lvisor scan [--signature FILE]... [--registers FILE] [--json] DUMP\n"
	"       lvisor VIEW [--json] [--pid N] DUMP\n"
	"\n"
	"LVisor is a thin hypervisor: it runs one unmodified Linux and, underneath, signatures\n"
	"written in Lua that watch it.\n"
	"\n"
	"  run        boot a guest under LVisor; lvisor run --help lists the options\n"
	"  check      look for mistakes in signatures, without a guest\n"
	"  policy     print what happens when the guest uses what is privileged, and why\n"
	"  doctor     print what this machine can do for LVisor, and what to change\n"
	"  crash      explain the crash records in a log: functions, files, lines\n"
	"  scan       look into a memory dump: its processes, or what signatures say of it\n"
	"\n"
	"Ready views of a memory dump; lvisor VIEW --help lists the options:\n"
	"\n";

static const char HELP_END[] = "\n"
			       "  --version  print version\n"
			       "  --help     print this text\n";

static void print_help(FILE *file)
{
	fputs(HELP, file);
	for (const struct report *r = reports; r->name; r++)
		fprintf(file, "  %-10s %s\n", r->name, r->help);
	fputs(HELP_END, file);
}

/* The engine is the only judge of what a signature may say, so it does the checking. */
static int check_main(int argc, char **argv)
{
	char *engine = beside_us("engine");
	char **args = must_alloc(calloc((size_t)argc + 2, sizeof(*args)));

	if (argc < 2) {
		complain("check: name the signatures to check");
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		if (access(argv[i], R_OK) != 0) {
			complain("signature %s: %s", argv[i], strerror(errno));
			return 1;
		}
	}
	args[0] = engine;
	args[1] = "--check";
	memcpy(&args[2], &argv[1], (size_t)argc * sizeof(*args));
	execv(engine, args);
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
	if (strcmp(command, "policy") == 0)
		return policy_main(argc - 1, argv + 1);
	if (strcmp(command, "doctor") == 0)
		return doctor_main(argc - 1, argv + 1);
	if (strcmp(command, "crash") == 0) {
		argv[1] = "lvisor crash";
		return crash_main(argc - 1, argv + 1);
	}
	if (strcmp(command, "scan") == 0 || report_find(command))
		return scan_main(argc - 1, argv + 1);
	if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0) {
		printf("lvisor %s (interface %d)\n", LVISOR_VERSION, LVMON_ABI_VERSION);
		return 0;
	}
	if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
	    strcmp(command, "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (*command)
		complain("'%s' is no command of lvisor; lvisor --help lists them", command);
	else
		print_help(stderr);
	return 1;
}
