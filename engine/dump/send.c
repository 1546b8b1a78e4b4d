/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dump of a live guest goes out as records of kind "dump_part" (docs/events.md), which the tool
 * outside takes out of the stream and makes a file of. The guest's memory is shared with the tool
 * in QEMU: then only the places of memory are told, and the vmm waits until they have been copied,
 * for the guest stands still meanwhile. Where it is not shared, the bytes themselves are sent, and
 * therefore not many.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "engine/dump/sinks.h"
#include "engine/engine.h"
#include "engine/signature/record.h"

#define WAIT_MS	       20000 /* for the reader to copy what it was told */
#define MORE_MS	       2000  /* of our own time, from one wait to the next */
#define EXTENTS	       1536  /* in a record */
#define BYTES	       36864
#define WAIT_EVERY     (512u << 10) /* bytes of records: the ring has 1 MB */
#define UNSHARED_BYTES (16u << 20)

struct extent {
	uint64_t offset, gpa, size;
};

static struct {
	bool shared;
	uint32_t id;
	uint64_t sent; /* bytes of memory, where it is not shared */
	size_t unread; /* bytes of records since the last wait */
	struct extent extents[EXTENTS];
	size_t count;
	char text[RECORD_SIZE_MAX];
} out;

/* Until the reader has caught up. 0, 1: it has no part in the guest's memory, or -E... */
static int wait(void)
{
	out.unread = 0;
	return backend->drain ? backend->drain(WAIT_MS, MORE_MS) : -ENOSYS;
}

static int send(int size)
{
	int err;

	if (size < 0 || (size_t)size >= sizeof(out.text))
		return -EINVAL;
	if (out.unread + (size_t)size > WAIT_EVERY) {
		err = wait();
		if (err < 0)
			return err;
	}
	out.unread += (size_t)size + sizeof(struct lvmon_record) + 8;
	return backend->emit(out.text, (size_t)size, true);
}

/* What all parts begin with. */
static int head(const char *op)
{
	return snprintf(out.text, sizeof(out.text),
			"{\"kind\":\"dump_part\",\"dump\":%u,\"op\":\"%s\"", out.id, op);
}

static int send_extents(void)
{
	int n;

	if (!out.count)
		return 0;
	n = head("memory");
	n += sprintf(out.text + n, ",\"extents\":\"");
	n += (int)dump_base64(out.extents, out.count * sizeof(out.extents[0]), out.text + n);
	n += sprintf(out.text + n, "\"}");
	out.count = 0;
	return send(n);
}

static int send_begin(const char *name)
{
	const struct lvmon_ram *last = &backend->ram[backend->ram_ranges - 1];
	int ret = wait(), n;

	if (ret < 0)
		return ret;
	out.shared = ret == 0;
	out.id++;
	out.sent = 0;
	out.count = 0;
	/* Where RAM ends tells the reader how the machine's memory lies in its file. */
	n = head("begin");
	n += snprintf(out.text + n, sizeof(out.text) - (size_t)n,
		      ",\"name\":\"%s\",\"ram_end\":%llu}", name,
		      (unsigned long long)(backend->ram_ranges ? last->gpa + last->size : 0));
	return send(n);
}

static int send_bytes(uint64_t offset, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	while (size > 0) {
		size_t part = size < BYTES ? size : BYTES;
		int n = head("bytes"), err;

		n += sprintf(out.text + n, ",\"offset\":%llu,\"bytes\":\"",
			     (unsigned long long)offset);
		n += (int)dump_base64(from, part, out.text + n);
		n += sprintf(out.text + n, "\"}");
		err = send(n);
		if (err)
			return err;
		from += part;
		offset += part;
		size -= part;
	}
	return 0;
}

/* The bytes themselves: small dumps only, each byte takes a port access. */
static int send_unshared(uint64_t offset, gpa_t gpa, uint64_t size)
{
	out.sent += size;
	if (out.sent > UNSHARED_BYTES)
		return -EFBIG;
	while (size > 0) {
		size_t n = size;
		const void *p = guest_span(gpa, &n);
		int err = p ? send_bytes(offset, p, n) : -EFAULT;

		if (err)
			return err;
		offset += n;
		gpa += n;
		size -= n;
	}
	return 0;
}

static int send_memory(uint64_t offset, gpa_t gpa, uint64_t size)
{
	struct extent *last = out.count ? &out.extents[out.count - 1] : NULL;

	if (!out.shared)
		return send_unshared(offset, gpa, size);
	if (last && last->offset + last->size == offset && last->gpa + last->size == gpa) {
		last->size += size;
		return 0;
	}
	if (out.count == EXTENTS) {
		int err = send_extents();

		if (err)
			return err;
	}
	out.extents[out.count++] = (struct extent){offset, gpa, size};
	return 0;
}

static int send_sync(void)
{
	int ret = send_extents();

	if (!ret)
		ret = wait();
	return ret < 0 ? ret : 0;
}

/* The handler that asked for the dump goes on with the time that any event has. */
static void back_to_budget(void)
{
	if (backend->drain &&
	    backend->drain(0, engine.start ? engine.start->budget_ms : 50) == -EINVAL)
		engine_log("the time of an event with a dump is used up");
}

static int send_end(json_t *record, uint64_t size)
{
	if (!record)
		return -ENOMEM;
	/* The reader adds where the file is. */
	record_number(record, "dump", out.id);
	record_number(record, "size", size);
	record_emit(record);
	back_to_budget();
	return 0;
}

static void send_abandon(void)
{
	int n = head("abandon");

	n += sprintf(out.text + n, "}");
	/* Who does not read this has no use for it either. */
	if (send(n))
		engine_log("a dump was given up");
}

const struct dump_sink dump_to_tool = {
	.begin = send_begin,
	.bytes = send_bytes,
	.memory = send_memory,
	.sync = send_sync,
	.end = send_end,
	.abandon = send_abandon,
};

const struct dump_sink *dump_sink(void)
{
	return engine.mode == ENGINE_LIVE   ? &dump_to_tool
	       : engine.mode == ENGINE_DUMP ? &dump_to_file
					    : NULL;
}

size_t dump_base64(const void *bytes, size_t size, char *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = bytes;
	char *start = to;
	size_t i;

	for (i = 0; i < size; i += 3) {
		uint32_t v = (uint32_t)b[i] << 16 | (uint32_t)(i + 1 < size ? b[i + 1] : 0) << 8 |
			     (i + 2 < size ? b[i + 2] : 0);

		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = i + 1 < size ? digits[v >> 6 & 63] : '=';
		*to++ = i + 2 < size ? digits[v & 63] : '=';
	}
	*to = '\0';
	return (size_t)(to - start);
}
