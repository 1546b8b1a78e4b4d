/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that leaves the engine. A process's name is chosen by whoever starts it, so it must not be
 * able to forge a record, to drive a terminal or to break a JSON reader.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "engine/base/text.h"

/* Length of the UTF-8 character at p (Unicode 15, table 3-7), its code point in *c; 0: none. */
static size_t utf8(const unsigned char *p, size_t size, uint32_t *c)
{
	size_t n, i;

	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, *c = p[0] & 0x1f;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3, *c = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, *c = p[0] & 0x07;
	else
		return 0;
	if (n > size)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && (*c < 0x800 || (*c >= 0xd800 && *c <= 0xdfff))) ||
	    (n == 4 && (*c < 0x10000 || *c > 0x10ffff)))
		return 0;
	return n;
}

static bool harmless(uint32_t c, bool keep_lines)
{
	if (c == '\n' || c == '\t')
		return keep_lines;
	if (c < 0x20 || c == '\\' || (c >= 0x7f && c < 0xa0))
		return false;
	/* Line separators, bidirectional marks and overrides, byte order mark. */
	return !(c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		 (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c & 0xfffe) == 0xfffe);
}

bool text_clean(const char *in, size_t size, bool keep_lines, char *out, size_t out_size)
{
	const unsigned char *p = (const void *)in, *end = p + size;
	size_t room = out_size - 1;

	while (p < end) {
		uint32_t c = 0;
		size_t n = utf8(p, (size_t)(end - p), &c), i;

		if (n && harmless(c, keep_lines)) {
			if (n > room)
				break;
			memcpy(out, p, n);
			out += n;
			room -= n;
		} else {
			if (!n)
				n = 1;
			if (4 * n > room)
				break;
			for (i = 0; i < n; i++, out += 4, room -= 4) {
				*out = '\\';
				out[1] = 'x';
				out[2] = "0123456789abcdef"[p[i] >> 4];
				out[3] = "0123456789abcdef"[p[i] & 15];
			}
		}
		p += n;
	}
	*out = '\0';
	return p == end;
}

unsigned int text_distance(const char *a, const char *b, unsigned int limit)
{
	/* Damerau's distance with three rows; names beyond the rows' size are not near. */
	unsigned int row[3][TEXT_NAME_SIZE + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > TEXT_NAME_SIZE || lb > TEXT_NAME_SIZE || la > lb + limit || lb > la + limit)
		return limit + 1;
	for (j = 0; j <= lb; j++)
		row[0][j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		unsigned int *now = row[i % 3], *up = row[(i + 2) % 3], *upup = row[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			unsigned int d = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < d)
				d = up[j] + 1;
			if (now[j - 1] + 1 < d)
				d = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    upup[j - 2] + 1 < d)
				d = upup[j - 2] + 1;
			now[j] = d;
		}
	}
	return row[la % 3][lb] <= limit ? row[la % 3][lb] : limit + 1;
}

void text_near_init(struct text_near *near, const char *wanted)
{
	size_t n = strlen(wanted);

	memset(near, 0, sizeof(*near));
	near->wanted = wanted;
	near->limit = n <= 3 ? 1 : n <= 8 ? 2 : 3;
}

void text_near_add(struct text_near *near, const char *name)
{
	unsigned int d = text_distance(near->wanted, name, near->limit);
	size_t i, at = near->count;

	if (d > near->limit)
		return;
	for (i = 0; i < near->count; i++)
		if (strcmp(near->name[i], name) == 0)
			return;
	while (at > 0 && near->distance[at - 1] > d)
		at--;
	if (at == TEXT_NEAR)
		return;
	if (near->count < TEXT_NEAR)
		near->count++;
	for (i = near->count - 1; i > at; i--) {
		near->distance[i] = near->distance[i - 1];
		memcpy(near->name[i], near->name[i - 1], TEXT_NAME_SIZE);
	}
	near->distance[at] = d;
	snprintf(near->name[at], TEXT_NAME_SIZE, "%s", name);
}

void text_near_print(const struct text_near *near, char *out, size_t size)
{
	size_t i, n;

	out[0] = '\0';
	if (!near->count)
		return;
	snprintf(out, size, "; did you mean ");
	for (i = 0; i < near->count; i++) {
		n = strlen(out);
		snprintf(out + n, size - n, "%s%s%s", i ? ", " : "", near->name[i],
			 i + 1 == near->count ? "?" : "");
	}
}
