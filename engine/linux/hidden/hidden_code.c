/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the system-call tables and of the IDT that lead to code which is neither the kernel's
 * nor a listed module's. What leads into a listed module is for whoever looks at the tables
 * themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/hidden/sightings.h"
#include "engine/linux/internal.h"

struct modules {
	struct linux_module *v;
	size_t count;
};

static int tell(struct linux_hidden_list *list, enum linux_source source, gva_t va,
		const char *name)
{
	struct linux_hidden row = {
		.kind = LINUX_HIDDEN_CODE,
		.address = va,
		.seen = 1u << source,
		.missing = 1u << LINUX_SOURCE_TEXT,
	};

	snprintf(row.name, sizeof(row.name), "%s", name);
	return hidden_append(list, &row);
}

static const char *const symbols[] = {
	[LINUX_SYSCALLS_64] = "sys_call_table",
	[LINUX_SYSCALLS_IA32] = "ia32_sys_call_table",
	[LINUX_SYSCALLS_X32] = "x32_sys_call_table",
};

#define TABLES	   (sizeof(symbols) / sizeof(symbols[0]))
#define MAX_LENGTH 1024

/* How long the tables are takes names to find out, and stays as it is. */
static struct {
	gva_t image;
	uint32_t length[TABLES];
} known;

static void keep_lengths(const struct linux_syscall *calls, size_t count)
{
	size_t i;

	memset(&known, 0, sizeof(known));
	known.image = kernel->image_start;
	for (i = 0; i < count; i++)
		if (calls[i].number < MAX_LENGTH && calls[i].number >= known.length[calls[i].table])
			known.length[calls[i].table] = calls[i].number + 1;
}

/* Do all entries lead into the kernel's own code? False also where that is not known. */
static bool all_inside(void)
{
	gva_t from, to, table, entries[MAX_LENGTH];
	uint32_t i;
	size_t t;

	if (known.image != kernel->image_start || !known.length[LINUX_SYSCALLS_64] ||
	    symbol_find(kernel, "_stext", &from) || symbol_find(kernel, "_etext", &to))
		return false;
	for (t = 0; t < TABLES; t++) {
		if (!known.length[t])
			continue;
		if (symbol_find(kernel, symbols[t], &table) ||
		    linux_kread(table, entries, 8ull * known.length[t]))
			return false;
		for (i = 0; i < known.length[t]; i++)
			if (entries[i] < from || entries[i] >= to)
				return false;
	}
	return true;
}

static int look_at_calls(const struct modules *m, struct linux_hidden_list *list)
{
	static const char *const tables[] = {
		[LINUX_SYSCALLS_64] = "system call",
		[LINUX_SYSCALLS_IA32] = "32-bit system call",
		[LINUX_SYSCALLS_X32] = "x32 system call",
	};
	struct linux_syscall *calls;
	size_t count, i;
	char name[64];
	int err, failed = 0;

	if (all_inside())
		return 0;
	err = linux_syscalls(&calls, &count);
	if (!err)
		keep_lengths(calls, count);
	for (i = 0; i < count && !failed; i++) {
		if (calls[i].inside || module_code_at(m->v, m->count, calls[i].handler))
			continue;
		snprintf(name, sizeof(name), "%s %u%s%s", tables[calls[i].table], calls[i].number,
			 calls[i].name ? " " : "", calls[i].name ? calls[i].name : "");
		failed = tell(list, LINUX_SOURCE_SYSCALLS, calls[i].handler, name);
	}
	free(calls);
	return failed ? failed : err;
}

static int look_at_gates(const struct modules *m, gva_t idt, struct linux_hidden_list *list)
{
	struct linux_gate *gates;
	size_t count, i;
	char name[64];
	int err = linux_idt(idt, &gates, &count), failed = 0;

	for (i = 0; i < count && !failed; i++) {
		if (!gates[i].present || gates[i].inside ||
		    module_code_at(m->v, m->count, gates[i].handler))
			continue;
		snprintf(name, sizeof(name), "vector %u", gates[i].vector);
		failed = tell(list, LINUX_SOURCE_IDT, gates[i].handler, name);
	}
	free(gates);
	return failed ? failed : err;
}

int linux_hidden_code(gva_t idt, struct linux_hidden_list *list)
{
	struct modules m = {0};
	size_t before = list->count;
	int err = linux_modules(&m.v, &m.count);

	/* What a damaged list shows of modules is good enough. */
	if (err == -EFAULT || err == -EOVERFLOW)
		err = 0;
	if (!err) {
		err = look_at_calls(&m, list);
		if (err && err != -ENOMEM && err != -ETIME) {
			hidden_incomplete(list, LINUX_SOURCE_SYSCALLS, err);
			err = 0;
		}
	}
	if (!err) {
		err = look_at_gates(&m, idt, list);
		if (err && err != -ENOMEM && err != -ETIME) {
			hidden_incomplete(list, LINUX_SOURCE_IDT, err);
			err = 0;
		}
	}
	free(m.v);
	if (err)
		list->count = before;
	return err;
}
