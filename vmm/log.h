/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log channel: lines of text for people through the debug port, and the two ways in which the
 * vmm gives up. docs/architecture.md lists what else travels on it (ring announcement, doorbell).
 */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include "vmm/types.h"

/* Ours, hidden from the guest: architecture decision 13. */
#define LOG_PORT 0xe9

/* One line, without line feed in fmt. Knows %s %c %u %d %x %p, and l for 64 bits. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A line that guest or engine can cause as often as they like: the log is not theirs to fill. From
 * each place in the code come the first LOG_LINES, then one whenever their number has doubled; it
 * says how many were left out.
 */
#define LOG_LINES 100u
#define log_limited(...)                          \
	do {                                      \
		static u64 count;                 \
		log_counted(&count, __VA_ARGS__); \
	} while (0)
void log_counted(u64 *count, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A line in pieces: those of other CPUs stay out of it in between. */
void log_begin(void);
void log_end(void);
void log_raw(const char *text, size_t size);
void log_byte(u8 byte);

/* The machine is not fit for us, and the guest has not started: say what and the mend; stop. */
void fatal(const char *fmt, ...) __noreturn __attribute__((format(printf, 1, 2)));

struct exception_frame;

/* An invariant of the vmm is broken: crash record, stop. frame may be NULL. */
void crash(const struct exception_frame *frame, const char *fmt, ...) __noreturn
	__attribute__((format(printf, 2, 3)));

#endif
