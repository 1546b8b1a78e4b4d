/* SPDX-License-Identifier: Apache-2.0 */
/* Names of system calls by number. */
#ifndef ENGINE_LINUX_SYSCALL_NAMES_H
#define ENGINE_LINUX_SYSCALL_NAMES_H

#include "engine/linux/linux.h"

struct syscall_names {
	const char *const *names; /* NULL where there is no call */
	uint32_t count;
	const char *const *more; /* x32: from number 512 on */
	uint32_t more_count;
};

const struct syscall_names *syscall_names(enum linux_syscall_table table);
/* The call's name ("newstat"), NULL: not known. */
const char *syscall_name(const struct syscall_names *names, uint32_t number);
/* Is it the name of any of them? */
bool syscall_known(const struct syscall_names *names, const char *name);

#endif
