/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the event stream: one JSON object each (docs/events.md). */
#ifndef ENGINE_SIGNATURE_RECORD_H
#define ENGINE_SIGNATURE_RECORD_H

#include <jansson.h>
#include "engine/linux/linux.h"

#define RECORD_SCHEMA	1
#define RECORD_SIZE_MAX 65536

/*
 * A record of this kind with schema, kind, time, and where they are known cpu, sequence and
 * signature. NULL when out of memory; all functions below take NULL and do nothing then.
 */
json_t *record_new(const char *kind);

/* A cleaned (text.h) and bounded string; lines: line feeds and tabs stay. */
void record_text(json_t *record, const char *key, const char *text, size_t size);
void record_string(json_t *record, const char *key, const char *text);
void record_lines(json_t *record, const char *key, const char *text, size_t size);
void record_number(json_t *record, const char *key, uint64_t value);
/* pid, ppid, comm, exe, uid, ancestors */
void record_process(json_t *record, const struct linux_task *task);
/* The process of the event at hand, if it has one. */
void record_event_process(json_t *record);
/* "file:line: message" into file, line and message; else all of it into message. */
void record_error(json_t *record, const char *message, size_t size);

/* Send and free. */
void record_emit(json_t *record);

#endif
