/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables; see desc.h. */
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/desc.h"
#include "vmm/x86/exceptions.h"

#define GATE_INTERRUPT 0x8eull /* present, ring 0, 64-bit interrupt gate */

static u64 idt[256][2] aligned(16), take_idt[256][2] aligned(16);

extern const u8 exception_stubs[][16], take_stubs[][16];

void descriptors_init(struct descriptors *d, const u64 ist[3])
{
	u64 base = (u64)&d->tss;

	memset(d, 0, sizeof(*d));
	d->gdt[SEL_KERNEL_CS / 8] = 0x00af9b000000ffff;
	d->gdt[SEL_KERNEL_DS / 8] = 0x00cf93000000ffff;
	d->gdt[SEL_USER_DS / 8] = 0x00cff3000000ffff;
	d->gdt[SEL_USER_CS / 8] = 0x00affb000000ffff;
	d->gdt[SEL_TSS / 8] = (sizeof(d->tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
			      (base >> 24 & 0xff) << 56;
	d->gdt[SEL_TSS / 8 + 1] = base >> 32;
	d->tss.iomap = sizeof(d->tss);
	for (int i = 0; i < 3; i++)
		d->tss.ist[i] = ist[i];
}

static void set_gate(u64 gate[2], const u8 *stub, u64 ist)
{
	u64 entry = (u64)stub;

	gate[0] = (entry & 0xffff) | (u64)SEL_KERNEL_CS << 16 | ist << 32 | GATE_INTERRUPT << 40 |
		  (entry >> 16 & 0xffff) << 48;
	gate[1] = entry >> 32;
}

static void idt_init(void)
{
	for (u64 v = 0; v < 256; v++) {
		u64 ist = v == VEC_NMI ? IST_NMI : v == VEC_DF ? IST_DF : v == VEC_MC ? IST_MC : 0;

		set_gate(idt[v], exception_stubs[v], ist);
		if (v == VEC_NMI || v == VEC_MC)
			set_gate(take_idt[v], exception_stubs[v], ist);
		else
			set_gate(take_idt[v], take_stubs[v], 0);
	}
}

static void load_idt(const void *table)
{
	struct table_pointer pointer = {sizeof(idt) - 1, (u64)table};

	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

u32 descriptors_take_interrupt(void)
{
	u32 vector;

	load_idt(take_idt);
	vector = take_interrupt();
	load_idt(idt);
	return vector;
}

void descriptors_limit(const struct descriptors *d)
{
	struct table_pointer pointer = {sizeof(d->gdt) - 1, (u64)d->gdt};

	__asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
	load_idt(idt);
}

void descriptors_load(struct descriptors *d)
{
	idt_init();
	descriptors_limit(d);
	/* The boot loader's LDT must not be the domain's. */
	__asm__ volatile("push %0\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\tmov %1, %%ds\n\t"
			 "mov %1, %%es\n\t"
			 "mov %1, %%ss\n\t"
			 "lldt %w2\n\t"
			 "ltr %w3"
			 :
			 : "i"(SEL_KERNEL_CS), "r"(SEL_KERNEL_DS), "r"(0), "r"(SEL_TSS)
			 : "rax", "memory");
}
