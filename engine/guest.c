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

	if (!backend || !backend->window)
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

const void *guest_span(gpa_t gpa, size_t *size)
{
	const struct lvmon_ram *r = range_of(gpa);
	size_t n = 0;

	if (!r)
		return NULL;
	/* Ranges may touch: memory goes on in the next one then. */
	while (r < backend->ram + backend->ram_ranges && n < *size && r->gpa <= gpa + n) {
		n = r->gpa + r->size - gpa;
		r++;
	}
	if (n < *size)
		*size = n;
	return backend->window + gpa;
}

const void *guest_ptr(gpa_t gpa, size_t size)
{
	size_t n = size;
	const void *p = guest_span(gpa, &n);

	return p && n == size ? p : NULL;
}

int guest_read(gpa_t gpa, void *buf, size_t size)
{
	const void *p = guest_ptr(gpa, size);

	if (!p)
		return -EFAULT;
	memcpy(buf, p, size);
	return 0;
}
