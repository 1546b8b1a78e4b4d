/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of the kernel's lists (include/linux/list.h, llist.h, list_nulls.h, list_bl.h): all start
 * with a pointer to the next one, and differ in how they end. Other CPUs may change a list while it
 * is walked, so a walk has a bound and notices loops.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include "engine/linux/types/btf.h"

#define MAX_NODES 262144

int linux_list_kind(const struct linux_type *type, enum linux_list *kind)
{
	static const struct {
		const char *name;
		enum linux_list kind;
	} heads[] = {
		{"list_head", LINUX_LIST},	   {"hlist_head", LINUX_HLIST},
		{"hlist_nulls_head", LINUX_HLIST}, {"hlist_bl_head", LINUX_HLIST},
		{"llist_head", LINUX_LLIST},
	};
	const struct btf_type *t;
	const struct btf_raw *btf;
	const char *name;
	size_t i;
	int err;

	if (type->stars || type->array)
		return -EINVAL;
	err = btf_resolve(type, &btf, &t, NULL);
	if (err)
		return err;
	name = t && btf_is_composite(t) ? btf_raw_name(btf, t->name_off) : NULL;
	for (i = 0; name && i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (strcmp(name, heads[i].name))
			continue;
		*kind = heads[i].kind;
		return 0;
	}
	return -EINVAL;
}

/* The lowest bit is a lock in the head of an hlist_bl, and marks the end of an hlist_nulls. */
static bool ends(enum linux_list kind, gva_t head, gva_t *pos, bool first)
{
	if (kind == LINUX_LIST)
		return *pos == head;
	if (kind == LINUX_HLIST && (*pos & 1)) {
		if (!first || !kernel_pointer(*pos & ~1ull))
			return true;
		*pos &= ~1ull;
	}
	return !*pos;
}

int linux_list_nodes(gva_t head, enum linux_list kind, gva_t **nodes, size_t *count)
{
	size_t room = 0, lap = 1;
	gva_t pos, mark = 0;

	*nodes = NULL;
	*count = 0;
	if (!kernel)
		return -ENODATA;
	if (!kernel_pointer(head) || kread64(head, &pos))
		return -EFAULT;
	while (!ends(kind, head, &pos, !*count)) {
		if (!kernel_pointer(pos) || pos % 8)
			return -EFAULT;
		/* Brent: a loop that does not lead back to the head meets the mark again. */
		if (pos == mark || *count == MAX_NODES)
			return -EOVERFLOW;
		if (*count % 64 == 63 && linux_stopped())
			return -ETIME;
		if (*count == room) {
			size_t more = room ? 2 * room : 64;
			gva_t *bigger = realloc(*nodes, more * sizeof(**nodes));

			if (!bigger) {
				free(*nodes);
				*nodes = NULL;
				*count = 0;
				return -ENOMEM;
			}
			*nodes = bigger;
			room = more;
		}
		(*nodes)[(*count)++] = pos;
		if (*count == lap) {
			mark = pos;
			lap *= 2;
		}
		if (kread64(pos, &pos))
			return -EFAULT;
	}
	return 0;
}
