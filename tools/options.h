/* SPDX-License-Identifier: Apache-2.0 */
/* What the person asked `lvisor run` for. */
#ifndef LVISOR_TOOLS_OPTIONS_H
#define LVISOR_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_CPUS 16 /* as in vmm/boot_info.h */

enum accel { ACCEL_AUTO, ACCEL_TCG, ACCEL_KVM };

struct run_options {
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *vmm_options;
	const char *events;
	const char *dumps; /* folder; NULL: where the events file is */
	unsigned int dumps_max_mb;
	const char *log;
	const char *profile;	 /* types of the guest's kernel, NULL: it has BTF */
	const char **signatures; /* files and folders */
	size_t signature_count;
	const char **disks; /* as disk.h describes them */
	size_t disk_count;
	const char *net;  /* what QEMU's -netdev takes, NULL: none */
	char **qemu_args; /* NULL-terminated */
	unsigned int memory_mb;
	unsigned int cpus;
	unsigned int timeout_s; /* 0: none */
	bool repeatable;	/* Bochs: clock and random numbers are the same in all runs */
	enum accel accel;
	bool tcg_named;
	bool tcg_multi; /* a thread for each processor */
	bool intel;	/* the processor: Intel VT-x, else AMD SVM */
	bool vendor_named;
	bool emulator_named;
	bool bochs; /* the emulator: Bochs, else QEMU */
	bool plain;
	bool verbose;
};

/* Fills *options; accel.h decides what is left open. A mistake ends the program with a message and
 * exit code 1. */
void options_parse(int argc, char **argv, struct run_options *options);

#endif
