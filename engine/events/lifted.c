/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps that the guest's CPUs do not meet any more: the vmm looks at them now and then, and says
 * what it found. Who changed the text is not known; the process that ran at that moment is told. Of
 * code that stands in front of a trap, which is often the kernel's own tracer, the vmm says so at
 * each look, and who gets control there is found out here.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/events/hooks.h"
#include "engine/events/lifted.h"
#include "engine/events/own.h"
#include "engine/events/sites.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"

/* What is in front of a trap, if there ever was anything. */
struct front {
	gva_t trap;
	struct linux_detour seen; /* at the last look */
	bool told;
	struct front *next;
};

static struct front *fronts;

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

static const char *detour_meaning(enum linux_detour_kind kind)
{
	switch (kind) {
	case LINUX_DETOUR_USER:
		return "ftrace calls code in front of the trap that may have calls go elsewhere: "
		       "those are not seen";
	case LINUX_DETOUR_CALL:
		return "other code than the kernel's tracers is called in front of the trap: calls "
		       "that it does not bring back are not seen";
	case LINUX_DETOUR_JUMP:
		return "the guest has written a jump in front of the trap: calls are not seen any "
		       "more";
	case LINUX_DETOUR_BREAKPOINT:
		return "there is a breakpoint in front of the trap: calls that it does not let go "
		       "on are not seen";
	default:
		return "the guest has written other code in front of the trap: calls may not be "
		       "seen any more";
	}
}

/* A record for one who has a hook there; code: what gets control, 0: not known. */
static void tell_one(struct signature *s, const char *function, const char *message, gva_t code)
{
	struct signature *before = engine.signature;
	char name[256], text[512];
	json_t *r;

	engine.signature = s;
	r = record_new("warning");
	record_string(r, "hook", function);
	if (code) {
		if (linux_symbolize(code, name, sizeof(name)))
			snprintf(name, sizeof(name), "0x%llx", (unsigned long long)code);
		snprintf(text, sizeof(text), "%s (%s)", message, name);
		record_string(r, "by", name);
	}
	record_string(r, "message", code ? text : message);
	record_event_process(r);
	record_emit(r);
	engine.signature = before;
}

static void tell(const struct lvmon_event *ev, const char *message, gva_t code)
{
	struct hook_trap *trap = hooks_trap(ev->hook);
	const char *own = own_name(ev->hook);

	if (own)
		tell_one(NULL, own, message, code);
	for (struct hook_site *site = trap ? trap->first : NULL; site; site = site->next)
		tell_one(site->hook->signature, site->name, message, code);
}

static struct front *front_of(gva_t trap)
{
	struct front *f = fronts;

	while (f && f->trap != trap)
		f = f->next;
	if (f)
		return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->trap = trap;
	f->next = fronts;
	fronts = f;
	return f;
}

/*
 * Each once. While the kernel patches the place, a breakpoint is there, and a trampoline may have
 * lost its user already: what only the code says must be there at two looks.
 */
static void look_in_front(const struct lvmon_event *ev)
{
	const struct lvmon_trap *site = site_at(ev->hook);
	struct front *f = site ? front_of(ev->hook) : NULL;
	struct linux_detour now;
	bool same;

	if (!f)
		return;
	linux_detour(site, &now);
	same = now.kind == f->seen.kind && now.code == f->seen.code && now.user == f->seen.user;
	f->seen = now;
	f->told &= same;
	if (f->told || now.kind == LINUX_DETOUR_NONE || (now.kind != LINUX_DETOUR_USER && !same))
		return;
	f->told = true;
	tell(ev, detour_meaning(now.kind), now.code);
}

void lifted_tell(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	(void)verdict;
	if (ev->trap.state == LVMON_TRAP_ENTRY || ev->trap.state == LVMON_TRAP_THERE)
		look_in_front(ev);
	else
		tell(ev, meaning(ev->trap.state), 0);
}

void lifted_forget(void)
{
	while (fronts) {
		struct front *f = fronts;

		fronts = f->next;
		free(f);
	}
}
