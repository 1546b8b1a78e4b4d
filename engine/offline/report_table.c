/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ready views of a memory dump. A new one is a row here: a few lines of Lua over the functions
 * that signatures have, and the columns to show; --json shows all fields. each(pid, f) gives the
 * rows of the listing f(process), with pid and comm, for that process or all; those(listing, f) the
 * rows for which f is true.
 */
#include <string.h>
#include "engine/offline/report.h"

/* clang-format off */

#define END {NULL, NULL, COLUMN_TEXT}

static const struct column ps_columns[] = {
	{"pid", "PID", COLUMN_NUMBER}, {"ppid", "PPID", COLUMN_NUMBER},
	{"uid", "UID", COLUMN_NUMBER}, {"comm", "COMM", COLUMN_TEXT}, {"exe", "EXE", COLUMN_TEXT},
	END,
};

static const struct column thread_columns[] = {
	{"pid", "PID", COLUMN_NUMBER}, {"tid", "TID", COLUMN_NUMBER},
	{"state", "STATE", COLUMN_TEXT}, {"comm", "COMM", COLUMN_TEXT},
	END,
};

static const struct column map_columns[] = {
	{"pid", "PID", COLUMN_NUMBER}, {"comm", "COMM", COLUMN_TEXT}, {"start", "START", COLUMN_HEX},
	{"stop", "STOP", COLUMN_HEX}, {"perms", "PERM", COLUMN_TEXT}, {"offset", "OFFSET", COLUMN_HEX},
	{"path", "PATH", COLUMN_TEXT},
	END,
};

static const struct column mount_columns[] = {
	{"id", "ID", COLUMN_NUMBER}, {"parent_id", "PARENT", COLUMN_NUMBER},
	{"device", "DEVICE", COLUMN_TEXT}, {"type", "TYPE", COLUMN_TEXT},
	{"source", "SOURCE", COLUMN_TEXT}, {"options", "OPTIONS", COLUMN_TEXT},
	{"path", "PATH", COLUMN_TEXT},
	END,
};

static const struct column file_columns[] = {
	{"pid", "PID", COLUMN_NUMBER}, {"comm", "COMM", COLUMN_TEXT}, {"fd", "FD", COLUMN_NUMBER},
	{"kind", "KIND", COLUMN_TEXT}, {"mode", "MODE", COLUMN_TEXT}, {"path", "PATH", COLUMN_TEXT},
	END,
};

static const struct column socket_columns[] = {
	{"pid", "PID", COLUMN_NUMBER}, {"comm", "COMM", COLUMN_TEXT}, {"fd", "FD", COLUMN_NUMBER},
	{"family", "FAMILY", COLUMN_TEXT}, {"type", "TYPE", COLUMN_TEXT},
	{"state", "STATE", COLUMN_TEXT}, {"local_address", "LOCAL", COLUMN_TEXT},
	{"local_port", "PORT", COLUMN_NUMBER}, {"remote_address", "REMOTE", COLUMN_TEXT},
	{"remote_port", "PORT", COLUMN_NUMBER}, {"path", "PATH", COLUMN_TEXT},
	END,
};

static const struct column module_columns[] = {
	{"name", "NAME", COLUMN_TEXT}, {"base", "BASE", COLUMN_HEX}, {"size", "SIZE", COLUMN_NUMBER},
	{"refs", "REFS", COLUMN_NUMBER}, {"state", "STATE", COLUMN_TEXT},
	{"taint", "TAINT", COLUMN_TEXT}, {"used_by", "USED BY", COLUMN_TEXT},
	END,
};

static const struct column syscall_columns[] = {
	{"abi", "ABI", COLUMN_TEXT}, {"number", "NR", COLUMN_NUMBER}, {"name", "NAME", COLUMN_TEXT},
	{"handler", "HANDLER", COLUMN_HEX}, {"hooked", "HOOKED", COLUMN_TEXT},
	{"symbol", "SYMBOL", COLUMN_TEXT},
	END,
};

static const struct column idt_columns[] = {
	{"vector", "VECTOR", COLUMN_NUMBER}, {"type", "TYPE", COLUMN_TEXT},
	{"dpl", "DPL", COLUMN_NUMBER}, {"ist", "IST", COLUMN_NUMBER},
	{"handler", "HANDLER", COLUMN_HEX}, {"symbol", "SYMBOL", COLUMN_TEXT},
	END,
};

static const struct column hidden_columns[] = {
	{"kind", "KIND", COLUMN_TEXT}, {"name", "NAME", COLUMN_TEXT}, {"pid", "PID", COLUMN_NUMBER},
	{"tid", "TID", COLUMN_NUMBER}, {"address", "ADDRESS", COLUMN_HEX},
	{"message", "MESSAGE", COLUMN_TEXT},
	END,
};

static const struct column symbol_columns[] = {
	{"address", "ADDRESS", COLUMN_HEX}, {"name", "NAME", COLUMN_TEXT},
	END,
};

static const struct column uptime_columns[] = {
	{"seconds", "SECONDS", COLUMN_NUMBER}, {"time", "TIME", COLUMN_TEXT},
	END,
};

/*
 * kernel/time/timekeeping.c: behind the sequence counter of tk_core, since 6.17 of the first of
 * timekeeper_data. Numbers that no clock has mean that it is somewhere else.
 */
#define UPTIME                                                                                  \
	"local at = lvmon.symbol('tk_core') or lvmon.symbol('timekeeper_data')\n"               \
	"if not at then error('the kernel has no timekeeper', 0) end\n"                         \
	"local tk = lvmon.cast('timekeeper', at + 8)\n"                                         \
	"local wall = tk.xtime_sec\n"                                                           \
	"local up = wall + tk.wall_to_monotonic.tv_sec + tk.offs_boot // 1000000000\n"          \
	"if wall < 0 or wall > 1 << 36 or up < 0 or up > wall + (1 << 32) then\n"               \
	"  error('the timekeeper is not where it should be', 0)\n"                              \
	"end\n"                                                                                 \
	"return {{ seconds = up, time = os.date('!%Y-%m-%dT%H:%M:%SZ', wall) }}"

const struct report reports[] = {
	{
		.name = "ps",
		.help = "the processes",
		.lua = "return lvmon.processes()",
		.columns = ps_columns,
	},
	{
		.name = "threads",
		.help = "the threads of all processes, or of one",
		.lua = "return each(pid, function(p) return p:threads() end, true)",
		.columns = thread_columns,
		.by_pid = true,
	},
	{
		.name = "maps",
		.help = "the memory maps of all processes, or of one",
		.lua = "return each(pid, function(p) return p:maps() end)",
		.columns = map_columns,
		.by_pid = true,
	},
	{
		.name = "files",
		.help = "the open files of all processes, or of one",
		.lua = "return each(pid, function(p) return p:files() end)",
		.columns = file_columns,
		.by_pid = true,
	},
	{
		.name = "sockets",
		.help = "the sockets of all processes, or of one",
		.lua = "return those(lvmon.sockets(), function(s) return not pid or s.pid == pid end)",
		.columns = socket_columns,
		.by_pid = true,
	},
	{
		.name = "mounts",
		.help = "the mounted file systems, as process 1 or another one sees them",
		.lua = "if not pid then return lvmon.mounts() end\n"
		       "return (lvmon.getproc(pid) or error('no process has the id ' .. pid, 0)):mounts()",
		.columns = mount_columns,
		.by_pid = true,
	},
	{
		.name = "modules",
		.help = "the kernel's modules",
		.lua = "return lvmon.modules()",
		.columns = module_columns,
	},
	{
		.name = "syscalls",
		.help = "the tables of system calls",
		.lua = "return lvmon.syscalls()",
		.columns = syscall_columns,
	},
	{
		.name = "idt",
		.help = "the interrupt descriptor table",
		.lua = "return lvmon.idt()",
		.columns = idt_columns,
	},
	{
		.name = "hidden",
		.help = "what one of the kernel's own views shows and another one lacks",
		.lua = "return lvmon.hidden()",
		.columns = hidden_columns,
	},
	{
		.name = "uptime",
		.help = "how long the kernel ran, and what time it was by its clock",
		.lua = UPTIME,
		.columns = uptime_columns,
	},
	{
		.name = "symbols",
		.help = "the kernel's symbols, or those in whose names a Lua pattern is",
		.lua = "return those(lvmon.symbols(), function(s) return not name or s.name:find(name) end)",
		.columns = symbol_columns,
		.argument = "[PATTERN]",
	},
	{
		.name = "type",
		.help = "the declaration of a type, as in C",
		.lua = "return lvmon.typeof(name)",
		.argument = "NAME",
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
