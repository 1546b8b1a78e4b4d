/* SPDX-License-Identifier: Apache-2.0 */
/* One page of ours leads to the device that is meant; see slot.h. */
#include "vmm/guest/slot.h"
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

static u64 *slot; /* our page table's entry of FIXED_DEVICE */
static struct lock lock;

void slot_init(hpa_t root)
{
	if (map(root, FIXED_DEVICE, 0, PAGE_SIZE, 0))
		fatal("too little memory for the devices' slot");
	slot = page_entry(root, FIXED_DEVICE);
}

static u64 open_slot(hpa_t hpa)
{
	u64 at = FIXED_DEVICE + (hpa & ~PAGE_MASK);

	lock_take(&lock);
	*slot = (hpa & PAGE_MASK) | MAP_UC;
	invlpg((void *)at);
	return at;
}

void slot_store(const struct region_store *store)
{
	u64 at = open_slot(store->gpa);

	if (store->size == 1)
		*(volatile u8 *)at = (u8)store->value;
	else if (store->size == 2)
		*(volatile u16 *)at = (u16)store->value;
	else
		*(volatile u32 *)at = (u32)store->value;
	lock_release(&lock);
}

u32 slot_read(hpa_t hpa)
{
	u32 value = *(const volatile u32 *)open_slot(hpa);

	lock_release(&lock);
	return value;
}
