/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nested page table's content. What lies below 4 GB is mapped at the start, the rest when it is
 * first touched. Our range is one page of ones, read-only, under every address: what the guest
 * would see where there is no memory.
 */
#include "vmm/guest_ram.h"
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/string.h"
#include "vmm/vcpu.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"
#include "vmm/x86/nested.h"
#include "vmm/x86/paging.h"

#define LOW_4GB	   0x100000000ull
#define ACCESS_ALL (ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC)

static nested_map *map_page;
static u64 largest_page, address_limit;
static hpa_t ones, scratch;
static struct lock lock;
static u32 version = 1;

hpa_t nested_root;

int nested_map_identity(gpa_t gpa)
{
	gpa_t start = align_down(gpa, largest_page);
	int err;

	/* A fault below is none of a missing page: a large one must not cover the small ones. */
	if (gpa < LOW_4GB || gpa >= address_limit)
		return -EFAULT;
	lock_take(&lock);
	err = map_page(start, start, largest_page, ACCESS_ALL);
	__atomic_add_fetch(&version, 1, __ATOMIC_RELEASE);
	lock_release(&lock);
	return err;
}

static void must(int err)
{
	if (err)
		fatal("too little memory for nested page tables; give the hypervisor more (vmm "
		      "option mem=MB)");
}

/* A large page below 4 GB. */
static void map_low(gpa_t start, bool own)
{
	/* Memory types vary in the first 2 MB, and the APIC's page is treated by itself. */
	bool small = own || !start || start == align_down(LAPIC_PAGE, LARGE_PAGE_SIZE);
	u64 size = small ? PAGE_SIZE : LARGE_PAGE_SIZE;

	for (gpa_t gpa = start; gpa < start + LARGE_PAGE_SIZE; gpa += size)
		must(map_page(gpa, own ? ones : gpa, size, own ? ACCESS_READ : ACCESS_ALL));
}

void nested_init(const struct boot_info *bi, nested_map *vendors_map, u64 largest)
{
	map_page = vendors_map;
	largest_page = largest;
	address_limit = BIT(cpuid(0x80000008, 0).eax & 0xff);
	nested_root = page_alloc();
	ones = page_alloc();
	scratch = page_alloc();
	if (!nested_root || !ones || !scratch)
		must(-ENOMEM);
	memset(phys_to_virt(ones), 0xff, PAGE_SIZE);
	memset(phys_to_virt(scratch), 0xff, PAGE_SIZE);
	for (gpa_t gpa = 0; gpa < LOW_4GB; gpa += LARGE_PAGE_SIZE)
		map_low(gpa, gpa - bi->own < bi->own_size);
}

void nested_trap_apic(bool on)
{
	must(map_page(LAPIC_PAGE, LAPIC_PAGE, PAGE_SIZE,
		      on ? ACCESS_READ | ACCESS_EXEC : ACCESS_ALL));
	__atomic_add_fetch(&version, 1, __ATOMIC_RELEASE);
}

void nested_open_own(gpa_t page, bool open)
{
	/* Its tables are there since nested_init(). */
	must(map_page(page & PAGE_MASK, open ? scratch : ones, PAGE_SIZE,
		      open ? ACCESS_READ | ACCESS_WRITE : ACCESS_READ));
	if (!open)
		memset(phys_to_virt(scratch), 0xff, PAGE_SIZE);
}

/* Bits that the entries of both vendors' tables have in the same place. */
#define ENTRY_WRITE   BIT(1)
#define ENTRY_LARGE   BIT(7)
#define ENTRY_ADDRESS PTE_ADDRESS

static u64 index_at(gpa_t gpa, u32 level)
{
	return gpa >> (PAGE_SHIFT + 9 * level) & 511;
}

int nested_view_init(struct nested_view *view)
{
	for (u32 i = 0; i < ARRAY_SIZE(view->tables); i++)
		view->tables[i] = page_alloc();
	view->copy = page_alloc();
	for (u32 i = 0; i < ARRAY_SIZE(view->tables); i++)
		if (!view->tables[i])
			return -ENOMEM;
	return view->copy ? 0 : -ENOMEM;
}

/* The tables on the way to view->page, a large page cut into small ones. */
void nested_view_refresh(struct nested_view *view)
{
	u64 *from = phys_to_virt(nested_root);
	u64 link = from[index_at(view->page, 3)] & ~ENTRY_ADDRESS;

	view->version = __atomic_load_n(&version, __ATOMIC_ACQUIRE);
	memcpy(phys_to_virt(view->tables[3]), from, PAGE_SIZE);
	for (u32 level = 3; level; level--) {
		u64 *entry = (u64 *)phys_to_virt(view->tables[level]) + index_at(view->page, level);
		u64 *below = phys_to_virt(view->tables[level - 1]), old = *entry;

		if (old & ENTRY_LARGE)
			for (u64 i = 0; i < 512; i++)
				below[i] = (level == 1 ? old & ~ENTRY_LARGE : old) +
					   (i << (PAGE_SHIFT + 9 * (level - 1)));
		else
			memcpy(below, phys_to_virt(old & ENTRY_ADDRESS), PAGE_SIZE);
		*entry = view->tables[level - 1] | link;
	}
	from = (u64 *)phys_to_virt(view->tables[0]) + index_at(view->page, 0);
	*from = view->copy | (*from & ~(ENTRY_ADDRESS | ENTRY_WRITE));
}

hpa_t nested_view_open(struct nested_view *view, gpa_t gpa, u8 byte)
{
	gpa_t page = gpa & PAGE_MASK;
	u8 *copy = phys_to_virt(view->copy);

	if (view->page != page || view->version != __atomic_load_n(&version, __ATOMIC_ACQUIRE)) {
		view->page = page;
		nested_view_refresh(view);
	}
	memcpy(copy, guest_ram_ptr(page), PAGE_SIZE);
	copy[gpa - page] = byte;
	return view->tables[3];
}
