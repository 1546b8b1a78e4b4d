/* SPDX-License-Identifier: Apache-2.0 */
/* What a Lua error says and where it happened, as text. */
#ifndef ENGINE_SIGNATURE_TRACEBACK_H
#define ENGINE_SIGNATURE_TRACEBACK_H

#include <stddef.h>
#include <lua.h>

/* A lua_CFunction, (error object) -> text. */
int traceback_message(lua_State *L);

/* The stack of L as text, without the message, cut to size; allocates nothing. */
void traceback_stack(lua_State *L, char *out, size_t size);

#endif
