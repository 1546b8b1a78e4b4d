/* SPDX-License-Identifier: Apache-2.0 */
/* Port accesses as a guest makes them, for the tests of what answers them. */
#ifndef UNIT_PORTS_GUEST_H
#define UNIT_PORTS_GUEST_H

#include "tests/unit/vmm_host.h"
#include "vmm/smp.h"
#include "vmm/vcpu.h"

static struct vcpu vcpu;
static u32 announced;

void apic_init_announced(struct cpu *cpu)
{
	(void)cpu;
	announced++;
}

static void guest_access(bool in, u16 port, u8 size, bool string)
{
	struct vm_exit exit = {
		.kind = EXIT_IO,
		.io = {.port = port, .size = size, .in = in, .string = string, .next_rip = 0x1234}};

	vcpu.regs[LVMON_RIP] = 0;
	ports_access(&vcpu, &exit);
	assert_int_equal(vcpu.regs[LVMON_RIP], 0x1234);
}

static u32 guest_in(u16 port, u8 size)
{
	vcpu.regs[LVMON_RAX] = 0;
	guest_access(true, port, size, false);
	return (u32)vcpu.regs[LVMON_RAX];
}

static void guest_out(u16 port, u8 size, u32 value)
{
	vcpu.regs[LVMON_RAX] = value;
	guest_access(false, port, size, false);
	assert_int_equal(vcpu.regs[LVMON_RAX], value);
}

#endif
