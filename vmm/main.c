/* SPDX-License-Identifier: Apache-2.0 */
/* Start of the vmm proper, at its final place: everything in order, then the guest. */
#include "vmm/apic.h"
#include "vmm/boot_info.h"
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/guest/devices.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/slot.h"
#include "vmm/guest/smm.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/monitor/monitor.h"
#include "vmm/ring.h"
#include "vmm/smp.h"
#include "vmm/string.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"

#define BUDGET_MS     50
#define DISCOVERY_MS  30000
#define MAX_BUDGET_MS 3600000u

static u32 option_ms(const struct boot_info *bi, const char *name, u32 otherwise)
{
	const char *text = find_word(bi->options, name);
	u64 ms = text ? parse_number(text) : otherwise;

	if (!ms || ms > MAX_BUDGET_MS)
		fatal("vmm option %s%lu: give 1 to %u (ms)", name, ms, MAX_BUDGET_MS);
	return (u32)ms;
}

static bool engine_init(const struct boot_info *bi, hpa_t root, u32 budget_ms)
{
	switch (domain_init(bi, root, budget_ms)) {
	case 0:
		return true;
	case -ENOENT:
		log_line("no engine was given: the guest runs unwatched");
		return false;
	case -ENOEXEC:
		fatal("the engine is not a static x86-64 ELF program; give the build/engine of "
		      "this "
		      "version");
	default:
		fatal("too little memory for the engine; give the hypervisor more (vmm option "
		      "mem=MB)");
	}
}

/* The rest, on a stack with a guard page. */
static void __noreturn run(const struct boot_info *bi, struct cpu *cpu, hpa_t root)
{
	u32 budget_ms = option_ms(bi, "budget=", BUDGET_MS);
	bool engine;

	time_init();
	lapic_init(root);
	guest_ram_init(bi, root);
	ring_init();
	if (find_word(bi->options, "drain=port"))
		ring_drain_to_port();
	slot_init(root);
	pci_init(bi);
	ioapic_init(bi);
	fch_init();
	smm_claim();
	apic_init(bi);
	vcpu_init(bi);
	if (fpu_init(&cpu->vcpu.fpu))
		fatal("this CPU has no XSAVE; use one that has it (in QEMU: -cpu EPYC)");
	cpu->vcpu.regs[LVMON_RIP] = bi->guest.rip;
	cpu->vcpu.regs[LVMON_RSI] = bi->guest.rsi;
	cpu->vcpu.regs[LVMON_RSP] = bi->guest.rsp;
	cpu->vcpu.regs[LVMON_RFLAGS] = RFLAGS_FIXED;
	vcpu_ops->init_cpu(&cpu->vcpu, &bi->guest);
	smp_start(bi, root);
	engine = engine_init(bi, root, budget_ms);
	monitor_init(&cpu->vcpu, budget_ms, option_ms(bi, "discovery=", DISCOVERY_MS),
		     engine && bi->archive_size);
	log_line("LVisor %s on %s: %lu MB for the hypervisor at %lx, guest has %lu MB",
		 LVISOR_VERSION, vcpu_ops->name, bi->own_size >> 20, bi->own,
		 guest_ram_size() >> 20);
	vcpu_ops->run(&cpu->vcpu);
}

void vmm_main(const struct boot_info *bi)
{
	hpa_t root = read_cr3();
	struct cpu *cpu;

	vcpu_probe();
	cpu = cpu_create(root, 0);
	cpu_load(cpu);
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call *%1\n\t"
			 "ud2"
			 :
			 : "r"(cpu->stack_top), "r"(run), "D"(bi), "S"(cpu), "d"(root)
			 : "memory");
	__builtin_unreachable();
}
