// SPDX-License-Identifier: Apache-2.0
/*
 * Disks are given to QEMU by path, unlike the other files of a run: an image may name the one it is
 * based on, relative to its own place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/disk.h"
#include "tools/message.h"

/* The last word of a list, if it is this one: cut off. A file's name may have commas, too. */
static bool cut_word(char *text, const char *word)
{
	char *comma = strrchr(text, ',');

	if (!comma || strcmp(comma + 1, word) != 0)
		return false;
	*comma = '\0';
	return true;
}

void disk_parse(struct disk *disk, const char *text)
{
	char *path = must_alloc(strdup(text));

	*disk = (struct disk){.path = path};
	for (;;) {
		if (cut_word(path, "write"))
			disk->write = true;
		else if (cut_word(path, "format=qcow2"))
			disk->qcow2 = true;
		else if (cut_word(path, "format=raw"))
			disk->qcow2 = false;
		else
			return;
	}
}

static const char *format_problem(int fd, bool qcow2)
{
	unsigned char head[4];
	/* docs/interop/qcow2.txt of QEMU */
	const bool is_qcow2 = pread(fd, head, sizeof(head), 0) == sizeof(head) &&
			      memcmp(head, "QFI\xfb", sizeof(head)) == 0;

	/*
	 * Not guessed: what a guest writes to its raw disk shall not become a format on the host.
	 */
	if (is_qcow2 && !qcow2)
		return "looks like a qcow2 image; if it is one, add ,format=qcow2";
	if (!is_qcow2 && qcow2)
		return "is not a qcow2 image";
	return NULL;
}

bool disk_open(struct disk *disk, const char *text)
{
	const char *problem = NULL;
	struct stat st;
	char *absolute;
	int fd;

	disk_parse(disk, text);
	fd = open(disk->path, (disk->write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		complain("disk %s: %s%s", disk->path, strerror(errno),
			 errno == ENOENT && strchr(disk->path, ',')
				 ? " (behind a comma: write, format=raw, format=qcow2)"
				 : "");
		return false;
	}
	if (fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		problem = "is neither a regular file nor a block device";
	else if (S_ISREG(st.st_mode) && st.st_size == 0)
		problem = "is empty; truncate -s 1G FILE makes an empty disk of 1 GB";
	else
		problem = format_problem(fd, disk->qcow2);
	close(fd);
	if (problem) {
		complain("disk %s %s", disk->path, problem);
		return false;
	}
	absolute = must_alloc(realpath(disk->path, NULL));
	free(disk->path);
	disk->path = absolute;
	return true;
}
