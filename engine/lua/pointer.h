/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed pointers: userdata that say "there is a value of this type at this address". What they look
 * like to signatures is in docs/signatures.md. pointer.c has the objects and how values are read,
 * types.c the functions of lvmon that make them, typenames.c and contents.c those that ask them.
 */
#ifndef ENGINE_LUA_POINTER_H
#define ENGINE_LUA_POINTER_H

#include <lua.h>
#include "engine/engine.h"
#include "engine/linux/types/types.h"

#define POINTER_TYPE "pointer"

/* User value 1: the process in whose memory it is, where in_process. */
struct pointer {
	gva_t va;
	struct linux_type type; /* of what is at va */
	bool in_process;
};

/* Push a pointer; process: index of the process object in whose memory it is, 0: the kernel's. */
void pointer_push(lua_State *L, gva_t va, const struct linux_type *type, int process);
/* The pointer at arg, or NULL. */
struct pointer *pointer_test(lua_State *L, int arg);
/* The name of the pointer's own type, "struct task_struct *"; of an array the array's, "u8[6]" */
int pointer_type_name(const struct pointer *p, char *out, size_t size) must_check;
/*
 * Copy from the memory that p is in; index: where p is on the stack, nothing is pushed. 0 or
 * -EFAULT
 */
int pointer_read(lua_State *L, int index, const struct pointer *p, gva_t va, void *buf,
		 size_t size) must_check;
/*
 * Push the value of this layout at va (its offset is not added); like: index of a pointer into the
 * same memory, 0: the kernel's. What cannot be read is an error.
 */
void pointer_value(lua_State *L, int like, gva_t va, const struct linux_layout *l);
/*
 * types.c: arguments. What is not one is an error. type_arg: the type named by the string at arg,
 * with its stars, or that of the pointer there; record_arg: without a star; address_arg: an
 * integer, a pointer, or a process (its task_struct), *process is the index of the process in whose
 * memory it is (pushed), or 0.
 */
void type_find(lua_State *L, const char *name, struct linux_type *type, bool *pointer);
void type_arg(lua_State *L, int arg, struct linux_type *type);
void record_arg(lua_State *L, int arg, struct linux_type *type);
gva_t address_arg(lua_State *L, int arg, int *process);

/* There is no guest: signatures are only checked. */
static inline bool checking(void)
{
	return engine.mode == ENGINE_CHECK;
}

void typenames_open(lua_State *L);
void contents_open(lua_State *L);
/* nothing.c; 1 */
int nothing_push(lua_State *L);
void nothing_open(lua_State *L);

/* Raise the error for a type that was not found, or a member. */
int pointer_no_type(lua_State *L, const char *name, int err);
int pointer_no_member(lua_State *L, const struct linux_type *type, const char *name, int err);

#endif
