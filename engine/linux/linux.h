/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Introspection of a Linux guest: kernel symbols and structure layouts out of the guest's own
 * memory (design: docs/introspection.md), and on them the current task, the process list and a
 * process's own memory. Parses what a hostile kernel may have written: every walk is bounded, every
 * structure is copied before it is checked, and nothing here can be made to loop or to read outside
 * the window.
 */
#ifndef ENGINE_LINUX_LINUX_H
#define ENGINE_LINUX_LINUX_H

#include "engine/backend.h"

#define LINUX_COMM_SIZE 16

/* Registers that discovery starts from; a zero means unknown. */
struct linux_anchor {
	uint64_t cr3, cr4, lstar, idtr;
};

/*
 * Find the kernel: image, kallsyms, BTF, the fields this folder reads. 0; -ENOENT when there is no
 * kernel (why: one line in error). Until one is found, all functions below give -ENODATA; then
 * symbols and kernel memory work, and of the rest what linux_need() says.
 */
int linux_discover(const struct linux_anchor *anchor, char *error, size_t error_size) must_check;
/* Told how far a search of all memory is, now and then; NULL: nobody is. */
extern void (*linux_progress)(uint64_t done, uint64_t of);
bool linux_known(void);

/*
 * Walks end with -ETIME when this function says so; they ask it now and then. NULL: never. It may
 * be asked at any depth and must not call anything here.
 */
void linux_stop_when(bool (*time_is_up)(void));

/*
 * BTF for a kernel that has none of its own (made from a profile). It is taken by the next
 * linux_discover(), which copies it; it must stay there until then. NULL: none.
 */
void linux_use_btf(const void *btf, size_t size);
/* Why linux_discover() did not take it: it is another kernel's. NULL: it is not that. */
const char *linux_btf_refused(void);
bool linux_btf_used(void);

/*
 * Fill in what can be told from the guest's memory of a kernel without type information, once its
 * first processes are there (linux_discover() tries by itself). 0; -ENOENT: nothing new
 */
int linux_infer(void) must_check;
/* How many fields are known that way only. */
uint32_t linux_inferred(void);

/*
 * What can be read of a kernel. Each stands on fields, symbols and other facilities
 * (facility.c, fields.c); a kernel that lacks one of these lacks the facility, and the others go
 * on. Every function here that looks at more than symbols and bytes begins with linux_need().
 */
enum linux_facility {
	LINUX_TASKS,   /* the list of processes; pid, parent, name */
	LINUX_CURRENT, /* which process an event is of */
	LINUX_DETAILS, /* users and start times of processes */
	LINUX_SPACES,  /* processes' memory by address, command lines */
	LINUX_MEMORY,  /* mappings */
	LINUX_PATHS,   /* paths of files, executables too */
	LINUX_PAGES,   /* whose a page is, the page cache */
	LINUX_FILES,   /* open files */
	LINUX_SOCKETS,
	LINUX_MODULES,
	LINUX_MOUNTS, /* mounted file systems */
	LINUX_TYPES,  /* structures by name */
	LINUX_THREADS,
	LINUX_CROSS_VIEWS, /* processes that one list has and another one lacks */
	LINUX_FACILITIES
};

/* 0; -ENODATA: no kernel known; -ENOTSUP: this kernel lacks it */
int linux_need(enum linux_facility f) must_check;
/* Why linux_need() refuses: "struct page has no flags"; NULL when it does not. */
const char *linux_missing(enum linux_facility f);
/* For people: "processes", "open files". */
const char *linux_facility_name(enum linux_facility f);

/* What discovery found as one self-contained blob (private copies), and back from it. */
int linux_save(void **blob, size_t *size) must_check;	     /* caller frees */
int linux_restore(const void *blob, size_t size) must_check; /* blob must stay mapped */

/* For people: "Linux 6.1.0-56-cloud-amd64, 93211 symbols, 95012 types, kernel at 0xffff..." */
const char *linux_summary(void);

/* Symbols. */
int linux_symbol(const char *name, gva_t *va) must_check; /* 0 or -ENOENT */
/* In modules too, where the kernel has none; "module:name" is that module's. 0 or -ENOENT */
int linux_symbol_any(const char *name, gva_t *va) must_check;
/* Symbol at or below va, "name+0x10", "name+0x10 [module]"; 0 or -ENOENT */
int linux_symbolize(gva_t va, char *buf, size_t size) must_check;
/* Calls fn for each symbol that starts with prefix, until it returns non-zero. */
int linux_each_symbol(const char *prefix, int (*fn)(const char *name, gva_t va, void *arg),
		      void *arg);

/* An enumerator's value out of BTF: 0 or -ENOENT */
int linux_enumerator(const char *name, int64_t *value) must_check;

/* Kernel virtual memory. */
int linux_kva_to_gpa(gva_t va, gpa_t *gpa) must_check;
int linux_kread(gva_t va, void *buf, size_t size) must_check;
/* The guest has run since, or is another one: what was remembered of its page tables is void. */
void linux_guest_ran(void);

/*
 * Decode the instruction to trap in the kernel function at va: the first behind the patchable entry
 * (ENDBR, fentry NOP). Fills *trap. -ENOTSUP: no place for a trap here (why in
 * error: patch site, int3 already there, not code, .init.text, ...).
 */
int linux_trap_site(gva_t function, struct lvmon_trap *trap, char *error,
		    size_t error_size) must_check;

enum linux_detour_kind {
	LINUX_DETOUR_NONE,	 /* as the kernel's own tracers leave it, or nothing is known */
	LINUX_DETOUR_USER,	 /* ftrace calls code there */
	LINUX_DETOUR_CALL,	 /* that code is called in place of ftrace's */
	LINUX_DETOUR_JUMP,	 /* that code is jumped to */
	LINUX_DETOUR_BREAKPOINT, /* also while the kernel patches the place */
	LINUX_DETOUR_CODE,	 /* something else is there */
};

struct linux_detour {
	enum linux_detour_kind kind;
	gva_t code; /* that may have a call go elsewhere; 0: not known */
	gva_t user; /* struct ftrace_ops */
};

/* Who stands between the start of the function and the trap of a linux_trap_site(). */
void linux_detour(const struct lvmon_trap *site, struct linux_detour *out);

/* What the vmm and its selectors need of the current task. */
struct linux_task_layout {
	struct lvmon_task task;
	uint32_t tgid, comm; /* offsets in struct task_struct */
};

int linux_task_layout(struct linux_task_layout *layout) must_check;

/* Processes. */
#define LINUX_PF_KTHREAD 0x00200000u /* include/linux/sched.h */

struct linux_task {
	gva_t task;	     /* struct task_struct */
	gva_t mm;	     /* 0: a kernel thread */
	uint64_t start_time; /* start_boottime, ns; 0 without LINUX_DETAILS */
	int32_t pid, tgid, ppid;
	uint32_t flags;	   /* PF_* (include/linux/sched.h); 0 without LINUX_DETAILS */
	uint32_t uid, gid; /* without LINUX_DETAILS (uid_t)-1, nobody's */
	char comm[LINUX_COMM_SIZE];
};

int linux_task(gva_t task, struct linux_task *out) must_check;
/* The one that runs on the CPU with these registers. */
int linux_current(uint64_t gs_base, uint64_t kernel_gs_base, uint32_t cpl,
		  struct linux_task *out) must_check;
/*
 * May the kernel be made to call what sleeps, where the event came? 0; -EBUSY: preemption or
 * interrupts are off, a lock or RCU is held, or the task is about to sleep already. A kernel that
 * is not preemptible does not count its locks: there only a place where functions may sleep
 * (sleeping_place) will do. -ENOTSUP, -EFAULT: not known.
 */
int linux_may_sleep(const struct lvmon_event *ev, bool sleeping_place) must_check;
/* Is this still the same task? Another one can have its place by now. */
bool linux_task_lives(const struct linux_task *was) must_check;
/* And has it that mm? Else it has ended or runs another program. */
bool linux_mm_lives(const struct linux_task *was) must_check;
/*
 * All processes (thread-group leaders) in the order of the kernel's list, idle task excluded.
 * *tasks is malloc'ed. -EOVERFLOW: list longer than the bound or looping; -EFAULT: a part of it
 * cannot be read; with what was found in *tasks.
 */
int linux_tasks(struct linux_task **tasks, size_t *count) must_check;
/*
 * The process with this id (in the first pid namespace), by the pid allocator; by the list of all
 * where that cannot be read. 0 or -ESRCH.
 */
int linux_find_pid(int32_t tgid, struct linux_task *out) must_check;
/* The process that a task's parent is a thread of (real_parent). -ESRCH: it has none. */
int linux_parent(const struct linux_task *task, struct linux_task *out) must_check;
/* Path of the executable ("/bin/sh"), "" for a kernel thread. */
int linux_exe(const struct linux_task *task, char *buf, size_t size) must_check;
/* Full path of the executable's command line, NULs as spaces. */
int linux_cmdline(const struct linux_task *task, char *buf, size_t size) must_check;

/*
 * A process's memory: its executable's mappings, heap, stack, and all others but vdso, vvar and
 * devices', laid end to end in address order.
 */
struct linux_area {
	gva_t start, end;
	uint64_t offset; /* of start in the memory laid end to end */
	uint64_t flags;	 /* vm_flags */
	gva_t file;	 /* struct file, 0: anonymous */
	uint64_t pgoff;	 /* in pages */
	bool anonymous;	 /* no page of it is ever a file's, whatever file says */
};

struct linux_memory {
	struct linux_task task;
	gpa_t pgd;
	uint64_t size;
	size_t count;
	size_t left_out;	  /* mappings that made no sense */
	struct linux_area *areas; /* freed by linux_memory_free */
};

int linux_memory(const struct linux_task *task, struct linux_memory *out) must_check;
/* All of a process's mappings, also shared ones and devices'. */
int linux_space(const struct linux_task *task, struct linux_memory *out) must_check;
void linux_memory_free(struct linux_memory *mem);
/*
 * Is it still that process, with that address space? While the other CPUs are held, the answer
 * holds as long.
 */
bool linux_memory_lives(const struct linux_memory *mem) must_check;
/* Virtual address of an offset; 0 when out of range. */
gva_t linux_memory_va(const struct linux_memory *mem, uint64_t offset);
/* And back; the address lies in one of its mappings. */
uint64_t linux_memory_offset(const struct linux_memory *mem, gva_t va);

enum linux_page_state {
	LINUX_PAGE_ABSENT,  /* never touched, or swapped out */
	LINUX_PAGE_PRIVATE, /* anonymous, mapped by this process only: may be written at once */
	LINUX_PAGE_SHARED,  /* mapped, but others share it: page cache, copy-on-write, zero page */
	LINUX_PAGE_CACHED,  /* not mapped here, but the file's page cache has it */
	LINUX_PAGE_OTHERS,  /* in a shared mapping: others see what is written there */
};

struct linux_page {
	enum linux_page_state state;
	gpa_t gpa;	/* where the byte at va lies, unless absent */
	uint64_t left;	/* bytes from va to the end of the page or of the area */
	bool anonymous; /* the area is */
};

/* Where the byte at offset is. 0 or -ERANGE. */
int linux_memory_page(const struct linux_memory *mem, uint64_t offset,
		      struct linux_page *page) must_check;

/*
 * What memory consists of, span by span in address order: bytes that are contiguous in guest
 * memory, or that are absent for the same reason.
 */
enum linux_span_state {
	LINUX_SPAN_MAPPED,     /* the page table has it */
	LINUX_SPAN_CACHED,     /* the page table has nothing, but the file's page cache has it */
	LINUX_SPAN_UNTOUCHED,  /* anonymous and never touched: zeros to the process */
	LINUX_SPAN_UNCACHED,   /* a file's, and not in memory */
	LINUX_SPAN_SWAPPED,    /* swapped out, or just being moved */
	LINUX_SPAN_UNREADABLE, /* broken page tables, or addresses that are not RAM */
	LINUX_SPAN_DEVICE,     /* a device's, not RAM */
	LINUX_SPAN_STATES
};

struct linux_span {
	enum linux_span_state state;
	gva_t va;
	uint64_t size;
	gpa_t gpa; /* MAPPED and CACHED: all of it is RAM */
};

/* Of spans.c and pagewalk.c. */
struct linux_tables {
	gpa_t root;
	unsigned int levels;
	gva_t leaf_va;
	const uint8_t *leaf;	     /* table of small pages for 2 MB from leaf_va on */
	gva_t empty_from, empty_end; /* entries of it that are known to be empty */
	uint64_t leaves, walks;	     /* tables of small pages, walks from the root so far */
};

/* Of pagecache.c. */
struct linux_cache {
	gva_t file, head, pages;
	uint64_t page_size;
	bool swappable; /* memory of the kernel's without a file behind it */
};

struct linux_walk {
	uint64_t bytes[LINUX_SPAN_STATES]; /* of the spans so far */
	bool cut;	 /* it ended early: the page tables are more than there can be */
	size_t left_out; /* of mem */

	/* Of spans.c. */
	const struct linux_memory *mem;
	size_t area;
	gva_t va, end;
	struct linux_tables tables;
	uint64_t most_leaves; /* tables of small pages that there can be */
	unsigned int pieces;  /* at most so many are joined next */
	struct linux_cache cache;
	struct linux_span ahead; /* size 0: none */
};

/* A walk over what mem has in [from, end). mem must stay. */
void linux_walk_start(struct linux_walk *w, const struct linux_memory *mem, gva_t from, gva_t end);
/* The guest may have run since: what was read of its tables is not taken for granted. */
void linux_walk_again(struct linux_walk *w);
/* False at the end. What lies between two mappings is in no span. Takes 10 ms at most. */
bool linux_walk_next(struct linux_walk *w, struct linux_span *span) must_check;

/*
 * Copy from a process's memory; absent bytes are zeros and counted in *absent. 0 or -ERANGE.
 */
int linux_memory_read(const struct linux_memory *mem, uint64_t offset, void *buf, size_t size,
		      uint64_t *absent) must_check;

/* Copy from a process's virtual address space through its page tables. 0 or -EFAULT. */
int linux_process_read(const struct linux_task *task, gva_t va, void *buf, size_t size) must_check;

/* Open files. */
enum linux_file_kind {
	LINUX_FILE_REGULAR,
	LINUX_FILE_DIRECTORY,
	LINUX_FILE_PIPE, /* with a name or without */
	LINUX_FILE_SOCKET,
	LINUX_FILE_CHARACTER_DEVICE,
	LINUX_FILE_BLOCK_DEVICE,
	LINUX_FILE_LINK, /* opened with O_PATH | O_NOFOLLOW */
	LINUX_FILE_ANON, /* eventfd, epoll, pidfd, ... */
	LINUX_FILE_NAMESPACE,
	LINUX_FILE_OTHER,
	LINUX_FILE_KINDS
};

struct linux_file {
	gva_t file, inode;
	gva_t socket; /* struct socket; 0: it is none */
	uint64_t ino, pos;
	uint32_t dev, rdev; /* of the file system; of a device file: major << 20 | minor */
	uint32_t flags;	    /* O_*, as fdinfo shows them */
	int32_t fd;
	enum linux_file_kind kind;
	bool readable, writable;
};

/*
 * The open files of a process by number. *files is malloc'ed. -EFAULT: some or all of them cannot
 * be read, -EOVERFLOW: there are too many; both with what was found in *files. -ENODATA, -ENOTSUP,
 * -ENOMEM: nothing.
 */
int linux_files(const struct linux_task *task, struct linux_file **files, size_t *count) must_check;
/* As readlink shows it in /proc/PID/fd: "/bin/sh", "pipe:[123]", "anon_inode:[eventfd]". */
int linux_file_path(gva_t file, char *buf, size_t size) must_check;

/* include/linux/socket.h */
#define LINUX_AF_UNIX	 1
#define LINUX_AF_INET	 2
#define LINUX_AF_INET6	 10
#define LINUX_AF_NETLINK 16
#define LINUX_AF_PACKET	 17

/* include/linux/net.h */
#define LINUX_SOCK_STREAM 1
#define LINUX_SOCK_DGRAM  2

#define LINUX_UNIX_PATH 108 /* UNIX_PATH_MAX */

struct linux_socket {
	gva_t socket, sock;	/* struct socket, struct sock */
	uint64_t ino, peer_ino; /* of the inodes; UNIX: the other end's, 0: not known */
	uint8_t local[16];	/* IPv4 and IPv6, in network order */
	uint8_t remote[16];
	uint32_t rx_queue, tx_queue; /* where has_queues is set */
	uint32_t interface;	     /* that it is bound to; 0: any */
	uint32_t netlink_port;
	uint16_t local_port, remote_port;
	uint16_t family, type, protocol;
	uint8_t state; /* TCP_* (include/net/tcp_states.h); netlink has its own */
	bool has_queues;
	/* UNIX: as /proc/net/unix shows it: @ begins an abstract name and stands for a NUL. */
	uint32_t path_length;
	char path[LINUX_UNIX_PATH + 2];
};

/* What a struct socket is. 0 or -EFAULT; -ENODATA, -ENOTSUP. */
int linux_socket(gva_t socket, struct linux_socket *s) must_check;

struct linux_held_socket {
	struct linux_socket socket;
	int32_t pid, fd;
	char comm[LINUX_COMM_SIZE];
};

/* The sockets that processes have open, by process and descriptor; errors as linux_files(). */
int linux_sockets(struct linux_held_socket **sockets, size_t *count) must_check;

/*
 * Of a core. A thread's registers where it entered the kernel, in the order of struct
 * user_regs_struct (arch/x86/include/asm/user_64.h).
 */
#define LINUX_USER_REGS 27

struct linux_user_regs {
	uint64_t reg[LINUX_USER_REGS];
};

/* 0; -ENOENT: there are none, it never was in user mode, or they make no sense; -ENOTSUP */
int linux_user_regs(gva_t task, struct linux_user_regs *regs) must_check;
/* The vector that the kernel gave the program at its start: bytes in buf, or 0. */
size_t linux_auxv(const struct linux_task *task, void *buf, size_t size);
/* Modules. */
#define LINUX_MODULE_NAME  64 /* MODULE_NAME_LEN is 56 */
#define LINUX_MODULE_AREAS 7

struct linux_module_area {
	gva_t start;
	uint32_t size; /* bytes */
	uint32_t text; /* of these, from the start on, are code */
};

/* include/linux/module.h, enum module_state */
enum linux_module_state {
	LINUX_MODULE_LIVE,
	LINUX_MODULE_COMING,
	LINUX_MODULE_GOING,
	LINUX_MODULE_UNFORMED, /* not in /proc/modules */
};

struct linux_module {
	gva_t module;	 /* struct module */
	gva_t base;	 /* of its code, as /proc/modules shows it */
	uint64_t size;	 /* of all areas: the same */
	uint64_t taints; /* a bit for each TAINT_* (include/linux/panic.h) */
	uint32_t state;	 /* enum linux_module_state */
	int32_t refs;	 /* -1: this kernel counts none */
	bool permanent;	 /* it has no exit function */
	char name[LINUX_MODULE_NAME];
	/* What it lies in; code for start-up only is there until it has run. */
	uint32_t area_count;
	struct linux_module_area areas[LINUX_MODULE_AREAS];
};

/*
 * All modules in the order of the kernel's list, the newest first. *modules is malloc'ed. -EFAULT:
 * the list ends in nothing or has entries that make no sense, -EOVERFLOW: it loops or is too long;
 * both with what was found in *modules. -ENODATA, -ENOTSUP, -ENOMEM: nothing.
 */
int linux_modules(struct linux_module **modules, size_t *count) must_check;
/* Calls fn with the name of each module that uses this one. 0, or why not all (as above). */
int linux_module_users(gva_t module, void (*fn)(const char *name, void *arg), void *arg) must_check;

/* System calls. */
enum linux_syscall_table {
	LINUX_SYSCALLS_64,   /* sys_call_table */
	LINUX_SYSCALLS_IA32, /* ia32_sys_call_table, to 6.8 */
	LINUX_SYSCALLS_X32,  /* x32_sys_call_table */
};

struct linux_syscall {
	enum linux_syscall_table table;
	uint32_t number;
	gva_t handler;
	const char *name; /* of the call with this number, NULL: not known; stays */
	bool inside;	  /* handler is in the kernel's own code */
	bool hooked;	  /* it is not, or is not this call's function */
};

/*
 * The entries of the system-call tables that this kernel has. *syscalls is malloc'ed. -EFAULT: a
 * table cannot be read, with the others in *syscalls. -ENODATA, -ENOMEM: nothing.
 */
int linux_syscalls(struct linux_syscall **syscalls, size_t *count) must_check;

/* The IDT. */
struct linux_gate {
	uint32_t vector;
	uint16_t selector;
	uint8_t ist, type, dpl; /* type 14: interrupt gate, 15: trap gate */
	bool present;
	bool inside; /* handler is in the kernel's own code, that for its start included */
	gva_t handler;
};

/*
 * The 256 gates at base (IDTR's; 0: the kernel's idt_table). *gates is malloc'ed. -ENOENT: base is
 * 0 and there is no such symbol, -EFAULT, -ENODATA, -ENOMEM: nothing.
 */
int linux_idt(gva_t base, struct linux_gate **gates, size_t *count) must_check;

#endif
