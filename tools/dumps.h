/* SPDX-License-Identifier: Apache-2.0 */
/* Memory dumps that signatures ask for: made into files out of records and the shared memory. */
#ifndef LVISOR_TOOLS_DUMPS_H
#define LVISOR_TOOLS_DUMPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct dump_store {
	const char *folder; /* NULL: none is kept */
	uint64_t max, used; /* bytes of all files */
	int ram_fd;	    /* the guest's memory, -1: not shared */
	const char *ram;    /* it is mapped here */
	uint64_t ram_size;

	/* The one at work. */
	bool open;
	uint32_t id;
	int fd;
	uint64_t low;	 /* bytes of ram that lie at address 0; what is behind them lies at 4 GB */
	char error[256]; /* what went wrong; empty: nothing */
	char path[4096];
};

/* A record of kind dump_part. */
void dumps_part(struct dump_store *store, const json_t *record);

/* A record of kind dump: gets what became of the file ("path", or "error"). */
void dumps_finish(struct dump_store *store, json_t *record);

/* No more records come: half a dump is removed. True: there was one. */
bool dumps_close(struct dump_store *store);

#endif
