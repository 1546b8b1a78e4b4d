/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life and death of the domain: start from the clean image, run until the engine asks for the next
 * event, limit its time, restart it when it dies.
 *
 * Interrupts are on in ring 3 only. While the domain runs, the local APIC is borrowed
 * (x86/lapic.h): its timer is the limit, and the guest's interrupts stay pending or are sent again.
 */
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/domain/elf.h"
#include "vmm/domain/internal.h"
#include "vmm/domain/space.h"
#include "vmm/guest/ram.h"
#include "vmm/hold.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/smp.h"
#include "vmm/string.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/fpu.h"
#include "vmm/x86/lapic.h"

#define START_BUDGET_MS	    5000u
#define DEATHS_PER_EVENT    64
#define STARTS_IN_A_ROW	    3
#define RETRY_NS	    1000000000ull
#define SIGNALS		    2 /* an event */
#define LAST_WORDS_MS	    10
#define TABLE_PAGES_RESERVE 512ull /* of our free pages, for page tables */
#define USER_RFLAGS	    (RFLAGS_FIXED | RFLAGS_IF)
#define PERSIST_SIZE	    align_up(sizeof(struct lvmon_persist), PAGE_SIZE)

/* System V ABI, 3.4.3 */
#define AT_NULL	  0
#define AT_PHDR	  3
#define AT_PHENT  4
#define AT_PHNUM  5
#define AT_PAGESZ 6
#define AT_RANDOM 25

struct domain domain;

static const u8 *engine_file;
static u64 engine_size;
static hpa_t archive;
static u64 archive_size;
static hpa_t host_root;
static struct lvmon_start *start_info;
static struct lvmon_persist *persist;

static u8 *blob; /* contiguous, or NULL */
static hpa_t blob_pa;
static u64 blob_capacity, blob_size;

static u64 cpu_tsc; /* time that earlier visits had */
static bool alive;
static u64 failed_at; /* time_ns() of the last start that failed */

/* A copy must not even touch the end of the user half: that is #GP, not #PF. */
static bool in_user_half(u64 va, u64 size)
{
	return !(va >> 47) && size <= BIT(47) - va;
}

int domain_read(void *to, u64 from, u64 size)
{
	if (!in_user_half(from, size))
		return -EFAULT;
	return size % 8 ? copy_bytes(to, (const void *)from, size)
			: copy_words(to, (const void *)from, size);
}

int domain_write(u64 to, const void *from, u64 size)
{
	if (!in_user_half(to, size))
		return -EFAULT;
	return size % 8 ? copy_bytes((void *)to, from, size) : copy_words((void *)to, from, size);
}

bool domain_interrupt(u32 vector)
{
	struct cpu *cpu = this_cpu();

	if (!cpu->loan.active)
		return false;
	lapic_interrupt(&cpu->loan, vector);
	pause_check(cpu);
	/* It takes a CPU that runs to send so many. */
	if (unlikely(lapic_flooded(&cpu->loan)))
		hold_quiet_others(cpu);
	return true;
}

void domain_nmi(struct cpu *cpu)
{
	if (!cpu->loan.active)
		return;
	cpu->loan.foreign++;
	if (lapic_flooded(&cpu->loan))
		hold_quiet_others(cpu);
}

u64 domain_cpu_ns(void)
{
	return tsc_to_ns(cpu_tsc + lapic_spent(&this_cpu()->loan));
}

int domain_init(const struct boot_info *bi, hpa_t vmm_root, u32 default_budget_ms)
{
	u64 quota;
	hpa_t page;

	if (!bi->engine_size)
		return -ENOENT;
	engine_file = phys_to_virt(bi->engine);
	engine_size = bi->engine_size;
	archive = bi->archive;
	archive_size = bi->archive_size;
	host_root = vmm_root;
	if (elf_check(engine_file, engine_size))
		return -ENOEXEC;

	/* The blob gets a quarter of what is left, the domain's pages the rest. */
	blob_capacity = align_down(pages_free() * PAGE_SIZE / 4, PAGE_SIZE);
	blob_pa = pages_alloc_contiguous(blob_capacity / PAGE_SIZE);
	blob = blob_pa ? phys_to_virt(blob_pa) : NULL;
	page = pages_alloc_contiguous(1 + PERSIST_SIZE / PAGE_SIZE);
	if (!blob || !page)
		return -ENOMEM;
	start_info = phys_to_virt(page);
	persist = phys_to_virt(page + PAGE_SIZE);
	if (pages_free() <= TABLE_PAGES_RESERVE)
		return -ENOMEM;
	quota = (pages_free() - TABLE_PAGES_RESERVE) * PAGE_SIZE;

	*start_info = (struct lvmon_start){
		.abi_version = LVMON_ABI_VERSION,
		.vendor = vcpu_ops->vendor_id,
		.window = (const void *)WINDOW_USER_BASE,
		.archive = archive_size ? (const void *)SPACE_ARCHIVE : NULL,
		.archive_size = archive_size,
		.persist = (struct lvmon_persist *)SPACE_PERSIST,
		.memory_quota = quota,
		.budget_ms = default_budget_ms,
		.ram_ranges = guest_ram_ranges,
	};
	guest_ram_ascending(start_info->ram);
	return space_init(vmm_root, quota);
}

/* argc, argv, environment and the auxiliary vector as the ABI wants them on the first stack. */
static int build_stack(const struct program *program, u64 *rsp)
{
	u64 top = SPACE_STACK_TOP - PAGE_SIZE;
	u64 *page = space_page(top);
	static const char name[8] = "engine";
	u64 vector[] = {
		1,
		top + PAGE_SIZE - 8,
		0, /* argc, argv */
		0, /* envp */
		AT_PHDR,
		program->phdr,
		AT_PHENT,
		program->phent,
		AT_PHNUM,
		program->phnum,
		AT_PAGESZ,
		PAGE_SIZE,
		AT_RANDOM,
		top + PAGE_SIZE - 24,
		LVMON_AT_START,
		SPACE_START_INFO,
		AT_NULL,
		0,
	};
	u64 offset = PAGE_SIZE - 32 - align_up(sizeof(vector), 16);

	if (!page)
		return -ENOMEM;
	memcpy((u8 *)page + PAGE_SIZE - 8, name, sizeof(name));
	page[PAGE_SIZE / 8 - 3] = rdtsc() * 0x9e3779b97f4a7c15ull;
	page[PAGE_SIZE / 8 - 2] = rdtsc() * 0xbf58476d1ce4e5b9ull;
	memcpy((u8 *)page + offset, vector, sizeof(vector));
	*rsp = top + offset;
	return 0;
}

static int load(void)
{
	struct program program;
	u64 pages = SPACE_STACK_SIZE / PAGE_SIZE, rsp;
	int err = elf_load(engine_file, engine_size, &program);

	if (!err)
		err = space_map(SPACE_STACK_TOP - SPACE_STACK_SIZE, pages, PROT_READ | PROT_WRITE);
	if (!err)
		err = space_map_shared(SPACE_START_INFO, virt_to_phys(start_info), PAGE_SIZE,
				       false);
	if (!err)
		err = space_map_shared(SPACE_PERSIST, virt_to_phys(persist), PERSIST_SIZE, true);
	if (!err && archive_size)
		err = space_map_shared(SPACE_ARCHIVE, archive, archive_size, false);
	if (!err && blob_size)
		err = space_map_shared(SPACE_BLOB, blob_pa, blob_size, false);
	if (!err)
		err = build_stack(&program, &rsp);
	if (err)
		return err;
	start_info->blob = blob_size ? (const void *)SPACE_BLOB : NULL;
	start_info->blob_size = blob_size;
	memset(&domain, 0, sizeof(domain));
	domain.frame.rip = program.entry;
	domain.frame.rsp = rsp;
	domain.frame.cs = SEL_USER_CS;
	domain.frame.ss = SEL_USER_DS;
	domain.frame.rflags = USER_RFLAGS;
	return 0;
}

int domain_store_blob(u64 from, u64 size)
{
	int err;

	if (size > blob_capacity)
		return -ENOMEM;
	blob_size = 0; /* half a blob is none */
	err = domain_read(blob, from, size);
	if (!err)
		blob_size = size;
	return err;
}

u32 domain_time_left(void)
{
	return domain.given_ms < LVMON_DRAIN_MS_MAX ? LVMON_DRAIN_MS_MAX - domain.given_ms : 0;
}

void domain_more_time(u32 spent_ms, u32 ms)
{
	domain.given_ms += spent_ms + ms;
	lapic_extend(&this_cpu()->loan, ms);
}

/*
 * Give the engine a chance to stop by itself: call its SIGXCPU handler; and if it did not, once
 * more so that it can say where it was. False: it has none, or had its chances.
 */
static bool deliver_signal(u32 grace_ms)
{
	struct exception_frame *f = &domain.frame;
	u64 rsp = ((f->rsp - 128) & ~15ull) - 8; /* below the red zone; as after a call */

	if (domain.signals == SIGNALS || domain.in_signal || !domain.signal_handler)
		return false;
	if (domain_write(rsp, &domain.signal_restorer, 8))
		return false;
	domain.interrupted = *f;
	fpu_save_domain();
	f->rip = domain.signal_handler;
	f->rsp = rsp;
	f->rdi = 24; /* SIGXCPU */
	f->rsi = f->rdx = 0;
	f->rflags = USER_RFLAGS;
	domain.in_signal = true;
	lapic_extend(&this_cpu()->loan, domain.signals++ ? LAST_WORDS_MS : grace_ms);
	return true;
}

/* Why ring 3 was left, and not for an event. LVMON_DEATH_NONE: it goes on. */
static u32 __attribute__((noinline)) serve(u64 vector, u32 budget_ms)
{
	u32 death = LVMON_DEATH_NONE;

	if (vector == VEC_SYSCALL)
		return domain_syscall(&death) == SYSCALL_DIES ? death : LVMON_DEATH_NONE;
	if (vector == VEC_SX) {
		exception_init_seen();
		return LVMON_DEATH_NONE;
	}
	if (vector >= 32) {
		(void)domain_interrupt((u32)vector);
		if (!this_cpu()->loan.expired)
			return LVMON_DEATH_NONE;
		if (!domain.signals)
			start_info->starved = !lapic_spent_all(&this_cpu()->loan);
		return deliver_signal(budget_ms / 4 + 10) ? LVMON_DEATH_NONE : LVMON_DEATH_TIME;
	}
	start_info->fault_address = vector == VEC_PF ? read_cr2() : vector;
	/* Last words may come while Lua's stack is being moved. */
	return domain.signals == SIGNALS ? LVMON_DEATH_TIME : LVMON_DEATH_FAULT;
}

/* Run ring 3 until it waits for an event. LVMON_DEATH_NONE, or why it died. */
static u32 run(u32 budget_ms)
{
	u32 death = LVMON_DEATH_NONE;

	while (death == LVMON_DEATH_NONE) {
		u64 vector = domain_enter(&domain.frame);

		if (vector == VEC_SYSCALL && domain_waits_for_event())
			break;
		death = serve(vector, budget_ms);
	}
	return death;
}

/* Between the two, the CPU is the domain's: its address space, vector state and APIC timer. */
static void enter(u32 budget_ms)
{
	struct cpu *cpu = this_cpu();

	fpu_enter_domain(&cpu->vcpu.fpu);
	lapic_borrow(&cpu->loan, budget_ms);
	cpu->frame_end = (u64)(&domain.frame + 1);
	cpu->descriptors.tss.rsp[0] = cpu->frame_end;
	wrmsr(MSR_FS_BASE, domain.fs_base);
	write_cr3(space_root());
	vcpu_ops->host_open();
}

static void leave(void)
{
	struct cpu *cpu = this_cpu();

	lapic_return(&cpu->loan);
	cpu_tsc += cpu->loan.spent;
	if (unlikely(hold_quiet))
		hold_end_quiet(cpu);
	vcpu_ops->host_close();
	write_cr3(host_root);
	fpu_leave_domain(&cpu->vcpu.fpu);
	vcpu_ops->intercept_interrupts(&cpu->vcpu, lapic_periodic_pending());
}

static u32 visit(u32 budget_ms)
{
	u32 death;

	domain.signals = 0;
	enter(budget_ms);
	death = run(budget_ms);
	leave();
	return death;
}

static void note_death(u32 death)
{
	static const char *const names[] = {"",	      "time is up", "fault",
					    "memory", "exit",	    "bad call"};

	alive = false;
	start_info->death = death;
	start_info->fault_rip = domain.frame.rip;
	start_info->generation++;
	log_limited("engine died: %s, rip %lx, address %lx", names[death], domain.frame.rip,
		    death == LVMON_DEATH_FAULT ? start_info->fault_address : 0);
	monitor_domain_died();
}

void domain_forget(void)
{
	alive = false;
	blob_size = 0;
	start_info->generation = 0;
	memset(persist, 0, sizeof(*persist));
}

/* Start the engine up to its first LVMON_NEXT_EVENT. */
static int start(void)
{
	if (failed_at && time_ns() - failed_at < RETRY_NS)
		return -ENODEV;
	for (int i = 0; i < STARTS_IN_A_ROW; i++) {
		u32 death;
		int err;

		write_cr3(host_root);
		space_reset();
		err = load();
		if (err) {
			log_limited("engine cannot be loaded: %d", err);
			break;
		}
		death = visit(START_BUDGET_MS);
		if (death == LVMON_DEATH_NONE) {
			alive = true;
			failed_at = 0;
			return 0;
		}
		note_death(death);
	}
	log_limited("engine does not start; the guest goes on unwatched and it is tried again");
	failed_at = time_ns();
	return -ENODEV;
}

/* Nearly all of them say no more than that the guest goes on. */
static int read_verdict(struct lvmon_verdict *verdict)
{
	u64 from = domain.verdict_ptr;
	int err = from ? domain_read(verdict, from, sizeof(u64)) : -EFAULT;

	_Static_assert(offsetof(struct lvmon_verdict, kind) < sizeof(u64), "in the first word");
	if (err || verdict->kind == LVMON_CONTINUE)
		return err;
	return domain_read(verdict, from, sizeof(*verdict));
}

/* The event into the domain, its answer out of it. */
static u32 exchange(const struct lvmon_event *event, u32 budget_ms, struct lvmon_verdict *verdict)
{
	u32 death;

	domain.signals = 0;
	domain.given_ms = 0;
	enter(budget_ms);
	if (domain_write(domain.event_ptr, event, sizeof(*event))) {
		death = LVMON_DEATH_CALL;
	} else {
		domain.frame.rax = 0;
		death = run(budget_ms);
		if (death == LVMON_DEATH_NONE && read_verdict(verdict))
			death = LVMON_DEATH_CALL;
	}
	leave();
	return death;
}

int domain_handle(struct lvmon_event *event, u32 budget_ms, struct lvmon_verdict *verdict)
{
	verdict->kind = LVMON_CONTINUE;
	if (!lapic_usable())
		return -ENODEV; /* the guest switched it off: no way to limit the domain's time */
	for (int i = 0; i < DEATHS_PER_EVENT; i++) {
		u32 death;

		if (!alive) {
			int err = start();

			if (err)
				return err;
		}
		death = exchange(event, budget_ms, verdict);
		if (death == LVMON_DEATH_NONE)
			return 0;
		note_death(death);
		event->flags |= LVMON_EVF_AGAIN;
	}
	log_limited("engine died %u times in one event; the event is given up", DEATHS_PER_EVENT);
	verdict->kind = LVMON_CONTINUE;
	return -ENODEV;
}
