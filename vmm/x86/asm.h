/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions that C has no words for, one function each, and the registers' bits we use. */
#ifndef VMM_X86_ASM_H
#define VMM_X86_ASM_H

#include "vmm/types.h"

/* SDM vol. 3, 2.5 */
#define CR0_PE	       BIT(0)
#define CR0_MP	       BIT(1)
#define CR0_EM	       BIT(2)
#define CR0_TS	       BIT(3)
#define CR0_ET	       BIT(4)
#define CR0_NE	       BIT(5)
#define CR0_WP	       BIT(16)
#define CR0_AM	       BIT(18)
#define CR0_NW	       BIT(29)
#define CR0_CD	       BIT(30)
#define CR0_PG	       BIT(31)
#define CR4_PAE	       BIT(5)
#define CR4_MCE	       BIT(6)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_LA57       BIT(12)
#define CR4_VMXE       BIT(13)
#define CR4_SMXE       BIT(14)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_PKE	       BIT(22)
#define CR4_CET	       BIT(23)
#define CR4_UINTR      BIT(25)
#define CR4_FRED       BIT(32)

/* What raised a #DB: B0 to B3, BD, BS; SDM vol. 3, 17.2.3 */
#define DR6_CAUSES	0x600full
#define DR6_BREAKPOINTS 0xfull
#define DR6_BS		BIT(14)
#define DR7_ENABLED	0xffull /* L0 to G3 */
#define DR7_GD		BIT(13)
#define DEBUGCTL_LBR	BIT(0)
#define DEBUGCTL_BTF	BIT(1)

#define RFLAGS_FIXED BIT(1)
#define RFLAGS_CF    BIT(0)
#define RFLAGS_PF    BIT(2)
#define RFLAGS_AF    BIT(4)
#define RFLAGS_ZF    BIT(6)
#define RFLAGS_SF    BIT(7)
#define RFLAGS_TF    BIT(8)
#define RFLAGS_IF    BIT(9)
#define RFLAGS_DF    BIT(10)
#define RFLAGS_OF    BIT(11)
#define RFLAGS_RF    BIT(16)
#define RFLAGS_AC    BIT(18)

#define MSR_TSC		   0x10u
#define MSR_TSC_ADJUST	   0x3bu
#define MSR_TSC_DEADLINE   0x6e0u
#define MSR_DEBUGCTL	   0x1d9u
#define MSR_APIC_BASE	   0x1bu
#define MSR_MISC_FEATURES  0x140u /* faults of CPUID in ring 3, and others */
#define MSR_X2APIC_ICR	   0x830u
#define MSR_X2APIC_FIRST   0x800u
#define MSR_EFER	   0xc0000080u
#define MSR_STAR	   0xc0000081u
#define MSR_LSTAR	   0xc0000082u
#define MSR_SFMASK	   0xc0000084u
#define MSR_FS_BASE	   0xc0000100u
#define MSR_GS_BASE	   0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

#define EFER_SCE  BIT(0)
#define EFER_LME  BIT(8)
#define EFER_LMA  BIT(10)
#define EFER_NXE  BIT(11)
#define EFER_SVME BIT(12)

/* Exceptions: SDM vol. 3, table 6-1 */
#define VEC_DE	0
#define VEC_DB	1
#define VEC_NMI 2
#define VEC_BP	3
#define VEC_OF	4
#define VEC_UD	6
#define VEC_DF	8
#define VEC_TS	10
#define VEC_SS	12
#define VEC_GP	13
#define VEC_PF	14
#define VEC_MC	18
#define VEC_SX	30 /* AMD: INIT, see VM_CR.R_INIT */

#define MSR_MCG_STATUS	0x17au /* SDM vol. 3, 16.3.1.2 */
#define MCG_STATUS_RIPV BIT(0)
#define MCG_STATUS_MCIP BIT(2)

/* Our selectors; the order is what SYSCALL and SYSRET want (APM vol. 2, 6.1). */
#define SEL_KERNEL_CS 0x08
#define SEL_KERNEL_DS 0x10
#define SEL_USER_DS   0x1b
#define SEL_USER_CS   0x23
#define SEL_TSS	      0x28

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outl(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

/* This, RDTSC and XGETBV clear the upper halves of RAX and RDX (SDM vol. 2). */
static inline u64 rdmsr(u32 msr)
{
	u64 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u64 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return hi << 32 | lo;
}

static inline u64 xgetbv(void)
{
	u64 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return hi << 32 | lo;
}

static inline void xsetbv(u64 v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* u64 read_cr0(void), void write_cr0(u64) and so on */
#define ACCESSORS(reg)                                                     \
	static inline u64 read_##reg(void)                                 \
	{                                                                  \
		u64 v;                                                     \
		__asm__ volatile("mov %%" #reg ", %0" : "=r"(v));          \
		return v;                                                  \
	}                                                                  \
	static inline void write_##reg(u64 v)                              \
	{                                                                  \
		__asm__ volatile("mov %0, %%" #reg : : "r"(v) : "memory"); \
	}

ACCESSORS(cr0)
ACCESSORS(cr2)
ACCESSORS(cr3)
ACCESSORS(cr4)
ACCESSORS(cr8)
ACCESSORS(dr6)

/* Number of this CPU: struct cpu.id, in ring 0. */
static inline u32 current_cpu_id(void)
{
	u32 id;

	__asm__("mov %%gs:32, %0" : "=r"(id));
	return id;
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

/* DR0 to DR3 are the guest's all the time. */
static inline u64 read_breakpoint(u32 number)
{
	u64 v;

	switch (number) {
	case 0:
		__asm__ volatile("mov %%dr0, %0" : "=r"(v));
		return v;
	case 1:
		__asm__ volatile("mov %%dr1, %0" : "=r"(v));
		return v;
	case 2:
		__asm__ volatile("mov %%dr2, %0" : "=r"(v));
		return v;
	default:
		__asm__ volatile("mov %%dr3, %0" : "=r"(v));
		return v;
	}
}

static inline void invlpg(const volatile void *va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/* Let ring 0 touch the domain's pages (SMAP); the pair must enclose nothing but the access. */
static inline void stac(void)
{
	__asm__ volatile("stac" : : : "memory", "cc");
}

static inline void clac(void)
{
	__asm__ volatile("clac" : : : "memory", "cc");
}

static inline void __noreturn halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

#endif
