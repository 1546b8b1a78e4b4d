/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing to a process's memory with the meaning of ptrace's POKE: the process gets the bytes, and
 * nobody else does. Pages that are its own are written at once. A page that others share is first
 * made its own by the guest itself: it is made to call
 *
 *	access_process_vm(task, va, empty_zero_page, n, FOLL_FORCE | FOLL_WRITE)
 *
 * at a point where a system call begins, which breaks the sharing as a debugger's write would and
 * leaves zeros; bytes that are not zeros are then written over them directly. One page a call: the
 * source is a single page of zeros, and what the kernel has behind it must not get into a process.
 *
 * A long write without a call would keep the guest from its interrupts: after WRITE_SLICE_NS the
 * guest is made to call the same function with no bytes, as a pause.
 */
#include <string.h>
#include "engine/limit.h"
#include "engine/engine.h"
#include "engine/write.h"

#define PAGE		  4096u
#define WRITE_SLICE_NS	  10000000u
#define WRITE_SLICE_PAGES 512u

#define FOLL_WRITE     1u
#define FOLL_FORCE_OLD 0x10u /* before it was an enumerator (6.3) */

/* The task may have ended since the job was made. */
static bool still_there(const struct linux_task *task)
{
	struct linux_task now;

	return linux_task(task->task, &now) == 0 && now.pid == task->pid &&
	       now.start_time == task->start_time && now.mm == task->mm;
}

static bool guest_call(struct write_job *job, gva_t va, size_t n, struct lvmon_verdict *verdict)
{
	gva_t function, zero_page;
	int64_t force;

	if (!job->may_call || linux_symbol("access_process_vm", &function) ||
	    linux_symbol("empty_zero_page", &zero_page) || !still_there(&job->memory->task))
		return false;
	if (linux_enumerator("FOLL_FORCE", &force))
		force = FOLL_FORCE_OLD;
	memset(verdict, 0, sizeof(*verdict));
	verdict->kind = LVMON_CALL_GUEST;
	verdict->function = function;
	verdict->args[0] = job->memory->task.task;
	verdict->args[1] = va;
	verdict->args[2] = zero_page;
	verdict->args[3] = n;
	verdict->args[4] = FOLL_WRITE | (uint64_t)force;
	job->chunk = n;
	job->calling = true;
	job->calls++;
	return true;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* The chunk at the job's position that lies in one page; false: outside of the memory. */
static bool chunk_at(const struct write_job *job, struct linux_page *page, size_t *n)
{
	uint64_t at = job->offset + job->position;

	if (linux_memory_page(job->memory, at, page) || !page->left)
		return false;
	*n = page->left < PAGE ? page->left : PAGE;
	if (*n > job->source.size - job->position)
		*n = job->source.size - job->position;
	return true;
}

enum write_state write_step(struct write_job *job, struct lvmon_verdict *verdict)
{
	uint64_t began = engine_clock();
	unsigned int pages = 0;
	uint8_t buf[PAGE];

	while (job->position < job->source.size) {
		struct linux_page page;
		size_t n;

		if (!chunk_at(job, &page, &n)) {
			job->skipped += job->source.size - job->position;
			break;
		}
		switch (page.state) {
		case LINUX_PAGE_PRIVATE:
			bytes_copy(&job->source, job->position, buf, n);
			if (backend->mem_write(page.gpa, buf, n) == 0)
				job->written += n;
			else
				job->skipped += n;
			break;
		case LINUX_PAGE_SHARED:
		case LINUX_PAGE_CACHED:
			if (guest_call(job,
				       linux_memory_va(job->memory, job->offset + job->position), n,
				       verdict))
				return WRITE_CALL;
			job->skipped += n;
			break;
		case LINUX_PAGE_ABSENT:
		default:
			job->skipped += n;
			break;
		}
		job->position += n;
		if (++pages % WRITE_SLICE_PAGES == 0 && engine_clock() - began > WRITE_SLICE_NS &&
		    guest_call(job, linux_memory_va(job->memory, job->offset), 0, verdict))
			return WRITE_CALL;
	}
	return WRITE_DONE;
}

void write_returned(struct write_job *job, uint64_t result)
{
	struct linux_page page;
	uint8_t buf[PAGE];
	size_t n = job->chunk, now;

	if (!job->calling)
		return;
	job->calling = false;
	if (!n)
		return;
	if ((int)result != (int)n) {
		job->skipped += n;
		job->position += n;
		return;
	}
	bytes_copy(&job->source, job->position, buf, n);
	/* The page is the process's own now, unless somebody forked it meanwhile. */
	if (is_zero(buf, n) ||
	    (chunk_at(job, &page, &now) && now >= n && page.state == LINUX_PAGE_PRIVATE &&
	     backend->mem_write(page.gpa, buf, n) == 0)) {
		job->written += n;
		job->copied += n;
	} else {
		job->skipped += n;
	}
	job->position += n;
}

uint64_t write_physical(gpa_t gpa, const struct bytes *source)
{
	uint64_t position = 0, written = 0;
	uint8_t buf[PAGE];

	/* A view may be as large as the address space. */
	while (position < source->size && !limit_expired) {
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
