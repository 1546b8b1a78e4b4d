/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to control registers that exit because a bit is not the guest's: CR4.VMXE and SMXE, which
 * it is told it lacks, and CR0.NE, which VT-x wants set while the guest may have it clear.
 */
#include "vmm/guest_ram.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/vmx/vmx.h"
#include "vmm/x86/asm.h"

#define MOV_TO_CR 0

static void load_pdptes(u64 cr3)
{
	gpa_t table = (u32)cr3 & ~31u;

	for (u64 i = 0; i < 4; i++) {
		u64 entry = 0;

		if (guest_ram_has(table, 32))
			entry = ((const volatile u64 *)guest_ram_ptr(table))[i];
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, entry & BIT(0) ? entry & ~0x1e6ull : 0);
	}
}

/* MOV to CR0 as SDM vol. 2 and vol. 3, 4.1.2 have it. False: #GP. */
static bool write_cr0_of_guest(struct vcpu *vcpu, u64 value)
{
	u64 now = vmread(VMCS_GUEST_CR0), cr4 = vmread(VMCS_GUEST_CR4);
	u64 efer = vmread(VMCS_GUEST_EFER), entry = vmread(VMCS_ENTRY_CONTROLS);
	bool paging = value & CR0_PG;

	if (value >> 32 || (paging && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if (paging && !(now & CR0_PG)) {
		if (efer & EFER_LME) {
			if (!(cr4 & CR4_PAE) || (vmread(VMCS_GUEST_CS_RIGHTS) & RIGHTS_LONG))
				return false;
			efer |= EFER_LMA;
		} else if (cr4 & CR4_PAE) {
			load_pdptes(vmread(VMCS_GUEST_CR3));
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
	vmwrite(VMCS_GUEST_CR0, value | CR0_ET | CR0_NE);
	vmwrite(VMCS_CR0_SHADOW, value);
	vmx_flush(vcpu);
	return true;
}

void vmx_control_access(struct vcpu *vcpu)
{
	u64 info = vmread(VMCS_QUALIFICATION); /* SDM vol. 3, table 28-3 */
	u64 value = vcpu->regs[info >> 8 & 15];

	if ((info & 15) == 0 && (info >> 4 & 3) == MOV_TO_CR && write_cr0_of_guest(vcpu, value))
		vcpu->regs[LVMON_RIP] += vmread(VMCS_EXIT_LENGTH);
	else
		vcpu_ops->inject(vcpu, VEC_GP, INJECT_EXCEPTION, true, 0);
}
