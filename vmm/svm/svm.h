/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of vmm/svm/ share; nobody else includes it. */
#ifndef VMM_SVM_SVM_H
#define VMM_SVM_SVM_H

#include "vmm/svm/vmcb.h"
#include "vmm/vcpu.h"
#include "vmm/x86/insn.h"

struct svm_vcpu {
	struct vmcb *vmcb;
	hpa_t vmcb_pa, host_pa;
	u8 *msrpm;
	struct walk *code; /* to the page of the last instruction whose length was looked for */

	/* The guest's while it steps: what causes its next #DB begins at zero. */
	bool stepping;
	u64 dr6, debugctl;

	/* Without NRIPS, a soft interrupt on its way: RIP of the instruction and behind it. */
	bool soft_int;
	u64 soft_rip, soft_next;
};

static inline struct svm_vcpu *svm_of(struct vcpu *vcpu)
{
	return vcpu->vendor;
}

/* insn.c: bytes of the instruction at RIP that exited; opcode: without prefixes. */
u32 svm_insn_length(struct svm_vcpu *svm, u16 opcode);
/* The code at RIP, as much as we see of it; and how many of these bytes are prefixes. */
u32 svm_fetch_code(const struct vmcb *vmcb, u8 code[INSN_BYTES_MAX], u32 *prefixes);
/* See guest_ram_touch(). */
void svm_touch_code(const struct vmcb *vmcb);

/* event.c: exceptions, interrupts and steps of the guest. */
void svm_probe_events(void);
void svm_inject(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error, u32 error);
void svm_requeue(struct vcpu *vcpu);
void svm_soft_int(struct vcpu *vcpu);
bool svm_soft_int_is_long(struct vcpu *vcpu);
/* An exception exited: was it raised on the way into a soft interrupt's handler? */
void svm_soft_int_over(struct vcpu *vcpu);
void svm_raise_debug(struct vcpu *vcpu, u64 causes);
bool svm_steps_branches(struct vcpu *vcpu);
void svm_single_step(struct vcpu *vcpu, bool on);

/* watch.c: writes to registers that a hook is on. */
bool svm_decode_watched(u64 code, struct vm_exit *exit) must_check;
void svm_watch_msr(struct vcpu *vcpu, u32 msr, bool on);
int svm_watch(struct vcpu *vcpu, u32 which) must_check;
u64 svm_watched_value(struct vcpu *vcpu, const struct lvmon_register *reg, u32 *limit);

/* svm.c */
void svm_msr_intercept(void *svm, u32 msr, bool read, bool write);

/* refused.c: what VMRUN's refusal to enter the guest means for it. */
void svm_decode_refused(struct vcpu *vcpu, struct vm_exit *exit);

static inline u32 with_bits(u32 field, u64 bits, bool on)
{
	return on ? field | (u32)bits : field & ~(u32)bits;
}

#endif
