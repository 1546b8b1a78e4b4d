/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protection domain: an address space in ring 3 that runs the engine's static ELF. It can be
 * stopped and killed at any instruction, and comes back from its clean image.
 */
#ifndef VMM_DOMAIN_DOMAIN_H
#define VMM_DOMAIN_DOMAIN_H

#include "vmm/boot_info.h"
#include "vmm/types.h"

/* Prepare the first start. 0; -ENOENT: no engine was given; -ENOEXEC: not a static x86-64 ELF. */
int domain_init(const struct boot_info *bi, hpa_t vmm_root, u32 default_budget_ms) must_check;

/*
 * Give the domain an event and take its verdict. A domain that dies is restarted and gets the event
 * again, with LVMON_EVF_AGAIN, until a verdict comes; -ENODEV when it cannot be started any more or
 * dies on and on. *verdict is LVMON_CONTINUE then.
 */
int domain_handle(struct lvmon_event *event, u32 budget_ms,
		  struct lvmon_verdict *verdict) must_check;

/* End the engine; the next event starts a fresh one that keeps nothing. */
void domain_forget(void);
/*
 * Calls that the domain's users answer (LVMON_*): the monitor. Returns what the domain gets in RAX.
 */
s64 monitor_call(u64 number, const u64 args[6]);
/* The domain died: whatever it had set up must go. */
void monitor_domain_died(void);

/*
 * An interrupt during the short moment in which interrupts are on; false: not the domain's matter.
 */
bool domain_interrupt(u32 vector);

/*
 * An NMI has interrupted ring 3, and NMIs are blocked: whoever sends one behind the other would
 * keep the domain from every instruction.
 */
struct cpu;
void domain_nmi(struct cpu *cpu);

/* Time that the domain has had, as CLOCK_PROCESS_CPUTIME_ID: see x86/lapic.h. */
u64 domain_cpu_ns(void);

/* Copy to and from domain memory. 0 or -EFAULT. */
int domain_read(void *to, u64 from, u64 size) must_check;
int domain_write(u64 to, const void *from, u64 size) must_check;

/* The event at hand has ms from now on; spent_ms were spent in the vmm for it. */
void domain_more_time(u32 spent_ms, u32 ms);
/* What it may still be given so, of LVMON_DRAIN_MS_MAX. */
u32 domain_time_left(void);

/* Keep a copy of a blob of the domain's over restarts. */
int domain_store_blob(u64 from, u64 size) must_check;

#endif
