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

#include "tools/events.h"
#include "tools/message.h"

#define LINE_SIZE 2048

struct line {
	char text[LINE_SIZE];
	size_t used;
};

static void put(struct line *line, const char *text, size_t length)
{
	line->used +=
		make_printable(line->text + line->used, LINE_SIZE - line->used, text, length);
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

static const json_t *first_of(const json_t *event, const char *const *names)
{
	for (; *names; names++) {
		const json_t *value = json_object_get(event, *names);

		if (value)
			return value;
	}
	return NULL;
}

static enum screen_style style_of(const char *type)
{
	if (strcmp(type, "alert") == 0)
		return STYLE_ALERT;
	if (strstr(type, "error") || strcmp(type, "lost") == 0 || strcmp(type, "restart") == 0)
		return STYLE_ERROR;
	if (strcmp(type, "print") == 0)
		return STYLE_NOTE;
	return STYLE_DIM;
}

static void show(struct event_output *output, const json_t *event)
{
	static const char *const types[] = {"type", "event", "kind", NULL};
	static const char *const messages[] = {"message", "text", "error", NULL};
	const json_t *type = first_of(event, types);
	const json_t *signature = json_object_get(event, "signature");
	const json_t *message = first_of(event, messages);
	const json_t *technique = json_object_get(event, "technique");
	const char *label = json_is_string(type) ? json_string_value(type) : "event";
	struct line line = {.used = 0}, cleaned = {.used = 0};

	put(&cleaned, label, strlen(label));
	if (json_is_string(signature)) {
		put_string(&line, signature);
		put(&line, ": ", 2);
	}
	if (json_is_string(technique)) {
		put_string(&line, technique);
		put(&line, " ", 1);
	}
	if (json_is_string(message)) {
		put_string(&line, message);
	} else {
		char *whole = json_dumps(event, JSON_COMPACT);

		if (whole)
			put(&line, whole, strlen(whole));
		free(whole);
	}
	put_process(&line, json_object_get(event, "process"));
	screen_message(output->screen, style_of(label), cleaned.text, line.text);
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

void event_record(struct event_output *output, const char *text, size_t size)
{
	json_error_t error;
	json_t *event = json_loadb(text, size, JSON_ALLOW_NUL, &error);

	output->count++;
	if (json_is_object(event) && !memchr(text, '\n', size)) {
		keep(output, text, size);
		show(output, event);
	} else {
		/* never a broken line in the file: what reads it expects one object a line */
		json_t *wrapped = json_pack("{s:s, s:o}", "type", "error", "message",
					    json_sprintf("record that is no JSON object: %s",
							 error.text));
		char *line = json_dumps(wrapped, JSON_COMPACT);

		if (line) {
			keep(output, line, strlen(line));
			show(output, wrapped);
		}
		free(line);
		json_decref(wrapped);
	}
	json_decref(event);
}

void event_lost(struct event_output *output, uint64_t count)
{
	char text[160];
	int length = snprintf(text, sizeof(text),
			      "{\"type\":\"lost\",\"count\":%llu,\"message\":\"%llu events did not "
			      "fit into the event ring and are lost\"}",
			      (unsigned long long)count, (unsigned long long)count);

	output->lost += count;
	event_record(output, text, (size_t)length);
	output->count--;
}
