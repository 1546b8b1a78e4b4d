// SPDX-License-Identifier: Apache-2.0
/*
 * A program with a mark in its memory that then calls execve. The signature of the paper looks for
 * the mark, "suspicious" with a space and a digit. It must not stand anywhere but where the case
 * wants it, so it is put together at run time; the builds with MARK_RODATA and the like have it in
 * the file.
 *
 *	victim PLACE DIGIT [PADDING]	PLACE: file, bss, heap, stack, argv; another letter for
 *					DIGIT makes the process benign. execve of /bin/lived
 *	victim twin FILE		waits for FILE, then checks that its own memory is whole
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096

#if defined(MARK_RODATA)
#define MARK_TEXT "suspicious 7"
static const char in_file[] __attribute__((used)) = MARK_TEXT;
#elif defined(MARK_UNTOUCHED)
/* pages around it keep start-up code and its neighbours' page faults away */
#define MARK_TEXT "suspicious 7"
static const struct {
	char before[16 * PAGE];
	char mark[PAGE];
	char behind[16 * PAGE];
} in_file_pages __attribute__((used, aligned(PAGE))) = {{1}, MARK_TEXT, {1}};
#define in_file	  in_file_pages.mark
#elif defined(MARK_DATA)
#define MARK_TEXT "suspicious 7"
static char in_file[64] __attribute__((used)) = MARK_TEXT;
#else
static const char in_file[64] __attribute__((used)) = "nothing of note";
#endif

static char in_bss[3 * PAGE];

/* In pieces, so that no string constant of this file is the mark. */
static void put_mark(volatile char *to, char digit)
{
	static const char reversed[] = " suoicipsus";
	size_t length = strlen(reversed);

	for (size_t i = 0; i < length; i++)
		to[i] = reversed[length - 1 - i];
	to[length] = digit;
	to[length + 1] = '\0';
}

static int twin(const char *file)
{
	static char expected[64];
	volatile char sum = 0;

	while (access(file, F_OK) != 0)
		usleep(20000);
#ifdef MARK_TEXT
	put_mark(expected, '7');
#else
	strcpy(expected, "nothing of note");
#endif
	for (size_t i = 0; i < sizeof(in_bss); i++)
		sum += in_bss[i];
	return memcmp(in_file, expected, strlen(expected)) == 0 && sum == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static char *const next[] = {"lived", NULL};
	static char *const environment[] = {NULL};
	volatile char on_stack[64];
	volatile char *on_heap;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "twin") == 0)
		return twin(argv[2]);
	if (strcmp(argv[1], "bss") == 0)
		put_mark(in_bss + PAGE + 100, argv[2][0]);
	if (strcmp(argv[1], "heap") == 0) {
		/* across the border of two pages */
		on_heap = malloc(4 * PAGE);
		if (!on_heap)
			return 2;
		on_heap += PAGE - (size_t)on_heap % PAGE + PAGE - 5;
		put_mark(on_heap, argv[2][0]);
	}
	if (strcmp(argv[1], "stack") == 0)
		put_mark(on_stack, argv[2][0]);
	if (strcmp(argv[1], "argv") == 0) {
		if (argc < 4 || strlen(argv[3]) < 12)
			return 2;
		put_mark(argv[3], argv[2][0]);
	}
	execve("/bin/lived", next, environment);
	return 3;
}
