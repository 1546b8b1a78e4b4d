/* SPDX-License-Identifier: Apache-2.0 */
/* The other emulator: Bochs, which has Intel VT-x and a stricter AMD SVM. */
#ifndef LVISOR_TOOLS_BOCHS_H
#define LVISOR_TOOLS_BOCHS_H

#include "tools/inputs.h"
#include "tools/options.h"
#include "tools/qemu.h"

#define BOCHS_PROGRAM "bochs-bin"

/* Debian's packages that a run in Bochs needs and that are not there, a space before each. */
const char *bochs_missing(void);

/* Is all there, and can Bochs do what was asked for? False after a message. */
bool bochs_check(const struct run_options *options) __attribute__((warn_unused_result));

/* As qemu_start(). False after a message. */
bool bochs_start(struct emulator *machine, const struct run_inputs *inputs,
		 const struct run_options *options) __attribute__((warn_unused_result));

/* Removes the files that the run needed; to be called once, when Bochs has ended. */
void bochs_remove_files(void);

enum bochs_message { BOCHS_CHATTER, BOCHS_POWERED_OFF, BOCHS_RESTARTED, BOCHS_PANIC };

/* What a line that Bochs itself wrote means. Its exit code is always 1: only these lines tell. */
enum bochs_message bochs_message(const char *line);

/* A line on the hypervisor's log channel that is Bochs's, which shares it. */
bool bochs_banner(const char *line);

#endif
