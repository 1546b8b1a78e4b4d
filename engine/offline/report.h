/* SPDX-License-Identifier: Apache-2.0 */
/* The ready views of a memory dump, a row each (report_table.c). The lvisor command lists them. */
#ifndef ENGINE_OFFLINE_REPORT_H
#define ENGINE_OFFLINE_REPORT_H

#include <stdbool.h>

struct column {
	const char *key, *title;
	enum { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_HEX } kind;
};

struct report {
	const char *name, *help;
	/*
	 * Body of a Lua function of (pid, name), each nil or what was asked for: returns a listing,
	 * or an array of plain tables and the reason why it is not complete, or a text.
	 */
	const char *lua;
	const struct column *columns; /* ends with a NULL key; NULL: lines of text */
	const char *argument;	      /* what it takes: "[PATTERN]", "NAME"; NULL: nothing */
	bool by_pid;		      /* takes --pid */
};

/* Ends with a NULL name. */
extern const struct report reports[];

/* NULL: there is none. */
const struct report *report_find(const char *name);

#endif
