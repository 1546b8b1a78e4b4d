// SPDX-License-Identifier: Apache-2.0
/* Instructions that the vmm is told to emulate, and where a trap goes in a function. */
#include "tests/unit/linux_guest.h"

#define FUNCTION 0xffffffff81001000ull
#define TRACER	 0xffffffff81002000ull

#define CLASSIFY(...) classify_bytes((const uint8_t[15]){__VA_ARGS__})

static struct lvmon_insn classify_bytes(const uint8_t bytes[15])
{
	struct lvmon_insn insn;

	assert_int_equal(insn_classify(bytes, 15, FUNCTION, &insn), 0);
	return insn;
}

static void expect(struct lvmon_insn i, int kind, int length, int reg, int base, int width,
		   int32_t disp)
{
	assert_int_equal(i.kind, kind);
	assert_int_equal(i.length, length);
	assert_int_equal(i.reg, reg);
	assert_int_equal(i.base, base);
	assert_int_equal(i.width, width);
	assert_int_equal(i.disp, disp);
}

static void other(struct lvmon_insn i, int length)
{
	expect(i, LVMON_INSN_OTHER, length, 0, 0, 0, 0);
}

static void test_emulated(void **state)
{
	expect(CLASSIFY(0x55), LVMON_INSN_PUSH, 1, LVMON_RBP, 0, 8, 0);
	expect(CLASSIFY(0x41, 0x57), LVMON_INSN_PUSH, 2, LVMON_R15, 0, 8, 0);
	expect(CLASSIFY(0x50), LVMON_INSN_PUSH, 1, LVMON_RAX, 0, 8, 0);
	expect(CLASSIFY(0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0), LVMON_INSN_NOP, 10, 0, 0, 0,
	       0);
	/* mov %rdi,%rbx in both encodings, mov %esi,%r12d */
	expect(CLASSIFY(0x48, 0x89, 0xfb), LVMON_INSN_MOV, 3, LVMON_RBX, LVMON_RDI, 8, 0);
	expect(CLASSIFY(0x48, 0x8b, 0xdf), LVMON_INSN_MOV, 3, LVMON_RBX, LVMON_RDI, 8, 0);
	expect(CLASSIFY(0x41, 0x89, 0xf4), LVMON_INSN_MOV, 3, LVMON_R12, LVMON_RSI, 4, 0);
	/* mov 0x70(%rdi),%rdx; mov -8(%r13),%eax; mov (%rdi),%rdi; mov 0x12345678(%rsp),%r8 */
	expect(CLASSIFY(0x48, 0x8b, 0x57, 0x70), LVMON_INSN_LOAD, 4, LVMON_RDX, LVMON_RDI, 8, 0x70);
	expect(CLASSIFY(0x41, 0x8b, 0x45, 0xf8), LVMON_INSN_LOAD, 4, LVMON_RAX, LVMON_R13, 4, -8);
	expect(CLASSIFY(0x48, 0x8b, 0x3f), LVMON_INSN_LOAD, 3, LVMON_RDI, LVMON_RDI, 8, 0);
	expect(CLASSIFY(0x4c, 0x8b, 0x84, 0x24, 0x78, 0x56, 0x34, 0x12), LVMON_INSN_LOAD, 8,
	       LVMON_R8, LVMON_RSP, 8, 0x12345678);
	expect(CLASSIFY(0x48, 0x83, 0xec, 0x20), LVMON_INSN_SUB_RSP, 4, LVMON_RSP, 0, 8, 32);
	expect(CLASSIFY(0x48, 0x81, 0xec, 0x00, 0x01, 0x00, 0x00), LVMON_INSN_SUB_RSP, 7, LVMON_RSP,
	       0, 8, 256);
	expect(CLASSIFY(0x48, 0x83, 0xec, 0x80), LVMON_INSN_SUB_RSP, 4, LVMON_RSP, 0, 8, -128);
	expect(CLASSIFY(0x90), LVMON_INSN_NOP, 1, 0, 0, 0, 0);
	expect(CLASSIFY(0x0f, 0x1f, 0x44, 0x00, 0x00), LVMON_INSN_NOP, 5, 0, 0, 0, 0);
	expect(CLASSIFY(0x66, 0x90), LVMON_INSN_NOP, 2, 0, 0, 0, 0);
}

/* clang-format off */

/* All that looks like the above and is something else. */
static void test_stepped(void **state)
{
	other(CLASSIFY(0x54), 1);                         /* push %rsp */
	other(CLASSIFY(0x66, 0x55), 2);                   /* push %bp */
	other(CLASSIFY(0xf3, 0x55), 2);                   /* rep push: the same as without rep */
	other(CLASSIFY(0x6a, 0x01), 2);                   /* push $1 */
	other(CLASSIFY(0xff, 0x37), 2);                   /* push (%rdi) */
	other(CLASSIFY(0x65, 0x48, 0x8b, 0x04, 0x25, 0x00, 0xfb, 0x01, 0x00), 9); /* %gs: */
	other(CLASSIFY(0x65, 0x48, 0x8b, 0x07), 4);       /* mov %gs:(%rdi),%rax */
	other(CLASSIFY(0x48, 0x8b, 0x05, 0x10, 0, 0, 0), 7); /* mov 0x10(%rip),%rax */
	other(CLASSIFY(0x48, 0x8b, 0x04, 0x37), 4);       /* mov (%rdi,%rsi),%rax */
	other(CLASSIFY(0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0), 8); /* no base */
	other(CLASSIFY(0x66, 0x8b, 0x07), 3);             /* mov (%rdi),%ax */
	other(CLASSIFY(0x8a, 0x07), 2);                   /* mov (%rdi),%al */
	other(CLASSIFY(0x67, 0x48, 0x8b, 0x07), 4);       /* mov (%edi),%rax */
	other(CLASSIFY(0x0f, 0xb6, 0x07), 3);             /* movzbl */
	other(CLASSIFY(0x48, 0x63, 0x07), 3);             /* movslq */
	other(CLASSIFY(0x48, 0x89, 0x07), 3);             /* mov %rax,(%rdi) */
	other(CLASSIFY(0x48, 0xc7, 0xc0, 1, 0, 0, 0), 7); /* mov $1,%rax */
	other(CLASSIFY(0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8), 10); /* movabs */
	other(CLASSIFY(0x8e, 0xd8), 2);                   /* mov %eax,%ds */
	other(CLASSIFY(0x0f, 0x20, 0xd8), 3);             /* mov %cr3,%rax */
	other(CLASSIFY(0x83, 0xec, 0x20), 3);             /* sub $32,%esp */
	other(CLASSIFY(0x48, 0x83, 0xeb, 0x20), 4);       /* sub $32,%rbx */
	other(CLASSIFY(0x48, 0x29, 0xc4), 3);             /* sub %rax,%rsp */
	other(CLASSIFY(0x48, 0x83, 0xc4, 0x20), 4);       /* add $32,%rsp */
	other(CLASSIFY(0xf3, 0x90), 2);                   /* pause */
	other(CLASSIFY(0xe9, 0, 0, 0, 0), 5);             /* jmp */
	other(CLASSIFY(0xf0, 0x0f, 0x1f, 0x44, 0, 0), 6); /* lock nop: #UD */
	other(CLASSIFY(0xf0, 0xf3, 0x0f, 0x1e, 0), 5); /* and with a rep prefix behind it */
	other(CLASSIFY(0x48, 0xf3, 0xf0, 0xf3, 0x8b, 0x31), 6); /* behind a REX */
	other(CLASSIFY(0x48, 0x66, 0x8b, 0x31), 4);       /* a REX that the CPU ignores */
	other(CLASSIFY(0x66, 0x66, 0x2e, 0x41, 0x90), 5); /* xchg %ax,%r8w */
	other(CLASSIFY(0xf3, 0x66, 0xf3, 0x51), 4);       /* push %cx */
	other(CLASSIFY(0xc3), 1);                         /* ret */
	other(CLASSIFY(0xf3, 0x0f, 0x1e, 0xfa), 4);       /* endbr64 */
	other(CLASSIFY(0x31, 0xc0), 2);                   /* xor */
}

/* clang-format on */

static void test_undecodable(void **state)
{
	struct lvmon_insn insn;
	uint8_t bytes[16];
	int i, k;

	assert_int_equal(insn_classify((const uint8_t[]){0x06}, 1, 0, &insn), -EINVAL);
	assert_int_equal(insn_classify((const uint8_t[]){0x48, 0x8b}, 2, 0, &insn), -EINVAL);
	assert_int_equal(insn_classify(bytes, 0, 0, &insn), -EINVAL);
	for (i = 0; i < 50000; i++) {
		for (k = 0; k < 16; k++)
			bytes[k] = (uint8_t)noise();
		if (insn_classify(bytes, 16, 0, &insn))
			continue;
		assert_in_range(insn.length, 1, 15);
		assert_true(insn.kind < LVMON_INSN_KINDS && insn.reg < 16 && insn.base < 16);
	}
}

static bool tracer(gva_t target)
{
	return target == TRACER;
}

static int entry_of(const uint8_t *code)
{
	return entry_length(code, 16, FUNCTION, tracer);
}

#define ENTRY(...) entry_of((const uint8_t[16]){__VA_ARGS__})
#define ENDBR	   0xf3, 0x0f, 0x1e, 0xfa
#define NOP5	   0x0f, 0x1f, 0x44, 0x00, 0x00
#define NOP5_K8	   0x66, 0x66, 0x66, 0x66, 0x90

static void test_entry(void **state)
{
	/* call rel32 to the tracer from the first byte, and from behind ENDBR */
	const uint32_t rel = (uint32_t)(TRACER - FUNCTION - 5), rel4 = rel - 4;

	assert_int_equal(ENTRY(NOP5, 0x55), 5);
	assert_int_equal(ENTRY(NOP5_K8, 0x55), 5);
	assert_int_equal(ENTRY(ENDBR, NOP5, 0x55), 9);
	assert_int_equal(ENTRY(ENDBR, NOP5_K8, 0x55), 9);
	assert_int_equal(ENTRY(0x66, 0x0f, 0x1f, 0x00, NOP5), 9);
	assert_int_equal(ENTRY(0x0f, 0x1f, 0x40, 0xd6, NOP5), 9);
	assert_int_equal(ENTRY(ENDBR, 0x55), 4); /* not traceable */
	assert_int_equal(ENTRY(0x55, 0x53), 0);
	assert_int_equal(ENTRY(0xe8, (uint8_t)rel, (uint8_t)(rel >> 8), 0, 0), 5);
	assert_int_equal(ENTRY(ENDBR, 0xe8, (uint8_t)rel4, (uint8_t)(rel4 >> 8), 0, 0), 9);
	assert_int_equal(ENTRY(0xe8, 1, 2, 3, 4), 0); /* a call of the function's own */
	assert_int_equal(ENTRY(0xcc), -ENOTSUP);
	assert_int_equal(ENTRY(ENDBR, 0xcc), -ENOTSUP);
	assert_int_equal(entry_length((const uint8_t[]){ENDBR}, 4, FUNCTION, tracer), -ENOTSUP);
}

/* linux_trap_site on a kernel of a few symbols. */

static const struct guest_symbol made[] = {
	{"T_stext", GUEST_BASE + 0x1000},
	{"Tplain", GUEST_BASE + 0x1100},
	{"Tlabelled", GUEST_BASE + 0x1200},
	{"Tcalled", GUEST_BASE + 0x1300},
	{"Tprobed", GUEST_BASE + 0x1400},
	{"Tbehind", GUEST_BASE + 0x1500},
	{"Tbad", GUEST_BASE + 0x1600},
	{"Ttraced", GUEST_BASE + 0x1700},
	{"Tftrace_caller", GUEST_BASE + 0x1800},
	{"T__SCT__hook", GUEST_BASE + 0x1900},
	{"Toptimised", GUEST_BASE + 0x1a00},
	{"Ttail", GUEST_BASE + 0x1b00},
	{"T_etext", GUEST_BASE + 0x2000},
	{"D__start___jump_table", GUEST_BASE + 0x3000},
	{"D__stop___jump_table", GUEST_BASE + 0x3030},
	{"D__start_static_call_sites", GUEST_BASE + 0x3100},
	{"D__stop_static_call_sites", GUEST_BASE + 0x3110},
	{"t_sinittext", GUEST_BASE + 0x5000},
	{"tinitial", GUEST_BASE + 0x5010},
	{"t_einittext", GUEST_BASE + 0x6000},
};

static void code(gva_t va, const uint8_t *bytes, size_t size)
{
	memcpy(guest_at(va), bytes, size);
}

#define CODE(va, ...) code(va, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void refused(gva_t va, const char *why)
{
	struct lvmon_trap hook = {0};
	char error[128] = "";

	assert_int_equal(linux_trap_site(va, &hook, error, sizeof(error)), -ENOTSUP);
	assert_non_null(strstr(error, why));
	assert_true(hook.gva == 0);
}

static void test_site(void **state)
{
	struct lvmon_trap hook = {0};
	struct kernel_blob *b;
	char error[128];
	gva_t va;

	guest_start();
	b = guest_symbols(made, sizeof(made) / sizeof(made[0]));
	for (va = GUEST_BASE + 0x1100; va < GUEST_BASE + 0x1800; va += 0x100)
		CODE(va, ENDBR, NOP5, 0x48, 0x8b, 0x57, 0x70);
	CODE(GUEST_BASE + 0x1400, 0xcc);
	CODE(GUEST_BASE + 0x1509, 0xcc);
	CODE(GUEST_BASE + 0x1609, 0x06);
	CODE(GUEST_BASE + 0x1704, 0xe8, 0xf7, 0x00, 0x00, 0x00, 0x55);
	CODE(GUEST_BASE + 0x1900, 0xe9, 0x00, 0x00, 0x00, 0x00);
	CODE(GUEST_BASE + 0x1a00, NOP5, 0xe9, 0x00, 0x00, 0x10, 0x00); /* out of the text */
	CODE(GUEST_BASE + 0x1b00, NOP5, 0xe9, 0x00, 0xf6, 0xff, 0xff); /* to another function */
	/* a jump label 2 bytes into labelled's first instruction, another one elsewhere */
	put32(GUEST_BASE + 0x3000, (uint32_t)(0x1fff - 0x3000));
	put32(GUEST_BASE + 0x3010, (uint32_t)(0x120b - 0x3010));
	put32(GUEST_BASE + 0x3020, (uint32_t)(0x1fff - 0x3020));
	/* a static call whose 5 bytes reach into called's */
	put32(GUEST_BASE + 0x3100, (uint32_t)(0x1305 - 0x3100));
	put32(GUEST_BASE + 0x3108, (uint32_t)(0x1fff - 0x3108));

	assert_int_equal(linux_trap_site(GUEST_BASE + 0x1100, &hook, error, sizeof(error)), 0);
	assert_true(hook.gva == GUEST_BASE + 0x1109 && hook.gpa == 0x1109);
	expect(hook.insn, LVMON_INSN_LOAD, 4, LVMON_RDX, LVMON_RDI, 8, 0x70);
	assert_memory_equal(hook.insn.bytes, guest_ram + 0x1109, 16);
	assert_int_equal(hook.entry_size, 9);
	assert_memory_equal(hook.entry, guest_ram + 0x1100, 9);

	assert_int_equal(linux_trap_site(GUEST_BASE + 0x1700, &hook, error, sizeof(error)), 0);
	assert_true(hook.gva == GUEST_BASE + 0x1709 && hook.insn.kind == LVMON_INSN_PUSH);
	assert_int_equal(hook.entry_size, 9); /* as it is when nobody traces it */
	assert_memory_equal(hook.entry, guest_ram + 0x1100, 9);

	hook.gva = 0;
	assert_int_equal(linux_trap_site(GUEST_BASE + 0x1b00, &hook, error, sizeof(error)), 0);
	assert_true(hook.gva == GUEST_BASE + 0x1b05 && hook.insn.kind == LVMON_INSN_OTHER);

	refused(GUEST_BASE + 0x1101, "not the start");
	refused(GUEST_BASE + 0x1200, "jump label");
	refused(GUEST_BASE + 0x1300, "static call");
	refused(GUEST_BASE + 0x1400, "breakpoint");
	refused(GUEST_BASE + 0x1500, "breakpoint");
	refused(GUEST_BASE + 0x1600, "decoded");
	refused(GUEST_BASE + 0x1900, "trampoline");
	refused(GUEST_BASE + 0x1a00, "kprobe");
	refused(GUEST_BASE + 0x5010, ".init.text");
	refused(GUEST_BASE + 0x3000, "not code");
	refused(0x400000, "not code");
	kernel = NULL;
	free(b);
	free(guest_ram);
	guest_ram = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_emulated),    cmocka_unit_test(test_stepped),
		cmocka_unit_test(test_undecodable), cmocka_unit_test(test_entry),
		cmocka_unit_test(test_site),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
