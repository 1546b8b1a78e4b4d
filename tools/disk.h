/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's disks: what --disk says, and the file behind it. */
#ifndef LVISOR_TOOLS_DISK_H
#define LVISOR_TOOLS_DISK_H

#include <stdbool.h>

struct disk {
	char *path; /* absolute */
	bool write; /* the guest's changes stay in the file; else they are gone with the machine */
	bool qcow2; /* else raw */
};

/*
 * Takes "FILE[,write][,format=raw|qcow2]" apart; path is then as it was written. Caller frees it.
 */
void disk_parse(struct disk *disk, const char *text);

/* Parses, and looks at the file. False after a message. */
bool disk_open(struct disk *disk, const char *text) __attribute__((warn_unused_result));

#endif
