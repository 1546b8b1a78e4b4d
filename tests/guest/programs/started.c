// SPDX-License-Identifier: Apache-2.0
/* What evade.c tries to start: leaves a file, and wants no arguments for it. */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/tmp/started", O_WRONLY | O_CREAT, 0666);

	return fd < 0 ? 41 : 42;
}
