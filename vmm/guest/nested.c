/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nested page table's content. RAM and what lies below 4 GB are mapped at the start, devices
 * above when they are first touched. Our range is one page of ones, read-only, under every address:
 * what the guest would see where there is no memory.
 */
#include "vmm/guest/nested.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/region.h"
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/mtrr.h"
#include "vmm/string.h"
#include "vmm/vcpu.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"
#include "vmm/x86/paging.h"

#define LOW_4GB	   0x100000000ull
#define LEVELS4	   BIT(48) /* what four levels of tables translate */
#define ACCESS_ALL (ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC)

/*
 * Tables for what the guest touches above 4 GB, beyond its RAM. A guest that touches more than they
 * can map, which takes a kernel that does so on purpose, finds nothing there; the rest of the
 * hypervisor has its memory all the same.
 */
#define DEVICE_TABLES 192u

static nested_map *map_page;
static u64 largest_page, address_limit;
static hpa_t ones;
static hpa_t pool; /* the device tables left, linked by their first words */
static bool pool_only;
static struct lock lock;
static u32 version = 1;
static gpa_t own_start;
static u64 own_size;

hpa_t nested_root;

hpa_t nested_table_alloc(void)
{
	hpa_t page = pool;

	if (!pool_only)
		return page_alloc();
	if (page) {
		u64 *first = phys_to_virt(page);

		pool = *first;
		*first = 0;
	}
	return page;
}

static bool fill_pool(void)
{
	for (u32 i = 0; i < DEVICE_TABLES; i++) {
		hpa_t page = page_alloc();

		if (!page)
			return false;
		*(u64 *)phys_to_virt(page) = pool;
		pool = page;
	}
	return true;
}

/* In pages of one memory type each. */
static int map_typed(gpa_t gpa, hpa_t to, u64 size, u32 access)
{
	int err = 0;
	u8 type;

	if (mtrr_type(to, size, &type))
		return map_page(gpa, to, size, access);
	for (u64 at = 0; at < size && !err; at += size >> 9)
		err = map_typed(gpa + at, to + at, size >> 9, access);
	return err;
}

/* [gpa, gpa + size), a page of a size there is, as the regions want it. */
static int map_piece(gpa_t gpa, u64 size)
{
	const struct region *region = region_at(gpa, size);
	int err = 0;

	if (!region)
		return map_typed(gpa, gpa, size, ACCESS_ALL);
	if (size == PAGE_SIZE ||
	    (!region->hidden && gpa >= region->start && gpa + size <= region->start + region->size))
		return map_typed(gpa, region->hidden ? ones : gpa, size, region->rights);
	for (u64 at = 0; at < size && !err; at += size >> 9)
		err = map_piece(gpa + at, size >> 9);
	return err;
}

int nested_map_identity(gpa_t gpa)
{
	int err;

	/* Below 4 GB all is mapped, and a large page here would lie over small ones. */
	if (gpa < LOW_4GB || gpa >= address_limit)
		return -EFAULT;
	lock_take(&lock);
	err = map_piece(align_down(gpa, largest_page), largest_page);
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

static void map_ram(const struct boot_info *bi)
{
	for (u32 i = 0; i < bi->memory_entries; i++) {
		const struct memory_entry *m = &bi->memory[i];
		u64 end = m->base + m->size;

		if (m->type != MEMORY_RAM || end < m->base)
			continue;
		for (u64 at = align_down(m->base, largest_page); at < end && at < address_limit;
		     at += largest_page)
			if (at >= LOW_4GB)
				must(map_piece(at, largest_page));
	}
}

#define MSR_SYSCFG	 0xc0010010u
#define SYSCFG_SME	 BIT(23)
#define CPUID7_ECX_TME	 BIT(13)
#define MSR_TME_ACTIVATE 0x982u
#define TME_ENABLED	 BIT(1)
#define TME_KEY_BITS(v)	 ((u32)((v) >> 32) & 15)

/*
 * Where memory is encrypted, the highest bits of an address choose the key (APM vol. 2, 7.10.1; SDM
 * vol. 4, IA32_TME_ACTIVATE): the same memory, ours too, would be there again under another
 * address.
 */
static u64 address_bits(void)
{
	u64 bits = cpuid(0x80000008, 0).eax & 0xff, value;

	if (!rdmsr_safe(MSR_SYSCFG, &value) && (value & SYSCFG_SME)) {
		u32 c_bit = cpuid(0x8000001f, 0).ebx & 63;

		bits = c_bit && c_bit < bits ? c_bit : bits;
	}
	if ((cpuid(7, 0).ecx & CPUID7_ECX_TME) && !rdmsr_safe(MSR_TME_ACTIVATE, &value) &&
	    (value & TME_ENABLED))
		bits -= TME_KEY_BITS(value);
	return bits;
}

void nested_init(const struct boot_info *bi, nested_map *vendors_map, u64 largest)
{
	u64 width = BIT(address_bits());

	mtrr_init();
	map_page = vendors_map;
	largest_page = largest;
	address_limit = width < LEVELS4 ? width : LEVELS4;
	own_start = bi->own;
	own_size = bi->own_size;
	pool = 0;
	pool_only = false;
	nested_root = page_alloc();
	ones = page_alloc();
	if (!nested_root || !ones)
		must(-ENOMEM);
	memset(phys_to_virt(ones), 0xff, PAGE_SIZE);
	/* Memory types vary in the first 2 MB. */
	for (gpa_t gpa = 0; gpa < LARGE_PAGE_SIZE; gpa += PAGE_SIZE)
		must(map_piece(gpa, PAGE_SIZE));
	for (gpa_t gpa = LARGE_PAGE_SIZE; gpa < LOW_4GB; gpa += LARGE_PAGE_SIZE)
		must(map_piece(gpa, LARGE_PAGE_SIZE));
	map_ram(bi);
	if (!fill_pool())
		must(-ENOMEM);
	pool_only = true;
}

void nested_protect(gpa_t start, u64 size, u32 access)
{
	u64 step = start % LARGE_PAGE_SIZE || size % LARGE_PAGE_SIZE ? PAGE_SIZE : LARGE_PAGE_SIZE;

	/* Its tables are there since nested_init(). */
	for (gpa_t gpa = start; gpa < start + size; gpa += step)
		must(map_typed(gpa, gpa, step, access));
	__atomic_add_fetch(&version, 1, __ATOMIC_RELEASE);
}

/* Bits that the entries of both vendors' tables have in the same place. */
#define ENTRY_WRITE   BIT(1)
#define ENTRY_LARGE   BIT(7)
#define ENTRY_ADDRESS PTE_ADDRESS

enum { PAGES = 0, ROOT = 3 }; /* levels of tables: what their entries map, 512-fold each */

static u64 index_at(gpa_t gpa, u32 level)
{
	return gpa >> (PAGE_SHIFT + 9 * level) & 511;
}

int nested_overlay_init(struct nested_overlay *overlay)
{
	*overlay = (struct nested_overlay){.copy = page_alloc(), .scratch = page_alloc()};
	for (u32 i = 0; i < ARRAY_SIZE(overlay->tables); i++) {
		overlay->tables[i] = page_alloc();
		if (!overlay->tables[i])
			return -ENOMEM;
	}
	if (!overlay->copy || !overlay->scratch)
		return -ENOMEM;
	memset(phys_to_virt(overlay->scratch), 0xff, PAGE_SIZE);
	return 0;
}

/* What entry leads to becomes the overlay's own, if it is not; a large page becomes a table. */
static u64 *own_table(struct nested_overlay *overlay, u64 *entry, u32 level)
{
	u64 *root = phys_to_virt(nested_root), old = *entry, *table;

	for (u32 i = 0; i < overlay->used; i++)
		if (overlay->tables[i] == (old & ENTRY_ADDRESS))
			return phys_to_virt(overlay->tables[i]);
	table = phys_to_virt(overlay->tables[overlay->used]);
	if (old & ENTRY_LARGE)
		for (u64 i = 0; i < 512; i++)
			table[i] = (level == 1 ? old & ~ENTRY_LARGE : old) +
				   (i << (PAGE_SHIFT + 9 * (level - 1)));
	else
		memcpy(table, phys_to_virt(old & ENTRY_ADDRESS), PAGE_SIZE);
	/* A link has the same rights in all tables: those of the first one. */
	*entry = overlay->tables[overlay->used++] | (root[0] & ~ENTRY_ADDRESS);
	return table;
}

/* The overlay's own entry for gpa in a table of this level. */
static u64 *entry_at(struct nested_overlay *overlay, gpa_t gpa, u32 level)
{
	u64 *table = phys_to_virt(overlay->tables[0]);

	for (u32 at = ROOT; at > level; at--)
		table = own_table(overlay, &table[index_at(gpa, at)], at);
	return &table[index_at(gpa, level)];
}

/* One table serves each 2 MB of our range: they all look the same. */
static void open_own(struct nested_overlay *overlay)
{
	u64 *entry = entry_at(overlay, own_start, PAGES);
	u64 *table = phys_to_virt(align_down(virt_to_phys(entry), PAGE_SIZE));
	u64 page = overlay->scratch | (*entry & ~ENTRY_ADDRESS) | ENTRY_WRITE;
	u64 link = *entry_at(overlay, own_start, PAGES + 1);

	for (u64 i = 0; i < 512; i++)
		table[i] = page;
	for (u64 at = LARGE_PAGE_SIZE; at < own_size; at += LARGE_PAGE_SIZE)
		*entry_at(overlay, own_start + at, PAGES + 1) = link;
}

void nested_overlay_refresh(struct nested_overlay *overlay)
{
	overlay->version = __atomic_load_n(&version, __ATOMIC_ACQUIRE);
	memcpy(phys_to_virt(overlay->tables[0]), phys_to_virt(nested_root), PAGE_SIZE);
	overlay->used = 1;
	if (overlay->has_page) {
		u64 *entry = entry_at(overlay, overlay->page, PAGES);

		*entry = overlay->copy | (*entry & ~(ENTRY_ADDRESS | ENTRY_WRITE));
	}
	if (overlay->own_open)
		open_own(overlay);
}

hpa_t nested_overlay_open(struct nested_overlay *overlay, gpa_t gpa, u8 byte)
{
	gpa_t page = gpa & PAGE_MASK;
	u8 *copy = phys_to_virt(overlay->copy);

	if (overlay->page != page ||
	    overlay->version != __atomic_load_n(&version, __ATOMIC_ACQUIRE)) {
		overlay->page = page;
		overlay->has_page = true;
		nested_overlay_refresh(overlay);
	}
	memcpy(copy, guest_ram_ptr(page), PAGE_SIZE);
	copy[gpa - page] = byte;
	return overlay->tables[0];
}

hpa_t nested_overlay_open_own(struct nested_overlay *overlay)
{
	overlay->own_open = true;
	nested_overlay_refresh(overlay);
	return overlay->tables[0];
}

void nested_overlay_close(struct nested_overlay *overlay)
{
	if (!overlay->own_open)
		return; /* the next trap may be on the same page */
	memset(phys_to_virt(overlay->scratch), 0xff, PAGE_SIZE);
	overlay->own_open = overlay->has_page = false;
	overlay->version = 0;
}
