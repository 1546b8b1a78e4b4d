/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks on registers: the guest's kernel has written an MSR, CR0, CR4, IDTR or GDTR. A site's
 * target is lvmon_hook_key().
 */
#include <errno.h>
#include <stdio.h>
#include "engine/events/kinds.h"
#include "lvisor/policy.h"

#define ROW(vendor, first, last, read, write, name, reason) \
	{first, last, POLICY_##vendor, POLICY_##write, name, reason},
static const struct {
	uint32_t first, last;
	uint8_t vendor, write;
	const char *name, *reason;
} rows[] = {POLICY_MSRS(ROW)};
#undef ROW

#define MSR_DEBUGCTL	 0x1d9u
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_EFER	 0xc0000080u

static bool in_intercept_maps(uint32_t msr, uint8_t vendor)
{
	return msr < 0x2000 || msr - 0xc0000000 < 0x2000 ||
	       (vendor == POLICY_AMD && msr - 0xc0010000 < 0x2000);
}

/* As policy_msr_watchable() in the vmm, whose word counts; this one says why not. */
static int watchable(uint32_t msr, char *error, size_t error_size)
{
	uint8_t vendor = engine.start && engine.start->vendor ? POLICY_INTEL : POLICY_AMD;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows) && msr != MSR_EFER; i++) {
		if (msr < rows[i].first || msr > rows[i].last || rows[i].write == POLICY_PASS ||
		    (rows[i].vendor != POLICY_BOTH && rows[i].vendor != vendor))
			continue;
		snprintf(error, error_size, "LVisor keeps it itself (%s: %s)", rows[i].name,
			 rows[i].reason);
		return -EPERM;
	}
	if (msr == MSR_DEBUGCTL || msr == MSR_TSC_DEADLINE || !in_intercept_maps(msr, vendor)) {
		snprintf(error, error_size, "writes of MSR 0x%x cannot be watched", msr);
		return -EPERM;
	}
	return 0;
}

static int place(const struct hook_site *site, struct lvmon_hook *request, char *error,
		 size_t error_size)
{
	request->kind = LVMON_HOOK_REGISTER;
	request->reg.which = (uint32_t)(site->target >> 32);
	request->reg.msr = (uint32_t)site->target;
	return request->reg.which == LVMON_WATCH_MSR
		       ? watchable(request->reg.msr, error, error_size)
		       : 0;
}

/* The write is done when it is told of, and it may have been anywhere in the kernel. */
const struct hook_kind hook_kind_register = {
	.name = "register",
	.place = place,
	.sleeps = false,
	.deny = false,
};
