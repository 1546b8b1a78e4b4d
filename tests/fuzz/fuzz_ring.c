// SPDX-License-Identifier: Apache-2.0
/*
 * The tool's reader of the event ring, while the writer does what it likes: each step of the input
 * changes some of the shared memory, or reads a record.
 */
#include "tests/fuzz/fuzz.h"
#include "tools/ring.h"

#define GPA    64
#define DATA   256
#define MEMORY (GPA + sizeof(struct lvmon_ring) + DATA)

enum { READ, HEAD, HEAD_PLUS, WORD, RECORD, ATTACH, STEPS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	uint8_t *memory = calloc(1, MEMORY);
	struct lvmon_ring *ring = (struct lvmon_ring *)(memory + GPA);
	struct ring_reader reader = {NULL};
	struct ring_event event;
	uint64_t table[] = {0, GPA, MEMORY, MEMORY - GPA, DATA};

	ring->magic = LVMON_RING_MAGIC;
	ring->size = take(&in, 1) & 1 ? DATA : take_number(&in, table, 5);
	ring->tail = ring->head = take(&in, 2);
	if (ring_attach(&reader, memory, MEMORY, GPA, MEMORY - GPA))
		must(!reader.ring);
	while (input_left(&in)) {
		uint64_t number;

		switch (take(&in, 1) % STEPS) {
		case READ:
			switch (ring_next(&reader, &event)) {
			case RING_EVENT:
				must(event.size < DATA && strlen(event.text) <= event.size);
				must(!event.text[event.size]);
				ring_done(&reader);
				must(ring->tail == reader.tail);
				free(event.text);
				break;
			case RING_BROKEN:
				/* It goes on at the newest record. */
				must(ring_next(&reader, &event) == RING_EMPTY || ring->head % 8);
				break;
			case RING_EMPTY:
				break;
			}
			break;
		case HEAD:
			ring->head = take_number(&in, &reader.tail, 1);
			break;
		case HEAD_PLUS:
			ring->head = reader.tail + take(&in, 1) * 8;
			break;
		case WORD:
			number = take(&in, 2) % (MEMORY - GPA - 8);
			memcpy(memory + GPA + number, &(uint64_t){take_number(&in, table, 5)}, 8);
			break;
		case RECORD: {
			struct lvmon_record record = {.size = (uint32_t)take_number(&in, table, 5),
						      .dropped = take(&in, 1)};
			uint64_t offset = reader.tail & (DATA - 1);

			memcpy(ring->data + offset, &record,
			       DATA - offset < sizeof(record) ? DATA - offset : sizeof(record));
			break;
		}
		case ATTACH: {
			uint64_t gpa = take_number(&in, table, 5);
			struct ring_reader other = {NULL};

			if (!ring_attach(&other, memory, MEMORY, gpa, take_number(&in, table, 5)))
				must(gpa <= MEMORY - sizeof(*ring) &&
				     other.size <= MEMORY - sizeof(*ring) - gpa);
			break;
		}
		}
	}
	(void)ring_lost_at_end(&reader);
	free(memory);
	return 0;
}

void fuzz_seeds(void)
{
	static const uint8_t seeds[][20] = {
		{1, 0, 0, RECORD, 8 << 2, 1, HEAD_PLUS, 4, READ, READ},
		{1, 0xf0, 0, RECORD, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, HEAD_PLUS, 9, READ,
		 READ},
		{1, 0xe8, 0, RECORD, 0, 0, HEAD_PLUS, 3, READ, RECORD, 0, 7, HEAD_PLUS, 3, READ},
		{0, 2 | 4 << 2, 0, 0, 0, 0, ATTACH, 2 | 1 << 2, 0, 0, 2 | 3 << 2, 0, 0, READ},
	};

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		fuzz_seed(seeds[i], sizeof(seeds[i]));
}
