/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's types and those of its modules, out of BTF: types by their C names, members,
 * enumerators, declarations. libbpf reads a private copy; what it says is still the guest's word,
 * so each walk from type to type is bounded here. What is asked for often is remembered.
 *
 * Errors: -ENODATA: no kernel known; -ENOTSUP: it has no BTF; -ENOENT: no such name; -EINVAL: not a
 * C type's name, or BTF that makes no sense; -ESTALE: the module has gone; -ENOMEM.
 */
#ifndef ENGINE_LINUX_TYPES_TYPES_H
#define ENGINE_LINUX_TYPES_TYPES_H

#include "engine/base/text.h"
#include "engine/linux/linux.h"

#define LINUX_TYPE_NAME_SIZE 192

/* A type of BTF with pointers to it or an array of it. */
struct linux_type {
	uint32_t id;	     /* in its BTF; 0: void */
	uint32_t count;	     /* elements of the array */
	uint32_t generation; /* of the module's BTF */
	uint8_t source;	     /* whose BTF: 0 the kernel's */
	uint8_t stars;	     /* pointer to a pointer to ... the type */
	bool array;	     /* an array of that */
};

enum linux_kind {
	LINUX_KIND_VOID,
	LINUX_KIND_INTEGER,
	LINUX_KIND_BOOLEAN,
	LINUX_KIND_ENUM,
	LINUX_KIND_FLOAT,
	LINUX_KIND_POINTER,
	LINUX_KIND_ARRAY,
	LINUX_KIND_STRING, /* an array of char */
	LINUX_KIND_RECORD, /* structure or union */
	LINUX_KIND_OPAQUE, /* one of which there is only the name */
	LINUX_KIND_FUNCTION,
};

/* How a value lies in memory. */
struct linux_layout {
	enum linux_kind kind;
	bool is_signed;
	bool bare;		/* a pointer to void or to a function */
	uint8_t shift, bits;	/* of a bit field: counted from offset; bits 0: it is none */
	uint64_t offset;	/* of a member, in bytes */
	uint64_t size;		/* in bytes; 0: not known */
	struct linux_type type; /* its own */
	struct linux_type to;	/* what it points to, or of an array's element */
	uint64_t to_size;	/* size of an array's element */
	uint32_t count;		/* of elements; 0: not known */
};

/*
 * A type by the name C gives it: "task_struct", "struct task_struct", "unsigned long", "u32[4]",
 * "nf_conntrack:nf_conn" (a module's own). A star at the end is taken off and told in *pointer.
 */
int linux_type_find(const char *text, struct linux_type *type, bool *pointer) must_check;
/* Near names for one that was not found. */
void linux_type_near(const char *text, struct text_near *near);

/* "struct task_struct", "char[16]" */
int linux_type_name(const struct linux_type *type, char *buf, size_t size) must_check;

int linux_type_layout(const struct linux_type *type, struct linux_layout *out) must_check;

/*
 * A member by its name, of anonymous members too, or by the name it has in another kernel or that a
 * macro of the kernel's gives it (renames.c). *out stays as it is until the next call of a function
 * here.
 */
int linux_type_member(const struct linux_type *type, const char *name, size_t length,
		      const struct linux_layout **out) must_check;
/* The same for "a.b[3].c". */
int linux_type_path(const struct linux_type *type, const char *path,
		    struct linux_layout *out) must_check;
void linux_member_near(const struct linux_type *type, const char *name, struct text_near *near);
/* Calls fn for each member's name, those of anonymous members too, until it returns non-zero. */
int linux_each_member(const struct linux_type *type, int (*fn)(const char *name, void *arg),
		      void *arg) must_check;

/* Name of an enumerator, and a value by name; type NULL: of any type. */
int linux_enum_name(const struct linux_type *type, int64_t value, const char **name) must_check;
int linux_enum_value(const struct linux_type *type, const char *name, int64_t *value) must_check;
void linux_enum_near(const struct linux_type *type, const char *name, struct text_near *near);

/*
 * What is declared under a name, as C with offsets and sizes in comments: a type, a function or a
 * variable. *text is malloc'ed.
 */
int linux_typeof(const char *name, char **text) must_check;
int linux_type_declare(const struct linux_type *type, char **text) must_check;

/*
 * A variable's type (of a per-CPU one from BTF, of others from a table in code), and its address;
 * per_cpu: an offset in each CPU's area. -ENOENT: no such symbol; -ENOTSUP: no type is known
 */
int linux_variable(const char *name, struct linux_type *type, gva_t *va, bool *per_cpu) must_check;
/* Where the areas of a CPU begin. -ERANGE: there is no such CPU */
int linux_cpu_base(uint32_t cpu, gva_t *base) must_check;
void linux_variable_near(const char *name, struct text_near *near);

enum linux_list {
	LINUX_LIST,  /* struct list_head */
	LINUX_HLIST, /* struct hlist_head, also hlist_nulls_head and hlist_bl_head */
	LINUX_LLIST, /* struct llist_head */
};

/* The kind of list that a type is the head of. -EINVAL: none */
int linux_list_kind(const struct linux_type *type, enum linux_list *kind) must_check;
/*
 * Addresses of all nodes of the list at head, in *nodes (malloc'ed). 0; -EOVERFLOW: longer than the
 * bound, or a loop; -EFAULT: it leads to where nothing is; with what was found in *nodes; -ENOMEM
 */
int linux_list_nodes(gva_t head, enum linux_list kind, gva_t **nodes, size_t *count) must_check;

/* Give back memory that can be had again. Types remain valid, but those of modules. */
void linux_types_release(void);

#endif
