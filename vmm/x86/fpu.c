/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XSAVE state (SDM vol. 1, chapter 13); see fpu.h. All components that the CPU has are saved, not
 * only those that the guest's XCR0 names: a component keeps its content while it is switched off.
 *
 * The x87 component is put back only where a visit changed it, which most do not: QEMU's TCG clears
 * a flag in the *first* CPU's state, without a lock, whenever any CPU loads x87 state, and that CPU
 * loses what it changed in the same word at that moment (docs/testing.md).
 */
#include "vmm/memory.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/fpu.h"

#define CPUID1_ECX_XSAVE BIT(26)

#define XSTATE_X87 BIT(0)

/* The legacy region in 8 bytes: FCW to FOP, FIP, FDP, MXCSR, 16 of ST0 to ST7 (SDM vol. 1, table
 * 13-1) */
#define LEGACY_MXCSR 3
#define LEGACY_WORDS 20

static u64 all_components;
static hpa_t initial_area, signal_area;

static void xsave(hpa_t area, u64 components)
{
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(phys_to_virt(area)), "a"((u32)components),
			   "d"((u32)(components >> 32))
			 : "memory");
}

static void xrstor(hpa_t area, u64 components)
{
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(phys_to_virt(area)), "a"((u32)components),
			   "d"((u32)(components >> 32))
			 : "memory");
}

/* The CPU's x87 state and the one that was saved. */
static bool x87_changed(struct fpu *fpu)
{
	const u64 *before = phys_to_virt(fpu->guest);
	u64 *now = phys_to_virt(fpu->after), count = LEGACY_WORDS;
	bool same;

	xsave(fpu->after, XSTATE_X87);
	now[LEGACY_MXCSR] = before[LEGACY_MXCSR]; /* of another component */
	__asm__ volatile("repe cmpsq"
			 : "+S"(before), "+D"(now), "+c"(count), "=@ccz"(same)
			 :
			 : "memory");
	return !same;
}

/* Writing XCR0 is slow where somebody is below us. */
static void set_components(u64 from, u64 to)
{
	if (from != to)
		xsetbv(to);
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
	fpu->after = pages_alloc_contiguous(1); /* legacy region and header: SDM vol. 1, 13.4 */
	fpu->guest_xcr0 = 1;			/* reset value: SDM vol. 1, 13.3 */
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
	return fpu->guest && fpu->after ? 0 : -ENOMEM;
}

void fpu_enter_domain(struct fpu *fpu)
{
	fpu->guest_xcr0 = xgetbv();
	set_components(fpu->guest_xcr0, all_components);
	xsave(fpu->guest, all_components);
	__asm__ volatile("fninit"); /* what the registers hold stays, but is marked empty */
	xrstor(initial_area, all_components & ~XSTATE_X87);
}

void fpu_leave_domain(struct fpu *fpu)
{
	xrstor(fpu->guest, x87_changed(fpu) ? all_components : all_components & ~XSTATE_X87);
	set_components(all_components, fpu->guest_xcr0);
}

void fpu_save_domain(void)
{
	xsave(signal_area, all_components);
}

void fpu_restore_domain(void)
{
	xrstor(signal_area, all_components);
}
