/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hook list: a hash of traps by guest-virtual address, each with the hooks that want it. Arming
 * a trap writes INT3 over the first byte of the instruction, after a look that the bytes are those
 * which the engine decoded.
 */
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/monitor/internal.h"
#include "vmm/smp.h"
#include "vmm/string.h"
#include "vmm/time.h"

#define MAX_TRAPS     1024
#define MAX_HOOKS     4096
#define BUCKETS	      256
#define INT3	      0xcc
#define KERNEL_HALF   BIT(63)
#define SETTLE_NS     100000000ull
#define BUDGET_MS_MAX 60000u /* an engine that was taken over would ask for years */

static struct trap traps[MAX_TRAPS];
static struct hook hooks[MAX_HOOKS];
static struct trap *buckets[BUCKETS];
static u32 last_id, used_traps; /* last_id <= INT32_MAX */
static u32 version;
static u64 settle_at; /* the least of the traps' */

bool traps_unsettled;

u32 hooklist_version(void)
{
	return __atomic_load_n(&version, __ATOMIC_ACQUIRE);
}

static void change_begins(void)
{
	__atomic_store_n(&version, version + 1, __ATOMIC_SEQ_CST);
}

static void change_ends(void)
{
	__atomic_store_n(&version, version + 1, __ATOMIC_SEQ_CST);
}

static struct trap **bucket_of(gva_t gva)
{
	return &buckets[(gva ^ gva >> 8) % BUCKETS];
}

struct trap *trap_find(gva_t gva)
{
	struct trap *t = *bucket_of(gva);

	while (t && t->gva != gva)
		t = t->next;
	return t;
}

bool any_traps(void)
{
	return used_traps != 0;
}

static int write_byte(gpa_t gpa, u8 byte)
{
	return guest_ram_write(gpa, &byte, 1);
}

static bool insn_valid(const struct lvmon_insn *insn)
{
	return insn->length >= 1 && insn->length <= 15 && insn->kind < LVMON_INSN_KINDS &&
	       insn->reg <= LVMON_R15 && insn->base <= LVMON_R15 &&
	       (insn->width == 4 || insn->width == 8 || insn->kind == LVMON_INSN_OTHER ||
		insn->kind == LVMON_INSN_NOP || insn->kind == LVMON_INSN_PUSH ||
		insn->kind == LVMON_INSN_SUB_RSP);
}

/* A CPU that was translating the place just now has not seen the INT3. */
static void settle_later(struct trap *t)
{
	if (smp_cpus == 1)
		return;
	t->settle_at = time_ns() + SETTLE_NS;
	if (!traps_unsettled)
		settle_at = t->settle_at;
	traps_unsettled = true;
}

static struct trap *trap_create(const struct lvmon_trap *request, s64 *err)
{
	struct trap *t = traps, **bucket = bucket_of(request->gva);

	*err = -EFAULT;
	if (!guest_ram_has(request->gpa, request->insn.length))
		return NULL;
	*err = -EBUSY; /* somebody else's breakpoint, or code that changed meanwhile */
	if (request->insn.bytes[0] == INT3 ||
	    memcmp(guest_ram_ptr(request->gpa), request->insn.bytes, request->insn.length))
		return NULL;
	*err = -ENOSPC;
	while (t < traps + MAX_TRAPS && t->gva)
		t++;
	if (t == traps + MAX_TRAPS)
		return NULL;
	*err = write_byte(request->gpa, INT3);
	if (*err)
		return NULL;
	*t = (struct trap){.gva = request->gva,
			   .gpa = request->gpa,
			   .insn = request->insn,
			   .next = *bucket,
			   .entry_size = request->entry_size};
	memcpy(t->entry, request->entry, sizeof(t->entry));
	*bucket = t;
	used_traps++;
	settle_later(t);
	return t;
}

/* What is fetched at the trap's address. The byte alone put back: the trap is set again. */
static u32 look(const struct vcpu_paging *paging, struct trap *t)
{
	const u8 *code = guest_ram_ptr(t->gpa);
	gpa_t gpa;

	/* KPTI: a process's tables do not have the kernel's text. */
	if (guest_walk(paging->cr3, paging->la57, t->gva, &gpa))
		return t->state;
	if (gpa != t->gpa)
		return LVMON_TRAP_MOVED;
	if (*code == INT3)
		return memcmp(code - t->entry_size, t->entry, t->entry_size) ? LVMON_TRAP_ENTRY
									     : LVMON_TRAP_THERE;
	if (memcmp(code, t->insn.bytes, t->insn.length) || write_byte(t->gpa, INT3))
		return LVMON_TRAP_OVERWRITTEN;
	settle_later(t);
	return LVMON_TRAP_RESTORED;
}

/* LVMON_TRAP_ENTRY is for the engine to judge, which tells the kernel's own tracers from others. */
static bool to_be_told(u32 before, u32 now)
{
	if (now == LVMON_TRAP_THERE)
		return before == LVMON_TRAP_ENTRY;
	return now != before || now == LVMON_TRAP_ENTRY;
}

struct trap *trap_changed(const struct vcpu_paging *paging, u32 *left)
{
	static u32 position;

	while (*left) {
		struct trap *t = &traps[position++ % MAX_TRAPS];
		u32 before = t->state;

		--*left;
		if (!t->gva)
			continue;
		t->state = look(paging, t);
		if (to_be_told(before, t->state))
			return t;
	}
	return NULL;
}

static void remove_unused(struct trap *trap)
{
	struct trap **link = bucket_of(trap->gva);

	if (trap->hooks || trap->users)
		return;
	if (!trap->insn.length) {
		register_forget(trap);
		return;
	}
	/* Unless the guest has written something else there. */
	if (*(const volatile u8 *)guest_ram_ptr(trap->gpa) == INT3)
		/* Armed memory stays RAM: this cannot fail. */
		(void)!write_byte(trap->gpa, trap->insn.bytes[0]);
	while (*link != trap)
		link = &(*link)->next;
	*link = trap->next;
	trap->gva = 0;
	used_traps--;
}

static struct trap *trap_place(const struct lvmon_trap *place, s64 *err)
{
	struct trap *trap = trap_find(place->gva);

	*err = -EINVAL;
	if (!(place->gva & KERNEL_HALF) || !insn_valid(&place->insn) ||
	    place->entry_size > LVMON_ENTRY_SIZE ||
	    place->entry_size > (place->gpa & (PAGE_SIZE - 1)))
		return NULL;
	if (!trap)
		return trap_create(place, err);
	*err = -EBUSY;
	return trap->gpa != place->gpa || memcmp(&trap->insn, &place->insn, sizeof(trap->insn))
		       ? NULL
		       : trap;
}

static struct trap *place_of(const struct lvmon_hook *request, s64 *err)
{
	*err = -EINVAL;
	if (request->kind == LVMON_HOOK_TRAP)
		return trap_place(&request->trap, err);
	return request->kind == LVMON_HOOK_REGISTER ? register_place(&request->reg, err) : NULL;
}

static s64 add_hook(const struct lvmon_hook *request)
{
	struct selector selector;
	struct trap *trap;
	struct hook *hook = hooks;
	u32 budget = request->budget_ms < BUDGET_MS_MAX ? request->budget_ms : BUDGET_MS_MAX;
	s64 err;

	while (hook < hooks + MAX_HOOKS && hook->id)
		hook++;
	if (hook == hooks + MAX_HOOKS)
		return -ENOSPC;
	err = selector_add(request->selector, request->selector_slots, &selector);
	if (err)
		return err;
	trap = place_of(request, &err);
	if (!trap) {
		selector_remove(selector);
		return err;
	}
	/* After the last one comes 1: 0 is no id. */
	last_id = last_id % INT32_MAX + 1;
	*hook = (struct hook){.id = last_id,
			      .selector = selector,
			      .budget_ms = budget,
			      .trap = trap,
			      .next = trap->hooks};
	trap->hooks = hook;
	if (budget > trap->budget_ms)
		trap->budget_ms = budget;
	return hook->id;
}

s64 hook_add(const struct lvmon_hook *request)
{
	s64 id;

	change_begins();
	id = add_hook(request);
	change_ends();
	return id;
}

static void remove_hook(struct hook *hook)
{
	struct hook **link = &hook->trap->hooks;
	u32 budget_ms = 0;

	while (*link != hook)
		link = &(*link)->next;
	change_begins();
	*link = hook->next;
	hook->id = 0;
	selector_remove(hook->selector);
	for (const struct hook *h = hook->trap->hooks; h; h = h->next)
		if (h->budget_ms > budget_ms)
			budget_ms = h->budget_ms;
	hook->trap->budget_ms = budget_ms;
	remove_unused(hook->trap);
	change_ends();
}

s64 hook_remove(u32 id)
{
	for (struct hook *hook = hooks; id && hook < hooks + MAX_HOOKS; hook++) {
		if (hook->id == id) {
			remove_hook(hook);
			return 0;
		}
	}
	return -ENOENT;
}

void hook_remove_all(void)
{
	for (struct hook *hook = hooks; hook < hooks + MAX_HOOKS; hook++)
		if (hook->id)
			remove_hook(hook);
}

void trap_get(struct trap *trap)
{
	trap->users++;
}

void trap_put(struct trap *trap)
{
	trap->users--;
	if (trap->hooks || trap->users)
		return;
	change_begins();
	remove_unused(trap);
	change_ends();
}

bool traps_old_enough(void)
{
	return time_ns() >= settle_at;
}

void traps_settle(void)
{
	u64 now = time_ns(), next = UINT64_MAX;

	for (struct trap *t = traps; t < traps + MAX_TRAPS; t++) {
		if (!t->gva || !t->settle_at)
			continue;
		if (t->settle_at > now) {
			next = t->settle_at < next ? t->settle_at : next;
			continue;
		}
		guest_ram_touch(t->gpa);
		t->settle_at = 0;
	}
	settle_at = next;
	traps_unsettled = next != UINT64_MAX;
}
