/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a command on plain Linux. */
#ifndef ENGINE_OFFLINE_COMMAND_H
#define ENGINE_OFFLINE_COMMAND_H

#include <stddef.h>

/* engine --check FILE..., engine --dump FILE ...: exit status */
int command_main(int argc, char **argv);

/* The text of a file (the caller frees it); NULL with a message on standard error. */
char *command_read(const char *path, size_t *size);

/* require finds lib/NAME.lua beside this file from now on. */
void command_folder(const char *path);

/*
 * Check the signatures in these files and folders (their *.lua and lib/); what is wrong goes to
 * standard error as "file:line: text". The number of errors.
 */
unsigned int check_files(char *const *files, size_t count);

/*
 * Names of lvmon and bitvisor in Lua text that do not exist (also where it never runs): report is
 * called for each. The number of them.
 */
unsigned int check_names(const char *text, size_t size,
			 void (*report)(int line, const char *message, void *arg), void *arg);

#endif
