/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD SVM behind vcpu.h: sets up the VMCB, enters the guest, and turns what the CPU reports into a
 * struct vm_exit. Decides nothing.
 */
#include "vmm/cpu.h"
#include "vmm/guest/nested.h"
#include "vmm/guest/walk.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/policy.h"
#include "vmm/string.h"
#include "vmm/svm/svm.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"
#include "vmm/x86/paging.h"

#define CPUID_SVM_NP   BIT(0)
#define CPUID_SVM_TLBI BIT(24)
#define IOPM_PAGES     3
#define MSRPM_PAGES    2
#define ASID_GUEST     1

/* APM vol. 2, 15.11: each MSR has two bits, read and write, in one of three ranges. */
#define MSRPM_C0000000 0x800u
#define MSRPM_C0010000 0x1000u

void svm_loop(struct vcpu *vcpu, hpa_t guest_vmcb, hpa_t host_vmcb) __noreturn;
void svm_exit(struct vcpu *vcpu);

static bool svm_present(void)
{
	return cpuid(0x80000000, 0).eax >= 0x8000000a && (cpuid(0x80000001, 0).ecx & BIT(2));
}

static const char *svm_probe(void)
{
	if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
		return "SVM is switched off; enable it in the firmware's setup";
	if (!(cpuid(0x8000000a, 0).edx & CPUID_SVM_NP))
		return "this CPU's SVM has no nested paging; use one that has it (in QEMU: -cpu "
		       "EPYC,+svm,+npt)";
	return NULL;
}

/* APM vol. 2, 15.25: a nested page table is walked as user mode's. */
static int npt_map(gpa_t gpa, hpa_t to, u64 size, u32 access)
{
	u64 flags = PTE_P | PTE_U | PTE_A | (access & ACCESS_WRITE ? PTE_W | PTE_D : 0) |
		    (access & ACCESS_EXEC ? 0 : PTE_NX);

	return map_with(nested_table_alloc, nested_root, gpa, to, size, flags);
}

static void svm_init(const struct boot_info *bi)
{
	bool huge_pages = cpuid(0x80000001, 0).edx & BIT(26);

	nested_init(bi, npt_map, huge_pages ? HUGE_PAGE_SIZE : LARGE_PAGE_SIZE);
	svm_probe_events();
}

/* Called when the nested page table or the ASID's meaning changed: the only place that flushes. */
static void svm_flush(struct vcpu *vcpu)
{
	svm_of(vcpu)->vmcb->tlb_control = TLB_FLUSH_ALL;
}

static void svm_set_nested_root(struct vcpu *vcpu, hpa_t root)
{
	svm_of(vcpu)->vmcb->nested_cr3 = root;
	svm_flush(vcpu);
}

void svm_msr_intercept(void *vcpu_svm, u32 msr, bool read, bool write)
{
	struct svm_vcpu *svm = vcpu_svm;
	u32 base = msr >= 0xc0010000 ? MSRPM_C0010000 : msr >= 0xc0000000 ? MSRPM_C0000000 : 0;
	u32 bit = (msr & 0x1fff) * 2;
	u8 *byte = &svm->msrpm[base + bit / 8];

	*byte = (u8)((*byte & ~(3u << bit % 8)) | (read ? 1u : 0u) << bit % 8 |
		     (write ? 2u : 0u) << bit % 8);
}

static void init_maps(struct svm_vcpu *svm)
{
	hpa_t iopm = pages_alloc_contiguous(IOPM_PAGES);
	hpa_t msrpm = pages_alloc_contiguous(MSRPM_PAGES);

	if (!iopm || !msrpm)
		fatal("too little memory for the intercept maps");
	/* Wide accesses that overlap a port are checked by the CPU: APM vol. 2, 15.10.1. */
	ports_intercept(phys_to_virt(iopm));
	svm->vmcb->iopm = iopm;
	svm->vmcb->msrpm = msrpm;
	svm->msrpm = phys_to_virt(msrpm);
	policy_intercept_msrs(POLICY_AMD, svm, svm_msr_intercept);
}

static void init_guest_state(struct vmcb *vmcb, const struct guest_entry *entry)
{
	struct vmcb_segment flat = {entry->ds, 0xc93, UINT32_MAX, 0};

	vmcb->es = vmcb->ss = vmcb->ds = vmcb->fs = vmcb->gs = flat;
	vmcb->cs = (struct vmcb_segment){entry->cs, 0xa9b, UINT32_MAX, 0};
	vmcb->gdtr = (struct vmcb_segment){0, 0, entry->gdt_limit, entry->gdt_base};
	vmcb->tr = (struct vmcb_segment){0, 0x08b, 0xffff, 0};
	vmcb->ldtr = (struct vmcb_segment){0, 0x082, 0, 0};
	vmcb->efer = EFER_LME | EFER_LMA | EFER_SVME;
	vmcb->cr0 = CR0_PE | CR0_PG | CR0_ET | CR0_NE;
	vmcb->cr3 = entry->cr3;
	vmcb->cr4 = CR4_PAE;
	vmcb->dr6 = 0xffff0ff0;
	vmcb->dr7 = 0x400;
	vmcb->rflags = RFLAGS_FIXED;
	vmcb->pat = 0x0007040600070406; /* reset value: APM vol. 2, 7.8.2 */
}

/*
 * INIT by an MSI, the I/O APIC or an LVT, which no store to the APIC shows. The intercept alone
 * would leave it pending until our next STGI, so it has to become #SX there (APM vol. 2, 15.28).
 * QEMU's TCG has no such bit, and takes INIT past the intercept.
 */
static bool redirect_init(void)
{
	u64 now;

	return !wrmsr_safe(MSR_VM_CR, rdmsr(MSR_VM_CR) | VM_CR_R_INIT) &&
	       !rdmsr_safe(MSR_VM_CR, &now) && (now & VM_CR_R_INIT);
}

static void svm_init_cpu(struct vcpu *vcpu, const struct guest_entry *entry)
{
	static struct svm_vcpu all[MAX_CPUS];
	struct svm_vcpu *svm = &all[vcpu->cpu->id];
	hpa_t hsave = page_alloc();
	struct vmcb *vmcb;

	svm->vmcb_pa = page_alloc();
	svm->host_pa = page_alloc();
	if (!hsave || !svm->vmcb_pa || !svm->host_pa)
		fatal("too little memory for a VMCB");
	vmcb = phys_to_virt(svm->vmcb_pa);
	svm->vmcb = vmcb;
	svm->code = walk_place(0);
	vcpu->vendor = svm;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, hsave);

	init_maps(svm);
	vmcb->intercepts1 = (u32)(I1_NMI | I1_SMI | I1_CPUID | I1_INVD | I1_INVLPGA | I1_IO |
				  I1_MSR | I1_SHUTDOWN);
	if (redirect_init())
		vmcb->intercepts1 |= (u32)I1_INIT;
	vmcb->intercepts2 = I2_SVM_INSNS;
	vmcb->asid = ASID_GUEST;
	vmcb->nested_paging = NESTED_PAGING;
	/*
	 * Else #UD. All our CPUs run the guest by one ASID, so what it names is its own everywhere.
	 */
	if (cpuid(0x8000000a, 0).edx & CPUID_SVM_TLBI)
		vmcb->nested_paging |= GUEST_INVLPGB;
	vmcb->nested_cr3 = nested_root;
	if (entry)
		init_guest_state(vmcb, entry);
	svm_flush(vcpu);

	/* From here on the CPU is either in the guest or with GIF=0, but for host_open(). */
	clgi();
	vmsave(svm->host_pa);
}

/* After INIT (APM vol. 2, table 14-1) and SIPI: real mode, CS from the vector. */
static void svm_start_up(struct vcpu *vcpu, u8 vector)
{
	struct svm_vcpu *svm = svm_of(vcpu);
	struct vmcb *vmcb = svm->vmcb;
	struct vmcb_segment data = {0, 0x093, 0xffff, 0};

	vmcb->es = vmcb->ss = vmcb->ds = vmcb->fs = vmcb->gs = data;
	vmcb->cs = (struct vmcb_segment){(u16)(vector << 8), 0x09b, 0xffff, (u64)vector << 12};
	vmcb->gdtr = vmcb->idtr = (struct vmcb_segment){0, 0, 0xffff, 0};
	vmcb->ldtr = (struct vmcb_segment){0, 0x082, 0xffff, 0};
	vmcb->tr = (struct vmcb_segment){0, 0x083, 0xffff, 0};
	vmcb->cpl = 0;
	vmcb->efer = EFER_SVME;
	vmcb->cr0 = CR0_ET;
	vmcb->cr2 = vmcb->cr3 = vmcb->cr4 = 0;
	vmcb->dr6 = 0xffff0ff0;
	vmcb->dr7 = 0x400;
	vmcb->pat = 0x0007040600070406;
	vmcb->interrupt_shadow = 0;
	vmcb->event_injection = 0;
	vmcb->intercepts1 &= ~(u32)I1_IRET;
	vmcb->virtual_interrupt &= ~V_INTR_MASKING;
	svm_flush(vcpu);
}

static void svm_host_open(void)
{
	stgi();
}

static void svm_host_close(void)
{
	clgi();
}

static void decode_io(const struct vmcb *vmcb, struct vm_exit *exit)
{
	u64 info = vmcb->exit_info1; /* APM vol. 2, 15.10.2 */

	exit->kind = EXIT_IO;
	exit->io.port = (u16)(info >> 16);
	exit->io.in = info & BIT(0);
	exit->io.string = info & BIT(2);
	exit->io.size = info & BIT(6) ? 4 : info & BIT(5) ? 2 : 1;
	exit->io.next_rip = vmcb->exit_info2;
}

/*
 * Exits that no instruction causes (APM vol. 2, appendix C): events that are not intercepted, and
 * AVIC. If one comes, we have made a mistake.
 */
static bool is_event(u64 code)
{
	return code >= VMEXIT_NPF || code == VMEXIT_VINTR || code == VMEXIT_FERR_FREEZE ||
	       code == VMEXIT_BUSLOCK;
}

/* The exception in whose delivery the exit came, or NO_VECTOR. */
static u32 delivered_exception(const struct vmcb *vmcb)
{
	u64 info = vmcb->exit_int_info;

	return (info & EVENT_VALID) && (info >> 8 & 7) == INJECT_EXCEPTION ? info & 0xff
									   : NO_VECTOR;
}

static void decode_nested_page(const struct vmcb *vmcb, struct vm_exit *exit)
{
	u64 info = vmcb->exit_info1;

	exit->kind = EXIT_NESTED_PAGE;
	exit->page.gpa = vmcb->exit_info2;
	exit->page.access = info & NPF_FETCH   ? ACCESS_EXEC
			    : info & NPF_WRITE ? ACCESS_WRITE
					       : ACCESS_READ;
	exit->page.walk = info & NPF_WALK;
	exit->page.delivery = vmcb->exit_int_info & EVENT_VALID;
	exit->page.first = delivered_exception(vmcb);
}

static void decode(struct vcpu *vcpu, struct vmcb *vmcb, struct vm_exit *exit)
{
	u64 code = vmcb->exit_code;

	switch (code) {
	case VMEXIT_CPUID:
		exit->kind = EXIT_CPUID;
		exit->length = svm_insn_length(svm_of(vcpu), INSN_CPUID);
		return;
	case VMEXIT_INTN:
	case VMEXIT_EXCEPTION + VEC_BP:
		exit->kind = EXIT_SOFT_INT;
		exit->cpl = vmcb->cpl;
		return;
	case VMEXIT_INTR:
		exit->kind = EXIT_INTERRUPT;
		return;
	case VMEXIT_SMI: /* or the code for SMM would run behind the nested page table */
	case VMEXIT_NMI:
	case VMEXIT_INIT:
		/* It is still pending: let it come to us (APM vol. 2, 15.13.2 and 15.13.3). */
		svm_host_open();
		__asm__ volatile("pause"); /* where QEMU's TCG looks for it */
		svm_host_close();
		exit->kind = code == VMEXIT_INIT ? EXIT_INIT : EXIT_NONE;
		return;
	case VMEXIT_INVD: /* what the caches hold is ours too: it must not be thrown away */
		wbinvd();
		vcpu_retire(vcpu, vmcb->rip + svm_insn_length(svm_of(vcpu), INSN_INVD));
		exit->kind = EXIT_NONE;
		return;
	case VMEXIT_IRET:
		vmcb->intercepts1 &= ~(u32)I1_IRET;
		exit->kind = EXIT_NONE;
		return;
	case VMEXIT_IO:
		decode_io(vmcb, exit);
		return;
	case VMEXIT_MSR:
		exit->kind = vmcb->exit_info1 ? EXIT_MSR_WRITE : EXIT_MSR_READ;
		exit->length =
			svm_insn_length(svm_of(vcpu), vmcb->exit_info1 ? INSN_WRMSR : INSN_RDMSR);
		return;
	case VMEXIT_SHUTDOWN:
		exit->kind = EXIT_SHUTDOWN;
		return;
	case VMEXIT_NPF:
		decode_nested_page(vmcb, exit);
		return;
	case VMEXIT_INVLPGA:
	case VMEXIT_VMRUN ... VMEXIT_SKINIT:
		exit->kind = EXIT_VIRT_INSN;
		return;
	case VMEXIT_EXCEPTION ... VMEXIT_EXCEPTION + VEC_BP - 1:
	case VMEXIT_EXCEPTION + VEC_BP + 1 ... VMEXIT_EXCEPTION_LAST:
		svm_soft_int_over(vcpu);
		exit->kind = EXIT_EXCEPTION;
		exit->exception.vector = (u32)(code - VMEXIT_EXCEPTION);
		exit->exception.debug = vcpu_debug_causes(vmcb->dr6, vmcb->dr7);
		exit->exception.error = (u32)vmcb->exit_info1;
		exit->exception.cr2 = vmcb->exit_info2;
		exit->exception.first = delivered_exception(vmcb);
		/* SDM vol. 3, table 6-1: the exceptions that push an error code */
		exit->exception.has_error = BIT(exit->exception.vector) & 0x60227d00u;
		return;
	default:
		if ((u32)code == VMEXIT_INVALID) {
			svm_decode_refused(vcpu, exit);
			return;
		}
		if (svm_decode_watched(code, exit))
			return;
		if (is_event(code))
			crash(NULL, "SVM exit %lx info1 %lx info2 %lx rip %lx", code,
			      vmcb->exit_info1, vmcb->exit_info2, vmcb->rip);
		exit->kind = EXIT_UNKNOWN;
		exit->code = code;
	}
}

/*
 * Called by svm_loop after each exit; the guest goes on when it returns. Flattened, since both
 * vendors call the dispatcher and this is the way that each exit takes.
 */
void __attribute__((flatten)) svm_exit(struct vcpu *vcpu)
{
	struct svm_vcpu *svm = svm_of(vcpu);
	struct vmcb *vmcb = svm->vmcb;
	struct vm_exit exit;

	vcpu->entered = rdtsc();
	vcpu->regs[LVMON_RAX] = vmcb->rax;
	vcpu->regs[LVMON_RSP] = vmcb->rsp;
	vcpu->regs[LVMON_RIP] = vmcb->rip;
	vcpu->regs[LVMON_RFLAGS] = vmcb->rflags;
	vmcb->tlb_control = 0;
	vmcb->event_injection = 0;
	decode(vcpu, vmcb, &exit);
	vcpu_handle_exit(vcpu, &exit);
	vmcb->rax = vcpu->regs[LVMON_RAX];
	vmcb->rsp = vcpu->regs[LVMON_RSP];
	/* An instruction is behind us: so is the shadow of the one before. */
	if (unlikely(vmcb->interrupt_shadow) && vmcb->rip != vcpu->regs[LVMON_RIP])
		vmcb->interrupt_shadow = 0;
	vmcb->rip = vcpu->regs[LVMON_RIP];
	vmcb->rflags = vcpu->regs[LVMON_RFLAGS];
	vcpu->spent += rdtsc() - vcpu->entered;
}

static void __noreturn svm_run(struct vcpu *vcpu)
{
	struct svm_vcpu *svm = svm_of(vcpu);

	svm->vmcb->rax = vcpu->regs[LVMON_RAX];
	svm->vmcb->rsp = vcpu->regs[LVMON_RSP];
	svm->vmcb->rip = vcpu->regs[LVMON_RIP];
	svm->vmcb->rflags = vcpu->regs[LVMON_RFLAGS];
	svm_loop(vcpu, svm->vmcb_pa, svm->host_pa);
}

static void svm_get_paging(struct vcpu *vcpu, struct vcpu_paging *paging)
{
	const struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	paging->cr3 = vmcb->cr3;
	paging->la57 = vmcb->cr4 & CR4_LA57;
	paging->gs_base = vmcb->gs.base;
	paging->dr7 = vmcb->dr7;
}

static u64 svm_get_reg(struct vcpu *vcpu, enum lvmon_reg reg)
{
	const struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	switch (reg) {
	case LVMON_CR0:
		return vmcb->cr0;
	case LVMON_CR2:
		return vmcb->cr2;
	case LVMON_CR3:
		return vmcb->cr3;
	case LVMON_CR4:
		return vmcb->cr4;
	case LVMON_EFER:
		return vmcb->efer & ~EFER_SVME;
	case LVMON_LSTAR:
		return vmcb->lstar;
	case LVMON_FS_BASE:
		return vmcb->fs.base;
	case LVMON_GS_BASE:
		return vmcb->gs.base;
	case LVMON_KERNEL_GS_BASE:
		return vmcb->kernel_gs_base;
	case LVMON_IDTR_BASE:
		return vmcb->idtr.base;
	case LVMON_CPL:
		return vmcb->cpl;
	default:
		return 0;
	}
}

static void svm_get_event_regs(struct vcpu *vcpu, struct lvmon_event *event)
{
	const struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	event->kernel_gs_base = vmcb->kernel_gs_base;
	event->cpl = vmcb->cpl;
}

static void svm_set_reg(struct vcpu *vcpu, enum lvmon_reg reg, u64 value)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	if (reg == LVMON_EFER)
		vmcb->efer = value | EFER_SVME;
	else if (reg == LVMON_LSTAR)
		vmcb->lstar = value;
	else if (reg == LVMON_CR2)
		vmcb->cr2 = value;
}

static void svm_intercept_breakpoints(struct vcpu *vcpu, bool on)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	/* Silicon reports INT3 as #BP; QEMU's TCG only as INTn. */
	vmcb->exceptions = with_bits(vmcb->exceptions, BIT(VEC_BP), on);
	vmcb->intercepts1 = with_bits(vmcb->intercepts1, I1_INTN, on);
	/* INT n that does not exit is not one that we have moved RIP for. */
	if (!on)
		svm_of(vcpu)->soft_int = false;
}

static void svm_intercept_lstar(struct vcpu *vcpu, bool on)
{
	svm_msr_intercept(svm_of(vcpu), MSR_LSTAR, false, on);
}

static void svm_set_tsc_offset(struct vcpu *vcpu, u64 offset)
{
	svm_of(vcpu)->vmcb->tsc_offset = offset;
	svm_msr_intercept(svm_of(vcpu), MSR_TSC_DEADLINE, offset, offset);
}

static void svm_intercept_interrupts(struct vcpu *vcpu, bool on)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;

	vmcb->intercepts1 = with_bits(vmcb->intercepts1, I1_INTR, on);
}

/*
 * There is no window for NMIs, but an interrupt every few milliseconds; and IRET, intercepted from
 * an NMI to the end of its handler, which no second one may interrupt.
 */
static bool svm_ready_to_inject(struct vcpu *vcpu)
{
	struct vmcb *vmcb = svm_of(vcpu)->vmcb;
	bool ready = !vmcb->event_injection && !(vmcb->intercepts1 & I1_IRET);

	if (!ready)
		svm_intercept_interrupts(vcpu, true);
	return ready;
}

const struct vcpu_ops svm_ops = {
	.name = "AMD SVM",
	.vendor_id = 0,
	.present = svm_present,
	.probe = svm_probe,
	.init = svm_init,
	.init_cpu = svm_init_cpu,
	.start_up = svm_start_up,
	.run = svm_run,
	.host_open = svm_host_open,
	.host_close = svm_host_close,
	.get_paging = svm_get_paging,
	.get_reg = svm_get_reg,
	.get_event_regs = svm_get_event_regs,
	.set_reg = svm_set_reg,
	.ready_to_inject = svm_ready_to_inject,
	.inject = svm_inject,
	.requeue = svm_requeue,
	.soft_int = svm_soft_int,
	.soft_int_is_long = svm_soft_int_is_long,
	.raise_debug = svm_raise_debug,
	.steps_branches = svm_steps_branches,
	.intercept_breakpoints = svm_intercept_breakpoints,
	.intercept_lstar = svm_intercept_lstar,
	.intercept_interrupts = svm_intercept_interrupts,
	.watch_msr = svm_watch_msr,
	.watch = svm_watch,
	.watched_value = svm_watched_value,
	.set_tsc_offset = svm_set_tsc_offset,
	.single_step = svm_single_step,
	.flush = svm_flush,
	.set_nested_root = svm_set_nested_root,
};
