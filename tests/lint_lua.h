/* SPDX-License-Identifier: Apache-2.0 */
/* For clang-tidy, before each source: these do not return, which Lua's headers do not say. */
struct lua_State;
int lua_error(struct lua_State *L) __attribute__((__noreturn__));
int luaL_error(struct lua_State *L, const char *fmt, ...) __attribute__((__noreturn__));
int luaL_argerror(struct lua_State *L, int arg, const char *extramsg) __attribute__((__noreturn__));
int luaL_typeerror(struct lua_State *L, int arg, const char *tname) __attribute__((__noreturn__));
