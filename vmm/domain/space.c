/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The domain's pages. Pages of its own carry a bit that hardware ignores, so that a reset knows
 * what to give back. Page tables stay for the next incarnation: their number is bounded by the
 * layout.
 */
#include "vmm/domain/space.h"
#include "vmm/memory.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/paging.h"

#define PTE_OWNED BIT(9) /* available to software: APM vol. 2, 5.3.3 */

#define MMAP_PAGES (SPACE_MMAP_SIZE / PAGE_SIZE)

static hpa_t root;
static u64 pages_left, pages_quota;
static u64 mmap_used[MMAP_PAGES / 64];
static u64 mmap_hint; /* first word that may have a free page */

int space_init(hpa_t vmm_root, u64 quota)
{
	u64 *from = phys_to_virt(vmm_root), *to;

	root = page_alloc();
	if (!root)
		return -ENOMEM;
	to = phys_to_virt(root);
	memcpy(to + 256, from + 256, PAGE_SIZE / 2);
	/* The window once more, for ring 3; read-only in every leaf. */
	for (u64 i = 0; i < WINDOW_SIZE >> 39; i++) {
		u64 entry = from[(WINDOW_BASE >> 39 & 511) + i];

		to[(WINDOW_USER_BASE >> 39) + i] = entry ? entry | PTE_U : 0;
	}
	pages_quota = pages_left = quota / PAGE_SIZE;
	return 0;
}

hpa_t space_root(void)
{
	return root;
}

static bool is_window_slot(u64 slot)
{
	return slot - (WINDOW_USER_BASE >> 39) < WINDOW_SIZE >> 39;
}

static void reset_table(u64 *table, int level)
{
	for (u64 i = 0; i < 512; i++) {
		if (!(table[i] & PTE_P))
			continue;
		if (level > 1) {
			reset_table(phys_to_virt(table[i] & PTE_ADDRESS), level - 1);
			continue;
		}
		if (table[i] & PTE_OWNED)
			page_free(table[i] & PTE_ADDRESS);
		table[i] = 0;
	}
}

void space_reset(void)
{
	u64 *top = phys_to_virt(root);

	for (u64 slot = 0; slot < 256; slot++)
		if ((top[slot] & PTE_P) && !is_window_slot(slot))
			reset_table(phys_to_virt(top[slot] & PTE_ADDRESS), 3);
	pages_left = pages_quota;
	memset(mmap_used, 0, sizeof(mmap_used));
	mmap_hint = 0;
	write_cr3(read_cr3());
}

static u64 flags_of(u32 prot)
{
	u64 flags = PTE_P | PTE_A | PTE_D;

	/* PROT_NONE: present for us, out of ring 3's reach. */
	flags |= prot ? PTE_U : 0;
	flags |= prot & PROT_WRITE ? PTE_W : 0;
	flags |= prot & PROT_EXEC ? 0 : PTE_NX;
	return flags;
}

int space_map(u64 va, u64 count, u32 prot)
{
	if ((prot & PROT_WRITE) && (prot & PROT_EXEC))
		return -EINVAL;
	for (u64 i = 0; i < count; i++) {
		u64 *entry = page_entry(root, va + i * PAGE_SIZE);
		hpa_t page;
		int err;

		if (entry && (*entry & PTE_P))
			return -EINVAL;
		if (!pages_left)
			return -ENOMEM;
		page = page_alloc();
		if (!page)
			return -ENOMEM;
		/* Open for ring 3 in the tables above, whatever the page itself is. */
		err = map(root, va + i * PAGE_SIZE, page, PAGE_SIZE, PTE_P | PTE_U);
		if (err) {
			page_free(page);
			return err;
		}
		*page_entry(root, va + i * PAGE_SIZE) = page | flags_of(prot) | PTE_OWNED;
		pages_left--;
	}
	return 0;
}

int space_map_shared(u64 va, hpa_t pa, u64 size, bool writable)
{
	for (u64 at = 0; at < size; at += PAGE_SIZE) {
		int err = map(root, va + at, pa + at, PAGE_SIZE,
			      (writable ? MAP_RW : MAP_RO) | MAP_USER);

		if (err)
			return err;
	}
	return 0;
}

void *space_page(u64 va)
{
	u64 *entry = page_entry(root, va);

	return entry && (*entry & PTE_OWNED) ? phys_to_virt(*entry & PTE_ADDRESS) : NULL;
}

static bool mmap_bit(u64 page)
{
	return mmap_used[page / 64] >> (page % 64) & 1;
}

/* First run of count free pages; MMAP_PAGES when there is none. */
static u64 find_run(u64 count)
{
	u64 start = mmap_hint * 64, run = 0;

	while (mmap_hint < ARRAY_SIZE(mmap_used) && mmap_used[mmap_hint] == UINT64_MAX)
		start = ++mmap_hint * 64;
	for (u64 page = start; page < MMAP_PAGES; page++) {
		run = mmap_bit(page) ? 0 : run + 1;
		if (run == count)
			return page + 1 - count;
	}
	return MMAP_PAGES;
}

static void set_run(u64 first, u64 count, bool used)
{
	for (u64 page = first; page < first + count; page++) {
		if (used)
			mmap_used[page / 64] |= BIT(page % 64);
		else
			mmap_used[page / 64] &= ~BIT(page % 64);
	}
	if (!used && first / 64 < mmap_hint)
		mmap_hint = first / 64;
}

/* The pages' indices if [va, va + size) lies wholly in the mmap region. */
static bool mmap_region(u64 va, u64 size, u64 *first, u64 *count)
{
	*first = (va - SPACE_MMAP) / PAGE_SIZE;
	*count = align_up(size, PAGE_SIZE) / PAGE_SIZE;
	return !(va & ~PAGE_MASK) && size && size <= SPACE_MMAP_SIZE && va >= SPACE_MMAP &&
	       *first < MMAP_PAGES && *count <= MMAP_PAGES - *first;
}

s64 space_munmap(u64 va, u64 size)
{
	u64 first, count;

	if (!mmap_region(va, size, &first, &count))
		return -EINVAL;
	for (u64 i = 0; i < count; i++) {
		u64 *entry = page_entry(root, va + i * PAGE_SIZE);

		if (!entry || !(*entry & PTE_OWNED))
			continue;
		page_free(*entry & PTE_ADDRESS);
		*entry = 0;
		invlpg((void *)(va + i * PAGE_SIZE));
		pages_left++;
	}
	set_run(first, count, false);
	return 0;
}

s64 space_mmap(u64 size, u32 prot)
{
	u64 count, first, va;
	int err;

	if (!size || size > SPACE_MMAP_SIZE)
		return -ENOMEM;
	count = align_up(size, PAGE_SIZE) / PAGE_SIZE;
	if (count > pages_left)
		return -ENOMEM;
	first = find_run(count);
	if (first == MMAP_PAGES)
		return -ENOMEM;
	va = SPACE_MMAP + first * PAGE_SIZE;
	set_run(first, count, true);
	err = space_map(va, count, prot);
	if (err) {
		(void)space_munmap(va, size);
		return err;
	}
	return (s64)va;
}

s64 space_mprotect(u64 va, u64 size, u32 prot)
{
	if ((va & ~PAGE_MASK) || ((prot & PROT_WRITE) && (prot & PROT_EXEC)))
		return -EINVAL;
	if (size > SPACE_MMAP_SIZE || va >= WINDOW_USER_BASE)
		return -ENOMEM;
	for (u64 at = va; at < va + align_up(size, PAGE_SIZE); at += PAGE_SIZE) {
		u64 *entry = page_entry(root, at);

		if (!entry || !(*entry & PTE_OWNED))
			return -ENOMEM;
		*entry = (*entry & PTE_ADDRESS) | flags_of(prot) | PTE_OWNED;
		invlpg((void *)at);
	}
	return 0;
}
