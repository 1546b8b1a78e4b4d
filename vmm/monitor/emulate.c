/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The displaced instruction: the kinds that almost all functions begin with are emulated, any other
 * is stepped over with the trap lifted.
 */
#include "vmm/cpu.h"
#include "vmm/guest/walk.h"
#include "vmm/monitor/internal.h"
#include "vmm/x86/asm.h"

#define ARITHMETIC_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#define PUSHF	    0x9c
#define RW_WRITES   1u
#define RW_ACCESSES 3u

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

/* Accesses of ours meet the guest's breakpoints on data as the CPU's do: SDM vol. 3, 17.2.4. */
static void slow_path meet_breakpoints(struct vcpu *vcpu, u64 dr7, gva_t at, u64 size, bool write)
{
	static const u8 lengths[] = {1, 2, 8, 4};
	u64 causes = 0;

	for (u32 i = 0; i < 4; i++) {
		u64 rw = dr7 >> (16 + 4 * i) & 3, length = lengths[dr7 >> (18 + 4 * i) & 3];
		bool watches = rw == RW_ACCESSES || (rw == RW_WRITES && write);

		if ((dr7 >> (2 * i) & 3) && watches &&
		    ranges_overlap(read_breakpoint(i) & ~(length - 1), length, at, size))
			causes |= BIT(i);
	}
	if (causes)
		vcpu_ops->raise_debug(vcpu, causes);
}

static bool push(struct vcpu *vcpu, const struct vcpu_paging *paging, u64 value)
{
	gva_t to = vcpu->regs[LVMON_RSP] - 8;

	if (guest_write_word(paging, to, value))
		return false;
	if (unlikely(paging->dr7 & DR7_ENABLED))
		meet_breakpoints(vcpu, paging->dr7, to, sizeof(value), true);
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
	if (unlikely(paging->dr7 & DR7_ENABLED))
		meet_breakpoints(vcpu, paging->dr7, from, insn->width, false);
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
		/* In a step it would show TF. */
		return insn->length == 1 && insn->bytes[0] == PUSHF &&
		       push(vcpu, paging, regs[LVMON_RFLAGS] & ~RFLAGS_RF);
	}
}

void finish_trap(struct vcpu *vcpu, const struct vcpu_paging *paging, const struct trap *trap)
{
	if (likely(emulate(vcpu, paging, &trap->insn)))
		vcpu_retire(vcpu, vcpu->regs[LVMON_RIP] + trap->insn.length);
	else
		vcpu_step_with(vcpu, trap->gpa, trap->insn.bytes[0]);
}
