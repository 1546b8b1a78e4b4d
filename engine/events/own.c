/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the engine's own hooks, and how its rows are armed and found; see own.h. */
#include <stdio.h>
#include <string.h>
#include "engine/events/guards.h"
#include "engine/events/lifecycle.h"
#include "engine/events/own.h"
#include "engine/events/sites.h"
#include "engine/linux/linux.h"
#include "engine/signature/record.h"

#define LOAD_BUDGET_MS 2000

enum {
	ONE_OF = 1, /* the row is not needed when the one before it is armed */
	NEEDED = 2, /* a function that is there and cannot be hooked is an error record */
};

static const struct own_hook {
	const char *function;
	own_fn *hit;
	enum own_when when;
	unsigned int flags;
	uint32_t budget_ms; /* 0: the default */
} hooks[] = {
	/* The function that starts the first program; it had other names before 5.9. */
	{"kernel_execve", lifecycle_first_program, OWN_KERNEL_UP, 0, LOAD_BUDGET_MS},
	{"do_execve", lifecycle_first_program, OWN_KERNEL_UP, ONE_OF, LOAD_BUDGET_MS},
	{"do_execve_file", lifecycle_first_program, OWN_KERNEL_UP, ONE_OF, LOAD_BUDGET_MS},
	{"run_init_process", lifecycle_first_program, OWN_KERNEL_UP, ONE_OF, LOAD_BUDGET_MS},
	/* Ways out of LVisor's sight. A kernel that lacks one of them cannot go that way. */
	{"pm_suspend", guard_suspend, OWN_READY, NEEDED, 0},
	{"suspend_devices_and_enter", guard_suspend, OWN_READY, NEEDED, 0}, /* from /dev/snapshot */
	{"hibernate", guard_hibernate, OWN_READY, NEEDED, 0},
	{"hibernation_snapshot", guard_hibernate, OWN_READY, NEEDED, 0}, /* from /dev/snapshot */
	{"hibernation_restore", guard_resume, OWN_READY, NEEDED, 0},
	{"machine_kexec", guard_kexec, OWN_READY, NEEDED, 0},
	{"add_memory_resource", guard_memory, OWN_READY, NEEDED, 0},
	{"device_shutdown", guard_shutdown, OWN_READY, NEEDED, 0},
	{"klp_enable_patch", guard_live_patch, OWN_READY, 0, 0},
};

#define HOOKS (sizeof(hooks) / sizeof(hooks[0]))

static struct {
	struct lvmon_trap trap;
	uint32_t id; /* the vmm's; 0: not armed */
} armed[HOOKS];

uint64_t own_map[OWN_BITS / 64];

static void note(const struct own_hook *h, const char *why, char *error, size_t error_size)
{
	json_t *r;

	snprintf(error, error_size, "%s", why);
	if (!(h->flags & NEEDED))
		return;
	r = record_new("error");
	record_string(r, "phase", "start");
	record_string(r, "hook", h->function);
	record_string(r, "message", "this way out of LVisor's sight is not guarded");
	record_string(r, "reason", why);
	record_emit(r);
}

static void set_map(void)
{
	memset(own_map, 0, sizeof(own_map));
	for (size_t i = 0; i < HOOKS; i++) {
		unsigned int bit = own_bit(armed[i].trap.gva);

		if (armed[i].id)
			own_map[bit / 64] |= 1ull << bit % 64;
	}
}

static bool arm(size_t i, char *error, size_t error_size)
{
	const struct lvmon_hook request = {
		.kind = LVMON_HOOK_TRAP, .budget_ms = hooks[i].budget_ms, .trap = armed[i].trap};
	char why[80];
	int ret = backend->hook_add(&request);

	if (ret > 0) {
		armed[i].id = (uint32_t)ret;
		return true;
	}
	snprintf(why, sizeof(why), "the vmm refuses the trap: %s", strerror(-ret));
	note(&hooks[i], why, error, error_size);
	return false;
}

unsigned int own_arm(enum own_when when, char *error, size_t error_size)
{
	bool found[HOOKS] = {false};
	unsigned int number = 0;
	char why[200];
	size_t i;

	snprintf(error, error_size, "no such function");
	for (i = 0; i < HOOKS; i++) {
		gva_t va;

		if (hooks[i].when != when || armed[i].id || linux_symbol(hooks[i].function, &va))
			continue;
		why[0] = '\0';
		found[i] = site_find(va, &armed[i].trap, why, sizeof(why)) == 0;
		if (!found[i])
			note(&hooks[i], why, error, error_size);
	}
	/* Before the first: the memory there shows the trap's own byte from then on. */
	if (sites_store())
		engine_log("what was found could not be stored");
	for (i = 0; i < HOOKS; i++) {
		if (!found[i] || ((hooks[i].flags & ONE_OF) && number))
			continue;
		number += arm(i, error, error_size);
	}
	set_map();
	return number;
}

void own_disarm(enum own_when when)
{
	for (size_t i = 0; i < HOOKS; i++) {
		if (hooks[i].when != when || !armed[i].id)
			continue;
		backend->hook_remove(armed[i].id);
		armed[i].id = 0;
	}
	set_map();
}

static const struct own_hook *find(gva_t gva)
{
	for (size_t i = 0; i < HOOKS; i++)
		if (armed[i].id && armed[i].trap.gva == gva)
			return &hooks[i];
	return NULL;
}

const char *own_name(gva_t gva)
{
	const struct own_hook *h = find(gva);

	return h ? h->function : NULL;
}

bool own_take(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	const struct own_hook *h = find(ev->hook);

	return h && h->hit(ev, verdict);
}
