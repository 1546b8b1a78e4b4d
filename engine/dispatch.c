/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to handlers. An event at a trap becomes an activity: the hooks there run one after the
 * other, each handler in a coroutine. When a handler has to wait for the guest (memwrite to a
 * shared page), the event is answered with a call, the activity waits in a slot and the call's
 * return finds it by the call's id; other events are handled meanwhile. The id also names the
 * handler, so that an engine that was restarted in between can go on with those behind it.
 */
#include <string.h>
#include <stdlib.h>
#include "engine/current.h"
#include "engine/dispatch.h"
#include "engine/lifecycle.h"
#include "engine/limit.h"
#include "engine/lua/api.h"
#include "engine/record.h"
#include "engine/signature.h"
#include "engine/strikes.h"

#define SLOTS 256 /* events that may wait for the guest at a time */

static struct activity *slots[SLOTS];
static bool used[SLOTS];
static unsigned int hint;

/* The id of a call: generation (7 bits), slot (8), signature (7), ordinal (10). */
static uint32_t call_id(const struct activity *a)
{
	uint32_t generation = engine.start ? engine.start->generation : 0;

	return (generation & 127) << 25 | a->slot << 17 | a->signature << 10 | a->ordinal;
}

static uint32_t id_slot(uint32_t id)
{
	return id >> 17 & 255;
}
static uint32_t id_signature(uint32_t id)
{
	return id >> 10 & 127;
}
static uint32_t id_ordinal(uint32_t id)
{
	return id & 1023;
}

_Static_assert(ENGINE_MAX_SIGNATURES <= 128 && ENGINE_MAX_HOOKS <= 1024 && SLOTS <= 256,
	       "a call's id has the bits for these");

static struct activity *activity_new(const struct lvmon_event *ev)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		unsigned int slot = (hint + i) % SLOTS;
		struct activity *a = slots[slot];

		if (used[slot])
			continue;
		if (!a) {
			a = malloc(sizeof(*a));
			if (!a)
				return NULL;
			slots[slot] = a;
		}
		used[slot] = true;
		hint = slot;
		memset(a, 0, sizeof(*a));
		a->slot = slot;
		a->ev = *ev;
		a->trap = ev->hook;
		return a;
	}
	return NULL;
}

static void activity_free(struct activity *a)
{
	used[a->slot] = false;
}

void dispatch_reset(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (used[i] && slots[i]->hook)
			hook_put(slots[i]->hook);
		free(slots[i]);
		slots[i] = NULL;
		used[i] = false;
	}
	hint = 0;
}

static void enter(struct activity *a)
{
	engine.activity = a;
	engine.signature = a->owner;
	engine.event = &a->ev;
	engine_mark(ENGINE_HANDLER, a->signature, a->ordinal);
}

static void leave(const struct lvmon_event *ev)
{
	engine.activity = NULL;
	engine.signature = NULL;
	engine.event = ev;
}

/* The next hook whose handler is to run, taken into *a. */
static bool next_handler(struct activity *a, bool again)
{
	struct hook_site *site = hooks_next(a->trap, a->signature, a->ordinal, again);
	struct linux_task task;
	bool known = false;

	for (; site; site = hooks_next(a->trap, a->signature, a->ordinal, false)) {
		struct hook *h = site->hook;
		bool over;

		a->signature = h->signature->index;
		a->ordinal = h->ordinal;
		if (h->filter.flags) {
			if (!known && current_task(&task))
				continue;
			known = true;
			if (!hooks_match(&h->filter, &task))
				continue;
		}
		if (!strikes_allow(a->signature, a->ev.time_ns, &over))
			continue;
		if (over)
			signature_cooldown(h->signature, false);
		a->hook = h;
		a->site = site;
		a->owner = h->signature;
		h->busy++;
		return true;
	}
	return false;
}

static void end_handler(struct activity *a, int status)
{
	api_event_over(a);
	signature_thread_done(a->owner, a->co, a->co_reference, status == LUA_OK);
	a->co = NULL;
}

/* Run the coroutine until it ends or waits; true: it waits for a->job. */
static bool resume(struct activity *a, int arguments)
{
	lua_State *outer;
	int status, results;

	outer = limit_enter(a->co);
	status = lua_resume(a->co, a->owner->L, arguments, &results);
	limit_enter(outer);
	if (status == LUA_YIELD && a->job)
		return true;
	/* coroutine.c lets no script yield from here. */
	if (status == LUA_YIELD)
		status = LUA_ERRRUN;
	if (status != LUA_OK)
		signature_report(a->owner, a->co, "handler");
	end_handler(a, status);
	return false;
}

/* Do a->job, and what comes after it; true: the verdict asks the guest. */
static bool work(struct activity *a, struct lvmon_verdict *verdict)
{
	for (;;) {
		if (!a->job) {
			a->job = a->queue;
			if (!a->job)
				return false;
			a->queue = a->job->next;
		}
		if (write_step(a->job, verdict) == WRITE_CALL) {
			verdict->call = call_id(a);
			return true;
		}
		api_write_done(a, a->job);
		a->job = NULL;
		/* Resume needs room for the results only; memwrite's continuation makes them. */
		if (a->co)
			resume(a, 0);
	}
}

static void handlers_done(struct activity *a)
{
	hook_put(a->hook);
	a->hook = NULL;
	a->site = NULL;
}

/* Handlers from here on; true: the verdict asks the guest. */
static bool run(struct activity *a, bool again, struct lvmon_verdict *verdict)
{
	while (next_handler(a, again)) {
		again = false;
		/* One that comes late has the grace period only; a kill is not its fault. */
		if (limit_expired)
			engine.memory->late = 1;
		limit_reset();
		enter(a);
		a->co = signature_thread(a->owner, &a->co_reference);
		if (!a->co) {
			api_out_of_memory(a->owner);
			handlers_done(a);
			continue;
		}
		lua_pushcfunction(a->co, api_run_handler);
		lua_pushlightuserdata(a->co, a);
		resume(a, 1);
		if (work(a, verdict))
			return true;
		handlers_done(a);
	}
	return false;
}

static void on_hook(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	struct activity *a;
	bool again = false;

	if (lifecycle_hook(ev) || !hooks_next(ev->hook, 0, 0, true))
		return;
	a = activity_new(ev);
	if (!a) {
		json_t *r = record_new("lost");

		record_string(r, "message", "too many events wait for the guest");
		record_event_process(r);
		record_emit(r);
		return;
	}
	if (!(ev->flags & LVMON_EVF_AGAIN) ||
	    !lifecycle_position(&a->signature, &a->ordinal, &again))
		again = true; /* from the first one */
	if (!run(a, again, verdict))
		activity_free(a);
	leave(ev);
}

/* The engine that asked for the call is dead: the handlers behind the one that asked. */
static void on_orphan(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	struct activity *a = activity_new(ev);
	bool again = false;
	json_t *r;

	r = record_new("lost");
	if (r && id_signature(ev->call) < signature_count)
		record_string(r, "signature", signatures[id_signature(ev->call)]->name);
	record_string(r, "message",
		      "the engine was restarted while a handler waited for the guest");
	record_event_process(r);
	record_emit(r);
	if (!a)
		return;
	a->signature = id_signature(ev->call);
	a->ordinal = id_ordinal(ev->call);
	if (ev->flags & LVMON_EVF_AGAIN)
		lifecycle_position(&a->signature, &a->ordinal, &again);
	if (!a->trap || !run(a, again, verdict))
		activity_free(a);
	leave(ev);
}

static void on_call_done(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	uint32_t slot = id_slot(ev->call);
	struct activity *a = used[slot] ? slots[slot] : NULL;

	if (!a || !a->job || call_id(a) != ev->call) {
		on_orphan(ev, verdict);
		return;
	}
	a->ev.cpu = ev->cpu; /* the task may have moved */
	enter(a);
	write_returned(a->job, ev->result);
	if (!work(a, verdict)) {
		handlers_done(a);
		if (!run(a, false, verdict))
			activity_free(a);
	}
	leave(ev);
}

void dispatch(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	limit_reset();
	engine.event = ev;
	engine.memory->sequence = ev->sequence;
	engine.memory->late = 0;
	engine.persist->where[0] = '\0';
	lifecycle_death(ev);
	switch (ev->kind) {
	case LVMON_EV_KERNEL_UP:
		lifecycle_kernel_up();
		break;
	case LVMON_EV_HOOK:
		on_hook(ev, verdict);
		break;
	case LVMON_EV_CALL_DONE:
		on_call_done(ev, verdict);
		break;
	}
	hooks_flush();
	engine_mark(ENGINE_IDLE, 0, 0);
	engine.event = NULL;
}

int dispatch_loop(void)
{
	struct lvmon_verdict verdict;
	struct lvmon_event ev;
	int ret;

	ret = backend->next_event(NULL, &ev);
	while (ret == 0) {
		dispatch(&ev, &verdict);
		ret = backend->next_event(&verdict, &ev);
	}
	return ret;
}
