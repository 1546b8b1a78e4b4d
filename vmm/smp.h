/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several CPUs. All are ours from the start: the others wait until the guest sends them INIT and
 * SIPI, which we take from its writes to the ICR and carry out in software; neither of the two can
 * be left to the hardware, which would take the CPU away from us.
 */
#ifndef VMM_SMP_H
#define VMM_SMP_H

#include "vmm/boot_info.h"
#include "vmm/vcpu.h"

/* CPUs that run our code; 1 until smp_start(). */
extern u32 smp_cpus;

/* The APIC's page becomes a region; before vcpu_init(). */
void smp_init(const struct boot_info *bi);

/* Bring up the machine's other CPUs and park them; all or a message. */
void smp_start(const struct boot_info *bi, hpa_t root);

/*
 * The guest writes the ICR. True: it was NMI, INIT or SIPI, and is done, or SMI, and is not;
 * false: for the hardware.
 */
bool smp_icr_written(struct vcpu *vcpu, u32 low, u32 destination) must_check;

/*
 * The guest announces that it is about to start a CPU: it has written the CMOS's shutdown status,
 * by which a CPU's firmware would know what to do after INIT (MultiProcessor Specification 1.4,
 * B.4).
 */
void smp_init_announced(struct cpu *cpu);

/* INIT has reached this CPU: it waits for SIPI and begins anew. */
void smp_init_received(struct vcpu *vcpu);

/*
 * Keep all other CPUs out of the guest until smp_release_others(): what one instruction needs
 * changed in memory that all see. Costs an NMI each; waits while another CPU is in the domain.
 */
void smp_hold_others(struct cpu *cpu);
void smp_release_others(struct cpu *cpu);
/* Another CPU holds: wait here. */
void smp_obey(struct cpu *cpu);

/*
 * LVMON_PAUSE and LVMON_RESUME, by the CPU that runs the domain: the others are out of the guest in
 * between, but not when the domain has had PAUSE_NS of that CPU's time (x86/lapic.h). 0; -EBUSY:
 * they are held already; -ETIME: they could not all be held, or they went on before the release.
 */
int smp_pause(void) must_check;
int smp_resume(void);
/* A pause that lasts may last ms longer. */
void smp_pause_more(s64 ms);
/* No held CPU ends the pause between the two. False: there is no pause, or it has ended. */
bool smp_pause_keep(void) must_check;
void smp_pause_unkeep(void);
/* The domain's CPU looks whether a pause has lasted long enough: at each tick. */
void smp_pause_check(struct cpu *cpu);

/*
 * Others flood this CPU, which is in the domain, with interrupts: they are out of the guest until
 * smp_end_quiet(), unless that cannot be had.
 */
extern bool smp_quiet; /* they are; it is the domain's CPU that looks */
void smp_quiet_others(struct cpu *cpu);
void smp_end_quiet(struct cpu *cpu);

/* All CPUs but this one leave the guest once, and watch what is to be watched (rewatch). */
void smp_rewatch(const struct cpu *self);

/* Whole-engine lock: one event at a time. try: false when another CPU has it for longer than 100
 * us. */
bool smp_lock_engine(void) must_check;
/* The same without waiting. */
bool smp_try_engine(void) must_check;
void smp_unlock_engine(void);

#endif
