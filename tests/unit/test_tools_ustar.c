// SPDX-License-Identifier: Apache-2.0
/* The ustar writer, judged by tar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/ustar.h"

/* Output of a shell command that has the archive as its standard input. */
static void run_tar(int fd, const char *command, char *output, size_t size)
{
	char line[256];
	FILE *pipe;
	size_t used;

	snprintf(line, sizeof(line), "{ %s; } </proc/%d/fd/%d 2>&1", command, getpid(), fd);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	used = fread(output, 1, size - 1, pipe);
	output[used] = '\0';
	assert_int_equal(pclose(pipe), 0);
}

static void tar_reads_it(void **state)
{
	char output[4096], content[1300];
	int fd = memfd_create("test", 0);

	memset(content, 'x', sizeof(content));
	assert_int_equal(ustar_add(fd, "one.lua", "return 1\n", 9), 0);
	assert_int_equal(ustar_add(fd, "empty.lua", "", 0), 0);
	assert_int_equal(ustar_add(fd, "lib/large.lua", content, sizeof(content)), 0);
	assert_int_equal(ustar_add(fd, "full.lua", content, 512), 0);
	assert_int_equal(ustar_end(fd), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END) % USTAR_BLOCK, 0);
	run_tar(fd, "tar -tf -", output, sizeof(output));
	assert_string_equal(output, "one.lua\nempty.lua\nlib/large.lua\nfull.lua\n");
	run_tar(fd, "tar -xOf - one.lua", output, sizeof(output));
	assert_string_equal(output, "return 1\n");
	run_tar(fd, "tar -xOf - lib/large.lua | wc -c", output, sizeof(output));
	assert_int_equal(atoi(output), 1300);
	close(fd);
}

static void long_names(void **state)
{
	char output[4096], name[300], expected[310];
	int fd = memfd_create("test", 0);

	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	name[155] = '/';
	assert_int_equal(ustar_add(fd, name, "long", 4), 0);
	assert_int_equal(ustar_end(fd), 0);
	run_tar(fd, "tar -tf -", output, sizeof(output));
	snprintf(expected, sizeof(expected), "%s\n", name);
	assert_string_equal(output, expected);
	close(fd);
}

static void names_that_do_not_fit(void **state)
{
	char name[300];
	int fd = memfd_create("test", 0);

	memset(name, 'n', sizeof(name));
	name[101] = '\0'; /* no slash to split it at */
	assert_int_equal(ustar_add(fd, name, "", 0), -ENAMETOOLONG);
	name[101] = 'n';
	name[150] = '/';
	name[257] = '\0';
	assert_int_equal(ustar_add(fd, name, "", 0), -ENAMETOOLONG);
	assert_int_equal(ustar_add(fd, "", "", 0), -EINVAL);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	close(fd);
}

static void a_full_disk(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		skip();
	assert_int_equal(ustar_add(fileno(full), "a.lua", "a", 1), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tar_reads_it),
		cmocka_unit_test(long_names),
		cmocka_unit_test(names_that_do_not_fit),
		cmocka_unit_test(a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
