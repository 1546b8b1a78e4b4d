/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of lvmon that make typed pointers: cast, variable, percpu, container_of, list; and
 * what all functions about types and pointers take as arguments. Where signatures are only checked
 * there is no guest: they give an object then that takes every use and says nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/lua/pointer.h"
#include "engine/signature/limit.h"

void type_find(lua_State *L, const char *name, struct linux_type *type, bool *pointer)
{
	int err = linux_type_find(name, type, pointer);

	if (err)
		pointer_no_type(L, name, err);
}

void type_arg(lua_State *L, int arg, struct linux_type *type)
{
	struct pointer *p = pointer_test(L, arg);
	bool pointer;

	if (p) {
		*type = p->type;
		return;
	}
	type_find(L, luaL_checkstring(L, arg), type, &pointer);
	if (type->stars + pointer > UINT8_MAX)
		luaL_error(L, "too many stars");
	type->stars += pointer;
}

void record_arg(lua_State *L, int arg, struct linux_type *type)
{
	bool pointer;

	if (pointer_test(L, arg))
		*type = pointer_test(L, arg)->type;
	else
		type_find(L, luaL_checkstring(L, arg), type, &pointer);
}

gva_t address_arg(lua_State *L, int arg, int *process)
{
	struct pointer *p = pointer_test(L, arg);

	*process = 0;
	if (p) {
		if (p->in_process) {
			lua_getiuservalue(L, arg, 1);
			*process = lua_gettop(L);
		}
		return p->va;
	}
	if (luaL_testudata(L, arg, PROCESS_TYPE))
		return process_check(L, arg)->task;
	if (!lua_isinteger(L, arg))
		luaL_typeerror(L, arg, "address or pointer");
	return (gva_t)lua_tointeger(L, arg);
}

static void push_at(lua_State *L, gva_t va, const struct linux_type *type, int process)
{
	struct linux_layout l;
	char name[LINUX_TYPE_NAME_SIZE] = "?";
	int err = linux_type_layout(type, &l);

	if (!err && (l.kind == LINUX_KIND_VOID || l.kind == LINUX_KIND_FUNCTION))
		err = -EINVAL;
	if (err) {
		(void)!linux_type_name(type, name, sizeof(name));
		pointer_no_type(L, name, err);
	}
	pointer_push(L, va, type, process);
	if (l.kind == LINUX_KIND_RECORD || l.kind == LINUX_KIND_ARRAY ||
	    l.kind == LINUX_KIND_OPAQUE)
		return;
	/* A number or the like: its value. */
	pointer_value(L, lua_gettop(L), va, &l);
}

/*
 * lvmon.cast(type, address [, process]) -> a pointer to what is there, or its value when that is a
 * number, a string or a pointer; with a star behind the type, address is that pointer's value. In
 * the kernel's memory, or the process's.
 */
static int cast(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	struct linux_type type;
	bool pointer;
	int process;
	gva_t va;

	lua_settop(L, 3);
	if (checking())
		return nothing_push(L);
	va = address_arg(L, 2, &process);
	if (!lua_isnil(L, 3)) {
		process_check(L, 3);
		process = 3;
	}
	type_find(L, name, &type, &pointer);
	if (pointer)
		pointer_push(L, va, &type, process);
	else
		push_at(L, va, &type, process);
	return 1;
}

static void find_variable(lua_State *L, const char *name, struct linux_type *type, gva_t *va,
			  bool *per_cpu)
{
	struct text_near near;
	char hint[256];
	int err = linux_variable(name, type, va, per_cpu);

	if (err == -ENOTSUP && !linux_need(LINUX_TYPES))
		luaL_error(L,
			   "no type is known for \"%s\"; lvmon.cast(type, lvmon.symbol(\"%s\")) "
			   "takes one",
			   name, name);
	if (err && err != -ENOENT)
		pointer_no_type(L, name, err);
	if (!err)
		return;
	linux_variable_near(name, &near);
	text_near_print(&near, hint, sizeof(hint));
	luaL_error(L, "no variable \"%s\"%s", name, hint);
}

/* lvmon.variable(name) -> as lvmon.cast of its type and address */
static int variable(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	struct linux_type type;
	bool per_cpu;
	gva_t va;

	if (checking())
		return nothing_push(L);
	find_variable(L, name, &type, &va, &per_cpu);
	if (per_cpu)
		return luaL_error(L, "each CPU has a \"%s\": lvmon.percpu(\"%s\", cpu)", name,
				  name);
	push_at(L, va, &type, 0);
	return 1;
}

/* The base of CPU number at arg; without one of the CPU that the event is of. */
static gva_t cpu_base(lua_State *L, int arg)
{
	lua_Integer cpu;
	gva_t base = 0;

	if (lua_isnoneornil(L, arg)) {
		if (!engine.event)
			luaL_error(L, "percpu: no event, so which CPU?");
		/* SWAPGS: the kernel's base is put aside while user code runs. */
		return engine.event->cpl ? engine.event->kernel_gs_base : engine.event->gs_base;
	}
	cpu = luaL_checkinteger(L, arg);
	if (cpu < 0 || cpu > UINT32_MAX || linux_cpu_base((uint32_t)cpu, &base))
		luaL_error(L, "percpu: there is no CPU %I", (LUAI_UACINT)cpu);
	return base;
}

/*
 * lvmon.percpu(name or pointer [, cpu]) -> that CPU's variable, as lvmon.cast; what a __percpu
 * pointer stands for there. Without a CPU, that of the event.
 */
static int percpu(lua_State *L)
{
	struct linux_type type;
	struct pointer *p;
	bool per_cpu;
	gva_t va;

	luaL_checkany(L, 1);
	if (checking())
		return nothing_push(L);
	p = pointer_test(L, 1);
	if (p) {
		pointer_push(L, p->va + cpu_base(L, 2), &p->type, 0);
		return 1;
	}
	find_variable(L, luaL_checkstring(L, 1), &type, &va, &per_cpu);
	if (!per_cpu)
		return luaL_error(L, "\"%s\" is one for all CPUs: lvmon.variable(\"%s\")",
				  lua_tostring(L, 1), lua_tostring(L, 1));
	push_at(L, va + cpu_base(L, 2), &type, 0);
	return 1;
}

/* lvmon.container_of(pointer, type, member) -> the structure whose member that is */
static int container_of(lua_State *L)
{
	struct linux_type type;
	struct linux_layout l;
	const char *path;
	int process, err;
	gva_t va;

	lua_settop(L, 3);
	path = luaL_checkstring(L, 3);
	if (checking())
		return nothing_push(L);
	va = address_arg(L, 1, &process);
	record_arg(L, 2, &type);
	err = linux_type_path(&type, path, &l);
	if (err)
		return pointer_no_member(L, &type, path, err);
	pointer_push(L, va - l.offset, &type, process);
	return 1;
}

struct list_row {
	gva_t va;
	struct linux_type type;
};

static void list_push(lua_State *L, const void *row)
{
	const struct list_row *r = row;

	pointer_push(L, r->va, &r->type, 0);
}

static void list_plain(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct list_row *)row)->va);
}

/*
 * lvmon.list(head, type, member) -> listing of the structures in the list at head, by the member
 * that links them. head: a pointer to list_head, hlist_head, llist_head or the like, or an address
 * of a list_head. As plain table: their addresses.
 */
static int list(lua_State *L)
{
	static const struct listing_kind kind = {
		.name = "list",
		.row_size = sizeof(struct list_row),
		.push = list_push,
		.plain = list_plain,
	};
	enum linux_list list_kind = LINUX_LIST;
	struct linux_type type;
	struct linux_layout l;
	struct list_row *rows;
	struct pointer *p;
	const char *path;
	int err, process;
	gva_t head, *nodes;
	size_t count, i;

	lua_settop(L, 3);
	path = luaL_checkstring(L, 3);
	if (checking()) {
		listing_push(L, &kind, NULL, 0, NULL);
		return 1;
	}
	p = pointer_test(L, 1);
	head = address_arg(L, 1, &process);
	if (process || (p && linux_list_kind(&p->type, &list_kind)))
		return luaL_error(L, "list: argument 1 is not the head of a kernel's list");
	record_arg(L, 2, &type);
	err = linux_type_path(&type, path, &l);
	if (err)
		return pointer_no_member(L, &type, path, err);
	err = linux_list_nodes(head, list_kind, &nodes, &count);
	if (err == -ENOMEM)
		return luaL_error(L, "not enough memory");
	rows = count ? malloc(count * sizeof(*rows)) : NULL;
	if (count && !rows) {
		free(nodes);
		return luaL_error(L, "not enough memory");
	}
	for (i = 0; i < count; i++)
		rows[i] = (struct list_row){nodes[i] - l.offset, type};
	free(nodes);
	listing_push(L, &kind, rows, count,
		     err == -EOVERFLOW ? "the list is too long or goes round"
		     : err == -ETIME   ? "the time was up"
		     : err	       ? "the list leads to where nothing is"
				       : NULL);
	return 1;
}

/* lvmon.addressof(pointer [, "a.b"]) -> integer, of what it points to or of a member of that */
static int addressof(lua_State *L)
{
	const char *path = luaL_optstring(L, 2, NULL);
	struct linux_layout l;
	struct pointer *p;
	int err, process;
	gva_t va;

	luaL_checkany(L, 1);
	if (checking()) {
		lua_pushinteger(L, 0);
		return 1;
	}
	va = address_arg(L, 1, &process);
	p = pointer_test(L, 1);
	if (path) {
		if (!p)
			return luaL_typeerror(L, 1, POINTER_TYPE);
		err = linux_type_path(&p->type, path, &l);
		if (err)
			return pointer_no_member(L, &p->type, path, err);
		va += l.offset;
	}
	lua_pushinteger(L, (lua_Integer)va);
	return 1;
}

void types_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"cast", cast}, {"variable", variable},	  {"percpu", percpu},
		{"list", list}, {"addressof", addressof}, {"container_of", container_of},
		{NULL, NULL},
	};

	nothing_open(L);
	pointer_open(L);
	api_functions(L, functions);
	typenames_open(L);
	contents_open(L);
}
