// SPDX-License-Identifier: Apache-2.0
/*
 * The displaced instruction, from the engine's decoder through the hook list to the vmm's
 * emulation: whatever kind the decoder tells, the CPU that runs this must do the same.
 */
#include "tests/fuzz/here.h"
#include "tests/unit/vmm_host.h"
#include "vmm/monitor/internal.h"
#include "vmm/x86/asm.h"

#define AREA	  ((u64)area) /* four pages, here and in the guest */
#define AREA_SIZE 0x4000ull
#define AREA_GPA  0x400000ull
#define CODE	  0xffffffff81000000ull
#define CODE_GPA  0x600000ull
#define FLAGS	  (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF | RFLAGS_DF)

/* engine/linux/trapsite.c, and what else of the engine it would use. */
int insn_classify(const u8 *bytes, size_t size, gva_t address, struct lvmon_insn *insn);
const void *kernel;
int symbol_find(void);
int symbol_at(void);
int linux_kread(void);
int linux_kva_to_gpa(void);

int symbol_find(void)
{
	return -ENOENT;
}

int symbol_at(void)
{
	return -ENOENT;
}

int linux_kread(void)
{
	return -EFAULT;
}

int linux_kva_to_gpa(void)
{
	return -EFAULT;
}

static struct vcpu vcpu;
static struct vcpu_paging paging;
static u8 *area, *code;

static void set_up(void)
{
	gpa_t root;

	area = mmap(NULL, AREA_SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(area != MAP_FAILED);
	code = here_code();
	here_signal_stack();
	host_guest();
	here_signal_stack(); /* of its handler, too */
	root = host_guest_root();
	host_vcpu(&vcpu, &paging, root);
	for (u64 at = 0; at < AREA_SIZE; at += PAGE_SIZE)
		host_guest_map(root, 4, AREA + at, AREA_GPA + at, PAGE_SIZE);
	for (u64 at = 0; at < AREA_SIZE; at++)
		area[at] = (u8)(at * 7 + at / 256);
	memcpy(host_ram(AREA_GPA), area, AREA_SIZE);
}

static void set_regs(struct input *in, const struct lvmon_insn *insn)
{
	u64 *regs = vcpu.regs;

	for (int i = 0; i < 16; i++)
		regs[i] = take(in, 8) ^ 0x0123456789abcdefull * (u64)(i + 1);
	regs[LVMON_RIP] = CODE;
	regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF | (take(in, 2) & FLAGS);
	/* The CPU's stack must be one wherever it is not what is tried. */
	if (insn->kind != LVMON_INSN_SUB_RSP)
		regs[LVMON_RSP] = AREA + 8 + take(in, 2) % (AREA_SIZE - 8);
	if (insn->kind == LVMON_INSN_LOAD)
		regs[insn->base] = AREA + take(in, 2) % (AREA_SIZE - 8) - (u64)(s64)insn->disp;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lvmon_hook hook = {.kind = LVMON_HOOK_TRAP, .trap.gva = CODE, .trap.gpa = CODE_GPA};
	struct lvmon_insn *insn = &hook.trap.insn;
	struct input in = input_of(data, size);
	const u8 *at;
	u8 bytes[16];
	s64 id;

	if (!area)
		set_up();
	at = host_ram(CODE_GPA);
	take_bytes(&in, bytes, sizeof(bytes));
	if (bytes[0] == 0xcc || insn_classify(bytes, sizeof(bytes), CODE, insn))
		return 0;
	memcpy(insn->bytes, bytes, sizeof(bytes));
	memcpy(host_ram(CODE_GPA), bytes, sizeof(bytes));
	/* What the engine makes, the vmm takes. */
	id = hook_add(&hook);
	must(id > 0 && *at == 0xcc);
	host_step.count = 0;
	host_injected.count = 0;
	set_regs(&in, insn);
	if (insn->kind == LVMON_INSN_OTHER) {
		finish_trap(&vcpu, &paging, trap_find(CODE));
		must(host_step.count == 1 && vcpu.regs[LVMON_RIP] == CODE &&
		     host_step.byte == bytes[0]);
		must(*at == 0xcc);
	} else {
		here_execute(code, bytes, insn->length, vcpu.regs);
		finish_trap(&vcpu, &paging, trap_find(CODE));
		must(!host_step.count && !host_injected.count);
		for (int i = 0; i < 16; i++)
			must(vcpu.regs[i] == here_regs[i]);
		must(vcpu.regs[LVMON_RFLAGS] == here_regs[LVMON_RFLAGS]);
		must(vcpu.regs[LVMON_RIP] == CODE + insn->length);
		must(!memcmp(area, host_ram(AREA_GPA), AREA_SIZE));
	}
	must(!hook_remove((u32)id));
	must(!memcmp(at, bytes, sizeof(bytes)));
	return 0;
}

void fuzz_seeds(void)
{
	static const u8 seeds[][10] = {
		{0x90},
		{0x0f, 0x1f, 0x44, 0, 0},
		{0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0},
		{0xf3, 0x0f, 0x1e, 0xfa},
		{0x55},
		{0x41, 0x57},
		{0x48, 0x89, 0xe5},
		{0x41, 0x89, 0xfc},
		{0x48, 0x8b, 0x47, 0x70},
		{0x44, 0x8b, 0x84, 0x24, 0x10, 0, 0, 0},
		{0x65, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0},
		{0x48, 0x83, 0xec, 0x20},
		{0x48, 0x81, 0xec, 0, 1, 0, 0},
		{0xff, 0xf3},
		{0xf0, 0xf3, 0x0f, 0x1e, 0},
		{0x0f, 0xa2},
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		u8 input[160];

		for (size_t k = 0; k < sizeof(input); k++)
			input[k] = (u8)(k * 37 + i);
		memcpy(input, seeds[i], sizeof(seeds[i]));
		fuzz_seed(input, sizeof(input));
		fuzz_seed(input, 16);
	}
}
