/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a CPU ready for VM entries: can it be used at all, VMXON, and the VMCS with its controls,
 * the host's state and the state in which the guest begins.
 */
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/policy.h"
#include "vmm/string.h"
#include "vmm/vmx/ept.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/vmx/vmx.h"
#include "vmm/x86/asm.h"

#define VPID_GUEST 1
/* States that XSAVES and XRSTORS may touch, as in CPUID; with others they exit, and are #UD. */
#define XSS_GUEST 0x13800ull

#define PIN	  (PIN_NMI | PIN_VIRTUAL_NMI)
#define PRIMARY	  (PRIMARY_TSC_OFFSET | PRIMARY_IO_BITMAPS | PRIMARY_MSR_BITMAPS | PRIMARY_SECONDARY)
#define SECONDARY (SECONDARY_EPT | SECONDARY_UNRESTRICTED | SECONDARY_VPID)
/* Instructions that are #UD in a guest unless allowed: whatever of them the CPU has. */
#define SECONDARY_WISHES \
	(SECONDARY_RDTSCP | SECONDARY_INVPCID | SECONDARY_XSAVES | SECONDARY_USER_WAIT)
#define VMEXIT                                                                    \
	(VMEXIT_SAVE_DEBUG | VMEXIT_HOST_64 | VMEXIT_SAVE_PAT | VMEXIT_LOAD_PAT | \
	 VMEXIT_SAVE_EFER | VMEXIT_LOAD_EFER)
#define VMENTRY (VMENTRY_LOAD_DEBUG | VMENTRY_GUEST_64 | VMENTRY_LOAD_PAT | VMENTRY_LOAD_EFER)

/* Values for fields that follow each other, two apart. */
#define VMWRITE_ROW(first, ...) \
	vmwrite_row(first, (const u64[]){__VA_ARGS__}, sizeof((const u64[]){__VA_ARGS__}) / 8)

static u64 ept_pointer;

static void vmwrite_row(u64 first, const u64 *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vmwrite(first + 2 * i, values[i]);
}

bool vmx_present(void)
{
	return cpuid(1, 0).ecx & BIT(5);
}

static bool can(u32 msr, u64 wanted)
{
	return !(wanted & ~(rdmsr(msr) >> 32));
}

const char *vmx_probe(void)
{
	u64 feature = rdmsr(MSR_FEATURE_CONTROL);
	u64 ept = EPT_CAP_WALK4 | EPT_CAP_WB | EPT_CAP_2MB | EPT_CAP_INVEPT |
		  EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVVPID | EPT_CAP_INVVPID_ALL;

	if ((feature & FEATURE_LOCKED) && !(feature & FEATURE_VMX))
		return "VT-x is locked off (IA32_FEATURE_CONTROL); enable it in the firmware's "
		       "setup";
	/* Without the TRUE set of MSRs each change of CR3 would exit; CPUs with EPT have it. */
	if (!(rdmsr(MSR_VMX_BASIC) & BASIC_TRUE_CONTROLS) || !can(MSR_VMX_TRUE_PIN, PIN) ||
	    !can(MSR_VMX_TRUE_PRIMARY, PRIMARY | PRIMARY_NMI_WINDOW) ||
	    !can(MSR_VMX_SECONDARY, SECONDARY) || (rdmsr(MSR_VMX_EPT_VPID) & ept) != ept)
		return "this CPU's VT-x has no EPT, VPID, unrestricted guest or virtual NMIs; use "
		       "one that has them (Intel: since 2010)";
	if (!can(MSR_VMX_TRUE_EXIT, VMEXIT) || !can(MSR_VMX_TRUE_ENTRY, VMENTRY))
		return "this CPU's VT-x does not switch EFER and PAT; use one that does";
	return NULL;
}

void vmx_init(const struct boot_info *bi)
{
	ept_pointer = ept_init(bi);
}

/* Bits that must be 1 are in the low half, those that may be in the high half: SDM vol. 3, A.2 */
static u64 controls(u32 msr, u64 wanted)
{
	u64 range = rdmsr(msr);

	return (wanted | (u32)range) & range >> 32;
}

static hpa_t region(void)
{
	hpa_t page = page_alloc();

	if (!page)
		fatal("too little memory for a VMCS");
	*(u32 *)phys_to_virt(page) = (u32)rdmsr(MSR_VMX_BASIC) & INT32_MAX;
	return page;
}

static void vmx_on(void)
{
	u64 feature = rdmsr(MSR_FEATURE_CONTROL);
	u64 cr4 = read_cr4() | rdmsr(MSR_VMX_CR4_FIXED0) | CR4_VMXE;

	if (!(feature & FEATURE_LOCKED))
		wrmsr(MSR_FEATURE_CONTROL, feature | FEATURE_VMX | FEATURE_LOCKED);
	write_cr0((read_cr0() | rdmsr(MSR_VMX_CR0_FIXED0)) & rdmsr(MSR_VMX_CR0_FIXED0 + 1));
	write_cr4(cr4 & rdmsr(MSR_VMX_CR4_FIXED0 + 1));
	if (VMX_INSN("vmxon", region()))
		fatal("VT-x is in use already (VMXON failed); start LVisor from the firmware's "
		      "boot loader, not below another hypervisor");
}

void vmx_intercept_msr(void *vcpu_vmx, u32 msr, bool read, bool write)
{
	struct vmx_vcpu *vmx = vcpu_vmx;
	/* SDM vol. 3, 25.6.9: reads of low and high MSRs, then writes, 1 KB each. */
	u8 *byte = vmx->msr_bitmap + (msr >= 0xc0000000 ? 1024 : 0) + (msr & 0x1fff) / 8;
	u8 bit = (u8)(1u << msr % 8);

	byte[0] = (u8)((byte[0] & ~bit) | (read ? bit : 0));
	byte[2048] = (u8)((byte[2048] & ~bit) | (write ? bit : 0));
}

static void write_maps(struct vmx_vcpu *vmx)
{
	hpa_t io = pages_alloc_contiguous(2), msrs = page_alloc();

	if (!io || !msrs)
		fatal("too little memory for the intercept maps");
	/* Wide accesses that overlap a port are checked by the CPU: SDM vol. 3, 26.1.3. */
	ports_intercept(phys_to_virt(io));
	VMWRITE_ROW(VMCS_IO_BITMAP_A, io, io + PAGE_SIZE, msrs);
	vmx->msr_bitmap = phys_to_virt(msrs);
	policy_intercept_msrs(POLICY_INTEL, vmx, vmx_intercept_msr);
}

static void write_controls(struct vmx_vcpu *vmx, u64 entry)
{
	u64 secondary = SECONDARY | (SECONDARY_WISHES & rdmsr(MSR_VMX_SECONDARY) >> 32);

	vmx->intercept_interrupts = vmx->stepping = false;
	vmx->pin = controls(MSR_VMX_TRUE_PIN, PIN);
	vmx->primary = controls(MSR_VMX_TRUE_PRIMARY, PRIMARY);
	/* Exceptions with #PF's mask and match, no CR3 targets; no MSR lists, no event. */
	VMWRITE_ROW(VMCS_PIN_CONTROLS, vmx->pin, vmx->primary,
		    vmx->intercept_breakpoints ? BIT(VEC_BP) : 0, 0, 0, 0);
	VMWRITE_ROW(VMCS_EXIT_CONTROLS, controls(MSR_VMX_TRUE_EXIT, VMEXIT), 0, 0);
	VMWRITE_ROW(VMCS_ENTRY_CONTROLS, controls(MSR_VMX_TRUE_ENTRY, entry), 0, 0);
	vmwrite(VMCS_SECONDARY_CONTROLS, controls(MSR_VMX_SECONDARY, secondary));
	if (secondary & SECONDARY_XSAVES)
		vmwrite(VMCS_XSS_EXITING, ~XSS_GUEST);
}

static void write_host_state(struct cpu *cpu)
{
	struct table_pointer idt;

	__asm__ volatile("sidt %0" : "=m"(idt));
	/* ES, CS, SS, DS, FS, GS, TR */
	VMWRITE_ROW(VMCS_HOST_ES_SELECTOR, SEL_KERNEL_DS, SEL_KERNEL_CS, SEL_KERNEL_DS,
		    SEL_KERNEL_DS, 0, 0, SEL_TSS);
	VMWRITE_ROW(VMCS_HOST_CR0, read_cr0(), read_cr3(), read_cr4());
	/* FS, GS, TR, GDTR, IDTR; ESP and EIP of SYSENTER */
	VMWRITE_ROW(VMCS_HOST_FS_BASE, 0, (u64)cpu, (u64)&cpu->descriptors.tss,
		    (u64)cpu->descriptors.gdt, idt.base, 0, 0);
	VMWRITE_ROW(VMCS_HOST_PAT, rdmsr(MSR_PAT), rdmsr(MSR_EFER));
	vmwrite(VMCS_HOST_SYSENTER_CS, 0);
	vmwrite(VMCS_HOST_RIP, (u64)vmx_host_rip);
}

enum { ES, CS, SS, DS, FS, GS, LDTR, TR, SEGMENTS };

static void write_segment(u64 index, u64 selector, u64 rights, u64 limit, u64 base)
{
	vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * index, selector);
	vmwrite(VMCS_GUEST_ES_RIGHTS + 2 * index, rights);
	vmwrite(VMCS_GUEST_ES_LIMIT + 2 * index, limit);
	vmwrite(VMCS_GUEST_ES_BASE + 2 * index, base);
}

static void write_guest_state(const struct guest_entry *entry, bool real)
{
	u64 limit = real ? 0xffff : UINT32_MAX;
	u64 cr0 = real ? CR0_ET : CR0_PE | CR0_PG | CR0_ET | CR0_NE;

	for (u64 i = ES; i <= GS; i++)
		write_segment(i, entry->ds, real ? 0x93 : 0xc093, limit, 0);
	write_segment(CS, entry->cs, real ? 0x9b : 0xa09b, limit, real ? (u64)entry->cs << 4 : 0);
	write_segment(LDTR, 0, RIGHTS_UNUSABLE, 0, 0);
	write_segment(TR, 0, 0x8b, 0xffff, 0);
	/* GDTR, IDTR; bases, and DR7 */
	VMWRITE_ROW(VMCS_GUEST_GDTR_LIMIT, entry->gdt_limit, real ? limit : 0);
	VMWRITE_ROW(VMCS_GUEST_GDTR_BASE, entry->gdt_base, 0, 0x400);
	VMWRITE_ROW(VMCS_GUEST_CR0, cr0 | CR0_NE, entry->cr3, real ? CR4_VMXE : CR4_PAE | CR4_VMXE);
	/*
	 * VT-x wants NE and VMXE set whatever the guest writes (SDM vol. 3, 24.8). SMXE, UINTR and
	 * FRED belong to what it is told it lacks; FRED needs event data at each entry.
	 */
	/* Caches switched off would be off for us as well: exits leave CD and NW (27.5.1). */
	VMWRITE_ROW(VMCS_CR0_MASK, CR0_OWN, CR4_OWN);
	VMWRITE_ROW(VMCS_CR0_SHADOW, cr0, 0);
	/* The link pointer, DEBUGCTL, the reset value of PAT (SDM vol. 3, 12.12.4), EFER */
	VMWRITE_ROW(VMCS_GUEST_LINK, UINT64_MAX, 0, 0x0007040600070406,
		    real ? 0 : EFER_LME | EFER_LMA);
	/* Interruptibility and activity; pending debug exceptions, SYSENTER's ESP and EIP */
	VMWRITE_ROW(VMCS_GUEST_INTERRUPTIBILITY, 0, 0);
	VMWRITE_ROW(VMCS_GUEST_PENDING_DEBUG, 0, 0, 0);
	vmwrite(VMCS_GUEST_SYSENTER_CS, 0);
}

/* The guest begins at entry, in 64-bit mode or in real mode; general registers are set already. */
static void begin(struct vcpu *vcpu, const struct guest_entry *entry, bool real)
{
	write_controls(vmx_of(vcpu), real ? VMENTRY & ~VMENTRY_GUEST_64 : VMENTRY);
	write_guest_state(entry, real);
	VMWRITE_ROW(VMCS_GUEST_RSP, vcpu->regs[LVMON_RSP], vcpu->regs[LVMON_RIP],
		    vcpu->regs[LVMON_RFLAGS]);
	vmx_flush(vcpu);
}

/* After INIT (SDM vol. 3, table 10-1) and SIPI: real mode, CS from the vector. */
void vmx_start_up(struct vcpu *vcpu, u8 vector)
{
	begin(vcpu, &(struct guest_entry){.cs = (u16)(vector << 8), .gdt_limit = 0xffff}, true);
	write_cr2(0);
	write_dr6(0xffff0ff0);
}

void vmx_init_cpu(struct vcpu *vcpu, const struct guest_entry *entry)
{
	static struct vmx_vcpu all[MAX_CPUS];
	struct vmx_vcpu *vmx = &all[vcpu->cpu->id];
	hpa_t vmcs;

	vcpu->vendor = vmx;
	vmx->eptp = ept_pointer;
	vmx_on();
	vmcs = region();
	if (VMX_INSN("vmclear", vmcs) || VMX_INSN("vmptrld", vmcs))
		crash(NULL, "VMCS at %lx is refused", vmcs);
	write_maps(vmx);
	write_host_state(vcpu->cpu);
	vmwrite(VMCS_VPID, VPID_GUEST);
	vmwrite(VMCS_EPTP, vmx->eptp);
	vmwrite(VMCS_TSC_OFFSET, 0);
	if (entry)
		begin(vcpu, entry, false);
}
