/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a command on plain Linux. */
#ifndef ENGINE_COMMAND_H
#define ENGINE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

/* engine --check FILE..., engine --dump FILE ...: exit status */
int command_main(int argc, char **argv);

/*
 * Check the signatures in these files; what is wrong goes to standard error with file and line.
 * The number of errors.
 */
unsigned int check_files(char *const *files, size_t count);

#endif
