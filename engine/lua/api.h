/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Lua API, docs/signatures.md. One file a part: sandbox.c (what of Lua's own libraries there
 * is), string.c, coroutine.c, module.c (the table lvmon), memory.c, process.c, view.c, registers.c,
 * hook.c, event.c, output.c, counters.c, types.c (typed pointers). What the rest of the engine
 * needs of them comes first here.
 */
#ifndef ENGINE_LUA_API_H
#define ENGINE_LUA_API_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include "engine/events/dispatch.h"

/* Once, before any signature is loaded: new states get the libraries of this folder. */
void api_init(void);

/* Between the parts. Each *_open(L) adds to the table on top of the stack, or to the globals. */
void sandbox_open(lua_State *L);
void string_open(lua_State *L);
void coroutine_open(lua_State *L);
void module_open(lua_State *L);
void memory_open(lua_State *L);
void process_open(lua_State *L);
void search_open(lua_State *L);
void types_open(lua_State *L);
void pointer_open(lua_State *L);
void view_open(lua_State *L);
void registers_open(lua_State *L);
void hook_open(lua_State *L);
void event_open(lua_State *L);
void output_open(lua_State *L);
void dump_open(lua_State *L);
void symbols_open(lua_State *L);
void counters_open(lua_State *L);
void pause_open(lua_State *L);
void files_open(lua_State *L);
void modules_open(lua_State *L);
void tables_open(lua_State *L);
void hidden_open(lua_State *L);

/* Functions into the table on top. */
void api_functions(lua_State *L, const luaL_Reg *list);
/* A metatable that scripts cannot get, with the list's functions; popped. */
void api_metatable(lua_State *L, const char *name, const luaL_Reg *list);

/*
 * Hold the guest's other CPUs, for 100 ms at most. 0; -EBUSY: they are held already; -ETIME: one
 * did not come. Then pause_finish(): -ETIME when they went on before it. In a dump and a check all
 * stands still anyway.
 */
int pause_begin(void);
int pause_finish(void);
/* The event's time is up, or the pause's: for walks. */
bool pause_time_is_up(void);

/* Names of registers: -1: unknown. */
int register_find(const char *name);
const char *register_name(int reg);

#define PROCESS_TYPE "process"
#define ADDRESS_TYPE "address"
#define MEMORY_TYPE  "memory"
#define VIEW_TYPE    "view"

/*
 * What is larger than this is not copied into a string but stays a view: making a string takes its
 * size twice for a moment, and a signature has SIGNATURE_MEMORY_MAX.
 */
#define VIEW_MIN (1u << 20)

/* p:files() -> listing of file objects */
int process_files(lua_State *L);

void process_push(lua_State *L, const struct linux_task *task);
const struct linux_task *process_check(lua_State *L, int arg);
/* p:dump([name]) */
int process_dump(lua_State *L);
/* The process of the event at hand; raises an error when there is none. */
void process_current(lua_State *L, struct linux_task *task);
/*
 * The memory of the process object at arg, looked up once an object; pushes what keeps it. For a
 * kernel thread it is empty.
 */
const struct linux_memory *process_memory(lua_State *L, int arg);
/*
 * An address object at arg: its memory (keeper pushed) and offset; NULL: no address, nothing pushed
 */
const struct linux_memory *address_memory(lua_State *L, int arg, uint64_t *offset);

/* A view on b; what b points to is kept by the value at index keeper (0: nothing to keep). */
struct bytes *view_push(lua_State *L, const struct bytes *b, int keeper);
/* The view at arg, or NULL. */
struct bytes *view_test(lua_State *L, int arg);
/* string.find and string.match on the view at 1; args as theirs. original: index of Lua's own */
int view_search(lua_State *L, struct bytes *b, bool match, int original);
/* string.gmatch(view, pattern) */
int view_gmatch(lua_State *L);
int view_sub(lua_State *L, struct bytes *b);
int view_byte(lua_State *L, struct bytes *b);

/*
 * The literal text that every match of the pattern begins with: its size, at most size bytes in
 * out.
 */
size_t pattern_prefix(const char *pattern, size_t length, char *out, size_t size);

#endif
