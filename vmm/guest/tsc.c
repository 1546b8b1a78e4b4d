/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's time-stamp counter: the CPU's own, which our clock is, and an offset that the CPU
 * adds whenever the guest reads it (APM vol. 2, 15.30.5; SDM vol. 3, 26.5). What the guest writes
 * moves the offset and nothing else: SDM vol. 3, 18.17.3, for TSC_ADJUST.
 */
#include "vmm/guest/msr.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"

#define CPUID1_ECX_TSC_DEADLINE BIT(24)
#define CPUID7_EBX_TSC_ADJUST	BIT(1)

bool guest_tsc_has(u32 msr)
{
	return msr == MSR_TSC || msr == MSR_TSC_ADJUST || msr == MSR_TSC_DEADLINE;
}

static u64 guest_now(const struct vcpu *vcpu)
{
	return rdtsc() + vcpu->tsc_offset;
}

/* The deadline is in the guest's time, and the hardware's is not. 0: none. */
static u64 read_deadline(const struct vcpu *vcpu)
{
	u64 deadline = rdmsr(MSR_TSC_DEADLINE);

	return deadline ? deadline + vcpu->tsc_offset : 0;
}

static void write_deadline(const struct vcpu *vcpu, u64 deadline)
{
	if (deadline && deadline <= guest_now(vcpu))
		deadline = 1; /* at once */
	else if (deadline)
		deadline -= vcpu->tsc_offset;
	wrmsr(MSR_TSC_DEADLINE, deadline);
}

static void move(struct vcpu *vcpu, u64 delta)
{
	bool has_deadline = cpuid(1, 0).ecx & CPUID1_ECX_TSC_DEADLINE;
	u64 deadline = has_deadline ? read_deadline(vcpu) : 0;

	vcpu->tsc_offset += delta;
	vcpu_ops->set_tsc_offset(vcpu, vcpu->tsc_offset);
	if (deadline)
		write_deadline(vcpu, deadline);
}

int guest_tsc_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
	if (msr == MSR_TSC_ADJUST && !(cpuid(7, 0).ebx & CPUID7_EBX_TSC_ADJUST))
		return -EINVAL;
	if (rdmsr_safe(msr, value))
		return -EINVAL;
	if (msr == MSR_TSC_DEADLINE)
		*value = read_deadline(vcpu);
	else if (msr == MSR_TSC)
		*value = guest_now(vcpu);
	else
		*value += vcpu->tsc_offset;
	return 0;
}

int guest_tsc_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	u64 now;

	if (guest_tsc_read(vcpu, msr, &now))
		return -EINVAL;
	if (msr == MSR_TSC_DEADLINE)
		write_deadline(vcpu, value);
	else
		move(vcpu, value - now);
	return 0;
}
