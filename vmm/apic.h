/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC as the guest may use it. */
#ifndef VMM_APIC_H
#define VMM_APIC_H

#include "vmm/boot_info.h"
#include "vmm/vcpu.h"

/* The APIC's page becomes a region; before vcpu_init(). */
void apic_init(const struct boot_info *bi);

/*
 * The guest writes the ICR. True: it was NMI, INIT or SIPI, and is done, or SMI, and is not;
 * false: for the hardware.
 */
bool apic_icr_written(struct vcpu *vcpu, u32 low, u32 destination) must_check;

/*
 * The guest announces that it is about to start a CPU: it has written the CMOS's shutdown status,
 * by which a CPU's firmware would know what to do after INIT (MultiProcessor Specification 1.4,
 * B.4).
 */
void apic_init_announced(struct cpu *cpu);

/*
 * While all CPUs run, none can be started, so nothing that the guest writes to the APIC has to be
 * seen: each write that does not exit saves two world switches. Called when a CPU has started.
 */
void apic_open_again(void);

#endif
