/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitoring engine (lvmon): the hook monitor, which is called when an exit may be a hook's;
 * the hook list; the drivers through which the engine reaches CPU and memory. What the exits'
 * dispatcher needs of it is here; the rest is in internal.h.
 */
#ifndef VMM_MONITOR_MONITOR_H
#define VMM_MONITOR_MONITOR_H

#include "vmm/vcpu.h"

/* budget: ms in the domain for one event. watch: there is an engine, and signatures for it. */
void monitor_init(struct vcpu *vcpu, u32 budget_ms, u32 discovery_ms, bool watch);

/* The guest has set LSTAR: its kernel is in memory. */
void monitor_lstar_written(struct vcpu *vcpu);

/* register.c: registers whose writes exit for a hook. */

/* Is there a hook on it? */
bool monitor_watches(u32 which, u32 msr) must_check;
/* The guest is about to write it, and is not to exit for that; and has done so, or not. */
void monitor_write_begins(struct vcpu *vcpu, u32 which, u32 msr);
void monitor_write_ends(struct vcpu *vcpu, bool done);
/* The CPU of which cpu->rewatch is set watches what hooks want now. */
void monitor_rewatch(struct vcpu *vcpu);

/* INT3 in kernel mode at rip. True: it was a trap of ours, and all is done. */
bool monitor_breakpoint(struct vcpu *vcpu, gva_t rip) must_check;

/*
 * Are traps still what CPUs fetch? To be asked at exits that come anyway; costs a comparison until
 * a tenth of a second has gone by.
 */
extern u64 monitor_look_at; /* TSC; UINT64_MAX: there are no traps */
void monitor_look_again(struct vcpu *vcpu);

static inline void monitor_look(struct vcpu *vcpu)
{
	if (unlikely(vcpu->entered >= monitor_look_at))
		monitor_look_again(vcpu);
}

/*
 * Several CPUs, and traps that are younger than a moment. A CPU that translates code (QEMU) may
 * just then have been translating what they stand in, and would keep it without them: so they are
 * touched once more (guest_ram_touch()) at an exit that comes later. Calls no CPU out of the guest.
 */
extern bool traps_unsettled;
void monitor_settle(void);

#endif
