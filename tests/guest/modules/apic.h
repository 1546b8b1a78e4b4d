/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The local APIC's registers. From Linux 6.6 on, apic_read() and apic_write() are not for modules. */
#include <asm/apic.h>

static inline u32 local_apic_read(u32 reg)
{
	return x2apic_enabled() ? native_apic_msr_read(reg) : native_apic_mem_read(reg);
}

static inline void local_apic_write(u32 reg, u32 value)
{
	if (x2apic_enabled())
		native_apic_msr_write(reg, value);
	else
		native_apic_mem_write(reg, value);
}
