/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's variables. BTF has types for per-CPU ones (not Debian's 5.10); of the others, those
 * that are worth looking at are in a table here. What has had several types is not.
 */
#include <bpf/btf.h>
#include "engine/linux/types/btf.h"

#define MAX_CPUS 8192 /* NR_CPUS at most, arch/x86/Kconfig */

struct variable {
	const char *name, *type;
};

/* clang-format off */
static const struct variable variables[] = {
	/* tasks and what they share */
	{"init_task", "task_struct"}, {"init_mm", "mm_struct"}, {"init_cred", "cred"}, {"init_files", "files_struct"},
	{"init_fs", "fs_struct"}, {"init_nsproxy", "nsproxy"}, {"init_pid_ns", "pid_namespace"},
	{"init_user_ns", "user_namespace"}, {"init_uts_ns", "uts_namespace"}, {"init_ipc_ns", "ipc_namespace"},
	{"init_cgroup_ns", "cgroup_namespace"}, {"init_struct_pid", "pid"}, {"root_task_group", "task_group"},
	{"cgrp_dfl_root", "cgroup_root"}, {"init_css_set", "css_set"}, {"total_forks", "unsigned long"},
	{"nr_threads", "int"}, {"system_state", "enum system_states"}, {"tainted_mask", "unsigned long"},
	/* modules, files, networks */
	{"modules", "list_head"}, {"super_blocks", "list_head"},
	{"mount_hashtable", "hlist_head *"}, {"m_hash_mask", "unsigned int"}, {"chrdevs", "char_device_struct *[255]"},
	{"init_net", "net"}, {"net_namespace_list", "list_head"}, {"tcp_hashinfo", "inet_hashinfo"},
	{"udp_table", "udp_table"}, {"tcp_prot", "proto"}, {"udp_prot", "proto"}, {"tcpv6_prot", "proto"},
	{"udpv6_prot", "proto"}, {"formats", "list_head"}, {"ftrace_ops_list", "ftrace_ops *"},
	/* each CPU's, where BTF has none */
	{"runqueues", "rq"}, {"current_task", "task_struct *"}, {"this_cpu_off", "unsigned long"}, {"cpu_number", "int"},
	{"cpu_info", "cpuinfo_x86"}, {"cpu_tss_rw", "tss_struct"}, {"gdt_page", "gdt_page"}, {"kstat", "kernel_stat"},
	{"softnet_data", "softnet_data"}, {"cpu_tlbstate", "tlb_state"}, {"current_kprobe", "kprobe *"},
	{"process_counts", "unsigned long"}, {"hrtimer_bases", "hrtimer_cpu_base"},
	/* the machine and its memory */
	{"nr_cpu_ids", "unsigned int"}, {"__per_cpu_offset", "unsigned long[]"}, {"page_offset_base", "unsigned long"},
	{"vmalloc_base", "unsigned long"}, {"vmemmap_base", "unsigned long"}, {"phys_base", "unsigned long"},
	{"max_pfn", "unsigned long"}, {"jiffies", "unsigned long"}, {"jiffies_64", "u64"}, {"idt_table", "gate_desc[256]"},
	{"sys_call_table", "unsigned long[]"}, {"ia32_sys_call_table", "unsigned long[]"},
	{"iomem_resource", "resource"}, {"ioport_resource", "resource"}, {"boot_cpu_data", "cpuinfo_x86"},
	/* settings */
	{"saved_command_line", "char *"}, {"linux_banner", "char[256]"}, {"modprobe_path", "char[256]"},
	{"core_pattern", "char[128]"}, {"poweroff_cmd", "char[256]"}, {"uevent_helper", "char[256]"},
	{"modules_disabled", "int"}, {"kptr_restrict", "int"}, {"dmesg_restrict", "int"}, {"ftrace_enabled", "int"},
	{"randomize_va_space", "int"}, {"mmap_min_addr", "unsigned long"}, {"security_hook_heads", "security_hook_heads"},
	{"sysctl_unprivileged_bpf_disabled", "int"}, {"selinux_state", "selinux_state"}, {"audit_enabled", "u32"},
};
/* clang-format on */

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static bool is_per_cpu(gva_t va)
{
	gva_t start, end;

	return !linux_symbol("__per_cpu_start", &start) && !linux_symbol("__per_cpu_end", &end) &&
	       va >= start && va < end;
}

static int from_btf(const char *name, struct linux_type *type)
{
	const char *colon = strchr(name, ':');
	const struct btf_type *t;
	const struct btf_raw *btf;
	int err;

	err = btf_find(colon ? colon + 1 : name, colon ? name : NULL,
		       colon ? (size_t)(colon - name) : 0, 1u << BTF_KIND_VAR, type);
	if (!err)
		err = btf_of(type, &btf);
	if (err)
		return err;
	t = btf_raw_type(btf, type->id);
	if (!t)
		return -EINVAL;
	type->id = t->type;
	return 0;
}

int linux_variable(const char *name, struct linux_type *type, gva_t *va, bool *per_cpu)
{
	bool pointer;
	size_t i;
	int err;

	err = linux_symbol_any(name, va);
	if (err)
		return err;
	*per_cpu = is_per_cpu(*va);
	for (i = 0; i < VARIABLES; i++) {
		if (strcmp(variables[i].name, name))
			continue;
		err = linux_type_find(variables[i].type, type, &pointer);
		if (!err)
			type->stars += pointer;
		return err == -ENOENT ? -ENOTSUP : err;
	}
	err = from_btf(name, type);
	if (!err && btf_module(type))
		*per_cpu = true; /* BTF of modules has no others */
	return err == -ENOENT ? -ENOTSUP : err;
}

int linux_cpu_base(uint32_t cpu, gva_t *base)
{
	uint32_t cpus;
	gva_t va;

	if (!kernel)
		return -ENODATA;
	if (cpu >= MAX_CPUS ||
	    (!linux_symbol("nr_cpu_ids", &va) && (kread32(va, &cpus) || cpu >= cpus)))
		return -ERANGE;
	if (linux_symbol("__per_cpu_offset", &va)) {
		*base = 0; /* a kernel for one CPU */
		return cpu ? -ERANGE : 0;
	}
	return kread64(va + 8ull * cpu, base);
}

void linux_variable_near(const char *name, struct text_near *near)
{
	struct linux_type type = {0};
	const struct btf_raw *btf;
	uint32_t id, n;
	size_t i;

	text_near_init(near, name);
	for (i = 0; i < VARIABLES; i++)
		if (strcmp(variables[i].name, name)) /* known, but not in this kernel */
			text_near_add(near, variables[i].name);
	if (btf_of(&type, &btf))
		return;
	n = btf_raw_count(btf);
	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf_raw_type(btf, id);
		const char *s = btf_is_var(t) ? btf_raw_name(btf, t->name_off) : NULL;

		if (s)
			text_near_add(near, s);
	}
}
