/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.memread, lvmon.memwrite, lvmon.symbol, lvmon.symbolize. An address is an integer
 * (guest-physical) or an address object (process.c). memwrite to a process may have to wait for the
 * guest (write.c): then the handler's coroutine yields to the dispatcher and comes back with the
 * counts.
 */
#include <string.h>
#include "engine/events/ruin.h"
#include "engine/lua/api.h"
#include "engine/signature/limit.h"
#include "engine/signature/record.h"

#define JOB_TYPE "write"

/* User values: 1 the memory's keeper, 2 the source. */
struct lua_write {
	struct write_job job;
	int reference; /* of a queued one, else LUA_NOREF */
};

static uint64_t check_size(lua_State *L, int arg)
{
	lua_Integer n = luaL_checkinteger(L, arg);

	luaL_argcheck(L, n >= 0, arg, "must not be negative");
	return (uint64_t)n;
}

static void copy_out(lua_State *L, const struct bytes *b)
{
	luaL_Buffer buffer;
	uint64_t absent;
	char *to;

	to = luaL_buffinitsize(L, &buffer, b->size);
	absent = bytes_copy(b, 0, to, b->size);
	luaL_pushresultsize(&buffer, b->size);
	lua_pushinteger(L, (lua_Integer)absent);
}

/*
 * lvmon.memread(address, n) -> bytes, number of absent bytes among them (they read as zeros). More
 * than VIEW_MIN bytes come as a view, and nil.
 */
static int memread(lua_State *L)
{
	struct bytes b = {0};
	uint64_t n = check_size(L, 2), offset;
	const struct linux_memory *m;

	lua_settop(L, 2);
	m = address_memory(L, 1, &offset);
	if (m) {
		if (engine.mode == ENGINE_CHECK)
			n = 0;
		else if (offset > m->size || n > m->size - offset)
			return luaL_error(
				L, "memread: [%I, +%I) is not inside the process's %I bytes",
				(LUAI_UACINT)offset, (LUAI_UACINT)n, (LUAI_UACINT)m->size);
		b.kind = BYTES_PROCESS;
		b.memory = m;
		b.base = offset;
		if (n && !bytes_live(&b))
			return luaL_error(
				L, "memread: process %d (%s) has ended or runs another program",
				m->task.tgid, m->task.comm);
	} else {
		b.kind = BYTES_PHYSICAL;
		b.base = (uint64_t)luaL_checkinteger(L, 1);
		if (b.base + n < b.base)
			return luaL_error(L, "memread: the range is larger than the address space");
		if (engine.mode == ENGINE_CHECK)
			n = 0;
	}
	b.size = n;
	if (n > VIEW_MIN) {
		view_push(L, &b, m ? 3 : 0);
		lua_pushnil(L);
		return 2;
	}
	copy_out(L, &b);
	return 2;
}

static int push_counts(lua_State *L, const struct write_job *job)
{
	lua_pushinteger(L, (lua_Integer)job->written);
	lua_pushinteger(L, (lua_Integer)job->copied);
	lua_pushinteger(L, (lua_Integer)job->skipped);
	return 3;
}

/* The coroutine goes on: context is the index of the job. */
static int memwrite_done(lua_State *L, int status, lua_KContext context)
{
	struct lua_write *w = lua_touserdata(L, (int)context);

	(void)status;
	return push_counts(L, &w->job);
}

static void report(const struct write_job *job)
{
	json_t *r = record_new("memwrite");

	record_number(r, "written", job->written);
	record_number(r, "copied", job->copied);
	record_number(r, "skipped", job->skipped);
	record_number(r, "calls", job->calls);
	record_process(r, &job->memory->task);
	record_emit(r);
}

static void write_done(struct activity *a, struct write_job *job)
{
	struct lua_write *w = (struct lua_write *)job;

	report(job);
	ruin_note(a, job);
	if (w->reference != LUA_NOREF)
		luaL_unref(a->owner->L, LUA_REGISTRYINDEX, w->reference);
}

static int write_process(lua_State *L, const struct linux_memory *m, uint64_t offset,
			 const struct bytes *source)
{
	struct activity *a = engine.activity;
	struct lvmon_verdict verdict;
	struct lua_write *w;
	int job;

	if (engine.mode == ENGINE_CHECK) {
		struct write_job none = {.written = source->size};

		return push_counts(L, &none);
	}
	if (offset > m->size)
		return luaL_error(L, "memwrite: %I is not inside the process's %I bytes",
				  (LUAI_UACINT)offset, (LUAI_UACINT)m->size);
	w = lua_newuserdatauv(L, sizeof(*w), 2);
	job = lua_gettop(L);
	memset(w, 0, sizeof(*w));
	w->reference = LUA_NOREF;
	w->job.memory = m;
	w->job.offset = offset;
	w->job.source = *source;
	w->job.may_call = a != NULL;
	w->job.done = write_done;
	lua_pushvalue(L, -2); /* what keeps the memory */
	lua_setiuservalue(L, job, 1);
	lua_pushvalue(L, 2);
	lua_setiuservalue(L, job, 2);
	if (write_step(&w->job, &verdict) == WRITE_DONE || !a) { /* only with one is there more */
		report(&w->job);
		ruin_note(a, &w->job);
		return push_counts(L, &w->job);
	}
	/* The step is taken again by the dispatcher. */
	write_take_back(&w->job);
	if (a->co == L && lua_isyieldable(L)) {
		a->job = &w->job;
		return lua_yieldk(L, 0, job, memwrite_done);
	}
	/* In a callback or a coroutine of the script's: after the handler. */
	lua_pushvalue(L, job);
	w->reference = luaL_ref(L, LUA_REGISTRYINDEX);
	w->job.next = NULL;
	if (a->queue) {
		struct write_job *last = a->queue;

		while (last->next)
			last = last->next;
		last->next = &w->job;
	} else {
		a->queue = &w->job;
	}
	push_counts(L, &w->job);
	lua_pushinteger(L, (lua_Integer)(source->size - w->job.position));
	return 4;
}

/*
 * lvmon.memwrite(address, string or view) -> bytes written, of these bytes for which the guest had
 * to copy a page first, bytes skipped (absent pages, not RAM); fourth where the handler cannot
 * wait: bytes that will be written when it has ended.
 */
static int memwrite(lua_State *L)
{
	struct bytes source = {0}, *view = view_test(L, 2);
	const struct linux_memory *m;
	uint64_t offset, written;

	lua_settop(L, 2);
	if (view) {
		source = *view;
	} else {
		size_t n;

		source.kind = BYTES_PLAIN;
		source.data = luaL_checklstring(L, 2, &n);
		source.size = n;
	}
	m = address_memory(L, 1, &offset);
	if (m)
		return write_process(L, m, offset, &source);
	offset = (uint64_t)luaL_checkinteger(L, 1);
	if (offset + source.size < offset)
		return luaL_error(L, "memwrite: the range is larger than the address space");
	written = engine.mode == ENGINE_CHECK ? source.size : write_physical(offset, &source);
	limit_check(L);
	lua_pushinteger(L, (lua_Integer)written);
	lua_pushinteger(L, 0);
	lua_pushinteger(L, (lua_Integer)(source.size - written));
	return 3;
}

/* lvmon.symbol(name) -> virtual address of a symbol of the kernel's or of a module's, or nil */
static int symbol(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	gva_t va;

	if (engine.mode == ENGINE_CHECK)
		lua_pushinteger(L, (lua_Integer)0xffffffff81000000);
	else if (linux_symbol_any(name, &va))
		lua_pushnil(L);
	else
		lua_pushinteger(L, (lua_Integer)va);
	return 1;
}

/* lvmon.symbolize(va) -> "name+0x10", or nil */
static int symbolize(lua_State *L)
{
	gva_t va = (gva_t)luaL_checkinteger(L, 1);
	char text[256];

	if (engine.mode == ENGINE_CHECK || linux_symbolize(va, text, sizeof(text)))
		lua_pushnil(L);
	else
		lua_pushstring(L, text);
	return 1;
}

/* lvmon.translate(va) -> guest-physical address of a byte of kernel memory, or nil */
static int translate(lua_State *L)
{
	gva_t va = (gva_t)luaL_checkinteger(L, 1);
	gpa_t gpa;

	if (engine.mode == ENGINE_CHECK || linux_kva_to_gpa(va, &gpa))
		lua_pushnil(L);
	else
		lua_pushinteger(L, (lua_Integer)gpa);
	return 1;
}

void memory_open(lua_State *L)
{
	static const luaL_Reg list[] = {
		{"memread", memread},	  {"memwrite", memwrite},   {"symbol", symbol},
		{"symbolize", symbolize}, {"translate", translate}, {NULL, NULL},
	};

	api_functions(L, list);
}
