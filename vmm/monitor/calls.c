/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lvmon drivers: the engine's way to the guest's CPU and memory, and to the outside. Every
 * argument comes from ring 3 and is checked here or in what is called.
 */
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/hold.h"
#include "vmm/log.h"
#include "vmm/monitor/internal.h"
#include "vmm/ring.h"
#include "vmm/smp.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"

#define HARMLESS_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)
#define LOG_MAX	       4096u

static s64 mem_read(gpa_t gpa, u64 to, u64 size)
{
	if (!size)
		return 0;
	if (!guest_ram_has(gpa, size))
		return -EFAULT;
	return domain_write(to, guest_ram_ptr(gpa), size);
}

static s64 mem_write(gpa_t gpa, u64 from, u64 size, bool held)
{
	static u8 page[PAGE_SIZE];
	s64 err;

	if (!size)
		return 0;
	if (size > PAGE_SIZE)
		return -EINVAL;
	if (domain_read(page, from, size))
		return -EFAULT;
	if (!held)
		return guest_ram_write(gpa, page, size);
	if (!pause_keep())
		return -ETIME;
	err = guest_ram_write(gpa, page, size);
	pause_unkeep();
	return err;
}

static s64 reg_read(u64 reg, u64 to)
{
	struct vcpu *vcpu = event_vcpu();
	u64 value;

	if (!vcpu || reg >= LVMON_NR_REGS || vcpu_read_reg(vcpu, (enum lvmon_reg)reg, &value))
		return -EINVAL;
	return domain_write(to, &value, sizeof(value));
}

static s64 reg_write(u64 reg, u64 value)
{
	struct vcpu *vcpu = event_vcpu();

	if (!vcpu || reg >= LVMON_NR_REGS)
		return -EINVAL;
	if (reg == LVMON_RFLAGS)
		value = (vcpu->regs[reg] & ~HARMLESS_FLAGS) | (value & HARMLESS_FLAGS);
	else if (reg > LVMON_RIP)
		return -EPERM;
	else if (reg == LVMON_RIP &&
		 !canonical(value, vcpu_ops->get_reg(vcpu, LVMON_CR4) & CR4_LA57))
		return -EINVAL; /* VT-x would not even enter the guest */
	vcpu->regs[reg] = value;
	return 0;
}

static s64 cpu_time(u64 to)
{
	struct vcpu *vcpu = &this_cpu()->vcpu;
	u64 ns = tsc_to_ns(vcpu->spent + rdtsc() - vcpu->entered);

	return domain_write(to, &ns, sizeof(ns));
}

static s64 add_hook(u64 from)
{
	static struct lvmon_sel selector[LVMON_SEL_LENGTH];
	struct lvmon_hook hook;

	if (domain_read(&hook, from, sizeof(hook)))
		return -EFAULT;
	if (hook.selector_slots > LVMON_SEL_LENGTH)
		return -EINVAL;
	if (hook.selector_slots &&
	    domain_read(selector, (u64)hook.selector, hook.selector_slots * sizeof(*selector)))
		return -EFAULT;
	hook.selector = selector;
	return hook_add(&hook);
}

static s64 set_task(u64 from)
{
	struct lvmon_task task;

	if (domain_read(&task, from, sizeof(task)))
		return -EFAULT;
	return task_set(&task);
}

static s64 log_text(u64 from, u64 size)
{
	char part[64];
	s64 err = 0;

	if (size > LOG_MAX)
		return -EINVAL;
	/* One line whatever happens: those that begin otherwise mean something to the reader. */
	log_begin();
	log_raw("engine: ", 8);
	for (u64 done = 0; done < size && !err; done += sizeof(part)) {
		u64 n = size - done < sizeof(part) ? size - done : sizeof(part);

		err = domain_read(part, from + done, n);
		for (u64 i = 0; i < n && !err; i++)
			log_raw(part[i] == '\n' ? " " : &part[i], 1);
	}
	log_byte('\n');
	log_end();
	return err;
}

/* Interrupts are off meanwhile; they stay pending. */
static s64 drain(u64 wait_ms, u64 more_ms)
{
	u64 began = time_ns(), waited_ms;
	s64 result = ring_by_port();

	if (wait_ms > LVMON_DRAIN_MS_MAX || more_ms > LVMON_DRAIN_MS_MAX ||
	    wait_ms + more_ms > domain_time_left())
		return -EINVAL;
	if (!result && !ring_read_up())
		ring_wake_reader();
	pause_more((s64)(wait_ms + more_ms));
	while (!ring_read_up() && !result) {
		if (time_ns() - began > wait_ms * 1000000)
			result = -ETIMEDOUT;
		__asm__ volatile("pause");
	}
	waited_ms = (time_ns() - began) / 1000000;
	/*
	 * What was not waited is not given, or a row of calls that wait for nothing would add up.
	 */
	if (waited_ms < wait_ms)
		pause_more(-(s64)(wait_ms - waited_ms));
	domain_more_time((u32)waited_ms, (u32)more_ms);
	return result;
}

s64 monitor_call(u64 number, const u64 args[6])
{
	switch (number) {
	case LVMON_MEM_READ:
		return mem_read(args[0], args[1], args[2]);
	case LVMON_MEM_WRITE:
		return mem_write(args[0], args[1], args[2], false);
	case LVMON_MEM_WRITE_PAUSED:
		return mem_write(args[0], args[1], args[2], true);
	case LVMON_REG_READ:
		return reg_read(args[0], args[1]);
	case LVMON_REG_WRITE:
		return reg_write(args[0], args[1]);
	case LVMON_MEM_SIZE:
		return (s64)guest_ram_size();
	case LVMON_CPU_TIME:
		return cpu_time(args[0]);
	case LVMON_HOOK_ADD:
		return add_hook(args[0]);
	case LVMON_HOOK_REMOVE:
		return hook_remove((u32)args[0]);
	case LVMON_SET_TASK:
		return set_task(args[0]);
	case LVMON_EMIT:
		return ring_write(RECORD_ENGINE, (const void *)args[0], args[1],
				  RING_USER | (args[2] ? RING_BULK : 0));
	case LVMON_BLOB_STORE:
		return domain_store_blob(args[0], args[1]);
	case LVMON_LOG:
		return log_text(args[0], args[1]);
	case LVMON_PAUSE:
		return pause_others();
	case LVMON_RESUME:
		return pause_end();
	case LVMON_DRAIN:
		return drain(args[0], args[1]);
	default:
		return -ENOSYS;
	}
}
