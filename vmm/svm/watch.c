/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to registers that a hook is on: APM vol. 2, 15.8 and 15.11, appendix C. */
#include "vmm/svm/svm.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"

#define MSR_CSTAR	 0xc0000083u
#define MSR_SYSENTER_CS	 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_PAT		 0x277u

#define CR0_WRITE 1u /* CLTS and LMSW too */
#define CR4_WRITE (1u << 4)

bool svm_decode_watched(u64 code, struct vm_exit *exit)
{
	switch (code) {
	case VMEXIT_WRITE_CR0:
		exit->which = LVMON_WATCH_CR0;
		break;
	case VMEXIT_WRITE_CR4:
		exit->which = LVMON_WATCH_CR4;
		break;
	case VMEXIT_WRITE_IDTR:
		exit->which = LVMON_WATCH_IDTR;
		break;
	case VMEXIT_WRITE_GDTR:
		exit->which = LVMON_WATCH_GDTR;
		break;
	default:
		return false;
	}
	exit->kind = EXIT_REGISTER;
	return true;
}

void svm_watch_msr(struct vcpu *vcpu, u32 msr, bool on)
{
	svm_msr_intercept(svm_of(vcpu), msr, false, on);
}

int svm_watch(struct vcpu *vcpu, u32 which)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	vmcb->cr_writes = (u16)((which & BIT(LVMON_WATCH_CR0) ? CR0_WRITE : 0) |
				(which & BIT(LVMON_WATCH_CR4) ? CR4_WRITE : 0));
	vmcb->intercepts1 = with_bits(vmcb->intercepts1, I1_IDTR, which & BIT(LVMON_WATCH_IDTR));
	vmcb->intercepts1 = with_bits(vmcb->intercepts1, I1_GDTR, which & BIT(LVMON_WATCH_GDTR));
	return 0;
}

/* Those that VMRUN and VMLOAD bring are in the VMCB, the others in the CPU. */
static u64 msr_value(const struct vmcb *vmcb, u32 msr)
{
	u64 value;

	switch (msr) {
	case MSR_EFER:
		return vmcb->efer & ~EFER_SVME;
	case MSR_STAR:
		return vmcb->star;
	case MSR_LSTAR:
		return vmcb->lstar;
	case MSR_CSTAR:
		return vmcb->cstar;
	case MSR_SFMASK:
		return vmcb->sfmask;
	case MSR_FS_BASE:
		return vmcb->fs.base;
	case MSR_GS_BASE:
		return vmcb->gs.base;
	case MSR_KERNEL_GS_BASE:
		return vmcb->kernel_gs_base;
	case MSR_SYSENTER_CS:
		return vmcb->sysenter_cs;
	case MSR_SYSENTER_ESP:
		return vmcb->sysenter_esp;
	case MSR_SYSENTER_EIP:
		return vmcb->sysenter_eip;
	case MSR_PAT:
		return vmcb->pat;
	default:
		return rdmsr_safe(msr, &value) ? 0 : value;
	}
}

u64 svm_watched_value(struct vcpu *vcpu, const struct lvmon_register *reg, u32 *limit)
{
	const struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	switch (reg->which) {
	case LVMON_WATCH_MSR:
		return msr_value(vmcb, reg->msr);
	case LVMON_WATCH_CR0:
		return vmcb->cr0;
	case LVMON_WATCH_CR4:
		return vmcb->cr4;
	case LVMON_WATCH_IDTR:
		*limit = vmcb->idtr.limit;
		return vmcb->idtr.base;
	case LVMON_WATCH_GDTR:
		*limit = vmcb->gdtr.limit;
		return vmcb->gdtr.base;
	default:
		return 0;
	}
}
