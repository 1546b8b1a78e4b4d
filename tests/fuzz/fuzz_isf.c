// SPDX-License-Identifier: Apache-2.0
/*
 * A profile's text, ISF: whatever it says, it is refused in words, or becomes BTF that libbpf and
 * the table of fields take.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "engine/linux/internal.h"
#include "engine/profile/isf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/isf_maker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_blob *b;
	struct btf *parsed;
	char error[256];
	size_t btf_size;
	void *btf;

	memset(error, 'x', sizeof(error));
	if (isf_to_btf((const char *)data, size, &btf, &btf_size, error, sizeof(error))) {
		must(memchr(error, '\0', sizeof(error)) && error[0]);
		return 0;
	}
	parsed = btf__new(btf, (uint32_t)btf_size);
	must(!libbpf_get_error(parsed));
	btf__free(parsed);
	(void)!profile_fits(btf, btf_size, "Linux version 6.1\n", error, sizeof(error));
	must(memchr(error, '\0', sizeof(error)) || error[0] == 'x');
	b = calloc(1, sizeof(*b) + btf_size);
	b->sec[SEC_BTF] = (struct section){sizeof(*b), (uint32_t)btf_size};
	memcpy(b + 1, btf, btf_size);
	must(!fields_resolve(b));
	free(b);
	free(btf);
	return 0;
}

static void seed(const struct btf *btf, const char *banner)
{
	char *text = isf_of_btf(btf, banner);

	fuzz_seed(text, strlen(text));
	free(text);
}

void fuzz_seeds(void)
{
	static const char numbers[] = "{\"base_types\":{\"i\":{\"size\":3,\"kind\":\"int\"},\"v\":{"
				      "\"size\":0,\"kind\":\"void\"}},"
				      "\"user_types\":{\"page\":{\"size\":64,\"kind\":\"struct\","
				      "\"fields\":{\"flags\":{\"offset\":0,"
				      "\"type\":{\"kind\":\"bitfield\",\"bit_length\":3,\"bit_"
				      "position\":5,\"type\":{\"kind\":"
				      "\"base\",\"name\":\"i\"}}},\"next\":{\"offset\":8,\"type\":{"
				      "\"kind\":\"pointer\",\"subtype\":"
				      "{\"kind\":\"struct\",\"name\":\"other\"}}}}}},\"enums\":{"
				      "\"e\":{\"size\":4,\"constants\":"
				      "{\"PG_locked\":18446744073709551615,\"MINUS\":-5}}}}";
	struct btf *btf = btf__new_empty();
	int word = btf__add_int(btf, "long", 8, BTF_INT_SIGNED), id;

	must(btf__add_struct(btf, "task_struct", 64) > 0);
	must(!btf__add_field(btf, "pid", word, 0, 0));
	seed(btf, NULL);
	id = btf__add_struct(btf, NULL, 16);
	must(!btf__add_field(btf, "low", word, 0, 3) && !btf__add_field(btf, "high", word, 3, 9));
	id = btf__add_ptr(btf, btf__add_array(btf, word, id, 3));
	must(btf__add_struct(btf, "page", 64) > 0);
	must(!btf__add_field(btf, "flags", word, 0, 0) && !btf__add_field(btf, "index", id, 64, 0));
	must(btf__add_enum(btf, "pageflags", 4) > 0);
	must(!btf__add_enum_value(btf, "PG_locked", 0) && !btf__add_enum_value(btf, "MINUS", -5));
	must(btf__add_var(btf, "init_task", BTF_VAR_GLOBAL_ALLOCATED, id) > 0);
	seed(btf, "Linux version 6.1\n");
	btf__free(btf);
	fuzz_seed(numbers, strlen(numbers));
}
