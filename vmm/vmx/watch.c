/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to registers that a hook is on. A control register is watched by a mask of all bits (SDM
 * vol. 3, 25.6.6): a MOV, LMSW or CLTS that changes one of them exits. The tables' registers exit
 * by one control, with those of LDTR and TR and with reads (25.6.2).
 */
#include "vmm/vmx/vmcs.h"
#include "vmm/vmx/vmx.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"

#define MSR_SYSENTER_CS	 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u

/* Exit information, bits 28 and 29: tables 28-12 */
enum { SGDT, SIDT, LGDT, LIDT };

static bool all_watched(enum vmcs_field mask)
{
	return vmread(mask) == UINT64_MAX;
}

/* The exits by the tables' control are all ours. */
static void decode_table(u64 reason, struct vm_exit *exit)
{
	u64 insn = vmread(VMCS_INSN_INFO) >> 28 & 3;

	exit->which = 0;
	if (reason == REASON_TABLES && insn >= LGDT)
		exit->which = insn == LIDT ? LVMON_WATCH_IDTR : LVMON_WATCH_GDTR;
	exit->kind = EXIT_REGISTER;
}

bool vmx_decode_watched(u64 reason, struct vm_exit *exit)
{
	u64 number;

	if (reason != REASON_CR_ACCESS) {
		decode_table(reason, exit);
		return true;
	}
	number = vmread(VMCS_QUALIFICATION) & 15;
	if (!all_watched(number ? VMCS_CR4_MASK : VMCS_CR0_MASK))
		return false;
	exit->which = number ? LVMON_WATCH_CR4 : LVMON_WATCH_CR0;
	exit->kind = EXIT_REGISTER;
	return true;
}

void vmx_watch_msr(struct vcpu *vcpu, u32 msr, bool on)
{
	vmx_intercept_msr(vmx_of(vcpu), msr, false, on);
}

/* What the guest reads stays the same. */
static void watch_control(bool on, enum vmcs_field real, enum vmcs_field mask,
			  enum vmcs_field shadow, u64 own)
{
	if (on == all_watched(mask))
		return;
	vmwrite(shadow, vmx_seen(real, mask, shadow));
	vmwrite(mask, on ? UINT64_MAX : own);
}

int vmx_watch(struct vcpu *vcpu, u32 which)
{
	u64 secondary = vmread(VMCS_SECONDARY_CONTROLS);
	bool tables = which & (BIT(LVMON_WATCH_IDTR) | BIT(LVMON_WATCH_GDTR));

	if (tables && !(rdmsr(MSR_VMX_SECONDARY) >> 32 & SECONDARY_DESCRIPTORS))
		return -ENODEV;
	if (tables != !!(secondary & SECONDARY_DESCRIPTORS))
		vmwrite(VMCS_SECONDARY_CONTROLS, secondary ^ SECONDARY_DESCRIPTORS);
	watch_control(which & BIT(LVMON_WATCH_CR0), VMCS_GUEST_CR0, VMCS_CR0_MASK, VMCS_CR0_SHADOW,
		      CR0_OWN);
	watch_control(which & BIT(LVMON_WATCH_CR4), VMCS_GUEST_CR4, VMCS_CR4_MASK, VMCS_CR4_SHADOW,
		      CR4_OWN);
	return 0;
}

/* Those that entries bring are in the VMCS, the others in the CPU while the host is not open. */
static u64 msr_value(u32 msr)
{
	u64 value;

	switch (msr) {
	case MSR_EFER:
		return vmread(VMCS_GUEST_EFER);
	case MSR_FS_BASE:
		return vmread(VMCS_GUEST_FS_BASE);
	case MSR_GS_BASE:
		return vmread(VMCS_GUEST_GS_BASE);
	case MSR_SYSENTER_CS:
		return vmread(VMCS_GUEST_SYSENTER_CS);
	case MSR_SYSENTER_ESP:
		return vmread(VMCS_GUEST_SYSENTER_ESP);
	case MSR_SYSENTER_EIP:
		return vmread(VMCS_GUEST_SYSENTER_EIP);
	case MSR_PAT:
		return vmread(VMCS_GUEST_PAT);
	default:
		return rdmsr_safe(msr, &value) ? 0 : value;
	}
}

u64 vmx_watched_value(struct vcpu *vcpu, const struct lvmon_register *reg, u32 *limit)
{
	switch (reg->which) {
	case LVMON_WATCH_MSR:
		return msr_value(reg->msr);
	case LVMON_WATCH_CR0:
		return vmx_seen(VMCS_GUEST_CR0, VMCS_CR0_MASK, VMCS_CR0_SHADOW);
	case LVMON_WATCH_CR4:
		return vmx_seen(VMCS_GUEST_CR4, VMCS_CR4_MASK, VMCS_CR4_SHADOW);
	case LVMON_WATCH_IDTR:
		*limit = (u32)vmread(VMCS_GUEST_IDTR_LIMIT);
		return vmread(VMCS_GUEST_IDTR_BASE);
	case LVMON_WATCH_GDTR:
		*limit = (u32)vmread(VMCS_GUEST_GDTR_LIMIT);
		return vmread(VMCS_GUEST_GDTR_BASE);
	default:
		return 0;
	}
}
