/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands between a function's start and the trap: the kernel's tracers, users of ftrace that
 * lead calls away, code that somebody wrote there, and a kernel that lies about them.
 */
#include "tests/unit/linux_guest.h"

enum { FUNC = 8, SAVED = 16, NEXT = 24, FLAGS = 32, HASHES = 40, TRAMPOLINE = 48, OPS_SIZE = 56 };
enum { FILTER = 0, NOTRACE = 8, HASHES_SIZE = 16 };
enum { BITS = 0, COUNT = 8, BUCKETS = 16, HASH_SIZE = 24 };
enum { NODE = 0, IP = 16, DIRECT = 24, ENTRY_SIZE = 32 };
enum { START = 0, END = 8, KSYM_NODE = 16, KSYM_SIZE = 32 };

#define AT(x)	 (GUEST_BASE + (x))
#define FUNCTION AT(0x1100)
#define ENTRY	 (FUNCTION + 4) /* what ftrace patches */
#define TRAP	 (FUNCTION + 9)
#define CALLER	 AT(0x1800)
#define LIST	 AT(0x3000)
#define LIST_END AT(0x3008)
#define DIRECTS	 AT(0x3010)
#define KSYMS	 AT(0x3020)
#define MODULE	 AT(0x9000) /* not the kernel's code */
#define PROGRAM	 AT(0xa000) /* BPF's */
#define IPMODIFY 0x2000

static const struct guest_symbol made[] = {
	{"T_stext", AT(0x1000)},
	{"Tfunction", FUNCTION},
	{"ttracer", AT(0x1200)},
	{"tkprobe_ftrace_handler", AT(0x1300)},
	{"tklp_ftrace_handler", AT(0x1400)},
	{"tcall_direct_funcs", AT(0x1500)},
	{"Tftrace_caller", CALLER},
	{"Tftrace_regs_caller", AT(0x1900)},
	{"T_etext", AT(0x2000)},
	{"Dftrace_ops_list", LIST},
	{"Dftrace_list_end", LIST_END},
	{"ddirect_functions", DIRECTS},
	{"dbpf_kallsyms", KSYMS},
};

#define TRACER	 AT(0x1200)
#define KPROBES	 AT(0x1300)
#define PATCHES	 AT(0x1400)
#define DIRECTLY AT(0x1500)

static struct kernel_blob *blob;
static struct lvmon_trap site;

static int setup(void **state)
{
	static const uint8_t entry[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x1f, 0x44, 0x00, 0x00};
	int32_t *field = guest_kernel.field;
	gva_t ksym;

	guest_start();
	field[F_FTRACE_OPS_FUNC] = FUNC;
	field[F_FTRACE_OPS_SAVED] = SAVED;
	field[F_FTRACE_OPS_NEXT] = NEXT;
	field[F_FTRACE_OPS_FLAGS] = FLAGS;
	field[F_FTRACE_OPS_HASHES] = HASHES;
	field[F_FTRACE_OPS_TRAMPOLINE] = TRAMPOLINE;
	field[F_FTRACE_FILTER] = FILTER;
	field[F_FTRACE_NOTRACE] = NOTRACE;
	field[F_FTRACE_HASH_BITS] = BITS;
	field[F_FTRACE_HASH_BUCKETS] = BUCKETS;
	field[F_FTRACE_HASH_COUNT] = COUNT;
	field[F_FTRACE_ENTRY_NODE] = NODE;
	field[F_FTRACE_ENTRY_IP] = IP;
	field[F_FTRACE_ENTRY_DIRECT] = DIRECT;
	field[F_BPF_KSYM_START] = START;
	field[F_BPF_KSYM_END] = END;
	field[F_BPF_KSYM_NODE] = KSYM_NODE;
	guest_kernel.enumerator[E_FTRACE_IPMODIFY] = IPMODIFY;
	guest_kernel.enumerators_known = 1u << E_FTRACE_IPMODIFY;
	blob = guest_symbols(made, sizeof(made) / sizeof(made[0]));
	ksym = guest_alloc(KSYM_SIZE, 8);
	put64(KSYMS, ksym + KSYM_NODE);
	put64(ksym + KSYM_NODE, KSYMS);
	put64(ksym + START, PROGRAM);
	put64(ksym + END, PROGRAM + 0x100);
	put64(LIST, LIST_END);
	memcpy(guest_at(FUNCTION), entry, sizeof(entry));
	site = (struct lvmon_trap){.gva = TRAP, .entry_size = sizeof(entry)};
	memcpy(site.entry, entry, sizeof(entry));
	return 0;
}

static int teardown(void **state)
{
	kernel = NULL;
	free(blob);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static void branch(gva_t at, uint8_t opcode, gva_t target)
{
	*(uint8_t *)guest_at(at) = opcode;
	put32(at + 1, (uint32_t)(target - at - 5));
}

/* A hash with this address in it, and its entry's direct call; 0: an empty one. */
static gva_t hash_of(gva_t ip, gva_t direct, unsigned int bits)
{
	gva_t hash = guest_alloc(HASH_SIZE, 8), buckets = guest_alloc(8ull << bits, 8);
	gva_t entry = guest_alloc(ENTRY_SIZE, 8), other = guest_alloc(ENTRY_SIZE, 8);
	gva_t bucket = buckets + 8 * (bits ? ip * 0x61c8864680b583ebull >> (64 - bits) : 0);

	put64(hash + BITS, bits);
	put64(hash + BUCKETS, buckets);
	if (!ip)
		return hash;
	put64(hash + COUNT, 2);
	put64(bucket, other + NODE);
	put64(other + NODE, entry + NODE);
	put64(other + IP, AT(0x1234));
	put64(entry + IP, ip);
	put64(entry + DIRECT, direct);
	return hash;
}

/* A new user of ftrace's. */
static gva_t user(gva_t func, uint64_t flags, gva_t ip)
{
	gva_t ops = guest_alloc(OPS_SIZE, 8), hashes = guest_alloc(HASHES_SIZE, 8);
	gva_t first;

	memcpy(&first, guest_at(LIST), 8);
	put64(hashes + FILTER, hash_of(ip, 0, 4));
	put64(hashes + NOTRACE, hash_of(0, 0, 0));
	put64(ops + FUNC, func);
	put64(ops + SAVED, func);
	put64(ops + FLAGS, flags);
	put64(ops + HASHES, hashes);
	put64(ops + NEXT, first);
	put64(LIST, ops);
	return ops;
}

static void expect(enum linux_detour_kind kind, gva_t code)
{
	struct linux_detour d;

	linux_guest_ran();
	linux_detour(&site, &d);
	assert_int_equal(d.kind, kind);
	assert_true(d.code == code);
}

static void tracers_of_the_kernel(void **state)
{
	gva_t ops;

	expect(LINUX_DETOUR_NONE, 0);
	branch(ENTRY, 0xe8, CALLER);
	expect(LINUX_DETOUR_NONE, 0);
	user(TRACER, 1, ENTRY);
	user(KPROBES, 1 | IPMODIFY, ENTRY); /* one with a post_handler */
	user(TRACER, 1, 0);
	expect(LINUX_DETOUR_NONE, 0);
	branch(ENTRY, 0xe8, AT(0x1900));
	expect(LINUX_DETOUR_NONE, 0);
	/* its own trampoline, which goes with it */
	ops = user(TRACER, 1, ENTRY);
	put64(ops + TRAMPOLINE, MODULE);
	branch(ENTRY, 0xe8, MODULE);
	expect(LINUX_DETOUR_NONE, 0);
	put64(ops + TRAMPOLINE, 0);
	expect(LINUX_DETOUR_CALL, MODULE);
	/* BPF, alone and beside others */
	branch(ENTRY, 0xe8, PROGRAM + 0x40);
	expect(LINUX_DETOUR_NONE, 0);
	user(DIRECTLY, 1, ENTRY);
	put64(DIRECTS, hash_of(ENTRY, PROGRAM + 0x40, 3));
	branch(ENTRY, 0xe8, CALLER);
	expect(LINUX_DETOUR_NONE, 0);
	/* another no-operation than at the start */
	memcpy(guest_at(ENTRY), "\x66\x66\x66\x66\x90", 5);
	expect(LINUX_DETOUR_NONE, 0);
}

static void users_that_lead_calls_away(void **state)
{
	gva_t ops;

	branch(ENTRY, 0xe8, CALLER);
	user(PATCHES, 1 | IPMODIFY, AT(0x1204)); /* of another function */
	expect(LINUX_DETOUR_NONE, 0);
	user(PATCHES, 1 | IPMODIFY, ENTRY);
	user(TRACER, 1, ENTRY);
	expect(LINUX_DETOUR_USER, PATCHES);
	/* the newest first */
	user(MODULE, 1, ENTRY);
	expect(LINUX_DETOUR_USER, MODULE);
	/* who traces but some processes */
	ops = user(TRACER, 1, ENTRY);
	put64(ops + SAVED, MODULE + 16);
	expect(LINUX_DETOUR_USER, MODULE + 16);
	/* all functions but some */
	put64(LIST, LIST_END);
	ops = user(MODULE, 1, 0);
	expect(LINUX_DETOUR_USER, MODULE);
	memcpy(&ops, guest_at(ops + HASHES), 8);
	put64(ops + NOTRACE, hash_of(ENTRY, 0, 2));
	expect(LINUX_DETOUR_NONE, 0);
	/* a direct call of a module's, beside another user */
	user(DIRECTLY, 1, ENTRY);
	put64(DIRECTS, hash_of(ENTRY, MODULE, 0));
	expect(LINUX_DETOUR_USER, MODULE);
}

static void other_code(void **state)
{
	branch(ENTRY, 0xe9, MODULE);
	expect(LINUX_DETOUR_JUMP, MODULE);
	memcpy(guest_at(ENTRY), "\xeb\x10", 2);
	expect(LINUX_DETOUR_JUMP, ENTRY + 0x12);
	*(uint8_t *)guest_at(ENTRY) = 0xcc;
	expect(LINUX_DETOUR_BREAKPOINT, 0);
	branch(ENTRY, 0xe8, TRACER); /* in the kernel, and no tracer's entry */
	expect(LINUX_DETOUR_CALL, TRACER);
	memcpy(guest_at(ENTRY), "\x31\xc0\xc3", 3);
	expect(LINUX_DETOUR_CODE, 0);
	branch(FUNCTION, 0xe9, MODULE);
	expect(LINUX_DETOUR_JUMP, MODULE);
	memcpy(guest_at(FUNCTION), site.entry, 3);
	branch(FUNCTION + 3, 0xe9, MODULE);
	expect(LINUX_DETOUR_JUMP, MODULE);
	/* only an ENDBR64 */
	site.gva = ENTRY;
	site.entry_size = 4;
	*(uint8_t *)guest_at(FUNCTION + 3) = 0xe9;
	expect(LINUX_DETOUR_CODE, 0);
	site.entry_size = 0;
	expect(LINUX_DETOUR_NONE, 0);
}

static void lies(void **state)
{
	gva_t ops = user(MODULE, 1, ENTRY), hashes, filter, buckets;
	int i;

	branch(ENTRY, 0xe8, CALLER);
	memcpy(&hashes, guest_at(ops + HASHES), 8);
	memcpy(&filter, guest_at(hashes + FILTER), 8);
	memcpy(&buckets, guest_at(filter + BUCKETS), 8);
	put64(filter + BITS, 63);
	expect(LINUX_DETOUR_NONE, 0);
	put64(filter + BITS, 4);
	expect(LINUX_DETOUR_USER, MODULE);
	put64(ops + NEXT, ops); /* a loop */
	expect(LINUX_DETOUR_USER, MODULE);
	/* chains that loop */
	for (i = 0; i < 16; i++)
		put64(buckets + 8ull * (gva_t)i, buckets + 8ull * (gva_t)i);
	expect(LINUX_DETOUR_NONE, 0);
	put64(filter + BUCKETS, AT(GUEST_RAM) + 8);
	expect(LINUX_DETOUR_NONE, 0);
	put64(hashes + FILTER, 0x1234);
	put64(LIST, AT(GUEST_RAM) - 8);
	expect(LINUX_DETOUR_NONE, 0);
	put64(LIST, 0x10);
	put64(KSYMS, KSYMS + 8);
	put64(KSYMS + 8, KSYMS + 8);
	branch(ENTRY, 0xe8, MODULE);
	expect(LINUX_DETOUR_CALL, MODULE);
	kernel = NULL;
	expect(LINUX_DETOUR_NONE, 0);
}

/* What cannot be told of a kernel without type information is not told. */
static void no_fields(void **state)
{
	int i;

	user(MODULE, 1, ENTRY);
	branch(ENTRY, 0xe8, CALLER);
	for (i = 0; i < NR_FIELDS; i++) {
		int32_t before = blob->field[i];

		blob->field[i] = NO_FIELD;
		if (before != NO_FIELD) {
			struct linux_detour d;

			linux_detour(&site, &d);
			assert_true(d.kind == LINUX_DETOUR_NONE || d.code == MODULE);
		}
		blob->field[i] = before;
	}
	for (i = 0; i < NR_FIELDS; i++)
		blob->field[i] = NO_FIELD;
	expect(LINUX_DETOUR_NONE, 0);
	branch(ENTRY, 0xe9, MODULE);
	expect(LINUX_DETOUR_JUMP, MODULE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tracers_of_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(users_that_lead_calls_away, setup, teardown),
		cmocka_unit_test_setup_teardown(other_code, setup, teardown),
		cmocka_unit_test_setup_teardown(lies, setup, teardown),
		cmocka_unit_test_setup_teardown(no_fields, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
