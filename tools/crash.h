/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LVISOR_TOOLS_CRASH_H
#define LVISOR_TOOLS_CRASH_H

#include <stdbool.h>
#include <stdio.h>

struct crash_log;

/* `lvisor crash`: returns the program's exit code. */
int crash_main(int argc, char **argv);

/*
 * Explains what is in a log by the programs at these paths, as far as they are needed. False after
 * a message.
 */
bool crash_explain(FILE *out, const struct crash_log *log, const char *vmm, const char *engine);

#endif
