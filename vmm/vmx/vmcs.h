/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMCS: encodings of the fields we use (SDM vol. 3, appendix B), the bits of the controls
 * (25.6 to 25.8), exit reasons (appendix C) and the MSRs that tell what a CPU can do (appendix A).
 */
#ifndef VMM_VMX_VMCS_H
#define VMM_VMX_VMCS_H

/* Known to entry.S too. */
#define VMCS_HOST_RSP 0x6c14

#ifndef __ASSEMBLY__
#include "vmm/types.h"

/*
 * Fields of a kind follow each other, two apart; those that are only written in a row
 * (VMWRITE_ROW()) or checked in one have no name of their own. Related fields share a line.
 */
/* clang-format off */
enum vmcs_field {
	VMCS_VPID = 0x0000,

	/* Guest segments: selector, limit, access rights and base of ES, CS, SS, DS, FS, GS, LDTR,
	 * TR follow each other, two apart. */
	VMCS_GUEST_ES_SELECTOR = 0x0800, VMCS_GUEST_ES_LIMIT = 0x4800,
	VMCS_GUEST_ES_RIGHTS = 0x4814, VMCS_GUEST_CS_RIGHTS = 0x4816, VMCS_GUEST_SS_RIGHTS = 0x4818,
	VMCS_GUEST_TR_RIGHTS = 0x4822,
	VMCS_GUEST_ES_BASE = 0x6806, VMCS_GUEST_FS_BASE = 0x680e, VMCS_GUEST_GS_BASE = 0x6810,

	VMCS_GUEST_LINK = 0x2800, VMCS_GUEST_DEBUGCTL = 0x2802,
	VMCS_GUEST_PAT = 0x2804, VMCS_GUEST_EFER = 0x2806,
	VMCS_GUEST_PDPTE0 = 0x280a,
	VMCS_GUEST_GDTR_LIMIT = 0x4810, VMCS_GUEST_IDTR_LIMIT = 0x4812,
	VMCS_GUEST_INTERRUPTIBILITY = 0x4824, VMCS_GUEST_ACTIVITY = 0x4826,
	VMCS_GUEST_SYSENTER_CS = 0x482a,
	VMCS_GUEST_CR0 = 0x6800, VMCS_GUEST_CR3 = 0x6802, VMCS_GUEST_CR4 = 0x6804,
	VMCS_GUEST_GDTR_BASE = 0x6816, VMCS_GUEST_IDTR_BASE = 0x6818,
	VMCS_GUEST_DR7 = 0x681a,
	VMCS_GUEST_RSP = 0x681c, VMCS_GUEST_RIP = 0x681e, VMCS_GUEST_RFLAGS = 0x6820,
	VMCS_GUEST_PENDING_DEBUG = 0x6822,
	VMCS_GUEST_SYSENTER_ESP = 0x6824, VMCS_GUEST_SYSENTER_EIP = 0x6826,

	VMCS_HOST_ES_SELECTOR = 0x0c00, VMCS_HOST_CS_SELECTOR = 0x0c02,
	VMCS_HOST_TR_SELECTOR = 0x0c0c,
	VMCS_HOST_PAT = 0x2c00, VMCS_HOST_EFER = 0x2c02,
	VMCS_HOST_SYSENTER_CS = 0x4c00,
	VMCS_HOST_CR0 = 0x6c00, VMCS_HOST_CR3 = 0x6c02, VMCS_HOST_CR4 = 0x6c04,
	VMCS_HOST_FS_BASE = 0x6c06,
	VMCS_HOST_RIP = 0x6c16,

	VMCS_IO_BITMAP_A = 0x2000,
	VMCS_TSC_OFFSET = 0x2010,
	VMCS_EPTP = 0x201a,
	VMCS_XSS_EXITING = 0x202c,
	VMCS_PIN_CONTROLS = 0x4000, VMCS_PRIMARY_CONTROLS = 0x4002,
	VMCS_EXCEPTIONS = 0x4004,
	VMCS_CR3_TARGETS = 0x400a,
	VMCS_EXIT_CONTROLS = 0x400c,
	VMCS_ENTRY_CONTROLS = 0x4012,
	VMCS_ENTRY_EVENT = 0x4016, VMCS_ENTRY_ERROR = 0x4018, VMCS_ENTRY_LENGTH = 0x401a,
	VMCS_SECONDARY_CONTROLS = 0x401e,
	VMCS_CR0_MASK = 0x6000, VMCS_CR4_MASK = 0x6002,
	VMCS_CR0_SHADOW = 0x6004, VMCS_CR4_SHADOW = 0x6006,

	VMCS_INSN_INFO = 0x440e,
	VMCS_GUEST_PHYSICAL = 0x2400,
	VMCS_INSN_ERROR = 0x4400,
	VMCS_EXIT_REASON = 0x4402, VMCS_EXIT_EVENT = 0x4404, VMCS_EXIT_ERROR = 0x4406,
	VMCS_VECTORING_EVENT = 0x4408, VMCS_VECTORING_ERROR = 0x440a,
	VMCS_EXIT_LENGTH = 0x440c,
	VMCS_QUALIFICATION = 0x6400,
};
/* clang-format on */

#define PIN_INTERRUPTS	BIT(0)
#define PIN_NMI		BIT(3)
#define PIN_VIRTUAL_NMI BIT(5)

#define PRIMARY_INTERRUPT_WINDOW BIT(2)
#define PRIMARY_TSC_OFFSET	 BIT(3)
#define PRIMARY_NMI_WINDOW	 BIT(22)
#define PRIMARY_IO_BITMAPS	 BIT(25)
#define PRIMARY_MSR_BITMAPS	 BIT(28)
#define PRIMARY_SECONDARY	 BIT(31)

#define SECONDARY_EPT	       BIT(1)
#define SECONDARY_DESCRIPTORS  BIT(2)
#define SECONDARY_RDTSCP       BIT(3)
#define SECONDARY_VPID	       BIT(5)
#define SECONDARY_UNRESTRICTED BIT(7)
#define SECONDARY_INVPCID      BIT(12)
#define SECONDARY_XSAVES       BIT(20)
#define SECONDARY_USER_WAIT    BIT(26)

#define VMEXIT_SAVE_DEBUG BIT(2)
#define VMEXIT_HOST_64	  BIT(9)
#define VMEXIT_SAVE_PAT	  BIT(18)
#define VMEXIT_LOAD_PAT	  BIT(19)
#define VMEXIT_SAVE_EFER  BIT(20)
#define VMEXIT_LOAD_EFER  BIT(21)

#define VMENTRY_LOAD_DEBUG BIT(2)
#define VMENTRY_GUEST_64   BIT(9)
#define VMENTRY_LOAD_PAT   BIT(14)
#define VMENTRY_LOAD_EFER  BIT(15)

/* Guest segments' access rights; the low byte is a descriptor's, as are bits 12 to 15: 25.4.1 */
#define RIGHTS_LONG	BIT(13)
#define RIGHTS_UNUSABLE BIT(16)
#define TYPE_BUSY_TSS	11 /* of 32 or 64 bits */

/* Interruptibility and pending debug exceptions: 25.4.2 */
#define BLOCKED_BY_STI	  BIT(0)
#define BLOCKED_BY_MOV_SS BIT(1)
#define BLOCKED_SHADOW	  (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)
#define BLOCKED_BY_NMI	  BIT(3)
#define BLOCKED_ENCLAVE	  BIT(4) /* the exit came out of one */
#define PENDING_STEP	  BIT(14)

/* Events in, out, and interrupted: 25.8.3, 25.9.2, 25.9.3 */
#define EVENT_VALID	    BIT(31)
#define EVENT_ERROR	    BIT(11)
#define EVENT_NMI_UNBLOCKED BIT(12)
#define EVENT_TYPE(n)	    ((u32)(n) << 8)
#define EVENT_TYPE_MASK	    EVENT_TYPE(7)
enum { TYPE_HARDWARE = 3, TYPE_SOFT_INT = 4, TYPE_SOFT_EXCEPTION = 6 };

/* clang-format off */
enum {
	REASON_EXCEPTION = 0, REASON_INTERRUPT = 1, REASON_TRIPLE_FAULT = 2, REASON_INIT = 3,
	REASON_INTERRUPT_WINDOW = 7, REASON_NMI_WINDOW = 8, REASON_TASK_SWITCH = 9, REASON_CPUID = 10,
	REASON_GETSEC = 11, REASON_INVD = 13, REASON_VMCALL = 18, REASON_VMXON = 27,
	REASON_CR_ACCESS = 28, REASON_IO = 30, REASON_MSR_READ = 31, REASON_MSR_WRITE = 32,
	REASON_TABLES = 46, REASON_SEGMENTS = 47, /* GDTR, IDTR; LDTR, TR */
	REASON_EPT_VIOLATION = 48, REASON_INVEPT = 50, REASON_INVVPID = 53, REASON_XSETBV = 55
};
/* clang-format on */

/* Others tell how it came, such as out of an enclave (27): 25.9.1 */
#define REASON_ENTRY_FAILED BIT(31)
#define REASON_MASK	    (REASON_ENTRY_FAILED | 0xffff)

#define MSR_FEATURE_CONTROL  0x3au
#define FEATURE_LOCKED	     BIT(0)
#define FEATURE_VMX	     BIT(2) /* outside SMX */
#define MSR_SMM_MONITOR	     0x9bu
#define MSR_PAT		     0x277u
#define MSR_VMX_BASIC	     0x480u
#define MSR_VMX_CR0_FIXED0   0x486u /* bits that are 1; the next MSR: bits that may be */
#define MSR_VMX_CR4_FIXED0   0x488u
#define MSR_VMX_SECONDARY    0x48bu
#define MSR_VMX_EPT_VPID     0x48cu
#define MSR_VMX_TRUE_PIN     0x48du
#define MSR_VMX_TRUE_PRIMARY 0x48eu
#define MSR_VMX_TRUE_EXIT    0x48fu
#define MSR_VMX_TRUE_ENTRY   0x490u
#define MSR_VMX_LAST	     0x493u

#define BASIC_TRUE_CONTROLS   BIT(55)
#define EPT_CAP_WALK4	      BIT(6)
#define EPT_CAP_WB	      BIT(14)
#define EPT_CAP_2MB	      BIT(16)
#define EPT_CAP_1GB	      BIT(17)
#define EPT_CAP_INVEPT	      BIT(20)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVVPID	      BIT(32)
#define EPT_CAP_INVVPID_ALL   BIT(42)

/* EPT violation's exit qualification: table 28-7 */
#define VIOLATION_WRITE		BIT(1)
#define VIOLATION_FETCH		BIT(2)
#define VIOLATION_LINEAR	BIT(7) /* there is a linear address */
#define VIOLATION_ACCESS	BIT(8) /* it is that of the access, not of a walk on the way */
#define VIOLATION_NMI_UNBLOCKED BIT(12)

static inline u64 vmread(u64 field)
{
	u64 value;

	__asm__ volatile("vmread %1, %0" : "=rm"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmwrite(u64 field, u64 value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"(field), "rm"(value) : "cc");
}

/* Instructions of VT-x report failure in CF and ZF: SDM vol. 3, 31.2 */
#define VMX_INSN(name, operand)                                                              \
	({                                                                                   \
		bool failed_;                                                                \
		u64 operand_ = (operand);                                                    \
		__asm__ volatile(name " %1" : "=@ccbe"(failed_) : "m"(operand_) : "memory"); \
		failed_;                                                                     \
	})

static inline void invept(u64 type, u64 eptp)
{
	struct {
		u64 first, second;
	} operand = {eptp, 0};

	__asm__ volatile("invept %0, %1" : : "m"(operand), "r"(type) : "cc", "memory");
}

static inline void invvpid(u64 type)
{
	struct {
		u64 first, second;
	} operand = {0, 0};

	__asm__ volatile("invvpid %0, %1" : : "m"(operand), "r"(type) : "cc", "memory");
}

/* vmx/check.c, debug builds only: log which rule for VM entries the current VMCS breaks. */
void vmx_explain_entry(void);

#endif
#endif
