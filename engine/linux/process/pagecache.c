/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page cache: which frame holds a file's page, by the xarray of its address_space and the array
 * of struct page. Shared memory (tmpfs, memfd, System V, shared anonymous mappings) is kept in the
 * same way; there a value in the place of a page says where on swap it is, while for a file it only
 * tells when the page was evicted.
 */
#include "engine/linux/internal.h"

/* arch/x86/include/asm/page_64_types.h, pgtable_64_types.h: where there is no variable */
#define VMEMMAP_L4 0xffffea0000000000ull

int page_array(gva_t *base)
{
	gva_t va;

	*base = VMEMMAP_L4;
	if (symbol_find(kernel, "vmemmap_base", &va))
		return 0;
	return kread64(va, base);
}

bool page_flag(uint64_t flags, enum kept_enumerator e)
{
	int64_t bit = kernel->enumerator[e];

	return has_enumerator(e) && bit >= 0 && bit < 64 && (flags >> bit & 1);
}

int page_cache_open(gva_t file, struct linux_cache *c)
{
	gva_t mapping, ops, shmem;
	int err = linux_need(LINUX_PAGES);

	memset(c, 0, sizeof(*c));
	if (err)
		return err;
	if (!kernel_pointer(file) || kread64(at(file, F_FILE_MAPPING), &mapping) ||
	    !kernel_pointer(mapping) || kread64(at(mapping, F_MAPPING_PAGES_HEAD), &c->head) ||
	    page_array(&c->pages))
		return -EFAULT;
	c->page_size = (uint64_t)kernel->field[F_PAGE_SIZE];
	if (!c->page_size)
		return -EINVAL;
	c->swappable = has_field(F_MAPPING_OPS) && !kread64(at(mapping, F_MAPPING_OPS), &ops) &&
		       !symbol_find(kernel, "shmem_aops", &shmem) && ops == shmem;
	c->file = file;
	return 0;
}

int page_cache_find(const struct linux_cache *c, uint64_t index, gpa_t *gpa, uint64_t *last)
{
	uint64_t first, flags;
	gva_t page;

	*last = index;
	if (xarray_find(c->head, index, &page, last) || !page)
		return -ENOENT;
	*last = index;
	if (page & 1)
		return c->swappable ? -ENXIO : -ENOENT;
	if (page < c->pages || (page - c->pages) % c->page_size ||
	    kread64(at(page, F_PAGE_FLAGS), &flags) || kread64(at(page, F_PAGE_INDEX), &first))
		return -ENOENT;
	if (has_enumerator(E_PG_UPTODATE) && !page_flag(flags, E_PG_UPTODATE))
		return -ENOENT;
	/* One entry stands for a whole folio; its first page carries the index. */
	if (index < first || index - first >= MAX_COMPOUND)
		return -ENOENT;
	*gpa = ((page - c->pages) / c->page_size + (index - first)) * PAGE_SIZE;
	return 0;
}
