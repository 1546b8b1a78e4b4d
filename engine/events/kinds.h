/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of hooks: what a signature can wait for. A kind is one file here that defines its row, one
 * in lua/ with its constructor and the fields of its events, and where the vmm has to learn
 * something, one in vmm/monitor/ and a payload in lvmon.h.
 */
#ifndef ENGINE_EVENTS_KINDS_H
#define ENGINE_EVENTS_KINDS_H

#include "engine/events/hooks.h"

struct hook_kind {
	const char *name; /* lvmon.hook.NAME */
	/*
	 * Fill what the vmm is asked for at this site: kind and payload of *request. 0, or -E...
	 * with the reason in error where it is the site's own fault.
	 */
	int (*place)(const struct hook_site *site, struct lvmon_hook *request, char *error,
		     size_t error_size);
	bool sleeps; /* the function is entered where a process may sleep: it holds nothing */
	bool deny; /* ev:deny() works: at the event, a function can return an error in its place */
};

extern const struct hook_kind hook_kind_syscall, hook_kind_register;

#endif
