/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of signatures; see quota.h. */
#include <malloc.h>
#include <stdint.h>
#include "engine/signature/quota.h"
#include "engine/signature/signature.h"

/* Of what is left in the domain when signatures are loaded, for lists, records and scans. */
#define ENGINE_PART 4

/* ld(1): the first byte of the program, and the one behind its last. */
extern const char __executable_start[], end[];

static size_t all = SIZE_MAX, share = QUOTA_SHARE;
static size_t promised; /* shares, and what signatures have beyond theirs */

void quota_begin(size_t bytes)
{
	all = bytes;
	share = QUOTA_SHARE;
	if (signature_count && bytes / signature_count < share)
		share = bytes / signature_count;
	promised = share * signature_count;
}

void quota_begin_in_domain(void)
{
	struct mallinfo2 used = mallinfo2();
	size_t taken = used.arena + used.hblkhd + (size_t)(end - __executable_start), quota;

	if (!engine.start) {
		quota_begin(SIZE_MAX);
		return;
	}
	quota = engine.start->memory_quota;
	quota_begin(quota > taken ? (quota - taken) / ENGINE_PART * (ENGINE_PART - 1) : 0);
}

static size_t beyond_share(size_t bytes)
{
	return bytes > share ? bytes - share : 0;
}

bool quota_take(struct signature *s, size_t more)
{
	size_t beyond;

	if (more > s->memory_max - s->memory)
		return false;
	beyond = beyond_share(s->memory + more) - beyond_share(s->memory);
	if (beyond && (promised > all || beyond > all - promised))
		return false;
	promised += beyond;
	s->memory += more;
	return true;
}

void quota_give(struct signature *s, size_t less)
{
	promised -= beyond_share(s->memory) - beyond_share(s->memory - less);
	s->memory -= less;
}

size_t quota_of_all(void)
{
	return all;
}

const struct signature *quota_largest_other(const struct signature *s)
{
	const struct signature *largest = NULL;

	for (uint32_t i = 0; i < signature_count; i++)
		if (signatures[i] != s && signatures[i]->memory > (largest ? largest->memory : 0))
			largest = signatures[i];
	return largest;
}
