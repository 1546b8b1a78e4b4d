/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of a process that search and read its address space. */
#ifndef ENGINE_LUA_SEARCH_H
#define ENGINE_LUA_SEARCH_H

#include <lua.h>

/*
 * p:find(needle [, from [, options]]) -> virtual address, captures or the match; where there is
 * none nil and a report: bytes by state, complete, reason. Options: plain (no pattern), to (address
 * where it ends); true is { plain = true }.
 */
int process_find(lua_State *L);
/* p:findall(the same) -> an object for the for loop, with complete, reason and report() */
int process_findall(lua_State *L);
/*
 * p:read(va, n) -> string, nil where a byte has no page; p:read(va, n, true) -> string with zeros
 * for absent bytes (the page cache is looked at, too), their number
 */
int process_read(lua_State *L);

void search_open(lua_State *L);

#endif
