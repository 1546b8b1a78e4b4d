/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of process objects that list mappings and mounts; lvmon.mounts(). */
#ifndef ENGINE_LUA_MAPS_H
#define ENGINE_LUA_MAPS_H

#include <lua.h>

/* p:maps(), p:mounts() */
int process_maps(lua_State *L);
int process_mounts(lua_State *L);

/* lvmon.mounts */
void mounts_open(lua_State *L);

#endif
