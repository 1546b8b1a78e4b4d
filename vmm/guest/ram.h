/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest RAM as the vmm sees it: the window (read-only), and writes through one slot. Ranges are the
 * boot memory map's RAM without ours; nothing else is ever in them.
 */
#ifndef VMM_GUEST_RAM_H
#define VMM_GUEST_RAM_H

#include "vmm/boot_info.h"
#include "vmm/memory.h"
#include "vmm/types.h"

extern u32 guest_ram_ranges;
extern struct lvmon_ram guest_ram[LVMON_MAX_RAM_RANGES]; /* the largest first */

void guest_ram_init(const struct boot_info *bi, hpa_t root);

/* The ranges in ascending order. */
void guest_ram_ascending(struct lvmon_ram out[LVMON_MAX_RAM_RANGES]);

/* Bytes of RAM the guest has. */
u64 guest_ram_size(void);

bool guest_ram_has_slow(gpa_t gpa, u64 size);

/* [gpa, gpa + size) is guest RAM and in the window. size > 0. */
bool guest_ram_has_slow(gpa_t gpa, u64 size);

/* It is in the largest range. */
static inline bool guest_ram_has_quick(gpa_t gpa, u64 size)
{
	return size <= guest_ram[0].size && gpa - guest_ram[0].gpa <= guest_ram[0].size - size;
}

/* guest_ram_has_slow(), quick where it is in the largest range. */
static inline bool guest_ram_has(gpa_t gpa, u64 size)
{
	return likely(guest_ram_has_quick(gpa, size)) || guest_ram_has_slow(gpa, size);
}

/* Where guest_ram_has() memory can be read; the guest may write it meanwhile. */
static inline const void *guest_ram_ptr(gpa_t gpa)
{
	return (const void *)(WINDOW_BASE + gpa);
}

/* Write within one page. 0; -EINVAL: crosses a page; -EFAULT: not guest RAM. */
int guest_ram_write(gpa_t gpa, const void *from, u64 size) must_check;
/*
 * A store that changes nothing. A CPU that translates code (QEMU) may have translated a byte just
 * before it was written and keep that for ever; a store to the page makes it forget.
 */
void guest_ram_touch(gpa_t gpa);
/* Where a page of guest RAM can be written, if the last write went there too; else NULL. */
u8 *guest_ram_slot(gpa_t page);
/* A word that lies within one page. 0 or -EFAULT. */
int guest_ram_write_word(gpa_t gpa, u64 word) must_check;

#endif
