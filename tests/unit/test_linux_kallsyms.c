// SPDX-License-Identifier: Apache-2.0
/*
 * kallsyms: tables in every layout are found, and give every name its address; tables with one byte
 * wrong are not believed; noise in them breaks nothing.
 */
#include "tests/unit/kallsyms_maker.h"

static struct kernel_blob *load(struct made *m, struct kallsyms_place *place)
{
	struct kernel_blob *b = NULL;
	uint64_t from = 0;

	assert_int_equal(kallsyms_find(m->mem, MADE_SIZE, MADE_VA, &from, place), 0);
	assert_int_equal(place->symbols, MADE_SYMBOLS);
	assert_int_equal(place->names, m->names);
	assert_int_equal(place->markers, m->markers);
	assert_int_equal(place->tokens, m->tokens);
	assert_int_equal(place->offsets, m->offsets);
	assert_int_equal(from, m->token_index + 512);
	assert_int_equal(kallsyms_load(m->mem, place, &b), 0);
	return b;
}

static void check_all(struct made *m, enum kallsyms_layout layout, bool percpu)
{
	struct kallsyms_place place;
	struct kernel_blob *b = load(m, &place);
	char name[SYMBOL_NAME_SIZE], type;
	gva_t va, start;
	uint32_t i;

	assert_int_equal(place.layout, layout);
	assert_int_equal(place.absolute_percpu, percpu);
	for (i = 0; i < MADE_SYMBOLS; i++) {
		char want[64];

		made_name(i, want);
		if (i == 700)
			continue; /* its text is another one, see the maker */
		assert_int_equal(symbol_find(b, want + 1, &va), 0);
		assert_true(va == made_address(i, percpu));
		assert_int_equal(symbol_at(b, va + 0x3e, name, &type, &start), 0);
		assert_string_equal(name, want + 1);
		assert_int_equal(type, want[0]);
		assert_true(start == va);
	}
	assert_int_equal(symbol_find(b, "variable", &va), -ENOENT);
	assert_int_equal(symbol_find(b, "", &va), -ENOENT);
	assert_int_equal(symbol_find(b, "Dvariable2", &va), -ENOENT);
	free(b);
	made_end(m);
}

static void test_layouts(void **state)
{
	struct made m;

	made_start(&m, KALLSYMS_A, true, false);
	check_all(&m, KALLSYMS_A, true);
	made_start(&m, KALLSYMS_A, false, false);
	check_all(&m, KALLSYMS_A, false);
	made_start(&m, KALLSYMS_A, true, true);
	check_all(&m, KALLSYMS_A, true);
	made_start(&m, KALLSYMS_B, true, false);
	check_all(&m, KALLSYMS_B, true);
	made_start(&m, KALLSYMS_B, false, false);
	check_all(&m, KALLSYMS_B, false);
	made_start(&m, KALLSYMS_C, false, false);
	check_all(&m, KALLSYMS_C, false);
}

/* Without the address of the memory, layout C gives places in it. */
static void test_address_unknown(void **state)
{
	struct kallsyms_place place;
	uint64_t from = 0;
	struct made m;
	gva_t va;

	made_start(&m, KALLSYMS_C, false, false);
	assert_int_equal(kallsyms_find(m.mem, MADE_SIZE, 0, &from, &place), 0);
	assert_int_equal(kallsyms_address(m.mem, &place, "variable5", &va), 0);
	assert_true(va + MADE_VA == made_address(5, false));
	assert_int_equal(kallsyms_address(m.mem, &place, "nothing", &va), -ENOENT);
	made_end(&m);

	from = 0;
	made_start(&m, KALLSYMS_B, true, false);
	assert_int_equal(kallsyms_find(m.mem, MADE_SIZE, 0, &from, &place), 0);
	assert_int_equal(kallsyms_address(m.mem, &place, "variable50", &va), 0);
	assert_true(va == made_address(50, true));
	made_end(&m);
}

static int count_prefix(const char *name, gva_t va, void *arg)
{
	assert_int_equal(strncmp(name, "__x64_sys_call5", 15), 0);
	++*(int *)arg;
	return 0;
}

static int stop_at_third(const char *name, gva_t va, void *arg)
{
	return ++*(int *)arg == 3 ? 77 : 0;
}

static void test_public(void **state)
{
	struct kallsyms_place place;
	struct kernel_blob *b;
	struct made m;
	char buf[64];
	gva_t va;
	int n = 0, want = 0;
	uint32_t i;

	kernel = NULL;
	assert_int_equal(linux_symbol("variable5", &va), -ENODATA);
	made_start(&m, KALLSYMS_B, true, false);
	b = load(&m, &place);
	b->image_start = MADE_TEXT;
	b->image_end = MADE_TEXT + 0x40 * MADE_SYMBOLS;
	kernel = b;
	assert_int_equal(linux_symbol("variable50", &va), 0);
	assert_int_equal(linux_symbolize(va + 0x10, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "variable50+0x10");
	assert_int_equal(linux_symbolize(va, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "variable50");
	assert_int_equal(linux_symbolize(va + 0x10, buf, 4), 0); /* cut off, not overrun */
	assert_string_equal(buf, "var");
	assert_int_equal(linux_symbolize(b->image_end, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(linux_symbolize(0x40, buf, sizeof(buf)), -ENOENT);
	for (i = 0; i < MADE_SYMBOLS; i++) {
		char name[64];

		made_name(i, name);
		want += !strncmp(name + 1, "__x64_sys_call5", 15);
	}
	assert_int_equal(linux_each_symbol("__x64_sys_call5", count_prefix, &n), 0);
	assert_int_equal(n, want);
	n = 0;
	assert_int_equal(linux_each_symbol("", stop_at_third, &n), 77);
	kernel = NULL;
	free(b);
	made_end(&m);
}

static bool found(struct made *m)
{
	struct kallsyms_place place;
	uint64_t from = 0;

	return !kallsyms_find(m->mem, MADE_SIZE, MADE_VA, &from, &place);
}

/* Each table decides: one value wrong, and nothing is found. */
static void test_wrong(void **state)
{
	struct made m;
	uint8_t *p;

	made_start(&m, KALLSYMS_B, true, false);
	assert_true(found(&m));
	p = m.mem + m.token_index + 100; /* not ascending any more */
	p[1] ^= 0x40;
	assert_false(found(&m));
	p[1] ^= 0x40;
	assert_true(found(&m));

	p = m.mem + m.markers + 4 * 9; /* a marker that is no name's offset */
	p[0] ^= 1;
	assert_false(found(&m));
	p[0] ^= 1;

	p = m.mem + m.names; /* the first name gets one token longer */
	p[0]++;
	assert_false(found(&m));
	p[0]--;

	p = m.mem + m.tokens + 1; /* a token's end is gone */
	p[0] = 'x';
	assert_false(found(&m));
	p[0] = 0;

	p = m.mem + m.num_syms;
	p[1] ^= 4;
	assert_false(found(&m));
	p[1] ^= 4;

	made_put32(&m, m.offsets + 4 * 3000, 0x80000005); /* an address out of order */
	assert_false(found(&m));
	made_end(&m);
}

/* The guest changes the tables between finding and copying. */
static void test_changed(void **state)
{
	struct kallsyms_place place;
	struct kernel_blob *b;
	uint64_t from = 0;
	struct made m;

	made_start(&m, KALLSYMS_B, true, false);
	assert_int_equal(kallsyms_find(m.mem, MADE_SIZE, MADE_VA, &from, &place), 0);
	m.mem[m.names] = 0x7f;
	assert_int_equal(kallsyms_load(m.mem, &place, &b), -EINVAL);
	made_end(&m);

	from = 0;
	made_start(&m, KALLSYMS_B, true, false);
	assert_int_equal(kallsyms_find(m.mem, MADE_SIZE, MADE_VA, &from, &place), 0);
	made_put32(&m, m.offsets + 4 * 100, 0x7fffffff);
	assert_int_equal(kallsyms_load(m.mem, &place, &b), -EINVAL);
	made_end(&m);
}

/* Noise anywhere in the tables: whatever is found can be used without harm. */
static void test_noise(void **state)
{
	static const enum kallsyms_layout layouts[] = {KALLSYMS_A, KALLSYMS_B, KALLSYMS_C};
	int round, loaded = 0;
	struct made m;

	for (round = 0; round < 120; round++) {
		enum kallsyms_layout layout = layouts[round % 3];
		struct kallsyms_place place;
		struct kernel_blob *b;
		uint64_t from = 0;
		int k;

		made_start(&m, layout, layout != KALLSYMS_C, false);
		for (k = 0; k < 1 + round % 4; k++)
			m.mem[m.num_syms + noise() % (m.token_index + 512 - m.num_syms)] =
				(uint8_t)noise();
		while (!kallsyms_find(m.mem, MADE_SIZE, MADE_VA, &from, &place)) {
			char name[SYMBOL_NAME_SIZE], type;
			gva_t va, start;

			if (kallsyms_load(m.mem, &place, &b))
				continue;
			loaded++;
			(void)!symbol_find(b, "variable50", &va);
			(void)!symbol_at(b, MADE_TEXT + noise() % 400000, name, &type, &start);
			free(b);
		}
		made_end(&m);
	}
	assert_true(loaded > 0); /* most single bytes hit a name's text only */
}

/* Tables cut off by the end of memory. */
static void test_truncated(void **state)
{
	struct made m;
	uint64_t size;

	made_start(&m, KALLSYMS_C, false, false);
	for (size = m.token_index; size < m.offsets + 4 * MADE_SYMBOLS; size += 997) {
		uint8_t *exact = malloc(size);
		struct kallsyms_place place;
		uint64_t from = 0;

		memcpy(exact, m.mem, size);
		assert_int_equal(kallsyms_find(exact, size, MADE_VA, &from, &place), -ENOENT);
		free(exact);
	}
	made_end(&m);
}

/* Saved and restored, in place; a blob that does not fit together is refused. */
static void test_blob(void **state)
{
	struct kallsyms_place place;
	struct kernel_blob *b, *copy;
	struct made m;
	void *saved;
	size_t size;
	gva_t va;
	int i;

	made_start(&m, KALLSYMS_A, true, false);
	b = load(&m, &place);
	b->image_start = MADE_TEXT;
	b->image_end = MADE_TEXT + 16 * MB;
	b->levels = 4;
	b->field[F_PAGE_SIZE] = 64;
	facility_lacks(b, LINUX_PAGES, "struct page has no flags");
	kernel = b;
	assert_int_equal(linux_save(&saved, &size), 0);
	kernel = NULL;
	memset(b, 0xaa, size);
	free(b);
	assert_int_equal(linux_restore(saved, size), 0);
	assert_true(linux_known());
	assert_int_equal(linux_symbol("variable50", &va), 0);
	assert_true(va == made_address(50, true));
	assert_int_equal(linux_need(LINUX_PAGES), -ENOTSUP); /* and the words for it */
	assert_string_equal(linux_missing(LINUX_PAGES), "struct page has no flags");
	assert_int_equal(linux_need(LINUX_TASKS), 0);
	kernel = NULL;
	assert_int_equal(linux_restore(saved, size - 8), -EINVAL);
	assert_int_equal(linux_restore(saved, 16), -EINVAL);
	copy = malloc(size);
	for (i = 0; i < NR_SECTIONS; i++) {
		memcpy(copy, saved, size);
		copy->sec[i].off = (uint32_t)size - 8;
		copy->sec[i].size = 64;
		assert_int_equal(linux_restore(copy, size), -EINVAL);
	}
	memcpy(copy, saved, size);
	copy->version++;
	assert_int_equal(linux_restore(copy, size), -EINVAL);
	memcpy(copy, saved, size);
	copy->symbols--;
	assert_int_equal(linux_restore(copy, size), -EINVAL);
	memcpy(copy, saved, size);
	copy->field[F_PAGE_SIZE] = 0; /* is divided by */
	assert_int_equal(linux_restore(copy, size), -EINVAL);
	memcpy(copy, saved, size);
	memset(copy->missing[LINUX_PAGES], 'x', MISSING_SIZE); /* does not end */
	assert_int_equal(linux_restore(copy, size), -EINVAL);
	for (i = 0; i < 300; i++) { /* may be accepted, must not hurt */
		memcpy(copy, saved, size);
		((uint8_t *)copy)[noise() % size] ^= (uint8_t)(1 + noise() % 255);
		if (!linux_restore(copy, size))
			(void)!linux_symbol("variable50", &va);
	}
	kernel = NULL;
	free(copy);
	free(saved);
	made_end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),	  cmocka_unit_test(test_address_unknown),
		cmocka_unit_test(test_public),	  cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_changed),	  cmocka_unit_test(test_noise),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_blob),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
