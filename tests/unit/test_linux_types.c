// SPDX-License-Identifier: Apache-2.0
/* Types by name, members, declarations, variables, lists, and modules' names; and BTF that lies. */
#include <elf.h>
#include "engine/linux/types/btf.h"
#include "tests/unit/linux_guest.h"
#include "tests/unit/types_maker.h"

static struct btf *btf;
static struct kernel_blob *blob;

/* The made-up kernel gets this BTF, and symbols. */
static void know(const void *raw, uint32_t size, const struct guest_symbol *symbols, uint32_t count)
{
	struct kernel_blob *b = guest_symbols(symbols, count);
	uint32_t off = (uint32_t)align_up(sizeof(*b) + 4096 + 80 * count, 8);

	linux_types_release();
	free(blob);
	b = realloc(b, off + size);
	b->sec[SEC_BTF] = (struct section){off, size};
	memcpy((uint8_t *)b + off, raw, size);
	kernel = blob = b;
}

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {
		{"D__per_cpu_start", 0},
		{"Dcounter", 0x40},
		{"D__per_cpu_end", 0x100},
		{"Dmodules", GUEST_BASE + 0x8000},
		{"Dbtf_modules", GUEST_BASE + 0x8100},
		{"Dinit_task", GUEST_BASE + 0x9000},
		{"Dnr_cpu_ids", GUEST_BASE + 0x9100},
		{"D__per_cpu_offset", GUEST_BASE + 0x9200},
		{"Dno_type", GUEST_BASE + 0x9300},
	};
	const void *raw;
	uint32_t size;

	guest_start();
	btf = types_make();
	raw = btf__raw_data(btf, &size);
	know(raw, size, symbols, sizeof(symbols) / sizeof(symbols[0]));
	return 0;
}

static int tear_down(void **state)
{
	linux_types_release();
	btf__free(btf);
	free(blob);
	free(guest_ram);
	blob = NULL;
	guest_ram = NULL;
	kernel = NULL;
	return 0;
}

static struct linux_type type_of(const char *name)
{
	struct linux_type type;
	bool pointer;
	int err = linux_type_find(name, &type, &pointer);

	if (err)
		fail_msg("%s: %d", name, err);
	type.stars += pointer;
	return type;
}

static void named(const char *name, const char *want)
{
	struct linux_type type = type_of(name);
	char text[LINUX_TYPE_NAME_SIZE];

	assert_int_equal(linux_type_name(&type, text, sizeof(text)), 0);
	assert_string_equal(text, want);
}

static int refused(const char *name)
{
	struct linux_type type;
	bool pointer;

	return linux_type_find(name, &type, &pointer);
}

static void test_names(void **state)
{
	named("thing", "struct thing");
	named("struct thing", "struct thing");
	named(" struct  thing ", "struct thing");
	named("thing_t", "thing_t");
	named("thing_t *", "thing_t *");
	named("const struct thing **", "struct thing **");
	named("struct inner *[4]", "struct inner *[4]");
	named("unsigned", "unsigned int");
	named("unsigned long", "long unsigned int");
	named("long unsigned", "long unsigned int");
	named("long", "long int");
	named("signed int", "int");
	named("unsigned char[6]", "unsigned char[6]");
	named("char[]", "char[]");
	named("u8[0x10]", "u8[16]");
	named("enum color", "enum color");
	named("color", "enum color");
	named("void *", "void *");
	named("struct gone *", "struct gone *");
	assert_int_equal(refused("struct thing_t"), -ENOENT);
	assert_int_equal(refused("union thing"), -ENOENT);
	assert_int_equal(refused("thin"), -ENOENT);
	assert_int_equal(refused("short"), -ENOENT); /* this BTF has none */
	assert_int_equal(refused("void"), -EINVAL);
	assert_int_equal(refused(""), -EINVAL);
	assert_int_equal(refused("thing["), -EINVAL);
	assert_int_equal(refused("thing[x]"), -EINVAL);
	assert_int_equal(refused("thing[-1]"), -EINVAL);
	assert_int_equal(refused("thing[99999999999999999999]"), -EINVAL);
	assert_int_equal(refused("thing *****************"), -EINVAL);
	assert_int_equal(refused("thing + 1"), -EINVAL);
	assert_int_equal(refused("no_module:thing"), -ENOENT);
	kernel = NULL;
	assert_int_equal(refused("thing"), -ENODATA);
	blob->sec[SEC_BTF].size = 20;
	kernel = blob;
	linux_types_release();
	assert_int_equal(refused("thing"), -ENOTSUP);
	strcpy(blob->missing[LINUX_TYPES], "no BTF");
	assert_int_equal(refused("thing"), -ENOTSUP);
}

static const struct linux_layout *member(const char *type_name, const char *name)
{
	struct linux_type type = type_of(type_name);
	const struct linux_layout *l;
	int err = linux_type_member(&type, name, strlen(name), &l);

	if (err)
		fail_msg("%s.%s: %d", type_name, name, err);
	return l;
}

static int no_member(const char *type_name, const char *name)
{
	struct linux_type type = type_of(type_name);
	const struct linux_layout *l;

	return linux_type_member(&type, name, strlen(name), &l);
}

#define AT(field) offsetof(struct made_thing, field)

static void test_members(void **state)
{
	const struct linux_layout *l;
	int twice;

	for (twice = 0; twice < 2; twice++) { /* the second time from memory */
		l = member("thing", "first");
		assert_true(l->kind == LINUX_KIND_INTEGER && l->is_signed && l->size == 8);
		l = member("thing", "link");
		assert_true(l->kind == LINUX_KIND_RECORD && l->offset == AT(next));
		l = member("thing_t", "name");
		assert_true(l->kind == LINUX_KIND_STRING && l->offset == AT(name));
		assert_true(l->count == 16 && l->size == 16 && l->to_size == 1);
		l = member("thing", "bytes");
		assert_true(l->kind == LINUX_KIND_ARRAY && l->count == 6);
		l = member("thing", "yes");
		assert_true(l->kind == LINUX_KIND_BOOLEAN && l->offset == AT(yes));
		l = member("thing", "other");
		assert_true(l->kind == LINUX_KIND_POINTER && !l->bare);
		l = member("thing", "table");
		assert_true(l->kind == LINUX_KIND_POINTER && !l->bare);
		l = member("thing", "nothing");
		assert_true(l->kind == LINUX_KIND_POINTER && l->bare);
		l = member("thing", "function");
		assert_true(l->kind == LINUX_KIND_POINTER && l->bare && l->offset == AT(function));
		l = member("thing", "low");
		assert_true(l->offset == AT(bits) && l->shift == 0 && l->bits == 3);
		l = member("thing", "minus");
		assert_true(l->offset == AT(bits) && l->shift == 3 && l->bits == 5);
		assert_true(l->is_signed);
		l = member("thing", "hue");
		assert_true(l->kind == LINUX_KIND_ENUM && l->offset == AT(bits) + 1);
		assert_true(l->shift == 0 && l->bits == 8);
		assert_int_equal(member("thing", "x")->offset, AT(lo));
		assert_int_equal(member("thing", "hi")->offset, AT(hi));
		l = member("thing", "ratio");
		assert_true(l->kind == LINUX_KIND_FLOAT && l->size == 8);
		l = member("thing", "rest");
		assert_true(l->kind == LINUX_KIND_STRING && l->count == 0);
		assert_int_equal(member("thing", "large")->size, 8);
		assert_int_equal(no_member("thing", "nam"), -ENOENT);
		assert_int_equal(no_member("thing", "name1"), -ENOENT);
		assert_int_equal(no_member("thing", ""), -ENOENT);
		assert_int_equal(no_member("thing *", "name"), -EINVAL);
		assert_int_equal(no_member("u8[4]", "name"), -EINVAL);
		assert_int_equal(no_member("int", "name"), -EINVAL);
		assert_int_equal(no_member("struct gone", "name"), -ENOENT);
		/* by the name it had before */
		l = member("task_struct", "state");
		assert_true(l->offset == 0 && l->size == 4);
		assert_int_equal(no_member("thing", "state"), -ENOENT);
		assert_int_equal(no_member("task_struct", "stat"), -ENOENT);
		assert_int_equal(
			no_member("thing", "a_name_that_is_longer_than_what_is_remembered"),
			-ENOENT);
	}
}

/* Structures from before BTF told the sizes of bit fields with the member. */
static void test_old_bit_fields(void **state)
{
	struct linux_type type;
	const struct linux_layout *l;
	const void *raw;
	uint32_t size;
	int bits, id;

	bits = btf__add_int(btf, "unsigned int", 4, 0);
	/* encoding | offset << 16 | bits */
	*(uint32_t *)((struct btf_type *)btf__type_by_id(btf, (uint32_t)bits) + 1) = 5;
	id = btf__add_struct(btf, "old", 8);
	btf__add_field(btf, "flag", bits, 32, 0);
	btf_members(btf__type_by_id(btf, (uint32_t)id))->offset = 35;
	raw = btf__raw_data(btf, &size);
	know(raw, size, NULL, 0);
	type = type_of("old");
	assert_int_equal(linux_type_member(&type, "flag", 4, &l), 0);
	assert_true(l->offset == 4 && l->shift == 3 && l->bits == 5);
}

static void test_paths(void **state)
{
	struct linux_type type = type_of("thing");
	struct linux_layout l;

	assert_int_equal(linux_type_path(&type, "inner.b", &l), 0);
	assert_int_equal(l.offset, AT(inner) + 8);
	assert_int_equal(linux_type_path(&type, "array[3]", &l), 0);
	assert_int_equal(l.offset, AT(array) + 12);
	assert_int_equal(linux_type_path(&type, "grid[1][2]", &l), 0);
	assert_int_equal(l.offset, AT(grid) + 20);
	assert_true(l.kind == LINUX_KIND_INTEGER && l.size == 4);
	assert_int_equal(linux_type_path(&type, "link.prev", &l), 0);
	assert_int_equal(l.offset, AT(prev));
	assert_true(linux_type_path(&type, "array[4]", &l) < 0);
	assert_true(linux_type_path(&type, "array[", &l) < 0);
	assert_true(linux_type_path(&type, "array[1]x", &l) < 0);
	assert_true(linux_type_path(&type, "inner.", &l) < 0);
	assert_true(linux_type_path(&type, "", &l) < 0);
	assert_true(linux_type_path(&type, "first.x", &l) < 0);
	assert_true(linux_type_path(&type, "other.a", &l) < 0); /* a pointer is not followed */
	type = type_of("task_struct");
	assert_int_equal(linux_type_path(&type, "state", &l), 0);
}

static int count_member(const char *name, void *arg)
{
	++*(int *)arg;
	return strcmp(name, "hi") == 0;
}

static void test_near(void **state)
{
	struct linux_type type = type_of("thing");
	struct text_near near;
	char hint[256];
	int n = 0;

	linux_member_near(&type, "nmae", &near);
	text_near_print(&near, hint, sizeof(hint));
	assert_string_equal(hint, "; did you mean name?");
	linux_type_near("struct thnig", &near);
	text_near_print(&near, hint, sizeof(hint));
	assert_string_equal(hint, "; did you mean thing?");
	linux_enum_near(NULL, "GREN", &near);
	text_near_print(&near, hint, sizeof(hint));
	assert_non_null(strstr(hint, "GREEN"));
	linux_variable_near("count", &near);
	text_near_print(&near, hint, sizeof(hint));
	assert_non_null(strstr(hint, "counter"));
	assert_int_equal(linux_each_member(&type, count_member, &n), 1);
	assert_int_equal(n, 15);
}

static void test_enumerators(void **state)
{
	struct linux_type color = type_of("color"), large = type_of("large"), i = type_of("int");
	const char *name;
	int64_t v;

	assert_int_equal(linux_enum_name(&color, 5, &name), 0);
	assert_string_equal(name, "GREEN");
	assert_int_equal(linux_enum_name(&color, -1, &name), 0);
	assert_string_equal(name, "NO_COLOR");
	assert_int_equal(linux_enum_name(&color, 0xffffffff, &name), 0);
	assert_int_equal(linux_enum_name(&color, 6, &name), -ENOENT);
	assert_int_equal(linux_enum_name(&large, 1ull << 40, &name), 0);
	assert_int_equal(linux_enum_name(&large, 0, &name), -ENOENT);
	assert_int_equal(linux_enum_name(&i, 0, &name), -EINVAL);
	assert_int_equal(linux_enum_value(NULL, "LARGE", &v), 0);
	assert_true(v == 1ll << 40);
	assert_int_equal(linux_enum_value(&color, "NO_COLOR", &v), 0);
	assert_true(v == -1);
	assert_int_equal(linux_enum_value(&color, "LARGE", &v), -ENOENT);
	assert_int_equal(linux_enum_value(NULL, "RE", &v), -ENOENT);
}

/* Rows of spaces as one. */
static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != ' ' || text[1] != ' ')
			*to++ = *text;
	*to = '\0';
}

static void declared(const char *name, const char *want)
{
	char *text;

	assert_int_equal(linux_typeof(name, &text), 0);
	squeeze(text);
	assert_string_equal(text, want);
	free(text);
}

static void has_line(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static void test_declarations(void **state)
{
	char *text;

	declared("color",
		 "enum color {\n\tRED = 0,\n\tGREEN = 5,\n\tNO_COLOR = -1,\n}; /* size: 4 */\n");
	declared("large", "enum large {\n\tLARGE = 0x10000000000,\n}; /* size: 8 */\n");
	declared("u8", "typedef unsigned char u8; /* size: 1 */\n");
	declared("unsigned long", "long unsigned int; /* size: 8 */\n");
	declared("thing *", "struct thing *; /* size: 8 */\n");
	declared("thing[3]", "struct thing[3]; /* size: 672 */\n");
	declared("struct gone", "struct gone; /* its members are not known */\n");
	declared("do_thing", "int do_thing(struct thing *thing, ...);\n");
	declared("counter", "unsigned int counter; /* at 0x40 of each CPU's area */\n");
	declared("init_task", "struct task_struct init_task; /* at 0xffffffff81009000 */\n");
	assert_int_equal(linux_typeof("no_type", &text), -ENOENT);
	assert_null(text);
	assert_int_equal(linux_typeof("thing]", &text), -EINVAL);
	assert_int_equal(linux_typeof("thing", &text), 0);
	squeeze(text);
	has_line(text, "\tstruct list_head link; /* 8 16 */");
	has_line(text, "\tchar name[16]; ");
	has_line(text, "\tstruct inner **table; ");
	has_line(text, "\tint minus : 5; /* 84 : 3 */");
	has_line(text, "\tunion {\n\t\tlong int x; ");
	has_line(text, "\t\tstruct {\n\t\t\tint lo; ");
	has_line(text, "/* 92 4 */\n\t\t}; ");
	has_line(text, "\tint (*function)(struct thing *thing, ...); ");
	has_line(text, "\tconst char *text; ");
	has_line(text, "\tvolatile const long unsigned int __state; ");
	has_line(text, "\tunsigned int grid[2][3]; /* 160 24 */");
	has_line(text, "}; /* size: 224 */\n");
	free(text);
}

static void test_variables(void **state)
{
	struct linux_type type;
	char name[64];
	bool per_cpu;
	gva_t va;

	assert_int_equal(linux_variable("counter", &type, &va, &per_cpu), 0);
	assert_true(va == 0x40 && per_cpu);
	assert_int_equal(linux_type_name(&type, name, sizeof(name)), 0);
	assert_string_equal(name, "unsigned int");
	assert_int_equal(linux_variable("init_task", &type, &va, &per_cpu), 0);
	assert_true(va == GUEST_BASE + 0x9000 && !per_cpu);
	assert_int_equal(linux_variable("no_type", &type, &va, &per_cpu), -ENOTSUP);
	assert_int_equal(linux_variable("modules", &type, &va, &per_cpu), 0);
	assert_int_equal(linux_variable("jiffies", &type, &va, &per_cpu), -ENOENT);

	put32(GUEST_BASE + 0x9100, 2);
	put64(GUEST_BASE + 0x9200, GUEST_BASE + 0x20000);
	put64(GUEST_BASE + 0x9208, GUEST_BASE + 0x30000);
	assert_int_equal(linux_cpu_base(0, &va), 0);
	assert_true(va == GUEST_BASE + 0x20000);
	assert_int_equal(linux_cpu_base(1, &va), 0);
	assert_true(va == GUEST_BASE + 0x30000);
	assert_int_equal(linux_cpu_base(2, &va), -ERANGE);
	put32(GUEST_BASE + 0x9100, 0xffffffff); /* a lie */
	assert_int_equal(linux_cpu_base(8192, &va), -ERANGE);
	assert_int_equal(linux_cpu_base(0xffffffff, &va), -ERANGE);
}

#define NODE(i) (GUEST_BASE + 0x10000 + 0x40 * (gva_t)(i))

static void walk(enum linux_list kind, int want_err, size_t want)
{
	gva_t *nodes;
	size_t n;

	assert_int_equal(linux_list_nodes(NODE(0), kind, &nodes, &n), want_err);
	assert_int_equal(n, want);
	for (size_t i = 0; i < n && i < 4; i++)
		assert_true(nodes[i] == NODE(i + 1));
	free(nodes);
}

static void test_lists(void **state)
{
	struct linux_type type = type_of("list_head");
	enum linux_list kind;
	int i;

	assert_int_equal(linux_list_kind(&type, &kind), 0);
	assert_int_equal(kind, LINUX_LIST);
	type = type_of("hlist_head");
	assert_int_equal(linux_list_kind(&type, &kind), 0);
	assert_int_equal(kind, LINUX_HLIST);
	type = type_of("thing");
	assert_int_equal(linux_list_kind(&type, &kind), -EINVAL);
	type = type_of("int");
	assert_int_equal(linux_list_kind(&type, &kind), -EINVAL);
	type = type_of("list_head **");
	assert_int_equal(linux_list_kind(&type, &kind), -EINVAL);

	for (i = 0; i < 5; i++)
		put64(NODE(i), NODE(i + 1));
	put64(NODE(5), NODE(0));
	walk(LINUX_LIST, 0, 5);
	put64(NODE(5), 0);
	walk(LINUX_LIST, -EFAULT, 5);
	walk(LINUX_HLIST, 0, 5);
	walk(LINUX_LLIST, 0, 5);
	put64(NODE(5), 0x123 | 1); /* hlist_nulls */
	walk(LINUX_HLIST, 0, 5);
	put64(NODE(5), NODE(3)); /* round */
	walk(LINUX_LIST, -EOVERFLOW, 6);
	put64(NODE(5), NODE(2) + 4);
	walk(LINUX_LIST, -EFAULT, 5);
	put64(NODE(0), NODE(0));
	walk(LINUX_LIST, 0, 0);
	put64(NODE(0), 0);
	walk(LINUX_HLIST, 0, 0);
	put64(NODE(0), 1);
	walk(LINUX_HLIST, 0, 0);
	put64(NODE(5), 0);
	put64(NODE(0), NODE(1) | 1); /* hlist_bl, locked */
	walk(LINUX_HLIST, 0, 5);
	put64(NODE(0), 0x7f0000000000);
	walk(LINUX_HLIST, -EFAULT, 0);
}

/* A module at this place with symbols and BTF of its own. */
#define MODULE (GUEST_BASE + 0x40000)
#define CODE   (GUEST_BASE + GUEST_RAM + 0x10000) /* outside of the kernel's image */
#define SYMTAB (GUEST_BASE + 0x42000)
#define STRTAB (GUEST_BASE + 0x43000)
#define TYPES  (GUEST_BASE + 0x44000)
#define ENTRY  (GUEST_BASE + 0x41000) /* of the list of BTF, and its struct btf */

static void put_symbol(int i, uint32_t name, uint64_t value, uint16_t section_index)
{
	Elf64_Sym s = {.st_name = name, .st_value = value, .st_shndx = section_index};

	memcpy(guest_at(SYMTAB + (gva_t)i * sizeof(s)), &s, sizeof(s));
}

static void put_module(void)
{
	static const char strings[] = "\0absent\0module_init\0module_work";
	struct btf *split;
	const void *raw;
	uint32_t size;
	int inner;

	blob->field[F_MODULE_LIST] = 0;
	blob->field[F_MODULE_NAME] = 16;
	blob->field[F_MODULE_STATE] = 80;
	blob->field[F_MODULE_TAINTS] = 88;
	blob->field[F_MODULE_CORE] = 96;
	blob->field[F_MODULE_INIT_AREA] = 128;
	blob->field[F_MODULE_AREA_BASE] = 0;
	blob->field[F_MODULE_AREA_SIZE] = 8;
	blob->field[F_MODULE_AREA_TEXT] = 12;
	blob->field[F_MODULE_KALLSYMS] = 160;
	blob->field[F_MODULE_SYMTAB] = 0;
	blob->field[F_MODULE_NUM_SYMTAB] = 8;
	blob->field[F_MODULE_STRTAB] = 16;
	blob->field[F_BTF_MODULE_LIST] = 0;
	blob->field[F_BTF_MODULE_MODULE] = 16;
	blob->field[F_BTF_MODULE_BTF] = 24;
	blob->field[F_BTF_DATA] = 0;
	blob->field[F_BTF_DATA_SIZE] = 8;
	put64(GUEST_BASE + 0x8000, MODULE);
	put64(MODULE, GUEST_BASE + 0x8000);
	strcpy(guest_at(MODULE + 16), "mod");
	put64(MODULE + 96, CODE);
	put32(MODULE + 104, 0x2000);
	put32(MODULE + 108, 0x1000);
	put64(MODULE + 160, MODULE + 0x100);
	put64(MODULE + 0x100, SYMTAB);
	put32(MODULE + 0x108, 4);
	put64(MODULE + 0x110, STRTAB);
	memcpy(guest_at(STRTAB), strings, sizeof(strings));
	put_symbol(1, 1, CODE + 0x10, SHN_UNDEF);
	put_symbol(2, 8, CODE + 0x20, 1);
	put_symbol(3, 20, CODE + 0x100, 1);

	split = btf__new_empty_split(btf);
	inner = btf__find_by_name(btf, "inner");
	assert_true(inner > 0);
	assert_true(btf__add_struct(split, "gone", 24) > 0);
	assert_int_equal(btf__add_field(split, "of_kernel", inner, 64, 0), 0);
	assert_true(btf__add_struct(split, "own", 8) > 0);
	assert_int_equal(btf__add_field(split, "value", btf__find_by_name(btf, "long int"), 0, 0),
			 0);
	raw = btf__raw_data(split, &size);
	memcpy(guest_at(TYPES), raw, size);
	put64(GUEST_BASE + 0x8100, ENTRY);
	put64(ENTRY, GUEST_BASE + 0x8100);
	put64(ENTRY + 16, MODULE);
	put64(ENTRY + 24, ENTRY + 0x40);
	put64(ENTRY + 0x40, TYPES);
	put32(ENTRY + 0x48, size);
	btf__free(split);
}

static void test_module_symbols(void **state)
{
	char text[64];
	gva_t va;

	assert_int_equal(linux_symbol_any("module_work", &va), -ENOENT);
	assert_int_equal(linux_symbolize(CODE + 0x20, text, sizeof(text)), -ENOENT);
	put_module();
	assert_int_equal(linux_symbol_any("module_work", &va), 0);
	assert_true(va == CODE + 0x100);
	assert_int_equal(linux_symbol_any("mod:module_init", &va), 0);
	assert_true(va == CODE + 0x20);
	assert_int_equal(linux_symbol_any("other:module_init", &va), -ENOENT);
	assert_int_equal(linux_symbol_any("mod:init_task", &va), -ENOENT);
	assert_int_equal(linux_symbol_any("mod:", &va), -ENOENT);
	assert_int_equal(linux_symbol_any("absent", &va), -ENOENT);
	assert_int_equal(linux_symbol_any("init_task", &va), 0);
	assert_int_equal(linux_symbolize(CODE + 0x20, text, sizeof(text)), 0);
	assert_string_equal(text, "module_init [mod]");
	assert_int_equal(linux_symbolize(CODE + 0x1fff, text, sizeof(text)), 0);
	assert_string_equal(text, "module_work+0x1eff [mod]");
	assert_int_equal(linux_symbolize(CODE, text, sizeof(text)), 0);
	assert_string_equal(text, "0xffffffff81410000 [mod]");
	assert_int_equal(linux_symbolize(CODE + 0x2000, text, sizeof(text)), -ENOENT);
	/* Numbers that lie. */
	put32(MODULE + 0x108, 0xffffffff);
	assert_int_equal(linux_symbol_any("module_work", &va), 0);
	assert_int_equal(linux_symbol_any("nothing", &va), -ENOENT);
	put64(MODULE + 0x110, 0x1000);
	assert_int_equal(linux_symbol_any("module_work", &va), -ENOENT);
	put64(MODULE + 160, MODULE | 1ull << 62);
	assert_int_equal(linux_symbol_any("module_work", &va), -ENOENT);
}

static void test_module_types(void **state)
{
	struct linux_type type, old;
	const struct linux_layout *l;
	struct linux_layout layout;
	char *text;

	assert_int_equal(refused("own"), -ENOENT);
	put_module();
	type = type_of("own");
	assert_int_not_equal(type.source, 0);
	assert_int_equal(linux_type_member(&type, "value", 5, &l), 0);
	assert_true(l->kind == LINUX_KIND_INTEGER && l->size == 8);
	type = type_of("mod:own");
	assert_int_equal(refused("mod:inner"), -ENOENT);
	assert_int_equal(refused("mod:int"), -ENOENT);
	/* What the kernel only declares, a module defines. */
	type = type_of("gone");
	assert_int_not_equal(type.source, 0);
	type = type_of("thing");
	assert_int_equal(linux_type_path(&type, "gone", &layout), 0);
	assert_int_equal(linux_type_member(&layout.to, "of_kernel", 9, &l), 0);
	assert_true(l->offset == 8 && l->kind == LINUX_KIND_RECORD && l->size == 16);
	declared("own", "/* in module mod */\nstruct own {\n\tlong int value; /* 0 8 */\n}; /* "
			"size: 8 */\n");
	/* When its memory is given back, a type is refused and found again. */
	old = type_of("own");
	linux_types_release();
	assert_int_equal(linux_type_layout(&old, &layout), -ESTALE);
	assert_int_equal(linux_type_declare(&old, &text), -ESTALE);
	type = type_of("own");
	assert_int_equal(linux_type_layout(&type, &layout), 0);
	/* BTF that is none, too much, or not there. */
	linux_types_release();
	put32(ENTRY + 0x48, 30);
	assert_int_equal(refused("own"), -ENOENT);
	put32(ENTRY + 0x48, 0xfffffff);
	assert_int_equal(refused("own"), -ENOENT);
	put64(ENTRY + 0x40, GUEST_BASE + GUEST_RAM - 8);
	assert_int_equal(refused("own"), -ENOENT);
}

/* Structures in themselves, typedefs and declarations that go round, arrays of the whole world. */
static void test_circles(void **state)
{
	struct linux_type type;
	struct linux_layout l;
	const void *raw;
	uint32_t size;
	char *text;
	int i, self, id, array;

	self = btf__add_struct(btf, "self", 8);
	for (i = 0; i < 100; i++)
		btf__add_field(btf, NULL, self, 0, 0);
	id = btf__add_typedef(btf, "around", (int)btf__type_cnt(btf) + 1);
	btf__add_const(btf, id);
	array = btf__add_array(btf, 1, btf__find_by_name(btf, "thing"), 0xffffffff);
	for (i = 0; i < 3; i++)
		array = btf__add_array(btf, 1, array, 0xffffffff);
	btf__add_struct(btf, "bad", 8);
	btf__add_field(btf, "around", id, 0, 0);
	btf__add_field(btf, "world", array, 0, 0);
	btf__add_field(btf, "nobody", 99999, 0, 0);
	btf__add_field(btf, "odd", 1, 3, 0);
	btf__add_field(btf, "long_bits", 1, 3, 200);
	id = (int)btf__type_cnt(btf);
	array = btf__add_ptr(btf, id);
	btf__add_typedef(btf, "chain", array);
	raw = btf__raw_data(btf, &size);
	know(raw, size, NULL, 0);
	assert_true(no_member("self", "x") < 0);
	assert_true(no_member("bad", "around") < 0);
	assert_true(no_member("bad", "world") < 0);
	assert_true(no_member("bad", "nobody") < 0);
	assert_true(no_member("bad", "odd") < 0);
	assert_true(no_member("bad", "long_bits") < 0);
	type = type_of("around");
	assert_true(linux_type_layout(&type, &l) < 0);
	assert_true(linux_typeof("self", &text) < 0 || text);
	free(text);
	assert_true(linux_typeof("bad", &text) < 0 || text);
	free(text);
	assert_true(linux_typeof("chain", &text) < 0 || text);
	free(text);
}

static int look(const char *name, void *arg)
{
	struct linux_type *type = arg;
	const struct linux_layout *l;

	(void)!linux_type_member(type, name, strlen(name), &l);
	return 0;
}

static void test_noise(void **state)
{
	const void *raw;
	uint32_t size, i, k;
	uint8_t *copy;
	int found = 0;

	raw = btf__raw_data(btf, &size);
	copy = malloc(size);
	for (i = 0; i < 2000; i++) {
		struct linux_type type;
		struct linux_layout l;
		const char *name;
		int64_t value;
		bool pointer;
		char *text;

		memcpy(copy, raw, size);
		for (k = 0; k < 1 + i % 8; k++)
			copy[noise() % size] = (uint8_t)noise();
		know(copy, size - (i % 5 ? 0 : noise() % 40), NULL, 0);
		if (!linux_type_find("thing", &type, &pointer)) {
			found++;
			(void)!linux_each_member(&type, look, &type);
			(void)!linux_type_layout(&type, &l);
			(void)!linux_type_path(&type, "grid[1][2]", &l);
		}
		for (k = 0; k < 70; k++) {
			type = (struct linux_type){.id = k};
			(void)!linux_type_layout(&type, &l);
			(void)!linux_enum_name(&type, 5, &name);
			if (!linux_type_declare(&type, &text))
				assert_non_null(text);
			free(text);
		}
		(void)!linux_enum_value(NULL, "GREEN", &value);
	}
	assert_true(found > 500);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_members, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_old_bit_fields, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_near, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_enumerators, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_declarations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_variables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_module_symbols, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_module_types, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_circles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_noise, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
