/* SPDX-License-Identifier: Apache-2.0 */
/* Time by the TSC, measured once against the PIT; wall-clock time from the CMOS clock at start. */
#ifndef VMM_TIME_H
#define VMM_TIME_H

#include "vmm/types.h"

void time_init(void);
void time_wait_us(u32 us);
/* What measure() counts when nothing disturbs it: the least of several, until two agree. */
u64 time_calibrate(u64 (*measure)(void)) must_check;

u64 time_ns(void);	/* since time_init() */
u64 time_wall_ns(void); /* since 1970-01-01 UTC */
u64 tsc_to_ns(u64 tsc);
u64 time_tsc_per_ms(void);

#endif
