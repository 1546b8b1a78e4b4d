/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core of one process, as the kernel would write it (fs/binfmt_elf.c): its mappings with all
 * their pages that are in memory, the page cache's too, and its registers, arguments and files as
 * notes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/dump/write.h"
#include "engine/engine.h"
#include "engine/linux/process/process.h"
#include "engine/signature/record.h"

#define SPANS_MAX  (1u << 21)
#define FILES_MAX  (1u << 20) /* bytes of NT_FILE */
#define PATH_SIZE  4096
#define PRSTATUS   336	/* sizeof(struct elf_prstatus) */
#define PRPSINFO   136	/* sizeof(struct elf_prpsinfo) */
#define VM_ACCESS  7u	/* VM_READ 1, VM_WRITE 2, VM_EXEC 4 */
#define SYNC_EVERY 4096 /* spans: each time there is more time for the next ones */

/* --- notes --- */

static void put32(uint8_t *note, size_t at, uint32_t value)
{
	memcpy(note + at, &value, sizeof(value));
}

/* Of the CPU at hand the bases are in its registers; what the task has is older. */
static void live_bases(const struct linux_task *task, struct linux_user_regs *regs)
{
	uint64_t fs, gs;

	if (!engine.event || engine.event->task != task->task)
		return;
	if (!backend->reg_read(LVMON_FS_BASE, &fs) &&
	    !backend->reg_read(LVMON_KERNEL_GS_BASE, &gs)) {
		regs->reg[21] = fs;
		regs->reg[22] = gs;
	}
}

static void note_thread(struct dump_writer *w, const struct linux_task *task)
{
	struct linux_user_regs regs;
	uint8_t note[PRSTATUS] = {0};

	if (linux_user_regs(task->task, &regs))
		memset(&regs, 0, sizeof(regs));
	else
		live_bases(task, &regs);
	put32(note, 32, (uint32_t)task->pid);
	put32(note, 36, (uint32_t)task->ppid);
	put32(note, 40, (uint32_t)task->tgid);
	memcpy(note + 112, regs.reg, sizeof(regs.reg));
	dump_note(w, "CORE", NT_PRSTATUS, note, sizeof(note));
}

static void note_info(struct dump_writer *w, const struct linux_task *task)
{
	uint8_t note[PRPSINFO] = {0};
	char line[PATH_SIZE];

	note[1] = 'R';
	put32(note, 16, task->uid);
	put32(note, 20, task->gid);
	put32(note, 24, (uint32_t)task->tgid);
	put32(note, 28, (uint32_t)task->ppid);
	memcpy(note + 40, task->comm, LINUX_COMM_SIZE);
	if (!linux_cmdline(task, line, sizeof(line)))
		memcpy(note + 56, line, strnlen(line, 79));
	dump_note(w, "CORE", NT_PRPSINFO, note, sizeof(note));
}

/* The one that the event is of first: debuggers take the first for the one to begin with. */
static void note_threads(struct dump_writer *w, const struct linux_task *task,
			 const struct linux_task *threads, size_t count)
{
	gva_t first = task->task;
	size_t i;

	for (i = 0; i < count; i++)
		if (engine.event && engine.event->task == threads[i].task)
			first = threads[i].task;
	for (i = 0; i < count; i++)
		if (threads[i].task == first)
			note_thread(w, &threads[i]);
	/* The list may be damaged. */
	if (!w->notes_size)
		note_thread(w, task);
	note_info(w, task);
	for (i = 0; i < count; i++)
		if (threads[i].task != first)
			note_thread(w, &threads[i]);
}

static void note_auxv(struct dump_writer *w, const struct linux_task *task)
{
	uint8_t auxv[1024];
	size_t size = linux_auxv(task, auxv, sizeof(auxv));

	if (size)
		dump_note(w, "CORE", NT_AUXV, auxv, size);
}

/* count, page size, then start, end and place for each mapping of a file, then their names */
static void note_files(struct dump_writer *w, const struct linux_memory *space)
{
	uint64_t *words = malloc((2 + 3 * space->count) * sizeof(*words));
	char *names = malloc(FILES_MAX), path[PATH_SIZE] = "";
	size_t used = 0, n = 0, i;
	gva_t last = 0;

	for (i = 0; words && names && i < space->count; i++) {
		const struct linux_area *a = &space->areas[i];
		size_t size;

		if (!a->file)
			continue;
		/* A file's mappings follow each other. */
		if (a->file != last && linux_file_path(a->file, path, sizeof(path)))
			continue;
		last = a->file;
		size = strlen(path) + 1;
		if (used + size > FILES_MAX) {
			dump_cut(w, "the names of the mapped files are longer than fit");
			break;
		}
		memcpy(names + used, path, size);
		used += size;
		words[2 + 3 * n] = a->start;
		words[2 + 3 * n + 1] = a->end;
		words[2 + 3 * n + 2] = a->pgoff;
		n++;
	}
	if (words && names) {
		size_t table = (2 + 3 * n) * sizeof(*words);
		uint8_t *note = realloc(words, table + used + 1);

		if (note) {
			words = (uint64_t *)note;
			words[0] = n;
			words[1] = 4096;
			memcpy(note + table, names, used);
			dump_note(w, "CORE", NT_FILE, note, table + used);
		}
	}
	free(words);
	free(names);
}

/* --- memory --- */

static void dump_spans(struct dump_writer *w, const struct linux_memory *space)
{
	struct linux_walk walk;
	struct linux_span s;
	size_t area = 0, n = 0;
	bool begun = false;

	linux_walk_start(&walk, space, 0, ~0ull);
	while (!w->err && !w->full && linux_walk_next(&walk, &s)) {
		while (area < space->count && space->areas[area].end <= s.va) {
			area++;
			begun = false;
		}
		if (!begun && area < space->count) {
			const struct linux_area *a = &space->areas[area];
			uint64_t rights = a->flags & VM_ACCESS;

			dump_segment(w, s.va, 0,
				     (rights & 1 ? PF_R : 0) | (rights & 2 ? PF_W : 0) |
					     (rights & 4 ? PF_X : 0));
			begun = true;
		}
		if (s.state == LINUX_SPAN_MAPPED || s.state == LINUX_SPAN_CACHED)
			dump_memory(w, s.gpa, s.size);
		else
			dump_absent(w, s.size);
		if (++n == SPANS_MAX) {
			dump_cut(w, "its memory is in more pieces than are looked at");
			break;
		}
		if (n % SYNC_EVERY == 0)
			dump_sync(w);
	}
	if (walk.cut)
		dump_cut(w, "its page tables are more than there can be");
	if (walk.left_out)
		dump_cut(w, "some of its mappings make no sense");
}

int dump_process(struct dump_writer *w, const struct linux_task *task, const char *name)
{
	struct linux_memory space = {0};
	struct linux_task *threads = NULL;
	size_t count = 0;
	json_t *r;
	int err;

	if (!task->mm)
		return -EINVAL;
	err = dump_begin(w, name);
	if (err)
		return err;
	err = linux_space(task, &space);
	if (err == -EOVERFLOW)
		dump_cut(w, "it has more mappings than are looked at");
	else if (err)
		dump_cut(w, "its mappings cannot be read");
	if (linux_threads(task, &threads, &count))
		dump_cut(w, "its list of threads is damaged");
	note_threads(w, task, threads, count);
	free(threads);
	note_auxv(w, task);
	note_files(w, &space);
	dump_spans(w, &space);
	linux_memory_free(&space);
	r = record_new("dump");
	record_string(r, "message", "memory of a process");
	record_process(r, task);
	return dump_end(w, r);
}
