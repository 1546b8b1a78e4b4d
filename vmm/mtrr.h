/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory types that the firmware has set in the MTRRs (SDM vol. 3, 12.11; APM vol. 2, 7.7). A
 * page of the nested table must lie in one type: EPT entries say it themselves, and under AMD's
 * nested paging what a large page across a border gets is not defined (APM vol. 2, 7.7.4).
 */
#ifndef VMM_MTRR_H
#define VMM_MTRR_H

#include "vmm/types.h"

enum { MTRR_UC = 0, MTRR_WT = 4, MTRR_WB = 6 };

/* Read them; once, on the first CPU. */
void mtrr_init(void);

/* The type of [pa, pa + size), a page of a size there is; false: it has more than one. */
bool mtrr_type(u64 pa, u64 size, u8 *type) must_check;

#endif
