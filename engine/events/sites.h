/* SPDX-License-Identifier: Apache-2.0 */
/* Where traps can be, remembered. */
#ifndef ENGINE_EVENTS_SITES_H
#define ENGINE_EVENTS_SITES_H

#include "engine/linux/linux.h"

#define SITES_MAX 2048

/*
 * The place for a trap in the kernel function at va, as linux_trap_site; looked up once: afterwards
 * the memory there may show a trap of ours.
 */
int site_find(gva_t function, struct lvmon_trap *trap, char *error, size_t error_size) must_check;

/* The one whose trap is at gva, or NULL. */
const struct lvmon_trap *site_at(gva_t gva);

/* Store what discovery found and all sites for a successor, if anything is new. 0 or -ENOMEM */
int sites_store(void);
/* What discovery found has changed since: it is to be stored again. */
void sites_outdated(void);
/* Back from a predecessor's blob. 0 or -EINVAL */
int sites_restore(const void *blob, size_t size) must_check;
void sites_forget(void);

#endif
