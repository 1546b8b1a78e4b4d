/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O ports that the guest does not reach by itself, by the policy's rows: what is ignored,
 * where nothing is; those that ports.h lists; and ACPI's PM1 blocks (ACPI 6.4, 4.8.3). A guest that
 * put the machine to sleep with its memory kept (S2, S3) would be woken up by the firmware on CPUs
 * that are not in our hands any more. Such a write is done without SLP_EN, and from then on WAK_STS
 * reads as set until the guest clears it, as if something had woken the machine at once. States
 * that lose memory as well (S4, S5) end with the firmware's start, and S1 keeps the CPUs as they
 * are: they pass.
 */
#include "lvisor/policy.h"
#include "vmm/guest/ports.h"
#include "vmm/log.h"
#include "vmm/x86/lapic.h"

#define STATUS_PORTS 2 /* the first of boot_info.pm1 */

/* ACPI 6.4, tables 4.15 and 4.17 */
#define WAK_STS	     0x8000u
#define SLP_EN	     0x2000u
#define SLP_TYP(cnt) ((cnt) >> 10 & 7)

struct port_row {
	u16 first, last;
	u8 action;
};

#define ROW(first, last, action, name, reason) {first, last, POLICY_##action},
static const struct port_row fixed[] = {POLICY_PORTS(ROW)};
static const struct port_row registers[] = {POLICY_PM1_PORTS(ROW)};
#undef ROW

static const struct boot_info *machine;
static u16 woken; /* WAK_STS or 0 */

void ports_init(const struct boot_info *bi)
{
	machine = bi;
}

void ports_intercept(u8 *bitmap)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		for (u32 p = fixed[i].first; p <= fixed[i].last; p++)
			if (fixed[i].action != POLICY_PASS)
				bitmap[p / 8] |= (u8)BIT(p % 8);
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		for (u32 r = registers[i].first; r <= registers[i].last; r++)
			if (registers[i].action != POLICY_PASS && machine->pm1[r])
				bitmap[machine->pm1[r] / 8] |= (u8)(3u << machine->pm1[r] % 8);
}

u16 ports_without_sleep(u16 value)
{
	if (!(value & SLP_EN) || !(machine->sleep_refused & BIT(SLP_TYP(value))))
		return value;
	log_limited("refused: sleep that the guest would wake up from unwatched");
	__atomic_store_n(&woken, WAK_STS, __ATOMIC_SEQ_CST);
	return (u16)(value & ~SLP_EN);
}

/* ACPI's registers are words. */
static bool pm1_access(struct port_access *access)
{
	u32 reg = 0;

	while (reg < ARRAY_SIZE(machine->pm1) &&
	       (machine->pm1[reg] != access->port || access->size != 2))
		reg++;
	if (reg == ARRAY_SIZE(machine->pm1))
		return false;
	if (access->in) {
		access->value = inw(access->port) | (reg < STATUS_PORTS ? woken : 0);
		return true;
	}
	if (reg < STATUS_PORTS)
		__atomic_fetch_and(&woken, (u16)~access->value, __ATOMIC_SEQ_CST);
	else
		access->value = ports_without_sleep((u16)access->value);
	outw(access->port, (u16)access->value);
	return true;
}

/* Their interrupts know no TPR. */
static bool pic_access(struct port_access *access)
{
	if ((access->port & ~0x81u) != 0x20 || access->size != 1)
		return false;
	if (access->in) {
		access->value = inb(access->port);
	} else {
		lapic_pic_written();
		outb(access->port, (u8)access->value);
	}
	return true;
}

void ports_access(struct vcpu *vcpu, const struct vm_exit *exit)
{
	u64 *rax = &vcpu->regs[LVMON_RAX], bits = BIT(exit->io.size * 8) - 1;
	struct port_access access = {.port = exit->io.port,
				     .size = exit->io.size,
				     .in = exit->io.in,
				     .value = (u32)(*rax & bits)};

	if (!exit->io.string) {
		/* All else is as if nothing were there, what overlaps our own port too. */
		if (!pm1_access(&access) && !indexed_access(vcpu, &access) &&
		    !reset_access(&access) && !pci_access(&access) && !pic_access(&access))
			access.value = UINT32_MAX;
		if (access.in)
			*rax = access.size == 4 ? access.value
						: (*rax & ~bits) | (access.value & bits);
	}
	vcpu_retire(vcpu, exit->io.next_rip);
}
