/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of pointers that the CPU or the kernel enters through: the system-call tables and the IDT.
 * For each entry: where it leads, and whether that is where it should.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/internal.h"
#include "engine/linux/syscall_names.h"

#define MAX_SYSCALLS 1024
#define GATES	     256
#define GATE_SIZE    16

/* The kernel's code: [from, to). */
struct text_range {
	gva_t from, to;
};

static struct text_range kernel_text(void)
{
	struct text_range t;

	if (symbol_find(kernel, "_stext", &t.from) || symbol_find(kernel, "_etext", &t.to) ||
	    t.to <= t.from)
		t = (struct text_range){kernel->image_start, kernel->image_end};
	return t;
}

/*
 * Gates that no code of the CPU's uses keep what they had at the start (idt_setup_early_handler()):
 * places in memory that was given back, which is not mapped for execution any more.
 */
static bool inside_or_init(const struct text_range *t, gva_t va)
{
	gva_t from, to;

	if (va >= t->from && va < t->to)
		return true;
	return !symbol_find(kernel, "_sinittext", &from) &&
	       !symbol_find(kernel, "_einittext", &to) && va >= from && va < to;
}

static bool inside(const struct text_range *t, gva_t va)
{
	return va >= t->from && va < t->to;
}

bool kernel_code_at(gva_t va)
{
	const struct text_range text = kernel_text();

	return inside_or_init(&text, va);
}

/* How the kernel calls the functions of system calls: arch/x86/include/asm/syscall_wrapper.h */
static const char *const prefixes[] = {
	"__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_", "__x64_compat_sys_", "__x32_compat_sys_",
	"__do_sys_",  "__se_sys_",   "__do_compat_sys_",   "compat_sys_",	"sys_",
};

#define PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

/* Is there a function of this call at va? One function may have several names. */
static bool is_entry(gva_t va, const char *call)
{
	char name[SYMBOL_NAME_SIZE];
	gva_t function;
	size_t i;

	for (i = 0; i < PREFIXES; i++) {
		snprintf(name, sizeof(name), "%s%s", prefixes[i], call);
		if (!symbol_find(kernel, name, &function) && function == va)
			return true;
	}
	return false;
}

/* The call that the function at va is of, NULL: it is no such function, or va is not its start. */
static const char *call_at(gva_t va, char name[SYMBOL_NAME_SIZE])
{
	gva_t start;
	char type;
	size_t i;

	if (symbol_at(kernel, va, name, &type, &start) || start != va)
		return NULL;
	for (i = 0; i < PREFIXES; i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return name + strlen(prefixes[i]);
	return NULL;
}

/*
 * Does the entry lead elsewhere than to its own call? A kernel may know a call by another name
 * than we do, and may do without it; but another call's function is wrong here.
 */
static bool hooked(const struct syscall_names *names, const struct text_range *text,
		   uint32_t number, gva_t va)
{
	const char *own = syscall_name(names, number), *other;
	char name[SYMBOL_NAME_SIZE];

	if (!inside(text, va))
		return true;
	if ((own && is_entry(va, own)) || is_entry(va, "ni_syscall"))
		return false;
	other = call_at(va, name);
	return !other || syscall_known(names, other);
}

/* Words from table to the next symbol. */
static uint32_t table_room(gva_t table)
{
	uint32_t from = 1, to = MAX_SYSCALLS; /* from words are the table's */
	char name[SYMBOL_NAME_SIZE];
	gva_t start;
	char type;

	while (to - from > 1) {
		uint32_t n = from + (to - from) / 2;

		if (symbol_at(kernel, table + 8 * (n - 1), name, &type, &start) || start != table)
			to = n;
		else
			from = n;
	}
	return from;
}

/* Has this kernel the call, by our name for it? */
static bool has_call(const struct syscall_names *names, uint32_t number)
{
	const char *own = syscall_name(names, number);
	char name[SYMBOL_NAME_SIZE];
	gva_t function;
	size_t i;

	for (i = 0; own && i < PREFIXES; i++) {
		snprintf(name, sizeof(name), "%s%s", prefixes[i], own);
		if (!symbol_find(kernel, name, &function))
			return true;
	}
	return false;
}

/*
 * How many of n words are entries: what lies behind the table may have no symbol. The last entry is
 * that of a call that this kernel has, or leads to some call.
 */
static uint32_t table_length(const struct syscall_names *names, const gva_t *entries, uint32_t n)
{
	char name[SYMBOL_NAME_SIZE];

	while (n && !has_call(names, n - 1) && !call_at(entries[n - 1], name))
		n--;
	return n;
}

static int append_table(enum linux_syscall_table which, const char *symbol,
			struct linux_syscall **rows, size_t *count)
{
	const struct syscall_names *names = syscall_names(which);
	struct text_range text = kernel_text();
	gva_t entries[MAX_SYSCALLS], table;
	struct linux_syscall *v;
	uint32_t n, i;

	/* Not every kernel has each of them. */
	if (symbol_find(kernel, symbol, &table))
		return 0;
	n = table_room(table);
	if (linux_kread(table, entries, 8ull * n))
		return -EFAULT;
	n = table_length(names, entries, n);
	if (!n)
		return 0;
	v = realloc(*rows, (*count + n) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	*rows = v;
	for (i = 0; i < n; i++)
		v[(*count)++] = (struct linux_syscall){
			.table = which,
			.number = i,
			.handler = entries[i],
			.name = syscall_name(names, i),
			.inside = inside(&text, entries[i]),
			.hooked = hooked(names, &text, i, entries[i]),
		};
	return 0;
}

int linux_syscalls(struct linux_syscall **syscalls, size_t *count)
{
	int err, more;

	*syscalls = NULL;
	*count = 0;
	if (!kernel)
		return -ENODATA;
	err = append_table(LINUX_SYSCALLS_64, "sys_call_table", syscalls, count);
	if (err != -ENOMEM) {
		more = append_table(LINUX_SYSCALLS_IA32, "ia32_sys_call_table", syscalls, count);
		err = more ? more : err;
	}
	if (err != -ENOMEM) {
		more = append_table(LINUX_SYSCALLS_X32, "x32_sys_call_table", syscalls, count);
		err = more ? more : err;
	}
	if (err == -ENOMEM) {
		free(*syscalls);
		*syscalls = NULL;
		*count = 0;
	}
	return err;
}

int linux_idt(gva_t base, struct linux_gate **gates, size_t *count)
{
	struct text_range text;
	uint8_t bytes[GATES * GATE_SIZE];
	struct linux_gate *v;
	uint32_t i;

	*gates = NULL;
	*count = 0;
	if (!kernel)
		return -ENODATA;
	if (!base && symbol_find(kernel, "idt_table", &base))
		return -ENOENT;
	if (!kernel_pointer(base) || linux_kread(base, bytes, sizeof(bytes)))
		return -EFAULT;
	v = calloc(GATES, sizeof(*v));
	if (!v)
		return -ENOMEM;
	text = kernel_text();
	for (i = 0; i < GATES; i++) {
		/* AMD APM vol. 2, 8.2.1; Intel SDM vol. 3, figure 6-8 */
		const uint8_t *g = bytes + i * GATE_SIZE;

		v[i] = (struct linux_gate){
			.vector = i,
			.handler =
				load16(g) | (gva_t)load16(g + 6) << 16 | (gva_t)load32(g + 8) << 32,
			.selector = load16(g + 2),
			.ist = g[4] & 7,
			.type = g[5] & 15,
			.dpl = g[5] >> 5 & 3,
			.present = g[5] >> 7,
		};
		v[i].inside = inside_or_init(&text, v[i].handler);
	}
	*gates = v;
	*count = GATES;
	return 0;
}
