/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to guest memory, with the guest's help where a page is shared. */
#ifndef ENGINE_EVENTS_WRITE_H
#define ENGINE_EVENTS_WRITE_H

#include "engine/scan/bytes.h"

struct activity;

enum write_ask {
	ASK_PAUSE, /* for nothing, but to run */
	ASK_PAGES, /* to make pages the process's own */
	ASK_ZEROS, /* to write zeros */
	ASK_BYTE,  /* to write one byte that is there */
};

struct write_job {
	/* What: all of source, to offset in memory. Both must stay until the job is done. */
	const struct linux_memory *memory;
	uint64_t offset;
	struct bytes source;
	/* For whoever queued it: all of it is done. */
	void (*done)(struct activity *a, struct write_job *job);
	bool may_call; /* the guest may be asked; otherwise shared pages are skipped */

	/* How far, in bytes. */
	uint64_t position, written, copied, skipped;
	uint32_t calls;

	/* What the guest is at work on. */
	enum write_ask ask;
	size_t chunk; /* ASK_ZEROS: bytes */
	bool calling;
	unsigned int tries; /* with the page at position */
	bool no_hold;	    /* the other CPUs could not be held */
	uint64_t asked;	    /* pages before this position are the process's own because of that */
	struct write_job *next; /* for a queue of the caller's */
};

enum write_state {
	WRITE_DONE,
	WRITE_CALL, /* the verdict asks the guest; write_returned with its result, then again */
};

/* Go on. Fills function and args of verdict for WRITE_CALL. */
enum write_state write_step(struct write_job *job, struct lvmon_verdict *verdict);
void write_returned(struct write_job *job, uint64_t result);
/* The call that the last step asked for is not made: the step is taken again later. */
void write_take_back(struct write_job *job);

/* To guest-physical memory at once; the bytes that were written. */
uint64_t write_physical(gpa_t gpa, const struct bytes *source);

#endif
