/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of signatures. Handlers are timed with the TSC, which costs no call; what a tick is
 * worth comes from the vmm's clock, read at the first start and when the figure is wanted. Records
 * go out one an event, so that many signatures are no burden for a single one.
 */
#include "engine/signature/counters.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"

struct counters *counters_of(const struct signature *s)
{
	return &engine.memory->counters[s->index];
}

void counters_begin(void)
{
	struct engine_memory *m = engine.memory;

	if (m->ticks_begin)
		return;
	m->ticks_begin = counters_clock();
	m->clock_begin = engine_clock();
}

void counters_died(uint32_t signature, bool in_handler, bool its_fault)
{
	struct counters *c = &engine.memory->counters[signature];

	if (in_handler)
		c->ticks += counters_clock() - engine.memory->started;
	if (its_fault)
		c->deaths++;
}

uint64_t counters_ns(uint64_t ticks)
{
	const struct engine_memory *m = engine.memory;
	uint64_t ran = counters_clock() - m->ticks_begin, ns = engine_clock() - m->clock_begin;

	return ran ? (uint64_t)((unsigned __int128)ticks * ns / ran) : 0;
}

void counters_tell_missed(struct signature *s)
{
	struct counters *c = counters_of(s);
	struct signature *before = engine.signature;
	json_t *r;

	if (c->missed == c->missed_told)
		return;
	engine.signature = s;
	r = record_new("lost");
	record_string(r, "message", "calls came while the signature's handlers paused");
	record_number(r, "calls", c->missed - c->missed_told);
	record_emit(r);
	engine.signature = before;
	c->missed_told = c->missed;
}

void counters_missed(struct signature *s, uint64_t now)
{
	struct counters *c = counters_of(s);

	c->missed++;
	/* A clock that went back is no reason for silence. */
	if (now < c->missed_due_ns && c->missed_due_ns - now <= COUNTERS_MISSED_NS)
		return;
	counters_tell_missed(s);
	c->missed_due_ns = now + COUNTERS_MISSED_NS;
}

static void tell(struct signature *s)
{
	struct counters *c = counters_of(s);
	json_t *r;

	if (c->told == c->handlers)
		return;
	c->told = c->handlers;
	engine.signature = s;
	r = record_new("counters");
	record_number(r, "handlers", c->handlers);
	record_number(r, "time_ns", counters_ns(c->ticks));
	record_number(r, "errors", c->errors);
	record_number(r, "timeouts", c->timeouts);
	record_number(r, "deaths", c->deaths);
	record_number(r, "denied", c->denied);
	record_number(r, "paused", c->missed);
	record_number(r, "strikes", engine.memory->entry[s->index].strikes);
	record_number(r, "memory", s->memory);
	record_number(r, "memory_peak", c->memory_peak);
	record_emit(r);
	engine.signature = NULL;
}

void counters_tell(const struct lvmon_event *ev)
{
	struct engine_memory *m = engine.memory;

	/* The first event, or a clock that went on. */
	if (!m->due_ns || !signature_count) {
		m->due_ns = ev->time_ns + COUNTERS_NS;
		return;
	}
	if (m->telling < signature_count)
		tell(signatures[m->telling++]);
	if (m->telling >= signature_count) {
		m->telling = 0;
		m->due_ns = ev->time_ns + COUNTERS_NS;
	}
}
