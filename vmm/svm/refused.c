/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMEXIT_INVALID: the CPU does not go on in the guest's state (APM vol. 2, 15.5.1). A CPU that
 * checks all that its guest does never gets there. QEMU's TCG checks little: MOV to CR3 or CR4 of a
 * value that is #GP elsewhere (APM vol. 3, MOV CRn) ends with this exit at the instruction. What
 * CR0 and the debug registers should not hold is found at the next entry, and the guest's state is
 * lost then.
 */
#include "vmm/log.h"
#include "vmm/svm/svm.h"

#define OPCODE_0F     0x0f
#define OPCODE_MOV_CR 0x22

static bool at_mov_to_cr(const struct vmcb *vmcb)
{
	u8 code[INSN_BYTES_MAX];
	u32 at, have = svm_fetch_code(vmcb, code, &at);

	return at + 1 < have && code[at] == OPCODE_0F && code[at + 1] == OPCODE_MOV_CR;
}

void svm_decode_refused(struct vcpu *vcpu, struct vm_exit *exit)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	if (!vcpu->spent) /* it was never entered: we have set it up wrongly */
		crash(NULL, "VMRUN is refused, rip %lx", vmcb->rip);
	exit->kind = EXIT_REFUSED;
	if (at_mov_to_cr(vmcb)) {
		exit->kind = EXIT_EXCEPTION;
		exit->exception.vector = VEC_GP;
		exit->exception.has_error = true;
		exit->exception.error = 0;
		exit->exception.first = NO_VECTOR;
	}
}
