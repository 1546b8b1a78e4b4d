/* SPDX-License-Identifier: Apache-2.0 */
/* The event ring, from the writer's side; format: struct lvmon_ring. */
#ifndef VMM_RING_H
#define VMM_RING_H

#include "vmm/types.h"

#define RECORD_ENGINE 0
#define RECORD_VMM    1
#define RECORD_MAX    0x10000u

/* Allocates the ring and announces it on the log channel. */
void ring_init(void);

/*
 * Nobody outside can read our memory: from now on write each record as a line on the log channel.
 */
void ring_drain_to_port(void);

#define RING_USER BIT(0) /* the text lies in the domain, not in the vmm */
#define RING_BULK BIT(1) /* one of many: it leaves LVMON_RING_KEPT bytes free */

/*
 * Append one record. 0; -EFAULT: text cannot be read; -EINVAL: longer than RECORD_MAX. A full ring
 * drops the record and counts it.
 */
int ring_write(u32 source, const void *text, u64 size, u64 flags) must_check;

/* Wakes the reader; and has it dealt with all that is in the ring? */
void ring_wake_reader(void);
bool ring_read_up(void);
/* Records leave as lines on the log channel: nobody shares our memory. */
bool ring_by_port(void);

#endif
