/* SPDX-License-Identifier: Apache-2.0 */
/* Typed pointers, see pointer.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/pointer.h"
#include "engine/signature/limit.h"

#define STRING_MAX   (1u << 20)
#define FLEXIBLE_MAX 4096 /* of char[] without a length */

static struct pointer *push(lua_State *L, gva_t va, const struct linux_type *type, bool in_process)
{
	struct pointer *p = lua_newuserdatauv(L, sizeof(*p), in_process ? 1 : 0);

	p->va = va;
	p->type = *type;
	p->in_process = in_process;
	return p;
}

void pointer_push(lua_State *L, gva_t va, const struct linux_type *type, int process)
{
	if (process)
		process = lua_absindex(L, process);
	push(L, va, type, process);
	if (process) {
		lua_pushvalue(L, process);
		lua_setiuservalue(L, -2, 1);
	}
	luaL_setmetatable(L, POINTER_TYPE);
}

struct pointer *pointer_test(lua_State *L, int arg)
{
	return luaL_testudata(L, arg, POINTER_TYPE);
}

int pointer_read(lua_State *L, int index, const struct pointer *p, gva_t va, void *buf, size_t size)
{
	const struct linux_task *task;
	int err;

	if (!p || !p->in_process)
		return linux_kread(va, buf, size);
	lua_getiuservalue(L, index, 1);
	task = process_check(L, -1);
	err = linux_mm_lives(task) ? linux_process_read(task, va, buf, size) : -ESRCH;
	lua_pop(L, 1);
	return err;
}

int pointer_type_name(const struct pointer *p, char *out, size_t size)
{
	struct linux_type type = p->type;
	struct linux_layout l;
	int err = linux_type_layout(&type, &l);

	/* An array's name is its own. */
	if (!err && l.kind != LINUX_KIND_ARRAY && l.kind != LINUX_KIND_STRING)
		type.stars++;
	return err ? err : linux_type_name(&type, out, size);
}

/* "struct task_struct * 0xffff888003a28000" */
static void describe(const struct pointer *p, char *out, size_t size)
{
	char name[LINUX_TYPE_NAME_SIZE];

	if (pointer_type_name(p, name, sizeof(name)))
		snprintf(name, sizeof(name), "?");
	snprintf(out, size, "%s 0x%llx", name, (unsigned long long)p->va);
}

static const char *reason(int err)
{
	switch (err) {
	case -ENODATA:
		return "no Linux kernel is known";
	case -ENOTSUP:
		return linux_missing(LINUX_TYPES) ? linux_missing(LINUX_TYPES)
						  : "its BTF cannot be parsed";
	case -EINVAL:
		return "BTF says nothing that makes sense";
	case -ESTALE:
		return "its module has gone; look it up again";
	case -EFAULT:
		return "it is not in memory";
	}
	return strerror(-err);
}

int pointer_no_type(lua_State *L, const char *name, int err)
{
	struct text_near near = {0};
	char hint[256];

	if (err == -ENOTSUP)
		return luaL_error(L, "types are not known: %s; a profile can be given instead",
				  reason(err));
	if (err == -EINVAL)
		return luaL_error(L, "\"%s\" is not a type's name, or not one of a value", name);
	if (err != -ENOENT)
		return luaL_error(L, "type \"%s\": %s", name, reason(err));
	linux_type_near(name, &near);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "no type \"%s\"%s", name, hint);
}

int pointer_no_member(lua_State *L, const struct linux_type *type, const char *name, int err)
{
	char type_name[LINUX_TYPE_NAME_SIZE], hint[256];
	struct linux_layout l;
	struct text_near near;

	if (linux_type_name(type, type_name, sizeof(type_name)))
		snprintf(type_name, sizeof(type_name), "?");
	if (!linux_type_layout(type, &l) && l.kind != LINUX_KIND_RECORD) {
		if (l.kind == LINUX_KIND_OPAQUE)
			return luaL_error(L, "%s: BTF has only its name, no members", type_name);
		return luaL_error(L, "%s has no members%s", type_name,
				  l.kind == LINUX_KIND_STRING || l.size == 1
					  ? "; lvmon.string() reads it"
					  : "; [0] is what is there");
	}
	if (err != -ENOENT)
		return luaL_error(L, "%s.%s: %s", type_name, name, reason(err));
	linux_member_near(type, name, &near);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "%s has no member \"%s\"%s", type_name, name, hint);
}

/* The error for what is not in memory. */
static int absent(lua_State *L, const struct pointer *p, gva_t va)
{
	const char *why = "it is not in memory";
	char at[32];

	if ((!p || !p->in_process) && va < 1ull << 63)
		why = "this is no kernel address: a user's one (lvmon.cast with a process) or an "
		      "offset for lvmon.percpu?";
	snprintf(at, sizeof(at), "0x%llx", (unsigned long long)va);
	return luaL_error(L, "%s cannot be read: %s", at, why);
}

static void read_or_raise(lua_State *L, int like, const struct pointer *p, gva_t va, void *buf,
			  size_t size)
{
	if (pointer_read(L, like, p, va, buf, size))
		absent(L, p, va);
}

/* Zero- or sign-extended from bits. */
static int64_t extend(uint64_t raw, unsigned int bits, bool is_signed)
{
	if (bits >= 64)
		return (int64_t)raw;
	if (is_signed)
		return (int64_t)(raw << (64 - bits)) >> (64 - bits);
	return (int64_t)(raw & ((1ull << bits) - 1));
}

static int64_t read_integer(lua_State *L, int like, const struct pointer *p, gva_t va,
			    const struct linux_layout *l)
{
	unsigned int bits = l->bits ? l->bits : (unsigned int)l->size * 8;
	size_t n = l->bits ? (l->shift + l->bits + 7u) / 8 : (size_t)l->size;
	uint64_t raw = 0;

	if (n > sizeof(raw))
		luaL_error(L, "a number of more than 64 bits: lvmon.bytes() reads it");
	read_or_raise(L, like, p, va, &raw, n);
	return extend(raw >> l->shift, bits, l->is_signed);
}

static void push_enum(lua_State *L, const struct linux_layout *l, int64_t value)
{
	const char *name;

	if (linux_enum_name(&l->type, value, &name))
		lua_pushinteger(L, value);
	else
		lua_pushstring(L, name);
}

static void push_float(lua_State *L, int like, const struct pointer *p, gva_t va, uint64_t size)
{
	double wide = 0;
	float narrow;

	if (size == sizeof(narrow)) {
		read_or_raise(L, like, p, va, &narrow, sizeof(narrow));
		wide = narrow;
	} else if (size == sizeof(wide)) {
		read_or_raise(L, like, p, va, &wide, sizeof(wide));
	} else {
		luaL_error(L, "a floating-point number of %d bytes", (int)size);
	}
	lua_pushnumber(L, wide);
}

/* Up to the NUL, or all of it; of an array without a length up to where memory ends. */
static void push_text(lua_State *L, int like, const struct pointer *p, gva_t va,
		      const struct linux_layout *l)
{
	char small[256], *buf = small;
	size_t n = l->count, step, have;
	luaL_Buffer b;
	bool large;

	if (n > STRING_MAX)
		luaL_error(L, "an array of more than %d characters", (int)STRING_MAX);
	if (!n)
		n = FLEXIBLE_MAX;
	large = n > sizeof(small);
	if (large)
		buf = luaL_buffinitsize(L, &b, n);
	/* By pages: a string may end where memory does. */
	for (have = 0; have < n; have += step) {
		step = 4096 - (va + have) % 4096;
		if (step > n - have)
			step = n - have;
		read_or_raise(L, like, p, va + have, buf + have, step);
		if (memchr(buf + have, '\0', step))
			break;
	}
	n = strnlen(buf, have < n ? n : have);
	if (large)
		luaL_pushresultsize(&b, n);
	else
		lua_pushlstring(L, buf, n);
}

/* A pointer into the same memory as the one at index like; metatable: where it is on the stack. */
static void push_like(lua_State *L, int like, const struct pointer *p, gva_t va,
		      const struct linux_type *type, int metatable)
{
	bool in_process = p && p->in_process;

	push(L, va, type, in_process);
	if (in_process) {
		lua_getiuservalue(L, like, 1);
		lua_setiuservalue(L, -2, 1);
	}
	if (metatable) {
		lua_pushvalue(L, metatable);
		lua_setmetatable(L, -2);
	} else {
		luaL_setmetatable(L, POINTER_TYPE);
	}
}

static inline void value(lua_State *L, int like, const struct pointer *p, gva_t va,
			 const struct linux_layout *l, int metatable)
{
	gva_t to;

	switch (l->kind) {
	case LINUX_KIND_INTEGER:
		lua_pushinteger(L, read_integer(L, like, p, va, l));
		return;
	case LINUX_KIND_BOOLEAN:
		lua_pushboolean(L, read_integer(L, like, p, va, l) != 0);
		return;
	case LINUX_KIND_ENUM:
		push_enum(L, l, read_integer(L, like, p, va, l));
		return;
	case LINUX_KIND_FLOAT:
		push_float(L, like, p, va, l->size);
		return;
	case LINUX_KIND_POINTER:
		read_or_raise(L, like, p, va, &to, sizeof(to));
		if (!to)
			lua_pushnil(L);
		else if (l->bare)
			lua_pushinteger(L, (lua_Integer)to);
		else
			push_like(L, like, p, to, &l->to, metatable);
		return;
	case LINUX_KIND_STRING:
		push_text(L, like, p, va, l);
		return;
	case LINUX_KIND_ARRAY:
	case LINUX_KIND_RECORD:
	case LINUX_KIND_OPAQUE:
		push_like(L, like, p, va, &l->type, metatable);
		return;
	case LINUX_KIND_VOID:
	case LINUX_KIND_FUNCTION:
		break;
	}
	lua_pushinteger(L, (lua_Integer)va);
}

void pointer_value(lua_State *L, int like, gva_t va, const struct linux_layout *l)
{
	value(L, like, like ? pointer_test(L, like) : NULL, va, l, 0);
}

/* p[i]: an array's element; of any other pointer what C's p[i] is. */
static int index_number(lua_State *L, const struct pointer *p, lua_Integer i)
{
	struct linux_layout l, element;
	int err;

	err = linux_type_layout(&p->type, &l);
	if (!err && (l.kind == LINUX_KIND_ARRAY || l.kind == LINUX_KIND_STRING)) {
		if (i < 0 || (l.count && i >= (lua_Integer)l.count))
			return luaL_error(L, "index %I is not in 0 to %d", (LUAI_UACINT)i,
					  (int)l.count - 1);
		err = linux_type_layout(&l.to, &element);
	} else {
		element = l;
	}
	if (!err && !element.size)
		err = -EINVAL;
	if (err) {
		char text[LINUX_TYPE_NAME_SIZE + 32];

		describe(p, text, sizeof(text));
		return luaL_error(L, "%s[%I]: %s", text, (LUAI_UACINT)i, reason(err));
	}
	value(L, 1, p, p->va + (uint64_t)i * element.size, &element, lua_upvalueindex(1));
	return 1;
}

/* Upvalue 1 is the metatable. Nobody but Lua calls this: with a pointer first. */
static int pointer_index(lua_State *L)
{
	const struct pointer *p = lua_touserdata(L, 1);
	const struct linux_layout *l;
	const char *name;
	size_t length;
	int err;

	if (lua_type(L, 2) == LUA_TSTRING) {
		name = lua_tolstring(L, 2, &length);
		err = linux_type_member(&p->type, name, length, &l);
		if (err)
			return pointer_no_member(L, &p->type, name, err);
		value(L, 1, p, p->va + l->offset, l, lua_upvalueindex(1));
		return 1;
	}
	if (!lua_isinteger(L, 2))
		return luaL_error(L, "a member's name or an integer expected, got %s",
				  luaL_typename(L, 2));
	return index_number(L, p, lua_tointeger(L, 2));
}

static int pointer_newindex(lua_State *L)
{
	return luaL_error(L, "the guest's memory cannot be written through typed pointers");
}

static int pointer_len(lua_State *L)
{
	const struct pointer *p = lua_touserdata(L, 1);
	struct linux_layout l;
	char text[LINUX_TYPE_NAME_SIZE + 32];

	if (!linux_type_layout(&p->type, &l) && l.count) {
		lua_pushinteger(L, l.count);
		return 1;
	}
	describe(p, text, sizeof(text));
	return luaL_error(L, "%s is not an array of known length", text);
}

static int pointer_tostring(lua_State *L)
{
	const struct pointer *p = luaL_checkudata(L, 1, POINTER_TYPE);
	char text[LINUX_TYPE_NAME_SIZE + 32];

	describe(p, text, sizeof(text));
	if (!p->in_process) {
		lua_pushstring(L, text);
		return 1;
	}
	lua_getiuservalue(L, 1, 1);
	lua_pushfstring(L, "%s of process %d", text, process_check(L, -1)->tgid);
	return 1;
}

/* Equal when they point to the same place. */
static int pointer_eq(lua_State *L)
{
	const struct pointer *a = pointer_test(L, 1), *b = pointer_test(L, 2);
	bool same = a && b && a->va == b->va && a->in_process == b->in_process;

	if (same && a->in_process) {
		lua_getiuservalue(L, 1, 1);
		lua_getiuservalue(L, 2, 1);
		same = lua_compare(L, -1, -2, LUA_OPEQ);
	}
	lua_pushboolean(L, same);
	return 1;
}

void pointer_open(lua_State *L)
{
	static const luaL_Reg meta[] = {
		{"__newindex", pointer_newindex},
		{"__len", pointer_len},
		{"__tostring", pointer_tostring},
		{"__eq", pointer_eq},
		{NULL, NULL},
	};

	api_metatable(L, POINTER_TYPE, meta);
	luaL_getmetatable(L, POINTER_TYPE);
	lua_pushvalue(L, -1);
	lua_pushcclosure(L, pointer_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}
