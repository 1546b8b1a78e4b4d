/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does any hook want this hit? Each hook may have a selector, a program that the engine compiled
 * (lvisor/select.h). What it reads of the guest and what that means is the engine's affair.
 */
#include "vmm/cpu.h"
#include "vmm/guest/ram.h"
#include "vmm/log.h"
#include "vmm/monitor/internal.h"
#include "vmm/string.h"
#include <lvisor/select_run.h>

#define POOL_SLOTS  8192u
#define KERNEL_HALF BIT(63)

/*
 * All selectors lie in one pool. A block begins with a slot that says how many follow, and how many
 * hooks use them: hooks with the same program share it.
 */
union slot {
	struct lvmon_sel sel;
	struct {
		u32 users; /* 0: free */
		u32 slots;
	} block;
};

static union slot pool[POOL_SLOTS + 2]; /* see select_run.h */
static struct lvmon_task task_pointer;	/* direct_map 0: not known */

/* The guest's largest range of RAM in its direct map, where LVMON_SEL_MOST bytes can be read. */
static struct {
	gva_t first;
	u64 size;
	const u8 *at;
	u64 current; /* GS_BASE + this: from first to the pointer to the current task */
} near;

static u32 behind(u32 block)
{
	return block + 1 + pool[block].block.slots;
}

static void merge_free_blocks(void)
{
	for (u32 at = 0; at < POOL_SLOTS; at = behind(at))
		while (!pool[at].block.users && behind(at) < POOL_SLOTS &&
		       !pool[behind(at)].block.users)
			pool[at].block.slots += 1 + pool[behind(at)].block.slots;
}

static bool is_program(u32 block, const struct lvmon_sel *program, u32 slots)
{
	return pool[block].block.users && pool[block].block.slots == slots &&
	       !memcmp(&pool[block + 1], program, slots * sizeof(*program));
}

/* The block that holds the program already, or a free one that has room. POOL_SLOTS: none. */
static u32 find_block(const struct lvmon_sel *program, u32 slots)
{
	u32 room = POOL_SLOTS;

	for (u32 at = 0; at < POOL_SLOTS; at = behind(at)) {
		if (is_program(at, program, slots))
			return at;
		if (room == POOL_SLOTS && !pool[at].block.users && pool[at].block.slots >= slots)
			room = at;
	}
	return room;
}

static void fill_block(u32 block, const struct lvmon_sel *program, u32 slots)
{
	u32 left = pool[block].block.slots - slots;

	memcpy(&pool[block + 1], program, slots * sizeof(*program));
	pool[block].block.slots = slots;
	if (left)
		pool[behind(block)].block.slots = left - 1;
	if (left)
		pool[behind(block)].block.users = 0;
}

s64 selector_add(const struct lvmon_sel *program, u32 slots, struct selector *selector)
{
	const char *wrong;
	u32 at;

	*selector = (struct selector){0};
	if (!slots)
		return 0;
	wrong = select_verify(program, slots, &at);
	if (wrong) {
		log_limited("a selector is refused: slot %u: %s", at, wrong);
		return -EINVAL;
	}
	if (!pool[0].block.slots)
		pool[0].block.slots = POOL_SLOTS - 1;
	at = find_block(program, slots);
	if (at == POOL_SLOTS)
		return -ENOSPC;
	if (!pool[at].block.users)
		fill_block(at, program, slots);
	pool[at].block.users++;
	selector->start = (u32)((at + 1) * sizeof(*pool));
	selector->end = selector->start + slots * (u32)sizeof(*pool);
	return 0;
}

void selector_remove(struct selector selector)
{
	if (selector.end && !--pool[selector.start / sizeof(*pool) - 1].block.users)
		merge_free_blocks();
}

s64 task_set(const struct lvmon_task *request)
{
	if (!(request->direct_map & KERNEL_HALF))
		return -EINVAL;
	task_pointer = *request;
	near.first = request->direct_map + guest_ram[0].gpa;
	near.size = guest_ram[0].size & PAGE_MASK;
	near.size -= near.size ? LVMON_SEL_MOST - 1 : 0;
	near.at = guest_ram_ptr(guest_ram[0].gpa);
	near.current = request->current_offset - near.first;
	return 0;
}

void task_forget(void)
{
	task_pointer.direct_map = 0;
	near.size = 0;
}

static inline bool direct(gva_t va, const void **at)
{
	u64 offset = va - near.first;

	*at = near.at + offset;
	return likely(offset < near.size);
}

static gva_t slow_path walk_to_task(const struct vcpu_paging *paging)
{
	gva_t task;

	if (!task_pointer.direct_map ||
	    guest_read_word(paging, paging->gs_base + task_pointer.current_offset, &task))
		return 0;
	return task;
}

/* A CPU's area lies in the direct map: a subtraction instead of a walk. */
static inline bool direct_task(const struct vcpu_paging *paging, gva_t *task)
{
	u64 offset = paging->gs_base + near.current;

	if (unlikely(offset >= near.size))
		return false;
	*task = load64(near.at + offset);
	return true;
}

gva_t current_task(const struct vcpu_paging *paging)
{
	gva_t task;

	return direct_task(paging, &task) ? task : walk_to_task(paging);
}

struct slow_context {
	const struct vcpu *vcpu;
	const struct vcpu_paging *paging;
};

static bool slow_reg(const void *context, u64 what, u64 *value)
{
	const struct slow_context *c = context;

	if (what >= LVMON_SEL_KNOWN)
		return false;
	switch (what) {
	case LVMON_SEL_CR3:
		*value = c->paging->cr3;
		break;
	case LVMON_SEL_GS_BASE:
		*value = c->paging->gs_base;
		break;
	case LVMON_SEL_CPU:
		*value = c->vcpu->cpu->id;
		break;
	default:
		*value = c->vcpu->regs[what];
	}
	return true;
}

static bool slow_read(const void *context, gva_t va, void *to, u32 size)
{
	gpa_t gpa = va - task_pointer.direct_map;

	if (!task_pointer.direct_map || !guest_ram_has(gpa, size))
		return !guest_read(((const struct slow_context *)context)->paging, va, to, size);
	memcpy(to, guest_ram_ptr(gpa), size);
	return true;
}

static inline const struct lvmon_sel *in_pool(u32 offset)
{
	return (const void *)((const u8 *)pool + offset);
}

static bool slow_path selected_slowly(const struct vcpu *vcpu, const struct vcpu_paging *paging,
				      struct selector selector)
{
	static const struct select_guest guest = {slow_reg, direct, slow_read};
	const struct slow_context context = {vcpu, paging};
	u64 result;

	return !select_run(in_pool(selector.start), in_pool(selector.end), current_task(paging),
			   &guest, &context, &result) ||
	       result;
}

static inline bool quick_reg(const void *vcpu, u64 what, u64 *value)
{
	if (what >= LVMON_NR_EVENT_REGS)
		return false;
	*value = ((const struct vcpu *)vcpu)->regs[what];
	return true;
}

static inline bool quick_read(const void *vcpu, gva_t va, void *to, u32 size)
{
	return false;
}

/*
 * Memory is nearly always in the direct map. So first a run without function calls, for which it
 * would have to save registers. 1, 0, or -1: it needs more and is to begin again.
 */
static int __attribute__((noinline))
selected_quickly(const struct vcpu *vcpu, const struct vcpu_paging *paging,
		 struct selector selector)
{
	static const struct select_guest guest = {quick_reg, direct, quick_read};
	gva_t task;
	u64 result;

	if (direct_task(paging, &task) &&
	    select_run(in_pool(selector.start), in_pool(selector.end), task, &guest, vcpu, &result))
		return result != 0;
	return -1;
}

static inline bool selected(const struct vcpu *vcpu, const struct vcpu_paging *paging,
			    struct selector selector)
{
	int quick = selected_quickly(vcpu, paging, selector);

	return quick && (quick > 0 || selected_slowly(vcpu, paging, selector));
}

/*
 * Without the engine's lock, another CPU may be at the list: what is read here was a hook's at some
 * time, and the program may be half another one (lvisor/select_run.h).
 */
bool trap_wanted(const struct vcpu *vcpu, const struct vcpu_paging *paging, const struct trap *trap)
{
	struct selector selector;

	for (const struct hook *hook = trap->hooks; hook; hook = hook->next) {
		selector.both = __atomic_load_n(&hook->selector.both, __ATOMIC_RELAXED);
		if (!selector.end || selected(vcpu, paging, selector))
			return true;
	}
	return false;
}
