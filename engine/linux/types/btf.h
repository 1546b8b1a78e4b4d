/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read types share: the raw of BTF, and each one's part. */
#ifndef ENGINE_LINUX_TYPES_BTF_H
#define ENGINE_LINUX_TYPES_BTF_H

#include "engine/linux/internal.h"
#include "engine/linux/types/types.h"

struct btf_type;

/* btf.c */

/*
 * BTF where it lies, with an index of its types. Those of a module continue the kernel's: ids below
 * first and strings below strings_from are the base's.
 */
struct btf_raw {
	const struct btf_raw *base; /* NULL: the kernel's own */
	uint32_t first, count;	    /* ids [first, count) are here */
	uint32_t strings_from, strings_size;
	const char *strings;
	const uint8_t *types;
	uint32_t *offsets; /* of each type, from types */
	void *owned;	   /* freed with the raw */
};

/*
 * Look at data, which must stay; owned, where not NULL, came from malloc() and belongs to the raw,
 * also when this fails. 0; -EINVAL: it is no BTF; -ENOMEM
 */
int btf_raw_open(struct btf_raw *raw, const void *data, size_t size, const struct btf_raw *base,
		 void *owned) must_check;
void btf_raw_close(struct btf_raw *raw);
/* NULL: there is no such type. The type lies wholly inside. */
const struct btf_type *btf_raw_type(const struct btf_raw *raw, uint32_t id);
/* NULL: there is no such string. It ends inside. */
const char *btf_raw_name(const struct btf_raw *raw, uint32_t offset);
static inline uint32_t btf_raw_count(const struct btf_raw *raw)
{
	return raw->count;
}

/* types.c */

/* The BTF that a type is of. */
int btf_of(const struct linux_type *type, const struct btf_raw **btf) must_check;
/* The module whose type it is, or NULL. */
const char *btf_module(const struct linux_type *type);
/*
 * A type of one of these kinds (bits) by its name alone. module: whose only (the first
 * module_length characters); NULL: the kernel's, and where that has none but a declaration, any
 * module's.
 */
int btf_find(const char *name, const char *module, size_t module_length, uint32_t kinds,
	     struct linux_type *type) must_check;

/* members.c */

/*
 * The type behind typedefs and qualifiers; *t NULL: void; id may be NULL. stars are not looked at.
 */
int btf_resolve(const struct linux_type *type, const struct btf_raw **btf,
		const struct btf_type **t, uint32_t *id) must_check;
/* What was remembered of members is void. */
void btf_members_forget(void);

/* renames.c: another path for a member of a structure that has none of this name, or NULL */
const char *member_renamed(const char *type, const char *member, size_t length, unsigned int nth);

/* declare.c: C text for a type's name, inner in its place: "char inner[16]" */
int btf_declarator(const struct btf_raw *btf, uint32_t id, const char *inner, char *out,
		   size_t size) must_check;

/* modsyms.c */

struct module_btf {
	char name[LINUX_MODULE_NAME];
	gva_t data;
	uint32_t size;
};

/*
 * Calls fn for each module that has BTF split from the kernel's until it returns non-zero, and
 * returns that.
 */
int modules_each_btf(int (*fn)(const struct module_btf *m, void *arg), void *arg) must_check;

#endif
