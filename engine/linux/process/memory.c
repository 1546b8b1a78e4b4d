/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process's memory: which mappings belong to it, where each page lies, and whether a write to
 * it would be seen by that process alone. In doubt a page is SHARED: the caller then has the guest
 * itself break copy-on-write, which is slower and never wrong.
 */
#include <stdlib.h>
#include "engine/linux/internal.h"

#define MAX_AREAS 65536 /* sysctl vm.max_map_count is 65,530 */
#define MAX_TRIES 3

/* include/linux/page-flags.h: low bits of page->mapping */
#define PAGE_MAPPING_FLAGS 3ull
#define PAGE_MAPPING_ANON  1ull /* 3 is KSM */

#define COMPOUND_MASK 0xfffffffff0000000ull

struct area_vector {
	struct linux_memory *mem;
	size_t room;
	gva_t vdso, special_ops;
	gva_t last_end;
	bool lenient; /* leave out what makes no sense */
	bool all;     /* not only the process's own */
};

static int no_sense(struct area_vector *av, int err)
{
	av->mem->left_out++;
	return av->lenient ? 0 : err;
}

static bool is_own(const struct area_vector *av, const struct linux_area *a, gva_t ops)
{
	if (a->flags & (VM_PFNMAP | VM_IO | VM_MIXEDMAP))
		return false;
	/* vdso and its like: pages of the kernel's */
	return !(av->special_ops && ops == av->special_ops) && !(av->vdso && a->start == av->vdso);
}

static int area_append(gva_t vma, void *arg)
{
	struct area_vector *av = arg;
	struct linux_memory *mem = av->mem;
	struct linux_area a = {0};
	gva_t ops;

	if (!kernel_pointer(vma) || kread64(at(vma, F_VMA_START), &a.start) ||
	    kread64(at(vma, F_VMA_END), &a.end) || kread64(at(vma, F_VMA_FLAGS), &a.flags) ||
	    kread64(at(vma, F_VMA_FILE), &a.file) || kread64(at(vma, F_VMA_PGOFF), &a.pgoff) ||
	    kread64(at(vma, F_VMA_OPS), &ops))
		return no_sense(av, -EFAULT);
	/* Ascending and disjoint, so that the sum of sizes cannot overflow. */
	if (a.start >= a.end || a.end > USER_END || (a.start | a.end) % PAGE_SIZE ||
	    a.start < av->last_end)
		return no_sense(av, -EINVAL);
	av->last_end = a.end;
	a.anonymous = !ops; /* include/linux/mm.h, vma_is_anonymous() */
	if (!av->all && !is_own(av, &a, ops))
		return 0;
	if (mem->count == MAX_AREAS)
		return -EOVERFLOW;
	if (mem->count == av->room) {
		size_t room = av->room ? 2 * av->room : 64;
		struct linux_area *v = realloc(mem->areas, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		mem->areas = v;
		av->room = room;
	}
	a.offset = mem->size;
	mem->size += a.end - a.start;
	mem->areas[mem->count++] = a;
	return 0;
}

int vma_each(gva_t mm, int (*fn)(gva_t vma, void *arg), void *arg)
{
	gva_t vma;
	int i, err;

	if (has_field(F_MM_MT_ROOT)) {
		if (kread64(at(mm, F_MM_MT_ROOT), &vma))
			return -EFAULT;
		return maple_each(vma, fn, arg);
	}
	if (!has_field(F_MM_MMAP) || !has_field(F_VMA_NEXT))
		return -ENOTSUP;
	if (kread64(at(mm, F_MM_MMAP), &vma))
		return -EFAULT;
	for (i = 0; vma; i++) {
		if (i == MAX_AREAS)
			return -EOVERFLOW;
		if (i % 64 == 63 && linux_stopped())
			return -ETIME;
		err = fn(vma, arg);
		if (err)
			return err;
		if (kread64(at(vma, F_VMA_NEXT), &vma))
			return -EFAULT;
	}
	return 0;
}

static int mm_pgd(gva_t mm, gpa_t *pgd)
{
	gva_t va;

	if (!mm)
		return -EINVAL;
	if (kread64(at(mm, F_MM_PGD), &va) || !kernel_pointer(va))
		return -EFAULT;
	return linux_kva_to_gpa(va, pgd);
}

static int memory_map(const struct linux_task *task, bool all, struct linux_memory *out)
{
	struct area_vector av = {.mem = out, .all = all};
	int err = linux_need(LINUX_MEMORY), tries;

	memset(out, 0, sizeof(*out));
	if (err)
		return err;
	out->task = *task;
	err = mm_pgd(task->mm, &out->pgd);
	if (err)
		return err;
	if (symbol_find(kernel, "special_mapping_vmops", &av.special_ops))
		av.special_ops = 0;
	if (has_field(F_MM_VDSO) && kread64(at(task->mm, F_MM_VDSO), &av.vdso))
		return -EFAULT;
	/* Another CPU may be changing the mappings: look again before settling for less. */
	for (tries = 0; tries < MAX_TRIES; tries++) {
		av.lenient = tries == MAX_TRIES - 1;
		av.last_end = 0;
		out->count = out->left_out = 0;
		out->size = 0;
		err = vma_each(task->mm, area_append, &av);
		if (err != -EFAULT && err != -EINVAL)
			break;
	}
	if (err)
		linux_memory_free(out);
	return err;
}

int linux_memory(const struct linux_task *task, struct linux_memory *out)
{
	return memory_map(task, false, out);
}

int linux_space(const struct linux_task *task, struct linux_memory *out)
{
	return memory_map(task, true, out);
}

bool linux_memory_lives(const struct linux_memory *mem)
{
	gpa_t pgd;

	return linux_mm_lives(&mem->task) && !mm_pgd(mem->task.mm, &pgd) && pgd == mem->pgd;
}

void linux_memory_free(struct linux_memory *mem)
{
	free(mem->areas);
	memset(mem, 0, sizeof(*mem));
}

static const struct linux_area *area_at(const struct linux_memory *mem, uint64_t offset)
{
	size_t lo = 0, hi = mem->count;

	if (offset >= mem->size)
		return NULL;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (mem->areas[mid].offset <= offset)
			lo = mid;
		else
			hi = mid;
	}
	return &mem->areas[lo];
}

gva_t linux_memory_va(const struct linux_memory *mem, uint64_t offset)
{
	const struct linux_area *a = area_at(mem, offset);

	return a ? a->start + (offset - a->offset) : 0;
}

uint64_t linux_memory_offset(const struct linux_memory *mem, gva_t va)
{
	size_t lo = 0, hi = mem->count;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (mem->areas[mid].start <= va)
			lo = mid;
		else
			hi = mid;
	}
	return hi ? mem->areas[lo].offset + (va - mem->areas[lo].start) : 0;
}

/*
 * The first page of the compound page that page belongs to, or page itself. include/linux/
 * page-flags.h, compound_head(): bit 0 marks a tail page, the rest is the head's address, or, in
 * newer kernels, a mask for the tail's address that gives the head's. Masks have all their upper
 * bits set, which no struct page's address has.
 */
static int page_head(gva_t page, gva_t *head)
{
	uint64_t size = (uint64_t)kernel->field[F_PAGE_SIZE], link;

	*head = page;
	if (!has_field(F_PAGE_HEAD) || kread64(at(page, F_PAGE_HEAD), &link))
		return -EFAULT;
	if (!(link & 1))
		return 0;
	link--;
	*head = link >= COMPOUND_MASK ? page & link : link;
	if (*head >= page || (page - *head) / size >= MAX_COMPOUND || (page - *head) % size)
		return -EINVAL;
	return 0;
}

/*
 * Before 5.19: one mapping and one reference. Who keeps a page off the lists of pages to reclaim
 * has another one: above all the kernel itself, which puts new pages there 15 at a time (mm/swap.c,
 * lru_cache_add()).
 */
static bool one_reference(gva_t page, uint64_t flags)
{
	uint32_t mapcount, refcount, off_list;

	if (kread32(at(page, F_PAGE_MAPCOUNT), &mapcount) ||
	    kread32(at(page, F_PAGE_REFCOUNT), &refcount))
		return false;
	off_list = has_enumerator(E_PG_LRU) && !page_flag(flags, E_PG_LRU);
	return mapcount == 0 && refcount == 1 + off_list; /* _mapcount starts at -1 */
}

/*
 * Is this anonymous page the one process's alone? From 5.19 on the kernel says so itself
 * (PG_anon_exclusive, include/linux/page-flags.h: kept on the page that is mapped, on the first one
 * for a huge mapping). Before, a private mapping is writable only while the page is: fork takes
 * that away from both (mm/memory.c, copy_present_pte(); mm/huge_memory.c; mm/hugetlb.c). Where
 * the process may not write either, references are counted, which huge pages do not allow. Pages of
 * hugetlbfs are neither swapped nor freed behind the process's back.
 */
static bool page_exclusive(const struct mapping *m, bool hugetlb)
{
	gva_t base, page, head;
	uint64_t flags, head_flags, mapping;

	if (linux_need(LINUX_PAGES) || page_array(&base) || !has_enumerator(E_PG_SWAPBACKED) ||
	    !has_enumerator(E_PG_SWAPCACHE) || !has_enumerator(E_PG_LOCKED))
		return false;
	page = base + (m->gpa & ~(m->size - 1)) / PAGE_SIZE * (uint64_t)kernel->field[F_PAGE_SIZE];
	if (page_head(page, &head) || kread64(at(page, F_PAGE_FLAGS), &flags) ||
	    kread64(at(head, F_PAGE_FLAGS), &head_flags) ||
	    kread64(at(head, F_PAGE_MAPPING), &mapping))
		return false;
	if ((mapping & PAGE_MAPPING_FLAGS) != PAGE_MAPPING_ANON || mapping == PAGE_MAPPING_ANON)
		return false;
	/*
	 * With a copy in swap, or lazily freed (not backed by swap), a clean page can be dropped:
	 * what is written behind the kernel's back would be lost. Locked: it may be migrating.
	 */
	if (page_flag(head_flags, E_PG_LOCKED) ||
	    (!hugetlb &&
	     (!page_flag(head_flags, E_PG_SWAPBACKED) || page_flag(head_flags, E_PG_SWAPCACHE))))
		return false;
	if (has_enumerator(E_PG_ANON_EXCLUSIVE))
		return page_flag(flags, E_PG_ANON_EXCLUSIVE);
	if (m->writable)
		return true;
	return head == page && m->size == PAGE_SIZE && one_reference(page, flags);
}

/* The file's page at this place in the page cache. 0 or -E... */
static int page_cached(const struct linux_area *a, gva_t va, gpa_t *gpa)
{
	struct linux_cache cache;
	uint64_t last;
	int err;

	if (!a->file || a->anonymous || (a->flags & VM_HUGETLB))
		return -ENOENT;
	err = page_cache_open(a->file, &cache);
	if (!err)
		err = page_cache_find(&cache, a->pgoff + (va - a->start) / PAGE_SIZE, gpa, &last);
	if (!err)
		*gpa += va % PAGE_SIZE;
	return err;
}

int linux_memory_page(const struct linux_memory *mem, uint64_t offset, struct linux_page *page)
{
	const struct linux_area *a;
	struct mapping m;
	gva_t va;
	int err = linux_need(LINUX_MEMORY);

	if (err)
		return err;
	a = area_at(mem, offset);
	if (!a)
		return -ERANGE;
	va = a->start + (offset - a->offset);
	*page = (struct linux_page){.left = PAGE_SIZE - va % PAGE_SIZE, .anonymous = a->anonymous};
	err = page_walk(mem->pgd, kernel->levels, va, true, &m);
	if (!err && guest_ptr(m.gpa, 1)) {
		bool hugetlb = (a->flags & VM_HUGETLB) && m.size > PAGE_SIZE;

		page->gpa = m.gpa;
		page->left = m.left;
		page->state = page_exclusive(&m, hugetlb) ? LINUX_PAGE_PRIVATE : LINUX_PAGE_SHARED;
	} else if (err == -ENOENT && !page_cached(a, va, &page->gpa) && guest_ptr(page->gpa, 1)) {
		/* Only where nothing was ever mapped: a swapped page is the process's own copy. */
		page->state = LINUX_PAGE_CACHED;
	} else {
		page->gpa = 0;
		page->state = LINUX_PAGE_ABSENT;
	}
	if (page->state != LINUX_PAGE_ABSENT && (a->flags & (VM_SHARED | VM_MAYSHARE)))
		page->state = LINUX_PAGE_OTHERS;
	if (page->left > a->end - va)
		page->left = a->end - va;
	return 0;
}

int linux_memory_read(const struct linux_memory *mem, uint64_t offset, void *buf, size_t size,
		      uint64_t *absent)
{
	uint8_t *to = buf;

	*absent = 0;
	if (offset > mem->size || size > mem->size - offset)
		return -ERANGE;
	while (size > 0) {
		struct linux_page page;
		size_t n;
		int err;

		err = linux_memory_page(mem, offset, &page);
		if (err)
			return err;
		n = page.left < size ? (size_t)page.left : size;
		if (page.state == LINUX_PAGE_ABSENT || guest_read(page.gpa, to, n)) {
			memset(to, 0, n);
			*absent += n;
		}
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

int linux_process_read(const struct linux_task *task, gva_t va, void *buf, size_t size)
{
	uint8_t *to = buf;
	gpa_t pgd;
	int err = linux_need(LINUX_SPACES);

	if (err)
		return err;
	if (mm_pgd(task->mm, &pgd))
		return -EFAULT;
	while (size > 0) {
		struct mapping m;
		size_t n;

		/* Not what the kernel has for itself in the same tables. */
		if (va >= USER_END || page_walk(pgd, kernel->levels, va, true, &m))
			return -EFAULT;
		n = m.left < size ? (size_t)m.left : size;
		if (guest_read(m.gpa, to, n))
			return -EFAULT;
		to += n;
		va += n;
		size -= n;
	}
	return 0;
}
