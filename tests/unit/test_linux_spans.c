// SPDX-License-Identifier: Apache-2.0
/*
 * A process's address space span by span: what is joined, what each absence is called, and page
 * tables without an end.
 */
#include "engine/scan/bytes.h"
#include "tests/unit/linux_process.h"

static struct linux_memory space;
static struct linux_walk walk;

static void look(gva_t from, gva_t to)
{
	linux_memory_free(&space);
	assert_int_equal(linux_space(&task, &space), 0);
	linux_walk_start(&walk, &space, from, to);
}

static void is_span(enum linux_span_state state, gva_t va, uint64_t size, gpa_t gpa)
{
	struct linux_span s;

	assert_true(linux_walk_next(&walk, &s));
	assert_int_equal(s.state, state);
	assert_true(s.va == va);
	assert_true(s.size == size);
	if (state == LINUX_SPAN_MAPPED || state == LINUX_SPAN_CACHED)
		assert_true(s.gpa == gpa);
}

static void is_end(void)
{
	struct linux_span s;

	assert_false(linux_walk_next(&walk, &s));
}

static int down(void **state)
{
	linux_memory_free(&space);
	return tear_down(state);
}

static void test_joined(void **state)
{
	vma_new(VA, VA + 0x8000, R | W, 0, 0);
	vma_new(VA + 0x8000, VA + 0xa000, R | W | SHARED | MAYSHARE, 0, 0);
	map(VA, 0x300000 | 7, 1);
	map(VA + 0x1000, 0x301000 | 7, 1);
	map(VA + 0x2000, 0x000ffffffffff100ull ^ 0x302000, 1); /* PROT_NONE */
	map(VA + 0x3000, 0x310000 | 7, 1);
	map(VA + 0x6000, 0x0000deadbeef0200ull, 1);
	map(VA + 0x7000, 0x0000deadbeef0400ull, 1);
	map(VA + 0x8000, 0x311000 | 7, 1);
	look(0, ~0ull);
	is_span(LINUX_SPAN_MAPPED, VA, 0x3000, 0x300000);
	is_span(LINUX_SPAN_MAPPED, VA + 0x3000, 0x1000, 0x310000);
	is_span(LINUX_SPAN_UNTOUCHED, VA + 0x4000, 0x2000, 0);
	is_span(LINUX_SPAN_SWAPPED, VA + 0x6000, 0x2000, 0);
	is_span(LINUX_SPAN_MAPPED, VA + 0x8000, 0x1000, 0x311000);
	is_span(LINUX_SPAN_UNTOUCHED, VA + 0x9000, 0x1000, 0);
	is_end();
	is_end();
	assert_true(walk.bytes[LINUX_SPAN_MAPPED] == 0x5000);
	assert_true(walk.bytes[LINUX_SPAN_UNTOUCHED] == 0x3000);
	assert_true(walk.bytes[LINUX_SPAN_SWAPPED] == 0x2000);
	assert_false(walk.cut);
	assert_int_equal(walk.tables.leaves, 1);

	look(VA + 0x1010, VA + 0x3004);
	is_span(LINUX_SPAN_MAPPED, VA + 0x1010, 0x1ff0, 0x301010);
	is_span(LINUX_SPAN_MAPPED, VA + 0x3000, 4, 0x310000);
	is_end();
	look(VA + 0x4008, VA + 0x4010);
	is_span(LINUX_SPAN_UNTOUCHED, VA + 0x4008, 8, 0);
	is_end();
	look(VA + 0xa000, ~0ull);
	is_end();
	look(0, VA);
	is_end();
}

/* Large pages, and empty entries of higher tables: one step each. */
static void test_large(void **state)
{
	gva_t far = 0x10000000000ull;
	struct linux_span s;
	int n = 0;

	vma_new(2 * MB, 8 * MB, R | W, 0, 0);
	vma_new(far, far + (1ull << 40), R | W, 0, 0);
	map(2 * MB, 0x200000 | 0x87, 2);
	next_table = 0x30000;
	look(2 * MB + 0x10, ~0ull);
	is_span(LINUX_SPAN_MAPPED, 2 * MB + 0x10, 2 * MB - 0x10, 0x200010);
	is_span(LINUX_SPAN_UNTOUCHED, 4 * MB, 4 * MB, 0);
	is_span(LINUX_SPAN_UNTOUCHED, far, 1ull << 40, 0);
	is_end();
	assert_true(walk.tables.walks < 10);
	/* not RAM */
	map(2 * MB, 0x80000087, 2);
	look(2 * MB, 4 * MB);
	while (linux_walk_next(&walk, &s))
		n++;
	assert_true(walk.bytes[LINUX_SPAN_UNREADABLE] == 2 * MB);
	assert_in_range(n, 2, 20); /* joined, more and more */
}

static void test_file(void **state)
{
	gva_t node, file = file_new(&node, GUEST_BASE + 0x1400);

	file_page(node, 3, 0x300000);
	file_page(node, 4, 0x301000);
	put64(node + 40 + 8 * 5, 77 << 1 | 1); /* evicted */
	file_page(node, 6, 0x310000);
	vma_new(VA, VA + 0x100000, R, file, 2);
	map(VA + 0x1000, 0x305000 | 5, 1); /* page 3, its own copy */
	look(0, ~0ull);
	is_span(LINUX_SPAN_UNCACHED, VA, 0x1000, 0);
	is_span(LINUX_SPAN_MAPPED, VA + 0x1000, 0x1000, 0x305000);
	is_span(LINUX_SPAN_CACHED, VA + 0x2000, 0x1000, 0x301000);
	is_span(LINUX_SPAN_UNCACHED, VA + 0x3000, 0x1000, 0);
	is_span(LINUX_SPAN_CACHED, VA + 0x4000, 0x1000, 0x310000);
	is_span(LINUX_SPAN_UNCACHED, VA + 0x5000, 0xfb000, 0);
	is_end();
	assert_true(walk.bytes[LINUX_SPAN_UNCACHED] == 0xfd000);
	/* a frame that is not RAM */
	file_page(node, 4, GUEST_RAM);
	look(VA + 0x2000, VA + 0x3000);
	is_span(LINUX_SPAN_UNREADABLE, VA + 0x2000, 0x1000, 0);
}

/* Shared memory: a value in the cache is a place on swap. */
static void test_shared_memory(void **state)
{
	gva_t node, file = file_new(&node, SHMEM);

	put64(node + 40 + 8 * 1, 77 << 1 | 1);
	file_page(node, 2, 0x300000);
	vma_new(VA, VA + 0x3000, R | W | SHARED | MAYSHARE, file, 0);
	look(0, ~0ull);
	is_span(LINUX_SPAN_UNCACHED, VA, 0x1000, 0);
	is_span(LINUX_SPAN_SWAPPED, VA + 0x1000, 0x1000, 0);
	is_span(LINUX_SPAN_CACHED, VA + 0x2000, 0x1000, 0x300000);
	is_end();
}

static void test_device(void **state)
{
	vma_new(VA, VA + 0x3000, R | W | IO | PFNMAP, 0, 0);
	vma_new(VA + 0x3000, VA + 0x4000, R | W, 0, 0);
	map(VA, 0xfe000000 | 7, 1);
	map(VA + 0x1000, 0x300000 | 7, 1); /* RAM, as the vvar page is */
	map(VA + 0x3000, 0xfe000000 | 7, 1);
	look(0, ~0ull);
	is_span(LINUX_SPAN_DEVICE, VA, 0x1000, 0);
	is_span(LINUX_SPAN_MAPPED, VA + 0x1000, 0x1000, 0x300000);
	is_span(LINUX_SPAN_UNTOUCHED, VA + 0x2000, 0x1000, 0);
	is_span(LINUX_SPAN_UNREADABLE, VA + 0x3000, 0x1000, 0);
	is_end();
}

/* Each table is its own next one: without a bound this is 2^36 pages. */
static void test_endless(void **state)
{
	struct linux_span s;
	unsigned int n = 0, i;

	vma_new(0x1000, 0x7ffffffff000ull, R | W, 0, 0);
	for (i = 0; i < 512; i++)
		((uint64_t *)(guest_ram + ROOT))[i] = ROOT | 7;
	look(0, ~0ull);
	while (linux_walk_next(&walk, &s))
		n++;
	assert_true(walk.cut);
	assert_true(walk.tables.leaves <= GUEST_RAM / PAGE_SIZE + 2);
	assert_true(n <= 512 * (GUEST_RAM / PAGE_SIZE + 2));
}

/* What the search finds in a process whose pages lie in random order is what is there. */
static void test_search(void **state)
{
	static uint8_t copy[64 * 4096];
	struct bytes b = {.kind = BYTES_PROCESS, .size = sizeof(copy)};
	int i, k;

	vma_new(VA, VA + sizeof(copy), R | W, 0, 0);
	for (i = 0; i < 64; i++) {
		/* frames 0x300000 + (i * 29 % 64) pages: no two that follow lie side by side,
		 * but now and then; every ninth page is absent */
		gpa_t gpa = 0x300000 + (gpa_t)(i * 29 % 64) * 0x1000;

		if (i % 9 == 8)
			continue;
		map(VA + (gva_t)i * 0x1000, gpa | 7, 1);
		for (k = 0; k < 4096; k++)
			copy[i * 4096 + k] = guest_ram[gpa + (gpa_t)k] =
				(uint8_t) "ab\0c"[noise() & 3];
	}
	look(0, ~0ull);
	b.memory = &space;
	for (i = 0; i < 3000; i++) {
		size_t size = 1 + noise() % (i & 1 ? 12 : BYTES_NEEDLE_MAX);
		size_t at = noise() % (sizeof(copy) - size),
		       from = i & 2 ? 0 : noise() % sizeof(copy);
		uint64_t start;
		uint8_t needle[BYTES_NEEDLE_MAX];
		const uint8_t *want;
		uint64_t got;

		memcpy(needle, copy + at, size);
		if (i % 5 == 0)
			needle[noise() % size] = 'x';
		b.base = i % 7 * 1000u;
		b.size = sizeof(copy) - b.base;
		if (from >= b.size)
			from = 0;
		want = memmem(copy + b.base + from, b.size - from, needle, size);
		start = from;
		got = bytes_find(&b, &start, needle, size, NULL);
		if (!want)
			assert_true(got == BYTES_NONE);
		else
			assert_true(got == (uint64_t)(want - copy) - b.base);
	}
}

static unsigned int asked;

static bool stop_at_each(void)
{
	asked++;
	return true;
}

static uint64_t find(const struct bytes *b, uint64_t from, const char *needle, size_t size)
{
	return bytes_find(b, &from, needle, size, NULL);
}

/*
 * 64 TB of which three pages are there, the last of them behind text that stands for zeros, too.
 * Without a step over what is not there this takes hours.
 */
static void test_reserved(void **state)
{
	const uint64_t size = 64ull << 40, far = 40ull << 40;
	struct bytes b = {.kind = BYTES_PROCESS, .size = size};
	uint64_t from = 0, at;
	uint8_t *page;

	vma_new(VA, VA + size, R | W, 0, 0);
	map(VA, 0x300000 | 7, 1);
	next_table = 0x40000;
	map(VA + far, 0x301000 | 7, 1);
	map(VA + size - 0x1000, 0x302000 | 7, 1);
	page = guest_ram + 0x301000;
	memset(guest_ram + 0x300000, 'a', 0x3000);
	memcpy(page, "text", 4);
	memcpy(page + 0xffc, "tail", 4);
	look(0, ~0ull);
	b.memory = &space;

	assert_true(find(&b, 0, "text", 4) == far);
	assert_true(find(&b, 0, "\0\0text", 6) == far - 2);
	assert_true(find(&b, far, "tail\0\0\0", 7) == far + 0xffc);
	assert_true(find(&b, 0, "\0\0\0", 3) == 0x1000);
	assert_true(find(&b, far, "\0", 1) == far + 0x1000);
	assert_true(find(&b, far + 0x1000, "\0a", 2) == size - 0x1001);
	assert_true(find(&b, 0, "nowhere", 7) == BYTES_NONE);
	assert_true(find(&b, 0, "q", 1) == BYTES_NONE);
	assert_true(bytes_gap(&b, 0) == 0);
	assert_true(bytes_gap(&b, 0x1005) >= 0x1ff000 - 5); /* the rest of that table at least */

	/* In slices: the same, and each gets further. */
	while ((at = bytes_find(&b, &from, "a\0", 2, stop_at_each)) == BYTES_STOPPED)
		assert_true(asked < 100);
	assert_true(at == 0xfff && asked);
	from = 0x1000;
	while ((at = bytes_find(&b, &from, "\0text", 5, stop_at_each)) == BYTES_STOPPED)
		assert_true(asked < 100000);
	assert_true(at == far - 1);
}

/* What is not RAM is skipped alike, and what is repeated is looked at once. */
static void test_others(void **state)
{
	static char unit[4096];
	struct bytes b = {.kind = BYTES_PHYSICAL, .size = 1ull << 62};
	struct bytes fill = {.kind = BYTES_FILL, .size = INT64_MAX, .data = unit};

	memcpy(guest_ram + 0x300ffe, "phys", 4);
	assert_true(find(&b, 0, "phys", 4) == 0x300ffe);
	assert_true(find(&b, 0x300fff, "phys", 4) == BYTES_NONE);
	memset(unit, 'u', sizeof(unit));
	unit[4095] = 'v';
	fill.data_size = sizeof(unit);
	assert_true(find(&fill, 5000, "vu", 2) == 8191);
	assert_true(find(&fill, 0, "vv", 2) == BYTES_NONE);
	assert_true(find(&fill, INT64_MAX - 3ull, "u", 1) == INT64_MAX - 3ull);
}

/* A table of small pages with holes: an entry says how many empty ones follow, never too many. */
static void test_holes(void **state)
{
	gva_t va = 0x40000000;

	vma_new(va, va + 2 * MB, R | W, 0, 0);
	map(va + 0x5000, 0x300000 | 7, 1);
	map(va + 0x1ff000, 0x301000 | 7, 1);
	look(0, ~0ull);
	is_span(LINUX_SPAN_UNTOUCHED, va, 0x5000, 0);
	is_span(LINUX_SPAN_MAPPED, va + 0x5000, 0x1000, 0x300000);
	is_span(LINUX_SPAN_UNTOUCHED, va + 0x6000, 0x1f9000, 0);
	is_span(LINUX_SPAN_MAPPED, va + 0x1ff000, 0x1000, 0x301000);
	is_end();
	look(va + 0x3000, va + 0x8000);
	is_span(LINUX_SPAN_UNTOUCHED, va + 0x3000, 0x2000, 0);
	linux_walk_again(&walk);
	map(va + 0x6000, 0x302000 | 7, 1);
	is_span(LINUX_SPAN_MAPPED, va + 0x5000, 0x1000, 0x300000);
	is_span(LINUX_SPAN_MAPPED, va + 0x6000, 0x1000, 0x302000);
	is_span(LINUX_SPAN_UNTOUCHED, va + 0x7000, 0x1000, 0);
	is_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_joined, set_up, down),
		cmocka_unit_test_setup_teardown(test_large, set_up, down),
		cmocka_unit_test_setup_teardown(test_file, set_up, down),
		cmocka_unit_test_setup_teardown(test_shared_memory, set_up, down),
		cmocka_unit_test_setup_teardown(test_device, set_up, down),
		cmocka_unit_test_setup_teardown(test_endless, set_up, down),
		cmocka_unit_test_setup_teardown(test_search, set_up, down),
		cmocka_unit_test_setup_teardown(test_reserved, set_up, down),
		cmocka_unit_test_setup_teardown(test_others, set_up, down),
		cmocka_unit_test_setup_teardown(test_holes, set_up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
