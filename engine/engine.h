/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's own state that every part of it shares: what it runs for, the event at hand, and the
 * page that outlives it. The order of things at run time is in lifecycle.c (kernel found, rules
 * loaded, restart after a death) and dispatch.c (one event through its handlers).
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/backend.h"

/* Bounded by the space for strikes in the persist page, and by the bits in a call's id. */
#define ENGINE_MAX_SIGNATURES 120
#define ENGINE_MAX_HOOKS      1024 /* a signature, in its life */

enum engine_mode {
	ENGINE_LIVE,  /* below a guest */
	ENGINE_CHECK, /* lvmon calls are recorded only: there is no guest */
	ENGINE_DUMP,  /* a memory dump: read-only, no events */
};

/* lvmon_persist.phase: what was going on, for the successor of an engine that was killed. */
enum engine_phase {
	ENGINE_IDLE,
	ENGINE_DISCOVERY, /* looking for the kernel */
	ENGINE_LOAD,	  /* running a signature's chunk */
	ENGINE_HANDLER,	  /* running a handler of a signature */
};

struct strike_entry {
	uint64_t last_ns;  /* when the last strike came or decayed */
	uint64_t until_ns; /* end of the cool-down, 0: none */
	uint8_t strikes;
	uint8_t skip; /* it could not be loaded, or killed the engine then: not tried again */
	uint8_t reserved[6];
};

/* What a signature has cost and done since the guest's start (counters.h). */
struct counters {
	uint64_t handlers; /* begun */
	uint64_t ticks;	   /* of the TSC in them */
	uint64_t errors;   /* Lua errors, in handlers and in the chunk; time-outs are among them */
	uint64_t timeouts;
	uint64_t deaths;	/* of the engine, with a handler or the chunk at work */
	uint64_t denied;	/* calls */
	uint64_t memory_peak;	/* bytes that its Lua state had at most */
	uint64_t told;		/* handlers when the last record was sent */
	uint64_t missed;	/* calls that came in a cool-down of the signature */
	uint64_t missed_told;	/* of those */
	uint64_t missed_due_ns; /* when the next of them are told */
};

/* lvmon_persist.engine */
struct engine_memory {
	uint32_t loaded;      /* signatures were loaded at least once */
	uint32_t late;	      /* the handler at work started after the event's time was used up */
	uint32_t discoveries; /* begun and not ended */
	uint32_t deny;	     /* what the event at work will return, an errno; 0: nothing (deny.h) */
	uint64_t sequence;   /* of the event at work */
	uint32_t on_timeout; /* of the handler at work: enum hook_timeout */
	uint32_t telling;    /* counters: the next signature to be told of; 0: none is due */
	uint64_t due_ns;     /* from then on there is something to tell; 0: not set yet */
	uint64_t started;    /* TSC when the handler at work began or went on */
	uint64_t ticks_begin, clock_begin; /* both clocks at the first start */
	struct strike_entry entry[ENGINE_MAX_SIGNATURES];
	struct counters counters[ENGINE_MAX_SIGNATURES];
};

struct signature;
struct activity;

struct engine {
	enum engine_mode mode;
	const struct lvmon_start *start; /* NULL outside the domain */
	struct lvmon_persist *persist;	 /* outside the domain: a page of our own */
	struct engine_memory *memory;	 /* persist->engine */

	const struct lvmon_event *event; /* the one being handled, NULL: none */
	uint64_t began;			 /* TSC when it came */
	struct activity *activity;	 /* whose handler runs, NULL: none */
	struct signature *signature;	 /* whose code runs, NULL: none */
};

extern struct engine engine;

/* Point engine.persist to page (NULL: to a page of our own). */
void engine_init(enum engine_mode mode, const struct lvmon_start *start);

/* Leave word about what begins now. */
static inline void engine_mark(enum engine_phase phase, uint32_t signature, uint32_t handler)
{
	volatile struct lvmon_persist *p = engine.persist;

	/* Indices first: a phase must never be seen with those of the one before. */
	p->phase = ENGINE_IDLE;
	p->signature = signature;
	p->handler = handler;
	p->phase = phase;
}

static inline void engine_idle(void)
{
	*(volatile uint32_t *)&engine.persist->phase = ENGINE_IDLE;
}

/* ns since 1970 UTC: the event's time, or the clock's. */
uint64_t engine_now(void);

/* ns of a clock that only goes forward, for durations. */
uint64_t engine_clock(void);

/*
 * The same of the time that the engine had on its CPU: what limits go by, not what the host does.
 */
uint64_t engine_cpu_clock(void);

/* printf to the log channel, one line. */
void engine_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
