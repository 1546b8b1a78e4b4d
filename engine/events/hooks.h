/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of signatures and the traps they stand on. */
#ifndef ENGINE_EVENTS_HOOKS_H
#define ENGINE_EVENTS_HOOKS_H

#include "engine/engine.h"
#include "engine/events/select.h"
#include "engine/linux/linux.h"
#include "engine/signature/signature.h"

#define HOOK_NAME_SIZE 64
#define HOOK_SITES_MAX 12

/* Of a system call's function. */
enum hook_abi {
	HOOK_ABI_X64,  /* RDI points to pt_regs; 64-bit arguments */
	HOOK_ABI_IA32, /* the same with the 32-bit registers' order */
	/* No call of a process's: int kernel_execve(path, argv, envp), all in kernel memory. */
	HOOK_ABI_KERNEL,
};

/* When a handler was not let run to its end. */
enum hook_timeout {
	HOOK_CONTINUE, /* the call goes on */
	HOOK_DENY,     /* it returns -EPERM */
};

struct event_field;
struct hook;
struct hook_kind;
struct hook_site;
struct coroutine;

/* A place with hooks of any number of signatures. It stays when they are gone. */
struct hook_trap {
	uint64_t key;		 /* lvmon_event.hook */
	struct hook_site *first; /* ascending (signature, ordinal) */
	struct hook_trap *next;	 /* same bucket */
	/*
	 * The selection of every hook that was ever here, unless mixed: then what the vmm has
	 * selected is selected here as well.
	 */
	struct selection selection;
	bool mixed;
};

/* One of the addresses that a hook stands on. */
struct hook_site {
	struct hook *hook;
	struct hook_trap *trap;
	struct hook_site *next; /* same trap */
	uint64_t target;	/* what the kind makes its place of: a function's address */
	uint32_t vmm_id;	/* 0: not armed yet */
	enum hook_abi abi;
	char name[HOOK_NAME_SIZE]; /* the kernel's: "__x64_sys_execve" */
};

struct hook {
	const struct hook_kind *kind;
	const struct event_field *fields; /* of its events, beside those of all (lua/hook.h) */
	struct signature *signature;
	uint32_t ordinal; /* in the signature: the same in a restarted engine */
	int handler;	  /* reference in the registry */
	struct selection selection;
	enum hook_timeout on_timeout;
	char name[HOOK_NAME_SIZE]; /* as the signature gave it, without a prefix: "execve" */
	unsigned int busy;	   /* activities that run its handler */
	struct coroutine *idle;	   /* a coroutine for the next event (coroutine.c); NULL: none */
	bool removed;
	struct hook *next;
	size_t count;
	struct hook_site site[HOOK_SITES_MAX];
};

/*
 * A hook on the functions named in h->site[] (target, abi and name set by the caller, as are
 * kind, fields, signature, handler, selection and name). Arms nothing before hooks_flush. *out
 * belongs to this module. 0: there is a trap at one of them at least (why not at others: in error);
 * -ENOTSUP: at none; -ENOSPC; -ENOMEM.
 */
int hooks_add(const struct hook *h, struct hook **out, char *error, size_t error_size) must_check;
void hooks_remove(struct hook *h);
/* All of a signature's. */
void hooks_drop(struct signature *s);
/* Close all signatures and forget the traps that their hooks stood on; nothing is disarmed. */
void hooks_close(void);
/* The handler has ended. */
void hook_put(struct hook *h);

/*
 * Arm what was added, after the places of all traps were stored for a successor: the memory there
 * shows the trap's own byte from then on. Failures are records.
 */
void hooks_flush(void);

/* The place with this lvmon_event.hook; NULL: there never was a hook. */
struct hook_trap *hooks_trap(uint64_t key);

/*
 * The next site at the trap behind (signature, ordinal), or at it when again; NULL: no more.
 * Selections are not looked at.
 */
struct hook_site *hooks_next(const struct hook_trap *trap, uint32_t signature, uint32_t ordinal,
			     bool again);

/* Hooks there are. */
size_t hooks_count(void);

#endif
