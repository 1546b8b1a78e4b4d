/* SPDX-License-Identifier: Apache-2.0 */
/* The process that the event at hand is about. */
#ifndef ENGINE_SIGNATURE_CURRENT_H
#define ENGINE_SIGNATURE_CURRENT_H

#include "engine/linux/linux.h"

/*
 * The task that runs on the CPU of the event at hand. 0; -ENODATA: no event, or an event that
 * came before there were processes.
 */
int current_task(struct linux_task *task) must_check;

#endif
