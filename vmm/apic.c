/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's writes to its local APIC: what the ICR says is done in software where the hardware
 * would take a CPU away from us (INIT, SIPI, SMI) or mix its NMI with ours; see apic.h.
 */
#include "vmm/apic.h"
#include "vmm/cpu.h"
#include "vmm/guest/region.h"
#include "vmm/guest/smm.h"
#include "vmm/hold.h"
#include "vmm/log.h"
#include "vmm/smp.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"

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

#define STORES_WITHOUT_INIT 1000u

/* Writes to the APIC's page do not exit. They do again while the others are held. */
static bool apic_open, keep_closed;
static u32 stores_seen; /* since a CPU was announced or started */
static void apic_store(struct vcpu *vcpu, const struct region_store *store);
static u64 apic_load(gpa_t gpa, u32 size);
static struct region apic_page = {
	.name = "APIC", .size = PAGE_SIZE, .store = apic_store, .load = apic_load};

void apic_init(const struct boot_info *bi)
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

bool apic_icr_written(struct vcpu *vcpu, u32 low, u32 destination)
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
		struct cpu *cpu = smp_list[i];

		if (!addressed(cpu, vcpu->cpu, low, destination))
			continue;
		found = true;
		if (mode == ICR_MODE_NMI) {
			/* In hardware it could meet a kick, and the CPU keeps one NMI, not two. */
			__atomic_store_n(&cpu->nmi_pending, PENDING_NOW, __ATOMIC_SEQ_CST);
			if (cpu != vcpu->cpu)
				smp_kick(cpu);
		} else if (mode == ICR_MODE_INIT) {
			__atomic_store_n(&cpu->sipi, 0, __ATOMIC_SEQ_CST);
			if (__atomic_load_n(&cpu->waiting, __ATOMIC_SEQ_CST))
				continue;
			__atomic_store_n(&cpu->init_pending, true, __ATOMIC_SEQ_CST);
			smp_kick(cpu);
		} else if (__atomic_load_n(&cpu->waiting, __ATOMIC_SEQ_CST) ||
			   __atomic_load_n(&cpu->init_pending, __ATOMIC_SEQ_CST)) {
			__atomic_store_n(&cpu->sipi, SIPI_LATCHED | (low & 0xff), __ATOMIC_SEQ_CST);
			smp_kick(cpu);
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
void apic_open_again(void)
{
	for (u32 i = 0; i < smp_cpus; i++)
		if (__atomic_load_n(&smp_list[i]->waiting, __ATOMIC_SEQ_CST) ||
		    __atomic_load_n(&smp_list[i]->init_pending, __ATOMIC_SEQ_CST))
			return;
	if (keep_closed || smm_open)
		return;
	close_apic(false);
	__atomic_store_n(&apic_open, true, __ATOMIC_SEQ_CST);
}

void apic_init_announced(struct cpu *cpu)
{
	if (!__atomic_load_n(&apic_open, __ATOMIC_SEQ_CST))
		return;
	hold_others(cpu);
	close_apic(true);
	apic_open = false;
	stores_seen = 0;
	cpu->ldr = lapic_ldr();
	vcpu_ops->flush(&cpu->vcpu);
	hold_release_others(cpu);
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
			    ? !apic_icr_written(vcpu, value, lapic_read_page(APIC_ICR_HIGH) >> 24)
			    : !lapic_is_lvt(offset) || !smm_refuses(value))
			lapic_write_page(offset, value);
	}
	/* What was announced does not come. */
	if (++stores_seen > STORES_WITHOUT_INIT)
		apic_open_again();
}
