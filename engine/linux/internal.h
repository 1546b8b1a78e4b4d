/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files in this folder share. All that discovery finds is in one block of memory, struct
 * kernel_blob and the tables behind it, with offsets instead of pointers: saving it is a copy, and
 * restoring it is setting one pointer.
 */
#ifndef ENGINE_LINUX_INTERNAL_H
#define ENGINE_LINUX_INTERNAL_H

#include <errno.h>
#include <string.h>
#include "engine/linux/linux.h"

#define KB	  1024ull
#define MB	  (1024ull * KB)
#define GB	  (1024ull * MB)
#define PAGE_SIZE 4096ull

/* Documentation/x86/x86_64/mm.rst: kernel text mapping, up to where modules start. */
#define KERNEL_MAP_START 0xffffffff80000000ull
#define KERNEL_MAP_END	 0xffffffffc0000000ull

#define CR4_LA57 (1ull << 12)

/* One load, however often the value is used: guest memory changes under us. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))

/* Guest memory at any alignment. */
typedef uint16_t __attribute__((aligned(1), may_alias)) any_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) any_u32;
typedef uint64_t __attribute__((aligned(1), may_alias)) any_u64;

static inline uint16_t load16(const uint8_t *p)
{
	return *(const volatile any_u16 *)p;
}

static inline uint32_t load32(const uint8_t *p)
{
	return *(const volatile any_u32 *)p;
}

static inline uint64_t load64(const uint8_t *p)
{
	return *(const volatile any_u64 *)p;
}

static inline uint64_t align_up(uint64_t x, uint64_t to)
{
	return (x + to - 1) & ~(to - 1);
}

/* A table in the blob: bytes [off, off + size) from the blob's start. */
struct section {
	uint32_t off, size;
};

enum blob_section {
	SEC_NAMES,	 /* kallsyms_names as in the guest */
	SEC_TOKENS,	 /* kallsyms_token_table */
	SEC_TOKEN_INDEX, /* uint16_t[256] */
	SEC_MARKERS,	 /* uint32_t: where name 256 * i starts */
	SEC_ADDRESSES,	 /* int32_t: the address, sign-extended */
	SEC_BUCKETS,	 /* uint32_t[buckets + 1]: where a bucket starts in SEC_ORDER */
	SEC_ORDER,	 /* uint32_t: symbol numbers, by bucket of their name's hash */
	SEC_BTF,
	NR_SECTIONS
};

/* clang-format off */

/* Offsets of members in the guest's structures, and sizes; the table is in fields.c. */
enum field {
	F_TASK_TASKS, F_TASK_PID, F_TASK_TGID, F_TASK_COMM, F_TASK_REAL_PARENT, F_TASK_REAL_CRED,
	F_TASK_MM, F_TASK_START, F_TASK_FLAGS,
	F_CRED_UID, F_CRED_GID,
	F_MM_PGD, F_MM_ARG_START, F_MM_ARG_END, F_MM_EXE_FILE, F_MM_MMAP, F_MM_MT_ROOT, F_MM_VDSO,
	F_VMA_START, F_VMA_END, F_VMA_FLAGS, F_VMA_FILE, F_VMA_PGOFF, F_VMA_NEXT, F_VMA_OPS,
	F_MAPLE_RANGE_PIVOT, F_MAPLE_RANGE_SLOT, F_MAPLE_ARANGE_PIVOT, F_MAPLE_ARANGE_SLOT,
	F_FILE_MNT, F_FILE_DENTRY, F_FILE_MAPPING,
	F_DENTRY_NAME, F_DENTRY_NAME_LEN, F_DENTRY_PARENT, F_DENTRY_PPREV, F_DENTRY_INODE,
	F_DENTRY_OPS, F_DENTRY_OPS_DNAME, F_DENTRY_FSDATA, F_INODE_INO, F_INODE_PRIVATE,
	F_NS_OPS, F_NS_OPS_NAME, F_DMA_BUF_NAME,
	F_MOUNT_MNT, F_MOUNT_PARENT, F_MOUNT_MOUNTPOINT, F_VFSMOUNT_ROOT,
	F_MAPPING_PAGES_HEAD, F_MAPPING_OPS, F_XA_NODE_SHIFT, F_XA_NODE_SLOTS,
	F_PAGE_FLAGS, F_PAGE_MAPPING, F_PAGE_INDEX, F_PAGE_HEAD, F_PAGE_MAPCOUNT, F_PAGE_REFCOUNT,
	F_PAGE_SIZE,
	F_PCPU_CURRENT, F_PCPU_PREEMPT, F_TASK_RCU_READERS,
	F_TASK_FILES, F_FILES_FDT, F_FDT_MAX, F_FDT_FD, F_FDT_CLOEXEC,
	F_FILE_FLAGS, F_FILE_MODE, F_FILE_POS, F_FILE_OPS, F_FILE_PRIVATE, F_FILE_INODE,
	F_INODE_MODE, F_INODE_RDEV, F_INODE_SB, F_SB_DEV,
	F_SOCKET_SK, F_SOCKET_ALLOC_SOCKET, F_SOCKET_ALLOC_INODE,
	F_SOCK_FAMILY, F_SOCK_STATE, F_SOCK_NUM, F_SOCK_DPORT, F_SOCK_DADDR, F_SOCK_RCV_SADDR,
	F_SOCK_V6_DADDR, F_SOCK_V6_RCV_SADDR, F_SOCK_INTERFACE, F_SOCK_TYPE, F_SOCK_PROTOCOL,
	F_SOCK_SOCKET, F_SOCK_ACK_BACKLOG, F_SOCK_WMEM, F_SOCK_RMEM,
	F_TCP_WRITE_SEQ, F_TCP_SND_UNA, F_TCP_RCV_NXT, F_TCP_COPIED_SEQ, F_UDP_DEFICIT,
	F_UNIX_ADDR, F_UNIX_PEER, F_UNIX_ADDRESS_LEN, F_UNIX_ADDRESS_NAME,
	F_NETLINK_PORT, F_PACKET_PROTOCOL, F_PACKET_INTERFACE,
	F_TASK_STACK, F_TASK_FSBASE, F_TASK_GSBASE, F_MM_AUXV,
	F_MODULE_LIST, F_MODULE_NAME, F_MODULE_STATE, F_MODULE_TAINTS, F_MODULE_REFS,
	F_MODULE_INIT, F_MODULE_EXIT, F_MODULE_CORE, F_MODULE_INIT_AREA, F_MODULE_MEM,
	F_MODULE_MEM_SIZE, F_MODULE_AREA_BASE, F_MODULE_AREA_SIZE, F_MODULE_AREA_TEXT,
	F_MODULE_USES, F_MODULE_USE_LIST, F_MODULE_USE_SOURCE,
	F_MODULE_KALLSYMS, F_MODULE_SYMTAB, F_MODULE_NUM_SYMTAB, F_MODULE_STRTAB,
	F_BTF_MODULE_LIST, F_BTF_MODULE_MODULE, F_BTF_MODULE_BTF, F_BTF_DATA, F_BTF_DATA_SIZE,
	F_TASK_STATE, F_TASK_EXIT_STATE, F_TASK_SIGNAL, F_TASK_THREAD_NODE,
	F_TASK_THREAD_PID, F_TASK_NSPROXY, F_TASK_CGROUPS, F_TASK_FS,
	F_SIGNAL_THREADS, F_SIGNAL_PIDS, F_SIGNAL_TTY,
	F_PID_LEVEL, F_PID_NUMBERS, F_UPID_NS, F_UPID_SIZE,
	F_TTY_DRIVER, F_TTY_INDEX, F_TTY_DRIVER_MAJOR, F_TTY_DRIVER_MINOR,
	F_CRED_EUID, F_CRED_SUID, F_CRED_FSUID, F_CRED_EGID, F_CRED_SGID, F_CRED_FSGID,
	F_CRED_CAP_INHERITABLE, F_CRED_CAP_PERMITTED, F_CRED_CAP_EFFECTIVE, F_CRED_CAP_BOUNDING,
	F_CRED_CAP_AMBIENT, F_CRED_USER_NS,
	F_NSPROXY_MNT, F_NSPROXY_NET, F_NSPROXY_UTS, F_NSPROXY_IPC, F_NSPROXY_CGROUP,
	F_NSPROXY_TIME, F_NS_INUM, F_MNT_NS_COMMON, F_PID_NS_COMMON, F_NET_NS_COMMON,
	F_UTS_NS_COMMON, F_IPC_NS_COMMON, F_USER_NS_COMMON, F_CGROUP_NS_COMMON, F_TIME_NS_COMMON,
	F_CSS_SET_GROUP, F_CGROUP_KN, F_CGROUP_FLAGS, F_KERNFS_PARENT, F_KERNFS_NAME,
	F_MM_BRK, F_MM_START_BRK, F_MM_START_STACK, F_MM_ENV_START, F_MM_ENV_END,
	F_MM_CONTEXT_FLAGS, F_MM_IA32,
	F_VMA_PRIVATE, F_VMA_ANON_NAME, F_VMA_SHARED, F_ANON_NAME_NAME, F_VMA_OPS_NAME,
	F_SPECIAL_NAME, F_BACKING_MNT, F_BACKING_DENTRY,
	F_SB_TYPE, F_SB_SUBTYPE, F_SB_FLAGS, F_FS_TYPE_NAME, F_VFSMOUNT_SB, F_VFSMOUNT_FLAGS,
	F_VFSMOUNT_IDMAP, F_VFSMOUNT_USER_NS, F_MOUNT_ID, F_MOUNT_UNIQUE, F_MOUNT_GROUP, F_MOUNT_MASTER,
	F_MOUNT_DEVNAME, F_MOUNT_T_FLAGS, F_MOUNT_LIST, F_MOUNT_NODE, F_MNT_NS_LIST,
	F_MNT_NS_TREE, F_FS_ROOT_MNT, F_FS_ROOT_DENTRY, F_RB_LEFT, F_RB_RIGHT,
	F_TASK_LEADER, F_TASK_PID_LINKS, F_TASK_CHILDREN, F_TASK_SIBLING, F_TASK_SE_NODE,
	F_PID_TASKS, F_PID_NS_IDR, F_RQ_CURR, F_RQ_IDLE, F_RQ_CFS_TASKS, F_RWBASE_READERS, F_TASK_KTHREAD,
	F_KTHREAD_FUNCTION,
	F_MODULE_MKOBJ_MOD, F_MODULE_MTN_MOD, F_MODULE_MEM_MTN_MOD, F_KSET_LIST,
	F_KOBJECT_ENTRY, F_MKOBJ_KOBJ, F_MKOBJ_MOD, F_MOD_TREE_SEQ, F_MOD_TREE_TREES, F_LATCH_NODE, F_MTN_MOD, F_MTN_NODE,
	F_RB_SIZE,
	F_FTRACE_OPS_FUNC, F_FTRACE_OPS_SAVED, F_FTRACE_OPS_NEXT, F_FTRACE_OPS_FLAGS, F_FTRACE_OPS_HASHES,
	F_FTRACE_OPS_TRAMPOLINE, F_FTRACE_FILTER, F_FTRACE_NOTRACE, F_FTRACE_HASH_BITS, F_FTRACE_HASH_BUCKETS,
	F_FTRACE_HASH_COUNT, F_FTRACE_ENTRY_NODE, F_FTRACE_ENTRY_IP, F_FTRACE_ENTRY_DIRECT,
	F_BPF_KSYM_START, F_BPF_KSYM_END, F_BPF_KSYM_NODE,
	NR_FIELDS
};

/* Enumerators kept, so that restoring does not mean parsing BTF. */
enum kept_enumerator {
	E_PG_LOCKED, E_PG_UPTODATE, E_PG_SWAPBACKED, E_PG_SWAPCACHE, E_PG_ANON_EXCLUSIVE, E_PG_LRU,
	E_FOLL_WRITE, E_FOLL_FORCE, E_FOLL_NOWAIT, E_FOLL_ANON,
	E_FTRACE_IPMODIFY,
	NR_ENUMERATORS
};

/* clang-format on */

#define BLOB_MAGIC   0x31304b4e4c5256ull /* "VRLNK01" */
#define BLOB_VERSION 5
#define NO_FIELD     (-1)
#define MISSING_SIZE 80

struct kernel_blob {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size; /* of this structure */
	uint64_t size;	      /* of the whole blob */
	gva_t image_start, image_end;
	uint64_t delta;	 /* of the image: virtual minus physical address */
	gpa_t root;	 /* the kernel's own top-level page table */
	uint32_t levels; /* of page tables: 4 or 5 */
	uint32_t symbols;
	uint32_t buckets;  /* a power of two */
	uint32_t types;	   /* in BTF */
	uint32_t inferred; /* fields that infer.c has told */
	uint64_t current;  /* GS_BASE + this holds the pointer to the current task */
	struct section sec[NR_SECTIONS];
	int32_t field[NR_FIELDS]; /* NO_FIELD: this kernel has none */
	uint32_t enumerators_known;
	int64_t enumerator[NR_ENUMERATORS];
	char release[96];
	char summary[192];
	char missing[LINUX_FACILITIES][MISSING_SIZE]; /* why a facility is off; "": it is not */
};

extern const struct kernel_blob *kernel; /* NULL until found */

static inline const void *section(const struct kernel_blob *b, enum blob_section s)
{
	return (const uint8_t *)b + b->sec[s].off;
}

static inline bool has_field(enum field f)
{
	return kernel->field[f] != NO_FIELD;
}

static inline bool has_enumerator(enum kept_enumerator e)
{
	return kernel->enumerators_known >> e & 1;
}

/* Address of a member. */
static inline gva_t at(gva_t base, enum field f)
{
	return base + (gva_t)(int64_t)kernel->field[f];
}

/* facility.c */

/* This kernel lacks what f needs: why, in a few words. The first reason is kept. */
void facility_lacks(struct kernel_blob *b, enum linux_facility f, const char *why);
/* What stands on something that is off is off. Once all reasons are known. */
void facilities_settle(struct kernel_blob *b);

/* pagewalk.c */

struct mapping {
	gpa_t gpa;     /* of the byte */
	uint64_t left; /* bytes from there to the mapping's end */
	uint64_t size; /* 4 KB, 2 MB or 1 GB */
	bool writable; /* as its own entry says */
};

/*
 * 0; -ENOENT: nothing there (an empty entry); -ENXIO: not present but not empty (swapped out, being
 * migrated, ...); -EFAULT: the tables are broken. Then left and size are those of the entry that
 * the walk ended at. user: PROT_NONE entries count as present.
 */
int page_walk(gpa_t root, unsigned int levels, gva_t va, bool user, struct mapping *m) must_check;

/*
 * The same for one address after the other (user: true): a table of small pages is found once for
 * all addresses in it. t->root and t->levels are the caller's, the rest begins as zeros.
 */
int page_walk_on(struct linux_tables *t, gva_t va, struct mapping *m) must_check;

/* kernel memory: image and page tables of the kernel */
int kread64(gva_t va, uint64_t *value) must_check;
int kread32(gva_t va, uint32_t *value) must_check;
/* Up to the NUL, at most size - 1 characters: always ends. 0 or -EFAULT, and "" then. */
int kread_string(gva_t va, char *buf, size_t size) must_check;

static inline bool kernel_pointer(gva_t va)
{
	/* The upper half, but not an error pointer and not the last page. */
	return va >= 0xff00000000000000ull && va < 0xfffffffffffff000ull;
}

/* image.c */

struct image {
	gva_t va;
	gpa_t gpa;
	uint64_t size;
};

int image_find(uint64_t cr3, uint64_t cr4, gva_t rip, struct image *img) must_check;

/* infer.c */

/* Offsets in task_struct, cred and mm_struct; NO_FIELD: not found. */
struct inferred {
	int32_t comm, tasks, pid, tgid, real_parent, group_leader, real_cred, mm; /* task_struct */
	int32_t pgd, arg_start;							  /* mm_struct */
	int32_t uid;								  /* cred */
};

/* From what the known kernel's memory holds. 0; -ENOENT: not even the list of tasks; -ENOMEM */
int infer(struct inferred *out) must_check;
/* Into fields that are not known: how many. */
uint32_t infer_fields(struct kernel_blob *b, const struct inferred *i);

/* vmcoreinfo.c */

struct vmcoreinfo {
	gva_t stext, init_top_pgt;
	uint64_t phys_base, offset; /* of the image: physical, and against its link address */
	uint64_t five_levels;	    /* 1 or 0 */
	/* where kallsyms' tables are; 0: not said (before 6.1; relative_base not from 7.0 on) */
	gva_t num_syms, names, tokens, token_index, offsets, relative_base;
};

/* The note's text. 0 or -ENOENT: it is none. */
int vmcoreinfo_parse(const uint8_t *text, size_t size, struct vmcoreinfo *v) must_check;
/* The next note in mem, which starts with a page, from *from on; *from moves. 0 or -ENOENT */
int vmcoreinfo_find(const uint8_t *mem, uint64_t size, uint64_t *from,
		    struct vmcoreinfo *v) must_check;
/* Where the image is by the note, and page tables say the same. 0 or -ENOENT */
int vmcoreinfo_image(const struct vmcoreinfo *v, struct image *img) must_check;
/* The note speaks of this kernel (delta, levels and symbols are known). */
bool vmcoreinfo_agrees(const struct vmcoreinfo *v, const struct kernel_blob *b);

/* discover.c: a search of memory has come to this offset of the range at hand. */
void search_progress(uint64_t at);

/* kallsyms.c */

enum kallsyms_layout { KALLSYMS_A, KALLSYMS_B, KALLSYMS_C };

/* Where the tables are: offsets from the start of the memory that was searched. */
struct kallsyms_place {
	enum kallsyms_layout layout;
	bool absolute_percpu;
	uint32_t symbols;
	uint64_t names, names_size;
	uint64_t tokens, tokens_size;
	uint64_t token_index;
	uint64_t markers;
	uint64_t offsets;
	uint64_t base; /* A and B: relative_base; C: address of offsets[0] */
};

/*
 * Search mem, which is at va in the guest (0: not known), from offset *from on; *from moves behind
 * what was found. 0 or -ENOENT.
 */
int kallsyms_find(const uint8_t *mem, uint64_t size, gva_t va, uint64_t *from,
		  struct kallsyms_place *place) must_check;

/*
 * The address of one symbol as the tables found say it (layout C without va: its offset in mem). A
 * linear search, for the time before there is an index.
 */
int kallsyms_address(const uint8_t *mem, const struct kallsyms_place *place, const char *name,
		     gva_t *address) must_check;

/*
 * A new blob with the symbols in it and an index by name. The copy is checked again: the guest may
 * have changed the tables since.
 */
int kallsyms_load(const uint8_t *mem, const struct kallsyms_place *place,
		  struct kernel_blob **out) must_check;

/* The tables in a blob fit together. */
bool kallsyms_valid(const struct kernel_blob *b);

/* kallsyms_mend.c */

/*
 * Tables that kallsyms_find() does not believe, where the note says that they are: private copies,
 * mended where one part says what another one must be. mem is the image at va. *mended (caller
 * frees) is the memory that *place is in, for kallsyms_load(). 0, -ENOENT, -ENOMEM
 */
int kallsyms_mend(const uint8_t *mem, uint64_t size, gva_t va, const struct vmcoreinfo *v,
		  uint8_t **mended, struct kallsyms_place *place) must_check;

/* Up to here a number of symbols is believed. */
#define KALLSYMS_MAX	 (1u << 20)
#define NAMES_PER_MARKER 256
#define TOKENS		 256
#define TOKEN_INDEX_SIZE (TOKENS * sizeof(uint16_t))

/* A name's length at *pos, which moves to its first token; false: broken. */
bool kallsyms_name(const uint8_t *names, uint64_t limit, uint64_t *pos, uint32_t *length);
gva_t kallsyms_decode(const uint8_t *mem, const struct kallsyms_place *pl, uint32_t i);

#define SYMBOL_NAME_SIZE 520 /* KSYM_NAME_LEN is 512 */

int symbol_find(const struct kernel_blob *b, const char *name, gva_t *va) must_check;
/* Number of the symbol at or below va, its name and type letter. */
int symbol_at(const struct kernel_blob *b, gva_t va, char name[SYMBOL_NAME_SIZE], char *type,
	      gva_t *start) must_check;

/* modules.c */

/* What the struct module at this address says. 0 or -EFAULT: it makes no sense. */
int module_read(gva_t module, struct linux_module *m) must_check;
/* Is va in the code of one of these? */
bool module_code_at(const struct linux_module *modules, size_t count, gva_t va);

/* tables.c: in the kernel's own code, that of its start included? */
bool kernel_code_at(gva_t va);

/* modsyms.c */
int linux_module_symbolize(gva_t va, char *buf, size_t size) must_check;

/* btf.c and fields.c */

struct btf;
/*
 * Fill field[], enumerator[] and types from the blob's BTF; what the kernel lacks is told to
 * facility_lacks(). 0; -ENOENT: the BTF cannot be parsed (or there is none), and no field is known;
 * -ENOMEM
 */
int fields_resolve(struct kernel_blob *b) must_check;
/* The facilities that lack a field, to facility_lacks(). */
void fields_tell_missing(struct kernel_blob *b);
/* fit.c: 0, or -EINVAL with a line in why. banner: the kernel's, up to a line break. */
int profile_fits(const void *btf, size_t size, const char *banner, char *why,
		 size_t why_size) must_check;

int btf_enumerator(const struct kernel_blob *b, const char *name, int64_t *value) must_check;

/* A member's offset: path is "a.b"; anonymous members are looked through. */
int btf_member_offset(const struct btf *btf, uint32_t type, const char *path) must_check;

/* maple.c, xarray.c: in kernel memory */

/* Calls fn for each entry in ascending order until it returns non-zero, and returns that. */
int maple_each(gva_t root, int (*fn)(gva_t entry, void *arg), void *arg) must_check;

/* The entry at index, 0 when there is none. */
int xarray_load(gva_t head, uint64_t index, gva_t *entry) must_check;

/* The entries in ascending order, until fn returns non-zero, which is returned then. */
int xarray_each(gva_t head, int (*fn)(gva_t entry, void *arg), void *arg) must_check;

/* list.c */

/* Is the time up that linux_stop_when() watches? Asked by long walks now and then. */
bool linux_stopped(void);

struct list_walk {
	gva_t head, mark;
	uint32_t steps, lap, max;
};

/*
 * The list's first entry (the address of its list_head) and the next ones; *pos is head at the end.
 * 0; -EFAULT: the list leads nowhere; -EOVERFLOW: more than max entries, or a loop.
 */
int list_first(struct list_walk *w, gva_t head, uint32_t max, gva_t *pos) must_check;
int list_next(struct list_walk *w, gva_t *pos) must_check;

/*
 * The same, but an entry may also be a value (bit 0 is set); when there is none, there is none up
 * to index *last either.
 */
int xarray_find(gva_t head, uint64_t index, gva_t *entry, uint64_t *last) must_check;

/* memory.c */

#define USER_END (1ull << 56)

/* Calls fn for each mapping, in address order, until it returns non-zero, and returns that. */
int vma_each(gva_t mm, int (*fn)(gva_t vma, void *arg), void *arg) must_check;

/* include/linux/mm.h: vm_flags */
#define VM_SHARED   0x8ull
#define VM_MAYSHARE 0x80ull
#define VM_PFNMAP   0x400ull
#define VM_IO	    0x4000ull
#define VM_HUGETLB  0x400000ull
#define VM_MIXEDMAP 0x10000000ull

/* pagecache.c */

#define MAX_COMPOUND (1u << 18) /* pages: 1 GB */

/* Where the array of struct page is. */
int page_array(gva_t *base) must_check;
/* PG_...: is it set in page->flags? False when this kernel's number is not known. */
bool page_flag(uint64_t flags, enum kept_enumerator e);

/* c is for page_cache_find in this struct file. 0 or -E... */
int page_cache_open(gva_t file, struct linux_cache *c) must_check;
/*
 * The file's page at this index. -ENOENT: not in memory, and none up to index *last is; -ENXIO: it
 * is memory that the kernel has swapped out.
 */
int page_cache_find(const struct linux_cache *c, uint64_t index, gpa_t *gpa,
		    uint64_t *last) must_check;

/* path.c */
int path_of_file(gva_t file, char *buf, size_t size) must_check;
/* The same for a mount (struct vfsmount) and a dentry. */
int path_of(gva_t vfsmount, gva_t dentry, char *buf, size_t size) must_check;

struct path_root {
	gva_t mnt, dentry; /* struct vfsmount, struct dentry */
};

/* As seen by who has this root; -ENOENT: it lies outside. */
int path_below(gva_t vfsmount, gva_t dentry, const struct path_root *root, char *buf,
	       size_t size) must_check;
/* From the root of its file system: dentry_path(), fs/d_path.c */
int path_in_file_system(gva_t dentry, char *buf, size_t size) must_check;

/* trapsite.c */

/* Fill all but bytes[] of insn from the code at bytes; address is for the decoder. 0 or -EINVAL */
int insn_classify(const uint8_t *bytes, size_t size, gva_t address,
		  struct lvmon_insn *insn) must_check;
#define FENTRY_SIZE 5 /* bytes that ftrace patches */

/* Length of ENDBR and fentry NOP at code, or -ENOTSUP: a trap is there. */
int entry_length(const uint8_t *code, size_t size, gva_t address,
		 bool (*is_tracer)(gva_t target)) must_check;

#endif
