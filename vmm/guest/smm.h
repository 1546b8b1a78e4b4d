/* SPDX-License-Identifier: Apache-2.0 */
/* System management mode: whose code it is that runs above us. */
#ifndef VMM_GUEST_SMM_H
#define VMM_GUEST_SMM_H

/*
 * On each CPU before it has a guest: where nobody has told the CPU where its SMM code is, it would
 * run what the guest left at the default place; then it runs ours, which does nothing. Says whose
 * SMM it is.
 */
void smm_claim(void);

#endif
