/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strikes, kept in the persist page. They decay, and what they lead to is a pause, never the end of
 * a signature: otherwise malware could disarm a rule by feeding it what makes it slow.
 */
#include "engine/engine.h"
#include "engine/signature/strikes.h"

static void decay(struct strike_entry *e, uint64_t now)
{
	while (e->strikes && now >= e->last_ns && now - e->last_ns >= STRIKE_DECAY_NS) {
		e->strikes--;
		e->last_ns += STRIKE_DECAY_NS;
	}
}

unsigned int strikes_add(uint32_t signature, uint64_t now)
{
	struct strike_entry *e;

	if (signature >= ENGINE_MAX_SIGNATURES)
		return 0;
	e = &engine.memory->entry[signature];
	decay(e, now);
	if (e->strikes < STRIKES_LIMIT)
		e->strikes++;
	e->last_ns = now;
	if (e->strikes == STRIKES_LIMIT)
		e->until_ns = now + STRIKE_COOLDOWN_NS;
	return e->strikes;
}

bool strikes_allow(uint32_t signature, uint64_t now, bool *over)
{
	struct strike_entry *e;

	*over = false;
	if (signature >= ENGINE_MAX_SIGNATURES)
		return true;
	e = &engine.memory->entry[signature];
	if (!e->until_ns)
		return true;
	/* A clock that went back must not make a long pause of it (events come a little late). */
	if (now < e->until_ns && e->until_ns - now <= 2 * STRIKE_COOLDOWN_NS)
		return false;
	e->until_ns = 0;
	e->strikes = STRIKES_LIMIT - 1;
	e->last_ns = now;
	*over = true;
	return true;
}
