/* SPDX-License-Identifier: Apache-2.0 */
/* Loader of the engine's ELF. Inside vmm/domain/. */
#ifndef VMM_DOMAIN_ELF_H
#define VMM_DOMAIN_ELF_H

#include "vmm/types.h"

struct program {
	u64 entry;
	u64 phdr, phent, phnum; /* for the auxiliary vector */
};

/* Is this a static x86-64 ELF that fits below SPACE_PROGRAM_END? 0 or -ENOEXEC. */
int elf_check(const u8 *file, u64 size) must_check;

/* Load it into the (empty) space. 0, -ENOMEM, -ENOEXEC. */
int elf_load(const u8 *file, u64 size, struct program *program) must_check;

#endif
