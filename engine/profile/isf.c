/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISF (Volatility 3's profiles, as dwarf2json makes them) into BTF, so that all that stands on BTF
 * works with it. ISF has four tables: base_types, user_types (structures and unions), enums, and
 * symbols with their types. Named types get their BTF ids first, in the order of the tables;
 * pointers, arrays and names without a definition follow behind them in the order in which members
 * ask for them. BTF lets a type point to one that comes later.
 *
 * jansson reads no integer above 2^63, and kernel addresses are: so all numbers are read as
 * floating point, which is exact up to 2^53, far beyond sizes and offsets; of enumerators beyond it
 * the powers of two are.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/profile/isf.h"

#define MAX_DEPTH      32
#define MAX_TYPES      (1u << 20)
#define MAX_SIZE       (1u << 29) /* of a structure, so that bit offsets fit */
#define MAX_MEMBERS    65535u	  /* include/uapi/linux/btf.h: BTF_MAX_VLEN */
#define MAX_BIT_OFFSET 0xffffffu  /* in structures with bit fields */

enum derived_kind { D_POINTER, D_ARRAY, D_STRUCT, D_UNION, D_FUNCTION };

struct derived {
	enum derived_kind kind;
	int id; /* D_POINTER, D_ARRAY: of what */
	uint32_t count;
	const char *name; /* D_STRUCT, D_UNION: not defined anywhere */
};

struct convert {
	struct btf *btf;
	json_t *base, *user, *enums, *symbols;	/* of the profile */
	json_t *base_ids, *user_ids, *enum_ids; /* name -> id */
	json_t *derived_ids;			/* "p:12", "a:12:4", "s:name" -> id */
	struct derived *derived;
	uint32_t named, count, room; /* types with names; derived ones */
	int err;		     /* the first that occurred */
	char *error;
	size_t error_size;
};

static int __attribute__((format(printf, 3, 4)))
fail(struct convert *c, int err, const char *format, ...)
{
	va_list args;

	if (!c->err) {
		c->err = err;
		va_start(args, format);
		vsnprintf(c->error, c->error_size, format, args);
		va_end(args);
	}
	return err;
}

static int no_memory(struct convert *c)
{
	return fail(c, -ENOMEM, "no memory for the profile");
}

/* A member of an object that is a whole number in [0, most]. */
static int number(struct convert *c, const json_t *object, const char *key, double most,
		  const char *of, double *value)
{
	json_t *v = json_object_get(object, key);

	*value = json_number_value(v);
	if (!json_is_number(v) || *value < 0 || *value > most || *value != floor(*value))
		return fail(c, -EINVAL, "%s: %s is missing or out of range", of, key);
	return 0;
}

static const char *string(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static int lookup(const json_t *ids, const char *name)
{
	return (int)json_integer_value(json_object_get(ids, name));
}

/* --- types without a name --- */

static int derive(struct convert *c, const char *key, struct derived d)
{
	int id = lookup(c->derived_ids, key);

	if (id)
		return id;
	if (c->count == c->room) {
		uint32_t room = c->room ? 2 * c->room : 1024;
		struct derived *v = realloc(c->derived, room * sizeof(*v));

		if (!v)
			return no_memory(c);
		c->derived = v;
		c->room = room;
	}
	if (c->named + c->count >= MAX_TYPES)
		return fail(c, -E2BIG, "too many types");
	c->derived[c->count++] = d;
	id = (int)(c->named + c->count);
	if (json_object_set_new(c->derived_ids, key, json_integer(id)))
		return no_memory(c);
	return id;
}

static int undefined(struct convert *c, const char *name, bool is_union)
{
	char key[300];

	snprintf(key, sizeof(key), "%c:%.256s", is_union ? 'u' : 's', name);
	return derive(c, key,
		      (struct derived){.kind = is_union ? D_UNION : D_STRUCT, .name = name});
}

/* The id of a type that is described in place; 0 is void. */
static int type_id(struct convert *c, const json_t *t, const char *of, int depth)
{
	const char *kind = string(t, "kind"), *name = string(t, "name");
	double count;
	char key[64];
	int id;

	if (depth > MAX_DEPTH)
		return fail(c, -EINVAL, "%s: types in types without end", of);
	if (!strcmp(kind, "base"))
		return lookup(c->base_ids, name);
	if (!strcmp(kind, "struct") || !strcmp(kind, "union") || !strcmp(kind, "class")) {
		id = lookup(c->user_ids, name);
		return id ? id : undefined(c, name, kind[0] == 'u');
	}
	if (!strcmp(kind, "enum")) {
		id = lookup(c->enum_ids, name);
		return id ? id : 1;
	}
	if (!strcmp(kind, "function"))
		return derive(c, "f", (struct derived){.kind = D_FUNCTION});
	if (!strcmp(kind, "bitfield"))
		return type_id(c, json_object_get(t, "type"), of, depth + 1);
	if (strcmp(kind, "pointer") && strcmp(kind, "array"))
		return fail(c, -EINVAL, "%s: type of unknown kind '%.32s'", of, kind);
	id = type_id(c, json_object_get(t, "subtype"), of, depth + 1);
	if (id < 0)
		return id;
	if (kind[0] == 'p') {
		snprintf(key, sizeof(key), "p:%d", id);
		return derive(c, key, (struct derived){.kind = D_POINTER, .id = id});
	}
	if (number(c, t, "count", UINT32_MAX, of, &count))
		return c->err;
	snprintf(key, sizeof(key), "a:%d:%u", id, (uint32_t)count);
	return derive(c, key,
		      (struct derived){.kind = D_ARRAY, .id = id, .count = (uint32_t)count});
}

static void add_derived(struct convert *c)
{
	uint32_t i;

	for (i = 0; i < c->count && !c->err; i++) {
		const struct derived *d = &c->derived[i];
		int id = -EINVAL;

		switch (d->kind) {
		case D_POINTER:
			id = btf__add_ptr(c->btf, d->id);
			break;
		case D_ARRAY:
			id = btf__add_array(c->btf, 1, d->id, d->count);
			break;
		case D_STRUCT:
		case D_UNION:
			id = btf__add_fwd(c->btf, *d->name ? d->name : "unnamed",
					  d->kind == D_UNION ? BTF_FWD_UNION : BTF_FWD_STRUCT);
			break;
		case D_FUNCTION:
			id = btf__add_func_proto(c->btf, 0);
			break;
		}
		if (id != (int)(c->named + i + 1))
			fail(c, id < 0 ? id : -EINVAL, "a type cannot be written as BTF");
	}
}

/* --- base types --- */

static bool has_id(const char *name, const json_t *t)
{
	return strcmp(name, "void") && strcmp(string(t, "kind"), "void") &&
	       strcmp(string(t, "kind"), "pointer");
}

static void add_base(struct convert *c, const char *name, const json_t *t)
{
	const char *kind = string(t, "kind");
	double size;
	int encoding = 0, id;

	if (number(c, t, "size", MAX_SIZE, name, &size))
		return;
	if (!strcmp(kind, "bool"))
		encoding = BTF_INT_BOOL;
	else if (json_is_true(json_object_get(t, "signed")))
		encoding = BTF_INT_SIGNED;
	if (!strcmp(kind, "float"))
		id = btf__add_float(c->btf, name, (size_t)size);
	else
		id = btf__add_int(c->btf, name, (size_t)size, encoding);
	if (id == -EINVAL) /* of a size that BTF has no number of: its bytes only */
		id = btf__add_struct(c->btf, name, (uint32_t)size);
	if (id != lookup(c->base_ids, name))
		fail(c, id < 0 ? id : -EINVAL, "base type %.64s cannot be written as BTF", name);
}

/* --- structures --- */

struct member {
	const char *name;
	uint32_t bits, width; /* width 0: no bit field */
	int type;
	size_t order;
};

static int member_compare(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int member_read(struct convert *c, const char *name, const json_t *field, struct member *m)
{
	const json_t *t = json_object_get(field, "type");
	double offset, length = 0, position = 0;

	if (number(c, field, "offset", MAX_SIZE, name, &offset))
		return c->err;
	if (!strcmp(string(t, "kind"), "bitfield") &&
	    (number(c, t, "bit_length", 64, name, &length) ||
	     number(c, t, "bit_position", 127, name, &position)))
		return c->err;
	m->name = json_is_true(json_object_get(field, "anonymous")) ? NULL : name;
	m->bits = (uint32_t)offset * 8 + (uint32_t)position;
	m->width = (uint32_t)length;
	m->type = type_id(c, t, name, 0);
	return m->type < 0 ? m->type : 0;
}

/* The name that dwarf2json gives what has none. */
static const char *real_name(const char *name)
{
	return strncmp(name, "unnamed_", 8) ? name : NULL;
}

static void add_members(struct convert *c, const char *name, const struct member *m, size_t n)
{
	bool bit_fields = false;
	size_t i;

	for (i = 0; i < n; i++)
		bit_fields = bit_fields || m[i].width;
	for (i = 0; i < n && !c->err; i++) {
		int err = -EINVAL;

		if (!bit_fields || m[i].bits <= MAX_BIT_OFFSET)
			err = btf__add_field(c->btf, m[i].name, m[i].type, m[i].bits, m[i].width);
		if (err)
			fail(c, err, "%.64s.%.64s cannot be written as BTF", name,
			     m[i].name ? m[i].name : "(anonymous)");
	}
}

static void add_user(struct convert *c, const char *name, json_t *t)
{
	json_t *fields = json_object_get(t, "fields"), *field;
	size_t n = json_object_size(fields), i = 0;
	bool is_union = !strcmp(string(t, "kind"), "union");
	struct member *members;
	const char *key;
	double size;
	int id;

	if (number(c, t, "size", MAX_SIZE, name, &size))
		return;
	if (n > MAX_MEMBERS) {
		fail(c, -E2BIG, "%.64s has too many members", name);
		return;
	}
	id = is_union ? btf__add_union(c->btf, real_name(name), (uint32_t)size)
		      : btf__add_struct(c->btf, real_name(name), (uint32_t)size);
	if (id != lookup(c->user_ids, name)) {
		fail(c, id < 0 ? id : -EINVAL, "%.64s cannot be written as BTF", name);
		return;
	}
	members = calloc(n + 1, sizeof(*members));
	if (!members) {
		no_memory(c);
		return;
	}
	json_object_foreach(fields, key, field)
	{
		members[i].order = i;
		if (member_read(c, key, field, &members[i]))
			break;
		i++;
	}
	/* As a compiler has them; a profile has them by name. */
	qsort(members, i, sizeof(*members), member_compare);
	add_members(c, name, members, i);
	free(members);
}

/* --- enumerations --- */

static uint64_t enumerator(double value)
{
	if (value >= 18446744073709551615.0)
		return UINT64_MAX;
	if (value < 0)
		return value <= -9223372036854775808.0 ? 1ull << 63 : (uint64_t)(int64_t)value;
	return (uint64_t)value;
}

static void add_enum(struct convert *c, const char *name, json_t *t)
{
	json_t *constants = json_object_get(t, "constants"), *value;
	bool is_signed = false, wide = false;
	const char *key;
	double size;
	int id;

	if (number(c, t, "size", 8, name, &size))
		return;
	if (json_object_size(constants) > MAX_MEMBERS) {
		fail(c, -E2BIG, "enum %.64s is too large", name);
		return;
	}
	json_object_foreach(constants, key, value)
	{
		double v = json_number_value(value);

		is_signed = is_signed || v < 0;
		wide = wide || v > UINT32_MAX || v < INT32_MIN;
	}
	id = wide ? btf__add_enum64(c->btf, real_name(name), 8, is_signed)
		  : btf__add_enum(c->btf, real_name(name), (uint32_t)size);
	if (id != lookup(c->enum_ids, name)) {
		fail(c, id < 0 ? id : -EINVAL, "enum %.64s cannot be written as BTF", name);
		return;
	}
	json_object_foreach(constants, key, value)
	{
		uint64_t v = enumerator(json_number_value(value));
		int err = wide ? btf__add_enum64_value(c->btf, key, v)
			       : btf__add_enum_value(c->btf, key, (int64_t)v);

		if (err) {
			fail(c, err, "enumerator %.64s cannot be written as BTF", key);
			return;
		}
	}
}

/* --- symbols --- */

static int base64_digit(char ch)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = ch ? strchr(digits, ch) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* The text up to its first NUL or line break. */
static void base64_text(const char *from, char *to, size_t size)
{
	uint32_t bits = 0;
	int have = 0, digit;
	size_t n = 0;

	while (n + 1 < size && (digit = base64_digit(*from++)) >= 0) {
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		to[n] = (char)(bits >> have);
		if (!to[n] || to[n] == '\n')
			break;
		n++;
	}
	to[n] = '\0';
}

/* The type of a variable; 0: it is none, or its type is not known. */
static int symbol_type(struct convert *c, const char *name, const json_t *symbol)
{
	json_t *t = json_object_get(symbol, "type");

	if (!*name || !strcmp(name, "linux_banner") || !t || !strcmp(string(t, "kind"), "function"))
		return 0;
	return type_id(c, t, name, 0);
}

/* Asks for the types of all variables, so that they are there before the variables. */
static void ask_for_types(struct convert *c)
{
	const char *name;
	json_t *t;

	json_object_foreach(c->symbols, name, t)
	{
		if (symbol_type(c, name, t) < 0)
			return;
	}
}

static void add_symbols(struct convert *c)
{
	char banner[512];
	const char *name;
	json_t *t;
	int id;

	json_object_foreach(c->symbols, name, t)
	{
		int type = symbol_type(c, name, t);

		if (!type)
			continue;
		id = btf__add_var(c->btf, name, BTF_VAR_GLOBAL_ALLOCATED, type);
		if (id < 0) {
			fail(c, id, "variable %.64s cannot be written as BTF", name);
			return;
		}
	}
	base64_text(string(json_object_get(c->symbols, "linux_banner"), "constant_data"), banner,
		    sizeof(banner));
	if (!*banner)
		return;
	id = btf__add_var(c->btf, "linux_banner", BTF_VAR_GLOBAL_ALLOCATED, 1);
	if (id > 0)
		id = btf__add_decl_tag(c->btf, banner, id, -1);
	if (id < 0)
		fail(c, id, "the banner cannot be written as BTF");
}

/* --- all of it --- */

/* Give an id to each name of the table; base types only where BTF has them. */
static void give_ids(struct convert *c, json_t *table, json_t *ids, bool base)
{
	const char *name;
	json_t *t;

	json_object_foreach(table, name, t)
	{
		if (!*name || !json_is_object(t)) {
			fail(c, -EINVAL, "a type has no name or no description");
			return;
		}
		if (base && !has_id(name, t))
			continue;
		if (c->named >= MAX_TYPES) {
			fail(c, -E2BIG, "too many types");
			return;
		}
		if (json_object_set_new(ids, name, json_integer((json_int_t)++c->named))) {
			no_memory(c);
			return;
		}
	}
}

static void convert(struct convert *c)
{
	const char *name;
	json_t *t;

	if (!json_object_size(c->user) || !json_object_size(c->base)) {
		fail(c, -EINVAL, "no base_types and user_types: this is no ISF profile");
		return;
	}
	/* Type 1 is the index of arrays, and of enumerations that are not defined. */
	c->named = 1;
	if (btf__add_int(c->btf, "__ARRAY_SIZE_TYPE__", 4, 0) != 1)
		no_memory(c);
	give_ids(c, c->base, c->base_ids, true);
	give_ids(c, c->user, c->user_ids, false);
	give_ids(c, c->enums, c->enum_ids, false);
	json_object_foreach(c->base, name, t)
	{
		if (!c->err && has_id(name, t))
			add_base(c, name, t);
	}
	json_object_foreach(c->user, name, t)
	{
		if (!c->err)
			add_user(c, name, t);
	}
	json_object_foreach(c->enums, name, t)
	{
		if (!c->err)
			add_enum(c, name, t);
	}
	if (!c->err)
		ask_for_types(c);
	if (!c->err)
		add_derived(c);
	if (!c->err)
		add_symbols(c);
}

static void take_bytes(struct convert *c, void **btf, size_t *btf_size)
{
	uint32_t size;
	const void *raw = btf__raw_data(c->btf, &size);

	*btf = raw ? malloc(size) : NULL;
	if (!*btf) {
		no_memory(c);
		return;
	}
	memcpy(*btf, raw, size);
	*btf_size = size;
}

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

int isf_to_btf(const char *text, size_t size, void **btf, size_t *btf_size, char *error,
	       size_t error_size)
{
	struct convert c = {.error = error, .error_size = error_size};
	json_error_t where;
	json_t *profile = json_loadb(text, size, JSON_DECODE_INT_AS_REAL, &where);

	if (!profile) {
		snprintf(error, error_size, "line %d: %s", where.line, where.text);
		return -EINVAL;
	}
	libbpf_set_print(no_print);
	c.base = json_object_get(profile, "base_types");
	c.user = json_object_get(profile, "user_types");
	c.enums = json_object_get(profile, "enums");
	c.symbols = json_object_get(profile, "symbols");
	c.base_ids = json_object();
	c.user_ids = json_object();
	c.enum_ids = json_object();
	c.derived_ids = json_object();
	c.btf = btf__new_empty();
	if (!c.base_ids || !c.user_ids || !c.enum_ids || !c.derived_ids ||
	    libbpf_get_error(c.btf)) {
		c.btf = NULL;
		no_memory(&c);
	} else {
		convert(&c);
	}
	if (!c.err)
		take_bytes(&c, btf, btf_size);
	btf__free(c.btf);
	json_decref(c.base_ids);
	json_decref(c.user_ids);
	json_decref(c.enum_ids);
	json_decref(c.derived_ids);
	json_decref(profile);
	free(c.derived);
	return c.err;
}
