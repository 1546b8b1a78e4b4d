/* SPDX-License-Identifier: Apache-2.0 */
/* One screen, two voices: the guest's console on stdout, LVisor's messages on stderr. */
#ifndef LVISOR_TOOLS_SCREEN_H
#define LVISOR_TOOLS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

enum screen_style {
	STYLE_PLAIN,
	STYLE_DIM,   /* logs */
	STYLE_NOTE,  /* what a signature prints */
	STYLE_ERROR, /* something of ours or of a signature went wrong */
	STYLE_ALERT, /* a signature has found something */
};

struct screen {
	bool colour;  /* stderr is a terminal */
	bool shared;  /* both streams end up in the same place */
	bool raw;     /* the terminal is in raw mode */
	bool closed;  /* nobody reads stdout any more */
	bool midline; /* the guest's line is not ended */
	bool escape;  /* Ctrl-A was typed */
	uint64_t last_output_ms;
	char *waiting; /* messages held back while the guest is within a line */
	size_t waiting_size;
	size_t partial_size;
	char partial[512]; /* the guest's line so far, to show it again after a message */
	struct termios saved;
};

void screen_open(struct screen *screen);
void screen_close(struct screen *screen);

/* Puts the terminal into raw mode if we own one; returns false if stdin is no terminal of ours. */
bool screen_raw(struct screen *screen);

/* Bytes from the guest. */
void screen_console(struct screen *screen, const char *data, size_t size, uint64_t now_ms);

/* A message line; text must be printable already. */
void screen_message(struct screen *screen, enum screen_style style, const char *label,
		    const char *text);

/* Shows held messages when the guest's line has ended or has been left alone for a while. */
void screen_flush(struct screen *screen, uint64_t now_ms, bool now);

/*
 * Takes the keys that are ours out of what was typed: returns the bytes left for the guest, and
 * sets *quit for Ctrl-] and Ctrl-A x. Ctrl-A Ctrl-A is one Ctrl-A.
 */
size_t screen_keys(struct screen *screen, char *data, size_t size, bool *quit);

#endif
