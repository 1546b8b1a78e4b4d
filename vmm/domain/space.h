/* SPDX-License-Identifier: Apache-2.0 */
/* The domain's address space: layout, mappings, quota. Inside vmm/domain/. */
#ifndef VMM_DOMAIN_SPACE_H
#define VMM_DOMAIN_SPACE_H

#include "vmm/types.h"

/* Fixed places; the program itself has its own addresses below 4 GB. */
#define SPACE_PROGRAM_END 0x100000000ull
#define SPACE_MMAP	  0x100000000000ull
#define SPACE_MMAP_SIZE	  0x20000000ull /* 512 MB of addresses; the quota is smaller */
#define SPACE_START_INFO  0x300000000000ull
#define SPACE_PERSIST	  0x300000010000ull
#define SPACE_ARCHIVE	  0x310000000000ull
#define SPACE_BLOB	  0x320000000000ull
#define SPACE_STACK_TOP	  0x7ffffff00000ull
/* 200 of Lua's C functions (LUAI_MAXCCALLS), each with a buffer of 1 KB and more */
#define SPACE_STACK_SIZE 0x80000ull

#define PROT_READ  1u
#define PROT_WRITE 2u
#define PROT_EXEC  4u

/* Build an empty space over the vmm's; quota in bytes for pages of the domain's own. */
int space_init(hpa_t vmm_root, u64 quota) must_check;
/* Give all pages of the domain back; mappings of shared pages too. */
void space_reset(void);

hpa_t space_root(void);

/*
 * Map count zeroed pages of the domain's own at va. 0, -ENOMEM, -EINVAL: writable and executable.
 */
int space_map(u64 va, u64 count, u32 prot) must_check;
/* Map pages that are not the domain's. */
int space_map_shared(u64 va, hpa_t pa, u64 size, bool writable) must_check;

/* mmap, munmap and mprotect of anonymous memory, in bytes; addresses must be aligned. */
s64 space_mmap(u64 size, u32 prot);
s64 space_munmap(u64 va, u64 size);
s64 space_mprotect(u64 va, u64 size, u32 prot);

/* Where the domain's page at va lies, or NULL: used to load the program. */
void *space_page(u64 va);

#endif
