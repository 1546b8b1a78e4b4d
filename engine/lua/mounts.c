/* SPDX-License-Identifier: Apache-2.0 */
/* lvmon.mounts() and p:mounts(): mounts as /proc/PID/mountinfo has them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/linux/process/process.h"
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/lua/maps.h"

#define MOUNT(row) ((const struct linux_mount *)(row))

static void push_id(lua_State *L, const void *row)
{
	lua_pushinteger(L, MOUNT(row)->id);
}

static void push_parent_id(lua_State *L, const void *row)
{
	lua_pushinteger(L, MOUNT(row)->parent_id);
}

static void push_device(lua_State *L, const void *row)
{
	char text[24];

	snprintf(text, sizeof(text), "%u:%u", LINUX_MAJOR(MOUNT(row)->device),
		 LINUX_MINOR(MOUNT(row)->device));
	lua_pushstring(L, text);
}

static void push_sb_readonly(lua_State *L, const void *row)
{
	lua_pushboolean(L, MOUNT(row)->sb_readonly);
}

/* "shared:1 master:2 unbindable", the words that apply */
static void push_propagation(lua_State *L, const void *row)
{
	char shared[24] = "", master[24] = "", text[80];

	if (MOUNT(row)->group)
		snprintf(shared, sizeof(shared), "shared:%d ", MOUNT(row)->group);
	if (MOUNT(row)->master)
		snprintf(master, sizeof(master), "master:%d ", MOUNT(row)->master);
	snprintf(text, sizeof(text), "%s%s%s", shared, master,
		 MOUNT(row)->unbindable ? "unbindable " : "");
	lua_pushlstring(L, text, *text ? strlen(text) - 1 : 0);
}

static void push_text(lua_State *L, const void *row, enum linux_mount_text which)
{
	char text[4096];

	if (linux_mount_text(row, which, text, sizeof(text)))
		lua_pushnil(L);
	else
		lua_pushstring(L, text);
}

static void push_root(lua_State *L, const void *row)
{
	push_text(L, row, LINUX_MOUNT_ROOT);
}

static void push_path(lua_State *L, const void *row)
{
	push_text(L, row, LINUX_MOUNT_PATH);
}

static void push_options(lua_State *L, const void *row)
{
	push_text(L, row, LINUX_MOUNT_OPTIONS);
}

static void push_type(lua_State *L, const void *row)
{
	push_text(L, row, LINUX_MOUNT_TYPE);
}

static void push_source(lua_State *L, const void *row)
{
	push_text(L, row, LINUX_MOUNT_SOURCE);
}

/* clang-format off */

static const struct object_field mount_fields[] = {
	OBJECT_FIELD("id", push_id),
	OBJECT_FIELD("parent_id", push_parent_id),
	OBJECT_FIELD("device", push_device),
	OBJECT_FIELD("root", push_root),
	OBJECT_FIELD("path", push_path),
	OBJECT_FIELD("options", push_options),
	OBJECT_FIELD("propagation", push_propagation),
	OBJECT_FIELD("type", push_type),
	OBJECT_FIELD("source", push_source),
	OBJECT_FIELD("sb_readonly", push_sb_readonly),
	OBJECT_END,
};

/* clang-format on */

static const struct listing_kind mount_listing = {
	.name = "mounts",
	.row_name = "mount",
	.row_size = sizeof(struct linux_mount),
	.fields = mount_fields,
};

static int push_mounts(lua_State *L, const struct linux_task *task)
{
	struct linux_mount *mounts = NULL;
	size_t count = 0;
	int err = 0;

	if (engine.mode != ENGINE_CHECK)
		err = linux_task_lives(task) ? linux_mounts(task, &mounts, &count) : -ESRCH;
	listing_of_walk(L, &mount_listing, mounts, count, err, LINUX_MOUNTS);
	return 1;
}

int process_mounts(lua_State *L)
{
	return push_mounts(L, process_check(L, 1));
}

/* lvmon.mounts() -> listing of what the first process sees */
static int mounts(lua_State *L)
{
	struct linux_task init = {0};
	int err = 0;

	if (engine.mode != ENGINE_CHECK)
		err = linux_find_pid(1, &init);
	if (err == -ESRCH)
		return luaL_error(L, "mounts: there is no process 1 yet");
	if (err) {
		listing_of_walk(L, &mount_listing, NULL, 0, err, LINUX_TASKS);
		return 1;
	}
	return push_mounts(L, &init);
}

void mounts_open(lua_State *L)
{
	static const luaL_Reg list[] = {{"mounts", mounts}, {NULL, NULL}};

	api_functions(L, list);
}
