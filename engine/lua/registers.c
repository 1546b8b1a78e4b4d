/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.regread and lvmon.regwrite: the registers of the CPU on which the event at hand happened.
 */
#include <ctype.h>
#include <string.h>
#include "engine/base/text.h"
#include "engine/lua/api.h"

static const char *const names[LVMON_NR_REGS] = {
	"rax",	     "rcx", "rdx", "rbx", "rsp",  "rbp",   "rsi",     "rdi",	 "r8",
	"r9",	     "r10", "r11", "r12", "r13",  "r14",   "r15",     "rip",	 "rflags",
	"cr0",	     "cr2", "cr3", "cr4", "efer", "lstar", "fs_base", "gs_base", "kernel_gs_base",
	"idtr_base", "cpl",
};

int register_find(const char *name)
{
	int i;

	for (i = 0; i < LVMON_NR_REGS; i++)
		if (strcasecmp(name, names[i]) == 0)
			return i;
	return -1;
}

const char *register_name(int reg)
{
	return names[reg];
}

static int check_register(lua_State *L, const char *function)
{
	const char *name = luaL_checkstring(L, 1);
	int reg = register_find(name), i;
	struct text_near near;
	char lower[32], hint[256];

	if (reg >= 0)
		return reg;
	for (i = 0; i < (int)sizeof(lower) - 1 && name[i]; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	lower[i] = '\0';
	text_near_init(&near, lower);
	for (i = 0; i < LVMON_NR_REGS; i++)
		text_near_add(&near, names[i]);
	text_near_print(&near, hint, sizeof(hint));
	return luaL_error(L, "%s: no register \"%s\"%s", function, name, hint);
}

/* lvmon.regread(name) -> integer (64 bits, the upper half appears negative) */
static int regread(lua_State *L)
{
	int reg = check_register(L, "regread"), ret;
	uint64_t value = 0;

	if (engine.activity && reg < LVMON_NR_EVENT_REGS) {
		value = engine.activity->ev->regs[reg];
	} else if (engine.mode != ENGINE_CHECK) {
		ret = backend->reg_read((enum lvmon_reg)reg, &value);
		if (ret)
			return luaL_error(L, "regread: %s is not known here", names[reg]);
	}
	lua_pushinteger(L, (lua_Integer)value);
	return 1;
}

/* lvmon.regwrite(name, value): general registers, rip, harmless flags */
static int regwrite(lua_State *L)
{
	int reg = check_register(L, "regwrite"), ret;
	lua_Integer value = luaL_checkinteger(L, 2);

	if (engine.mode == ENGINE_CHECK)
		return 0;
	ret = backend->reg_write((enum lvmon_reg)reg, (uint64_t)value);
	if (ret)
		return luaL_error(L, "regwrite: %s cannot be set here", names[reg]);
	if (engine.activity && reg < LVMON_NR_EVENT_REGS)
		activity_keep(engine.activity)->regs[reg] = (uint64_t)value;
	return 0;
}

void registers_open(lua_State *L)
{
	static const luaL_Reg list[] = {
		{"regread", regread},
		{"regwrite", regwrite},
		{NULL, NULL},
	};

	api_functions(L, list);
}
