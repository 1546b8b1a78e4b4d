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

bool bytes_live(const struct bytes *b)
{
	return b->kind != BYTES_PROCESS || linux_memory_lives(b->memory);
}

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

/* The process's span at the reader's position. */
static struct linux_span *process_look(struct reader *r)
{
	if (!r->span.size && !linux_walk_next(&r->walk, &r->span))
		r->span = (struct linux_span){.state = LINUX_SPAN_UNREADABLE,
					      .size = r->end - r->position};
	return &r->span;
}

static bool has_bytes(const struct linux_span *s)
{
	return s->state == LINUX_SPAN_MAPPED || s->state == LINUX_SPAN_CACHED;
}

static const void *process_span(struct reader *r, size_t left, size_t *size, bool *absent)
{
	struct linux_span *s = process_look(r);
	const void *p = NULL;
	size_t n = s->size < left ? (size_t)s->size : left;

	if (has_bytes(s))
		p = guest_span(s->gpa, &n);
	if (p)
		*size = n;
	else
		p = no_bytes(n, size, absent);
	s->gpa += *size;
	s->size -= *size;
	return p;
}

/* From gpa to the next RAM. */
static uint64_t physical_gap(gpa_t gpa)
{
	size_t i;

	for (i = 0; i < backend->ram_ranges; i++)
		if (backend->ram[i].gpa + backend->ram[i].size > gpa)
			return backend->ram[i].gpa > gpa ? backend->ram[i].gpa - gpa : 0;
	return UINT64_MAX;
}

/* bytes_gap() at the reader's position (before the end). */
static uint64_t reader_gap(struct reader *r)
{
	uint64_t left = r->end - r->position, gap = 0;

	if (r->b->kind == BYTES_PROCESS && !has_bytes(process_look(r)))
		gap = r->span.size;
	else if (r->b->kind == BYTES_PHYSICAL)
		gap = physical_gap(r->b->base + r->position);
	return gap < left ? gap : left;
}

static void reader_skip(struct reader *r, uint64_t gap)
{
	r->position += gap;
	if (r->b->kind == BYTES_PROCESS)
		r->span.size -= gap;
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

uint64_t bytes_gap(const struct bytes *b, uint64_t position)
{
	struct reader r;

	reader_start(&r, b, position, b->size);
	return reader_gap(&r);
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

#define STEP (1u << 20) /* between two looks at the time */

static bool all_zeros(const uint8_t *p, size_t size)
{
	while (size && !*p) {
		p++;
		size--;
	}
	return !size;
}

/*
 * The bytes in which the needle is sought from from on. What is repeated is looked at once: a
 * needle that does not begin in the first unit never does.
 */
static uint64_t search_end(const struct bytes *b, uint64_t from, size_t size)
{
	uint64_t most = b->kind == BYTES_FILL ? b->data_size + size : UINT64_MAX;

	return b->size - from > most ? from + most : b->size;
}

/*
 * Zeros that lie nowhere: only the first and the last of them can be a part of what has others,
 * too. As seam_find(); when there is no match all of them are behind the reader.
 */
static size_t gap_find(struct reader *r, struct seam *s, uint64_t gap, const struct bytes_needle *l)
{
	size_t n = gap < l->size - 1 ? (size_t)gap : l->size - 1;
	size_t before = seam_find(s, (const char *)zeros, n, l);

	if (!before)
		reader_skip(r, gap);
	return before;
}

/* The next part of at most STEP bytes; where the needle is, or BYTES_NONE. */
static uint64_t part_find(struct reader *r, struct seam *s, const struct bytes_needle *l,
			  bool zero_needle)
{
	uint64_t from = r->position, gap = zero_needle ? 0 : reader_gap(r), end = r->end;
	size_t n, before;
	const char *p, *hit;
	bool absent;

	if (gap) {
		before = gap_find(r, s, gap, l);
		return before ? from - before : BYTES_NONE;
	}
	if (end - from > STEP)
		r->end = from + STEP;
	p = reader_next(r, &n, &absent);
	r->end = end;
	before = seam_find(s, p, n, l);
	if (before)
		return from - before;
	hit = bytes_scan_for(p, n, l);
	return hit ? from + (uint64_t)(hit - p) : BYTES_NONE;
}

uint64_t bytes_find(const struct bytes *b, uint64_t *from, const void *needle, size_t size,
		    bool (*stop)(void))
{
	struct seam seam = {.kept = 0};
	struct bytes_needle l;
	struct reader r;
	uint64_t hit;
	bool zero_needle;

	if (*from >= b->size || size > b->size - *from)
		return BYTES_NONE;
	bytes_needle(&l, needle, size);
	zero_needle = all_zeros(needle, size);
	reader_start(&r, b, *from, search_end(b, *from, size));
	while (r.position < r.end) {
		hit = part_find(&r, &seam, &l, zero_needle);
		if (hit != BYTES_NONE)
			return hit;
		if (r.position - *from < size || !stop || !stop())
			continue;
		*from = r.position - seam.kept;
		return BYTES_STOPPED;
	}
	return BYTES_NONE;
}
