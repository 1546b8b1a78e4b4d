// SPDX-License-Identifier: Apache-2.0
/*
 * A profile is tens of megabytes of JSON, too much to be read below a guest. The engine, as a
 * program on plain Linux, makes BTF of it, which goes into the archive beside the signatures.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/inputs.h"
#include "tools/message.h"
#include "tools/profile.h"

static int convert(const char *path, int to)
{
	char *engine = beside_us("engine");
	int status;
	pid_t pid = fork();

	if (pid < 0) {
		complain("starting the engine: %s", strerror(errno));
		free(engine);
		return -1;
	}
	if (pid == 0) {
		if (dup2(to, STDOUT_FILENO) < 0)
			_exit(1);
		execl(engine, engine, "profile", path, NULL);
		complain("engine %s: %s; build it with make", engine, strerror(errno));
		_exit(1);
	}
	free(engine);
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	if (WIFSIGNALED(status))
		complain("profile %s: the engine was ended by signal %d (%s)", path,
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int profile_open(const char *path)
{
	int fd = memfd_create("profile", MFD_CLOEXEC);

	if (fd < 0) {
		complain("profile %s: %s", path, strerror(errno));
		return -1;
	}
	if (convert(path, fd) || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}
