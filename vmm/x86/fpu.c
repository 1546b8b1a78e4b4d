/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XSAVE state (SDM vol. 1, chapter 13); see fpu.h. All components that the CPU has are saved, not
 * only those that the guest's XCR0 names: a component keeps its content while it is switched off.
 */
#include "vmm/memory.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/fpu.h"

#define CPUID1_ECX_XSAVE BIT(26)

static u64 all_components;
static hpa_t initial_area, signal_area;

static void xsave(hpa_t area)
{
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(phys_to_virt(area)), "a"((u32)all_components),
			   "d"((u32)(all_components >> 32))
			 : "memory");
}

static void xrstor(hpa_t area)
{
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(phys_to_virt(area)), "a"((u32)all_components),
			   "d"((u32)(all_components >> 32))
			 : "memory");
}

int fpu_init(struct fpu *fpu)
{
	struct cpuid_regs leaf;
	u64 pages;

	if (!(cpuid(1, 0).ecx & CPUID1_ECX_XSAVE))
		return -ENODEV;
	write_cr0((read_cr0() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE);
	leaf = cpuid(0xd, 0);
	all_components = (u64)leaf.edx << 32 | leaf.eax;
	pages = align_up(leaf.ecx, PAGE_SIZE) / PAGE_SIZE;
	fpu->guest = pages_alloc_contiguous(pages);
	fpu->guest_xcr0 = 1; /* reset value: SDM vol. 1, 13.3 */
	if (!initial_area) {
		static const u32 mxcsr = 0x1f80;
		static const u16 fcw = 0x37f;

		initial_area = pages_alloc_contiguous(pages);
		signal_area = pages_alloc_contiguous(pages);
		if (!initial_area || !signal_area)
			return -ENOMEM;
		memcpy((u8 *)phys_to_virt(initial_area) + 0, &fcw, sizeof(fcw));
		memcpy((u8 *)phys_to_virt(initial_area) + 24, &mxcsr, sizeof(mxcsr));
	}
	return fpu->guest ? 0 : -ENOMEM;
}

void fpu_enter_domain(struct fpu *fpu)
{
	fpu->guest_xcr0 = xgetbv();
	xsetbv(all_components);
	xsave(fpu->guest);
	xrstor(initial_area);
}

void fpu_leave_domain(struct fpu *fpu)
{
	xrstor(fpu->guest);
	xsetbv(fpu->guest_xcr0);
}

void fpu_save_domain(void)
{
	xsave(signal_area);
}

void fpu_restore_domain(void)
{
	xrstor(signal_area);
}
