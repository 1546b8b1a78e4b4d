/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested page table (APM vol. 2, 15.25). RAM and what lies below 4 GB is mapped at the start, the
 * rest when it is first touched. Our range is one page of ones, read-only, under every address:
 * what the guest would see where there is no memory.
 */
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/string.h"
#include "vmm/svm/npt.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/paging.h"

#define NPT_RAM	 (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define NPT_ONES (PTE_P | PTE_U | PTE_A | PTE_NX)
#define LOW_4GB	 0x100000000ull

static hpa_t root, ones, scratch;
static hpa_t own;
static u64 own_size;
static bool huge_pages;
static u64 address_limit;
static struct lock lock;

int npt_map_identity(gpa_t gpa)
{
	u64 size = huge_pages && gpa >= LOW_4GB ? HUGE_PAGE_SIZE : LARGE_PAGE_SIZE;
	gpa_t start = align_down(gpa, size);
	int err;

	if (gpa >= address_limit)
		return -EFAULT;
	lock_take(&lock);
	err = map(root, start, start, size, NPT_RAM);
	lock_release(&lock);
	return err;
}

static void must(int err)
{
	if (err)
		fatal("too little memory for nested page tables; give the hypervisor more (vmm "
		      "option "
		      "mem=MB)");
}

hpa_t npt_init(const struct boot_info *bi)
{
	root = page_alloc();
	ones = page_alloc();
	scratch = page_alloc();
	if (!root || !ones || !scratch)
		must(-ENOMEM);
	memset(phys_to_virt(ones), 0xff, PAGE_SIZE);
	memset(phys_to_virt(scratch), 0xff, PAGE_SIZE);
	own = bi->own;
	own_size = bi->own_size;
	huge_pages = cpuid(0x80000001, 0).edx & BIT(26);
	address_limit = BIT(cpuid(0x80000008, 0).eax & 0xff);

	/* The first 2 MB hold a dozen of memory types: small pages. */
	for (u64 pa = 0; pa < LARGE_PAGE_SIZE; pa += PAGE_SIZE)
		must(map(root, pa, pa, PAGE_SIZE, NPT_RAM));
	for (u64 pa = LARGE_PAGE_SIZE; pa < LOW_4GB; pa += LARGE_PAGE_SIZE)
		if (pa - own >= own_size)
			must(npt_map_identity(pa));
	for (u64 pa = own; pa < own + own_size; pa += PAGE_SIZE)
		must(map(root, pa, ones, PAGE_SIZE, NPT_ONES));
	return root;
}

void npt_open_own(gpa_t page, bool open)
{
	u64 *entry = page_entry(root, page & PAGE_MASK);

	if (!entry)
		return;
	*entry = open ? scratch | NPT_RAM | PTE_NX : ones | NPT_ONES;
	if (!open)
		memset(phys_to_virt(scratch), 0xff, PAGE_SIZE);
}

int npt_protect_page(gpa_t gpa)
{
	gpa_t large = align_down(gpa, LARGE_PAGE_SIZE);
	u64 *entry = page_entry(root, gpa);
	u64 *directory;

	if (!entry) {
		/* The large page that maps it becomes small ones; before any CPU runs the guest. */
		directory = large_entry(root, gpa);
		if (!directory)
			return -EFAULT;
		*directory = 0;
		for (u64 pa = large; pa < large + LARGE_PAGE_SIZE; pa += PAGE_SIZE) {
			int err = map(root, pa, pa, PAGE_SIZE, NPT_RAM);

			if (err)
				return err;
		}
		entry = page_entry(root, gpa);
	}
	*entry &= ~PTE_W;
	return 0;
}
