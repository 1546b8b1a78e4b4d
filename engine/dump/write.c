/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a core file: a segment for each range of addresses, whose bytes follow each other in
 * the file. What is absent is a hole in the file where it is short, and else the segment ends
 * there: the rest is a segment of its own that has no bytes in the file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/dump/write.h"
#include "engine/engine.h"
#include "engine/signature/record.h"

#define PAGE	  4096u
#define NOTES_AT  PAGE /* the page before is for the ELF header, and program headers that fit */
#define MANY	  4096 /* segments: from here on short holes are not worth one */
#define HOLE_LONG (1u << 20)

/* A file's name that is one everywhere. */
static void clean_name(const char *from, char *to, size_t size)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t i;

	for (i = 0; from[i] && i + sizeof(".core") < size; i++)
		to[i] = strchr(allowed, from[i]) ? from[i] : '_';
	to[i] = '\0';
	if (to[0] == '.' || !to[0])
		to[0] = '_', to[i ? i : 1] = '\0';
	if (i < 5 || strcmp(to + i - 5, ".core"))
		strcat(to, ".core");
}

static void keep_error(struct dump_writer *w, int err)
{
	if (err && !w->err)
		w->err = err;
}

int dump_begin(struct dump_writer *w, const char *name)
{
	memset(w, 0, sizeof(*w));
	w->complete = true;
	w->offset = NOTES_AT;
	clean_name(name, w->name, sizeof(w->name));
	w->sink = dump_sink();
	w->err = w->sink ? w->sink->begin(w->name) : -ENOSYS;
	if (!w->err && engine.mode == ENGINE_LIVE)
		w->held = backend->pause();
	return w->err;
}

/* True: nothing ran from the begin up to now. */
static bool let_go(struct dump_writer *w)
{
	if (engine.mode == ENGINE_DUMP)
		return true;
	/* In lvmon.pause(): it still is, if it still cannot be begun. */
	if (w->held == -EBUSY && backend->pause() == -EBUSY)
		return true;
	return backend->resume() == 0 && w->held == 0;
}

void dump_cut(struct dump_writer *w, const char *reason)
{
	if (w->complete)
		snprintf(w->reason, sizeof(w->reason), "%s", reason);
	w->complete = false;
}

static Elf64_Phdr *last(struct dump_writer *w)
{
	return w->count ? &w->segments[w->count - 1] : NULL;
}

static void add_segment(struct dump_writer *w, const Elf64_Phdr *p)
{
	Elf64_Phdr *bigger;

	if (w->count == DUMP_SEGMENTS_MAX) {
		dump_cut(w, "more segments than a core can have");
		w->full = true;
		return;
	}
	if (w->count == w->room) {
		w->room = w->room ? 2 * w->room : 64;
		bigger = realloc(w->segments, w->room * sizeof(*bigger));
		if (!bigger) {
			keep_error(w, -ENOMEM);
			return;
		}
		w->segments = bigger;
	}
	w->segments[w->count++] = *p;
}

/* Bytes at the segment's end that are absent need no place in the file. */
static void settle(struct dump_writer *w)
{
	if (last(w))
		last(w)->p_memsz += w->absent_run;
	w->absent_run = 0;
}

void dump_segment(struct dump_writer *w, gva_t va, gpa_t gpa, uint32_t flags)
{
	Elf64_Phdr p = {
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_offset = w->offset,
		.p_vaddr = va,
		.p_paddr = gpa,
		.p_align = PAGE,
	};

	if (w->err)
		return;
	/* crash wants all notes before the first segment; pages are pages in the file, too. */
	if (!w->count && w->notes_size) {
		keep_error(w, w->sink->bytes(NOTES_AT, w->notes, w->notes_size));
		w->offset = NOTES_AT + ((w->notes_size + PAGE - 1) & ~(size_t)(PAGE - 1));
		p.p_offset = w->offset;
	}
	settle(w);
	add_segment(w, &p);
}

void dump_again(struct dump_writer *w, gva_t va, gpa_t gpa, uint64_t size, uint32_t flags)
{
	size_t i;

	if (w->err)
		return;
	settle(w);
	for (i = 0; i < w->count; i++) {
		Elf64_Phdr p = w->segments[i];

		if (gpa < p.p_paddr || gpa - p.p_paddr >= p.p_filesz ||
		    size > p.p_filesz - (gpa - p.p_paddr))
			continue;
		p.p_offset += gpa - p.p_paddr;
		p.p_vaddr = va;
		p.p_paddr = gpa;
		p.p_filesz = p.p_memsz = size;
		p.p_flags = flags;
		add_segment(w, &p);
		return;
	}
}

/* The run of absent bytes before the next ones that are there. */
static void bridge(struct dump_writer *w)
{
	Elf64_Phdr *p = last(w), next = *p;

	if (!w->absent_run)
		return;
	if (w->absent_run < HOLE_LONG && w->count > MANY) {
		p->p_filesz += w->absent_run;
		p->p_memsz += w->absent_run;
		w->offset += w->absent_run;
		w->absent_run = 0;
		return;
	}
	settle(w);
	next.p_vaddr += p->p_memsz;
	next.p_paddr += next.p_paddr ? p->p_memsz : 0;
	next.p_offset = w->offset;
	next.p_filesz = next.p_memsz = 0;
	add_segment(w, &next);
}

void dump_memory(struct dump_writer *w, gpa_t gpa, uint64_t size)
{
	if (w->err || w->full || !w->count)
		return;
	bridge(w);
	if (w->err || w->full)
		return;
	keep_error(w, w->sink->memory(w->offset, gpa, size));
	w->offset += size;
	w->present += size;
	last(w)->p_filesz += size;
	last(w)->p_memsz += size;
}

void dump_absent(struct dump_writer *w, uint64_t size)
{
	if (w->err || w->full || !w->count)
		return;
	w->absent_run += size;
	w->absent += size;
}

void dump_sync(struct dump_writer *w)
{
	if (!w->err)
		keep_error(w, w->sink->sync());
}

void dump_note(struct dump_writer *w, const char *name, uint32_t type, const void *desc,
	       size_t size)
{
	const Elf64_Nhdr n = {(Elf64_Word)strlen(name) + 1, (Elf64_Word)size, type};
	size_t name_room = (n.n_namesz + 3u) & ~3u, room = (size + 3) & ~(size_t)3;
	uint8_t *bigger;

	if (w->err)
		return;
	if (w->notes_size + sizeof(n) + name_room + room > DUMP_NOTES_MAX) {
		dump_cut(w, "more notes than fit");
		return;
	}
	bigger = realloc(w->notes, w->notes_size + sizeof(n) + name_room + room);
	if (!bigger) {
		keep_error(w, -ENOMEM);
		return;
	}
	w->notes = bigger;
	bigger += w->notes_size;
	memset(bigger, 0, sizeof(n) + name_room + room);
	memcpy(bigger, &n, sizeof(n));
	memcpy(bigger + sizeof(n), name, n.n_namesz);
	if (size)
		memcpy(bigger + sizeof(n) + name_room, desc, size);
	w->notes_size += sizeof(n) + name_room + room;
}

/* Where the program headers are: in the first page, or behind all else. */
static uint64_t table_at(const struct dump_writer *w)
{
	return sizeof(Elf64_Ehdr) + (w->count + 1) * sizeof(Elf64_Phdr) <= NOTES_AT
		       ? sizeof(Elf64_Ehdr)
		       : w->offset;
}

static uint64_t size_of(const struct dump_writer *w)
{
	uint64_t table_end = table_at(w) + (w->count + 1) * sizeof(Elf64_Phdr);

	if (!w->count)
		return NOTES_AT + w->notes_size;
	return table_end > w->offset ? table_end : w->offset;
}

static void write_headers(struct dump_writer *w)
{
	const Elf64_Ehdr h = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = table_at(w),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(w->count + 1),
	};
	const Elf64_Phdr note = {
		.p_type = PT_NOTE,
		.p_offset = NOTES_AT,
		.p_filesz = w->notes_size,
		.p_align = 4,
	};

	if (w->notes_size && !w->count) /* else they are there already */
		keep_error(w, w->sink->bytes(NOTES_AT, w->notes, w->notes_size));
	keep_error(w, w->sink->bytes(h.e_phoff, &note, sizeof(note)));
	if (!w->err && w->count)
		keep_error(w, w->sink->bytes(h.e_phoff + sizeof(note), w->segments,
					     w->count * sizeof(*w->segments)));
	if (!w->err)
		keep_error(w, w->sink->bytes(0, &h, sizeof(h)));
}

int dump_end(struct dump_writer *w, json_t *record)
{
	bool atomic;

	if (!w->err) {
		settle(w);
		write_headers(w);
	}
	if (!w->err)
		keep_error(w, w->sink->sync());
	atomic = let_go(w);
	if (w->err) {
		if (w->sink)
			w->sink->abandon();
		json_decref(record);
	} else {
		record_string(record, "name", w->name);
		record_number(record, "present", w->present / PAGE);
		record_number(record, "absent", w->absent / PAGE);
		if (record)
			json_object_set_new(record, "complete", json_boolean(w->complete));
		if (record)
			json_object_set_new(record, "atomic", json_boolean(atomic));
		if (!w->complete)
			record_string(record, "reason", w->reason);
		w->err = w->sink->end(record, size_of(w));
		if (w->err)
			w->sink->abandon();
	}
	free(w->segments);
	free(w->notes);
	w->segments = NULL;
	w->notes = NULL;
	return w->err;
}
