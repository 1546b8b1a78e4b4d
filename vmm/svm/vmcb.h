/* SPDX-License-Identifier: Apache-2.0 */
/* The VMCB: AMD APM vol. 2, appendix B, and the constants of chapter 15. */
#ifndef VMM_SVM_VMCB_H
#define VMM_SVM_VMCB_H

#include "vmm/types.h"

struct packed vmcb_segment {
	u16 selector, attributes;
	u32 limit;
	u64 base;
};

struct packed vmcb {
	/* Control area. */
	u16 cr_reads, cr_writes;
	u16 dr_reads, dr_writes;
	u32 exceptions;
	u32 intercepts1, intercepts2;
	u8 reserved0[0x3c - 0x14];
	u16 pause_threshold, pause_count;
	u64 iopm, msrpm, tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 reserved1[3];
	u64 virtual_interrupt;
	u64 interrupt_shadow;
	u64 exit_code, exit_info1, exit_info2, exit_int_info;
	u64 nested_paging;
	u8 reserved2[0xa8 - 0x98];
	u64 event_injection;
	u64 nested_cr3;
	u64 lbr_enable;
	u32 clean, reserved3;
	u64 next_rip;
	u8 fetched, bytes[15];
	u8 reserved4[0x400 - 0xe0];

	/* State save area. */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved5[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved6;
	u64 efer;
	u8 reserved7[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 reserved8[0x5d8 - 0x580];
	u64 rsp;
	u8 reserved9[0x5f8 - 0x5e0];
	u64 rax, star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	u8 reserved10[0x668 - 0x648];
	u64 pat, debugctl;
	u8 reserved11[0x1000 - 0x678];
};

_Static_assert(offsetof(struct vmcb, virtual_interrupt) == 0x60, "VMCB layout");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "VMCB layout");
_Static_assert(offsetof(struct vmcb, event_injection) == 0xa8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "VMCB layout");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "VMCB layout");
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "VMCB layout");

/* intercepts1 */
#define I1_INTR	    BIT(0)
#define I1_NMI	    BIT(1)
#define I1_SMI	    BIT(2)
#define I1_INIT	    BIT(3)
#define I1_IDTR	    BIT(10) /* writes */
#define I1_GDTR	    BIT(11)
#define I1_CPUID    BIT(18)
#define I1_IRET	    BIT(20)
#define I1_INTN	    BIT(21)
#define I1_INVD	    BIT(22)
#define I1_INVLPGA  BIT(26)
#define I1_IO	    BIT(27)
#define I1_MSR	    BIT(28)
#define I1_SHUTDOWN BIT(31)
/* intercepts2: VMRUN VMMCALL VMLOAD VMSAVE STGI CLGI SKINIT */
#define I2_SVM_INSNS 0x7fu

/* nested_paging: offset 090h */
#define NESTED_PAGING BIT(0)
#define GUEST_INVLPGB BIT(7) /* and TLBSYNC */

/* The first two bytes of instructions, as a word in memory. */
#define INSN_INVD  0x080fu
#define INSN_WRMSR 0x300fu
#define INSN_RDMSR 0x320fu
#define INSN_CPUID 0xa20fu

#define V_INTR_MASKING BIT(24)
#define CS_LONG	       BIT(9) /* L, in the VMCB's packed attributes */

#define TLB_FLUSH_ALL 1

#define EVENT_VALID BIT(31)
#define EVENT_ERROR BIT(11)

enum {
	VMEXIT_WRITE_CR0 = 0x10,
	VMEXIT_WRITE_CR4 = 0x14,
	VMEXIT_EXCEPTION = 0x40,
	VMEXIT_EXCEPTION_LAST = 0x5f,
	VMEXIT_INTR = 0x60,
	VMEXIT_NMI = 0x61,
	VMEXIT_SMI = 0x62,
	VMEXIT_INIT = 0x63,
	VMEXIT_VINTR = 0x64,
	VMEXIT_WRITE_IDTR = 0x6a,
	VMEXIT_WRITE_GDTR = 0x6b,
	VMEXIT_CPUID = 0x72,
	VMEXIT_IRET = 0x74,
	VMEXIT_INTN = 0x75,
	VMEXIT_INVD = 0x76,
	VMEXIT_INVLPGA = 0x7a,
	VMEXIT_IO = 0x7b,
	VMEXIT_MSR = 0x7c,
	VMEXIT_FERR_FREEZE = 0x7e,
	VMEXIT_SHUTDOWN = 0x7f,
	VMEXIT_VMRUN = 0x80,
	VMEXIT_SKINIT = 0x86,
	VMEXIT_BUSLOCK = 0xa5,
	VMEXIT_NPF = 0x400,	     /* and above: AVIC, and what is not there */
	VMEXIT_INVALID = 0xffffffff, /* in QEMU's TCG; all 64 bits otherwise */
};

/* NPF: exit_info1, as a page-fault error code */
#define NPF_WRITE BIT(1)
#define NPF_FETCH BIT(4)
#define NPF_WALK  BIT(33) /* of the guest's page tables */

#define MSR_VM_CR	0xc0010114u
#define MSR_VM_HSAVE_PA 0xc0010117u
#define VM_CR_R_INIT	BIT(1) /* INIT becomes #SX */
#define VM_CR_SVMDIS	BIT(4)

static inline void clgi(void)
{
	__asm__ volatile("clgi" : : : "memory");
}

static inline void stgi(void)
{
	__asm__ volatile("stgi" : : : "memory");
}

static inline void vmsave(hpa_t vmcb)
{
	__asm__ volatile("vmsave %0" : : "a"(vmcb) : "memory");
}

#endif
