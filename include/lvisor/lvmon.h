/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the vmm (ring 0) and the engine (ring 3, in the protection domain).
 *
 * The engine is an ordinary static Linux program. In the domain it may use the few Linux system
 * calls listed in docs/architecture.md, and the calls below, whose numbers lie above Linux's. All
 * of them follow the Linux convention: number in RAX, arguments in RDI, RSI, RDX, R10, R8, R9,
 * result or -E... in RAX, RCX and R11 destroyed; every pointer must point into the domain's own
 * memory. FCW and MXCSR are at their defaults and the vector registers are undefined after
 * LVMON_NEXT_EVENT.
 *
 * The vmm validates every argument; it parses nothing that the guest wrote but page tables, and
 * reads the pointer to the current task. What selectors (select.h) read is not known to it.
 *
 * Anything here that changes its meaning or layout changes LVMON_ABI_VERSION.
 */
#ifndef LVISOR_LVMON_H
#define LVISOR_LVMON_H

#include <stdint.h>

#define LVMON_ABI_VERSION 8

typedef uint64_t gpa_t; /* guest-physical address */
typedef uint64_t gva_t; /* guest-virtual address */

/* Auxiliary-vector entry whose value points to struct lvmon_start; absent on plain Linux. */
#define LVMON_AT_START 0x4c56

enum lvmon_call {
	LVMON_CALL_FIRST = 0x4c560000,

	/*
	 * (const struct lvmon_verdict *v, struct lvmon_event *ev) -> 0
	 * Ends the previous event with verdict v (NULL for the first call) and returns with the
	 * next one. The guest runs meanwhile.
	 */
	LVMON_NEXT_EVENT = LVMON_CALL_FIRST,

	/* (gpa_t gpa, void *buf, uint64_t size) -> 0 or -EFAULT: not guest RAM */
	LVMON_MEM_READ,
	/* (gpa_t gpa, const void *buf, uint64_t size) -> 0, -EFAULT, or -EINVAL: crosses a page */
	LVMON_MEM_WRITE,
	/* (enum lvmon_reg reg, uint64_t *value) -> 0 or -EINVAL */
	LVMON_REG_READ,
	/* (enum lvmon_reg reg, uint64_t value) -> 0, -EINVAL, or -EPERM: not a harmless register */
	LVMON_REG_WRITE,
	/* () -> bytes of RAM the guest has */
	LVMON_MEM_SIZE,
	/* (uint64_t *ns) -> 0; time spent in the hypervisor (vmm and domain) since its start */
	LVMON_CPU_TIME,

	/*
	 * (const struct lvmon_hook *) -> hook id > 0, or -EINVAL, -EFAULT, -ENOSPC, -EBUSY. Which
	 * slot of a selector is refused, and why, is on the log.
	 */
	LVMON_HOOK_ADD,
	/* (uint32_t id) -> 0 or -ENOENT */
	LVMON_HOOK_REMOVE,
	/* (const struct lvmon_task *) -> 0 or -EINVAL; before it, events have no task */
	LVMON_SET_TASK,

	/*
	 * (const char *json, uint64_t size, uint64_t bulk) -> 0; one JSON object, no line feed, to
	 * the event ring. bulk not 0: what comes in floods, and leaves LVMON_RING_KEPT bytes of the
	 * ring for what does not.
	 */
	LVMON_EMIT,
	/* (const void *blob, uint64_t size) -> 0 or -ENOMEM; kept over restarts, see lvmon_start */
	LVMON_BLOB_STORE,
	/* (const char *text, uint64_t size) -> 0; a line for people on the log channel */
	LVMON_LOG,
	/*
	 * (uint64_t wait_ms, uint64_t more_ms) -> 0: the ring's reader has read all that is in it;
	 * 1: there is no reader that shares the guest's memory, events leave by a port; -ETIMEDOUT.
	 * Then the event has more_ms of time in the domain, in place of what was left. What was
	 * waited and given, over an event, is at most LVMON_DRAIN_MS_MAX: else -EINVAL. CPUs that
	 * are held (LVMON_PAUSE) may be held so much longer.
	 */
	LVMON_DRAIN,

	/*
	 * () -> 0, -EBUSY: they are held already, or -ETIME: one did not come. All other CPUs are
	 * out of the guest until LVMON_RESUME, the event's end or the engine's, but for 100 ms at
	 * most: of CLOCK_PROCESS_CPUTIME_ID.
	 */
	LVMON_PAUSE,
	/* () -> 0, or -ETIME: they were not held up to now */
	LVMON_RESUME,
	/*
	 * As LVMON_MEM_WRITE, but only while the other CPUs are held, as they have been since
	 * LVMON_PAUSE: what was found out about the page since then still holds. -ETIME: they are
	 * not, and nothing was written.
	 */
	LVMON_MEM_WRITE_PAUSED,

	LVMON_CALL_END
};

#define LVMON_DRAIN_MS_MAX 120000u

/* Registers of the vCPU that caused the event. */
enum lvmon_reg {
	/* the general registers in the order of their encoding (SDM vol. 2, table 2-2) */
	LVMON_RAX,
	LVMON_RCX,
	LVMON_RDX,
	LVMON_RBX,
	LVMON_RSP,
	LVMON_RBP,
	LVMON_RSI,
	LVMON_RDI,
	LVMON_R8,
	LVMON_R9,
	LVMON_R10,
	LVMON_R11,
	LVMON_R12,
	LVMON_R13,
	LVMON_R14,
	LVMON_R15,
	LVMON_RIP,
	LVMON_RFLAGS,
	LVMON_NR_EVENT_REGS, /* those above come with each event */

	LVMON_CR0 = LVMON_NR_EVENT_REGS,
	LVMON_CR2,
	LVMON_CR3,
	LVMON_CR4,
	LVMON_EFER,
	LVMON_LSTAR,
	LVMON_FS_BASE,
	LVMON_GS_BASE,
	LVMON_KERNEL_GS_BASE,
	LVMON_IDTR_BASE,
	LVMON_CPL,
	LVMON_NR_REGS
};

enum lvmon_event_kind {
	/* The guest's kernel wrote LSTAR for the first time: its image is complete in memory. */
	LVMON_EV_KERNEL_UP = 1,
	/* A hook was hit, and its selector accepted. */
	LVMON_EV_HOOK,
	/* A kernel function called with LVMON_CALL_GUEST has returned. */
	LVMON_EV_CALL_DONE,
	/*
	 * At the trap at hook, or on the way to it, CPUs fetch something else (trap.state). Looked
	 * at now and then, at exits that come anyway. Told once for each change, but
	 * LVMON_TRAP_ENTRY at each look: what such an entry leads to may change while its bytes do
	 * not.
	 */
	LVMON_EV_TRAP_CHANGED,
};

enum lvmon_trap_state {
	LVMON_TRAP_THERE,	/* told after LVMON_TRAP_ENTRY: as it was again */
	LVMON_TRAP_RESTORED,	/* the byte had been put back: the trap stands again */
	LVMON_TRAP_OVERWRITTEN, /* other code is there */
	LVMON_TRAP_MOVED,	/* the address leads to other memory */
	LVMON_TRAP_ENTRY, /* the trap stands, the code in front of it is not lvmon_trap.entry */
};

#define LVMON_EVF_AGAIN 1u /* the engine died in this event and was restarted */

struct lvmon_event {
	uint32_t kind;	   /* enum lvmon_event_kind */
	uint32_t flags;	   /* LVMON_EVF_* */
	uint64_t sequence; /* counts up by one an event; the same again with LVMON_EVF_AGAIN */
	uint64_t time_ns;  /* since 1970-01-01 UTC, from the machine's clock at start and the TSC */
	uint32_t cpu;
	uint32_t cpl;
	uint64_t hook; /* whose: lvmon_hook_key(); EV_KERNEL_UP: 0 */
	gva_t task;    /* current task_struct, 0 before LVMON_SET_TASK */
	uint64_t regs[LVMON_NR_EVENT_REGS];
	uint64_t cr3, gs_base, kernel_gs_base;
	union { /* by kind; EV_KERNEL_UP and EV_HOOK at a trap have none, all zero */
		struct {
			uint64_t result; /* RAX */
			uint32_t id;	 /* lvmon_verdict.call of the call that returned */
			uint32_t reserved;
		} call; /* EV_CALL_DONE */
		struct {
			uint32_t state; /* enum lvmon_trap_state */
			uint32_t reserved[3];
		} trap; /* EV_TRAP_CHANGED */
		struct {
			uint64_t old, value; /* IDTR, GDTR: the base */
			uint32_t limit;	     /* IDTR, GDTR */
			uint32_t reserved;
		} written; /* EV_HOOK of a register, when the write has taken place */
	};
};

enum lvmon_verdict_kind {
	LVMON_CONTINUE = 0,
	/*
	 * Only for EV_HOOK and EV_CALL_DONE: make the guest call function() with args[] at this
	 * point, in the context of the current task; EV_CALL_DONE follows when it returns.
	 * docs/architecture.md: allowed only where the hooked function is entered in process
	 * context.
	 */
	LVMON_CALL_GUEST,
	/* Only for EV_HOOK and EV_CALL_DONE: the hooked function returns value at once. */
	LVMON_RETURN,
	/*
	 * The guest is about to start another kernel: all hooks go, and with them this engine. A
	 * fresh one, with nothing kept, is started for the LVMON_EV_KERNEL_UP of the new kernel.
	 */
	LVMON_NEW_KERNEL,
};

struct lvmon_verdict {
	uint32_t kind;	  /* enum lvmon_verdict_kind */
	uint32_t call;	  /* CALL_GUEST: handed back in the EV_CALL_DONE; chosen by the engine */
	gva_t function;	  /* CALL_GUEST */
	uint64_t args[6]; /* CALL_GUEST: RDI, RSI, RDX, RCX, R8, R9 */
	uint64_t value;	  /* RETURN */
};

/*
 * What the trapped instruction does, as the engine decoded it. The vmm emulates these and steps
 * over all others (LVMON_INSN_OTHER).
 */
enum lvmon_insn_kind {
	LVMON_INSN_OTHER = 0,
	LVMON_INSN_NOP,
	LVMON_INSN_PUSH,    /* push reg */
	LVMON_INSN_MOV,	    /* mov base -> reg, 64 bits, or 32 bits zero-extended */
	LVMON_INSN_LOAD,    /* mov disp(base) -> reg, 64 bits, or 32 bits zero-extended */
	LVMON_INSN_SUB_RSP, /* sub $disp, %rsp, with its flags */
	LVMON_INSN_KINDS
};

struct lvmon_insn {
	uint8_t length; /* bytes, 1..15 */
	uint8_t kind;	/* enum lvmon_insn_kind */
	uint8_t reg;	/* destination (MOV, LOAD) or source (PUSH): LVMON_RAX..LVMON_R15 */
	uint8_t base;	/* MOV: source, LOAD: base register */
	uint8_t width;	/* bytes moved: 4 or 8 */
	uint8_t reserved[3];
	int32_t disp;	   /* LOAD: displacement, SUB_RSP: immediate */
	uint8_t bytes[16]; /* the bytes at the address; LVMON_HOOK_ADD refuses when they differ */
};

enum lvmon_hook_kind {
	LVMON_HOOK_TRAP = 1, /* an instruction is executed: INT3 stands in its place */
	LVMON_HOOK_REGISTER, /* the guest has written a register of its CPU's */
};

#define LVMON_ENTRY_SIZE 16

/* The place of a trap. */
struct lvmon_trap {
	gva_t gva; /* a kernel address, canonical */
	gpa_t gpa; /* where it lies in guest RAM */
	struct lvmon_insn insn;
	/* What lies in front of gva, from the function's start on, in the same page. */
	uint32_t entry_size;
	uint8_t entry[LVMON_ENTRY_SIZE];
	uint32_t reserved;
};

enum lvmon_watched {
	LVMON_WATCH_MSR = 1,
	LVMON_WATCH_CR0, /* CR0 and CR4: when the value changes */
	LVMON_WATCH_CR4,
	LVMON_WATCH_IDTR,
	LVMON_WATCH_GDTR,
	LVMON_WATCH_END
};

/* -EPERM: the hypervisor keeps it itself (policy.h), or needs it for this. -ENODEV: no such CPU. */
struct lvmon_register {
	uint32_t which; /* enum lvmon_watched */
	uint32_t msr;	/* its number; 0 for the others */
};

/*
 * Several hooks may name the same place: the event is delivered once, if the selector of any of
 * them accepts, and the engine finds its handlers by lvmon_event.hook.
 */
struct lvmon_hook {
	uint32_t kind;			  /* enum lvmon_hook_kind */
	uint32_t budget_ms;		  /* time in the domain for one event; 0: the default */
	const struct lvmon_sel *selector; /* a program (select.h); it is copied */
	uint32_t selector_slots;	  /* 0: each hit is an event */
	uint32_t reserved;
	union { /* by kind */
		struct lvmon_trap trap;
		struct lvmon_register reg;
	};
};

/* What lvmon_event.hook is for events of this hook. */
static inline uint64_t lvmon_hook_key(const struct lvmon_hook *hook)
{
	if (hook->kind == LVMON_HOOK_REGISTER)
		return (uint64_t)hook->reg.which << 32 | hook->reg.msr;
	return hook->trap.gva;
}

/* Where the vmm finds the current task, and most of the guest's kernel memory without a walk. */
struct lvmon_task {
	uint64_t current_offset; /* GS_BASE + this holds the pointer to the current task_struct */
	gva_t direct_map;	 /* page_offset_base: VA of guest-physical address 0 */
};

#define LVMON_MAX_RAM_RANGES 32

struct lvmon_ram {
	gpa_t gpa;
	uint64_t size;
};

/*
 * Pages that the domain can write and that outlive it: the engine leaves word here for its
 * successor about what it was doing, so that the culprit is known when it has been killed.
 */
struct lvmon_persist {
	uint32_t phase;	    /* the engine's own: enum in engine/engine.h */
	uint32_t signature; /* index of the signature at work */
	uint32_t handler;   /* index of the handler at work, for EVF_AGAIN */
	uint32_t reserved;
	char where[256];       /* "file:line" as known when time ran out */
	uint8_t engine[15360]; /* strikes and the like */
};

enum lvmon_death {
	LVMON_DEATH_NONE = 0, /* first start */
	LVMON_DEATH_TIME,     /* budget exceeded and SIGXCPU's handler did not help */
	LVMON_DEATH_FAULT,    /* page fault, invalid opcode, ... */
	LVMON_DEATH_MEMORY,   /* quota */
	LVMON_DEATH_EXIT,     /* it called exit_group */
	LVMON_DEATH_CALL,     /* a call that cannot be: wrong verdict, unknown number */
};

/* What the engine is given at its start; read-only for it. */
struct lvmon_start {
	uint32_t abi_version;
	uint32_t generation; /* 0 at first, plus one a restart */
	uint32_t death;	     /* enum lvmon_death of the predecessor */
	uint32_t vendor;     /* 0 AMD, 1 Intel */
	uint64_t fault_rip;  /* where the predecessor died, for the log */
	uint64_t fault_address;
	const void *window;  /* guest-physical address 0; only RAM listed below is mapped */
	const void *archive; /* ustar archive with the signatures, or NULL */
	uint64_t archive_size;
	const void *blob; /* LVMON_BLOB_STORE of a predecessor, or NULL */
	uint64_t blob_size;
	struct lvmon_persist *persist;
	uint64_t memory_quota; /* bytes the domain may map */
	uint32_t budget_ms;    /* default budget of one event */
	uint32_t ram_ranges;
	/* When time was up last, it was not the budget: interrupts of the guest's took the CPU. */
	uint32_t starved;
	uint32_t reserved;
	struct lvmon_ram ram[LVMON_MAX_RAM_RANGES];
};

/*
 * Pre-emption. The budget is time that the domain has on its CPU, CLOCK_PROCESS_CPUTIME_ID: neither
 * what an emulator's host runs instead counts, nor the guest's interrupts. When it is used up, the
 * vmm delivers SIGXCPU, as Linux would to a handler installed with sigaction() (the handler gets
 * the signal number only, no siginfo). If the event is not done a grace period later, it delivers
 * it once more, for last words, and kills the domain.
 */

/*
 * The event ring lies in memory of the hypervisor that the guest cannot see. Its place is told on
 * the log channel: a line "\x02ring <hex gpa> <hex size>". A byte 0x01 on that channel is the
 * doorbell. One writer (vmm), one reader; records are struct lvmon_record + size bytes of JSON,
 * padded to 8 bytes, and never cross the ring's end: a record with size 0xffffffff fills up to it.
 */
#define LVMON_RING_MAGIC 0x31474e52534956ull /* "VISRNG1" */
#define LVMON_RING_PAD	 0xffffffffu
#define LVMON_RING_KEPT	 0x40000u /* no record of a flood is put into the last of the room */

struct lvmon_ring {
	uint64_t magic;
	uint64_t size;	  /* of data[], a power of two */
	uint64_t head;	  /* bytes ever written; by the vmm */
	uint64_t tail;	  /* bytes ever read; by the reader */
	uint64_t dropped; /* records that did not fit; the next record carries the count */
	uint8_t reserved[24];
	uint8_t data[];
};

struct lvmon_record {
	uint32_t size;	 /* of the JSON text that follows, without padding */
	uint32_t source; /* 0 engine, 1 vmm */
	uint64_t sequence;
	uint64_t dropped; /* records lost before this one, in total */
};

#endif
