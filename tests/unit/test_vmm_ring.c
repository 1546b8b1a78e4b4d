// SPDX-License-Identifier: Apache-2.0
/* The event ring's writer, read by the tool's reader. Included, for its counter. */
#include "tests/unit/vmm_host.h"
#include "tools/ring.h"
#include "vmm/ring.c"

static struct ring_reader reader;
static u64 user_address; /* the one that domain_read() takes */
static u8 user_text[64];

int domain_read(void *to, u64 from, u64 size)
{
	if (from != user_address || size > sizeof(user_text))
		return -EFAULT;
	memcpy(to, user_text, size);
	return 0;
}

static int set_up(void **state)
{
	unsigned long gpa, size;
	const char *line;

	host_memory(RING_DATA / PAGE_SIZE + 1);
	host_log_clear();
	sequence = 0;
	ring_init();
	line = strchr(host_log, ANNOUNCE);
	if (!line || sscanf(line + 1, "ring %lx %lx", &gpa, &size) != 2)
		return -1;
	host_log_clear();
	/* The reader has all memory in one piece, from address 0. */
	if (ring_attach(&reader, phys_to_virt(HOST_HPA), (RING_DATA / PAGE_SIZE + 1) * PAGE_SIZE,
			gpa - HOST_HPA, size))
		return -1;
	return 0;
}

static size_t doorbells(void)
{
	size_t n = 0;

	for (size_t i = 0; i < host_log_size; i++)
		n += host_log[i] == DOORBELL;
	return n;
}

static void expect_text(const void *text, u64 size, u64 number, u64 lost)
{
	struct ring_event event;

	assert_int_equal(ring_next(&reader, &event), RING_EVENT);
	assert_int_equal(event.size, size);
	assert_memory_equal(event.text, text, size);
	assert_int_equal(event.sequence, number);
	assert_int_equal(event.lost, lost);
	free(event.text);
	ring_done(&reader);
}

static void announced_in_its_place(void **state)
{
	assert_int_equal((u64)ring->data % PAGE_SIZE, 0);
	assert_int_equal(ring->size, RING_DATA);
	assert_int_equal(ring->head, 0);
}

static void no_memory_for_it(void **state)
{
	host_memory(RING_DATA / PAGE_SIZE);
	expect_fatal("too little memory for the event ring", ring_init());
}

static void one_by_one(void **state)
{
	for (u64 i = 0; i < 3; i++) {
		assert_int_equal(ring_write(RECORD_VMM, "{\"a\":1}", 7, 0), 0);
		assert_int_equal(doorbells(), i + 1);
		expect_text("{\"a\":1}", 7, i, 0);
	}
	assert_int_equal(ring_write(RECORD_ENGINE, "", 0, 0), 0);
	expect_text("", 0, 3, 0);
}

static void doorbell_only_when_empty(void **state)
{
	for (int i = 0; i < 5; i++)
		assert_int_equal(ring_write(RECORD_VMM, "abc", 3, 0), 0);
	assert_int_equal(doorbells(), 1);
	for (u64 i = 0; i < 5; i++)
		expect_text("abc", 3, i, 0);
	assert_int_equal(ring_write(RECORD_VMM, "abc", 3, 0), 0);
	assert_int_equal(doorbells(), 2);
}

/* All lengths and all offsets, many times around. */
static void wraps(void **state)
{
	static u8 text[RECORD_MAX];
	u64 n = 0, total = 0;

	for (u32 i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i * 31 + 7);
	for (u64 size = 1; total < 40 * RING_DATA; size = (size * 3 + 13) % (RECORD_MAX + 1)) {
		assert_int_equal(ring_write(RECORD_VMM, text, size, 0), 0);
		expect_text(text, size, n++, 0);
		total += size;
	}
	assert_int_equal(ring->tail, ring->head);
	assert_int_equal(ring->dropped, 0);
}

/* A flood leaves room for what is not part of it. */
static void flood(void **state)
{
	static u8 text[1000];
	u64 bulk = 0, kept = 0, dropped;

	memset(text, 'f', sizeof(text));
	while (!ring->dropped) {
		assert_int_equal(ring_write(RECORD_VMM, text, sizeof(text), RING_BULK), 0);
		bulk++;
	}
	assert_in_range(bulk * 1024, RING_DATA - LVMON_RING_KEPT - 2048, RING_DATA);
	dropped = ring->dropped;
	while (ring->dropped == dropped) {
		assert_int_equal(ring_write(RECORD_VMM, "alert", 5, 0), 0);
		kept++;
	}
	assert_in_range(kept, LVMON_RING_KEPT / 40, LVMON_RING_KEPT / 24 + 64);
	/* All of them are there, in order, and what is lost is told. */
	for (u64 i = 0; i < bulk - 1; i++)
		expect_text(text, sizeof(text), i, 0);
	for (u64 i = 0; i < kept - 1; i++)
		expect_text("alert", 5, bulk + i, i == 0);
	assert_int_equal(ring_lost_at_end(&reader), 1);
}

static void full(void **state)
{
	static u8 text[1000];
	u64 written = 0, dropped;

	memset(text, 'z', sizeof(text));
	while (!ring->dropped) {
		assert_int_equal(ring_write(RECORD_VMM, text, sizeof(text), 0), 0);
		written++;
	}
	written--;
	assert_int_equal(written, RING_DATA / (sizeof(struct lvmon_record) + sizeof(text)));
	/* Dropped ones are counted, touch nothing, and the next that fits tells. */
	for (int i = 0; i < 9; i++)
		assert_int_equal(ring_write(RECORD_VMM, text, sizeof(text), 0), 0);
	dropped = ring->dropped;
	assert_int_equal(dropped, 10);
	for (u64 i = 0; i < written; i++)
		expect_text(text, sizeof(text), i, 0);
	assert_int_equal(ring_lost_at_end(&reader), 10);
	reader.dropped = 0;
	assert_int_equal(ring_write(RECORD_VMM, "new", 3, 0), 0);
	expect_text("new", 3, written + 10, 10);
}

/* Exactly full is not full. */
static void last_byte(void **state)
{
	static u8 text[RECORD_MAX];
	u64 step = 0x10000, size = step - sizeof(struct lvmon_record);

	for (u64 i = 0; i < RING_DATA / step; i++)
		assert_int_equal(ring_write(RECORD_VMM, text, size, 0), 0);
	assert_int_equal(ring->dropped, 0);
	assert_int_equal(ring->head - ring->tail, RING_DATA);
	assert_int_equal(ring_write(RECORD_VMM, "", 0, 0), 0);
	assert_int_equal(ring->dropped, 1);
	for (u64 i = 0; i < RING_DATA / step; i++)
		expect_text(text, size, i, 0);
}

static void refused(void **state)
{
	static u8 text[RECORD_MAX + 1];

	assert_int_equal(ring_write(RECORD_ENGINE, text, RECORD_MAX + 1, 0), -EINVAL);
	assert_int_equal(ring_write(RECORD_ENGINE, text, UINT64_MAX, 0), -EINVAL);
	assert_int_equal(ring_write(RECORD_ENGINE, text, UINT64_MAX - 30, RING_USER), -EINVAL);
	assert_int_equal(ring->head, 0);
	assert_int_equal(ring_write(RECORD_ENGINE, text, RECORD_MAX, 0), 0);
	expect_text(text, RECORD_MAX, 0, 0);
}

/* The domain's pointers go through the domain's check, whatever they are. */
static void text_of_the_domain(void **state)
{
	memcpy(user_text, "{\"kind\":\"x\"}", 12);
	user_address = 0x401000;
	assert_int_equal(ring_write(RECORD_ENGINE, (void *)0x401000, 12, RING_USER), 0);
	assert_int_equal(ring_write(RECORD_ENGINE, (void *)ring, 12, RING_USER), -EFAULT);
	assert_int_equal(ring_write(RECORD_ENGINE, (void *)0x8000000000000000, 12, RING_USER),
			 -EFAULT);
	assert_int_equal(ring_write(RECORD_ENGINE, (void *)0x401000, 12, RING_USER), 0);
	expect_text("{\"kind\":\"x\"}", 12, 0, 0);
	expect_text("{\"kind\":\"x\"}", 12, 1, 0);
}

/* A tail that cannot be: nothing is overwritten, all is dropped. */
static void reader_that_lies(void **state)
{
	static const u64 tails[] = {1, 8, UINT64_MAX, 1ull << 63, 0ull - RING_DATA - 8};

	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		ring->head = 0;
		ring->tail = tails[i];
		ring->dropped = 0;
		memset(ring->data, 0x5a, 64);
		assert_int_equal(ring_write(RECORD_VMM, "abc", 3, 0), 0);
		if (0 - tails[i] > RING_DATA) {
			assert_int_equal(ring->dropped, 1);
			assert_int_equal(ring->data[0], 0x5a);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(announced_in_its_place, set_up),
		cmocka_unit_test_setup(no_memory_for_it, set_up),
		cmocka_unit_test_setup(one_by_one, set_up),
		cmocka_unit_test_setup(doorbell_only_when_empty, set_up),
		cmocka_unit_test_setup(wraps, set_up),
		cmocka_unit_test_setup(flood, set_up),
		cmocka_unit_test_setup(full, set_up),
		cmocka_unit_test_setup(last_byte, set_up),
		cmocka_unit_test_setup(refused, set_up),
		cmocka_unit_test_setup(text_of_the_domain, set_up),
		cmocka_unit_test_setup(reader_that_lies, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
