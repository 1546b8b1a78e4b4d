// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's note for crash dumps: read where it is whole, not believed where it is not; and the
 * symbol tables it leads to, mended where one part says what another must be.
 */
#include "tests/unit/kallsyms_maker.h"

#define PHYS_BASE (-0x13000000ll)
#define STEXT	  0xffffffff93000000ull
#define TOP	  0xffffffff94222000ull

static const char whole[] = "OSRELEASE=6.1.0-56-cloud-amd64\n"
			    "PAGESIZE=4096\n"
			    "SYMBOL(init_uts_ns)=ffffffff943f9b60\n"
			    "SYMBOL(_stext)=ffffffff93000000\n"
			    "SYMBOL(kallsyms_names)=ffffffff93975590\n"
			    "SYMBOL(kallsyms_num_syms)=ffffffff93975588\n"
			    "NUMBER(phys_base)=-318767104\n"
			    "SYMBOL(init_top_pgt)=ffffffff94222000\n"
			    "NUMBER(pgtable_l5_enabled)=1\n"
			    "KERNELOFFSET=12000000\n";

static int parse(const char *text, struct vmcoreinfo *v)
{
	return vmcoreinfo_parse((const uint8_t *)text, strlen(text) + 1, v);
}

static void test_parse(void **state)
{
	struct vmcoreinfo v;

	assert_int_equal(parse(whole, &v), 0);
	assert_true(v.stext == STEXT && v.init_top_pgt == TOP);
	assert_true(v.phys_base == (uint64_t)PHYS_BASE && v.offset == 0x12000000);
	assert_true(v.five_levels == 1);
	assert_true(v.names == 0xffffffff93975590 && v.num_syms == 0xffffffff93975588);
	assert_true(!v.tokens && !v.token_index && !v.offsets && !v.relative_base);
	assert_int_equal(vmcoreinfo_parse((const uint8_t *)whole, 4, &v), -ENOENT);
	assert_int_equal(vmcoreinfo_parse((const uint8_t *)whole, 100, &v), -ENOENT);
	assert_int_equal(parse("", &v), -ENOENT);
	assert_int_equal(parse("OSRELEASE=", &v), -ENOENT);
	assert_int_equal(parse("OSRELEASE=6.1\nSYMBOL(_stext)=ffffffff93000000", &v), -ENOENT);
}

/* One value that cannot be: none of it is believed. */
static void test_wrong(void **state)
{
	static const struct {
		const char *was, *is;
	} changes[] = {
		{"OSRELEASE", "OSRELEASF"},
		{"_stext)=ffffffff93", "_stext)=ffff888093"},
		{"_stext)=ffffffff93", "_stext)=-ffffff93"},
		{"init_top_pgt)=ffffffff94222000", "init_top_pgt)=ffffffff94222008"},
		{"init_top_pgt)=", "init_top_pgt)= "},
		{"phys_base)=-318767104", "phys_base)=-318767105"},
		{"phys_base)=-318767104", "phys_base)=x18767104"},
		{"KERNELOFFSET=12000000", "KERNELOFFSET=12000010"},
		{"KERNELOFFSET=12000000", "KERNELOFFSET=712000000"},
	};
	char text[sizeof(whole) + 16];
	struct vmcoreinfo v;
	size_t i;

	for (i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const char *at = strstr(whole, changes[i].was);

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, changes[i].is,
			 at + strlen(changes[i].was));
		assert_int_equal(parse(text, &v), -ENOENT);
	}
}

static void test_find(void **state)
{
	uint8_t *mem = calloc(8, PAGE_SIZE);
	struct vmcoreinfo v;
	uint64_t from = 0;

	memcpy(mem + 1 * PAGE_SIZE, whole, sizeof(whole));	/* by itself */
	memcpy(mem + 3 * PAGE_SIZE + 24, whole, sizeof(whole)); /* in an ELF note */
	memcpy(mem + 4 * PAGE_SIZE + 8, whole, sizeof(whole));	/* in neither */
	memcpy(mem + 6 * PAGE_SIZE, whole, 40);			/* broken */
	assert_int_equal(vmcoreinfo_find(mem, 8 * PAGE_SIZE, &from, &v), 0);
	assert_int_equal(from, 2 * PAGE_SIZE);
	assert_int_equal(vmcoreinfo_find(mem, 8 * PAGE_SIZE, &from, &v), 0);
	assert_int_equal(from, 4 * PAGE_SIZE);
	assert_true(v.stext == STEXT);
	assert_int_equal(vmcoreinfo_find(mem, 8 * PAGE_SIZE, &from, &v), -ENOENT);
	assert_int_equal(from, 8 * PAGE_SIZE);
	from = 0; /* the page is cut off */
	assert_int_equal(vmcoreinfo_find(mem, 2 * PAGE_SIZE - 1, &from, &v), -ENOENT);
	free(mem);
}

/* The image is where the note says only if page tables say so. */
static void test_image(void **state)
{
	struct vmcoreinfo v = {.five_levels = 0};
	struct image img;

	guest_start();
	/* PML4 at 0x1000, PDPT 0x2000, PD 0x3000; two large pages at GUEST_BASE to 2 MB on */
	put64(GUEST_BASE + 0x1000 + 511 * 8, 0x2003);
	put64(GUEST_BASE + 0x2000 + 510 * 8, 0x3003);
	put64(GUEST_BASE + 0x3000 + 8 * 8, 0x83);
	put64(GUEST_BASE + 0x3000 + 9 * 8, 0x200083);
	v.stext = GUEST_BASE;
	v.init_top_pgt = GUEST_BASE + 0x1000;
	v.phys_base = KERNEL_MAP_START - GUEST_BASE;
	assert_int_equal(vmcoreinfo_image(&v, &img), 0);
	assert_true(img.va == GUEST_BASE && img.gpa == 0 && img.size == 4 * MB);
	v.phys_base += 2 * MB;
	v.init_top_pgt -= 2 * MB;
	assert_int_equal(vmcoreinfo_image(&v, &img), -ENOENT);
	v.init_top_pgt = GUEST_BASE + 0x5000;
	v.phys_base -= 2 * MB;
	assert_int_equal(vmcoreinfo_image(&v, &img), -ENOENT);
	v.init_top_pgt = GUEST_BASE + 0x1000;
	v.five_levels = 1;
	assert_int_equal(vmcoreinfo_image(&v, &img), -ENOENT);
	free(guest_ram);
	guest_ram = NULL;
}

/* Each of the things that both the note and the kernel say must be the same. */
static void test_agrees(void **state)
{
	static const struct guest_symbol symbols[] = {{"T_text", GUEST_BASE},
						      {"T_stext", GUEST_BASE + 64},
						      {"Dinit_top_pgt", GUEST_BASE + 0x1000}};
	struct vmcoreinfo good, v;
	struct kernel_blob *b;
	int i;

	guest_start();
	b = guest_symbols(symbols, 3);
	good = (struct vmcoreinfo){
		.stext = GUEST_BASE + 64,
		.init_top_pgt = GUEST_BASE + 0x1000,
		.phys_base = KERNEL_MAP_START - b->delta,
		.offset = GUEST_BASE - 0xffffffff81000000,
	};
	assert_true(vmcoreinfo_agrees(&good, b));
	for (i = 0; i < 5; i++) {
		uint64_t *const parts[] = {&v.stext, &v.init_top_pgt, &v.phys_base, &v.offset,
					   &v.five_levels};

		v = good;
		++*parts[i];
		assert_false(vmcoreinfo_agrees(&v, b));
	}
	kernel = NULL;
	free(b);
	free(guest_ram);
	guest_ram = NULL;
}

static struct vmcoreinfo note_of(const struct made *m, enum kallsyms_layout layout)
{
	struct vmcoreinfo v = {
		.num_syms = MADE_VA + m->num_syms,
		.names = MADE_VA + m->names,
		.tokens = MADE_VA + m->tokens,
		.token_index = MADE_VA + m->token_index,
		.offsets = MADE_VA + m->offsets,
	};

	if (layout != KALLSYMS_C)
		v.relative_base = MADE_VA + align_up(m->offsets + 4 * MADE_SYMBOLS, 8);
	return v;
}

/* Symbols with a wrong address or another name; ~0: not loaded. */
static uint32_t mend(struct made *m, const struct vmcoreinfo *v, bool percpu)
{
	struct kallsyms_place place;
	struct kernel_blob *b;
	uint32_t i, wrong = 0;
	uint8_t *mended;

	if (kallsyms_mend(m->mem, MADE_SIZE, MADE_VA, v, &mended, &place))
		return ~0u;
	i = (uint32_t)kallsyms_load(mended, &place, &b);
	free(mended);
	if (i)
		return ~0u;
	assert_true(kallsyms_valid(b));
	for (i = 0; i < MADE_SYMBOLS; i++) {
		char want[64];
		gva_t va;

		if (i == 700)
			continue;
		made_name(i, want);
		wrong += symbol_find(b, want + 1, &va) || va != made_address(i, percpu);
	}
	free(b);
	return wrong;
}

static void flip(struct made *m, uint64_t at, uint8_t with, const struct vmcoreinfo *v, bool percpu,
		 uint32_t wrong)
{
	struct kallsyms_place place;
	uint64_t from = 0;

	m->mem[at] ^= with;
	/* Else this would not be needed. */
	assert_int_equal(kallsyms_find(m->mem, MADE_SIZE, MADE_VA, &from, &place), -ENOENT);
	assert_int_equal(mend(m, v, percpu), wrong);
	m->mem[at] ^= with;
}

static void test_mend(void **state)
{
	static const struct {
		enum kallsyms_layout layout;
		bool percpu;
	} kinds[] = {
		{KALLSYMS_A, true}, {KALLSYMS_A, false}, {KALLSYMS_B, true}, {KALLSYMS_C, false}};
	size_t i;

	for (i = 0; i < 4; i++) {
		bool percpu = kinds[i].percpu;
		struct vmcoreinfo v;
		struct made m;
		uint64_t pos;

		made_start(&m, kinds[i].layout, percpu, false);
		v = note_of(&m, kinds[i].layout);
		assert_int_equal(mend(&m, &v, percpu), 0); /* nothing is damaged */
		/*
		 * token 5's NUL becomes a letter, its letter a NUL; they are tokens of one letter
		 */
		pos = m.tokens + load16(m.mem + m.token_index + 10);
		flip(&m, pos + 1, 'x', &v, percpu, 0);
		flip(&m, pos, m.mem[pos], &v, percpu, 0);
		flip(&m, m.token_index + 101, 0x40, &v, percpu, 0);
		flip(&m, m.token_index + 100, 0x01, &v, percpu, 0);
		flip(&m, m.markers + 9, 0x08, &v, percpu, 0);
		flip(&m, m.offsets + 4 * 3000 + 3, 0x40, &v, percpu, 1);
		flip(&m, m.offsets + 4 * 3000 + 1, 0x40, &v, percpu, 1);
		made_end(&m);
	}
}

/* What a note may say that is not so. */
static void test_note_lies(void **state)
{
	struct vmcoreinfo good, v;
	struct made m;
	int i;

	made_start(&m, KALLSYMS_B, true, false);
	good = note_of(&m, KALLSYMS_B);
	for (i = 0; i < 6; i++) {
		static const gva_t places[] = {0,
					       1,
					       MADE_VA - 1,
					       MADE_VA + MADE_SIZE,
					       MADE_VA + MADE_SIZE - 3,
					       ~0ull - 2,
					       MADE_VA + 0x5001};
		size_t k;

		for (k = 0; k < sizeof(places) / sizeof(*places); k++) {
			gva_t *const parts[] = {&v.num_syms,	&v.names,   &v.tokens,
						&v.token_index, &v.offsets, &v.relative_base};

			v = good;
			*parts[i] = places[k];
			assert_true(mend(&m, &v, true) > 0);
		}
	}
	v = good;
	made_put32(&m, m.num_syms, 0);
	assert_int_equal(mend(&m, &v, true), ~0u);
	made_put32(&m, m.num_syms, KALLSYMS_MAX + 1);
	assert_int_equal(mend(&m, &v, true), ~0u);
	made_put32(&m, m.num_syms, MADE_SYMBOLS);
	m.mem[m.names + 1] = '%'; /* no type's letter: lost, but only that name */
	assert_int_equal(mend(&m, &v, true), 1);
	made_end(&m);
}

/* Noise in the tables: what is mended can be used without harm. */
static void test_noise(void **state)
{
	int round, loaded = 0;

	for (round = 0; round < 150; round++) {
		enum kallsyms_layout layout = (enum kallsyms_layout)(round % 3);
		struct vmcoreinfo v;
		struct made m;
		int k;

		made_start(&m, layout, layout != KALLSYMS_C, false);
		v = note_of(&m, layout);
		for (k = 0; k < 1 + round % 8; k++)
			m.mem[m.num_syms + noise() % (m.token_index + 512 - m.num_syms)] =
				(uint8_t)noise();
		loaded += mend(&m, &v, layout != KALLSYMS_C) != ~0u;
		made_end(&m);
	}
	assert_true(loaded > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	  cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_agrees),	  cmocka_unit_test(test_find),
		cmocka_unit_test(test_image),	  cmocka_unit_test(test_mend),
		cmocka_unit_test(test_note_lies), cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
