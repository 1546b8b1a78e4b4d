/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Denied calls: asked for by a handler (ev:deny), or because a handler whose hook says
 * on_timeout = "deny" could not come to its end. What was decided is in the persist page, so that
 * an engine that dies in a later handler of the same event leaves it to its successor.
 */
#include "engine/events/deny.h"
#include "engine/signature/counters.h"
#include "engine/signature/record.h"

void deny(uint32_t number, const char *reason, const char *hook)
{
	json_t *r;

	if (engine.memory->deny)
		return;
	engine.memory->deny = number;
	if (engine.signature)
		counters_of(engine.signature)->denied++;
	r = record_new("denied");
	record_string(r, "reason", reason);
	if (hook)
		record_string(r, "hook", hook);
	record_number(r, "errno", number);
	record_string(r, "message", "the call returns an error and is not done");
	record_event_process(r);
	record_emit(r);
}
