/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.hook.syscall(name or number, handler [, options]). Since Linux 4.17 a system call has one
 * function for each way it can be made, all of which take a pointer to the saved registers; a name
 * stands for all of those that the guest's kernel has.
 */
#include <stdio.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/lua/hook.h"

#define ARGUMENTS 6

static const struct {
	const char *prefix;
	enum hook_abi abi;
} ways[] = {
	{"__x64_sys_", HOOK_ABI_X64},	       {"__ia32_sys_", HOOK_ABI_IA32},
	{"__ia32_compat_sys_", HOOK_ABI_IA32}, {"__x32_compat_sys_", HOOK_ABI_X64}, /* until 5.9 */
	{"__x64_compat_sys_", HOOK_ABI_X64},
};

#define WAYS (sizeof(ways) / sizeof(*ways))

static void add_symbol(struct hook *h, const char *name, enum hook_abi abi)
{
	struct hook_site *s = &h->site[h->count];
	gva_t va;

	if (h->count == HOOK_SITES_MAX || linux_symbol(name, &va))
		return;
	s->target = va;
	s->abi = abi;
	snprintf(s->name, sizeof(s->name), "%s", name);
	h->count++;
}

static void add_syscall(struct hook *h, const char *name)
{
	char symbol[HOOK_NAME_SIZE];
	size_t i;

	for (i = 0; i < WAYS; i++) {
		snprintf(symbol, sizeof(symbol), "%s%s", ways[i].prefix, name);
		add_symbol(h, symbol, ways[i].abi);
	}
}

static int note_near(const char *name, gva_t va, void *arg)
{
	(void)va;
	text_near_add(arg, name + strlen(ways[0].prefix));
	return 0;
}

static int unknown_syscall(lua_State *L, const char *name)
{
	struct text_near near;
	char hint[256];

	if (!linux_known())
		return luaL_error(L, "hook.syscall: the guest's kernel is not known");
	text_near_init(&near, name);
	linux_each_symbol(ways[0].prefix, note_near, &near);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "hook.syscall: the guest's kernel has no system call \"%s\"%s", name,
			  hint);
}

/* The name of a system call out of the guest's own table. */
static void name_of_number(lua_State *L, lua_Integer number, char *out, size_t size)
{
	char text[HOOK_NAME_SIZE + 32];
	gva_t table, entry;
	char *plus;
	size_t i;

	if (number < 0 || number > 1023 || linux_symbol("sys_call_table", &table) ||
	    linux_kread(table + (uint64_t)number * 8, &entry, sizeof(entry)) ||
	    linux_symbolize(entry, text, sizeof(text)))
		luaL_error(L, "hook.syscall: the guest's kernel has no system call number %I",
			   (LUAI_UACINT)number);
	plus = strchr(text, '+');
	if (plus)
		*plus = '\0';
	for (i = 0; i < WAYS; i++) {
		if (strncmp(text, ways[i].prefix, strlen(ways[i].prefix)) == 0) {
			snprintf(out, size, "%s", text + strlen(ways[i].prefix));
			return;
		}
	}
	luaL_error(L, "hook.syscall: number %I is %s, which has no place for a trap",
		   (LUAI_UACINT)number, text);
}

/* Fill name and sites from argument 1. */
static void resolve(lua_State *L, struct hook *h)
{
	const char *name;
	size_t i;

	if (lua_isinteger(L, 1)) {
		if (engine.mode == ENGINE_CHECK)
			snprintf(h->name, sizeof(h->name), "%d", (int)lua_tointeger(L, 1));
		else
			name_of_number(L, lua_tointeger(L, 1), h->name, sizeof(h->name));
	} else {
		name = luaL_checkstring(L, 1);
		if (strlen(name) >= HOOK_NAME_SIZE - 20)
			luaL_error(L, "hook.syscall: name too long");
		for (i = 0; i < WAYS; i++) {
			/* The kernel's own name: this function only. */
			if (strncmp(name, ways[i].prefix, strlen(ways[i].prefix)) == 0) {
				snprintf(h->name, sizeof(h->name), "%s",
					 name + strlen(ways[i].prefix));
				if (engine.mode != ENGINE_CHECK)
					add_symbol(h, name, ways[i].abi);
				break;
			}
		}
		if (i < WAYS) {
			if (!h->count && engine.mode != ENGINE_CHECK)
				unknown_syscall(L, h->name);
			return;
		}
		snprintf(h->name, sizeof(h->name), "%s",
			 strncmp(name, "sys_", 4) == 0 ? name + 4 : name);
	}
	if (engine.mode == ENGINE_CHECK)
		return;
	add_syscall(h, h->name);
	if (!h->count)
		unknown_syscall(L, h->name);
	/* Two calls start programs, and the kernel does so itself (from Linux 5.9 on by this). */
	if (strcmp(h->name, "execve") == 0) {
		add_syscall(h, "execveat");
		add_symbol(h, "kernel_execve", HOOK_ABI_KERNEL);
	}
}

/*
 * Arguments of the system call: the function got a pointer to struct pt_regs (x86,
 * arch/x86/include/asm/ptrace.h: an ABI, as core dumps hold it), with the 64-bit or the 32-bit
 * convention.
 */
static int push_args(lua_State *L, const struct activity *a)
{
	enum { R15, R14, R13, R12, BP, BX, R11, R10, R9, R8, AX, CX, DX, SI, DI, WORDS };
	static const int x64[ARGUMENTS] = {DI, SI, DX, R10, R8, R9};
	static const int ia32[ARGUMENTS] = {BX, CX, DX, SI, DI, BP};
	uint64_t words[WORDS];
	int i;

	if (a->site->abi == HOOK_ABI_KERNEL) {
		lua_pushnil(L);
		return 1;
	}
	if (linux_kread(a->ev->regs[LVMON_RDI], words, sizeof(words)))
		return luaL_error(L, "event.args: the registers saved at the call cannot be read");
	lua_createtable(L, ARGUMENTS, 0);
	for (i = 0; i < ARGUMENTS; i++) {
		uint64_t v =
			a->site->abi == HOOK_ABI_X64 ? words[x64[i]] : (uint32_t)words[ia32[i]];

		lua_pushinteger(L, (lua_Integer)v);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

/* Of what the kernel starts; a process's own path is in its memory, and may change any time. */
static int push_path(lua_State *L, const struct activity *a)
{
	gva_t from = a->ev->regs[LVMON_RDI];
	char path[4096];
	size_t n = 0;

	if (a->site->abi != HOOK_ABI_KERNEL) {
		lua_pushnil(L);
		return 1;
	}
	while (n < sizeof(path) && !linux_kread(from + n, path + n, 1) && path[n])
		n++;
	lua_pushlstring(L, path, n);
	return 1;
}

static int push_via(lua_State *L, const struct activity *a)
{
	lua_pushstring(L, a->site->abi == HOOK_ABI_KERNEL ? "kernel" : "syscall");
	return 1;
}

static int push_syscall(lua_State *L, const struct activity *a)
{
	lua_pushstring(L, a->hook->name);
	return 1;
}

static const struct event_field fields[] = {
	{"syscall", push_syscall, 0}, {"args", push_args, 1}, {"via", push_via, 0},
	{"path", push_path, 0},	      {NULL, NULL, 0},
};

const struct lua_hook lua_hook_syscall = {
	.kind = &hook_kind_syscall,
	.resolve = resolve,
	.fields = fields,
};
