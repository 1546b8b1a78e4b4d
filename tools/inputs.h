/* SPDX-License-Identifier: Apache-2.0 */
/* The files a run needs, opened and looked at before anything starts. */
#ifndef LVISOR_TOOLS_INPUTS_H
#define LVISOR_TOOLS_INPUTS_H

#include <stdbool.h>

#include "tools/disk.h"
#include "tools/options.h"

#define QEMU_PROGRAM "qemu-system-x86_64"

/*
 * Open file descriptors, -1 where there is none. QEMU gets them as /proc/self/fd/N, so paths with
 * commas and spaces never meet QEMU's own quoting.
 */
struct run_inputs {
	char *qemu; /* path of the emulator */
	int kernel, initrd, vmm, engine, archive;
	int ram;	    /* memfd, the guest's memory */
	struct disk *disks; /* as many as there are in the options */
};

/* False after a message. */
bool inputs_open(struct run_inputs *inputs, const struct run_options *options)
	__attribute__((warn_unused_result));

/* Path of a file that is installed beside this program; the caller frees it. */
char *beside_us(const char *name);

/* NULL if a file with this content is a kernel that LVisor can boot, else what is wrong. */
const char *kernel_problem(const unsigned char *head, unsigned long size);

/* Path of a program in $PATH or NULL; the caller frees it. */
char *find_program(const char *name);

#endif
