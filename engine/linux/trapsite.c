/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a trap goes in a function, and what the instruction there does. The patchable entry (ENDBR,
 * then the fentry NOP) stays as it is: the kernel compares those bytes before it patches them. What
 * lies behind it is looked at with Capstone.
 */
#include <capstone/capstone.h>
#include <stdio.h>
#include "engine/linux/internal.h"

#define INT3	   0xcc
#define CALL	   0xe8
#define JMP	   0xe9
#define ENDBR_SIZE 4
#define PATCH_SIZE 5 /* jump labels and static calls: jmp or call rel32 */
#define CODE_BYTES 48
#define PAGE_BYTES 4096

#define IS(code, ...) \
	(!memcmp(code, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})))

int entry_length(const uint8_t *code, size_t size, gva_t address, bool (*is_tracer)(gva_t target))
{
	size_t n = 0;
	int32_t rel;

	if (size < ENDBR_SIZE + FENTRY_SIZE)
		return -ENOTSUP;
	/*
	 * ENDBR64, or what arch/x86/kernel/alternative.c leaves when it seals a function that is
	 * never called indirectly.
	 */
	if (IS(code, 0xf3, 0x0f, 0x1e, 0xfa) || IS(code, 0x66, 0x0f, 0x1f, 0x00) ||
	    IS(code, 0x0f, 0x1f, 0x40, 0xd6))
		n = ENDBR_SIZE;
	if (code[n] == INT3)
		return -ENOTSUP;
	if (IS(code + n, 0x0f, 0x1f, 0x44, 0x00, 0x00) ||
	    IS(code + n, 0x66, 0x66, 0x66, 0x66, 0x90))
		return (int)(n + FENTRY_SIZE);
	if (code[n] == CALL) {
		memcpy(&rel, code + n + 1, sizeof(rel));
		if (is_tracer(address + n + FENTRY_SIZE + (gva_t)(int64_t)rel))
			return (int)(n + FENTRY_SIZE);
	}
	return (int)n;
}

/* General registers in the order of their encoding, 64 and 32 bits wide. */
static const uint16_t registers[2][16] = {
	{X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP, X86_REG_RSI,
	 X86_REG_RDI, X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11, X86_REG_R12, X86_REG_R13,
	 X86_REG_R14, X86_REG_R15},
	{X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX, X86_REG_ESP, X86_REG_EBP, X86_REG_ESI,
	 X86_REG_EDI, X86_REG_R8D, X86_REG_R9D, X86_REG_R10D, X86_REG_R11D, X86_REG_R12D,
	 X86_REG_R13D, X86_REG_R14D, X86_REG_R15D},
};

static bool register_number(unsigned int reg, unsigned int width, uint8_t *number)
{
	const uint16_t *r = registers[width == 4];
	uint8_t i;

	for (i = 0; i < 16; i++) {
		if (r[i] != reg)
			continue;
		*number = i;
		return true;
	}
	return false;
}

static void classify_mov(const cs_x86 *x, struct lvmon_insn *insn)
{
	const cs_x86_op *dst = &x->operands[0], *src = &x->operands[1];
	uint8_t width = dst->size;

	if (x->op_count != 2 || dst->type != X86_OP_REG || (width != 4 && width != 8) ||
	    src->size != width || !register_number(dst->reg, width, &insn->reg))
		return;
	if (src->type == X86_OP_REG && register_number(src->reg, width, &insn->base)) {
		insn->kind = LVMON_INSN_MOV;
		insn->width = width;
	} else if (src->type == X86_OP_MEM && src->mem.segment == X86_REG_INVALID &&
		   src->mem.index == X86_REG_INVALID &&
		   register_number(src->mem.base, 8, &insn->base) &&
		   src->mem.disp == (int32_t)src->mem.disp) {
		insn->kind = LVMON_INSN_LOAD;
		insn->width = width;
		insn->disp = (int32_t)src->mem.disp;
	}
}

static bool legacy_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36,
					   0x3e, 0x64, 0x65, 0x66, 0x67};

	return memchr(prefixes, byte, sizeof(prefixes));
}

static bool rex_prefix(uint8_t byte)
{
	return (byte & 0xf0) == 0x40;
}

/*
 * The encodings that compilers and the kernel emit: a NOP (0x90 or 0f 1f) behind operand-size and
 * CS prefixes; all others behind a REX prefix or none. What Capstone and the CPU make of other
 * prefixes, or of these in another order, is not the same in all cases (SDM vol. 2, 2.1.1, 2.2.1).
 */
static bool usual_encoding(const cs_insn *in)
{
	const uint8_t *b = in->bytes, *end = b + in->size;

	if (in->id == X86_INS_NOP) {
		while (b < end && (*b == 0x66 || *b == 0x2e))
			b++;
		return (end - b == 1 && *b == 0x90) ||
		       (end - b > 2 && b[0] == 0x0f && b[1] == 0x1f);
	}
	if (rex_prefix(*b))
		b++;
	return b < end && !legacy_prefix(*b) && !rex_prefix(*b);
}

static void classify(const cs_insn *in, struct lvmon_insn *insn)
{
	const cs_x86 *x = &in->detail->x86;
	const cs_x86_op *op = x->operands;

	/* All others are rare enough to be stepped. */
	if (x->addr_size != 8 || !usual_encoding(in))
		return;
	switch (in->id) {
	case X86_INS_NOP:
		insn->kind = LVMON_INSN_NOP;
		break;
	case X86_INS_PUSH:
		if (op[0].type == X86_OP_REG && op[0].size == 8 && op[0].reg != X86_REG_RSP &&
		    register_number(op[0].reg, 8, &insn->reg)) {
			insn->kind = LVMON_INSN_PUSH;
			insn->width = 8;
		}
		break;
	case X86_INS_MOV:
		classify_mov(x, insn);
		break;
	case X86_INS_SUB:
		if (x->op_count == 2 && op[0].type == X86_OP_REG && op[0].reg == X86_REG_RSP &&
		    op[1].type == X86_OP_IMM && op[1].imm == (int32_t)op[1].imm) {
			insn->kind = LVMON_INSN_SUB_RSP;
			insn->reg = LVMON_RSP;
			insn->width = 8;
			insn->disp = (int32_t)op[1].imm;
		}
		break;
	default:
		break;
	}
	if (insn->kind == LVMON_INSN_OTHER)
		insn->reg = insn->base = 0;
}

int insn_classify(const uint8_t *bytes, size_t size, gva_t address, struct lvmon_insn *insn)
{
	static csh handle;
	static cs_insn *in;

	if (!in) {
		if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
			return -EINVAL;
		cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
		in = cs_malloc(handle);
		if (!in) {
			cs_close(&handle);
			return -EINVAL;
		}
	}
	memset(insn, 0, sizeof(*insn));
	if (!cs_disasm_iter(handle, &bytes, &size, &address, in) || !in->size || in->size > 15)
		return -EINVAL;
	insn->length = (uint8_t)in->size;
	classify(in, insn);
	return 0;
}

/* Is va between two of the linker's symbols? */
static bool between(gva_t va, const char *from, const char *to)
{
	gva_t start, end;

	return !symbol_find(kernel, from, &start) && !symbol_find(kernel, to, &end) &&
	       va >= start && va < end;
}

/* What the entry of a traced function calls: ftrace's code, or a trampoline made at run time. */
static bool is_tracer(gva_t target)
{
	static const char *const names[] = {"__fentry__", "ftrace_caller", "ftrace_regs_caller",
					    "ftrace_stub"};
	gva_t va;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!symbol_find(kernel, names[i], &va) && va == target)
			return true;
	return !between(target, "_stext", "_etext");
}

/*
 * Does a table of places that the kernel patches at run time name one in [from, to)? Entries start
 * with the place, relative to the entry. The tables stay in memory: they are in use.
 */
static bool patched_place(const char *start, const char *stop, size_t entry, gva_t from, gva_t to)
{
	uint8_t buf[4096];
	gva_t va, end;

	if (symbol_find(kernel, start, &va) || symbol_find(kernel, stop, &end) || end < va ||
	    va < kernel->image_start || end > kernel->image_end)
		return false;
	while (end - va >= entry) {
		size_t n = end - va < sizeof(buf) ? (size_t)(end - va) : sizeof(buf), i;

		n -= n % entry;
		if (linux_kread(va, buf, n))
			return false;
		for (i = 0; i < n; i += entry) {
			gva_t place = va + i + (gva_t)(int64_t)(int32_t)load32(buf + i);

			if (place < to && place + PATCH_SIZE > from)
				return true;
		}
		va += n;
	}
	return false;
}

/* A kprobe that the kernel has turned into a jump to a buffer made at run time. */
static bool is_jump_away(const uint8_t *code, gva_t address)
{
	int32_t rel;

	if (code[0] != JMP)
		return false;
	memcpy(&rel, code + 1, sizeof(rel));
	return !between(address + 5 + (gva_t)(int64_t)rel, "_stext", "_etext");
}

/* As it is when nobody traces the function. The vmm looks into one page. */
static void remember_entry(const uint8_t *code, size_t n, gva_t function, struct lvmon_trap *trap)
{
	static const uint8_t nop[FENTRY_SIZE] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

	memset(trap->entry, 0, sizeof(trap->entry));
	trap->entry_size = 0;
	if (!n || n > sizeof(trap->entry) || (function + n) % PAGE_BYTES < n)
		return;
	trap->entry_size = (uint32_t)n;
	memcpy(trap->entry, code, n);
	if (n >= FENTRY_SIZE && code[n - FENTRY_SIZE] == CALL)
		memcpy(trap->entry + n - FENTRY_SIZE, nop, sizeof(nop));
}

static int refuse(char *error, size_t size, const char *why)
{
	snprintf(error, size, "%s", why);
	return -ENOTSUP;
}

int linux_trap_site(gva_t function, struct lvmon_trap *trap, char *error, size_t error_size)
{
	uint8_t code[CODE_BYTES];
	char name[SYMBOL_NAME_SIZE], type;
	size_t size = sizeof(code);
	struct lvmon_insn insn;
	gva_t start, site, end;
	int n;

	if (!kernel)
		return -ENODATA;
	if (!between(function, "_stext", "_etext")) {
		if (between(function, "_sinittext", "_einittext"))
			return refuse(error, error_size, "in .init.text, which is freed");
		return refuse(error, error_size, "not code of the kernel image");
	}
	if (symbol_at(kernel, function, name, &type, &start) || start != function)
		return refuse(error, error_size, "not the start of a function");
	/* include/linux/static_call_types.h: all there is in these is patched */
	if (!strncmp(name, "__SCT__", 7))
		return refuse(error, error_size, "a static call's trampoline");
	if (linux_kread(function, code, size))
		return refuse(error, error_size, "cannot be read");
	n = entry_length(code, size, function, is_tracer);
	if (n < 0)
		return refuse(error, error_size, "a breakpoint is at its entry already");
	if (code[n] == INT3)
		return refuse(error, error_size, "a breakpoint is there already");
	site = function + (gva_t)n;
	if (is_jump_away(code + n, site))
		return refuse(error, error_size, "a kprobe is there already");
	if (insn_classify(code + n, size - (size_t)n, site, &insn))
		return refuse(error, error_size, "its code cannot be decoded");
	end = site + insn.length;
	if (patched_place("__start___jump_table", "__stop___jump_table", 16, site, end))
		return refuse(error, error_size, "a jump label is there");
	if (patched_place("__start_static_call_sites", "__stop_static_call_sites", 8, site, end))
		return refuse(error, error_size, "a static call is there");
	memcpy(insn.bytes, code + n, sizeof(insn.bytes));
	trap->gva = site;
	trap->insn = insn;
	remember_entry(code, (size_t)n, function, trap);
	if (linux_kva_to_gpa(site, &trap->gpa))
		return refuse(error, error_size, "not mapped");
	return 0;
}
