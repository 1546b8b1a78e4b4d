/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles selections, with the places of things that discovery found, and runs them. */
#include <string.h>
#include <lvisor/select_run.h>
#include "engine/events/select.h"
#include "engine/signature/current.h"

#define VALUE LVMON_SEL_FREE

/* A jump to the program's end, unless it goes on; behind: the slots that follow it. */
static struct lvmon_sel unless(uint8_t op, uint8_t dst, uint8_t src, uint64_t k, uint32_t behind)
{
	return (struct lvmon_sel){.op = op, .dst = dst, .src = src, .k = k, .no = (uint16_t)behind};
}

/* Behind a name's NUL, kernels before 5.17 leave bytes of the name before (set_task_comm()). */
static void compare_name(const char *comm, uint64_t offset, struct lvmon_sel to[3])
{
	size_t size = strnlen(comm, LINUX_COMM_SIZE - 1) + 1;

	to[0] = unless(LVMON_SEL_BYTES, 0, LVMON_SEL_TASK, offset, 1);
	to[0].size = (uint8_t)size;
	memset(&to[1], 0, 2 * sizeof(*to));
	memcpy(&to[1], comm, size);
	memset(&to[2], 0xff, size);
}

uint32_t select_compile(const struct selection *s, struct lvmon_sel program[SELECT_SLOTS])
{
	uint32_t slots = 0, behind = s->by & SELECT_COMM ? 4 : 1;
	struct linux_task_layout layout;

	if (!s->by || linux_task_layout(&layout))
		return 0;
	if (s->by & SELECT_PID) {
		program[slots++] = (struct lvmon_sel){
			.op = LVMON_SEL_LD4, .dst = VALUE, .src = LVMON_SEL_TASK, .k = layout.tgid};
		program[slots++] = unless(LVMON_SEL_JEQ, VALUE, 0, (uint32_t)s->pid, behind);
	}
	if (s->by & SELECT_COMM) {
		compare_name(s->comm, layout.comm, program + slots);
		slots += 3;
	}
	program[slots++] = (struct lvmon_sel){.op = LVMON_SEL_RET, .k = 1};
	return slots;
}

static bool event_reg(const void *event, uint64_t what, uint64_t *value)
{
	const struct lvmon_event *ev = event;

	switch (what) {
	case LVMON_SEL_CR3:
		*value = ev->cr3;
		break;
	case LVMON_SEL_GS_BASE:
		*value = ev->gs_base;
		break;
	case LVMON_SEL_CPU:
		*value = ev->cpu;
		break;
	default:
		*value = ev->regs[what];
	}
	return true;
}

static bool no_direct(gva_t va, const void **at)
{
	return false;
}

static bool event_read(const void *event, gva_t va, void *to, uint32_t size)
{
	return linux_kread(va, to, size) == 0;
}

bool select_event(const struct selection *s, const struct lvmon_event *ev)
{
	static const struct select_guest guest = {event_reg, no_direct, event_read};
	struct lvmon_sel program[SELECT_SLOTS];
	struct linux_task task;
	uint64_t result;
	uint32_t slots;

	if (!s->by)
		return true;
	slots = select_compile(s, program);
	return slots && !current_task(&task) &&
	       select_run(program, program + slots, task.task, &guest, ev, &result) && result;
}
