/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of vmm/vmx/ share; nobody else includes it. */
#ifndef VMM_VMX_VMX_H
#define VMM_VMX_VMX_H

#include "vmm/vcpu.h"

struct vmx_vcpu {
	u8 *msr_bitmap;
	u64 eptp;
	u64 pin, primary; /* as written to the VMCS */
	bool intercept_breakpoints, stepping;
	bool intercept_interrupts;
	u64 debugctl; /* the guest's, while stepping */

	/* While the host is open, these of the guest's registers are put aside (vmx.c). */
	bool host_open;
	u64 star, lstar, sfmask, kernel_gs_base, cr2;
	u64 cr0; /* with the guest's CD and NW */
};

static inline struct vmx_vcpu *vmx_of(struct vcpu *vcpu)
{
	return vcpu->vendor;
}

/* setup.c */
bool vmx_present(void);
const char *vmx_probe(void);
void vmx_init(const struct boot_info *bi);
/* VMXON, and a VMCS that is current from then on. No entry: vmx_start_up() comes first. */
void vmx_init_cpu(struct vcpu *vcpu, const struct guest_entry *entry);
void vmx_start_up(struct vcpu *vcpu, u8 vector);
/* Exits when the guest reads or writes an MSR; outside the bitmap's two ranges always. */
void vmx_intercept_msr(void *vmx, u32 msr, bool read, bool write);

/* control.c: the guest writes a control register bit that it does not own. */
void vmx_control_access(struct vcpu *vcpu);

/* control.c: the guest's next RIP, where it has gone across a border of 32 or of all bits. */
u64 vmx_fit_rip(struct vcpu *vcpu, u64 old, u64 rip);

/* vmx.c: called when the extended page table or the meaning of the VPID changed. */
void vmx_flush(struct vcpu *vcpu);

/* entry.S */
void vmx_loop(struct vcpu *vcpu) __noreturn;
void vmx_host_rip(void);

#endif
