/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LiME, the Linux Memory Extractor: ranges of memory, each behind a header of its own. Version 1;
 * version 2 (AVML's) is compressed.
 */
#include "engine/dump/internal.h"

#define LIME_MAGIC 0x4c694d45u

struct lime_header {
	uint32_t magic, version;
	uint64_t start, end; /* guest-physical, the last byte included */
	uint8_t reserved[8];
};

int dump_lime(const struct dump_file *file, struct dump *dump)
{
	struct lime_header h;
	uint64_t at = 0;
	int err;

	dump->format = "LiME dump";
	while (at < file->size) {
		if (!dump_copy(file, at, &h, sizeof(h)))
			return dump_fail(
				file, -EINVAL,
				"at byte 0x%llx: the file ends in a LiME header; it is not "
				"complete, copy it again",
				(unsigned long long)at);
		if (h.magic != LIME_MAGIC)
			return dump_fail(file, -EINVAL,
					 "at byte 0x%llx: no LiME header where one has to be; the "
					 "file is damaged, copy it again",
					 (unsigned long long)at);
		if (h.version == 2)
			return dump_fail(
				file, -ENOTSUP,
				"at byte 0x%llx: LiME version 2, which is compressed and "
				"not read here; avml-convert FILE NEW makes version 1 of it",
				(unsigned long long)at);
		if (h.version != 1)
			return dump_fail(
				file, -ENOTSUP,
				"at byte 0x%llx: LiME version %u, and only 1 is known here",
				(unsigned long long)at, h.version);
		if (h.end < h.start || h.end >= DUMP_GPA_MAX)
			return dump_fail(
				file, -EINVAL,
				"at byte 0x%llx: a LiME range from 0x%llx to 0x%llx cannot "
				"be; the file is damaged, copy it again",
				(unsigned long long)at, (unsigned long long)h.start,
				(unsigned long long)h.end);
		at += sizeof(h);
		if (!dump_inside(file, at, h.end - h.start + 1))
			return dump_fail(
				file, -EINVAL,
				"the file ends at byte 0x%llx, but the memory at 0x%llx goes "
				"on to byte 0x%llx; it is not complete, copy it again",
				(unsigned long long)file->size, (unsigned long long)h.start,
				(unsigned long long)(at + (h.end - h.start) + 1));
		err = dump_add(dump, h.start, h.end - h.start + 1, at);
		if (err)
			return err;
		at += h.end - h.start + 1;
	}
	return 0;
}
