/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SMI makes the CPU run code with all rights, whatever is intercepted. A firmware tells each CPU
 * a place for it (SMBASE) and locks that. Where it has not, as in QEMU for all CPUs but the first,
 * the place is ordinary memory at 30000h, the guest's. We send the CPU an SMI with code of ours
 * there to find out; that code makes the next SMI run an RSM in our memory (APM vol. 2, 10.3; SDM
 * vol. 3, 32.4).
 */
#include "vmm/cpu.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/smm.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/policy.h"
#include "vmm/string.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"
#include "vmm/x86/lapic.h"

#define DEFAULT_SMBASE 0x30000ull
#define ENTRY	       0x8000ull /* from SMBASE */
#define STATE	       0xfc00ull
#define STATE_SIZE     0x400
#define AREA_PAGES     8 /* from the entry to the end of the state */
#define WAIT_NS	       1000000ull
#define LOOKS	       1000u

#define MSR_HWCR	  0xc0010015u
#define HWCR_SMMLOCK	  BIT(0)
#define MSR_MTRRCAP	  0xfeu
#define MTRRCAP_SMRR	  BIT(11)
#define MSR_SMRR_PHYSMASK 0x1f3u
#define SMRR_VALID	  BIT(11)

/*
 * Runs in 16-bit mode, with the data segments at 0. The saved SMBASE is at FEF8h (Intel) or FF00h
 * (AMD, and emulators with 64 bits), and the other place is not used; FC00h is not used by either.
 */
static const u8 code[] = {
	0x67, 0x66, 0xc7, 0x05, 0xf8, 0xfe, 3, 0, 0, 0, 0, 0, /* movl base, 3fef8h */
	0x67, 0x66, 0xc7, 0x05, 0x00, 0xff, 3, 0, 0, 0, 0, 0, /* movl base, 3ff00h */
	0x67, 0xc6, 0x05, 0x00, 0xfc, 3,    0, 1,	      /* movb $1, 3fc00h */
	0x0f, 0xaa,					      /* rsm */
};
#define BASE_INTEL 8
#define BASE_AMD   20

static const u8 rsm[] = {0x0f, 0xaa};

#define LVT_MODE(lvt) ((lvt) >> 8 & 7)
#define LVT_MODE_SMI  2u

bool smm_open;

/* Is SMM out of everybody's reach until the next reset? */
static bool locked(void)
{
	u64 value;

	if (vcpu_ops->vendor_id == POLICY_AMD)
		return !rdmsr_safe(MSR_HWCR, &value) && (value & HWCR_SMMLOCK);
	return !rdmsr_safe(MSR_MTRRCAP, &value) && (value & MTRRCAP_SMRR) &&
	       !rdmsr_safe(MSR_SMRR_PHYSMASK, &value) && (value & SMRR_VALID);
}

/* True: the CPU has run the code at the default place. */
static bool run_code(u32 base)
{
	static u8 saved_code[sizeof(code)], saved_state[STATE_SIZE];
	u8 ours[sizeof(code)];
	const volatile u8 *done = guest_ram_ptr(DEFAULT_SMBASE + STATE);
	bool ran = false;
	u64 until;

	memcpy(ours, code, sizeof(code));
	memcpy(ours + BASE_INTEL, &base, sizeof(base));
	memcpy(ours + BASE_AMD, &base, sizeof(base));
	memcpy(saved_code, guest_ram_ptr(DEFAULT_SMBASE + ENTRY), sizeof(code));
	memcpy(saved_state, guest_ram_ptr(DEFAULT_SMBASE + STATE), STATE_SIZE);
	if (guest_ram_write(DEFAULT_SMBASE + ENTRY, ours, sizeof(ours)) ||
	    guest_ram_write(DEFAULT_SMBASE + STATE, (const u8[]){0}, 1))
		return false;
	lapic_send_smi(lapic_id());
	until = time_ns() + WAIT_NS;
	for (u32 i = 0; !ran && (i < LOOKS || time_ns() < until); i++) {
		__asm__ volatile("pause");
		ran = *done;
	}
	if (guest_ram_write(DEFAULT_SMBASE + ENTRY, saved_code, sizeof(saved_code)) ||
	    guest_ram_write(DEFAULT_SMBASE + STATE, saved_state, STATE_SIZE))
		return false;
	return ran;
}

/* False: the CPU's SMM code is elsewhere. */
static bool claim(void)
{
	hpa_t area;

	if (!guest_ram_has(DEFAULT_SMBASE + ENTRY, AREA_PAGES * PAGE_SIZE))
		return false;
	area = pages_alloc_contiguous(AREA_PAGES);
	if (!area)
		fatal("too little memory for SMM");
	memcpy(phys_to_virt(area), rsm, sizeof(rsm));
	return run_code((u32)(area - ENTRY));
}

static const char *look(void)
{
	bool closed;

	if (locked())
		return "locked by the firmware";
	closed = pci_lock_smram();
	if (claim())
		return "nobody's before; an SMI does nothing now";
	if (closed)
		return "the firmware's; SMRAM is locked now";
	smm_open = true;
	return NULL;
}

void smm_claim(void)
{
	static const char *said = "";
	const char *whose = look();

	if (whose == said)
		return;
	said = whose;
	if (whose)
		log_line("SMM of CPU %u: %s", this_cpu()->id, whose);
	else
		log_line("warning: the firmware has left SMM of CPU %u open: code that the guest "
			 "gets there runs above the hypervisor; SMIs by the APICs are refused",
			 this_cpu()->id);
}

bool smm_refuses(u32 lvt)
{
	if (!smm_open || LVT_MODE(lvt) != LVT_MODE_SMI)
		return false;
	log_limited("refused: SMI by the local APIC's vector table");
	return true;
}
