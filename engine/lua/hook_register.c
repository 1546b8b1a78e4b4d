/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.hook.register(what, handler [, options]). what: the number of an MSR, or a name.
 */
#include <stdio.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/lua/hook.h"

#define KEY(which, msr) ((uint64_t)(which) << 32 | (msr))

static const struct {
	const char *name;
	uint64_t key;
} names[] = {
	{"CR0", KEY(LVMON_WATCH_CR0, 0)},
	{"CR4", KEY(LVMON_WATCH_CR4, 0)},
	{"IDTR", KEY(LVMON_WATCH_IDTR, 0)},
	{"GDTR", KEY(LVMON_WATCH_GDTR, 0)},
	{"SPEC_CTRL", KEY(LVMON_WATCH_MSR, 0x48)},
	{"SYSENTER_CS", KEY(LVMON_WATCH_MSR, 0x174)},
	{"SYSENTER_ESP", KEY(LVMON_WATCH_MSR, 0x175)},
	{"SYSENTER_EIP", KEY(LVMON_WATCH_MSR, 0x176)},
	{"PAT", KEY(LVMON_WATCH_MSR, 0x277)},
	{"EFER", KEY(LVMON_WATCH_MSR, 0xc0000080)},
	{"STAR", KEY(LVMON_WATCH_MSR, 0xc0000081)},
	{"LSTAR", KEY(LVMON_WATCH_MSR, 0xc0000082)},
	{"CSTAR", KEY(LVMON_WATCH_MSR, 0xc0000083)},
	{"SFMASK", KEY(LVMON_WATCH_MSR, 0xc0000084)},
	{"FS_BASE", KEY(LVMON_WATCH_MSR, 0xc0000100)},
	{"GS_BASE", KEY(LVMON_WATCH_MSR, 0xc0000101)},
	{"KERNEL_GS_BASE", KEY(LVMON_WATCH_MSR, 0xc0000102)},
};

#define NAMES (sizeof(names) / sizeof(*names))

static uint64_t key_of_name(lua_State *L, const char *name)
{
	struct text_near near;
	char hint[256];
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].key;
	text_near_init(&near, name);
	for (i = 0; i < NAMES; i++)
		text_near_add(&near, names[i].name);
	text_near_print(&near, hint, sizeof(hint));
	luaL_error(L, "hook.register: no register \"%s\"%s", near.wanted, hint);
	return 0;
}

static void resolve(lua_State *L, struct hook *h)
{
	struct hook_site *s = &h->site[0];
	struct lvmon_hook request;
	lua_Integer number;
	char error[200];

	if (lua_isinteger(L, 1)) {
		number = lua_tointeger(L, 1);
		luaL_argcheck(L, number >= 0 && number <= UINT32_MAX, 1,
			      "not the number of an MSR");
		s->target = KEY(LVMON_WATCH_MSR, (uint32_t)number);
		snprintf(h->name, sizeof(h->name), "MSR 0x%x", (unsigned int)number);
	} else {
		s->target = key_of_name(L, luaL_checkstring(L, 1));
		snprintf(h->name, sizeof(h->name), "%s", lua_tostring(L, 1));
	}
	snprintf(s->name, sizeof(s->name), "%s", h->name);
	h->count = 1;
	/* What LVisor keeps, it keeps below every guest: `lvisor check` knows, too. */
	if (h->kind->place(s, &request, error, sizeof(error)))
		luaL_error(L, "hook.register: %s: %s", h->name, error);
}

static int push_register(lua_State *L, const struct activity *a)
{
	lua_pushstring(L, a->hook->name);
	return 1;
}

static int push_msr(lua_State *L, const struct activity *a)
{
	if (a->site->target >> 32 == LVMON_WATCH_MSR)
		lua_pushinteger(L, (uint32_t)a->site->target);
	else
		lua_pushnil(L);
	return 1;
}

static int push_old(lua_State *L, const struct activity *a)
{
	lua_pushinteger(L, (lua_Integer)a->ev->written.old);
	return 1;
}

static int push_value(lua_State *L, const struct activity *a)
{
	lua_pushinteger(L, (lua_Integer)a->ev->written.value);
	return 1;
}

static int push_limit(lua_State *L, const struct activity *a)
{
	uint64_t which = a->site->target >> 32;

	if (which == LVMON_WATCH_IDTR || which == LVMON_WATCH_GDTR)
		lua_pushinteger(L, a->ev->written.limit);
	else
		lua_pushnil(L);
	return 1;
}

static const struct event_field fields[] = {
	{"register", push_register, 0}, {"msr", push_msr, 0},	  {"old", push_old, 0},
	{"value", push_value, 0},	{"limit", push_limit, 0}, {NULL, NULL, 0},
};

const struct lua_hook lua_hook_register = {
	.kind = &hook_kind_register,
	.resolve = resolve,
	.fields = fields,
};
