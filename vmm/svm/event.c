/* SPDX-License-Identifier: Apache-2.0 */
/* Events that the guest is given on AMD SVM, and one instruction alone: APM vol. 2, 15.20. */
#include "vmm/cpu.h"
#include "vmm/svm/svm.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"

#define CPUID_SVM_NRIPS BIT(3)
#define TYPE_SOFT_INT	4u
#define OPCODE_INT3	0xcc
#define OPCODE_INT	0xcd
#define OPCODE_INTO	0xce

/* #TS, #NP, #SS, #GP, #PF: what the way into a handler can raise */
#define DELIVERY_FAULTS (BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14))

/* Vectors of exceptions: APM vol. 2, table 8-1; without NMI */
#define EXCEPTIONS 0x703f7dfbull

static bool nrips;

void svm_probe_events(void)
{
	nrips = cpuid(0x8000000a, 0).edx & CPUID_SVM_NRIPS;
}

void svm_inject(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error, u32 error)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	if (type == INJECT_NMI)
		vmcb->intercepts1 |= (u32)I1_IRET;
	vmcb->event_injection = vector | (u64)type << 8 | EVENT_VALID |
				(has_error ? EVENT_ERROR : 0) | (u64)error << 32;
}

/* Exceptions that exit: in a step all but #BP and NMI's vector, and those of a soft interrupt. */
static void write_exceptions(struct svm_vcpu *svm)
{
	u64 all = UINT32_MAX & ~BIT(VEC_BP) & ~BIT(VEC_NMI);

	svm->vmcb->exceptions = with_bits(svm->vmcb->exceptions, all, svm->stepping);
	if (svm->soft_int)
		svm->vmcb->exceptions |= (u32)DELIVERY_FAULTS;
}

/*
 * With NRIPS, the CPU takes the return address from the VMCB and leaves RIP at the instruction,
 * where a gate that refuses reports it. Without, the return address is RIP: it goes ahead, and back
 * again when a fault on the way tells that the handler was not reached.
 */
static void inject_soft(struct vcpu *vcpu, u32 vector, u32 type, u32 length)
{
	struct svm_vcpu *svm = svm_of(vcpu);
	u64 *rip = &vcpu->regs[LVMON_RIP];

	if (nrips) {
		svm->vmcb->next_rip = *rip + length;
	} else {
		type = TYPE_SOFT_INT; /* looks at the gate's DPL for INT3 too */
		svm->soft_int = true;
		svm->soft_rip = *rip;
		svm->soft_next = *rip += length;
		write_exceptions(svm);
	}
	svm->vmcb->event_injection = vector | (u64)type << 8 | EVENT_VALID;
}

void svm_soft_int(struct vcpu *vcpu)
{
	const struct vmcb *vmcb = svm_of(vcpu)->vmcb;
	u8 code[INSN_BYTES_MAX];
	u32 at, have = svm_fetch_code(vmcb, code, &at);

	if (at == have) /* in memory that came after the start: INT3 is likely */
		inject_soft(vcpu, VEC_BP, INJECT_EXCEPTION, 1);
	else if (code[at] == OPCODE_INT3)
		inject_soft(vcpu, VEC_BP, INJECT_EXCEPTION, at + 1);
	else if (code[at] == OPCODE_INTO)
		inject_soft(vcpu, VEC_OF, INJECT_EXCEPTION, at + 1);
	else if (code[at] == OPCODE_INT && at + 1 < have)
		inject_soft(vcpu, code[at + 1], TYPE_SOFT_INT, at + 2);
	else
		svm_touch_code(vmcb); /* it was an INT3 a moment ago */
}

bool svm_soft_int_is_long(struct vcpu *vcpu)
{
	const struct vmcb *vmcb = svm_of(vcpu)->vmcb;
	u8 code[INSN_BYTES_MAX];
	u32 at, have = svm_fetch_code(vmcb, code, &at);

	if (vmcb->next_rip)
		return vmcb->next_rip - vmcb->rip > 1;
	return at < have && (code[at] == OPCODE_INT || (code[at] == OPCODE_INT3 && at));
}

/* Is the event INT n, INT3 or INTO? Those happen again when their instruction is executed again. */
static bool is_soft(u64 info)
{
	u32 type = info >> 8 & 7, vector = info & 0xff;

	return type == TYPE_SOFT_INT ||
	       (type == INJECT_EXCEPTION && (vector == VEC_BP || vector == VEC_OF));
}

/* The handler of a soft interrupt was not reached: RIP is at the instruction, as if it faulted. */
static void take_back_soft_int(struct vcpu *vcpu)
{
	struct svm_vcpu *svm = svm_of(vcpu);
	u64 info = svm->vmcb->exit_int_info;

	if (svm->soft_int && (info & EVENT_VALID) && is_soft(info) &&
	    vcpu->regs[LVMON_RIP] == svm->soft_next)
		vcpu->regs[LVMON_RIP] = svm->soft_rip;
}

void svm_soft_int_over(struct vcpu *vcpu)
{
	struct svm_vcpu *svm = svm_of(vcpu);

	take_back_soft_int(vcpu);
	if (!svm->soft_int)
		return;
	svm->soft_int = false;
	if (!svm->stepping)
		svm->vmcb->exceptions &= ~(u32)DELIVERY_FAULTS;
}

void svm_requeue(struct vcpu *vcpu)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;
	u64 info = vmcb->exit_int_info;
	u32 vector = info & 0xff;

	if (!(info & EVENT_VALID) || vmcb->event_injection)
		return;
	/*
	 * The VMCB's next RIP is lost by now, but not the instruction: the CPU shall execute it.
	 * Injected again, it would return to where it stands.
	 */
	if (is_soft(info)) {
		take_back_soft_int(vcpu);
		return;
	}
	/* QEMU's TCG reports an external interrupt as type 3, and refuses it as one. */
	if ((info >> 8 & 7) == INJECT_EXCEPTION && (vector >= 32 || !(BIT(vector) & EXCEPTIONS)))
		info = (info & ~0x700ull) | (u64)(vector == VEC_NMI ? INJECT_NMI : INJECT_INTERRUPT)
						    << 8;
	vmcb->event_injection = info;
}

void svm_raise_debug(struct vcpu *vcpu, u64 causes)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	/* APM vol. 2, 13.1.1.3: B0 to B3 are written anew with each breakpoint, the others stay. */
	if (causes & DR6_BREAKPOINTS)
		vmcb->dr6 &= ~DR6_BREAKPOINTS;
	vmcb->dr6 |= causes;
	vmcb->dr7 &= ~DR7_GD;
	svm_inject(vcpu, VEC_DB, INJECT_EXCEPTION, false, 0);
}

/* Without LBR virtualisation, the CPU's is the guest's all the time: APM vol. 2, 15.23. */
static u64 debugctl(void)
{
	u64 value;

	return rdmsr_safe(MSR_DEBUGCTL, &value) ? 0 : value;
}

bool svm_steps_branches(struct vcpu *vcpu)
{
	const struct svm_vcpu *svm = svm_of(vcpu);

	return (svm->stepping ? svm->debugctl : debugctl()) & DEBUGCTL_BTF;
}

void svm_single_step(struct vcpu *vcpu, bool on)
{
	struct svm_vcpu *svm = svm_of(vcpu);
	struct vmcb *vmcb = svm->vmcb;
	u64 now = debugctl(), wanted;

	if (on) {
		svm->dr6 = vmcb->dr6;
		svm->debugctl = now;
	}
	/*
	 * With BTF set, TF would stop at branches only (APM vol. 2, 13.1.1.4); #DB may change it.
	 */
	wanted = on ? now & ~DEBUGCTL_BTF : svm->debugctl;
	if (wanted != now)
		wrmsr(MSR_DEBUGCTL, wanted);
	vmcb->dr6 = on ? vmcb->dr6 & ~DR6_CAUSES : svm->dr6;
	svm->stepping = on;
	write_exceptions(svm);
	/* The host's IF, which is clear, masks physical interrupts meanwhile: 15.21.1. */
	vmcb->virtual_interrupt &= ~V_INTR_MASKING;
	if (on)
		vmcb->virtual_interrupt |= V_INTR_MASKING;
}
