/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's list of loaded modules (kernel/module/, include/linux/module.h): where each lies and
 * what of it is code, its state, references and users. Before 6.4 a module has two areas
 * (core_layout and init_layout), each with its code first; since then it has one for each kind of
 * memory.
 */
#include <stdlib.h>
#include "engine/linux/internal.h"

#define MAX_MODULES	16384
#define MAX_USERS	4096
#define MAX_MODULE_SIZE GB

/* include/linux/module.h, enum mod_mem_type: from 6.4 on */
#define MOD_TEXT      0
#define MOD_INIT_TEXT 4
#define MOD_MEM_TYPES 7

#define MODULE_REF_BASE 1 /* kernel/module/main.c */

/* Append [base, base + size) of which the first text bytes are code. */
static int add_area(struct linux_module *m, gva_t base, uint32_t size, uint32_t text)
{
	struct linux_module_area *a = &m->areas[m->area_count];

	if (!size)
		return 0;
	if (size > MAX_MODULE_SIZE || text > size || !kernel_pointer(base) ||
	    !kernel_pointer(base + size - 1))
		return -EFAULT;
	*a = (struct linux_module_area){base, size, text};
	m->area_count++;
	m->size += size;
	return 0;
}

static int read_layout(struct linux_module *m, gva_t layout)
{
	uint32_t size, text;
	gva_t base;

	if (kread64(at(layout, F_MODULE_AREA_BASE), &base) ||
	    kread32(at(layout, F_MODULE_AREA_SIZE), &size) ||
	    kread32(at(layout, F_MODULE_AREA_TEXT), &text))
		return -EFAULT;
	return add_area(m, base, size, text);
}

static int read_areas(struct linux_module *m)
{
	uint32_t size;
	gva_t base;
	int i, err;

	if (!has_field(F_MODULE_MEM)) {
		err = read_layout(m, at(m->module, F_MODULE_CORE));
		m->base = m->area_count ? m->areas[0].start : 0;
		return err ? err : read_layout(m, at(m->module, F_MODULE_INIT_AREA));
	}
	for (i = 0; i < MOD_MEM_TYPES; i++) {
		gva_t mem = at(m->module, F_MODULE_MEM) +
			    (gva_t)i * (gva_t)kernel->field[F_MODULE_MEM_SIZE];

		if (kread64(at(mem, F_MODULE_AREA_BASE), &base) ||
		    kread32(at(mem, F_MODULE_AREA_SIZE), &size))
			return -EFAULT;
		err = add_area(m, base, size, i == MOD_TEXT || i == MOD_INIT_TEXT ? size : 0);
		if (err)
			return err;
		if (i == MOD_TEXT)
			m->base = base;
	}
	return 0;
}

int module_read(gva_t module, struct linux_module *m)
{
	uint64_t init, exit;
	uint32_t refs;

	memset(m, 0, sizeof(*m));
	m->module = module;
	if (!kernel_pointer(module) || module % 8 ||
	    kread_string(at(module, F_MODULE_NAME), m->name, sizeof(m->name)) ||
	    kread32(at(module, F_MODULE_STATE), &m->state) || m->state > LINUX_MODULE_UNFORMED ||
	    kread64(at(module, F_MODULE_TAINTS), &m->taints) || !m->name[0])
		return -EFAULT;
	m->refs = -1; /* a kernel that cannot unload modules does not count */
	if (has_field(F_MODULE_REFS)) {
		if (kread32(at(module, F_MODULE_REFS), &refs) ||
		    kread64(at(module, F_MODULE_INIT), &init) ||
		    kread64(at(module, F_MODULE_EXIT), &exit))
			return -EFAULT;
		m->refs = (int32_t)(refs - MODULE_REF_BASE);
		m->permanent = init && !exit;
	}
	return read_areas(m);
}

bool module_code_at(const struct linux_module *modules, size_t count, gva_t va)
{
	size_t i;
	uint32_t k;

	for (i = 0; i < count; i++)
		for (k = 0; k < modules[i].area_count; k++)
			if (va - modules[i].areas[k].start < modules[i].areas[k].text)
				return true;
	return false;
}

static int grow(struct linux_module **modules, size_t count, size_t *room)
{
	size_t more = *room ? 2 * *room : 32;
	struct linux_module *m;

	if (count < *room)
		return 0;
	m = realloc(*modules, more * sizeof(*m));
	if (!m)
		return -ENOMEM;
	*modules = m;
	*room = more;
	return 0;
}

int linux_modules(struct linux_module **modules, size_t *count)
{
	gva_t head, pos;
	struct list_walk walk;
	size_t room = 0;
	int err, damage = 0;

	*modules = NULL;
	*count = 0;
	err = linux_need(LINUX_MODULES);
	if (err)
		return err;
	if (symbol_find(kernel, "modules", &head))
		return -ENOENT;
	err = list_first(&walk, head, MAX_MODULES, &pos);
	while (!err && pos != head) {
		err = grow(modules, *count, &room);
		if (err) {
			free(*modules);
			*modules = NULL;
			*count = 0;
			return err;
		}
		/* One that makes no sense does not end the list. */
		if (module_read(pos - (gva_t)kernel->field[F_MODULE_LIST], &(*modules)[*count]))
			damage = -EFAULT;
		else
			++*count;
		err = list_next(&walk, &pos);
	}
	return err ? err : damage;
}

int linux_module_users(gva_t module, void (*fn)(const char *name, void *arg), void *arg)
{
	struct list_walk walk;
	gva_t head, pos, user;
	char name[LINUX_MODULE_NAME];
	int err;

	err = linux_need(LINUX_MODULES);
	if (err)
		return err;
	if (!has_field(F_MODULE_USES) || !has_field(F_MODULE_USE_LIST) ||
	    !has_field(F_MODULE_USE_SOURCE))
		return -ENOTSUP;
	head = at(module, F_MODULE_USES);
	err = list_first(&walk, head, MAX_USERS, &pos);
	while (!err && pos != head) {
		gva_t use = pos - (gva_t)kernel->field[F_MODULE_USE_LIST];

		if (kread64(at(use, F_MODULE_USE_SOURCE), &user) || !kernel_pointer(user) ||
		    kread_string(at(user, F_MODULE_NAME), name, sizeof(name)))
			return -EFAULT;
		fn(name, arg);
		err = list_next(&walk, &pos);
	}
	return err;
}
