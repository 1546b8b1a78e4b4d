/* SPDX-License-Identifier: Apache-2.0 */
/* The archive reader: good archives as tar makes them, and every way of being cut or changed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/ustar.h"

static char archive[16384];
static size_t length;

static void checksum(char *header)
{
	unsigned int sum = 0, i;

	memset(header + 148, ' ', 8);
	for (i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
}

static char *add(const char *prefix, const char *name, char type, const char *data, size_t size)
{
	char *h = archive + length;

	memset(h, 0, 512);
	memcpy(h, name, strlen(name) < 100 ? strlen(name) : 100);
	snprintf(h + 100, 8, "0000644");
	snprintf(h + 124, 12, "%011zo", size);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	memcpy(h + 345, prefix, strlen(prefix));
	checksum(h);
	memset(h + 512, 0, (size + 511) / 512 * 512);
	memcpy(h + 512, data, size);
	length += 512 + (size + 511) / 512 * 512;
	return h;
}

static int setup(void **state)
{
	memset(archive, 0, sizeof(archive));
	length = 0;
	return 0;
}

static void finish(void)
{
	length += 1024;
}

/* Files in it, or the error; checks that nothing lies outside. */
static int count(size_t size)
{
	/* A copy of exactly this size: the sanitizer sees what is read behind it. */
	char *copy = malloc(size ? size : 1);
	struct ustar_file f;
	size_t position = 0;
	int n = 0, ret;

	memcpy(copy, archive, size);
	while ((ret = ustar_next(copy, size, &position, &f)) > 0) {
		assert_true(f.data >= copy && f.data + f.size <= copy + size);
		assert_true(strlen(f.name) < USTAR_NAME_SIZE);
		n++;
	}
	free(copy);
	return ret ? ret : n;
}

static void files(void **state)
{
	struct ustar_file f;
	size_t position = 0;

	add("", "lib/", '5', "", 0);
	add("", "./paper.lua", '0', "print(1)", 8);
	add("", "PaxHeader", 'x', "30 mtime=1\n", 11);
	add("", "lib/card.lua", '\0', "", 0);
	finish();
	assert_int_equal(ustar_next(archive, length, &position, &f), 1);
	assert_string_equal(f.name, "paper.lua");
	assert_int_equal(f.size, 8);
	assert_memory_equal(f.data, "print(1)", 8);
	assert_int_equal(ustar_next(archive, length, &position, &f), 1);
	assert_string_equal(f.name, "lib/card.lua");
	assert_int_equal(f.size, 0);
	assert_int_equal(ustar_next(archive, length, &position, &f), 0);
	assert_int_equal(ustar_find(archive, length, "paper.lua", &f), 0);
	assert_int_equal(ustar_find(archive, length, "none.lua", &f), -ENOENT);
}

static void long_names(void **state)
{
	char a[101], p[156], gnu[300];
	struct ustar_file f;
	size_t position = 0;

	memset(a, 'a', 100);
	a[100] = '\0';
	memset(p, 'p', 155);
	p[155] = '\0';
	add(p, a, '0', "x", 1);
	memset(gnu, 'g', sizeof(gnu));
	gnu[200] = '\0';
	add("", "././@LongLink", 'L', gnu, 201);
	add("", "ggg", '0', "y", 1);
	finish();
	assert_int_equal(ustar_next(archive, length, &position, &f), 1);
	assert_int_equal(strlen(f.name), 256);
	assert_int_equal(f.name[154], 'p');
	assert_int_equal(f.name[155], '/');
	assert_int_equal(ustar_next(archive, length, &position, &f), 1);
	assert_string_equal(f.name, gnu);
	assert_int_equal(ustar_next(archive, length, &position, &f), 0);

	length = 0;
	memset(gnu, 'g', sizeof(gnu));
	add("", "././@LongLink", 'L', gnu, 300);
	add("", "ggg", '0', "y", 1);
	finish();
	assert_int_equal(count(length), -EINVAL);
}

static void cut_anywhere(void **state)
{
	size_t i;

	add("", "one.lua", '0', "0123456789", 10);
	add("", "two.lua", '0', archive, 600);
	finish();
	assert_int_equal(count(length), 2);
	for (i = 0; i < length; i++) {
		int n = count(i);

		/* Whole headers with whole data, or an error. */
		if (i == 0)
			assert_int_equal(n, 0);
		else if (i < 512 + 10)
			assert_int_equal(n, -EINVAL);
		else if (i < 1024)
			assert_true(n == 1);
		else if (i > 1024 && i < 1024 + 512 + 600)
			assert_int_equal(n, -EINVAL);
		else if (i >= 1024 + 512 + 1024 && i % 512 == 0)
			assert_int_equal(n, 2);
	}
}

static void changed_anywhere(void **state)
{
	size_t i;

	add("", "one.lua", '0', "0123456789", 10);
	finish();
	for (i = 0; i < 512; i++) {
		char was = archive[i];

		archive[i] = (char)(was + 1);
		/* The checksum field itself may read the same ("012" and " 12"). */
		if (i < 148 || i >= 156)
			assert_int_equal(count(length), -EINVAL);
		archive[i] = was;
	}
	assert_int_equal(count(length), 1);
}

static void sizes_that_lie(void **state)
{
	static const char *const sizes[] = {"77777777777",
					    "00000002001",
					    "0000000000x",
					    "           ",
					    "\x80\0\0\0\0\0\0\0\0\0\12",
					    "-0000000010"};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *h;

		length = 0;
		h = add("", "one.lua", '0', "0123456789", 10);
		memcpy(h + 124, sizes[i], 11);
		checksum(h);
		finish();
		assert_int_equal(count(512 + 512), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(files, setup),
		cmocka_unit_test_setup(long_names, setup),
		cmocka_unit_test_setup(cut_anywhere, setup),
		cmocka_unit_test_setup(changed_anywhere, setup),
		cmocka_unit_test_setup(sizes_that_lie, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
