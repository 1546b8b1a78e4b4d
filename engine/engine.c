/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State shared by all parts of the engine, the clock and the log.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "engine/engine.h"

struct engine engine;

static struct lvmon_persist own_page;

_Static_assert(sizeof(struct engine_memory) <= sizeof(own_page.engine), "persist page is full");

void engine_init(enum engine_mode mode, const struct lvmon_start *start)
{
	memset(&engine, 0, sizeof(engine));
	engine.mode = mode;
	engine.start = start;
	if (start && start->persist) {
		engine.persist = start->persist;
	} else {
		memset(&own_page, 0, sizeof(own_page));
		engine.persist = &own_page;
	}
	engine.memory = (struct engine_memory *)engine.persist->engine;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t engine_now(void)
{
	return engine.event ? engine.event->time_ns : clock_ns(CLOCK_REALTIME);
}

uint64_t engine_clock(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t engine_cpu_clock(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void engine_log(const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n < 0 || !backend)
		return;
	backend->log(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}
