/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The displaced instruction: the kinds that almost all functions begin with are emulated, any other
 * is stepped over with the trap lifted.
 */
#include "vmm/cpu.h"
#include "vmm/monitor/internal.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/walk.h"

#define ARITHMETIC_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* a - b: SDM vol. 1, 3.4.3.1 */
static u64 sub_flags(u64 a, u64 b)
{
	u64 r = a - b, flags = 0;

	flags |= a < b ? RFLAGS_CF : 0;
	flags |= !(__builtin_popcount((u8)r) & 1) ? RFLAGS_PF : 0;
	flags |= (a ^ b ^ r) & 0x10 ? RFLAGS_AF : 0;
	flags |= !r ? RFLAGS_ZF : 0;
	flags |= r >> 63 ? RFLAGS_SF : 0;
	flags |= ((a ^ b) & (a ^ r)) >> 63 ? RFLAGS_OF : 0;
	return flags;
}

static bool push(struct vcpu *vcpu, const struct vcpu_paging *paging, u64 value)
{
	gva_t to = vcpu->regs[LVMON_RSP] - 8;

	if (guest_write_word(paging, to, value))
		return false;
	vcpu->regs[LVMON_RSP] = to;
	return true;
}

static bool load(struct vcpu *vcpu, const struct vcpu_paging *paging, const struct lvmon_insn *insn)
{
	gva_t from = vcpu->regs[insn->base] + (u64)(s64)insn->disp;
	u64 value = 0;

	if (insn->width == sizeof(value) ? guest_read_word(paging, from, &value)
					 : guest_read(paging, from, &value, insn->width))
		return false;
	vcpu->regs[insn->reg] = value;
	return true;
}

/*
 * False: the CPU has to do it. So it is with other instructions, and with accesses that fail:
 * either the CPU meets the exception that is due, or the memory (or a page table) is none that we
 * see, but came after the start.
 */
static bool emulate(struct vcpu *vcpu, const struct vcpu_paging *paging,
		    const struct lvmon_insn *insn)
{
	u64 *regs = vcpu->regs, a, b;

	switch (insn->kind) {
	case LVMON_INSN_NOP:
		return true;
	case LVMON_INSN_PUSH:
		return push(vcpu, paging, regs[insn->reg]);
	case LVMON_INSN_MOV:
		regs[insn->reg] = insn->width == 4 ? (u32)regs[insn->base] : regs[insn->base];
		return true;
	case LVMON_INSN_LOAD:
		return load(vcpu, paging, insn);
	case LVMON_INSN_SUB_RSP:
		a = regs[LVMON_RSP];
		b = (u64)(s64)insn->disp;
		regs[LVMON_RSP] = a - b;
		regs[LVMON_RFLAGS] = (regs[LVMON_RFLAGS] & ~ARITHMETIC_FLAGS) | sub_flags(a, b);
		return true;
	default:
		return false;
	}
}

void finish_trap(struct vcpu *vcpu, const struct vcpu_paging *paging, const struct trap *trap)
{
	if (likely(emulate(vcpu, paging, &trap->insn)))
		vcpu->regs[LVMON_RIP] += trap->insn.length;
	else
		vcpu_step_with(vcpu, trap->gpa, trap->insn.bytes[0]);
}
