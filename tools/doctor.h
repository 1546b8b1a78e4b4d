/* SPDX-License-Identifier: Apache-2.0 */
/* `lvisor doctor`: what this machine can do, and what to change. */
#ifndef LVISOR_TOOLS_DOCTOR_H
#define LVISOR_TOOLS_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/accel.h"

/* What was found; NULL, 0 or false: nothing. */
struct facts {
	const char *missing_build;    /* of our own files, the first one that is not there */
	const char *qemu;	      /* path */
	const char *qemu_version;     /* first line of --version */
	const char *bochs_missing;    /* names of what is not there, "": nothing */
	const char *kernel;	      /* path of one that can be booted */
	const char *kernel_problem;   /* of the newest in /boot, where none can */
	const char *packages_missing; /* for building and testing; NULL: not known */
	struct kvm kvm;
	unsigned int cpus;
	unsigned long long memory_mb; /* available */
	unsigned long long space_mb;  /* where we were built */
	unsigned long long tmp_mb;    /* where Bochs's image is put */
	int memfd_error;	      /* errno */
};

/* A line for each; false: `lvisor run` cannot work here at all. */
bool doctor_report(const struct facts *facts, FILE *out);

int doctor_main(int argc, char **argv);

#endif
