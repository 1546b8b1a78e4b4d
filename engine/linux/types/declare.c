/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types as C text: their names, and declarations with offsets and sizes in comments, in the manner
 * of pahole. BTF can describe types without end; text is bounded, and so is each recursion.
 */
#include <bpf/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/types/btf.h"

#define MAX_DEPTH	16
#define MAX_TEXT	(512u << 10)
#define DECLARATOR_SIZE 512
#define COMMENT_COLUMN	56
#define MAX_PARAMETERS	64

struct text {
	char *s;
	size_t n, room;
	int err;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	while (!t->err) {
		size_t left = t->room - t->n;
		char *bigger;

		va_start(args, format);
		n = vsnprintf(t->s ? t->s + t->n : NULL, left, format, args);
		va_end(args);
		if (n < 0)
			t->err = -EINVAL;
		else if ((size_t)n < left)
			t->n += (size_t)n;
		if (n < 0 || (size_t)n < left)
			return;
		bigger = t->room >= MAX_TEXT ? NULL : realloc(t->s, t->room ? 2 * t->room : 4096);
		if (!bigger) {
			t->err = t->room >= MAX_TEXT ? -E2BIG : -ENOMEM;
			return;
		}
		t->room = t->room ? 2 * t->room : 4096;
		t->s = bigger;
	}
}

/* Names of the guest's go out to people: nothing but what a C name may have. */
static const char *name_of(const struct btf_raw *btf, uint32_t offset, char buf[128])
{
	const char *s = btf_raw_name(btf, offset);
	size_t i;

	for (i = 0; s && s[i] && i < 127; i++)
		buf[i] = s[i] >= ' ' && s[i] < 0x7f ? s[i] : '?';
	buf[i] = '\0';
	return buf;
}

static const char *word_of(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
		return "struct ";
	case BTF_KIND_UNION:
		return "union ";
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return "enum ";
	case BTF_KIND_FWD:
		return btf_kflag(t) ? "union " : "struct ";
	}
	return "";
}

static int join(char *out, size_t size, const char *a, const char *b, const char *c)
{
	return snprintf(out, size, "%s%s%s", a, b, c) < (int)size ? 0 : -E2BIG;
}

static int declarator(const struct btf_raw *btf, uint32_t id, const char *inner, char *out,
		      size_t size, int depth);

static int prototype(const struct btf_raw *btf, const struct btf_type *t, const char *inner,
		     char *out, size_t size, int depth)
{
	const struct btf_param *p = btf_params(t);
	uint32_t i, n = btf_vlen(t);
	char all[DECLARATOR_SIZE], one[DECLARATOR_SIZE], name[128];
	size_t used;
	int err;

	if (n > MAX_PARAMETERS)
		return -E2BIG;
	used = (size_t)snprintf(all, sizeof(all), "%s(%s", inner, n ? "" : "void");
	for (i = 0; i < n && used < sizeof(all); i++) {
		if (p[i].type) {
			err = declarator(btf, p[i].type, name_of(btf, p[i].name_off, name), one,
					 sizeof(one), depth + 1);
			if (err)
				return err;
		} else {
			strcpy(one, "...");
		}
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
					 one);
	}
	if (used < sizeof(all))
		used += (size_t)snprintf(all + used, sizeof(all) - used, ")");
	if (used >= sizeof(all))
		return -E2BIG;
	return declarator(btf, t->type, all, out, size, depth + 1);
}

/* Does what a pointer points to need parentheses around the star? */
static bool binds_tighter(const struct btf_raw *btf, uint32_t id)
{
	const struct btf_type *t = btf_raw_type(btf, id);

	return t && (btf_is_array(t) || btf_is_func_proto(t));
}

static int declarator(const struct btf_raw *btf, uint32_t id, const char *inner, char *out,
		      size_t size, int depth)
{
	const struct btf_type *t = id ? btf_raw_type(btf, id) : NULL;
	const char *space = *inner && *inner != '[' ? " " : "";
	char part[DECLARATOR_SIZE], name[128];
	const struct btf_type *target;
	const char *qualifier;
	int err;

	if (depth > MAX_DEPTH || (id && !t))
		return -EINVAL;
	if (!t)
		return join(out, size, "void", space, inner);
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		if (binds_tighter(btf, t->type))
			err = join(part, sizeof(part), "(*", inner, ")");
		else
			err = join(part, sizeof(part), "*", inner, "");
		return err ? err : declarator(btf, t->type, part, out, size, depth + 1);
	case BTF_KIND_ARRAY:
		if (btf_array(t)->nelems)
			snprintf(name, sizeof(name), "[%u]", btf_array(t)->nelems);
		else
			strcpy(name, "[]");
		err = join(part, sizeof(part), inner, name, "");
		return err ? err : declarator(btf, btf_array(t)->type, part, out, size, depth + 1);
	case BTF_KIND_FUNC_PROTO:
		return prototype(btf, t, inner, out, size, depth);
	case BTF_KIND_FUNC:
		return declarator(btf, t->type, inner, out, size, depth + 1);
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_RESTRICT:
		return declarator(btf, t->type, inner, out, size, depth + 1);
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
		qualifier = btf_kind(t) == BTF_KIND_CONST ? "const" : "volatile";
		target = t->type ? btf_raw_type(btf, t->type) : NULL;
		if (target && btf_is_ptr(target)) {
			err = join(part, sizeof(part), qualifier, space, inner);
			return err ? err : declarator(btf, t->type, part, out, size, depth + 1);
		}
		err = declarator(btf, t->type, inner, part, sizeof(part), depth + 1);
		return err ? err : join(out, size, qualifier, " ", part);
	}
	if (t->name_off)
		err = join(part, sizeof(part), word_of(t), name_of(btf, t->name_off, name), "");
	else
		err = join(part, sizeof(part), word_of(t), "{...}", "");
	return err ? err : join(out, size, part, space, inner);
}

int btf_declarator(const struct btf_raw *btf, uint32_t id, const char *inner, char *out,
		   size_t size)
{
	return declarator(btf, id, inner, out, size, 0);
}

int linux_type_name(const struct linux_type *type, char *buf, size_t size)
{
	char inner[48] = "";
	const struct btf_raw *btf;
	int i, err;

	err = btf_of(type, &btf);
	if (err)
		return err;
	for (i = 0; i < type->stars && i < 16; i++)
		inner[i] = '*';
	if (type->array && type->count)
		snprintf(inner + i, sizeof(inner) - (size_t)i, "[%u]", type->count);
	else if (type->array)
		strcpy(inner + i, "[]");
	return declarator(btf, type->id, inner, buf, size, 0);
}

static void indent(struct text *t, int depth)
{
	while (depth-- > 0)
		put(t, "\t");
}

/* From the line's start at n to the column of comments. */
static void pad(struct text *t, size_t start, int depth)
{
	size_t width = t->err ? COMMENT_COLUMN : t->n - start + 7 * (size_t)depth;

	do
		put(t, " ");
	while (!t->err && ++width < COMMENT_COLUMN);
}

static uint64_t size_of(const struct linux_type *like, uint32_t id)
{
	struct linux_type type = {.id = id, .source = like->source, .generation = like->generation};
	struct linux_layout l;

	return linux_type_layout(&type, &l) ? 0 : l.size;
}

static void put_enumerators(struct text *t, const struct btf_raw *btf, const struct btf_type *e,
			    int depth)
{
	uint32_t i, n = btf_vlen(e);
	char name[128];

	for (i = 0; i < n && !t->err; i++) {
		indent(t, depth);
		if (btf_is_enum64(e)) {
			const struct btf_enum64 *v = &btf_enum64(e)[i];

			put(t, "%s = ", name_of(btf, v->name_off, name));
			if (btf_kflag(e))
				put(t, "%lld,\n", (long long)btf_enum64_value(v));
			else
				put(t, "0x%llx,\n", (unsigned long long)btf_enum64_value(v));
		} else {
			const struct btf_enum *v = &btf_enum(e)[i];

			put(t, "%s = %d,\n", name_of(btf, v->name_off, name), v->val);
		}
	}
}

/* Members of a structure at bit offset base of the outermost one. */
static void put_members(struct text *t, const struct linux_type *like, const struct btf_raw *btf,
			const struct btf_type *s, uint64_t base, int depth)
{
	const struct btf_member *m = btf_members(s);
	uint32_t i, n = btf_vlen(s);
	char name[128], line[DECLARATOR_SIZE];

	for (i = 0; i < n && !t->err; i++) {
		const struct btf_type *inside = m[i].type ? btf_raw_type(btf, m[i].type) : NULL;
		uint64_t bit = base + btf_member_bit_offset(s, i);
		uint32_t bits = btf_member_bitfield_size(s, i);
		size_t start = t->n;

		name_of(btf, m[i].name_off, name);
		indent(t, depth);
		if (inside && btf_is_composite(inside) && !inside->name_off) {
			if (depth > MAX_DEPTH / 2) {
				put(t, "...;\n");
				continue;
			}
			put(t, "%s{\n", word_of(inside));
			put_members(t, like, btf, inside, bit, depth + 1);
			start = t->n;
			indent(t, depth);
			put(t, "}%s%s;", *name ? " " : "", name);
		} else if (declarator(btf, m[i].type, name, line, sizeof(line), 0)) {
			put(t, "/* what BTF says of %s makes no sense */\n", name);
			continue;
		} else if (bits) {
			put(t, "%s : %u;", line, bits);
		} else {
			put(t, "%s;", line);
		}
		pad(t, start, depth);
		if (bits)
			put(t, "/* %6llu : %llu */\n", (unsigned long long)bit / 8,
			    (unsigned long long)bit % 8);
		else
			put(t, "/* %6llu %6llu */\n", (unsigned long long)bit / 8,
			    (unsigned long long)size_of(like, m[i].type));
	}
}

static void put_body(struct text *t, const struct linux_type *like, const struct btf_raw *btf,
		     const struct btf_type *s)
{
	char name[128];

	put(t, "%s%s%s{\n", word_of(s), name_of(btf, s->name_off, name), s->name_off ? " " : "");
	if (btf_is_composite(s))
		put_members(t, like, btf, s, 0, 1);
	else
		put_enumerators(t, btf, s, 1);
	put(t, "}");
}

static bool has_body(const struct btf_type *t)
{
	return t && (btf_is_composite(t) || btf_is_any_enum(t));
}

static void put_type(struct text *t, const struct linux_type *type, const struct btf_raw *btf)
{
	const struct btf_type *it = type->id ? btf_raw_type(btf, type->id) : NULL, *target;
	char line[DECLARATOR_SIZE], name[128];
	uint64_t size = size_of(type, type->id);

	if (btf_module(type))
		put(t, "/* in module %s */\n", btf_module(type));
	if (has_body(it)) {
		put_body(t, type, btf, it);
		put(t, "; /* size: %llu */\n", (unsigned long long)size);
		return;
	}
	if (it && btf_is_typedef(it)) {
		target = it->type ? btf_raw_type(btf, it->type) : NULL;
		name_of(btf, it->name_off, name);
		put(t, "typedef ");
		if (has_body(target) && !target->name_off) {
			put_body(t, type, btf, target);
			put(t, " %s", name);
		} else if (declarator(btf, it->type, name, line, sizeof(line), 0)) {
			t->err = -EINVAL;
		} else {
			put(t, "%s", line);
		}
		put(t, "; /* size: %llu */\n", (unsigned long long)size);
		return;
	}
	if (it && (btf_is_func(it) || btf_is_var(it))) {
		if (declarator(btf, it->type, name_of(btf, it->name_off, name), line, sizeof(line),
			       0))
			t->err = -EINVAL;
		put(t, "%s;%s\n", line, btf_is_var(it) ? " /* per CPU */" : "");
		return;
	}
	if (declarator(btf, type->id, "", line, sizeof(line), 0))
		t->err = -EINVAL;
	put(t, "%s;", line);
	if (it && btf_is_fwd(it))
		put(t, " /* its members are not known */\n");
	else
		put(t, " /* size: %llu */\n", (unsigned long long)size);
}

static int finish(struct text *t, char **text)
{
	if (!t->err) {
		*text = t->s;
		return 0;
	}
	free(t->s);
	*text = NULL;
	return t->err;
}

int linux_type_declare(const struct linux_type *type, char **text)
{
	struct text t = {0};
	struct linux_layout l;
	char name[LINUX_TYPE_NAME_SIZE];
	const struct btf_raw *btf;
	int err;

	*text = NULL;
	err = btf_of(type, &btf);
	if (err)
		return err;
	if (!type->stars && !type->array) {
		put_type(&t, type, btf);
		return finish(&t, text);
	}
	err = linux_type_name(type, name, sizeof(name));
	if (!err)
		err = linux_type_layout(type, &l);
	if (err)
		return err;
	put(&t, "%s; /* size: %llu */\n", name, (unsigned long long)l.size);
	return finish(&t, text);
}

static int declare_variable(const char *name, char **text)
{
	struct text t = {0};
	struct linux_type type;
	char type_name[LINUX_TYPE_NAME_SIZE];
	bool per_cpu;
	gva_t va;
	int err;

	err = linux_variable(name, &type, &va, &per_cpu);
	if (!err)
		err = linux_type_name(&type, type_name, sizeof(type_name));
	if (err)
		return err == -ENOTSUP ? -ENOENT : err;
	/* The name goes before an array's brackets. */
	put(&t, "%.*s %s%s; /* at 0x%llx%s */\n", (int)strcspn(type_name, "["), type_name, name,
	    type_name + strcspn(type_name, "["), (unsigned long long)va,
	    per_cpu ? " of each CPU's area" : "");
	return finish(&t, text);
}

int linux_typeof(const char *name, char **text)
{
	struct linux_type type;
	bool pointer = false;
	int err;

	*text = NULL;
	err = linux_type_find(name, &type, &pointer);
	if (!err) {
		type.stars += pointer;
		return linux_type_declare(&type, text);
	}
	if (err != -ENOENT)
		return err;
	err = declare_variable(name, text);
	if (err != -ENOENT)
		return err;
	err = btf_find(name, NULL, 0, 1u << BTF_KIND_FUNC, &type);
	return err ? err : linux_type_declare(&type, text);
}
