/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols and types that modules bring along (kernel/module/kallsyms.c). A module keeps the ELF
 * symbols of its loaded sections, with their final addresses; its BTF, which continues the
 * kernel's, is kept by BPF (kernel/bpf/btf.c, from 5.11 on). All of it is where the module's owner
 * can write: each number is checked when it is used.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/types/btf.h"

#define MAX_SYMBOLS 262144 /* of one module */
#define MAX_MODULES 16384
#define AT_ONCE	    64

struct module_symbols {
	gva_t symtab, strtab;
	uint32_t count;
};

static int read_symbols(gva_t module, struct module_symbols *s)
{
	gva_t tables;

	if (!has_field(F_MODULE_KALLSYMS) || !has_field(F_MODULE_SYMTAB) ||
	    !has_field(F_MODULE_STRTAB) || !has_field(F_MODULE_NUM_SYMTAB))
		return -ENOTSUP;
	if (kread64(at(module, F_MODULE_KALLSYMS), &tables) || !kernel_pointer(tables) ||
	    kread64(at(tables, F_MODULE_SYMTAB), &s->symtab) ||
	    kread64(at(tables, F_MODULE_STRTAB), &s->strtab) ||
	    kread32(at(tables, F_MODULE_NUM_SYMTAB), &s->count) || !kernel_pointer(s->symtab) ||
	    !kernel_pointer(s->strtab))
		return -EFAULT;
	if (s->count > MAX_SYMBOLS)
		s->count = MAX_SYMBOLS;
	return 0;
}

/* Calls fn for each defined symbol until it returns non-zero, and returns that. */
static int each_symbol(const struct module_symbols *s,
		       int (*fn)(const Elf64_Sym *symbol, gva_t name, void *arg), void *arg)
{
	Elf64_Sym some[AT_ONCE];
	uint32_t i, k, n;
	int ret;

	/* The first symbol of a table is none. */
	for (i = 1; i < s->count; i += n) {
		if (linux_stopped())
			return -ETIME;
		n = s->count - i < AT_ONCE ? s->count - i : AT_ONCE;
		if (linux_kread(s->symtab + i * sizeof(Elf64_Sym), some, n * sizeof(Elf64_Sym)))
			return -EFAULT;
		for (k = 0; k < n; k++) {
			if (some[k].st_shndx == SHN_UNDEF || !some[k].st_name)
				continue;
			ret = fn(&some[k], s->strtab + some[k].st_name, arg);
			if (ret)
				return ret;
		}
	}
	return 0;
}

struct by_name {
	const char *name;
	size_t size; /* with the NUL */
	gva_t va;
};

static int is_named(const Elf64_Sym *symbol, gva_t name, void *arg)
{
	struct by_name *want = arg;
	char text[SYMBOL_NAME_SIZE];

	if (linux_kread(name, text, want->size) || memcmp(text, want->name, want->size))
		return 0;
	want->va = symbol->st_value;
	return 1;
}

/* module: the first length characters of it name the only one to look into; length 0: all */
static int find_symbol(const char *module, size_t length, const char *name, gva_t *va)
{
	struct by_name want = {name, strlen(name) + 1, 0};
	struct linux_module *modules;
	struct module_symbols s;
	size_t count, i;
	int err;

	if (want.size < 2 || want.size > SYMBOL_NAME_SIZE)
		return -ENOENT;
	err = linux_modules(&modules, &count);
	if (err && !modules)
		return err == -ENOMEM ? err : -ENOENT;
	err = -ENOENT;
	for (i = 0; i < count && err; i++) {
		if (length &&
		    (strlen(modules[i].name) != length || memcmp(modules[i].name, module, length)))
			continue;
		if (read_symbols(modules[i].module, &s) || each_symbol(&s, is_named, &want) <= 0)
			continue;
		*va = want.va;
		err = 0;
	}
	free(modules);
	return err;
}

int linux_symbol_any(const char *name, gva_t *va)
{
	const char *colon = strchr(name, ':');
	int err;

	if (colon && kernel)
		return find_symbol(name, (size_t)(colon - name), colon + 1, va);
	err = linux_symbol(name, va);
	return err == -ENOENT ? find_symbol(NULL, 0, name, va) : err;
}

struct by_address {
	gva_t va, start, end; /* start, end: of the module's area */
	gva_t best, name;
};

static int is_nearer(const Elf64_Sym *symbol, gva_t name, void *arg)
{
	struct by_address *want = arg;
	char first;

	/* Of several at one address the first. */
	if (symbol->st_value > want->va || symbol->st_value < want->start ||
	    (want->name && symbol->st_value <= want->best) || linux_kread(name, &first, 1) ||
	    !first)
		return 0;
	want->best = symbol->st_value;
	want->name = name;
	return 0;
}

static bool in_module(const struct linux_module *m, struct by_address *want)
{
	uint32_t i;

	for (i = 0; i < m->area_count; i++) {
		want->start = m->areas[i].start;
		want->end = want->start + m->areas[i].size;
		if (want->va >= want->start && want->va < want->end)
			return true;
	}
	return false;
}

int linux_module_symbolize(gva_t va, char *buf, size_t size)
{
	struct by_address want = {.va = va};
	char name[SYMBOL_NAME_SIZE];
	struct linux_module *modules;
	struct module_symbols s;
	size_t count, i;
	int err;

	err = linux_modules(&modules, &count);
	if (err && !modules)
		return err == -ENOMEM ? err : -ENOENT;
	for (i = 0; i < count; i++)
		if (in_module(&modules[i], &want))
			break;
	err = -ENOENT;
	if (i < count) {
		err = 0;
		if (!read_symbols(modules[i].module, &s))
			(void)!each_symbol(&s, is_nearer, &want);
		if (!want.name || kread_string(want.name, name, sizeof(name)))
			snprintf(buf, size, "0x%llx [%s]", (unsigned long long)va, modules[i].name);
		else if (want.best == va)
			snprintf(buf, size, "%s [%s]", name, modules[i].name);
		else
			snprintf(buf, size, "%s+0x%llx [%s]", name,
				 (unsigned long long)(va - want.best), modules[i].name);
	}
	free(modules);
	return err;
}

/* An entry of the kernel's list; false: it makes no sense. */
static bool read_btf(gva_t entry, struct module_btf *m)
{
	gva_t module, btf;

	memset(m, 0, sizeof(*m));
	return !kread64(at(entry, F_BTF_MODULE_MODULE), &module) && kernel_pointer(module) &&
	       !kread_string(at(module, F_MODULE_NAME), m->name, sizeof(m->name)) &&
	       !kread64(at(entry, F_BTF_MODULE_BTF), &btf) && kernel_pointer(btf) &&
	       !kread64(at(btf, F_BTF_DATA), &m->data) && kernel_pointer(m->data) &&
	       !kread32(at(btf, F_BTF_DATA_SIZE), &m->size);
}

int modules_each_btf(int (*fn)(const struct module_btf *m, void *arg), void *arg)
{
	struct list_walk walk;
	struct module_btf m;
	gva_t head, pos;
	int ret = 0, err;

	/* kernel/bpf/btf.c; struct module itself forgets where it was */
	if (linux_need(LINUX_MODULES) || linux_symbol("btf_modules", &head) ||
	    !has_field(F_BTF_MODULE_LIST) || !has_field(F_BTF_MODULE_MODULE) ||
	    !has_field(F_BTF_MODULE_BTF) || !has_field(F_BTF_DATA) || !has_field(F_BTF_DATA_SIZE))
		return 0;
	err = list_first(&walk, head, MAX_MODULES, &pos);
	while (!err && !ret && pos != head) {
		if (read_btf(pos - (gva_t)kernel->field[F_BTF_MODULE_LIST], &m))
			ret = fn(&m, arg);
		err = list_next(&walk, &pos);
	}
	return ret;
}
