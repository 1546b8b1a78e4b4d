/* SPDX-License-Identifier: Apache-2.0 */
/* Composes the machine and starts the emulator. */
#ifndef LVISOR_TOOLS_QEMU_H
#define LVISOR_TOOLS_QEMU_H

#include <sys/types.h>

#include "tools/inputs.h"
#include "tools/options.h"

struct emulator {
	pid_t pid;
	int console; /* the guest's first serial port */
	int log;     /* the hypervisor's log channel */
	int errors;  /* what QEMU itself has to say */
};

/* False after a message. */
bool qemu_start(struct emulator *emulator, const struct run_inputs *inputs,
		const struct run_options *options) __attribute__((warn_unused_result));

/* The guest's command line: what was asked for, and a console if it names none; caller frees. */
char *guest_command_line(const char *append, const char *console);

/* The hypervisor's options: those asked for, and more time for each event (0: as it is); caller
 * frees. */
char *vmm_command_line(const char *options, unsigned int budget_ms);

/* Text as one element of a list that QEMU splits at commas; caller frees. */
char *quote_commas(const char *text);

#endif
