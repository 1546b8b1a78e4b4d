// SPDX-License-Identifier: Apache-2.0
/*
 * Opens what a run needs and refuses early, with a message that names the file and the mend: a
 * mistake should cost a second, not a boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/bochs.h"
#include "tools/inputs.h"
#include "tools/message.h"
#include "tools/profile.h"
#include "tools/signatures.h"

/* Less than this and Debian's kernel ends in a panic nobody understands. */
#define MIN_MEMORY_MB	    192
#define MIN_PLAIN_MEMORY_MB 96

/* Linux, Documentation/x86/boot.rst */
#define BOOT_FLAG	0x1fe
#define BOOT_MAGIC	0x202
#define BOOT_VERSION	0x206
#define BOOT_XLOADFLAGS 0x236
#define BOOT_HEADER_END 0x268
#define XLF_KERNEL_64	1

static unsigned int get16(const unsigned char *at)
{
	return at[0] | (unsigned int)at[1] << 8;
}

const char *kernel_problem(const unsigned char *head, unsigned long size)
{
	if (size >= 4 && memcmp(head,
				"\x7f"
				"ELF",
				4) == 0)
		return "is an ELF file; give the bzImage (vmlinuz, arch/x86/boot/bzImage)";
	if (size < BOOT_HEADER_END || get16(head + BOOT_FLAG) != 0xaa55 ||
	    memcmp(head + BOOT_MAGIC, "HdrS", 4) != 0)
		return "is not a Linux kernel in bzImage format (usually named vmlinuz)";
	if (get16(head + BOOT_VERSION) < 0x20c)
		return "is too old: boot protocol 2.12 (Linux 3.8) or later is needed";
	if (!(get16(head + BOOT_XLOADFLAGS) & XLF_KERNEL_64))
		return "is not a 64-bit kernel";
	return NULL;
}

static int open_file(const char *what, const char *path, const char *mend)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		complain("%s %s: %s%s", what, path, strerror(errno), mend);
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		complain("%s %s is not a regular file", what, path);
		close(fd);
		return -1;
	}
	if (st.st_size == 0) {
		complain("%s %s is empty", what, path);
		close(fd);
		return -1;
	}
	return fd;
}

static int open_kernel(const char *path)
{
	unsigned char head[BOOT_HEADER_END];
	const char *problem;
	ssize_t size;
	int fd;

	if (!path) {
		complain("no kernel: name one with --kernel, for example --kernel /boot/vmlinuz");
		return -1;
	}
	fd = open_file("kernel", path, "");
	if (fd < 0)
		return -1;
	size = pread(fd, head, sizeof(head), 0);
	if (size < 0) {
		complain("kernel %s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	problem = kernel_problem(head, (unsigned long)size);
	if (problem) {
		complain("kernel %s %s", path, problem);
		close(fd);
		return -1;
	}
	return fd;
}

char *beside_us(const char *name)
{
	char self[PATH_MAX];
	char *path, *slash;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length < 0 ? 0 : length] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if (asprintf(&path, "%s/%s", self, name) < 0)
		path = NULL;
	return must_alloc(path);
}

static int open_beside(const char *what, const char *name)
{
	char *path = beside_us(name);
	int fd = open_file(what, path, "; build it with make");

	free(path);
	return fd;
}

char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *copy, *rest, *folder, *found = NULL;

	if (!path)
		path = "/usr/local/bin:/usr/bin:/bin";
	copy = rest = must_alloc(strdup(path));
	while (!found && (folder = strsep(&rest, ":"))) {
		if (asprintf(&found, "%s/%s", *folder ? folder : ".", name) < 0)
			found = must_alloc(NULL);
		if (access(found, X_OK) != 0) {
			free(found);
			found = NULL;
		}
	}
	free(copy);
	return found;
}

static int create_ram(unsigned int megabytes)
{
	int fd = memfd_create("guest-ram", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)megabytes << 20) < 0) {
		complain("%u MB of memory for the guest: %s", megabytes, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static bool check_command_line(const char *what, const char *text, size_t limit)
{
	if (text && strpbrk(text, "\n\r")) {
		complain("%s: a command line has no line breaks", what);
		return false;
	}
	if (text && strlen(text) > limit) {
		complain("%s: longer than %zu characters", what, limit);
		return false;
	}
	return true;
}

static bool open_disks(struct run_inputs *inputs, const struct run_options *options)
{
	if (!options->disk_count)
		return true;
	inputs->disks = must_alloc(calloc(options->disk_count, sizeof(*inputs->disks)));
	for (size_t i = 0; i < options->disk_count; i++) {
		if (!disk_open(&inputs->disks[i], options->disks[i]))
			return false;
	}
	return true;
}

static bool open_archive(struct run_inputs *inputs, const struct run_options *options)
{
	int profile = -1;

	if (options->profile) {
		profile = profile_open(options->profile);
		if (profile < 0)
			return false;
	}
	inputs->archive =
		signatures_archive(options->signatures, options->signature_count, profile);
	if (profile >= 0)
		close(profile);
	return inputs->archive >= 0;
}

bool inputs_open(struct run_inputs *inputs, const struct run_options *options)
{
	const unsigned int least = options->plain ? MIN_PLAIN_MEMORY_MB : MIN_MEMORY_MB;

	*inputs = (struct run_inputs){NULL, -1, -1, -1, -1, -1, -1, NULL};
	if (options->plain && options->signature_count) {
		complain("--plain boots without LVisor, so no --signature can run");
		return false;
	}
	if (options->profile && !options->signature_count) {
		complain("--profile is for signatures: give a --signature, too");
		return false;
	}
	inputs->kernel = open_kernel(options->kernel);
	if (inputs->kernel < 0)
		return false;
	if (options->initrd) {
		inputs->initrd = open_file("initrd", options->initrd, "");
		if (inputs->initrd < 0)
			return false;
	}
	if (!open_disks(inputs, options))
		return false;
	/* COMMAND_LINE_SIZE is 2048; leave room for the console */
	if (!check_command_line("--append", options->append, 2000) ||
	    !check_command_line("--vmm", options->vmm_options, 500))
		return false;
	if (options->memory_mb < least) {
		complain("--memory %u is too little: at least %u MB are needed", options->memory_mb,
			 least);
		return false;
	}
	/* Without a signature there is nothing to watch, and no engine is needed for that. */
	if (options->signature_count && !open_archive(inputs, options))
		return false;
	if (options->bochs && !bochs_check(options))
		return false;
	inputs->qemu = find_program(options->bochs ? BOCHS_PROGRAM : QEMU_PROGRAM);
	if (!inputs->qemu) {
		complain("%s is not installed; on Debian: apt-get install qemu-system-x86",
			 QEMU_PROGRAM);
		return false;
	}
	if (!options->plain) {
		inputs->vmm = open_beside("hypervisor", "lvisor.bin");
		if (inputs->vmm < 0)
			return false;
	}
	if (options->signature_count) {
		inputs->engine = open_beside("engine", "engine");
		if (inputs->engine < 0)
			return false;
	}
	inputs->ram = create_ram(options->memory_mb);
	return inputs->ram >= 0;
}
