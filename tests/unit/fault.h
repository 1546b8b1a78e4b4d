/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on purpose: the n-th allocation, the n-th domain call or the n-th read of guest memory
 * fails, alone or with all after it. A test walks n upward until a run has no fault. The program is
 * linked with -Wl,--wrap (unit.mk) and with libraries as archives, so that their allocations are
 * among those that fail.
 */
#ifndef UNIT_FAULT_H
#define UNIT_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum fault_kind { FAULT_NONE, FAULT_ALLOCATION, FAULT_CALL, FAULT_READ, FAULT_KINDS };

static struct {
	enum fault_kind kind;
	uint64_t at;  /* 1 is the first */
	bool onwards; /* all after it fail, too */
	uint64_t seen;
} fault;

static inline void fault_begin(enum fault_kind kind, uint64_t at, bool onwards)
{
	fault.kind = kind;
	fault.at = at;
	fault.onwards = onwards;
	fault.seen = 0;
}

/* Has there been one? */
static inline bool fault_end(void)
{
	bool happened = fault.kind != FAULT_NONE && fault.seen >= fault.at;

	fault.kind = FAULT_NONE;
	return happened;
}

static inline bool fault_now(enum fault_kind kind)
{
	if (kind != fault.kind)
		return false;
	fault.seen++;
	return fault.onwards ? fault.seen >= fault.at : fault.seen == fault.at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t size)
{
	return fault_now(FAULT_ALLOCATION) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fault_now(FAULT_ALLOCATION) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fault_now(FAULT_ALLOCATION) ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	char *copy = __wrap_malloc(strlen(s) + 1);

	return copy ? strcpy(copy, s) : NULL;
}

#endif
