/* SPDX-License-Identifier: Apache-2.0 */
/* What would take the guest away from under the engine, and what is done then: rows of own.c. */
#ifndef ENGINE_EVENTS_GUARDS_H
#define ENGINE_EVENTS_GUARDS_H

#include "engine/events/own.h"

own_fn guard_suspend, guard_hibernate, guard_resume, guard_kexec, guard_memory, guard_shutdown,
	guard_live_patch;

/* Memory that came after the boot loader's map was made, and that the window does not show. */
void guards_check_memory(void);

#endif
