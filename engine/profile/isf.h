/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of kernels that have no BTF: files made from debug symbols. On plain Linux only. */
#ifndef ENGINE_PROFILE_ISF_H
#define ENGINE_PROFILE_ISF_H

#include <stddef.h>

#define must_check __attribute__((warn_unused_result))

/*
 * Volatility 3's intermediate symbol format, a JSON text, into BTF: *btf is malloc'ed. The banner
 * of the kernel that the profile was made of goes along, as a declaration tag of the variable
 * linux_banner. 0; -EINVAL, -ENOMEM, -E2BIG with one line in error.
 */
int isf_to_btf(const char *text, size_t size, void **btf, size_t *btf_size, char *error,
	       size_t error_size) must_check;

/*
 * A profile's file into BTF (malloc'ed): ISF, plain or compressed by gzip or xz, or BTF as it is.
 * 0 or -E... with one line in error.
 */
int profile_read(const char *path, void **btf, size_t *btf_size, char *error,
		 size_t error_size) must_check;

#endif
