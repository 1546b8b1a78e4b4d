// SPDX-License-Identifier: Apache-2.0
/*
 * The reader's side of the event ring. The writer is the hypervisor, on the other side of a shared
 * mapping: whatever is found there is checked against the bounds that were fixed when the ring was
 * attached, and copied before anyone looks at it.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/message.h"
#include "tools/ring.h"

const char *ring_attach(struct ring_reader *reader, void *memory, uint64_t memory_size,
			uint64_t gpa, uint64_t size)
{
	struct lvmon_ring *ring;
	uint64_t data_size;

	if (gpa % 8 != 0)
		return "its address is not aligned";
	if (size < sizeof(*ring) || gpa > memory_size || size > memory_size - gpa)
		return "it does not lie in the guest's memory";
	ring = (struct lvmon_ring *)((char *)memory + gpa);
	if (__atomic_load_n(&ring->magic, __ATOMIC_ACQUIRE) != LVMON_RING_MAGIC)
		return "there is no ring at its address";
	data_size = ring->size;
	if (data_size < sizeof(struct lvmon_record) || (data_size & (data_size - 1)) != 0)
		return "its size is not a power of two";
	if (data_size > size - sizeof(*ring))
		return "it is larger than announced";

	*reader = (struct ring_reader){.ring = ring, .size = data_size, .tail = ring->tail};
	return NULL;
}

static void set_tail(struct ring_reader *reader, uint64_t tail)
{
	reader->tail = tail;
	__atomic_store_n(&reader->ring->tail, tail, __ATOMIC_RELEASE);
}

static uint64_t count_lost(struct ring_reader *reader, uint64_t total)
{
	uint64_t lost = 0;

	if (total > reader->dropped) {
		lost = total - reader->dropped;
		reader->dropped = total;
	}
	return lost;
}

enum ring_result ring_next(struct ring_reader *reader, struct ring_event *event)
{
	struct lvmon_record record;
	uint64_t head, used, offset, to_end, step;

	if (!reader->ring)
		return RING_EMPTY;
	for (;;) {
		head = __atomic_load_n(&reader->ring->head, __ATOMIC_ACQUIRE);
		used = head - reader->tail;
		if (used == 0)
			return RING_EMPTY;
		if (used > reader->size || head % 8 != 0 || reader->tail % 8 != 0)
			goto broken;
		offset = reader->tail & (reader->size - 1);
		to_end = reader->size - offset;
		memcpy(&record.size, reader->ring->data + offset, sizeof(record.size));
		if (record.size != LVMON_RING_PAD)
			break;
		if (to_end > used)
			goto broken;
		set_tail(reader, reader->tail + to_end);
	}

	if (to_end < sizeof(record))
		goto broken;
	memcpy(&record, reader->ring->data + offset, sizeof(record));
	step = (sizeof(record) + (uint64_t)record.size + 7) & ~7ull;
	if (step > to_end || step > used)
		goto broken;

	event->source = record.source;
	event->sequence = record.sequence;
	event->size = record.size;
	event->text = must_alloc(malloc((size_t)record.size + 1));
	memcpy(event->text, reader->ring->data + offset + sizeof(record), record.size);
	event->text[record.size] = '\0';
	event->lost = count_lost(reader, record.dropped);
	reader->tail += step;
	return RING_EVENT;

broken:
	set_tail(reader, head & ~7ull);
	return RING_BROKEN;
}

void ring_done(struct ring_reader *reader)
{
	set_tail(reader, reader->tail);
}

uint64_t ring_lost_at_end(struct ring_reader *reader)
{
	return reader->ring ? count_lost(reader, reader->ring->dropped) : 0;
}
