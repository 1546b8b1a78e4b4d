/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest-physical memory: bounds checks on top of the backend's window. Every load from guest RAM in
 * the engine goes through one of the three functions here, so this is the only place where an
 * address that the guest chose becomes a host pointer.
 */
#include <errno.h>
#include <string.h>
#include "engine/backend.h"

const struct backend *backend;

/* The range that holds gpa, or NULL. Ranges ascend: binary search. */
static const struct lvmon_ram *range_of(gpa_t gpa)
{
	size_t lo = 0, hi;

	if (!backend || (!backend->window && !backend->places))
		return NULL;
	hi = backend->ram_ranges;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct lvmon_ram *r = &backend->ram[mid];

		if (gpa < r->gpa)
			hi = mid;
		else if (gpa - r->gpa >= r->size)
			lo = mid + 1;
		else
			return r;
	}
	return NULL;
}

/* Of a byte in range r. */
static const uint8_t *pointer(const struct lvmon_ram *r, gpa_t gpa)
{
	return backend->places ? backend->places[r - backend->ram] + (gpa - r->gpa)
			       : backend->window + gpa;
}

const void *guest_span(gpa_t gpa, size_t *size)
{
	const struct lvmon_ram *r = range_of(gpa);
	const uint8_t *p;
	uint64_t n;

	if (!r)
		return NULL;
	p = pointer(r, gpa);
	n = r->gpa + r->size - gpa;
	/* Ranges may touch: memory goes on in the next one then, unless a file has it elsewhere. */
	while (n < *size && ++r < backend->ram + backend->ram_ranges && r->gpa == gpa + n &&
	       pointer(r, r->gpa) == p + n)
		n += r->size;
	if (n < *size)
		*size = n;
	return p;
}

const void *guest_ptr(gpa_t gpa, size_t size)
{
	size_t n = size;
	const void *p = guest_span(gpa, &n);

	return p && n == size ? p : NULL;
}

int guest_read(gpa_t gpa, void *buf, size_t size)
{
	uint8_t *to = buf;

	while (size > 0) {
		size_t n = size;
		const void *p = guest_span(gpa, &n);

		if (!p)
			return -EFAULT;
		memcpy(to, p, n);
		to += n;
		gpa += n;
		size -= n;
	}
	return 0;
}
