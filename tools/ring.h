/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the event ring out of the guest's shared memory. Layout: include/lvisor/lvmon.h. */
#ifndef LVISOR_TOOLS_RING_H
#define LVISOR_TOOLS_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "lvisor/lvmon.h"

struct ring_reader {
	struct lvmon_ring *ring; /* NULL: not attached */
	uint64_t size;		 /* of its data, as checked when attached */
	uint64_t tail;		 /* our own copy: the shared one is only told, never believed */
	uint64_t dropped;	 /* records known to be lost, in total */
};

struct ring_event {
	uint32_t source;
	uint64_t sequence;
	uint64_t lost; /* records lost since the event before this one */
	char *text;    /* NUL-terminated copy, caller frees */
	uint32_t size;
};

enum ring_result {
	RING_EMPTY,
	RING_EVENT,  /* *event is filled in */
	RING_BROKEN, /* the content made no sense; the reader skipped to the newest record */
};

/* Returns NULL, or what is wrong with the ring at this place. */
const char *ring_attach(struct ring_reader *reader, void *memory, uint64_t memory_size,
			uint64_t gpa, uint64_t size) __attribute__((warn_unused_result));

/*
 * The next event. Its place in the ring is free, and for the hypervisor it is read, with
 * ring_done(): when it has been dealt with, since the guest of a dump waits for that.
 */
enum ring_result ring_next(struct ring_reader *reader, struct ring_event *event)
	__attribute__((warn_unused_result));
void ring_done(struct ring_reader *reader);

/* Records lost that no later record has told about yet. */
uint64_t ring_lost_at_end(struct ring_reader *reader);

#endif
