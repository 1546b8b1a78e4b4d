/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks on system calls. Each way a call can be made has a kernel function of its own, at whose
 * entry a trap stands.
 */
#include "engine/events/kinds.h"
#include "engine/events/sites.h"

static int place(const struct hook_site *site, struct lvmon_hook *request, char *error,
		 size_t error_size)
{
	request->kind = LVMON_HOOK_TRAP;
	return site_find(site->target, &request->trap, error, error_size);
}

const struct hook_kind hook_kind_syscall = {
	.name = "syscall",
	.place = place,
	.sleeps = true,
	.deny = true,
};
