// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * What a kernel that has been taken over can do with its CPU, and no kernel does: insmod corner.ko
 * what=NAME. Lines "corner: …" in the kernel's log say what became of it.
 */
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <asm/desc.h>
#include "apic.h"

static char *what = "";
module_param(what, charp, 0);
static unsigned long own; /* the hypervisor's memory: physical address */
module_param(own, ulong, 0);

/* 0: the instructions went through, 1: one faulted. CPUID leaves the guest. */
#define TRY(insn, value)                                                          \
	({                                                                         \
		unsigned long faulted_ = 1, a_ = 0, c_ = 0;                        \
		asm volatile("1: " insn "\n2: cpuid\n\tmov $0, %0\n3:\n"            \
			     _ASM_EXTABLE(1b, 3b) _ASM_EXTABLE(2b, 3b)             \
			     : "+S"(faulted_), "+a"(a_), "+c"(c_)                  \
			     : "D"((unsigned long)(value))                         \
			     : "memory", "cc", "rbx", "rdx");                      \
		faulted_;                                                          \
	})

#define SAY(name, insn, value) pr_info("corner: %s %s\n", name, TRY(insn, value) ? "faults" : "passes")

static void registers(void)
{
	unsigned long cr3, cr4, flags;

	local_irq_save(flags);
	asm volatile("mov %%cr3, %0\n\tmov %%cr4, %1" : "=r"(cr3), "=r"(cr4));
	SAY("CR3 with bit 60", "mov %%rdi, %%cr3", cr3 | 1ul << 60);
	SAY("CR4 with bit 40", "mov %%rdi, %%cr4", cr4 | 1ul << 40);
	SAY("CR4 with VMXE", "mov %%rdi, %%cr4", cr4 | 1ul << 13);
	local_irq_restore(flags);
}

/* What some emulators let a CPU have, though it cannot go on with it: the machine is reset at most. */
static void refused(void)
{
	unsigned long cr0, a = 0, c = 0;

	local_irq_disable();
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	cr0 = (cr0 & ~X86_CR0_CD) | X86_CR0_NW;
	asm volatile("mov %2, %%cr0\n\tcpuid" : "+a"(a), "+c"(c) : "r"(cr0) : "rbx", "rdx", "memory");
}

static void *find(const char *name)
{
	struct kprobe probe = {.symbol_name = name};
	void *address;

	if (register_kprobe(&probe))
		return NULL;
	address = probe.addr;
	unregister_kprobe(&probe);
	return address;
}

static void hooked_call(void)
{
	static long (*call)(const struct pt_regs *);
	static struct pt_regs regs;

	if (!call)
		call = find("__x64_sys_getpgid");
	if (call)
		call(&regs);
}

static unsigned int hits;

/*
 * Interrupts with vectors of exceptions, which an APIC sends from 16 on, while the hypervisor takes
 * the guest's interrupts: after an event, until a periodic timer's period ends.
 */
static void vectors(void)
{
	static gate_desc idt[256];
	struct desc_ptr before, table = {sizeof(idt) - 1, (unsigned long)idt};
	unsigned long flags, handler, tpr;
	u32 lvt, initial, vector;

	hooked_call();
	local_irq_save(flags);
	asm volatile("sidt %0" : "=m"(before));
	memcpy(idt, (void *)before.address, min_t(size_t, sizeof(idt), before.size + 1));
	asm volatile("jmp 2f\n1: incl %1\n\tiretq\n2: lea 1b(%%rip), %0" : "=r"(handler), "+m"(hits));
	for (vector = 16; vector < 32; vector++) {
		idt[vector] = idt[32];
		idt[vector].offset_low = (u16)handler;
		idt[vector].offset_middle = (u16)(handler >> 16);
		idt[vector].offset_high = (u32)(handler >> 32);
	}
	lvt = local_apic_read(APIC_LVTT);
	initial = local_apic_read(APIC_TMICT);
	asm volatile("mov %%cr8, %0\n\tmov %1, %%cr8" : "=&r"(tpr) : "r"(0ul));
	asm volatile("lidt %0" : : "m"(table));
	for (vector = 16; vector < 32; vector++) {
		unsigned int seen = READ_ONCE(hits);

		local_apic_write(APIC_LVTT, APIC_LVT_TIMER_PERIODIC | APIC_LVT_MASKED | 0xef);
		local_apic_write(APIC_TMICT, 0x7fffffff);
		hooked_call();
		apic->icr_write(APIC_DEST_SELF | APIC_INT_ASSERT | vector, 0);
		asm volatile("sti; nop; nop; nop; cli" : : : "memory");
		if (READ_ONCE(hits) != seen)
			local_apic_write(APIC_EOI, 0);
		else
			pr_info("corner: vector %u is not seen\n", vector);
	}
	asm volatile("lidt %0\n\tmov %1, %%cr8" : : "m"(before), "r"(tpr));
	local_apic_write(APIC_LVTT, lvt);
	local_apic_write(APIC_TMICT, initial ? initial : 1);
	local_irq_restore(flags);
	pr_info("corner: %u vectors seen\n", hits);
}

/*
 * QEMU's channel for firmware: its files, and a DMA that a store to a port begins. Asked for zeros,
 * which stand behind the end of every file, in place of the hypervisor's first pages.
 */
static void fw_cfg(void)
{
	struct {
		__be32 control, length;
		__be64 address;
	} *dma = kzalloc(sizeof(*dma), GFP_KERNEL);
	unsigned int i;
	u8 name[5] = {0};
	u64 at;

	if (!dma)
		return;
	outw(0, 0x510);
	for (i = 0; i < 4; i++)
		name[i] = inb(0x511);
	pr_info("corner: fw_cfg is %s there\n", strcmp(name, "QEMU") ? "not" : "");
	dma->control = cpu_to_be32(2); /* read */
	dma->length = cpu_to_be32(4 << 20);
	dma->address = cpu_to_be64(own);
	at = virt_to_phys(dma);
	outl((__force u32)cpu_to_be32(at >> 32), 0x514);
	outl((__force u32)cpu_to_be32(at), 0x518);
	pr_info("corner: its DMA is %s\n", dma->control ? "not done" : "done");
	kfree(dma);
}

/*
 * An 8259 that was silent asks for the vector of #SS while events are handled; the guest, with IF
 * clear, finds the request where it was.
 */
static void pic(void)
{
	unsigned long flags;
	u8 ier, wanted, served, wants;
	int i;

	hooked_call();
	local_irq_save(flags);
	ier = inb(0x3f9);
	outb(0x11, 0x20);
	outb(0x08, 0x21);
	outb(0x04, 0x21);
	outb(0x01, 0x21);
	outb(0xef, 0x21);
	outb(0x0b, 0x3fc);
	outb(0x00, 0x3f9);
	outb(0x02, 0x3f9); /* IRQ 4: the port may send */
	outb(0x0a, 0x20);
	wanted = inb(0x20);
	for (i = 0; i < 5; i++)
		hooked_call();
	outb(0x0b, 0x20);
	served = inb(0x20);
	outb(0x0a, 0x20);
	wants = inb(0x20);
	outb(0xff, 0x21);
	outb(0x11, 0x20);
	outb(0x30, 0x21);
	outb(0x04, 0x21);
	outb(0x01, 0x21);
	outb(0xff, 0x21);
	outb(ier, 0x3f9);
	local_irq_restore(flags);
	pr_info("corner: IRQ 4 of the 8259 was there %u, is there %u, served %u\n", wanted >> 4 & 1,
		wants >> 4 & 1, served >> 4 & 1);
}

/* Writes that the signature "register" counts; 10 of each, and none that has an effect when done. */
static void writes(void)
{
	unsigned long flags, cr0, cr4, now, faults = 0, wrong = 0;
	u64 eip, efer, value;
	struct desc_ptr idt, gdt;
	unsigned int i;

	local_irq_save(flags);
	asm volatile("mov %%cr0, %0\n\tmov %%cr4, %1" : "=r"(cr0), "=r"(cr4));
	asm volatile("sidt %0" : "=m"(idt));
	asm volatile("sgdt %0" : "=m"(gdt));
	rdmsrl(MSR_IA32_SYSENTER_EIP, eip);
	rdmsrl(MSR_EFER, efer);
	for (i = 0; i < 5; i++) {
		asm volatile("mov %0, %%cr0\n\tclts" : : "r"(cr0 | X86_CR0_TS) : "memory");
		asm volatile("mov %0, %%cr4" : : "r"(cr4 ^ X86_CR4_TSD) : "memory");
		asm volatile("mov %%cr4, %0" : "=r"(now));
		wrong += now != (cr4 ^ X86_CR4_TSD);
		asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
		asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory"); /* no change */
		faults += TRY("mov %%rdi, %%cr4", cr4 | 1ul << 40);
	}
	for (i = 0; i < 10; i++) {
		asm volatile("lidt %0" : : "m"(idt));
		asm volatile("lgdt %0" : : "m"(gdt));
		wrmsrl(MSR_EFER, efer);
		wrmsrl(MSR_IA32_SYSENTER_EIP, i < 9 ? eip + i + 1 : eip);
		rdmsrl(MSR_IA32_SYSENTER_EIP, value);
		wrong += value != (i < 9 ? eip + i + 1 : eip);
	}
	asm volatile("mov %%cr0, %0" : "=r"(now));
	wrong += now != cr0;
	local_irq_restore(flags);
	pr_info("corner: %lu faults, %lu wrong values\n", faults, wrong);
}

static int __init corner_init(void)
{
	if (!strcmp(what, "registers"))
		registers();
	else if (!strcmp(what, "writes"))
		writes();
	else if (!strcmp(what, "refused"))
		refused();
	else if (!strcmp(what, "fwcfg"))
		fw_cfg();
	else if (!strcmp(what, "pic"))
		pic();
	else if (!strcmp(what, "vectors"))
		vectors();
	return 0;
}

static void __exit corner_exit(void)
{
}

module_init(corner_init);
module_exit(corner_exit);
MODULE_LICENSE("GPL");
