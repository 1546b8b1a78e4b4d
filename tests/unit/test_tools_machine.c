// SPDX-License-Identifier: Apache-2.0
/* What becomes of the person's words: the guest's command line, quoting, kernels, signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/bochs.h"
#include "tools/disk.h"
#include "tools/inputs.h"
#include "tools/qemu.h"
#include "tools/signatures.h"

static void expect_line(const char *append, const char *expected)
{
	char *line = guest_command_line(append, "ttyS0");

	assert_string_equal(line, expected);
	free(line);
}

static void console_is_added(void **state)
{
	expect_line(NULL, "console=ttyS0");
	expect_line("", "console=ttyS0");
	expect_line("quiet a=b,c  d", "quiet a=b,c  d console=ttyS0");
	expect_line("console=tty0 quiet", "console=tty0 quiet");
	expect_line("quiet console=hvc0", "quiet console=hvc0");
	expect_line("netconsole=x", "netconsole=x console=ttyS0");
}

static void events_have_more_time(void **state)
{
	static const char *const pairs[][2] = {{NULL, "budget=250"},
					       {"mem=64", "mem=64 budget=250"},
					       {"mem=64 budget=9", "mem=64 budget=9 "}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *line = vmm_command_line(pairs[i][0], 250);

		assert_string_equal(line, pairs[i][1]);
		free(line);
	}
}

static void bochs_speaks(void **state)
{
	static const char *const banners[] = {
		"=====================", "                        Bochs x86 Emulator 2.7",
		"Next at t=0", "(0) [0x0000fffffff0] f000:fff0 (unk. ctxt): jmpf 0xf000:e05b",
		"(0).[2492988711] [0x00000c62de5f] 0010:ffffffffa1a2de5f (unk. ctxt): out dx, ax"};

	for (size_t i = 0; i < sizeof(banners) / sizeof(banners[0]); i++)
		assert_true(bochs_banner(banners[i]));
	assert_false(bochs_banner("LVisor on Intel VT-x: 56 MB"));
	assert_int_equal(bochs_message("00i[SYS   ] bx_pc_system_c::Reset(HARDWARE) called"),
			 BOCHS_CHATTER);
	assert_int_equal(bochs_message("01i[SYS   ] bx_pc_system_c::Reset(SOFTWARE) called"),
			 BOCHS_RESTARTED);
	assert_int_equal(bochs_message("02p[ACPI  ] >>PANIC<< ACPI control: soft power off"),
			 BOCHS_POWERED_OFF);
	assert_int_equal(bochs_message("02p[CPU0  ] >>PANIC<< exception(): 3rd (13) exception"),
			 BOCHS_PANIC);
}

static void commas_are_doubled(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""}, {"a b", "a b"}, {"a,b", "a,,b"}, {",,", ",,,,"}, {"x,", "x,,"}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *quoted = quote_commas(pairs[i][0]);

		assert_string_equal(quoted, pairs[i][1]);
		free(quoted);
	}
}

static void kernels(void **state)
{
	unsigned char head[0x268] = {0};

	head[0x1fe] = 0x55;
	head[0x1ff] = 0xaa;
	memcpy(head + 0x202, "HdrS", 4);
	head[0x206] = 0x0f;
	head[0x207] = 2;
	head[0x236] = 1;
	assert_null(kernel_problem(head, sizeof(head)));
	assert_non_null(kernel_problem(head, sizeof(head) - 1));
	assert_non_null(kernel_problem(head, 0));
	head[0x236] = 0x2;
	assert_non_null(strstr(kernel_problem(head, sizeof(head)), "64-bit"));
	head[0x206] = 0x0b;
	assert_non_null(strstr(kernel_problem(head, sizeof(head)), "too old"));
	head[0x202] = 'h';
	assert_non_null(strstr(kernel_problem(head, sizeof(head)), "bzImage"));
	memcpy(head, "\177ELF", 4);
	assert_non_null(strstr(kernel_problem(head, sizeof(head)), "ELF"));
}

struct folder {
	char path[64];
};

static void put_file(const struct folder *folder, const char *name, const char *content)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void put_folder(const struct folder *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/lvisor test, XXXXXX");
	*state = folder;
	if (!mkdtemp(folder->path))
		return -1;
	put_folder(folder, "sigs");
	put_folder(folder, "sigs/lib");
	put_folder(folder, "sigs/lib/deep");
	put_folder(folder, "sigs/folder.lua");
	put_folder(folder, "empty");
	put_file(folder, "sigs/b.lua", "b");
	put_file(folder, "sigs/a.lua", "a");
	put_file(folder, "sigs/.hidden.lua", "h");
	put_file(folder, "sigs/notes.txt", "n");
	put_file(folder, "sigs/lib/common.lua", "c");
	put_file(folder, "sigs/lib/deep/list.txt", "l");
	put_file(folder, "a.lua", "another a");
	put_file(folder, "text.txt", "no signature");
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
	free(folder);
	return system(command) == 0 ? 0 : -1;
}

/* Names in the archive of these paths below the folder, or NULL if it was refused. */
static char *archive_of(const struct folder *folder, const char *one, const char *two)
{
	char paths[2][512], command[128];
	const char *list[] = {paths[0], paths[1]};
	static char output[1024];
	FILE *pipe;
	int fd;

	snprintf(paths[0], sizeof(paths[0]), "%s/%s", folder->path, one);
	snprintf(paths[1], sizeof(paths[1]), "%s/%s", folder->path, two ? two : "");
	fd = signatures_archive(list, two ? 2 : 1, -1);
	if (fd < 0)
		return NULL;
	snprintf(command, sizeof(command), "tar -tf - </proc/%d/fd/%d", getpid(), fd);
	pipe = popen(command, "r");
	output[fread(output, 1, sizeof(output) - 1, pipe)] = '\0';
	assert_int_equal(pclose(pipe), 0);
	close(fd);
	return output;
}

static void folders_and_files(void **state)
{
	const struct folder *folder = *state;

	assert_string_equal(archive_of(folder, "sigs", NULL),
			    "a.lua\nb.lua\nlib/common.lua\nlib/deep/list.txt\n");
	assert_string_equal(archive_of(folder, "sigs/b.lua", NULL), "b.lua\nlib/common.lua\n");
	assert_string_equal(archive_of(folder, "sigs/b.lua", "sigs/a.lua"),
			    "b.lua\nlib/common.lua\na.lua\n");
	assert_string_equal(archive_of(folder, "sigs", "sigs/a.lua"),
			    "a.lua\nb.lua\nlib/common.lua\nlib/deep/list.txt\n");
}

static void mistakes_are_refused(void **state)
{
	const struct folder *folder = *state;

	assert_null(archive_of(folder, "missing.lua", NULL));
	assert_null(archive_of(folder, "empty", NULL));
	assert_null(archive_of(folder, "text.txt", NULL));
	assert_null(archive_of(folder, "sigs", "a.lua")); /* two of the same name */
}

static void disks_are_parsed(void **state)
{
	static const struct {
		const char *text, *path;
		bool write, qcow2;
	} rows[] = {
		{"a.img", "a.img", false, false},
		{"a.img,write", "a.img", true, false},
		{"a,b.img,format=qcow2,write", "a,b.img", true, true},
		{"a.img,format=qcow2", "a.img", false, true},
		{"a.img,format=raw", "a.img", false, false},
		{"a.img,wRite", "a.img,wRite", false, false},
		{"a.img,write,", "a.img,write,", false, false},
		{"a.img,write,cache=none", "a.img,write,cache=none", false, false},
		{"write", "write", false, false},
		{"", "", false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct disk disk;

		disk_parse(&disk, rows[i].text);
		assert_string_equal(disk.path, rows[i].path);
		assert_int_equal(disk.write, rows[i].write);
		assert_int_equal(disk.qcow2, rows[i].qcow2);
		free(disk.path);
	}
}

static bool open_disk(const struct folder *folder, const char *spec)
{
	char text[512];
	struct disk disk;
	bool good;

	snprintf(text, sizeof(text), "%s/%s", folder->path, spec);
	good = disk_open(&disk, text);
	free(disk.path);
	return good;
}

static void disks_are_looked_at(void **state)
{
	const struct folder *folder = *state;

	put_file(folder, "one,two", "some bytes");
	put_file(folder, "q", "QFI\xfb");
	put_file(folder, "empty.img", "");
	assert_true(open_disk(folder, "one,two"));
	assert_true(open_disk(folder, "one,two,write"));
	assert_true(open_disk(folder, "q,format=qcow2"));
	assert_false(open_disk(folder, "one,two,format=qcow2"));
	assert_false(open_disk(folder, "q"));
	assert_false(open_disk(folder, "empty.img"));
	assert_false(open_disk(folder, "sigs"));
	assert_false(open_disk(folder, "missing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(console_is_added),
		cmocka_unit_test(events_have_more_time),
		cmocka_unit_test(commas_are_doubled),
		cmocka_unit_test(bochs_speaks),
		cmocka_unit_test(kernels),
		cmocka_unit_test(disks_are_parsed),
		cmocka_unit_test_setup_teardown(disks_are_looked_at, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(folders_and_files, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(mistakes_are_refused, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
