/* SPDX-License-Identifier: Apache-2.0 */
/* Plain messages for the person in front of the terminal. */
#ifndef LVISOR_TOOLS_MESSAGE_H
#define LVISOR_TOOLS_MESSAGE_H

#include <stddef.h>

/* Prints "lvisor: error: ..." with a line feed to stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Out of memory in a tool of this size has one good answer: say so and end. */
void *must_alloc(void *pointer);

/*
 * Copies text to out, replacing what could command a terminal (control characters, stray bytes
 * above 0x7f that are no UTF-8) by \xNN. Always ends out with NUL; returns the length.
 */
size_t make_printable(char *out, size_t out_size, const char *text, size_t length);

#endif
