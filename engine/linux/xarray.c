/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The xarray (include/linux/xarray.h), which is where a file's cached pages are, and all pids: one
 * entry, or all. A node's shift gets smaller with each step down, which bounds the way down; nodes
 * are counted, since two slots may lead to the same one.
 */
#include "engine/linux/internal.h"

#define CHUNK_SHIFT 6 /* XA_CHUNK_SHIFT without CONFIG_BASE_SMALL */
#define CHUNK	    (1u << CHUNK_SHIFT)
#define MAX_SHIFT   60
#define MAX_NODES   80000 /* PID_MAX_LIMIT is 4 M: 65,536 nodes of 64, and those above them */

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

struct level {
	gva_t slots;
	uint32_t next; /* slot to look at */
	uint8_t shift;
};

static int level_enter(gva_t e, unsigned int above, struct level *l)
{
	gva_t node = e - 2;

	if (!kernel_pointer(node) || linux_kread(at(node, F_XA_NODE_SHIFT), &l->shift, 1))
		return -EFAULT;
	if (l->shift >= above || l->shift % CHUNK_SHIFT)
		return -EINVAL;
	l->slots = at(node, F_XA_NODE_SLOTS);
	l->next = 0;
	return 0;
}

int xarray_each(gva_t head, int (*fn)(gva_t entry, void *arg), void *arg)
{
	struct level stack[MAX_SHIFT / CHUNK_SHIFT + 1];
	uint32_t nodes = 0;
	int depth = 0, err;

	if (!is_internal(head) || head <= 4096)
		return head && !is_internal(head) && !(head & 1) ? fn(head, arg) : 0;
	err = level_enter(head, MAX_SHIFT + CHUNK_SHIFT, &stack[0]);
	while (!err && depth >= 0) {
		struct level *l = &stack[depth];
		gva_t e;

		if (l->next == CHUNK) {
			depth--;
			continue;
		}
		if (kread64(l->slots + 8 * l->next++, &e))
			return -EFAULT;
		if (!e || (e & 1) || (is_internal(e) && e <= 4096))
			continue;
		if (!is_internal(e)) {
			err = fn(e, arg);
		} else if (++nodes > MAX_NODES) {
			err = -EOVERFLOW;
		} else if (linux_stopped()) {
			err = -ETIME;
		} else {
			err = level_enter(e, l->shift, l + 1);
			depth++;
		}
	}
	return err;
}
