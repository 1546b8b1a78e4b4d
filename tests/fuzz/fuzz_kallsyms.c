// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's symbol tables in memory that a hostile guest has changed, between the search and the
 * copy too, and the copy as a blob that comes back damaged. The input is a list of changes.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/kallsyms_maker.h"

static struct made tables[4];

static void look_up(const struct kernel_blob *b)
{
	char name[SYMBOL_NAME_SIZE], type;
	gva_t va, start;

	for (uint32_t i = 0; i < b->symbols; i += b->symbols / 8 + 1) {
		gva_t want = (gva_t)(int64_t)((const int32_t *)section(b, SEC_ADDRESSES))[i];

		if (symbol_at(b, want, name, &type, &start))
			continue;
		must(memchr(name, '\0', sizeof(name)));
		(void)!symbol_find(b, name, &va);
	}
	(void)!symbol_find(b, "", &va);
	(void)!symbol_find(b, "security_hook_file4", &va);
}

/* A row of changes somewhere in size bytes; what was there is put into undo. */
static size_t change(struct input *in, uint8_t *mem, uint64_t size, const uint64_t *places,
		     size_t count, uint64_t undo[][2])
{
	size_t n = take(in, 1) % 16, i;

	for (i = 0; i < n; i++) {
		uint64_t at = take_number(in, places, count) % (size - 8), value;

		memcpy(&value, mem + at, 8);
		undo[i][0] = at;
		undo[i][1] = value;
		value = take_number(in, places, count);
		memcpy(mem + at, &value, 1u << (take(in, 1) & 3));
	}
	return n;
}

static void put_back(uint8_t *mem, uint64_t undo[][2], size_t n)
{
	while (n--)
		memcpy(mem + undo[n][0], &undo[n][1], 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum kallsyms_layout layouts[] = {KALLSYMS_A, KALLSYMS_A, KALLSYMS_B,
						       KALLSYMS_C};
	struct input in = input_of(data, size);
	uint64_t undo[2][16][2], from = 0;
	struct kallsyms_place place;
	struct kernel_blob *b, *copy;
	struct made *m;
	size_t first, second;
	gva_t va;

	if (!tables[0].mem)
		for (int i = 0; i < 4; i++)
			made_start(&tables[i], layouts[i], i & 1, i == 1);
	m = &tables[take(&in, 1) & 3];
	{
		const uint64_t places[] = {m->names,	 m->markers, m->tokens, m->token_index,
					   m->num_syms,	 m->offsets, MADE_TEXT, MADE_SIZE,
					   MADE_SYMBOLS, MADE_VA,    0x80,	0xffffffff};
		first = change(&in, m->mem, MADE_SIZE, places, 12, undo[0]);
		while (!kallsyms_find(m->mem, MADE_SIZE, take(&in, 1) & 1 ? MADE_VA : 0, &from,
				      &place)) {
			must(place.symbols && place.names < MADE_SIZE &&
			     place.names_size <= MADE_SIZE - place.names);
			(void)!kallsyms_address(m->mem, &place, "variable2", &va);
			second = change(&in, m->mem, MADE_SIZE, places, 12, undo[1]);
			if (!kallsyms_load(m->mem, &place, &b)) {
				must(kallsyms_valid(b));
				look_up(b);
				/* Kept by the vmm, and not what it was when it comes back. */
				copy = malloc(b->size);
				memcpy(copy, b, b->size);
				copy->levels = 4;
				copy->image_end = 1;
				copy->field[F_PAGE_SIZE] = 64;
				{
					const uint64_t parts[] = {
						offsetof(struct kernel_blob, symbols),
						offsetof(struct kernel_blob, sec),
						b->sec[SEC_ORDER].off,
						b->sec[SEC_BUCKETS].off,
						b->sec[SEC_MARKERS].off,
						b->sec[SEC_NAMES].off,
						b->sec[SEC_TOKEN_INDEX].off,
						b->sec[SEC_TOKENS].off};
					uint64_t ignored[16][2];

					change(&in, (uint8_t *)copy, b->size, parts, 8, ignored);
				}
				if (!linux_restore(copy, b->size))
					look_up(copy);
				free(copy);
				free(b);
			}
			put_back(m->mem, undo[1], second);
			if (!input_left(&in))
				break;
		}
		put_back(m->mem, undo[0], first);
	}
	return 0;
}

void fuzz_seeds(void)
{
	for (uint8_t layout = 0; layout < 4; layout++) {
		uint8_t whole[] = {layout, 0, 1, 0, 0};
		uint8_t changed[] = {layout, 1, 2 | 3 << 2, 0, 1, 8, 0, 1, 1, 2,
				     4,	     0, 8,	    2, 1, 2, 0, 4, 8, 0};

		fuzz_seed(whole, sizeof(whole));
		fuzz_seed(changed, sizeof(changed));
	}
}
