/* SPDX-License-Identifier: Apache-2.0 */
/* A spin lock for short sections; interrupts are off in the vmm anyway. */
#ifndef VMM_LOCK_H
#define VMM_LOCK_H

#include "vmm/types.h"

struct lock {
	u32 taken;
};

static inline bool lock_try(struct lock *lock)
{
	return !__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE);
}

static inline void lock_take(struct lock *lock)
{
	while (!lock_try(lock))
		__asm__ volatile("pause");
}

static inline void lock_release(struct lock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#endif
