/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ready views of a memory dump. A new one is a row here: a few lines of Lua over the functions
 * that signatures have, and the columns to show; --json shows all fields. each(pid, f) gives the
 * rows of the listing f(process), for that process or all.
 */
#include <string.h>
#include "engine/report.h"

/* clang-format off */

#define END {NULL, NULL, COLUMN_TEXT}

static const struct column ps_columns[] = {
	{"pid", "PID", COLUMN_NUMBER}, {"ppid", "PPID", COLUMN_NUMBER},
	{"uid", "UID", COLUMN_NUMBER}, {"comm", "COMM", COLUMN_TEXT}, {"exe", "EXE", COLUMN_TEXT},
	END,
};

const struct report reports[] = {
	{
		.name = "ps",
		.help = "the processes",
		.lua = "return lvmon.processes()",
		.columns = ps_columns,
	},
	{.name = NULL},
};

/* clang-format on */

const struct report *report_find(const char *name)
{
	const struct report *r;

	for (r = reports; r->name; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}
