/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for vmm/cpu.h, where GS leads elsewhere. */
#ifndef UNIT_FAKE_CPU_H
#define UNIT_FAKE_CPU_H

#define this_cpu hardware_this_cpu
#include_next <vmm/cpu.h>
#undef this_cpu

struct cpu *this_cpu(void);

#endif
