/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vmm's pure logic needs around it on the host: hypervisor memory, a small guest's RAM
 * with the window on it, and instructions of ring 0 that are only remembered (fake/vmm/x86/asm.h).
 *
 * Guest RAM: [0, 0x9f000) and [0x100000, 0x1000000) without our own [0x800000, 0xa00000). The
 * window is readable only there, and writable nowhere. The slot for writes behaves as a TLB does:
 * it shows the page that its entry named at the first access, until invlpg.
 */
#ifndef UNIT_VMM_HOST_H
#define UNIT_VMM_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmm/types.h"
#include "vmm/vcpu.h"

#define HOST_HPA     0x40000000ull /* where the hypervisor's memory seems to lie */
#define HOST_OWN     0x800000ull
#define HOST_OWN_END 0xa00000ull
#define HOST_RAM_END 0x1000000ull

/* Fresh hypervisor memory of so many pages; what was handed out before is gone. */
void host_memory(u64 pages);
/* Take all pages but left. */
void host_use_up(u64 left);

/* Fresh guest RAM, all zero; includes host_memory(). Returns the root that has the write slot. */
hpa_t host_guest(void);
/* The same with more pages of hypervisor memory. */
hpa_t host_guest_with(u64 pages);
/* For a test that writes to guest RAM with what a set-up made: cmocka has its own handler for each
 * test. */
void host_slot_faults(void);
/* Guest RAM as the guest sees it: writable. */
void *host_ram(gpa_t gpa);
/* Guest page tables in guest RAM. A new root; a mapping of one page of PAGE_SIZE or larger. */
gpa_t host_guest_root(void);
void host_guest_map(gpa_t root, int levels, gva_t va, gpa_t gpa, u64 size);
/* The guest's own entry for va at a level, 1 for the last. */
u64 *host_guest_entry(gpa_t root, int levels, gva_t va, int level);

/* A vCPU with paging on, and what was injected into it. */
extern struct host_injected {
	u32 count, vector, error;
	bool has_error;
	u64 cr2, debug;
} host_injected;
/* vcpu_step_with() was called */
extern struct host_step {
	u32 count;
	gpa_t gpa;
	u8 byte;
} host_step;
void host_vcpu(struct vcpu *vcpu, struct vcpu_paging *paging, gpa_t root);

/* What hardware was asked, and what it answers. */
extern u64 host_cr2, host_dr6, host_cr3, host_cr3_writes, host_invlpgs, host_tsc, host_xcr0,
	host_wbinvds;
extern u64 host_breakpoints[4];
extern const volatile void *host_invlpg_last;
extern void (*host_outb)(u16 port, u8 value);
extern u8 (*host_inb)(u16 port);
extern void (*host_outw)(u16 port, u16 value);
extern u16 (*host_inw)(u16 port);
extern void (*host_outl)(u16 port, u32 value);
extern u32 (*host_inl)(u16 port);
extern struct cpuid_regs (*host_cpuid)(u32 leaf, u32 subleaf);
/* Instead of host_tsc. */
extern u64 (*host_rdtsc)(void);
u64 host_msr(u32 msr);
void host_msr_set(u32 msr, u64 value);
/* Values that are #GP: plain wrmsr() ends the test then. */
extern bool (*host_msr_refused)(u32 msr, u64 value);

/* What was written to the log channel since host_log_clear(). */
extern char host_log[65536];
extern size_t host_log_size;
void host_log_clear(void);

/* The code between must end in fatal(), crash() or halt_forever(), with this in the log. */
extern jmp_buf host_fatal_to;
extern bool host_fatal_expected;
#define expect_fatal(text, code)                          \
	do {                                              \
		host_log_clear();                         \
		host_fatal_expected = true;               \
		if (!setjmp(host_fatal_to)) {             \
			code;                             \
			host_fatal_expected = false;      \
			fail_msg("%s: not fatal", #code); \
		}                                         \
		host_fatal_expected = false;              \
		assert_non_null(strstr(host_log, text));  \
	} while (0)

#endif
