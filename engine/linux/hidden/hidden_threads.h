/* SPDX-License-Identifier: Apache-2.0 */
/* What hidden.c, hidden_modules.c and hidden_threads.c ask each other. */
#ifndef ENGINE_LINUX_HIDDEN_HIDDEN_THREADS_H
#define ENGINE_LINUX_HIDDEN_HIDDEN_THREADS_H

#include "engine/linux/hidden/sightings.h"

/*
 * Append to *list the kernel threads among s whose function lies outside the code of kernel and
 * listed modules. What cannot be read is told in *list. 0, -ENOMEM or -ETIME
 */
int hidden_threads_code(const struct sightings *s, struct linux_hidden_list *list) must_check;

/*
 * The modules in the memory for modules that say they are being unloaded, in a list or not. The
 * caller frees *modules. 0; -ENOTSUP: this kernel's are not known; -EOVERFLOW, -ENOMEM, -ETIME
 */
int hidden_going_modules(struct linux_module **modules, size_t *count) must_check;

#endif
