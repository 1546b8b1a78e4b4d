// SPDX-License-Identifier: Apache-2.0
/*
 * The log channel is a byte stream: lines of text for people, a byte 0x01 anywhere as the event
 * ring's doorbell, lines that begin with 0x02 for this tool, and lines that are 0x03 and an event.
 * Lines longer than the buffer are handed on in pieces.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/log.h"

static bool contains(const char *text, const char *words)
{
	return strstr(text, words) != NULL;
}

static void end_line(struct log_parser *parser)
{
	static const struct {
		const char *start;
		enum log_kind kind;
	} marked[] = {
		{"fatal: ", LOG_FATAL}, {"refused: ", LOG_REFUSED}, {"emulator: ", LOG_EMULATOR}};
	const struct log_sink *sink = &parser->sink;
	const char *text = parser->text;
	uint64_t gpa, size;

	parser->text[parser->used] = '\0';
	parser->used = 0;
	if (text[0] == LOG_CONTROL) {
		if (sscanf(text + 1, "ring %" SCNx64 " %" SCNx64, &gpa, &size) == 2)
			sink->ring(sink->context, gpa, size);
		else if (strcmp(text + 1, "port") == 0)
			sink->event(sink->context, NULL, 0);
		return;
	}
	if (text[0] == LOG_EVENT) {
		sink->event(sink->context, text + 1, strlen(text + 1));
		return;
	}
	if (contains(text, "crash record begin"))
		parser->in_crash = true;
	if (parser->in_crash) {
		sink->line(sink->context, LOG_CRASH, text);
		if (contains(text, "crash record end")) {
			parser->in_crash = false;
			sink->crash_end(sink->context);
		}
		return;
	}
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
		const size_t length = strlen(marked[i].start);

		if (strncmp(text, marked[i].start, length) == 0) {
			sink->line(sink->context, marked[i].kind, text + length);
			return;
		}
	}
	sink->line(sink->context, LOG_TEXT, text);
}

static size_t limit(const struct log_parser *parser)
{
	return (parser->text[0] == LOG_EVENT ? LOG_EVENT_MAX : LOG_LINE_MAX) - 1;
}

bool log_feed(struct log_parser *parser, const char *data, size_t size)
{
	bool doorbell = false;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == LOG_DOORBELL) {
			doorbell = true;
			continue;
		}
		if (data[i] == '\r' || data[i] == '\0')
			continue;
		if (data[i] != '\n')
			parser->text[parser->used++] = data[i];
		if (data[i] == '\n' || parser->used == limit(parser))
			end_line(parser);
	}
	return doorbell;
}

void log_end(struct log_parser *parser)
{
	if (parser->used)
		end_line(parser);
}
