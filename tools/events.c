// SPDX-License-Identifier: Apache-2.0
/*
 * Events for two readers: a program gets each record as the engine wrote it, one JSON object a
 * line; a person gets a line that says which signature, what, and which process. Fields are those
 * of docs/events.md; a field that is missing or of another type is left out, never an error.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/events.h"
#include "tools/message.h"

#define LINE_SIZE 2048

struct line {
	char text[LINE_SIZE];
	size_t used;
};

static void put(struct line *line, const char *text, size_t length)
{
	line->used += make_printable(line->text + line->used, LINE_SIZE - line->used, text, length);
}

static void put_string(struct line *line, const json_t *string)
{
	put(line, json_string_value(string), json_string_length(string));
}

static void put_number(struct line *line, const char *before, json_int_t number)
{
	char text[64];

	put(line, text, (size_t)snprintf(text, sizeof(text), "%s%lld", before, (long long)number));
}

static void put_process(struct line *line, const json_t *process)
{
	const json_t *pid = json_object_get(process, "pid");
	const json_t *comm = json_object_get(process, "comm");
	const json_t *exe = json_object_get(process, "exe");

	if (!json_is_integer(pid) && !json_is_string(comm))
		return;
	put(line, " (", line->used ? 2 : 0);
	if (json_is_string(comm))
		put_string(line, comm);
	if (json_is_integer(pid))
		put_number(line, json_is_string(comm) ? " pid " : "pid ", json_integer_value(pid));
	if (json_is_string(exe)) {
		put(line, ", ", 2);
		put_string(line, exe);
	}
	put(line, ")", 1);
}

static enum screen_style style_of(const char *kind)
{
	if (strcmp(kind, "alert") == 0)
		return STYLE_ALERT;
	if (strcmp(kind, "print") == 0 || strcmp(kind, "memwrite") == 0 ||
	    strcmp(kind, "dump") == 0)
		return STYLE_NOTE;
	if (strcmp(kind, "error") == 0 || strcmp(kind, "lost") == 0 ||
	    strcmp(kind, "restart") == 0 || strcmp(kind, "cooldown") == 0 ||
	    strcmp(kind, "warning") == 0 || strcmp(kind, "refused") == 0)
		return STYLE_ERROR;
	return STYLE_DIM;
}

/* Several lines (tracebacks) are indented below the first one. */
static void put_lines(struct line *line, const json_t *string)
{
	const char *text = json_string_value(string);
	const char *end = text + json_string_length(string);

	while (text < end) {
		const char *feed = memchr(text, '\n', (size_t)(end - text));
		const char *stop = feed ? feed : end;

		for (const char *tab; (tab = memchr(text, '\t', (size_t)(stop - text)));) {
			put(line, text, (size_t)(tab - text));
			put(line, "  ", 2);
			text = tab + 1;
		}
		put(line, text, (size_t)(stop - text));
		text = feed ? feed + 1 : end;
		if (text < end && line->used + 10 < LINE_SIZE)
			line->used += (size_t)sprintf(line->text + line->used, "\n    ");
	}
}

/* "file:line: " where a script's mistake is, else the signature's name. */
static void put_place(struct line *line, const json_t *event)
{
	const json_t *signature = json_object_get(event, "signature");
	const json_t *file = json_object_get(event, "file");
	const json_t *number = json_object_get(event, "line");

	if (json_is_string(file)) {
		put_string(line, file);
		if (json_is_integer(number))
			put_number(line, ":", json_integer_value(number));
		put(line, ": ", 2);
	} else if (json_is_string(signature)) {
		put_string(line, signature);
		put(line, ": ", 2);
	}
}

static void put_detail(struct line *line, const json_t *event, const char *name, const char *before)
{
	const json_t *value = json_object_get(event, name);

	if (!json_is_string(value))
		return;
	put(line, before, strlen(before));
	put_string(line, value);
}

/* All that no other line shows, so that a kind this tool does not know is not hidden. */
static void put_rest(struct line *line, const json_t *event)
{
	static const char *const shown[] = {"schema",	 "kind",    "time", "cpu", "sequence",
					    "signature", "process", "file", "line"};
	const char *between = "", *key;
	json_t *value;

	json_object_foreach((json_t *)event, key, value)
	{
		bool skip = false;
		char *text;

		for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			skip = skip || strcmp(key, shown[i]) == 0;
		if (skip)
			continue;
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		put(line, between, strlen(between));
		put(line, key, strlen(key));
		put(line, " ", 1);
		if (text)
			put(line, text, strlen(text));
		free(text);
		between = ", ";
	}
}

/* The record's kind, and what it says. */
static const char *describe(const json_t *event, struct line *cleaned, struct line *line)
{
	const json_t *kind = json_object_get(event, "kind");
	const json_t *message = json_object_get(event, "message");
	const char *label = json_is_string(kind) ? json_string_value(kind) : "event";

	put(cleaned, label, strlen(label));
	put_place(line, event);
	put_detail(line, event, "technique", "");
	if (json_object_get(event, "technique"))
		put(line, " ", 1);
	if (json_is_string(message))
		put_lines(line, message);
	else
		put_rest(line, event);
	if (json_is_string(message)) {
		put_detail(line, event, "path", ": ");
		put_detail(line, event, "error", ": ");
		put_detail(line, event, "reason", ", reason: ");
		put_detail(line, event, "where", ", at ");
	}
	put_process(line, json_object_get(event, "process"));
	return label;
}

static void show(struct event_output *output, const json_t *event)
{
	struct line line = {.used = 0}, cleaned = {.used = 0};
	const char *label = describe(event, &cleaned, &line);

	screen_message(output->screen, style_of(label), cleaned.text, line.text);
}

bool event_line(const char *text, size_t size, char *out, size_t out_size)
{
	struct line line = {.used = 0}, cleaned = {.used = 0};
	json_t *event = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	bool is = json_is_object(event);

	if (is) {
		describe(event, &cleaned, &line);
		snprintf(out, out_size, "[%s] %s", cleaned.text, line.text);
	}
	json_decref(event);
	return is;
}

static void keep(struct event_output *output, const char *text, size_t size)
{
	if (!output->file || output->file_failed)
		return;
	if (fwrite(text, 1, size, output->file) != size || fputc('\n', output->file) == EOF ||
	    fflush(output->file) != 0) {
		output->file_failed = true;
		screen_message(output->screen, STYLE_ERROR, "lvisor",
			       "the events file cannot be written; it is not complete");
	}
}

/* A record of the tool's own, with the fields that every record has (docs/events.md). */
static json_t *own_record(const char *kind, const char *message)
{
	struct timespec now;
	char time[64];
	struct tm tm;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	used = strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(time + used, sizeof(time) - used, ".%09ldZ", now.tv_nsec);
	return json_pack("{s:i, s:s, s:s, s:s}", "schema", 1, "kind", kind, "time", time, "message",
			 message);
}

static void tell(struct event_output *output, json_t *record)
{
	char *line = record ? json_dumps(record, JSON_COMPACT) : NULL;

	if (line) {
		keep(output, line, strlen(line));
		show(output, record);
	}
	free(line);
	json_decref(record);
}

void event_record(struct event_output *output, const char *text, size_t size)
{
	json_error_t error;
	json_t *event = json_loadb(text, size, JSON_ALLOW_NUL, &error);
	const char *kind = json_string_value(json_object_get(event, "kind"));

	if (kind && output->dumps && strcmp(kind, "dump_part") == 0) {
		dumps_part(output->dumps, event);
		json_decref(event);
		return;
	}
	output->count++;
	if (kind && output->dumps && strcmp(kind, "dump") == 0) {
		dumps_finish(output->dumps, event);
		tell(output, event);
		return;
	}
	if (json_is_object(event) && !memchr(text, '\n', size)) {
		keep(output, text, size);
		show(output, event);
	} else {
		/* never a broken line in the file: what reads it expects one object a line */
		tell(output, own_record("error", "a record that is no JSON object"));
	}
	json_decref(event);
}

void event_damaged(struct event_output *output)
{
	tell(output, own_record("error", "the event ring was damaged; events are lost"));
}

void event_half_dump(struct event_output *output)
{
	tell(output, own_record("error", "a memory dump was not complete when the guest ended; it "
					 "was removed"));
}

void event_refused(struct event_output *output, const char *message)
{
	tell(output, own_record("refused", message));
}

void event_lost(struct event_output *output, uint64_t count)
{
	json_t *record;
	char text[100];

	snprintf(text, sizeof(text), "%llu events did not fit into the event ring and are lost",
		 (unsigned long long)count);
	record = own_record("lost", text);
	if (record)
		json_object_set_new(record, "count", json_integer((json_int_t)count));
	output->lost += count;
	tell(output, record);
}
