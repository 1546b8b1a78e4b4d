/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several CPUs: their start, INIT and SIPI in software, the lock of the engine; see smp.h.
 *
 * A CPU that waits for SIPI halts with interrupts on and is woken by WAKE_VECTOR; one that runs the
 * guest is fetched out of it by an NMI, which the vendor always intercepts when there is more than
 * one CPU (struct cpu, kicked, tells it from an NMI of the guest's).
 */
#include "vmm/cpu.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/region.h"
#include "vmm/guest/smm.h"
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/smp.h"
#include "vmm/string.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"
#include "vmm/x86/paging.h"

#define TRAMPOLINE    0x8000ull
#define START_WAIT_US 10000u
#define START_TRIES   200 /* of START_WAIT_US */
#define LOCK_WAIT_NS  100000ull
#define PAUSE_NS      100000000ull
#define STOP_NS	      1000000000ull /* until all are held: some emulators' CPUs sleep at times */
#define WAKE_TRIES    64u
/*
 * A CPU that waits looks at the clock without a break. When more than this goes by between two
 * looks, it was not running: an emulator's host ran something else.
 */
#define LOOK_NS 1000000ull
/* A held CPU ends a pause when it has waited so much longer than the CPU that holds may run. */
#define PATIENCE 20u

/* ICR: SDM vol. 3, 11.6.1 */
#define ICR_MODE(low)	   ((low) >> 8 & 7)
#define ICR_MODE_SMI	   2u
#define ICR_MODE_NMI	   4u
#define ICR_MODE_INIT	   5u
#define ICR_MODE_STARTUP   6u
#define ICR_LOGICAL	   BIT(11)
#define ICR_ASSERT	   BIT(14)
#define ICR_LEVEL	   BIT(15)
#define ICR_SHORTHAND(low) ((low) >> 18 & 3)
#define APIC_LDR	   0x0d0u
#define APIC_ICR_LOW	   0x300u
#define APIC_ICR_HIGH	   0x310u

#define SIPI_LATCHED 0x100u

#define STORES_WITHOUT_INIT 1000u

extern const u8 trampoline_start[], trampoline_end[], trampoline_values[];

u32 smp_cpus = 1;

static struct cpu *cpus[MAX_CPUS];
static struct lock engine_lock, hold_lock;
/* Writes to the APIC's page do not exit. They do again while the others are held. */
static bool apic_open, keep_closed;
static u32 stores_seen; /* since a CPU was announced or started */
static void apic_store(struct vcpu *vcpu, const struct region_store *store);
static u64 apic_load(gpa_t gpa, u32 size);
static struct region apic_page = {
	.name = "APIC", .size = PAGE_SIZE, .store = apic_store, .load = apic_load};
/*
 * The others are held by smp_pause(): the how-manieth, or 0; by whom; how much time the domain had
 * had on that CPU when it began, and may have in it.
 */
static u64 pause_now, pauses;
#define PAUSE_KEPT BIT(63) /* in pause_now: no CPU may end it now */
static struct cpu *pauser;
static u64 pause_began, pause_limit;
static bool pause_in_quiet; /* smp_quiet_others() has held them before */
bool smp_quiet;

/* Time that a CPU has spent with waiting, by the looks that it took at the clock. */
struct waited {
	u64 last, ns;
};

static u64 waited_ns(struct waited *waited)
{
	u64 now = time_ns(), gap = now - waited->last;

	waited->last = now;
	waited->ns += gap < LOOK_NS ? gap : LOOK_NS;
	return waited->ns;
}

static void __attribute__((used)) __noreturn ap_main(struct cpu *cpu)
{
	cpu_load(cpu);
	if (fpu_init(&cpu->vcpu.fpu))
		fatal("CPU %u has no XSAVE", cpu->id);
	smm_claim();
	vcpu_ops->init_cpu(&cpu->vcpu, NULL);
	vcpu_ops->intercept_breakpoints(&cpu->vcpu,
					true); /* traps are armed by any CPU, at any time */
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	smp_init_received(&cpu->vcpu);
	vcpu_ops->run(&cpu->vcpu);
}

static void start_cpu(struct cpu *cpu, hpa_t root)
{
	static u8 page[PAGE_SIZE];
	u64 values[4] = {root, cpu->stack_top, (u64)cpu, (u64)ap_main};
	u64 size = (u64)(trampoline_end - trampoline_start);

	memcpy(page, trampoline_start, size);
	memcpy(page + (trampoline_values - trampoline_start), values, sizeof(values));
	if (guest_ram_write(TRAMPOLINE, page, size))
		fatal("no RAM at %lx to start the other CPUs from", (u64)TRAMPOLINE);
	lapic_send_init(cpu->apic_id);
	time_wait_us(START_WAIT_US);
	for (int i = 0; i < 2 && !cpu->online; i++) {
		lapic_send_startup(cpu->apic_id, TRAMPOLINE >> PAGE_SHIFT);
		time_wait_us(200);
	}
	for (int i = 0; i < START_TRIES; i++) {
		if (__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE))
			return;
		time_wait_us(START_WAIT_US);
	}
	fatal("CPU %u (APIC id %u) does not start", cpu->id, cpu->apic_id);
}

void smp_init(const struct boot_info *bi)
{
	/*
	 * A CPU that we do not run could be started by the guest, and would then run without us. It
	 * is not known who is there without a MADT, and CPUs that it calls disabled may be there.
	 */
	keep_closed =
		find_word(bi->options, "apic=trap") || !bi->cpus || bi->cpus_disabled || smm_open;
	apic_open = bi->cpus < 2 && !keep_closed;
	apic_page.start = lapic_base();
	apic_page.rights = ACCESS_READ | ACCESS_EXEC | (apic_open ? ACCESS_WRITE : 0);
	region_add(&apic_page);
	if (!bi->cpus)
		log_line("the firmware lists no CPUs (no MADT): this one is all the guest gets");
}

static void close_apic(bool on)
{
	region_protect(&apic_page, ACCESS_READ | ACCESS_EXEC | (on ? 0 : ACCESS_WRITE));
}

void smp_start(const struct boot_info *bi, hpa_t root)
{
	u32 self = lapic_id();

	cpus[0] = this_cpu();
	cpus[0]->apic_id = self;
	if (bi->cpus < 2)
		return;
	/* While they start, the others execute at the trampoline's physical address. */
	if (map(root, TRAMPOLINE, TRAMPOLINE, PAGE_SIZE, MAP_RX))
		fatal("too little memory for the other CPUs");
	for (u32 i = 0; i < bi->cpus; i++) {
		struct cpu *cpu;

		if (bi->apic_ids[i] == self)
			continue;
		cpu = cpu_create(root, smp_cpus);
		cpu->apic_id = bi->apic_ids[i];
		cpus[smp_cpus++] = cpu;
		start_cpu(cpu, root);
	}
	*page_entry(root, TRAMPOLINE) = 0;
	invlpg((void *)TRAMPOLINE);
	log_line("%u CPUs", smp_cpus);
}

static void kick(struct cpu *cpu)
{
	bool waiting;

	__atomic_fetch_add(&cpu->wakers, 1, __ATOMIC_SEQ_CST);
	waiting = __atomic_load_n(&cpu->waiting, __ATOMIC_SEQ_CST);
	if (waiting)
		lapic_send_fixed(cpu->apic_id, WAKE_VECTOR);
	__atomic_fetch_sub(&cpu->wakers, 1, __ATOMIC_SEQ_CST);
	if (waiting)
		return;
	/* One of ours that is on its way will do; a second would look like the guest's. */
	if (!__atomic_exchange_n(&cpu->kicked, true, __ATOMIC_SEQ_CST))
		lapic_send_nmi(cpu->apic_id);
}

static bool addressed(const struct cpu *cpu, const struct cpu *self, u32 low, u32 destination)
{
	switch (ICR_SHORTHAND(low)) {
	case 1:
		return cpu == self;
	case 2:
		return true;
	case 3:
		return cpu != self;
	}
	if (destination == 0xff || destination == UINT32_MAX)
		return true;
	if (!(low & ICR_LOGICAL))
		return destination == cpu->apic_id;
	/* SDM vol. 3, 11.12.10.2 and 11.6.2.2 (the flat model; Linux uses no other) */
	if (lapic_x2apic())
		return destination >> 16 == cpu->apic_id >> 4 &&
		       (destination & BIT(cpu->apic_id & 15));
	return destination & cpu->ldr;
}

bool smp_icr_written(struct vcpu *vcpu, u32 low, u32 destination)
{
	u32 mode = ICR_MODE(low);
	bool found = false;

	if (mode == ICR_MODE_SMI)
		return true; /* it would run code above us */
	if (mode != ICR_MODE_NMI && mode != ICR_MODE_INIT && mode != ICR_MODE_STARTUP)
		return false;
	/* INIT level de-assert means nothing to any CPU since the Pentium 4. */
	if (mode == ICR_MODE_INIT && (low & ICR_LEVEL) && !(low & ICR_ASSERT))
		return true;
	if (mode != ICR_MODE_NMI)
		stores_seen = 0;
	for (u32 i = 0; i < smp_cpus; i++) {
		struct cpu *cpu = cpus[i];

		if (!addressed(cpu, vcpu->cpu, low, destination))
			continue;
		found = true;
		if (mode == ICR_MODE_NMI) {
			/* In hardware it could meet a kick, and the CPU keeps one NMI, not two. */
			__atomic_store_n(&cpu->nmi_pending, PENDING_NOW, __ATOMIC_SEQ_CST);
			if (cpu != vcpu->cpu)
				kick(cpu);
		} else if (mode == ICR_MODE_INIT) {
			__atomic_store_n(&cpu->sipi, 0, __ATOMIC_SEQ_CST);
			if (__atomic_load_n(&cpu->waiting, __ATOMIC_SEQ_CST))
				continue;
			__atomic_store_n(&cpu->init_pending, true, __ATOMIC_SEQ_CST);
			kick(cpu);
		} else if (__atomic_load_n(&cpu->waiting, __ATOMIC_SEQ_CST) ||
			   __atomic_load_n(&cpu->init_pending, __ATOMIC_SEQ_CST)) {
			__atomic_store_n(&cpu->sipi, SIPI_LATCHED | (low & 0xff), __ATOMIC_SEQ_CST);
			kick(cpu);
		}
	}
	/* A CPU that is not ours would run without us; the guest says that it does not come up. */
	if (!found && mode == ICR_MODE_STARTUP)
		log_limited("the guest starts APIC id %u, which the firmware has not listed as "
			    "usable: it stays off",
			    destination);
	return found || mode != ICR_MODE_NMI;
}

/*
 * While all CPUs run, none can be started, so nothing that the guest writes to the APIC has to be
 * seen: each write that does not exit saves two world switches.
 */
static void open_apic(void)
{
	for (u32 i = 0; i < smp_cpus; i++)
		if (__atomic_load_n(&cpus[i]->waiting, __ATOMIC_SEQ_CST) ||
		    __atomic_load_n(&cpus[i]->init_pending, __ATOMIC_SEQ_CST))
			return;
	if (keep_closed || smm_open)
		return;
	close_apic(false);
	__atomic_store_n(&apic_open, true, __ATOMIC_SEQ_CST);
}

void smp_init_announced(struct cpu *cpu)
{
	if (!__atomic_load_n(&apic_open, __ATOMIC_SEQ_CST))
		return;
	smp_hold_others(cpu);
	close_apic(true);
	apic_open = false;
	stores_seen = 0;
	cpu->ldr = lapic_ldr();
	vcpu_ops->flush(&cpu->vcpu);
	smp_release_others(cpu);
}

void smp_init_received(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->cpu;
	u32 sipi;

	lapic_reset(true);
	cpu->ldr = 0;
	__atomic_store_n(&cpu->waiting, true, __ATOMIC_SEQ_CST);
	__atomic_store_n(&cpu->init_pending, false, __ATOMIC_SEQ_CST);
	vcpu_ops->host_open();
	while (!(sipi = __atomic_exchange_n(&cpu->sipi, 0, __ATOMIC_SEQ_CST)))
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	__atomic_store_n(&cpu->waiting, false, __ATOMIC_SEQ_CST);
	/* INIT leaves nothing pending; no WAKE_VECTOR on its way may reach the guest. */
	while (__atomic_load_n(&cpu->wakers, __ATOMIC_SEQ_CST))
		__asm__ volatile("pause");
	cpu->taken = 1;
	for (u32 i = 0; i < WAKE_TRIES && cpu->taken; i++) {
		cpu->taken = 0;
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
		if (cpu->taken)
			lapic_end_of_interrupt();
	}
	vcpu_ops->host_close();
	cpu->nmi_pending = cpu->mc_pending = 0;
	if (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST))
		smp_obey(cpu);
	lapic_reset(false);
	memset(vcpu->regs, 0, sizeof(vcpu->regs));
	vcpu->regs[LVMON_RDX] = cpuid(1, 0).eax;
	vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED;
	vcpu_ops->start_up(vcpu, (u8)sipi);
	cpu->rewatch = true;
	open_apic();
}

static u64 apic_load(gpa_t gpa, u32 size)
{
	return size == 4 ? lapic_read_page(gpa & ~PAGE_MASK) : UINT64_MAX;
}

static void apic_store(struct vcpu *vcpu, const struct region_store *store)
{
	u32 offset = store->gpa & ~PAGE_MASK, value = (u32)store->value;

	/*
	 * Registers are 32 bits at multiples of 16 (SDM vol. 3, 11.4.1); the rest is undefined, and
	 * must not be rounded to a register that is guarded here.
	 */
	if (store->size == 4 && !(offset & 15)) {
		if (offset == APIC_LDR)
			vcpu->cpu->ldr = value >> 24;
		if (offset == APIC_ICR_LOW
			    ? !smp_icr_written(vcpu, value, lapic_read_page(APIC_ICR_HIGH) >> 24)
			    : !lapic_is_lvt(offset) || !smm_refuses(value))
			lapic_write_page(offset, value);
	}
	/* What was announced does not come. */
	if (++stores_seen > STORES_WITHOUT_INIT)
		open_apic();
}

/* Whoever changes pause_now to 0 lets the others go: once, be it the CPU that holds or a held one.
 */
static bool end_pause(u64 number)
{
	bool held_before = pause_in_quiet; /* true to what follows if this pause is still on */

	if (!number || (number & PAUSE_KEPT) ||
	    !__atomic_compare_exchange_n(&pause_now, &number, 0, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return false;
	if (!held_before)
		smp_release_others(pauser);
	return true;
}

static u64 pause_is_on(void)
{
	return __atomic_load_n(&pause_now, __ATOMIC_SEQ_CST);
}

static bool pause_is_over(void)
{
	return tsc_to_ns(lapic_spent(&pauser->loan)) - pause_began > pause_limit;
}

static void wait_for_release(struct cpu *cpu)
{
	struct waited waited = {0};
	u64 number = 0;

	do {
		__atomic_store_n(&cpu->held, true, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST)) {
			u64 now = pause_is_on();

			if ((now ^ number) & ~PAUSE_KEPT)
				waited = (struct waited){.last = time_ns()};
			number = now;
			if (now && waited_ns(&waited) > pause_limit * PATIENCE)
				(void)end_pause(now);
			__asm__ volatile("pause");
		}
		/* What the others were held for may be in the TLB. */
		vcpu_ops->flush(&cpu->vcpu);
		cpu->ldr = lapic_ldr();
		__atomic_store_n(&cpu->held, false, __ATOMIC_SEQ_CST);
		/* The next one that holds may have seen this CPU still held. */
	} while (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST));
}

void smp_obey(struct cpu *cpu)
{
	/*
	 * NMIs come one by one: the CPU keeps only one of a kick and the guest's. A kick that was
	 * taken behind the last look at hold, before the CPU was closed, is not to be forgotten; a
	 * later one stays pending and ends the next entry.
	 */
	do {
		vcpu_ops->host_open();
		wait_for_release(cpu);
		vcpu_ops->host_close();
	} while (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST));
}

static bool is_out(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->held, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&cpu->waiting, __ATOMIC_SEQ_CST);
}

static bool others_out(const struct cpu *cpu)
{
	for (u32 i = 0; i < smp_cpus; i++)
		if (cpus[i] != cpu && !is_out(cpus[i]))
			return false;
	return true;
}

static void call_others_out(const struct cpu *cpu)
{
	for (u32 i = 0; i < smp_cpus; i++) {
		if (cpus[i] == cpu)
			continue;
		__atomic_store_n(&cpus[i]->hold, true, __ATOMIC_SEQ_CST);
		kick(cpus[i]);
	}
}

void smp_rewatch(const struct cpu *self)
{
	for (u32 i = 0; i < smp_cpus; i++) {
		if (cpus[i] == self)
			continue;
		__atomic_store_n(&cpus[i]->rewatch, true, __ATOMIC_SEQ_CST);
		kick(cpus[i]);
	}
}

void smp_hold_others(struct cpu *cpu)
{
	if (smp_cpus == 1)
		return;
	while (!lock_try(&hold_lock))
		if (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST))
			smp_obey(cpu);
	call_others_out(cpu);
	while (!others_out(cpu))
		__asm__ volatile("pause");
}

void smp_release_others(struct cpu *cpu)
{
	if (smp_cpus == 1)
		return;
	for (u32 i = 0; i < smp_cpus; i++)
		if (cpus[i] != cpu)
			__atomic_store_n(&cpus[i]->hold, false, __ATOMIC_SEQ_CST);
	lock_release(&hold_lock);
}

/* By the CPU that runs the domain. False: one of them has not come. */
static bool stop_others(struct cpu *cpu)
{
	struct waited waited = {.last = time_ns()};

	if (smp_cpus == 1)
		return true;
	/* The domain's CPU is open to NMIs already; smp_obey() would close it. */
	while (!lock_try(&hold_lock))
		if (__atomic_load_n(&cpu->hold, __ATOMIC_SEQ_CST))
			wait_for_release(cpu);
	call_others_out(cpu);
	while (!others_out(cpu)) {
		if (waited_ns(&waited) > STOP_NS) {
			smp_release_others(cpu);
			return false;
		}
		__asm__ volatile("pause");
	}
	return true;
}

int smp_pause(void)
{
	struct cpu *cpu = this_cpu();

	if (pause_is_on())
		return -EBUSY;
	if (!smp_quiet && !stop_others(cpu))
		return -ETIME;
	pauser = cpu;
	pause_in_quiet = smp_quiet;
	pause_began = tsc_to_ns(lapic_spent(&cpu->loan));
	__atomic_store_n(&pause_limit, PAUSE_NS, __ATOMIC_SEQ_CST);
	__atomic_store_n(&pause_now, ++pauses, __ATOMIC_SEQ_CST);
	return 0;
}

void smp_pause_more(s64 ms)
{
	__atomic_fetch_add(&pause_limit, (u64)(ms * 1000000), __ATOMIC_SEQ_CST);
}

bool smp_pause_keep(void)
{
	u64 number = pause_is_on();

	return number && __atomic_compare_exchange_n(&pause_now, &number, number | PAUSE_KEPT,
						     false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void smp_pause_unkeep(void)
{
	__atomic_fetch_and(&pause_now, ~PAUSE_KEPT, __ATOMIC_SEQ_CST);
}

int smp_resume(void)
{
	u64 number = pause_is_on();
	bool over = number && pause_is_over();

	return end_pause(number) && !over ? 0 : -ETIME;
}

void smp_pause_check(struct cpu *cpu)
{
	u64 number = pause_is_on();

	if (number && pauser == cpu && pause_is_over())
		(void)end_pause(number);
}

void smp_quiet_others(struct cpu *cpu)
{
	cpu->loan.foreign = 0; /* try again after as many */
	if (!smp_quiet && !pause_is_on())
		smp_quiet = stop_others(cpu);
}

void smp_end_quiet(struct cpu *cpu)
{
	(void)smp_resume();
	smp_quiet = false;
	smp_release_others(cpu);
}

bool smp_lock_engine(void)
{
	u64 start;

	if (likely(lock_try(&engine_lock)))
		return true;
	start = time_ns();
	while (!lock_try(&engine_lock)) {
		if (time_ns() - start > LOCK_WAIT_NS)
			return false;
		__asm__ volatile("pause");
	}
	return true;
}

bool smp_try_engine(void)
{
	return lock_try(&engine_lock);
}

void smp_unlock_engine(void)
{
	lock_release(&engine_lock);
}
