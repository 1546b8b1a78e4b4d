/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How values lie in memory: what BTF says of a type, and members by name. What was found of a
 * member is remembered, because a signature asks for the same few all the time.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <stdlib.h>
#include "engine/linux/types/btf.h"

#define MAX_MODIFIERS	32
#define MAX_NESTING	8    /* anonymous members in anonymous members, arrays of arrays */
#define MAX_MEMBERS	8192 /* looked at for one name */
#define MAX_SIZE	(1ull << 40)
#define MAX_SIMPLE_SIZE 16
#define MAX_RENAMES	4

#define REMEMBERED  1024 /* a power of two */
#define NAME_LENGTH 31

struct known_member {
	struct linux_type type;
	uint8_t length; /* of the name; 0: nothing here */
	char name[NAME_LENGTH];
	struct linux_layout layout;
};

static struct known_member members[REMEMBERED];

void btf_members_forget(void)
{
	memset(members, 0, sizeof(members));
}

int btf_resolve(const struct linux_type *type, const struct btf_raw **btf,
		const struct btf_type **t, uint32_t *id)
{
	uint32_t at = type->id;
	int err, i;

	err = btf_of(type, btf);
	if (err)
		return err;
	for (i = 0; i < MAX_MODIFIERS; i++) {
		if (id)
			*id = at;
		if (!at) {
			*t = NULL;
			return 0;
		}
		*t = btf_raw_type(*btf, at);
		if (!*t)
			return -EINVAL;
		if (!btf_is_mod(*t) && !btf_is_typedef(*t))
			return 0;
		at = (*t)->type;
	}
	return -EINVAL;
}

static struct linux_type type_like(const struct linux_type *type, uint32_t id)
{
	return (struct linux_type){
		.id = id,
		.source = type->source,
		.generation = type->generation,
	};
}

static int layout(const struct linux_type *type, struct linux_layout *out, unsigned int depth);

/* An array of count of out->to. */
static int array_layout(struct linux_layout *out, uint32_t count, unsigned int depth)
{
	struct linux_layout element;
	const struct btf_type *t;
	const struct btf_raw *btf;
	const char *name;
	int err;

	err = layout(&out->to, &element, depth + 1);
	if (err)
		return err;
	if (!element.size && element.kind != LINUX_KIND_RECORD)
		return -EINVAL;
	out->kind = LINUX_KIND_ARRAY;
	out->to_size = element.size;
	out->count = count;
	if (element.size > MAX_SIZE || element.size * count > MAX_SIZE)
		return -EINVAL;
	out->size = element.size * count;
	if (element.kind != LINUX_KIND_INTEGER || element.size != 1)
		return 0;
	err = btf_resolve(&out->to, &btf, &t, NULL);
	name = err || !t ? NULL : btf_raw_name(btf, t->name_off);
	/* Neither u8 nor unsigned char: those are numbers more often than text. */
	if (name && !strcmp(name, "char"))
		out->kind = LINUX_KIND_STRING;
	return err;
}

static int simple_layout(const struct btf_type *t, struct linux_layout *out)
{
	out->size = t->size;
	if (!t->size || t->size > MAX_SIMPLE_SIZE)
		return -EINVAL;
	if (btf_is_int(t)) {
		uint8_t encoding = btf_int_encoding(t), bits = btf_int_bits(t);

		out->kind = encoding & BTF_INT_BOOL ? LINUX_KIND_BOOLEAN : LINUX_KIND_INTEGER;
		out->is_signed = encoding & BTF_INT_SIGNED;
		/* A bit field, as BTF had them first. */
		if (bits && bits < 8 * t->size && bits <= 64) {
			out->bits = bits;
			out->shift = btf_int_offset(t);
		}
	} else if (btf_is_any_enum(t)) {
		out->kind = LINUX_KIND_ENUM;
		out->is_signed = btf_kflag(t);
	} else {
		out->kind = LINUX_KIND_FLOAT;
	}
	return 0;
}

/* Nothing that could be looked at is at the end of a pointer to these. */
static bool is_bare(const struct linux_type *to)
{
	const struct btf_type *t;
	const struct btf_raw *btf;

	return !to->stars && !btf_resolve(to, &btf, &t, NULL) &&
	       (!t || btf_is_func_proto(t) || btf_is_func(t));
}

static int layout(const struct linux_type *type, struct linux_layout *out, unsigned int depth)
{
	const struct btf_type *t;
	const struct btf_raw *btf;
	int err;

	memset(out, 0, sizeof(*out));
	out->type = *type;
	if (depth > MAX_NESTING)
		return -EINVAL;
	if (type->array) {
		out->to = *type;
		out->to.array = false;
		out->to.count = 0;
		return array_layout(out, type->count, depth);
	}
	err = btf_resolve(type, &btf, &t, NULL);
	if (err)
		return err;
	if (type->stars) {
		out->kind = LINUX_KIND_POINTER;
		out->size = 8;
		out->to = *type;
		out->to.stars--;
		out->bare = is_bare(&out->to);
		return 0;
	}
	if (!t) {
		out->kind = LINUX_KIND_VOID;
		return 0;
	}
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FLOAT:
		return simple_layout(t, out);
	case BTF_KIND_PTR:
		out->kind = LINUX_KIND_POINTER;
		out->size = 8;
		out->to = type_like(type, t->type);
		out->bare = is_bare(&out->to);
		return 0;
	case BTF_KIND_ARRAY:
		out->to = type_like(type, btf_array(t)->type);
		return array_layout(out, btf_array(t)->nelems, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		out->kind = LINUX_KIND_RECORD;
		out->size = t->size;
		return 0;
	case BTF_KIND_FWD:
		out->kind = LINUX_KIND_OPAQUE;
		return 0;
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
		out->kind = LINUX_KIND_FUNCTION;
		return 0;
	}
	return -EINVAL;
}

int linux_type_layout(const struct linux_type *type, struct linux_layout *out)
{
	return layout(type, out, 0);
}

/*
 * The structure or union a type is; where there is only a declaration, the definition that some
 * other source has.
 */
static int record_of(const struct linux_type *type, struct linux_type *record)
{
	const struct btf_type *t;
	const struct btf_raw *btf;
	uint32_t id, kind;
	int err;

	if (type->stars || type->array)
		return -EINVAL;
	err = btf_resolve(type, &btf, &t, &id);
	if (err)
		return err;
	if (!t)
		return -EINVAL;
	*record = type_like(type, id);
	if (btf_is_composite(t))
		return 0;
	if (!btf_is_fwd(t))
		return -EINVAL;
	kind = btf_kflag(t) ? BTF_KIND_UNION : BTF_KIND_STRUCT;
	return btf_find(btf_raw_name(btf, t->name_off), NULL, 0, 1u << kind, record);
}

struct found {
	uint64_t bit;
	uint32_t type, bits;
};

static int find_member(const struct btf_raw *btf, uint32_t id, const char *name, size_t length,
		       struct found *found, int depth, uint32_t *budget)
{
	const struct btf_type *t = btf_raw_type(btf, id);
	const struct btf_member *m;
	uint32_t i, n;
	int modifiers, err;

	for (modifiers = 0; t && (btf_is_mod(t) || btf_is_typedef(t)); modifiers++) {
		if (modifiers == MAX_MODIFIERS)
			return -EINVAL;
		t = btf_raw_type(btf, t->type);
	}
	if (depth > MAX_NESTING || !t || !btf_is_composite(t))
		return -ENOENT;
	m = btf_members(t);
	n = btf_vlen(t);
	for (i = 0; i < n; i++) {
		const char *s;

		if (!*budget)
			return -EINVAL;
		--*budget;
		if (!m[i].name_off) {
			err = find_member(btf, m[i].type, name, length, found, depth + 1, budget);
			if (!err)
				found->bit += btf_member_bit_offset(t, i);
			if (err != -ENOENT)
				return err;
			continue;
		}
		s = btf_raw_name(btf, m[i].name_off);
		if (!s || strncmp(s, name, length) || s[length])
			continue;
		found->type = m[i].type;
		found->bit = btf_member_bit_offset(t, i);
		found->bits = btf_member_bitfield_size(t, i);
		return 0;
	}
	return -ENOENT;
}

static int set_member(const struct linux_type *record, const struct found *found,
		      struct linux_layout *out)
{
	struct linux_type type = type_like(record, found->type);
	uint32_t bits;
	uint64_t bit;
	int err;

	err = layout(&type, out, 0);
	if (err)
		return err;
	bits = found->bits ? found->bits : out->bits;
	bit = found->bit + (found->bits ? 0 : out->shift);
	out->offset = bit / 8;
	out->bits = 0;
	out->shift = 0;
	if (!bits)
		return bit % 8 ? -EINVAL : 0;
	if (bits > 64 || bits > 8 * out->size ||
	    (out->kind != LINUX_KIND_INTEGER && out->kind != LINUX_KIND_BOOLEAN &&
	     out->kind != LINUX_KIND_ENUM))
		return -EINVAL;
	out->shift = bit % 8;
	out->bits = (uint8_t)bits;
	return 0;
}

/* A member by the name it has in this kernel. */
static int member_here(const struct linux_type *record, const char *name, size_t length,
		       struct linux_layout *out)
{
	uint32_t budget = MAX_MEMBERS;
	struct found found;
	const struct btf_raw *btf;
	int err;

	err = btf_of(record, &btf);
	if (!err)
		err = find_member(btf, record->id, name, length, &found, 0, &budget);
	if (!err)
		err = set_member(record, &found, out);
	return err;
}

static int path_here(const struct linux_type *type, const char *path, struct linux_layout *out,
		     int (*get)(const struct linux_type *, const char *, size_t,
				struct linux_layout *))
{
	struct linux_type at = *type;
	uint64_t offset = 0;
	int err;

	for (;;) {
		size_t n = strcspn(path, ".[");

		err = get(&at, path, n, out);
		if (err)
			return err;
		path += n;
		while (*path == '[') {
			char *end;
			unsigned long i = strtoul(path + 1, &end, 0);
			struct linux_type element = out->to;
			uint64_t size = out->to_size;

			if (*end != ']' || !isdigit((uint8_t)path[1]) ||
			    (out->kind != LINUX_KIND_ARRAY && out->kind != LINUX_KIND_STRING) ||
			    i > MAX_SIZE || (out->count && i >= out->count))
				return -EINVAL;
			offset += out->offset + i * size;
			err = layout(&element, out, 0);
			if (err)
				return err;
			path = end + 1;
		}
		if (!*path) {
			out->offset += offset;
			return 0;
		}
		if (*path++ != '.')
			return -EINVAL;
		offset += out->offset;
		at = out->type;
	}
}

static int member_get(const struct linux_type *type, const char *name, size_t length,
		      struct linux_layout *out);

static int find_renamed(const struct linux_type *record, const char *name, size_t length,
			struct linux_layout *out)
{
	const struct btf_type *t;
	const struct btf_raw *btf;
	const char *type_name, *path;
	unsigned int nth;
	int err;

	err = btf_resolve(record, &btf, &t, NULL);
	if (err)
		return err;
	type_name = btf_raw_name(btf, t->name_off);
	for (nth = 0; type_name && nth < MAX_RENAMES; nth++) {
		path = member_renamed(type_name, name, length, nth);
		if (!path)
			break;
		if (!path_here(record, path, out, member_get))
			return 0;
	}
	return -ENOENT;
}

/* Under its own name, or as a path of such: renames do not lead to renames. */
static int member_get(const struct linux_type *type, const char *name, size_t length,
		      struct linux_layout *out)
{
	struct linux_type record;
	int err = record_of(type, &record);

	return err ? err : member_here(&record, name, length, out);
}

static struct known_member *known(const struct linux_type *type, const char *name, size_t length)
{
	uint32_t h = type->id ^ (uint32_t)type->source << 24;
	size_t i;

	for (i = 0; i < length; i++)
		h = h * 31 + (uint8_t)name[i];
	return &members[(h ^ h >> 16) % REMEMBERED];
}

static bool same_type(const struct linux_type *a, const struct linux_type *b)
{
	return a->id == b->id && a->source == b->source && a->generation == b->generation;
}

int linux_type_member(const struct linux_type *type, const char *name, size_t length,
		      const struct linux_layout **out)
{
	static struct known_member other;
	struct known_member *k = &other;
	struct linux_type record;
	const struct btf_raw *btf;
	int err;

	/* The kernel that was known may be another one by now, and a module may have gone. */
	err = btf_of(type, &btf);
	if (err)
		return err;
	if (length - 1 < NAME_LENGTH && !type->stars && !type->array) {
		k = known(type, name, length);
		if (k->length == length && same_type(&k->type, type) &&
		    !memcmp(k->name, name, length)) {
			*out = &k->layout;
			return 0;
		}
	}
	k->length = 0;
	err = record_of(type, &record);
	if (!err && (!length || memchr(name, '\0', length)))
		err = -ENOENT;
	if (!err)
		err = member_here(&record, name, length, &k->layout);
	if (err == -ENOENT)
		err = find_renamed(&record, name, length, &k->layout);
	if (err)
		return err;
	*out = &k->layout;
	if (k == &other)
		return 0;
	k->type = *type;
	k->length = (uint8_t)length;
	memcpy(k->name, name, length);
	return 0;
}

static int member_any(const struct linux_type *type, const char *name, size_t length,
		      struct linux_layout *out)
{
	const struct linux_layout *l;
	int err = linux_type_member(type, name, length, &l);

	if (!err)
		*out = *l;
	return err;
}

int linux_type_path(const struct linux_type *type, const char *path, struct linux_layout *out)
{
	return path_here(type, path, out, member_any);
}

static int each_member(const struct btf_raw *btf, uint32_t id,
		       int (*fn)(const char *name, void *arg), void *arg, int depth,
		       uint32_t *budget)
{
	const struct btf_type *t = btf_raw_type(btf, id);
	const struct btf_member *m;
	uint32_t i, n;
	int ret = 0;

	if (depth > MAX_NESTING || !t || !btf_is_composite(t))
		return 0;
	m = btf_members(t);
	n = btf_vlen(t);
	for (i = 0; i < n && *budget && !ret; i++) {
		const char *s = btf_raw_name(btf, m[i].name_off);

		--*budget;
		if (!m[i].name_off)
			ret = each_member(btf, m[i].type, fn, arg, depth + 1, budget);
		else if (s)
			ret = fn(s, arg);
	}
	return ret;
}

int linux_each_member(const struct linux_type *type, int (*fn)(const char *name, void *arg),
		      void *arg)
{
	uint32_t budget = MAX_MEMBERS;
	struct linux_type record;
	const struct btf_raw *btf;
	int err;

	err = record_of(type, &record);
	if (!err)
		err = btf_of(&record, &btf);
	return err ? err : each_member(btf, record.id, fn, arg, 0, &budget);
}

static int add_near(const char *name, void *arg)
{
	text_near_add(arg, name);
	return 0;
}

void linux_member_near(const struct linux_type *type, const char *name, struct text_near *near)
{
	text_near_init(near, name);
	(void)!linux_each_member(type, add_near, near);
}
