/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of a program that was built with debug information, in the words of its source. */
#ifndef LVISOR_TOOLS_SYMBOLS_H
#define LVISOR_TOOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/crash_record.h"

struct symbols;

#define BUILD_ID_TEXT 41 /* 20 bytes in hexadecimal */

/* The build id of the program that is open as fd. False: it has none, or is no ELF file. */
bool build_id_of(int fd, char text[BUILD_ID_TEXT]);

/* NULL after a message: not to be read, no ELF file, or without debug information. */
struct symbols *symbols_open(const char *path);
void symbols_close(struct symbols *symbols);

/* "": it has none. */
const char *symbols_build_id(const struct symbols *symbols);

/*
 * Prints "FUNCTION+0xOFFSET at FILE:LINE", and functions inlined there a line each, the innermost
 * first. is_return: the address is behind a call, which is what is meant. False: nothing is there.
 */
bool symbols_print(const struct symbols *symbols, FILE *out, uint64_t address, bool is_return);

/*
 * Walks the stack of a record by the call frame information. each() gets the address of each frame
 * and whether it is behind a call. The number of frames.
 */
size_t symbols_unwind(struct symbols *symbols, const struct crash_record *record,
		      void (*each)(void *context, uint64_t address, bool is_return), void *context);

#endif
