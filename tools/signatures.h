/* SPDX-License-Identifier: Apache-2.0 */
/* Collects signature files into the archive that LVisor is given. */
#ifndef LVISOR_TOOLS_SIGNATURES_H
#define LVISOR_TOOLS_SIGNATURES_H

#include <stddef.h>

/*
 * A memfd with a ustar archive of all signatures in these files and folders: NAME.lua for each,
 * lib/... for what they share; and profile.btf, when profile is an open file and not -1. -1 after a
 * message.
 */
int signatures_archive(const char *const *paths, size_t count, int profile)
	__attribute__((warn_unused_result));

#endif
