/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several CPUs: their start by us and by the guest, kicks, and the lock of the engine; see smp.h.
 *
 * A CPU that waits for SIPI halts with interrupts on and is woken by WAKE_VECTOR; one that runs the
 * guest is fetched out of it by an NMI, which the vendor always intercepts when there is more than
 * one CPU (struct cpu, kicked, tells it from an NMI of the guest's).
 */
#include "vmm/apic.h"
#include "vmm/cpu.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/smm.h"
#include "vmm/hold.h"
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
#define WAKE_TRIES    64u
extern const u8 trampoline_start[], trampoline_end[], trampoline_values[];

u32 smp_cpus = 1;

struct cpu *smp_list[MAX_CPUS];
static struct lock engine_lock;
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

void smp_start(const struct boot_info *bi, hpa_t root)
{
	u32 self = lapic_id();

	smp_list[0] = this_cpu();
	smp_list[0]->apic_id = self;
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
		smp_list[smp_cpus++] = cpu;
		start_cpu(cpu, root);
	}
	*page_entry(root, TRAMPOLINE) = 0;
	invlpg((void *)TRAMPOLINE);
	log_line("%u CPUs", smp_cpus);
}

void smp_kick(struct cpu *cpu)
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
		hold_obey(cpu);
	lapic_reset(false);
	memset(vcpu->regs, 0, sizeof(vcpu->regs));
	vcpu->regs[LVMON_RDX] = cpuid(1, 0).eax;
	vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED;
	vcpu_ops->start_up(vcpu, (u8)sipi);
	cpu->rewatch = true;
	apic_open_again();
}

void smp_rewatch(const struct cpu *self)
{
	for (u32 i = 0; i < smp_cpus; i++) {
		if (smp_list[i] == self)
			continue;
		__atomic_store_n(&smp_list[i]->rewatch, true, __ATOMIC_SEQ_CST);
		smp_kick(smp_list[i]);
	}
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
