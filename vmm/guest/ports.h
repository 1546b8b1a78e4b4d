/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports.c hands on to the files that know a device: an access of the guest to ports that it
 * does not reach by itself, never a string's. Each returns false where nothing answers to such an
 * access: then it reads as ones, and a write does nothing.
 */
#ifndef VMM_GUEST_PORTS_H
#define VMM_GUEST_PORTS_H

#include "vmm/vcpu.h"
#include "vmm/x86/asm.h"

struct port_access {
	u16 port;
	u8 size; /* 1, 2, 4 */
	bool in;
	u32 value; /* written, or the answer */
};

/* indexed.c: pairs of an index port and a data port. */
bool indexed_access(struct vcpu *vcpu, struct port_access *access) must_check;

/* pci.c: CF8h to CFFh. */
bool pci_access(struct port_access *access) must_check;

/* reset.c: the ways to reset the machine and to switch A20 off. */
bool reset_access(struct port_access *access) must_check;

/* ports.c: this value of PM1_CNT, or what it is instead where it would begin a sleep that is
 * refused. */
u16 ports_without_sleep(u16 value);

static inline u32 port_read(u16 port, u8 size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static inline void port_write(u16 port, u8 size, u32 value)
{
	if (size == 1)
		outb(port, (u8)value);
	else if (size == 2)
		outw(port, (u16)value);
	else
		outl(port, value);
}

#endif
