/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the monitor, for each other. */
#ifndef VMM_MONITOR_INTERNAL_H
#define VMM_MONITOR_INTERNAL_H

#include "vmm/monitor/monitor.h"
#include <lvisor/select.h>

/* hooklist.c: traps by address, and the hooks on each. */

/*
 * A program in select.c's pool, in one word: read at any moment, it was a program's at some time.
 */
struct selector {
	union {
		struct {
			u32 start, end; /* bytes; 0: there is none, each hit is wanted */
		};
		u64 both;
	};
};

struct hook {
	u32 id; /* 0: free */
	struct selector selector;
	u32 budget_ms;
	struct trap *trap;
	struct hook *next; /* on the same trap */
};

/* Or the place of a register's hooks: gva is their key then, and insn.length 0. */
struct trap {
	gva_t gva; /* 0: free */
	gpa_t gpa;
	struct lvmon_insn insn;
	u32 budget_ms;
	u32 calls;     /* guest calls that will return through it */
	u32 users;     /* these, and the hit being handled: the trap stays until zero */
	u64 settle_at; /* time_ns() from which it is to be touched; 0: it was */
	u32 state;     /* enum lvmon_trap_state, when last looked at */
	struct hook *hooks;
	struct trap *next; /* in the hash */
	u32 entry_size;
	u8 entry[LVMON_ENTRY_SIZE]; /* see struct lvmon_trap */
};

/*
 * The list changes only under the engine's lock, but hits look into it without: the version is odd
 * during a change and another one after it, and what was read in between counts for nothing.
 */
u32 hooklist_version(void);

/* NULL: not ours. */
struct trap *trap_find(gva_t gva);
/* LVMON_HOOK_ADD (the selector is in our memory already), LVMON_HOOK_REMOVE */
s64 hook_add(const struct lvmon_hook *request);
s64 hook_remove(u32 id);
void hook_remove_all(void);
/* Hold a trap, and let go of it: it is taken away when nobody and no hook needs it. */
void trap_get(struct trap *trap);
void trap_put(struct trap *trap);
bool any_traps(void);
/* Is any new trap old enough to be touched (see monitor_settle())? Touch those; with the engine's
 * lock. */
bool traps_old_enough(void);
void traps_settle(void);

#define TRAPS_A_LOOK 64u

/*
 * Goes on with a look at some of the traps, as this address space has them: *left begins as
 * TRAPS_A_LOOK. One whose state is to be told (LVMON_EV_TRAP_CHANGED), or NULL. With the engine's
 * lock.
 */
struct trap *trap_changed(const struct vcpu_paging *paging, u32 *left);

/* register.c */

/* The place of hooks on a register, a new one if need be; NULL: *err. */
struct trap *register_place(const struct lvmon_register *reg, s64 *err);
struct trap *register_find(u64 key);
/* No hook needs it. */
void register_forget(struct trap *place);

/* monitor.c: the event of a register's hooks, if one wants it. */
struct register_write {
	u64 key, old, value;
	u32 limit;
};
void register_written(struct vcpu *vcpu, const struct register_write *write);

/* select.c */

/* Verifies and keeps it; no slots, no selector. 0, -EINVAL or -ENOSPC. */
s64 selector_add(const struct lvmon_sel *program, u32 slots, struct selector *selector) must_check;
void selector_remove(struct selector selector);
/* LVMON_SET_TASK */
s64 task_set(const struct lvmon_task *request);
void task_forget(void);
/* Current task_struct, or 0. */
gva_t current_task(const struct vcpu_paging *paging);
/* Does any hook of the trap want this hit? */
bool trap_wanted(const struct vcpu *vcpu, const struct vcpu_paging *paging,
		 const struct trap *trap);

/* access.c: guest memory by virtual address, kernel mode. */

int guest_read(const struct vcpu_paging *paging, gva_t va, void *to, u64 size) must_check;
int guest_write(const struct vcpu_paging *paging, gva_t va, const void *from, u64 size) must_check;
int guest_read_word(const struct vcpu_paging *paging, gva_t va, u64 *word) must_check;
int guest_write_word(const struct vcpu_paging *paging, gva_t va, u64 word) must_check;
/* See guest_ram_touch(). */
void guest_touch(const struct vcpu_paging *paging, gva_t va);

/* emulate.c: go on behind the trap, as if the instruction stood there. */
void finish_trap(struct vcpu *vcpu, const struct vcpu_paging *paging, const struct trap *trap);

/* guest_call.c */

/* LVMON_CALL_GUEST at the trap. 0, or -E...: nothing was changed. */
int guest_call_start(struct vcpu *vcpu, const struct vcpu_paging *paging, struct trap *trap,
		     const struct lvmon_verdict *verdict) must_check;
/*
 * Is this hit the return of a call? Then the registers are restored. The engine that asked for it
 * may be dead: its successor sees by the number that it did not ask.
 */
bool guest_call_returned(struct vcpu *vcpu, const struct vcpu_paging *paging, struct trap *trap,
			 u32 *call, u64 *result) must_check;
/* None of them will return. */
void guest_calls_forget(void);

/* monitor.c: the vCPU that the current event is about. */
struct vcpu *event_vcpu(void);

#endif
