// SPDX-License-Identifier: Apache-2.0
/*
 * A process's own memory: which mappings, which page where, and above all when a page may be called
 * private: each single doubt must make it shared.
 */
#include "tests/unit/linux_process.h"

static void test_areas(void **state)
{
	struct linux_memory mem;
	gva_t special;

	vma_new(VA, VA + 0x2000, R, GUEST_BASE + 0x9000, 0);
	vma_new(VA + 0x2000, VA + 0x3000, R | W, 0, 0);
	vma_new(VA + 0x8000, VA + 0x9000, R | W | SHARED | MAYSHARE, 0, 0);
	vma_new(VA + 0x9000, VA + 0xa000, R | MAYSHARE, 0, 0);
	vma_new(VA + 0xa000, VA + 0xb000, R | PFNMAP, 0, 0);
	vma_new(VA + 0xb000, VA + 0xc000, R | IO, 0, 0);
	special = vma_new(VA + 0xc000, VA + 0xd000, R, 0, 0);
	put64(special + VMA_OPS, SPECIAL);
	vma_new(VA + 0xd000, VA + 0xe000, R, 0, 0);
	put64(task.mm + MM_VDSO, VA + 0xd000);
	vma_new(STACK, STACK + 0x1000, R | W, 0, 0);

	assert_int_equal(linux_memory(&task, &mem), 0);
	assert_int_equal(mem.count, 5); /* with the two that are shared */
	assert_int_equal(mem.size, 0x6000);
	assert_true(mem.pgd == ROOT);
	assert_true(mem.areas[4].start == STACK && mem.areas[4].offset == 0x5000);
	assert_true(linux_memory_va(&mem, 0) == VA);
	assert_true(linux_memory_va(&mem, 0x2fff) == VA + 0x2fff);
	assert_true(linux_memory_va(&mem, 0x3001) == VA + 0x8001);
	assert_true(linux_memory_va(&mem, 0x5001) == STACK + 1);
	assert_true(linux_memory_va(&mem, 0x6000) == 0);
	assert_true(linux_memory_va(&mem, ~0ull) == 0);
	linux_memory_free(&mem);
	linux_memory_free(&mem);

	task.mm = 0;
	assert_int_equal(linux_memory(&task, &mem), -EINVAL);
	task.mm = 0xffff999900000000ull;
	assert_int_equal(linux_memory(&task, &mem), -EFAULT);
}

static enum linux_page_state state_of(uint64_t offset, struct linux_page *page);

/* Read like all others; what is written there, others would see. */
static void test_shared(void **state)
{
	struct linux_page page;

	vma_new(VA, VA + 0x2000, R | W | SHARED | MAYSHARE, 0, 0);
	vma_new(VA + 0x2000, VA + 0x3000, R | MAYSHARE, 0, 0);
	map(VA, 0x300000 | 7, 1);
	map(VA + 0x2000, 0x301000 | 5, 1);
	page_anonymous(0x300000);
	assert_int_equal(state_of(0x10, &page), LINUX_PAGE_OTHERS);
	assert_true(page.gpa == 0x300010);
	assert_int_equal(state_of(0x1000, &page), LINUX_PAGE_ABSENT);
	assert_int_equal(state_of(0x2000, &page), LINUX_PAGE_OTHERS);
}

/* What makes no sense is left out after a few tries; a list that loops ends. */
static void test_areas_hostile(void **state)
{
	struct linux_memory mem;
	gva_t v;

	vma_new(VA, VA + 0x2000, R, 0, 0);
	vma_new(VA + 0x1000, VA + 0x3000, R, 0, 0);
	vma_new(VA + 0x4000, VA + 0x4000, R, 0, 0);
	vma_new(VA + 0x5000, VA + 0x5800, R, 0, 0);
	vma_new(VA + 0x6000, ~0xfffull, R, 0, 0);
	v = vma_new(VA + 0x8000, VA + 0x9000, R, 0, 0);
	assert_int_equal(linux_memory(&task, &mem), 0);
	assert_int_equal(mem.count, 2);
	assert_int_equal(mem.size, 0x3000);
	linux_memory_free(&mem);
	put64(v + VMA_NEXT, v);
	assert_int_equal(linux_memory(&task, &mem), -EOVERFLOW);
	assert_null(mem.areas);
}

static enum linux_page_state state_of(uint64_t offset, struct linux_page *page)
{
	struct linux_memory mem;

	assert_int_equal(linux_memory(&task, &mem), 0);
	assert_int_equal(linux_memory_page(&mem, offset, page), 0);
	linux_memory_free(&mem);
	return page->state;
}

static void test_private(void **state)
{
	gva_t p = page_of(0x300000), head = page_of(0x2ff000);
	struct linux_page page;
	uint64_t flags;

	vma_new(VA, VA + 0x2000, R | W, 0, 0);
	map(VA, 0x300000 | 7, 1);
	page_anonymous(0x300000);
	assert_int_equal(state_of(0x10, &page), LINUX_PAGE_PRIVATE);
	assert_true(page.gpa == 0x300010 && page.left == 0xff0);
	assert_int_equal(state_of(0x1000, &page), LINUX_PAGE_ABSENT);
	map(VA, 0x300000 | 5, 1); /* read-only in the page table, but the process's own */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	map(VA, 0x000ffffffffff100ull ^ 0x300000, 1); /* PROT_NONE */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	assert_true(page.gpa == 0x300000);
	map(VA, 0x0000deadbeef0200ull, 1); /* swapped out */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_ABSENT);
	map(VA, (GUEST_RAM + 0x1000) | 7, 1); /* not RAM */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_ABSENT);
	map(VA, 0x300000 | 7, 1);

	memcpy(&flags, guest_at(p + PG_FLAGS), 8);
	put64(p + PG_FLAGS, flags & ~(1ull << EXCLUSIVE));
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, flags & ~(1ull << SWAPBACKED));
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, flags | 1ull << SWAPCACHE);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, flags | 1ull << LOCKED);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, flags);
	put64(p + PG_MAPPING, 0xffff888012345600ull); /* page cache */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_MAPPING, 0xffff888012345600ull | 3); /* KSM */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_MAPPING, 0xffff888012345600ull | 1);

	/* a tail page: the mark is its own, the rest is its head's */
	page_anonymous(0x2ff000);
	put64(head + PG_FLAGS, 1ull << SWAPBACKED);
	put64(p + PG_FLAGS, 1ull << EXCLUSIVE);
	put64(p + PG_MAPPING, 0);
	put64(p + PG_HEAD, head | 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	put64(p + PG_HEAD, (p + PG_SIZE) | 1); /* a head behind its tail */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_HEAD, (head + 8) | 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_HEAD, (VMEMMAP - (1ull << 32)) | 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(VARIABLE, 0xffffea0000000000ull); /* no struct page to be read */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
}

/* From 7.1 on a tail page holds a mask in place of its head's address. */
static void test_compound_mask(void **state)
{
	gva_t head = page_of(0x300000), tail = page_of(0x303000);
	struct linux_page page;

	vma_new(VA, VA + 0x1000, R | W, 0, 0);
	map(VA, 0x303000 | 7, 1);
	page_anonymous(0x300000);
	put64(head + PG_FLAGS, 1ull << SWAPBACKED);
	put64(tail + PG_FLAGS, 1ull << EXCLUSIVE);
	put64(tail + PG_HEAD, ~(4ull * PG_SIZE - 1) | 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	put64(head + PG_MAPPING, 0);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
}

static void test_huge(void **state)
{
	struct linux_page page;

	vma_new(VA, VA + 4 * MB, R | W, 0, 0);
	map(VA, 0x200000 | 0x87, 2);
	next_table = 0x30000;
	page_anonymous(0x200000);
	assert_int_equal(state_of(0x12345, &page), LINUX_PAGE_PRIVATE);
	assert_true(page.gpa == 0x212345 && page.left == 2 * MB - 0x12345);
}

/* Neither swapped nor freed, whatever the flags say of that. */
static void test_hugetlb(void **state)
{
	gva_t p = page_of(0x200000), v = vma_new(VA, VA + 4 * MB, R | W | VM_HUGETLB, 0, 0);
	struct linux_page page;

	put64(v + VMA_OPS, 0xffffffff81234500ull);
	map(VA, 0x200000 | 0x87, 2);
	next_table = 0x30000;
	page_anonymous(0x200000);
	put64(p + PG_FLAGS, 1ull << EXCLUSIVE);
	assert_int_equal(state_of(0x12345, &page), LINUX_PAGE_PRIVATE);
	assert_true(page.left == 2 * MB - 0x12345 && !page.anonymous);
	put64(p + PG_FLAGS, 1ull << EXCLUSIVE | 1ull << LOCKED);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, 0); /* forked */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, 1ull << EXCLUSIVE);
	put64(p + PG_MAPPING, 0xffff888012345600ull); /* a file's */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
}

/* Before 5.19: what the process may write is its own; else one mapping and one reference are. */
static void test_private_old(void **state)
{
	struct kernel_blob *b = *state;
	gva_t p = page_of(0x300000);
	struct linux_page page;
	uint64_t flags;

	b->enumerators_known &= ~(1u << E_PG_ANON_EXCLUSIVE);
	vma_new(VA, VA + 0x2000, R | W, 0, 0);
	page_anonymous(0x300000);
	memcpy(&flags, guest_at(p + PG_FLAGS), 8);
	map(VA, 0x300000 | 5, 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	put32(p + PG_MAPCOUNT, 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put32(p + PG_MAPCOUNT, 0);
	put32(p + PG_REFCOUNT, 2);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, flags & ~(1ull << LRU)); /* the list's reference */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	put32(p + PG_REFCOUNT, 1); /* the mapping has none? */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put32(p + PG_REFCOUNT, 3);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	map(VA, 0x300000 | 7, 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	map(VA, 0x000ffffffffff102ull ^ 0x300000, 1); /* PROT_NONE */
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	map(VA, 0x300000 | 7, 1);
	put64(p + PG_FLAGS, flags | 1ull << LOCKED);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, flags | 1ull << SWAPCACHE);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_FLAGS, flags);
	put64(p + PG_HEAD, page_of(0x2ff000) | 1);
	page_anonymous(0x2ff000);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_PRIVATE);
	map(VA, 0x300000 | 5, 1);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
	put64(p + PG_HEAD, 0);
	b->enumerators_known &= ~(1u << E_PG_LOCKED);
	assert_int_equal(state_of(0, &page), LINUX_PAGE_SHARED);
}

static void test_huge_old(void **state)
{
	struct kernel_blob *b = *state;
	struct linux_page page;

	b->enumerators_known &= ~(1u << E_PG_ANON_EXCLUSIVE);
	vma_new(VA, VA + 4 * MB, R | W, 0, 0);
	map(VA, 0x200000 | 0x87, 2);
	next_table = 0x30000;
	page_anonymous(0x200000);
	assert_int_equal(state_of(0x12345, &page), LINUX_PAGE_PRIVATE);
	map(VA, 0x200000 | 0x85, 2); /* forked */
	assert_int_equal(state_of(0x12345, &page), LINUX_PAGE_SHARED);
}

static void test_page_cache(void **state)
{
	gva_t node, file = file_new(&node, 0);
	struct linux_page page;

	file_page(node, 9, 0x310000);
	put64(node + 40 + 8 * 10, 9 << 2 | 2); /* the same folio */
	put64(node + 40 + 8 * 11, page_of(0x320000));
	put64(page_of(0x320000) + PG_INDEX, 11);
	vma_new(VA, VA + 0x8000, R, file, 8);

	assert_int_equal(state_of(0, &page), LINUX_PAGE_ABSENT);
	assert_int_equal(state_of(0x1010, &page), LINUX_PAGE_CACHED);
	assert_true(page.gpa == 0x310010 && page.left == 0xff0);
	assert_int_equal(state_of(0x2010, &page), LINUX_PAGE_CACHED);
	assert_true(page.gpa == 0x311010);
	assert_int_equal(state_of(0x3000, &page), LINUX_PAGE_ABSENT); /* still being read */
	put64(page_of(0x310000) + PG_INDEX, 90);
	assert_int_equal(state_of(0x1010, &page), LINUX_PAGE_ABSENT);
	put64(page_of(0x310000) + PG_INDEX, 9);
	put64(node + 40 + 8 * 9, page_of(0x310000) + 8);
	assert_int_equal(state_of(0x1010, &page), LINUX_PAGE_ABSENT);
	put64(node + 40 + 8 * 9, page_of(0x310000));
	/* a copy of its own that is swapped out: the file's page would be the wrong one */
	map(VA + 0x1000, 0x0000deadbeef0200ull, 1);
	assert_int_equal(state_of(0x1010, &page), LINUX_PAGE_ABSENT);
}

static void test_read(void **state)
{
	uint8_t buf[0x2800];
	struct linux_memory mem;
	uint64_t absent;

	vma_new(VA, VA + 0x2000, R | W, 0, 0);
	vma_new(STACK, STACK + 0x1000, R | W, 0, 0);
	map(VA, 0x301000 | 7, 1);
	map(STACK, 0x300000 | 7, 1);
	memset(guest_ram + 0x301000, 'a', 0x1000);
	memset(guest_ram + 0x300000, 'b', 0x1000);
	assert_int_equal(linux_memory(&task, &mem), 0);
	assert_int_equal(mem.size, 0x3000);
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(linux_memory_read(&mem, 0x800, buf, sizeof(buf), &absent), 0);
	assert_int_equal(absent, 0x1000);
	assert_true(buf[0] == 'a' && buf[0x7ff] == 'a' && buf[0x800] == 0 && buf[0x17ff] == 0 &&
		    buf[0x1800] == 'b' && buf[0x27ff] == 'b');
	assert_int_equal(linux_memory_read(&mem, 0x801, buf, sizeof(buf), &absent), -ERANGE);
	assert_int_equal(linux_memory_read(&mem, ~0ull, buf, 2, &absent), -ERANGE);
	assert_int_equal(linux_memory_read(&mem, 0x3000, buf, 0, &absent), 0);
	linux_memory_free(&mem);

	assert_int_equal(linux_process_read(&task, VA + 0xffe, buf, 2), 0);
	assert_int_equal(linux_process_read(&task, VA + 0xffe, buf, 3), -EFAULT);
	assert_int_equal(linux_process_read(&task, GUEST_BASE, buf, 1), -EFAULT);
	task.mm = 0;
	assert_int_equal(linux_process_read(&task, VA, buf, 1), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_areas, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_areas_hostile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_private, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_compound_mask, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_huge, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hugetlb, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_private_old, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_huge_old, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_page_cache, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
