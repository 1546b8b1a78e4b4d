/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings: what lvmon.processes(), p:maps() and their like return. A listing is a copy of what was
 * there at the call: an array of rows, each of which becomes a Lua value when it is asked for.
 *
 *	for m in p:maps() do ... end	one value after the other
 *	local l = p:maps()		#l rows, l[1] the first
 *	l.complete, l.reason		false, and why, when a bound or damage cut the walk short
 *	l:table()			a plain table of plain tables, fit for an alert's data
 */
#ifndef ENGINE_LUA_LISTING_H
#define ENGINE_LUA_LISTING_H

#include <stddef.h>
#include "engine/linux/linux.h"
#include "engine/lua/object.h"

struct listing_kind {
	const char *name; /* "maps", for messages */
	size_t row_size;
	/*
	 * The value of a row, pushed; and a plain table (or string, number) of it, pushed. NULL
	 * where there are fields: an object of type row_name which shows the row, and a table of
	 * all its fields.
	 */
	void (*push)(lua_State *L, const void *row);
	void (*plain)(lua_State *L, const void *row);
	const char *row_name; /* "map": the type of the objects */
	const struct object_field *fields;
	/* What a row owns; NULL: nothing. */
	void (*release)(void *row);
};

/*
 * Push a listing of count rows. rows came from malloc() or is NULL; it is copied and freed, and
 * what rows own belongs to the listing, also where this raises an error. reason: NULL when the
 * listing is complete, else why not; copied.
 */
void listing_push(lua_State *L, const struct listing_kind *kind, void *rows, size_t count,
		  const char *reason);

/*
 * The same for what a walk of engine/linux/ returned: with -EFAULT and -EOVERFLOW the rows are not
 * all there is; any other error is raised, with what the kernel lacks of the facility f
 * (LINUX_FACILITIES: it needs none).
 */
void listing_of_walk(lua_State *L, const struct listing_kind *kind, void *rows, size_t count,
		     int err, enum linux_facility f);

void listing_open(lua_State *L);

#endif
