// SPDX-License-Identifier: Apache-2.0
/*
 * What comes from the machine and ends on a terminal or in a file of events: the tool's parser of
 * the log channel, its records and its lines, and the engine's cleaning of the guest's strings.
 */
#include <jansson.h>

#include "engine/base/text.h"
#include "tests/fuzz/fuzz.h"
#include "tools/events.h"
#include "tools/log.h"
#include "tools/message.h"

static struct event_output output;
static struct screen screen;

/* No control character, nothing that is not UTF-8 (jansson judges). */
static void harmless(const char *text, size_t size, bool lines)
{
	json_t *string = json_stringn(text, size);

	must(string);
	json_decref(string);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		must((c >= 0x20 && c != 0x7f) || (lines && (c == '\n' || c == '\t')));
		/* C1: another way to write ESC [ */
		must(c != 0xc2 || (unsigned char)text[i + 1] >= 0xa0);
	}
}

static void on_line(void *context, enum log_kind kind, const char *text)
{
	must(strlen(text) < LOG_LINE_MAX);
}

static void on_crash_end(void *context)
{
}

static void on_ring(void *context, uint64_t gpa, uint64_t size)
{
}

static void on_event(void *context, const char *text, size_t size)
{
	must(size < LOG_EVENT_MAX);
	if (text)
		event_record(&output, text, size);
}

static void clean(const char *text, size_t size, bool lines)
{
	size_t room = 1 + size * (4 + (size & 1)) / (1 + (size >> 3 & 3));
	char *out = malloc(room);
	bool whole = text_clean(text, size, lines, out, room);

	must(strlen(out) < room);
	must(whole || room < 4 * size + 1);
	harmless(out, strlen(out), lines);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct log_parser parser;
	const char *text = (const char *)data + 1;
	char *file = NULL, *out;
	size_t file_size, room;

	if (!size)
		return 0;
	size--;
	clean(text, size, data[0] & 1);

	room = 8 + (data[0] >> 1);
	out = malloc(room);
	must(make_printable(out, room, text, size) < room);
	harmless(out, strlen(out), false);
	free(out);

	memset(&screen, 0, sizeof(screen));
	memset(&output, 0, sizeof(output));
	output.screen = &screen;
	output.file = open_memstream(&file, &file_size);
	event_record(&output, text, size);
	parser.used = 0;
	parser.in_crash = false;
	parser.sink = (struct log_sink){on_line, on_crash_end, on_ring, on_event, NULL};
	(void)log_feed(&parser, text, size);
	log_end(&parser);
	fclose(output.file);

	/* One JSON object a line, and nothing that moves the terminal. */
	for (char *line = file, *end; line && *line; line = end + 1) {
		json_t *record;

		end = strchr(line, '\n');
		must(end);
		record = json_loadb(line, (size_t)(end - line), JSON_ALLOW_NUL, NULL);
		must(json_is_object(record));
		json_decref(record);
	}
	if (screen.waiting)
		harmless(screen.waiting, screen.waiting_size, true);
	free(screen.waiting);
	free(file);
	return 0;
}

void fuzz_seeds(void)
{
	static const char *const seeds[] = {
		"\x01{\"kind\":\"alert\",\"signature\":\"a.lua\",\"technique\":\"T1486\","
		"\"message\":"
		"\"found\",\"process\":{\"pid\":7,\"comm\":\"sh\",\"exe\":\"/bin/sh\"}}",
		"\x01{\"kind\":\"error\",\"file\":\"a\",\"line\":3,\"message\":\"x\\ny\\u001b["
		"2J\"}",
		"\x01{\"kind\":\"print\",\"text\":\"\xc3\xa4\xe2\x80\xae\xf0\x9f\x98\x80\"}",
		"\x10\x1b[2J\xc2\x9b\xed\xa0\x80 text\n\x02ring 1000 40\n\x03{\"kind\":\"a\"}\n",
		"\x10--- crash record begin\nrip 1\n--- crash record end\nfatal: why\n\x02port\n",
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		fuzz_seed(seeds[i], strlen(seeds[i]));
}
