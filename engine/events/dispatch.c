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
#include "engine/events/deny.h"
#include "engine/events/dispatch.h"
#include "engine/events/lifecycle.h"
#include "engine/events/lifted.h"
#include "engine/events/own.h"
#include "engine/events/ruin.h"
#include "engine/events/slice.h"
#include "engine/signature/counters.h"
#include "engine/signature/current.h"
#include "engine/signature/limit.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"
#include "engine/signature/strikes.h"

#define SLOTS	     255 /* events that may wait for the guest at a time */
#define NO_SLOT	     SLOTS
#define WAIT_JIFFIES 1 /* of an event without a slot, before it is looked at again */

static struct activity *slots[SLOTS]; /* those that wait */
static struct activity *spare; /* the one at work, or for the next event; its slot is empty */

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

_Static_assert(ENGINE_MAX_SIGNATURES <= 128 && ENGINE_MAX_HOOKS <= 1024 && SLOTS < 256,
	       "a call's id has the bits for these");

static unsigned int free_slot(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS && slots[i]; i++)
		;
	return i; /* NO_SLOT: they are all taken */
}

/* Only when the one before is waiting. */
static __attribute__((noinline)) bool activity_allocate(void)
{
	unsigned int i = free_slot();

	if (i == NO_SLOT)
		return false;
	spare = malloc(sizeof(*spare));
	if (spare)
		spare->slot = i;
	return spare;
}

static inline struct activity *activity_new(const struct lvmon_event *ev, struct hook_trap *trap)
{
	struct activity *a;

	if (!spare && !activity_allocate())
		return NULL;
	a = spare;
	a->ev = ev;
	a->trap = trap;
	a->filtered = a->sliced = false;
	a->job = a->queue = NULL;
	a->ruin = RUIN_NONE;
	a->overwritten = 0;
	return a;
}

/* The verdict asks the guest: the caller's event is over. */
static void activity_wait(struct activity *a)
{
	activity_keep(a);
	slots[a->slot] = a;
	if (spare == a)
		spare = NULL;
}

static inline void activity_free(struct activity *a)
{
	if (a == spare)
		return;
	slots[a->slot] = NULL;
	if (spare)
		free(a);
	else
		spare = a;
}

struct lvmon_event *activity_keep(struct activity *a)
{
	if (a->ev != &a->kept) {
		a->kept = *a->ev;
		a->ev = &a->kept;
	}
	return &a->kept;
}

void dispatch_reset(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (!slots[i])
			continue;
		if (slots[i]->ruin != RUIN_ASKED)
			hook_put(slots[i]->hook);
		free(slots[i]);
		slots[i] = NULL;
	}
	free(spare);
	spare = NULL;
}

static void enter(struct activity *a)
{
	engine.activity = a;
	engine.signature = a->owner;
	engine.event = a->ev;
	engine.memory->on_timeout = a->hook->on_timeout;
	engine_mark(ENGINE_HANDLER, a->signature, a->ordinal);
}

static void leave(const struct lvmon_event *ev)
{
	engine.activity = NULL;
	engine.signature = NULL;
	engine.event = ev;
}

/* The handler has no say, whose fault that is: do as its hook says. */
static void not_heard(const struct hook *h, const char *reason)
{
	struct signature *outer = engine.signature;

	if (h->on_timeout != HOOK_DENY)
		return;
	engine.signature = h->signature;
	deny(DENY_EPERM, reason, h->name);
	engine.signature = outer;
}

/* Is it a hit that the hook wants? */
static bool passes(const struct activity *a, const struct hook *h)
{
	if (!h->selection.by || (a->filtered && !a->trap->mixed))
		return true;
	return select_event(&h->selection, a->ev);
}

/* The hook at this site, or the next behind it, whose handler is to run: into *a, busy. */
static inline bool take_hook(struct activity *a, struct hook_site *site)
{
	for (; site; site = site->next) {
		struct hook *h = site->hook;
		bool over;

		a->signature = h->signature->index;
		a->ordinal = h->ordinal;
		if (!passes(a, h))
			continue;
		if (engine.memory->entry[a->signature].until_ns) {
			if (!strikes_allow(a->signature, a->ev->time_ns, &over)) {
				counters_missed(h->signature, a->ev->time_ns);
				not_heard(h, "cooldown");
				continue;
			}
			if (over)
				signature_cooldown(h->signature, false);
		}
		a->hook = h;
		a->site = site;
		a->owner = h->signature;
		a->own = 0;
		h->busy++;
		return true;
	}
	return false;
}

/* The coroutine has ended, or waits for a->job or the guest. */
static inline void resumed(struct activity *a, int status, bool clean)
{
	if (status == LUA_YIELD && (a->job || a->sliced))
		return;
	/* coroutine.c lets no script yield from here. */
	if (status == LUA_YIELD)
		status = LUA_ERRRUN;
	if (status != LUA_OK) {
		signature_report(a->owner, a->co, "handler");
		if (limit_expired)
			not_heard(a->hook, "time");
	}
	a->co = NULL;
	if (status != LUA_OK || !clean || a->coroutine->tables || limit_expired || a->hook->idle) {
		coroutine_put(a->hook, a->coroutine, status == LUA_OK);
		return;
	}
	a->coroutine->activity = NULL;
	a->hook->idle = a->coroutine;
}

static inline lua_State *resume_begins(struct activity *a)
{
	engine.memory->started = counters_clock();
	return limit_enter(a->co);
}

static inline void resume_ended(struct activity *a, lua_State *outer)
{
	limit_enter(outer);
	engine.memory->counters[a->signature].ticks += counters_clock() - engine.memory->started;
}

static inline void start(struct activity *a)
{
	lua_State *outer = resume_begins(a);
	bool clean;
	int status;

	engine.memory->counters[a->signature].handlers++;
	status = coroutine_start(a->coroutine, a, &clean);
	resume_ended(a, outer);
	resumed(a, status, clean);
}

/* Going on needs no arguments: memwrite's continuation makes its results. */
static void go_on(struct activity *a)
{
	lua_State *outer = resume_begins(a);
	int results, status = lua_resume(a->co, a->owner->L, 0, &results);

	resume_ended(a, outer);
	resumed(a, status, false);
}

/* Each time anew: what was decided up to now is the event's, which is over for the moment. */
static bool ask_guest(struct activity *a, struct lvmon_verdict *verdict)
{
	a->deny = engine.memory->deny;
	verdict->call = call_id(a);
	return true;
}

static void guest_went_on(struct activity *a)
{
	a->sliced = false;
	go_on(a);
}

/* Do a->job, and what comes after it; true: the verdict asks the guest. */
static bool work(struct activity *a, struct lvmon_verdict *verdict)
{
	for (;;) {
		if (a->sliced && slice_ask(verdict))
			return ask_guest(a, verdict);
		if (a->sliced) {
			guest_went_on(a);
			continue;
		}
		if (!a->job) {
			a->job = a->queue;
			if (!a->job)
				return false;
			a->queue = a->job->next;
		}
		if (write_step(a->job, verdict) == WRITE_CALL)
			return ask_guest(a, verdict);
		a->job->done(a, a->job);
		a->job = NULL;
		if (a->co)
			go_on(a);
	}
}

/* The handler is through; the site behind it. */
static inline struct hook_site *handler_done(struct activity *a)
{
	struct hook *h = a->hook;
	struct hook_site *next;

	next = h->removed ? hooks_next(a->trap, a->signature, a->ordinal, false) : a->site->next;
	hook_put(h);
	return next;
}

/* Handlers from this site on; true: the verdict asks the guest. */
static bool run(struct activity *a, struct hook_site *site, struct lvmon_verdict *verdict)
{
	for (; take_hook(a, site); site = handler_done(a)) {
		/* One that comes late has the grace period only; a kill is not its fault. */
		if (limit_expired) {
			engine.memory->late = 1;
			limit_forgive();
		}
		enter(a);
		a->coroutine = coroutine_take(a->hook);
		if (!a->coroutine) {
			signature_out_of_memory(a->owner);
			continue;
		}
		a->co = a->coroutine->co;
		start(a);
		if ((a->job || a->queue || a->sliced) && work(a, verdict)) {
			activity_wait(a);
			return true;
		}
	}
	if (!ruin_ask(a, verdict))
		return false;
	a->ruin = RUIN_ASKED;
	ask_guest(a, verdict);
	activity_wait(a);
	return true;
}

static void lose(const char *message, const char *signature)
{
	json_t *r = record_new("lost");

	if (signature)
		record_string(r, "signature", signature);
	record_string(r, "message", message);
	record_event_process(r);
	record_emit(r);
}

/* All slots are taken: the event comes again. Who waits for its turn is not passed over. */
static bool come_again(const struct lvmon_event *ev, const struct hook_site *site,
		       struct lvmon_verdict *verdict)
{
	gva_t function;

	/* Without memory, or where the guest could not be asked, there might be no end to it. */
	if (free_slot() != NO_SLOT)
		return false;
	if (ev->kind == LVMON_EV_CALL_DONE && ev->call.result)
		return false;
	if (!site_may_sleep(site) || linux_symbol("schedule_timeout_uninterruptible", &function))
		return false;
	verdict->kind = LVMON_CALL_GUEST;
	verdict->function = function;
	verdict->args[0] = WAIT_JIFFIES;
	verdict->call = NO_SLOT << 17;
	return true;
}

static inline void on_hook(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	struct hook_trap *trap;
	struct hook_site *site;
	struct activity *a;
	bool again;

	if (own_hit(ev, verdict))
		return;
	trap = hooks_trap(ev->hook);
	if (!trap || !trap->first)
		return;
	a = activity_new(ev, trap);
	if (!a) {
		if (!come_again(ev, trap->first, verdict))
			lose("too many events wait for the guest", NULL);
		return;
	}
	site = trap->first;
	if (!(ev->flags & LVMON_EVF_AGAIN))
		a->filtered = ev->task != 0; /* without it the vmm could not tell */
	else if (lifecycle_position(&a->signature, &a->ordinal, &again))
		site = hooks_next(trap, a->signature, a->ordinal, again);
	if (!run(a, site, verdict))
		activity_free(a);
	leave(ev);
}

/* The engine that asked for the call is dead: the handlers behind the one that asked. */
static void on_orphan(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	struct hook_trap *trap = hooks_trap(ev->hook);
	struct activity *a = trap ? activity_new(ev, trap) : NULL;
	struct hook_site *site;
	bool again = false;

	lose("the engine was restarted while a handler waited for the guest",
	     id_signature(ev->call.id) < signature_count
		     ? signatures[id_signature(ev->call.id)]->name
		     : NULL);
	if (!a)
		return;
	a->signature = id_signature(ev->call.id);
	a->ordinal = id_ordinal(ev->call.id);
	site = hooks_next(trap, a->signature, a->ordinal, true);
	if (site && site->hook->signature->index == a->signature &&
	    site->hook->ordinal == a->ordinal)
		not_heard(site->hook, "restart");
	if (ev->flags & LVMON_EVF_AGAIN)
		lifecycle_position(&a->signature, &a->ordinal, &again);
	if (!run(a, hooks_next(trap, a->signature, a->ordinal, again), verdict))
		activity_free(a);
	leave(ev);
}

static __attribute__((noinline)) void on_call_done(const struct lvmon_event *ev,
						   struct lvmon_verdict *verdict)
{
	struct activity *a;

	if (id_slot(ev->call.id) == NO_SLOT) {
		on_hook(ev, verdict);
		return;
	}
	a = slots[id_slot(ev->call.id)];
	if (a && a->ruin == RUIN_ASKED && call_id(a) == ev->call.id) {
		engine.memory->deny = a->deny;
		activity_free(a);
		return;
	}
	if (!a || (!a->job && !a->sliced) || call_id(a) != ev->call.id) {
		on_orphan(ev, verdict);
		return;
	}
	/* The task may have moved. */
	a->kept.cpu = ev->cpu;
	a->kept.gs_base = ev->gs_base;
	a->kept.kernel_gs_base = ev->kernel_gs_base;
	engine.memory->deny = a->deny;
	enter(a);
	if (a->sliced)
		guest_went_on(a);
	else
		write_returned(a->job, ev->call.result);
	if (!work(a, verdict) && !run(a, handler_done(a), verdict))
		activity_free(a);
	leave(ev);
}

/* What each kind of event is for. */
static void (*const kinds[])(const struct lvmon_event *ev, struct lvmon_verdict *verdict) = {
	[LVMON_EV_KERNEL_UP] = lifecycle_kernel_up,
	[LVMON_EV_HOOK] = on_hook,
	[LVMON_EV_CALL_DONE] = on_call_done,
	[LVMON_EV_TRAP_CHANGED] = lifted_tell,
};

void dispatch(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	limit_reset();
	linux_guest_ran();
	engine.event = ev;
	engine.began = counters_clock();
	engine.memory->sequence = ev->sequence;
	engine.memory->late = 0;
	engine.persist->where[0] = '\0';
	if (!(ev->flags & LVMON_EVF_AGAIN))
		engine.memory->deny = 0;
	lifecycle_death(ev);
	if (ev->kind < sizeof(kinds) / sizeof(*kinds) && kinds[ev->kind])
		kinds[ev->kind](ev, verdict);
	deny_apply(verdict);
	hooks_flush();
	engine_idle();
	if (ev->time_ns >= engine.memory->due_ns)
		counters_tell(ev);
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
