/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug builds only: goes through the rules that a VMCS must obey when the guest is entered (SDM
 * vol. 3, 27.2 and 27.3) and logs those that the current one breaks. The CPU itself says no more
 * than "control", "host state" or "guest state". Rules for features that we never turn on are left
 * out.
 */
#include "vmm/log.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/x86/asm.h"

#define CR0_FIXED_UNRESTRICTED (CR0_PE | CR0_PG)
#define DEBUGCTL_KNOWN	       0xdfc3ull
#define EFER_KNOWN	       (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define RFLAGS_VM	       BIT(17)
#define RFLAGS_RESERVED	       0xffffffffffc08028ull
#define RIGHTS_RESERVED	       0xfffe0f00ull

/* Indices of guest segments, and of their fields: vmcs.h */
enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

static u32 broken;

static void rule(bool holds, const char *section, const char *text)
{
	if (holds)
		return;
	broken++;
	log_line("VM entry breaks %s: %s", section, text);
}

static bool allowed(u32 msr, u64 value)
{
	u64 range = rdmsr(msr);

	return !((u32)range & ~value) && !(value & ~(range >> 32));
}

static bool fixed(u32 msr0, u32 msr1, u64 value, u64 except)
{
	return !(rdmsr(msr0) & ~value & ~except) && !(value & ~rdmsr(msr1) & ~except);
}

static bool canonical48(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

static bool physical(u64 pa, u64 alignment)
{
	return !(pa % alignment) && pa < BIT(cpuid(0x80000008, 0).eax & 0xff);
}

static bool pat_valid(u64 pat)
{
	for (int i = 0; i < 8; i++, pat >>= 8)
		if ((pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3)
			return false;
	return true;
}

static void check_controls(void)
{
	u64 pin = vmread(VMCS_PIN_CONTROLS), primary = vmread(VMCS_PRIMARY_CONTROLS);
	u64 secondary = vmread(VMCS_SECONDARY_CONTROLS), eptp = vmread(VMCS_EPTP);

	rule(allowed(MSR_VMX_TRUE_PIN, pin), "27.2.1.1", "reserved bits of the pin-based controls");
	rule(allowed(MSR_VMX_TRUE_PRIMARY, primary), "27.2.1.1",
	     "reserved bits of the primary controls");
	rule(allowed(MSR_VMX_SECONDARY, secondary), "27.2.1.1",
	     "reserved bits of the secondary controls");
	rule(vmread(VMCS_CR3_TARGETS) <= 4, "27.2.1.1", "CR3-target count is at most 4");
	rule(!(primary & PRIMARY_IO_BITMAPS) || (physical(vmread(VMCS_IO_BITMAP_A), PAGE_SIZE) &&
						 physical(vmread(VMCS_IO_BITMAP_B), PAGE_SIZE)),
	     "27.2.1.1", "addresses of the I/O bitmaps");
	rule(!(primary & PRIMARY_MSR_BITMAPS) || physical(vmread(VMCS_MSR_BITMAP), PAGE_SIZE),
	     "27.2.1.1", "address of the MSR bitmap");
	rule(!(secondary & SECONDARY_VPID) || vmread(VMCS_VPID), "27.2.1.1", "VPID is not 0");
	rule(!(secondary & SECONDARY_UNRESTRICTED) || (secondary & SECONDARY_EPT), "27.2.1.1",
	     "an unrestricted guest has EPT");
	rule((eptp & 7) == 6 && (eptp >> 3 & 7) == 3 && !(eptp & 0xf80) &&
		     physical(eptp & ~0xfffull, PAGE_SIZE),
	     "27.2.1.1", "EPT pointer");
	rule(allowed(MSR_VMX_TRUE_EXIT, vmread(VMCS_EXIT_CONTROLS)), "27.2.1.2",
	     "reserved bits of the VM-exit controls");
	rule(allowed(MSR_VMX_TRUE_ENTRY, vmread(VMCS_ENTRY_CONTROLS)), "27.2.1.3",
	     "reserved bits of the VM-entry controls");
}

static void check_event(void)
{
	u64 event = vmread(VMCS_ENTRY_EVENT), rflags = vmread(VMCS_GUEST_RFLAGS);
	u64 blocked = vmread(VMCS_GUEST_INTERRUPTIBILITY), activity = vmread(VMCS_GUEST_ACTIVITY);
	u32 vector = event & 0xff, type = event >> 8 & 7;
	bool error_vector = type == TYPE_HARDWARE && vector < 32 && (BIT(vector) & 0x227d00u);
	bool error = error_vector && (vmread(VMCS_GUEST_CR0) & CR0_PE);

	if (!(event & EVENT_VALID))
		return;
	rule(type != 1 && type != 7, "27.2.1.3", "type of the injected event");
	rule(type != 2 || vector == VEC_NMI, "27.2.1.3", "an NMI has vector 2");
	rule(type != TYPE_HARDWARE || vector < 32, "27.2.1.3",
	     "an exception has a vector below 32");
	rule(!!(event & EVENT_ERROR) == error, "27.2.1.3", "which events have an error code");
	rule(!(event & 0x7ffff000), "27.2.1.3", "reserved bits of the injected event");
	rule(type < TYPE_SOFT_INT || vmread(VMCS_ENTRY_LENGTH) - 1 < 15, "27.2.1.3",
	     "length of the instruction that raised the event");
	rule(type != 0 || (rflags & RFLAGS_IF), "27.3.1.4", "an interrupt needs RFLAGS.IF");
	rule(type != 0 || !(blocked & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)), "27.3.1.5",
	     "no interrupt while blocked by STI or MOV SS");
	rule(type != 2 || !(blocked & BLOCKED_BY_MOV_SS), "27.3.1.5",
	     "no NMI while blocked by MOV SS");
	rule(activity != 1 || type == 0 || type == 2 || vector == VEC_DB || vector == VEC_MC,
	     "27.3.1.5", "what can be injected into HLT");
}

static void check_host(void)
{
	static const u16 selectors[] = {VMCS_HOST_ES_SELECTOR, VMCS_HOST_CS_SELECTOR,
					VMCS_HOST_SS_SELECTOR, VMCS_HOST_DS_SELECTOR,
					VMCS_HOST_FS_SELECTOR, VMCS_HOST_GS_SELECTOR,
					VMCS_HOST_TR_SELECTOR};
	static const u16 addresses[] = {VMCS_HOST_FS_BASE,	VMCS_HOST_GS_BASE,
					VMCS_HOST_TR_BASE,	VMCS_HOST_GDTR_BASE,
					VMCS_HOST_IDTR_BASE,	VMCS_HOST_RIP,
					VMCS_HOST_SYSENTER_ESP, VMCS_HOST_SYSENTER_EIP};
	u64 efer = vmread(VMCS_HOST_EFER);

	rule(fixed(MSR_VMX_CR0_FIXED0, MSR_VMX_CR0_FIXED1, vmread(VMCS_HOST_CR0), 0), "27.2.2",
	     "fixed bits of the host's CR0");
	rule(fixed(MSR_VMX_CR4_FIXED0, MSR_VMX_CR4_FIXED1, vmread(VMCS_HOST_CR4), 0), "27.2.2",
	     "fixed bits of the host's CR4");
	rule(physical(vmread(VMCS_HOST_CR3), 1), "27.2.2", "the host's CR3");
	rule(pat_valid(vmread(VMCS_HOST_PAT)), "27.2.2", "the host's PAT");
	rule(!(efer & ~EFER_KNOWN) && (efer & EFER_LMA) && (efer & EFER_LME), "27.2.2",
	     "the host's EFER");
	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++)
		rule(!(vmread(selectors[i]) & 7), "27.2.3", "RPL and TI of the host's selectors");
	rule(vmread(VMCS_HOST_CS_SELECTOR) && vmread(VMCS_HOST_TR_SELECTOR), "27.2.3",
	     "the host's CS and TR are not null");
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		rule(canonical48(vmread(addresses[i])), "27.2.3", "the host's addresses");
	rule((vmread(VMCS_HOST_CR4) & CR4_PAE) && (vmread(VMCS_EXIT_CONTROLS) & VMEXIT_HOST_64),
	     "27.2.4", "a 64-bit host has PAE and host address-space size");
}

static void check_guest_registers(void)
{
	u64 cr0 = vmread(VMCS_GUEST_CR0), cr4 = vmread(VMCS_GUEST_CR4);
	u64 efer = vmread(VMCS_GUEST_EFER), rflags = vmread(VMCS_GUEST_RFLAGS);
	bool long_mode = vmread(VMCS_ENTRY_CONTROLS) & VMENTRY_GUEST_64;

	rule(fixed(MSR_VMX_CR0_FIXED0, MSR_VMX_CR0_FIXED1, cr0,
		   CR0_FIXED_UNRESTRICTED | CR0_NW | CR0_CD),
	     "27.3.1.1", "fixed bits of CR0");
	rule(!(cr0 & CR0_PG) || (cr0 & CR0_PE), "27.3.1.1", "CR0.PG needs PE");
	rule(fixed(MSR_VMX_CR4_FIXED0, MSR_VMX_CR4_FIXED1, cr4, 0), "27.3.1.1",
	     "fixed bits of CR4");
	rule(!(vmread(VMCS_GUEST_DEBUGCTL) & ~DEBUGCTL_KNOWN), "27.3.1.1", "DEBUGCTL");
	rule(!long_mode || ((cr0 & CR0_PG) && (cr4 & CR4_PAE)), "27.3.1.1",
	     "an IA-32e mode guest has PG and PAE");
	rule(long_mode || !(cr4 & CR4_PCIDE), "27.3.1.1", "CR4.PCIDE needs IA-32e mode");
	rule(physical(vmread(VMCS_GUEST_CR3) & ~BIT(63), 1), "27.3.1.1", "CR3");
	rule(!(vmread(VMCS_GUEST_DR7) >> 32), "27.3.1.1", "DR7");
	rule(canonical48(vmread(VMCS_GUEST_SYSENTER_ESP)) &&
		     canonical48(vmread(VMCS_GUEST_SYSENTER_EIP)),
	     "27.3.1.1", "SYSENTER's addresses");
	rule(pat_valid(vmread(VMCS_GUEST_PAT)), "27.3.1.1", "PAT");
	rule(!(efer & ~EFER_KNOWN) && !!(efer & EFER_LMA) == long_mode, "27.3.1.1",
	     "EFER: reserved bits, and LMA is the control IA-32e mode guest");
	rule(!(cr0 & CR0_PG) || !!(efer & EFER_LMA) == !!(efer & EFER_LME), "27.3.1.1",
	     "EFER: LMA is LME while paging is on");
	rule(!(rflags & RFLAGS_RESERVED) && (rflags & RFLAGS_FIXED), "27.3.1.4",
	     "reserved bits of RFLAGS");
	rule(!(rflags & RFLAGS_VM) || (!long_mode && (cr0 & CR0_PE)), "27.3.1.4", "RFLAGS.VM");
	if (!long_mode || !(vmread(VMCS_GUEST_CS_RIGHTS) & RIGHTS_LONG))
		rule(!(vmread(VMCS_GUEST_RIP) >> 32), "27.3.1.4", "RIP outside 64-bit mode");
}

static void check_segment(u64 index)
{
	u64 rights = vmread(VMCS_GUEST_ES_RIGHTS + 2 * index);
	u64 limit = vmread(VMCS_GUEST_ES_LIMIT + 2 * index);
	bool coarse = rights & BIT(15);

	if (rights & RIGHTS_UNUSABLE) {
		rule(index != CS && index != TR, "27.3.1.2", "CS and TR are usable");
		return;
	}
	rule(!(rights & RIGHTS_RESERVED), "27.3.1.2", "reserved bits of access rights");
	rule(rights & BIT(7), "27.3.1.2", "a usable segment is present");
	rule(!!(rights & BIT(4)) == (index < LDTR), "27.3.1.2", "S bit of access rights");
	rule(!coarse || (limit & 0xfff) == 0xfff, "27.3.1.2", "limit and G bit");
	rule(coarse || !(limit >> 20), "27.3.1.2", "limit and G bit");
	rule(index >= LDTR || (rights & 1), "27.3.1.2", "a segment in use is accessed");
	rule(index != TR || (rights & 15) == 11 || (rights & 15) == 3, "27.3.1.2",
	     "TR is a busy TSS");
	rule(index != LDTR || (rights & 15) == 2, "27.3.1.2", "LDTR is an LDT");
	rule(index != CS || !(rights & RIGHTS_LONG) || !(rights & BIT(14)), "27.3.1.2",
	     "CS has not both L and D");
	if (index >= FS)
		rule(canonical48(vmread(VMCS_GUEST_ES_BASE + 2 * index)), "27.3.1.2",
		     "base of FS, GS, LDTR, TR");
	else
		rule(!(vmread(VMCS_GUEST_ES_BASE + 2 * index) >> 32), "27.3.1.2",
		     "base of CS, SS, DS, ES");
}

static void check_guest_other(void)
{
	u64 blocked = vmread(VMCS_GUEST_INTERRUPTIBILITY), activity = vmread(VMCS_GUEST_ACTIVITY);
	u64 pending = vmread(VMCS_GUEST_PENDING_DEBUG), rflags = vmread(VMCS_GUEST_RFLAGS);
	bool shadow = blocked & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	bool step = (rflags & RFLAGS_TF) && !(vmread(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

	rule(!(vmread(VMCS_GUEST_GDTR_LIMIT) >> 16) && !(vmread(VMCS_GUEST_IDTR_LIMIT) >> 16),
	     "27.3.1.3", "limits of GDTR and IDTR");
	rule(canonical48(vmread(VMCS_GUEST_GDTR_BASE)) && canonical48(vmread(VMCS_GUEST_IDTR_BASE)),
	     "27.3.1.3", "bases of GDTR and IDTR");
	rule(activity <= 3 && (activity == 0 || !shadow), "27.3.1.5", "activity state");
	rule(!(blocked & ~0x1full) && (blocked & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) !=
					      (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS),
	     "27.3.1.5", "interruptibility state");
	rule(!(blocked & BLOCKED_BY_STI) || (rflags & RFLAGS_IF), "27.3.1.5",
	     "blocking by STI needs RFLAGS.IF");
	rule((!shadow && activity != 1) || !!(pending & PENDING_STEP) == step, "27.3.1.5",
	     "a step is pending if TF is set, where it is blocked");
	rule(vmread(VMCS_GUEST_LINK) == UINT64_MAX, "27.3.1.5", "VMCS link pointer");
}

void vmx_explain_entry(void)
{
	broken = 0;
	check_controls();
	check_event();
	check_host();
	check_guest_registers();
	for (u64 i = ES; i <= TR; i++)
		check_segment(i);
	check_guest_other();
	log_line("%u rules for VM entries are broken", broken);
}
