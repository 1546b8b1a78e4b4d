// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * A kernel that has been taken over attacks what is below it: insmod hostile.ko what=NAME. Each
 * attack prints what became of it, lines "hostile: …" in the kernel's log, and leaves the kernel as it
 * was where that is possible.
 */
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <linux/version.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/nmi.h>
#include "apic.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define rdmsrl	    rdmsrq
#define rdmsrl_safe rdmsrq_safe
#define wrmsrl_safe wrmsrq_safe
#endif

static char *what = "";
module_param(what, charp, 0);
static unsigned long own; /* the hypervisor's memory: physical address and size */
module_param(own, ulong, 0);
static unsigned long own_size;
module_param(own_size, ulong, 0);

/* 0: the instruction went through, 1: it faulted */
#define TRY(insn)                                                                  \
	({                                                                         \
		int faulted_ = 1;                                                  \
		asm volatile("1: " insn "\n\txor %0, %0\n2:\n" _ASM_EXTABLE(1b, 2b) \
			     : "+r"(faulted_)                                      \
			     : "a"(0), "c"(0), "d"(0)                              \
			     : "memory", "cc", "rbx");                             \
		faulted_;                                                          \
	})

#define SAY(insn, operands)                                          \
	pr_info("hostile: %s %s\n", insn, TRY(insn operands) ? "faults" : "passes")

static void instructions(void)
{
	SAY("vmmcall", "");
	SAY("vmcall", "");
	SAY("vmrun", " %%rax");
	SAY("vmload", " %%rax");
	SAY("vmsave", " %%rax");
	SAY("clgi", "");
	SAY("stgi", "");
	SAY("skinit", "");
	SAY("invlpga", " %%rax, %%ecx");
	SAY("vmxoff", "");
	SAY("vmlaunch", "");
	SAY("getsec", "");
	SAY("rsm", "");
	SAY("invd", "");
	SAY("wbinvd", "");
}

static void msr(u32 number, u64 value)
{
	u64 before = 0, after = 0;
	int no_read = rdmsrl_safe(number, &before);
	int no_write = wrmsrl_safe(number, value ? value : before);

	if (!no_read)
		rdmsrl_safe(number, &after);
	pr_info("hostile: msr %x read %s write %s%s\n", number, no_read ? "faults" : "passes",
		no_write ? "faults" : "passes", before == after ? ", unchanged" : ", changed");
	if (!no_read && !no_write && before != after)
		wrmsrl_safe(number, before);
}

static void msrs(void)
{
	u64 base, efer;

	msr(0xc0010114, 0); /* VM_CR */
	msr(0xc0010117, own); /* VM_HSAVE_PA */
	msr(0xc0010010, 1 << 23); /* SYSCFG: memory encryption */
	msr(0xc0010016, own | 0x18); /* IORR */
	msr(0xc001001a, 1 << 23); /* TOP_MEM */
	msr(0xc0010020, own); /* PATCH_LOADER */
	msr(0xc0010058, own | 1); /* MMIO_CFG_BASE */
	msr(0xc0010111, own); /* SMM_BASE */
	msr(0xc0010112, own); /* SMM_ADDR */
	msr(0xc0010131, 0); /* SEV_STATUS */
	msr(0x3a, 5);
	msr(0x480, 0);
	msr(0x570, 1);
	msr(0x40000000, 0);
	rdmsrl(MSR_EFER, efer);
	pr_info("hostile: EFER.SVME is %llu, setting it %s\n", efer >> 12 & 1,
		wrmsrl_safe(MSR_EFER, efer | 1 << 12) ? "faults" : "passes");
	rdmsrl(MSR_IA32_APICBASE, base);
	pr_info("hostile: moving the APIC %s\n",
		wrmsrl_safe(MSR_IA32_APICBASE, own | (base & 0xfff)) ? "faults" : "passes");
}

static bool all_ones(const u8 *p, size_t size)
{
	return !memchr_inv(p, 0xff, size);
}

static noinline void own_memory(void)
{
	u8 *map = memremap(own, own_size, MEMREMAP_WB), *middle, *copy;
	unsigned long flags, top, stack;

	if (!map) {
		pr_info("hostile: no mapping\n");
		return;
	}
	middle = map + own_size / 2;
	copy = kmalloc(2 * PAGE_SIZE, GFP_KERNEL);
	pr_info("hostile: reads as ones: %d %d %d\n", all_ones(map, PAGE_SIZE),
		all_ones(middle, PAGE_SIZE), all_ones(map + own_size - PAGE_SIZE, PAGE_SIZE));
	memset(copy, 0, 2 * PAGE_SIZE);
	memcpy(copy, middle - 100, 200);
	pr_info("hostile: copy is ones: %d\n", all_ones(copy, 200) && !copy[200]);

	WRITE_ONCE(*(u64 *)middle, 0x1234);
	pr_info("hostile: after mov: %d\n", all_ones(middle, 64));
	memset(middle - 3000, 0x55, 6000); /* rep stos over a border of pages */
	pr_info("hostile: after rep stos: %d\n", all_ones(middle - 4096, 8192));
	memcpy(middle - 7, copy, 14);
	pr_info("hostile: after rep movs: %d\n", all_ones(middle - 64, 128));
	asm volatile("lock; xaddq %0, (%1)" : : "r"(1ul), "r"(middle) : "memory");
	asm volatile("xchg %0, (%1)" : : "r"(1ul), "r"(middle) : "memory");
	asm volatile("lock; cmpxchg16b (%0)"
		     : : "r"(middle), "a"(-1l), "d"(-1l), "b"(0), "c"(0) : "memory", "cc");
	asm volatile("movnti %0, (%1)" : : "r"(0ul), "r"(middle) : "memory");
	pr_info("hostile: after locked and other stores: %d\n", all_ones(middle, 64));
	/* unaligned, over the border of two pages */
	asm volatile("mov %0, (%1)" : : "r"(0ul), "r"(middle - 3) : "memory");
	pr_info("hostile: after a store over the border: %d\n", all_ones(middle - 64, 128));

	local_irq_save(flags);
	asm volatile("mov %%rsp, %0\n\tmov %2, %%rsp\n\tpush %0\n\tpop %1\n\tmov %0, %%rsp"
		     : "=&r"(stack), "=&r"(top)
		     : "r"(middle)
		     : "memory");
	local_irq_restore(flags);
	pr_info("hostile: as a stack: popped %lx\n", top);
	pr_info("hostile: in the end: %d\n", all_ones(map, own_size));
	kfree(copy);
	memunmap(map);
}
STACK_FRAME_NON_STANDARD(own_memory);

/* The four that no kernel survives: the machine is to be reset, as without a hypervisor. */
static void as_cr3(void)
{
	local_irq_disable();
	asm volatile("mov %0, %%cr3" : : "r"(own) : "memory");
}

static noinline void as_table(bool idt)
{
	struct desc_ptr table = {PAGE_SIZE - 1,
				 (unsigned long)memremap(own, PAGE_SIZE, MEMREMAP_WB)};

	local_irq_disable();
	if (idt)
		asm volatile("lidt %0\n\tint3" : : "m"(table));
	else
		asm volatile("lgdt %0\n\tmov %%ss, %%eax\n\tmov %%eax, %%ss\n\tint3"
			     : : "m"(table) : "eax");
}
STACK_FRAME_NON_STANDARD(as_table);

static noinline void as_tss(void)
{
	struct desc_struct gdt[GDT_ENTRIES];
	unsigned long tss = (unsigned long)memremap(own, PAGE_SIZE, MEMREMAP_WB);
	struct desc_ptr table = {sizeof(gdt) - 1, (unsigned long)gdt};
	tss_desc descriptor;

	memcpy(gdt, get_current_gdt_ro(), sizeof(gdt));
	set_tssldt_descriptor(&descriptor, tss, DESC_TSS, __KERNEL_TSS_LIMIT);
	memcpy(&gdt[GDT_ENTRY_TSS], &descriptor, sizeof(descriptor));
	local_irq_disable();
	asm volatile("lgdt %0\n\tltr %w1\n\tmov $0, %%rsp\n\tpush %%rax"
		     : : "m"(table), "q"(GDT_ENTRY_TSS * 8) : "memory");
}
STACK_FRAME_NON_STANDARD(as_tss);

/*
 * The other CPU takes an exception with its stack in the hypervisor's memory, by a table whose every
 * handler is an endless loop. It never comes back; this one must go on.
 */
static gate_desc endless_idt[256];

static noinline void never_return(void *stack)
{
	struct desc_ptr table = {sizeof(endless_idt) - 1, (unsigned long)endless_idt};
	unsigned long loop;
	int i;

	asm volatile("jmp 2f\n1: jmp 1b\n2: lea 1b(%%rip), %0" : "=r"(loop));
	for (i = 0; i < 256; i++) {
		gate_desc *gate = &endless_idt[i];

		gate->offset_low = (u16)loop;
		gate->offset_middle = (u16)(loop >> 16);
		gate->offset_high = (u32)(loop >> 32);
		gate->segment = __KERNEL_CS;
		gate->bits.type = 0xe;
		gate->bits.p = 1;
	}
	asm volatile("lidt %0\n\tmov %1, %%rsp\n\tud2" : : "m"(table), "r"(stack) : "memory");
}
STACK_FRAME_NON_STANDARD(never_return);

static void endless(void)
{
	u8 *map = memremap(own, own_size, MEMREMAP_WB);
	int other = !get_cpu();

	smp_call_function_single(other, never_return, map + own_size / 2, 0);
	mdelay(300);
	pr_emerg("hostile: this CPU goes on, our memory is ones: %d\n", all_ones(map, own_size));
	emergency_restart();
}

/* INIT for all others, to where the APIC has no register, but next to the ICR. */
static void odd_stores(void)
{
	u8 *apic_page = ioremap(0xfee00000, PAGE_SIZE);
	unsigned long flags;
	int i;

	local_irq_save(flags);
	for (i = 1; i < 16; i++)
		writel(0xc4500, apic_page + 0x300 + i);
	writeq(0xc4500, apic_page + 0x300);
	writew(0x4500, apic_page + 0x300);
	local_irq_restore(flags);
	iounmap(apic_page);
	pr_info("hostile: odd stores are made\n");
}

static atomic_t nmis;

static int count_nmi(unsigned int type, struct pt_regs *regs)
{
	atomic_inc(&nmis);
	return NMI_HANDLED;
}

static void send(u32 low, int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	apic->icr_write(low, per_cpu(x86_cpu_to_apicid, cpu));
	local_irq_restore(flags);
	apic->safe_wait_icr_idle();
}

static void nmi_storm(void)
{
	int i, sent = 0;

	if (register_nmi_handler(NMI_LOCAL, count_nmi, 0, "hostile"))
		return;
	for (i = 0; i < 2000; i++) {
		int before = atomic_read(&nmis), waited = 0;

		send(APIC_DM_NMI | APIC_INT_ASSERT, i % num_online_cpus());
		while (atomic_read(&nmis) == before && waited++ < 100000)
			cpu_relax();
		sent++;
	}
	mdelay(10);
	pr_info("hostile: %d NMIs sent, %d seen\n", sent, atomic_read(&nmis));
	unregister_nmi_handler(NMI_LOCAL, "hostile");
}

/* INIT without SIPI, again and again, for CPU 1, which is offline: it can be started afterwards. */
static void init_storm(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		send(APIC_DM_INIT | APIC_INT_ASSERT | APIC_INT_LEVELTRIG, 1);
		send(APIC_DM_INIT | APIC_INT_LEVELTRIG, 1);
	}
	pr_info("hostile: INIT sent\n");
}

/*
 * Code for system management mode where a CPU starts it that nobody has told otherwise (SDM vol. 3, 32.4): it
 * counts, and counts apart when it sees the hypervisor's memory. Then SMIs for all CPUs, by the ICR.
 */
#define SMI_HANDLER 0x38000ul
#define SMI_COUNTS  0x39000ul

static void smi_storm(void)
{
	static u8 code[] = {
		0x67, 0x66, 0x83, 0x3d, 0, 0, 0, 0, 0xff, /* cmpl $-1, own */
		0x74, 0x08,				  /* je count */
		0x67, 0x66, 0xff, 0x05, 4, 0x90, 3, 0,	  /* incl 39004h */
		0x67, 0x66, 0xff, 0x05, 0, 0x90, 3, 0,	  /* count: incl 39000h */
		0x0f, 0xaa,				  /* rsm */
	};
	volatile u32 *counts = phys_to_virt(SMI_COUNTS);
	int i;

	*(u32 *)&code[4] = own;
	memcpy(phys_to_virt(SMI_HANDLER), code, sizeof(code));
	counts[0] = counts[1] = 0;
	for (i = 0; i < 1000; i++) {
		send(APIC_DM_SMI | APIC_INT_ASSERT, i % num_online_cpus());
		udelay(20);
	}
	pr_info("hostile: %d SMIs sent, %u seen, %u saw our memory\n", i, counts[0], counts[1]);
}

/* An entry that nobody uses, masked: what mode does it have after a write? */
static u32 ioapic_entry(u8 __iomem *page, u32 value)
{
	writel(0x10 + 2 * 23, page);
	writel(value, page + 0x10);
	return readl(page + 0x10);
}

static void ioapic(void)
{
	u8 __iomem *page = ioremap(0xfec00000, PAGE_SIZE);
	unsigned long flags;
	u32 fixed, smi, init, nmi, part;

	local_irq_save(flags);
	fixed = ioapic_entry(page, 0x10055);
	smi = ioapic_entry(page, 0x10255);
	init = ioapic_entry(page, 0x10555);
	writew(0x0255, page + 0x10);
	writeb(0x02, page + 0x11);
	writeq(0x10255, page + 0x10);
	part = readl(page + 0x10);
	nmi = ioapic_entry(page, 0x10400);
	local_irq_restore(flags);
	iounmap(page);
	pr_info("hostile: I/O APIC: fixed %x, SMI %x, INIT %x, in parts %x, NMI %x\n", fixed, smi, init, part, nmi);
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

/* A hooked system call, from here: signatures look at the kernel as it is at this moment. */
static void hooked_call(const char *moment)
{
	static long (*call)(const struct pt_regs *);
	static struct pt_regs regs;

	if (!call)
		call = find("__x64_sys_getpgid");
	if (call)
		pr_info("hostile: call while %s: %ld\n", moment, call(&regs));
	regs.di++;
}

static atomic_t calling;

/*
 * Floods CPU 0 with interrupts of class 15 and NMIs while that one is in a hooked call: in bursts, or
 * it would never get to the call.
 */
static int flood_of_interrupts(void *unused)
{
	static const u32 low[] = {0xfd, 0xf6, 0xfd, APIC_DM_NMI};
	unsigned int sent = 0;

	while (!kthread_should_stop()) {
		if (atomic_read(&calling) && ++sent % 4096)
			send(low[sent % ARRAY_SIZE(low)] | APIC_INT_ASSERT, 0);
		else
			udelay(300);
		if (!(sent % 65536))
			cond_resched();
	}
	return 0;
}

static void flooded_calls(void)
{
	struct task_struct *flooder;
	int i;

	if (register_nmi_handler(NMI_LOCAL, count_nmi, 0, "hostile"))
		return;
	set_cpus_allowed_ptr(current, cpumask_of(0));
	flooder = kthread_create(flood_of_interrupts, NULL, "flooder");
	kthread_bind(flooder, 1);
	wake_up_process(flooder);
	for (i = 0; i < 30; i++) {
		atomic_set(&calling, 1);
		hooked_call("flooded");
		atomic_set(&calling, 0);
	}
	kthread_stop(flooder);
	pr_info("hostile: some NMIs: %d\n", atomic_read(&nmis) > 0);
	unregister_nmi_handler(NMI_LOCAL, "hostile");
}

#define SKEW (1ull << 45)

static atomic_t stage;

/* CPU 1, whose clock is ahead by hours: first another CPU's call is looked into, then its own. */
static void skewed(void *unused)
{
	u64 before = rdtsc_ordered(), msr = 0;

	wrmsrl_safe(MSR_IA32_TSC, before + SKEW);
	rdmsrl_safe(MSR_IA32_TSC, &msr);
	pr_info("hostile: the TSC moves: %d, by RDMSR: %d\n",
		(int)((rdtsc_ordered() - before) >> 45), (int)((msr - before) >> 45));
	atomic_set(&stage, 1);
	while (atomic_read(&stage) == 1)
		cpu_relax();
	hooked_call("its clock is ahead");
	wrmsrl_safe(MSR_IA32_TSC, rdtsc_ordered() - SKEW);
	pr_info("hostile: and back: %d\n", (int)((rdtsc_ordered() - before) >> 45));
	atomic_set(&stage, 3);
}

static void clocks(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(0));
	hooked_call("clocks agree"); /* it looks for the function, which takes all CPUs */
	smp_call_function_single(1, skewed, NULL, 0);
	while (atomic_read(&stage) != 1)
		cpu_relax();
	hooked_call("another clock is ahead");
	atomic_set(&stage, 2);
	while (atomic_read(&stage) != 3)
		cpu_relax();
}

static void memory_types(void)
{
	u64 before = 0, now = 0;
	unsigned long flags;
	int faults;

	hooked_call("the MTRRs are on");
	rdmsrl_safe(MSR_MTRRdefType, &before);
	local_irq_save(flags);
	faults = wrmsrl_safe(MSR_MTRRdefType, before & ~0x800ull);
	rdmsrl_safe(MSR_MTRRdefType, &now);
	hooked_call("the MTRRs are off");
	wrmsrl_safe(MSR_MTRRdefType, before);
	local_irq_restore(flags);
	pr_info("hostile: MTRRs off: %s, reads back %d\n", faults ? "faults" : "passes",
		now == (before & ~0x800ull));
	pr_info("hostile: a type that is none %s\n",
		wrmsrl_safe(MSR_MTRRdefType, 0x802) ? "faults" : "passes");
}

/* Task lists and page tables that are none; interrupts are off, so nobody else walks them. */
static void lies(void)
{
	struct task_struct *me = current;
	struct list_head tasks = me->tasks, children = me->children, threads = me->thread_node;
	struct list_head modules = THIS_MODULE->list;
	struct mm_struct *mm = me->mm;
	pgd_t *pgd = mm->pgd;
	unsigned long flags;

	hooked_call("all is well");
	local_irq_save(flags);
	me->tasks.next = &me->tasks;
	hooked_call("the task list is a loop of one");
	me->tasks.next = (void *)0x1234567;
	hooked_call("the task list leads nowhere");
	me->tasks.next = (void *)me;
	hooked_call("the task list leads into itself");
	me->tasks = tasks;
	me->children.next = (void *)me;
	hooked_call("its children are itself");
	me->children = children;
	me->thread_node.next = &me->thread_node;
	hooked_call("the thread list is a loop without its head");
	me->thread_node = threads;
	me->group_leader = (void *)0xdead000000000000ul;
	hooked_call("its leader is poison");
	me->group_leader = me;
	THIS_MODULE->list.next = &THIS_MODULE->list;
	hooked_call("the module list is a loop of one");
	THIS_MODULE->list = modules;
	pgd[100] = __pgd(__pa(pgd) | _KERNPG_TABLE | _PAGE_USER);
	hooked_call("a page table is its own child");
	pgd[100] = __pgd(own | _KERNPG_TABLE | _PAGE_USER);
	hooked_call("a page table is the hypervisor's memory");
	pgd[100] = __pgd(0x000ffffffffff000ul | _KERNPG_TABLE | _PAGE_USER);
	hooked_call("a page table is beyond all memory");
	pgd[100] = __pgd(0);
	me->mm = (void *)0xdead000000000000ul;
	hooked_call("mm is poison");
	me->mm = (void *)me;
	hooked_call("mm is a task");
	me->mm = mm;
	local_irq_restore(flags);
	hooked_call("all is well again");
}

/* Where the trap stands in a hooked function; 0: there is none. */
static unsigned int trap_at(const u8 *function)
{
	unsigned int at;

	for (at = 0; function && at < 16 && function[at] != 0xcc; at++)
		;
	return function && at < 16 ? at : 0;
}

/* The kernel's code by another mapping, which can be written to. */
static u8 *writable(u8 *code)
{
	struct page *page = virt_to_page(__va(__pa_symbol(code)));
	u8 *alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	return alias ? alias + offset_in_page(code) : NULL;
}

/* A sixteenth of the traps' places is looked at at an event, ten times a second. */
static void looks(const char *moment, unsigned int calls)
{
	while (calls--) {
		hooked_call(moment);
		msleep(50);
	}
}

static noinline long instead(const struct pt_regs *regs)
{
	return -1234;
}

static void notrace lead_away(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			      struct ftrace_regs *regs)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	ftrace_instruction_pointer_set(regs, (unsigned long)instead);
#else
	ftrace_regs_set_instruction_pointer(regs, (unsigned long)instead);
#endif
}

/* Calls of these functions of nobody's are led away in front of the trap. */
static void lead_away_by_ftrace(bool says_so)
{
	static struct ftrace_ops users[2];
	struct ftrace_ops *ops = &users[says_so];
	long (*function)(const struct pt_regs *) =
		find(says_so ? "__x64_sys_setdomainname" : "__x64_sys_swapon");
	static struct pt_regs regs;

	ops->func = lead_away;
	if (says_so)
		ops->flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS;
	if (!function || ftrace_set_filter_ip(ops, (unsigned long)function, 0, 1) ||
	    register_ftrace_function(ops))
		return;
	pr_info("hostile: led away: %ld\n", function(&regs));
	looks("ftrace leads calls away", 50);
	unregister_ftrace_function(ops);
	pr_info("hostile: and back: %ld\n", function(&regs));
}

static void jump(void)
{
	u8 *function = find("__x64_sys_swapoff"), *alias, before[5], jump[5] = {0xe9};
	unsigned int at = trap_at(function);
	int rel = (int)((long)instead - (long)function - at);

	alias = at >= 5 ? writable(function + at - 5) : NULL;
	if (!alias)
		return;
	memcpy(before, alias, 5);
	memcpy(jump + 1, &rel, 4);
	memcpy(alias, jump, 5);
	sync_core();
	pr_info("hostile: jumped: %ld\n", ((long (*)(const struct pt_regs *))function)(NULL));
	looks("a jump is in front of a trap", 100);
	memcpy(alias, before, 5);
	vunmap((void *)((unsigned long)alias & PAGE_MASK));
}

/* Traps on system calls that nobody makes are written over, or are not reached any more. */
static void lift(void)
{
	u8 *function = find("__x64_sys_sethostname"), *alias;
	unsigned int at = trap_at(function);

	alias = at ? writable(function + at) : NULL;
	if (!alias) {
		pr_info("hostile: no trap\n");
		return;
	}
	WRITE_ONCE(*alias, 0x90);
	looks("a trap is lifted", 50);
	WRITE_ONCE(*alias, 0xcc);
	vunmap((void *)((unsigned long)alias & PAGE_MASK));
	pr_info("hostile: a trap was lifted\n");
	lead_away_by_ftrace(true);
	lead_away_by_ftrace(false);
	jump();
}

/*
 * A hooked call whose handler never ends by itself, while an interrupt of the highest class is in
 * service: its handler has returned without EOI.
 */
#define LEFT_VECTOR 0xf5

static void in_service(void)
{
	static gate_desc idt[256];
	struct desc_ptr before, table = {sizeof(idt) - 1, (unsigned long)idt};
	unsigned long flags, handler;
	u32 isr;

	hooked_call("nothing is in service"); /* the first one may sleep */
	local_irq_save(flags);
	asm volatile("sidt %0" : "=m"(before));
	memcpy(idt, (void *)before.address, min_t(size_t, sizeof(idt), before.size + 1));
	asm volatile("jmp 2f\n1: iretq\n2: lea 1b(%%rip), %0" : "=r"(handler));
	idt[LEFT_VECTOR].offset_low = (u16)handler;
	idt[LEFT_VECTOR].offset_middle = (u16)(handler >> 16);
	idt[LEFT_VECTOR].offset_high = (u32)(handler >> 32);
	asm volatile("lidt %0" : : "m"(table));
	apic->icr_write(APIC_DEST_SELF | APIC_INT_ASSERT | LEFT_VECTOR, 0);
	asm volatile("sti; nop; nop; nop; cli" : : : "memory");
	isr = local_apic_read(APIC_ISR + 0x70);
	hooked_call("an interrupt is in service");
	asm volatile("sti; nop; nop; nop; cli" : : : "memory");
	local_apic_write(APIC_EOI, 0);
	asm volatile("lidt %0" : : "m"(before));
	local_irq_restore(flags);
	pr_info("hostile: it was in service: %d\n", isr >> (LEFT_VECTOR & 31) & 1);
}

static int __init hostile_init(void)
{
	pr_info("hostile: begin %s\n", what);
	if (!strcmp(what, "instructions"))
		instructions();
	else if (!strcmp(what, "msrs"))
		msrs();
	else if (!strcmp(what, "own"))
		own_memory();
	else if (!strcmp(what, "cr3"))
		as_cr3();
	else if (!strcmp(what, "idt") || !strcmp(what, "gdt"))
		as_table(what[0] == 'i');
	else if (!strcmp(what, "tss"))
		as_tss();
	else if (!strcmp(what, "nmi"))
		nmi_storm();
	else if (!strcmp(what, "init"))
		init_storm();
	else if (!strcmp(what, "endless"))
		endless();
	else if (!strcmp(what, "odd"))
		odd_stores();
	else if (!strcmp(what, "ioapic"))
		ioapic();
	else if (!strcmp(what, "smi"))
		smi_storm();
	else if (!strcmp(what, "lies"))
		lies();
	else if (!strcmp(what, "lift"))
		lift();
	else if (!strcmp(what, "service"))
		in_service();
	else if (!strcmp(what, "clocks"))
		clocks();
	else if (!strcmp(what, "types"))
		memory_types();
	else if (!strcmp(what, "flood"))
		flooded_calls();
	pr_info("hostile: end %s\n", what);
	return 0;
}

static void __exit hostile_exit(void)
{
}

module_init(hostile_init);
module_exit(hostile_exit);
MODULE_LICENSE("GPL");
