/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer and address types, error numbers and the few macros that every file of the vmm uses.
 * Nothing here needs another header of the vmm.
 */
#ifndef VMM_TYPES_H
#define VMM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lvisor/lvmon.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 hpa_t; /* host-physical address */

#define must_check __attribute__((warn_unused_result))
#define __noreturn __attribute__((__noreturn__))
#define packed	   __attribute__((packed))
#define aligned(n) __attribute__((aligned(n)))
/* Kept out of its callers, whose usual way stays short. */
#define slow_path   __attribute__((__noinline__, __cold__))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)	      (1ull << (n))

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ull
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define LARGE_PAGE_SIZE 0x200000ull
#define HUGE_PAGE_SIZE	0x40000000ull

typedef u64 unaligned_u64 __attribute__((__aligned__(1), __may_alias__));
typedef u32 unaligned_u32 __attribute__((__aligned__(1), __may_alias__));

/* Words at any address: one load, where a copy of known size would become a loop. */
static inline u64 load64(const void *p)
{
	return *(const unaligned_u64 *)p;
}

static inline u32 load32(const void *p)
{
	return *(const unaligned_u32 *)p;
}

static inline u64 align_up(u64 x, u64 to)
{
	return (x + to - 1) & ~(to - 1);
}

static inline u64 align_down(u64 x, u64 to)
{
	return x & ~(to - 1);
}

/* True when [a, a + an) and [b, b + bn) share a byte; no sum may wrap. */
static inline bool ranges_overlap(u64 a, u64 an, u64 b, u64 bn)
{
	return a < b + bn && b < a + an;
}

/* Linux's numbers, since the domain's calls return them. */
enum {
	EPERM = 1,
	ENOENT = 2,
	ENOEXEC = 8,
	ENOMEM = 12,
	EFAULT = 14,
	EBUSY = 16,
	ENODEV = 19,
	EINVAL = 22,
	ENOSPC = 28,
	ENOSYS = 38,
	ETIME = 62,
	ETIMEDOUT = 110,
};

#endif
