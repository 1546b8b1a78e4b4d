/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds: a CPU is kept out of the guest by another one; a pause is a hold of all others that a
 * signature asked for.
 */
#ifndef VMM_HOLD_H
#define VMM_HOLD_H

#include "vmm/vcpu.h"

/*
 * Keep all other CPUs out of the guest until hold_release_others(): what one instruction needs
 * changed in memory that all see. Costs an NMI each; waits while another CPU is in the domain.
 */
void hold_others(struct cpu *cpu);
void hold_release_others(struct cpu *cpu);
/* Another CPU holds: wait here. */
void hold_obey(struct cpu *cpu);

/*
 * LVMON_PAUSE and LVMON_RESUME, by the CPU that runs the domain: the others are out of the guest in
 * between, but not when the domain has had PAUSE_NS of that CPU's time (x86/lapic.h). 0; -EBUSY:
 * they are held already; -ETIME: they could not all be held, or they went on before the release.
 */
int pause_others(void) must_check;
int pause_end(void);
/* A pause that lasts may last ms longer. */
void pause_more(s64 ms);
/* No held CPU ends the pause between the two. False: there is no pause, or it has ended. */
bool pause_keep(void) must_check;
void pause_unkeep(void);
/* The domain's CPU looks whether a pause has lasted long enough: at each tick. */
void pause_check(struct cpu *cpu);

/*
 * Others flood this CPU, which is in the domain, with interrupts: they are out of the guest until
 * hold_end_quiet(), unless that cannot be had.
 */
extern bool hold_quiet; /* they are; it is the domain's CPU that looks */
void hold_quiet_others(struct cpu *cpu);
void hold_end_quiet(struct cpu *cpu);

#endif
