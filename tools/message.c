// SPDX-License-Identifier: Apache-2.0
/*
 * Messages: how the tool speaks when it cannot go on, and the cleaning of texts from below (the
 * guest's programs choose parts of them) before they reach a terminal.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/message.h"

void complain(const char *format, ...)
{
	const bool colour = isatty(STDERR_FILENO);
	va_list args;

	fprintf(stderr, "lvisor: %serror:%s ", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void *must_alloc(void *pointer)
{
	if (!pointer) {
		complain("out of memory");
		exit(1);
	}
	return pointer;
}

/* Length of the UTF-8 character at text, 0 if there is none; C1 controls count as none. */
static size_t utf8_length(const unsigned char *text, size_t left)
{
	size_t length;
	unsigned int code;

	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		length = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		length = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (length > left)
		return 0;
	code = text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < 0xa0 || (length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
	    (length == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	/* bidirectional overrides can make a line read as something else */
	if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
		return 0;
	return length;
}

size_t make_printable(char *out, size_t out_size, const char *text, size_t length)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t used = 0;

	for (size_t i = 0; i < length;) {
		size_t whole = in[i] >= 0x20 && in[i] < 0x7f ? 1 : utf8_length(in + i, length - i);

		if (used + 5 > out_size)
			break;
		if (whole) {
			while (whole--)
				out[used++] = text[i++];
		} else {
			used += (size_t)snprintf(out + used, out_size - used, "\\x%02x", in[i++]);
		}
	}
	if (out_size)
		out[used] = '\0';
	return used;
}
