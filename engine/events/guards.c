/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine does at its own hooks (own.c). Some things that a kernel does to the
 * machine would take the guest away from us, or us from the guest:
 *
 *	suspend to RAM	the firmware wakes the kernel up, on processors that are not ours any more
 *	hibernation	the image has our traps in it, and comes back where nobody knows them
 *	kexec		another kernel runs in the same memory, at the addresses of our traps
 *	memory hot-plug	memory that perhaps no window of ours shows
 *	shutdown	what has not been told yet never would be
 *	live patch	a function that is replaced is left before our trap is reached
 *
 * The first two are refused, at the start of functions that return an error in process context and
 * have done nothing yet; their callers hand the error to the process that asked. A kexec is
 * followed: the traps go, and the new kernel is found when it is up. Hot-plug is
 * reported, so is a live patch, and a shutdown waited for.
 */
#include <stdio.h>
#include <string.h>
#include "engine/events/guards.h"
#include "engine/linux/linux.h"
#include "engine/signature/counters.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"

#define EPERM_RESULT	  ((uint64_t)-1) /* -EPERM, as an int function returns it */
#define PM_SUSPEND_MEM	  3		 /* Linux: include/linux/suspend.h */
#define PAGE_BYTES	  4096ull
#define RESOURCES_MAX	  512
#define IORESOURCE_SYSRAM 0x01000000u /* Linux: include/linux/ioport.h */

/* The start of Linux's struct resource: include/linux/ioport.h, the same since 4.6. */
struct resource {
	uint64_t start, end;
	gva_t name;
	uint64_t flags, desc;
	gva_t parent, sibling, child;
};

static bool refuse(struct lvmon_verdict *verdict, const char *what, const char *message)
{
	json_t *r = record_new("refused");

	record_string(r, "what", what);
	record_string(r, "message", message);
	record_event_process(r);
	record_emit(r);
	verdict->kind = LVMON_RETURN;
	verdict->value = EPERM_RESULT;
	return true;
}

/*
 * pm_suspend(state), suspend_devices_and_enter(state); the other states keep the CPUs as they are.
 */
bool guard_suspend(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	if ((uint32_t)ev->regs[LVMON_RDI] != PM_SUSPEND_MEM)
		return false;
	return refuse(verdict, "suspend",
		      "suspend to RAM is refused: the guest would wake up unwatched");
}

bool guard_hibernate(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	(void)ev;
	return refuse(
		verdict, "hibernate",
		"hibernation is refused: traps in the image would end the guest that wakes up");
}

bool guard_resume(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	(void)ev;
	return refuse(verdict, "resume",
		      "the image of a hibernated kernel is refused: it would run unwatched");
}

/* machine_kexec(): the point of no return, for a panic's kernel too. */
bool guard_kexec(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	json_t *r = record_new("kexec");

	(void)ev;
	record_string(r, "message", "the guest starts another kernel, which is looked for anew");
	record_event_process(r);
	record_emit(r);
	verdict->kind = LVMON_NEW_KERNEL;
	return true;
}

static void report_memory(gpa_t start, uint64_t size, bool watched)
{
	json_t *r = record_new("memory");
	char message[160];

	snprintf(message, sizeof(message), "%llu MB of memory at 0x%llx came after the start%s",
		 (unsigned long long)(size >> 20), (unsigned long long)start,
		 watched ? "" : ": they are not watched");
	record_string(r, "message", message);
	record_number(r, "start", start);
	record_number(r, "size", size);
	if (r)
		json_object_set_new(r, "watched", json_boolean(watched));
	record_emit(r);
}

/* Report those parts of [start, end) that the window does not show. False: it shows all. */
static bool check_memory(gpa_t start, gpa_t end)
{
	bool reported = false;
	gpa_t at = (start + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	size_t i;

	end &= ~(PAGE_BYTES - 1);
	for (i = 0; i < backend->ram_ranges && at < end; i++) {
		const struct lvmon_ram *r = &backend->ram[i];

		if (r->gpa + r->size <= at)
			continue;
		if (r->gpa > at) {
			report_memory(at, (r->gpa < end ? r->gpa : end) - at, false);
			reported = true;
		}
		at = r->gpa + r->size;
	}
	if (at < end) {
		report_memory(at, end - at, false);
		reported = true;
	}
	return reported;
}

/* add_memory_resource(nid, res, flags): where all ways of adding memory meet. */
bool guard_memory(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	struct resource res;

	(void)verdict;
	if (!linux_kread(ev->regs[LVMON_RSI], &res, sizeof(res)) && res.start < res.end &&
	    !check_memory(res.start, res.end + 1))
		report_memory(res.start, res.end + 1 - res.start, true);
	return false;
}

/* Memory that the kernel has found by itself since the boot loader's map was made. */
void guards_check_memory(void)
{
	struct resource res;
	gpa_t past = 0;
	gva_t va;
	int i;

	if (linux_symbol("iomem_resource", &va) || linux_kread(va, &res, sizeof(res)))
		return;
	for (i = 0, va = res.child; va && i < RESOURCES_MAX; i++, va = res.sibling) {
		/* They ascend; a hostile list must not make more of them than there can be. */
		if (linux_kread(va, &res, sizeof(res)) || res.start < past || res.end < res.start)
			return;
		past = res.end;
		if ((res.flags & IORESOURCE_SYSRAM) && res.start < res.end)
			check_memory(res.start, res.end + 1);
	}
}

/* device_shutdown(): the way to each reset and power-off. No event may come that tells it later. */
bool guard_shutdown(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	(void)ev;
	(void)verdict;
	for (uint32_t i = 0; i < signature_count; i++)
		counters_tell_missed(signatures[i]);
	return false;
}

/* klp_enable_patch(): such a function is left at its patchable entry. */
bool guard_live_patch(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	json_t *r = record_new("warning");

	(void)ev;
	(void)verdict;
	record_string(r, "message",
		      "the guest live-patches its kernel: hooks see no calls of functions that are "
		      "replaced");
	record_event_process(r);
	record_emit(r);
	return true;
}
