/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between what decides (vcpu.c, monitor/) and what translates (svm/, vmx/): one decoded
 * exit, and the operations a vendor offers. Nothing outside a vendor's folder names a field of a
 * VMCB or VMCS.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include "vmm/boot_info.h"
#include "vmm/guest/nested.h"
#include "vmm/types.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/fpu.h"

enum exit_kind {
	EXIT_NONE, /* the vendor dealt with it */
	EXIT_CPUID,
	EXIT_SOFT_INT,	/* INT3, perhaps INT n or INTO; RIP is at the instruction */
	EXIT_EXCEPTION, /* one that we asked for; vector, error */
	EXIT_INTERRUPT, /* a physical interrupt is pending and the guest can take it */
	EXIT_MSR_READ,
	EXIT_MSR_WRITE,
	EXIT_REGISTER, /* a write that watch() has asked for; which */
	EXIT_IO,
	EXIT_XSETBV,
	EXIT_NESTED_PAGE,
	EXIT_VIRT_INSN, /* an instruction of the virtualisation extensions that the guest lacks */
	EXIT_INIT,	/* INIT has come to this CPU, and is held */
	EXIT_UNKNOWN,	/* an instruction that exits on this CPU and that we do not know; code */
	EXIT_REFUSED,	/* the CPU does not go on in the state that the guest has brought about */
	EXIT_SHUTDOWN,	/* triple fault */
};

/* Access that faulted in the nested page table. */
#define ACCESS_READ  1u
#define ACCESS_WRITE 2u
#define ACCESS_EXEC  4u

#define NO_VECTOR 256u

struct vm_exit {
	enum exit_kind kind;
	u32 length; /* of the instruction: CPUID, MSR_READ, MSR_WRITE, XSETBV */
	u32 cpl;    /* SOFT_INT */
	union {
		struct {
			u32 vector;
			u32 error;
			bool has_error;
			u64 cr2;
			u64 debug; /* #DB: what raised it, as in DR6 */
			u32 first; /* the exception in whose delivery it came, or NO_VECTOR */
		} exception;
		struct {
			u16 port;
			u8 size;
			bool in, string;
			u64 next_rip;
		} io;
		struct {
			gpa_t gpa;
			u32 access;
			/* Not by the instruction itself: while an event was delivered, or by the
			 * walk of the guest's page tables. */
			bool delivery, walk;
			u32 first; /* the exception that was being delivered, or NO_VECTOR */
		} page;
		u32 which; /* enum lvmon_watched; 0: another register that exits with these */
		u64 code;  /* the vendor's number of the exit */
	};
};

/* What to inject: the types of APM vol. 2, 15.20, which VT-x shares. */
enum inject_type { INJECT_INTERRUPT = 0, INJECT_NMI = 2, INJECT_EXCEPTION = 3 };

/* The guest's own MTRRs: 16 ranges of two, eleven fixed ones, the default type. */
#define GUEST_MTRRS_VARIABLE 32u
#define GUEST_MTRRS	     (GUEST_MTRRS_VARIABLE + 12)

/*
 * Why the vCPU runs by its own overlay (nested.h): for one instruction, under a trap or with a
 * store to our memory, or one that writes a watched register (without one); or because an event is
 * being delivered onto a stack there. The last ends at some later exit, since nothing says when the
 * delivery has ended.
 */
enum step_reason { STEP_NONE, STEP_TRAP, STEP_OWN_MEMORY, STEP_WRITE, STEP_DELIVERY };

struct vcpu {
	/* General registers, RIP, RFLAGS: enum lvmon_reg. Loaded after each exit, stored before
	 * entry. */
	u64 regs[LVMON_NR_EVENT_REGS];

	u64 entered; /* TSC when the guest was left */
	u64 spent;   /* TSC ticks in the hypervisor */
	struct cpu *cpu;
	struct fpu fpu;

	/* Single step in progress. */
	enum step_reason step;
	bool step_guest_tf; /* the guest itself had TF set */
	u64 step_rip;	    /* where it began */

	struct nested_overlay overlay; /* in force while step is not STEP_NONE */

	/* The write to a watched register that is being stepped over; which 0: none. */
	struct lvmon_register writes;
	u64 old_value, new_value;

	bool breakpoints_exit; /* what monitor.c has asked intercept_breakpoints() for */
	u64 misc_features;     /* the guest's MISC_FEATURES_ENABLES, if it has written it */
	u64 tsc_offset;	       /* the guest's time-stamp counter is ahead of the CPU's by so much */
	/* guest_mtrr.c; a bit for each that is not the hardware's any more */
	u64 mtrrs[GUEST_MTRRS], mtrr_written;

	void *vendor; /* the vendor's part */
};

/* What it takes to read the guest's kernel memory. */
struct vcpu_paging {
	u64 cr3, gs_base;
	bool la57;
	u64 dr7;
};

struct vcpu_ops {
	const char *name;
	u32 vendor_id; /* lvmon_start.vendor */

	/* Is this CPU of the vendor's kind? */
	bool (*present)(void);
	/* NULL, or why this CPU, being present(), cannot be used and the mend. */
	const char *(*probe)(void);
	/* Build the nested page table and what else all CPUs share. */
	void (*init)(const struct boot_info *bi);
	/*
	 * Make the vCPU ready to execute the guest's first instruction on this CPU; entry NULL: it
	 * waits for start_up(). General registers are the caller's matter, before both.
	 */
	void (*init_cpu)(struct vcpu *vcpu, const struct guest_entry *entry);

	/* The state after SIPI */
	void (*start_up)(struct vcpu *vcpu, u8 vector);

	/* Run the guest; each exit, decoded, goes to vcpu_handle_exit(). */
	__noreturn void (*run)(struct vcpu *vcpu);
	/* Host interrupts, NMI and #MC can arrive between the two. */
	void (*host_open)(void);
	void (*host_close)(void);

	void (*get_paging)(struct vcpu *vcpu, struct vcpu_paging *paging);
	/* Control registers and the like; general ones are in vcpu->regs. */
	u64 (*get_reg)(struct vcpu *vcpu, enum lvmon_reg reg);
	/* What an event tells besides general registers and paging. */
	void (*get_event_regs)(struct vcpu *vcpu, struct lvmon_event *event);
	/* EFER (as the guest sees it), LSTAR, CR2. */
	void (*set_reg)(struct vcpu *vcpu, enum lvmon_reg reg, u64 value);

	/* Can this entry inject an NMI or #MC? False: not yet; there is an exit when it may. */
	bool (*ready_to_inject)(struct vcpu *vcpu);
	/* Called by vcpu_inject() only. */
	void (*inject)(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error,
		       u32 error);
	/* What the exit interrupted comes again at the next entry. */
	void (*requeue)(struct vcpu *vcpu);
	/* The INT3, INT n or INTO at RIP is not ours: it does what it would have done. */
	void (*soft_int)(struct vcpu *vcpu);
	/* Is it longer than the one byte that we write? */
	bool (*soft_int_is_long)(struct vcpu *vcpu);
	/* #DB as a trap, for these causes, which DR6 then shows as the CPU would. */
	void (*raise_debug)(struct vcpu *vcpu, u64 causes);
	/* Does the guest's DEBUGCTL.BTF let TF trap at branches only? */
	bool (*steps_branches)(struct vcpu *vcpu);

	void (*intercept_breakpoints)(struct vcpu *vcpu, bool on);
	void (*intercept_lstar)(struct vcpu *vcpu, bool on);
	void (*intercept_interrupts)(struct vcpu *vcpu, bool on);
	/* Writes of an MSR that is passed. */
	void (*watch_msr)(struct vcpu *vcpu, u32 msr, bool on);
	/* Writes of the other registers: bits by enum lvmon_watched. -ENODEV: not by this CPU. */
	int (*watch)(struct vcpu *vcpu, u32 which) must_check;
	/* What is in it; 0 where it cannot be read. Tables: base and limit. */
	u64 (*watched_value)(struct vcpu *vcpu, const struct lvmon_register *reg, u32 *limit);
	/*
	 * What the CPU adds when the guest reads its time-stamp counter. Unless that is nothing,
	 * MSR_TSC_DEADLINE exits.
	 */
	void (*set_tsc_offset)(struct vcpu *vcpu, u64 offset);
	/*
	 * One instruction, without interrupts, all exceptions to us; DR6 is afterwards as before.
	 */
	void (*single_step)(struct vcpu *vcpu, bool on);

	/* The nested page table has changed: this CPU is to forget what it remembers of it. */
	void (*flush)(struct vcpu *vcpu);
	/* Run the vCPU by this nested page table from now on. */
	void (*set_nested_root)(struct vcpu *vcpu, hpa_t root);
};

extern const struct vcpu_ops *vcpu_ops;
extern const struct vcpu_ops svm_ops, vmx_ops;

/* Choose the vendor; says and stops when the CPU is not fit. */
void vcpu_probe(void);
/* What all CPUs share. */
void vcpu_init(const struct boot_info *bi);

/* Do what the exit calls for; the guest runs on when it returns. */
void vcpu_handle_exit(struct vcpu *vcpu, const struct vm_exit *exit);

/* vmm/guest/ports.c: the I/O ports that the guest does not reach by itself. */
void ports_init(const struct boot_info *bi);
/* Set their bits: the map is the same for both vendors. */
void ports_intercept(u8 *bitmap);
/* What becomes of an access to one of them; RIP goes on. */
void ports_access(struct vcpu *vcpu, const struct vm_exit *exit);

/* The way in which the guest is given an event that we make; ends a step. */
void vcpu_inject(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error, u32 error);

/* What has come for the guest meanwhile; vcpu_handle_exit() ends with it. */
void vcpu_pass_on(struct vcpu *vcpu);

/* RF is over, and TF traps. */
void vcpu_end_flags(struct vcpu *vcpu);

/*
 * The one place where an instruction ends whose work the vmm has done. RF holds for one instruction
 * (APM vol. 2, 3.1.6; SDM vol. 3, 17.3.1.1); the shadow of STI and MOV SS too, which the vendor
 * ends where RIP has moved.
 */
static inline void vcpu_retire(struct vcpu *vcpu, u64 next_rip)
{
	vcpu->regs[LVMON_RIP] = next_rip;
	if (unlikely(vcpu->regs[LVMON_RFLAGS] & (RFLAGS_RF | RFLAGS_TF)))
		vcpu_end_flags(vcpu);
}

/*
 * What of DR6 is a trap of the instruction that was executed: with breakpoints on data that are on.
 * A CPU may show others (SDM vol. 3, 17.2.3); those on instructions are faults of the next one.
 */
static inline u64 vcpu_debug_causes(u64 dr6, u64 dr7)
{
	u64 causes = dr6 & DR6_CAUSES & ~DR6_BREAKPOINTS;

	for (u32 i = 0; i < 4; i++)
		if ((dr7 >> (2 * i) & 3) && (dr7 >> (16 + 4 * i) & 3))
			causes |= dr6 & BIT(i);
	return causes;
}

/* Any register of the vCPU. -EINVAL: no such register. */
int vcpu_read_reg(struct vcpu *vcpu, enum lvmon_reg reg, u64 *value) must_check;

/* Execute the instruction at RIP alone, and as if this byte stood at gpa. */
void vcpu_step_with(struct vcpu *vcpu, gpa_t gpa, u8 byte);

#endif
