/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and searching memory without copying it first. A search goes span by span (for a process:
 * what is contiguous in guest memory); the bytes on both sides of the border of two spans are
 * copied and searched on their own.
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

/* Spans of b one after the other. */
struct reader {
	const struct bytes *b;
	uint64_t position, end;
	struct linux_walk walk;
	struct linux_span span; /* PROCESS: what of it is left */
};

static void reader_start(struct reader *r, const struct bytes *b, uint64_t from, uint64_t end)
{
	r->b = b;
	r->position = from;
	r->end = end;
	if (b->kind != BYTES_PROCESS)
		return;
	r->span.size = 0;
	linux_walk_start(&r->walk, b->memory, linux_memory_va(b->memory, b->base + from),
			 linux_memory_va(b->memory, b->base + end - 1) + 1);
}

static const void *process_span(struct reader *r, size_t left, size_t *size, bool *absent)
{
	struct linux_span *s = &r->span;
	const void *p = NULL;
	size_t n;

	if (!s->size && !linux_walk_next(&r->walk, s))
		return no_bytes(left, size, absent);
	n = s->size < left ? (size_t)s->size : left;
	if (s->state == LINUX_SPAN_MAPPED || s->state == LINUX_SPAN_CACHED)
		p = guest_span(s->gpa, &n);
	if (p)
		*size = n;
	else
		p = no_bytes(n, size, absent);
	s->gpa += *size;
	s->size -= *size;
	return p;
}

/* The next bytes (position < end), as bytes_span; moves on behind them. */
static const void *reader_next(struct reader *r, size_t *size, bool *absent)
{
	const struct bytes *b = r->b;
	uint64_t left = r->end - r->position, position = r->position;
	const void *p = NULL;

	*absent = false;
	*size = left;
	switch (b->kind) {
	case BYTES_PHYSICAL:
		p = physical_span(b->base + position, left, size, absent);
		break;
	case BYTES_PROCESS:
		p = process_span(r, left, size, absent);
		break;
	case BYTES_FILL:
		position = (b->base + position) % b->data_size;
		if (*size > b->data_size - position)
			*size = b->data_size - position;
		p = (const char *)b->data + position;
		break;
	case BYTES_PLAIN:
		p = (const char *)b->data + position;
		break;
	}
	r->position += *size;
	return p;
}

const void *bytes_span(const struct bytes *b, uint64_t position, size_t *size, bool *absent)
{
	struct reader r;

	reader_start(&r, b, position, b->size);
	return reader_next(&r, size, absent);
}

uint64_t bytes_copy(const struct bytes *b, uint64_t position, void *to, size_t size)
{
	uint64_t missing = 0;
	struct reader r;
	char *out = to;

	if (!size)
		return 0;
	reader_start(&r, b, position, position + size);
	while (size) {
		bool absent;
		size_t n;
		const void *p = reader_next(&r, &n, &absent);

		memcpy(out, p, n);
		if (absent)
			missing += n;
		out += n;
		size -= n;
	}
	return missing;
}

/* The last bytes before a border, fewer than the needle has. */
struct seam {
	char bytes[2 * BYTES_NEEDLE_MAX];
	size_t kept;
};

/*
 * Does the needle begin before p, where n bytes follow? Its distance from p, 0: no. Then keeps what
 * the next border needs.
 */
static size_t seam_find(struct seam *s, const char *p, size_t n, const struct bytes_needle *l)
{
	size_t size = l->size, head = n < size - 1 ? n : size - 1, drop, before = s->kept;
	const char *hit = NULL;

	if (s->kept) {
		memcpy(s->bytes + s->kept, p, head);
		hit = bytes_scan_for(s->bytes, s->kept + head, l);
		if (hit)
			return before - (size_t)(hit - s->bytes);
	}
	if (n >= size - 1) {
		memcpy(s->bytes, p + n - (size - 1), size - 1);
		s->kept = size - 1;
		return 0;
	}
	memcpy(s->bytes + s->kept, p, n);
	s->kept += n;
	drop = s->kept > size - 1 ? s->kept - (size - 1) : 0;
	memmove(s->bytes, s->bytes + drop, s->kept - drop);
	s->kept -= drop;
	return 0;
}

#define STEP (4u << 20) /* between two looks at *stop */

uint64_t bytes_find(const struct bytes *b, uint64_t from, const void *needle, size_t size,
		    const volatile int *stop)
{
	struct seam seam = {.kept = 0};
	struct bytes_needle l;
	struct reader r;

	if (from >= b->size || size > b->size - from)
		return BYTES_NONE;
	bytes_needle(&l, needle, size);
	reader_start(&r, b, from, b->size);
	while (from < b->size) {
		size_t n, part, before;
		bool absent;
		const char *p = reader_next(&r, &n, &absent), *hit;

		for (; n; from += part, p += part, n -= part) {
			if (stop && *stop)
				return BYTES_NONE;
			part = n < STEP ? n : STEP;
			before = seam_find(&seam, p, part, &l);
			if (before)
				return from - before;
			hit = bytes_scan_for(p, part, &l);
			if (hit)
				return from + (uint64_t)(hit - p);
		}
	}
	return BYTES_NONE;
}
