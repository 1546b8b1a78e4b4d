/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets control between a function's start and the trap behind its patchable entry, and may have
 * the call go elsewhere. The kernel patches that entry for its own tracers: then there is a call of
 * ftrace's code, and struct ftrace_ops of each user says what is called from there
 * (kernel/trace/ftrace.c). On x86 each such function can change the instruction pointer, whatever
 * it has said before (ftrace_caller and ftrace_regs_caller in arch/x86/kernel/ftrace_64.S). Those
 * in the kernel's image do so if they say so; of others, nobody knows.
 */
#include "engine/linux/internal.h"

#define INT3	     0xcc
#define CALL	     0xe8
#define JMP	     0xe9
#define JMP_SHORT    0xeb
#define MAX_USERS    1024
#define MAX_BITS     16
#define MAX_CHAIN    1024
#define MAX_PROGRAMS (1u << 16)
#define GOLDEN_RATIO 0x61c8864680b583ebull /* include/linux/hash.h */

#define IS(code, ...) \
	(!memcmp(code, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})))

static bool is_symbol(gva_t va, const char *name)
{
	gva_t symbol;

	return !symbol_find(kernel, name, &symbol) && symbol == va;
}

/* A pointer that is a member, or 0. */
static gva_t pointer(gva_t base, enum field f)
{
	gva_t va;

	return has_field(f) && !kread64(at(base, f), &va) && kernel_pointer(va) ? va : 0;
}

/* The entry for ip in a struct ftrace_hash, or 0. */
static gva_t hash_find(gva_t hash, gva_t ip)
{
	gva_t buckets = pointer(hash, F_FTRACE_HASH_BUCKETS), node;
	uint64_t bits, found;
	unsigned int i;

	if (!buckets || !has_field(F_FTRACE_HASH_BITS) || !has_field(F_FTRACE_ENTRY_IP) ||
	    !has_field(F_FTRACE_ENTRY_NODE) || kread64(at(hash, F_FTRACE_HASH_BITS), &bits) ||
	    bits > MAX_BITS)
		return 0;
	if (kread64(buckets + 8 * (bits ? ip * GOLDEN_RATIO >> (64 - bits) : 0), &node))
		return 0;
	for (i = 0; i < MAX_CHAIN && kernel_pointer(node); i++) {
		gva_t entry = node - (gva_t)(int64_t)kernel->field[F_FTRACE_ENTRY_NODE];

		if (kread64(at(entry, F_FTRACE_ENTRY_IP), &found))
			return 0;
		if (found == ip)
			return entry;
		if (kread64(node, &node))
			return 0;
	}
	return 0;
}

/* Does the user trace the place? An empty filter means all but those in the other one. */
static bool traces(gva_t ops, gva_t ip)
{
	gva_t hashes = pointer(ops, F_FTRACE_OPS_HASHES);
	gva_t filter = hashes ? pointer(hashes, F_FTRACE_FILTER) : 0;
	uint64_t count;

	if (!filter || !has_field(F_FTRACE_HASH_COUNT) ||
	    kread64(at(filter, F_FTRACE_HASH_COUNT), &count))
		return false;
	if (count)
		return hash_find(filter, ip);
	return !hash_find(pointer(hashes, F_FTRACE_NOTRACE), ip);
}

/* Is it code that the kernel's BPF has made: a trampoline, a program? */
static bool is_bpf(gva_t va)
{
	struct list_walk walk;
	gva_t head, pos, from, to;
	int err;

	if (symbol_find(kernel, "bpf_kallsyms", &head) || !has_field(F_BPF_KSYM_NODE) ||
	    !has_field(F_BPF_KSYM_START) || !has_field(F_BPF_KSYM_END))
		return false;
	err = list_first(&walk, head, MAX_PROGRAMS, &pos);
	while (!err && pos != head) {
		gva_t ksym = pos - (gva_t)(int64_t)kernel->field[F_BPF_KSYM_NODE];

		if (!kread64(at(ksym, F_BPF_KSYM_START), &from) &&
		    !kread64(at(ksym, F_BPF_KSYM_END), &to) && va >= from && va < to)
			return true;
		err = list_next(&walk, &pos);
	}
	return false;
}

static bool foreign(gva_t va)
{
	return va && !kernel_code_at(va) && !is_bpf(va);
}

/* What a function is called in place of ftrace's own: register_ftrace_direct(). */
static gva_t direct_call(gva_t ip)
{
	gva_t hash, entry;

	if (symbol_find(kernel, "direct_functions", &hash) || kread64(hash, &hash))
		return 0;
	entry = kernel_pointer(hash) ? hash_find(hash, ip) : 0;
	return entry ? pointer(entry, F_FTRACE_ENTRY_DIRECT) : 0;
}

/* The user of ftrace's whose function may have calls go elsewhere: that function, or 0. */
static gva_t judge(gva_t ops, gva_t ip)
{
	gva_t func = pointer(ops, F_FTRACE_OPS_FUNC), saved = pointer(ops, F_FTRACE_OPS_SAVED);
	gva_t direct = is_symbol(func, "call_direct_funcs") ? direct_call(ip) : 0;
	uint64_t flags = 0;

	if (foreign(direct))
		return direct;
	if (foreign(func))
		return func;
	if (foreign(saved))
		return saved;
	/*
	 * A kernel probe with a post_handler says that it changes the pointer, too, and puts it
	 * back.
	 */
	if (has_enumerator(E_FTRACE_IPMODIFY) && has_field(F_FTRACE_OPS_FLAGS) &&
	    !kread64(at(ops, F_FTRACE_OPS_FLAGS), &flags) &&
	    flags & (uint64_t)kernel->enumerator[E_FTRACE_IPMODIFY] &&
	    !is_symbol(func, "kprobe_ftrace_handler"))
		return func;
	return 0;
}

/*
 * All users, the newest first: the first that may have calls go elsewhere is told. True: target is
 * the trampoline of one of them.
 */
static bool users(gva_t ip, gva_t target, struct linux_detour *d)
{
	bool known = false;
	gva_t end, ops;
	unsigned int i;

	if (symbol_find(kernel, "ftrace_ops_list", &ops) ||
	    symbol_find(kernel, "ftrace_list_end", &end) || kread64(ops, &ops) ||
	    !has_field(F_FTRACE_OPS_NEXT))
		return false;
	for (i = 0; i < MAX_USERS && ops != end && kernel_pointer(ops); i++) {
		known |= pointer(ops, F_FTRACE_OPS_TRAMPOLINE) == target;
		if (d->kind == LINUX_DETOUR_NONE && traces(ops, ip)) {
			d->code = judge(ops, ip);
			d->user = ops;
			d->kind = d->code ? LINUX_DETOUR_USER : LINUX_DETOUR_NONE;
		}
		ops = pointer(ops, F_FTRACE_OPS_NEXT);
	}
	return known;
}

static gva_t target_of(const uint8_t *code, gva_t address)
{
	int32_t rel;

	if (code[0] == JMP_SHORT)
		return address + 2 + (gva_t)(int64_t)(int8_t)code[1];
	memcpy(&rel, code + 1, sizeof(rel));
	return address + 5 + (gva_t)(int64_t)rel;
}

/* Where nothing but what the kernel puts there has a place. */
static void other_code(const uint8_t *code, size_t left, gva_t address, struct linux_detour *d)
{
	d->kind = LINUX_DETOUR_CODE;
	if (code[0] == INT3)
		d->kind = LINUX_DETOUR_BREAKPOINT;
	if ((code[0] == JMP_SHORT && left >= 2) || (code[0] == JMP && left >= 5)) {
		d->kind = LINUX_DETOUR_JUMP;
		d->code = target_of(code, address);
	}
}

static void traced(const uint8_t *code, gva_t ip, struct linux_detour *d)
{
	gva_t target = target_of(code, ip);

	if (users(ip, target, d) || is_symbol(target, "ftrace_caller") ||
	    is_symbol(target, "ftrace_regs_caller") || is_symbol(target, "__fentry__") ||
	    d->kind != LINUX_DETOUR_NONE || is_bpf(target))
		return;
	d->kind = LINUX_DETOUR_CALL;
	d->code = target;
}

void linux_detour(const struct lvmon_trap *site, struct linux_detour *out)
{
	uint8_t code[LVMON_ENTRY_SIZE];
	size_t size = site->entry_size, i;
	gva_t start = site->gva - size;

	*out = (struct linux_detour){0};
	if (!kernel || size > sizeof(code) || linux_kread(start, code, size))
		return;
	for (i = 0; i < size && code[i] == site->entry[i]; i++)
		;
	if (i == size)
		return;
	if (size < FENTRY_SIZE || i != size - FENTRY_SIZE) {
		other_code(code + i, size - i, start + i, out);
		return;
	}
	if (code[i] == CALL)
		traced(code + i, start + i, out);
	else if (!IS(code + i, 0x0f, 0x1f, 0x44, 0x00, 0x00) &&
		 !IS(code + i, 0x66, 0x66, 0x66, 0x66, 0x90))
		other_code(code + i, FENTRY_SIZE, start + i, out);
}
