/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into a memory dump: lvisor scan, and the ready views (lvisor ps and its like). */
#ifndef ENGINE_OFFLINE_LOOK_H
#define ENGINE_OFFLINE_LOOK_H

#include "engine/engine.h"
#include "engine/offline/report.h"

struct look {
	const char *dump;
	uint64_t regs[LVMON_NR_REGS], known; /* as for backend_dump_open */
	char *signatures[ENGINE_MAX_SIGNATURES];
	size_t signature_count;
	const struct report *report; /* NULL: scan */
	int64_t pid;		     /* for a report: of this process only; -1: all */
	const char *name;	     /* its argument, or NULL */
	const char *profile;	     /* for a kernel without BTF, or NULL */
	bool json;
};

/* Exit status: 0; 1 after a message on standard error. */
int look(const struct look *l);

/* Registers of a file (name=value each, or a JSON object), or of a text "name=value,...". 0, or 1
 * after a message. */
int look_registers(struct look *l, const char *where);

/* Print a ready view of the dump that is open. Exit status. */
int report_print(const struct report *report, const struct look *l);

/*
 * Uptime in seconds and the time by the kernel's clock, of the dump that is open; false: not known.
 */
bool report_uptime(int64_t *seconds, char *time, size_t time_size);

#endif
