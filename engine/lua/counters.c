/* SPDX-License-Identifier: Apache-2.0 */
/* lvmon.counters: what the signature that asks has cost and done so far. */
#include "engine/lua/api.h"
#include "engine/signature/counters.h"

/* lvmon.counters() -> table of numbers, as the record of kind counters has them */
static int api_counters(lua_State *L)
{
	const struct signature *s = signature_of(L);
	const struct counters *c = counters_of(s);
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{"handlers", c->handlers},
		{"time_ns", counters_ns(c->ticks)},
		{"errors", c->errors},
		{"timeouts", c->timeouts},
		{"deaths", c->deaths},
		{"denied", c->denied},
		{"strikes", engine.memory->entry[s->index].strikes},
		{"memory", s->memory},
		{"memory_peak", c->memory_peak},
	};
	size_t i, n = sizeof(fields) / sizeof(*fields);

	lua_createtable(L, 0, (int)n);
	for (i = 0; i < n; i++) {
		lua_pushinteger(L, (lua_Integer)fields[i].value);
		lua_setfield(L, -2, fields[i].name);
	}
	return 1;
}

void counters_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"counters", api_counters}, {NULL, NULL}};

	api_functions(L, functions);
}
