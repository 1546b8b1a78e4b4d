// SPDX-License-Identifier: Apache-2.0
/* The domain's address space: what it can map, how much, and that all of it comes back. */
#include "tests/unit/vmm_host.h"
#include "vmm/domain/space.h"
#include "vmm/memory.h"
#include "vmm/x86/paging.h"

#define QUOTA 32 /* pages */

static u64 entry_of(u64 va)
{
	u64 *entry = page_entry(space_root(), va);

	return entry ? *entry : 0;
}

static int set_up(void **state)
{
	u64 *root;
	hpa_t vmm_root;

	host_memory(128);
	vmm_root = page_alloc();
	root = phys_to_virt(vmm_root);
	for (u64 i = 256; i < 512; i++)
		root[i] = i << 12 | PTE_P | PTE_W;
	for (u64 i = 0; i < WINDOW_SIZE >> 39; i++)
		root[(WINDOW_BASE >> 39 & 511) + i] = i == 3 ? 0 : (1000 + i) << 12 | PTE_P;
	if (space_init(vmm_root, QUOTA * PAGE_SIZE + 5))
		return -1;
	space_reset(); /* as before each start */
	host_invlpgs = host_cr3_writes = 0;
	return 0;
}

static void fresh_space(void **state)
{
	const u64 *root = phys_to_virt(space_root());

	for (u64 i = 0; i < 512; i++) {
		u64 window = i - (WINDOW_USER_BASE >> 39);

		if (i >= 256)
			assert_int_equal(root[i], i << 12 | PTE_P | PTE_W);
		else if (window < WINDOW_SIZE >> 39)
			assert_int_equal(root[i],
					 window == 3 ? 0 : (1000 + window) << 12 | PTE_P | PTE_U);
		else
			assert_int_equal(root[i], 0);
	}
}

static void protections(void **state)
{
	static const struct {
		u32 prot;
		u64 flags;
	} cases[] = {
		{0, PTE_NX},
		{PROT_READ, PTE_U | PTE_NX},
		{PROT_READ | PROT_WRITE, PTE_U | PTE_W | PTE_NX},
		{PROT_READ | PROT_EXEC, PTE_U},
		{PROT_EXEC, PTE_U},
	};
	const u64 mask = PTE_U | PTE_W | PTE_NX | PTE_P;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		s64 va = space_mmap(PAGE_SIZE, cases[i].prot);

		assert_true(va > 0);
		assert_int_equal(entry_of((u64)va) & mask, cases[i].flags | PTE_P);
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			host_invlpgs = 0;
			assert_int_equal(space_mprotect((u64)va, 1, cases[k].prot), 0);
			assert_int_equal(entry_of((u64)va) & mask, cases[k].flags | PTE_P);
			assert_int_equal(host_invlpgs, 1);
			assert_ptr_equal(host_invlpg_last, (void *)va);
		}
	}
}

/* Never both, by no way. */
static void writable_or_executable(void **state)
{
	const u32 both = PROT_WRITE | PROT_EXEC;
	s64 va = space_mmap(PAGE_SIZE, PROT_READ);
	u64 before = entry_of((u64)va), free = pages_free();

	assert_true(space_mmap(PAGE_SIZE, both) < 0);
	assert_true(space_mmap(PAGE_SIZE, both | PROT_READ) < 0);
	assert_int_equal(space_map(0x400000, 1, both), -EINVAL);
	assert_int_equal(space_mprotect((u64)va, PAGE_SIZE, both), -EINVAL);
	assert_int_equal(entry_of((u64)va), before);
	assert_int_equal(pages_free(), free);
}

static void quota(void **state)
{
	s64 va[QUOTA];

	assert_int_equal(space_mmap((QUOTA + 1) * PAGE_SIZE, PROT_READ), -ENOMEM);
	for (int i = 0; i < QUOTA; i++) {
		va[i] = space_mmap(1, PROT_READ | PROT_WRITE);
		assert_true(va[i] > 0);
		memset(space_page((u64)va[i]), 0xee, PAGE_SIZE);
	}
	assert_int_equal(space_mmap(1, PROT_READ), -ENOMEM);
	assert_int_equal(space_map(0x400000, 1, PROT_READ), -ENOMEM);
	assert_int_equal(space_munmap((u64)va[5], PAGE_SIZE), 0);
	va[5] = space_mmap(PAGE_SIZE, PROT_READ);
	assert_true(va[5] > 0);
	assert_int_equal(*(u8 *)space_page((u64)va[5]), 0); /* nothing of the one before */
	assert_int_equal(space_mmap(1, PROT_READ), -ENOMEM);
}

static void no_memory_though_in_the_quota(void **state)
{
	u64 free;
	s64 va;

	assert_true(space_mmap(PAGE_SIZE, PROT_READ) > 0); /* its tables are there */
	host_use_up(3);
	free = pages_free();
	assert_int_equal(space_mmap(4 * PAGE_SIZE, PROT_READ), -ENOMEM);
	assert_int_equal(pages_free(), free); /* nothing stays */
	va = space_mmap(3 * PAGE_SIZE, PROT_READ);
	assert_true(va > 0);
	assert_int_equal(pages_free(), 0);
	/* no page for a table */
	assert_int_equal(space_munmap((u64)va, PAGE_SIZE), 0);
	assert_int_equal(space_map(0x400000, 1, PROT_READ), -ENOMEM);
}

static void nothing_overlaps(void **state)
{
	s64 a = space_mmap(3 * PAGE_SIZE, PROT_READ), b = space_mmap(5 * PAGE_SIZE, PROT_READ);

	assert_true(b >= a + (s64)(3 * PAGE_SIZE) || a >= b + (s64)(5 * PAGE_SIZE));
	assert_int_equal(space_map((u64)a, 1, PROT_READ), -EINVAL);
	/* a hole is used again where the size fits */
	assert_int_equal(space_munmap((u64)a, 3 * PAGE_SIZE), 0);
	assert_int_equal(space_mmap(2 * PAGE_SIZE, PROT_READ), a);
	assert_int_equal(space_mmap(PAGE_SIZE, PROT_READ), a + (s64)(2 * PAGE_SIZE));
}

static void unmapped_in_part(void **state)
{
	s64 va = space_mmap(4 * PAGE_SIZE, PROT_READ);

	assert_int_equal(space_munmap((u64)va + PAGE_SIZE, 2 * PAGE_SIZE - 1), 0);
	assert_non_null(space_page((u64)va));
	assert_null(space_page((u64)va + PAGE_SIZE));
	assert_null(space_page((u64)va + 2 * PAGE_SIZE));
	assert_non_null(space_page((u64)va + 3 * PAGE_SIZE));
	assert_int_equal(host_invlpgs, 2);
	assert_int_equal(space_munmap((u64)va, 4 * PAGE_SIZE), 0);
	assert_int_equal(space_munmap((u64)va, 4 * PAGE_SIZE), 0); /* as Linux has it */
}

static void arguments(void **state)
{
	static const u64 bad[] = {0,
				  0x400000,
				  SPACE_MMAP - PAGE_SIZE,
				  SPACE_MMAP + SPACE_MMAP_SIZE,
				  SPACE_MMAP + 1,
				  WINDOW_USER_BASE,
				  SPACE_STACK_TOP - PAGE_SIZE,
				  SPACE_START_INFO,
				  SPACE_PERSIST,
				  0xffff800000000000,
				  0xfffffffffffff000,
				  UINT64_MAX};
	u64 free = pages_free();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(space_munmap(bad[i], PAGE_SIZE) < 0);
		assert_true(space_munmap(bad[i], UINT64_MAX) < 0);
		assert_true(space_mprotect(bad[i], PAGE_SIZE, PROT_READ) < 0);
		assert_true(space_mprotect(bad[i], UINT64_MAX, PROT_READ) < 0);
	}
	assert_true(space_munmap(SPACE_MMAP, 0) < 0);
	assert_true(space_munmap(SPACE_MMAP, SPACE_MMAP_SIZE + 1) < 0);
	assert_true(space_munmap(SPACE_MMAP + PAGE_SIZE, SPACE_MMAP_SIZE) < 0);
	assert_true(space_mprotect(SPACE_MMAP, SPACE_MMAP_SIZE, PROT_READ) < 0);
	assert_true(space_mmap(0, PROT_READ) < 0);
	assert_true(space_mmap(UINT64_MAX, PROT_READ) < 0);
	assert_true(space_mmap(SPACE_MMAP_SIZE + 1, PROT_READ) < 0);
	assert_int_equal(pages_free(), free);
}

/* Pages that are ours are not the domain's to change, nor to be given back. */
static void shared_pages(void **state)
{
	hpa_t page = page_alloc();
	u64 free;

	memset(phys_to_virt(page), 0x77, PAGE_SIZE);
	assert_int_equal(space_map_shared(SPACE_START_INFO, page, PAGE_SIZE, false), 0);
	assert_int_equal(entry_of(SPACE_START_INFO), page | MAP_RO | MAP_USER);
	assert_int_equal(space_map_shared(SPACE_PERSIST, page, PAGE_SIZE, true), 0);
	assert_int_equal(entry_of(SPACE_PERSIST), page | MAP_RW | MAP_USER);
	assert_null(space_page(SPACE_START_INFO));
	assert_true(space_mprotect(SPACE_START_INFO, PAGE_SIZE, PROT_READ | PROT_WRITE) < 0);
	free = pages_free();
	space_reset();
	assert_int_equal(pages_free(), free);
	assert_int_equal(entry_of(SPACE_START_INFO), 0);
	assert_int_equal(entry_of(SPACE_PERSIST), 0);
	assert_int_equal(*(u8 *)phys_to_virt(page), 0x77);
}

static u64 use_all(void)
{
	assert_int_equal(space_map(0x400000, 2, PROT_READ | PROT_EXEC), 0);
	assert_int_equal(space_map(SPACE_STACK_TOP - PAGE_SIZE, 1, PROT_READ | PROT_WRITE), 0);
	while (space_mmap(3 * PAGE_SIZE, PROT_READ) > 0)
		;
	return pages_free();
}

/* An incarnation leaves nothing but its page tables, and these only once. */
static void reset(void **state)
{
	const u64 *root = phys_to_virt(space_root());
	u64 after_first = 0, used, window = root[WINDOW_USER_BASE >> 39];

	for (int i = 0; i < 50; i++) {
		used = use_all();
		space_reset();
		assert_int_equal(host_cr3_writes, i + 1); /* nothing stays in the TLB */
		if (!i)
			after_first = pages_free();
		assert_int_equal(pages_free(), after_first);
		assert_true(used < after_first);
		assert_null(space_page(0x400000));
		assert_int_equal(entry_of(SPACE_STACK_TOP - PAGE_SIZE), 0);
	}
	assert_int_equal(after_first - used, 2 + 1 + (QUOTA - 3) / 3 * 3);
	assert_int_equal(root[WINDOW_USER_BASE >> 39], window);
	assert_int_equal(root[300], 300 << 12 | PTE_P | PTE_W);
	assert_int_equal(space_mmap(QUOTA * PAGE_SIZE, PROT_READ), SPACE_MMAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fresh_space, set_up),
		cmocka_unit_test_setup(protections, set_up),
		cmocka_unit_test_setup(writable_or_executable, set_up),
		cmocka_unit_test_setup(quota, set_up),
		cmocka_unit_test_setup(no_memory_though_in_the_quota, set_up),
		cmocka_unit_test_setup(nothing_overlaps, set_up),
		cmocka_unit_test_setup(unmapped_in_part, set_up),
		cmocka_unit_test_setup(arguments, set_up),
		cmocka_unit_test_setup(shared_pages, set_up),
		cmocka_unit_test_setup(reset, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
