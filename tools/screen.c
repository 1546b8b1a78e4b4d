// SPDX-License-Identifier: Apache-2.0
/*
 * The terminal. The guest's console and the messages from below it share one screen, so a message
 * waits for the end of the guest's line; when the guest stands at a prompt, the message goes above
 * it and the prompt is shown again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/message.h"
#include "tools/screen.h"

#define QUIET_MS 200

#define CTRL_A		  0x01
#define CTRL_RIGHT_SQUARE 0x1d

/* False when nobody reads any more. */
static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EAGAIN) {
			/* a terminal shared with a program that made it non-blocking */
			struct pollfd ready = {.fd = fd, .events = POLLOUT};

			poll(&ready, 1, -1);
			continue;
		}
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		data += done;
		size -= (size_t)done;
	}
	return true;
}

void screen_open(struct screen *screen)
{
	struct stat out, err;

	*screen = (struct screen){.colour = isatty(STDERR_FILENO)};
	screen->shared = fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
			 out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

bool screen_raw(struct screen *screen)
{
	struct termios raw;

	/* in the background, changing the terminal would stop us */
	if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
	    tcgetattr(STDIN_FILENO, &screen->saved) < 0)
		return false;
	raw = screen->saved;
	cfmakeraw(&raw);
	screen->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	return true;
}

void screen_close(struct screen *screen)
{
	screen_flush(screen, 0, true);
	if (screen->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->saved);
	screen->raw = false;
	if (screen->midline && screen->shared && !screen->closed)
		write_all(STDOUT_FILENO, "\n", 1);
	free(screen->waiting);
	screen->waiting = NULL;
	screen->waiting_size = 0;
}

static void note_position(struct screen *screen, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n' || data[i] == '\r') {
			screen->midline = false;
			screen->partial_size = 0;
		} else {
			screen->midline = true;
			if (screen->partial_size < sizeof(screen->partial))
				screen->partial[screen->partial_size++] = data[i];
		}
	}
}

static void console_out(struct screen *screen, const char *data, size_t size)
{
	if (!screen->closed && !write_all(STDOUT_FILENO, data, size))
		screen->closed = true;
	note_position(screen, data, size);
}

void screen_console(struct screen *screen, const char *data, size_t size, uint64_t now_ms)
{
	const char *end = screen->waiting_size ? memchr(data, '\n', size) : NULL;
	size_t first = end ? (size_t)(end - data) + 1 : 0;

	/* held messages go behind the first line that ends */
	if (first) {
		console_out(screen, data, first);
		screen_flush(screen, now_ms, false);
	}
	console_out(screen, data + first, size - first);
	screen->last_output_ms = now_ms;
}

void screen_message(struct screen *screen, enum screen_style style, const char *label,
		    const char *text)
{
	static const char *const colours[] = {
		[STYLE_PLAIN] = "",	    [STYLE_DIM] = "\033[2m",	  [STYLE_NOTE] = "\033[36m",
		[STYLE_ERROR] = "\033[33m", [STYLE_ALERT] = "\033[1;31m",
	};
	char *line;
	int length = asprintf(&line, "%s[%s]%s %s\n", screen->colour ? colours[style] : "", label,
			      screen->colour ? "\033[0m" : "", text);

	if (length < 0)
		must_alloc(NULL);
	screen->waiting =
		must_alloc(realloc(screen->waiting, screen->waiting_size + (size_t)length));
	memcpy(screen->waiting + screen->waiting_size, line, (size_t)length);
	screen->waiting_size += (size_t)length;
	free(line);
}

/* A raw terminal does not go back to the left by itself. */
static void write_lines(const struct screen *screen, int fd, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *feed = screen->raw ? memchr(text, '\n', (size_t)(end - text)) : NULL;

		write_all(fd, text, (size_t)((feed ? feed : end) - text));
		if (feed && isatty(fd))
			write_all(fd, "\r", 1);
		if (feed)
			write_all(fd, "\n", 1);
		text = feed ? feed + 1 : end;
	}
}

/* Shows the guest's line again; but no second time asks the terminal where its cursor is. */
static void show_partial(struct screen *screen)
{
	static const char ask[] = "\033[6n";
	const char *at = screen->partial, *end = at + screen->partial_size;

	while (at < end) {
		const char *found = memmem(at, (size_t)(end - at), ask, strlen(ask));

		write_all(STDOUT_FILENO, at, (size_t)((found ? found : end) - at));
		at = found ? found + strlen(ask) : end;
	}
}

void screen_flush(struct screen *screen, uint64_t now_ms, bool now)
{
	bool interrupt;

	if (!screen->waiting_size)
		return;
	if (screen->shared && screen->midline && !now && now_ms - screen->last_output_ms < QUIET_MS)
		return;
	interrupt = screen->shared && screen->midline && !screen->closed;
	if (interrupt)
		write_lines(screen, STDOUT_FILENO, "\n", 1);
	write_lines(screen, STDERR_FILENO, screen->waiting, screen->waiting_size);
	screen->waiting_size = 0;
	if (interrupt && screen->raw)
		show_partial(screen);
	else if (interrupt)
		screen->midline = false;
}

size_t screen_keys(struct screen *screen, char *data, size_t size, bool *quit)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		if (screen->escape) {
			screen->escape = false;
			if (data[i] == 'x' || data[i] == 'X')
				*quit = true;
			else
				data[used++] = data[i];
		} else if (data[i] == CTRL_A) {
			screen->escape = true;
		} else if (data[i] == CTRL_RIGHT_SQUARE) {
			*quit = true;
		} else {
			data[used++] = data[i];
		}
	}
	return used;
}
