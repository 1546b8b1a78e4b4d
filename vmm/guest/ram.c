/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM; see ram.h. */
#include "vmm/guest/ram.h"
#include "vmm/log.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/paging.h"

u32 guest_ram_ranges;
struct lvmon_ram guest_ram[LVMON_MAX_RAM_RANGES];

static u64 hot_plug;
static volatile u64 *write_entries; /* page-table entries of the write slots, one a CPU */

static u8 *write_slot(void)
{
	return (u8 *)FIXED_GUEST_WRITE + current_cpu_id() * PAGE_SIZE;
}

static void add(u64 start, u64 end)
{
	start = align_up(start, PAGE_SIZE);
	end = align_down(end < WINDOW_SIZE ? end : WINDOW_SIZE, PAGE_SIZE);
	if (start >= end)
		return;
	if (guest_ram_ranges == LVMON_MAX_RAM_RANGES)
		fatal("the memory map has more than %u ranges of RAM", LVMON_MAX_RAM_RANGES);
	guest_ram[guest_ram_ranges++] = (struct lvmon_ram){start, end - start};
}

void guest_ram_init(const struct boot_info *bi, hpa_t root)
{
	hot_plug = bi->hot_plug;
	for (u32 i = 0; i < bi->memory_entries; i++) {
		const struct memory_entry *e = &bi->memory[i];
		u64 end = e->base + e->size;

		if (e->type != MEMORY_RAM)
			continue;
		if (!ranges_overlap(e->base, e->size, bi->own, bi->own_size)) {
			add(e->base, end);
			continue;
		}
		add(e->base, bi->own);
		add(bi->own + bi->own_size, end);
	}
	/* The largest first: most look-ups end there. */
	for (u32 i = 1; i < guest_ram_ranges; i++) {
		struct lvmon_ram r = guest_ram[i];

		if (r.size > guest_ram[0].size) {
			guest_ram[i] = guest_ram[0];
			guest_ram[0] = r;
		}
	}
	for (u64 i = 0; i < MAX_CPUS; i++)
		if (map(root, FIXED_GUEST_WRITE + i * PAGE_SIZE, 0, PAGE_SIZE, 0))
			fatal("too little memory for the hypervisor's page tables");
	write_entries = page_entry(root, FIXED_GUEST_WRITE);
}

void guest_ram_ascending(struct lvmon_ram out[LVMON_MAX_RAM_RANGES])
{
	for (u32 i = 0; i < guest_ram_ranges; i++) {
		u32 at = i;

		for (; at > 0 && out[at - 1].gpa > guest_ram[i].gpa; at--)
			out[at] = out[at - 1];
		out[at] = guest_ram[i];
	}
}

bool guest_ram_has_slow(gpa_t gpa, u64 size)
{
	for (u32 i = 0; i < guest_ram_ranges; i++)
		if (gpa - guest_ram[i].gpa < guest_ram[i].size &&
		    size <= guest_ram[i].size - (gpa - guest_ram[i].gpa))
			return true;
	return false;
}

u64 guest_ram_size(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < guest_ram_ranges; i++)
		sum += guest_ram[i].size;
	return sum - hot_plug;
}

/* It stays there until another page is written: mostly it is the same one, a stack. */
static void point_slot_at(gpa_t gpa)
{
	u64 entry = (gpa & PAGE_MASK) | MAP_RW;

	if (write_entries[current_cpu_id()] == entry)
		return;
	write_entries[current_cpu_id()] = entry;
	invlpg(write_slot());
}

u8 *guest_ram_slot(gpa_t page)
{
	return write_entries[current_cpu_id()] == (page | MAP_RW) ? write_slot() : NULL;
}

int guest_ram_write(gpa_t gpa, const void *from, u64 size)
{
	u8 *slot = write_slot() + (gpa & ~PAGE_MASK);

	if (!size)
		return 0;
	if (size > PAGE_SIZE - (gpa & ~PAGE_MASK))
		return -EINVAL;
	if (!guest_ram_has(gpa, size))
		return -EFAULT;
	point_slot_at(gpa);
	memcpy(slot, from, size);
	return 0;
}

void guest_ram_touch(gpa_t gpa)
{
	if (!guest_ram_has(gpa, 1))
		return;
	point_slot_at(gpa);
	__asm__ volatile("lock orb $0, %0" : "+m"(write_slot()[gpa & ~PAGE_MASK]) : : "memory");
}

int guest_ram_write_word(gpa_t gpa, u64 word)
{
	u8 *slot = write_slot() + (gpa & ~PAGE_MASK);

	if (!guest_ram_has(gpa, sizeof(word)))
		return -EFAULT;
	point_slot_at(gpa);
	*(volatile u64 *)slot = word;
	return 0;
}
