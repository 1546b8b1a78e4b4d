// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's note for crash dumps, which a hostile guest may have written, and the symbol tables
 * that it leads to, damaged. The input: what the note says of the tables, changes of them, and the
 * rest is the text of a note.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/kallsyms_maker.h"

static struct made tables[3];

static struct vmcoreinfo note_of(const struct made *m)
{
	struct vmcoreinfo v = {
		.num_syms = MADE_VA + m->num_syms,
		.names = MADE_VA + m->names,
		.tokens = MADE_VA + m->tokens,
		.token_index = MADE_VA + m->token_index,
		.offsets = MADE_VA + m->offsets,
	};

	if (m != &tables[2])
		v.relative_base = MADE_VA + align_up(m->offsets + 4 * MADE_SYMBOLS, 8);
	return v;
}

static void mend(const struct made *m, const struct vmcoreinfo *v)
{
	char name[SYMBOL_NAME_SIZE], type;
	struct kallsyms_place place;
	struct kernel_blob *b;
	uint8_t *mended;
	gva_t va, start;

	if (kallsyms_mend(m->mem, MADE_SIZE, MADE_VA, v, &mended, &place))
		return;
	must(place.symbols && place.symbols <= KALLSYMS_MAX);
	if (!kallsyms_load(mended, &place, &b)) {
		must(kallsyms_valid(b));
		(void)!symbol_find(b, "variable50", &va);
		(void)!symbol_at(b, MADE_TEXT + 0x5000, name, &type, &start);
		free(b);
	}
	free(mended);
}

static void read_text(const struct input *in)
{
	size_t size = input_left(in), pages = align_up(size + 24, PAGE_SIZE) + PAGE_SIZE;
	uint8_t *exact = malloc(size ? size : 1), *mem = calloc(1, pages);
	struct vmcoreinfo v;
	uint64_t from = 0;

	memcpy(exact, in->at, size);
	if (!vmcoreinfo_parse(exact, size, &v))
		must(v.stext >= KERNEL_MAP_START && v.phys_base % (2 * MB) == 0);
	memcpy(mem + 24, in->at, size);
	while (!vmcoreinfo_find(mem, pages, &from, &v))
		must(from <= pages);
	free(mem);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	uint64_t undo[16][2];
	struct vmcoreinfo v;
	struct made *m;
	size_t n, i;

	if (!tables[0].mem)
		for (int k = 0; k < 3; k++)
			made_start(&tables[k], (enum kallsyms_layout)k, k < 2, false);
	m = &tables[take(&in, 1) % 3];
	v = note_of(m);
	{
		const uint64_t places[] = {m->names,	m->markers, m->tokens,	  m->token_index,
					   m->num_syms, m->offsets, MADE_SYMBOLS, MADE_SIZE};
		const uint64_t addresses[] = {v.names,	 v.tokens, v.token_index,	v.num_syms,
					      v.offsets, MADE_VA,  MADE_VA + MADE_SIZE, 0};
		gva_t *const says[] = {&v.num_syms,    &v.names,   &v.tokens,
				       &v.token_index, &v.offsets, &v.relative_base};

		n = take(&in, 1) % 4;
		for (i = 0; i < n; i++)
			*says[take(&in, 1) % 6] = take_number(&in, addresses, 8);
		n = take(&in, 1) % 16;
		for (i = 0; i < n; i++) {
			uint64_t at = take_number(&in, places, 8) % (MADE_SIZE - 8), value;

			memcpy(&value, m->mem + at, 8);
			undo[i][0] = at;
			undo[i][1] = value;
			value = take_number(&in, places, 8);
			memcpy(m->mem + at, &value, 1u << (take(&in, 1) & 3));
		}
	}
	mend(m, &v);
	while (n--)
		memcpy(m->mem + undo[n][0], &undo[n][1], 8);
	read_text(&in);
	return 0;
}

void fuzz_seeds(void)
{
	static const char text[] = "OSRELEASE=6.1.0-56-cloud-amd64\nPAGESIZE=4096\n"
				   "SYMBOL(_stext)=ffffffff93000000\n"
				   "SYMBOL(kallsyms_names)=ffffffff93975590\n"
				   "SYMBOL(kallsyms_relative_base)=ffffffff93975588\n"
				   "NUMBER(phys_base)=-318767104\n"
				   "SYMBOL(init_top_pgt)=ffffffff94222000\n"
				   "NUMBER(pgtable_l5_enabled)=1\nKERNELOFFSET=12000000\n";

	for (uint8_t layout = 0; layout < 3; layout++) {
		uint8_t seed[3 + sizeof(text)] = {layout, 0, 0};
		uint8_t said[] = {layout, 1, layout, 3, 0, 0};

		memcpy(seed + 3, text, sizeof(text));
		fuzz_seed(seed, sizeof(seed));
		fuzz_seed(said, sizeof(said));
	}
}
