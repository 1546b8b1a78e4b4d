/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF into ISF, the other way round from engine/profile/isf.c: profiles for tests, as dwarf2json
 * makes them out of debug symbols (types by name, typedefs looked through, addresses above 2^63).
 */
#ifndef TESTS_ISF_MAKER_H
#define TESTS_ISF_MAKER_H

#include <bpf/btf.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline const struct btf_type *isf_strip(const struct btf *btf, uint32_t *id)
{
	const struct btf_type *t = btf__type_by_id(btf, *id);

	while (t && *id && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t))) {
		*id = t->type;
		t = btf__type_by_id(btf, *id);
	}
	return t;
}

static inline const char *isf_name(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = btf__name_by_offset(btf, t->name_off);
	static char made[32];

	if (name && *name)
		return name;
	snprintf(made, sizeof(made), "unnamed_%u", id);
	return made;
}

static inline json_t *isf_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = isf_strip(btf, &id);

	if (!id)
		return json_pack("{ssss}", "kind", "base", "name", "void");
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
		return json_pack("{ssss}", "kind", "base", "name", isf_name(btf, id));
	case BTF_KIND_PTR:
		return json_pack("{ssso}", "kind", "pointer", "subtype", isf_type(btf, t->type));
	case BTF_KIND_ARRAY:
		return json_pack("{sssIso}", "kind", "array", "count",
				 (json_int_t)btf_array(t)->nelems, "subtype",
				 isf_type(btf, btf_array(t)->type));
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return json_pack("{ssss}", "kind", "enum", "name", isf_name(btf, id));
	case BTF_KIND_FUNC_PROTO:
		return json_pack("{ss}", "kind", "function");
	case BTF_KIND_UNION:
		return json_pack("{ssss}", "kind", "union", "name", isf_name(btf, id));
	default:
		return json_pack("{ssss}", "kind",
				 btf_is_fwd(t) && btf_kflag(t) ? "union" : "struct", "name",
				 isf_name(btf, id));
	}
}

static inline json_t *isf_fields(const struct btf *btf, const struct btf_type *t)
{
	json_t *fields = json_object();

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		uint32_t bits = btf_member_bit_offset(t, i), width = btf_member_bitfield_size(t, i);
		const char *name = btf__name_by_offset(btf, m->name_off);
		json_t *type = isf_type(btf, m->type);
		uint32_t offset = bits / 8;
		char made[32];

		if (width) {
			/* The storage unit is four bytes here, wherever the field may lie. */
			offset = bits / 32 * 4;
			type = json_pack("{sssIsIso}", "kind", "bitfield", "bit_length",
					 (json_int_t)width, "bit_position",
					 (json_int_t)(bits - offset * 8), "type", type);
		}
		snprintf(made, sizeof(made), "unnamed_field_%u", i);
		json_object_set_new(
			fields, *name ? name : made,
			*name ? json_pack("{sosI}", "type", type, "offset", (json_int_t)offset)
			      : json_pack("{sosIsb}", "type", type, "offset", (json_int_t)offset,
					  "anonymous", 1));
	}
	return fields;
}

static inline json_t *isf_constants(const struct btf *btf, const struct btf_type *t)
{
	json_t *constants = json_object();

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint32_t name =
			btf_is_enum64(t) ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
		json_int_t v;

		if (btf_is_enum64(t))
			v = (json_int_t)btf_enum64_value(&btf_enum64(t)[i]);
		else
			v = btf_kflag(t) ? (json_int_t)btf_enum(t)[i].val
					 : (json_int_t)(uint32_t)btf_enum(t)[i].val;
		json_object_set_new(constants, btf__name_by_offset(btf, name), json_integer(v));
	}
	return constants;
}

static inline void isf_add(json_t *table, const char *name, json_t *t)
{
	if (json_object_get(table, name)) /* of several with one name the first */
		json_decref(t);
	else
		json_object_set_new(table, name, t);
}

static inline char *isf_base64(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text) + 1, i; /* with its NUL */
	char *out = calloc(1, n * 2 + 8), *to = out;

	for (i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)text[i] << 16;

		v |= i + 1 < n ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
		v |= i + 2 < n ? (uint32_t)(uint8_t)text[i + 2] : 0;
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*to++ = i + 2 < n ? digits[v & 63] : '=';
	}
	return out;
}

/* JSON text (malloc'ed); banner may be NULL. */
static inline char *isf_of_btf(const struct btf *btf, const char *banner)
{
	json_t *base = json_pack("{s{sIsbssss}s{sIsbssss}}", "void", "size", (json_int_t)0,
				 "signed", 0, "kind", "void", "endian", "little", "pointer", "size",
				 (json_int_t)8, "signed", 0, "kind", "int", "endian", "little");
	json_t *user = json_object(), *enums = json_object(), *symbols = json_object(), *all;
	uint32_t id, n = btf__type_cnt(btf);
	char *text, *encoded;

	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		char name[256];

		snprintf(name, sizeof(name), "%s", isf_name(btf, id));
		if (btf_is_int(t) || btf_is_float(t)) {
			bool is_bool = btf_is_int(t) && (btf_int_encoding(t) & BTF_INT_BOOL);

			isf_add(base, name,
				json_pack("{sIsbssss}", "size", (json_int_t)t->size, "signed",
					  btf_is_int(t) && (btf_int_encoding(t) & BTF_INT_SIGNED),
					  "kind",
					  is_bool	    ? "bool"
					  : btf_is_float(t) ? "float"
							    : "int",
					  "endian", "little"));
		} else if (btf_is_composite(t)) {
			isf_add(user, name,
				json_pack("{sIssso}", "size", (json_int_t)t->size, "kind",
					  btf_is_union(t) ? "union" : "struct", "fields",
					  isf_fields(btf, t)));
		} else if (btf_is_any_enum(t)) {
			isf_add(enums, name,
				json_pack("{sIssso}", "size", (json_int_t)t->size, "base",
					  "unsigned int", "constants", isf_constants(btf, t)));
		} else if (btf_is_var(t)) {
			isf_add(symbols, name,
				json_pack("{sosI}", "type", isf_type(btf, t->type), "address",
					  (json_int_t)0));
		}
	}
	if (banner) {
		encoded = isf_base64(banner);
		json_object_set_new(
			symbols, "linux_banner",
			json_pack("{sIss}", "address", (json_int_t)0, "constant_data", encoded));
		free(encoded);
	}
	all = json_pack("{s{ssss}sosososo}", "metadata", "format", "6.2.0", "producer", "tests",
			"base_types", base, "user_types", user, "enums", enums, "symbols", symbols);
	text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return text;
}

#endif
