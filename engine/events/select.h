/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hook's options select, as a program for the vmm (lvisor/select.h). The same program is the
 * engine's own answer, where the vmm has not given one.
 */
#ifndef ENGINE_EVENTS_SELECT_H
#define ENGINE_EVENTS_SELECT_H

#include <lvisor/select.h>
#include "engine/linux/linux.h"

#define SELECT_PID  1u /* tgid, the process's id */
#define SELECT_COMM 2u

#define SELECT_SLOTS 6 /* of a program, at most */

struct selection {
	uint32_t by; /* SELECT_*; none: each hit */
	int32_t pid;
	char comm[LINUX_COMM_SIZE]; /* padded with NUL bytes */
};

/* The program's slots. 0: each hit is selected, or this kernel's tasks are not known. */
uint32_t select_compile(const struct selection *s, struct lvmon_sel program[SELECT_SLOTS]);

/* Is the event at hand selected? What cannot be told is not. */
bool select_event(const struct selection *s, const struct lvmon_event *ev);

#endif
