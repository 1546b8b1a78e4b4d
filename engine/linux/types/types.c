/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types by name. The kernel's BTF is opened when it is first needed and stays open; of modules'
 * BTF, which is split from it, some are, the least recently used one makes room. A type of a module
 * carries the generation of what it was read from, and is refused when that has gone.
 */
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/types/btf.h"

#define MODULES_OPEN	16	   /* modules' BTF at a time */
#define MODULE_BTF_MAX	(1u << 20) /* of one */
#define MODULES_BTF_MAX (4u << 20) /* of all */
#define NAMES		256	   /* remembered; a power of two */
#define NAME_MAX_LENGTH 64	   /* of those that are remembered */

static struct {
	struct btf_raw *btf; /* NULL, or &raw */
	struct btf_raw raw;
	uint32_t generation;
	uint64_t used; /* when, by the count of uses */
	char module[LINUX_MODULE_NAME];
	uint32_t size, sum;
} sources[1 + MODULES_OPEN];

static const struct kernel_blob *kernel_of_base;
static uint32_t generations;
static uint64_t uses;

struct known_name {
	char text[NAME_MAX_LENGTH];
	uint32_t kinds;
	uint8_t source;
	uint32_t generation, id;
};

static struct known_name names[NAMES];

static void source_close(unsigned int s)
{
	if (sources[s].btf)
		btf_raw_close(sources[s].btf);
	memset(&sources[s], 0, sizeof(sources[s]));
}

void linux_types_release(void)
{
	unsigned int s;

	for (s = MODULES_OPEN; s > 0; s--)
		source_close(s);
	source_close(0);
	kernel_of_base = NULL;
}

static int base_open(void)
{
	int err = linux_need(LINUX_TYPES);

	if (err)
		return err;
	if (kernel_of_base == kernel)
		return sources[0].btf ? 0 : -ENOTSUP;
	linux_types_release();
	memset(names, 0, sizeof(names));
	btf_members_forget();
	err = btf_raw_open(&sources[0].raw, section(kernel, SEC_BTF), kernel->sec[SEC_BTF].size,
			   NULL, NULL);
	if (err == -ENOMEM)
		return err;
	kernel_of_base = kernel;
	if (err)
		return -ENOTSUP;
	sources[0].btf = &sources[0].raw;
	return 0;
}

int btf_of(const struct linux_type *type, const struct btf_raw **btf)
{
	int err = base_open();

	if (err)
		return err;
	if (type->source > MODULES_OPEN)
		return -EINVAL;
	if (!sources[type->source].btf || sources[type->source].generation != type->generation)
		return -ESTALE;
	sources[type->source].used = ++uses;
	*btf = sources[type->source].btf;
	return 0;
}

/* --- modules --- */

static uint32_t checksum(const uint8_t *p, size_t size)
{
	uint32_t sum = 1;
	size_t i;

	for (i = 0; i + 4 <= size; i += 4)
		sum = sum * 0x01000193u ^ load32(p + i);
	return sum ^ (uint32_t)size;
}

/* A place for BTF of size bytes. */
static unsigned int make_room(uint32_t size)
{
	for (;;) {
		uint32_t sum = size;
		unsigned int s, unused = 0, oldest = 0;

		for (s = 1; s <= MODULES_OPEN; s++) {
			sum += sources[s].size;
			if (!sources[s].btf)
				unused = s;
			else if (!oldest || sources[s].used < sources[oldest].used)
				oldest = s;
		}
		if (unused && sum <= MODULES_BTF_MAX)
			return unused;
		source_close(oldest);
	}
}

/* The source that has a module's types. */
static int module_source(const struct module_btf *m, unsigned int *source)
{
	unsigned int s;
	uint32_t sum;
	void *copy;
	int err;

	if (!m->size || m->size > MODULE_BTF_MAX)
		return -ENOENT;
	copy = malloc(m->size);
	if (!copy)
		return -ENOMEM;
	err = linux_kread(m->data, copy, m->size);
	if (err)
		goto out;
	sum = checksum(copy, m->size);
	for (s = 1; s <= MODULES_OPEN; s++) {
		if (!sources[s].btf || strcmp(sources[s].module, m->name) ||
		    sources[s].size != m->size || sources[s].sum != sum)
			continue;
		*source = s;
		goto out;
	}
	s = make_room(m->size);
	err = btf_raw_open(&sources[s].raw, copy, m->size, sources[0].btf, copy);
	if (err)
		return err == -ENOMEM ? err : -ENOENT;
	copy = NULL;
	sources[s].btf = &sources[s].raw;
	sources[s].generation = ++generations;
	sources[s].used = ++uses;
	sources[s].size = m->size;
	sources[s].sum = sum;
	snprintf(sources[s].module, sizeof(sources[s].module), "%s", m->name);
	*source = s;
out:
	free(copy);
	return err;
}

const char *btf_module(const struct linux_type *type)
{
	return type->source && type->source <= MODULES_OPEN ? sources[type->source].module : NULL;
}

/* --- names --- */

static uint32_t kind_bit(const struct btf_type *t)
{
	return 1u << btf_kind(t);
}

/*
 * Of several types of one name: a structure that has members comes before a typedef, and all come
 * before a mere declaration.
 */
static int rank(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return t->size ? 5 : 2;
	case BTF_KIND_TYPEDEF:
		return 4;
	case BTF_KIND_FWD:
		return 1;
	default:
		return 3;
	}
}

/* The types that source has of its own. */
static uint32_t first_id(unsigned int source)
{
	return source ? btf_raw_count(sources[0].btf) : 1;
}

static uint32_t find_in(unsigned int source, const char *name, uint32_t kinds)
{
	const struct btf_raw *btf = sources[source].btf;
	uint32_t id, n = btf_raw_count(btf), best = 0;
	int best_rank = 0;

	for (id = first_id(source); id < n; id++) {
		const struct btf_type *t = btf_raw_type(btf, id);
		const char *s;

		if (!t || !t->name_off || !(kinds & kind_bit(t)) || rank(t) <= best_rank)
			continue;
		s = btf_raw_name(btf, t->name_off);
		if (!s || s[0] != name[0] || strcmp(s, name))
			continue;
		best = id;
		best_rank = rank(t);
		if (best_rank == 5)
			break;
	}
	return best;
}

static bool only_declared(unsigned int source, uint32_t id)
{
	const struct btf_type *t = btf_raw_type(sources[source].btf, id);

	return btf_is_fwd(t);
}

struct module_search {
	const char *name, *module;
	size_t module_length;
	uint32_t kinds;
	unsigned int source;
	uint32_t id;
	int err;
};

static int search_module(const struct module_btf *m, void *arg)
{
	struct module_search *find = arg;
	unsigned int source;
	uint32_t id;
	int err;

	if (find->module && (strlen(m->name) != find->module_length ||
			     memcmp(m->name, find->module, find->module_length)))
		return 0;
	err = module_source(m, &source);
	if (err == -ENOMEM)
		return err;
	if (err)
		return 0;
	id = find_in(source, find->name, find->kinds);
	if (!id || only_declared(source, id))
		return 0;
	find->source = source;
	find->id = id;
	return 1;
}

/* The place where a name is remembered; NULL: too long. */
static struct known_name *known(const char *name, uint32_t kinds)
{
	uint32_t h = kinds;
	const char *p;

	for (p = name; *p; p++)
		h = h * 31 + (uint8_t)*p;
	return p - name < NAME_MAX_LENGTH ? &names[(h ^ h >> 15) % NAMES] : NULL;
}

/* module: whose types only (module_length characters of it); NULL: the kernel's first, then all */
int btf_find(const char *name, const char *module, size_t module_length, uint32_t kinds,
	     struct linux_type *type)
{
	struct module_search find = {name, module, module_length, kinds, 0, 0, 0};
	struct known_name *k;
	int err;

	err = base_open();
	if (err)
		return err;
	if (!name || !*name)
		return -ENOENT;
	k = known(name, kinds);
	if (!module && k && k->id && k->kinds == kinds && !strcmp(k->text, name) &&
	    sources[k->source].btf && sources[k->source].generation == k->generation) {
		find.source = k->source;
		find.id = k->id;
	} else {
		if (!module)
			find.id = find_in(0, name, kinds);
		if (!find.id || only_declared(0, find.id)) {
			err = modules_each_btf(search_module, &find);
			if (err < 0)
				return err;
		}
		if (!find.id)
			return -ENOENT;
		if (!module && k) {
			snprintf(k->text, sizeof(k->text), "%s", name);
			k->kinds = kinds;
			k->source = (uint8_t)find.source;
			k->generation = sources[find.source].generation;
			k->id = find.id;
		}
	}
	*type = (struct linux_type){
		.id = find.id,
		.source = (uint8_t)find.source,
		.generation = sources[find.source].generation,
	};
	return 0;
}
