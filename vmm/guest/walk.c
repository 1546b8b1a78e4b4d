/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest page walk; APM vol. 2, 5.3. Each entry is read once.
 *
 * A walk is a function of the entries that it reads. The last walks are remembered with their
 * entries, and a result is used again only when all of these are still what they were: a quarter of
 * the work, and never stale, though the stack that a page belonged to may have been freed since.
 */
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/paging.h"

#define REMEMBERED 16

static struct walk remembered[MAX_CPUS][REMEMBERED];

static int slow_path full_walk(struct walk *w, bool la57)
{
	u64 entry = w->key;

	w->levels = 0;
	w->quick_key = 0;
	if (!canonical(w->page, la57))
		return -EFAULT;
	for (int shift = la57 ? 48 : 39;; shift -= 9) {
		gpa_t table = entry & PTE_ADDRESS;

		if (!guest_ram_has(table, PAGE_SIZE))
			return -EFAULT;
		w->entry[w->levels].at =
			(const u64 *)guest_ram_ptr(table) + (w->page >> shift & 511);
		entry = *w->entry[w->levels].at;
		w->entry[w->levels++].was = entry;
		if (!(entry & PTE_P))
			return -EFAULT;
		if (shift == PAGE_SHIFT || ((entry & PTE_LARGE) && shift <= 30)) {
			u64 offset = BIT(shift) - 1;

			w->result = (entry & PTE_ADDRESS & ~offset) | (w->page & offset);
			if (w->levels == 4 && !la57 && guest_ram_has(w->result, PAGE_SIZE)) {
				w->quick_key = w->key + 1;
				w->ram = guest_ram_ptr(w->result);
			}
			return 0;
		}
	}
}

struct walk *walk_place(gva_t va)
{
	return &remembered[current_cpu_id()][va >> PAGE_SHIFT & (REMEMBERED - 1)];
}

static bool still_true(const struct walk *w)
{
	u64 changed = 0;

	for (u64 i = 0; i < w->levels; i++)
		changed |= *w->entry[i].at ^ w->entry[i].was;
	return w->levels && !changed;
}

static int slow_path walk_again(struct walk *w, u64 key, gva_t va, gpa_t *gpa)
{
	gva_t page = va & PAGE_MASK;

	if (w->page != page || w->key != key || !still_true(w)) {
		int err;

		w->page = page;
		w->key = key;
		err = full_walk(w, key >> 63);
		if (err) {
			w->levels = 0;
			return err;
		}
	}
	*gpa = w->result | (va & ~PAGE_MASK);
	return 0;
}

/*
 * Kernel stacks and most code are mapped by four levels: no loop, and no register saved, for these.
 */
int guest_walk(u64 cr3, bool la57, gva_t va, gpa_t *gpa)
{
	struct walk *w = walk_place(va);
	u64 key = cr3 | (u64)la57 << 63;

	if (unlikely(w->page != (va & PAGE_MASK) || w->key != key || w->levels != 4 ||
		     (*w->entry[0].at ^ w->entry[0].was) | (*w->entry[1].at ^ w->entry[1].was) |
			     (*w->entry[2].at ^ w->entry[2].was) |
			     (*w->entry[3].at ^ w->entry[3].was)))
		return walk_again(w, key, va, gpa);
	*gpa = w->result | (va & ~PAGE_MASK);
	return 0;
}
