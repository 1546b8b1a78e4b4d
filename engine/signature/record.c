/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the event stream. Whatever comes in is bounded and cleaned here, so that no guest and
 * no script can make a record that is no JSON object, that is longer than RECORD_SIZE_MAX, or that
 * does something to the terminal it is shown on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "engine/base/text.h"
#include "engine/engine.h"
#include "engine/signature/current.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"

#define SHORT_MAX     1024
#define LINES_MAX     16384
#define ANCESTORS_MAX 8

/* The log needs no memory. */
static void short_of_memory(const char *what)
{
	engine_log("out of memory: a record has lost its %s", what);
}

/* Takes value; NULL: there was no memory for it. */
static void set(json_t *record, const char *key, json_t *value)
{
	if (json_object_set_new(record, key, value))
		short_of_memory(key);
}

static void set_time(json_t *record, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	char day[40], text[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	snprintf(text, sizeof(text), "%s.%09uZ", day, (unsigned int)(ns % 1000000000u));
	set(record, "time", json_string(text));
}

json_t *record_new(const char *kind)
{
	json_t *r = json_object();

	/* All records have these two. */
	if (!r || json_object_set_new(r, "schema", json_integer(RECORD_SCHEMA)) ||
	    json_object_set_new(r, "kind", json_string(kind))) {
		engine_log("out of memory: a record of kind %s is lost", kind);
		json_decref(r);
		return NULL;
	}
	set_time(r, engine_now());
	if (engine.event) {
		set(r, "cpu", json_integer(engine.event->cpu));
		record_number(r, "sequence", engine.event->sequence);
	}
	if (engine.signature)
		record_string(r, "signature", engine.signature->name);
	return r;
}

static void set_text(json_t *record, const char *key, const char *text, size_t size, bool lines)
{
	size_t max = lines ? LINES_MAX : SHORT_MAX;
	char *clean;

	if (!record)
		return;
	/* Four times: each byte may become \xNN. */
	clean = malloc((size < max ? 4 * size : max) + 1);
	if (!clean) {
		short_of_memory(key);
		return;
	}
	if (!text_clean(text, size, lines, clean, (size < max ? 4 * size : max) + 1))
		set(record, "truncated", json_true());
	set(record, key, json_string(clean));
	free(clean);
}

void record_text(json_t *record, const char *key, const char *text, size_t size)
{
	set_text(record, key, text, size, false);
}

void record_string(json_t *record, const char *key, const char *text)
{
	set_text(record, key, text, strlen(text), false);
}

void record_lines(json_t *record, const char *key, const char *text, size_t size)
{
	set_text(record, key, text, size, true);
}

void record_number(json_t *record, const char *key, uint64_t value)
{
	char hex[24];

	if (!record)
		return;
	/* JSON's readers take numbers for doubles: addresses do not fit. */
	if (value < 1ull << 53) {
		set(record, key, json_integer((json_int_t)value));
		return;
	}
	snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)value);
	set(record, key, json_string(hex));
}

static void set_identity(json_t *to, const struct linux_task *task)
{
	set(to, "pid", json_integer(task->tgid));
	record_text(to, "comm", task->comm, strnlen(task->comm, sizeof(task->comm)));
}

void record_process(json_t *record, const struct linux_task *task)
{
	struct linux_task at = *task;
	json_t *p, *list;
	char exe[512];
	int i;

	if (!record)
		return;
	p = json_object();
	if (!p) {
		short_of_memory("process");
		return;
	}
	set_identity(p, task);
	set(p, "tid", json_integer(task->pid));
	set(p, "ppid", json_integer(task->ppid));
	set(p, "uid", json_integer(task->uid));
	set(p, "gid", json_integer(task->gid));
	set(p, "start_time_ns", json_integer((json_int_t)task->start_time));
	if (linux_exe(task, exe, sizeof(exe)) == 0)
		record_string(p, "exe", exe);
	list = json_array();
	/* A hostile kernel may make the chain a ring: bounded. */
	for (i = 0; i < ANCESTORS_MAX; i++) {
		struct linux_task child = at;
		json_t *a;

		if (linux_parent(&child, &at))
			break;
		a = json_object();
		if (!a) {
			short_of_memory("ancestors");
			break;
		}
		set_identity(a, &at);
		if (json_array_append_new(list, a))
			short_of_memory("ancestors");
	}
	set(p, "ancestors", list);
	set(record, "process", p);
}

void record_event_process(json_t *record)
{
	struct linux_task task;

	if (record && current_task(&task) == 0)
		record_process(record, &task);
}

void record_error(json_t *record, const char *message, size_t size)
{
	const char *colon = memchr(message, ':', size);
	size_t at, digits = 0, line = 0;

	if (colon) {
		at = (size_t)(colon - message) + 1;
		while (at + digits < size && digits < 9 && message[at + digits] >= '0' &&
		       message[at + digits] <= '9')
			line = line * 10 + (size_t)(message[at + digits++] - '0');
		if (digits && at + digits + 1 < size && message[at + digits] == ':' &&
		    message[at + digits + 1] == ' ') {
			record_text(record, "file", message, at - 1);
			record_number(record, "line", line);
			message += at + digits + 2;
			size -= at + digits + 2;
		}
	}
	record_lines(record, "message", message, size);
}

/* What a signature prints comes as often as it likes: alerts and errors must survive it. */
static bool is_bulk(const json_t *record)
{
	const char *kind = json_string_value(json_object_get(record, "kind"));

	return kind && strcmp(kind, "print") == 0;
}

void record_emit(json_t *record)
{
	static const char *const bulky[] = {"data", "traceback", "message", "process"};
	/* A place of our own: json_dumps() leaves pieces out when its buffer cannot grow. */
	static char text[RECORD_SIZE_MAX];
	size_t size, i;

	if (!record)
		return;
	size = json_dumpb(record, text, sizeof(text), JSON_COMPACT);
	for (i = 0; size > sizeof(text) && i < 4; i++) {
		json_object_del(record, bulky[i]);
		set(record, "truncated", json_true());
		size = json_dumpb(record, text, sizeof(text), JSON_COMPACT);
	}
	if (!size || size > sizeof(text))
		engine_log("a record is lost: %s", size ? "it is too long" : "out of memory");
	else if (backend->emit(text, size, is_bulk(record)))
		engine_log("a record is lost: the vmm did not take it");
	json_decref(record);
}
