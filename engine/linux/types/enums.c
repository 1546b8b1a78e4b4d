/* SPDX-License-Identifier: Apache-2.0 */
/* Enumerators: names of values, and values by name. */
#include <bpf/btf.h>
#include "engine/linux/types/btf.h"

static bool enumerator(const struct btf_raw *btf, const struct btf_type *t, uint32_t i,
		       const char **name, int64_t *value)
{
	if (btf_is_enum64(t)) {
		const struct btf_enum64 *e = &btf_enum64(t)[i];

		*value = (int64_t)btf_enum64_value(e);
		*name = btf_raw_name(btf, e->name_off);
	} else {
		const struct btf_enum *e = &btf_enum(t)[i];

		/* Which sign the values have is said from 6.0 on; before, all were int. */
		*value = btf_kflag(t) || e->val < 0 ? (int64_t)e->val : (int64_t)(uint32_t)e->val;
		*name = btf_raw_name(btf, e->name_off);
	}
	return *name != NULL;
}

int linux_enum_name(const struct linux_type *type, int64_t value, const char **name)
{
	const struct btf_type *t;
	const struct btf_raw *btf;
	uint32_t i, n;
	int64_t v;
	int err;

	err = btf_resolve(type, &btf, &t, NULL);
	if (err)
		return err;
	if (!t || !btf_is_any_enum(t))
		return -EINVAL;
	n = btf_vlen(t);
	/* Of four bytes, the sign does not matter. */
	for (i = 0; i < n; i++)
		if (enumerator(btf, t, i, name, &v) &&
		    (t->size > 4 ? v == value : (uint32_t)v == (uint32_t)value))
			return 0;
	return -ENOENT;
}

/* Calls fn for each enumerator of a type, or of all of the kernel's. */
static int each_enumerator(const struct linux_type *type,
			   bool (*fn)(const char *name, int64_t value, void *arg), void *arg)
{
	const struct btf_type *t;
	const struct btf_raw *btf;
	const char *name;
	uint32_t id = 1, end, i, n;
	int64_t v;
	int err;

	if (type) {
		err = btf_resolve(type, &btf, &t, &id);
		end = id + 1;
	} else {
		const struct linux_type kernels = {0};

		err = btf_of(&kernels, &btf);
		end = err ? 0 : btf_raw_count(btf);
	}
	if (err)
		return err;
	for (; id < end; id++) {
		t = btf_raw_type(btf, id);
		if (!t || !btf_is_any_enum(t))
			continue;
		n = btf_vlen(t);
		for (i = 0; i < n; i++)
			if (enumerator(btf, t, i, &name, &v) && fn(name, v, arg))
				return 0;
	}
	return -ENOENT;
}

struct wanted_enumerator {
	const char *name;
	int64_t value;
};

static bool is_wanted(const char *name, int64_t value, void *arg)
{
	struct wanted_enumerator *want = arg;

	want->value = value;
	return name[0] == want->name[0] && !strcmp(name, want->name);
}

int linux_enum_value(const struct linux_type *type, const char *name, int64_t *value)
{
	struct wanted_enumerator want = {name, 0};
	int err = each_enumerator(type, is_wanted, &want);

	if (!err)
		*value = want.value;
	return err;
}

static bool add_near(const char *name, int64_t value, void *arg)
{
	text_near_add(arg, name);
	return false;
}

void linux_enum_near(const struct linux_type *type, const char *name, struct text_near *near)
{
	text_near_init(near, name);
	(void)!each_enumerator(type, add_near, near);
}
