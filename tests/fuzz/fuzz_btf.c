// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's BTF, which a hostile guest may have written: the input is all of it. Fields are
 * resolved as at discovery, and everything that typed pointers may ask is asked of each type.
 */
#include <bpf/btf.h>

#include "engine/linux/types/btf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/types_maker.h"

#define MEMBER_MAX (2u << 20)

#define TYPES_MAX 80
#define TEXT_MAX  (600u << 10)

static int ask_member(const char *name, void *arg)
{
	const struct linux_type *type = arg;
	const struct linux_layout *l;

	if (linux_type_member(type, name, strlen(name), &l))
		return 0;
	must(l->bits <= 64 && l->shift < 8 && l->kind <= LINUX_KIND_FUNCTION);
	must(!l->bits || l->bits <= 8 * l->size);
	must(l->offset <= 1ull << 40 && l->size <= 1ull << 40);
	return 0;
}

static void ask(struct linux_type type)
{
	char name[LINUX_TYPE_NAME_SIZE], *text;
	enum linux_list kind;
	struct linux_layout l;
	const char *enumerator;
	int64_t value;

	if (!linux_type_layout(&type, &l))
		must(l.kind <= LINUX_KIND_FUNCTION && l.size <= 1ull << 40 && !l.offset);
	if (!linux_type_name(&type, name, sizeof(name)))
		must(memchr(name, '\0', sizeof(name)));
	if (!linux_type_declare(&type, &text))
		must(strlen(text) < TEXT_MAX);
	free(text);
	(void)!linux_each_member(&type, ask_member, &type);
	(void)!linux_list_kind(&type, &kind);
	(void)!linux_enum_name(&type, 5, &enumerator);
	(void)!linux_enum_value(&type, "GREEN", &value);
	(void)!linux_type_path(&type, "inner.b", &l);
	(void)!linux_type_path(&type, "grid[1][2]", &l);
	(void)!linux_type_path(&type, "state", &l);
}

/* All of it again as a module's, behind itself. */
static void split(const void *data, size_t size)
{
	struct btf_raw base, view;

	if (btf_raw_open(&base, data, size, NULL, NULL))
		return;
	if (!btf_raw_open(&view, data, size, &base, NULL)) {
		for (uint32_t id = 0; id <= view.count; id++) {
			const struct btf_type *t = btf_raw_type(&view, id);
			const char *name = t ? btf_raw_name(&view, t->name_off) : NULL;

			must(!t == (!id || id == view.count));
			if (name)
				must(strlen(name) < size);
		}
		btf_raw_close(&view);
	}
	btf_raw_close(&base);
}

static void typed_pointers(struct kernel_blob *b)
{
	static const char *const names[] = {
		"thing", "task_struct *", "struct inner[3]", "color", "gone", "u8", "list_head"};
	struct text_near near;
	struct linux_type type;
	bool pointer, per_cpu;
	char *text;
	gva_t va;

	memset(b->missing, 0, sizeof(b->missing));
	kernel = b;
	for (uint32_t id = 0; id < TYPES_MAX; id++) {
		ask((struct linux_type){.id = id});
		if (id % 8)
			continue;
		ask((struct linux_type){.id = id, .stars = 1});
		ask((struct linux_type){.id = id, .array = true, .count = 1u << 24});
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!linux_type_find(names[i], &type, &pointer))
			ask(type);
		if (!linux_typeof(names[i], &text))
			must(strlen(text) < TEXT_MAX);
		free(text);
	}
	linux_type_near("thnig", &near);
	linux_variable_near("countre", &near);
	(void)!linux_variable("counter", &type, &va, &per_cpu);
	linux_types_release();
	kernel = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t behind = align_up(sizeof(struct kernel_blob) + size, 8);
	struct kernel_blob *b = calloc(1, behind + 8);
	int64_t value;

	b->buckets = 1; /* of no symbols */
	b->sec[SEC_BUCKETS] = (struct section){(uint32_t)behind, 8};
	b->sec[SEC_BTF] = (struct section){sizeof(*b), (uint32_t)size};
	memcpy(b + 1, data, size);
	(void)!fields_resolve(b);
	for (int f = 0; f < LINUX_FACILITIES; f++)
		must(memchr(b->missing[f], '\0', MISSING_SIZE));
	facilities_settle(b);
	for (int i = 0; i < NR_FIELDS; i++)
		must(b->field[i] == NO_FIELD ||
		     (b->field[i] >= 0 && b->field[i] <= (int32_t)MEMBER_MAX));
	/* It is divided by. */
	must(b->field[F_PAGE_SIZE]);
	(void)!btf_enumerator(b, "PG_locked", &value);
	(void)!btf_enumerator(b, "MINUS", &value);
	split(b + 1, size);
	typed_pointers(b);
	free(b);
	return 0;
}

static struct btf *btf;
static int word;

static void structure(const char *name, const char *const members[], size_t count, uint32_t size)
{
	must(btf__add_struct(btf, name, size) > 0);
	for (size_t i = 0; i < count; i++)
		must(!btf__add_field(btf, members[i], word, (uint32_t)i * 64, 0));
}

/* A structure's name is the last NUL of the strings: there is no byte behind it. */
static void seed_of_last_name(const void *raw, uint32_t size)
{
	uint8_t copy[4096];
	struct btf_header header;
	struct btf_type *t;

	must(size <= sizeof(copy));
	memcpy(copy, raw, size);
	memcpy(&header, copy, sizeof(header));
	/* The first type is an integer, which has a word behind it. */
	t = (struct btf_type *)(copy + header.hdr_len + header.type_off + sizeof(*t) + 4);
	t->name_off = header.str_len - 1;
	fuzz_seed(copy, size);
}

void fuzz_seeds(void)
{
	static const char *const task[] = {"tasks", "pid",	   "tgid",
					   "comm",  "real_parent", "real_cred",
					   "mm",    "flags",	   "start_boottime"};
	static const char *const page[] = {"flags",	    "mapping",	 "index",
					   "compound_head", "_mapcount", "_refcount"};
	static const char *const cred[] = {"uid", "gid"};
	const void *raw;
	uint32_t size;
	int id;

	btf = btf__new_empty();
	word = btf__add_int(btf, "long", 8, 0);
	raw = btf__raw_data(btf, &size);
	fuzz_seed(raw, size);
	structure("task_struct", task, 9, 72);
	raw = btf__raw_data(btf, &size);
	seed_of_last_name(raw, size);
	structure("page", page, 6, 64);
	raw = btf__raw_data(btf, &size);
	fuzz_seed(raw, size);
	structure("cred", cred, 2, 16);
	id = btf__add_union(btf, NULL, 16);
	must(!btf__add_field(btf, "mnt", word, 0, 0) && !btf__add_field(btf, "dentry", word, 0, 0));
	id = btf__add_typedef(btf, "path_t", btf__add_volatile(btf, id));
	must(btf__add_struct(btf, "file", 32) > 0);
	must(!btf__add_field(btf, "f_path", id, 0, 0) && !btf__add_field(btf, NULL, id, 64, 0));
	must(btf__add_enum(btf, "pageflags", 4) > 0);
	must(!btf__add_enum_value(btf, "PG_locked", 0) && !btf__add_enum_value(btf, "MINUS", -5));
	must(btf__add_enum64(btf, NULL, 8, false) > 0);
	must(!btf__add_enum64_value(btf, "FOLL_WRITE", 1ull << 40));
	raw = btf__raw_data(btf, &size);
	fuzz_seed(raw, size);
	btf__free(btf);
	btf = types_make();
	raw = btf__raw_data(btf, &size);
	fuzz_seed(raw, size);
	btf__free(btf);
}
