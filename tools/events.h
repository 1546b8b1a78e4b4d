/* SPDX-License-Identifier: Apache-2.0 */
/* What LVisor reports: kept as JSON lines, shown as readable lines. */
#ifndef LVISOR_TOOLS_EVENTS_H
#define LVISOR_TOOLS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/dumps.h"
#include "tools/screen.h"

struct event_output {
	FILE *file; /* JSON lines, or NULL */
	struct screen *screen;
	struct dump_store *dumps; /* NULL: none come */
	bool file_failed;
	uint64_t count;
	uint64_t lost;
};

/* One record as it came from the ring. */
void event_record(struct event_output *output, const char *text, size_t size);

/* A record as a line for a person, "[kind] ...", printable. False: it is no record. */
bool event_line(const char *text, size_t size, char *out, size_t out_size);

/* The ring's content made no sense. */
void event_damaged(struct event_output *output);

/* The hypervisor itself has refused something: told on the log channel. */
void event_refused(struct event_output *output, const char *message);

/* The guest ended while a memory dump was made. */
void event_half_dump(struct event_output *output);

/* Records that did not fit into the ring. */
void event_lost(struct event_output *output, uint64_t count);

#endif
