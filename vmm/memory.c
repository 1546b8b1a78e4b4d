/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page allocator over the hypervisor's range: a bump pointer for pages never used, a list through
 * the pages that came back. All memory is the vmm's own, so there is nothing to be fair about.
 */
#include "vmm/lock.h"
#include "vmm/memory.h"
#include "vmm/string.h"

static hpa_t next_page, end_page;
static hpa_t free_list; /* each free page begins with the address of the next */
static u64 free_listed;
static u64 memory_offset;
static struct lock lock;

void memory_init(hpa_t start, hpa_t end, u64 offset)
{
	next_page = align_up(start, PAGE_SIZE);
	end_page = align_down(end, PAGE_SIZE);
	memory_offset = offset;
}

void memory_set_offset(u64 offset)
{
	memory_offset = offset;
}

void *phys_to_virt(hpa_t pa)
{
	return (void *)(pa + memory_offset);
}

hpa_t virt_to_phys(const void *va)
{
	return (u64)va - memory_offset;
}

hpa_t page_alloc(void)
{
	hpa_t page = 0;

	lock_take(&lock);
	if (free_list) {
		page = free_list;
		free_list = *(hpa_t *)phys_to_virt(page);
		free_listed--;
	} else if (next_page < end_page) {
		page = next_page;
		next_page += PAGE_SIZE;
	}
	lock_release(&lock);
	if (page)
		memset(phys_to_virt(page), 0, PAGE_SIZE);
	return page;
}

void page_free(hpa_t page)
{
	lock_take(&lock);
	*(hpa_t *)phys_to_virt(page) = free_list;
	free_list = page;
	free_listed++;
	lock_release(&lock);
}

u64 pages_free(void)
{
	return free_listed + (end_page - next_page) / PAGE_SIZE;
}

hpa_t pages_alloc_contiguous(u64 count)
{
	hpa_t first = next_page;

	if (count > (end_page - next_page) / PAGE_SIZE)
		return 0;
	next_page += count * PAGE_SIZE;
	memset(phys_to_virt(first), 0, count * PAGE_SIZE);
	return first;
}
