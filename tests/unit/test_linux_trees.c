// SPDX-License-Identifier: Apache-2.0
/* Maple tree and xarray: trees built here by their rules, and trees that break them. */
#include "tests/unit/linux_guest.h"

#define LEAF	 1
#define RANGE	 2
#define ARANGE	 3
#define MAX_SEEN 100000

static gva_t seen[MAX_SEEN];
static uint32_t seen_count;

static int see(gva_t entry, void *arg)
{
	assert_true(seen_count < MAX_SEEN);
	seen[seen_count++] = entry;
	return arg && seen_count == *(uint32_t *)arg ? -ECANCELED : 0;
}

static int set_up(void **state)
{
	guest_start();
	guest_kernel.field[F_MAPLE_RANGE_PIVOT] = 8;
	guest_kernel.field[F_MAPLE_RANGE_SLOT] = 8 + 15 * 8;
	guest_kernel.field[F_MAPLE_ARANGE_PIVOT] = 8;
	guest_kernel.field[F_MAPLE_ARANGE_SLOT] = 8 + 9 * 8;
	guest_kernel.field[F_XA_NODE_SHIFT] = 0;
	guest_kernel.field[F_XA_NODE_SLOTS] = 40;
	seen_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static gva_t node_new(int type)
{
	gva_t va = guest_alloc(256, 256);

	memset(guest_at(va), 0, 256);
	return va | (gva_t)type << 3;
}

static void node_set(gva_t node, int slot, uint64_t pivot, gva_t entry)
{
	bool arange = (node >> 3 & 15) == ARANGE;
	gva_t va = node & ~0xffull;

	if (slot < (arange ? 9 : 15))
		put64(va + 8 + 8 * (gva_t)slot, pivot);
	put64(va + (arange ? 80 : 128) + 8 * (gva_t)slot, entry);
}

static gva_t entry_of(uint32_t n)
{
	return 0xffff888000100000ull + 0x100ull * n;
}

/* A full tree of two levels of ARANGE and one of leaves, every second entry a gap. */
static void test_maple(void **state)
{
	gva_t root = node_new(ARANGE), mid, leaf;
	uint32_t n = 0, limit = 100, i;
	int a, b, c;

	for (a = 0; a < 10; a++) {
		mid = node_new(a % 2 ? ARANGE : RANGE);
		node_set(root, a, a == 9 ? ~0ull : 1000000ull * (a + 1) - 1, mid | 4);
		for (b = 0; b < (a % 2 ? 10 : 16); b++) {
			leaf = node_new(LEAF);
			node_set(mid, b, 1000000ull * a + 1000ull * (b + 1) - 1, leaf);
			for (c = 0; c < 16; c++)
				node_set(leaf, c,
					 1000000ull * a + 1000ull * b + 10ull * (c + 1) - 1,
					 c % 2 ? 0 : entry_of(n++));
		}
		/* Fewer children than there is room for: the last pivot is the node's end. */
	}
	assert_int_equal(maple_each(root | 2, see, NULL), 0);
	assert_int_equal(seen_count, n);
	for (i = 0; i < n; i++)
		assert_true(seen[i] == entry_of(i));
	seen_count = 0;
	assert_int_equal(maple_each(root | 2, see, &limit), -ECANCELED);
	assert_int_equal(seen_count, limit);
}

/* A node that is not full: what lies behind its end (old slots, metadata) is not looked at. */
static void test_maple_end(void **state)
{
	gva_t leaf = node_new(LEAF);

	node_set(leaf, 0, 0xfff, 0);
	node_set(leaf, 1, 0x1fff, entry_of(1));
	node_set(leaf, 2, ~0ull, entry_of(2));
	node_set(leaf, 3, 0, entry_of(3));
	node_set(leaf, 15, 0, 0x1234);
	assert_int_equal(maple_each(leaf | 2, see, NULL), 0);
	assert_int_equal(seen_count, 2);

	/* pivot 0 behind the first: up to the end of the node */
	seen_count = 0;
	node_set(leaf, 2, 0, entry_of(2));
	assert_int_equal(maple_each(leaf | 2, see, NULL), 0);
	assert_int_equal(seen_count, 2);
	assert_true(seen[1] == entry_of(2));

	seen_count = 0;
	assert_int_equal(maple_each(0, see, NULL), 0);
	assert_int_equal(seen_count, 0);
	assert_int_equal(maple_each(entry_of(9), see, NULL), 0); /* a single entry, no node */
	assert_int_equal(seen_count, 1);
}

static void test_maple_hostile(void **state)
{
	gva_t a = node_new(RANGE), b = node_new(RANGE), below;
	int i, round;

	/* two nodes that are each other's children: 16 to the power of 16 ways */
	for (i = 0; i < 16; i++) {
		node_set(a, i, (uint64_t)i + 1, b);
		node_set(b, i, (uint64_t)i + 1, a);
	}
	assert_int_equal(maple_each(a | 2, see, NULL), -EOVERFLOW);
	/* not too high, but too many: each level uses the one below 16 times */
	below = node_new(LEAF);
	for (round = 0; round < 12; round++) {
		gva_t n = node_new(RANGE);

		for (i = 0; i < 16; i++)
			node_set(n, i, (uint64_t)i + 1, below);
		below = n;
	}
	assert_int_equal(maple_each(below | 2, see, NULL), -EOVERFLOW);
	/* as many ways, but to nothing */
	for (i = 0; i < 16; i++)
		node_set(b, i, (uint64_t)i + 1, 0);
	assert_int_equal(maple_each(a | 2, see, NULL), 0);
	assert_int_equal(maple_each((a & ~0xffull) | 7 << 3 | 2, see, NULL), -EINVAL);
	assert_int_equal(maple_each(0xffff999900000000ull | LEAF << 3 | 2, see, NULL), -EFAULT);
	assert_int_equal(maple_each(0x12345600ull | LEAF << 3 | 2, see, NULL), -EFAULT);
	/* a layout that BTF lied about */
	guest_kernel.field[F_MAPLE_RANGE_SLOT] = 4;
	assert_int_equal(maple_each(a | 2, see, NULL), -EINVAL);
	guest_kernel.field[F_MAPLE_RANGE_SLOT] = 248;
	assert_int_equal(maple_each(a | 2, see, NULL), -EINVAL);
	guest_kernel.field[F_MAPLE_RANGE_SLOT] = 128;
	for (round = 0; round < 300; round++) {
		gva_t nodes[8];

		guest_next = GUEST_BASE + 0x10000;
		for (i = 0; i < 8; i++)
			nodes[i] = node_new(1 + (int)(noise() % 3));
		for (i = 0; i < 100; i++)
			node_set(nodes[noise() % 8], (int)(noise() % 10), noise(),
				 noise() % 4 ? nodes[noise() % 8] : entry_of(noise()));
		seen_count = 0;
		(void)!maple_each(nodes[0] | 2, see, &(uint32_t){MAX_SEEN - 1});
	}
}

static gva_t xa_new(int shift)
{
	gva_t va = guest_alloc(40 + 64 * 8, 64);

	memset(guest_at(va), 0, 40 + 64 * 8);
	*(uint8_t *)guest_at(va) = (uint8_t)shift;
	return va + 2;
}

static void xa_set(gva_t node, int slot, gva_t entry)
{
	put64(node - 2 + 40 + 8 * (gva_t)slot, entry);
}

static gva_t xa_get(gva_t head, uint64_t index)
{
	gva_t e = 1;

	assert_int_equal(xarray_load(head, index, &e), 0);
	return e;
}

static void test_xarray(void **state)
{
	gva_t top = xa_new(12), mid = xa_new(6), low = xa_new(0);

	xa_set(top, 3, mid);
	xa_set(mid, 5, low);
	xa_set(low, 7, entry_of(7));
	xa_set(low, 8, 0x1235);	     /* a value, not a page */
	xa_set(mid, 8, entry_of(8)); /* one entry for slots 8 to 11, 64 indices each */
	xa_set(mid, 9, 8 << 2 | 2);
	xa_set(mid, 10, 8 << 2 | 2);
	xa_set(mid, 11, 8 << 2 | 2);
	assert_true(xa_get(top, 3 << 12 | 5 << 6 | 7) == entry_of(7));
	assert_true(xa_get(top, 3 << 12 | 5 << 6 | 8) == 0);
	assert_true(xa_get(top, 3 << 12 | 5 << 6 | 9) == 0);
	assert_true(xa_get(top, 3 << 12 | 8 << 6 | 63) == entry_of(8));
	assert_true(xa_get(top, 3 << 12 | 11 << 6 | 1) == entry_of(8));
	assert_true(xa_get(top, 4 << 12) == 0);
	assert_true(xa_get(top, 1ull << 18 | 3 << 12 | 5 << 6 | 7) == 0); /* beyond its top */
	assert_true(xa_get(entry_of(1), 0) == entry_of(1));
	assert_true(xa_get(entry_of(1), 1) == 0);
	assert_true(xa_get(0, 0) == 0);
	assert_true(xa_get(0x101, 0) == 0);
}

static void test_xarray_hostile(void **state)
{
	gva_t node = xa_new(6), other = xa_new(6), e;
	int i;

	xa_set(node, 1, node); /* itself */
	assert_int_equal(xarray_load(node, 64, &e), -EINVAL);
	xa_set(node, 1, other); /* not one level down */
	assert_int_equal(xarray_load(node, 64, &e), -EINVAL);
	*(uint8_t *)guest_at(node - 2) = 7;
	assert_int_equal(xarray_load(node, 64, &e), -EINVAL);
	*(uint8_t *)guest_at(node - 2) = 255;
	assert_int_equal(xarray_load(node, 64, &e), -EINVAL);
	*(uint8_t *)guest_at(node - 2) = 6;
	xa_set(node, 1, 1 << 2 | 2); /* a sibling of itself */
	assert_int_equal(xarray_load(node, 64, &e), 0);
	assert_true(e == 0);
	assert_int_equal(xarray_load(0xffff999900000002ull, 64, &e), -EFAULT);
	assert_int_equal(xarray_load(0x123452, 64, &e), -EFAULT);
	for (i = 0; i < 20000; i++) {
		xa_set(i % 2 ? node : other, (int)(noise() % 64),
		       i % 3 ? (i % 5 ? node : other) : noise());
		*(uint8_t *)guest_at((i % 7 ? node : other) - 2) = (uint8_t)(6 * (noise() % 11));
		(void)!xarray_load(node, noise(), &e);
	}
}

static bool now(void)
{
	return true;
}

static void test_xarray_each(void **state)
{
	gva_t top = xa_new(12), mid = xa_new(6), low = xa_new(0), below[8];
	uint32_t two = 2;

	xa_set(top, 3, mid);
	xa_set(mid, 5, low);
	xa_set(mid, 8, entry_of(8));
	xa_set(mid, 9, 8 << 2 | 2);
	xa_set(low, 8, 0x1235); /* a value */
	xa_set(low, 7, entry_of(7));
	xa_set(top, 63, entry_of(9));
	assert_int_equal(xarray_each(top, see, NULL), 0);
	assert_int_equal(seen_count, 3);
	assert_true(seen[0] == entry_of(7) && seen[1] == entry_of(8) && seen[2] == entry_of(9));
	seen_count = 0;
	assert_int_equal(xarray_each(top, see, &two), -ECANCELED);
	assert_int_equal(seen_count, 2);
	seen_count = 0;
	assert_int_equal(xarray_each(entry_of(1), see, NULL), 0);
	assert_int_equal(xarray_each(0, see, NULL), 0);
	assert_int_equal(xarray_each(0x101, see, NULL), 0);
	assert_int_equal(seen_count, 1);
	linux_stop_when(now);
	assert_int_equal(xarray_each(top, see, NULL), -ETIME);
	linux_stop_when(NULL);
	/* Nodes that lead nowhere, up, or many times to the same one. */
	xa_set(mid, 5, 0x123452);
	assert_int_equal(xarray_each(top, see, NULL), -EFAULT);
	xa_set(mid, 5, top);
	assert_int_equal(xarray_each(top, see, NULL), -EINVAL);
	for (int i = 0; i < 64; i++) {
		xa_set(top, i, mid);
		xa_set(mid, i, low);
	}
	*(uint8_t *)guest_at(top - 2) = 60;
	*(uint8_t *)guest_at(mid - 2) = 54;
	below[0] = mid;
	for (int d = 1; d < 8; d++) {
		below[d] = xa_new(54 - 6 * d);
		for (int i = 0; i < 64; i++)
			xa_set(below[d - 1], i, below[d]);
	}
	assert_int_equal(xarray_each(top, see, NULL), -EOVERFLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_maple, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_maple_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_maple_hostile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_xarray, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_xarray_hostile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_xarray_each, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
