/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the state in which the guest is entered one that VT-x takes (SDM vol. 3, 27.3.1), whatever
 * the guest does: where we do an instruction's work, the CPU does not check it.
 *
 * Writes to control registers exit because a bit is not the guest's: CR4's bits for what it is told
 * it lacks, and CR0.NE, which VT-x wants set while the guest may have it clear; and CR0.CD and NW,
 * which are not switched at exits: the guest sees what it wrote, and its caches stay on.
 */
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/vmx/vmx.h"
#include "vmm/x86/asm.h"

#define MOV_TO_CR 0

/* The others are ignored: SDM vol. 3, 2.5. */
#define CR0_KNOWN                                                                                  \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
	 CR0_PG)

/* Table 4-8 */
#define PDPTE_RESERVED 0x1e6ull

/* False: one that is present has a reserved bit, which is #GP (4.4.1). */
static bool load_pdptes(u64 cr3)
{
	u64 reserved = PDPTE_RESERVED | ~(BIT(cpuid(0x80000008, 0).eax & 0xff) - 1);
	gpa_t table = (u32)cr3 & ~31u;
	u64 entries[4] = {0};

	for (u64 i = 0; i < 4 && guest_ram_has(table, 32); i++) {
		entries[i] = ((const volatile u64 *)guest_ram_ptr(table))[i];
		if ((entries[i] & BIT(0)) && (entries[i] & reserved))
			return false;
	}
	for (u64 i = 0; i < 4; i++)
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, entries[i]);
	return true;
}

/* Long mode wants PAE, and is entered from a 32-bit TSS and outside of 64-bit code: 10.8.5.1 */
static bool can_enter_long_mode(u64 cr4)
{
	return (cr4 & CR4_PAE) && !(vmread(VMCS_GUEST_CS_RIGHTS) & RIGHTS_LONG) &&
	       (vmread(VMCS_GUEST_TR_RIGHTS) & 15) == TYPE_BUSY_TSS;
}

/* MOV to CR0 as SDM vol. 2 and vol. 3, 4.1.2 have it. False: #GP. */
static bool write_cr0_of_guest(struct vcpu *vcpu, u64 value)
{
	u64 now = vmread(VMCS_GUEST_CR0), cr4 = vmread(VMCS_GUEST_CR4);
	u64 efer = vmread(VMCS_GUEST_EFER), entry = vmread(VMCS_ENTRY_CONTROLS);
	bool paging = value & CR0_PG;

	if (value >> 32 || (paging && !(value & CR0_PE)) ||
	    ((value & CR0_NW) && !(value & CR0_CD)) || (!(value & CR0_WP) && (cr4 & CR4_CET)))
		return false;
	value &= CR0_KNOWN;
	if (paging && !(now & CR0_PG)) {
		if (efer & EFER_LME) {
			if (!can_enter_long_mode(cr4))
				return false;
			efer |= EFER_LMA;
		} else if ((cr4 & CR4_PAE) && !load_pdptes(vmread(VMCS_GUEST_CR3))) {
			return false;
		}
	} else if (!paging && (now & CR0_PG)) {
		if ((cr4 & CR4_PCIDE) ||
		    ((vmread(VMCS_GUEST_CS_RIGHTS) & RIGHTS_LONG) && (efer & EFER_LMA)))
			return false;
		efer &= ~EFER_LMA;
	}
	entry = efer & EFER_LMA ? entry | VMENTRY_GUEST_64 : entry & ~VMENTRY_GUEST_64;
	vmwrite(VMCS_GUEST_EFER, efer);
	vmwrite(VMCS_ENTRY_CONTROLS, entry);
	vmwrite(VMCS_GUEST_CR0, (value & ~(CR0_CD | CR0_NW)) | CR0_ET | CR0_NE);
	vmwrite(VMCS_CR0_SHADOW, value);
	vmx_flush(vcpu);
	return true;
}

void vmx_control_access(struct vcpu *vcpu)
{
	u64 info = vmread(VMCS_QUALIFICATION); /* SDM vol. 3, table 28-3 */
	u64 value = vcpu->regs[info >> 8 & 15];

	if ((info & 15) == 0 && (info >> 4 & 3) == MOV_TO_CR && write_cr0_of_guest(vcpu, value))
		vcpu_retire(vcpu, vcpu->regs[LVMON_RIP] + vmread(VMCS_EXIT_LENGTH));
	else
		vcpu_inject(vcpu, VEC_GP, INJECT_EXCEPTION, true, 0);
}

/*
 * RIP goes across the end of an address space. 27.3.1.4: outside of 64-bit mode it has 32 bits; in
 * it, the bits above those that the CPU translates are alike. Where the CPU would fetch from
 * there and meet #GP, the instruction before gets it: the other RIP cannot be entered with.
 */
u64 slow_path vmx_fit_rip(struct vcpu *vcpu, u64 old, u64 rip)
{
	if (!(vmread(VMCS_ENTRY_CONTROLS) & VMENTRY_GUEST_64) ||
	    !(vmread(VMCS_GUEST_CS_RIGHTS) & RIGHTS_LONG))
		return (u32)rip;
	if (canonical(rip, (cpuid(0x80000008, 0).eax >> 8 & 0xff) > 48))
		return rip;
	/* What is on its way already comes first, and then the instruction again. */
	if (!(vmread(VMCS_ENTRY_EVENT) & EVENT_VALID))
		vcpu_inject(vcpu, VEC_GP, INJECT_EXCEPTION, true, 0);
	return old;
}
