// SPDX-License-Identifier: Apache-2.0
/*
 * A kernel that is nothing but a test: executes each snippet (snippets.S) as it is, in single
 * steps, under breakpoints and in the shadow of STI, and prints all that it sees of the machine
 * afterwards. The same lines must come with hooks on the snippets and without LVisor.
 */
#include <lvisor/lvmon.h>
#include "bare.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

enum { RIP = 16, RFLAGS, SS, CS, STATE };
enum mode { PLAIN, STEPPED, BREAKPOINTS, WATCHED, SHADOW, MODES };

#define CF 1
#define TF 0x100
#define IF 0x200
#define RF 0x10000

struct snippet {
	const u8 *code;
	const char *name;
	u8 length, kind, reg, base, width, flags;
	u16 reserved;
	int disp, reserved2;
};

struct frame {
	u64 regs[15]; /* r15 to rax */
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

extern const struct snippet snippets[], snippets_last[], user_snippets[], user_snippets_last[];
extern const u8 stubs[], back[], stack_top[];
void run(u64 *state);

static u64 idt[INT_BEYOND][2] __attribute__((aligned(16)));
static u64 gdt[7];
static struct __attribute__((packed)) {
	u32 reserved;
	u64 rsp[3], reserved2, ist[7], reserved3;
	u16 reserved4, io;
} tss;
static u64 data[512] __attribute__((aligned(4096)));
static u8 user_stack[256] __attribute__((aligned(16)));
static int at_work;

/* The serial port. */

static void outb(u16 port, u8 value)
{
	__asm__ volatile("out %0, %1" : : "a"(value), "d"(port));
}

static u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("in %1, %0" : "=a"(value) : "d"(port));
	return value;
}

/* 115,200 baud, bytes of eight bits: in Bochs, nobody has said so before us. */
static void open_serial(void)
{
	outb(0x3fb, 0x83);
	outb(0x3f8, 1);
	outb(0x3f9, 0);
	outb(0x3fb, 3);
}

static void say(const char *text)
{
	for (; *text; text++) {
		while (!(inb(0x3fd) & 0x20)) {
		}
		outb(0x3f8, (u8)*text);
	}
}

static void say_hex(const char *name, u64 value)
{
	char text[20], *at = text + sizeof(text) - 1;

	*at = 0;
	do
		*--at = "0123456789abcdef"[value & 15];
	while (value >>= 4);
	say(name);
	say(at);
}

/* Registers. */

#define REGISTER(name)                                                 \
	static u64 __attribute__((unused)) read_##name(void)           \
	{                                                              \
		u64 value;                                             \
                                                                       \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value)); \
		return value;                                          \
	}                                                              \
	static void __attribute__((unused)) write_##name(u64 value)    \
	{                                                              \
		__asm__ volatile("mov %0, %%" #name : : "r"(value));   \
	}
REGISTER(dr0)
REGISTER(dr1)
REGISTER(dr2)
REGISTER(dr3)
REGISTER(dr6)
REGISTER(dr7)
REGISTER(cr2)

/* For a breakpoint that is off, a CPU may or may not set its bit: SDM vol. 3, 17.2.3. */
static u64 told_dr6(void)
{
	u64 dr6 = read_dr6(), dr7 = read_dr7();

	for (u32 i = 0; i < 4; i++)
		if (!(dr7 >> 2 * i & 3))
			dr6 &= ~(1ul << i);
	return dr6;
}

static void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

static volatile u32 *apic(u32 offset)
{
	return (volatile u32 *)(0xfee00000ul + offset);
}

/* These push RF (SDM vol. 3, 17.3.1.1), but not in QEMU 7.2. */
static int is_fault(u64 vector)
{
	return vector == 6 || (vector >= 10 && vector <= 14);
}

/* What happens in a run: called by entry.S. */
void trap(struct frame *f)
{
	u64 dr6 = told_dr6();

	say_hex(" #", f->vector);
	if (!at_work) {
		say_hex(" unexpected, rip ", f->rip);
		say_hex(" error ", f->error);
		for (;;)
			__asm__ volatile("cli; hlt");
	}
	say_hex("(", f->rip & 0xffffff);
	say_hex(" err ", f->error);
	say_hex(" cs ", f->cs);
	say_hex(" fl ", is_fault(f->vector) ? f->rflags & ~RF : f->rflags);
	if (f->vector == 1)
		say_hex(" dr6 ", dr6);
	if (f->vector == 14)
		say_hex(" cr2 ", read_cr2());
	say(")");
	switch (f->vector) {
	case 1:
		/* A fault of an instruction under a breakpoint, or a trap of the one before? */
		if (((dr6 & 1) && f->rip == read_dr0()) || ((dr6 & 2) && f->rip == read_dr1()))
			f->rflags |= RF;
		if (f->rip >= (u64)back && f->rip < (u64)stubs)
			f->rflags &= ~TF;
		write_dr6(0xffff0ff0);
		return;
	case 3:
	case INT_OPEN:
		return;
	case INT_IPI:
		*apic(0xb0) = 0;
		return;
	}
	/* A fault, or the way back from CPL 3. */
	f->rip = (u64)back;
	f->cs = KERNEL_CS;
	f->ss = KERNEL_DS;
	f->rflags &= ~(TF | RF);
}

static void gate(u32 vector, u32 dpl)
{
	u64 to = (u64)stubs + 16ul * vector;

	/* On a stack of its own: the snippets' is data. */
	idt[vector][0] = (to & 0xffff) | (u64)KERNEL_CS << 16 | 1ul << 32 |
			 (0x8eul | dpl << 5) << 40 | (to >> 16 & 0xffff) << 48;
	idt[vector][1] = to >> 32;
}

static void load_tables(void)
{
	struct __attribute__((packed)) {
		u16 limit;
		u64 base;
	} at;
	u64 base = (u64)&tss;

	gdt[1] = 0x00af9a000000ffff;
	gdt[2] = 0x00cf92000000ffff;
	gdt[3] = 0x00cff2000000ffff;
	gdt[4] = 0x00affa000000ffff;
	gdt[5] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ul << 40 |
		 (base >> 24 & 0xff) << 56;
	gdt[6] = base >> 32;
	tss.ist[0] = (u64)stack_top - 8192;
	tss.ist[1] = 0x7fff00001000; /* nothing is there */
	tss.io = sizeof(tss);
	at.limit = sizeof(gdt) - 1;
	at.base = (u64)gdt;
	__asm__ volatile("lgdt %0" : : "m"(at));
	__asm__ volatile("pushq %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
			 :
			 : "i"(KERNEL_CS)
			 : "rax", "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; mov %0, %%fs; mov %0, %%gs"
			 :
			 : "r"(KERNEL_DS));
	__asm__ volatile("ltr %w0" : : "r"(TSS_AT));
	for (u32 i = 0; i < INT_BEYOND; i++)
		gate(i, i == 3 || i == INT_OPEN || i == INT_BACK || i == INT_PAGE ? 3 : 0);
	idt[INT_ABSENT][0] &= ~(0x80ul << 40);
	idt[INT_ABSENT][0] |= 3ul << 45;
	idt[INT_PAGE][0] += 1ul << 32; /* the stack that is not there */
	at.limit = sizeof(idt) - 1;
	at.base = (u64)idt;
	__asm__ volatile("lidt %0" : : "m"(at));
}

/* Runs. */

static void start_state(u64 *state, const struct snippet *s, enum mode mode)
{
	for (u32 i = 0; i < 16; i++)
		state[i] = 0x1111111111111111ul * i + 0x123456789 * (u64)(s - snippets + mode);
	for (u32 i = 0; i < 512; i++)
		data[i] = 0x0101010101010101 * (i & 0xff) + i;
	data[0x100 / 8 + 3] = (u64)back; /* for jmp *0x18(%rdi) */
	state[0] = 0x500;		 /* for WRMSR: EFER as it is */
	state[1] = 0xc0000080;
	state[2] = 0;
	state[4] = (u64)&data[0x100];
	state[6] = (u64)&data[0x40];
	state[7] = (u64)&data[0x20];
	state[8] = (u64)back;
	state[9] = 0x7fff00002000; /* nothing is there */
	state[RIP] = (u64)s->code;
	state[RFLAGS] = 2 | CF | (mode == STEPPED ? TF : 0);
	state[SS] = KERNEL_DS;
	state[CS] = KERNEL_CS;
	wrmsr(0xc0000101, (u64)data); /* GS */
}

/* DR7: on instructions 0 and 1; on data of eight bytes, read or written, 2 and 3. */
static void set_breakpoints(const struct snippet *s, enum mode mode)
{
	write_dr0((u64)s->code);
	write_dr1((u64)s->code + s->length);
	write_dr2((u64)&data[0x100] - 8);
	write_dr3((u64)&data[0x20] + 0x10);
	write_dr6(0xffff0ff0);
	write_dr7(mode == BREAKPOINTS ? 0x40f : mode == WATCHED ? 0xbb0004f0 : 0x400);
}

static void say_state(const u64 *state, const struct snippet *s)
{
	u64 sum = 0, dr6 = told_dr6(), dr7 = read_dr7();

	write_dr7(0x400);
	for (u32 i = 0; i < 512; i++)
		sum = (sum << 7 | sum >> 57) ^ data[i];
	say_hex(" fl ", state[RFLAGS]);
	say_hex(" dr6 ", dr6);
	say_hex(" dr7 ", dr7);
	say_hex(" cr2 ", read_cr2());
	say_hex(" mem ", sum);
	say(" regs");
	for (u32 i = 0; i < 16; i++)
		if (!(s->flags & RESULT_VARIES) || i > 3)
			say_hex(" ", state[i]);
	say("\n");
	__asm__ volatile("mov %0, %%cr2" : : "r"(0ul));
}

static void one_run(const struct snippet *s, enum mode mode, int user)
{
	static const char *const names[] = {"plain", "stepped", "breakpoints", "watched", "shadow"};
	u64 state[STATE];

	start_state(state, s, mode);
	say(s->name);
	say(", ");
	say(names[mode]);
	say(":");
	if (user) { /* by the identical mapping, which is the user's */
		state[RIP] -= BASE;
		state[4] = (u64)(user_stack + sizeof(user_stack)) - BASE;
		state[SS] = USER_DS;
		state[CS] = USER_CS;
	}
	if (mode == SHADOW) {
		state[RIP] -= 1;
		*apic(0xf0) = 0x1ff;
		*apic(0x300) = 0x40000 | INT_IPI;
	}
	outb(0x70, 0x0f);
	set_breakpoints(s, mode);
	at_work = 1;
	run(state);
	at_work = 0;
	say_state(state, s);
}

static void list_hooks(void)
{
	struct hooks *hooks = (struct hooks *)HOOKS_GPA;

	hooks->count = 0;
	for (const struct snippet *s = snippets; s < snippets_last; s++) {
		struct lvmon_hook *hook = &hooks->hook[hooks->count];

		if (s->flags & UNHOOKED)
			continue;
		*hook = (struct lvmon_hook){.kind = LVMON_HOOK_TRAP,
					    .trap.gva = (u64)s->code,
					    .trap.gpa = (u64)s->code - BASE,
					    .trap.insn = {.length = s->length,
							  .kind = s->kind,
							  .reg = s->reg,
							  .base = s->base,
							  .width = s->width,
							  .disp = s->disp}};
		for (u32 i = 0; i < 15; i++)
			hook->trap.insn.bytes[i] = s->code[i];
		hooks->count++;
	}
}

void bare_main(void)
{
	load_tables();
	open_serial();
	outb(0x21, 0xff); /* the old interrupt controllers */
	outb(0xa1, 0xff);
	list_hooks();
	wrmsr(0xc0000082, (u64)back); /* LSTAR: now we are a kernel */
	for (const struct snippet *s = snippets; s < snippets_last; s++)
		for (u32 mode = 0; mode < MODES; mode++)
			if (mode != SHADOW || !(s->flags & NO_SHADOW))
				one_run(s, (enum mode)mode, 0);
	for (const struct snippet *s = user_snippets; s < user_snippets_last; s++)
		for (u32 mode = 0; mode <= STEPPED; mode++)
			one_run(s, (enum mode)mode, 1);
	say("end\n");
	while (!(inb(0x3fd) & 0x40)) { /* until all of it is sent */
	}
	for (;;) { /* S5: QEMU's, Bochs's */
		__asm__ volatile("outw %0, %1" : : "a"((u16)0x2000), "d"((u16)0x604));
		__asm__ volatile("outw %0, %1" : : "a"((u16)0x2000), "d"((u16)0xb004));
	}
}

void *memcpy(void *to, const void *from, unsigned long size)
{
	u8 *t = to;

	for (const u8 *f = from; size; size--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int value, unsigned long size)
{
	u8 *t = to;

	for (; size; size--)
		*t++ = (u8)value;
	return to;
}
