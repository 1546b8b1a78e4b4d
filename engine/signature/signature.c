/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures. Each has a Lua state of its own with its own memory limit: one cannot see, starve or
 * break another. Handlers run in coroutines of that state, because a handler may have to wait for
 * the guest (write.c); see coroutine.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/signature/counters.h"
#include "engine/signature/limit.h"
#include "engine/signature/quota.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"
#include "engine/signature/strikes.h"
#include "engine/signature/traceback.h"

#define GARBAGE_WORTH (1u << 20) /* less is not worth a collection */

struct signature *signatures[ENGINE_MAX_SIGNATURES];
uint32_t signature_count;

static const void *archive_data;
static size_t archive_size;
static void (*open_libraries)(lua_State *L);
static void (*unloading)(struct signature *s);
static int (*library)(const char *name, struct ustar_file *file);

void signatures_init(void (*open)(lua_State *L), void (*unload)(struct signature *s))
{
	open_libraries = open;
	unloading = unload;
}

int signature_add(const char *name, const char *source, size_t size)
{
	struct signature *s;

	if (signature_count == ENGINE_MAX_SIGNATURES)
		return -E2BIG;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->chunk, sizeof(s->chunk), "=%s", s->name);
	s->index = signature_count;
	s->source = source;
	s->source_size = size;
	s->memory_max = SIGNATURE_MEMORY_MAX;
	signatures[signature_count++] = s;
	return 0;
}

static bool is_signature(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && !strchr(name, '/') && strcmp(name + n - 4, ".lua") == 0;
}

int signatures_open(const void *archive, size_t size)
{
	struct ustar_file file;
	size_t position = 0;
	int ret;

	archive_data = archive;
	archive_size = size;
	while ((ret = ustar_next(archive, size, &position, &file)) > 0) {
		if (!is_signature(file.name))
			continue;
		ret = signature_add(file.name, file.data, file.size);
		if (ret)
			break;
	}
	return ret ? ret : (int)signature_count;
}

void signatures_close(void)
{
	while (signature_count) {
		struct signature *s = signatures[--signature_count];

		signature_unload(s);
		free(s);
		signatures[signature_count] = NULL;
	}
	archive_data = NULL;
	archive_size = 0;
}

void signatures_library(int (*find)(const char *name, struct ustar_file *file))
{
	library = find;
}

int signatures_file(const char *name, struct ustar_file *file)
{
	if (library)
		return library(name, file);
	return archive_data && ustar_find(archive_data, archive_size, name, file) == 0 ? 0
										       : -ENOENT;
}

struct signature_place {
	char file[LUA_IDSIZE];
	int line;
};

/* The innermost Lua function on the stack of L that has lines. */
static bool find_place(lua_State *L, struct signature_place *place)
{
	lua_Debug ar;
	int level;

	for (level = 0; lua_getstack(L, level, &ar); level++) {
		if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
			continue;
		memcpy(place->file, ar.short_src, sizeof(place->file));
		place->line = ar.currentline;
		return true;
	}
	return false;
}

/* The limits together are more than there is: what others have left behind must not starve one. */
static bool collect_others(const struct signature *one)
{
	bool freed = false;

	for (uint32_t i = 0; i < signature_count; i++) {
		struct signature *s = signatures[i];
		size_t before = s->memory;

		if (s == one || !s->L || before < GARBAGE_WORTH)
			continue;
		lua_gc(s->L, LUA_GCCOLLECT);
		freed = freed || s->memory < before;
	}
	return freed;
}

/* Must not look at the state: while its stack moves, Lua's pointers into it are no pointers. */
static void *allocate(void *arg, void *block, size_t old, size_t new)
{
	struct signature *s = arg;
	size_t more;
	void *p;

	if (!block)
		old = 0; /* Lua passes a type then */
	if (!new) {
		free(block);
		quota_give(s, old);
		return NULL;
	}
	more = new > old ? new - old : 0;
	if (!quota_take(s, more) && !(collect_others(s) && quota_take(s, more)))
		return NULL;
	p = realloc(block, new);
	if (!p && collect_others(s))
		p = realloc(block, new);
	if (!p) {
		quota_give(s, more);
		return NULL;
	}
	quota_give(s, old > new ? old - new : 0);
	if (s->memory > counters_of(s)->memory_peak)
		counters_of(s)->memory_peak = s->memory;
	return p;
}

/* Only reached by an error outside of every protected call: a bug of ours. The vmm restarts us. */
static int on_panic(lua_State *L)
{
	const char *message = lua_tostring(L, -1);

	engine_log("panic in Lua: %s", message ? message : "?");
	return 0; /* abort */
}

struct signature *signature_of(lua_State *L)
{
	return (struct signature *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)1);
}

void signature_give(lua_State *co)
{
	*(uintptr_t *)lua_getextraspace(co) |= 1;
}

bool signature_has(lua_State *co)
{
	return *(uintptr_t *)lua_getextraspace(co) & 1;
}

/* -> the coroutine for the chunk */
static int open_state(lua_State *L)
{
	open_libraries(L);
	lua_newthread(L);
	return 1;
}

static void report_no_state(struct signature *s)
{
	struct signature *before = engine.signature;
	json_t *r;

	engine.signature = s;
	engine_log("%s: not enough memory to load it", s->name);
	r = record_new("error");
	record_string(r, "phase", "load");
	record_string(r, "message", "not enough memory to load the signature");
	record_emit(r);
	engine.signature = before;
}

/*
 * In a coroutine, whose stack is still there after an error: a protected call's is gone, and Lua
 * calls no message handler when memory is short.
 */
static int run_chunk(struct signature *s, lua_State *co)
{
	lua_State *L = s->L, *outer;
	int status, results;

	status = luaL_loadbufferx(co, s->source, s->source_size, s->chunk, "t");
	if (status != LUA_OK)
		return status;
	s->loading = co;
	outer = limit_enter(co);
	status = lua_resume(co, L, 0, &results);
	if (status != LUA_OK && status != LUA_ERRMEM) {
		limit_enter(L);
		lua_pushcfunction(L, traceback_message);
		lua_xmove(co, L, 1);
		lua_pcall(L, 1, 1, 0);
		lua_xmove(L, co, 1);
		limit_clear(L);
	}
	limit_enter(outer);
	s->loading = NULL;
	return status;
}

int signature_load(struct signature *s)
{
	struct signature *before = engine.signature;
	lua_State *L, *co;
	int status;

	signature_unload(s);
	L = lua_newstate(allocate, s);
	if (!L) {
		report_no_state(s);
		return -ENOMEM;
	}
	*(struct signature **)lua_getextraspace(L) = s;
	lua_atpanic(L, on_panic);
	s->L = L;
	engine.signature = s;
	lua_pushcfunction(L, open_state);
	status = lua_pcall(L, 0, 1, 0);
	co = status == LUA_OK ? lua_tothread(L, -1) : L;
	if (status == LUA_OK)
		status = run_chunk(s, co);
	if (status != LUA_OK)
		signature_report(s, co, "load");
	lua_settop(L, 0);
	engine.signature = before;
	if (status == LUA_OK)
		return 0;
	signature_unload(s);
	return -EINVAL;
}

void signature_unload(struct signature *s)
{
	if (!s->L)
		return;
	unloading(s);
	lua_close(s->L);
	s->L = NULL;
	s->hooks = 0;
}

static void set_traceback(json_t *r, lua_State *co)
{
	if (lua_status(co) != LUA_OK && lua_checkstack(co, 10)) {
		char text[4096];

		traceback_stack(co, text, sizeof(text));
		record_lines(r, "traceback", text, strlen(text));
	}
}

/* Who has the memory that one signature is short of? */
static void set_memory(json_t *r, const struct signature *s)
{
	const struct signature *other = quota_largest_other(s);

	record_string(r, "reason", "memory");
	record_number(r, "memory", s->memory);
	record_number(r, "memory_max", s->memory_max);
	if (quota_of_all() == SIZE_MAX || !other)
		return;
	record_number(r, "memory_all", quota_of_all());
	record_string(r, "held_by", other->name);
	record_number(r, "held", other->memory);
}

void signature_report(struct signature *s, lua_State *co, const char *what)
{
	struct signature *before = engine.signature;
	struct signature_place place;
	const char *message = "error object is not a string";
	size_t size = strlen(message);
	unsigned int strikes;
	json_t *r;

	engine.signature = s;
	counters_of(s)->errors++;
	if (lua_gettop(co) && lua_type(co, -1) == LUA_TSTRING)
		message = lua_tolstring(co, -1, &size);
	r = record_new("error");
	if (r)
		json_object_set_new(r, "phase", json_string(what));
	set_traceback(r, co);
	engine_log("%s: %.*s", s->name, (int)(size < 300 ? size : 300), message);
	if (limit_expired) {
		/* Where the time went, not where the error surfaced. */
		record_string(r, "reason", "time");
		record_string(r, "where", engine.persist->where);
	} else if (lua_status(co) == LUA_ERRMEM) {
		set_memory(r, s);
	}
	record_error(r, message, size);
	/* The error of a full memory, and those that the script wants to have no place. */
	if (r && !json_object_get(r, "file") && lua_status(co) != LUA_OK &&
	    find_place(co, &place)) {
		record_string(r, "file", place.file);
		record_number(r, "line", (uint64_t)place.line);
	}
	record_event_process(r);
	if (limit_expired) {
		counters_of(s)->timeouts++;
		strikes = strikes_add(s->index, engine_now());
		record_number(r, "strikes", strikes);
		record_emit(r);
		if (strikes == STRIKES_LIMIT)
			signature_cooldown(s, true);
	} else {
		record_emit(r);
	}
	engine.signature = before;
}

void signature_cooldown(struct signature *s, bool begins)
{
	struct signature *before = engine.signature;
	json_t *r;

	if (!begins)
		counters_tell_missed(s);
	engine.signature = s;
	r = record_new("cooldown");
	if (r) {
		json_object_set_new(r, "state", json_string(begins ? "begin" : "end"));
		record_number(r, "seconds", STRIKE_COOLDOWN_NS / 1000000000u);
		record_string(r, "message",
			      begins ? "too many strikes: the signature's handlers pause"
				     : "the signature's handlers run again");
		if (begins)
			record_event_process(r);
	}
	record_emit(r);
	engine.signature = before;
}

void signature_out_of_memory(struct signature *s)
{
	json_t *r;

	engine.signature = s;
	r = record_new("error");
	record_string(r, "phase", "handler");
	record_string(r, "message", "not enough memory to run the handler");
	record_event_process(r);
	record_emit(r);
}
