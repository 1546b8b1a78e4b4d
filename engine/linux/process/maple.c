/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maple tree, in which a process's mappings are kept from Linux 6.1 on (lib/maple_tree.c). A
 * root with 2 in bits 0-1 is a node, and so is whatever a node that is not a leaf holds. A node is
 * 256-byte aligned, its type is in bits 3-6 of the pointer to it. Pivots end the ranges of their
 * slots; the last slot has none.
 */
#include "engine/linux/internal.h"

#define NODE_SIZE 256
#define MAX_DEPTH 16	/* each level multiplies by at least 5 */
#define MAX_NODES 40000 /* of at least 5 entries, for 65,530 mappings with room to spare */

/* include/linux/maple_tree.h, enum maple_type */
enum node_type { MAPLE_DENSE, MAPLE_LEAF_64, MAPLE_RANGE_64, MAPLE_ARANGE_64 };

struct node {
	uint8_t bytes[NODE_SIZE];
	uint32_t pivots, slots; /* offsets */
	uint32_t count;		/* of slots */
	uint32_t next;		/* slot to look at */
	uint64_t max;		/* the last index it covers */
	bool leaf;
};

static bool is_root_node(gva_t entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static int node_load(gva_t entry, uint64_t max, struct node *n)
{
	uint32_t type = entry >> 3 & 15;
	bool arange = type == MAPLE_ARANGE_64;
	gva_t node = entry & ~0xffull;

	if (type != MAPLE_LEAF_64 && type != MAPLE_RANGE_64 && !arange)
		return -EINVAL;
	n->pivots = (uint32_t)kernel->field[arange ? F_MAPLE_ARANGE_PIVOT : F_MAPLE_RANGE_PIVOT];
	n->slots = (uint32_t)kernel->field[arange ? F_MAPLE_ARANGE_SLOT : F_MAPLE_RANGE_SLOT];
	/* One pivot less than there are slots, and the slots lie behind them. */
	if (n->slots <= n->pivots || n->slots % 8 || n->pivots % 8 || n->slots >= NODE_SIZE)
		return -EINVAL;
	n->count = (n->slots - n->pivots) / 8 + 1;
	if (n->slots + 8 * n->count > NODE_SIZE)
		return -EINVAL;
	n->next = 0;
	n->max = max;
	n->leaf = type == MAPLE_LEAF_64;
	if (!kernel_pointer(node))
		return -EFAULT;
	return linux_kread(node, n->bytes, NODE_SIZE);
}

int maple_each(gva_t root, int (*fn)(gva_t entry, void *arg), void *arg)
{
	struct node stack[MAX_DEPTH];
	int depth = 0, nodes = 0, err;

	if (!root)
		return 0;
	if (!is_root_node(root)) /* one entry for index 0 */
		return (root & 3) == 2 ? 0 : fn(root, arg);
	err = node_load(root, ~0ull, &stack[0]);
	if (err)
		return err;
	while (depth >= 0) {
		struct node *n = &stack[depth];
		uint64_t pivot = n->max;
		gva_t entry;
		uint32_t i = n->next++;

		if (i >= n->count) {
			depth--;
			continue;
		}
		if (i + 1 < n->count)
			memcpy(&pivot, n->bytes + n->pivots + 8 * i, 8);
		/* A pivot of zero behind the first, or the node's end: nothing follows. */
		if (!pivot && i > 0)
			pivot = n->max;
		if (pivot >= n->max) {
			pivot = n->max;
			n->next = n->count;
		}
		memcpy(&entry, n->bytes + n->slots + 8 * i, 8);
		if (n->leaf) {
			if (!entry || (entry & 3) == 2)
				continue;
			err = fn(entry, arg);
			if (err)
				return err;
			continue;
		}
		if (entry <= 4096)
			continue;
		if (depth + 1 >= MAX_DEPTH || ++nodes > MAX_NODES)
			return -EOVERFLOW;
		if (nodes % 16 == 0 && linux_stopped())
			return -ETIME;
		err = node_load(entry, pivot, &stack[depth + 1]);
		if (err)
			return err;
		depth++;
	}
	return 0;
}
