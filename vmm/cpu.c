/* SPDX-License-Identifier: Apache-2.0 */
/* Set-up of a CPU's area: stacks with guard pages, descriptor tables, control registers. */
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/paging.h"

#define MAIN_STACK_PAGES 4

extern const u8 syscall_entry[];

_Static_assert(offsetof(struct cpu, kernel_rsp) == 8, "known to exceptions.S");
_Static_assert(offsetof(struct cpu, scratch) == 16, "known to exceptions.S");
_Static_assert(offsetof(struct cpu, frame_end) == 24, "known to exceptions.S");
_Static_assert(offsetof(struct cpu, id) == 32, "known to asm.h");

/*
 * Stacks of CPU id lie in slots of their own, the pages below each unmapped. A stack for NMI, #DF
 * or #MC is one page, and its last 16 bytes hold the CPU's address: such a trap can come with any
 * GS.
 */
static u64 stack_create(hpa_t root, u32 slot, u32 pages, struct cpu *cpu)
{
	u64 top = STACKS_BASE + (slot + 1) * STACK_SLOT;

	for (u32 i = 1; i <= pages; i++) {
		hpa_t page = page_alloc();

		if (!page || map(root, top - i * PAGE_SIZE, page, PAGE_SIZE, MAP_RW))
			fatal("too little memory for stacks");
	}
	if (cpu) {
		*(struct cpu **)(top - 16) = cpu;
		return top - 16;
	}
	return top;
}

struct cpu *cpu_create(hpa_t root, u32 id)
{
	hpa_t area = pages_alloc_contiguous(align_up(sizeof(struct cpu), PAGE_SIZE) / PAGE_SIZE);
	struct cpu *cpu = phys_to_virt(area);
	u64 ist[3];

	if (!area)
		fatal("too little memory for a CPU's area");
	for (u32 i = 0; i < 3; i++)
		ist[i] = stack_create(root, id * 4 + i + 1, 1, cpu);
	cpu->self = cpu;
	cpu->id = id;
	cpu->vcpu.cpu = cpu;
	cpu->stack_top = stack_create(root, id * 4, MAIN_STACK_PAGES, NULL);
	descriptors_init(&cpu->descriptors, ist);
	if (nested_overlay_init(&cpu->vcpu.overlay))
		fatal("too little memory for a CPU's overlay");
	return cpu;
}

void cpu_load_syscall(void)
{
	/* SYSRET is not used. */
	wrmsr(MSR_STAR, (u64)SEL_KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	/* All flags: with NT set, even the IRETQ back to the domain would fault in ring 0. */
	wrmsr(MSR_SFMASK, UINT32_MAX & ~RFLAGS_FIXED);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

void cpu_load(struct cpu *cpu)
{
	struct cpuid_regs leaf7 = cpuid(7, 0);
	u64 cr4 = CR4_PAE;

	descriptors_load(&cpu->descriptors);
	wrmsr(MSR_GS_BASE, (u64)cpu);
	cr4 |= leaf7.ebx & BIT(7) ? CR4_SMEP : 0;
	cr4 |= leaf7.ebx & BIT(20) ? CR4_SMAP : 0;
	/* Without it, a machine check while the CPU is ours would be a shutdown. */
	cr4 |= cpuid(1, 0).edx & BIT(7) ? CR4_MCE : 0;
	if (!(cr4 & CR4_SMEP) || !(cr4 & CR4_SMAP))
		fatal("this CPU has no SMEP or no SMAP, on which the isolation of the engine "
		      "rests; "
		      "use one that has them (in QEMU: -cpu EPYC)");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	cpu_load_syscall();
	write_cr4(cr4);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
}
