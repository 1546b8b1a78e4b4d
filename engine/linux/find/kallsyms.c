/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own symbol table. kallsyms_find() recognises its tables in memory by how they fit
 * together (scripts/kallsyms.c writes them), kallsyms_load() takes private copies and builds an
 * index by name, and the rest looks symbols up in those copies.
 *
 * A name is stored as a length and that many bytes, each the number of a token; the first character
 * of the expansion is the symbol's type letter. markers[i] is the offset of name 256 * i.
 *
 *   layout A (to 6.3)     offsets relative_base num_syms names markers [seqs] tokens token_index
 *   layout B (from 6.4)   num_syms names markers tokens token_index offsets relative_base
 *   layout C (from 7.0)   as B without relative_base: offsets relative to their own places
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/internal.h"

#define PROBE_STEP     (TOKEN_INDEX_SIZE / 2)
#define PROBE	       8
#define MIN_MARKERS    16     /* 4,000 symbols: the smallest kernels have more */
#define MAX_NAME       0x3fff /* two bytes of ULEB128 */
#define MAX_TOKEN      512
#define MIN_NAME_BYTES 2 /* length, one token */
#define MAX_BLOCK      (NAMES_PER_MARKER * 600ull)
#define MARKERS_REACH  (4 * MB) /* seqs (three bytes a symbol) may lie between */

/* 256 offsets, ascending, of strings of at least one character. */
static bool is_token_index(const uint8_t *p)
{
	uint32_t last = 0;
	size_t i;

	if (load16(p) != 0)
		return false;
	for (i = 1; i < TOKENS; i++) {
		uint32_t v = load16(p + 2 * i);

		if (v < last + 2 || v > last + MAX_TOKEN)
			return false;
		last = v;
	}
	return true;
}

/* Tokens end where the index says they do, and only padding is between the two tables. */
static bool tokens_fit(const uint8_t *mem, uint64_t tokens, uint64_t index, uint64_t *size)
{
	uint64_t start = 0, next, end;
	size_t i;

	for (i = 0; i < TOKENS; i++) {
		next = i + 1 < TOKENS ? load16(mem + index + 2 * (i + 1)) : index - tokens;
		if (next <= start || next > index - tokens)
			return false;
		for (end = start; end < next && mem[tokens + end]; end++)
			;
		if (end == start || end == next)
			return false;
		if (i + 1 < TOKENS && end + 1 != next)
			return false;
		start = next;
	}
	*size = end + 1;
	for (; end < index - tokens; end++)
		if (mem[tokens + end])
			return false;
	return index - tokens - *size < 8;
}

static bool find_tokens(const uint8_t *mem, struct kallsyms_place *pl)
{
	uint64_t last = load16(mem + pl->token_index + TOKEN_INDEX_SIZE - 2);
	uint64_t back;

	for (back = align_up(last + 2, 4); back < last + MAX_TOKEN && back <= pl->token_index;
	     back += 4) {
		pl->tokens = pl->token_index - back;
		if (tokens_fit(mem, pl->tokens, pl->token_index, &pl->tokens_size))
			return true;
	}
	return false;
}

/* Reads a name's length at *pos, which moves to its first token. */
static inline bool name_length(const uint8_t *names, uint64_t limit, uint64_t *pos,
			       uint32_t *length)
{
	uint32_t n;

	if (*pos >= limit)
		return false;
	n = READ_ONCE(names[*pos]);
	(*pos)++;
	if (n & 0x80) {
		if (*pos >= limit)
			return false;
		n = (n & 0x7f) | (uint32_t)READ_ONCE(names[*pos]) << 7;
		(*pos)++;
	}
	if (!n || n > MAX_NAME || n > limit - *pos)
		return false;
	*length = n;
	return true;
}

bool kallsyms_name(const uint8_t *names, uint64_t limit, uint64_t *pos, uint32_t *length)
{
	return name_length(names, limit, pos, length);
}

static bool type_letter(uint8_t c)
{
	return isalpha(c) || c == '?';
}

/*
 * All names parse within limit, and each marker is the offset of its name. *size becomes the
 * length of all.
 */
static bool names_fit(const uint8_t *names, uint64_t limit, uint32_t symbols,
		      const uint8_t *markers, const uint8_t *tokens, const uint8_t *token_index,
		      uint64_t tokens_size, uint64_t *size)
{
	bool letter[TOKENS];
	uint64_t pos = 0;
	uint32_t i;

	for (i = 0; i < TOKENS; i++) {
		uint32_t t = load16(token_index + 2 * i);

		letter[i] = t < tokens_size && type_letter(tokens[t]);
	}
	for (i = 0; i < symbols; i++) {
		uint32_t length;

		if (i % NAMES_PER_MARKER == 0 &&
		    load32(markers + 4ull * (i / NAMES_PER_MARKER)) != pos)
			return false;
		if (!name_length(names, limit, &pos, &length))
			return false;
		if (!letter[READ_ONCE(names[pos])])
			return false;
		pos += length;
	}
	*size = pos;
	return true;
}

/* How many entries from p on look like markers. */
static uint32_t markers_run(const uint8_t *mem, uint64_t pos, uint64_t end)
{
	uint32_t last = 0, n = 1;

	if (load32(mem + pos) != 0)
		return 0;
	for (pos += 4; pos + 4 <= end; pos += 4, n++) {
		uint32_t v = load32(mem + pos);

		if (v < last + NAMES_PER_MARKER * MIN_NAME_BYTES || v - last > MAX_BLOCK)
			break;
		last = v;
	}
	return n;
}

/* Behind the names is padding only, then the markers: look for their number and start. */
static bool find_names(const uint8_t *mem, struct kallsyms_place *pl, uint32_t run,
		       uint64_t *num_syms)
{
	uint64_t last = load32(mem + pl->markers + 4ull * (run - 2));
	uint64_t back = align_up(last + 8, 4);
	uint64_t limit = load32(mem + pl->markers + 4ull * (run - 1)) + MAX_BLOCK;
	uint64_t pos, hdr;

	/* The word behind the markers may look like one more: run or run - 1 of them are real. */
	for (; back < limit && back <= pl->markers; back += 4) {
		uint32_t n;

		pos = pl->markers - back;
		n = load32(mem + pos);
		if (n > KALLSYMS_MAX || n <= NAMES_PER_MARKER * (run - 2) ||
		    n > NAMES_PER_MARKER * run)
			continue;
		for (hdr = 4; hdr <= 8; hdr += 4) {
			if (pos + hdr >= pl->markers)
				continue;
			if (!names_fit(mem + pos + hdr, pl->markers - pos - hdr, n,
				       mem + pl->markers, mem + pl->tokens, mem + pl->token_index,
				       pl->tokens_size, &pl->names_size))
				continue;
			if (pl->markers - pos - hdr - pl->names_size >= 8)
				continue;
			pl->symbols = n;
			pl->names = pos + hdr;
			*num_syms = pos;
			return true;
		}
	}
	return false;
}

static bool find_markers(const uint8_t *mem, struct kallsyms_place *pl, uint64_t *num_syms)
{
	uint64_t pos = pl->tokens & ~3ull;
	uint64_t stop = pos > MARKERS_REACH ? pos - MARKERS_REACH : 0;

	while (pos > stop) {
		uint32_t run;

		pos -= 4;
		run = markers_run(mem, pos, pl->tokens);
		if (run < MIN_MARKERS)
			continue;
		pl->markers = pos;
		if (find_names(mem, pl, run, num_syms))
			return true;
	}
	return false;
}

static inline gva_t decode_address(const uint8_t *mem, const struct kallsyms_place *pl, uint32_t i)
{
	int32_t off = (int32_t)load32(mem + pl->offsets + 4ull * i);

	if (pl->layout == KALLSYMS_C)
		return pl->base + 4ull * i + (uint64_t)(int64_t)off;
	if (!pl->absolute_percpu)
		return pl->base + (uint32_t)off;
	/* kernel/kallsyms.c, kallsyms_sym_address() */
	return off < 0 ? pl->base - 1 - (uint64_t)(int64_t)off : (uint64_t)off;
}

gva_t kallsyms_decode(const uint8_t *mem, const struct kallsyms_place *pl, uint32_t i)
{
	return decode_address(mem, pl, i);
}

/* Symbols are sorted by address, all of which are the kernel's or small absolute values. */
static bool addresses_fit(const uint8_t *mem, uint64_t size, gva_t va,
			  const struct kallsyms_place *pl)
{
	gva_t last = 0, first_kernel = 0;
	uint32_t i;

	if (pl->offsets > size || 4ull * pl->symbols > size - pl->offsets)
		return false;
	for (i = 0; i < pl->symbols; i++) {
		gva_t a = decode_address(mem, pl, i);

		if (i && a < last)
			return false;
		/* Without va, layout C gives places in mem: order is all there is to check. */
		if (va || pl->layout != KALLSYMS_C) {
			if ((gva_t)(int64_t)(int32_t)a != a)
				return false;
			if (!first_kernel && a >= KERNEL_MAP_START)
				first_kernel = a;
		} else if (!i) {
			first_kernel = a;
		}
		last = a;
	}
	return first_kernel && last - first_kernel > pl->symbols;
}

static bool base_fits(gva_t base, gva_t va, uint64_t size)
{
	if (base < KERNEL_MAP_START || base >= KERNEL_MAP_END)
		return false;
	return !va || (base >= va && base - va < size);
}

static bool find_addresses(const uint8_t *mem, uint64_t size, gva_t va, uint64_t num_syms,
			   struct kallsyms_place *pl)
{
	uint64_t table = align_up(4ull * pl->symbols, 8);
	uint64_t behind = pl->token_index + TOKEN_INDEX_SIZE;
	int percpu;

	for (percpu = 1; percpu >= 0; percpu--) {
		pl->absolute_percpu = percpu;
		if (num_syms >= table + 8) {
			pl->layout = KALLSYMS_A;
			pl->offsets = num_syms - 8 - table;
			pl->base = load64(mem + num_syms - 8);
			if (base_fits(pl->base, va, size) && addresses_fit(mem, size, va, pl))
				return true;
		}
		pl->layout = KALLSYMS_B;
		pl->offsets = align_up(behind, 8);
		if (pl->offsets <= size && table + 8 <= size - pl->offsets) {
			pl->base = load64(mem + pl->offsets + table);
			if (base_fits(pl->base, va, size) && addresses_fit(mem, size, va, pl))
				return true;
		}
	}
	pl->absolute_percpu = false;
	pl->layout = KALLSYMS_C;
	pl->offsets = behind;
	pl->base = va + pl->offsets;
	return addresses_fit(mem, size, va, pl);
}

/* Could p be somewhere in a token index? */
static bool ascending(const uint8_t *p)
{
	uint32_t i, last = load16(p);

	for (i = 1; i < PROBE; i++) {
		uint32_t v = load16(p + 2 * i);

		if (v < last + 2 || v > last + MAX_TOKEN)
			return false;
		last = v;
	}
	return true;
}

static bool tables_at(const uint8_t *mem, uint64_t size, gva_t va, uint64_t pos,
		      struct kallsyms_place *pl)
{
	uint64_t num_syms;

	if (!is_token_index(mem + pos))
		return false;
	*pl = (struct kallsyms_place){.token_index = pos};
	return find_tokens(mem, pl) && find_markers(mem, pl, &num_syms) &&
	       find_addresses(mem, size, va, num_syms, pl);
}

int kallsyms_find(const uint8_t *mem, uint64_t size, gva_t va, uint64_t *from,
		  struct kallsyms_place *place)
{
	uint64_t probe, pos;

	/* A table of 512 bytes has a probe in its first half. */
	for (probe = align_up(*from, PROBE_STEP); probe + 2 * PROBE <= size; probe += PROBE_STEP) {
		if (probe % (16 * MB) == 0)
			search_progress(probe);
		if (!ascending(mem + probe))
			continue;
		for (pos = probe < PROBE_STEP ? 0 : probe - PROBE_STEP + 4; pos <= probe;
		     pos += 4) {
			if (pos < *from || pos + TOKEN_INDEX_SIZE > size ||
			    !tables_at(mem, size, va, pos, place))
				continue;
			*from = pos + TOKEN_INDEX_SIZE;
			return 0;
		}
	}
	*from = size;
	return -ENOENT;
}

/* Looking up */

/*
 * The hash of a name: a polynomial, so that the hash of a name follows from those of its tokens
 * without expanding it.
 */
#define HASH_BASE 0x01000193u

static uint32_t hash_fold(uint32_t h)
{
	h ^= h >> 15;
	h *= 0x2c1b3c6du;
	return h ^ h >> 13;
}

static uint32_t hash_string(const char *s)
{
	uint32_t h = 0;

	while (*s)
		h = h * HASH_BASE + (uint8_t)*s++;
	return hash_fold(h);
}

/* A name as stored: what walking and expanding it needs. */
struct names {
	const uint8_t *names;
	uint64_t limit;
	const uint8_t *tokens;
	const uint16_t *token_index;
	uint32_t tokens_size;
};

static struct names names_of(const struct kernel_blob *b)
{
	return (struct names){
		.names = section(b, SEC_NAMES),
		.limit = b->sec[SEC_NAMES].size,
		.tokens = section(b, SEC_TOKENS),
		.token_index = section(b, SEC_TOKEN_INDEX),
		.tokens_size = b->sec[SEC_TOKENS].size,
	};
}

/*
 * Expands the name at *pos and moves *pos to the next one. The length of the name, without its type
 * letter; cut off at SYMBOL_NAME_SIZE. -EINVAL: broken.
 */
static int name_expand(const struct names *n, uint64_t *pos, char name[SYMBOL_NAME_SIZE],
		       char *type)
{
	uint32_t length, i, out = 0;
	bool first = true;

	if (!name_length(n->names, n->limit, pos, &length))
		return -EINVAL;
	for (i = 0; i < length; i++) {
		uint32_t t = n->token_index[n->names[*pos + i]];

		for (; t < n->tokens_size && n->tokens[t]; t++) {
			if (first) {
				*type = (char)n->tokens[t];
				first = false;
			} else if (out + 1 < SYMBOL_NAME_SIZE) {
				name[out++] = (char)n->tokens[t];
			}
		}
	}
	name[out] = '\0';
	*pos += length;
	return (int)out;
}

/* Where name number i starts. */
static int name_position(const struct kernel_blob *b, const struct names *n, uint32_t i,
			 uint64_t *pos)
{
	const uint32_t *markers = section(b, SEC_MARKERS);
	uint32_t k, length;

	*pos = markers[i / NAMES_PER_MARKER];
	for (k = i % NAMES_PER_MARKER; k > 0; k--) {
		if (!name_length(n->names, n->limit, pos, &length))
			return -EINVAL;
		*pos += length;
	}
	return 0;
}

static gva_t symbol_address(const struct kernel_blob *b, uint32_t i)
{
	return (gva_t)(int64_t)((const int32_t *)section(b, SEC_ADDRESSES))[i];
}

int symbol_find(const struct kernel_blob *b, const char *name, gva_t *va)
{
	const uint32_t *buckets = section(b, SEC_BUCKETS), *order = section(b, SEC_ORDER);
	struct names n = names_of(b);
	uint32_t h = hash_string(name) & (b->buckets - 1), i;
	char found[SYMBOL_NAME_SIZE], type;
	uint64_t pos;

	for (i = buckets[h]; i < buckets[h + 1]; i++) {
		if (name_position(b, &n, order[i], &pos) || name_expand(&n, &pos, found, &type) < 0)
			return -ENOENT;
		if (strcmp(found, name))
			continue;
		*va = symbol_address(b, order[i]);
		return 0;
	}
	return -ENOENT;
}

int symbol_at(const struct kernel_blob *b, gva_t va, char name[SYMBOL_NAME_SIZE], char *type,
	      gva_t *start)
{
	uint32_t lo = 0, hi = b->symbols;
	struct names n = names_of(b);
	uint64_t pos;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (symbol_address(b, mid) <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return -ENOENT;
	/* Of several at one address the first, as the kernel prints it. */
	for (lo--; lo > 0 && symbol_address(b, lo - 1) == symbol_address(b, lo); lo--)
		;
	*start = symbol_address(b, lo);
	if (name_position(b, &n, lo, &pos) || name_expand(&n, &pos, name, type) < 0)
		return -ENOENT;
	return 0;
}

int linux_symbol(const char *name, gva_t *va)
{
	return kernel ? symbol_find(kernel, name, va) : -ENODATA;
}

int linux_symbolize(gva_t va, char *buf, size_t size)
{
	char name[SYMBOL_NAME_SIZE], type;
	gva_t start;

	if (!kernel)
		return -ENODATA;
	if (va < kernel->image_start || va >= kernel->image_end)
		return linux_module_symbolize(va, buf, size);
	if (symbol_at(kernel, va, name, &type, &start) || start < kernel->image_start)
		return -ENOENT;
	if (va == start)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%s+0x%llx", name, (unsigned long long)(va - start));
	return 0;
}

int linux_each_symbol(const char *prefix, int (*fn)(const char *name, gva_t va, void *arg),
		      void *arg)
{
	size_t want = strlen(prefix);
	char name[SYMBOL_NAME_SIZE], type;
	struct names n;
	uint64_t pos = 0;
	uint32_t i;
	int ret;

	if (!kernel)
		return -ENODATA;
	n = names_of(kernel);
	for (i = 0; i < kernel->symbols; i++) {
		if (name_expand(&n, &pos, name, &type) < 0)
			return -EINVAL;
		if (strncmp(name, prefix, want))
			continue;
		ret = fn(name, symbol_address(kernel, i), arg);
		if (ret)
			return ret;
	}
	return 0;
}

int kallsyms_address(const uint8_t *mem, const struct kallsyms_place *pl, const char *name,
		     gva_t *address)
{
	uint16_t token_index[TOKENS];
	struct names n = {
		.names = mem + pl->names,
		.limit = pl->names_size,
		.tokens = mem + pl->tokens,
		.token_index = token_index,
		.tokens_size = (uint32_t)pl->tokens_size,
	};
	char found[SYMBOL_NAME_SIZE], type;
	uint64_t pos = 0;
	uint32_t i;

	memcpy(token_index, mem + pl->token_index, sizeof(token_index));
	for (i = 0; i < pl->symbols; i++) {
		if (name_expand(&n, &pos, found, &type) < 0)
			return -EINVAL;
		if (strcmp(found, name))
			continue;
		*address = decode_address(mem, pl, i);
		return 0;
	}
	return -ENOENT;
}

/* Loading */

struct token_hash {
	uint32_t hash, power; /* power: HASH_BASE to the token's length */
	uint32_t first;	      /* hash without the first character, which is the type letter */
	bool letter;	      /* the first character is one */
};

static void hash_tokens(const struct names *n, struct token_hash th[TOKENS])
{
	uint32_t i;

	for (i = 0; i < TOKENS; i++) {
		struct token_hash h = {0, 1, 0, false};
		uint32_t t = n->token_index[i], start = t;

		h.letter = t < n->tokens_size && type_letter(n->tokens[t]);
		for (; t < n->tokens_size && n->tokens[t]; t++) {
			h.hash = h.hash * HASH_BASE + n->tokens[t];
			h.power *= HASH_BASE;
			if (t > start)
				h.first = h.first * HASH_BASE + n->tokens[t];
		}
		th[i] = h;
	}
}

/* Checks the copied names as names_fit would, in the same pass. */
static int index_build(struct kernel_blob *b)
{
	const uint32_t *markers = section(b, SEC_MARKERS);
	uint32_t *buckets = (uint32_t *)section(b, SEC_BUCKETS);
	uint32_t *order = (uint32_t *)section(b, SEC_ORDER);
	struct names n = names_of(b);
	struct token_hash th[TOKENS];
	uint32_t *hash, i, sum = 0;
	uint64_t pos = 0;

	hash = malloc(b->symbols * sizeof(*hash));
	if (!hash)
		return -ENOMEM;
	hash_tokens(&n, th);
	for (i = 0; i < b->symbols; i++) {
		const uint8_t *token, *end;
		uint32_t length, h;

		if ((i % NAMES_PER_MARKER == 0 && markers[i / NAMES_PER_MARKER] != pos) ||
		    !name_length(n.names, n.limit, &pos, &length) || !th[n.names[pos]].letter) {
			free(hash);
			return -EINVAL;
		}
		token = n.names + pos;
		pos += length;
		end = n.names + pos;
		for (h = th[*token++].first; token < end; token++)
			h = h * th[*token].power + th[*token].hash;
		hash[i] = hash_fold(h) & (b->buckets - 1);
		buckets[hash[i] + 1]++;
	}
	for (i = 0; i <= b->buckets; i++) {
		sum += buckets[i];
		buckets[i] = sum;
	}
	/* From the end, so that of equal names the one with the lowest address comes first. */
	for (i = b->symbols; i-- > 0;)
		order[--buckets[hash[i] + 1]] = i;
	/* Each bucket's start has moved one place up. */
	memmove(buckets, buckets + 1, b->buckets * sizeof(*buckets));
	buckets[b->buckets] = b->symbols;
	free(hash);
	return 0;
}

bool kallsyms_valid(const struct kernel_blob *b)
{
	uint32_t markers = (b->symbols + NAMES_PER_MARKER - 1) / NAMES_PER_MARKER;
	const uint32_t *buckets, *order;
	uint64_t size;
	uint32_t i;

	if (!b->symbols || b->symbols > KALLSYMS_MAX || !b->buckets ||
	    (b->buckets & (b->buckets - 1)) || b->buckets > KALLSYMS_MAX ||
	    b->sec[SEC_TOKEN_INDEX].size != TOKEN_INDEX_SIZE || !b->sec[SEC_TOKENS].size ||
	    b->sec[SEC_MARKERS].size != 4 * markers ||
	    b->sec[SEC_ADDRESSES].size != 4 * b->symbols ||
	    b->sec[SEC_ORDER].size != 4 * b->symbols ||
	    b->sec[SEC_BUCKETS].size != 4 * (b->buckets + 1))
		return false;
	if (!names_fit(section(b, SEC_NAMES), b->sec[SEC_NAMES].size, b->symbols,
		       section(b, SEC_MARKERS), section(b, SEC_TOKENS), section(b, SEC_TOKEN_INDEX),
		       b->sec[SEC_TOKENS].size, &size))
		return false;
	buckets = section(b, SEC_BUCKETS);
	order = section(b, SEC_ORDER);
	for (i = 0; i < b->buckets; i++)
		if (buckets[i] > buckets[i + 1])
			return false;
	if (buckets[b->buckets] != b->symbols)
		return false;
	for (i = 0; i < b->symbols; i++)
		if (order[i] >= b->symbols)
			return false;
	return true;
}

int kallsyms_load(const uint8_t *mem, const struct kallsyms_place *pl, struct kernel_blob **out)
{
	uint32_t markers = (pl->symbols + NAMES_PER_MARKER - 1) / NAMES_PER_MARKER;
	uint32_t buckets = 1024, i, off = (uint32_t)align_up(sizeof(struct kernel_blob), 8);
	struct kernel_blob *b;
	uint64_t sizes[NR_SECTIONS];
	int32_t *addresses;
	gva_t last = 0;

	while (buckets < pl->symbols / 2)
		buckets *= 2;
	sizes[SEC_NAMES] = pl->names_size;
	sizes[SEC_TOKENS] = pl->tokens_size;
	sizes[SEC_TOKEN_INDEX] = TOKEN_INDEX_SIZE;
	sizes[SEC_MARKERS] = 4ull * markers;
	sizes[SEC_ADDRESSES] = sizes[SEC_ORDER] = 4ull * pl->symbols;
	sizes[SEC_BUCKETS] = 4ull * (buckets + 1);
	sizes[SEC_BTF] = 0;
	for (i = 0; i < NR_SECTIONS; i++)
		off += (uint32_t)align_up(sizes[i], 8);
	b = calloc(1, off);
	if (!b)
		return -ENOMEM;
	b->magic = BLOB_MAGIC;
	b->version = BLOB_VERSION;
	b->header_size = sizeof(*b);
	b->size = off;
	b->symbols = pl->symbols;
	b->buckets = buckets;
	off = (uint32_t)align_up(sizeof(*b), 8);
	for (i = 0; i < NR_SECTIONS; i++) {
		b->sec[i] = (struct section){off, (uint32_t)sizes[i]};
		off += (uint32_t)align_up(sizes[i], 8);
	}
	memcpy((void *)section(b, SEC_NAMES), mem + pl->names, pl->names_size);
	memcpy((void *)section(b, SEC_TOKENS), mem + pl->tokens, pl->tokens_size);
	memcpy((void *)section(b, SEC_TOKEN_INDEX), mem + pl->token_index, TOKEN_INDEX_SIZE);
	memcpy((void *)section(b, SEC_MARKERS), mem + pl->markers, 4ull * markers);
	addresses = (int32_t *)section(b, SEC_ADDRESSES);
	for (i = 0; i < pl->symbols; i++) {
		gva_t a = decode_address(mem, pl, i);

		if ((i && a < last) || (gva_t)(int64_t)(int32_t)a != a)
			goto changed;
		addresses[i] = (int32_t)a;
		last = a;
	}
	if (index_build(b))
		goto changed;
	*out = b;
	return 0;

changed:
	free(b);
	return -EINVAL;
}
