/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF where it lies (Documentation/bpf/btf.rst). libbpf reads the kernel's at discovery; what a
 * signature asks for later is looked up here, because libbpf copies all of it, five megabytes, for
 * as long as it is open, and the version at hand cannot continue one BTF with a module's from
 * memory.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include "engine/linux/types/btf.h"

/* The header in all versions; from Linux 7.1 on it has more, and so has its declaration. */
#define HEADER_SIZE (offsetof(struct btf_header, str_len) + sizeof(uint32_t))
#define MAX_TYPES   (1u << 20)

/* Bytes behind the first twelve; -1: not known. */
static int64_t behind(const struct btf_type *t)
{
	uint32_t n = btf_vlen(t);

	switch (btf_kind(t)) {
	case BTF_KIND_FWD:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
		return sizeof(uint32_t);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	}
	return -1;
}

/* The number of types in size bytes; their places where offsets is not NULL. */
static int64_t walk(const uint8_t *types, uint32_t size, uint32_t *offsets)
{
	uint32_t at = 0, n = 0;

	while (at < size) {
		const struct btf_type *t = (const void *)(types + at);
		int64_t more;

		if (size - at < sizeof(*t) || n == MAX_TYPES)
			return -EINVAL;
		more = behind(t);
		if (more < 0 || more > size - at - (int64_t)sizeof(*t))
			return -EINVAL;
		if (offsets)
			offsets[n] = at;
		n++;
		at += (uint32_t)(sizeof(*t) + (size_t)more);
	}
	return n;
}

static int open_view(struct btf_raw *raw, const uint8_t *data, size_t size)
{
	struct btf_header h;
	const uint8_t *body;
	int64_t n;

	if (size < HEADER_SIZE)
		return -EINVAL;
	memcpy(&h, data, HEADER_SIZE);
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || h.hdr_len < HEADER_SIZE ||
	    h.hdr_len > size || h.hdr_len % 4)
		return -EINVAL;
	body = data + h.hdr_len;
	size -= h.hdr_len;
	if (h.type_off % 4 || h.type_off > size || h.type_len > size - h.type_off ||
	    h.str_off > size || h.str_len > size - h.str_off || !h.str_len ||
	    body[h.str_off + h.str_len - 1])
		return -EINVAL;
	raw->types = body + h.type_off;
	raw->strings = (const char *)body + h.str_off;
	raw->strings_size = h.str_len;
	n = walk(raw->types, h.type_len, NULL);
	if (n < 0)
		return (int)n;
	raw->count = raw->first + (uint32_t)n;
	raw->offsets = malloc(((size_t)n + 1) * sizeof(*raw->offsets));
	if (!raw->offsets)
		return -ENOMEM;
	return walk(raw->types, h.type_len, raw->offsets) == n ? 0 : -EINVAL;
}

int btf_raw_open(struct btf_raw *raw, const void *data, size_t size, const struct btf_raw *base,
		 void *owned)
{
	int err;

	*raw = (struct btf_raw){.base = base, .first = 1, .owned = owned};
	if (base) {
		raw->first = base->count;
		raw->strings_from = base->strings_from + base->strings_size;
	}
	err = open_view(raw, data, size);
	if (err)
		btf_raw_close(raw);
	return err;
}

void btf_raw_close(struct btf_raw *raw)
{
	free(raw->offsets);
	free(raw->owned);
	memset(raw, 0, sizeof(*raw));
}

const struct btf_type *btf_raw_type(const struct btf_raw *raw, uint32_t id)
{
	if (raw->base && id < raw->first)
		raw = raw->base;
	if (id < raw->first || id >= raw->count)
		return NULL;
	return (const void *)(raw->types + raw->offsets[id - raw->first]);
}

const char *btf_raw_name(const struct btf_raw *raw, uint32_t offset)
{
	if (raw->base && offset < raw->strings_from)
		raw = raw->base;
	offset -= raw->strings_from;
	return offset < raw->strings_size ? raw->strings + offset : NULL;
}
