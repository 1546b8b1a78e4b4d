/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF with one of everything that typed pointers know, made by libbpf: struct thing has the layout
 * of struct made_thing below.
 */
#ifndef TESTS_TYPES_MAKER_H
#define TESTS_TYPES_MAKER_H

#include <bpf/btf.h>
#include <stdint.h>
#include <stdlib.h>

struct made_inner {
	int32_t a, pad;
	int64_t b;
};

struct made_thing {
	int64_t first;		 /* 0 */
	uint64_t next, prev;	 /* 8: struct list_head link */
	char name[16];		 /* 24 */
	uint8_t bytes[6];	 /* 40 */
	uint8_t yes, pad;	 /* 46 */
	struct made_inner inner; /* 48 */
	uint64_t other;		 /* 64: struct inner *other */
	uint64_t table;		 /* 72: struct inner **table */
	int32_t color;		 /* 80: enum color */
	uint32_t bits;		 /* 84: unsigned low : 3; int minus : 5; enum color hue : 8 */
	int32_t lo, hi;		 /* 88: union { long x; struct { int lo, hi; }; } */
	uint32_t array[4];	 /* 96 */
	uint64_t nothing;	 /* 112: void * */
	uint64_t function;	 /* 120: int (*function)(struct thing *, ...) */
	uint64_t gone;		 /* 128: struct gone *, which is only declared */
	uint64_t text;		 /* 136: const char * */
	uint64_t self;		 /* 144: struct thing * */
	uint64_t state;		 /* 152: __state, which has had another name */
	uint32_t grid[2][3];	 /* 160 */
	double ratio;		 /* 184 */
	uint8_t huge[16];	 /* 192: __int128 */
	uint64_t head;		 /* 208: struct hlist_head */
	uint64_t large;		 /* 216: enum64 */
	char rest[40];		 /* 224: char rest[] */
};

/* A new one; freed with btf__free(). */
static inline struct btf *types_make(void)
{
	struct btf *btf = btf__new_empty();
	int i32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int u32 = btf__add_int(btf, "unsigned int", 4, 0);
	int i64 = btf__add_int(btf, "long int", 8, BTF_INT_SIGNED);
	int u64 = btf__add_int(btf, "long unsigned int", 8, 0);
	int character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	int byte = btf__add_int(btf, "unsigned char", 1, 0);
	int truth = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	int wide = btf__add_int(btf, "__int128", 16, BTF_INT_SIGNED);
	int real = btf__add_float(btf, "double", 8);
	int u8 = btf__add_typedef(btf, "u8", byte);
	int list, inner, color, halves, both, thing, function, gone, hlist, large, nothing, id;

	/* Pointers come before what they point to: libbpf adds fields to the last type only. */
	id = btf__add_ptr(btf, (int)btf__type_cnt(btf) + 1);
	list = btf__add_struct(btf, "list_head", 16);
	btf__add_field(btf, "next", id, 0, 0);
	btf__add_field(btf, "prev", id, 64, 0);
	id = btf__add_ptr(btf, (int)btf__type_cnt(btf) + 1);
	btf__add_struct(btf, "hlist_node", 16);
	btf__add_field(btf, "next", id, 0, 0);
	hlist = btf__add_struct(btf, "hlist_head", 8);
	btf__add_field(btf, "first", id, 0, 0);
	inner = btf__add_struct(btf, "inner", 16);
	btf__add_field(btf, "a", i32, 0, 0);
	btf__add_field(btf, "b", i64, 64, 0);
	color = btf__add_enum(btf, "color", 4);
	btf__add_enum_value(btf, "RED", 0);
	btf__add_enum_value(btf, "GREEN", 5);
	btf__add_enum_value(btf, "NO_COLOR", -1);
	large = btf__add_enum64(btf, "large", 8, false);
	btf__add_enum64_value(btf, "LARGE", 1ull << 40);
	halves = btf__add_struct(btf, NULL, 8);
	btf__add_field(btf, "lo", i32, 0, 0);
	btf__add_field(btf, "hi", i32, 32, 0);
	both = btf__add_union(btf, NULL, 8);
	btf__add_field(btf, "x", i64, 0, 0);
	btf__add_field(btf, NULL, halves, 0, 0);
	gone = btf__add_fwd(btf, "gone", BTF_FWD_STRUCT);
	nothing = btf__add_ptr(btf, 0);
	{
		int name = btf__add_array(btf, u32, character, 16);
		int bytes = btf__add_array(btf, u32, u8, 6);
		int array = btf__add_array(btf, u32, u32, 4);
		int row = btf__add_array(btf, u32, u32, 3);
		int grid = btf__add_array(btf, u32, row, 2);
		int rest = btf__add_array(btf, u32, character, 0);
		int other = btf__add_ptr(btf, inner), table = btf__add_ptr(btf, other);
		int to_gone = btf__add_ptr(btf, gone);
		int text = btf__add_ptr(btf, btf__add_const(btf, character));
		int flags = btf__add_volatile(btf, btf__add_const(btf, u64));
		/* behind it and two more comes struct thing */
		int self = btf__add_ptr(btf, (int)btf__type_cnt(btf) + 3);

		function = btf__add_func_proto(btf, i32);
		btf__add_func_param(btf, "thing", self);
		btf__add_func_param(btf, NULL, 0);
		id = btf__add_ptr(btf, function);
		thing = btf__add_struct(btf, "thing", 224);
		btf__add_field(btf, "first", i64, 0, 0);
		btf__add_field(btf, "link", list, 8 * 8, 0);
		btf__add_field(btf, "name", name, 24 * 8, 0);
		btf__add_field(btf, "bytes", bytes, 40 * 8, 0);
		btf__add_field(btf, "yes", truth, 46 * 8, 0);
		btf__add_field(btf, "inner", inner, 48 * 8, 0);
		btf__add_field(btf, "other", other, 64 * 8, 0);
		btf__add_field(btf, "table", table, 72 * 8, 0);
		btf__add_field(btf, "color", color, 80 * 8, 0);
		btf__add_field(btf, "low", u32, 84 * 8, 3);
		btf__add_field(btf, "minus", i32, 84 * 8 + 3, 5);
		btf__add_field(btf, "hue", color, 84 * 8 + 8, 8);
		btf__add_field(btf, NULL, both, 88 * 8, 0);
		btf__add_field(btf, "array", array, 96 * 8, 0);
		btf__add_field(btf, "nothing", nothing, 112 * 8, 0);
		btf__add_field(btf, "function", id, 120 * 8, 0);
		btf__add_field(btf, "gone", to_gone, 128 * 8, 0);
		btf__add_field(btf, "text", text, 136 * 8, 0);
		btf__add_field(btf, "self", self, 144 * 8, 0);
		btf__add_field(btf, "__state", flags, 152 * 8, 0);
		btf__add_field(btf, "grid", grid, 160 * 8, 0);
		btf__add_field(btf, "ratio", real, 184 * 8, 0);
		btf__add_field(btf, "huge", wide, 192 * 8, 0);
		btf__add_field(btf, "head", hlist, 208 * 8, 0);
		btf__add_field(btf, "large", large, 216 * 8, 0);
		btf__add_field(btf, "rest", rest, 224 * 8, 0);
	}
	btf__add_typedef(btf, "thing_t", thing);
	btf__add_func(btf, "do_thing", BTF_FUNC_GLOBAL, function);
	btf__add_var(btf, "counter", BTF_VAR_GLOBAL_ALLOCATED, u32);
	/* One whose members have other names in other kernels. */
	btf__add_struct(btf, "task_struct", 16);
	btf__add_field(btf, "__state", u32, 0, 0);
	btf__add_field(btf, "mm", nothing, 64, 0);
	return btf;
}

#endif
