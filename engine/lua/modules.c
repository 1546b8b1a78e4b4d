/* SPDX-License-Identifier: Apache-2.0 */
/* lvmon.modules(): the kernel's list of loaded modules. */
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/listing.h"

static void push_name(lua_State *L, const void *row)
{
	lua_pushstring(L, ((const struct linux_module *)row)->name);
}

static void push_base(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct linux_module *)row)->base);
}

static void push_size(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct linux_module *)row)->size);
}

static void push_refs(lua_State *L, const void *row)
{
	const struct linux_module *m = row;

	if (m->refs >= 0)
		lua_pushinteger(L, m->refs);
	else
		lua_pushnil(L);
}

/* The words of /proc/modules. */
static void push_state(lua_State *L, const void *row)
{
	static const char *const names[] = {
		[LINUX_MODULE_LIVE] = "Live",
		[LINUX_MODULE_COMING] = "Loading",
		[LINUX_MODULE_GOING] = "Unloading",
		[LINUX_MODULE_UNFORMED] = "Unformed",
	};

	lua_pushstring(L, names[((const struct linux_module *)row)->state]);
}

/* Letters as in /proc/modules: Documentation/admin-guide/tainted-kernels.rst */
static void push_taint(lua_State *L, const void *row)
{
	static const char letters[] = "PFSRMBUDAWCIOELKXTNJ";
	const struct linux_module *m = row;
	char text[sizeof(letters)];
	size_t i, n = 0;

	for (i = 0; letters[i]; i++)
		if (m->taints >> i & 1)
			text[n++] = letters[i];
	lua_pushlstring(L, text, n);
}

static void push_permanent(lua_State *L, const void *row)
{
	lua_pushboolean(L, ((const struct linux_module *)row)->permanent);
}

static void add_user(const char *name, void *arg)
{
	lua_State *L = arg;

	lua_pushstring(L, name);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

static void push_used_by(lua_State *L, const void *row)
{
	const struct linux_module *m = row;

	lua_newtable(L);
	/* As many as can be found. */
	if (linux_module_users(m->module, add_user, L))
		return;
}

/* {{start = va, size = bytes}, ...} */
static void push_ranges(lua_State *L, const struct linux_module *m, bool text)
{
	lua_Integer n = 0;
	uint32_t i;

	lua_newtable(L);
	for (i = 0; i < m->area_count; i++) {
		uint32_t size = text ? m->areas[i].text : m->areas[i].size;

		if (!size)
			continue;
		lua_createtable(L, 0, 2);
		lua_pushinteger(L, (lua_Integer)m->areas[i].start);
		lua_setfield(L, -2, "start");
		lua_pushinteger(L, size);
		lua_setfield(L, -2, "size");
		lua_rawseti(L, -2, ++n);
	}
}

static void push_areas(lua_State *L, const void *row)
{
	push_ranges(L, row, false);
}

static void push_text(lua_State *L, const void *row)
{
	push_ranges(L, row, true);
}

static void push_module(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct linux_module *)row)->module);
}

/* clang-format off */

static const struct object_field fields[] = {
	OBJECT_FIELD("name", push_name),
	OBJECT_FIELD("base", push_base),
	OBJECT_FIELD("size", push_size),
	OBJECT_FIELD("refs", push_refs),
	OBJECT_FIELD("used_by", push_used_by),
	OBJECT_FIELD("permanent", push_permanent),
	OBJECT_FIELD("state", push_state),
	OBJECT_FIELD("taint", push_taint),
	OBJECT_FIELD("areas", push_areas),
	OBJECT_FIELD("text", push_text),
	OBJECT_FIELD("module", push_module),
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind kind = {
	.name = "modules",
	.row_size = sizeof(struct linux_module),
	.row_name = "module",
	.fields = fields,
};

/* lvmon.modules() -> listing of module objects, in the order of /proc/modules */
static int modules(lua_State *L)
{
	struct linux_module *rows = NULL;
	size_t count = 0;
	int err = 0;

	if (engine.mode != ENGINE_CHECK)
		err = linux_modules(&rows, &count);
	listing_of_walk(L, &kind, rows, count, err, LINUX_MODULES);
	return 1;
}

void modules_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"modules", modules}, {NULL, NULL}};

	api_functions(L, functions);
}
