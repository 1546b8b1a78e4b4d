/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader's machine as boot/ sees it: physical memory below 4 GB at its own address, here at an
 * offset, behind which nothing is mapped. Memory that an input has not written reads as zeros.
 */
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/vmm_host.h"
#include "boot/boot.h"

#define LOW_4GB 0x100000000ull

static u8 *machine;

void *boot_ptr(hpa_t pa)
{
	/* A pointer may be made before its address is looked at. */
	return machine + (pa < LOW_4GB ? pa : LOW_4GB);
}

static inline void machine_start(void)
{
	if (!machine) {
		machine = mmap(NULL, LOW_4GB + PAGE_SIZE, 3,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		must(machine != MAP_FAILED);
		must(!mprotect(machine + LOW_4GB, PAGE_SIZE, PROT_NONE));
	}
	must(!madvise(machine, LOW_4GB, MADV_DONTNEED));
	host_log_clear();
}

/* For fatal(): true when what follows has ended in it. */
#define ended_fatally() (host_fatal_expected = true, setjmp(host_fatal_to) != 0)

/* A kernel that linux_check() takes, of size bytes (more than 0x1000). */
static inline void machine_kernel(u8 *image, u32 size, u64 load, u32 init_size)
{
	memset(image, 0x90, size);
	memset(image, 0, 0x1000);
	image[0x1f1] = 7;
	image[0x201] = 0x6a;
	memcpy(image + 0x202, "HdrS", 4);
	memcpy(image + 0x206, &(u16){0x20f}, 2);
	image[0x211] = 1;
	memcpy(image + 0x22c, &(u32){0x7fffffff}, 4);
	image[0x236] = 0x3f;
	memcpy(image + 0x238, &(u32){2047}, 4);
	memcpy(image + 0x258, &load, 8);
	memcpy(image + 0x260, &init_size, 4);
}

/* The image of the hypervisor itself, as the linker script has it. */
extern u8 image_start[], image_end[];
__asm__(".globl image_start, image_end\n"
	".pushsection .data\n"
	"image_start: .skip 4096\n"
	"image_end:\n"
	".popsection\n");

#endif
