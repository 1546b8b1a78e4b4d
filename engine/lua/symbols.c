/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.symbols: the kernel's symbols as a listing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/listing.h"

#define SYMBOLS_MAX (1u << 20)

struct symbol {
	gva_t va;
	char *name;
};

struct symbols {
	struct symbol *rows;
	size_t count, room;
};

static int add(const char *name, gva_t va, void *arg)
{
	struct symbols *s = arg;
	struct symbol *bigger;

	if (s->count == SYMBOLS_MAX)
		return -EOVERFLOW;
	if (s->count == s->room) {
		bigger = realloc(s->rows, (s->room ? 2 * s->room : 64) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		s->room = s->room ? 2 * s->room : 64;
		s->rows = bigger;
	}
	s->rows[s->count].name = strdup(name);
	if (!s->rows[s->count].name)
		return -ENOMEM;
	s->rows[s->count++].va = va;
	return 0;
}

static void push_name(lua_State *L, const void *row)
{
	lua_pushstring(L, ((const struct symbol *)row)->name);
}

static void push_address(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct symbol *)row)->va);
}

static void release(void *row)
{
	free(((struct symbol *)row)->name);
}

static const struct object_field fields[] = {
	OBJECT_FIELD("name", push_name),
	OBJECT_FIELD("address", push_address),
	OBJECT_END,
};

static const struct listing_kind kind = {
	.name = "symbols",
	.row_size = sizeof(struct symbol),
	.row_name = "symbol",
	.fields = fields,
	.release = release,
};

/* lvmon.symbols([prefix]) -> listing of the symbols that begin with it, in the kernel's order */
static int symbols(lua_State *L)
{
	const char *prefix = luaL_optstring(L, 1, "");
	struct symbols s = {NULL, 0, 0};
	int err = linux_each_symbol(prefix, add, &s);

	listing_push(L, &kind, s.rows, s.count,
		     err == -ENOMEM	 ? "not enough memory for all"
		     : err == -EOVERFLOW ? "there are too many"
		     : err == -EINVAL	 ? "the symbol table is damaged"
					 : NULL);
	return 1;
}

void symbols_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"symbols", symbols}, {NULL, NULL}};

	api_functions(L, functions);
}
