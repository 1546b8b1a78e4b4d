// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* A live patch: getpgid returns 77. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static noinline long live_getpgid(const struct pt_regs *regs)
{
	return 77;
}

static struct klp_func functions[] = {
	{.old_name = "__x64_sys_getpgid", .new_func = live_getpgid},
	{},
};

static struct klp_object objects[] = {{.funcs = functions}, {}};

static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objects};

static int __init live_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit live_exit(void)
{
}

module_init(live_init);
module_exit(live_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
