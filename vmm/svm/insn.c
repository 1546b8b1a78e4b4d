/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the next instruction is. CPUs with NRIPS say it; without, prefixes have to be counted:
 * those that change nothing are allowed before CPUID and the like.
 */
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/svm/svm.h"
#include "vmm/x86/asm.h"

/* A 32-bit kernel's page tables are not walked: there, nobody has anything to hook. */
static int translate(const struct vmcb *vmcb, gva_t linear, gpa_t *gpa)
{
	*gpa = linear;
	if (unlikely(!(vmcb->cr0 & CR0_PG)))
		return 0;
	if (unlikely(!(vmcb->efer & EFER_LMA)))
		return -EFAULT;
	return guest_walk(vmcb->cr3, vmcb->cr4 & CR4_LA57, linear, gpa);
}

static gva_t code_at(const struct vmcb *vmcb, u64 offset)
{
	u64 rip = vmcb->rip + offset;

	return likely(vmcb->cs.attributes & CS_LONG) ? rip : (u32)(vmcb->cs.base + rip);
}

u32 svm_fetch_code(const struct vmcb *vmcb, u8 code[INSN_BYTES_MAX], u32 *prefixes)
{
	u32 have = 0;
	gpa_t gpa;

	while (have < INSN_BYTES_MAX && !translate(vmcb, code_at(vmcb, have), &gpa) &&
	       guest_ram_has(gpa, 1))
		code[have++] = *(const volatile u8 *)guest_ram_ptr(gpa);
	*prefixes = insn_prefixes(code, have, vmcb->cs.attributes & CS_LONG);
	return have;
}

void svm_touch_code(const struct vmcb *vmcb)
{
	gpa_t gpa;

	if (!translate(vmcb, code_at(vmcb, 0), &gpa))
		guest_ram_touch(gpa);
}

/* Code that changes meanwhile, or that we do not see: no compiler emits prefixes here. */
static u32 slow_path length_with_prefixes(const struct vmcb *vmcb, u16 opcode)
{
	u8 code[INSN_BYTES_MAX];
	u32 at, have = svm_fetch_code(vmcb, code, &at);

	if (at >= have || have - at < 2)
		return 2;
	return (code[at] | code[at + 1] << 8) == opcode ? at + 2 : 2;
}

/* Almost always there are none. */
static u32 slow_path walk_to_length(struct svm_vcpu *svm, u16 opcode)
{
	const struct vmcb *vmcb = svm->vmcb;
	gpa_t gpa;

	if (vmcb->cs.attributes & CS_LONG &&
	    !guest_walk(vmcb->cr3, vmcb->cr4 & CR4_LA57, vmcb->rip, &gpa)) {
		svm->code = walk_place(vmcb->rip);
		if (guest_ram_has(gpa, 1) && *(const volatile u8 *)guest_ram_ptr(gpa) == (u8)opcode)
			return sizeof(opcode);
	}
	return length_with_prefixes(vmcb, opcode);
}

u32 svm_insn_length(struct svm_vcpu *svm, u16 opcode)
{
	const struct vmcb *vmcb = svm->vmcb;
	const volatile u8 *code;

	if (vmcb->next_rip)
		return (u32)(vmcb->next_rip - vmcb->rip);
	if (unlikely(!(vmcb->cs.attributes & CS_LONG) || vmcb->cr4 & CR4_LA57))
		return walk_to_length(svm, opcode);
	code = walk_quickly(svm->code, vmcb->cr3, vmcb->rip);
	return likely(code && *code == (u8)opcode) ? sizeof(opcode) : walk_to_length(svm, opcode);
}
