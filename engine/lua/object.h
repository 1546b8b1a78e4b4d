/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that show a structure of the engine's to signatures: a table of fields, each with the
 * function that pushes it. A field is read when it is asked for; a name that is not in the table is
 * an error that names the near ones.
 */
#ifndef ENGINE_LUA_OBJECT_H
#define ENGINE_LUA_OBJECT_H

#include <lua.h>
#include <stdbool.h>

/*
 * One of push and method is set. push gets the structure and pushes exactly one value (nil: not
 * known here); it may not rely on what else is on the stack. The object itself is at index 1 where
 * apart is set: such a field is left out of the plain table.
 */
struct object_field {
	const char *name; /* NULL ends the table */
	void (*push)(lua_State *L, const void *row);
	lua_CFunction method;
	bool apart;
};

#define OBJECT_FIELD(n, f)           \
	{                            \
		.name = n, .push = f \
	}
#define OBJECT_APART(n, f)                          \
	{                                           \
		.name = n, .push = f, .apart = true \
	}
#define OBJECT_METHOD(n, f)            \
	{                              \
		.name = n, .method = f \
	}
#define OBJECT_END           \
	{                    \
		.name = NULL \
	}

/*
 * Metatable of a type of objects, kept in the registry under its name: __index, __name and
 * __metatable; left on the stack for more. Objects are userdata that begin with a pointer to the
 * structure (struct object). Every type has the method table(): the plain table.
 */
void object_metatable(lua_State *L, const char *type, const struct object_field *fields);

struct object {
	const void *row;
};

/* The structure that the object at arg shows; raises an error when it is of another type. */
const void *object_check(lua_State *L, int arg, const char *type);

/* A plain table of all fields but methods and those that are apart. */
void object_plain(lua_State *L, const struct object_field *fields, const void *row);

/* Raise the error for a name that type does not have; value at index name. */
int object_unknown(lua_State *L, const char *type, int name, const struct object_field *fields);

#endif
