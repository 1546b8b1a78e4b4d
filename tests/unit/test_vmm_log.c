// SPDX-License-Identifier: Apache-2.0
/*
 * The log: lines of several CPUs stay whole, whoever crashes gets its last words out, and what the
 * guest can cause again and again does not fill it. Included, for the lock.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/vmm_host.h"

#include "vmm/log.c"
#include "vmm/ring.c"

const struct build_id_note image_build_id = {.id = {0x0a, 0xff, [19] = 0x21}};

#define CPUS	 4
#define LINES	 300
#define TEXT_MAX 1000000u

static char text[TEXT_MAX];
static u32 length;

int domain_read(void *to, u64 from, u64 size)
{
	memcpy(to, (const void *)from, size);
	return 0;
}

/* The port: the next byte may be any CPU's. */
static void port(u16 number, u8 byte)
{
	u32 at = __atomic_fetch_add(&length, 1, __ATOMIC_SEQ_CST);

	assert_int_equal(number, LOG_PORT);
	assert_true(at < TEXT_MAX);
	text[at] = (char)byte;
	if (at % 7 == 0)
		sched_yield();
}

static void fresh(void)
{
	memset(text, 0, length);
	length = 0;
	host_outb = port;
}

static void *write_lines(void *arg)
{
	u64 cpu = (u64)arg;
	char event[40];

	for (u64 i = 0; i < LINES; i++) {
		if (cpu) {
			log_line("cpu %lu line %lu: %s %x.", cpu, i, "some words", 0xabcdu);
			continue;
		}
		/* one at a time, by whoever has the engine */
		snprintf(event, sizeof(event), "{\"event\": %lu}", i);
		assert_int_equal(ring_write(RECORD_VMM, event, strlen(event), 0), 0);
	}
	return NULL;
}

static void lines_stay_whole(void **state)
{
	pthread_t threads[CPUS];
	u64 next[CPUS] = {0};
	char *rest = text, *line;

	host_memory(RING_DATA / PAGE_SIZE + 1);
	fresh();
	ring_init();
	ring_drain_to_port();
	fresh();
	for (u64 i = 0; i < CPUS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)i), 0);
	for (u64 i = 0; i < CPUS; i++)
		pthread_join(threads[i], NULL);
	while ((line = strsep(&rest, "\n")) && *line) {
		char expected[80];
		u64 cpu = 0;

		if (*line == EVENT) {
			snprintf(expected, sizeof(expected), "%c{\"event\": %lu}", EVENT, next[0]);
		} else {
			assert_int_equal(sscanf(line, "cpu %lu", &cpu), 1);
			assert_in_range(cpu, 1, CPUS - 1);
			snprintf(expected, sizeof(expected), "cpu %lu line %lu: some words abcd.",
				 cpu, next[cpu]);
		}
		assert_string_equal(line, expected);
		next[cpu]++;
	}
	for (u64 i = 0; i < CPUS; i++)
		assert_int_equal(next[i], LINES);
}

static void __noreturn crash_here(u16 number, u8 byte)
{
	host_outb = port;
	crash(NULL, "exception %lu in the hypervisor", 14ul);
}

/* In the middle of its own line, with the lock in its hands. */
static void crash_in_a_line(void **state)
{
	fresh();
	host_outb = crash_here;
	host_fatal_expected = true;
	if (!setjmp(host_fatal_to)) {
		log_line("never seen");
		fail();
	}
	host_fatal_expected = false;
	assert_non_null(strstr(text, "\ncrash record begin\nreason: exception 14 in the "
				     "hypervisor\n"
				     "build 0aff000000000000000000000000000000000021 apic "));
	assert_string_equal(text + length - 17, "crash record end\n");
	/* others that still run do not hang in their next line */
	fresh();
	log_line("alive");
	assert_string_equal(text, "alive\n");
}

/* What guests cause: so many lines, then ever fewer, and none is left out unsaid. */
static void limited(void **state)
{
	u64 lines = 0, left_out = 0, told;
	char *rest = text, *line;

	fresh();
	for (u64 i = 0; i < 100000; i++)
		log_limited("refused %lu", i);
	while ((line = strsep(&rest, "\n")) && *line) {
		char *more = strchr(line, '(');

		assert_memory_equal(line, "refused ", 8);
		if (more && sscanf(more, "(%lu lines like this one were left out)", &told) == 1)
			left_out += told;
		lines++;
		assert_int_equal(strtoul(line + 8, NULL, 10), lines + left_out - 1);
	}
	assert_in_range(lines, LOG_LINES, LOG_LINES + 10);
	/* a place of its own has a limit of its own */
	fresh();
	log_limited("another");
	assert_string_equal(text, "another\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_stay_whole),
		cmocka_unit_test(crash_in_a_line),
		cmocka_unit_test(limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
