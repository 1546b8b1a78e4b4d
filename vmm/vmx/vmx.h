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

/* Bits of them that are never the guest's: see write_guest_state(). */
#define CR0_OWN (CR0_NE | CR0_CD | CR0_NW)
#define CR4_OWN (CR4_VMXE | CR4_SMXE | CR4_UINTR | CR4_FRED)

/* watch.c: writes to registers that a hook is on. */
bool vmx_decode_watched(u64 reason, struct vm_exit *exit) must_check;
void vmx_watch_msr(struct vcpu *vcpu, u32 msr, bool on);
int vmx_watch(struct vcpu *vcpu, u32 which) must_check;
u64 vmx_watched_value(struct vcpu *vcpu, const struct lvmon_register *reg, u32 *limit);

/* control.c: the guest's next RIP, where it has gone across a border of 32 or of all bits. */
u64 vmx_fit_rip(struct vcpu *vcpu, u64 old, u64 rip);

/* vmx.c: a control register as the guest sees it, by its fields. */
u64 vmx_seen(u64 real, u64 mask, u64 shadow);

/* vmx.c: called when the extended page table or the meaning of the VPID changed. */
void vmx_flush(struct vcpu *vcpu);

/* entry.S */
void vmx_loop(struct vcpu *vcpu) __noreturn;
void vmx_host_rip(void);

#endif
