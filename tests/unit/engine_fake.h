/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest of cardboard for the engine's tests: some RAM, a table of processes whose pages have the
 * states that matter, symbols, and the vmm's side of the contract. Records are kept for looking at.
 */
#ifndef ENGINE_FAKE_H
#define ENGINE_FAKE_H

#include <jansson.h>
#include "engine/events/select.h"

#define FAKE_RAM    (64u << 20)
#define FAKE_KERNEL 0xffffffff81000000ull
#define FAKE_DIRECT 0xffff888100000000ull /* all RAM, as kernel memory */
/* Two of struct resource, the second one memory that is not in FAKE_RAM; a ring. */
#define FAKE_RESOURCES 0xffff888000002000ull

/* A process with pages.count pages of memory at va 0x400000, all of them in this state. */
struct fake_process {
	struct linux_task task;
	size_t pages;
	enum linux_page_state *state;
	gpa_t *gpa;
	bool of_a_file;	   /* its memory is */
	bool stays_shared; /* or so it seems from outside */
	char exe[64];
};

/* Fresh guest, fresh engine (mode live), no signatures. */
void fake_reset(void);
void fake_free(void);
/* The kernel has this BTF, until the next reset. */
void fake_types(const void *btf, size_t size);
/* Processes 1 (init) and 100 (sh, child of 1) exist after the reset. */
struct fake_process *fake_process(int pid, const char *comm, size_t pages,
				  enum linux_page_state state);
void fake_page(struct fake_process *p, size_t page, enum linux_page_state state);
uint8_t *fake_bytes(struct fake_process *p, uint64_t offset);
void fake_write(struct fake_process *p, uint64_t offset, const void *data, size_t size);

/* Add signature text and load all; the number that load. */
void fake_signature(const char *name, const char *text);
uint32_t fake_load(void);
/* Does the vmm make an event of a hit by this process, of the hook that was armed so many-th? */
bool fake_selects(uint32_t hook, struct fake_process *p);

/* An event at a function, as process p; runs calls into the guest until the verdict is final. */
struct lvmon_verdict fake_event(const char *function, struct fake_process *p);
/* One step only. */
struct lvmon_verdict fake_event_once(const char *function, struct fake_process *p,
				     struct lvmon_event *ev);
/* Carry out a call; the event that says so. */
struct lvmon_event fake_call(const struct lvmon_verdict *v, const struct lvmon_event *from);

/* Records so far of this kind (NULL: all), the i-th of them (borrowed; NULL: none). */
size_t fake_count(const char *kind);
json_t *fake_record(const char *kind, size_t i);
const char *fake_string(const char *kind, size_t i, const char *key);
long long fake_number(const char *kind, size_t i, const char *key);
void fake_forget_records(void);

#define FAKE_NO_IDT 0x7000 /* IDTR that leads to no IDT */

struct fake {
	uint8_t *ram;
	uint64_t next_page, time_ns, sequence;
	unsigned int calls, short_calls, writes, hooks, hooks_removed, blobs;
	int may_sleep;		      /* what linux_may_sleep() says: 0 or an error */
	uint64_t sleep_cpu;	      /* the CPU that it was asked about, by its GS base */
	unsigned int pauses;	      /* of the handler, in which the guest goes on */
	unsigned int touched;	      /* absent pages that calls have made present */
	unsigned int holds, releases; /* of the other CPUs */
	bool held;		      /* they are */
	bool hold_ends;		      /* before anything can be written */
	void (*before_hold)(void);    /* what they do until then */
	void (*before_call)(void);    /* and before the guest's function looks */
	int hold_error, release_error;
	unsigned int looks, looks_locked; /* at hidden processes; the first ones find a lock held */
	int hidden_error;		  /* of the look at modules */
	bool calls_fail;		  /* the guest's function returns less than asked */
	bool no_calls;			  /* symbol access_process_vm is missing */
	bool no_pages_call;		  /* symbol get_user_pages_unlocked is missing */
	bool power;	 /* it can sleep, start another kernel, and gets more memory */
	bool unknown;	 /* the kernel has not been found yet */
	const void *btf; /* what linux_use_btf was given, and its size */
	size_t btf_size;
	const char *btf_refused;
	bool no_pages;		    /* it lacks what LINUX_PAGES needs */
	bool no_tasks;		    /* nor anything of processes, until it is inferred */
	uint32_t inferred;	    /* fields that can be */
	struct linux_detour detour; /* in front of all traps */
	bool trapped;		    /* all places show a trap's byte: none can be decoded */
	bool endless;		    /* the list of processes loops */
	int walk_error;		    /* what walks of modules, files, ... end with; 0 */
	bool lacking;	   /* the kernel's structures have no more than the list of processes */
	bool stored_first; /* no hook came before the first blob */
	/* At each so many looks at a process's page most of the budget is used up, or all. */
	unsigned int expire_at, looked;
	bool expire_signal;
	unsigned int waits;	      /* of events for which there was no slot */
	uint64_t killed, killed_task; /* signal to the process at work, and its task */
	bool old_signals;
	gva_t init_path; /* what kernel_execve gets */
	unsigned int drains;
	int drain; /* what LVMON_DRAIN gives */
	struct lvmon_hook armed[64];
	struct lvmon_sel programs[64][SELECT_SLOTS]; /* of those hooks */
	uint64_t regs[LVMON_NR_REGS];
	void *blob;
	size_t blob_size;
};

extern struct fake fake;

gva_t fake_symbol(const char *name);

#endif
