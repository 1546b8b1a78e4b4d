/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vmm's address space, as vmm/memory.h lays it out: image with W^X, our range, the window on
 * guest RAM. Stacks and fixed slots are added by the vmm itself.
 */
#include "boot/boot.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

extern u8 image_start[], image_rodata[], image_data[], image_end[];

static void must(int err)
{
	if (err)
		fatal("too little memory for the hypervisor's page tables; give it more (vmm "
		      "option "
		      "mem=MB)");
}

static void map_image(hpa_t root, hpa_t own)
{
	for (u8 *va = image_start; va < image_end; va += PAGE_SIZE) {
		u64 flags = va < image_rodata ? MAP_RX : va < image_data ? MAP_RO : MAP_RW;

		must(map(root, (u64)va, own + (u64)(va - image_start), PAGE_SIZE, flags));
	}
}

/*
 * Guest RAM [start, end): large pages where they fit. U in the tables, so that the domain's root
 * can point to the same ones; the supervisor's own slot in the root lacks it.
 */
static void map_window(hpa_t root, u64 start, u64 end)
{
	start = align_up(start, PAGE_SIZE);
	end = align_down(end, PAGE_SIZE);
	while (start < end) {
		u64 size = PAGE_SIZE;

		if (!(start % LARGE_PAGE_SIZE) && end - start >= LARGE_PAGE_SIZE)
			size = LARGE_PAGE_SIZE;
		/* No large page on both sides of a border of memory types: below 2 MB there are
		 * many. */
		if (start < LARGE_PAGE_SIZE)
			size = PAGE_SIZE;
		must(map(root, WINDOW_BASE + start, start, size, MAP_RO | MAP_USER));
		start += size;
	}
}

hpa_t vmm_space_build(const struct boot_info *bi)
{
	hpa_t root = page_alloc();
	u64 *slot;

	if (!root)
		must(-ENOMEM);
	map_image(root, bi->own);
	/* Not the image: its text would have a writable alias. */
	for (hpa_t pa = bi->own + align_up((u64)(image_end - image_start), PAGE_SIZE);
	     pa < bi->own + bi->own_size;) {
		u64 size = pa % LARGE_PAGE_SIZE ? PAGE_SIZE : LARGE_PAGE_SIZE;

		must(map(root, DIRECT_BASE + pa, pa, size, MAP_RW));
		pa += size;
	}
	for (u32 i = 0; i < bi->memory_entries; i++) {
		const struct memory_entry *e = &bi->memory[i];
		u64 end = e->base + e->size;

		if (e->type != MEMORY_RAM || e->base >= WINDOW_SIZE)
			continue;
		if (end > WINDOW_SIZE)
			end = WINDOW_SIZE;
		if (!ranges_overlap(e->base, end - e->base, bi->own, bi->own_size)) {
			map_window(root, e->base, end);
			continue;
		}
		map_window(root, e->base, bi->own);
		map_window(root, bi->own + bi->own_size, end);
	}
	slot = phys_to_virt(root);
	for (u64 i = 0; i < WINDOW_SIZE >> 39; i++)
		slot[(WINDOW_BASE >> 39 & 511) + i] &= ~(u64)PTE_U;
	return root;
}
