/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resets, and A20. A PC has several ways to reset "the CPU": some raise INIT# only, which keeps
 * memory, and the firmware may then go on where the CMOS's shutdown status says (AT Technical
 * Reference: 5 and 0Ah jump to the address at 40:67), in the guest's code and without us. So each
 * request becomes a reset of the whole machine, done here. A20 stays on: QEMU's, and that of CPUs
 * before nested paging masks physical addresses, ours too.
 */
#include "vmm/guest/ports.h"
#include "vmm/guest/reset.h"

#define CMOS_INDEX	     0x70
#define CMOS_DATA	     0x71
#define CMOS_SHUTDOWN_STATUS 0x0f

#define KEYBOARD_DATA	  0x60
#define KEYBOARD_COMMAND  0x64
#define WRITE_OUTPUT_PORT 0xd1
#define A20_OFF		  0xdd
#define PULSE_OUTPUT_PORT 0xf0 /* and a bit clear for each line that is pulsed */
/* The output port: lines that are low when their bit is clear. */
#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20	0x02

#define SYSTEM_CONTROL_A     0x92
#define SYSTEM_CONTROL_RESET 0x01
#define SYSTEM_CONTROL_A20   0x02

/* ICH9 datasheet, 13.7.5 */
#define RESET_CONTROL	  0xcf9
#define RESET_CONTROL_ALL 0x02 /* the whole platform, not only INIT# */
#define RESET_CONTROL_NOW 0x04

static bool output_port_next; /* the next byte of keyboard data is for the output port */

void __noreturn reset_machine(void)
{
	outb(CMOS_INDEX, CMOS_SHUTDOWN_STATUS);
	outb(CMOS_DATA, 0);
	outb(RESET_CONTROL, RESET_CONTROL_ALL);
	outb(RESET_CONTROL, RESET_CONTROL_ALL | RESET_CONTROL_NOW);
	outb(KEYBOARD_COMMAND, PULSE_OUTPUT_PORT | (0xf & ~OUTPUT_NO_RESET));
	halt_forever();
}

/* The controller itself never hears of what concerns its output port. */
static void keyboard_command(u8 command)
{
	__atomic_store_n(&output_port_next, command == WRITE_OUTPUT_PORT, __ATOMIC_RELAXED);
	if (command >= PULSE_OUTPUT_PORT) {
		if (!(command & OUTPUT_NO_RESET))
			reset_machine();
		if (!(command & OUTPUT_A20))
			return;
	}
	if (command != WRITE_OUTPUT_PORT && command != A20_OFF)
		outb(KEYBOARD_COMMAND, command);
}

static void keyboard_data(u8 data)
{
	if (!__atomic_exchange_n(&output_port_next, false, __ATOMIC_RELAXED))
		outb(KEYBOARD_DATA, data);
	else if (!(data & OUTPUT_NO_RESET))
		reset_machine();
}

static void system_control(u8 value)
{
	if ((value & SYSTEM_CONTROL_RESET) && !(inb(SYSTEM_CONTROL_A) & SYSTEM_CONTROL_RESET))
		reset_machine();
	outb(SYSTEM_CONTROL_A, (u8)((value & ~SYSTEM_CONTROL_RESET) | SYSTEM_CONTROL_A20));
}

static void reset_control(u8 value)
{
	if (value & RESET_CONTROL_NOW)
		reset_machine();
	outb(RESET_CONTROL, value);
}

bool reset_access(struct port_access *access)
{
	u8 value = (u8)access->value;
	void (*write)(u8 value);

	switch (access->port) {
	case KEYBOARD_DATA:
		write = keyboard_data;
		break;
	case KEYBOARD_COMMAND:
		write = keyboard_command;
		break;
	case SYSTEM_CONTROL_A:
		write = system_control;
		break;
	case RESET_CONTROL:
		write = reset_control;
		break;
	default:
		return false;
	}
	if (access->size != 1)
		return false;
	if (access->in)
		access->value = inb(access->port);
	else
		write(value);
	return true;
}
