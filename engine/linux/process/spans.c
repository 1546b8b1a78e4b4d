/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process's memory, span by span: present pages that lie side by side in guest memory are one
 * span, and so are absent ones next to each other. Each table of small pages is looked up once, and
 * an empty entry of a higher one stands for all that it covers.
 *
 * Page tables that a hostile kernel made may lead to each other a million times over. As many
 * tables of small pages as guest memory has pages are the most there can be, and the walks from the
 * root are bounded, too; how much one call looks at is bounded so that its caller can watch the
 * time.
 */
#include "engine/linux/internal.h"

#define MAX_WALKS    (1u << 26)
#define MAX_PIECES   2048u /* joined into one span */
#define FIRST_PIECES 16u   /* the same in the first span of a walk, which may be its only one */

static bool has_bytes(const struct linux_span *s)
{
	return s->state == LINUX_SPAN_MAPPED || s->state == LINUX_SPAN_CACHED;
}

/* Nothing in the page table for s->size bytes from s->va on. */
static void not_mapped(struct linux_walk *w, const struct linux_area *a, struct linux_span *s)
{
	uint64_t index = a->pgoff + (s->va - a->start) / PAGE_SIZE, last, left;
	int err;

	s->state = LINUX_SPAN_UNTOUCHED;
	if (!a->file || a->anonymous)
		return;
	s->state = LINUX_SPAN_UNCACHED;
	if (a->flags & VM_HUGETLB)
		return;
	if (w->cache.file != a->file && page_cache_open(a->file, &w->cache))
		return;
	err = page_cache_find(&w->cache, index, &s->gpa, &last);
	left = PAGE_SIZE - s->va % PAGE_SIZE;
	if (!err) {
		size_t n = 1;

		s->gpa += s->va % PAGE_SIZE;
		s->state = guest_span(s->gpa, &n) ? LINUX_SPAN_CACHED : LINUX_SPAN_UNREADABLE;
	} else if (err == -ENXIO) {
		s->state = LINUX_SPAN_SWAPPED;
	} else if (last - index >= s->size / PAGE_SIZE) {
		return;
	} else {
		left += (last - index) * PAGE_SIZE;
	}
	if (s->size > left)
		s->size = left;
}

/* What one entry says about va, which is in a. */
static void piece(struct linux_walk *w, const struct linux_area *a, gva_t va, struct linux_span *s)
{
	struct mapping m;
	int err = page_walk_on(&w->tables, va, &m);
	size_t n = (size_t)m.left;

	*s = (struct linux_span){.va = va, .size = m.left};
	if (s->size > a->end - va)
		s->size = a->end - va;
	if (err == -ENOENT) {
		not_mapped(w, a, s);
	} else if (err == -ENXIO) {
		s->state = LINUX_SPAN_SWAPPED;
	} else if (err) {
		s->state = LINUX_SPAN_UNREADABLE;
	} else if (guest_span(m.gpa, &n)) {
		s->state = LINUX_SPAN_MAPPED;
		s->gpa = m.gpa;
		if (s->size > n)
			s->size = n;
	} else {
		s->state =
			a->flags & (VM_IO | VM_PFNMAP) ? LINUX_SPAN_DEVICE : LINUX_SPAN_UNREADABLE;
		/* The rest of a large page may be RAM again. */
		if (s->size > PAGE_SIZE - va % PAGE_SIZE)
			s->size = PAGE_SIZE - va % PAGE_SIZE;
	}
}

void linux_walk_start(struct linux_walk *w, const struct linux_memory *mem, gva_t from, gva_t end)
{
	size_t lo = 0, hi = mem->count, i;

	memset(w, 0, sizeof(*w));
	w->mem = mem;
	w->left_out = mem->left_out;
	w->va = from;
	w->end = end;
	w->pieces = FIRST_PIECES;
	w->tables.root = mem->pgd;
	w->tables.levels = kernel ? kernel->levels : 0;
	for (i = 0; backend && i < backend->ram_ranges; i++)
		w->most_leaves += backend->ram[i].size / PAGE_SIZE;
	/* The first area that ends behind from. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (mem->areas[mid].end <= from)
			lo = mid + 1;
		else
			hi = mid;
	}
	w->area = lo;
}

void linux_walk_again(struct linux_walk *w)
{
	w->tables.leaf = NULL;
	w->cache.file = 0;
	w->ahead.size = 0;
}

static bool too_much(const struct linux_walk *w)
{
	return w->tables.walks > MAX_WALKS || w->tables.leaves > w->most_leaves;
}

bool linux_walk_next(struct linux_walk *w, struct linux_span *span)
{
	const struct linux_area *a;
	unsigned int pieces;
	gva_t end;

	while (w->area < w->mem->count && w->mem->areas[w->area].end <= w->va)
		w->area++;
	if (w->cut || w->area == w->mem->count)
		return false;
	a = &w->mem->areas[w->area];
	if (w->va < a->start)
		w->va = a->start;
	if (w->va >= w->end)
		return false;
	end = a->end < w->end ? a->end : w->end;
	if (w->ahead.size)
		*span = w->ahead;
	else
		piece(w, a, w->va, span);
	w->ahead.size = 0;
	for (pieces = 0; span->va + span->size < end && pieces < w->pieces; pieces++) {
		piece(w, a, span->va + span->size, &w->ahead);
		if (w->ahead.state != span->state ||
		    (has_bytes(span) && w->ahead.gpa != span->gpa + span->size))
			break;
		span->size += w->ahead.size;
		w->ahead.size = 0;
	}
	if (span->size > end - span->va) {
		span->size = end - span->va;
		w->ahead.size = 0;
	}
	if (w->pieces < MAX_PIECES)
		w->pieces *= 2;
	w->cut = too_much(w);
	w->va = span->va + span->size;
	w->bytes[span->state] += span->size;
	return true;
}
