/* SPDX-License-Identifier: Apache-2.0 */
/* p:maps(): the mappings of a process as /proc/PID/maps has them. */
#include <errno.h>
#include <stdio.h>
#include "engine/linux/process/process.h"
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/lua/maps.h"

#define MAP(row) ((const struct linux_map *)(row))

static void push_start(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)MAP(row)->start);
}

static void push_stop(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)MAP(row)->stop);
}

static void push_size(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)(MAP(row)->stop - MAP(row)->start));
}

static void push_perms(lua_State *L, const void *row)
{
	lua_pushstring(L, MAP(row)->perms);
}

static void push_flags(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)MAP(row)->flags);
}

static void push_offset(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)MAP(row)->offset);
}

static void push_device(lua_State *L, const void *row)
{
	char text[16];

	snprintf(text, sizeof(text), "%02x:%02x", LINUX_MAJOR(MAP(row)->device),
		 LINUX_MINOR(MAP(row)->device));
	lua_pushstring(L, text);
}

static void push_inode(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)MAP(row)->inode);
}

static void push_path(lua_State *L, const void *row)
{
	char path[4096];

	if (linux_map_path(row, path, sizeof(path)))
		lua_pushnil(L);
	else
		lua_pushstring(L, path);
}

static void push_anonymous(lua_State *L, const void *row)
{
	lua_pushboolean(L, MAP(row)->anonymous);
}

static void push_shared(lua_State *L, const void *row)
{
	lua_pushboolean(L, MAP(row)->perms[3] == 's');
}

/* clang-format off */

static const struct object_field map_fields[] = {
	OBJECT_FIELD("start", push_start),
	OBJECT_FIELD("stop", push_stop),
	OBJECT_FIELD("size", push_size),
	OBJECT_FIELD("perms", push_perms),
	OBJECT_FIELD("flags", push_flags),
	OBJECT_FIELD("offset", push_offset),
	OBJECT_FIELD("device", push_device),
	OBJECT_FIELD("inode", push_inode),
	OBJECT_FIELD("path", push_path),
	OBJECT_FIELD("anonymous", push_anonymous),
	OBJECT_FIELD("shared", push_shared),
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind map_listing = {
	.name = "maps",
	.row_name = "map",
	.row_size = sizeof(struct linux_map),
	.fields = map_fields,
};

int process_maps(lua_State *L)
{
	const struct linux_task *task = process_check(L, 1);
	struct linux_map *maps = NULL;
	size_t count = 0;
	int err = 0;

	if (engine.mode != ENGINE_CHECK)
		err = !task->mm || linux_mm_lives(task) ? linux_maps(task, &maps, &count) : -ESRCH;
	listing_of_walk(L, &map_listing, maps, count, err, LINUX_MEMORY);
	return 1;
}
