/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's types, from its BTF. */
#ifndef ENGINE_LINUX_BTF_H
#define ENGINE_LINUX_BTF_H

#include <linux/btf.h>
#include "engine/linux/internal.h"

/* Points into the BTF that it was made from, which must not change: a copy. */
struct types {
	const uint8_t *data;
	const char *strings;
	uint32_t strings_size;
	uint32_t count;	 /* of types, and one for void: their numbers are below it */
	uint32_t *start; /* of type i, in data */
};

/* 0, -EINVAL: not BTF, -ENOMEM */
int types_open(const void *raw, uint32_t size, struct types *types) must_check;
void types_close(struct types *types);

/* NULL: there is none with that number */
static inline const struct btf_type *type_at(const struct types *types, uint32_t id)
{
	if (!id || id >= types->count)
		return NULL;
	return (const void *)(types->data + types->start[id]);
}

static inline uint32_t type_kind(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

/* "": it has no name, or its name is a lie */
static inline const char *type_string(const struct types *types, uint32_t offset)
{
	return offset < types->strings_size ? types->strings + offset : "";
}

/* A member's offset in bytes: path is "a.b"; anonymous members are looked through. */
int type_member(const struct types *types, uint32_t type, const char *path) must_check;

/* Enumerators of a type, 0 when it is no enumeration; name and value of one. */
uint32_t type_enumerators(const struct btf_type *t);
const char *type_enumerator(const struct types *types, const struct btf_type *t, uint32_t i,
			    int64_t *value);

#endif
