/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps that the guest's CPUs do not meet any more: the vmm looks at them now and then, and says
 * what it found. Who changed the text is not known; the process that ran at that moment is told.
 */
#include <stddef.h>
#include "engine/events/hooks.h"
#include "engine/events/lifted.h"
#include "engine/events/own.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"

static const char *meaning(uint32_t state)
{
	switch (state) {
	case LVMON_TRAP_RESTORED:
		return "the guest had put the old code back over the trap, which is set again: "
		       "calls in between were not seen";
	case LVMON_TRAP_OVERWRITTEN:
		return "the guest has written other code over the trap: calls are not seen any "
		       "more";
	case LVMON_TRAP_MOVED:
		return "the guest has mapped other memory at the trap's address: calls are not "
		       "seen any more";
	default:
		return "the trap has changed";
	}
}

static void tell(const struct lvmon_event *ev, struct signature *s, const char *function)
{
	struct signature *before = engine.signature;
	json_t *r;

	engine.signature = s;
	r = record_new("warning");
	record_string(r, "hook", function);
	record_string(r, "message", meaning(ev->trap.state));
	record_event_process(r);
	record_emit(r);
	engine.signature = before;
}

void lifted_tell(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	struct hook_trap *trap = hooks_trap(ev->hook);
	const char *own = own_name(ev->hook);

	(void)verdict;
	if (own)
		tell(ev, NULL, own);
	for (struct hook_site *site = trap ? trap->first : NULL; site; site = site->next)
		tell(ev, site->hook->signature, site->name);
}
