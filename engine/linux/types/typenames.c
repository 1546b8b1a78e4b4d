/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types' names as people write them in C: words in any order that C allows, stars, one pair of
 * brackets, and a module's name with a colon before all of it.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/types/btf.h"

#define MAX_STARS 4
#define MAX_COUNT (1u << 24)

#define KIND(k) (1u << BTF_KIND_##k)
#define TYPE_KINDS                                                                        \
	(KIND(INT) | KIND(STRUCT) | KIND(UNION) | KIND(ENUM) | KIND(ENUM64) | KIND(FWD) | \
	 KIND(TYPEDEF) | KIND(FLOAT))

/* The words of an integer's name in C, in any order, to the name that BTF has. */
static bool integer_name(const char *text, size_t length, char *out, size_t size)
{
	static const char *const words[] = {"unsigned", "signed", "long", "short", "int", "char"};
	enum { UNSIGNED, SIGNED, LONG, SHORT, INT, CHAR, WORDS };
	unsigned int count[WORDS] = {0};
	size_t i = 0, n, w;
	const char *name;

	while (i < length) {
		for (n = 0; i + n < length && text[i + n] != ' '; n++)
			;
		for (w = 0; w < WORDS; w++)
			if (n == strlen(words[w]) && !memcmp(text + i, words[w], n))
				break;
		if (w == WORDS)
			return false;
		count[w]++;
		for (i += n; i < length && text[i] == ' '; i++)
			;
	}
	if (count[CHAR])
		name = count[UNSIGNED] ? "unsigned char" : count[SIGNED] ? "signed char" : "char";
	else if (count[SHORT])
		name = count[UNSIGNED] ? "short unsigned int" : "short int";
	else if (count[LONG] > 1)
		name = count[UNSIGNED] ? "long long unsigned int" : "long long int";
	else if (count[LONG])
		name = count[UNSIGNED] ? "long unsigned int" : "long int";
	else
		name = count[UNSIGNED] ? "unsigned int" : "int";
	snprintf(out, size, "%s", name);
	return true;
}

static const char *skip_space(const char *p)
{
	while (isspace((uint8_t)*p))
		p++;
	return p;
}

/* A name's words with single spaces, up to what is none; const and volatile are left out. */
static const char *take_words(const char *p, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (;;) {
		const char *from = skip_space(p), *end = from;
		size_t length;

		while (isalnum((uint8_t)*end) || *end == '_' || *end == '.' || *end == '$')
			end++;
		length = (size_t)(end - from);
		if (!length)
			return from;
		p = end;
		if ((length == 5 && !memcmp(from, "const", 5)) ||
		    (length == 8 && !memcmp(from, "volatile", 8)))
			continue;
		if (n + length + 2 > size)
			return NULL;
		if (n)
			out[n++] = ' ';
		memcpy(out + n, from, length);
		n += length;
		out[n] = '\0';
	}
}

/* The kinds a name may have, and the name without the word that says it. */
static uint32_t keyword(const char **name)
{
	static const struct {
		const char *word;
		uint32_t kinds;
	} words[] = {
		{"struct ", KIND(STRUCT) | KIND(FWD)},
		{"union ", KIND(UNION) | KIND(FWD)},
		{"enum ", KIND(ENUM) | KIND(ENUM64)},
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strncmp(*name, words[i].word, strlen(words[i].word)))
			continue;
		*name += strlen(words[i].word);
		return words[i].kinds;
	}
	return TYPE_KINDS;
}

int linux_type_find(const char *text, struct linux_type *type, bool *pointer)
{
	char words[128], integer[32];
	const char *colon = strchr(text, ':'), *p = text, *name = words;
	const struct btf_raw *btf;
	unsigned int stars = 0;
	uint32_t kinds;
	int err;

	*pointer = false;
	p = take_words(colon ? colon + 1 : text, words, sizeof(words));
	if (!p || !words[0])
		return -EINVAL;
	kinds = keyword(&name);
	if (!strcmp(name, "void")) {
		*type = (struct linux_type){0};
		err = btf_of(type, &btf);
	} else {
		if (kinds == TYPE_KINDS &&
		    integer_name(name, strlen(name), integer, sizeof(integer)))
			name = integer;
		err = btf_find(name, colon ? text : NULL, colon ? (size_t)(colon - text) : 0, kinds,
			       type);
	}
	if (err)
		return err;
	for (; *p == '*' || isspace((uint8_t)*p) || !strncmp(p, "const", 5); p++) {
		if (*p == 'c')
			p += 4;
		stars += *p == '*';
	}
	if (*p == '[') {
		char *end;
		unsigned long n;

		p = skip_space(p + 1);
		n = *p == ']' ? 0 : strtoul(p, &end, 0);
		if (*p != ']' && (end == p || n > MAX_COUNT || !isdigit((uint8_t)*p)))
			return -EINVAL;
		p = *p == ']' ? p : skip_space(end);
		if (*p != ']')
			return -EINVAL;
		type->array = true;
		type->count = (uint32_t)n;
		p = skip_space(p + 1);
	} else if (stars) {
		*pointer = true;
		stars--;
	}
	if (*p || stars > MAX_STARS)
		return -EINVAL;
	type->stars = (uint8_t)stars;
	if (!type->id && !stars && !*pointer)
		return -EINVAL;
	return 0;
}

void linux_type_near(const char *text, struct text_near *near)
{
	static char words[128]; /* near->wanted points into it */
	const char *colon = strchr(text, ':'), *name = words;
	const struct linux_type kernels = {0};
	const struct btf_raw *btf;
	uint32_t id, n, kinds;

	text_near_init(near, "");
	if (btf_of(&kernels, &btf) || !take_words(colon ? colon + 1 : text, words, sizeof(words)))
		return;
	kinds = keyword(&name);
	text_near_init(near, name);
	n = btf_raw_count(btf);
	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf_raw_type(btf, id);
		const char *s;

		if (!t->name_off || !(kinds & 1u << btf_kind(t)))
			continue;
		s = btf_raw_name(btf, t->name_off);
		if (s)
			text_near_add(near, s);
	}
}
