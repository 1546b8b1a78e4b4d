/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several CPUs. All are ours from the start: the others wait until the guest sends them INIT and
 * SIPI, which apic.c takes from its writes to the ICR and carries out in software; neither of the
 * two can be left to the hardware, which would take the CPU away from us.
 */
#ifndef VMM_SMP_H
#define VMM_SMP_H

#include "vmm/boot_info.h"
#include "vmm/vcpu.h"

/* CPUs that run our code; 1 until smp_start(). */
extern u32 smp_cpus;
extern struct cpu *smp_list[MAX_CPUS];

/* Bring up the machine's other CPUs and park them; all or a message. */
void smp_start(const struct boot_info *bi, hpa_t root);

/* Out of the guest, or out of the wait for SIPI: the CPU looks at what it is asked to do. */
void smp_kick(struct cpu *cpu);

/* sipi of struct cpu: a SIPI has come, with this vector. */
#define SIPI_LATCHED 0x100u

/* INIT has reached this CPU: it waits for SIPI and begins anew. */
void smp_init_received(struct vcpu *vcpu);

/* All CPUs but this one leave the guest once, and watch what is to be watched (rewatch). */
void smp_rewatch(const struct cpu *self);

/* Whole-engine lock: one event at a time. try: false when another CPU has it for longer than 100
 * us. */
bool smp_lock_engine(void) must_check;
/* The same without waiting. */
bool smp_try_engine(void) must_check;
void smp_unlock_engine(void);

#endif
