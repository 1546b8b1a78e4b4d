/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and searching memory without copying it first. A search goes span by span (for a process:
 * page by page); what lies across the border of two spans is copied and searched on its own.
 */
#include <string.h>
#include "engine/scan/bytes.h"

#define PAGE 4096u

static const uint8_t zeros[PAGE];

static const void *no_bytes(size_t left, size_t *size, bool *absent)
{
	*size = left < sizeof(zeros) ? left : sizeof(zeros);
	*absent = true;
	return zeros;
}

static const void *physical_span(gpa_t gpa, size_t left, size_t *size, bool *absent)
{
	const void *p;

	*size = left;
	p = guest_span(gpa, size);
	if (p && *size)
		return p;
	/* Not RAM: at most to the end of this page, behind it there may be RAM again. */
	if (left > PAGE - (gpa & (PAGE - 1)))
		left = PAGE - (gpa & (PAGE - 1));
	return no_bytes(left, size, absent);
}

static const void *process_span(const struct bytes *b, uint64_t position, size_t left, size_t *size,
				bool *absent)
{
	struct linux_page page;
	const void *p;

	if (linux_memory_page(b->memory, b->base + position, &page) || !page.left)
		return no_bytes(1, size, absent);
	if (left > page.left)
		left = page.left;
	if (page.state == LINUX_PAGE_ABSENT)
		return no_bytes(left, size, absent);
	p = guest_ptr(page.gpa, left);
	if (!p)
		return no_bytes(left, size, absent);
	*size = left;
	return p;
}

const void *bytes_span(const struct bytes *b, uint64_t position, size_t *size, bool *absent)
{
	uint64_t left = b->size - position;

	*absent = false;
	switch (b->kind) {
	case BYTES_PHYSICAL:
		return physical_span(b->base + position, left, size, absent);
	case BYTES_PROCESS:
		return process_span(b, position, left, size, absent);
	case BYTES_FILL:
		position = (b->base + position) % b->data_size;
		*size = b->data_size - position;
		if (*size > left)
			*size = left;
		return (const char *)b->data + position;
	case BYTES_PLAIN:
		break;
	}
	*size = left;
	return (const char *)b->data + position;
}

uint64_t bytes_copy(const struct bytes *b, uint64_t position, void *to, size_t size)
{
	uint64_t missing = 0;
	char *out = to;
	bool absent;

	while (size) {
		size_t n;
		const void *p = bytes_span(b, position, &n, &absent);

		if (n > size)
			n = size;
		memcpy(out, p, n);
		if (absent)
			missing += n;
		out += n;
		position += n;
		size -= n;
	}
	return missing;
}

const void *bytes_scan(const void *data, size_t size, const void *needle, size_t needle_size)
{
	const char *p = data, *last;

	if (size < needle_size)
		return NULL;
	last = p + (size - needle_size);
	while (p <= last) {
		p = memchr(p, *(const unsigned char *)needle, (size_t)(last - p) + 1);
		if (!p)
			return NULL;
		if (memcmp(p, needle, needle_size) == 0)
			return p;
		p++;
	}
	return NULL;
}

uint64_t bytes_find(const struct bytes *b, uint64_t from, const void *needle, size_t size,
		    const volatile int *stop)
{
	char seam[2 * BYTES_NEEDLE_MAX];
	bool absent;

	while (from < b->size && size <= b->size - from && !(stop && *stop)) {
		size_t n, tail;
		const char *p = bytes_span(b, from, &n, &absent), *hit;
		uint64_t start, left;

		hit = bytes_scan(p, n, needle, size);
		if (hit)
			return from + (uint64_t)(hit - p);
		/* A match may begin in the last size - 1 bytes of the span. */
		tail = size - 1 < n ? size - 1 : n;
		if (tail && n < b->size - from) {
			start = from + n - tail;
			left = b->size - start;
			if (left > tail + size - 1)
				left = tail + size - 1;
			bytes_copy(b, start, seam, left);
			hit = bytes_scan(seam, left, needle, size);
			if (hit)
				return start + (uint64_t)(hit - seam);
		}
		from += n;
	}
	return BYTES_NONE;
}
