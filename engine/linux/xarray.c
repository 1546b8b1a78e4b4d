/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lookup in an xarray (include/linux/xarray.h), which is where a file's cached pages are. A
 * node's shift gets smaller with each step down, which bounds the walk.
 */
#include "engine/linux/internal.h"

#define CHUNK_SHIFT 6 /* XA_CHUNK_SHIFT without CONFIG_BASE_SMALL */
#define CHUNK	    (1u << CHUNK_SHIFT)
#define MAX_SHIFT   60

static bool is_internal(gva_t entry)
{
	return (entry & 3) == 2;
}

int xarray_find(gva_t head, uint64_t index, gva_t *entry, uint64_t *last)
{
	unsigned int above = MAX_SHIFT + CHUNK_SHIFT;
	gva_t e = head;

	*entry = 0;
	*last = UINT64_MAX;
	if (!is_internal(e) || e <= 4096) {
		/* Only index 0 is kept without a node. */
		if (!index && !is_internal(e))
			*entry = e;
		return 0;
	}
	while (is_internal(e) && e > 4096) {
		gva_t node = e - 2;
		uint32_t slot;
		uint8_t shift;

		if (!kernel_pointer(node) || linux_kread(at(node, F_XA_NODE_SHIFT), &shift, 1))
			return -EFAULT;
		if (shift >= above || shift % CHUNK_SHIFT)
			return -EINVAL;
		/* At the top: is the index within what the tree covers? */
		if (above > MAX_SHIFT && shift + CHUNK_SHIFT < 64 && index >> (shift + CHUNK_SHIFT))
			return 0;
		above = shift;
		*last = index | ((1ull << shift) - 1);
		slot = index >> shift & (CHUNK - 1);
		if (kread64(at(node, F_XA_NODE_SLOTS) + 8 * slot, &e))
			return -EFAULT;
		/* A sibling entry names the slot that holds the entry of several. */
		if (is_internal(e) && e >> 2 < CHUNK) {
			if (kread64(at(node, F_XA_NODE_SLOTS) + 8 * (e >> 2), &e))
				return -EFAULT;
			if (is_internal(e))
				return 0;
		}
	}
	if (!is_internal(e))
		*entry = e;
	return 0;
}

int xarray_load(gva_t head, uint64_t index, gva_t *entry)
{
	uint64_t last;
	int err = xarray_find(head, index, entry, &last);

	if (*entry & 1) /* a value: in a file's mapping the shadow of an evicted page */
		*entry = 0;
	return err;
}
