/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF, the kernel's description of its types (Documentation/bpf/btf.rst): a header, types of
 * different lengths one after the other, numbered from 1, and strings. It is the guest's, so every
 * offset in it may be a lie: types_open checks once that all types lie in their section, and the
 * functions here check names, numbers and nesting.
 */
#include <stdlib.h>
#include "engine/linux/btf.h"

#define MAX_NESTING   8
#define MAX_MODIFIERS 16
#define MAX_MEMBERS   4096 /* looked at for one name: anonymous members may nest, or be a lie */

/* What follows a struct btf_type: bytes once, and bytes for each of its vlen parts. */
static const struct {
	uint8_t known, once, each;
} extra[32] = {
	[BTF_KIND_INT] = {1, sizeof(uint32_t), 0},
	[BTF_KIND_PTR] = {1, 0, 0},
	[BTF_KIND_ARRAY] = {1, sizeof(struct btf_array), 0},
	[BTF_KIND_STRUCT] = {1, 0, sizeof(struct btf_member)},
	[BTF_KIND_UNION] = {1, 0, sizeof(struct btf_member)},
	[BTF_KIND_ENUM] = {1, 0, sizeof(struct btf_enum)},
	[BTF_KIND_FWD] = {1, 0, 0},
	[BTF_KIND_TYPEDEF] = {1, 0, 0},
	[BTF_KIND_VOLATILE] = {1, 0, 0},
	[BTF_KIND_CONST] = {1, 0, 0},
	[BTF_KIND_RESTRICT] = {1, 0, 0},
	[BTF_KIND_FUNC] = {1, 0, 0},
	[BTF_KIND_FUNC_PROTO] = {1, 0, sizeof(struct btf_param)},
	[BTF_KIND_VAR] = {1, sizeof(struct btf_var), 0},
	[BTF_KIND_DATASEC] = {1, 0, sizeof(struct btf_var_secinfo)},
	[BTF_KIND_FLOAT] = {1, 0, 0},
	[BTF_KIND_DECL_TAG] = {1, sizeof(struct btf_decl_tag), 0},
	[BTF_KIND_TYPE_TAG] = {1, 0, 0},
	[BTF_KIND_ENUM64] = {1, 0, sizeof(struct btf_enum64)},
};

/* Where the types start: *start for each number. Their number, or -EINVAL. */
static int64_t index_types(const uint8_t *data, uint32_t size, uint32_t *start, uint32_t room)
{
	uint32_t at = 0, n = 1;

	while (at < size) {
		const struct btf_type *t = (const void *)(data + at);
		uint32_t info, kind;

		if (size - at < sizeof(*t) || n == room)
			return -EINVAL;
		info = t->info;
		kind = BTF_INFO_KIND(info);
		if (!extra[kind].known)
			return -EINVAL;
		start[n++] = at;
		at += (uint32_t)sizeof(*t);
		info = extra[kind].once + BTF_INFO_VLEN(info) * extra[kind].each;
		if (info > size - at)
			return -EINVAL;
		at += info;
	}
	return n;
}

int types_open(const void *raw, uint32_t size, struct types *types)
{
	struct btf_header h;
	uint32_t body, room;
	int64_t n;

	if ((uintptr_t)raw % 4 || size < sizeof(h))
		return -EINVAL;
	memcpy(&h, raw, sizeof(h));
	if (h.magic != BTF_MAGIC || h.hdr_len < sizeof(h) || h.hdr_len > size)
		return -EINVAL;
	body = size - h.hdr_len;
	if (h.type_off > body || h.type_len > body - h.type_off || h.str_off > body ||
	    h.str_len > body - h.str_off || (h.hdr_len + h.type_off) % 4)
		return -EINVAL;
	types->data = (const uint8_t *)raw + h.hdr_len + h.type_off;
	types->strings = (const char *)raw + h.hdr_len + h.str_off;
	types->strings_size = h.str_len;
	if (!h.str_len || types->strings[0] || types->strings[h.str_len - 1])
		return -EINVAL;
	room = h.type_len / (uint32_t)sizeof(struct btf_type) + 1;
	types->start = malloc(room * sizeof(*types->start));
	if (!types->start)
		return -ENOMEM;
	n = index_types(types->data, h.type_len, types->start, room);
	if (n < 0) {
		types_close(types);
		return -EINVAL;
	}
	types->count = (uint32_t)n;
	return 0;
}

void types_close(struct types *types)
{
	free(types->start);
	types->start = NULL;
}

/* Type behind const, volatile, typedef, ...; NULL when that does not end. */
static const struct btf_type *strip(const struct types *types, uint32_t id)
{
	int i;

	for (i = 0; i < MAX_MODIFIERS; i++) {
		const struct btf_type *t = type_at(types, id);

		if (!t)
			return NULL;
		switch (type_kind(t)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = t->type;
			break;
		default:
			return t;
		}
	}
	return NULL;
}

static bool name_is(const char *name, const char *want, size_t length)
{
	return !strncmp(name, want, length) && !name[length];
}

/* Offset in bits of the member called name[0..length), and its type. */
static int64_t member_find(const struct types *types, uint32_t id, const char *name, size_t length,
			   uint32_t *member_type, int depth, uint32_t *budget)
{
	const struct btf_type *t = strip(types, id);
	const struct btf_member *m;
	uint32_t i, n;

	if (depth > MAX_NESTING || !t ||
	    (type_kind(t) != BTF_KIND_STRUCT && type_kind(t) != BTF_KIND_UNION))
		return -ENOENT;
	m = (const void *)(t + 1);
	n = BTF_INFO_VLEN(t->info);
	for (i = 0; i < n; i++) {
		int64_t here =
			BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset;
		int64_t inner;

		if (!*budget)
			return -E2BIG;
		--*budget;
		if (name_is(type_string(types, m[i].name_off), name, length)) {
			*member_type = m[i].type;
			return here;
		}
		if (m[i].name_off)
			continue;
		inner = member_find(types, m[i].type, name, length, member_type, depth + 1, budget);
		if (inner >= 0)
			return here + inner;
	}
	return -ENOENT;
}

int type_member(const struct types *types, uint32_t type, const char *path)
{
	int64_t bits = 0, one;

	while (*path) {
		size_t n = strcspn(path, ".");
		uint32_t budget = MAX_MEMBERS;

		one = member_find(types, type, path, n, &type, 0, &budget);
		if (one < 0)
			return -ENOENT;
		bits += one;
		path += n + (path[n] == '.');
	}
	/* A structure of more than a megabyte is a lie. */
	if (bits % 8 || bits / 8 > 1 << 20)
		return -EINVAL;
	return (int)(bits / 8);
}

uint32_t type_enumerators(const struct btf_type *t)
{
	uint32_t kind = type_kind(t);

	return kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64 ? BTF_INFO_VLEN(t->info) : 0;
}

const char *type_enumerator(const struct types *types, const struct btf_type *t, uint32_t i,
			    int64_t *value)
{
	if (type_kind(t) == BTF_KIND_ENUM64) {
		const struct btf_enum64 *e = (const struct btf_enum64 *)(t + 1) + i;

		*value = (int64_t)((uint64_t)e->val_hi32 << 32 | e->val_lo32);
		return type_string(types, e->name_off);
	}
	const struct btf_enum *e = (const struct btf_enum *)(t + 1) + i;

	*value = BTF_INFO_KFLAG(t->info) ? e->val : (int64_t)(uint32_t)e->val;
	return type_string(types, e->name_off);
}
