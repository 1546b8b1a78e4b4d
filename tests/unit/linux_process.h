/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process in the made-up guest: mappings in a list, page tables, an array of struct page, files
 * with a page cache.
 */
#ifndef TESTS_LINUX_PROCESS_H
#define TESTS_LINUX_PROCESS_H

#include "tests/unit/linux_guest.h"

/* clang-format off */
enum { MM_PGD = 0, MM_MMAP = 8, MM_VDSO = 16, MM_SIZE = 32 };
enum { VMA_START = 0, VMA_END = 8, VMA_FLAGS = 16, VMA_FILE = 24, VMA_PGOFF = 32, VMA_NEXT = 40,
       VMA_OPS = 48, VMA_SIZE = 56 };
enum { PG_FLAGS = 0, PG_HEAD = 8, PG_MAPPING = 24, PG_INDEX = 32, PG_MAPCOUNT = 48,
       PG_REFCOUNT = 52, PG_SIZE = 64 };
enum { LOCKED = 0, UPTODATE = 2, LRU = 4, SWAPCACHE = 10, EXCLUSIVE = 16, SWAPBACKED = 19 };

/* clang-format on */

#define VARIABLE (GUEST_BASE + 0x1000) /* vmemmap_base */
#define SPECIAL	 (GUEST_BASE + 0x1100)
#define FILE_OPS (GUEST_BASE + 0x1200)
#define SHMEM	 (GUEST_BASE + 0x1300)	 /* shmem_aops */
#define VMEMMAP	 (GUEST_BASE + 0x100000) /* a struct page for each page of RAM */
#define ROOT	 0x8000ull

#define R	 0x1ull
#define W	 0x2ull
#define SHARED	 0x8ull
#define MAYSHARE 0x80ull
#define PFNMAP	 0x400ull
#define IO	 0x4000ull

#define VA    0x400000ull
#define STACK 0x7ffffff00000ull

static struct linux_task task;
static gva_t last_vma;
static gpa_t next_table;

static inline gva_t page_of(gpa_t gpa)
{
	return VMEMMAP + gpa / PAGE_SIZE * PG_SIZE;
}

static inline void map(gva_t va, uint64_t pte, int leaf)
{
	gpa_t table = ROOT;
	int level;

	for (level = 4; level > leaf; level--) {
		uint64_t *e =
			(uint64_t *)(guest_ram + table) + (va >> (12 + 9 * (level - 1)) & 511);

		if (!*e) {
			*e = next_table | 7;
			next_table += 0x1000;
		}
		table = *e & ~0xfffull;
	}
	((uint64_t *)(guest_ram + table))[va >> (12 + 9 * (leaf - 1)) & 511] = pte;
}

static inline gva_t vma_new(gva_t start, gva_t end, uint64_t flags, gva_t file, uint64_t pgoff)
{
	gva_t v = guest_alloc(VMA_SIZE, 8);

	put64(v + VMA_START, start);
	put64(v + VMA_END, end);
	put64(v + VMA_FLAGS, flags);
	put64(v + VMA_FILE, file);
	put64(v + VMA_PGOFF, pgoff);
	put64(v + VMA_OPS, file ? FILE_OPS : 0);
	put64(last_vma, v);
	last_vma = v + VMA_NEXT;
	return v;
}

/* An anonymous page that belongs to one process, as 6.1 marks it. */
static inline void page_anonymous(gpa_t gpa)
{
	gva_t p = page_of(gpa);

	memset(guest_at(p), 0, PG_SIZE);
	put64(p + PG_FLAGS,
	      1ull << SWAPBACKED | 1ull << EXCLUSIVE | 1ull << UPTODATE | 1ull << LRU);
	put64(p + PG_MAPPING, 0xffff888012345600ull | 1);
	put32(p + PG_REFCOUNT, 1);
}

static inline int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {{"Dvmemmap_base", VARIABLE},
						      {"Dspecial_mapping_vmops", SPECIAL},
						      {"Dshmem_aops", SHMEM}};
	int32_t *f = guest_kernel.field;
	gva_t mm;

	guest_start();
	f[F_MM_PGD] = MM_PGD;
	f[F_MM_MMAP] = MM_MMAP;
	f[F_MM_VDSO] = MM_VDSO;
	f[F_VMA_START] = VMA_START;
	f[F_VMA_END] = VMA_END;
	f[F_VMA_FLAGS] = VMA_FLAGS;
	f[F_VMA_FILE] = VMA_FILE;
	f[F_VMA_PGOFF] = VMA_PGOFF;
	f[F_VMA_NEXT] = VMA_NEXT;
	f[F_VMA_OPS] = VMA_OPS;
	f[F_FILE_MAPPING] = 0;
	f[F_MAPPING_PAGES_HEAD] = 8;
	f[F_MAPPING_OPS] = 0;
	f[F_XA_NODE_SHIFT] = 0;
	f[F_XA_NODE_SLOTS] = 40;
	f[F_PAGE_FLAGS] = PG_FLAGS;
	f[F_PAGE_HEAD] = PG_HEAD;
	f[F_PAGE_MAPPING] = PG_MAPPING;
	f[F_PAGE_INDEX] = PG_INDEX;
	f[F_PAGE_MAPCOUNT] = PG_MAPCOUNT;
	f[F_PAGE_REFCOUNT] = PG_REFCOUNT;
	f[F_PAGE_SIZE] = PG_SIZE;
	guest_kernel.enumerator[E_PG_LOCKED] = LOCKED;
	guest_kernel.enumerator[E_PG_UPTODATE] = UPTODATE;
	guest_kernel.enumerator[E_PG_SWAPCACHE] = SWAPCACHE;
	guest_kernel.enumerator[E_PG_SWAPBACKED] = SWAPBACKED;
	guest_kernel.enumerator[E_PG_ANON_EXCLUSIVE] = EXCLUSIVE;
	guest_kernel.enumerator[E_PG_LRU] = LRU;
	guest_kernel.enumerators_known = 1 << E_PG_LOCKED | 1 << E_PG_UPTODATE |
					 1 << E_PG_SWAPCACHE | 1 << E_PG_SWAPBACKED |
					 1 << E_PG_ANON_EXCLUSIVE | 1 << E_PG_LRU;
	put64(VARIABLE, VMEMMAP);
	mm = guest_alloc(MM_SIZE, 8);
	put64(mm + MM_PGD, GUEST_BASE + ROOT);
	last_vma = mm + MM_MMAP;
	task = (struct linux_task){.mm = mm, .tgid = 5};
	next_table = 0x200000;
	*state = guest_symbols(symbols, 3);
	return 0;
}

static inline int tear_down(void **state)
{
	kernel = NULL;
	free(*state);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

/* A file of 64 pages at most, with an empty page cache; its xarray's node is in *node. */
static inline gva_t file_new(gva_t *node, gva_t ops)
{
	gva_t file = guest_alloc(8, 8), mapping = guest_alloc(16, 8);

	*node = guest_alloc(40 + 64 * 8, 64);
	memset(guest_at(*node), 0, 40 + 64 * 8);
	put64(file, mapping);
	put64(mapping, ops);
	put64(mapping + 8, *node + 2);
	return file;
}

/* The frame at gpa is page index of the file with this node. */
static inline void file_page(gva_t node, uint64_t index, gpa_t gpa)
{
	put64(node + 40 + 8 * index, page_of(gpa));
	put64(page_of(gpa) + PG_FLAGS, 1ull << UPTODATE);
	put64(page_of(gpa) + PG_INDEX, index);
}

#endif
