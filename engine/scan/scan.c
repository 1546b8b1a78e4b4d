/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A literal in memory. Two of its bytes, the rarest by what memory usually holds, are compared at
 * 16 or 32 places at once; only where both are right are all bytes compared. So it goes at the
 * speed of memory also where the first byte is a frequent one (memory is full of zeros), and never
 * takes more than one comparison of BYTES_NEEDLE_MAX bytes a place.
 */
#include <immintrin.h>
#include <string.h>
#include "engine/scan/bytes.h"

/* How frequent a byte is in memory: classes only. Wrong guesses cost time, nothing else. */
static unsigned int frequency(uint8_t c)
{
	if (c == 0x00)
		return 100;
	if (c == 0xff)
		return 60;
	if (c == 0x48 || c == 0x8b || c == 0x89 || c == 0x0f || c == 0x24)
		return 45; /* REX.W, MOV, two-byte opcodes, [RSP] */
	if (c < 0x10)
		return 40;
	if (c && strchr(" etaoinsrl_", c))
		return 35;
	if (c >= 'a' && c <= 'z')
		return 20;
	if ((c >= '0' && c <= '9') || c >= 0xe0)
		return 15;
	return 10;
}

void bytes_needle(struct bytes_needle *l, const void *bytes, size_t size)
{
	unsigned int lowest = ~0u;
	size_t i;

	*l = (struct bytes_needle){.bytes = bytes, .size = size};
	for (i = 0; i < size; i++) {
		unsigned int f = frequency(l->bytes[i]);

		if (f < lowest) {
			lowest = f;
			l->rare[0] = i;
		}
	}
	lowest = ~0u;
	for (i = 0; i < size; i++) {
		unsigned int f = frequency(l->bytes[i]);

		/* The same byte a second time says less than another one. */
		if (l->bytes[i] == l->bytes[l->rare[0]])
			f += 200;
		if (i != l->rare[0] && f < lowest) {
			lowest = f;
			l->rare[1] = i;
		}
	}
}

/* The first of the places in mask, counted from p, where all of the literal is. */
static const uint8_t *confirm(const uint8_t *p, uint32_t mask, const struct bytes_needle *l)
{
	while (mask) {
		const uint8_t *at = p + __builtin_ctz(mask);

		if (!memcmp(at, l->bytes, l->size))
			return at;
		mask &= mask - 1;
	}
	return NULL;
}

/* Places [p, end), at least 16 of them; each has l->size bytes of memory. */
static const uint8_t *scan_sse2(const uint8_t *p, const uint8_t *end, const struct bytes_needle *l)
{
	__m128i a = _mm_set1_epi8((char)l->bytes[l->rare[0]]);
	__m128i b = _mm_set1_epi8((char)l->bytes[l->rare[1]]);

	for (;;) {
		__m128i x = _mm_loadu_si128((const __m128i *)(p + l->rare[0]));
		__m128i y = _mm_loadu_si128((const __m128i *)(p + l->rare[1]));
		uint32_t mask = (uint32_t)_mm_movemask_epi8(
			_mm_and_si128(_mm_cmpeq_epi8(x, a), _mm_cmpeq_epi8(y, b)));
		const uint8_t *hit = mask ? confirm(p, mask, l) : NULL;

		if (hit)
			return hit;
		p += 16;
		if (p == end)
			return NULL;
		if (end - p < 16)
			p = end - 16; /* some places a second time */
	}
}

/* The same, at least 32 places. */
__attribute__((target("avx2"))) static const uint8_t *
scan_avx2(const uint8_t *p, const uint8_t *end, const struct bytes_needle *l)
{
	__m256i a = _mm256_set1_epi8((char)l->bytes[l->rare[0]]);
	__m256i b = _mm256_set1_epi8((char)l->bytes[l->rare[1]]);

	for (;;) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(p + l->rare[0]));
		__m256i y = _mm256_loadu_si256((const __m256i *)(p + l->rare[1]));
		uint32_t mask = (uint32_t)_mm256_movemask_epi8(
			_mm256_and_si256(_mm256_cmpeq_epi8(x, a), _mm256_cmpeq_epi8(y, b)));
		const uint8_t *hit = mask ? confirm(p, mask, l) : NULL;

		if (hit)
			return hit;
		p += 32;
		if (p == end)
			return NULL;
		if (end - p < 32)
			p = end - 32;
	}
}

const void *bytes_scan_for(const void *data, size_t size, const struct bytes_needle *l)
{
	const uint8_t *p = data, *end;

	if (!l->size || size < l->size)
		return NULL;
	if (l->size == 1)
		return memchr(data, *l->bytes, size);
	end = p + (size - l->size) + 1;
	/* CPUID and XCR0 say so; in the protection domain, too. */
	if (end - p >= 32 && __builtin_cpu_supports("avx2"))
		return scan_avx2(p, end, l);
	if (end - p >= 16)
		return scan_sse2(p, end, l);
	for (; p < end; p++)
		if (*p == *l->bytes && !memcmp(p, l->bytes, l->size))
			return p;
	return NULL;
}

const void *bytes_scan(const void *data, size_t size, const void *needle, size_t needle_size)
{
	struct bytes_needle l;

	bytes_needle(&l, needle, needle_size);
	return bytes_scan_for(data, size, &l);
}
