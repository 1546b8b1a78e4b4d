/* SPDX-License-Identifier: Apache-2.0 */
/* A set of addresses, each with the sources that showed it; for hidden.c and hidden_modules.c. */
#ifndef ENGINE_LINUX_HIDDEN_SIGHTINGS_H
#define ENGINE_LINUX_HIDDEN_SIGHTINGS_H

#include "engine/linux/hidden/hidden.h"

struct sighting {
	gva_t address;
	uint32_t sources;
};

struct sightings {
	struct sighting *v; /* in the order of the first sighting */
	size_t count, room;
	uint32_t *index; /* of v, plus one, by hash of the address; 2 * room slots */
};

/* 0, -ENOMEM, or -EOVERFLOW: more than there can be. */
int sightings_add(struct sightings *s, gva_t address, enum linux_source source) must_check;
void sightings_free(struct sightings *s);

/* One more row. 0 or -ENOMEM. */
int hidden_append(struct linux_hidden_list *list, const struct linux_hidden *row) must_check;
/* A source could not be read to its end: why. */
void hidden_incomplete(struct linux_hidden_list *list, enum linux_source source, int err);

#endif
