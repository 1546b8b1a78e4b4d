/* SPDX-License-Identifier: Apache-2.0 */
/* System management mode: whose code it is that runs above us. */
#ifndef VMM_GUEST_SMM_H
#define VMM_GUEST_SMM_H

#include "vmm/types.h"

/*
 * On each CPU before it has a guest: where nobody has told the CPU where its SMM code is, it would
 * run what the guest left at the default place; then it runs ours, which does nothing. Says whose
 * SMM it is.
 */
void smm_claim(void);

/*
 * The firmware has a place for some CPU's SMM and nobody has locked it: code of the guest's could
 * be there. Then no APIC may send an SMI. Where it is locked, an SMI is between the guest and the
 * firmware: Linux gives each CPU the thermal vector that the firmware has set.
 */
extern bool smm_open;

/* Would this entry of the local vector table (SDM vol. 3, 11.5.1) send such SMIs? */
bool smm_refuses(u32 lvt) must_check;

#endif
