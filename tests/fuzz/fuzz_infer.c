// SPDX-License-Identifier: Apache-2.0
/*
 * Fields inferred from memory that holds anything: the input is a list of words in the tasks,
 * credentials and page tables that infer.c looks at, of addresses that know each other.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/infer_guest.h"

static const uint64_t places[] = {
	INIT,
	INIT + TASKS,
	TASK(1),
	TASK(1) + TASKS,
	TASK(2),
	TASK(2) + TASKS,
	TASK(3),
	TASK(3) + TASKS,
	TASK(7) + TASKS,
	INIT_MM,
	INIT_CRED,
	USER_CRED,
	TOP,
	USER_PGD,
	USER_MM,
	ETEXT,
	GUEST_BASE,
	0x7ff000000000,
	1,
	0x100000001,
	0x200000002,
	GUEST_BASE + GUEST_RAM - 8,
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static bool possible(int32_t offset)
{
	return offset == NO_FIELD || (offset >= 0 && offset < 16384);
}

#define USED (TASK(8) - GUEST_BASE + 0x8000) /* bytes of the guest that are looked at */

/* The guest as it is when the first program starts, and when that runs. */
static uint8_t *before, *after;

static struct kernel_blob *start(bool runs)
{
	static struct kernel_blob *blob;

	if (!blob) {
		blob = infer_guest();
		before = malloc(USED);
		after = malloc(USED);
		memcpy(before, guest_ram, USED);
		exec_init();
		memcpy(after, guest_ram, USED);
	}
	memcpy(guest_ram, runs ? after : before, USED);
	for (int f = 0; f < NR_FIELDS; f++)
		blob->field[f] = NO_FIELD;
	return blob;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	struct kernel_blob *blob = start(take(&in, 1) & 1);
	struct inferred i;
	int n;

	for (n = 0; n < 64 && input_left(&in); n++) {
		uint64_t at = places[take(&in, 1) % PLACES] + take(&in, 2) % 0x4000;
		uint64_t value = take_number(&in, places, PLACES);

		if (at >= GUEST_BASE && at <= GUEST_BASE + USED - 8)
			put64(at, value);
	}
	if (infer(&i))
		return 0;
	must(possible(i.comm) && possible(i.tasks) && possible(i.pid) && possible(i.tgid) &&
	     possible(i.real_parent) && possible(i.group_leader) && possible(i.real_cred) &&
	     possible(i.mm) && possible(i.pgd) && possible(i.arg_start) && possible(i.uid));
	must(i.comm != NO_FIELD && i.tasks != NO_FIELD);
	must((i.pid == NO_FIELD) == (i.tgid == NO_FIELD));
	must(infer_fields(blob, &i) <= 12);
	return 0;
}

void fuzz_seeds(void)
{
	for (uint8_t when = 0; when < 2; when++) {
		uint8_t whole[] = {when};

		fuzz_seed(whole, sizeof(whole));
		for (uint8_t place = 0; place < PLACES; place++) {
			uint8_t changed[] = {when, place, 0, 0, place, 0, 0, 0, 0, 0, 0, 0, 0};

			fuzz_seed(changed, sizeof(changed));
		}
	}
}
