/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the hypervisor's log channel apart: text lines, doorbells, announcements, crash records. */
#ifndef LVISOR_TOOLS_LOG_H
#define LVISOR_TOOLS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_DOORBELL 0x01
#define LOG_CONTROL  0x02
#define LOG_EVENT    0x03

/* A record as the vmm limits it, and its first byte. Other lines are cut in shorter pieces. */
#define LOG_EVENT_MAX (0x10000 + 2)
#define LOG_LINE_MAX  1024

enum log_kind {
	LOG_TEXT,     /* a line for people */
	LOG_REFUSED,  /* what the guest was not allowed to do, without "refused: " */
	LOG_FATAL,    /* why the hypervisor refuses to start, without "fatal: " */
	LOG_EMULATOR, /* what the machine did that no processor does, without "emulator: " */
	LOG_CRASH,    /* a line of a crash record, its first and last included */
};

struct log_sink {
	void (*line)(void *context, enum log_kind kind, const char *text);
	void (*crash_end)(void *context);
	void (*ring)(void *context, uint64_t gpa, uint64_t size);
	/* Where nobody can read the ring, records come here; size 0: they will. */
	void (*event)(void *context, const char *text, size_t size);
	void *context;
};

struct log_parser {
	struct log_sink sink;
	bool in_crash;
	size_t used;
	char text[LOG_EVENT_MAX];
};

/* Returns true if a doorbell rang. */
bool log_feed(struct log_parser *parser, const char *data, size_t size);

/* The channel is closed: hands on the line that has no line feed. */
void log_end(struct log_parser *parser);

#endif
