/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.hidden(): what one of the kernel's sources shows and another one lacks. Live, the other
 * CPUs are held while it looks; where one of them is held in the middle of a change of the lists,
 * all go on for a moment, and it looks again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/linux/hidden/hidden.h"
#include "engine/lua/api.h"
#include "engine/lua/listing.h"
#include "engine/signature/limit.h"

#define TRIES	   20
#define BETWEEN_NS 200000u /* two of them: the guest's CPUs go on meanwhile */

static const char *const kinds[] = {
	[LINUX_HIDDEN_PROCESS] = "process",
	[LINUX_HIDDEN_THREAD] = "thread",
	[LINUX_HIDDEN_MODULE] = "module",
	[LINUX_HIDDEN_CODE] = "code",
};

static void push_kind(lua_State *L, const void *row)
{
	lua_pushstring(L, kinds[((const struct linux_hidden *)row)->kind]);
}

static void push_name(lua_State *L, const void *row)
{
	lua_pushstring(L, ((const struct linux_hidden *)row)->name);
}

/* A process, a thread, or code that a thread runs. */
static bool of_thread(const struct linux_hidden *h)
{
	return h->kind <= LINUX_HIDDEN_THREAD || (h->kind == LINUX_HIDDEN_CODE && h->tid);
}

static void push_pid(lua_State *L, const void *row)
{
	const struct linux_hidden *h = row;

	if (!of_thread(h))
		lua_pushnil(L);
	else
		lua_pushinteger(L, h->pid);
}

static void push_tid(lua_State *L, const void *row)
{
	const struct linux_hidden *h = row;

	if (!of_thread(h))
		lua_pushnil(L);
	else
		lua_pushinteger(L, h->tid);
}

static void push_address(lua_State *L, const void *row)
{
	lua_pushinteger(L, (lua_Integer)((const struct linux_hidden *)row)->address);
}

/* The names of the sources, with commas. */
static void names_of(uint32_t sources, char *out, size_t size)
{
	size_t n = 0;
	int i;

	out[0] = '\0';
	for (i = 0; i < LINUX_SOURCES && n < size; i++) {
		if (!(sources >> i & 1))
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "",
				      linux_source_name((enum linux_source)i));
	}
}

static void push_seen(lua_State *L, const void *row)
{
	char text[200];

	names_of(((const struct linux_hidden *)row)->seen, text, sizeof(text));
	lua_pushstring(L, text);
}

static void push_missing(lua_State *L, const void *row)
{
	char text[200];

	names_of(((const struct linux_hidden *)row)->missing, text, sizeof(text));
	lua_pushstring(L, text);
}

static void push_message(lua_State *L, const void *row)
{
	const struct linux_hidden *h = row;
	char seen[200], missing[200], who[100];

	names_of(h->seen, seen, sizeof(seen));
	names_of(h->missing, missing, sizeof(missing));
	if (h->kind == LINUX_HIDDEN_CODE)
		snprintf(who, sizeof(who), "code that %s leads to", h->name);
	else if (h->kind == LINUX_HIDDEN_MODULE)
		snprintf(who, sizeof(who), "module %s", h->name);
	else if (h->kind == LINUX_HIDDEN_THREAD)
		snprintf(who, sizeof(who), "thread %d of process %d (%s)", h->tid, h->pid, h->name);
	else
		snprintf(who, sizeof(who), "process %d (%s)", h->pid, h->name);
	lua_pushfstring(L, "%s is hidden: seen in %s, missing from %s", who, seen, missing);
}

static const struct object_field fields[] = {
	OBJECT_FIELD("kind", push_kind),
	OBJECT_FIELD("name", push_name),
	OBJECT_FIELD("pid", push_pid),
	OBJECT_FIELD("tid", push_tid),
	OBJECT_FIELD("address", push_address),
	OBJECT_FIELD("seen_in", push_seen),
	OBJECT_FIELD("missing_from", push_missing),
	OBJECT_FIELD("message", push_message),
	OBJECT_END,
};

static const struct listing_kind hidden_kind = {
	.name = "hidden",
	.row_size = sizeof(struct linux_hidden),
	.row_name = "hidden thing",
	.fields = fields,
};

static void cannot(struct linux_hidden_list *list, const char *what, const char *why)
{
	if (!list->reason[0])
		snprintf(list->reason, sizeof(list->reason), "%s: %s", what, why);
}

static void explain(struct linux_hidden_list *list, const char *what, int err,
		    enum linux_facility f)
{
	switch (err) {
	case -EAGAIN:
		cannot(list, what, "the kernel was changing its lists at each look");
		break;
	case -ETIME:
		cannot(list, what, "the time was up");
		break;
	case -EBUSY:
		cannot(list, what, "the guest's other CPUs could not be held");
		break;
	case -ENOTSUP:
		cannot(list, what, linux_missing(f));
		break;
	default:
		cannot(list, what, strerror(-err));
	}
}

static void let_run(void)
{
	uint64_t until = engine_clock() + BETWEEN_NS;

	while (engine_clock() < until && !limit_expired)
		;
}

/* One look while all stands still. Where it was not so to the end, nothing is told. */
static int look_paused(int (*look)(struct linux_hidden_list *list), struct linux_hidden_list *list)
{
	size_t before = list->count;
	int err = pause_begin(), over;

	if (err == -EBUSY) /* the script has paused the guest */
		return look(list);
	if (err)
		return -EBUSY;
	err = look(list);
	over = pause_finish();
	if (!over)
		return err;
	list->count = before;
	return -ETIME;
}

static void look_at(int (*look)(struct linux_hidden_list *list), struct linux_hidden_list *list,
		    const char *what, enum linux_facility f)
{
	int tries, err = -EAGAIN;

	for (tries = 0; tries < TRIES && err == -EAGAIN && !limit_expired; tries++) {
		if (tries && engine.mode == ENGINE_LIVE)
			let_run();
		err = look_paused(look, list);
	}
	if (err)
		explain(list, what, err, f);
}

/* Without a pause: the tables stay as they are. */
static void look_at_code(struct linux_hidden_list *list)
{
	uint64_t idt;
	int err = linux_hidden_code(backend->reg_read(LVMON_IDTR_BASE, &idt) ? 0 : idt, list);

	if (err)
		explain(list, "code", err, LINUX_MODULES);
}

/* lvmon.hidden() -> listing of what one of the kernel's sources has and another one lacks */
static int hidden(lua_State *L)
{
	struct linux_hidden_list list = {0};

	if (engine.mode != ENGINE_CHECK) {
		look_at(linux_hidden_processes, &list, "processes", LINUX_CROSS_VIEWS);
		look_at(linux_hidden_modules, &list, "modules", LINUX_MODULES);
		look_at_code(&list);
	}
	listing_push(L, &hidden_kind, list.rows, list.count, list.reason[0] ? list.reason : NULL);
	return 1;
}

void hidden_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"hidden", hidden},
		{NULL, NULL},
	};

	linux_stop_when(pause_time_is_up);
	api_functions(L, functions);
}
