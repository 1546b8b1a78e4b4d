/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks. A hook belongs to a signature and stands on one trap or several ("execve" is up to six
 * kernel functions). At each trap the hooks are kept in the order of their signatures, and of their
 * making within one: handlers run in that order, and a successor of a dead engine finds the same
 * order again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/events/coroutine.h"
#include "engine/events/hooks.h"
#include "engine/events/kinds.h"
#include "engine/events/lifted.h"
#include "engine/events/sites.h"
#include "engine/signature/record.h"

#define BUCKETS 256

static struct hook_trap *buckets[BUCKETS];
static struct hook *all;
static size_t hook_total;
static bool pending;

static struct hook_trap **bucket(uint64_t key)
{
	return &buckets[(key * 0x9e3779b97f4a7c15ull) >> 56];
}

struct hook_trap *hooks_trap(uint64_t key)
{
	struct hook_trap *t = *bucket(key);

	while (t && t->key != key)
		t = t->next;
	return t;
}

/* The place with this key, for a hook with this selection. */
static struct hook_trap *make_trap(uint64_t key, const struct selection *selection)
{
	struct hook_trap *t = hooks_trap(key), **to = bucket(key);

	if (t) {
		if (memcmp(&t->selection, selection, sizeof(*selection)))
			t->mixed = true;
		return t;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->key = key;
	t->selection = *selection;
	/* An event may have been selected by a hook that a dead engine had here. */
	t->mixed = engine.start && engine.start->generation > 0;
	t->next = *to;
	*to = t;
	return t;
}

void hooks_close(void)
{
	size_t i;

	signatures_close();
	lifted_forget();
	for (i = 0; i < BUCKETS; i++) {
		while (buckets[i]) {
			struct hook_trap *t = buckets[i];

			buckets[i] = t->next;
			free(t);
		}
	}
}

/* Is a before (signature, ordinal)? */
static bool before(const struct hook_site *a, uint32_t signature, uint32_t ordinal)
{
	if (a->hook->signature->index != signature)
		return a->hook->signature->index < signature;
	return a->hook->ordinal < ordinal;
}

static void insert(struct hook_site *s)
{
	struct hook_site **p = &s->trap->first;

	while (*p && before(*p, s->hook->signature->index, s->hook->ordinal))
		p = &(*p)->next;
	s->next = *p;
	*p = s;
}

static void unlink_site(struct hook_site *s)
{
	struct hook_site **p = &s->trap->first;

	while (*p && *p != s)
		p = &(*p)->next;
	if (*p)
		*p = s->next;
}

/*
 * The numbers are used up, most of them by hooks that are gone: count again. The order stays. (An
 * event that waits for the guest meanwhile, at a hook removed since, may go on at another one.)
 */
static void renumber(struct signature *s)
{
	struct hook *h;

	s->hooks = 0;
	for (h = all; h; h = h->next)
		if (h->signature == s)
			h->ordinal = s->hooks++;
}

int hooks_add(const struct hook *h, struct hook **out, char *error, size_t error_size)
{
	struct hook *n, **last = &all;
	size_t i, j;
	int ret = 0;

	if (h->signature->hooks >= ENGINE_MAX_HOOKS)
		renumber(h->signature);
	if (h->signature->hooks >= ENGINE_MAX_HOOKS)
		return -ENOSPC;
	n = malloc(sizeof(*n));
	if (!n)
		return -ENOMEM;
	*n = *h;
	n->busy = 0;
	n->idle = NULL;
	n->removed = false;
	n->count = 0;
	for (i = 0; i < h->count; i++) {
		struct hook_site *s = &n->site[n->count];
		struct lvmon_hook request = {0};
		uint64_t key = h->site[i].target;

		*s = h->site[i];
		if (engine.mode == ENGINE_LIVE) { /* in a dump a trap of ours may be there */
			ret = h->kind->place(s, &request, error, error_size);
			if (ret && !*error) /* not the function's own fault: no memory, ... */
				snprintf(error, error_size, "%s: %s", s->name, strerror(-ret));
			if (ret)
				continue;
			key = lvmon_hook_key(&request);
		}
		s->vmm_id = 0;
		s->hook = n;
		s->trap = make_trap(key, &n->selection);
		if (!s->trap) {
			free(n);
			return -ENOMEM;
		}
		for (j = 0; j < n->count; j++) /* two names of one function */
			if (n->site[j].trap == s->trap)
				break;
		if (j == n->count)
			n->count++;
	}
	if (!n->count && h->count) {
		free(n);
		return ret;
	}
	n->ordinal = h->signature->hooks++;
	for (i = 0; i < n->count; i++)
		insert(&n->site[i]);
	while (*last)
		last = &(*last)->next;
	*last = n;
	n->next = NULL;
	hook_total++;
	pending = true;
	*out = n;
	return 0;
}

static void release(struct hook *h)
{
	coroutine_drop(h);
	luaL_unref(h->signature->L, LUA_REGISTRYINDEX, h->handler);
	free(h);
}

void hooks_remove(struct hook *h)
{
	struct hook **p = &all;
	size_t i;

	if (h->removed)
		return;
	for (i = 0; i < h->count; i++) {
		unlink_site(&h->site[i]);
		if (h->site[i].vmm_id)
			backend->hook_remove(h->site[i].vmm_id);
	}
	while (*p != h)
		p = &(*p)->next;
	*p = h->next;
	hook_total--;
	h->removed = true;
	if (!h->busy)
		release(h);
}

void hooks_drop(struct signature *s)
{
	struct hook *h, *next;

	for (h = all; h; h = next) {
		next = h->next;
		if (h->signature == s)
			hooks_remove(h);
	}
}

void hook_put(struct hook *h)
{
	if (--h->busy == 0 && h->removed)
		release(h);
}

static int arm(struct hook_site *s)
{
	struct lvmon_sel program[SELECT_SLOTS];
	struct lvmon_hook request = {0};
	char error[160];
	int ret;

	ret = s->hook->kind->place(s, &request, error, sizeof(error));
	if (ret)
		return ret;
	request.selector = program;
	request.selector_slots = select_compile(&s->hook->selection, program);
	ret = backend->hook_add(&request);
	if (ret <= 0)
		return ret ? ret : -EINVAL;
	s->vmm_id = (uint32_t)ret;
	return 0;
}

static void report_arm(const struct hook_site *s, int error)
{
	struct signature *outer = engine.signature;
	json_t *r;

	engine.signature = s->hook->signature;
	r = record_new("error");
	if (r) {
		json_object_set_new(r, "phase", json_string("hook"));
		record_string(r, "hook", s->name);
		record_string(r, "message", "the trap could not be armed");
		record_string(r, "reason", strerror(-error));
	}
	record_emit(r);
	engine_log("%s: no trap at %s: %s", s->hook->signature->name, s->name, strerror(-error));
	engine.signature = outer;
}

void hooks_flush(void)
{
	struct hook *h;
	size_t i;
	int ret;

	if (!pending || engine.mode != ENGINE_LIVE)
		return;
	pending = false;
	ret = sites_store();
	if (ret)
		engine_log("what was found could not be stored: %s", strerror(-ret));
	for (h = all; h; h = h->next) {
		for (i = 0; i < h->count; i++) {
			if (h->site[i].vmm_id)
				continue;
			ret = arm(&h->site[i]);
			if (ret)
				report_arm(&h->site[i], ret);
		}
	}
}

struct hook_site *hooks_next(const struct hook_trap *trap, uint32_t signature, uint32_t ordinal,
			     bool again)
{
	struct hook_site *s = trap->first;

	while (s && before(s, signature, ordinal))
		s = s->next;
	if (s && !again && s->hook->signature->index == signature && s->hook->ordinal == ordinal)
		s = s->next;
	return s;
}

size_t hooks_count(void)
{
	return hook_total;
}
