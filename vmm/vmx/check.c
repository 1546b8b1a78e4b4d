/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug builds only: goes through the rules that a VMCS must obey when the guest is entered (SDM
 * vol. 3, 27.2 and 27.3) and logs those that the current one breaks. The CPU itself says no more
 * than "control", "host state" or "guest state". Rules for features that we never turn on are left
 * out, those for features that are always on do not ask.
 */
#include "vmm/log.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/x86/asm.h"

/* Fixed bits that do not hold for an unrestricted guest: 27.3.1.1 */
#define CR0_FREE	(CR0_PE | CR0_PG | CR0_NW | CR0_CD)
#define DEBUGCTL_KNOWN	0xdfc3ull
#define EFER_KNOWN	(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define RFLAGS_VM	BIT(17)
#define RFLAGS_RESERVED 0xffffffffffc08028ull
#define RIGHTS_RESERVED 0xfffe0f00ull

/*
 * Masks and what the masked bits must be: bits that an MSR gives (its low half has those that must
 * be 1, its high half those that may: A.3 to A.5; a pair of MSRs likewise: A.7, A.8), and bits that
 * are 0.
 */
#define ALLOWED(msr)	    (u32) rdmsr(msr) | ~(rdmsr(msr) >> 32), (u32)rdmsr(msr)
#define FIXED(msr0, except) (rdmsr(msr0) | ~rdmsr(msr0 + 1)) & ~(except), rdmsr(msr0) & ~(except)
#define ZERO(mask)	    (mask), 0
#define ONE(mask)	    (mask), (mask)

/* Guest segments: bits of a set, and indices for their fields (vmcs.h). */
enum { CS = 1, FS = 4, LDTR = 6, TR = 7 };
#define EVERY	     0xffu
#define CODE_OR_DATA 0x3fu

static u32 broken;

static void rule(bool holds, const char *text)
{
	if (holds)
		return;
	broken++;
	log_line("VM entry breaks %s", text);
}

static bool canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

static bool all_canonical(u64 field, u64 fields)
{
	while (fields--)
		if (!canonical(vmread(field + 2 * fields)))
			return false;
	return true;
}

/* Each byte is 0, 1 or 4 to 7. */
static bool pat_valid(u64 pat)
{
	return !(pat & 0xf8f8f8f8f8f8f8f8) && !(pat & ~(pat >> 1) & 0x0202020202020202);
}

/* Rules about bits of one field, or of some that follow each other, two apart. */
static void check_fields(void)
{
	const u64 no_address = ~(BIT(cpuid(0x80000008, 0).eax & 0xff) - 1);
	const struct {
		u64 field, n, mask, bits;
		const char *text;
	} rules[] = {
		{VMCS_PIN_CONTROLS, 1, ALLOWED(MSR_VMX_TRUE_PIN), "27.2.1.1: pin controls"},
		{VMCS_PRIMARY_CONTROLS, 1, ALLOWED(MSR_VMX_TRUE_PRIMARY),
		 "27.2.1.1: primary controls"},
		{VMCS_SECONDARY_CONTROLS, 1, ALLOWED(MSR_VMX_SECONDARY),
		 "27.2.1.1: secondary controls"},
		{VMCS_SECONDARY_CONTROLS, 1, ONE(SECONDARY_EPT), "27.2.1.1: unrestricted, no EPT"},
		{VMCS_IO_BITMAP_A, 3, ZERO(no_address | 0xfff), "27.2.1.1: I/O and MSR bitmaps"},
		{VMCS_EPTP, 1, no_address | 0xfbf, 0x1e, "27.2.1.1: EPT pointer"},
		{VMCS_EXIT_CONTROLS, 1, ALLOWED(MSR_VMX_TRUE_EXIT), "27.2.1.2: exit controls"},
		{VMCS_ENTRY_CONTROLS, 1, ALLOWED(MSR_VMX_TRUE_ENTRY), "27.2.1.3: entry controls"},
		{VMCS_HOST_CR0, 1, FIXED(MSR_VMX_CR0_FIXED0, 0ull), "27.2.2: the host's CR0"},
		{VMCS_HOST_CR4, 1, FIXED(MSR_VMX_CR4_FIXED0, 0ull), "27.2.2: the host's CR4"},
		{VMCS_HOST_CR3, 1, ZERO(no_address), "27.2.2: the host's CR3"},
		{VMCS_HOST_EFER, 1, ZERO(~EFER_KNOWN), "27.2.2: the host's EFER"},
		{VMCS_HOST_EFER, 1, ONE(EFER_LMA | EFER_LME), "27.2.2: the host's EFER"},
		{VMCS_HOST_ES_SELECTOR, 7, ZERO(7), "27.2.3: RPL and TI of the host's selectors"},
		{VMCS_HOST_CR4, 1, ONE(CR4_PAE), "27.2.4: a 64-bit host has PAE"},
		{VMCS_EXIT_CONTROLS, 1, ONE(VMEXIT_HOST_64), "27.2.4: host's address space"},
		{VMCS_GUEST_CR0, 1, FIXED(MSR_VMX_CR0_FIXED0, CR0_FREE), "27.3.1.1: bits of CR0"},
		{VMCS_GUEST_CR4, 1, FIXED(MSR_VMX_CR4_FIXED0, 0ull), "27.3.1.1: bits of CR4"},
		{VMCS_GUEST_DEBUGCTL, 1, ZERO(~DEBUGCTL_KNOWN), "27.3.1.1: DEBUGCTL"},
		{VMCS_GUEST_CR3, 1, ZERO(no_address & ~BIT(63)), "27.3.1.1: CR3"},
		{VMCS_GUEST_DR7, 1, ZERO(~0ull << 32), "27.3.1.1: DR7"},
		{VMCS_GUEST_EFER, 1, ZERO(~EFER_KNOWN), "27.3.1.1: reserved bits of EFER"},
		{VMCS_GUEST_GDTR_LIMIT, 2, ZERO(~0xffffull), "27.3.1.3: limits of GDTR and IDTR"},
		{VMCS_GUEST_RFLAGS, 1, ZERO(RFLAGS_RESERVED), "27.3.1.4: reserved bits of RFLAGS"},
		{VMCS_GUEST_RFLAGS, 1, ONE(RFLAGS_FIXED), "27.3.1.4: fixed bit of RFLAGS"},
		{VMCS_GUEST_ACTIVITY, 1, ZERO(~3ull), "27.3.1.5: activity state"},
		{VMCS_GUEST_INTERRUPTIBILITY, 1, ZERO(~0x1full), "27.3.1.5: interruptibility"},
		{VMCS_GUEST_LINK, 1, ONE(UINT64_MAX), "27.3.1.5: VMCS link pointer"},
	};

	for (size_t r = 0; r < ARRAY_SIZE(rules); r++)
		for (u64 i = 0; i < rules[r].n; i++)
			rule((vmread(rules[r].field + 2 * i) & rules[r].mask) == rules[r].bits,
			     rules[r].text);
	rule(vmread(VMCS_CR3_TARGETS) <= 4, "27.2.1.1: CR3-target count");
	rule(vmread(VMCS_VPID), "27.2.1.1: VPID is not 0");
	rule(pat_valid(vmread(VMCS_HOST_PAT)), "27.2.2: the host's PAT");
	rule(vmread(VMCS_HOST_CS_SELECTOR) && vmread(VMCS_HOST_TR_SELECTOR), "27.2.3: CS, TR null");
	rule(all_canonical(VMCS_HOST_FS_BASE, 7), "27.2.3: the host's addresses");
	rule(canonical(vmread(VMCS_HOST_RIP)), "27.2.3: the host's RIP");
	rule(pat_valid(vmread(VMCS_GUEST_PAT)), "27.3.1.1: PAT");
	rule(all_canonical(VMCS_GUEST_SYSENTER_ESP, 2), "27.3.1.1: SYSENTER's addresses");
	rule(all_canonical(VMCS_GUEST_GDTR_BASE, 2), "27.3.1.3: bases of GDTR and IDTR");
}

static void check_event(u64 event, u64 rflags, u64 blocked, u64 activity)
{
	u32 vector = event & 0xff, type = event >> 8 & 7;
	bool error = type == TYPE_HARDWARE && vector < 32 && (BIT(vector) & 0x227d00u) &&
		     (vmread(VMCS_GUEST_CR0) & CR0_PE);

	rule(type != 1 && type != 7, "27.2.1.3: type of the injected event");
	rule(type != 2 || vector == VEC_NMI, "27.2.1.3: an NMI has vector 2");
	rule(type != TYPE_HARDWARE || vector < 32, "27.2.1.3: an exception's vector is below 32");
	rule(!!(event & EVENT_ERROR) == error, "27.2.1.3: which events have an error code");
	rule(!(event & 0x7ffff000), "27.2.1.3: reserved bits of the injected event");
	rule(type < TYPE_SOFT_INT || vmread(VMCS_ENTRY_LENGTH) - 1 < 15,
	     "27.2.1.3: length of the instruction that raised the event");
	rule(type != 0 || (rflags & RFLAGS_IF), "27.3.1.4: an interrupt needs RFLAGS.IF");
	rule(type != 0 || !(blocked & BLOCKED_SHADOW), "27.3.1.5: no interrupt while blocked");
	rule(type != 2 || !(blocked & BLOCKED_BY_MOV_SS), "27.3.1.5: no NMI behind MOV SS");
	rule(type != 2 || !(blocked & BLOCKED_BY_NMI), "27.3.1.5: no NMI in an NMI's handler");
	rule(activity != 1 || type == 0 || type == 2 || vector == VEC_DB || vector == VEC_MC,
	     "27.3.1.5: what can be injected into HLT");
}

static void check_segment(u64 index)
{
	/* Access rights of usable segments. */
	static const struct {
		u32 segments, mask, bits;
		const char *text;
	} rules[] = {
		{EVERY, RIGHTS_RESERVED, 0, "27.3.1.2: reserved bits of access rights"},
		{EVERY, BIT(7), BIT(7), "27.3.1.2: a usable segment is present"},
		{CODE_OR_DATA, BIT(4), BIT(4), "27.3.1.2: S bit of code and data segments"},
		{CODE_OR_DATA, BIT(0), BIT(0), "27.3.1.2: a segment in use is accessed"},
		{BIT(LDTR), 0x1f, 2, "27.3.1.2: LDTR is an LDT"},
		{BIT(TR), 0x17, 3, "27.3.1.2: TR is a busy TSS"},
	};
	u64 rights = vmread(VMCS_GUEST_ES_RIGHTS + 2 * index);
	u64 limit = vmread(VMCS_GUEST_ES_LIMIT + 2 * index);
	u64 base = vmread(VMCS_GUEST_ES_BASE + 2 * index);

	if (rights & RIGHTS_UNUSABLE) {
		rule(index != CS && index != TR, "27.3.1.2: CS and TR are usable");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].segments & BIT(index))
			rule((rights & rules[i].mask) == rules[i].bits, rules[i].text);
	rule(rights & BIT(15) ? (limit & 0xfff) == 0xfff : !(limit >> 20),
	     "27.3.1.2: limit and G bit");
	rule(index != CS || (~rights & (RIGHTS_LONG | BIT(14))), "27.3.1.2: not both L and D");
	rule(index >= FS ? canonical(base) : !(base >> 32), "27.3.1.2: base of a segment");
}

/* Rules about more fields than one. */
static void check_guest(u64 rflags, u64 blocked, u64 activity)
{
	u64 cr0 = vmread(VMCS_GUEST_CR0), cr4 = vmread(VMCS_GUEST_CR4);
	u64 efer = vmread(VMCS_GUEST_EFER), pending = vmread(VMCS_GUEST_PENDING_DEBUG);
	bool long_mode = vmread(VMCS_ENTRY_CONTROLS) & VMENTRY_GUEST_64;
	bool code64 = long_mode && (vmread(VMCS_GUEST_CS_RIGHTS) & RIGHTS_LONG);
	bool step = (rflags & RFLAGS_TF) && !(vmread(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

	rule(!(cr0 & CR0_PG) || (cr0 & CR0_PE), "27.3.1.1: CR0.PG needs PE");
	rule((cr0 & CR0_WP) || !(cr4 & CR4_CET), "27.3.1.1: CR4.CET needs CR0.WP");
	rule(!long_mode || (vmread(VMCS_GUEST_TR_RIGHTS) & 15) == TYPE_BUSY_TSS,
	     "27.3.1.2: a 64-bit TSS in IA-32e mode");
	rule(!long_mode || ((cr0 & CR0_PG) && (cr4 & CR4_PAE)), "27.3.1.1: IA-32e needs PG, PAE");
	rule(long_mode || !(cr4 & CR4_PCIDE), "27.3.1.1: CR4.PCIDE needs IA-32e mode");
	rule(!!(efer & EFER_LMA) == long_mode, "27.3.1.1: EFER.LMA, IA-32e mode");
	rule(!(cr0 & CR0_PG) || !!(efer & EFER_LMA) == !!(efer & EFER_LME),
	     "27.3.1.1: EFER.LMA is LME while paging is on");
	rule(!(rflags & RFLAGS_VM) || (!long_mode && (cr0 & CR0_PE)), "27.3.1.4: RFLAGS.VM");
	rule(code64 || !(vmread(VMCS_GUEST_RIP) >> 32), "27.3.1.4: RIP outside 64-bit mode");
	rule(!(blocked & BLOCKED_ENCLAVE) || !(blocked & BLOCKED_BY_MOV_SS),
	     "27.3.1.5: an enclave was left, not behind MOV SS");
	rule(!activity || !(blocked & BLOCKED_SHADOW), "27.3.1.5: activity state while blocked");
	rule((blocked & BLOCKED_SHADOW) != BLOCKED_SHADOW, "27.3.1.5: blocked by both at once");
	rule(!(blocked & BLOCKED_BY_STI) || (rflags & RFLAGS_IF), "27.3.1.5: STI sets RFLAGS.IF");
	rule((!(blocked & BLOCKED_SHADOW) && activity != 1) || !!(pending & PENDING_STEP) == step,
	     "27.3.1.5: a step is pending if TF is set, where it is blocked");
}

void vmx_explain_entry(void)
{
	u64 rflags = vmread(VMCS_GUEST_RFLAGS), blocked = vmread(VMCS_GUEST_INTERRUPTIBILITY);
	u64 activity = vmread(VMCS_GUEST_ACTIVITY), event = vmread(VMCS_ENTRY_EVENT);

	broken = 0;
	check_fields();
	if (event & EVENT_VALID)
		check_event(event, rflags, blocked, activity);
	for (u64 i = 0; i <= TR; i++)
		check_segment(i);
	check_guest(rflags, blocked, activity);
	log_line("%u rules for VM entries are broken", broken);
}
