/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members this folder reads, by the names that kernels give them. This one table is where a
 * rename between kernels is written down: rows with the same number are alternatives, and the first
 * that the kernel has is taken. All are resolved once, at discovery.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/btf.h"

struct field_name {
	enum field field;
	const char *type, *path; /* path NULL: the size of the type */
	bool optional;
};

/* clang-format off */
#define NEED(f, type, path) { f, type, path, false }
#define MAY(f, type, path) { f, type, path, true }

static const struct field_name field_names[] = {
	NEED(F_TASK_TASKS, "task_struct", "tasks"),
	NEED(F_TASK_PID, "task_struct", "pid"),
	NEED(F_TASK_TGID, "task_struct", "tgid"),
	NEED(F_TASK_COMM, "task_struct", "comm"),
	NEED(F_TASK_REAL_PARENT, "task_struct", "real_parent"),
	NEED(F_TASK_REAL_CRED, "task_struct", "real_cred"),
	NEED(F_TASK_MM, "task_struct", "mm"),
	NEED(F_TASK_FLAGS, "task_struct", "flags"),
	NEED(F_TASK_START, "task_struct", "start_boottime"),
	MAY(F_TASK_START, "task_struct", "real_start_time"), /* to 5.4 */
	NEED(F_CRED_UID, "cred", "uid"),
	NEED(F_CRED_GID, "cred", "gid"),
	NEED(F_MM_PGD, "mm_struct", "pgd"),
	NEED(F_MM_ARG_START, "mm_struct", "arg_start"),
	NEED(F_MM_ARG_END, "mm_struct", "arg_end"),
	NEED(F_MM_EXE_FILE, "mm_struct", "exe_file"),
	MAY(F_MM_MMAP, "mm_struct", "mmap"),             /* to 6.0 */
	MAY(F_MM_MT_ROOT, "mm_struct", "mm_mt.ma_root"), /* from 6.1 */
	MAY(F_MM_VDSO, "mm_struct", "context.vdso"),
	NEED(F_VMA_START, "vm_area_struct", "vm_start"),
	NEED(F_VMA_END, "vm_area_struct", "vm_end"),
	NEED(F_VMA_FLAGS, "vm_area_struct", "vm_flags"),
	NEED(F_VMA_FILE, "vm_area_struct", "vm_file"),
	NEED(F_VMA_PGOFF, "vm_area_struct", "vm_pgoff"),
	NEED(F_VMA_OPS, "vm_area_struct", "vm_ops"),
	MAY(F_VMA_NEXT, "vm_area_struct", "vm_next"),    /* to 6.0 */
	MAY(F_MAPLE_RANGE_PIVOT, "maple_range_64", "pivot"),
	MAY(F_MAPLE_RANGE_SLOT, "maple_range_64", "slot"),
	MAY(F_MAPLE_ARANGE_PIVOT, "maple_arange_64", "pivot"),
	MAY(F_MAPLE_ARANGE_SLOT, "maple_arange_64", "slot"),
	NEED(F_FILE_MNT, "file", "f_path.mnt"),
	NEED(F_FILE_DENTRY, "file", "f_path.dentry"),
	NEED(F_FILE_MAPPING, "file", "f_mapping"),
	NEED(F_DENTRY_NAME, "dentry", "d_name.name"),
	NEED(F_DENTRY_NAME_LEN, "dentry", "d_name.len"),
	NEED(F_DENTRY_PARENT, "dentry", "d_parent"),
	NEED(F_DENTRY_PPREV, "dentry", "d_hash.pprev"),
	NEED(F_MOUNT_MNT, "mount", "mnt"),
	NEED(F_MOUNT_PARENT, "mount", "mnt_parent"),
	NEED(F_MOUNT_MOUNTPOINT, "mount", "mnt_mountpoint"),
	NEED(F_VFSMOUNT_ROOT, "vfsmount", "mnt_root"),
	NEED(F_MAPPING_PAGES_HEAD, "address_space", "i_pages.xa_head"),
	NEED(F_XA_NODE_SHIFT, "xa_node", "shift"),
	NEED(F_XA_NODE_SLOTS, "xa_node", "slots"),
	NEED(F_PAGE_FLAGS, "page", "flags"),
	NEED(F_PAGE_MAPPING, "page", "mapping"),
	NEED(F_PAGE_INDEX, "page", "index"),
	MAY(F_PAGE_INDEX, "page", "__folio_index"),
	MAY(F_PAGE_HEAD, "page", "compound_head"),
	MAY(F_PAGE_HEAD, "page", "compound_info"),       /* from 7.1 */
	NEED(F_PAGE_MAPCOUNT, "page", "_mapcount"),
	NEED(F_PAGE_REFCOUNT, "page", "_refcount"),
	NEED(F_PAGE_SIZE, "page", NULL),
	MAY(F_PCPU_CURRENT, "pcpu_hot", "current_task"), /* 6.2 to 6.14 */
};

/* clang-format on */

#define NR_NAMES (sizeof(field_names) / sizeof(field_names[0]))

static const char *const enumerator_names[NR_ENUMERATORS] = {
	[E_PG_LOCKED] = "PG_locked",
	[E_PG_UPTODATE] = "PG_uptodate",
	[E_PG_SWAPBACKED] = "PG_swapbacked",
	[E_PG_SWAPCACHE] = "PG_swapcache",
	[E_PG_ANON_EXCLUSIVE] = "PG_anon_exclusive", /* from 5.19 */
	[E_FOLL_WRITE] = "FOLL_WRITE",		     /* from 6.3; macros before */
	[E_FOLL_FORCE] = "FOLL_FORCE",
};

static void keep_enumerators(struct kernel_blob *b, const struct types *types,
			     const struct btf_type *t, uint32_t n)
{
	uint32_t i, k;

	for (i = 0; i < n; i++) {
		int64_t value;
		const char *name = type_enumerator(types, t, i, &value);

		/* PG_... and FOLL_... only: skip the other 30,000 fast */
		if ((name[0] != 'P' && name[0] != 'F') || !name[1] ||
		    (name[2] != '_' && name[2] != 'L'))
			continue;
		for (k = 0; k < NR_ENUMERATORS; k++) {
			if ((b->enumerators_known >> k & 1) || strcmp(name, enumerator_names[k]))
				continue;
			b->enumerator[k] = value;
			b->enumerators_known |= 1u << k;
		}
	}
}

/* One pass over all types: the first structure of each name, and the enumerators. */
static void types_find(struct kernel_blob *b, const struct types *types, uint32_t ids[NR_NAMES])
{
	uint64_t starts[256] = {0}; /* by first character: a set of second ones, modulo 64 */
	uint32_t id;
	size_t i;

	for (i = 0; i < NR_NAMES; i++)
		starts[(uint8_t)field_names[i].type[0]] |= 1ull << (field_names[i].type[1] & 63);
	memset(ids, 0, NR_NAMES * sizeof(ids[0]));
	for (id = 1; id < types->count; id++) {
		const struct btf_type *t = type_at(types, id);
		uint32_t n = type_enumerators(t);
		const char *name;

		if (n)
			keep_enumerators(b, types, t, n);
		if (type_kind(t) != BTF_KIND_STRUCT || !BTF_INFO_VLEN(t->info))
			continue;
		name = type_string(types, t->name_off);
		if (!name[0] || !(starts[(uint8_t)name[0]] >> (name[1] & 63) & 1))
			continue;
		for (i = 0; i < NR_NAMES; i++)
			if (!ids[i] && name[0] == field_names[i].type[0] &&
			    !strcmp(name, field_names[i].type))
				ids[i] = id;
	}
	b->types = types->count;
}

static int open_types(const struct kernel_blob *b, struct types *types)
{
	return types_open(section(b, SEC_BTF), b->sec[SEC_BTF].size, types);
}

int fields_resolve(struct kernel_blob *b, char *error, size_t error_size)
{
	uint32_t ids[NR_NAMES];
	struct types types;
	size_t i;
	int err = 0;

	for (i = 0; i < NR_FIELDS; i++)
		b->field[i] = NO_FIELD;
	b->enumerators_known = 0;
	if (open_types(b, &types)) {
		snprintf(error, error_size, "the kernel's BTF cannot be parsed");
		return -ENOENT;
	}
	types_find(b, &types, ids);
	for (i = 0; i < NR_NAMES; i++) {
		const struct field_name *f = &field_names[i];
		const struct btf_type *t = type_at(&types, ids[i]);
		int off;

		if (b->field[f->field] != NO_FIELD || !t)
			continue;
		if (f->path)
			off = type_member(&types, ids[i], f->path);
		else
			off = t->size <= 1 << 20 ? (int)t->size : -EINVAL;
		if (off >= 0)
			b->field[f->field] = off;
	}
	types_close(&types);
	for (i = 0; i < NR_NAMES; i++) {
		const struct field_name *f = &field_names[i];

		if (f->optional || b->field[f->field] != NO_FIELD)
			continue;
		snprintf(error, error_size, "this kernel's struct %s has no %s", f->type,
			 f->path ? f->path : "size");
		err = -ENOENT;
		break;
	}
	return err;
}

int btf_enumerator(const struct kernel_blob *b, const char *name, int64_t *value)
{
	struct types types;
	uint32_t id, i, n;
	int err = -ENOENT;

	for (i = 0; i < NR_ENUMERATORS; i++) {
		if (strcmp(name, enumerator_names[i]))
			continue;
		if (!(b->enumerators_known >> i & 1))
			return -ENOENT;
		*value = b->enumerator[i];
		return 0;
	}
	if (open_types(b, &types))
		return -ENOENT;
	for (id = 1; id < types.count && err; id++) {
		const struct btf_type *t = type_at(&types, id);

		n = type_enumerators(t);
		for (i = 0; i < n && err; i++) {
			int64_t v;

			if (strcmp(type_enumerator(&types, t, i, &v), name))
				continue;
			*value = v;
			err = 0;
		}
	}
	types_close(&types);
	return err;
}

int linux_enumerator(const char *name, int64_t *value)
{
	return kernel ? btf_enumerator(kernel, name, value) : -ENODATA;
}
