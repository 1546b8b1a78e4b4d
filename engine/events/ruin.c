/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's kernel is made to call, in the context of the process that made the event,
 *
 *	force_fatal_sig(SIGSEGV)	from Linux 5.16 on: no handler, no mask and no other thread
 *					of the process keeps it
 *	send_sig(SIGKILL, current, 1)	before
 *
 * and the call that was hooked returns -EFAULT: so the signal is met at once.
 */
#include <signal.h>
#include <string.h>
#include "engine/events/deny.h"
#include "engine/events/ruin.h"
#include "engine/signature/current.h"

void ruin_note(struct activity *a, const struct write_job *job)
{
	uint64_t end = job->offset + job->source.size;
	struct linux_task now;

	/* In pieces, too, if they come in order. */
	if (!a || a->ruin || !job->memory->size || job->offset > a->overwritten ||
	    end <= a->overwritten || current_task(&now) || now.mm != job->memory->task.mm)
		return;
	a->overwritten = end;
	if (end < job->memory->size)
		return;
	a->ruin = RUIN_WANTED;
	deny(DENY_EFAULT, "overwritten", a->hook->name);
}

bool ruin_ask(const struct activity *a, struct lvmon_verdict *verdict)
{
	gva_t function;

	if (a->ruin != RUIN_WANTED)
		return false;
	memset(verdict, 0, sizeof(*verdict));
	verdict->kind = LVMON_CALL_GUEST;
	if (!linux_symbol("force_fatal_sig", &function)) {
		verdict->args[0] = SIGSEGV;
	} else if (!linux_symbol("send_sig", &function)) {
		verdict->args[0] = SIGKILL;
		verdict->args[1] = a->ev->task;
		verdict->args[2] = 1;
	} else {
		verdict->kind = LVMON_CONTINUE;
		return false;
	}
	verdict->function = function;
	return true;
}
