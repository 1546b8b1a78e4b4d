// SPDX-License-Identifier: Apache-2.0
/*
 * Memory dumps that signatures ask for. The engine tells in records what belongs where in the file
 * (engine/dump/send.c), and the memory itself is copied from the file that QEMU has for the guest's
 * RAM, while the guest stands still. Whatever a record says is checked: its author may have been
 * taken over.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/dumps.h"
#include "tools/message.h"

#define GB	   (1ull << 30)
#define ABOVE	   (4 * GB) /* where RAM goes on that has no place below */
#define OFFSET_MAX (1ull << 47)
#define NUMBERS	   1000 /* files of one name */
#define NAME_MAX_  100

struct extent {
	uint64_t offset, gpa, size;
};

/* The first reason is kept. */
__attribute__((format(printf, 2, 3))) static void fail(struct dump_store *store, const char *format,
						       ...)
{
	va_list args;

	if (store->error[0])
		return;
	va_start(args, format);
	vsnprintf(store->error, sizeof(store->error), format, args);
	va_end(args);
}

static void discard(struct dump_store *store)
{
	if (store->fd < 0)
		return;
	close(store->fd);
	store->fd = -1;
	unlink(store->path);
}

/* RFC 4648. The bytes' number; SIZE_MAX: it is no base64. to has room for three quarters. */
static size_t decode(const char *text, size_t size, unsigned char *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	if (size % 4)
		return SIZE_MAX;
	for (size_t i = 0; i < size; i += 4) {
		const int end = i + 4 == size ? (text[i + 3] == '=') + (text[i + 2] == '=') : 0;
		uint32_t v = 0;

		for (int k = 0; k < 4; k++) {
			const char c = k >= 4 - end ? 'A' : text[i + (size_t)k];
			const char *at = c ? strchr(digits, c) : NULL;

			if (!at)
				return SIZE_MAX;
			v = v << 6 | (uint32_t)(at - digits);
		}
		for (int k = 0; k < 3 - end; k++)
			to[n++] = (unsigned char)(v >> (16 - 8 * k));
	}
	return n;
}

/* Where QEMU's machines put RAM: as much as fits below the devices' addresses, the rest at 4 GB. */
static bool place_ram(struct dump_store *store, uint64_t ram_end)
{
	const uint64_t high = ram_end > ABOVE ? ram_end - ABOVE : 0;

	if (high >= store->ram_size)
		return false;
	store->low = store->ram_size - high;
	/* pc: 3 GB or less than 3.5; q35: 2 GB or less than 2.75 */
	return high ? store->low == 2 * GB || store->low == 3 * GB : store->low < ABOVE;
}

/* Names are the engine's, and plain; none leads out of the folder. */
static bool plain_name(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && n < NAME_MAX_ && name[0] != '.' && strcmp(name + n - 5, ".core") == 0 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       n;
}

static void create(struct dump_store *store, const char *name)
{
	const int stem = (int)strlen(name) - 5;

	/* Nothing that is there is replaced. */
	for (int n = 1; n < NUMBERS; n++) {
		int size = n == 1 ? snprintf(store->path, sizeof(store->path), "%s/%s",
					     store->folder, name)
				  : snprintf(store->path, sizeof(store->path), "%s/%.*s-%d.core",
					     store->folder, stem, name, n);

		if (size < 0 || (size_t)size >= sizeof(store->path)) {
			fail(store, "its path is too long");
			return;
		}
		store->fd = open(store->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				 0600);
		if (store->fd >= 0 || errno != EEXIST)
			break;
	}
	if (store->fd < 0)
		fail(store, "%s: %s", store->path, strerror(errno));
}

static void begin(struct dump_store *store, const json_t *record)
{
	const char *name = json_string_value(json_object_get(record, "name"));

	if (store->open)
		discard(store);
	store->open = true;
	store->fd = -1;
	store->error[0] = '\0';
	store->path[0] = '\0';
	store->id = (uint32_t)json_integer_value(json_object_get(record, "dump"));
	if (!store->folder)
		fail(store, "there is no folder for it: give --dumps DIR (or --events FILE)");
	else if (!name || !plain_name(name))
		fail(store, "its name is none for a file");
	else if (store->ram_fd >= 0 &&
		 !place_ram(store,
			    (uint64_t)json_integer_value(json_object_get(record, "ram_end"))))
		fail(store, "how this machine's RAM lies in its file is not known");
	else
		create(store, name);
}

/* More bytes for the file; false: they are too many. */
static bool take(struct dump_store *store, uint64_t offset, uint64_t size)
{
	if (offset > OFFSET_MAX || size > OFFSET_MAX) {
		fail(store, "a part of it lies at %" PRIu64, offset);
		return false;
	}
	if (size > store->max - store->used) {
		fail(store,
		     "the dumps of this run are larger than %" PRIu64
		     " MB; --dumps-max MB sets another limit",
		     store->max >> 20);
		return false;
	}
	store->used += size;
	return true;
}

static void put(struct dump_store *store, uint64_t offset, const char *from, uint64_t size)
{
	if (!take(store, offset, size))
		return;
	while (size > 0) {
		ssize_t n = pwrite(store->fd, from, size < GB ? size : GB, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(store, "%s: %s", store->path,
			     n ? strerror(errno) : "it does not grow");
			return;
		}
		from += n;
		offset += (uint64_t)n;
		size -= (uint64_t)n;
	}
}

/* [at, at + size) of the shared file. What the guest never touched is a hole in both files. */
static void copy(struct dump_store *store, uint64_t offset, uint64_t at, uint64_t size)
{
	const uint64_t end = at + size;

	while (at < end && !store->error[0]) {
		off_t data = lseek(store->ram_fd, (off_t)at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return; /* nothing but a hole up to the file's end */
		if (data < (off_t)at)
			data = (off_t)at; /* a file that knows of no holes */
		if ((uint64_t)data >= end)
			return;
		hole = lseek(store->ram_fd, data, SEEK_HOLE);
		if (hole <= data || (uint64_t)hole > end)
			hole = (off_t)end;
		put(store, offset + ((uint64_t)data - at), store->ram + data,
		    (uint64_t)(hole - data));
		offset += (uint64_t)hole - at;
		at = (uint64_t)hole;
	}
}

static void memory(struct dump_store *store, const struct extent *e)
{
	const uint64_t start = e->gpa < ABOVE ? e->gpa : e->gpa - ABOVE + store->low;
	const uint64_t room = e->gpa < ABOVE ? store->low : store->ram_size;

	if (store->ram_fd < 0 || start > room || e->size > room - start)
		fail(store, "0x%" PRIx64 " is not in the guest's memory", e->gpa);
	else
		copy(store, e->offset, start, e->size);
}

static void part(struct dump_store *store, const json_t *record, bool extents)
{
	const json_t *text = json_object_get(record, extents ? "extents" : "bytes");
	const json_t *offset = json_object_get(record, "offset");
	unsigned char *bytes;
	struct extent e;
	size_t size;

	if (!json_is_string(text)) {
		fail(store, "a part of it has nothing in it");
		return;
	}
	bytes = must_alloc(malloc(json_string_length(text) + 1));
	size = decode(json_string_value(text), json_string_length(text), bytes);
	if (size == SIZE_MAX || (extents && size % sizeof(e))) {
		fail(store, "a part of it is damaged");
	} else if (!extents) {
		put(store, (uint64_t)json_integer_value(offset), (const char *)bytes, size);
	} else {
		for (size_t i = 0; i < size && !store->error[0]; i += sizeof(e)) {
			memcpy(&e, bytes + i, sizeof(e));
			memory(store, &e);
		}
	}
	free(bytes);
}

void dumps_part(struct dump_store *store, const json_t *record)
{
	const char *op = json_string_value(json_object_get(record, "op"));
	const json_t *id = json_object_get(record, "dump");

	if (!op || !json_is_integer(id))
		return;
	if (strcmp(op, "begin") == 0) {
		begin(store, record);
		return;
	}
	/* Of one that is not at work: its begin was lost. */
	if (!store->open || store->id != (uint32_t)json_integer_value(id))
		return;
	if (strcmp(op, "abandon") == 0)
		dumps_close(store);
	else if (!store->error[0])
		part(store, record, strcmp(op, "memory") == 0);
	if (store->error[0])
		discard(store);
}

void dumps_finish(struct dump_store *store, json_t *record)
{
	const json_t *id = json_object_get(record, "dump");
	const json_t *size = json_object_get(record, "size");

	if (!json_is_integer(id))
		return; /* the engine made the file itself */
	if (!store->open || store->id != (uint32_t)json_integer_value(id)) {
		json_object_set_new(record, "error",
				    json_string("parts of it were lost, and so it was not kept"));
	} else {
		/* A hole at its end is part of it. */
		if (!store->error[0] && ftruncate(store->fd, (off_t)json_integer_value(size)) != 0)
			fail(store, "%s: %s", store->path, strerror(errno));
		if (!store->error[0]) {
			const int fd = store->fd;

			store->fd = -1;
			if (close(fd) != 0) {
				fail(store, "%s: %s", store->path, strerror(errno));
				unlink(store->path);
			}
		}
		discard(store);
		store->open = false;
		if (store->error[0])
			json_object_set_new(record, "error", json_string(store->error));
		else
			json_object_set_new(record, "path", json_string(store->path));
	}
	json_object_del(record, "dump");
	if (json_object_get(record, "error"))
		json_object_del(record, "size");
}

bool dumps_close(struct dump_store *store)
{
	const bool half = store->open;

	if (half)
		discard(store);
	store->open = false;
	return half;
}
