/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that have other names in other kernels, and names that the kernel's headers give to
 * members of members by macros. A signature may use any of them; a row is only here where both mean
 * the same. What this folder itself reads is in fields.c.
 */
#include "engine/linux/types/btf.h"

struct rename {
	const char *type, *name, *path;
};

/* clang-format off */
static const struct rename renames[] = {
	/* both ways: the first kernel that has the second name */
	{"task_struct", "state", "__state"}, {"task_struct", "__state", "state"},              /* 5.14 */
	{"task_struct", "real_start_time", "start_boottime"}, {"task_struct", "start_boottime", "real_start_time"}, /* 5.5 */
	{"task_struct", "cpu", "thread_info.cpu"},                                             /* 5.16 */
	{"task_struct", "cpus_allowed", "cpus_mask"}, {"task_struct", "cpus_mask", "cpus_allowed"}, /* 5.3 */
	{"mm_struct", "mmap_sem", "mmap_lock"}, {"mm_struct", "mmap_lock", "mmap_sem"},        /* 5.8 */
	{"vm_area_struct", "vm_flags", "__vm_flags"}, {"vm_area_struct", "__vm_flags", "vm_flags"}, /* 6.3 */
	{"inode", "i_ctime", "__i_ctime"}, {"inode", "__i_ctime", "i_ctime"},                  /* 6.6 */
	{"inode", "i_mtime", "__i_mtime"}, {"inode", "i_atime", "__i_atime"},                  /* 6.7 to 6.10 */
	{"page", "index", "__folio_index"}, {"page", "__folio_index", "index"},                /* 6.16 */
	{"page", "compound_head", "compound_info"}, {"page", "compound_info", "compound_head"}, /* 7.1 */
	/* include/net/sock.h, inet_sock.h, tcp.h */
	{"sock", "sk_family", "__sk_common.skc_family"}, {"sock", "sk_state", "__sk_common.skc_state"},
	{"sock", "sk_num", "__sk_common.skc_num"}, {"sock", "sk_dport", "__sk_common.skc_dport"},
	{"sock", "sk_daddr", "__sk_common.skc_daddr"}, {"sock", "sk_rcv_saddr", "__sk_common.skc_rcv_saddr"},
	{"sock", "sk_v6_daddr", "__sk_common.skc_v6_daddr"},
	{"sock", "sk_v6_rcv_saddr", "__sk_common.skc_v6_rcv_saddr"},
	{"sock", "sk_net", "__sk_common.skc_net"}, {"sock", "sk_prot", "__sk_common.skc_prot"},
	{"sock", "sk_node", "__sk_common.skc_node"}, {"sock", "sk_nulls_node", "__sk_common.skc_nulls_node"},
	{"sock", "sk_refcnt", "__sk_common.skc_refcnt"}, {"sock", "sk_hash", "__sk_common.skc_hash"},
	{"sock", "sk_bound_dev_if", "__sk_common.skc_bound_dev_if"},
	{"sock", "sk_flags", "__sk_common.skc_flags"}, {"sock", "sk_reuse", "__sk_common.skc_reuse"},
	{"sock", "sk_cookie", "__sk_common.skc_cookie"}, {"sock", "sk_ipv6only", "__sk_common.skc_ipv6only"},
	{"inet_sock", "inet_daddr", "sk.__sk_common.skc_daddr"},
	{"inet_sock", "inet_rcv_saddr", "sk.__sk_common.skc_rcv_saddr"},
	{"inet_sock", "inet_dport", "sk.__sk_common.skc_dport"},
	{"inet_sock", "inet_num", "sk.__sk_common.skc_num"},
	/* include/linux/dcache.h, fs.h */
	{"dentry", "d_lock", "d_lockref.lock"}, {"dentry", "d_count", "d_lockref.count"},
	{"file", "f_dentry", "f_path.dentry"}, {"file", "f_vfsmnt", "f_path.mnt"},
};
/* clang-format on */

const char *member_renamed(const char *type, const char *member, size_t length, unsigned int nth)
{
	size_t i;

	for (i = 0; i < sizeof(renames) / sizeof(renames[0]); i++) {
		const struct rename *r = &renames[i];

		if (strncmp(r->name, member, length) || r->name[length] || strcmp(r->type, type))
			continue;
		if (!nth--)
			return r->path;
	}
	return NULL;
}
