/* SPDX-License-Identifier: Apache-2.0 */
/* Resetting the machine so that nothing of what ran before goes on. */
#ifndef VMM_GUEST_RESET_H
#define VMM_GUEST_RESET_H

#include "vmm/types.h"

void reset_machine(void) __noreturn;

#endif
