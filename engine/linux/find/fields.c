/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members this folder reads, by the names that kernels give them. This one table is where a
 * rename between kernels is written down: rows with the same number are alternatives, and the first
 * that the kernel has is taken. NEED rows say which facility is off without them. All are resolved
 * once, at discovery.
 */
#include <stdio.h>
#include <stdlib.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "engine/linux/internal.h"

struct field_name {
	int facility; /* that cannot do without; -1: it can */
	enum field field;
	const char *type, *path; /* path NULL: the size of the type */
};

/* clang-format off */
#define NEED(facility, f, type, path) { facility, f, type, path }
#define MAY(f, type, path) { -1, f, type, path } /* an alternative, or optional */

static const struct field_name field_names[] = {
	NEED(LINUX_TASKS, F_TASK_TASKS, "task_struct", "tasks"),
	NEED(LINUX_TASKS, F_TASK_PID, "task_struct", "pid"),
	NEED(LINUX_TASKS, F_TASK_TGID, "task_struct", "tgid"),
	NEED(LINUX_TASKS, F_TASK_COMM, "task_struct", "comm"),
	NEED(LINUX_TASKS, F_TASK_REAL_PARENT, "task_struct", "real_parent"),
	NEED(LINUX_DETAILS, F_TASK_REAL_CRED, "task_struct", "real_cred"),
	NEED(LINUX_TASKS, F_TASK_MM, "task_struct", "mm"),
	NEED(LINUX_DETAILS, F_TASK_FLAGS, "task_struct", "flags"),
	NEED(LINUX_DETAILS, F_TASK_START, "task_struct", "start_boottime"),
	MAY(F_TASK_START, "task_struct", "real_start_time"), /* to 5.4 */
	NEED(LINUX_DETAILS, F_CRED_UID, "cred", "uid"),
	NEED(LINUX_DETAILS, F_CRED_GID, "cred", "gid"),
	NEED(LINUX_SPACES, F_MM_PGD, "mm_struct", "pgd"),
	NEED(LINUX_SPACES, F_MM_ARG_START, "mm_struct", "arg_start"),
	NEED(LINUX_SPACES, F_MM_ARG_END, "mm_struct", "arg_end"),
	NEED(LINUX_PATHS, F_MM_EXE_FILE, "mm_struct", "exe_file"),
	MAY(F_MM_MMAP, "mm_struct", "mmap"),             /* to 6.0 */
	MAY(F_MM_MT_ROOT, "mm_struct", "mm_mt.ma_root"), /* from 6.1 */
	MAY(F_MM_VDSO, "mm_struct", "context.vdso"),
	NEED(LINUX_MEMORY, F_VMA_START, "vm_area_struct", "vm_start"),
	NEED(LINUX_MEMORY, F_VMA_END, "vm_area_struct", "vm_end"),
	NEED(LINUX_MEMORY, F_VMA_FLAGS, "vm_area_struct", "vm_flags"),
	NEED(LINUX_MEMORY, F_VMA_FILE, "vm_area_struct", "vm_file"),
	NEED(LINUX_MEMORY, F_VMA_PGOFF, "vm_area_struct", "vm_pgoff"),
	NEED(LINUX_MEMORY, F_VMA_OPS, "vm_area_struct", "vm_ops"),
	MAY(F_VMA_NEXT, "vm_area_struct", "vm_next"),    /* to 6.0 */
	MAY(F_MAPLE_RANGE_PIVOT, "maple_range_64", "pivot"),
	MAY(F_MAPLE_RANGE_SLOT, "maple_range_64", "slot"),
	MAY(F_MAPLE_ARANGE_PIVOT, "maple_arange_64", "pivot"),
	MAY(F_MAPLE_ARANGE_SLOT, "maple_arange_64", "slot"),
	NEED(LINUX_PATHS, F_FILE_MNT, "file", "f_path.mnt"),
	NEED(LINUX_PATHS, F_FILE_DENTRY, "file", "f_path.dentry"),
	NEED(LINUX_PAGES, F_FILE_MAPPING, "file", "f_mapping"),
	NEED(LINUX_PATHS, F_DENTRY_NAME, "dentry", "d_name.name"),
	NEED(LINUX_PATHS, F_DENTRY_NAME_LEN, "dentry", "d_name.len"),
	NEED(LINUX_PATHS, F_DENTRY_PARENT, "dentry", "d_parent"),
	NEED(LINUX_PATHS, F_DENTRY_PPREV, "dentry", "d_hash.pprev"),
	/* Names of what is on no mounted file system. */
	MAY(F_DENTRY_INODE, "dentry", "d_inode"),
	MAY(F_DENTRY_OPS, "dentry", "d_op"),
	MAY(F_DENTRY_OPS_DNAME, "dentry_operations", "d_dname"),
	MAY(F_DENTRY_FSDATA, "dentry", "d_fsdata"),
	MAY(F_INODE_INO, "inode", "i_ino"),
	MAY(F_INODE_PRIVATE, "inode", "i_private"),
	MAY(F_NS_OPS, "ns_common", "ops"),
	MAY(F_NS_OPS_NAME, "proc_ns_operations", "name"),
	MAY(F_DMA_BUF_NAME, "dma_buf", "name"),
	NEED(LINUX_PATHS, F_MOUNT_MNT, "mount", "mnt"),
	NEED(LINUX_PATHS, F_MOUNT_PARENT, "mount", "mnt_parent"),
	NEED(LINUX_PATHS, F_MOUNT_MOUNTPOINT, "mount", "mnt_mountpoint"),
	NEED(LINUX_PATHS, F_VFSMOUNT_ROOT, "vfsmount", "mnt_root"),
	NEED(LINUX_PAGES, F_MAPPING_PAGES_HEAD, "address_space", "i_pages.xa_head"),
	MAY(F_MAPPING_OPS, "address_space", "a_ops"),
	NEED(LINUX_PAGES, F_XA_NODE_SHIFT, "xa_node", "shift"),
	NEED(LINUX_PAGES, F_XA_NODE_SLOTS, "xa_node", "slots"),
	NEED(LINUX_PAGES, F_PAGE_FLAGS, "page", "flags"),
	NEED(LINUX_PAGES, F_PAGE_MAPPING, "page", "mapping"),
	NEED(LINUX_PAGES, F_PAGE_INDEX, "page", "index"),
	MAY(F_PAGE_INDEX, "page", "__folio_index"),
	MAY(F_PAGE_HEAD, "page", "compound_head"),
	MAY(F_PAGE_HEAD, "page", "compound_info"),       /* from 7.1 */
	NEED(LINUX_PAGES, F_PAGE_MAPCOUNT, "page", "_mapcount"),
	NEED(LINUX_PAGES, F_PAGE_REFCOUNT, "page", "_refcount"),
	NEED(LINUX_PAGES, F_PAGE_SIZE, "page", NULL),
	MAY(F_PCPU_CURRENT, "pcpu_hot", "current_task"), /* 6.2 to 6.14 */
	MAY(F_PCPU_PREEMPT, "pcpu_hot", "preempt_count"),
	MAY(F_TASK_RCU_READERS, "task_struct", "rcu_read_lock_nesting"), /* CONFIG_PREEMPT_RCU */
	NEED(LINUX_FILES, F_TASK_FILES, "task_struct", "files"),
	NEED(LINUX_FILES, F_FILES_FDT, "files_struct", "fdt"),
	NEED(LINUX_FILES, F_FDT_MAX, "fdtable", "max_fds"),
	NEED(LINUX_FILES, F_FDT_FD, "fdtable", "fd"),
	NEED(LINUX_FILES, F_FDT_CLOEXEC, "fdtable", "close_on_exec"),
	NEED(LINUX_FILES, F_FILE_FLAGS, "file", "f_flags"),
	NEED(LINUX_FILES, F_FILE_MODE, "file", "f_mode"),
	NEED(LINUX_FILES, F_FILE_POS, "file", "f_pos"),
	NEED(LINUX_FILES, F_FILE_OPS, "file", "f_op"),
	NEED(LINUX_FILES, F_FILE_PRIVATE, "file", "private_data"),
	NEED(LINUX_FILES, F_FILE_INODE, "file", "f_inode"),
	NEED(LINUX_FILES, F_INODE_INO, "inode", "i_ino"),
	NEED(LINUX_FILES, F_INODE_MODE, "inode", "i_mode"),
	NEED(LINUX_FILES, F_INODE_RDEV, "inode", "i_rdev"),
	NEED(LINUX_FILES, F_INODE_SB, "inode", "i_sb"),
	NEED(LINUX_FILES, F_SB_DEV, "super_block", "s_dev"),
	NEED(LINUX_SOCKETS, F_SOCKET_SK, "socket", "sk"),
	NEED(LINUX_SOCKETS, F_SOCKET_ALLOC_SOCKET, "socket_alloc", "socket"),
	NEED(LINUX_SOCKETS, F_SOCKET_ALLOC_INODE, "socket_alloc", "vfs_inode"),
	NEED(LINUX_SOCKETS, F_SOCK_FAMILY, "sock", "__sk_common.skc_family"),
	NEED(LINUX_SOCKETS, F_SOCK_STATE, "sock", "__sk_common.skc_state"),
	NEED(LINUX_SOCKETS, F_SOCK_NUM, "sock", "__sk_common.skc_num"),
	NEED(LINUX_SOCKETS, F_SOCK_DPORT, "sock", "__sk_common.skc_dport"),
	NEED(LINUX_SOCKETS, F_SOCK_DADDR, "sock", "__sk_common.skc_daddr"),
	NEED(LINUX_SOCKETS, F_SOCK_RCV_SADDR, "sock", "__sk_common.skc_rcv_saddr"),
	NEED(LINUX_SOCKETS, F_SOCK_INTERFACE, "sock", "__sk_common.skc_bound_dev_if"),
	MAY(F_SOCK_V6_DADDR, "sock", "__sk_common.skc_v6_daddr"), /* CONFIG_IPV6 */
	MAY(F_SOCK_V6_RCV_SADDR, "sock", "__sk_common.skc_v6_rcv_saddr"),
	NEED(LINUX_SOCKETS, F_SOCK_TYPE, "sock", "sk_type"),
	NEED(LINUX_SOCKETS, F_SOCK_PROTOCOL, "sock", "sk_protocol"),
	MAY(F_SOCK_SOCKET, "sock", "sk_socket"),
	MAY(F_SOCK_ACK_BACKLOG, "sock", "sk_ack_backlog"),
	MAY(F_SOCK_WMEM, "sock", "sk_wmem_alloc"),
	MAY(F_SOCK_RMEM, "sock", "sk_backlog.rmem_alloc"),
	MAY(F_TCP_WRITE_SEQ, "tcp_sock", "write_seq"),
	MAY(F_TCP_SND_UNA, "tcp_sock", "snd_una"),
	MAY(F_TCP_RCV_NXT, "tcp_sock", "rcv_nxt"),
	MAY(F_TCP_COPIED_SEQ, "tcp_sock", "copied_seq"),
	MAY(F_UDP_DEFICIT, "udp_sock", "forward_deficit"),
	MAY(F_UNIX_ADDR, "unix_sock", "addr"),
	MAY(F_UNIX_PEER, "unix_sock", "peer"),
	MAY(F_UNIX_ADDRESS_LEN, "unix_address", "len"),
	MAY(F_UNIX_ADDRESS_NAME, "unix_address", "name"),
	MAY(F_NETLINK_PORT, "netlink_sock", "portid"),
	MAY(F_PACKET_PROTOCOL, "packet_sock", "num"),
	MAY(F_PACKET_INTERFACE, "packet_sock", "ifindex"),
	/* Cores of processes. */
	MAY(F_TASK_STACK, "task_struct", "stack"),
	MAY(F_TASK_FSBASE, "task_struct", "thread.fsbase"),
	MAY(F_TASK_GSBASE, "task_struct", "thread.gsbase"),
	MAY(F_MM_AUXV, "mm_struct", "saved_auxv"),
	NEED(LINUX_MODULES, F_MODULE_LIST, "module", "list"),
	NEED(LINUX_MODULES, F_MODULE_NAME, "module", "name"),
	NEED(LINUX_MODULES, F_MODULE_STATE, "module", "state"),
	NEED(LINUX_MODULES, F_MODULE_TAINTS, "module", "taints"),
	MAY(F_MODULE_REFS, "module", "refcnt"),
	MAY(F_MODULE_INIT, "module", "init"),
	MAY(F_MODULE_EXIT, "module", "exit"),
	MAY(F_MODULE_CORE, "module", "core_layout"),     /* to 6.3 */
	MAY(F_MODULE_INIT_AREA, "module", "init_layout"),
	NEED(LINUX_MODULES, F_MODULE_AREA_BASE, "module_layout", "base"),
	NEED(LINUX_MODULES, F_MODULE_AREA_SIZE, "module_layout", "size"),
	MAY(F_MODULE_AREA_TEXT, "module_layout", "text_size"),
	MAY(F_MODULE_MEM, "module", "mem"),              /* from 6.4 */
	MAY(F_MODULE_MEM_SIZE, "module_memory", NULL),
	MAY(F_MODULE_AREA_BASE, "module_memory", "base"),
	MAY(F_MODULE_AREA_SIZE, "module_memory", "size"),
	MAY(F_MODULE_USES, "module", "source_list"),
	MAY(F_MODULE_USE_LIST, "module_use", "source_list"),
	MAY(F_MODULE_USE_SOURCE, "module_use", "source"),
	MAY(F_MODULE_KALLSYMS, "module", "kallsyms"),
	MAY(F_MODULE_SYMTAB, "mod_kallsyms", "symtab"),
	MAY(F_MODULE_NUM_SYMTAB, "mod_kallsyms", "num_symtab"),
	MAY(F_MODULE_STRTAB, "mod_kallsyms", "strtab"),
	MAY(F_BTF_MODULE_LIST, "btf_module", "list"),    /* from 5.11 */
	MAY(F_BTF_MODULE_MODULE, "btf_module", "module"),
	MAY(F_BTF_MODULE_BTF, "btf_module", "btf"),
	MAY(F_BTF_DATA, "btf", "data"),
	MAY(F_BTF_DATA_SIZE, "btf", "data_size"),
	/* Details of processes: each column is there where its members are. */
	MAY(F_TASK_STATE, "task_struct", "__state"),
	MAY(F_TASK_STATE, "task_struct", "state"),       /* to 5.13, a long */
	MAY(F_TASK_EXIT_STATE, "task_struct", "exit_state"),
	NEED(LINUX_THREADS, F_TASK_SIGNAL, "task_struct", "signal"),
	NEED(LINUX_THREADS, F_TASK_THREAD_NODE, "task_struct", "thread_node"),
	NEED(LINUX_THREADS, F_SIGNAL_THREADS, "signal_struct", "thread_head"),
	MAY(F_TASK_THREAD_PID, "task_struct", "thread_pid"),
	MAY(F_TASK_NSPROXY, "task_struct", "nsproxy"),
	MAY(F_TASK_CGROUPS, "task_struct", "cgroups"),
	MAY(F_SIGNAL_PIDS, "signal_struct", "pids"),
	MAY(F_SIGNAL_TTY, "signal_struct", "tty"),
	MAY(F_PID_LEVEL, "pid", "level"),
	MAY(F_PID_NUMBERS, "pid", "numbers"),
	MAY(F_UPID_NS, "upid", "ns"),
	MAY(F_UPID_SIZE, "upid", NULL),
	MAY(F_TTY_DRIVER, "tty_struct", "driver"),
	MAY(F_TTY_INDEX, "tty_struct", "index"),
	MAY(F_TTY_DRIVER_MAJOR, "tty_driver", "major"),
	MAY(F_TTY_DRIVER_MINOR, "tty_driver", "minor_start"),
	MAY(F_CRED_EUID, "cred", "euid"),
	MAY(F_CRED_SUID, "cred", "suid"),
	MAY(F_CRED_FSUID, "cred", "fsuid"),
	MAY(F_CRED_EGID, "cred", "egid"),
	MAY(F_CRED_SGID, "cred", "sgid"),
	MAY(F_CRED_FSGID, "cred", "fsgid"),
	MAY(F_CRED_CAP_INHERITABLE, "cred", "cap_inheritable"),
	MAY(F_CRED_CAP_PERMITTED, "cred", "cap_permitted"),
	MAY(F_CRED_CAP_EFFECTIVE, "cred", "cap_effective"),
	MAY(F_CRED_CAP_BOUNDING, "cred", "cap_bset"),
	MAY(F_CRED_CAP_AMBIENT, "cred", "cap_ambient"),
	MAY(F_CRED_USER_NS, "cred", "user_ns"),
	MAY(F_NSPROXY_MNT, "nsproxy", "mnt_ns"),
	MAY(F_NSPROXY_NET, "nsproxy", "net_ns"),
	MAY(F_NSPROXY_UTS, "nsproxy", "uts_ns"),
	MAY(F_NSPROXY_IPC, "nsproxy", "ipc_ns"),
	MAY(F_NSPROXY_CGROUP, "nsproxy", "cgroup_ns"),
	MAY(F_NSPROXY_TIME, "nsproxy", "time_ns"),
	MAY(F_NS_INUM, "ns_common", "inum"),
	MAY(F_MNT_NS_COMMON, "mnt_namespace", "ns"),
	MAY(F_PID_NS_COMMON, "pid_namespace", "ns"),
	MAY(F_NET_NS_COMMON, "net", "ns"),
	MAY(F_UTS_NS_COMMON, "uts_namespace", "ns"),
	MAY(F_IPC_NS_COMMON, "ipc_namespace", "ns"),
	MAY(F_USER_NS_COMMON, "user_namespace", "ns"),
	MAY(F_CGROUP_NS_COMMON, "cgroup_namespace", "ns"),
	MAY(F_TIME_NS_COMMON, "time_namespace", "ns"),
	MAY(F_CSS_SET_GROUP, "css_set", "dfl_cgrp"),
	MAY(F_CGROUP_KN, "cgroup", "kn"),
	MAY(F_CGROUP_FLAGS, "cgroup", "self.flags"),
	MAY(F_KERNFS_PARENT, "kernfs_node", "parent"),
	MAY(F_KERNFS_PARENT, "kernfs_node", "__parent"), /* from 6.15 */
	MAY(F_KERNFS_NAME, "kernfs_node", "name"),
	/* Mappings as /proc shows them. */
	MAY(F_MM_BRK, "mm_struct", "brk"),
	MAY(F_MM_START_BRK, "mm_struct", "start_brk"),
	MAY(F_MM_START_STACK, "mm_struct", "start_stack"),
	MAY(F_MM_ENV_START, "mm_struct", "env_start"),
	MAY(F_MM_ENV_END, "mm_struct", "env_end"),
	MAY(F_MM_CONTEXT_FLAGS, "mm_struct", "context.flags"),
	MAY(F_MM_IA32, "mm_struct", "context.ia32_compat"),     /* to 5.11 */
	MAY(F_VMA_PRIVATE, "vm_area_struct", "vm_private_data"),
	MAY(F_VMA_ANON_NAME, "vm_area_struct", "anon_name"),    /* from 5.17 */
	MAY(F_VMA_SHARED, "vm_area_struct", "shared"),
	MAY(F_ANON_NAME_NAME, "anon_vma_name", "name"),
	MAY(F_VMA_OPS_NAME, "vm_operations_struct", "name"),
	MAY(F_SPECIAL_NAME, "vm_special_mapping", "name"),
	MAY(F_FILE_INODE, "file", "f_inode"),
	MAY(F_FILE_MODE, "file", "f_mode"),
	MAY(F_BACKING_MNT, "backing_file", "user_path.mnt"),    /* from 6.8 */
	MAY(F_BACKING_DENTRY, "backing_file", "user_path.dentry"),
	MAY(F_INODE_SB, "inode", "i_sb"),
	MAY(F_SB_DEV, "super_block", "s_dev"),
	/* Mounts. */
	NEED(LINUX_MOUNTS, F_TASK_NSPROXY, "task_struct", "nsproxy"),
	NEED(LINUX_MOUNTS, F_NSPROXY_MNT, "nsproxy", "mnt_ns"),
	NEED(LINUX_MOUNTS, F_TASK_FS, "task_struct", "fs"),
	NEED(LINUX_MOUNTS, F_FS_ROOT_MNT, "fs_struct", "root.mnt"),
	NEED(LINUX_MOUNTS, F_FS_ROOT_DENTRY, "fs_struct", "root.dentry"),
	NEED(LINUX_MOUNTS, F_VFSMOUNT_SB, "vfsmount", "mnt_sb"),
	NEED(LINUX_MOUNTS, F_VFSMOUNT_FLAGS, "vfsmount", "mnt_flags"),
	NEED(LINUX_MOUNTS, F_MOUNT_ID, "mount", "mnt_id"),
	MAY(F_MOUNT_UNIQUE, "mount", "mnt_id_unique"),          /* from 6.8 */
	NEED(LINUX_MOUNTS, F_SB_DEV, "super_block", "s_dev"),
	NEED(LINUX_MOUNTS, F_SB_TYPE, "super_block", "s_type"),
	NEED(LINUX_MOUNTS, F_SB_FLAGS, "super_block", "s_flags"),
	NEED(LINUX_MOUNTS, F_FS_TYPE_NAME, "file_system_type", "name"),
	NEED(LINUX_MOUNTS, F_MOUNT_DEVNAME, "mount", "mnt_devname"),
	MAY(F_SB_SUBTYPE, "super_block", "s_subtype"),
	MAY(F_VFSMOUNT_IDMAP, "vfsmount", "mnt_idmap"),         /* from 6.2 */
	MAY(F_VFSMOUNT_USER_NS, "vfsmount", "mnt_userns"),      /* 5.12 to 6.1 */
	MAY(F_MOUNT_GROUP, "mount", "mnt_group_id"),
	MAY(F_MOUNT_MASTER, "mount", "mnt_master"),
	MAY(F_MOUNT_T_FLAGS, "mount", "mnt_t_flags"),           /* from 6.17 */
	MAY(F_MOUNT_LIST, "mount", "mnt_list"),
	MAY(F_MNT_NS_LIST, "mnt_namespace", "list"),            /* to 6.7 */
	MAY(F_MOUNT_NODE, "mount", "mnt_node"),                 /* from 6.8 */
	MAY(F_MNT_NS_TREE, "mnt_namespace", "mounts.rb_node"),
	MAY(F_RB_LEFT, "rb_node", "rb_left"),
	MAY(F_RB_RIGHT, "rb_node", "rb_right"),
	/* hidden things */
	NEED(LINUX_CROSS_VIEWS, F_TASK_LEADER, "task_struct", "group_leader"),
	NEED(LINUX_CROSS_VIEWS, F_TASK_PID_LINKS, "task_struct", "pid_links"),
	NEED(LINUX_CROSS_VIEWS, F_TASK_THREAD_PID, "task_struct", "thread_pid"),
	NEED(LINUX_CROSS_VIEWS, F_TASK_CHILDREN, "task_struct", "children"),
	NEED(LINUX_CROSS_VIEWS, F_TASK_SIBLING, "task_struct", "sibling"),
	NEED(LINUX_CROSS_VIEWS, F_PID_TASKS, "pid", "tasks"),
	NEED(LINUX_CROSS_VIEWS, F_PID_NS_IDR, "pid_namespace", "idr.idr_rt.xa_head"),
	NEED(LINUX_CROSS_VIEWS, F_XA_NODE_SHIFT, "xa_node", "shift"),
	NEED(LINUX_CROSS_VIEWS, F_XA_NODE_SLOTS, "xa_node", "slots"),
	MAY(F_TASK_SE_NODE, "task_struct", "se.group_node"),
	MAY(F_RQ_CURR, "rq", "curr"),
	MAY(F_RQ_IDLE, "rq", "idle"),
	MAY(F_RQ_CFS_TASKS, "rq", "cfs_tasks"),
	MAY(F_RWBASE_READERS, "rwbase_rt", "readers"),   /* real-time kernels */
	MAY(F_TASK_KTHREAD, "task_struct", "worker_private"), /* from 5.17 on */
	MAY(F_TASK_KTHREAD, "task_struct", "set_child_tid"),
	MAY(F_KTHREAD_FUNCTION, "kthread", "threadfn"),       /* from 5.9 on */
	MAY(F_MODULE_MKOBJ_MOD, "module", "mkobj.mod"),
	MAY(F_MODULE_MTN_MOD, "module", "core_layout.mtn.mod"), /* to 6.3 */
	MAY(F_MODULE_MEM_MTN_MOD, "module_memory", "mtn.mod"),
	MAY(F_KSET_LIST, "kset", "list"),
	MAY(F_KOBJECT_ENTRY, "kobject", "entry"),
	MAY(F_MKOBJ_KOBJ, "module_kobject", "kobj"),
	MAY(F_MKOBJ_MOD, "module_kobject", "mod"),
	MAY(F_MOD_TREE_SEQ, "mod_tree_root", "root.seq"),
	MAY(F_MOD_TREE_TREES, "mod_tree_root", "root.tree"),
	MAY(F_LATCH_NODE, "latch_tree_node", "node"),
	MAY(F_MTN_MOD, "mod_tree_node", "mod"),
	MAY(F_MTN_NODE, "mod_tree_node", "node"),
	MAY(F_RB_SIZE, "rb_node", NULL),
	/* Who has calls go elsewhere: detour.c. */
	MAY(F_FTRACE_OPS_FUNC, "ftrace_ops", "func"),
	MAY(F_FTRACE_OPS_SAVED, "ftrace_ops", "saved_func"),
	MAY(F_FTRACE_OPS_NEXT, "ftrace_ops", "next"),
	MAY(F_FTRACE_OPS_FLAGS, "ftrace_ops", "flags"),
	MAY(F_FTRACE_OPS_HASHES, "ftrace_ops", "func_hash"),
	MAY(F_FTRACE_OPS_TRAMPOLINE, "ftrace_ops", "trampoline"),
	MAY(F_FTRACE_FILTER, "ftrace_ops_hash", "filter_hash"),
	MAY(F_FTRACE_NOTRACE, "ftrace_ops_hash", "notrace_hash"),
	MAY(F_FTRACE_HASH_BITS, "ftrace_hash", "size_bits"),
	MAY(F_FTRACE_HASH_BUCKETS, "ftrace_hash", "buckets"),
	MAY(F_FTRACE_HASH_COUNT, "ftrace_hash", "count"),
	MAY(F_FTRACE_ENTRY_NODE, "ftrace_func_entry", "hlist"),
	MAY(F_FTRACE_ENTRY_IP, "ftrace_func_entry", "ip"),
	MAY(F_FTRACE_ENTRY_DIRECT, "ftrace_func_entry", "direct"),
	MAY(F_BPF_KSYM_START, "bpf_ksym", "start"),
	MAY(F_BPF_KSYM_END, "bpf_ksym", "end"),
	MAY(F_BPF_KSYM_NODE, "bpf_ksym", "lnode"),
};

/* clang-format on */

#define NR_NAMES (sizeof(field_names) / sizeof(field_names[0]))

static const char *const enumerator_names[NR_ENUMERATORS] = {
	[E_PG_LOCKED] = "PG_locked",
	[E_PG_UPTODATE] = "PG_uptodate",
	[E_PG_SWAPBACKED] = "PG_swapbacked",
	[E_PG_SWAPCACHE] = "PG_swapcache",
	[E_PG_ANON_EXCLUSIVE] = "PG_anon_exclusive", /* from 5.19 */
	[E_PG_LRU] = "PG_lru",
	[E_FOLL_WRITE] = "FOLL_WRITE", /* from 6.3; macros before */
	[E_FOLL_FORCE] = "FOLL_FORCE",
	[E_FOLL_NOWAIT] = "FOLL_NOWAIT",
	[E_FOLL_ANON] = "FOLL_ANON",
	[E_FTRACE_IPMODIFY] = "FTRACE_OPS_FL_IPMODIFY",
};

#define MAX_NESTING   8
#define MAX_MODIFIERS 16
#define MAX_MEMBERS   4096 /* looked at for one name: anonymous members may nest, or be a lie */

/* Type behind const, volatile, typedef, ...; 0 when that does not end. */
static uint32_t strip(const struct btf *btf, uint32_t id)
{
	int i;

	for (i = 0; i < MAX_MODIFIERS; i++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!t)
			return 0;
		if (!btf_is_mod(t) && !btf_is_typedef(t))
			return id;
		id = t->type;
	}
	return 0;
}

static bool name_is(const char *name, const char *want, size_t length)
{
	return name && !strncmp(name, want, length) && !name[length];
}

/* Offset in bits of the member called name[0..length), and its type. */
static int64_t member_find(const struct btf *btf, uint32_t id, const char *name, size_t length,
			   uint32_t *member_type, int depth, uint32_t *budget)
{
	const struct btf_type *t = btf__type_by_id(btf, strip(btf, id));
	const struct btf_member *m;
	uint32_t i, n;

	if (depth > MAX_NESTING || !t || !btf_is_composite(t))
		return -ENOENT;
	m = btf_members(t);
	n = btf_vlen(t);
	for (i = 0; i < n; i++) {
		int64_t here = btf_member_bit_offset(t, i), inner;

		if (!*budget)
			return -E2BIG;
		--*budget;
		if (name_is(btf__name_by_offset(btf, m[i].name_off), name, length)) {
			*member_type = m[i].type;
			return here;
		}
		if (m[i].name_off)
			continue;
		inner = member_find(btf, m[i].type, name, length, member_type, depth + 1, budget);
		if (inner >= 0)
			return here + inner;
	}
	return -ENOENT;
}

int btf_member_offset(const struct btf *btf, uint32_t type, const char *path)
{
	int64_t bits = 0, one;

	while (*path) {
		size_t n = strcspn(path, ".");
		uint32_t budget = MAX_MEMBERS;

		one = member_find(btf, type, path, n, &type, 0, &budget);
		if (one < 0)
			return -ENOENT;
		bits += one;
		path += n + (path[n] == '.');
	}
	/* A structure of more than a megabyte is a lie. */
	if (bits % 8 || bits / 8 > 1 << 20)
		return -EINVAL;
	return (int)(bits / 8);
}

static int64_t enum_value(const struct btf_type *t, uint32_t i)
{
	if (btf_is_enum64(t))
		return (int64_t)btf_enum64_value(&btf_enum64(t)[i]);
	return btf_kflag(t) ? (int64_t)btf_enum(t)[i].val : (int64_t)(uint32_t)btf_enum(t)[i].val;
}

static uint32_t enum_name(const struct btf_type *t, uint32_t i)
{
	return btf_is_enum64(t) ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
}

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static struct btf *btf_open(const struct kernel_blob *b)
{
	struct btf *btf;

	if (!b->sec[SEC_BTF].size)
		return NULL;
	libbpf_set_print(no_print);
	btf = btf__new(section(b, SEC_BTF), b->sec[SEC_BTF].size);
	return libbpf_get_error(btf) ? NULL : btf;
}

static void keep_enumerators(struct kernel_blob *b, const struct btf *btf, const struct btf_type *t)
{
	uint32_t i, k, n = btf_vlen(t);

	for (i = 0; i < n; i++) {
		const char *name = btf__name_by_offset(btf, enum_name(t, i));

		/* PG_..., FOLL_... and FTRACE_... only: skip the other 30,000 fast */
		if (!name || (name[0] != 'P' && name[0] != 'F') || !name[1] ||
		    (name[2] != '_' && name[2] != 'L' && name[2] != 'R'))
			continue;
		for (k = 0; k < NR_ENUMERATORS; k++) {
			if ((b->enumerators_known >> k & 1) || strcmp(name, enumerator_names[k]))
				continue;
			b->enumerator[k] = enum_value(t, i);
			b->enumerators_known |= 1u << k;
		}
	}
}

/* By a name's first two characters. */
static uint8_t chain_of(const char *name)
{
	return (uint8_t)((uint8_t)name[0] * 5 + (uint8_t)name[1]);
}

/* One pass over all types: the first structure of each name, and the enumerators. */
static void types_find(struct kernel_blob *b, const struct btf *btf, uint32_t ids[NR_NAMES])
{
	uint32_t id, n = btf__type_cnt(btf);
	uint16_t first[256] = {0}, next[NR_NAMES]; /* rows, from 1 on; 0: no more */
	size_t i;

	for (i = NR_NAMES; i--;) {
		uint16_t *chain = &first[chain_of(field_names[i].type)];

		next[i] = *chain;
		*chain = (uint16_t)(i + 1);
	}
	memset(ids, 0, NR_NAMES * sizeof(ids[0]));
	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name;

		if (btf_is_any_enum(t)) {
			keep_enumerators(b, btf, t);
			continue;
		}
		if (!btf_is_struct(t) || !t->name_off || !btf_vlen(t))
			continue;
		name = btf__name_by_offset(btf, t->name_off);
		if (!name || !name[0])
			continue;
		for (i = first[chain_of(name)]; i; i = next[i - 1])
			if (!ids[i - 1] && !strcmp(name, field_names[i - 1].type))
				ids[i - 1] = id;
	}
	b->types = n;
}

/* A process's mappings are in a maple tree (from 6.1) or in a list. */
static bool knows_mappings(const struct kernel_blob *b)
{
	if (b->field[F_MM_MT_ROOT] != NO_FIELD)
		return b->field[F_MAPLE_RANGE_PIVOT] != NO_FIELD &&
		       b->field[F_MAPLE_RANGE_SLOT] != NO_FIELD &&
		       b->field[F_MAPLE_ARANGE_PIVOT] != NO_FIELD &&
		       b->field[F_MAPLE_ARANGE_SLOT] != NO_FIELD;
	return b->field[F_MM_MMAP] != NO_FIELD && b->field[F_VMA_NEXT] != NO_FIELD;
}

/* A module's memory is in seven areas (from 6.4) or in two that begin with code. */
static bool knows_module_areas(const struct kernel_blob *b)
{
	if (b->field[F_MODULE_MEM] != NO_FIELD)
		return b->field[F_MODULE_MEM_SIZE] != NO_FIELD;
	return b->field[F_MODULE_CORE] != NO_FIELD && b->field[F_MODULE_INIT_AREA] != NO_FIELD &&
	       b->field[F_MODULE_AREA_TEXT] != NO_FIELD;
}

void fields_tell_missing(struct kernel_blob *b)
{
	size_t i;

	for (i = 0; i < NR_NAMES; i++) {
		const struct field_name *f = &field_names[i];
		char why[MISSING_SIZE];

		if (f->facility < 0 || b->field[f->field] != NO_FIELD)
			continue;
		if (b->types)
			snprintf(why, sizeof(why), "struct %s has no %s", f->type,
				 f->path ? f->path : "size");
		else
			snprintf(why, sizeof(why), "no BTF that says where %s.%s is", f->type,
				 f->path ? f->path : "size");
		facility_lacks(b, (enum linux_facility)f->facility, why);
	}
	if (!knows_mappings(b))
		facility_lacks(b, LINUX_MEMORY,
			       b->types ? "struct mm_struct has no tree or list of mappings"
					: "no BTF that says where mm_struct.mm_mt is");
	if (!knows_module_areas(b))
		facility_lacks(b, LINUX_MODULES, "struct module has no areas of memory");
	/* Mounts are in a tree (from 6.8) or in a list. */
	if ((b->field[F_MNT_NS_TREE] == NO_FIELD || b->field[F_MOUNT_NODE] == NO_FIELD ||
	     b->field[F_RB_LEFT] == NO_FIELD || b->field[F_RB_RIGHT] == NO_FIELD) &&
	    (b->field[F_MNT_NS_LIST] == NO_FIELD || b->field[F_MOUNT_LIST] == NO_FIELD))
		facility_lacks(b, LINUX_MOUNTS,
			       b->types ? "struct mnt_namespace has no tree or list of mounts"
					: "no BTF that says where mnt_namespace.mounts is");
	if (!b->types)
		facility_lacks(b, LINUX_TYPES, "no BTF (CONFIG_DEBUG_INFO_BTF)");
}

int fields_resolve(struct kernel_blob *b)
{
	uint32_t ids[NR_NAMES];
	struct btf *btf;
	size_t i;

	for (i = 0; i < NR_FIELDS; i++)
		b->field[i] = NO_FIELD;
	b->enumerators_known = 0;
	b->types = 0;
	errno = 0;
	btf = btf_open(b);
	if (!btf) {
		if (errno == ENOMEM)
			return -ENOMEM;
		fields_tell_missing(b);
		return -ENOENT;
	}
	types_find(b, btf, ids);
	for (i = 0; i < NR_NAMES; i++) {
		const struct field_name *f = &field_names[i];
		const struct btf_type *t = ids[i] ? btf__type_by_id(btf, ids[i]) : NULL;
		int off;

		if (b->field[f->field] != NO_FIELD || !t)
			continue;
		if (f->path)
			off = btf_member_offset(btf, ids[i], f->path);
		else
			/* It is divided by. */
			off = t->size && t->size <= 1 << 20 ? (int)t->size : -EINVAL;
		if (off >= 0)
			b->field[f->field] = off;
	}
	btf__free(btf);
	fields_tell_missing(b);
	return 0;
}

int btf_enumerator(const struct kernel_blob *b, const char *name, int64_t *value)
{
	uint32_t id, i, n;
	struct btf *btf;
	int err = -ENOENT;

	for (i = 0; i < NR_ENUMERATORS; i++) {
		if (strcmp(name, enumerator_names[i]))
			continue;
		if (!(b->enumerators_known >> i & 1))
			return -ENOENT;
		*value = b->enumerator[i];
		return 0;
	}
	btf = btf_open(b);
	if (!btf)
		return -ENOENT;
	n = btf__type_cnt(btf);
	for (id = 1; id < n && err; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_any_enum(t))
			continue;
		for (i = 0; i < btf_vlen(t); i++) {
			const char *s = btf__name_by_offset(btf, enum_name(t, i));

			if (!s || strcmp(s, name))
				continue;
			*value = enum_value(t, i);
			err = 0;
			break;
		}
	}
	btf__free(btf);
	return err;
}

int linux_enumerator(const char *name, int64_t *value)
{
	return kernel ? btf_enumerator(kernel, name, value) : -ENODATA;
}
