/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The per-CPU area: all that belongs to one CPU while it is ours. GS_BASE points to it in ring 0;
 * its descriptor tables and stacks are in it too.
 */
#ifndef VMM_CPU_H
#define VMM_CPU_H

#include "vmm/types.h"
#include "vmm/vcpu.h"
#include "vmm/x86/desc.h"
#include "vmm/x86/lapic.h"
#include "vmm/x86/exceptions.h"

/* nmi_pending and mc_pending: for the next entry, or for when the guest can take it. */
enum { PENDING_NOW = 1, PENDING_PUT_OFF = 2 };

struct cpu {
	/* Known to exceptions.S by offset. */
	struct cpu *self;
	u64 kernel_rsp; /* of the caller of domain_enter() */
	u64 scratch;
	u64 frame_end; /* end of the domain's trap frame, as TSS.RSP0 */

	u32 id; /* known to current_cpu_id() */
	u32 apic_id;
	union {
		struct {
			u8 nmi_pending; /* arrived while the CPU was ours, or from apic.c */
			u8 mc_pending;
			bool init_pending; /* apic.c, by any CPU */
			bool hold;	   /* another CPU wants this one out of the guest */
			bool rewatch;	   /* other registers are watched now: monitor/register.c */
		};
		u64 attention; /* any of these: one look before each entry (vmx/entry.S) */
	};
	bool online;  /* this and the next five: smp.c, apic.c and hold.c, by any CPU */
	bool waiting; /* for SIPI */
	u32 wakers;   /* that may have seen it waiting, and not sent WAKE_VECTOR yet */
	bool kicked;  /* an NMI of ours is on its way */
	bool held;    /* out of the guest, for another CPU */
	u32 sipi;     /* vector, and SIPI_LATCHED */
	u32 ldr;      /* logical APIC id; 0: not known, or in x2APIC mode */
	struct lapic_loan loan;
	u32 taken; /* vector of an interrupt taken for the guest in ring 0 */

	u64 stack_top;
	struct descriptors descriptors;
	struct vcpu vcpu;
};

/* Allocate a CPU's area, its stacks and descriptor tables. */
struct cpu *cpu_create(hpa_t root, u32 id);

/* Make it this CPU's, and set CR0 and CR4. */
void cpu_load(struct cpu *cpu);

/* The MSRs of SYSCALL and SWAPGS, for the domain. */
void cpu_load_syscall(void);

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

#endif
