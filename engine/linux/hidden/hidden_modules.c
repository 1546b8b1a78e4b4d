/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules that one of the kernel's sources lacks (kernel/module/main.c, tree_lookup.c).
 *
 * A module that is being loaded is put into the list and the tree first (add_unformed_module(), in
 * state UNFORMED), then into sysfs; it is COMING and at last LIVE. On its way out it is GOING,
 * leaves sysfs, is UNFORMED, and then leaves list and tree. So whatever moment it is, one that is
 * LIVE must be everywhere, and one that is COMING must be in the list. What is found elsewhere in
 * another state is on its way, and is not told.
 *
 * In the memory for modules, a struct module is known by two pointers in it that lead back to it.
 */
#include <stdlib.h>
#include "engine/linux/hidden/hidden_threads.h"
#include "engine/linux/internal.h"

/* arch/x86/include/asm/pgtable_64_types.h; without KASLR, the image has half of the space */
#define MODULES_START 0xffffffffa0000000ull
#define MODULES_END   0xffffffffff000000ull

#define MODULE_ALIGN 64 /* ____cacheline_aligned */
#define MAX_PAGES    65536
#define MAX_LIST     65536
#define MAX_NODES    131072
#define MAX_HEIGHT   64

#define BIT(n) (1u << (n))

/* A struct module at this address, as far as its own pointers say. */
static bool is_module(gva_t module)
{
	char name[LINUX_MODULE_NAME];
	gva_t self;
	size_t i;

	if (!kernel_pointer(module) || module % 8 ||
	    kread64(at(module, F_MODULE_MKOBJ_MOD), &self) || self != module)
		return false;
	if (has_field(F_MODULE_MTN_MOD) &&
	    (kread64(at(module, F_MODULE_MTN_MOD), &self) || self != module))
		return false;
	if (has_field(F_MODULE_MEM) && has_field(F_MODULE_MEM_MTN_MOD) &&
	    (kread64(at(at(module, F_MODULE_MEM), F_MODULE_MEM_MTN_MOD), &self) || self != module))
		return false;
	if (kread_string(at(module, F_MODULE_NAME), name, sizeof(name)))
		return false;
	for (i = 0; name[i]; i++)
		if (name[i] < 0x21 || name[i] > 0x7e)
			return false;
	return i > 0;
}

static int see_page(struct sightings *s, gva_t va, const uint8_t *page)
{
	uint32_t offset = (uint32_t)kernel->field[F_MODULE_MKOBJ_MOD], i;
	int err = 0;

	for (i = offset % MODULE_ALIGN; i + 8 <= PAGE_SIZE && !err; i += MODULE_ALIGN) {
		gva_t module = va + i - offset;

		if (load64(page + i) == module && is_module(module))
			err = sightings_add(s, module, LINUX_SOURCE_MEMORY);
	}
	return err;
}

static int see_memory(struct sightings *s)
{
	gva_t va = MODULES_START;
	uint32_t pages = 0;
	int err = 0;

	if (!has_field(F_MODULE_MKOBJ_MOD) || kernel->field[F_MODULE_MKOBJ_MOD] % 8)
		return -ENOTSUP;
	if (va < kernel->image_end)
		va = kernel->image_end;
	while (va < MODULES_END && !err) {
		struct mapping m;
		const uint8_t *page;

		if (linux_stopped())
			return -ETIME;
		if (page_walk(kernel->root, kernel->levels, va, false, &m)) {
			if (m.size < PAGE_SIZE) /* there are no tables to walk */
				return -EFAULT;
			/* The last entry of a table ends where addresses do. */
			va = m.left > MODULES_END - va ? MODULES_END : va + m.left;
			continue;
		}
		page = guest_ptr(m.gpa & ~(PAGE_SIZE - 1), PAGE_SIZE);
		if (page && ++pages > MAX_PAGES)
			return -EOVERFLOW;
		if (page)
			err = see_page(s, va, page);
		va += PAGE_SIZE;
	}
	return err;
}

/* The kobjects in /sys/module; those of what is built into the kernel have no module. */
static int see_sysfs(struct sightings *s)
{
	gva_t set, head, pos, object, module;
	struct list_walk walk;
	int err;

	if (!has_field(F_KSET_LIST) || !has_field(F_KOBJECT_ENTRY) || !has_field(F_MKOBJ_KOBJ) ||
	    !has_field(F_MKOBJ_MOD) || symbol_find(kernel, "module_kset", &set))
		return -ENOTSUP;
	if (kread64(set, &set) || !kernel_pointer(set))
		return -EFAULT;
	head = at(set, F_KSET_LIST);
	for (err = list_first(&walk, head, MAX_LIST, &pos); !err && pos != head;
	     err = list_next(&walk, &pos)) {
		object = pos - (gva_t)kernel->field[F_KOBJECT_ENTRY] -
			 (gva_t)kernel->field[F_MKOBJ_KOBJ];
		if (kread64(at(object, F_MKOBJ_MOD), &module))
			return -EFAULT;
		if (!module)
			continue;
		err = sightings_add(s, module, LINUX_SOURCE_SYSFS);
		if (err)
			return err;
	}
	return err;
}

/* The tree that readers use now (include/linux/rbtree_latch.h); each area of a module is a node. */
static int see_tree(struct sightings *s)
{
	gva_t stack[MAX_HEIGHT], root, node, module;
	uint32_t sequence, which, depth = 0, nodes = 0;
	int err;

	if (!has_field(F_MOD_TREE_SEQ) || !has_field(F_MOD_TREE_TREES) ||
	    !has_field(F_LATCH_NODE) || !has_field(F_MTN_NODE) || !has_field(F_MTN_MOD) ||
	    !has_field(F_RB_LEFT) || !has_field(F_RB_RIGHT) || !has_field(F_RB_SIZE) ||
	    symbol_find(kernel, "mod_tree", &root))
		return -ENOTSUP;
	if (kread32(at(root, F_MOD_TREE_SEQ), &sequence))
		return -EFAULT;
	which = sequence & 1;
	if (kread64(at(root, F_MOD_TREE_TREES) + 8 * which, &node))
		return -EFAULT;
	for (;;) {
		while (node) {
			if (!kernel_pointer(node) || node % 8)
				return -EFAULT;
			if (depth == MAX_HEIGHT || ++nodes > MAX_NODES)
				return -EOVERFLOW;
			stack[depth++] = node;
			if (kread64(at(node, F_RB_LEFT), &node))
				return -EFAULT;
		}
		if (!depth)
			return 0;
		if (nodes % 64 == 0 && linux_stopped())
			return -ETIME;
		node = stack[--depth];
		module = node - which * (gva_t)kernel->field[F_RB_SIZE] -
			 (gva_t)kernel->field[F_LATCH_NODE] - (gva_t)kernel->field[F_MTN_NODE];
		if (kread64(at(module, F_MTN_MOD), &module))
			return -EFAULT;
		err = sightings_add(s, module, LINUX_SOURCE_TREE);
		if (err)
			return err;
		if (kread64(at(node, F_RB_RIGHT), &node))
			return -EFAULT;
	}
}

static int see_list(struct sightings *s)
{
	struct list_walk walk;
	gva_t head, pos;
	int err;

	if (symbol_find(kernel, "modules", &head))
		return -ENOENT;
	for (err = list_first(&walk, head, MAX_LIST, &pos); !err && pos != head;
	     err = list_next(&walk, &pos)) {
		err = sightings_add(s, pos - (gva_t)kernel->field[F_MODULE_LIST],
				    LINUX_SOURCE_MODULES);
		if (err)
			return err;
	}
	return err;
}

static int judge(const struct sighting *seen, struct linux_hidden_list *list)
{
	struct linux_hidden row = {
		.kind = LINUX_HIDDEN_MODULE, .address = seen->address, .seen = seen->sources};
	uint32_t must = BIT(LINUX_SOURCE_MODULES), state = LINUX_MODULE_LIVE;
	bool readable = kernel_pointer(seen->address) && seen->address % 8 == 0 &&
			!kread32(at(seen->address, F_MODULE_STATE), &state);

	if (readable && state != LINUX_MODULE_LIVE && state != LINUX_MODULE_COMING)
		return 0;
	if (state == LINUX_MODULE_LIVE)
		must |= BIT(LINUX_SOURCE_SYSFS) | BIT(LINUX_SOURCE_TREE);
	row.missing = must & list->sources & ~seen->sources;
	if (!row.missing)
		return 0;
	if (readable && kread_string(at(seen->address, F_MODULE_NAME), row.name, sizeof(row.name)))
		row.name[0] = '\0';
	return hidden_append(list, &row);
}

int linux_hidden_modules(struct linux_hidden_list *list)
{
	static const struct {
		enum linux_source source;
		int (*see)(struct sightings *s);
	} sources[] = {
		{LINUX_SOURCE_MODULES, see_list},
		{LINUX_SOURCE_SYSFS, see_sysfs},
		{LINUX_SOURCE_TREE, see_tree},
		{LINUX_SOURCE_MEMORY, see_memory},
	};
	struct sightings s = {0};
	size_t before = list->count, i;
	int err = linux_need(LINUX_MODULES);

	for (i = 0; i < sizeof(sources) / sizeof(sources[0]) && !err; i++) {
		err = sources[i].see(&s);
		if (!err)
			list->sources |= BIT(sources[i].source);
		if (err == -ENOMEM || err == -ETIME || !err)
			continue;
		hidden_incomplete(list, sources[i].source, err);
		err = 0;
	}
	for (i = 0; i < s.count && !err; i++)
		err = judge(&s.v[i], list);
	sightings_free(&s);
	if (err)
		list->count = before;
	return err;
}

static bool going(gva_t module, struct linux_module *m)
{
	return !module_read(module, m) &&
	       (m->state == LINUX_MODULE_GOING || m->state == LINUX_MODULE_UNFORMED);
}

int hidden_going_modules(struct linux_module **modules, size_t *count)
{
	struct sightings s = {0};
	struct linux_module m;
	size_t i;
	int err;

	*modules = NULL;
	*count = 0;
	err = see_memory(&s);
	if (!err && s.count) {
		*modules = calloc(s.count, sizeof(**modules));
		err = *modules ? 0 : -ENOMEM;
	}
	for (i = 0; i < s.count && !err; i++)
		if (going(s.v[i].address, &m))
			(*modules)[(*count)++] = m;
	sightings_free(&s);
	return err;
}
