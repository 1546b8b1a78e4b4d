/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the guest's first system-call entry to running signatures:
 *
 *	kernel up        find the kernel, store what was found, trap kernel_execve
 *	first program    say what cannot be read, tell the vmm where the task is, load the
 *	                 signatures, arm their hooks and the engine's own (own.c)
 *
 * Signatures wait for the first program because before it the kernel still patches its own code.
 * An engine that follows a dead one takes the findings from the blob and does the rest again; the
 * persist page says which signature was at work and so whose fault it was.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/ustar.h"
#include "engine/events/deny.h"
#include "engine/events/guards.h"
#include "engine/events/hooks.h"
#include "engine/events/lifecycle.h"
#include "engine/events/own.h"
#include "engine/events/sites.h"
#include "engine/signature/counters.h"
#include "engine/signature/limit.h"
#include "engine/signature/quota.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"
#include "engine/signature/strikes.h"

#define DISCOVERIES_MAX 3

/* What the persist page said at start. */
static struct {
	bool pending;
	uint32_t reason, phase, signature, handler;
	bool late, deny, starved;
	char where[sizeof(((struct lvmon_persist *)0)->where)];
} death;

static const char *death_name(uint32_t reason)
{
	static const char *const names[] = {
		[LVMON_DEATH_NONE] = "none",   [LVMON_DEATH_TIME] = "time",
		[LVMON_DEATH_FAULT] = "fault", [LVMON_DEATH_MEMORY] = "memory",
		[LVMON_DEATH_EXIT] = "exit",   [LVMON_DEATH_CALL] = "call",
	};

	return reason < sizeof(names) / sizeof(*names) ? names[reason] : "unknown";
}

static void fail(const char *message)
{
	json_t *r = record_new("error");

	record_string(r, "phase", "start");
	record_lines(r, "message", message, strlen(message));
	record_emit(r);
	engine_log("%s", message);
}

static void arm_first_program(void)
{
	char error[200], message[300];

	if (own_arm(OWN_KERNEL_UP, error, sizeof(error)))
		return;
	snprintf(message, sizeof(message), "the first program cannot be waited for: %s", error);
	fail(message);
}

static uint64_t reg(enum lvmon_reg r)
{
	uint64_t value;

	return backend->reg_read(r, &value) ? 0 : value;
}

uint32_t lifecycle_load(void)
{
	uint32_t i, loaded = 0;

	quota_begin_in_domain();
	for (i = 0; i < signature_count; i++) {
		struct signature *s = signatures[i];

		/* It failed in a predecessor, was reported then, and would fail again. */
		if (engine.memory->entry[i].skip)
			continue;
		engine_mark(ENGINE_LOAD, i, 0);
		if (signature_load(s) == 0)
			loaded++;
		else
			engine.memory->entry[i].skip = 1;
		if (limit_expired) {
			/* The others have the grace period only. */
			engine.memory->late = 1;
			limit_forgive();
		}
	}
	engine_mark(ENGINE_IDLE, 0, 0);
	hooks_flush();
	return loaded;
}

static void report_ready(uint32_t loaded, uint64_t began)
{
	json_t *r = record_new("ready");

	engine.memory->loaded = 1;
	record_number(r, "signatures", loaded);
	record_number(r, "failed", signature_count - loaded);
	record_number(r, "hooks", hooks_count());
	record_number(r, "load_us", (engine_clock() - began) / 1000);
	if (engine.start)
		record_number(r, "generation", engine.start->generation);
	record_emit(r);
	engine_log("ready: %u signatures, %zu hooks", loaded, hooks_count());
}

/* There is nothing to wait for then: what needs no kernel goes on. */
static void go_on_without(const char *why)
{
	uint64_t began = engine_clock();
	char message[400];

	snprintf(
		message, sizeof(message),
		"no kernel found: %s; no hooks, symbols and processes; what works: physical memory "
		"and registers",
		why);
	fail(message);
	report_ready(lifecycle_load(), began);
}

void lifecycle_kernel_up(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	struct linux_anchor anchor;
	uint64_t began = engine_clock();
	char error[200] = "";
	json_t *r;

	(void)ev;
	(void)verdict;
	if (!signature_count || linux_known())
		return;
	if (engine.memory->discoveries >= DISCOVERIES_MAX) {
		fail("the kernel is not looked for any more: the engine died of it");
		return;
	}
	engine.memory->discoveries++;
	engine_mark(ENGINE_DISCOVERY, 0, 0);
	anchor = (struct linux_anchor){reg(LVMON_CR3), reg(LVMON_CR4), reg(LVMON_LSTAR),
				       reg(LVMON_IDTR_BASE)};
	if (linux_discover(&anchor, error, sizeof(error))) {
		go_on_without(error);
		return;
	}
	arm_first_program();
	engine_mark(ENGINE_IDLE, 0, 0);
	engine.memory->discoveries = 0;
	r = record_new("kernel");
	record_string(r, "message", linux_summary());
	record_number(r, "discovery_us", (engine_clock() - began) / 1000);
	record_emit(r);
	engine_log("%s", linux_summary());
	if (linux_btf_refused())
		fail(linux_btf_refused());
}

/* One after another, "a, b, c" */
static void add_name(char *list, size_t size, const char *name)
{
	size_t n = strlen(list);

	snprintf(list + n, size - n, "%s%s", n ? ", " : "", name);
}

/* What cannot be read of this kernel, and what can: one record. */
static void report_missing(void)
{
	char off[512] = "", on[512] = "";
	char message[sizeof(off) + sizeof(on) + 200];
	json_t *r, *list;
	int f;

	for (f = 0; f < LINUX_FACILITIES; f++) {
		const char *name = linux_facility_name((enum linux_facility)f);

		if (linux_missing((enum linux_facility)f))
			add_name(off, sizeof(off), name);
		else
			add_name(on, sizeof(on), name);
	}
	if (!off[0])
		return;
	r = record_new("warning");
	list = json_object();
	for (f = 0; f < LINUX_FACILITIES && list; f++) {
		const char *why = linux_missing((enum linux_facility)f);

		if (why)
			record_string(list, linux_facility_name((enum linux_facility)f), why);
	}
	snprintf(message, sizeof(message),
		 "of this kernel cannot be read: %s; what works: hooks of kernel functions, "
		 "symbols, registers, kernel and physical memory%s%s",
		 off, on[0] ? ", " : "", on);
	record_string(r, "message", message);
	if (r && list)
		json_object_set(r, "missing", list);
	if (linux_inferred())
		record_number(r, "inferred", linux_inferred());
	json_decref(list);
	record_emit(r);
	engine_log("%s", message);
}

/*
 * Where there is no type information: now that the first processes are there, what their memory
 * tells. The vmm keeps that too, for an engine that follows.
 */
static void know_all(void)
{
	if (linux_need(LINUX_TASKS) == -ENOTSUP && !linux_infer()) {
		sites_outdated();
		if (sites_store())
			engine_log("what was inferred cannot be kept");
	}
	report_missing();
}

/* Where the current task is to the vmm, all signatures, all hooks. */
static void get_ready(void)
{
	struct linux_task_layout layout;
	uint64_t began = engine_clock();
	uint32_t loaded;
	char error[200];

	if (!engine.memory->loaded)
		know_all();
	if (linux_task_layout(&layout) || backend->set_task(&layout.task))
		fail("the layout of task_struct is not known: hooks have no selectors");
	own_arm(OWN_READY, error, sizeof(error));
	if (!engine.memory->loaded)
		guards_check_memory();
	loaded = lifecycle_load();
	report_ready(loaded, began);
}

bool lifecycle_first_program(const struct lvmon_event *ev, struct lvmon_verdict *verdict)
{
	(void)ev;
	(void)verdict;
	get_ready();
	own_disarm(OWN_KERNEL_UP);
	return false; /* it is a start as any other: handlers may be there by now */
}

static void take_over(const struct lvmon_start *start)
{
	const struct lvmon_persist *p = start->persist;
	uint64_t now = engine_now();

	death.pending = true;
	death.reason = start->death;
	death.phase = p->phase;
	death.signature = p->signature;
	death.handler = p->handler;
	death.late = engine.memory->late;
	death.starved = start->death == LVMON_DEATH_TIME && start->starved;
	death.deny = engine.memory->on_timeout == HOOK_DENY;
	memcpy(death.where, p->where, sizeof(death.where));
	death.where[sizeof(death.where) - 1] = '\0';
	engine.memory->late = 0;
	engine.persist->where[0] = '\0';
	if (death.signature < signature_count) {
		if (death.phase == ENGINE_LOAD && !death.late)
			engine.memory->entry[death.signature].skip = 1;
		if (death.phase == ENGINE_HANDLER && !death.late)
			strikes_add(death.signature, now);
		counters_died(death.signature, death.phase == ENGINE_HANDLER, !death.late);
	}
	engine_mark(ENGINE_IDLE, 0, 0);
	if (!start->blob || sites_restore(start->blob, start->blob_size))
		return; /* KERNEL_UP comes again */
	if (engine.memory->loaded)
		get_ready();
	else
		arm_first_program();
}

/* For a kernel without BTF: what `lvisor run --profile` put beside the signatures. */
static void use_profile(const struct lvmon_start *start)
{
	struct ustar_file file;

	if (!ustar_find(start->archive, start->archive_size, "profile.btf", &file))
		linux_use_btf(file.data, file.size);
}

void lifecycle_start(void)
{
	const struct lvmon_start *start = engine.start;
	int ret = 0;

	counters_begin();
	if (start->archive && start->archive_size)
		ret = signatures_open(start->archive, start->archive_size);
	if (start->archive && start->archive_size)
		use_profile(start);
	if (ret < 0)
		fail("the archive with the signatures is damaged or too large");
	if (start->generation > 0)
		take_over(start);
}

void lifecycle_death(const struct lvmon_event *ev)
{
	static const char *const phases[] = {"idle", "discovery", "load", "handler"};
	struct signature *s = NULL;
	json_t *r;

	if (!death.pending)
		return;
	death.pending = false;
	if ((death.phase == ENGINE_LOAD || death.phase == ENGINE_HANDLER) &&
	    death.signature < signature_count)
		s = signatures[death.signature];
	engine.signature = s;
	r = record_new("restart");
	record_string(r, "phase", death.phase < 4 ? phases[death.phase] : "unknown");
	record_string(r, "reason", death_name(death.reason));
	if (engine.start) {
		record_number(r, "generation", engine.start->generation);
		record_number(r, "fault_rip", engine.start->fault_rip);
		record_number(r, "fault_address", engine.start->fault_address);
	}
	if (death.where[0])
		record_string(r, "where", death.where);
	if (s)
		record_number(r, "strikes", engine.memory->entry[s->index].strikes);
	record_string(
		r, "message",
		!s		? "the engine was restarted"
		: death.late	? "the engine was restarted: earlier handlers had used up the time"
		: death.starved ? "the engine was restarted: the processor was kept from this "
				  "signature's handler, by interrupts or by the machine below"
				: "the engine was restarted: this signature ended it");
	if (ev->flags & LVMON_EVF_AGAIN)
		record_event_process(r);
	record_emit(r);
	engine_log("restarted after %s in %s %s %s", death_name(death.reason),
		   death.phase < 4 ? phases[death.phase] : "?", s ? s->name : "", death.where);
	if (s && death.phase == ENGINE_HANDLER && !death.late &&
	    engine.memory->entry[s->index].strikes == STRIKES_LIMIT)
		signature_cooldown(s, true);
	if (s && death.phase == ENGINE_HANDLER && !death.late && death.deny &&
	    (ev->flags & LVMON_EVF_AGAIN))
		deny(DENY_EPERM, "restart", NULL);
	engine.signature = NULL;
}

bool lifecycle_position(uint32_t *signature, uint32_t *ordinal, bool *again)
{
	if (death.phase != ENGINE_HANDLER)
		return false;
	*signature = death.signature;
	*ordinal = death.handler;
	*again = death.late;
	death.phase = ENGINE_IDLE; /* for this event only */
	return true;
}
