/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of libelf. libbpf reads BTF from memory here and needs none of it for that, but its
 * objects name functions of libelf, and a static libelf names more libraries, other ones in each
 * release of Debian. The list is made from the libbpf that is linked (engine.mk): each name is this
 * function.
 */
#include <stdio.h>
#include <stdlib.h>

void no_libelf(void);

void no_libelf(void)
{
	fputs("engine: libbpf called libelf, which is not in this program\n", stderr);
	abort();
}

#define STUB(name) void name(void) __attribute__((alias("no_libelf")));
#include "stubs.h"
