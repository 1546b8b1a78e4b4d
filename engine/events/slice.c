/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest goes on by a call of schedule(): its interrupts come in, and others that want the CPU
 * have it. For the scheduler the time of the search is the process's own, so who has much to search
 * is no burden for others but by that. Where the guest may not sleep, nothing is left: the event's
 * budget is all there is.
 */
#include <string.h>
#include "engine/events/dispatch.h"
#include "engine/events/kinds.h"
#include "engine/events/slice.h"
#include "engine/signature/counters.h"
#include "engine/signature/limit.h"

#define TICKS	    10000000ull /* for finding out what a tick is worth */
#define SLICE_MS    10u
#define BUDGET_MS   50u /* where nobody says it */
#define OWN_BUDGETS 10u /* what a handler may use besides: the host may be busy */
#define MS_NS	    1000000ull

static uint64_t ticks_a_ms;
static uint64_t began; /* the work at hand, in this slice */

bool site_may_sleep(const struct hook_site *site)
{
	return engine.event && linux_may_sleep(engine.event, site->hook->kind->sleeps) == 0;
}

static uint64_t budget_ms(void)
{
	return engine.start && engine.start->budget_ms ? engine.start->budget_ms : BUDGET_MS;
}

/* So much of the event is the work's at most: what other handlers need is left to them. */
static bool slice_over(void)
{
	uint64_t now = counters_clock();

	return limit_expired || now - began > SLICE_MS * ticks_a_ms ||
	       now - engine.began > budget_ms() * ticks_a_ms / 2;
}

slice_stop *slice_begin(lua_State *L)
{
	struct activity *a = engine.activity;
	gva_t schedule;
	uint64_t ns;

	if (engine.mode != ENGINE_LIVE || !a || a->co != L || !lua_isyieldable(L) ||
	    linux_symbol("schedule", &schedule) || !site_may_sleep(a->site))
		return NULL;
	if (!ticks_a_ms) { /* the same for as long as the engine lives */
		ns = counters_ns(TICKS);
		ticks_a_ms = ns ? TICKS * MS_NS / ns : TICKS / SLICE_MS;
	}
	began = counters_clock();
	return slice_over;
}

int slice_wait(lua_State *L, lua_KContext context, lua_KFunction k)
{
	struct activity *a = engine.activity;

	/* A handler that does nothing but begin new searches is to end, too. */
	a->own += began - engine.memory->started;
	if (a->own > OWN_BUDGETS * budget_ms() * ticks_a_ms) {
		limit_expired = 1;
		limit_check(L);
	}
	a->sliced = true;
	return lua_yieldk(L, 0, context, k);
}

bool slice_ask(struct lvmon_verdict *verdict)
{
	gva_t function;

	if (linux_symbol("schedule", &function))
		return false;
	memset(verdict, 0, sizeof(*verdict));
	verdict->kind = LVMON_CALL_GUEST;
	verdict->function = function;
	return true;
}
