/* SPDX-License-Identifier: Apache-2.0 */
/* What lies at a pointer or a kernel address, as bytes: lvmon.string, lvmon.bytes. */
#include <string.h>
#include "engine/lua/api.h"
#include "engine/lua/pointer.h"

#define STRING_DEFAULT 4096
#define STRING_MAX     (1u << 20)
#define BYTES_MAX      (4u << 20)

/* lvmon.string(pointer or address [, max]) -> the text there up to its NUL; nil: not in memory */
static int api_string(lua_State *L)
{
	lua_Integer max = luaL_optinteger(L, 2, STRING_DEFAULT);
	struct linux_layout l;
	struct pointer *p;
	luaL_Buffer b;
	size_t have, step;
	gva_t va;
	char *to;
	int process;

	luaL_checkany(L, 1);
	luaL_argcheck(L, max >= 0 && max <= STRING_MAX, 2, "must be 0 to 1 MB");
	if (checking()) {
		lua_pushliteral(L, "");
		return 1;
	}
	lua_settop(L, 2);
	va = address_arg(L, 1, &process);
	p = pointer_test(L, 1);
	/* No further than an array goes. */
	if (p && !linux_type_layout(&p->type, &l) && l.count && l.size < (uint64_t)max)
		max = (lua_Integer)l.size;
	to = luaL_buffinitsize(L, &b, (size_t)max);
	for (have = 0; have < (size_t)max; have += step) {
		step = 4096 - (va + have) % 4096;
		if (step > (size_t)max - have)
			step = (size_t)max - have;
		if (pointer_read(L, 1, p, va + have, to + have, step)) {
			lua_pushnil(L);
			return 1;
		}
		if (memchr(to + have, '\0', step))
			break;
	}
	luaL_pushresultsize(&b, strnlen(to, (size_t)max));
	return 1;
}

/* lvmon.bytes(pointer or address [, n]) -> the n bytes there (of all it points to); nil: absent */
static int api_bytes(lua_State *L)
{
	lua_Integer n = luaL_optinteger(L, 2, -1);
	struct linux_layout l;
	struct pointer *p;
	luaL_Buffer b;
	int process;
	gva_t va;
	char *to;

	luaL_checkany(L, 1);
	if (checking()) {
		lua_pushliteral(L, "");
		return 1;
	}
	lua_settop(L, 2);
	va = address_arg(L, 1, &process);
	p = pointer_test(L, 1);
	if (p && lua_isnil(L, 2) && !linux_type_layout(&p->type, &l) && l.size <= BYTES_MAX)
		n = (lua_Integer)l.size;
	luaL_argcheck(L, n >= 0 && n <= BYTES_MAX, 2, "must be 0 to 4 MB");
	to = luaL_buffinitsize(L, &b, (size_t)n);
	if (pointer_read(L, 1, p, va, to, (size_t)n)) {
		lua_pushnil(L);
		return 1;
	}
	luaL_pushresultsize(&b, (size_t)n);
	return 1;
}

void contents_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"string", api_string},
		{"bytes", api_bytes},
		{NULL, NULL},
	};

	api_functions(L, functions);
}
