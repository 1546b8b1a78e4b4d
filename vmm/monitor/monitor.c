/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hook monitor: from an exit to an event, from a verdict back to the guest.
 * docs/architecture.md follows one event through this file.
 */
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/guest/walk.h"
#include "vmm/hold.h"
#include "vmm/log.h"
#include "vmm/monitor/internal.h"
#include "vmm/smp.h"
#include "vmm/string.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"

#define KERNEL_HALF BIT(63)
#define INT3	    0xcc
#define LOOK_MS	    100u

static struct vcpu *current_vcpu;
static u32 default_budget, discovery_budget;
static u64 sequence;
static bool kernel_up;

u64 monitor_look_at = UINT64_MAX;

struct vcpu *event_vcpu(void)
{
	return current_vcpu;
}

void monitor_init(struct vcpu *vcpu, u32 budget_ms, u32 discovery_ms, bool watch)
{
	default_budget = budget_ms;
	discovery_budget = discovery_ms;
	/* Without signatures there is nothing to discover for: the guest runs untouched. */
	if (watch)
		vcpu_ops->intercept_lstar(vcpu, true);
}

static void fill_event(struct vcpu *vcpu, const struct vcpu_paging *paging,
		       struct lvmon_event *event, u32 kind)
{
	memcpy(event->regs, vcpu->regs, sizeof(event->regs));
	event->kind = kind;
	event->flags = 0;
	event->sequence = sequence++;
	event->time_ns = time_wall_ns();
	event->cpu = vcpu->cpu->id;
	event->hook = 0;
	event->task = current_task(paging);
	event->cr3 = paging->cr3;
	event->gs_base = paging->gs_base;
	vcpu_ops->get_event_regs(vcpu, event);
	event->call.result = 0;
	event->call.id = 0;
	event->call.reserved = 0;
	event->written.limit = 0;
	event->written.reserved = 0;
}

/* Another CPU's interception cannot be changed while it runs: there it is always on. */
static void set_interception(struct vcpu *vcpu)
{
	bool on = smp_cpus > 1 || any_traps();

	if (likely(on == vcpu->breakpoints_exit))
		return;
	vcpu->breakpoints_exit = on;
	vcpu_ops->intercept_breakpoints(vcpu, on);
}

static int send(struct vcpu *vcpu, struct lvmon_event *event, u32 budget_ms,
		struct lvmon_verdict *verdict)
{
	int err;

	current_vcpu = vcpu;
	err = domain_handle(event, budget_ms, verdict);
	current_vcpu = NULL;
	pause_end(); /* if the engine has not */
	set_interception(vcpu);
	if (any_traps() && monitor_look_at == UINT64_MAX)
		monitor_look_at = vcpu->entered + LOOK_MS * time_tsc_per_ms();
	return err;
}

void monitor_lstar_written(struct vcpu *vcpu)
{
	struct vcpu_paging paging;
	struct lvmon_event event;
	struct lvmon_verdict verdict;

	if (kernel_up || !(vcpu_ops->get_reg(vcpu, LVMON_LSTAR) & KERNEL_HALF))
		return;
	kernel_up = true;
	vcpu_ops->intercept_lstar(vcpu, false);
	vcpu_ops->get_paging(vcpu, &paging);
	fill_event(vcpu, &paging, &event, LVMON_EV_KERNEL_UP);
	while (!smp_lock_engine())
		if (vcpu->cpu->hold)
			hold_obey(vcpu->cpu);
	if (send(vcpu, &event, discovery_budget, &verdict))
		log_limited("the engine is not available: this guest runs unwatched");
	smp_unlock_engine();
}

/*
 * The hooked function returns value at once, never having run. False: its stack lies in memory that
 * came after the start.
 */
static bool return_early(struct vcpu *vcpu, const struct vcpu_paging *paging, u64 value)
{
	u64 *regs = vcpu->regs, return_to;

	if (guest_read_word(paging, regs[LVMON_RSP], &return_to) ||
	    !canonical(return_to, paging->la57))
		return false;
	regs[LVMON_RAX] = value;
	regs[LVMON_RSP] += 8;
	vcpu_retire(vcpu, return_to);
	return true;
}

/* The kernel makes room for another one, on this CPU; its other tasks have stopped for ever. */
static void slow_path forget_kernel(struct vcpu *vcpu)
{
	domain_forget();
	guest_calls_forget();
	hook_remove_all();
	task_forget();
	kernel_up = false;
	vcpu_ops->intercept_lstar(vcpu, true);
}

/* Deliver the event and do as the engine says, until the guest goes on. */
static void deliver(struct vcpu *vcpu, const struct vcpu_paging *paging, struct trap *trap,
		    struct lvmon_event *event)
{
	u32 budget = trap->budget_ms ? trap->budget_ms : default_budget;
	struct lvmon_verdict verdict;

	for (;;) {
		if (send(vcpu, event, budget, &verdict))
			break;
		if (verdict.kind == LVMON_RETURN && trap->insn.length &&
		    return_early(vcpu, paging, verdict.value))
			return;
		if (verdict.kind == LVMON_RETURN)
			log_limited("the call at %lx could not be refused and goes on",
				    event->hook);
		if (verdict.kind == LVMON_NEW_KERNEL)
			forget_kernel(vcpu);
		if (verdict.kind != LVMON_CALL_GUEST)
			break;
		event->call.result = (u64)(s64)guest_call_start(vcpu, paging, trap, &verdict);
		if (!event->call.result)
			return;
		/* It could not be started: the engine hears that as the result. */
		event->kind = LVMON_EV_CALL_DONE;
		event->flags = 0;
		event->call.id = verdict.call;
		event->sequence = sequence++;
	}
	/* A signature may have set RIP: then there is nothing to make up for. */
	if (vcpu->regs[LVMON_RIP] == event->hook && trap->insn.length)
		finish_trap(vcpu, paging, trap);
}

/* A hit that somebody waits for, under the engine's lock. */
static void handle_hit(struct vcpu *vcpu, const struct vcpu_paging *paging, struct trap *trap)
{
	struct lvmon_event event;
	bool wanted = true;
	u64 result;
	u32 call;

	trap_get(trap);
	if (trap->calls && guest_call_returned(vcpu, paging, trap, &call, &result)) {
		fill_event(vcpu, paging, &event, LVMON_EV_CALL_DONE);
		event.call.id = call;
		event.call.result = result;
	} else if (trap_wanted(vcpu, paging, trap)) {
		fill_event(vcpu, paging, &event, LVMON_EV_HOOK);
	} else {
		wanted = false;
	}
	if (wanted) {
		event.hook = trap->gva;
		deliver(vcpu, paging, trap, &event);
	} else {
		finish_trap(vcpu, paging, trap);
	}
	trap_put(trap);
}

/* It cannot be put off: the write is done. */
void register_written(struct vcpu *vcpu, const struct register_write *write)
{
	u32 version = hooklist_version();
	struct trap *place = register_find(write->key);
	struct vcpu_paging paging;
	struct lvmon_event event;

	vcpu_ops->get_paging(vcpu, &paging);
	if ((!place || !trap_wanted(vcpu, &paging, place)) && !(version & 1) &&
	    hooklist_version() == version)
		return;
	while (!smp_lock_engine())
		if (vcpu->cpu->hold)
			hold_obey(vcpu->cpu);
	place = register_find(write->key);
	if (place && trap_wanted(vcpu, &paging, place)) {
		fill_event(vcpu, &paging, &event, LVMON_EV_HOOK);
		event.hook = write->key;
		event.written.old = write->old;
		event.written.value = write->value;
		event.written.limit = write->limit;
		trap_get(place);
		deliver(vcpu, &paging, place, &event);
		trap_put(place);
	}
	smp_unlock_engine();
}

static void look(struct vcpu *vcpu, const struct vcpu_paging *paging);

/*
 * When another CPU has the engine for long, the guest meets the trap again: its interrupts are
 * served meanwhile.
 */
static void __attribute__((noinline))
take_hit(struct vcpu *vcpu, const struct vcpu_paging *paging, struct trap *trap, u32 version)
{
	if (!smp_lock_engine())
		return;
	/* It may be gone by now: then so is its INT3. */
	if (unlikely(hooklist_version() != version))
		trap = trap_find(vcpu->regs[LVMON_RIP]);
	if (trap)
		handle_hit(vcpu, paging, trap);
	if (unlikely(vcpu->entered >= monitor_look_at))
		look(vcpu, paging);
	smp_unlock_engine();
}

/* No trap at rip. Is there an INT3 of the guest's own, or has ours just been taken away? */
static bool __attribute__((noinline))
is_guests_own(struct vcpu *vcpu, const struct vcpu_paging *paging, gva_t rip, u32 version)
{
	u8 byte = INT3;

	if (vcpu_ops->soft_int_is_long(vcpu))
		return true;
	(void)!guest_read(paging, rip, &byte, 1);
	if (byte != INT3)
		guest_touch(paging, rip);
	return byte == INT3 && hooklist_version() == version;
}

bool monitor_breakpoint(struct vcpu *vcpu, gva_t rip)
{
	u32 version = hooklist_version();
	struct trap *trap;
	struct vcpu_paging paging;

	if (version & 1)
		return true; /* in the middle of a change: again */
	trap = trap_find(rip);
	vcpu_ops->get_paging(vcpu, &paging);
	if (!trap)
		return !is_guests_own(vcpu, &paging, rip, version);
	if (trap->calls || trap_wanted(vcpu, &paging, trap)) {
		take_hit(vcpu, &paging, trap, version);
	} else if (smp_cpus == 1) {
		finish_trap(vcpu, &paging, trap);
	} else {
		struct trap copy = *trap;

		if (copy.gva == rip && hooklist_version() == version)
			finish_trap(vcpu, &paging, &copy);
	}
	return true;
}

/* With the engine's lock. Each change is an event; the engine may take hooks away meanwhile. */
static void look(struct vcpu *vcpu, const struct vcpu_paging *paging)
{
	struct lvmon_verdict verdict;
	struct lvmon_event event;
	u32 left = TRAPS_A_LOOK;
	struct trap *trap;

	monitor_look_at = any_traps() ? vcpu->entered + LOOK_MS * time_tsc_per_ms() : UINT64_MAX;
	while ((trap = trap_changed(paging, &left))) {
		fill_event(vcpu, paging, &event, LVMON_EV_TRAP_CHANGED);
		event.hook = trap->gva;
		event.trap.state = trap->state;
		trap_get(trap);
		(void)!send(vcpu, &event, default_budget, &verdict);
		trap_put(trap);
	}
}

void slow_path monitor_look_again(struct vcpu *vcpu)
{
	struct vcpu_paging paging;

	/* A CPU that starts has no kernel mapped, and one that is called out is waited for. */
	if (!(vcpu_ops->get_reg(vcpu, LVMON_EFER) & EFER_LMA) || vcpu->cpu->hold ||
	    !smp_try_engine())
		return;
	vcpu_ops->get_paging(vcpu, &paging);
	look(vcpu, &paging);
	smp_unlock_engine();
}

void monitor_settle(void)
{
	if (!traps_old_enough() || !smp_lock_engine())
		return;
	if (traps_old_enough())
		traps_settle();
	smp_unlock_engine();
}

void monitor_domain_died(void)
{
	pause_end();
	hook_remove_all();
}
