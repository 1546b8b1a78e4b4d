// SPDX-License-Identifier: Apache-2.0
/*
 * Stores to the APIC's page that the vmm carries out: whatever it takes for a store is one to
 * Capstone, of the same length, and does the same when this machine's CPU executes it.
 */
#include <capstone/capstone.h>

#include "tests/fuzz/here.h"
#include "tests/unit/smp_host.h"
#include "vmm/x86/insn.h"

#define TARGET 0x51000000ull /* below 4 GB: addresses of 32 bits reach it too */

static u8 *code;
static u32 *target;
static csh handle;
static cs_insn *in;

static void set_up(void)
{
	here_signal_stack();
	fresh();
	here_signal_stack(); /* of its handler, too */
	target = mmap((void *)TARGET, PAGE_SIZE, 3,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	must(target == (u32 *)TARGET);
	code = here_code();
	must(cs_open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK);
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	in = cs_malloc(handle);
}

static int number_of(x86_reg reg)
{
	static const x86_reg wide[] = {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX,
				       X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI,
				       X86_REG_R8,  X86_REG_R9,	 X86_REG_R10, X86_REG_R11,
				       X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15};

	for (int i = 0; i < 16; i++)
		if (wide[i] == reg)
			return i;
	return -1;
}

/* Registers such that the instruction stores at an aligned place of the target; false: none. */
static bool aim(const cs_x86_op *op, u64 regs[], u32 offset)
{
	u64 to = TARGET + offset - (u64)op->mem.disp;
	int base = number_of(op->mem.base), index = number_of(op->mem.index);

	if (op->mem.segment != X86_REG_INVALID && op->mem.segment != X86_REG_DS)
		return false;
	if (base < 0 || (op->mem.index != X86_REG_INVALID && index < 0) || index == base)
		return false;
	if (index >= 0)
		to -= regs[index] * (u64)op->mem.scale;
	regs[base] = to;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = input_of(data, size);
	struct vcpu *vcpu = &all[0].vcpu;
	u64 before[LVMON_NR_EVENT_REGS], address = CODE;
	const u8 *at;
	size_t left = 15;
	const cs_x86_op *op;
	struct insn_store insn;
	u32 offset = 0x380;
	u8 bytes[16];

	if (!code)
		set_up();
	take_bytes(&input, bytes, sizeof(bytes));
	memcpy(host_ram(CODE_GPA), bytes, sizeof(bytes));
	for (int i = 0; i < 16; i++)
		vcpu->regs[i] = take(&input, 8) ^ 0x0123456789abcdefull * (u64)(i + 1);
	vcpu->regs[LVMON_RIP] = CODE;
	vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED;
	if (insn_decode_store(bytes, INSN_BYTES_MAX, &insn)) {
		must(!apic_stored(vcpu, APIC_PAGE + offset));
		must(vcpu->regs[LVMON_RIP] == CODE);
		return 0;
	}

	at = bytes;
	must(cs_disasm_iter(handle, &at, &left, &address, in));
	must(in->size == insn.length);
	must(in->id == (insn.exchange ? X86_INS_XCHG : X86_INS_MOV));
	op = in->detail->x86.operands;
	must(in->detail->x86.op_count == 2 && op[0].size == insn.size);
	if (op[0].type != X86_OP_MEM) {
		must(insn.exchange && op[1].type == X86_OP_MEM);
		op++;
	}
	/* Others reach no register of the APIC. */
	if (insn.size != 4) {
		must(apic_stored(vcpu, APIC_PAGE + offset));
		must(vcpu->regs[LVMON_RIP] == CODE + insn.length);
		return 0;
	}

	memcpy(before, vcpu->regs, sizeof(before));
	if (!aim(op, before, offset) || before[LVMON_RSP] != vcpu->regs[LVMON_RSP])
		return 0;
	memcpy(vcpu->regs, before, sizeof(before));
	memset(page, 0x11, sizeof(page));
	memset(target, 0x11, PAGE_SIZE);
	here_execute(code, bytes, insn.length, before);
	must(apic_stored(vcpu, APIC_PAGE + offset));
	must(!memcmp(page, target, PAGE_SIZE));
	for (int i = 0; i < 16; i++)
		must(vcpu->regs[i] == here_regs[i]);
	must(vcpu->regs[LVMON_RIP] == CODE + insn.length);
	return 0;
}

void fuzz_seeds(void)
{
	static const u8 seeds[][12] = {
		{0x89, 0x01},
		{0x45, 0x89, 0x0a},
		{0x89, 0x81, 0, 0, 0, 0},
		{0x89, 0x44, 0x11, 0},
		{0x89, 0x04, 0x25, 0, 0, 0x5f, 0xff},
		{0x3e, 0x89, 0x01},
		{0x65, 0x89, 0x01},
		{0x67, 0x89, 0x01},
		{0xc7, 0x01, 0x78, 0x56, 0x34, 0x12},
		{0xc7, 0x84, 0x11, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12},
		{0x87, 0x01},
		{0x45, 0x87, 0x0a},
		{0x89, 0x05, 1, 2, 3, 4},
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		u8 input[16 + 128];

		for (size_t k = 0; k < sizeof(input); k++)
			input[k] = (u8)(k * 41 + i);
		memcpy(input, seeds[i], sizeof(seeds[i]));
		fuzz_seed(input, sizeof(input));
		fuzz_seed(input, 16);
	}
}
