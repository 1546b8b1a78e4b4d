/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing to a process's memory with the meaning of ptrace's POKE: the process gets the bytes, and
 * nobody else does.
 *
 * Pages that are its own are written at once. The guest's other CPUs can take a page away and use
 * its frame for something else at any time, so they are held from the look at the process and its
 * page table until the bytes are there: for one page, and for those behind it until HOLD_NS are
 * over, since to fetch a CPU out of the guest takes longer than to write a page. Wherever the
 * others were stopped, an entry of the page table that is present leads to a page that is not freed
 * yet, as each thread of the process may be using it, and one that is exclusively this process's is
 * mapped nowhere else.
 *
 * A page that others share is first made the process's own by the guest itself, which is made to
 * call one of its functions at a point where a system call begins. Such a call can meet another
 * mapping than the one that was looked at, if a thread of the process has just changed it, so it
 * writes nothing that a mapping of a file could get, but for one byte in one case (ask_byte). It
 * leaves nothing in the page but what is to be there: when it fails, all is as before.
 *
 * A long write without a call would keep the guest from its interrupts: after WRITE_SLICE_NS the
 * guest is made to call access_process_vm with no bytes, as a pause.
 */
#include <errno.h>
#include <string.h>
#include "engine/engine.h"
#include "engine/events/dispatch.h"
#include "engine/events/slice.h"
#include "engine/events/write.h"
#include "engine/signature/current.h"
#include "engine/signature/limit.h"

#define PAGE	       4096u
#define HOLD_NS	       100000u
#define WRITE_SLICE_NS 2000000u
#define SLICE_TURNS    8u /* between two looks at the clock */
#define RODATA_PAGES   64u
#define TRIES	       3u  /* with one page, which may get shared again */
#define RUN_PAGES      64u /* that one call makes the process's own */

/* include/linux/mm.h before they were enumerators (6.3) */
#define FOLL_WRITE 1u
static const struct {
	const char *name;
	uint64_t before;
} foll[] = {{"FOLL_FORCE", 0x10}, {"FOLL_NOWAIT", 0x20}, {"FOLL_ANON", 0x8000}};
enum { FORCE, NOWAIT, ANON };

/* 0: this kernel has no such flag. */
static uint64_t foll_flag(int which)
{
	int64_t value;

	if (!linux_enumerator(foll[which].name, &value))
		return (uint64_t)value;
	return linux_enumerator(foll[FORCE].name, &value) ? foll[which].before : 0;
}

/* Each of these functions may sleep. */
static bool guest_call(struct write_job *job, const char *name, struct lvmon_verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	if (!job->may_call || !site_may_sleep(engine.activity->site) ||
	    linux_symbol(name, &verdict->function))
		return false;
	verdict->kind = LVMON_CALL_GUEST;
	job->calling = true;
	job->calls++;
	return true;
}

static bool access_process_vm(struct write_job *job, gva_t va, gva_t from, size_t n, bool anonymous,
			      struct lvmon_verdict *verdict)
{
	if (!linux_memory_lives(job->memory) || !guest_call(job, "access_process_vm", verdict))
		return false;
	verdict->args[0] = job->memory->task.task;
	verdict->args[1] = va;
	verdict->args[2] = from;
	verdict->args[3] = n;
	verdict->args[4] = FOLL_WRITE | foll_flag(FORCE) | (anonymous ? foll_flag(ANON) : 0);
	return true;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Zeros into memory that is anonymous: the kernel refuses to do so where it is so no more. */
static bool ask_zeros(struct write_job *job, gva_t va, size_t n, struct lvmon_verdict *verdict)
{
	uint8_t buf[PAGE];
	gva_t zero_page;

	bytes_copy(&job->source, job->position, buf, n);
	if (!is_zero(buf, n) || !foll_flag(ANON) || linux_symbol("empty_zero_page", &zero_page) ||
	    !access_process_vm(job, va, zero_page, n, true, verdict))
		return false;
	job->ask = ASK_ZEROS;
	job->chunk = n;
	job->asked = job->position + n;
	return true;
}

/* Bytes from the job's position to the end of a row of pages that are shared. */
static size_t shared_run(const struct write_job *job)
{
	uint64_t at = job->offset + job->position, left = job->source.size - job->position;
	gva_t va = linux_memory_va(job->memory, at);
	size_t run = PAGE - va % PAGE;
	struct linux_page page;

	while (run < RUN_PAGES * PAGE && run < left &&
	       linux_memory_va(job->memory, at + run) == va + run &&
	       !linux_memory_page(job->memory, at + run, &page) &&
	       (page.state == LINUX_PAGE_SHARED || page.state == LINUX_PAGE_CACHED))
		run += PAGE;
	return run;
}

/*
 * The current process's pages, without writing a byte: get_user_pages_unlocked(va, n, NULL, ...)
 * faults them in as for a write. NOWAIT: whoever watches them by userfaultfd is not waited for.
 */
static bool ask_pages(struct write_job *job, gva_t va, struct lvmon_verdict *verdict)
{
	struct linux_task task;
	size_t run;

	if (current_task(&task) || task.mm != job->memory->task.mm || !foll_flag(NOWAIT) ||
	    !linux_memory_lives(job->memory) ||
	    !guest_call(job, "get_user_pages_unlocked", verdict))
		return false;
	run = shared_run(job);
	verdict->args[0] = va & ~(gva_t)(PAGE - 1);
	verdict->args[1] = (va % PAGE + run) / PAGE;
	verdict->args[3] = FOLL_WRITE | foll_flag(FORCE) | foll_flag(NOWAIT);
	job->ask = ASK_PAGES;
	job->asked = job->position + run;
	return true;
}

/* Where this byte stands among the kernel's constants. */
static bool constant(uint8_t byte, gva_t *va)
{
	uint8_t page[PAGE], *at;
	unsigned int i;

	if (linux_symbol("__start_rodata", va))
		return false;
	for (i = 0; i < RODATA_PAGES; i++, *va += PAGE) {
		if (linux_kread(*va, page, PAGE))
			return false;
		at = memchr(page, byte, PAGE);
		if (at) {
			*va += (gva_t)(at - page);
			return true;
		}
	}
	return false;
}

/*
 * Another process's page, by the byte that stands there. Should a thread of that process put a
 * mapping of a file there just now, and may write to it, the file gets this byte.
 */
static bool ask_byte(struct write_job *job, gva_t va, const struct linux_page *page,
		     struct lvmon_verdict *verdict)
{
	uint8_t byte;
	gva_t from;

	if (guest_read(page->gpa, &byte, 1) || !constant(byte, &from) ||
	    !access_process_vm(job, va, from, 1, page->anonymous, verdict))
		return false;
	job->ask = ASK_BYTE;
	job->asked = job->position + PAGE - va % PAGE;
	return true;
}

/* Make the page the process's own; true: the verdict asks the guest. */
static bool ask(struct write_job *job, const struct linux_page *page, size_t n,
		struct lvmon_verdict *verdict)
{
	gva_t va = linux_memory_va(job->memory, job->offset + job->position);

	if (job->tries >= TRIES || !((!job->no_hold && ask_pages(job, va, verdict)) ||
				     (page->anonymous && ask_zeros(job, va, n, verdict)) ||
				     (!job->no_hold && ask_byte(job, va, page, verdict))))
		return false;
	job->tries++;
	return true;
}

static bool ask_pause(struct write_job *job, struct lvmon_verdict *verdict)
{
	if (!access_process_vm(job, linux_memory_va(job->memory, job->offset), 0, 0, false,
			       verdict))
		return false;
	job->ask = ASK_PAUSE;
	return true;
}

/* Bytes from the job's position on where nothing is; n of them at least. */
static uint64_t absent_at(const struct write_job *job, size_t n)
{
	struct bytes target = {.kind = BYTES_PROCESS, .memory = job->memory, .base = job->offset};
	uint64_t gap;

	target.size = job->memory->size - job->offset;
	if (target.size > job->source.size)
		target.size = job->source.size;
	gap = bytes_gap(&target, job->position);
	return gap > n ? gap : n;
}

/* The chunk at the job's position that lies in one small page; false: outside of the memory. */
static bool chunk_at(const struct write_job *job, struct linux_page *page, size_t *n)
{
	uint64_t at = job->offset + job->position;
	uint64_t left = PAGE - linux_memory_va(job->memory, at) % PAGE;

	if (linux_memory_page(job->memory, at, page) || !page->left)
		return false;
	if (left > page->left)
		left = page->left;
	if (left > job->source.size - job->position)
		left = job->source.size - job->position;
	*n = left;
	return true;
}

static void next_chunk(struct write_job *job, size_t n, bool done)
{
	if (done)
		job->written += n;
	else
		job->skipped += n;
	if (done && job->position < job->asked)
		job->copied += n;
	job->position += n;
	job->tries = 0;
}

/* With the other CPUs held: pages that are the process's own now. */
static bool write_held(struct write_job *job)
{
	uint64_t began = engine_clock(), position = job->position;
	struct linux_page page;
	uint8_t buf[PAGE];
	size_t n;

	if (!linux_memory_lives(job->memory))
		return false;
	while (job->position < job->source.size && chunk_at(job, &page, &n) &&
	       page.state == LINUX_PAGE_PRIVATE) {
		bytes_copy(&job->source, job->position, buf, n);
		if (backend->mem_write_paused(page.gpa, buf, n))
			break;
		next_chunk(job, n, true);
		if (engine_clock() - began > HOLD_NS)
			break;
	}
	return job->position != position;
}

static bool write_own(struct write_job *job)
{
	int err = backend->mem_write_paused ? backend->pause() : -ENOTSUP;
	bool some;

	/* -EBUSY: this is in a pause (lvmon.pause), which goes on behind it. */
	if (err && err != -EBUSY) {
		job->no_hold = true;
		return false;
	}
	some = write_held(job);
	if (!err)
		backend->resume();
	return some;
}

/* The page at the job's position, and those behind it. True: the verdict asks the guest. */
static bool write_page(struct write_job *job, const struct linux_page *page, size_t n,
		       struct lvmon_verdict *verdict)
{
	if (page->state == LINUX_PAGE_PRIVATE && !job->no_hold) {
		/* If not, it has just been taken away or shared: look again. */
		if (write_own(job) || (!job->no_hold && job->tries++ < TRIES))
			return false;
	}
	if (page->state != LINUX_PAGE_ABSENT && page->state != LINUX_PAGE_OTHERS &&
	    ask(job, page, n, verdict))
		return true;
	next_chunk(job, page->state == LINUX_PAGE_ABSENT ? absent_at(job, n) : n, false);
	return false;
}

enum write_state write_step(struct write_job *job, struct lvmon_verdict *verdict)
{
	uint64_t began = engine_clock();
	unsigned int turns = 0;
	struct linux_page page;
	size_t n;

	while (job->position < job->source.size) {
		if (limit_expired || !bytes_live(&job->source) || !chunk_at(job, &page, &n)) {
			job->skipped += job->source.size - job->position;
			job->position = job->source.size;
			break;
		}
		if (write_page(job, &page, n, verdict))
			return WRITE_CALL;
		if (++turns % SLICE_TURNS == 0 && engine_clock() - began > WRITE_SLICE_NS &&
		    ask_pause(job, verdict))
			return WRITE_CALL;
	}
	return WRITE_DONE;
}

void write_returned(struct write_job *job, uint64_t result)
{
	if (!job->calling)
		return;
	job->calling = false;
	if (job->ask == ASK_ZEROS)
		next_chunk(job, job->chunk, (int)result == (int)job->chunk);
	else if (job->ask == ASK_BYTE && (int)result != 1)
		job->tries = TRIES;
}

void write_take_back(struct write_job *job)
{
	job->calling = false;
	job->calls--;
	if (job->ask != ASK_PAUSE)
		job->tries--;
}

uint64_t write_physical(gpa_t gpa, const struct bytes *source)
{
	uint64_t position = 0, written = 0;
	uint8_t buf[PAGE];

	/* A view may be as large as the address space. */
	while (position < source->size && !limit_expired && bytes_live(source)) {
		size_t n = PAGE - ((gpa + position) & (PAGE - 1));

		if (n > source->size - position)
			n = source->size - position;
		bytes_copy(source, position, buf, n);
		if (backend->mem_write(gpa + position, buf, n) == 0)
			written += n;
		position += n;
	}
	return written;
}
