/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the hypervisor's log channel apart: text lines, doorbells, announcements, crash records. */
#ifndef LVISOR_TOOLS_LOG_H
#define LVISOR_TOOLS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_DOORBELL 0x01
#define LOG_CONTROL  0x02

enum log_kind {
	LOG_TEXT,  /* a line for people */
	LOG_FATAL, /* why the hypervisor refuses to start, without "fatal: " */
	LOG_CRASH, /* a line of a crash record, its first and last included */
};

struct log_sink {
	void (*line)(void *context, enum log_kind kind, const char *text);
	void (*crash_end)(void *context);
	void (*ring)(void *context, uint64_t gpa, uint64_t size);
	void *context;
};

struct log_parser {
	struct log_sink sink;
	bool in_crash;
	size_t used;
	char text[1024];
};

/* Returns true if a doorbell rang. */
bool log_feed(struct log_parser *parser, const char *data, size_t size);

/* The channel is closed: hands on the line that has no line feed. */
void log_end(struct log_parser *parser);

#endif
