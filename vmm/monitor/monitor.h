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

/* INT3 in kernel mode at rip. True: it was a trap of ours, and all is done. */
bool monitor_breakpoint(struct vcpu *vcpu, gva_t rip) must_check;

#endif
