/* SPDX-License-Identifier: Apache-2.0 */
/* A profile of the guest's kernel (types from debug symbols) for the engine. */
#ifndef LVISOR_TOOLS_PROFILE_H
#define LVISOR_TOOLS_PROFILE_H

/* A memfd with the profile's types as BTF. -1 after a message. */
int profile_open(const char *path) __attribute__((warn_unused_result));

#endif
