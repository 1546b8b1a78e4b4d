/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol tables with a few bytes wrong, at places that are known from elsewhere (vmcoreinfo.c). The
 * tables say many things twice: tokens end where the index has the next one and at a NUL; markers
 * follow from the lengths of the names; addresses ascend. So a private copy can be mended, and is
 * laid out anew for kallsyms_load(), which checks it as it checks any other. What is wrong inside a
 * name's text stays wrong there.
 */
#include <ctype.h>
#include <stdlib.h>
#include "engine/linux/internal.h"

#define TOKENS_MAX   (64 * KB) /* the index has 16 bits */
#define DISORDER_MAX 16	       /* addresses that may be wrong */

/* Offset of [va, va + bytes) in the image; ~0: not in it. */
static uint64_t offset_of(gva_t va, uint64_t bytes, gva_t image, uint64_t size)
{
	if (va < image || va - image > size || bytes > size - (va - image))
		return ~0ull;
	return va - image;
}

/* Exactly 256 strings and nothing but padding behind them: the index follows. */
static bool index_from_tokens(const uint8_t *tokens, uint32_t size, uint16_t index[TOKENS])
{
	uint32_t at = 0, i;

	for (i = 0; i < TOKENS; i++) {
		const uint8_t *end = at < size ? memchr(tokens + at, 0, size - at) : NULL;

		if (!end || end == tokens + at)
			return false;
		index[i] = (uint16_t)at;
		at = (uint32_t)(end - tokens) + 1;
	}
	for (; at < size; at++)
		if (tokens[at])
			return false;
	return true;
}

/* The index is in order: a token ends in front of the next one and nowhere else. */
static bool tokens_from_index(uint8_t *tokens, uint32_t size, const uint16_t index[TOKENS])
{
	uint32_t i, k, end;

	if (index[0])
		return false;
	for (i = 1; i < TOKENS; i++)
		if (index[i] < index[i - 1] + 2 || index[i] >= size)
			return false;
	for (i = 0; i < TOKENS; i++) {
		if (i + 1 < TOKENS)
			end = index[i + 1] - 1u;
		else
			for (end = index[i]; end + 1 < size && tokens[end]; end++)
				;
		tokens[end] = 0;
		for (k = index[i]; k < end; k++)
			if (!tokens[k])
				tokens[k] = '?';
		if (k == index[i])
			return false;
	}
	memset(tokens + end, 0, size - end);
	return true;
}

/* Length of all names; where each 256th starts. */
static int names_measure(const uint8_t *names, uint64_t limit, uint32_t symbols, uint32_t *markers,
			 uint64_t *size)
{
	uint64_t pos = 0;
	uint32_t i, length;

	for (i = 0; i < symbols; i++) {
		if (i % NAMES_PER_MARKER == 0)
			markers[i / NAMES_PER_MARKER] = (uint32_t)pos;
		if (!kallsyms_name(names, limit, &pos, &length))
			return -ENOENT;
		pos += length;
	}
	*size = pos;
	return 0;
}

static bool address_possible(gva_t a)
{
	return (gva_t)(int64_t)(int32_t)a == a;
}

/* In order but for a few, which get the address of their neighbour. */
static bool addresses_mend(const uint8_t *mem, const struct kallsyms_place *from, uint32_t *offsets,
			   gva_t base)
{
	uint32_t i, wrong = 0;
	gva_t last = 0;

	for (i = 0; i < from->symbols; i++) {
		gva_t a = kallsyms_decode(mem, from, i), next = ~0ull;

		if (i + 1 < from->symbols)
			next = kallsyms_decode(mem, from, i + 1);
		/* Which of two is wrong: the one that does not fit what follows. */
		if (!address_possible(a) || a < last ||
		    (a > next && next >= last && address_possible(next))) {
			if (++wrong > DISORDER_MAX)
				return false;
			a = last;
		}
		/* Absolute below the kernel's half, else below the base: kallsyms_sym_address() */
		if (a < KERNEL_MAP_START ? a > INT32_MAX : a < base)
			return false;
		offsets[i] = (uint32_t)(a < KERNEL_MAP_START ? a : base - 1 - a);
		last = a;
	}
	return last >= KERNEL_MAP_START;
}

static int addresses_find(const uint8_t *mem, uint64_t size, gva_t va, const struct vmcoreinfo *v,
			  struct kallsyms_place *from, uint32_t *offsets)
{
	uint64_t base;

	from->offsets = offset_of(v->offsets, 4ull * from->symbols, va, size);
	if (from->offsets == ~0ull)
		return -ENOENT;
	if (!v->relative_base) {
		from->layout = KALLSYMS_C;
		from->base = v->offsets;
		return addresses_mend(mem, from, offsets, KERNEL_MAP_START) ? 0 : -ENOENT;
	}
	base = offset_of(v->relative_base, 8, va, size);
	if (base == ~0ull)
		return -ENOENT;
	from->layout = KALLSYMS_B;
	from->base = load64(mem + base);
	from->absolute_percpu = true;
	if (addresses_mend(mem, from, offsets, KERNEL_MAP_START))
		return 0;
	from->absolute_percpu = false;
	return addresses_mend(mem, from, offsets, KERNEL_MAP_START) ? 0 : -ENOENT;
}

/* Tokens and index where place says, in order again. */
static int tokens_mend(uint8_t *copy, const struct kallsyms_place *place)
{
	uint8_t *tokens = copy + place->tokens;
	uint16_t index[TOKENS];
	uint32_t size = (uint32_t)place->tokens_size;

	/* Its NULs are more than one byte can forge: they come first. */
	if (!index_from_tokens(tokens, size, index)) {
		memcpy(index, copy + place->token_index, sizeof(index));
		if (!tokens_from_index(tokens, size, index))
			return -ENOENT;
	}
	memcpy(copy + place->token_index, index, sizeof(index));
	return 0;
}

/* A name starts with its type letter; '?' where that is damaged. */
static void letters_mend(uint8_t *copy, const struct kallsyms_place *place)
{
	const uint8_t *names = copy + place->names;
	uint32_t i, length;
	uint64_t pos = 0;

	for (i = 0; i < place->symbols; i++) {
		uint8_t *letter;

		if (!kallsyms_name(names, place->names_size, &pos, &length))
			return;
		letter = copy + place->tokens + load16(copy + place->token_index + 2 * names[pos]);
		if (!isalpha(*letter))
			*letter = '?';
		pos += length;
	}
}

int kallsyms_mend(const uint8_t *mem, uint64_t size, gva_t va, const struct vmcoreinfo *v,
		  uint8_t **mended, struct kallsyms_place *place)
{
	uint64_t number = offset_of(v->num_syms, 4, va, size);
	uint64_t names = offset_of(v->names, 1, va, size);
	uint64_t tokens = offset_of(v->tokens, 1, va, size);
	uint64_t index = offset_of(v->token_index, TOKEN_INDEX_SIZE, va, size);
	struct kallsyms_place from = {0};
	uint64_t names_size, at;
	uint32_t *markers;
	uint8_t *copy;
	int err;

	if (number == ~0ull || names == ~0ull || tokens == ~0ull || index == ~0ull ||
	    index <= tokens || index - tokens > TOKENS_MAX)
		return -ENOENT;
	from.symbols = load32(mem + number);
	if (!from.symbols || from.symbols > KALLSYMS_MAX)
		return -ENOENT;
	markers = malloc(4ull * (from.symbols / NAMES_PER_MARKER + 1));
	if (!markers)
		return -ENOMEM;
	err = names_measure(mem + names, size - names, from.symbols, markers, &names_size);
	if (err)
		goto out;

	/* Anew: markers, offsets, tokens, index, names; none needs more alignment than the next. */
	*place = (struct kallsyms_place){
		.layout = KALLSYMS_A,
		.absolute_percpu = true,
		.symbols = from.symbols,
		.base = KERNEL_MAP_START,
		.names_size = names_size,
		.tokens_size = index - tokens,
	};
	place->offsets = 4ull * ((from.symbols + NAMES_PER_MARKER - 1) / NAMES_PER_MARKER);
	place->token_index = place->offsets + 4ull * from.symbols;
	place->tokens = place->token_index + TOKEN_INDEX_SIZE;
	place->names = place->tokens + place->tokens_size;
	at = place->names + names_size;
	err = -ENOMEM;
	copy = malloc(at);
	if (!copy)
		goto out;
	memcpy(copy, markers, place->offsets);
	memcpy(copy + place->token_index, mem + index, TOKEN_INDEX_SIZE);
	memcpy(copy + place->tokens, mem + tokens, place->tokens_size);
	memcpy(copy + place->names, mem + names, names_size);
	err = addresses_find(mem, size, va, v, &from, (uint32_t *)(copy + place->offsets));
	if (!err)
		err = tokens_mend(copy, place);
	if (err) {
		free(copy);
		goto out;
	}
	letters_mend(copy, place);
	*mended = copy;
out:
	free(markers);
	return err;
}
