/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen where, and the list of what follows from it; see sightings.h and hidden.h. */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/hidden/sightings.h"
#include "engine/linux/internal.h"

#define MAX_SIGHTINGS (1u << 18)

static const char *const source_names[LINUX_SOURCES] = {
	[LINUX_SOURCE_TASKS] = "task list",
	[LINUX_SOURCE_PIDS] = "pid allocator",
	[LINUX_SOURCE_CHILDREN] = "parent's children",
	[LINUX_SOURCE_THREADS] = "thread list",
	[LINUX_SOURCE_CPUS] = "run queues",
	[LINUX_SOURCE_MODULES] = "module list",
	[LINUX_SOURCE_SYSFS] = "/sys/module",
	[LINUX_SOURCE_TREE] = "module tree",
	[LINUX_SOURCE_MEMORY] = "module memory",
	[LINUX_SOURCE_SYSCALLS] = "system-call tables",
	[LINUX_SOURCE_IDT] = "IDT",
	[LINUX_SOURCE_KTHREADS] = "kernel threads",
	[LINUX_SOURCE_TEXT] = "code of kernel and modules",
};

const char *linux_source_name(enum linux_source source)
{
	return source_names[source];
}

static uint32_t *slot_of(const struct sightings *s, gva_t address)
{
	size_t mask = 2 * s->room - 1;
	size_t i = (size_t)(address * 0x9e3779b97f4a7c15ull >> 32) & mask;

	while (s->index[i] && s->v[s->index[i] - 1].address != address)
		i = (i + 1) & mask;
	return &s->index[i];
}

static int grow(struct sightings *s)
{
	size_t room = s->room ? 2 * s->room : 256, i;
	struct sighting *v;
	uint32_t *index;

	if (room > MAX_SIGHTINGS)
		return -EOVERFLOW;
	v = realloc(s->v, room * sizeof(*v));
	if (!v)
		return -ENOMEM;
	s->v = v;
	index = calloc(2 * room, sizeof(*index));
	if (!index)
		return -ENOMEM;
	free(s->index);
	s->index = index;
	s->room = room;
	for (i = 0; i < s->count; i++)
		*slot_of(s, v[i].address) = (uint32_t)i + 1;
	return 0;
}

int sightings_add(struct sightings *s, gva_t address, enum linux_source source)
{
	uint32_t *slot;

	if (s->count == s->room) {
		int err = grow(s);

		if (err)
			return err;
	}
	slot = slot_of(s, address);
	if (!*slot) {
		s->v[s->count++] = (struct sighting){address, 0};
		*slot = (uint32_t)s->count;
	}
	s->v[*slot - 1].sources |= 1u << source;
	return 0;
}

void sightings_free(struct sightings *s)
{
	free(s->v);
	free(s->index);
	*s = (struct sightings){0};
}

int hidden_append(struct linux_hidden_list *list, const struct linux_hidden *row)
{
	/* Rows are few: what disagrees is the exception. */
	struct linux_hidden *rows = realloc(list->rows, (list->count + 1) * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	list->rows = rows;
	rows[list->count++] = *row;
	return 0;
}

void hidden_incomplete(struct linux_hidden_list *list, enum linux_source source, int err)
{
	list->sources &= ~(1u << source);
	if (list->reason[0])
		return;
	snprintf(list->reason, sizeof(list->reason), "%s: %s", source_names[source],
		 err == -EOVERFLOW ? "it has no end"
		 : err == -ENOTSUP ? "this kernel's is not known"
				   : "it leads nowhere");
}
