/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does BTF that was made from a profile belong to the kernel at hand? A profile of another build
 * has other layouts, and what is read with them looks right now and then. The profile's banner,
 * which a declaration tag of the variable linux_banner carries, must be the kernel's; a profile
 * without one must at least find the name of the first task.
 */
#include <stdio.h>
#include <stdlib.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "engine/linux/internal.h"

/* The tag of the variable linux_banner, or NULL. */
static const char *banner_of(const struct btf *btf)
{
	uint32_t id, n = btf__type_cnt(btf);

	for (id = n - 1; id > 0; id--) {
		const struct btf_type *t = btf__type_by_id(btf, id), *of;
		const char *name;

		if (!btf_is_decl_tag(t))
			continue;
		of = btf__type_by_id(btf, t->type);
		name = of ? btf__name_by_offset(btf, of->name_off) : NULL;
		if (of && btf_is_var(of) && name && !strcmp(name, "linux_banner"))
			return btf__name_by_offset(btf, t->name_off);
	}
	return NULL;
}

int profile_fits(const void *btf, size_t size, const char *banner, char *why, size_t why_size)
{
	struct btf *parsed = btf__new(btf, (uint32_t)size);
	size_t n = strcspn(banner, "\n");
	const char *tag;
	int err = 0;

	if (libbpf_get_error(parsed)) {
		snprintf(why, why_size, "the profile's BTF is damaged");
		return -EINVAL;
	}
	tag = banner_of(parsed);
	if (tag && (strncmp(tag, banner, n) || tag[n])) {
		snprintf(why, why_size,
			 "the profile is of another kernel: '%.300s', this one is '%.*s'", tag,
			 n < 300 ? (int)n : 300, banner);
		err = -EINVAL;
	}
	btf__free(parsed);
	return err;
}
