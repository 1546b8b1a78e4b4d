/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where traps can be. While a trap is armed the guest's memory shows its byte in place of the
 * instruction's, so a place is decoded once and remembered, also for an engine that is started
 * after this one has died: the blob that the vmm keeps is what linux_save gave, followed by these
 * places and a trailer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/events/sites.h"

#define TRAILER_MAGIC 0x3153455449535356ull

struct site {
	gva_t function;
	struct lvmon_trap trap;
};

struct trailer {
	uint64_t magic;
	uint64_t linux_size;  /* of the part before the sites, padded to 8 */
	uint64_t linux_bytes; /* without the padding */
	uint64_t count;
};

static struct site *sites;
static size_t count, room;
static bool stored;

static struct site *lookup(gva_t function)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (sites[i].function == function)
			return &sites[i];
	return NULL;
}

int site_find(gva_t function, struct lvmon_trap *trap, char *error, size_t error_size)
{
	struct site *s = lookup(function), fresh = {.function = function};
	int ret;

	if (s) {
		*trap = s->trap;
		return 0;
	}
	ret = linux_trap_site(function, &fresh.trap, error, error_size);
	if (ret)
		return ret;
	if (count == SITES_MAX)
		return -ENOSPC;
	if (count == room) {
		s = realloc(sites, (room + 64) * sizeof(*s));
		if (!s)
			return -ENOMEM;
		sites = s;
		room += 64;
	}
	sites[count++] = fresh;
	stored = false;
	*trap = fresh.trap;
	return 0;
}

const struct lvmon_trap *site_at(gva_t gva)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (sites[i].trap.gva == gva)
			return &sites[i].trap;
	return NULL;
}

int sites_store(void)
{
	struct trailer t = {.magic = TRAILER_MAGIC, .count = count};
	size_t size, all;
	void *blob, *p;
	int ret;

	if (stored)
		return 0;
	ret = linux_save(&blob, &size);
	if (ret)
		return ret;
	t.linux_bytes = size;
	t.linux_size = (size + 7) & ~7ull;
	all = t.linux_size + count * sizeof(*sites) + sizeof(t);
	p = realloc(blob, all);
	if (!p) {
		free(blob);
		return -ENOMEM;
	}
	memset((char *)p + size, 0, t.linux_size - size);
	if (count)
		memcpy((char *)p + t.linux_size, sites, count * sizeof(*sites));
	memcpy((char *)p + all - sizeof(t), &t, sizeof(t));
	ret = backend->blob_store(p, all);
	free(p);
	if (!ret)
		stored = true;
	return ret;
}

int sites_restore(const void *blob, size_t size)
{
	struct trailer t;
	size_t left;
	int ret;

	if (size < sizeof(t))
		return -EINVAL;
	left = size - sizeof(t);
	memcpy(&t, (const char *)blob + left, sizeof(t));
	if (t.magic != TRAILER_MAGIC || t.linux_size > left || t.linux_bytes > t.linux_size ||
	    t.count > SITES_MAX || t.count * sizeof(*sites) != left - t.linux_size)
		return -EINVAL;
	ret = linux_restore(blob, t.linux_bytes);
	if (ret)
		return ret;
	sites_forget();
	if (t.count) {
		sites = malloc(t.count * sizeof(*sites));
		if (!sites)
			return -ENOMEM;
		memcpy(sites, (const char *)blob + t.linux_size, t.count * sizeof(*sites));
		count = room = t.count;
	}
	stored = true;
	return 0;
}

void sites_outdated(void)
{
	stored = false;
}

void sites_forget(void)
{
	free(sites);
	sites = NULL;
	count = room = 0;
	stored = false;
}
