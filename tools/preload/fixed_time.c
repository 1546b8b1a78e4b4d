/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into Bochs by `lvisor run --repeatable`: time() stands still. Bochs seeds its random
 * numbers (RDRAND) by it; with it fixed, two runs are the same to the tick.
 */
#include <stdlib.h>
#include <time.h>

time_t time(time_t *to)
{
	const char *text = getenv("LVISOR_FIXED_TIME");
	time_t now = text ? (time_t)strtoll(text, NULL, 10) : 0;

	if (to)
		*to = now;
	return now;
}
