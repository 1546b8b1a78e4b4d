// SPDX-License-Identifier: Apache-2.0
/*
 * Discovery on a real raw dump, which the case "discovery" has made: found as it is; again without
 *its BTF, and what is inferred then compared with what BTF says; again with a byte of its token
 *table, token index, markers and addresses wrong, found by the kernel's note for crash dumps.
 *
 *	discovery DUMP [CR3 CR4 IDTR]	prints "ok ..." and "FAIL ..." lines; 1 when one
 *failed
 *
 * The dump is mapped privately: the file does not change.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/btf.h>
#include "engine/linux/internal.h"

static uint8_t *memory;
static struct lvmon_ram range;
static struct backend ops;
static int failures;

static void say(bool good, const char *what)
{
	printf("%s %s\n", good ? "ok" : "FAIL", what);
	failures += !good;
}

static bool map(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return false;
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		return false;
	range = (struct lvmon_ram){0, (uint64_t)st.st_size};
	ops = (struct backend){.window = memory, .ram = &range, .ram_ranges = 1};
	backend = &ops;
	return true;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The blob that discovery makes of memory as it is now; NULL: none. */
static struct kernel_blob *discover(const struct linux_anchor *a, const char *what)
{
	char error[256] = "";
	double began = seconds();
	void *blob;
	size_t size;

	kernel = NULL;
	if (linux_discover(a, error, sizeof(error))) {
		printf("   %s: %s\n", what, error);
		return NULL;
	}
	printf("   %s: %s, %.0f ms of processor time\n", what, linux_summary(),
	       1000 * (seconds() - began));
	return linux_save(&blob, &size) ? NULL : blob;
}

static uint8_t *at_symbol(const struct kernel_blob *b, const char *name)
{
	gva_t va;

	return symbol_find(b, name, &va) ? NULL : memory + (va - b->delta);
}

static int member(const struct btf *btf, const char *type, const char *path)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	return id < 0 ? NO_FIELD : btf_member_offset(btf, (uint32_t)id, path);
}

static void without_btf(const struct linux_anchor *a, const struct kernel_blob *whole)
{
	struct btf *btf = btf__new(section(whole, SEC_BTF), whole->sec[SEC_BTF].size);
	uint8_t *magic = at_symbol(whole, "__start_BTF");
	struct linux_task *tasks, *all;
	struct inferred found;
	struct kernel_blob *b;
	size_t count, count_all, i;
	char text[128];

	kernel = whole;
	say(!linux_tasks(&all, &count_all), "the list of processes");
	say(linux_inferred() == 0, "nothing is inferred where there is BTF");
	magic[0] ^= 0xff;
	b = discover(a, "without BTF");
	magic[0] ^= 0xff;
	say(b && !b->types, "found without BTF");
	if (!b)
		return;
	kernel = b;
	say(!infer(&found), "inferred");
	{
		const struct {
			const char *type, *path;
			int32_t offset;
		} all_fields[] = {
			{"task_struct", "comm", found.comm},
			{"task_struct", "tasks", found.tasks},
			{"task_struct", "pid", found.pid},
			{"task_struct", "tgid", found.tgid},
			{"task_struct", "real_parent", found.real_parent},
			{"task_struct", "group_leader", found.group_leader},
			{"task_struct", "real_cred", found.real_cred},
			{"task_struct", "mm", found.mm},
			{"mm_struct", "pgd", found.pgd},
			{"mm_struct", "arg_start", found.arg_start},
			{"cred", "uid", found.uid},
		};

		for (i = 0; i < sizeof(all_fields) / sizeof(*all_fields); i++) {
			int want = member(btf, all_fields[i].type, all_fields[i].path);

			snprintf(text, sizeof(text), "%s.%s is at %d (%d)", all_fields[i].type,
				 all_fields[i].path, want, all_fields[i].offset);
			say(want >= 0 && want == all_fields[i].offset, text);
		}
	}
	say(b->current == whole->current, "the current task's place");
	say(!linux_need(LINUX_CURRENT) && !linux_need(LINUX_SPACES), "processes and their memory");
	say(linux_missing(LINUX_PAGES) && linux_missing(LINUX_TYPES), "the rest is missing");
	say(!linux_tasks(&tasks, &count) && count == count_all && count > 10, "as many processes");
	for (i = 0; i < count && i < count_all; i++)
		if (tasks[i].pid != all[i].pid || tasks[i].ppid != all[i].ppid ||
		    tasks[i].uid != all[i].uid || strcmp(tasks[i].comm, all[i].comm))
			break;
	say(i == count, "the same processes");
	say(!linux_cmdline(&tasks[0], text, sizeof(text)) && text[0] == '/', "a command line");
	free(tasks);
	free(all);
	free(b);
	btf__free(btf);
}

/* Symbols of b that have another address in whole, or none. */
static uint32_t wrong_symbols(const struct kernel_blob *b, const struct kernel_blob *whole)
{
	const int32_t *mine = section(b, SEC_ADDRESSES), *its = section(whole, SEC_ADDRESSES);
	uint32_t i, n = 0;

	if (b->symbols != whole->symbols)
		return ~0u;
	for (i = 0; i < b->symbols; i++)
		n += mine[i] != its[i];
	return n;
}

/* With one byte changed the tables are not recognised any more; the note leads to them. */
static void damaged(const struct linux_anchor *a, const struct kernel_blob *whole, uint8_t *byte,
		    uint8_t flip, uint32_t may_be_wrong, const char *what)
{
	const uint8_t *image = memory + (whole->image_start - whole->delta);
	struct kallsyms_place place;
	struct kernel_blob *b;
	uint64_t from = 0;

	*byte ^= flip;
	say(kallsyms_find(image, whole->image_end - whole->image_start, whole->image_start, &from,
			  &place) == -ENOENT,
	    "not recognised");
	b = discover(a, what);
	*byte ^= flip;
	say(b && b->types == whole->types && wrong_symbols(b, whole) <= may_be_wrong, what);
	free(b);
}

static void with_damage(const struct linux_anchor *a, const struct kernel_blob *whole)
{
	const struct linux_anchor none = {0};
	uint8_t *tokens, *index, *offsets;
	struct vmcoreinfo v = {0};
	uint64_t from = 0;
	size_t nul;

	while (!vmcoreinfo_find(memory, range.size, &from, &v) && !vmcoreinfo_agrees(&v, whole))
		;
	say(vmcoreinfo_agrees(&v, whole), "the note for crash dumps agrees");
	if (!v.names) {
		printf("   before 6.1 it does not say where the tables are\n");
		return;
	}
	tokens = memory + (v.tokens - whole->delta);
	index = memory + (v.token_index - whole->delta);
	offsets = memory + (v.offsets - whole->delta);
	nul = strlen((char *)tokens);
	damaged(a, whole, tokens + nul, 'x', 0, "a token does not end");
	damaged(a, whole, tokens + nul + 1, tokens[nul + 1], 0, "a token is empty");
	damaged(a, whole, index + 101, 0x40, 0, "the index of tokens does not ascend");
	damaged(a, whole, index + 100, 0x01, 0, "an index points into a token");
	damaged(a, whole, offsets + 4 * 5000 + 3, 0x40, 1, "an address is out of order");
	damaged(&none, whole, index + 101, 0x40, 0, "the same without registers");
}

int main(int argc, char **argv)
{
	struct linux_anchor a = {0}, none = {0};
	struct kernel_blob *whole, *again;

	if ((argc != 2 && argc != 5) || !map(argv[1])) {
		fprintf(stderr, "usage: discovery DUMP [CR3 CR4 IDTR]\n");
		return 2;
	}
	if (argc == 5)
		a = (struct linux_anchor){strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0), 0,
					  strtoull(argv[4], NULL, 0)};
	again = discover(&none, "without registers");
	whole = discover(&a, "with registers");
	say(again && whole && again->size == whole->size && again->root == whole->root &&
		    again->levels == whole->levels &&
		    !memcmp(again->field, whole->field, sizeof(whole->field)),
	    "found with registers and without");
	if (!whole || !again)
		return 1;
	free(again);
	without_btf(&a, whole);
	with_damage(&a, whole);
	return failures ? 1 : 0;
}
