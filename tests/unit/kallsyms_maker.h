/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes kallsyms tables as scripts/kallsyms.c does, in each of its layouts, for made-up symbols:
 * token i is the character i, but for a few longer tokens.
 */
#ifndef TESTS_KALLSYMS_MAKER_H
#define TESTS_KALLSYMS_MAKER_H

#include "tests/unit/linux_guest.h"

#define MADE_SYMBOLS 6000u
#define MADE_PERCPU  20u
#define MADE_SIZE    (1 * MB)
#define MADE_TEXT    0xffffffff81000000ull
#define MADE_VA	     (MADE_TEXT - 0x4000) /* of the memory the tables are in */

struct made {
	uint8_t *mem;
	uint64_t names, markers, tokens, token_index, num_syms, offsets; /* where they are */
};

/* The kernel's common strings have tokens of their own; these stand for them. */
static const struct {
	uint8_t token;
	const char *text;
} made_tokens[] = {{1, "T__x64_sys_"}, {2, "security_"}, {3, "_file"}, {4, "d"}};

static void made_name(uint32_t i, char name[64])
{
	/* The type letter first; one very long name, for lengths of two bytes. */
	if (i == 700)
		sprintf(name, "t%060u", i);
	else if (i % 3 == 0)
		sprintf(name, "T__x64_sys_call%u", i);
	else if (i % 3 == 1)
		sprintf(name, "tsecurity_hook_file%u", i);
	else
		sprintf(name, "Dvariable%u", i);
}

static gva_t made_address(uint32_t i, bool percpu)
{
	if (percpu && i < MADE_PERCPU)
		return i * 64;
	return MADE_TEXT + 0x40ull * i + (i % 7 == 0); /* some odd ones */
}

static uint64_t made_put_name(uint8_t *p, uint32_t i)
{
	uint8_t codes[256];
	char name[64];
	size_t n = 0, k, t, head;
	const char *s = name;

	made_name(i, name);
	if (i == 700) { /* 150 tokens for one character each: only the length matters */
		codes[n++] = 't';
		for (; n < 150; n++)
			codes[n] = (uint8_t)('0' + n % 10);
	} else {
		while (*s) {
			for (t = 0; t < 4; t++) {
				k = strlen(made_tokens[t].text);
				if (!strncmp(s, made_tokens[t].text, k))
					break;
			}
			if (t < 4) {
				codes[n++] = made_tokens[t].token;
				s += k;
			} else {
				codes[n++] = (uint8_t)*s++;
			}
		}
	}
	head = n < 128 ? 1 : 2;
	if (head == 1) {
		p[0] = (uint8_t)n;
	} else {
		p[0] = (uint8_t)(n | 0x80);
		p[1] = (uint8_t)(n >> 7);
	}
	memcpy(p + head, codes, n);
	return head + n;
}

static void made_put32(struct made *m, uint64_t pos, uint32_t v)
{
	memcpy(m->mem + pos, &v, 4);
}

static uint64_t made_put_offsets(struct made *m, uint64_t pos, enum kallsyms_layout layout,
				 bool percpu)
{
	uint32_t i;

	m->offsets = pos;
	for (i = 0; i < MADE_SYMBOLS; i++) {
		gva_t a = made_address(i, percpu);
		uint64_t v;

		if (layout == KALLSYMS_C)
			v = a - (MADE_VA + pos + 4 * i);
		else if (!percpu)
			v = a - MADE_TEXT;
		else
			v = i < MADE_PERCPU ? a : MADE_TEXT - 1 - a;
		made_put32(m, pos + 4 * i, (uint32_t)v);
	}
	pos += 4 * MADE_SYMBOLS;
	if (layout == KALLSYMS_C)
		return pos;
	pos = align_up(pos, 8);
	for (i = 0; i < 2; i++)
		made_put32(m, pos + 4 * i, (uint32_t)(MADE_TEXT >> 32 * i));
	return pos + 8;
}

/* seqs: three bytes a symbol between markers and tokens, as 6.2 and 6.3 have them. */
static void made_start(struct made *m, enum kallsyms_layout layout, bool percpu, bool seqs)
{
	uint64_t pos = 0x1234 * 4, end, align = layout == KALLSYMS_C ? 4 : 8, i, k;
	uint32_t markers[MADE_SYMBOLS / 256 + 1];
	uint16_t index[256];

	m->mem = malloc(MADE_SIZE);
	for (i = 0; i < MADE_SIZE; i++)
		m->mem[i] = (uint8_t)(i * 7 + (i >> 8)); /* neither zeros nor ascending */
	if (layout == KALLSYMS_A)
		pos = made_put_offsets(m, align_up(pos, 8), layout, percpu);
	m->num_syms = pos;
	memset(m->mem + pos, 0, 8);
	made_put32(m, pos, MADE_SYMBOLS);
	pos = m->names = align_up(pos + 4, align);
	for (i = 0; i < MADE_SYMBOLS; i++) {
		if (i % 256 == 0)
			markers[i / 256] = (uint32_t)(pos - m->names);
		pos += made_put_name(m->mem + pos, (uint32_t)i);
	}
	end = align_up(pos, align);
	memset(m->mem + pos, 0, end - pos);
	m->markers = end;
	memcpy(m->mem + end, markers, sizeof(markers));
	pos = end + sizeof(markers);
	end = align_up(pos, align);
	memset(m->mem + pos, 0, end - pos);
	if (seqs) {
		for (i = 0; i < 3 * MADE_SYMBOLS; i++)
			m->mem[end + i] = (uint8_t)(i * 37 + 11);
		pos = end + 3 * MADE_SYMBOLS;
		end = align_up(pos, align);
		memset(m->mem + pos, 0, end - pos);
	}
	m->tokens = pos = end;
	for (i = 0; i < 256; i++) {
		char one[2] = {(char)i, 0};
		const char *text = i ? one : "?";

		for (k = 0; k < 4; k++)
			if (made_tokens[k].token == i)
				text = made_tokens[k].text;
		index[i] = (uint16_t)(pos - m->tokens);
		memcpy(m->mem + pos, text, strlen(text) + 1);
		pos += strlen(text) + 1;
	}
	end = align_up(pos, align);
	memset(m->mem + pos, 0, end - pos);
	m->token_index = end;
	memcpy(m->mem + end, index, sizeof(index));
	pos = end + sizeof(index);
	if (layout != KALLSYMS_A)
		made_put_offsets(m, align_up(pos, align), layout, percpu);
}

static void made_end(struct made *m)
{
	free(m->mem);
	m->mem = NULL;
}

#endif
