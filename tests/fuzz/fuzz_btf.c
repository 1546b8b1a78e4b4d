// SPDX-License-Identifier: Apache-2.0
/* The kernel's BTF, which a hostile guest may have written: the input is all of it. */
#include <bpf/btf.h>

#include "engine/linux/internal.h"
#include "tests/fuzz/fuzz.h"

#define MEMBER_MAX (2u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_blob *b = calloc(1, sizeof(*b) + size);
	int64_t value;

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
}
