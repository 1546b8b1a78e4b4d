/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks on registers. The CPU does the write itself, in a step without the intercept, so value and
 * faults are those of a machine without us; the event comes when it is done. Each CPU has
 * intercepts of its own, so the others do not miss what they write meanwhile.
 */
#include "vmm/cpu.h"
#include "vmm/monitor/internal.h"
#include "vmm/policy.h"
#include "vmm/smp.h"

#define PLACES_MAX 32u

static struct trap places[PLACES_MAX];

/* MSRs whose writes exit on a CPU now. */
static struct watched_msrs {
	u32 count, msrs[PLACES_MAX];
} watched[MAX_CPUS];

static u64 key_of(u32 which, u32 msr)
{
	return (u64)which << 32 | msr;
}

struct trap *register_find(u64 key)
{
	for (struct trap *p = places; p < places + PLACES_MAX; p++)
		if (p->gva == key)
			return p;
	return NULL;
}

bool monitor_watches(u32 which, u32 msr)
{
	return register_find(key_of(which, msr));
}

static void watch_msr(struct vcpu *vcpu, u32 msr)
{
	struct watched_msrs *now = &watched[vcpu->cpu->id];

	if (policy_msr(vcpu_ops->vendor_id, msr, true) != POLICY_PASS)
		return; /* exits always */
	vcpu_ops->watch_msr(vcpu, msr, true);
	now->msrs[now->count++] = msr;
}

/* By this CPU; another one may be about to change the places, and says so afterwards. */
static int watch(struct vcpu *vcpu, bool on)
{
	struct watched_msrs *before = &watched[vcpu->cpu->id];
	u32 others = 0;

	while (before->count)
		vcpu_ops->watch_msr(vcpu, before->msrs[--before->count], false);
	for (u32 i = 0; on && i < PLACES_MAX; i++) {
		u64 key = __atomic_load_n(&places[i].gva, __ATOMIC_ACQUIRE);

		if (key >> 32 == LVMON_WATCH_MSR)
			watch_msr(vcpu, (u32)key);
		else if (key)
			others |= 1u << (key >> 32);
	}
	return vcpu_ops->watch(vcpu, others);
}

void monitor_rewatch(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->cpu->rewatch, false, __ATOMIC_SEQ_CST);
	/* In the middle of a write: at its end. */
	if (!vcpu->writes.which)
		(void)!watch(vcpu, true); /* what one CPU can, all can */
}

/* On all CPUs. */
static int watch_anew(void)
{
	struct cpu *cpu = this_cpu();
	int err = watch(&cpu->vcpu, !cpu->vcpu.writes.which);

	smp_rewatch(cpu);
	return err;
}

static s64 refusal(const struct lvmon_register *reg)
{
	if (reg->which == LVMON_WATCH_MSR)
		return policy_msr_watchable(vcpu_ops->vendor_id, reg->msr) ? 0 : -EPERM;
	return reg->which && reg->which < LVMON_WATCH_END && !reg->msr ? 0 : -EINVAL;
}

struct trap *register_place(const struct lvmon_register *reg, s64 *err)
{
	u64 key = key_of(reg->which, reg->msr);
	struct trap *place;

	*err = refusal(reg);
	if (*err)
		return NULL;
	place = register_find(key);
	if (place)
		return place;
	*err = -ENOSPC;
	place = register_find(0);
	if (!place)
		return NULL;
	*place = (struct trap){.gva = key};
	*err = watch_anew();
	if (!*err)
		return place;
	register_forget(place);
	return NULL;
}

void register_forget(struct trap *place)
{
	place->gva = 0;
	(void)!watch_anew();
}

void monitor_write_begins(struct vcpu *vcpu, u32 which, u32 msr)
{
	struct lvmon_register *reg = &vcpu->writes;

	*reg = (struct lvmon_register){which ? which : LVMON_WATCH_END, msr};
	vcpu->old_value = vcpu_ops->watched_value(vcpu, reg, &(u32){0});
	if (which == LVMON_WATCH_MSR) /* of what is written, not all can be read */
		vcpu->new_value = vcpu->regs[LVMON_RDX] << 32 | (u32)vcpu->regs[LVMON_RAX];
	(void)!watch(vcpu, false);
}

void monitor_write_ends(struct vcpu *vcpu, bool done)
{
	struct lvmon_register reg = vcpu->writes;
	struct register_write write = {.key = key_of(reg.which, reg.msr), .old = vcpu->old_value};
	bool control = reg.which == LVMON_WATCH_CR0 || reg.which == LVMON_WATCH_CR4;

	vcpu->writes.which = 0;
	write.value = vcpu_ops->watched_value(vcpu, &reg, &write.limit);
	if (reg.which == LVMON_WATCH_MSR)
		write.value = vcpu->new_value;
	(void)!watch(vcpu, true);
	/* VT-x does not show who writes what is there already; so it is told of nobody's. */
	if (done && !(control && write.value == write.old))
		register_written(vcpu, &write);
}
