/* SPDX-License-Identifier: Apache-2.0 */
/* boot/boot.h with physical memory somewhere else: a function of the test that is linked. */
#ifndef UNIT_FAKE_BOOT_H
#define UNIT_FAKE_BOOT_H

#define boot_ptr hardware_boot_ptr
#include_next <boot/boot.h>
#undef boot_ptr

void *boot_ptr(hpa_t pa);

#endif
