// SPDX-License-Identifier: Apache-2.0
/*
 * Writes a fuzzer's seeds: "fuzz_NAME --seeds=FOLDER" does that and ends. Without libFuzzer
 * (FUZZ_REPLAY) the program runs them once.
 */
#include "tests/fuzz/fuzz.h"

#ifdef FUZZ_REPLAY

void fuzz_seed(const void *data, size_t size)
{
	LLVMFuzzerTestOneInput(data, size);
}

int main(void)
{
	fuzz_seeds();
	return 0;
}

#else

static const char *folder;
static unsigned int written;

int LLVMFuzzerInitialize(int *argc, char ***argv);

void fuzz_seed(const void *data, size_t size)
{
	char path[4096];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/seed-%04u", folder, written++) >= (int)sizeof(path))
		exit(1);
	file = fopen(path, "wb");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char option[] = "--seeds=";

	if (*argc == 2 && !strncmp((*argv)[1], option, strlen(option))) {
		folder = (*argv)[1] + strlen(option);
		fuzz_seeds();
		exit(0);
	}
	return 0;
}

#endif
