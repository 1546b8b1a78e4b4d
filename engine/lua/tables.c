/* SPDX-License-Identifier: Apache-2.0 */
/* lvmon.syscalls(), lvmon.idt(): what the kernel's tables of entry points lead to. */
#include "engine/lua/api.h"
#include "engine/lua/listing.h"

static void push_symbol(lua_State *L, gva_t va)
{
	char text[600];

	if (linux_symbolize(va, text, sizeof(text)))
		lua_pushnil(L);
	else
		lua_pushstring(L, text);
}

/* --- system calls --- */

static const struct linux_syscall *syscall_of(const void *row)
{
	return row;
}

static void push_abi(lua_State *L, const void *row)
{
	static const char *const names[] = {
		[LINUX_SYSCALLS_64] = "x64",
		[LINUX_SYSCALLS_IA32] = "ia32",
		[LINUX_SYSCALLS_X32] = "x32",
	};

	lua_pushstring(L, names[syscall_of(row)->table]);
}

static void push_number(lua_State *L, const void *row)
{
	lua_pushinteger(L, syscall_of(row)->number);
}

static void push_name(lua_State *L, const void *row)
{
	lua_pushstring(L, syscall_of(row)->name); /* NULL: nil */
}

static void push_syscall_handler(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)syscall_of(row)->handler);
}

static void push_syscall_symbol(lua_State *L, const void *row)
{
	push_symbol(L, syscall_of(row)->handler);
}

static void push_syscall_inside(lua_State *L, const void *row)
{
	lua_pushboolean(L, syscall_of(row)->inside);
}

static void push_hooked(lua_State *L, const void *row)
{
	lua_pushboolean(L, syscall_of(row)->hooked);
}

/* clang-format off */

static const struct object_field syscall_fields[] = {
	OBJECT_FIELD("abi", push_abi),
	OBJECT_FIELD("number", push_number),
	OBJECT_FIELD("name", push_name),
	OBJECT_FIELD("handler", push_syscall_handler),
	OBJECT_FIELD("symbol", push_syscall_symbol),
	OBJECT_FIELD("inside", push_syscall_inside),
	OBJECT_FIELD("hooked", push_hooked),
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind syscall_listing = {
	.name = "syscalls",
	.row_size = sizeof(struct linux_syscall),
	.row_name = "system call",
	.fields = syscall_fields,
};

/* lvmon.syscalls() -> listing of the entries of the system-call tables that there are */
static int syscalls(lua_State *L)
{
	struct linux_syscall *rows = NULL;
	size_t count = 0;
	int err = 0;

	if (engine.mode != ENGINE_CHECK)
		err = linux_syscalls(&rows, &count);
	listing_of_walk(L, &syscall_listing, rows, count, err, LINUX_FACILITIES);
	return 1;
}

/* --- IDT --- */

static const struct linux_gate *gate_of(const void *row)
{
	return row;
}

static void push_vector(lua_State *L, const void *row)
{
	lua_pushinteger(L, gate_of(row)->vector);
}

static void push_gate_handler(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)gate_of(row)->handler);
}

static void push_gate_symbol(lua_State *L, const void *row)
{
	push_symbol(L, gate_of(row)->handler);
}

static void push_selector(lua_State *L, const void *row)
{
	lua_pushinteger(L, gate_of(row)->selector);
}

/* AMD APM vol. 2, table 4-6; Intel SDM vol. 3, table 3-2 */
static void push_type(lua_State *L, const void *row)
{
	switch (gate_of(row)->type) {
	case 14:
		lua_pushstring(L, "interrupt");
		break;
	case 15:
		lua_pushstring(L, "trap");
		break;
	default:
		lua_pushfstring(L, "%d", (int)gate_of(row)->type);
	}
}

static void push_dpl(lua_State *L, const void *row)
{
	lua_pushinteger(L, gate_of(row)->dpl);
}

static void push_ist(lua_State *L, const void *row)
{
	lua_pushinteger(L, gate_of(row)->ist);
}

static void push_present(lua_State *L, const void *row)
{
	lua_pushboolean(L, gate_of(row)->present);
}

static void push_gate_inside(lua_State *L, const void *row)
{
	lua_pushboolean(L, gate_of(row)->inside);
}

/* clang-format off */

static const struct object_field gate_fields[] = {
	OBJECT_FIELD("vector", push_vector),
	OBJECT_FIELD("handler", push_gate_handler),
	OBJECT_FIELD("symbol", push_gate_symbol),
	OBJECT_FIELD("selector", push_selector),
	OBJECT_FIELD("type", push_type),
	OBJECT_FIELD("dpl", push_dpl),
	OBJECT_FIELD("ist", push_ist),
	OBJECT_FIELD("present", push_present),
	OBJECT_FIELD("inside", push_gate_inside),
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind gate_listing = {
	.name = "idt",
	.row_size = sizeof(struct linux_gate),
	.row_name = "gate",
	.fields = gate_fields,
};

/*
 * lvmon.idt() -> listing of the gates of the IDT in use: IDTR's, in a dump without it the kernel's
 */
static int idt(lua_State *L)
{
	struct linux_gate *rows = NULL;
	uint64_t base = 0;
	size_t count = 0;
	int err = 0;

	if (engine.mode != ENGINE_CHECK) {
		if (backend->reg_read(LVMON_IDTR_BASE, &base))
			base = 0;
		err = linux_idt(base, &rows, &count);
	}
	listing_of_walk(L, &gate_listing, rows, count, err, LINUX_FACILITIES);
	return 1;
}

void tables_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"syscalls", syscalls}, {"idt", idt}, {NULL, NULL}};

	api_functions(L, functions);
}
