/* SPDX-License-Identifier: Apache-2.0 */
/* vmm/memory.h with the places that a unit test maps in the half of the addresses that it has. */
#ifndef UNIT_FAKE_MEMORY_H
#define UNIT_FAKE_MEMORY_H

#include_next <vmm/memory.h>
#undef WINDOW_BASE
#undef FIXED_BASE
#define WINDOW_BASE 0x0000300000000000ull
#define FIXED_BASE  0x0000380000000000ull

#endif
