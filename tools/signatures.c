// SPDX-License-Identifier: Apache-2.0
/*
 * From the paths given with --signature to one archive. A folder gives its *.lua files, and its
 * lib/ (modules and data that signatures load) with everything below; a single file brings the
 * modules of the lib/ beside it. Names in the archive are unique: a signature is known by its file
 * name in every event.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/message.h"
#include "tools/signatures.h"
#include "tools/ustar.h"

#define MAX_DEPTH 8
#define MAX_BYTES (64ull << 20)

struct entry {
	char *name; /* in the archive */
	char *path;
	dev_t dev;
	ino_t ino;
};

struct archive {
	int fd;
	struct entry *entries;
	size_t count;
	unsigned long long bytes;
};

static char *join(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		path = NULL;
	return must_alloc(path);
}

static bool ends_in_lua(const char *name)
{
	const size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, ".lua") == 0;
}

static void *read_whole(int fd, size_t size)
{
	char *content = must_alloc(malloc(size + 1));
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, content + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				errno = EAGAIN; /* it shrank under our hands */
			free(content);
			return NULL;
		}
		used += (size_t)got;
	}
	return content;
}

static bool add_content(struct archive *archive, const char *name, const char *path, int fd,
			const struct stat *st)
{
	void *content;
	int err;

	archive->bytes += (unsigned long long)st->st_size;
	if (archive->bytes > MAX_BYTES) {
		complain("signature %s: all signatures together are larger than %llu MB", path,
			 MAX_BYTES >> 20);
		return false;
	}
	content = read_whole(fd, (size_t)st->st_size);
	if (!content) {
		complain("signature %s: %s", path, strerror(errno));
		return false;
	}
	err = ustar_add(archive->fd, name, content, (size_t)st->st_size);
	free(content);
	if (err)
		complain("signature %s: %s", path,
			 err == -ENAMETOOLONG ? "its name is too long" : strerror(-err));
	return !err;
}

/* The same file under the same name is taken once; two files of one name are a mistake. */
static bool add_file(struct archive *archive, const char *name, const char *path)
{
	bool good = false;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		complain("signature %s: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		complain("signature %s is not a regular file", path);
		goto out;
	}
	for (size_t i = 0; i < archive->count; i++) {
		const struct entry *other = &archive->entries[i];

		if (strcmp(other->name, name) != 0)
			continue;
		good = other->dev == st.st_dev && other->ino == st.st_ino;
		if (!good)
			complain("signatures %s and %s have the same name; rename one of them",
				 other->path, path);
		goto out;
	}
	archive->entries = must_alloc(
		realloc(archive->entries, (archive->count + 1) * sizeof(*archive->entries)));
	archive->entries[archive->count++] = (struct entry){
		must_alloc(strdup(name)), must_alloc(strdup(path)), st.st_dev, st.st_ino};
	good = add_content(archive, name, path, fd, &st);
out:
	if (fd >= 0)
		close(fd);
	return good;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Everything below lib/; with only_lua only its Lua modules. */
static bool add_library(struct archive *archive, const char *folder, const char *prefix,
			bool only_lua, int depth)
{
	struct dirent **list;
	bool good = true;
	int count = scandir(folder, &list, visible, alphasort);

	if (count < 0) {
		complain("signature folder %s: %s", folder, strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		char *path = join(folder, list[i]->d_name);
		char *name = join(prefix, list[i]->d_name);
		struct stat st;

		if (good && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
			if (depth < MAX_DEPTH)
				good = add_library(archive, path, name, only_lua, depth + 1);
		} else if (good && (!only_lua || ends_in_lua(name))) {
			good = add_file(archive, name, path);
		}
		free(path);
		free(name);
		free(list[i]);
	}
	free(list);
	return good;
}

static bool add_library_of(struct archive *archive, const char *folder, bool only_lua)
{
	char *library = join(folder, "lib");
	struct stat st;
	bool good = true;

	if (stat(library, &st) == 0 && S_ISDIR(st.st_mode))
		good = add_library(archive, library, "lib", only_lua, 0);
	free(library);
	return good;
}

static bool add_folder(struct archive *archive, const char *folder)
{
	struct dirent **list;
	bool good = true;
	int found = 0;
	int count = scandir(folder, &list, visible, alphasort);

	if (count < 0) {
		complain("signature folder %s: %s", folder, strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		char *path = join(folder, list[i]->d_name);
		struct stat st;

		/* a link that leads nowhere is told by add_file */
		if (good && ends_in_lua(path) && !(stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
			found++;
			good = add_file(archive, list[i]->d_name, path);
		}
		free(path);
		free(list[i]);
	}
	free(list);
	if (good && !found) {
		complain("signature folder %s has no *.lua file", folder);
		return false;
	}
	return good && add_library_of(archive, folder, false);
}

static bool add_single(struct archive *archive, const char *path)
{
	char *folder = must_alloc(strdup(path));
	char *slash = strrchr(folder, '/');
	const char *name = slash ? slash + 1 : path;
	bool good = false;

	if (!ends_in_lua(path)) {
		complain("signature %s: the name of a signature ends in .lua", path);
	} else if (add_file(archive, name, path)) {
		if (slash)
			*slash = '\0';
		good = add_library_of(archive, !slash ? "." : *folder ? folder : "/", true);
	}
	free(folder);
	return good;
}

static bool add_profile(struct archive *archive, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		complain("profile: %s", strerror(errno));
		return false;
	}
	return add_content(archive, "profile.btf", "profile", fd, &st);
}

int signatures_archive(const char *const *paths, size_t count, int profile)
{
	struct archive archive = {.fd = memfd_create("signatures", MFD_CLOEXEC)};
	bool good = archive.fd >= 0;
	struct stat st;

	if (!good)
		complain("signature archive: %s", strerror(errno));
	for (size_t i = 0; good && i < count; i++) {
		if (stat(paths[i], &st) < 0) {
			complain("signature %s: %s", paths[i], strerror(errno));
			good = false;
		} else if (S_ISDIR(st.st_mode)) {
			good = add_folder(&archive, paths[i]);
		} else {
			good = add_single(&archive, paths[i]);
		}
	}
	if (good && profile >= 0)
		good = add_profile(&archive, profile);
	if (good && ustar_end(archive.fd) != 0) {
		complain("signature archive: %s", strerror(errno));
		good = false;
	}
	for (size_t i = 0; i < archive.count; i++) {
		free(archive.entries[i].name);
		free(archive.entries[i].path);
	}
	free(archive.entries);
	if (!good && archive.fd >= 0) {
		close(archive.fd);
		archive.fd = -1;
	}
	return archive.fd;
}
