/* SPDX-License-Identifier: Apache-2.0 */
/* What domain.c and syscall.c share; nobody else includes it. */
#ifndef VMM_DOMAIN_INTERNAL_H
#define VMM_DOMAIN_INTERNAL_H

#include "vmm/types.h"
#include "vmm/x86/exceptions.h"

struct domain {
	struct exception_frame frame aligned(16); /* TSS.RSP0 points behind it */
	u64 fs_base;

	/* SIGXCPU: the handler, and the state that it interrupted. */
	u64 signal_handler, signal_restorer;
	struct exception_frame interrupted;
	bool in_signal;
	u32 signals; /* in this event */

	u32 given_ms; /* in this event, above its budget */

	u64 verdict_ptr, event_ptr; /* arguments of the pending LVMON_NEXT_EVENT */
	u32 log_length;
	char log_text[200]; /* a line on file descriptor 1 or 2, until its line feed */
};

extern struct domain domain;

enum syscall_result { SYSCALL_DONE, SYSCALL_DIES };

/* Is the call in domain.frame LVMON_NEXT_EVENT, which the vmm answers when there is an event? */
bool domain_waits_for_event(void);

/* Serve any other call in domain.frame. death: enum lvmon_death for SYSCALL_DIES. */
enum syscall_result domain_syscall(u32 *death);

#endif
