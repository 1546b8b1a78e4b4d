/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be read of the kernel at hand. A kernel that lacks a structure's member, or all type
 * information, loses the facilities that stand on it and no others; the reasons are kept in the
 * blob, in words, so that an engine that follows this one can still say them.
 */
#include <stdio.h>
#include "engine/linux/internal.h"

#define ON(f) (1u << (f))

static const struct {
	const char *name;
	uint32_t stands_on;
} facilities[LINUX_FACILITIES] = {
	[LINUX_TASKS] = {"processes", 0},
	[LINUX_CURRENT] = {"the process of an event", ON(LINUX_TASKS)},
	[LINUX_DETAILS] = {"users and start times of processes", ON(LINUX_TASKS)},
	[LINUX_SPACES] = {"memory of processes", ON(LINUX_TASKS)},
	[LINUX_MEMORY] = {"mappings", ON(LINUX_SPACES)},
	[LINUX_PATHS] = {"paths", 0},
	[LINUX_PAGES] = {"states of pages", ON(LINUX_MEMORY)},
	[LINUX_FILES] = {"open files", ON(LINUX_TASKS) | ON(LINUX_PATHS)},
	[LINUX_SOCKETS] = {"sockets", ON(LINUX_FILES)},
	[LINUX_MODULES] = {"modules", 0},
	[LINUX_MOUNTS] = {"mounts", ON(LINUX_PATHS)},
	[LINUX_TYPES] = {"typed pointers", 0},
	[LINUX_THREADS] = {"threads", ON(LINUX_TASKS)},
	[LINUX_CROSS_VIEWS] = {"hidden processes", ON(LINUX_TASKS) | ON(LINUX_THREADS)},
};

int linux_need(enum linux_facility f)
{
	if (!kernel)
		return -ENODATA;
	return kernel->missing[f][0] ? -ENOTSUP : 0;
}

const char *linux_missing(enum linux_facility f)
{
	if (!kernel)
		return "no Linux kernel known";
	return kernel->missing[f][0] ? kernel->missing[f] : NULL;
}

const char *linux_facility_name(enum linux_facility f)
{
	return facilities[f].name;
}

void facility_lacks(struct kernel_blob *b, enum linux_facility f, const char *why)
{
	if (!b->missing[f][0])
		snprintf(b->missing[f], MISSING_SIZE, "%s", why);
}

void facilities_settle(struct kernel_blob *b)
{
	bool changed;
	int f, g;

	do {
		changed = false;
		for (f = 0; f < LINUX_FACILITIES; f++)
			for (g = 0; g < LINUX_FACILITIES && !b->missing[f][0]; g++) {
				if (!(facilities[f].stands_on & ON(g)) || !b->missing[g][0])
					continue;
				facility_lacks(b, (enum linux_facility)f, b->missing[g]);
				changed = true;
			}
	} while (changed);
}
