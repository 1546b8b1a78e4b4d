/* SPDX-License-Identifier: Apache-2.0 */
/* GDT, TSS and IDT of the vmm: APM vol. 2, chapter 4 and 12.2.5. */
#ifndef VMM_X86_DESC_H
#define VMM_X86_DESC_H

#include "vmm/types.h"

#define IST_NMI 1
#define IST_DF	2
#define IST_MC	3

struct packed tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, iomap;
};

struct descriptors {
	u64 gdt[7] aligned(16);
	struct tss tss aligned(16);
};

struct packed table_pointer {
	u16 limit;
	u64 base;
};

/* Fill in a CPU's tables; ist[0..2]: tops of the stacks for NMI, #DF, #MC. */
void descriptors_init(struct descriptors *d, const u64 ist[3]);

/* Make them this CPU's; the IDT is one for all. */
void descriptors_load(struct descriptors *d);

/*
 * Only GDTR and IDTR, with the limits of our tables. VT-x leaves both limits at FFFFh at each exit
 * (SDM vol. 3, 28.5.2), and what lies behind the GDT would be descriptors to ring 3.
 */
void descriptors_limit(const struct descriptors *d);

/* Take an interrupt that is pending, as the guest would: its vector, or NO_VECTOR. */
u32 descriptors_take_interrupt(void);

#endif
