// SPDX-License-Identifier: Apache-2.0
/* The event ring's reader against a writer that works, one that lies, and noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/ring.h"

#define GPA    4096
#define DATA   512
#define MEMORY (GPA + sizeof(struct lvmon_ring) + DATA)

struct fixture {
	unsigned char *memory;
	struct lvmon_ring *ring;
	struct ring_reader reader;
	uint64_t sequence;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	/* of exactly this size: AddressSanitizer guards its end */
	f->memory = calloc(1, MEMORY);
	f->ring = (struct lvmon_ring *)(f->memory + GPA);
	f->ring->magic = LVMON_RING_MAGIC;
	f->ring->size = DATA;
	*state = f;
	return ring_attach(&f->reader, f->memory, MEMORY, GPA, MEMORY - GPA) ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->memory);
	free(f);
	return 0;
}

/* The writer as lvmon.h describes it. False: no room, counted. */
static bool put(struct fixture *f, const char *text)
{
	struct lvmon_ring *ring = f->ring;
	struct lvmon_record record = {(uint32_t)strlen(text), 0, ++f->sequence, ring->dropped};
	uint64_t step = (sizeof(record) + record.size + 7) & ~7ull;
	uint64_t to_end = ring->size - (ring->head & (ring->size - 1));
	uint64_t need = step > to_end ? to_end + step : step;
	uint32_t pad = LVMON_RING_PAD;

	if (ring->head - ring->tail + need > ring->size) {
		ring->dropped++;
		return false;
	}
	if (step > to_end) {
		memcpy(ring->data + (ring->head & (ring->size - 1)), &pad, sizeof(pad));
		ring->head += to_end;
	}
	memcpy(ring->data + (ring->head & (ring->size - 1)), &record, sizeof(record));
	memcpy(ring->data + (ring->head & (ring->size - 1)) + sizeof(record), text, record.size);
	ring->head += step;
	return true;
}

static void expect(struct fixture *f, const char *text)
{
	struct ring_event event;

	assert_int_equal(ring_next(&f->reader, &event), RING_EVENT);
	assert_string_equal(event.text, text);
	assert_int_equal(event.size, strlen(text));
	free(event.text);
	ring_done(&f->reader);
}

/* What was not dealt with yet keeps its place, and is not read twice. */
static void done_when_dealt_with(void **state)
{
	struct fixture *f = *state;
	struct ring_event event;
	const uint64_t start = f->ring->tail;

	put(f, "first");
	put(f, "second");
	assert_int_equal(ring_next(&f->reader, &event), RING_EVENT);
	assert_string_equal(event.text, "first");
	free(event.text);
	assert_int_equal(f->ring->tail, start);
	assert_int_equal(ring_next(&f->reader, &event), RING_EVENT);
	assert_string_equal(event.text, "second");
	free(event.text);
	assert_int_equal(f->ring->tail, start);
	ring_done(&f->reader);
	assert_int_equal(f->ring->tail, f->ring->head);
	assert_int_equal(ring_next(&f->reader, &event), RING_EMPTY);
}

static void many_records_of_all_sizes(void **state)
{
	struct fixture *f = *state;
	struct ring_event event;
	char text[200];

	assert_int_equal(ring_next(&f->reader, &event), RING_EMPTY);
	for (int i = 0; i < 5000; i++) {
		int length = i % 180;

		memset(text, 'a' + i % 26, (size_t)length);
		text[length] = '\0';
		assert_true(put(f, text));
		expect(f, text);
	}
	assert_int_equal(ring_next(&f->reader, &event), RING_EMPTY);
	assert_int_equal(f->ring->tail, f->ring->head);
}

static void several_wait(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 100; round++) {
		put(f, "one");
		put(f, "the second of them");
		put(f, "");
		expect(f, "one");
		expect(f, "the second of them");
		expect(f, "");
	}
}

static void losses_are_told_once(void **state)
{
	struct fixture *f = *state;
	struct ring_event event;
	int kept = 0;

	while (put(f, "a record of some length, to fill it"))
		kept++;
	assert_false(put(f, "a record of some length, to fill it"));
	for (int i = 0; i < kept; i++) {
		assert_int_equal(ring_next(&f->reader, &event), RING_EVENT);
		assert_int_equal(event.lost, 0);
		free(event.text);
		ring_done(&f->reader);
	}
	assert_true(put(f, "next"));
	assert_int_equal(ring_next(&f->reader, &event), RING_EVENT);
	assert_int_equal(event.lost, 2);
	free(event.text);
	assert_int_equal(ring_lost_at_end(&f->reader), 0);
	f->ring->dropped += 3;
	assert_int_equal(ring_lost_at_end(&f->reader), 3);
	assert_int_equal(ring_lost_at_end(&f->reader), 0);
}

static void bad_places(void **state)
{
	struct fixture *f = *state;
	struct ring_reader reader = {NULL};
	const uint64_t size = MEMORY - GPA;

	assert_non_null(ring_attach(&reader, f->memory, MEMORY, GPA + 4, size - 8));
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, GPA, size + 1));
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, GPA, 10));
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, ~7ull, size));
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, GPA, ~0ull));
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, 0, size));
	f->ring->size = 500;
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, GPA, size));
	f->ring->size = 2 * DATA;
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, GPA, size));
	f->ring->size = 0;
	assert_non_null(ring_attach(&reader, f->memory, MEMORY, GPA, size));
	assert_null(reader.ring);
}

static void a_lying_writer(void **state)
{
	struct fixture *f = *state;
	struct ring_event event;
	const uint32_t sizes[] = {0xfffffffe, 0x7fffffff, DATA, DATA - 23, 100, LVMON_RING_PAD};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put(f, "good");
		memcpy(f->ring->data + (f->ring->tail & (DATA - 1)), &sizes[i], 4);
		assert_int_equal(ring_next(&f->reader, &event), RING_BROKEN);
		assert_int_equal(ring_next(&f->reader, &event), RING_EMPTY);
		put(f, "good again");
		expect(f, "good again");
	}
	f->ring->head += 3 * DATA;
	assert_int_equal(ring_next(&f->reader, &event), RING_BROKEN);
	f->ring->head += 5;
	assert_int_equal(ring_next(&f->reader, &event), RING_BROKEN);
	f->ring->head = f->reader.tail;
	/* a size that changes after it was checked at the start is not looked at again */
	f->ring->size = 1ull << 40;
	f->ring->tail = 1ull << 50;
	put(f, "still good");
	f->ring->head = f->reader.tail;
	assert_int_equal(ring_next(&f->reader, &event), RING_EMPTY);
}

static void noise(void **state)
{
	struct fixture *f = *state;
	struct ring_event event;
	uint32_t random = 1;

	for (int i = 0; i < 200000; i++) {
		random = random * 1664525 + 1013904223;
		f->ring->data[(random >> 8) % DATA] = (uint8_t)(random >> 24);
		if (i % 7 == 0)
			f->ring->head = f->reader.tail + (random >> 16) % (DATA + 64);
		if (i % 11 == 0)
			f->ring->head &= ~7ull;
		if (ring_next(&f->reader, &event) == RING_EVENT)
			free(event.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_records_of_all_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(done_when_dealt_with, set_up, tear_down),
		cmocka_unit_test_setup_teardown(several_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(losses_are_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lying_writer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(noise, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
