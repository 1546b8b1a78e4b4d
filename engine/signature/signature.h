/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: a Lua state each. */
#ifndef ENGINE_SIGNATURE_SIGNATURE_H
#define ENGINE_SIGNATURE_SIGNATURE_H

#include <lauxlib.h>
#include <lua.h>
#include "engine/base/ustar.h"
#include "engine/engine.h"

#define SIGNATURE_MEMORY_MAX (16u << 20)

struct signature {
	char name[USTAR_NAME_SIZE]; /* file name in the archive */
	uint32_t index;		    /* in archive order; the same in a restarted engine */
	const char *source;
	size_t source_size;
	lua_State *L;			 /* NULL: not loaded */
	size_t memory, memory_max;	 /* bytes in use by L, and allowed */
	uint32_t hooks;			 /* ever made: the next one's ordinal */
	lua_State *loading;		 /* runs the chunk; NULL: it is not running */
	char chunk[USTAR_NAME_SIZE + 1]; /* "=name", for Lua */
};

extern struct signature *signatures[ENGINE_MAX_SIGNATURES];
extern uint32_t signature_count;

/*
 * Before all others: open puts the libraries into a new state and may raise Lua errors; unload is
 * called before a signature's state is closed.
 */
void signatures_init(void (*open)(lua_State *L), void (*unload)(struct signature *s));

/*
 * All *.lua at the archive's top level, in order, not loaded yet. Their number, or -EINVAL, -E2BIG,
 * -ENOMEM (those before the fault are there).
 */
int signatures_open(const void *archive, size_t size) must_check;
/* One more. 0, -E2BIG or -ENOMEM. source must stay. */
int signature_add(const char *name, const char *source, size_t size) must_check;
void signatures_close(void);

/* Where require looks on plain Linux, where there is no archive; NULL: nowhere. */
void signatures_library(int (*find)(const char *name, struct ustar_file *file));

/* A file of the archive ("lib/x.lua"), for require. 0 or -ENOENT. */
int signatures_file(const char *name, struct ustar_file *file) must_check;

/*
 * New state, run the chunk. 0; -EINVAL: it has an error, which was reported as a record; -ENOMEM.
 */
int signature_load(struct signature *s) must_check;
void signature_unload(struct signature *s);

/* Whose state L is. */
struct signature *signature_of(lua_State *L);

/*
 * A coroutine that the script has made: it may do with it as it likes. The others are the engine's.
 */
void signature_give(lua_State *co);
bool signature_has(lua_State *co);

/*
 * Report the error object on top of co (from), which belongs to s: a record with file, line and
 * traceback; a strike when time was used up. Pops nothing.
 */
void signature_report(struct signature *s, lua_State *co, const char *what);

/* A handler of its was not run for lack of memory: a record. */
void signature_out_of_memory(struct signature *s);

/* Say that a cool-down begins or is over. */
void signature_cooldown(struct signature *s, bool begins);

#endif
