/* SPDX-License-Identifier: Apache-2.0 */
/* What a Lua error says and where it happened, as text. */
#include <stdio.h>
#include <lauxlib.h>
#include "engine/signature/traceback.h"

int traceback_message(lua_State *L)
{
	if (lua_tostring(L, 1) ||
	    (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING))
		return 1;
	lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	return 1;
}

void traceback_stack(lua_State *L, char *out, size_t size)
{
	lua_Debug ar;
	size_t n = 0;
	int level;

	out[0] = '\0';
	for (level = 0; level < 32 && n + 1 < size && lua_getstack(L, level, &ar); level++) {
		int w;

		if (!lua_getinfo(L, "Sln", &ar))
			break;
		if (ar.currentline <= 0 && !ar.name)
			continue;
		if (ar.currentline > 0)
			w = snprintf(out + n, size - n, "%s%s:%d: in %s%s%s", n ? "\n" : "",
				     ar.short_src, ar.currentline,
				     *ar.namewhat ? ar.namewhat : "function", ar.name ? " " : "",
				     ar.name ? ar.name : "");
		else
			w = snprintf(out + n, size - n, "%s[C]: in %s", n ? "\n" : "", ar.name);
		if (w < 0)
			break;
		n += (size_t)w;
	}
}
