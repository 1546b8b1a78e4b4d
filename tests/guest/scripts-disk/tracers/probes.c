// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Probes of a module's own on a function that LVisor watches; says at its end what they counted. */
#include <linux/kprobes.h>
#include <linux/module.h>

static atomic_t entries, returns;

static int count_entry(struct kprobe *p, struct pt_regs *regs)
{
	if (!strcmp(current->comm, "calls"))
		atomic_inc(&entries);
	return 0;
}

static int count_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (!strcmp(current->comm, "calls"))
		atomic_inc(&returns);
	return 0;
}

static struct kprobe probe = {.symbol_name = "__x64_sys_getsid", .pre_handler = count_entry};
static struct kretprobe return_probe = {
	.kp.symbol_name = "__x64_sys_getsid", .handler = count_return, .maxactive = 16};

static int __init probes_init(void)
{
	int err = register_kprobe(&probe);

	if (err)
		return err;
	err = register_kretprobe(&return_probe);
	if (err)
		unregister_kprobe(&probe);
	return err;
}

static void __exit probes_exit(void)
{
	unregister_kretprobe(&return_probe);
	unregister_kprobe(&probe);
	pr_info("probes: %d entries, %d returns\n", atomic_read(&entries), atomic_read(&returns));
}

module_init(probes_init);
module_exit(probes_exit);
MODULE_LICENSE("GPL");
