/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for vmm/svm/vmcb.h, where SVM's instructions are only noted. */
#ifndef UNIT_FAKE_VMCB_H
#define UNIT_FAKE_VMCB_H

#define clgi   hardware_clgi
#define stgi   hardware_stgi
#define vmsave hardware_vmsave
#include_next <vmm/svm/vmcb.h>
#undef clgi
#undef stgi
#undef vmsave

void clgi(void);
void stgi(void);
void vmsave(hpa_t vmcb);

#endif
