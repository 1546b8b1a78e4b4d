/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel's image is: from a page table and one address in kernel text. The image is
 * contiguous in guest-physical memory, so virtual minus physical address is the same all over it.
 */
#include "engine/linux/internal.h"

#define SLOT (2 * MB) /* the image is mapped in large pages where it can be */

/* A mapping anywhere in the slot: pages at its start may be gone (freed init memory). */
static bool slot_delta(gpa_t root, unsigned int levels, gva_t slot, uint64_t *delta)
{
	gva_t va = slot;

	while (va < slot + SLOT) {
		struct mapping m;

		if (!page_walk(root, levels, va, false, &m)) {
			*delta = va - m.gpa;
			return true;
		}
		if (m.left >= slot + SLOT - va) /* addresses may end there */
			break;
		va += m.left < 64 * KB ? 64 * KB : m.left;
	}
	return false;
}

static void image_extent(gpa_t root, unsigned int levels, gva_t rip, struct image *img)
{
	gva_t slot, start = 0, end = 0;
	struct mapping m;
	uint64_t delta, d;

	*img = (struct image){0};
	if (rip < KERNEL_MAP_START || rip >= KERNEL_MAP_END ||
	    page_walk(root, levels, rip, false, &m))
		return;
	delta = rip - m.gpa;
	/* Not only the neighbours: there may be a hole. */
	for (slot = KERNEL_MAP_START; slot < KERNEL_MAP_END; slot += SLOT) {
		if (!slot_delta(root, levels, slot, &d) || d != delta)
			continue;
		if (!start)
			start = slot;
		end = slot + SLOT;
	}
	if (!start)
		return;
	img->va = start;
	img->gpa = start - delta;
	img->size = end - start;
}

int image_find(uint64_t cr3, uint64_t cr4, gva_t rip, struct image *img)
{
	/* With KPTI the user's page table is the odd one of a pair; it maps little of the image. */
	static const uint64_t masks[] = {~0xfffull, ~0x1fffull};
	unsigned int levels = cr4 & CR4_LA57 ? 5 : 4;
	struct image best = {0};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct image one;
		size_t span;

		if (i && (cr3 & masks[i]) == (cr3 & masks[i - 1]))
			break;
		image_extent(cr3 & masks[i], levels, rip, &one);
		span = (size_t)one.size;
		if (!one.size || !guest_span(one.gpa, &span))
			continue;
		one.size = span;
		if (one.size > best.size)
			best = one;
	}
	*img = best;
	return best.size ? 0 : -ENOENT;
}
